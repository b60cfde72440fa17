//! Repositories of other kinds: bare ones, work trees, shallow clones, sites in subfolders, other digests;
//! and one push that goes to two places.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::{Clone, HOME, HOME_ROW, assert_even, database, git_at, retitle, rows, said, title};
use crate::harness::{TestSite, copy_tree, text};

#[test]
fn a_bare_repository_fetches_and_pushes() {
    let database = database();
    let clone = Clone::begun(&database.url());
    let bare = clone.site.beside("bare.git");
    let run = |args: &[&str]| {
        let output = git_at(&bare, &database.url(), args).output().unwrap();
        assert!(output.status.success(), "{args:?}: {}", said(&output));
        text(&output.stdout).trim_end().to_string()
    };
    fs::create_dir(&bare).unwrap();
    run(&["init", "-q", "--bare", "-b", "main"]);
    clone.git(&["push", "-q", bare.to_str().unwrap(), "main"]);
    run(&["remote", "add", "db", "rbgen::main"]);
    run(&["push", "-q", "db", "main"]);
    let count = "SELECT count(*) FROM robbieblocks_pages";
    assert_eq!(database.sql(count), "2");
    retitle(&database, "By hand");
    run(&["fetch", "-q", "db", "main:main"]);
    assert!(run(&["show", &format!("main:{HOME}")]).contains("By hand"));
    // The configuration is that of its last commit: there is no other.
    clone.git(&["pull", "-q", "db", "main"]);
    clone.edit("robbieblocks.toml", "DATABASE_URL", "OTHER_URL");
    clone.git(&["push", "-q", bare.to_str().unwrap(), "main"]);
    let refused = git_at(&bare, &database.url(), &["fetch", "db"])
        .output()
        .unwrap();
    assert!(said(&refused).contains("OTHER_URL"), "{}", said(&refused));
}

#[test]
fn work_trees_of_one_repository_share_what_is_known() {
    let database = database();
    let clone = Clone::pushed(&database.url());
    let beside = clone.site.beside("tree");
    clone.git(&[
        "worktree",
        "add",
        "-q",
        "-b",
        "topic",
        beside.to_str().unwrap(),
    ]);
    retitle(&database, "By hand");
    let run = |args: &[&str]| git_at(&beside, &database.url(), args).output().unwrap();
    let fetched = run(&["pull", "-q", "db", "main"]);
    assert!(fetched.status.success(), "{}", said(&fetched));
    let home = fs::read_to_string(beside.join(HOME)).unwrap();
    assert!(home.contains("By hand"), "{home}");
    fs::write(beside.join(HOME), home.replace("By hand", "From the tree")).unwrap();
    assert!(run(&["commit", "-q", "-a", "-m", "Edit"]).status.success());
    let pushed = run(&["push", "-q", "db", "topic:main"]);
    assert!(pushed.status.success(), "{}", said(&pushed));
    assert_eq!(title(&database), "From the tree");
    clone.ok(&["sync"]);
    assert!(clone.site.read(HOME).contains("From the tree"));
}

#[test]
fn a_shallow_clone_is_told_what_to_deepen() {
    let database = database();
    let first = Clone::pushed(&database.url());
    first.edit(HOME, "name = \"Home\"", "name = \"House\"");
    let origin = format!("file://{}", first.top.display());
    let shallow = Clone::of(TestSite::empty(), &database.url());
    shallow.git(&["clone", "-q", "--depth", "1", &origin, "."]);
    shallow.git(&["remote", "add", "db", "rbgen::main"]);
    let words = shallow.git_fails(&["fetch", "db"]);
    assert!(words.contains("this clone is shallow"), "{words}");
    assert!(words.contains("`git fetch --unshallow`"), "{words}");
    let words = shallow.ends(&["pull"], 3);
    assert!(
        words.contains("RB0922") && words.contains("--unshallow"),
        "{words}"
    );
    let before = rows(&database);
    shallow.git_fails(&["push", "db", "main"]);
    assert_eq!(rows(&database), before);
    shallow.git(&["fetch", "-q", "--unshallow"]);
    shallow.git(&["fetch", "-q", "db"]);
    shallow.git(&["push", "-q", "db", "main"]);
    let name = format!("SELECT page_name FROM robbieblocks_pages WHERE {HOME_ROW}");
    assert_eq!(database.sql(&name), "House");

    // Where the end of what it has is what the database has, nothing is missing.
    let shallow = Clone::of(TestSite::empty(), &database.url());
    shallow.git(&["clone", "-q", "--depth", "1", &origin, "."]);
    shallow.ok(&["remote", "add"]);
    shallow.git(&["fetch", "-q", "db"]);
    assert_eq!(shallow.db_main(), shallow.head());
    retitle(&database, "By hand");
    shallow.ok(&["pull"]);
    shallow.edit(HOME, "By hand", "From the shallows");
    shallow.ok(&["push"]);
    assert_eq!(title(&database), "From the shallows");
}

#[test]
fn one_push_reaches_origin_and_the_database() {
    let database = database();
    let clone = Clone::begun(&database.url());
    let bare = clone.site.beside("origin.git");
    fs::create_dir(&bare).unwrap();
    let path = bare.to_str().unwrap();
    clone.git(&["init", "-q", "--bare", "-b", "main", path]);
    let words = clone.ends(&["remote", "add", "--with-origin"], 2);
    assert!(words.contains("there is no remote `origin`"), "{words}");
    clone.git(&["remote", "add", "origin", path]);
    let planned = clone.ok(&["remote", "add", "--with-origin", "--dry-run"]);
    assert!(planned.contains("nothing was done"), "{planned}");
    assert_eq!(
        clone.git(&["remote", "get-url", "--push", "--all", "origin"]),
        path
    );
    clone.ok(&["remote", "add", "--with-origin"]);
    clone.ok(&["remote", "add", "--with-origin"]);
    let urls = clone.git(&["remote", "get-url", "--push", "--all", "origin"]);
    assert_eq!(urls, format!("{path}\nrbgen::main"));
    clone.git(&["push", "-q", "origin", "main"]);
    assert_eq!(database.sql("SELECT count(*) FROM robbieblocks_pages"), "2");
    let in_bare = |name: &str| {
        let output = git_at(&bare, "", &["rev-parse", name]).output().unwrap();
        text(&output.stdout).trim().to_string()
    };
    assert_eq!(in_bare("main"), clone.head());

    // One that the database refuses is loud, and can be mended.
    retitle(&database, "By hand");
    clone.edit(HOME, "name = \"Home\"", "name = \"House\"");
    let words = clone.git_fails(&["push", "origin", "main"]);
    assert!(
        words.contains("To rbgen::main") && words.contains("rejected"),
        "{words}"
    );
    assert_eq!(in_bare("main"), clone.head());
    clone.ok(&["sync"]);
    clone.git(&["push", "-q", "origin", "main"]);
    assert_eq!(in_bare("main"), clone.head());
    assert_even(&clone);

    clone.ok(&["remote", "remove"]);
    assert_eq!(
        clone.git(&["remote", "get-url", "--push", "--all", "origin"]),
        path
    );
    assert_eq!(clone.git(&["remote"]), "origin");
}

/// A repository with two sites, in `docs` and in `my [blog]`, each with a database of its own.
#[test]
fn sites_in_folders_of_one_repository_do_not_meet() {
    let (docs, blog) = (database(), database());
    let site = TestSite::empty();
    let top = site.root();
    for folder in ["docs", "my [blog]"] {
        let base = TestSite::base();
        copy_tree(&base.root(), &top.join(folder));
    }
    let at = |folder: &str, url: &str| {
        let inner = TestSite::empty();
        fs::remove_dir(inner.root()).unwrap();
        crate::harness::symlink(&top.join(folder), &inner.root());
        let config = inner.read("robbieblocks.toml");
        let database = "[database.main]\nurl_env = \"DATABASE_URL\"\n";
        inner.write("robbieblocks.toml", format!("{config}\n{database}"));
        Clone {
            top: top.clone(),
            site: inner,
            url: url.to_string(),
        }
    };
    let (docs_site, blog_site) = (at("docs", &docs.url()), at("my [blog]", &blog.url()));
    docs_site.git(&["init", "-q", "-b", "main"]);
    docs_site.commit("Two sites");
    docs_site.ok(&["remote", "add"]);
    blog_site.ok(&["remote", "add", "--name", "blog"]);
    docs_site.commit("How to merge");
    let listed = docs_site.json(&["remote", "list"]);
    assert_eq!(listed["remotes"][0]["url"], "rbgen::main/docs", "{listed}");
    assert_eq!(
        listed["remotes"][1]["url"], "rbgen::main/my [blog]",
        "{listed}"
    );
    docs_site.git(&["push", "-q", "db", "main"]);
    blog_site.git(&["push", "-q", "blog", "main"]);

    retitle(&docs, "Documents");
    retitle(&blog, "Blog");
    blog_site
        .site
        .write("untracked", "a change that no sync sees");
    docs_site.ok(&["pull"]);
    let output = blog_site.json(&["pull"]);
    assert_eq!(
        output["dirty"],
        serde_json::json!(["untracked"]),
        "{output}"
    );
    blog_site.site.remove("untracked");
    assert!(docs_site.site.read(HOME).contains("title = \"Documents\""));
    assert!(blog_site.site.read(HOME).contains("title = \"Blog\""));
    let files = docs_site.git(&["diff", "--name-only", "HEAD~3", "HEAD", "-z"]);
    let files: Vec<&str> = files.split('\0').filter(|file| !file.is_empty()).collect();
    assert!(
        files
            .iter()
            .all(|file| file.ends_with(".toml") || file.ends_with(".gitattributes")),
        "{files:?}"
    );
    docs_site.edit(HOME, "Documents", "Manual");
    docs_site.ok(&["sync"]);
    blog_site.ok(&["sync"]);
    assert_eq!(
        (title(&docs), title(&blog)),
        ("Manual".to_string(), "Blog".to_string())
    );
    assert_even(&docs_site);
    assert_even(&blog_site);

    // Git hands hooks its index, by a path from the root.
    let hook = top.join(".git/hooks/post-commit");
    let program = env!("CARGO_BIN_EXE_rbgen");
    let script = format!("#!/bin/sh\n'{program}' --root docs sync > .git/said 2>&1\n");
    fs::write(&hook, script).unwrap();
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).unwrap();
    docs.sql(&format!(
        "UPDATE robbieblocks_pages SET meta_description = 'By hand' WHERE {HOME_ROW}"
    ));
    docs_site.edit(HOME, "Manual", "Handbook");
    let words = fs::read_to_string(top.join(".git/said")).unwrap();
    assert!(
        !words.contains("no commit") && !words.contains("error"),
        "{words}"
    );
    let row =
        format!("SELECT meta_title, meta_description FROM robbieblocks_pages WHERE {HOME_ROW}");
    assert_eq!(docs.sql(&row), "Handbook|By hand");
    assert_eq!(docs_site.git(&["status", "--porcelain"]), "");
    assert_even(&docs_site);
}

#[test]
fn a_repository_with_sha256_is_one_like_any_other() {
    let database = database();
    let clone = Clone::alone(&database.url());
    clone.site.remove(".git");
    clone.git(&["init", "-q", "-b", "main", "--object-format=sha256"]);
    clone.commit("The site");
    clone.git(&["remote", "add", "db", "rbgen::main"]);
    clone.git(&["push", "-q", "db", "main"]);
    assert_eq!(clone.head().len(), 64);
    assert_eq!(clone.db_main(), clone.head());
    retitle(&database, "By hand");
    clone.git(&["pull", "-q", "db", "main"]);
    assert!(clone.site.read(HOME).contains("By hand"));
    clone.edit(HOME, "By hand", "By head");
    clone.git(&["push", "-q", "db", "main"]);
    assert_eq!(title(&database), "By head");

    // Who names objects otherwise cannot have those commits, and goes on without.
    let other = Clone::alone(&database.url());
    other.git(&["remote", "add", "db", "rbgen::main"]);
    other.git(&["fetch", "-q", "db"]);
    let page = other.git(&["show", &format!("db/main:{HOME}")]);
    assert!(page.contains("By head"), "{page}");
    let beside = TestSite::empty();
    let cloned = git_at(
        &beside.root(),
        &database.url(),
        &["clone", "-q", "rbgen::main", "copy"],
    )
    .output()
    .unwrap();
    assert!(cloned.status.success(), "{}", said(&cloned));
    assert!(
        fs::read_to_string(beside.path(&format!("copy/{HOME}")))
            .unwrap()
            .contains("By head")
    );
}
