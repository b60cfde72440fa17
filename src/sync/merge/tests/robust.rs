//! Texts that nobody means, and that must do no harm.

use super::*;
use crate::format::sample::Dice;

const PIECES: [&str; 5] = ["\"", "\n", "=", "[[blocks]]\n", "\r"];

const PATHS: [&str; 8] = [
    PAGE,
    "content/pages/play/a.md",
    "content/components/x.toml",
    "content/tokens/color.toml",
    "content/nodes/x.toml",
    "content/pages/x.toml",
    "content/.hidden/x.toml",
    "",
];

#[test]
fn no_text_makes_it_panic() {
    let deep = "[".repeat(20_000);
    let dotted = format!("a{} = 1\n", ".a".repeat(3000));
    let texts = [
        "",
        "\0",
        "\u{feff}",
        "\u{feff}name = \"A\"\r\n",
        "name = \"A\"",
        "name = \"B\"\r\ntitle = \"x\"\n",
        "+++\nname = \"A\"\n+++\nx",
        "+++\r\nname = \"B\"\r\n+++\r\n\0",
        "<<<<<<< a\n=======\n>>>>>>> b\n",
        "a = {\"$file\" = \"../x\"}",
        "name = \"A\"\nmetadata = { a = { \"$file\" = \"a.toml\" } }\n",
        "name = \"B\"\nmetadata = { a = { \"$file\" = \"x.toml\" }, b = { \"$file\" = \"x.html\" } }\n",
        &deep,
        &dotted,
    ];
    for path in PATHS {
        for base in texts.iter().map(Some).chain([None]) {
            for ours in texts {
                for theirs in texts {
                    let merged = merge(path, base.copied(), ours, theirs, &Marks::default());
                    if ours == theirs {
                        assert_eq!(merged, Merged::clean(ours));
                    }
                }
            }
        }
    }
}

#[test]
fn broken_pieces_of_real_files_do_no_harm() {
    let whole = include_str!("../../../../tests/fixtures/base-site/content/pages/play/home.toml");
    for seed in 0..300 {
        let dice = &mut Dice::new(seed);
        let mut piece = || {
            let mut text = whole.to_string();
            for _ in 0..dice.below(3) {
                let at = dice.below(text.len().max(1));
                if text.is_char_boundary(at) {
                    match dice.below(3) {
                        0 => text.truncate(at),
                        1 => text.insert_str(at, PIECES[dice.below(PIECES.len())]),
                        _ => {
                            let end = (at + dice.below(9)).min(text.len());
                            if text.is_char_boundary(end) {
                                text.replace_range(at..end, "");
                            }
                        }
                    }
                }
            }
            text
        };
        let (base, ours, theirs) = (piece(), piece(), piece());
        merge(PAGE, Some(&base), &ours, &theirs, &Marks::default());
    }
}

#[test]
fn long_files_are_merged_in_time() {
    let lines = |word: &str| -> String {
        let body: String = (0..60_000)
            .map(|line| format!("Line {line} {word}.\n"))
            .collect();
        format!("+++\nname = \"A\"\n+++\n{body}")
    };
    let base = lines("a");
    let ours = base
        .replacen("Line 10 a", "Line ten a", 1)
        .replace("\"A\"", "\"B\"");
    let theirs = base.replacen("Line 59999 a", "Line last a", 1);
    let path = "content/pages/play/a.md";
    let merged = merge(path, Some(&base), &ours, &theirs, &Marks::default());
    assert_eq!(merged.conflicts, [""; 0]);
    assert!(merged.text.contains("Line ten") && merged.text.contains("Line last"));
    let merged = merge(
        path,
        Some(&base),
        &lines("b"),
        &lines("c"),
        &Marks::default(),
    );
    assert_eq!(merged.conflicts, ["blocks.body.props.text"]);
}

#[test]
fn marks_and_line_ends_are_kept() {
    let base = "\u{feff}name = \"A\"\r\ntitle = \"T\"\r\n";
    let ours = base.replace("\"A\"", "\"B\"");
    let theirs = base.replace("\"T\"\r\n", "\"U\"");
    let merged = merge(PAGE, Some(base), &ours, &theirs, &Marks::default());
    assert_eq!(
        merged,
        Merged::clean("\u{feff}name = \"B\"\r\ntitle = \"U\"")
    );
    let theirs = base.replace("\"A\"", "\"C\"");
    let merged = merge(PAGE, Some(base), &ours, &theirs, &Marks::default());
    assert_eq!(
        merged.text,
        "<<<<<<< ours\r\n\u{feff}name = \"B\"\r\n=======\r\n\u{feff}name = \"C\"\r\n>>>>>>> theirs\r\ntitle = \"T\"\r\n"
    );
}
