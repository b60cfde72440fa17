//! What people do to files, and what they find afterwards.

use super::*;

const BASE: &str = "\
# The table of the house.
name = \"Blackjack\" # as on the sign
title = \"Blackjack at Robbie's\"
description = \"Play\"

# At the side.
[[blocks]]
key = \"bar\"
component = \"robbie-bar\"
zone = \"sidebar\"
props = { mood = \"playful\", size = 3 }

[[blocks]]
key = \"hero\"
component = \"hero\"
[blocks.props]
title = \"Welcome\"
text = \"\"\"
One.

Two.

Three.
\"\"\"
";

fn changed(text: &str, changes: &[(&str, &str)]) -> String {
    changes.iter().fold(text.to_string(), |text, (from, to)| {
        assert!(text.contains(from), "{from}");
        text.replacen(from, to, 1)
    })
}

fn clean(path: &str, base: &str, ours: &str, theirs: &str) -> String {
    let merged = merge(path, Some(base), ours, theirs, &Marks::default());
    assert_eq!(merged.conflicts, [""; 0], "{}", merged.text);
    merged.text
}

fn conflicting(base: Option<&str>, ours: &str, theirs: &str, marks: &Marks) -> Merged {
    let merged = merge(PAGE, base, ours, theirs, marks);
    assert!(!merged.conflicts.is_empty(), "{}", merged.text);
    merged
}

#[test]
fn fields_side_by_side_are_no_conflict() {
    let ours = changed(BASE, &[("\"Blackjack\"", "\"21\""), ("playful", "calm")]);
    let theirs = changed(
        BASE,
        &[
            ("at Robbie's\"", "at home\" # new"),
            ("size = 3", "size = 4"),
        ],
    );
    let both = [
        ("\"Blackjack\"", "\"21\""),
        ("at Robbie's\"", "at home\" # new"),
        ("playful", "calm"),
        ("size = 3", "size = 4"),
    ];
    assert_eq!(clean(PAGE, BASE, &ours, &theirs), changed(BASE, &both));
    assert_eq!(clean(PAGE, BASE, &theirs, &ours), changed(BASE, &both));
}

#[test]
fn one_field_changed_twice_is_marked_on_its_line() {
    let ours = changed(
        BASE,
        &[("\"Welcome\"", "\"Hi\""), ("\"Play\"", "\"Play on\"")],
    );
    let theirs = changed(BASE, &[("\"Welcome\"", "\"Hello\"")]);
    let merged = conflicting(Some(BASE), &ours, &theirs, &Marks::default());
    assert_eq!(merged.conflicts, ["blocks.hero.props.title"]);
    let marked = "<<<<<<< ours\ntitle = \"Hi\"\n=======\ntitle = \"Hello\"\n>>>>>>> theirs\n";
    let changes = [
        ("title = \"Welcome\"\n", marked),
        ("\"Play\"", "\"Play on\""),
    ];
    assert_eq!(merged.text, changed(BASE, &changes));
    let marks = Marks {
        style: Style::Diff3,
        size: 9,
        ours: "HEAD".into(),
        base: String::new(),
        theirs: "two\nlines".into(),
    };
    let merged = conflicting(Some(BASE), &ours, &theirs, &marks);
    let marked = "<<<<<<<<< HEAD\ntitle = \"Hi\"\n|||||||||\ntitle = \"Welcome\"\n=========\n\
                  title = \"Hello\"\n>>>>>>>>> two\n";
    let changes = [
        ("title = \"Welcome\"\n", marked),
        ("\"Play\"", "\"Play on\""),
    ];
    assert_eq!(merged.text, changed(BASE, &changes));
}

#[test]
fn markers_are_found_when_the_site_is_checked() {
    let ours = changed(BASE, &[("Two.", "2.")]);
    let theirs = changed(BASE, &[("Two.", "Zwei.")]);
    let merged = conflicting(Some(BASE), &ours, &theirs, &Marks::default());
    assert_eq!(merged.conflicts, ["blocks.hero.props.text"]);
    let texts = crate::format::Texts::from([(PAGE.to_string(), merged.text)]);
    let (_, found) = crate::format::documents_of(&texts);
    let codes: Vec<_> = found.iter().map(|one| one.code).collect();
    assert_eq!(codes, [crate::diag::code::MERGE_CONFLICT]);
}

#[test]
fn long_texts_are_merged_by_lines() {
    let ours = changed(BASE, &[("One.", "1.")]);
    let theirs = changed(BASE, &[("Three.", "3."), ("title = \"Welcome\"\n", "")]);
    let both = [
        ("One.", "1."),
        ("Three.", "3."),
        ("title = \"Welcome\"\n", ""),
    ];
    assert_eq!(clean(PAGE, BASE, &ours, &theirs), changed(BASE, &both));
    let base = "+++\nname = \"A\"\n+++\nOne.\n\nTwo.\n";
    let ours = "+++\nname = \"B\"\n+++\nOne.\n\n2.\n";
    let theirs = "+++\nname = \"A\"\ntitle = \"T\"\n+++\n1.\n\nTwo.\n";
    assert_eq!(
        clean("content/pages/a/x.md", base, ours, theirs),
        "+++\nname = \"B\"\ntitle = \"T\"\n+++\n1.\n\n2.\n"
    );
}

#[test]
fn blocks_added_at_one_place_are_both_kept_with_their_comments() {
    let block =
        |key: &str| format!("\n# New: {key}.\n[[blocks]]\nkey = \"{key}\"\ncomponent = \"hero\"\n");
    let (ours, theirs) = (
        format!("{BASE}{}", block("x")),
        format!("{BASE}{}", block("y")),
    );
    let both = format!("{BASE}{}{}", block("x"), block("y"));
    assert_eq!(clean(PAGE, BASE, &ours, &theirs), both);
    let mirrored = clean(PAGE, BASE, &theirs, &ours);
    assert!(reads(PAGE, &mirrored).same(&reads(PAGE, &both)));
    assert!(mirrored.contains("# New: x.") && mirrored.contains("# New: y."));
    // One key that both add is one block.
    let ours = format!("{BASE}{}zone = \"a\"\n", block("x"));
    let theirs = format!("{BASE}{}zone = \"a\"\nprops = {{ b = 1 }}\n", block("x"));
    assert_eq!(clean(PAGE, BASE, &ours, &theirs), theirs);
}

#[test]
fn a_deletion_holds_unless_the_other_side_changed_something_there() {
    let bar = &BASE
        [BASE.find("# At the side.").unwrap()..BASE.find("[[blocks]]\nkey = \"hero\"").unwrap()];
    let ours = changed(BASE, &[(bar, "")]);
    let theirs = changed(BASE, &[("\"Welcome\"", "\"Hello\"")]);
    let both = changed(&ours, &[("\"Welcome\"", "\"Hello\"")]);
    assert_eq!(clean(PAGE, BASE, &ours, &theirs), both);
    let theirs = changed(BASE, &[("playful", "calm")]);
    let marks = long_marks(Style::Merge);
    let merged = conflicting(Some(BASE), &ours, &theirs, &marks);
    assert_eq!(merged.conflicts, ["blocks.bar"]);
    assert!(reads(PAGE, &keep(&merged.text, &marks, Side::Ours)).same(&reads(PAGE, &ours)));
    assert!(reads(PAGE, &keep(&merged.text, &marks, Side::Theirs)).same(&reads(PAGE, &theirs)));
}

#[test]
fn references_to_files_stay_references() {
    let base = "name = \"A\"\n[metadata]\na = { \"$file\" = \"a.md\" }\nb = 1\n";
    let ours = "name = \"A\"\n[metadata]\na = { \"$file\" = \"other.md\" }\nb = 1\n";
    let theirs =
        "name = \"B\"\n[metadata]\na = { \"$file\" = \"a.md\" }\nb = 2\nc = {\"$file\"='c.md'}\n";
    let both = "name = \"B\"\n[metadata]\na = { \"$file\" = \"other.md\" }\nb = 2\nc = { \"$file\" = \"c.md\" }\n";
    let merged = clean(PAGE, base, ours, theirs);
    assert!(reads(PAGE, &merged).same(&reads(PAGE, both)), "{merged}");
    let merged = clean(PAGE, base, theirs, ours);
    assert!(reads(PAGE, &merged).same(&reads(PAGE, both)), "{merged}");
    let theirs = changed(base, &[("\"a.md\"", "\"b.md\"")]);
    let merged = conflicting(Some(base), ours, &theirs, &Marks::default());
    assert_eq!(merged.conflicts, ["metadata.a"]);
    let marked = "<<<<<<< ours\na = { \"$file\" = \"other.md\" }\n=======\na = { \"$file\" = \"b.md\" }\n>>>>>>> theirs\n";
    assert_eq!(
        merged.text,
        changed(base, &[("a = { \"$file\" = \"a.md\" }\n", marked)])
    );
}

#[test]
fn components_tokens_and_nodes_merge_too() {
    let base = "name = \"X\"\n[metadata]\nstyle = { \"$file\" = \"x.css\" }\n\n[[examples]]\nname = \"One\"\n";
    let ours = changed(base, &[("\"X\"", "\"Y\"")]);
    let theirs = format!("version = \"2\"\n{base}props = {{ a = 1 }}\n");
    let both = changed(&theirs, &[("\"X\"", "\"Y\"")]);
    let path = "content/components/x.toml";
    assert!(reads(path, &clean(path, base, &ours, &theirs)).same(&reads(path, &both)));

    let path = "content/tokens/color.toml";
    let base = "# Brand.\ncolor.a = \"#000\"\ncolor.b = \"#111\" # b\n";
    let ours = changed(base, &[("#000", "#001"), ("color.b", "color.bb")]);
    let theirs = format!("{}color.c = \"#222\"\n", changed(base, &[("# b", "# bee")]));
    let merged = merge(path, Some(base), &ours, &theirs, &Marks::default());
    assert_eq!(merged.conflicts, [""; 0]);
    let wanted = "color.a = \"#001\"\ncolor.bb = \"#111\"\ncolor.c = \"#222\"\n";
    assert!(
        reads(path, &merged.text).same(&reads(path, wanted)),
        "{}",
        merged.text
    );
    assert!(merged.text.contains("# Brand."));

    let path = "content/nodes/x.toml";
    let base = "name = \"X\"\nenabled_apps = [\"a\"]\n[style_overrides]\n\"color.a\" = \"#000\"\ntheme = \"dark\"\n";
    let ours = changed(base, &[("dark", "light"), ("\"X\"", "\"Y\"")]);
    let theirs = changed(base, &[("#000", "#001"), ("\ntheme = \"dark\"", "")]);
    let merged = merge(path, Some(base), &ours, &theirs, &Marks::default());
    assert_eq!(merged.conflicts, ["style_overrides.theme"]);
}

#[test]
fn two_orders_are_a_conflict_and_one_is_not() {
    let page = |keys: &str| -> String {
        let blocks = keys
            .chars()
            .map(|key| format!("\n[[blocks]]\nkey = \"{key}\"\ncomponent = \"hero\"\n"));
        blocks.fold("name = \"A\"\n".to_string(), |page, block| page + &block)
    };
    let keys = |text: &str| -> String {
        let Document::Page(page) = reads(PAGE, text) else {
            panic!("a page")
        };
        page.blocks.into_iter().map(|block| block.key).collect()
    };
    for (base, ours, theirs, both) in [
        ("abcd", "bacd", "abdc", None),
        ("abcd", "bacd", "abcd", Some("bacd")),
        ("abc", "cab", "axbc", Some("caxb")),
        ("abc", "xabc", "abcy", Some("xabcy")),
        ("abc", "ac", "abxc", Some("axc")),
        ("abc", "axbc", "aybc", Some("axybc")),
        ("", "ab", "ba", None),
    ] {
        let [base, ours, theirs] = [base, ours, theirs].map(page);
        for (ours, theirs) in [(&ours, &theirs), (&theirs, &ours)] {
            let merged = merge(PAGE, Some(&base), ours, theirs, &Marks::default());
            match both {
                Some(both) => assert_eq!(keys(&merged.text), both),
                None => assert_eq!(merged.conflicts, ["blocks (order)"]),
            }
        }
    }
}

/// The blocks have no keys of their own, so that of ours is the first of that name, which theirs has
/// changed as another.
#[test]
fn a_block_put_before_others_of_its_kind_does_not_take_their_changes() {
    let block = |title: &str| {
        format!("\n[[blocks]]\ncomponent = \"hero\"\nprops = {{ title = \"{title}\" }}\n")
    };
    let page = |titles: &[&str]| -> String {
        let blocks: String = titles.iter().map(|title| block(title)).collect();
        format!("name = \"A\"\n{blocks}")
    };
    let base = page(&["one", "two"]);
    let wider = |text: &str, title: &str| {
        let line = format!("props = {{ title = \"{title}\" }}\n");
        changed(text, &[(&line, &format!("zone = \"wide\"\n{line}"))])
    };
    let theirs = wider(&base, "one");
    let marks = long_marks(Style::Merge);
    for ours in [
        page(&["new", "one", "two"]),
        page(&["two"]),
        page(&["two", "one"]),
    ] {
        let merged = conflicting(Some(&base), &ours, &theirs, &marks);
        assert!(merged.conflicts.contains(&"blocks.hero".to_string()));
        assert!(reads(PAGE, &keep(&merged.text, &marks, Side::Ours)).same(&reads(PAGE, &ours)));
        assert!(reads(PAGE, &keep(&merged.text, &marks, Side::Theirs)).same(&reads(PAGE, &theirs)));
    }
    // At the end it changes no number.
    let ours = page(&["one", "two", "new"]);
    assert_eq!(clean(PAGE, &base, &ours, &theirs), wider(&ours, "one"));
    // Each has added a block of its own.
    let (ours, theirs) = (page(&["one", "two", "x"]), page(&["one", "two", "y"]));
    let merged = conflicting(Some(&base), &ours, &theirs, &marks);
    assert_eq!(merged.conflicts, ["blocks.hero-3"]);
}

#[test]
fn without_a_base_what_one_side_adds_is_kept() {
    let ours = "name = \"A\"\ntitle = \"T\"\n";
    let theirs = "name = \"A\"\ndescription = \"D\"\n";
    let wanted = "name = \"A\"\ntitle = \"T\"\ndescription = \"D\"\n";
    for base in [
        None,
        Some("name = \n"),
        Some("<<<<<<< a\n=======\n>>>>>>> b\n"),
    ] {
        let merged = merge(PAGE, base, ours, theirs, &Marks::default());
        assert_eq!(merged.conflicts, [""; 0]);
        assert!(
            reads(PAGE, &merged.text).same(&reads(PAGE, wanted)),
            "{}",
            merged.text
        );
        let other = changed(theirs, &[("\"A\"", "\"B\"")]);
        let merged = conflicting(base, ours, &other, &Marks::default());
        assert_eq!(merged.conflicts, ["name"]);
    }
}

#[test]
fn what_cannot_be_read_is_merged_by_lines() {
    let base = "name = \"A\"\n\ntitle = \"T\"\n";
    let (ours, theirs) = (
        changed(base, &[("\"T\"", "\"T")]),
        changed(base, &[("\"A\"", "\"B\"")]),
    );
    assert_eq!(
        clean(PAGE, base, &ours, &theirs),
        changed(&ours, &[("\"A\"", "\"B\"")])
    );
    let theirs = changed(base, &[("\"T\"", "\"U\"")]);
    let merged = conflicting(Some(base), &ours, &theirs, &Marks::default());
    assert_eq!(merged.conflicts, ["line 3"]);
    // A file among the pages that is none.
    let path = "content/pages/a/x.md";
    assert_eq!(clean(path, "a\n\nb\n", "A\n\nb\n", "a\n\nB\n"), "A\n\nB\n");
}
