//! Good and bad files of each kind of content.

use super::*;
use crate::model::{Scheme, Status, Value};

#[test]
fn a_page_with_everything() {
    let page = good_page(
        r#"
name = "Blackjack"
route = "/play/blackjack"
layout = "sidebar-left"
status = "published"
title = "Blackjack at Robbie's"
description = "…"

[metadata]
aliases = ["/bj"]

[[blocks]]
key = "bar"
component = "robbie-bar"
zone = "sidebar"
props = { mood = "playful" }
conditions = { node = ["vengeance-local"] }

[[blocks]]
component = "hero"
"#,
    );
    assert_eq!(page.key, "x");
    assert_eq!(page.app, "play");
    assert_eq!(page.route, "/play/blackjack");
    assert_eq!(page.layout, "sidebar-left");
    assert_eq!(page.status, Status::Published);
    assert_eq!(page.title(), "Blackjack at Robbie's");
    assert_eq!(page.aliases().collect::<Vec<_>>(), [(0, "/bj")]);
    assert_eq!(page.blocks.len(), 2);
    assert_eq!(page.blocks[0].zone, "sidebar");
    assert_eq!(page.blocks[0].props["mood"], Value::Text("playful".into()));
    assert!(page.blocks[0].conditions.contains_key("node"));
    assert_eq!(page.blocks[1].zone, "main");
    assert_eq!(page.blocks[1].key, "hero");
}

#[test]
fn a_page_of_defaults_takes_its_route_from_its_path() {
    let page = good_page("name = \"X\"");
    assert_eq!(page.route, "/play/x");
    assert_eq!(page.layout, "single-column");
    assert_eq!(page.status, Status::Draft);
    assert_eq!(page.title(), "X");
    assert!(page.blocks.is_empty());
    for (path, route) in [
        (&["index"][..], "/play"),
        (&["guides", "index"], "/play/guides"),
        (&["guides", "poker"], "/play/guides/poker"),
        (&["index", "a"], "/play/index/a"),
    ] {
        let (page, _) = page_at(path, ".toml", "name = \"X\"");
        let page = page.expect("sound");
        assert_eq!(page.route, route);
        assert_eq!(Some(&page.key.as_str()), path.last());
    }
    let (_, diagnostics) = page_at(&["a%b", "x"], ".toml", "name = \"X\"");
    assert_eq!(diagnostics.iter().next().map(|d| d.code.0), Some("RB0203"));
    let (page, _) = page_at(&["a%b", "x"], ".toml", "name = \"X\"\nroute = \"/x\"");
    assert_eq!(page.expect("sound").route, "/x");
}

#[test]
fn default_block_keys_avoid_given_ones() {
    let keys = |blocks: &[(&str, Option<&str>)]| -> Vec<String> {
        let mut text = String::from("name = \"X\"\n");
        for (component, key) in blocks {
            text += &format!("[[blocks]]\ncomponent = \"{component}\"\n");
            if let Some(key) = key {
                text += &format!("key = \"{key}\"\n");
            }
        }
        let blocks = good_page(&text).blocks;
        blocks.into_iter().map(|block| block.key).collect()
    };
    assert_eq!(
        keys(&[("a", None), ("b", None), ("a", None)]),
        ["a", "b", "a-2"]
    );
    assert_eq!(
        keys(&[
            ("a", None),
            ("a", None),
            ("b", Some("a")),
            ("c", Some("a-3"))
        ]),
        ["a-2", "a-4", "a", "a-3"]
    );
    assert_eq!(
        keys(&[("a", None), ("a", None), ("a-2", None)]),
        ["a", "a-2", "a-2-2"]
    );
}

#[test]
fn a_bad_page_reports_all_that_is_wrong() {
    let text = r#"
nmae = "X"
route = "play/"
status = "live"
title = 5
metadata = []

[[blocks]]
key = "a"
zone = "Main"
[[blocks]]
key = "a"
component = "hero"
props = "x"
status = "draft"
colour = 1
"#;
    assert_eq!(
        page_errors(text),
        [
            "RB0102 nmae | a page has no key `nmae`",
            "RB0203 \"play/\" | `play/` is not allowed as `route`: it must begin with `/`",
            "RB0105 \"live\" | `live` is no `status`: draft, published, archived",
            "RB0103 5 | `title`: expected a string, found an integer",
            "RB0103 [] | `metadata`: expected a table, found an array",
            "RB0201 \"Main\" | `Main` is not allowed as `zone`: it must begin with a small letter or a digit",
            "RB0104 [[blocks]] | a block needs `component`",
            "RB0103 \"x\" | `props`: expected a table, found a string",
            "RB0102 status | a block has no key `status`",
            "RB0102 colour | a block has no key `colour`",
            "RB0104 - | a page needs `name`",
            "RB0202 \"a\" | two blocks have the key `a`",
        ]
    );
    let (_, diagnostics) = page(text);
    let hints: Vec<&str> = diagnostics
        .iter()
        .flat_map(|d| d.hints.iter().map(String::as_str))
        .collect();
    assert_eq!(
        hints,
        [
            "did you mean `name`?",
            "`status` belongs to a page: write it above the first `[…]` of the file",
        ]
    );
    let related = &diagnostics.iter().last().expect("some").related;
    assert_eq!(related.len(), 1);
}

#[test]
fn limits_are_in_characters() {
    let name = |count: usize| format!("name = \"{}\"", "ü".repeat(count));
    assert!(page_errors(&name(255)).is_empty());
    assert!(page_errors(&name(256))[0].starts_with("RB0106"));
    assert_eq!(
        page_errors("name = \"\""),
        ["RB0105 \"\" | `name` is empty"]
    );
    assert!(page_errors("name = \"a\\u0000b\"")[0].starts_with("RB0105"));
    assert!(page_errors("name = \"a\\tb\\u0007\"").is_empty());
    assert_eq!(
        page_errors("name = \"x\"\n[blocks]\ncomponent = \"y\"\n"),
        ["RB0103 [blocks] | `blocks`: expected an array of tables, found a table"]
    );
}

#[test]
fn a_markdown_page() {
    let text = "\u{feff}+++\r\nname = \"X\"\r\nmetadata = { a = { \"$file\" = \"intro.md\" } }\r\n+++\r\n\r\n# Hi \r\n";
    let (page, diagnostics) = page_at(&["notes"], ".md", text);
    let page = page.unwrap_or_else(|| panic!("{:?}", found(text, &diagnostics)));
    assert_eq!(page.route, "/play/notes");
    assert_eq!(page.blocks.len(), 1);
    let block = &page.blocks[0];
    assert_eq!(
        (
            block.key.as_str(),
            block.component.as_str(),
            block.zone.as_str()
        ),
        ("body", "markdown", "main")
    );
    assert_eq!(block.props["text"], Value::Text("\r\n# Hi \r\n".into()));
    assert_eq!(page.metadata["a"], Value::Text("Hello\r\n".into()));

    let errors = |text: &str| found(text, &page_at(&["notes"], ".md", text).1);
    assert_eq!(
        errors("# Hi\n"),
        ["RB0109 - | a Markdown page begins with a line `+++`"]
    );
    assert_eq!(
        errors("+++\nname = 1\n"),
        ["RB0109 - | the front matter has no closing line `+++`"]
    );
    assert_eq!(
        errors("+++\nnam = \"x\"\nname = \"X\"\n[[blocks]]\ncomponent = \"y\"\n+++\n"),
        [
            "RB0102 nam | a page has no key `nam`",
            "RB0102 blocks | a Markdown page has no key `blocks`: its text is its one block",
        ]
    );
    assert_eq!(
        errors("+++\nname = X\n+++\n"),
        ["RB0101 X | strings need quotes"]
    );
    assert_eq!(
        errors("+++\nname = \"X\"\n+++\na\0b"),
        ["RB0105 \0 | the text has the character U+0000, which a database cannot hold"]
    );
    assert_eq!(
        errors("+++\nname = \"X\"\n+++\n<<<<<<< a\nx\n=======\ny\n>>>>>>> b\n"),
        ["RB0111 <<<<<<< a | a merge conflict is not resolved here"]
    );
}

#[test]
fn a_component() {
    let text = r##"
name = "Hero"
type = "layout"
dependencies = ["bar"]

[props]
type = "object"
"$$ref" = "#/$defs/x"
properties.title = { type = "string", default = { "$null" = true } }

[metadata]
notes = { "$file" = "intro.md" }

[[examples]]
name = "plain"
props = { title = "x" }
"##;
    let (hero, diagnostics) = component(text);
    let hero = hero.unwrap_or_else(|| panic!("{:?}", found(text, &diagnostics)));
    assert_eq!(hero.kind, "layout");
    assert_eq!(hero.version, "1.0.0");
    assert!(hero.published);
    assert_eq!(hero.dependencies, ["bar"]);
    assert_eq!(hero.props["$ref"], Value::Text("#/$defs/x".into()));
    assert_eq!(hero.metadata["notes"], Value::Text("Hello".into()));
    assert_eq!(hero.examples[0].name, "plain");
    assert_eq!(hero.template.as_deref(), Some("<h1></h1>"));

    let text = "name = \"H\"\nprops = { \"$ref\" = \"x\" }\nversion = \"123456789012345678901\"\nmetadata.examples = 1\nexamples = [{ props = {} }, 3]\n";
    assert_eq!(
        found(text, &component(text).1),
        [
            "RB0106 \"123456789012345678901\" | `version` has 21 characters, and 20 are allowed",
            "RB0104 { props = {} } | an example needs `name`",
            "RB0103 3 | `examples`: expected a table, found an integer",
            "RB0105 [{ props = {} }, 3] | `metadata.examples` and `[[examples]]` are the same thing, given twice",
            "RB0107 \"$ref\" | `$ref` begins with one `$`",
        ]
    );
}

#[test]
fn tokens_in_every_form() {
    let text = r##"
color.primary = "#8B5CF6"
[color.text]
value = "#000"
description = "Text"
[font]
size = { xs = "1px", "2.xl" = { value = "9px" } }
"font.body" = "Inter"
"##;
    let (list, diagnostics) = tokens(text);
    assert!(diagnostics.is_empty(), "{:?}", found(text, &diagnostics));
    let pairs: Vec<(&str, &str)> = list
        .iter()
        .map(|token| (token.key.as_str(), token.value.as_str()))
        .collect();
    assert_eq!(
        pairs,
        [
            ("color.primary", "#8B5CF6"),
            ("color.text", "#000"),
            ("font.size.xs", "1px"),
            ("font.size.2.xl", "9px"),
            ("font.font.body", "Inter"),
        ]
    );
    assert_eq!(list[1].description.as_deref(), Some("Text"));
    assert_eq!(list[1].category, "color");
}

#[test]
fn bad_tokens_are_reported_and_good_ones_kept() {
    let text = r##"
good = "1px"
size.a = 4
size.b = { value = 4.5 }
size.c = { value = "4", note = "x" }
size.d = { description = "only words" }
"size.Upper" = "1"
[x]
y.z = "1"
"y.z" = "2"
[t]
value = "1"
under = "2"
"##;
    let (list, diagnostics) = tokens(text);
    assert_eq!(
        found(text, &diagnostics),
        [
            "RB0103 4 | `size.a`: expected a string, found an integer",
            "RB0103 4.5 | `size.b`: expected a string, found a float",
            "RB0102 note | a token has no key `note`",
            "RB0104 { description = \"only words\" } | the token `size.d` needs `value`",
            "RB0201 \"size.Upper\" | `size.Upper` is not allowed as `token key`: `U` is not allowed: only small letters, digits, `.`, `_` and `-` are",
            "RB0202 \"y.z\" | the token `x.y.z` is defined twice",
            "RB0102 under | a token has no key `under`",
        ]
    );
    let hints: Vec<&str> = diagnostics
        .iter()
        .flat_map(|d| d.hints.iter().map(String::as_str))
        .collect();
    assert_eq!(hints[0], "put it into quotes: `\"4\"`");
    assert_eq!(hints[1], "put it into quotes: `\"4.5\"`");
    let keys: Vec<&str> = list.iter().map(|token| token.key.as_str()).collect();
    assert_eq!(keys, ["good", "size.c", "x.y.z", "t"]);
}

#[test]
fn a_node() {
    let text = r##"
name = "Aurora"
enabled_apps = ["work", "code"]
[style_overrides]
theme = "light"
"color.primary" = "#3B82F6"
"##;
    let (aurora, diagnostics) = node(text);
    let aurora = aurora.unwrap_or_else(|| panic!("{:?}", found(text, &diagnostics)));
    assert_eq!(aurora.scheme, Scheme::Light);
    assert_eq!(aurora.style_overrides["color.primary"], "#3B82F6");
    assert_eq!(aurora.style_overrides.len(), 1);
    assert_eq!(aurora.enabled_apps, ["work", "code"]);
    assert_eq!(aurora.custom_scripts.as_deref(), Some("let x;"));

    let text =
        "name = \"A\"\nenabled_apps = [\"work\", { \"$null\" = true }, { \"$null\" = true }]\n";
    let (sparse, diagnostics) = node(text);
    assert_eq!(found(text, &diagnostics), [""; 0]);
    let apps = sparse.unwrap().enabled_apps;
    assert_eq!(apps.elements(), [Some("work".to_string()), None, None]);
    let text = "name = \"A\"\nenabled_apps = [{ \"$null\" = false }, { \"$num\" = \"1\" }]\n";
    assert_eq!(node(text).1.len(), 2);

    let text = "name = \"A\"\nenabled_apps = [\"work\", \"work\", 3, \"W\"]\n[style_overrides]\ntheme = \"drak\"\ncolor.text.muted = \"x\"\n\"size.a\" = 4\n\"Bad\" = \"x\"\n";
    let (rest, diagnostics) = node(text);
    assert_eq!(rest.unwrap().name, "A");
    assert_eq!(
        found(text, &diagnostics),
        [
            "RB0105 \"work\" | `work` is given twice",
            "RB0103 3 | `enabled_apps`: expected a string, found an integer",
            "RB0201 \"W\" | `W` is not allowed as `enabled_apps`: it must begin with a small letter or a digit",
            "RB0105 \"drak\" | `drak` is no `theme`: dark, light",
            "RB0103 color | `color`: expected a string, found a table",
            "RB0103 4 | `size.a`: expected a string, found an integer",
            "RB0201 \"Bad\" | `Bad` is not allowed as `token key`: it must begin with a small letter or a digit",
        ]
    );
    let hints: Vec<&str> = diagnostics
        .iter()
        .flat_map(|d| d.hints.iter().map(String::as_str))
        .collect();
    assert_eq!(
        hints,
        [
            "did you mean `dark`?",
            "quote the whole token key: `\"color.text.muted\" = \"…\"`",
            "put the number into quotes",
        ]
    );
}

#[test]
fn a_theme() {
    let text = r#"
name = "Base"
extends = "bare"
zones = ["main", "aside"]
styles = ["styles/main.css"]
[layouts.landing]
zones = ["hero"]
[[contrast]]
foreground = "color.text"
background = "color.background"
[[contrast]]
foreground = "color.primary"
background = "color.background"
minimum = 3
"#;
    let (base, diagnostics) = theme(text);
    let base = base.unwrap_or_else(|| panic!("{:?}", found(text, &diagnostics)));
    assert_eq!(base.extends.as_deref(), Some("bare"));
    assert_eq!(base.layout_zones["landing"], ["hero"]);
    assert_eq!(base.contrast[0].minimum, 4.5);
    assert_eq!(base.contrast[1].minimum, 3.0);

    let (bare, _) = theme("name = \"Bare\"");
    let bare = bare.expect("sound");
    assert_eq!((bare.zones, bare.styles), (None, None));

    let text = "name = \"B\"\nzones = [\"main\", \"main\"]\nstyles = [\"../x.css\"]\nlayouts.a = {}\ncontrast = [{ foreground = \"a\", background = \"b\", minimum = 22 }]\n";
    assert_eq!(
        found(text, &theme(text).1),
        [
            "RB0105 \"main\" | `main` is given twice",
            "RB0105 \"../x.css\" | `../x.css` is not allowed as `styles`: `..` is not allowed as a segment",
            "RB0104 {} | a layout needs `zones`",
            "RB0105 22 | `minimum` must be from 1 to 21",
        ]
    );
}
