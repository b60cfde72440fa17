//! What holds for any documents.

use include_dir::{Dir, include_dir};

use super::*;
use crate::format::sample::{self, Dice};

const EXAMPLE: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/content");
const DOCS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/docs/content");
const FIXTURE: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/tests/fixtures/base-site/content");

const CASES: u64 = 2_000;

/// A text with comments and odd spacing wherever TOML allows them, each comment with a number.
fn decorated(path: &str, text: &str, dice: &mut Dice) -> String {
    let markdown = path.ends_with(".md");
    if !markdown && !path.ends_with(".toml") {
        return text.to_string();
    }
    let mut out = String::new();
    let (mut quoted, mut fences, mut number, mut blocks) = (false, 0, 0, 0);
    for line in text.split_inclusive('\n') {
        let bare = line.trim_end_matches('\n');
        let opens = !quoted && bare.ends_with("= \"\"\"");
        let before = bare.strip_suffix("\"\"\"").unwrap_or("\\");
        let escapes = before.len() - before.trim_end_matches('\\').len();
        let closes = quoted && escapes % 2 == 0;
        fences += usize::from(markdown && !quoted && bare == "+++");
        let outside = markdown && (fences == 0 || fences >= 2 || bare == "+++");
        if outside || quoted || bare.is_empty() {
            out.push_str(line);
            quoted &= !closes;
            continue;
        }
        let inner = bare.starts_with([' ', ']']);
        if bare == "[[blocks]]" {
            out.push_str(&format!("# block {blocks}\n"));
            blocks += 1;
        } else if !inner && dice.one_in(2) {
            number += 1;
            out.push_str(&format!("# above {number}\n"));
        }
        let mut line = bare.to_string();
        let simple = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        if let Some((key, value)) = bare.split_once(" = ")
            && key.chars().all(simple)
            && dice.one_in(3)
        {
            line = format!("{key}   =  {value}");
        }
        let closed = !opens && !bare.ends_with('[');
        if closed && dice.one_in(3) {
            line.push_str(&format!("  # behind {number}"));
        }
        out.push_str(&line);
        out.push('\n');
        quoted |= opens;
    }
    out
}

#[test]
fn what_is_printed_is_read_back_and_printed_again_changes_nothing() {
    for seed in 0..CASES {
        let documents = sample::documents(seed);
        let files = printed_over(&documents, &Texts::new());
        assert_same(&read(&files), &documents, &format!("{seed} {files:#?}"));
        assert_eq!(printed_over(&documents, &files), files, "{seed}");
        for (path, text) in &files {
            let own = path.ends_with(".toml");
            assert!(
                !own || text.ends_with('\n') && !text.contains('\r'),
                "{path}: {text}"
            );
        }
        let folded: BTreeSet<String> = files.keys().map(|path| path.to_lowercase()).collect();
        assert_eq!(folded.len(), files.len());
    }
}

#[test]
fn edits_are_printed_over_what_authors_wrote() {
    let (mut blocks, mut lost) = (0, 0);
    for seed in 0..CASES {
        let dice = &mut Dice::new(seed ^ 0xABCD);
        let first = sample::documents(seed);
        let plain = printed_over(&first, &Texts::new());
        let files: Texts = plain
            .iter()
            .map(|(path, text)| (path.clone(), decorated(path, text, dice)))
            .collect();
        assert_same(&read(&files), &first, &format!("{seed} {files:#?}"));
        assert_eq!(printed_over(&first, &files), files, "{seed}");

        let second = sample::edited(&first, seed ^ 0x55);
        let after = printed_over(&second, &files);
        assert_same(
            &read(&after),
            &second,
            &format!("{seed} {files:#?} {after:#?}"),
        );
        assert_eq!(printed_over(&second, &after), after, "{seed}");
        for page in &first.pages {
            let Some(now) = second.pages.iter().find(|one| one.key == page.key) else {
                continue;
            };
            let all: String = after
                .iter()
                .filter(|(path, _)| path.contains(&format!("/{}.", page.key)))
                .map(|(_, text)| text.as_str())
                .collect();
            let had = files.values().any(|text| text.contains("# block 0"));
            for (index, block) in page.blocks.iter().enumerate() {
                let stays = now.blocks.iter().any(|one| one.key == block.key);
                let was_toml = whole::markdown_body(page).is_none();
                if had && stays && was_toml && !all.is_empty() {
                    blocks += 1;
                    lost += usize::from(!all.contains(&format!("# block {index}\n")));
                }
            }
        }
    }
    assert!(
        blocks > 1_000 && lost == 0,
        "{lost} of {blocks} comments are lost"
    );
}

#[test]
fn the_example_site_is_printed_over_itself_without_a_change() {
    fn walk(folder: &Dir<'_>, out: &mut Texts) {
        folder.dirs().for_each(|inner| walk(inner, out));
        for file in folder.files() {
            let path = file.path().to_string_lossy().replace('\\', "/");
            let text = file.contents_utf8().expect("a text");
            out.insert(format!("content/{path}"), text.to_string());
        }
    }
    for (site, folder) in [("example", EXAMPLE), ("docs", DOCS), ("fixture", FIXTURE)] {
        let mut files = Texts::new();
        walk(&folder, &mut files);
        let documents = read(&files);
        assert!(!documents.pages.is_empty());
        assert_eq!(printed_over(&documents, &files), files);
        let anew = printed_over(&documents, &Texts::new());
        assert_same(&read(&anew), &documents, site);
        // Every document says something else, and then what it said before.
        let mut other = documents.clone();
        for page in &mut other.pages {
            page.title = Some("Another".into());
            page.blocks.reverse();
        }
        let changed = printed_over(&other, &files);
        assert_same(&read(&changed), &other, site);
        for (path, text) in &files {
            let comments = |text: &str| {
                let lines = text.lines().filter(|line| line.starts_with("# "));
                lines.map(str::to_string).collect::<BTreeSet<_>>()
            };
            if path.ends_with(".toml") {
                let after = changed
                    .get(path)
                    .map(|text| comments(text))
                    .unwrap_or_default();
                assert!(comments(text).is_subset(&after), "{path}");
            }
        }
    }
}

#[test]
fn nothing_is_removed_that_is_kept() {
    for seed in 0..200 {
        let documents = sample::documents(seed);
        let files = printed_over(&documents, &Texts::new());
        let keep: BTreeSet<(EntityKind, String)> = documents
            .pages
            .iter()
            .map(|one| (EntityKind::Page, one.key.clone()))
            .chain(
                documents
                    .components
                    .iter()
                    .map(|one| (EntityKind::Component, one.key.clone())),
            )
            .chain(
                documents
                    .tokens
                    .iter()
                    .map(|one| (EntityKind::Token, one.key.clone())),
            )
            .chain(
                documents
                    .nodes
                    .iter()
                    .map(|one| (EntityKind::Node, one.id.clone())),
            )
            .collect();
        let (printed, found) = print_documents(&Documents::default(), &files, &keep);
        assert!(
            found.is_empty() && printed == Printed::default(),
            "{seed} {printed:?}"
        );
        let (printed, _) = print_documents(&Documents::default(), &files, &BTreeSet::new());
        let all: BTreeSet<String> = files.keys().cloned().collect();
        assert_eq!(printed.removed, all, "{seed}");
    }
}

/// Files that are broken at random: half of them are cut off, or have another one's end.
#[test]
fn broken_files_are_never_touched() {
    for seed in 0..CASES / 4 {
        let dice = &mut Dice::new(seed);
        let first = sample::documents(seed);
        let mut files = printed_over(&first, &Texts::new());
        let all: Vec<String> = files.values().cloned().collect();
        for text in files.values_mut().filter(|text| !text.is_empty()) {
            if dice.one_in(2) {
                let mut cut = dice.below(text.len());
                while !text.is_char_boundary(cut) {
                    cut -= 1;
                }
                text.truncate(cut);
                if dice.one_in(2) {
                    let end: &String = dice.pick(&all[..]);
                    text.push_str(end);
                }
            }
        }
        let (_, found) = documents_of(&files);
        let broken: BTreeSet<String> = found
            .iter()
            .filter_map(|one| Some(one.place.as_ref()?.path.to_string()))
            .collect();
        let second = sample::edited(&first, seed);
        let (printed, diagnostics) = print_documents(&second, &files, &BTreeSet::new());
        assert!(broken.is_empty() || diagnostics.has_errors());
        for path in broken {
            let touched = printed.texts.contains_key(&path) || printed.removed.contains(&path);
            assert!(!touched, "{seed} {path}");
        }
        // What was printed is no worse than what was there.
        let after = applied(printed, &files);
        let (_, now) = documents_of(&after);
        assert!(now.len() <= found.len(), "{seed} {now:#?}");
    }
}
