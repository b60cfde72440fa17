//! `rbgen mv` as users run it: on the example site, in the middle of a kill, and where something is in
//! the way.

use std::fs;

use rbgen::digest::Digest;
use serde_json::{Value, json};

use crate::harness::{TestSite, Tree, assert_same, symlink, text, tree};

/// What a site is written in.
fn sources(site: &TestSite) -> Tree {
    let mut files = tree(&site.root());
    files.retain(|path, _| !path.starts_with("dist/") && !path.starts_with('.'));
    files
}

/// The arguments of `mv` for one of each kind in the base site.
const ALL: [[&str; 4]; 5] = [
    ["mv", "page", "notes", "log"],
    ["mv", "block", "home/hero", "top"],
    ["mv", "component", "hero", "banner"],
    ["mv", "token", "color.primary", "color.brand"],
    ["mv", "node", "one", "uno"],
];

#[test]
fn whatever_is_renamed_the_site_stays_clean_and_builds_the_same_as_from_nothing() {
    let site = TestSite::base();
    site.build(&[]);
    for arguments in ALL {
        site.ok(&arguments);
        site.ok(&["check", "--deny-warnings"]);
        site.build(&[]);
        let fresh = TestSite::empty();
        for (path, bytes) in sources(&site) {
            fresh.write(&path, bytes);
        }
        fresh.build(&[]);
        assert_same(&fresh.dist(), &site.dist(), arguments[1]);
    }
    let css = site.read("dist/uno/play/_rb/play/tokens.css");
    assert!(
        css.contains("--color-brand") && !css.contains("--color-primary"),
        "{css}"
    );
    let redirects = site.read("dist/uno/play/_redirects");
    assert!(redirects.contains("/play/notes"), "{redirects}");
}

#[test]
fn the_example_site_is_renamed_and_back_again() {
    let site = TestSite::example();
    let before = sources(&site);
    let clean = site.run(&["check", "--json"]).stdout;
    for (kind, old, new) in [
        ("page", "robbie-play-dominoes", "dominoes"),
        ("token", "color.primary", "color.brand"),
        ("node", "vengeance-local", "vengeance"),
    ] {
        site.ok(&["mv", kind, old, new]);
        assert_eq!(
            text(&site.run(&["check", "--json"]).stdout),
            text(&clean),
            "{kind}"
        );
        site.ok(&["mv", kind, new, old]);
        assert_same(&before, &sources(&site), kind);
    }
}

#[test]
fn keys_in_props_are_told_and_left_alone() {
    let site = TestSite::example();
    let arguments = [
        "mv",
        "page",
        "robbie-play-blackjack",
        "twenty-one",
        "--json",
    ];
    let done: Value = serde_json::from_slice(&site.ok(&arguments).stdout).unwrap();
    let places = done["left"].as_array().unwrap();
    assert!(!places.is_empty());
    for place in places {
        let path = place["path"].as_str().unwrap();
        let line = place["line"].as_u64().unwrap() as usize;
        let text = site.read(path);
        let line = text.lines().nth(line - 1).unwrap();
        assert!(line.contains("blackjack"), "{path}: {line}");
        assert_eq!(line.trim(), place["text"].as_str().unwrap());
    }
    for place in places {
        let path = place["path"].as_str().unwrap();
        let text = site.read(path);
        site.write(path, text.replace("robbie-play-blackjack", "twenty-one"));
    }
    site.ok(&["check", "--deny-warnings"]);
}

#[test]
fn a_dry_run_writes_nothing_and_says_the_same() {
    for arguments in ALL {
        let site = TestSite::base();
        let before = sources(&site);
        let dry = [&arguments[..], &["--dry-run", "--json"]].concat();
        let mut dry: Value = serde_json::from_slice(&site.ok(&dry).stdout).unwrap();
        assert_same(&before, &sources(&site), "a dry run");
        let done = site.ok(&[&arguments[..], &["--json"]].concat());
        let done: Value = serde_json::from_slice(&done.stdout).unwrap();
        dry["dry_run"] = json!(false);
        assert_eq!(dry, done);
        let said: usize = ["moved", "changed"]
            .iter()
            .map(|part| done[part].as_array().unwrap().len())
            .sum();
        assert!(said > 0);
        assert!(!site.path(".rbgen/rename.json").exists());
    }
}

/// The steps of a renaming, as they are written down before the first.
struct Steps {
    moves: Vec<(String, String)>,
    texts: Vec<(String, Vec<u8>, Vec<u8>)>,
    journal: Value,
}

fn steps(before: &Tree, after: &Tree, done: &Value, kind: &str, old: &str, new: &str) -> Steps {
    let moves: Vec<(String, String)> = done["moved"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            let path = |name: &str| one[name].as_str().unwrap().to_string();
            (path("from"), path("to"))
        })
        .collect();
    let mut texts = Vec::new();
    for (path, bytes) in after {
        let from = moves.iter().find(|(_, to)| to == path);
        let old = &before[from.map_or(path, |(from, _)| from)];
        if old != bytes {
            texts.push((path.clone(), old.clone(), bytes.clone()));
        }
    }
    let written: Vec<Value> = texts
        .iter()
        .map(|(path, old, new)| {
            let before = Digest::of_bytes(old).hex();
            json!({ "path": path, "before": before, "text": text(new) })
        })
        .collect();
    let journal = json!({
        "kind": kind, "old": old, "new": new, "moves": moves, "texts": written,
    });
    Steps {
        moves,
        texts,
        journal,
    }
}

#[test]
fn a_kill_between_any_two_steps_is_made_good() {
    for (kind, old, new) in [("component", "hero", "banner"), ("page", "notes", "log")] {
        let original = TestSite::base();
        let before = sources(&original);
        let site = original.duplicate();
        let done = site.ok(&["mv", kind, old, new, "--json"]);
        let done: Value = serde_json::from_slice(&done.stdout).unwrap();
        let after = sources(&site);
        let steps = steps(&before, &after, &done, kind, old, new);
        let count = steps.moves.len() + steps.texts.len();
        assert!(count >= 2);
        for killed_after in 0..=count {
            let site = original.duplicate();
            site.write(".rbgen/rename.json", steps.journal.to_string());
            for (from, to) in steps.moves.iter().take(killed_after) {
                fs::rename(site.path(from), site.path(to)).unwrap();
            }
            let written = killed_after.saturating_sub(steps.moves.len());
            for (path, _, new) in steps.texts.iter().take(written) {
                site.write(path, new);
            }
            let dry = site.run(&["mv", kind, old, new, "--dry-run"]);
            assert_eq!(dry.status.code(), Some(3));
            let output = site.ok(&["mv", kind, old, new]);
            let said = text(&output.stderr);
            assert!(
                said.contains("was interrupted; it is finished now"),
                "{said}"
            );
            assert_same(&after, &sources(&site), "after a kill");
            assert!(!site.path(".rbgen/rename.json").exists());
        }
    }
}

#[test]
fn what_somebody_changed_after_a_kill_is_told_and_left_alone() {
    let original = TestSite::base();
    let before = sources(&original);
    let site = original.duplicate();
    let done = site.ok(&["mv", "component", "hero", "banner", "--json"]);
    let done: Value = serde_json::from_slice(&done.stdout).unwrap();
    let after = sources(&site);
    let steps = steps(&before, &after, &done, "component", "hero", "banner");

    let site = original.duplicate();
    site.write(".rbgen/rename.json", steps.journal.to_string());
    let page = "content/pages/play/home.toml";
    let text_before = site.read(page);
    site.write(page, format!("{text_before}\n# Mine.\n"));
    let output = site.run(&["mv", "component", "hero", "banner"]);
    assert_eq!(output.status.code(), Some(3));
    let said = text(&output.stderr);
    assert!(
        said.contains(page) && said.contains("somebody else has changed it"),
        "{said}"
    );
    assert!(site.read(page).ends_with("# Mine.\n"));
    assert!(
        site.path("content/components/banner.toml").exists(),
        "the rest is done"
    );
    site.write(page, text_before);
    site.ok(&["mv", "component", "hero", "banner"]);
    assert_same(&after, &sources(&site), "put right");

    for bad in [
        "{",
        "{\"kind\":\"page\",\"old\":\"a\",\"new\":\"b\",\"moves\":[[\"../x\",\"y\"]],\"texts\":[]}",
    ] {
        site.write(".rbgen/rename.json", bad);
        let output = site.run(&["mv", "page", "notes", "log"]);
        assert_eq!(output.status.code(), Some(3), "{bad}");
        assert!(text(&output.stderr).contains(".rbgen/rename.json"));
    }
}

#[test]
fn nothing_is_renamed_where_something_is_in_the_way() {
    type Case<'a> = (&'a dyn Fn(&TestSite), i32, &'a str);
    let cases: [Case<'_>; 5] = [
        (
            &|site| site.write("content/components/banner.css", "x{}"),
            2,
            "is there already",
        ),
        (
            &|site| fs::create_dir(site.path("content/components/banner.html")).unwrap(),
            3,
            "is there already",
        ),
        (
            &|site| site.write("content/pages/play/x.toml", "hero = \n"),
            1,
            "RB0101",
        ),
        (
            &|site| site.write("content/pages/play/x.toml", b"\xff"),
            1,
            "RB0002",
        ),
        (
            &|site| {
                symlink(
                    &site.path("robbieblocks.toml"),
                    &site.path("content/pages/play/x.toml"),
                )
            },
            1,
            "RB0004",
        ),
    ];
    for (prepare, status, expected) in cases {
        let site = TestSite::base();
        prepare(&site);
        let before = sources(&site);
        let output = site.run(&["mv", "component", "hero", "banner"]);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(status), "{said}");
        assert!(said.contains(expected), "{said}");
        assert_same(&before, &sources(&site), expected);
    }
}
