//! The rules of the house that a compiler does not know: who may import whom, how files open, how
//! long they are. ARCHITECTURE.md tells them; this holds them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use crate::harness::project;

/// What each room of src/ may import, apart from itself, in the order of the flow. `cli` may import
/// everything, and nothing imports `cli`.
const IMPORTS: &[(&str, &[&str])] = &[
    ("failpoint", &[]),
    ("digest", &[]),
    ("diag", &[]),
    ("model", &["diag", "digest"]),
    ("codec", &["diag", "digest", "model"]),
    ("format", &["diag", "digest", "model"]),
    ("compare", &["digest", "model", "format"]),
    ("files", &["diag", "digest", "model", "format"]),
    ("assemble", &["diag", "digest", "model"]),
    ("plan", &["diag", "digest", "model"]),
    ("track", &["digest"]),
    ("bundle", &["diag", "digest", "model"]),
    (
        "ledger",
        &[
            "diag", "digest", "model", "codec", "plan", "track", "bundle",
        ],
    ),
    (
        "load",
        &[
            "diag", "digest", "model", "codec", "format", "files", "assemble", "ledger",
        ],
    ),
    (
        "render",
        &["diag", "digest", "model", "codec", "plan", "track"],
    ),
    (
        "build",
        &[
            "diag", "digest", "model", "codec", "assemble", "plan", "track", "render", "ledger",
            "bundle",
        ],
    ),
    (
        "store",
        &[
            "diag",
            "digest",
            "model",
            "files",
            "ledger",
            "bundle",
            "build",
            "failpoint",
        ],
    ),
    ("sandbox", &["digest", "model", "codec", "render"]),
    ("archive", &["diag", "digest", "bundle"]),
    ("db", &["diag", "digest", "model", "format", "compare"]),
    (
        "pipeline",
        &[
            "diag", "digest", "model", "format", "files", "load", "plan", "track", "ledger",
            "build", "bundle", "store", "db", "render",
        ],
    ),
    (
        "exchange",
        &["diag", "model", "format", "compare", "files", "load", "db"],
    ),
    (
        "sync",
        &[
            "diag",
            "digest",
            "model",
            "format",
            "compare",
            "files",
            "load",
            "db",
            "failpoint",
        ],
    ),
    (
        "deploy",
        &[
            "diag",
            "digest",
            "model",
            "format",
            "files",
            "bundle",
            "store",
            "archive",
            "db",
            "pipeline",
            "failpoint",
        ],
    ),
    (
        "listen",
        &[
            "diag",
            "digest",
            "model",
            "format",
            "load",
            "render",
            "db",
            "pipeline",
            "deploy",
            "failpoint",
        ],
    ),
    (
        "workbench",
        &[
            "diag", "digest", "model", "codec", "format", "track", "render", "ledger", "build",
            "load",
        ],
    ),
    ("serve", &["diag", "digest", "model", "bundle", "render"]),
    (
        "watch",
        &[
            "diag",
            "digest",
            "model",
            "format",
            "files",
            "load",
            "track",
            "render",
            "ledger",
            "bundle",
            "build",
            "store",
            "db",
            "pipeline",
            "deploy",
            "serve",
            "workbench",
        ],
    ),
    ("scaffold", &["diag", "digest", "model"]),
    ("rename", &["diag", "model", "format", "compare", "render"]),
];

/// The rooms that touch the disk, the clock or the user, and alone may lift the lints of
/// clippy.toml that keep the others pure.
const IO_ROOMS: &[&str] = &[
    "files",
    "load",
    "store",
    "sandbox",
    "archive",
    "db",
    "pipeline",
    "exchange",
    "sync",
    "deploy",
    "listen",
    "serve",
    "watch",
    "failpoint",
    "cli",
    "main",
];

const MOST_LINES: usize = 650;

/// A source file: its path from the project, its text, and its text without comments, literals and
/// unit tests.
struct Source {
    path: String,
    text: String,
    code: String,
}

impl Source {
    /// The path of its module, from the crate's root: `["render", "style"]`.
    fn module(&self) -> Vec<&str> {
        let path = self.path.strip_prefix("src/").unwrap_or(&self.path);
        let path = path.strip_suffix(".rs").unwrap_or(path);
        let path = path.strip_suffix("/mod").unwrap_or(path);
        match path {
            "lib" => Vec::new(),
            _ => path.split('/').collect(),
        }
    }
}

fn rust_files(folder: &str) -> Vec<Source> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                found.push(path);
            }
        }
    }
    let mut paths = Vec::new();
    walk(&project().join(folder), &mut paths);
    paths.sort();
    paths
        .into_iter()
        .map(|path| {
            let text = fs::read_to_string(&path).unwrap();
            let code = without_comments_and_literals(&text);
            // Unit tests stand last in a file and may use any room to make what they test.
            let code = match code.find("#[cfg(test)]\nmod ") {
                Some(tests) => code[..tests].to_string(),
                None => code,
            };
            let path = path.strip_prefix(project()).unwrap();
            Source {
                path: path.to_str().unwrap().to_string(),
                text,
                code,
            }
        })
        .collect()
}

/// Rust with comments and the insides of literals blanked out, which is enough to look for paths.
fn without_comments_and_literals(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let raw_hashes = rest
            .strip_prefix('r')
            .map(|raw| raw.len() - raw.trim_start_matches('#').len())
            .filter(|hashes| rest[1 + hashes..].starts_with('"'))
            .filter(|_| !code.ends_with(|c: char| c.is_alphanumeric() || c == '_'));
        let skipped = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if let Some(hashes) = raw_hashes {
            let end = format!("\"{}", "#".repeat(hashes));
            let start = hashes + 2;
            rest[start..]
                .find(&end)
                .map_or(rest.len(), |at| start + at + end.len())
        } else if first == '"' {
            end_of_string(rest)
        } else {
            char_literal(rest).unwrap_or(0)
        };
        if skipped == 0 {
            code.push(first);
            rest = &rest[first.len_utf8()..];
        } else {
            code.push(' ');
            rest = &rest[skipped..];
        }
    }
    code
}

/// The length of a string literal with its quotes.
fn end_of_string(text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// The length of a character literal, and `None` for a lifetime.
fn char_literal(text: &str) -> Option<usize> {
    let inside = text.strip_prefix('\'')?;
    let mut chars = inside.char_indices();
    match chars.next()? {
        (_, '\\') => Some(2 + inside[1..].char_indices().skip(1).find(|c| c.1 == '\'')?.0 + 1),
        _ => match chars.next()? {
            (at, '\'') => Some(at + 2),
            _ => None,
        },
    }
}

/// The top-level modules that code names by `crate::…` or by enough `super::…`.
fn imports(code: &str, depth: usize) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let to_root = match depth {
        0 => Vec::new(),
        _ => vec!["super::".repeat(depth)],
    };
    for prefix in ["crate::".to_string()].into_iter().chain(to_root) {
        for (at, _) in code.match_indices(&prefix) {
            let before = code[..at].chars().next_back();
            // `$crate::` is the same place; `super::` before it reaches past the root.
            if before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':') {
                continue;
            }
            let after = &code[at + prefix.len()..];
            match after.strip_prefix('{') {
                Some(group) => found.extend(first_names(group)),
                None => found.extend(name(after)),
            }
        }
    }
    found
}

fn name(text: &str) -> Option<String> {
    let name: String = text
        .trim_start()
        .chars()
        .take_while(|&c| c.is_alphanumeric() || c == '_')
        .collect();
    (!name.is_empty()).then_some(name)
}

/// The names that the items of a `{…}` group begin with; `group` follows the opening brace.
fn first_names(group: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut open = 0;
    let mut start = 0;
    for (at, c) in group.char_indices() {
        match c {
            '{' => open += 1,
            '}' if open > 0 => open -= 1,
            ',' | '}' if open == 0 => {
                names.extend(name(&group[start..at]));
                start = at + 1;
                if c == '}' {
                    break;
                }
            }
            _ => {}
        }
    }
    names
}

/// The folders and files of src/ that are modules of the crate.
fn rooms() -> BTreeSet<String> {
    rust_files("src")
        .iter()
        .filter_map(|source| source.module().first().map(|room| room.to_string()))
        .filter(|room| room != "main")
        .collect()
}

#[test]
fn rooms_import_only_what_the_table_allows() {
    let table: BTreeMap<&str, &[&str]> = IMPORTS.iter().copied().collect();
    let rooms = rooms();
    let mut faults = Vec::new();
    for source in rust_files("src") {
        let module = source.module();
        let Some(&room) = module.first() else {
            continue;
        };
        if matches!(room, "main" | "cli") {
            continue;
        }
        for import in imports(&source.code, module.len()) {
            // A name that is no room is a macro or an item of the root.
            if import == room || !rooms.contains(&import) {
                continue;
            }
            if !table.get(room).is_some_and(|may| may.contains(&&*import)) {
                faults.push(format!("{}: `{room}` imports `{import}`", source.path));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn the_table_has_every_room_and_no_other() {
    let table: BTreeSet<String> = IMPORTS
        .iter()
        .map(|(room, _)| room.to_string())
        .chain(["cli".to_string()])
        .collect();
    assert_eq!(table, rooms());
}

#[test]
fn the_binary_only_calls_cli() {
    for source in rust_files("src").iter().filter(|s| s.path == "src/main.rs") {
        for (at, _) in source.code.match_indices("rbgen::") {
            assert_eq!(name(&source.code[at + 7..]).as_deref(), Some("cli"));
        }
    }
}

#[test]
fn only_io_rooms_lift_the_lints_that_keep_the_others_pure() {
    for source in rust_files("src") {
        let room = source.module().first().copied().unwrap_or("lib");
        if source.code.contains("clippy::disallowed") && !IO_ROOMS.contains(&room) {
            panic!("{}: `{room}` is no I/O room", source.path);
        }
    }
}

#[test]
fn every_file_opens_with_a_sentence_and_is_short() {
    let mut faults = Vec::new();
    for source in ["src", "tests/suite", "benches"]
        .into_iter()
        .flat_map(rust_files)
    {
        if !source.text.starts_with("//! ") {
            faults.push(format!("{} does not open with `//!`", source.path));
        }
        let lines = source.text.lines().count();
        if lines > MOST_LINES {
            faults.push(format!("{} has {lines} lines: two rooms?", source.path));
        }
        // Put together here, so that this file does not find itself.
        for left_over in ["todo", "unimplemented"].map(|name| format!("{name}!(")) {
            if source.code.contains(&left_over) {
                faults.push(format!("{} has a `{left_over}`", source.path));
            }
        }
        if source.text.contains(concat!("#[", "ignore")) {
            faults.push(format!("{} has a test that is not run", source.path));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// The map of ARCHITECTURE.md is the table of its section "The modules", whose lines begin with a
/// module in backquotes.
#[test]
fn the_architecture_page_names_every_room_and_no_other() {
    let page = fs::read_to_string(project().join("ARCHITECTURE.md"))
        .expect("ARCHITECTURE.md tells the house");
    let named: BTreeSet<String> = page
        .lines()
        .skip_while(|line| *line != "## The modules")
        .skip(1)
        .take_while(|line| !line.starts_with("## "))
        .filter_map(|line| line.strip_prefix("| `")?.split_once('`'))
        .map(|(room, _)| room.to_string())
        .collect();
    assert_eq!(named, rooms());
}

#[test]
fn the_reader_of_imports_sees_what_it_should() {
    let code = without_comments_and_literals(
        r##"
        use crate::a::{X, Y};
        use crate::{b::{P, Q}, c, d::R};
        use super::super::e::Z;
        // use crate::no1;
        let s = "crate::no2"; let r = r#"crate::no3 " "#; let c = '"'; let l: &'a str = "\"crate::no4";
        fn f() { crate::f::g(); $crate::g!(); }
        "##,
    );
    let found: Vec<String> = imports(&code, 2).into_iter().collect();
    assert_eq!(found, ["a", "b", "c", "d", "e", "f", "g"]);
}
