//! The hook of a repository that others push to.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use rbgen::sync::receive::take_turn;

use super::{ok, pair, said, script};
use crate::commits::{commit_all, git, git_command};

#[test]
fn a_server_builds_what_arrives() {
    let pair = pair();
    ok(&pair.server, &["hooks", "install", "--server"]);
    let pushed = pair.push();
    let words = said(&pushed);
    assert!(pushed.status.success(), "{words}");
    assert!(
        words.contains("remote: rbgen: no remote is a database"),
        "{words}"
    );
    assert!(words.contains(" is built, in "), "{words}");
    assert!(!words.contains("FAILED"), "{words}");
    let site = pair.server.join("rbgen/site");
    assert!(site.join("dist/one/play").is_dir());
    assert!(site.join("robbieblocks.toml").is_file());
    // What goes, goes; what is built stays incremental; a bare repository gets no index.
    pair.site.write(
        "content/pages/play/next.toml",
        "name = \"Next\"\nstatus = \"published\"\n",
    );
    pair.site.remove("content/pages/play/notes.md");
    commit_all(&pair.site.root());
    let words = said(&pair.push());
    assert!(words.contains(" kept, 1 removed in "), "{words}");
    assert!(site.join("content/pages/play/next.toml").is_file());
    assert!(!site.join("content/pages/play/notes.md").exists());
    assert!(!pair.server.join("index").exists());
    assert_eq!(
        git(&pair.server, &["symbolic-ref", "HEAD"]),
        "refs/heads/main"
    );
    // Another branch is not built.
    git(&pair.site.root(), &["checkout", "-q", "-b", "topic"]);
    let other = git_command(&pair.site.root(), &["push", "origin", "topic"]).output();
    assert!(said(&other.unwrap()).contains("nothing to build: only `refs/heads/main`"));
    // A broken commit that came past the check is loud, and what was built stays.
    git(&pair.site.root(), &["checkout", "-q", "main"]);
    pair.break_it();
    let words = said(&pair.push());
    assert!(words.contains("remote: rbgen: FAILED: "), "{words}");
    assert!(words.contains("was not built"), "{words}");
    assert!(site.join("dist/one/play").is_dir());
    let log = fs::read_to_string(pair.server.join("rbgen/hook.log")).unwrap();
    assert!(log.contains("FAILED") && log.contains(&git(&pair.server, &["rev-parse", "main"])));
    ok(&pair.server, &["hooks", "remove", "--server"]);
    assert!(!pair.server.join("hooks/post-receive").exists());
}

#[test]
fn a_database_that_fails_is_loud_and_the_site_is_built_all_the_same() {
    let pair = pair();
    git(&pair.server, &["remote", "add", "db", "/nowhere/at/all"]);
    script(
        &pair.server.join("hooks/post-receive"),
        "#!/bin/sh\ncat > earlier\nexit 0\n",
        0o755,
    );
    ok(&pair.server, &["hooks", "install", "--server"]);
    let words = said(&pair.push());
    assert!(
        words.contains("remote: rbgen: FAILED: the database `db` did not take"),
        "{words}"
    );
    assert!(words.contains("/nowhere/at/all"), "{words}");
    assert!(words.contains(" is built, in "), "{words}");
    assert!(
        words.contains("not deployed, because the database does not have it"),
        "{words}"
    );
    let earlier = fs::read_to_string(pair.server.join("earlier")).unwrap();
    assert!(earlier.ends_with(" refs/heads/main\n"), "{earlier}");
    // The hook itself ends badly, which git does not tell the one who pushes.
    let line = format!("{} {} refs/heads/main\n", "0".repeat(40), "1".repeat(40));
    let hook = format!("printf '{line}' | hooks/post-receive");
    let output = Command::new("sh")
        .args(["-c", &hook])
        .current_dir(&pair.server)
        .output();
    assert_eq!(output.unwrap().status.code(), Some(1));
    // A remote that takes it.
    let other = pair.site.beside("other.git");
    git(
        &pair.server,
        &["init", "-q", "--bare", other.to_str().unwrap()],
    );
    git(
        &pair.server,
        &["remote", "add", "second", other.to_str().unwrap()],
    );
    git(&pair.server, &["config", "rbgen.remote", "second"]);
    pair.site
        .write("content/pages/play/next.toml", "name = \"Next\"\n");
    let commit = commit_all(&pair.site.root());
    let words = said(&pair.push());
    assert!(words.contains("the database `second` has "), "{words}");
    assert_eq!(git(&other, &["rev-parse", "main"]), commit);
    git(&pair.server, &["config", "rbgen.remote", "third"]);
    commit_all(&pair.site.root());
    git(
        &pair.site.root(),
        &["commit", "-q", "--allow-empty", "-m", "Empty"],
    );
    assert!(said(&pair.push()).contains("there is no such remote"));
}

#[test]
fn what_arrives_is_deployed_where_nodes_have_targets() {
    let pair = pair();
    let target = pair.site.beside("srv");
    let config = pair.site.read("robbieblocks.toml");
    let line = format!("deploy = {{ dir = \"{}\" }}\n", target.display());
    pair.site
        .write("robbieblocks.toml", format!("{config}{line}"));
    let commit = commit_all(&pair.site.root());
    ok(&pair.server, &["hooks", "install", "--server"]);
    let words = said(&pair.push());
    assert!(!words.contains("FAILED"), "{words}");
    let line = format!(
        "remote: rbgen: {} is deployed to the targets of one",
        &commit[..10]
    );
    assert!(words.contains(&line), "{words}");
    assert!(words.contains("remote: one play: "), "{words}");
    assert!(target.join("play/current/play/index.html").is_file());
    let site = pair.server.join("rbgen/site");
    let listed = ok(&site, &["deploys", "--json"]);
    let listed: serde_json::Value = serde_json::from_str(&listed).unwrap();
    let record = &listed["deploys"][0];
    assert_eq!(record["triggered_by"], "push", "{listed}");
    assert_eq!(record["source_commit"], commit.as_str(), "{listed}");
    assert_eq!(record["status"], "success", "{listed}");
    // A target that takes nothing is loud, and what is live stays.
    let live = fs::read_link(target.join("play/current")).unwrap();
    fs::write(target.join(".rbgen/node"), "another\n").unwrap();
    pair.site
        .replace("content/pages/play/home.toml", "A table", "A chair");
    commit_all(&pair.site.root());
    let words = said(&pair.push());
    assert!(words.contains(" is built, in "), "{words}");
    assert!(words.contains("RB1003"), "{words}");
    assert!(words.contains("remote: rbgen: FAILED: "), "{words}");
    assert!(
        words.contains("was not deployed to the targets of one"),
        "{words}"
    );
    assert_eq!(fs::read_link(target.join("play/current")).unwrap(), live);
    let log = fs::read_to_string(pair.server.join("rbgen/hook.log")).unwrap();
    assert!(log.contains("was not deployed"), "{log}");
    // With the next push it is mended.
    fs::write(target.join(".rbgen/node"), "one\n").unwrap();
    git(
        &pair.site.root(),
        &["commit", "-q", "--allow-empty", "-m", "Empty"],
    );
    let words = said(&pair.push());
    assert!(
        words.contains(" is deployed to the targets of one"),
        "{words}"
    );
    assert_ne!(fs::read_link(target.join("play/current")).unwrap(), live);
}

#[test]
fn a_checkout_takes_no_folder_that_is_not_its_own() {
    let pair = pair();
    let folder = pair.site.beside("public");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("mine.txt"), "mine").unwrap();
    git(
        &pair.server,
        &["config", "rbgen.checkout", folder.to_str().unwrap()],
    );
    ok(&pair.server, &["hooks", "install", "--server"]);
    let words = said(&pair.push());
    assert!(
        words.contains("has files that no checkout put there"),
        "{words}"
    );
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
    fs::remove_file(folder.join("mine.txt")).unwrap();
    git(
        &pair.site.root(),
        &["commit", "-q", "--allow-empty", "-m", "Empty"],
    );
    let words = said(&pair.push());
    assert!(words.contains(" is built, in "), "{words}");
    // What was changed there by hand is put right; a lock that a kill left is no obstacle.
    fs::write(folder.join("robbieblocks.toml"), "broken").unwrap();
    fs::write(pair.server.join("rbgen/index.lock"), "").unwrap();
    git(
        &pair.site.root(),
        &["commit", "-q", "--allow-empty", "-m", "Empty"],
    );
    let words = said(&pair.push());
    assert!(words.contains(" is built, in "), "{words}");
}

#[test]
fn a_server_with_a_work_tree_keeps_its_index() {
    let pair = pair();
    let server = pair.site.beside("server");
    git(
        &pair.site.root(),
        &["clone", "-q", ".", server.to_str().unwrap()],
    );
    git(&server, &["config", "receive.denyCurrentBranch", "ignore"]);
    git(&server, &["config", "core.hooksPath", "own"]);
    ok(&server, &["hooks", "install", "--server"]);
    assert!(server.join(".git/own/post-receive").is_file());
    let index = fs::read(server.join(".git/index")).unwrap();
    pair.site
        .write("content/pages/play/next.toml", "name = \"Next\"\n");
    commit_all(&pair.site.root());
    let args = ["push", server.to_str().unwrap(), "main"];
    let words = said(&git_command(&pair.site.root(), &args).output().unwrap());
    assert!(words.contains(" is built, in "), "{words}");
    assert!(
        server
            .join(".git/rbgen/site/content/pages/play/next.toml")
            .is_file()
    );
    assert_eq!(index, fs::read(server.join(".git/index")).unwrap());
    assert!(!server.join("content/pages/play/next.toml").exists());
}

#[test]
fn a_second_push_waits_and_builds_the_newest() {
    let pair = pair();
    ok(&pair.server, &["hooks", "install", "--server"]);
    git(&pair.server, &["config", "rbgen.checkout", "../built"]);
    pair.push();
    let turn = take_turn(&pair.server.join("rbgen"), || panic!("nobody is at work")).unwrap();
    pair.site
        .write("content/pages/play/one.toml", "name = \"One\"\n");
    commit_all(&pair.site.root());
    let mut second = git_command(&pair.site.root(), &["push", "origin", "main"])
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(second.stderr.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().contains("waiting for it")));
    // What comes while it waits is built with it.
    fs::write(
        pair.server.join("hooks/post-receive"),
        "#!/bin/sh\nexit 0\n",
    )
    .unwrap();
    pair.site
        .write("content/pages/play/two.toml", "name = \"Two\"\n");
    let newest = commit_all(&pair.site.root());
    assert!(pair.push().status.success());
    drop(turn);
    let built = format!("{} is built, in ", &newest[..10]);
    assert!(lines.any(|line| line.unwrap().contains(&built)));
    assert!(second.wait().unwrap().success());
    let site = pair.site.beside("built");
    assert!(site.join("content/pages/play/two.toml").is_file());
}
