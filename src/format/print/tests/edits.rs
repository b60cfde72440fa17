//! Single edits, to the byte.

use super::*;
use crate::model::{Block, Page, Table, Value};

const PAGE: &str = "content/pages/play/x.toml";

fn edited(path: &str, text: &str, edit: impl FnOnce(&mut Page)) -> Texts {
    let files = texts(&[(path, text), ("content/pages/play/intro.txt", "Hello")]);
    let mut documents = read(&files);
    edit(&mut documents.pages[0]);
    printed_over(&documents, &files)
}

fn text(text: &str) -> Value {
    Value::Text(text.into())
}

#[test]
fn only_the_value_that_changed_changes() {
    let before = "# A page.\n\nname   = 'Blackjack' # for people\nstatus=\"draft\"\n\n[metadata] # free\n# tags\ntags = [\n  \"a\", # one\n  \"b\", # two\n]\nn = 0x10\n\n# The bar.\n[[blocks]]\ncomponent = 'bar'\nprops = { a = 1, b = { \"$file\" = \"intro.txt\" } } # here\n\n# The hand.\n[[blocks]]\ncomponent = 'hand'\n";
    let after = edited(PAGE, before, |page| {
        page.name = "Poker".into();
        page.title = Some("Poker!".into());
        page.metadata.insert(
            "tags".into(),
            Value::Array(vec![text("a"), text("c"), text("b")]),
        );
        page.blocks[0].props.insert("a".into(), Value::Int(2));
        page.blocks[0].props.insert("c".into(), Value::Null);
        page.blocks[0].props.insert("b".into(), text("Bye"));
        page.blocks.swap(0, 1);
    });
    assert_eq!(
        after[PAGE],
        "# A page.\n\nname   = 'Poker' # for people\nstatus=\"draft\"\ntitle = \"Poker!\"\n\n[metadata] # free\n# tags\ntags = [\n  \"a\", # one\n  \"c\",\n  \"b\", # two\n]\nn = 0x10\n\n# The hand.\n[[blocks]]\ncomponent = 'hand'\n\n# The bar.\n[[blocks]]\ncomponent = 'bar'\nprops = { a = 2, b = { \"$file\" = \"intro.txt\" }, c = { \"$null\" = true } } # here\n"
    );
    assert_eq!(after["content/pages/play/intro.txt"], "Bye");
}

#[test]
fn a_text_that_nobody_takes_any_more_goes() {
    let before = "name = 'X'\n[[blocks]]\ncomponent = 'bar'\nprops = { b = { \"$file\" = \"intro.txt\" } }\n";
    let after = edited(PAGE, before, |page| page.blocks.clear());
    assert_eq!(after, texts(&[(PAGE, "name = 'X'\n")]));
    let after = edited("content/pages/play/x.toml", before, |page| {
        page.app = "work".into();
        page.route = "/work/x".into();
    });
    let moved = before.replace("{ \"$file\" = \"intro.txt\" }", "\"Hello\"");
    assert_eq!(
        after,
        texts(&[("content/pages/work/x.toml", moved.as_str())])
    );
}

#[test]
fn line_ends_and_marks_stay() {
    let before = "\u{feff}name = 'X' # a\r\n# b\r\nstatus = 'draft'\r\n";
    let after = edited(PAGE, before, |page| page.description = Some("a\nb".into()));
    assert_eq!(
        after[PAGE],
        "\u{feff}name = 'X' # a\r\n# b\r\nstatus = 'draft'\r\ndescription = \"a\\nb\"\r\n"
    );
}

#[test]
fn a_file_with_both_line_ends_gets_the_plain_one_and_keeps_its_texts() {
    let before = "name = 'X' # a\r\n# b\nstatus = 'draft'\r\ndescription = \"\"\"\na\nb\"\"\"\n";
    let after = edited(PAGE, before, |page| page.title = Some("T".into()));
    assert_eq!(
        after[PAGE],
        "name = 'X' # a\n# b\nstatus = 'draft'\ntitle = \"T\"\ndescription = \"\"\"\na\nb\"\"\"\n"
    );
}

#[test]
fn a_markdown_page_keeps_its_form_as_long_as_it_can() {
    let path = "content/pages/play/x.md";
    let before = "+++\n# Words.\nname = \"X\"\n+++\n\nHello\r\n";
    let after = edited(path, before, |page| {
        page.title = Some("T".into());
        page.blocks[0].props.insert("text".into(), text("Bye\n"));
    });
    assert_eq!(
        after[path],
        "+++\n# Words.\nname = \"X\"\ntitle = \"T\"\n+++\nBye\n"
    );
    let after = edited(path, before, |page| page.blocks[0].zone = "side".into());
    assert!(!after.contains_key(path));
    assert_eq!(
        after[PAGE],
        "# Words.\nname = \"X\"\n\n[[blocks]]\nkey = \"body\"\ncomponent = \"markdown\"\nzone = \"side\"\n\n[blocks.props]\ntext = \"\"\"\n\nHello\\r\n\"\"\"\n"
    );
}

#[test]
fn a_page_that_is_new_goes_where_its_route_is() {
    let page = |key: &str, route: &str| Page {
        origin: "x".into(),
        key: key.into(),
        app: "play".into(),
        name: "X".into(),
        route: route.into(),
        layout: Page::DEFAULT_LAYOUT.into(),
        status: Default::default(),
        title: None,
        description: None,
        metadata: Table::new(),
        blocks: vec![],
    };
    let documents = Documents {
        pages: vec![
            page("b", "/play/a/b"),
            page("index", "/play/a"),
            page("c", "/elsewhere"),
            page("taken", "/play/taken"),
            Page {
                blocks: vec![Block {
                    key: "body".into(),
                    component: "markdown".into(),
                    zone: "main".into(),
                    props: Table::from([("text".into(), text("Hi"))]),
                    conditions: Table::new(),
                }],
                ..page("m", "/play/m")
            },
        ],
        ..Documents::default()
    };
    let before = texts(&[("content/pages/play/Taken.TOML", "")]);
    let after = printed_over(&documents, &before);
    let paths: Vec<&str> = after.keys().map(String::as_str).collect();
    assert_eq!(
        paths,
        [
            "content/pages/play/Taken.TOML",
            "content/pages/play/a/b.toml",
            "content/pages/play/a/index.toml",
            "content/pages/play/c.toml",
            "content/pages/play/m.md",
            "content/pages/play/taken/taken.toml",
        ]
    );
    assert_eq!(
        after["content/pages/play/c.toml"],
        "name = \"X\"\nroute = \"/elsewhere\"\n"
    );
    assert_eq!(
        after["content/pages/play/m.md"],
        "+++\nname = \"X\"\n+++\nHi"
    );
}

#[test]
fn tokens_keep_their_lines_and_move_with_their_comments() {
    let path = "content/tokens/color.toml";
    let before = "# Colours.\n\n[color]\n# first\nprimary = { value = '#fff', description = 'x' } # main\ntext = \"#000\"\n\n[color.deep]\na = 'b'\n";
    let files = texts(&[(path, before)]);
    let mut documents = read(&files);
    let at = |documents: &Documents, key: &str| {
        documents
            .tokens
            .iter()
            .position(|one| one.key == key)
            .expect("a token")
    };
    let text = at(&documents, "color.text");
    documents.tokens[text].value = "#111".into();
    documents.tokens[text].description = Some("Words".into());
    let mut new = documents.tokens[text].clone();
    new.key = "color.deep.c".into();
    new.description = None;
    documents.tokens.push(new.clone());
    new.key = "color.text.muted".into();
    documents.tokens.push(new);
    let after = printed_over(&documents, &files);
    assert_eq!(
        after[path],
        "# Colours.\n\n\"color.text.muted\" = \"#111\"\n\n[color]\n# first\nprimary = { value = '#fff', description = 'x' } # main\ntext = { value = \"#111\", description = \"Words\" }\n\n[color.deep]\na = 'b'\nc = \"#111\"\n"
    );
    let mut documents = read(&files);
    let primary = at(&documents, "color.primary");
    documents.tokens[primary].category = "brand".into();
    let after = printed_over(&documents, &files);
    assert!(
        after["content/tokens/brand.toml"].contains("# first"),
        "{after:#?}"
    );
    assert!(after[path].starts_with("# Colours."), "{after:#?}");
}

#[test]
fn broken_files_are_reported_and_left_alone() {
    let files = texts(&[
        (PAGE, "name = \n"),
        ("content/pages/play/y.toml", "nmae = 'Y'\n"),
        ("content/tokens/color.toml", "a = 1\n"),
        ("content/components/hero.html", "<h1>"),
    ]);
    let (printed, found) = print_documents(&Documents::default(), &files, &BTreeSet::new());
    assert_eq!(printed, Printed::default());
    let codes: BTreeSet<&str> = found.iter().map(|one| one.code.0).collect();
    assert_eq!(
        codes.into_iter().collect::<Vec<_>>(),
        ["RB0101", "RB0102", "RB0103", "RB0104"]
    );
    let mut documents = read(&texts(&[
        (PAGE, "name = 'X'\n"),
        ("content/tokens/color.toml", "a = '1'\n"),
        ("content/components/hero.toml", "name = 'H'\n"),
    ]));
    let (printed, found) = print_documents(&documents, &files, &BTreeSet::new());
    assert_eq!(printed, Printed::default());
    assert!(
        found
            .iter()
            .any(|one| one.message == "`content/components/hero.html` is in the way")
    );
    documents.pages[0].app = "../x".into();
    documents.components.clear();
    let (printed, found) = print_documents(&documents, &Texts::new(), &BTreeSet::new());
    assert_eq!(printed.texts.len(), 1);
    assert!(found.has_errors());
}

#[test]
fn elements_take_their_comments_with_them() {
    let list = |texts: &[&str]| Value::Array(texts.iter().map(|one| text(one)).collect());
    for (before, wanted, after) in [
        (
            "[\"a\", \"b\"]",
            list(&["a", "x", "b"]),
            "[\"a\", \"x\", \"b\"]",
        ),
        ("[ \"a\", \"b\" ]", list(&["a"]), "[ \"a\" ]"),
        ("[ \"a\" ]", list(&["a", "b"]), "[ \"a\", \"b\" ]"),
        ("[ \"a\", \"b\" ]", list(&["b"]), "[ \"b\" ]"),
        (
            "[\n  # A\n  \"a\", # one\n  # B\n  \"b\" # two\n]",
            list(&["x", "b", "y"]),
            "[\n  # A\n  \"x\", # one\n  # B\n  \"b\", # two\n  \"y\"\n]",
        ),
        (
            "[ # all\n  \"a\", # one\n  \"b\", # two\n]",
            list(&["b"]),
            "[ # all\n  \"b\", # two\n]",
        ),
        (
            "[ # all\n  \"a\", # one\n  \"b\", # two\n]",
            list(&["a", "b", "c"]),
            "[ # all\n  \"a\", # one\n  \"b\", # two\n  \"c\",\n]",
        ),
    ] {
        let file = |list: &str| format!("name = 'X'\nmetadata.l = {list}\n");
        let now = edited(PAGE, &file(before), |page| {
            page.metadata.insert("l".into(), wanted.clone());
        });
        assert_eq!(now[PAGE], file(after));
    }
}
