//! What rbgen says about broken sites. A folder `tests/fixtures/diagnostics/err_*` *is* a test: its
//! files are laid over the base site (`DELETE` lists what is taken away), and `expected.snap` beside
//! them has the words. `warn_*` are sites that build all the same.
//!
//! `INSTA_UPDATE=always cargo test --test suite diagnostics` writes the snapshots anew.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::LazyLock;

use rayon::prelude::*;
use rbgen::diag::{ALL_CODES, CodeEntry};

use crate::harness::{TestSite, assert_same, copy_tree, install_preact, project, symlink, text};

/// A user without rights, for the one thing that root cannot be refused.
const NOBODY: u32 = 65534;

/// Addresses and processor time are limited, so that a fixture that gets out of hand fails instead
/// of taking the machine with it.
const LIMITS: &str = "ulimit -v 6291456; ulimit -t 120";

/// The last part of what a fixture is, where git cannot hold it.
fn prepare(name: &str, site: &TestSite) {
    match name {
        "err_react_code" => install_preact(site),
        "err_unreadable" => {
            for path in ["content/pages/play/notes.md", "themes/base/partials"] {
                fs::set_permissions(site.path(path), fs::Permissions::from_mode(0o000)).unwrap();
            }
        }
        "err_not_utf8" => {
            site.write(
                "content/pages/play/latin.toml",
                b"name = \"Caf\xe9\"\n".as_slice(),
            );
            site.write(
                "content/pages/play/utf16.md",
                b"\xff\xfe+\0+\0+\0\n\0".as_slice(),
            );
            site.write(
                "content/components/hero.html",
                b"<h1>\xc3\x28</h1>\n".as_slice(),
            );
            site.write(
                "themes/base/styles/main.css",
                b"body { content: \"\xa0\" }\n".as_slice(),
            );
        }
        "err_nul_bytes" => {
            site.write(
                "content/pages/play/nul.toml",
                b"name = \"a\0b\"\n".as_slice(),
            );
            site.write(
                "content/pages/play/escaped.toml",
                "name = \"a\\u0000b\"\nstatus = \"published\"\n",
            );
        }
        "err_too_large" => {
            let huge = "word ".repeat(10 << 20);
            site.write(
                "content/pages/play/huge.md",
                format!("+++\nname = \"Huge\"\n+++\n{huge}"),
            );
            site.write(
                "content/tokens/huge.toml",
                format!("[huge]\na = \"{huge}\"\n"),
            );
        }
        "err_symlinks" => {
            site.write("elsewhere.toml", "name = \"Elsewhere\"\n");
            for (link, target) in [
                ("content/pages/play/linked.toml", "../../../elsewhere.toml"),
                ("content/pages/linked", "play"),
                ("content/pages/play/dangling.md", "nowhere.md"),
                ("themes/base/assets/passwd", "/etc/passwd"),
                ("static", "content"),
            ] {
                symlink(Path::new(target), &site.path(link));
            }
        }
        "err_file_names" => {
            for bytes in [
                b"content/pages/play/caf\xe9.toml".as_slice(),
                b"content/pages/play/new\nline.toml",
                b"static/que?stion.txt",
                b"static/back\\slash.txt",
                b"themes/base/assets/latin\xe9.svg",
            ] {
                let path = site.root().join(OsStr::from_bytes(bytes));
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, "name = \"Named\"\n").unwrap();
            }
            // A name that Windows reserves could not be checked out there.
            site.write("content/pages/play/con.toml", "name = \"Console\"\n");
        }
        "err_ten_thousand_tables" => {
            const DEPTH: usize = 10_000;
            let page = |body: String| format!("name = \"Deep\"\n\n[metadata]\ndeep = {body}\n");
            let write = |name: &str, text: String| {
                site.write(&format!("content/pages/play/{name}.toml"), text);
            };
            write("arrays", page("[".repeat(DEPTH) + &"]".repeat(DEPTH)));
            write(
                "inline",
                page("{ a = ".repeat(DEPTH) + "1" + &" }".repeat(DEPTH)),
            );
            write(
                "dotted",
                format!(
                    "name = \"Deep\"\n\n[metadata]\n{} = 1\n",
                    vec!["a"; DEPTH].join(".")
                ),
            );
            write(
                "headers",
                format!(
                    "name = \"Deep\"\n\n[metadata.{}]\nx = 1\n",
                    vec!["a"; DEPTH].join(".")
                ),
            );
        }
        "err_foreign_file" => {
            site.write("dist/one/play/play/new/index.html", "<p>mine</p>\n");
        }
        "err_output_symlink" => {
            site.write("outside/index.html", "<p>outside</p>\n");
            fs::create_dir_all(site.path("dist/one/play/play/new")).unwrap();
            symlink(
                Path::new("../../../../../outside/index.html"),
                &site.path("dist/one/play/play/new/index.html"),
            );
        }
        "err_output_folder_symlink" => {
            fs::create_dir(site.path("outside")).unwrap();
            symlink(
                Path::new("../../../../outside"),
                &site.path("dist/one/play/play/new"),
            );
        }
        // More than the limit of `command`, in a page and in a file that is copied.
        "err_disk_full" => {
            site.write("static/a-small.txt", "small\n");
            site.write("static/large.bin", vec![b'x'; 1 << 20]);
        }
        _ => {}
    }
}

/// rbgen in the circumstances of a fixture.
fn run(name: &str, site: &TestSite, args: &[&str]) -> Output {
    let program = PathBuf::from(env!("CARGO_BIN_EXE_rbgen"));
    let limits = match name {
        // As good as a full disk, and needs no rights: a write past 256 KiB is refused.
        "err_disk_full" => format!("trap '' XFSZ; ulimit -f 512; {LIMITS}"),
        _ => LIMITS.to_string(),
    };
    let root = fs::metadata(BUILT.root()).unwrap().uid() == 0;
    let drop_rights = name == "err_unreadable" && root;
    let program = if drop_rights {
        // Where the program is built, nobody may have no rights at all.
        let copy = site.beside("rbgen");
        if !copy.exists() {
            fs::copy(&program, &copy).unwrap();
            give_to_nobody(site.root().parent().unwrap());
        }
        copy
    } else {
        program
    };
    let mut command = Command::new("sh");
    command
        .args(["-c", &format!("{limits}; exec \"$0\" \"$@\"")])
        .arg(program)
        .args(args)
        .current_dir(site.root())
        .env("NO_COLOR", "1");
    if drop_rights {
        command.uid(NOBODY).gid(NOBODY);
    }
    command.output().unwrap()
}

fn give_to_nobody(path: &Path) {
    std::os::unix::fs::lchown(path, Some(NOBODY), Some(NOBODY)).unwrap();
    if fs::symlink_metadata(path).unwrap().is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            give_to_nobody(&entry.unwrap().path());
        }
    }
}

/// The base site with a finished build in it, made once.
pub static BUILT: LazyLock<TestSite> = LazyLock::new(|| {
    let site = TestSite::base();
    site.ok(&["build"]);
    site
});

pub fn fixtures() -> Vec<PathBuf> {
    let folder = project().join("tests/fixtures/diagnostics");
    let mut found: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    found.sort();
    found
}

pub fn name_of(fixture: &Path) -> &str {
    fixture.file_name().unwrap().to_str().unwrap()
}

pub fn lay_over(fixture: &Path, site: &TestSite) {
    for entry in fs::read_dir(fixture).unwrap() {
        let name = entry.unwrap().file_name();
        if !matches!(
            name.to_str(),
            Some("DELETE" | "expected.snap" | "expected.snap.new")
        ) {
            copy_tree(&fixture.join(&name), &site.root().join(&name));
        }
    }
    if let Ok(list) = fs::read_to_string(fixture.join("DELETE")) {
        list.lines().for_each(|path| site.remove(path));
    }
    prepare(name_of(fixture), site);
}

/// Runs a fixture and gives what stands in its snapshot. Panics where a promise is broken that
/// holds for every broken site.
fn words(fixture: &Path) -> String {
    let name = name_of(fixture);
    let site = BUILT.duplicate();
    lay_over(fixture, &site);
    let before = site.dist();

    let mut words = String::new();
    let mut said = String::new();
    let mut failed = false;
    for args in [["check"], ["build"]] {
        let output = run(name, &site, &args);
        let stderr = text(&output.stderr)
            .replace(site.root().to_str().unwrap(), "[ROOT]")
            .lines()
            .map(|line| format!("{}\n", line.trim_end()))
            .collect::<String>();
        let status = output.status.code();
        assert!(
            status.is_some_and(|code| code < 100) && !stderr.contains("panicked at"),
            "{name}: rbgen {args:?} ended with {}:\n{stderr}",
            output.status
        );
        failed = failed || status != Some(0);
        // A build repeats what the check said, up to its last line.
        let stderr = match stderr.strip_prefix(&said) {
            Some(last) if !said.is_empty() => format!("(the same words)\n{last}"),
            _ => {
                let counts = stderr.lines().last().unwrap_or_default();
                said = stderr.trim_end().trim_end_matches(counts).to_string();
                stderr
            }
        };
        words += &format!("$ rbgen {}\n{stderr}", args.join(" "));
        words += &format!("[exit {}]\n", status.unwrap_or(-1));
    }
    let json = run(name, &site, &["check", "--json"]);
    assert_eq!(
        codes_of_json(&json.stdout),
        codes_of_words(&words),
        "{name}"
    );
    assert_eq!(failed, name.starts_with("err_"), "{name}:\n{words}");
    if failed {
        assert_same(&before, &site.dist(), &format!("{name}: dist has changed"));
    }
    if name.contains("symlink") && site.path("outside").exists() {
        let outside = crate::harness::tree(&site.path("outside"));
        let kept = outside.values().all(|bytes| bytes == b"<p>outside</p>\n");
        assert!(kept, "{name}: written through a link");
    }
    words
}

/// Severity and code of each diagnostic of `check --json`, sorted.
fn codes_of_json(stdout: &[u8]) -> Vec<String> {
    let json: serde_json::Value = serde_json::from_slice(stdout)
        .unwrap_or_else(|error| panic!("no JSON: {error}\n{}", text(stdout)));
    let mut codes: Vec<String> = json["diagnostics"]
        .as_array()
        .unwrap()
        .iter()
        .map(|each| {
            let path = each["path"].as_str().unwrap_or_default();
            assert!(!path.starts_with('/'), "{path} is not relative to the site");
            let word = |name: &str| each[name].as_str().unwrap().to_string();
            format!("{}[{}]", word("severity"), word("code"))
        })
        .collect();
    codes.sort();
    codes
}

/// The same of the words that `check` prints, which come first in a snapshot.
fn codes_of_words(words: &str) -> Vec<String> {
    let check = words.split("$ rbgen build").next().unwrap_or_default();
    let mut codes: Vec<String> = check
        .lines()
        .filter(|line| line.starts_with("error[") || line.starts_with("warning["))
        .filter_map(|line| Some(line.split_once(':')?.0.to_string()))
        .collect();
    codes.sort();
    codes
}

#[test]
fn every_broken_site_is_told_what_is_wrong() {
    LazyLock::force(&BUILT);
    let results: Vec<(PathBuf, std::thread::Result<String>)> = fixtures()
        .into_par_iter()
        .map(|fixture| {
            let words = std::panic::catch_unwind(|| words(&fixture));
            (fixture, words)
        })
        .collect();
    let mut failed = Vec::new();
    for (fixture, words) in results {
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path(&fixture);
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        let told = words.and_then(|words| {
            std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                settings.bind(|| insta::assert_snapshot!("expected", words));
            }))
        });
        if told.is_err() {
            failed.push(name_of(&fixture).to_string());
        }
    }
    // What is wrong with each is printed above.
    assert!(failed.is_empty(), "failed: {}", failed.join(", "));
}

#[test]
fn every_code_has_a_fixture() {
    let shown: String = fixtures()
        .iter()
        .map(|fixture| fs::read_to_string(fixture.join("expected.snap")).unwrap_or_default())
        .collect();
    // What a database says, what a target, what of a row, and what the system, is tested with one.
    let elsewhere = |code: &str| {
        let first = &code[..4];
        ["RB09", "RB10"].contains(&first) || ["RB0312", "RB0314"].contains(&code)
    };
    let files = |entry: &&CodeEntry| !elsewhere(entry.code.0);
    for entry in ALL_CODES.iter().filter(files) {
        let code = entry.code.0;
        let told = shown.contains(&format!("[{code}]"));
        assert!(told, "{code}, {}: it needs a fixture", entry.title);
    }
}

#[test]
fn a_secret_in_a_file_is_not_repeated() {
    for fixture in [
        "err_secret_in_file",
        "err_secret_anywhere",
        "err_secret_syntax",
    ] {
        let site = BUILT.duplicate();
        let fixture = project().join("tests/fixtures/diagnostics").join(fixture);
        lay_over(&fixture, &site);
        for args in [
            &["check"][..],
            &["check", "--json"],
            &["build", "--json"],
            &["doctor"],
        ] {
            let output = site.run(args);
            let said = text(&output.stdout) + &text(&output.stderr);
            assert!(!said.contains("hunter2"), "rbgen {args:?}:\n{said}");
        }
    }
}
