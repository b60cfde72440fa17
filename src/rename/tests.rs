//! Tests of renaming: with documents made from numbers, and with a small site.

use super::*;
use crate::format::sample;
use crate::model::Status;

fn apply(texts: &Texts, done: &Renamed) -> Texts {
    let mut after = texts.clone();
    for (from, to) in &done.moves {
        let text = after.remove(from).unwrap();
        assert_eq!(after.insert(to.clone(), text), None);
    }
    after.extend(done.texts.clone());
    after
}

fn renaming(what: What, old: &str, new: &str) -> Renaming {
    let (old, new) = (old.to_string(), new.to_string());
    Renaming { what, old, new }
}

#[track_caller]
fn done(texts: &Texts, renaming: &Renaming) -> Renamed {
    rename(texts, renaming).unwrap_or_else(|refused| {
        let said: Vec<_> = refused.diagnostics.iter().collect();
        panic!("{renaming:?}: {said:?}")
    })
}

/// One renaming of each kind, where there is something to rename.
fn all_kinds(documents: &Documents) -> Vec<Renaming> {
    let mut all = Vec::new();
    for page in documents.pages.iter().take(2) {
        all.push(renaming(What::Page, &page.key, "new-page"));
        let is_body = page.blocks.len() == 1 && page.blocks[0].key == "body";
        let blocks = page.blocks.iter().take(2).filter(|_| !is_body);
        all.extend(blocks.map(|block| {
            let page = page.key.clone();
            renaming(What::Block { page }, &block.key, "new-block")
        }));
    }
    let components = documents.components.iter();
    let mut components = components.filter(|one| one.key != "markdown");
    all.extend(
        components
            .next()
            .map(|one| renaming(What::Component, &one.key, "new-one")),
    );
    for token in documents.tokens.iter().take(3) {
        all.push(renaming(What::Token, &token.key, "new-token"));
        if let Some((group, _)) = token.key.rsplit_once('.') {
            let new = format!("{group}.new-token");
            all.push(renaming(What::Token, &token.key, &new));
        }
    }
    let nodes = documents.nodes.iter().take(1);
    all.extend(nodes.map(|node| renaming(What::Node, &node.id, "new-node")));
    all
}

#[test]
fn there_and_back_is_the_identity_and_nothing_else_differs() {
    let mut count = 0;
    for seed in 0..25 {
        let documents = sample::documents(seed);
        let (printed, _) = print_documents(&documents, &Texts::new(), &BTreeSet::new());
        let texts = printed.texts;
        let (read, found) = documents_of(&texts);
        assert!(!found.has_errors());
        for there in all_kinds(&read) {
            let folds = there.what == What::Token && {
                let name = crate::model::css_name(&there.new);
                read.tokens
                    .iter()
                    .any(|one| crate::model::css_name(&one.key) == name)
            };
            if folds || there.new.len() > 255 {
                continue;
            }
            count += 1;
            let first = done(&texts, &there);
            let after = apply(&texts, &first);
            let (now, found) = documents_of(&after);
            assert!(!found.has_errors());
            let by_path = page(&there, &read).filter(|page| {
                let at = now.pages.iter().find(|one| one.key == there.new);
                at.is_some_and(|one| one.route != page.route)
            });
            let route = now.pages.iter().find(|one| one.key == there.new);
            let route = by_path.and(route).map(|page| page.route.as_str());
            let wanted = renamed(&read, &there, route);
            assert_eq!(compare(&wanted, &now), [], "seed {seed}, {there:?}");
            let kind = crate::model::EntityKind::parse(there.what.noun());
            if let Some(kind) = kind.filter(|_| there.what != What::Token) {
                let (old, new) = (there.old.clone(), there.new.clone());
                let expected = crate::compare::Rename { kind, old, new };
                assert_eq!(crate::compare::renames(&read, &now), [expected]);
            }
            let old_is_gone = match there.what {
                What::Block { .. } => true,
                _ => !now
                    .entities()
                    .any(|(kind, key, _)| kind.as_str() == there.what.noun() && key == there.old),
            };
            assert!(old_is_gone, "{there:?}");

            let back = renaming(there.what.clone(), &there.new, &there.old);
            let again = apply(&after, &done(&after, &back));
            if by_path.is_some_and(|page| page.status != Status::Draft) {
                continue;
            }
            // A token whose groups are others comes to stand elsewhere.
            let group = |key: &str| key.rsplit_once('.').map(|(group, _)| group.to_string());
            let moves = there.what == What::Token && group(&there.old) != group(&there.new);
            let (back, _) = documents_of(&again);
            assert_eq!(compare(&read, &back), [], "seed {seed}, {there:?}");
            // Keys that blocks did not name are named from then on.
            let mut blocks = read.pages.iter().flat_map(|page| &page.blocks);
            let names = match there.what {
                What::Block { .. } => true,
                What::Component => blocks.any(|block| block.component == there.old),
                _ => false,
            };
            if !moves && !names {
                assert_eq!(again, texts, "seed {seed}, {there:?}");
            }
        }
    }
    assert!(count > 100, "{count}");
}

fn site() -> Texts {
    let files = [
        (
            "robbieblocks.toml",
            "[site]\nname = \"X\"\n\n# One.\n[node.one]\nbase_url = \"https://x.org\"\n",
        ),
        (
            "content/pages/play/home.toml",
            "# Head.\nname = \"Home\"\nroute = \"/play\"\nstatus = \"published\"\n\n\
             [[blocks]] # first\ncomponent = \"hero\"\nprops = { to = \"rules\" }\n\n\
             # Second.\n[[blocks]]\ncomponent = \"hero\"\n[blocks.conditions]\nany = [{ node = [\"one\", \"two\"] }, { not = { node = [\"one\"] } }]\n",
        ),
        (
            "content/pages/play/rules.md",
            "+++\n# Why.\nname = \"Rules\"\nstatus = \"published\"\n+++\n\nSee [home](/play) and [this](/play/rules#x).\n",
        ),
        ("content/components/hero.toml", "# Hero.\nname = \"Hero\"\n"),
        (
            "content/components/hero.html",
            "{{ token(\"color.a\") }} {{ url_for('rules') }} <i style=\"color: var(--color-a)\">{{ \"rules\" }}</i>\n",
        ),
        (
            "content/components/hero.css",
            ".rb-hero { color: var(--color-a) } /* --color-a */\n",
        ),
        ("content/components/markdown.toml", "name = \"Markdown\"\n"),
        (
            "content/components/markdown.html",
            "{% include \"components/hero.html\" %}\n",
        ),
        (
            "content/tokens/color.toml",
            "# Colours.\n[color]\n# The first.\na = \"red\" # why\nz = \"{color.a}\"\n",
        ),
        (
            "content/nodes/one.toml",
            "name = \"One\"\nenabled_apps = [\"play\"]\n\n[style_overrides]\n# Ours.\n\"color.a\" = \"blue\"\n",
        ),
        ("content/nodes/two.toml", "name = \"Two\"\n"),
        (
            "themes/base/theme.toml",
            "name = \"Base\"\n[[contrast]]\nforeground = \"color.a\"\nbackground = \"color.z\"\n",
        ),
        (
            "themes/base/components/hero.html",
            "{# token('color.a') #}<b>{{ token('color.a') }}</b>\n",
        ),
        (
            "themes/base/styles/main.css",
            "a { color: var(--color-a) } .rb-hero {}\n",
        ),
        ("themes/base/assets/x.js", "'one'; '--color-a'\n"),
    ];
    files
        .map(|(path, text)| (path.to_string(), text.to_string()))
        .into()
}

/// The paths that change, each with the lines that differ.
fn said(texts: &Texts, done: &Renamed) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for (from, to) in &done.moves {
        out.push(format!("{from} -> {to}"));
    }
    for (path, text) in &done.texts {
        let from = done.moves.iter().find(|(_, to)| to == path);
        let old = &texts[from.map_or(path, |(from, _)| from)];
        let old: Vec<&str> = old.lines().collect();
        let new = text.lines().filter(|line| !old.contains(line));
        out.push(format!("{path}: {}", new.collect::<Vec<_>>().join(" | ")));
    }
    for left in &done.left {
        out.push(format!("left {}:{}:{}", left.path, left.line, left.column));
    }
    out.extend(done.notes.iter().cloned());
    out
}

#[test]
fn a_component() {
    let texts = site();
    let done = done(&texts, &renaming(What::Component, "hero", "banner"));
    assert_eq!(
        said(&texts, &done),
        [
            "content/components/hero.toml -> content/components/banner.toml",
            "content/components/hero.html -> content/components/banner.html",
            "content/components/hero.css -> content/components/banner.css",
            "themes/base/components/hero.html -> themes/base/components/banner.html",
            "content/components/banner.css: .rb-banner { color: var(--color-a) } /* --color-a */",
            "content/components/markdown.html: {% include \"components/banner.html\" %}",
            "content/pages/play/home.toml: key = \"hero\" | component = \"banner\" | key = \"hero-2\" | component = \"banner\"",
            "themes/base/styles/main.css: a { color: var(--color-a) } .rb-banner {}",
        ]
    );
}

#[test]
fn a_token() {
    let texts = site();
    let done = done(&texts, &renaming(What::Token, "color.a", "color.brand"));
    assert_eq!(
        said(&texts, &done),
        [
            "content/components/hero.css: .rb-hero { color: var(--color-brand) } /* --color-a */",
            "content/components/hero.html: {{ token(\"color.brand\") }} {{ url_for('rules') }} <i style=\"color: var(--color-brand)\">{{ \"rules\" }}</i>",
            "content/nodes/one.toml: \"color.brand\" = \"blue\"",
            "content/tokens/color.toml: brand = \"red\" # why | z = \"{color.brand}\"",
            "themes/base/components/hero.html: {# token('color.a') #}<b>{{ token('color.brand') }}</b>",
            "themes/base/styles/main.css: a { color: var(--color-brand) } .rb-hero {}",
            "themes/base/theme.toml: foreground = \"color.brand\"",
            "left content/components/hero.css:1:43",
            "left themes/base/assets/x.js:1:9",
            "left themes/base/components/hero.html:1:10",
        ]
    );
}

#[test]
fn a_node() {
    let texts = site();
    let done = done(&texts, &renaming(What::Node, "one", "uno"));
    assert_eq!(
        said(&texts, &done),
        [
            "content/nodes/one.toml -> content/nodes/uno.toml",
            "content/pages/play/home.toml: any = [{ node = [\"uno\", \"two\"] }, { not = { node = [\"uno\"] } }]",
            "robbieblocks.toml: [node.uno]",
            "left themes/base/assets/x.js:1:1",
        ]
    );
}

#[test]
fn a_page_and_its_route() {
    let texts = site();
    let first = done(&texts, &renaming(What::Page, "rules", "house-rules"));
    assert_eq!(
        said(&texts, &first),
        [
            "content/pages/play/rules.md -> content/pages/play/house-rules.md",
            "content/components/hero.html: {{ token(\"color.a\") }} {{ url_for('house-rules') }} <i style=\"color: var(--color-a)\">{{ \"rules\" }}</i>",
            "content/pages/play/house-rules.md: [metadata] | aliases = [\"/play/rules\"]",
            "left content/components/hero.html:1:89",
            "left content/pages/play/home.toml:8:16",
            "left content/pages/play/house-rules.md:10:30",
            "the route is `/play/house-rules` now, from the path; `/play/rules` is an alias that leads there",
        ]
    );
    let after = apply(&texts, &first);
    let back = done(&after, &renaming(What::Page, "house-rules", "rules"));
    let (documents, _) = documents_of(&apply(&after, &back));
    let page = documents
        .pages
        .iter()
        .find(|page| page.key == "rules")
        .unwrap();
    let aliases: Vec<&str> = page.aliases().map(|(_, alias)| alias).collect();
    assert_eq!(
        (page.route.as_str(), aliases),
        ("/play/rules", vec!["/play/house-rules"])
    );

    let home = done(&texts, &renaming(What::Page, "home", "start"));
    assert_eq!(
        said(&texts, &home),
        [
            "content/pages/play/home.toml -> content/pages/play/start.toml",
            "the route stays `/play`",
        ]
    );
}

#[test]
fn a_route_that_a_page_names_stays_whatever_its_path_says() {
    let mut texts = site();
    let text = "name = \"X\"\nroute = \"/play/x\"\nstatus = \"published\"\n";
    texts.insert("content/pages/play/x.toml".into(), text.into());
    let there = done(&texts, &renaming(What::Page, "x", "y"));
    assert_eq!(there.texts, Texts::new());
    assert_eq!(there.notes, ["the route stays `/play/x`"]);
}

#[test]
fn a_name_that_is_used_already_is_told() {
    let mut texts = site();
    let path = "themes/base/styles/main.css";
    texts.insert(
        path.into(),
        "a { --color-brand: red } /* .rb-banner */".into(),
    );
    let token = done(&texts, &renaming(What::Token, "color.a", "color.brand"));
    let note = format!("`{path}` names `--color-brand` already: now it means this token");
    assert_eq!(token.notes, [note]);
    let component = done(&texts, &renaming(What::Component, "hero", "banner"));
    assert_eq!(component.notes, [""; 0]);
}

#[test]
fn notes_on_dependencies_are_told() {
    let mut texts = site();
    let path = "content/components/markdown.toml";
    texts.insert(
        path.into(),
        "name = \"M\"\ndependencies = [\"x\", \"hero\"]\n".into(),
    );
    let component = done(&texts, &renaming(What::Component, "hero", "banner"));
    let [left] = component.left.as_slice() else {
        panic!("{:?}", component.left);
    };
    assert_eq!((left.path.as_str(), left.line, left.column), (path, 2, 22));
}

#[test]
fn a_block() {
    let texts = site();
    let page = || "home".to_string();
    let first = done(
        &texts,
        &renaming(What::Block { page: page() }, "hero", "top"),
    );
    let text = &first.texts["content/pages/play/home.toml"];
    assert!(
        text.contains("[[blocks]] # first\nkey = \"top\"\ncomponent"),
        "{text}"
    );
    assert!(
        text.contains("# Second.\n[[blocks]]\nkey = \"hero-2\"\n"),
        "{text}"
    );
    let after = apply(&texts, &first);
    let back = done(
        &after,
        &renaming(What::Block { page: page() }, "top", "hero"),
    );
    let [(before, _), (now, _)] = [&texts, &apply(&after, &back)].map(documents_of);
    assert_eq!(compare(&before, &now), []);
}

#[test]
fn what_cannot_be_is_refused() {
    #[track_caller]
    fn refused(texts: &Texts, renaming: &Renaming, expected: &str) {
        let refused = rename(texts, renaming).unwrap_err();
        let said: Vec<&str> = refused
            .diagnostics
            .iter()
            .map(|one| one.message.as_str())
            .collect();
        assert_eq!(said.join("; "), expected);
    }
    let texts = site();
    let home = || What::Block {
        page: "home".into(),
    };
    for (renaming, expected) in [
        (renaming(What::Page, "hom", "x"), "there is no page `hom`"),
        (
            renaming(What::Page, "home", "rules"),
            "there is a page `rules` already",
        ),
        (
            renaming(What::Page, "home", "home"),
            "the page has the key `home` already",
        ),
        (
            renaming(What::Page, "home", "A b"),
            "`A b` cannot be the key of a page: it must begin with a small letter or a digit",
        ),
        (
            renaming(What::Token, "color.a", "color-z"),
            "`color-z` and `color.z` would both be `--color-z`",
        ),
        (renaming(home(), "x", "y"), "there is no block `x`"),
        (
            renaming(home(), "hero", "hero-2"),
            "there is a block `hero-2` already",
        ),
        (
            renaming(
                What::Block {
                    page: "rules".into(),
                },
                "body",
                "text",
            ),
            "the one block of a Markdown page is always `body`",
        ),
        (
            renaming(What::Component, "markdown", "prose"),
            "Markdown pages use the component `markdown` by its key",
        ),
    ] {
        refused(&texts, &renaming, expected);
    }
    let mut taken = texts.clone();
    taken.insert("content/components/banner.css".into(), String::new());
    let banner = renaming(What::Component, "hero", "banner");
    refused(
        &taken,
        &banner,
        "`content/components/banner.css` is there already",
    );

    let mut broken = texts.clone();
    broken.insert(
        "content/pages/play/bad.toml".into(),
        "name = \"hero\nx".into(),
    );
    assert!(rename(&broken, &banner).unwrap_err().is_broken);
    broken.insert("content/pages/play/bad.toml".into(), "name = \n".into());
    assert!(
        rename(&broken, &banner).is_ok(),
        "what is broken elsewhere stays as it is"
    );

    let mut twice = texts.clone();
    let text = texts["content/pages/play/home.toml"].clone();
    twice.insert("content/pages/work/home.toml".into(), text);
    let start = renaming(What::Page, "home", "start");
    refused(&twice, &start, "two pages have the key `home`");

    let mut other = texts.clone();
    let text = "name = \"Other\"\nroute = \"/play/laws\"\n";
    other.insert("content/pages/play/other.toml".into(), text.into());
    refused(
        &other,
        &renaming(What::Page, "rules", "laws"),
        "the new path gives the route `/play/laws`, and the page `other` has it",
    );
}
