//! Broken, conflicting and hostile texts.

use super::*;

#[test]
fn each_slip_of_syntax_is_reported_once() {
    assert_eq!(
        page_errors("name = Blackjack\nroute = /play/x\nstatus = \n"),
        [
            "RB0101 Blackjack | strings need quotes",
            "RB0101 /play/x | strings need quotes",
            "RB0101  | a value is missing",
        ]
    );
    // What follows an open bracket is nonsense.
    assert_eq!(
        page_errors("x = y\na = [1,\nb = 2\nc = 3\n"),
        [
            "RB0101 y | strings need quotes",
            "RB0101 [ | `[` is not closed",
        ]
    );
    assert_eq!(
        page_errors("name = \"x\"\nname = \"y\"\n"),
        ["RB0101 name | `name` is defined twice"]
    );
    assert_eq!(
        page_errors("name = \"\"\"x\nroute = 'y\nz"),
        ["RB0101 \"\"\" | `\"\"\"` is not closed"]
    );
    let many = page(&"x y z\n".repeat(500)).1;
    assert_eq!(many.len(), 10);
    let last = many.iter().last().expect("ten");
    assert_eq!(last.hints, ["490 more lines of this file have errors"]);
    // Nothing else is said about a file that is no TOML.
    assert_eq!(
        page_errors("nmae = 1\nx = \n"),
        ["RB0101  | a value is missing"]
    );
}

#[test]
fn conflict_markers_are_no_syntax_errors() {
    let marker = "RB0111 <<<<<<< HEAD | a merge conflict is not resolved here";
    let whole =
        "name = \"x\"\n<<<<<<< HEAD\nroute = \"/a\"\n=======\nroute = \"/b\"\n>>>>>>> db/main\n";
    assert_eq!(page_errors(whole), [marker]);
    assert_eq!(page_errors(&whole.replace('\n', "\r\n")), [marker]);
    assert_eq!(page_errors(&whole.repeat(2)), [marker, marker]);
    let in_array = "x = [\n<<<<<<< HEAD\n1,\n=======\n2,\n>>>>>>> x\n]\n";
    assert_eq!(page_errors(in_array), [marker]);
    let in_text = "name = \"x\"\ndescription = '''\n<<<<<<< HEAD\na\n=======\nb\n>>>>>>> x\n'''\n";
    assert_eq!(page_errors(in_text), [marker]);
    assert_eq!(
        page_errors("name = \"x\"\n>>>>>>> db/main\n"),
        ["RB0111 >>>>>>> db/main | a merge conflict is not resolved here"]
    );
    assert!(page_errors("name = \"x\"\ndescription = '''\n=======\n'''\n").is_empty());
}

#[test]
fn conflicts_are_found_in_sibling_files_too() {
    let text = "a\n<<<<<<< HEAD\nb\n=======\nc\n>>>>>>> x\n";
    let mut diagnostics = Diagnostics::new();
    let data_file = files(&[("intro.md", text)]);
    let file = ComponentFile {
        origin: &Arc::from("content/components/hero.toml"),
        key: "hero",
        text: "name = \"H\"\nmetadata.x = { \"$file\" = \"intro.md\" }\n",
        template: Some(text.into()),
        styles: None,
        react: Some(text.into()),
        data_file: &data_file,
    };
    assert!(read_component(file, &mut diagnostics).is_some());
    let places: Vec<(&str, Option<&str>)> = diagnostics
        .iter()
        .map(|diagnostic| {
            assert_eq!(diagnostic.code.0, "RB0111");
            let place = diagnostic.place.as_ref().expect("a place");
            (&*place.path, located(&place.path, text, place.spot.clone()))
        })
        .collect();
    assert_eq!(
        places,
        [
            ("content/components/intro.md", Some("<<<<<<< HEAD")),
            ("content/components/hero.html", Some("<<<<<<< HEAD")),
            ("content/components/hero.toml", None),
        ]
    );
}

#[test]
fn a_byte_order_mark_is_part_of_nothing() {
    let text = "\u{feff}name = \"x\"\nstatus = \"q\"\n";
    assert_eq!(
        page_errors(text),
        ["RB0105 \"q\" | `q` is no `status`: draft, published, archived"]
    );
}

#[test]
fn ten_thousand_levels_are_one_error() {
    let n = 10_000;
    let long = format!("{}a", "a.".repeat(n));
    let chain = format!("{}a", "a.".repeat(78));
    for value in [
        format!("metadata.v = {}", "[".repeat(n)),
        format!("metadata.v = {}{}", "[".repeat(n), "]".repeat(n)),
        format!("metadata.v = {}", "{a=".repeat(n)),
        format!("metadata.v = {}1{}", "{a=".repeat(n), "}".repeat(n)),
        format!("[metadata.{long}]\nx = 1"),
        format!("[[metadata.{long}]]\nx = 1"),
        format!("metadata.{long} = 1"),
        format!("[metadata.{}]\nx = 1", &chain[..139]),
        // Long keys within one another pass the parser's own limits.
        format!(
            "[metadata]\n{chain} = {}1{}\n",
            format!("{{ {chain} = ").repeat(70),
            "}".repeat(70)
        ),
    ] {
        for text in [
            format!("name = \"X\"\n{value}\n"),
            format!("{}\n", value.replace("metadata", "color")),
        ] {
            let short: String = text.chars().take(60).collect();
            let found = match text.starts_with("name") {
                true => page(&text).1,
                false => tokens(&text).1,
            };
            let codes: Vec<&str> = found.iter().map(|d| d.code.0).collect();
            let allowed: &[&str] = match text.starts_with("name") {
                true => &["RB0108"],
                false => &["RB0108", "RB0103", "RB0201"],
            };
            assert!(
                codes.iter().all(|code| allowed.contains(code)),
                "{short}: {codes:?}"
            );
            assert_eq!(codes.len(), 1, "{short}");
            let path = crate::diag::FieldPath::from("metadata").then("a").then("a");
            locate("content/pages/a/x.toml", &text, &Spot::Value(path));
            let key = "color.a.a.a.a".into();
            locate("content/tokens/color.toml", &text, &Spot::Value(key));
        }
    }
}
