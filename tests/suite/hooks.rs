//! The hooks of rbgen in real repositories: what is written and taken away, what is refused, and what a
//! push brings.

mod server;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::commits::{commit_all, git, git_command};
use crate::harness::{TestSite, text};

/// rbgen in a folder.
fn rbgen(folder: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rbgen"));
    command.args(args).current_dir(folder).env("NO_COLOR", "1");
    command
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1");
    command.output().unwrap()
}

fn ok(folder: &Path, args: &[&str]) -> String {
    let output = rbgen(folder, args);
    assert_eq!(output.status.code(), Some(0), "{args:?}: {}", said(&output));
    text(&output.stdout)
}

fn said(output: &Output) -> String {
    text(&output.stdout) + &text(&output.stderr)
}

fn script(path: &Path, text: &str, mode: u32) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// All files of a folder of hooks, with their modes.
fn all(folder: &Path) -> Vec<(PathBuf, u32, Vec<u8>)> {
    let mut found: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| !path.to_string_lossy().ends_with(".sample"))
        .map(|path| (path.clone(), mode(&path), fs::read(&path).unwrap()))
        .collect();
    found.sort();
    found
}

/// The base site in a repository, with another that it pushes to.
struct Pair {
    site: TestSite,
    server: PathBuf,
}

fn pair() -> Pair {
    let site = TestSite::base();
    commit_all(&site.root());
    let server = site.beside("server.git");
    fs::create_dir(&server).unwrap();
    git(&server, &["init", "-q", "--bare"]);
    git(
        &site.root(),
        &["remote", "add", "origin", server.to_str().unwrap()],
    );
    Pair { site, server }
}

impl Pair {
    fn hook(&self, name: &str) -> PathBuf {
        self.site.path(".git/hooks").join(name)
    }

    fn push(&self) -> Output {
        let args = ["push", "origin", "main"];
        git_command(&self.site.root(), &args).output().unwrap()
    }

    /// A commit of the site that does not pass the check.
    fn break_it(&self) {
        self.site
            .write("content/pages/play/broken.toml", "name = \"Broken\n");
        commit_all(&self.site.root());
    }
}

#[test]
fn installing_twice_changes_nothing_and_removing_leaves_nothing() {
    let pair = pair();
    let root = pair.site.root();
    let folder = pair.site.path(".git/hooks");
    let before = all(&folder);
    let planned = ok(&root, &["hooks", "install", "--dry-run"]);
    assert!(planned.contains("pre-push would be installed"), "{planned}");
    assert_eq!(before, all(&folder));
    ok(&root, &["hooks", "install"]);
    let installed = all(&folder);
    assert_eq!(installed.len(), before.len() + 2);
    assert_eq!(mode(&pair.hook("pre-push")) & 0o700, 0o700);
    let again = ok(&root, &["hooks", "install"]);
    assert!(again.contains("pre-push is there already"), "{again}");
    assert_eq!(installed, all(&folder));
    let status = ok(&root, &["hooks", "status"]);
    assert!(status.contains("pre-push: installed\n"), "{status}");
    let status = ok(&root, &["hooks", "status", "--json"]);
    let status: serde_json::Value = serde_json::from_str(&status).unwrap();
    assert_eq!(status["hooks"][2]["hook"], "post-receive");
    assert_eq!(status["hooks"][2]["state"], "missing");
    ok(&root, &["hooks", "remove", "--dry-run"]);
    assert_eq!(installed, all(&folder));
    ok(&root, &["hooks", "remove"]);
    assert_eq!(before, all(&folder));
    ok(&root, &["hooks", "remove"]);
    assert_eq!(before, all(&folder));
}

#[test]
fn a_broken_commit_is_refused_and_a_dirty_work_tree_is_not_looked_at() {
    let pair = pair();
    ok(&pair.site.root(), &["hooks", "install"]);
    pair.site
        .write("content/pages/play/dirty.toml", "name = \"Dirty\n");
    let pushed = pair.push();
    assert!(pushed.status.success(), "{}", said(&pushed));
    pair.break_it();
    fs::remove_file(pair.site.path("content/pages/play/broken.toml")).unwrap();
    let refused = pair.push();
    let words = said(&refused);
    assert!(!refused.status.success(), "{words}");
    assert!(
        words.contains("rbgen: FAILED: `refs/heads/main` (commit "),
        "{words}"
    );
    // What is shown is the text of the commit: the file is gone.
    assert!(
        words.contains("content/pages/play/broken.toml:1:"),
        "{words}"
    );
    assert!(words.contains("name = \"Broken"), "{words}");
    assert!(!words.contains("\u{1b}["), "{words}");
    git(
        &pair.site.root(),
        &["push", "-q", "--no-verify", "origin", "main:other"],
    );
    git(&pair.site.root(), &["push", "-q", "origin", ":other"]);
}

#[test]
fn a_repository_without_a_site_is_let_pass() {
    let pair = pair();
    ok(&pair.site.root(), &["hooks", "install"]);
    pair.site.remove("robbieblocks.toml");
    commit_all(&pair.site.root());
    let pushed = pair.push();
    let words = said(&pushed);
    assert!(pushed.status.success(), "{words}");
    assert!(
        words.contains("is not checked: there is no robbieblocks.toml"),
        "{words}"
    );
}

#[test]
fn a_site_in_a_folder_is_checked_there() {
    let pair = pair();
    let root = pair.site.root();
    for part in ["content", "themes", "static", "robbieblocks.toml"] {
        if pair.site.path(part).exists() {
            fs::create_dir_all(pair.site.path("it's docs")).unwrap();
            fs::rename(pair.site.path(part), pair.site.path("it's docs").join(part)).unwrap();
        }
    }
    ok(&pair.site.path("it's docs/content"), &["hooks", "install"]);
    commit_all(&root);
    let pushed = pair.push();
    assert!(pushed.status.success(), "{}", said(&pushed));
    assert!(!said(&pushed).contains("not checked"), "{}", said(&pushed));
    pair.site.write(
        "it's docs/content/pages/play/broken.toml",
        "name = \"Broken\n",
    );
    commit_all(&root);
    assert!(!pair.push().status.success());
}

#[test]
fn a_hook_that_was_there_runs_first_and_comes_back() {
    let pair = pair();
    let root = pair.site.root();
    let hook = pair.hook("pre-push");
    // It finds its name and its neighbours, and takes all of the input.
    let earlier = "#!/bin/sh\n. \"$(dirname \"$0\")/mine\"\necho \"$(basename \"$0\") $*\" >> \"$LOG\"\n\
                   cat >> \"$LOG\"\nexit $MINE\n";
    script(&hook, earlier, 0o750);
    let mine = format!("LOG={}\nMINE=0\n", pair.site.beside("log").display());
    script(&pair.hook("mine"), &mine, 0o644);
    let before = all(&pair.site.path(".git/hooks"));
    let told = ok(&root, &["hooks", "install"]);
    assert!(told.contains("kept as"), "{told}");
    ok(&root, &["hooks", "install"]);
    let pushed = pair.push();
    assert!(pushed.status.success(), "{}", said(&pushed));
    let log = fs::read_to_string(pair.site.beside("log")).unwrap();
    assert!(log.starts_with("pre-push origin "), "{log}");
    assert!(log.contains("\nrefs/heads/main "), "{log}");
    // Ours got the same input.
    pair.break_it();
    assert!(said(&pair.push()).contains("rbgen: FAILED"));
    // It refuses, and ours is not asked.
    script(&pair.hook("mine"), &mine.replace("MINE=0", "MINE=7"), 0o644);
    let refused = pair.push();
    assert!(!refused.status.success());
    assert!(!said(&refused).contains("rbgen"), "{}", said(&refused));
    script(&pair.hook("mine"), &mine, 0o644);
    ok(&root, &["hooks", "remove"]);
    assert_eq!(before, all(&pair.site.path(".git/hooks")));
}

#[test]
fn a_hook_that_is_a_link_and_no_plain_script_runs_too() {
    let pair = pair();
    let root = pair.site.root();
    let log = pair.site.beside("log");
    let target = pair.site.beside("hook.sed");
    script(
        &target,
        &format!("#!/bin/sh -u\ncat > '{}'\n", log.display()),
        0o755,
    );
    std::os::unix::fs::symlink(&target, pair.hook("pre-push")).unwrap();
    ok(&root, &["hooks", "install"]);
    assert!(pair.push().status.success());
    assert!(
        fs::read_to_string(&log)
            .unwrap()
            .starts_with("refs/heads/main ")
    );
    ok(&root, &["hooks", "remove"]);
    assert_eq!(fs::read_link(pair.hook("pre-push")).unwrap(), target);
}

#[test]
fn what_somebody_else_wrote_is_never_lost() {
    let pair = pair();
    let root = pair.site.root();
    let folder = pair.site.path(".git/hooks");
    script(&pair.hook("pre-push"), "#!/bin/sh\nexit 0\n", 0o755);
    ok(&root, &["hooks", "install"]);
    // Ours, edited.
    let ours = fs::read_to_string(pair.hook("post-merge")).unwrap();
    script(&pair.hook("post-merge"), &(ours + "echo mine\n"), 0o755);
    let output = rbgen(&root, &["hooks", "remove"]);
    assert_eq!(output.status.code(), Some(3), "{}", said(&output));
    assert!(
        pair.hook("pre-push.before-rbgen").exists(),
        "all or nothing"
    );
    // Another over ours.
    script(&pair.hook("pre-push"), "#!/bin/sh\nexit 1\n", 0o755);
    let before = all(&folder);
    for command in ["install", "remove"] {
        let output = rbgen(&root, &["hooks", command]);
        assert_eq!(output.status.code(), Some(3), "{}", said(&output));
        assert!(
            said(&output).contains("somebody has changed"),
            "{}",
            said(&output)
        );
        assert!(said(&output).contains("both are left"), "{}", said(&output));
        assert_eq!(before, all(&folder));
    }
    let status = ok(&root, &["hooks", "status"]);
    assert!(status.contains("put over that of rbgen"), "{status}");
    let json = rbgen(&root, &["hooks", "install", "--json"]);
    let json: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(json["hooks"][0]["action"], "refuse_two_foreign");
    assert_eq!(json["hooks"][1]["action"], "refuse_edited");
    // Ours deleted: the earlier one comes back.
    fs::remove_file(pair.hook("pre-push")).unwrap();
    fs::remove_file(pair.hook("post-merge")).unwrap();
    ok(&root, &["hooks", "remove"]);
    assert_eq!(
        fs::read_to_string(pair.hook("pre-push")).unwrap(),
        "#!/bin/sh\nexit 0\n"
    );
}

#[test]
fn a_configured_folder_is_honoured() {
    let pair = pair();
    let root = pair.site.root();
    let outside = pair.site.beside("hooks elsewhere");
    for (configured, folder, in_work_tree) in [
        (".husky/_", pair.site.path(".husky/_"), true),
        (outside.to_str().unwrap(), outside.clone(), false),
    ] {
        git(&root, &["config", "core.hooksPath", configured]);
        // From within as well: what is relative begins at the top.
        let told = ok(&root.join("content"), &["hooks", "install"]);
        assert!(told.contains("`core.hooksPath`"), "{told}");
        assert_eq!(
            told.contains("part of the work tree"),
            in_work_tree,
            "{told}"
        );
        assert!(folder.join("pre-push").is_file());
        pair.break_it();
        assert!(said(&pair.push()).contains("rbgen: FAILED"));
        ok(&root, &["hooks", "remove"]);
        assert!(!folder.join("pre-push").exists());
        pair.site.remove("content/pages/play/broken.toml");
    }
    assert!(!pair.hook("pre-push").exists());
    git(&root, &["config", "core.hooksPath", "~/hooks"]);
    let mut command = Command::new(env!("CARGO_BIN_EXE_rbgen"));
    command.args(["hooks", "install"]).current_dir(&root);
    let output = command
        .env("HOME", pair.site.beside("home"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", said(&output));
    assert!(pair.site.beside("home").join("hooks/pre-push").is_file());
}

#[test]
fn a_work_tree_beside_has_the_same_hooks() {
    let pair = pair();
    let tree = pair.site.beside("tree");
    git(
        &pair.site.root(),
        &[
            "worktree",
            "add",
            "-q",
            tree.to_str().unwrap(),
            "-b",
            "topic",
        ],
    );
    ok(&tree, &["hooks", "install"]);
    assert!(pair.hook("pre-push").is_file());
    fs::write(
        tree.join("content/pages/play/broken.toml"),
        "name = \"Broken\n",
    )
    .unwrap();
    commit_all(&tree);
    let refused = git_command(&tree, &["push", "origin", "topic"])
        .output()
        .unwrap();
    assert!(
        said(&refused).contains("rbgen: FAILED"),
        "{}",
        said(&refused)
    );
}

#[test]
fn a_program_that_is_gone_is_loud_where_it_matters() {
    let pair = pair();
    let root = pair.site.root();
    let program = pair.site.beside("rbgen copy");
    fs::copy(env!("CARGO_BIN_EXE_rbgen"), &program).unwrap();
    let run = |args: &[&str], folder: &Path| {
        let output = Command::new(&program)
            .args(args)
            .current_dir(folder)
            .output();
        assert!(output.unwrap().status.success());
    };
    run(&["hooks", "install"], &root);
    fs::remove_file(&program).unwrap();
    let refused = pair.push();
    assert!(!refused.status.success());
    assert!(
        said(&refused).contains("rbgen: FAILED: nothing was checked"),
        "{}",
        said(&refused)
    );
    let merge = ["merge", "--no-ff", "-m", "Merged", "topic"];
    git(&root, &["checkout", "-q", "-b", "topic"]);
    pair.site
        .write("content/pages/play/other.toml", "name = \"Other\"\n");
    commit_all(&root);
    git(&root, &["checkout", "-q", "main"]);
    let merged = git_command(&root, &merge).output().unwrap();
    assert!(merged.status.success());
    assert!(!said(&merged).contains("rbgen"), "{}", said(&merged));
}

#[test]
fn a_merge_says_in_one_line_what_it_brought() {
    let pair = pair();
    let root = pair.site.root();
    ok(&root, &["hooks", "install"]);
    git(&root, &["checkout", "-q", "-b", "topic"]);
    pair.site
        .write("content/pages/play/other.toml", "name = \"Other\"\n");
    commit_all(&root);
    git(&root, &["checkout", "-q", "main"]);
    git(&root, &["remote", "add", "db", "rbgen::main"]);
    let merged = git_command(&root, &["merge", "topic"]).output().unwrap();
    let words = said(&merged);
    let ours: Vec<&str> = words
        .lines()
        .filter(|line| line.starts_with("rbgen"))
        .collect();
    assert_eq!(
        ours,
        [
            "rbgen: the merge brought changes of 1 file of content; `rbgen status` shows what the \
          database does not have yet"
        ]
    );
}

#[test]
fn where_no_repository_is_that_is_said() {
    let site = TestSite::base();
    for args in [
        &["hooks", "install"][..],
        &["hooks", "status"],
        &["hooks", "remove", "--json"],
    ] {
        let output = rbgen(&site.root(), args);
        assert_eq!(output.status.code(), Some(2));
        assert!(
            said(&output).contains("no git repository"),
            "{}",
            said(&output)
        );
    }
}
