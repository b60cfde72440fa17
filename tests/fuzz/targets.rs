//! What is fuzzed: functions that take any text. `cargo fuzz` runs them without end
//! (`cargo +nightly fuzz run --fuzz-dir tests/fuzz page`), the ordinary tests run them over the corpus.

use std::sync::Arc;

use rbgen::diag::{Diagnostics, Spot};
use rbgen::format::{self, PageFile};
use rbgen::model::MarkdownConfig;
use rbgen::render::markdown::{Ids, markdown_to_html};
use rbgen::render::policy::policy_needs;
use rbgen::sync::merge::{Marks, Merged, Versions, merge_texts};

/// A function that takes any text and panics where a promise is broken.
pub type Target = fn(&str);

/// Every target by its name, which is that of its folder in `corpus/`.
#[allow(dead_code, reason = "each fuzz target uses one of them")]
pub const TARGETS: [(&str, Target); 10] = [
    ("page", page),
    ("config", config),
    ("markdown", markdown),
    ("token", token),
    ("component", component),
    ("json", json),
    ("row", row),
    ("merge", merge),
    ("protocol", protocol),
    ("revision", revision),
];

/// The readers of pages: TOML with value carriers, and Markdown with front matter. What is reported
/// lies in the text.
pub fn page(text: &str) {
    for ending in [".toml", ".md"] {
        let origin: Arc<str> = format!("content/pages/a/x{ending}").into();
        let mut diagnostics = Diagnostics::new();
        let file = PageFile {
            origin: &origin,
            app: "a",
            path_below_app: &["x"],
            text,
            data_file: &|_| Ok(String::from("text")),
        };
        let page = format::read_page(file, &mut diagnostics);
        assert!(page.is_some() || diagnostics.has_errors());
        places(text, &diagnostics);
    }
}

/// The reader of robbieblocks.toml.
pub fn config(text: &str) {
    let mut diagnostics = Diagnostics::new();
    format::read_config(&Arc::from("robbieblocks.toml"), text, &mut diagnostics);
    places(text, &diagnostics);
}

/// Markdown, and the look over what comes of it: it never needs a script.
pub fn markdown(text: &str) {
    let config = MarkdownConfig {
        highlight: true,
        heading_anchors: true,
        smart_punctuation: true,
    };
    let html = markdown_to_html(text, &config, &mut Ids::default()).html;
    let (needs, problems) = policy_needs(&html);
    assert!(needs.script_hashes.is_empty(), "{html}");
    assert!(problems.is_empty(), "{html}");
}

/// The readers of tokens and of nodes.
pub fn token(text: &str) {
    let mut diagnostics = Diagnostics::new();
    format::read_tokens(
        "color",
        &Arc::from("content/tokens/color.toml"),
        text,
        &mut diagnostics,
    );
    places(text, &diagnostics);
}

/// The reader of components.
pub fn component(text: &str) {
    let mut diagnostics = Diagnostics::new();
    let file = format::ComponentFile {
        origin: &Arc::from("content/components/x.toml"),
        key: "x",
        text,
        template: None,
        styles: None,
        react: None,
        data_file: &|_| Err(String::from("no such file")),
    };
    format::read_component(file, &mut diagnostics);
}

/// Values in JSON: what is read is written so that it is read again.
pub fn json(text: &str) {
    let Ok(value) = format::read_json(text) else {
        return;
    };
    let written = format::write_json(&value);
    let again = format::read_json(&written).expect("what was written is JSON");
    assert!(value.same(&again), "{text}\n{written}");
    assert_eq!(format::write_json(&again), written);
}

/// Rows, whose columns may say anything: the lines of the text. What has no error becomes a row again
/// that says the same.
pub fn row(text: &str) {
    let mut lines = text.lines().map(str::to_string);
    let mut next = || lines.next().unwrap_or_default();
    let block = format::BlockRow {
        key: Some(next()),
        order: 1,
        component: Some(next()),
        zone: next(),
        props: Some(next()),
        conditions: Some(next()),
    };
    let row = format::PageRow {
        key: next(),
        app: next(),
        name: next(),
        route: next(),
        layout: next(),
        title: Some(next()),
        description: Some(next()),
        status: Some(next()),
        metadata: Some(next()),
        blocks: vec![block],
    };
    let mut diagnostics = Diagnostics::new();
    let page = format::read_page_row(row, &mut diagnostics);
    if diagnostics.has_errors() {
        return;
    }
    let page = page.expect("a row without errors is a page");
    let again = format::read_page_row(format::page_row(&page), &mut diagnostics);
    assert!(again.is_some_and(|again| page.same(&again)), "{text}");
}

/// The merge of files: the path in the first line, then the three versions, between lines `%%%%`. Of one
/// that changed nothing the other comes out, which side is ours changes neither whether there are
/// conflicts nor which, and markers are there where there are.
pub fn merge(text: &str) {
    let (path, versions) = text.split_once('\n').unwrap_or_default();
    let mut versions = versions.split("%%%%\n");
    let mut next = || versions.next().unwrap_or_default();
    let (base, ours, theirs) = (next(), next(), next());
    let marks = Marks {
        size: 40,
        ..Marks::default()
    };
    let merged = |base, ours, theirs| merge_texts(path, Versions { base, ours, theirs }, &marks);
    let clean = |text: &str| Merged {
        text: text.to_string(),
        conflicts: Vec::new(),
    };
    assert_eq!(merged(Some(base), base, theirs), clean(theirs));
    assert_eq!(merged(Some(base), ours, base), clean(ours));
    for base in [Some(base), None] {
        let there = merged(base, ours, theirs);
        let back = merged(base, theirs, ours);
        let by_lines =
            |merged: &Merged| merged.conflicts.iter().any(|one| one.starts_with("line "));
        if !by_lines(&there) {
            assert_eq!(there.conflicts, back.conflicts, "{text}");
        }
        assert_eq!(
            there.conflicts.is_empty(),
            back.conflicts.is_empty(),
            "{text}"
        );
        let marker = "<".repeat(40);
        if !text.contains(&marker) {
            assert_eq!(
                there.text.contains(&marker),
                !there.conflicts.is_empty(),
                "{text}"
            );
        }
    }
}

fn places(text: &str, diagnostics: &Diagnostics) {
    for diagnostic in diagnostics.iter() {
        let Some(place) = &diagnostic.place else {
            continue;
        };
        if place.spot != Spot::Whole
            && let Some(range) = format::locate(&place.path, text, &place.spot)
        {
            assert!(text.get(range).is_some(), "{diagnostic:?}");
        }
    }
}

/// What git says to the remote helper, line by line. An answer to a push is one line, whatever was asked.
pub fn protocol(text: &str) {
    use rbgen::sync::protocol::{Command, read_command, refusal};
    for line in text.lines() {
        if let Command::Push(refspec) = read_command(line) {
            assert!(!refspec.target.is_empty());
            assert_eq!(refusal(&refspec.target, text).lines().count(), 1);
        }
    }
    let _ = rbgen::sync::site::RemoteAddress::parse(text);
}

/// What a revision holds of an entity: a text that anybody may have written. What is read without an
/// error has a content that says the same.
pub fn revision(text: &str) {
    for kind in rbgen::model::EntityKind::ALL {
        let mut documents = rbgen::model::Documents::default();
        let mut diagnostics = Diagnostics::new();
        format::read_content_text(kind, "x", text, &mut documents, &mut diagnostics);
        if diagnostics.has_errors() {
            assert!(documents.is_empty());
            continue;
        }
        for ((kind, key), content) in format::contents_of(&documents) {
            let mut again = rbgen::model::Documents::default();
            format::read_content_text(kind, &key, &content, &mut again, &mut diagnostics);
            assert!(!diagnostics.has_errors(), "{content}");
            assert_eq!(
                format::contents_of(&again).get(&(kind, key)),
                Some(&content)
            );
        }
    }
}
