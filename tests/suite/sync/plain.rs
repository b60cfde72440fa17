//! Nothing but git: what its commands do with a database, and what they say.

use super::{Clone, HOME, HOME_ROW, database, git_at, retitle, revisions, rows, said, title};
use crate::harness::{TestSite, text};

#[test]
fn a_site_is_pushed_fetched_merged_and_read_with_git_alone() {
    let database = database();
    let clone = Clone::alone(&database.url());
    clone.git(&["remote", "add", "db", "rbgen::main"]);
    clone.git(&["push", "db", "main"]);
    assert_eq!(clone.db_main(), clone.head());
    let pages = "SELECT page_key FROM robbieblocks_pages ORDER BY 1";
    assert_eq!(database.sql(pages), "home\nnotes");

    // A second time nothing is new: no revision, no row.
    let before = rows(&database);
    let again = clone.git_command(&["push", "db", "main"]).output().unwrap();
    assert!(
        said(&again).contains("Everything up-to-date"),
        "{}",
        said(&again)
    );
    assert_eq!(rows(&database), before);

    retitle(&database, "Welcome");
    database.sql("UPDATE robbieblocks_style_tokens SET default_value = '#000000' WHERE token_key = 'color.text'");
    clone.git(&["fetch", "-q", "db"]);
    let log = clone.git(&["log", "-1", "--format=%an <%ae>%n%at %ct%n%B", "db/main"]);
    let lines: Vec<&str> = log.lines().collect();
    assert!(
        lines[0].starts_with("owner <owner@") && lines[0].ends_with(".rbgen.invalid>"),
        "{log}"
    );
    let sealed = "SELECT floor(extract(epoch FROM sealed_at)) FROM robbieblocks_revisions ORDER BY number DESC LIMIT 1";
    let at = database.sql(sealed);
    assert_eq!(lines[1], format!("{at} {at}"));
    assert_eq!(lines[2], "Change 1 page, 1 token in the database");
    assert!(lines.contains(&"page home: title"), "{log}");
    assert!(lines.contains(&"token color.text: value"), "{log}");
    let diff = clone.git(&["diff", "-U0", "main", "db/main"]);
    let changed: Vec<&str> = diff
        .lines()
        .filter(|line| {
            line.starts_with(['+', '-']) && !line.starts_with("+++") && !line.starts_with("---")
        })
        .collect();
    assert_eq!(
        changed,
        [
            "+title = \"Welcome\"",
            "-text = { value = \"#111827\", description = \"Words\" }",
            "+text = { value = \"#000000\", description = \"Words\" }",
        ],
        "{diff}"
    );
    clone.git(&["pull", "-q", "db", "main"]);
    assert_eq!(clone.head(), clone.db_main());
    assert!(clone.site.read(HOME).contains("title = \"Welcome\""));
    let before = rows(&database);
    clone.git(&["push", "db", "main"]);
    assert_eq!(rows(&database), before, "there is no echo");
    let blame = clone.git(&["blame", "-p", HOME]);
    assert!(blame.contains("author owner"), "{blame}");
}

#[test]
fn a_dry_run_writes_no_row() {
    let database = database();
    let clone = Clone::begun(&database.url());
    let before = rows(&database);
    let output = clone
        .git_command(&["push", "--dry-run", "db", "main"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", said(&output));
    assert!(
        said(&output).contains("would change in the database"),
        "{}",
        said(&output)
    );
    assert_eq!(rows(&database), before, "an empty database");
    clone.git(&["push", "-q", "db", "main"]);

    // Also where somebody edited rows that are in no revision yet.
    retitle(&database, "Late");
    clone.edit(HOME, "name = \"Home\"", "name = \"House\"");
    let before = rows(&database);
    let refused = clone.git_fails(&["push", "--dry-run", "db", "main"]);
    assert!(
        refused.contains("[remote rejected]") && refused.contains("edited meanwhile"),
        "{refused}"
    );
    assert_eq!(rows(&database), before, "a database with edits");
    let refused = clone.git_fails(&["push", "db", "main"]);
    assert!(refused.contains("rejected"), "{refused}");
    assert_eq!(title(&database), "Late");
    clone.git(&["pull", "-q", "--no-rebase", "--no-edit", "db", "main"]);
    let before = rows(&database);
    clone.git(&["push", "--dry-run", "db", "main"]);
    assert_eq!(rows(&database), before, "a push that could be");
    clone.git(&["push", "-q", "db", "main"]);
    let names = format!("SELECT page_name, meta_title FROM robbieblocks_pages WHERE {HOME_ROW}");
    assert_eq!(database.sql(&names), "House|Late");
}

#[test]
fn a_clone_has_the_content_and_says_what_it_lacks() {
    let database = database();
    let clone = Clone::pushed(&database.url());
    let beside = TestSite::empty();
    let output = git_at(
        &beside.root(),
        &clone.url,
        &["clone", "rbgen::main", "copy"],
    )
    .output()
    .unwrap();
    let words = said(&output);
    assert!(output.status.success(), "{words}");
    assert!(
        words.contains("without what only that commit had: themes, other files, comments"),
        "{words}"
    );
    let read = |path: &str| std::fs::read_to_string(beside.path(path)).ok();
    let home = read(&format!("copy/{HOME}")).unwrap();
    assert!(home.contains("A table by the window"), "{home}");
    assert_eq!(read("copy/robbieblocks.toml"), None);
    let head = git_at(&beside.path("copy"), &clone.url, &["status", "--porcelain"])
        .output()
        .unwrap();
    assert_eq!(text(&head.stdout), "");
    // The variable is not even set: that is said, and nothing is left behind.
    let without = git_at(&beside.root(), "", &["clone", "rbgen::main", "other"])
        .output()
        .unwrap();
    assert!(!without.status.success());
    assert!(
        said(&without).contains("DATABASE_URL"),
        "{}",
        said(&without)
    );
    assert!(!beside.path("other").exists());
}

#[test]
fn clones_that_never_met_have_the_same_commits() {
    let database = database();
    let first = Clone::pushed(&database.url());
    let second = first.second();
    for (number, clone) in [(1, &first), (2, &second), (3, &first)] {
        retitle(&database, &format!("Title {number}"));
        clone.git(&["fetch", "-q", "db"]);
    }
    database.sql("DELETE FROM robbieblocks_pages WHERE page_key = 'notes'");
    second.git(&["fetch", "-q", "db"]);
    first.git(&["fetch", "-q", "db"]);
    let third = first.second();
    third.git(&["fetch", "-q", "db"]);
    assert_eq!(revisions(&database), "5");
    let log = first.git(&["log", "--format=%H %s", "db/main"]);
    assert_eq!(log.lines().count(), 6);
    assert_eq!(log, second.git(&["log", "--format=%H %s", "db/main"]));
    assert_eq!(log, third.git(&["log", "--format=%H %s", "db/main"]));
    assert!(
        log.contains("Delete the page notes in the database"),
        "{log}"
    );
    // One that forgot all it knew of the database comes to the same, and one that remembers nonsense.
    first
        .site
        .write(".git/rbgen/main.json", "{\"version\": 1, \"lineage\": 7");
    first.git(&["fetch", "-q", "db"]);
    assert_eq!(log, first.git(&["log", "--format=%H %s", "db/main"]));
    std::fs::remove_dir_all(first.site.path(".git/rbgen")).unwrap();
    first.git(&["fetch", "-q", "db"]);
    assert_eq!(log, first.git(&["log", "--format=%H %s", "db/main"]));
}

#[test]
fn what_a_database_cannot_have_is_refused_in_gits_own_words() {
    let database = database();
    let clone = Clone::pushed(&database.url());
    clone.git(&["tag", "v1"]);
    let before = rows(&database);
    for (args, words) in [
        (
            &["push", "db", "main:topic"][..],
            "[remote rejected] main -> topic (a database has one branch, main)",
        ),
        (
            &["push", "db", "v1"],
            "[remote rejected] v1 -> v1 (a database has one branch, main)",
        ),
        (
            &["push", "db", ":main"],
            "(the branch of a database cannot be deleted)",
        ),
    ] {
        let refused = clone.git_fails(args);
        assert!(refused.contains(words), "{args:?}: {refused}");
    }
    clone.git(&["checkout", "-q", "-b", "other", "HEAD^"]);
    clone.commit("Something else");
    let refused = clone.git_fails(&["push", "db", "other:main"]);
    assert!(
        refused.contains("[rejected]") && refused.contains("(non-fast-forward)"),
        "{refused}"
    );
    for force in ["+other:main", "--force"] {
        let args = match force {
            "--force" => vec!["push", "--force", "db", "other:main"],
            refspec => vec!["push", "db", refspec],
        };
        let refused = clone.git_fails(&args);
        assert!(
            refused.contains("the history of a database is only added to"),
            "{refused}"
        );
    }
    assert_eq!(rows(&database), before);
    assert_eq!(clone.db_main(), clone.git(&["rev-parse", "main"]));

    // One of several is refused, and the other goes.
    clone.git(&["checkout", "-q", "main"]);
    clone.edit(HOME, "name = \"Home\"", "name = \"House\"");
    let refused = clone.git_fails(&["push", "-o", "unknown", "db", "main"]);
    assert!(
        refused.contains("there is no push option `unknown`; it may be `allow-deletes`"),
        "{refused}"
    );
    assert_eq!(rows(&database), before);
    let refused = clone.git_fails(&["push", "db", "main", "v1"]);
    assert!(
        refused.contains("main -> main") && refused.contains("[remote rejected] v1"),
        "{refused}"
    );
    assert_eq!(clone.db_main(), clone.head());
}

#[test]
fn the_branch_here_may_have_any_name() {
    let database = database();
    let clone = Clone::begun(&database.url());
    clone.git(&["branch", "-m", "master"]);
    clone.git(&["push", "-q", "db", "master:main"]);
    assert_eq!(clone.db_main(), clone.head());
    retitle(&database, "Theirs");
    clone.git(&["pull", "-q", "db", "main"]);
    clone.git(&["checkout", "-q", "--detach"]);
    clone.edit(HOME, "Theirs", "Ours");
    // Nor does it matter from which folder it is done, or whether what is pushed is a tag.
    let below = clone.site.path("content/pages");
    let fetched = git_at(&below, &database.url(), &["fetch", "-q", "db"])
        .output()
        .unwrap();
    assert!(fetched.status.success(), "{}", said(&fetched));
    clone.git(&["-C", "content", "tag", "-a", "-m", "As it is", "v1"]);
    clone.git(&["push", "-q", "db", "v1^{}:main"]);
    assert_eq!(title(&database), "Ours");
    clone.edit(HOME, "Ours", "Ours again");
    clone.git(&["push", "-q", "db", "HEAD:main"]);
    assert_eq!(title(&database), "Ours again");
}

#[test]
fn a_database_that_cannot_be_used_is_told_with_what_to_do() {
    let database = database();
    let clone = Clone::begun(&database.url());
    let nobody = format!(
        "postgres://owner@127.0.0.1:{}/none?sslmode=disable",
        crate::postgres::free_port()
    );
    let empty = crate::postgres::SERVER.database().url();
    for (url, status, words) in [
        ("", 2, "DATABASE_URL"),
        (nobody.as_str(), 4, "nothing listens at"),
        (empty.as_str(), 2, "`rbgen migrate`"),
        ("postgres://owner:secret word@nowhere", 2, "DATABASE_URL"),
    ] {
        for args in [&["fetch", "db"][..], &["push", "db", "main"]] {
            let output = git_at(&clone.top, url, args).output().unwrap();
            assert_eq!(
                output.status.code(),
                Some(128),
                "{args:?} {url}: {}",
                said(&output)
            );
            assert!(
                said(&output).contains(words),
                "{args:?} {url}: {}",
                said(&output)
            );
            assert!(!said(&output).contains("secret"), "{}", said(&output));
        }
        for args in [&["status"][..], &["pull"], &["push"], &["sync"]] {
            let output = clone
                .command(args)
                .env("DATABASE_URL", url)
                .output()
                .unwrap();
            assert_eq!(
                output.status.code(),
                Some(status),
                "{args:?} {url}: {}",
                said(&output)
            );
            assert!(
                said(&output).contains(words),
                "{args:?} {url}: {}",
                said(&output)
            );
            assert!(!said(&output).contains("secret"), "{}", said(&output));
        }
    }
}

#[test]
fn names_with_odd_characters_and_line_ends_of_another_world_do_no_harm() {
    let database = database();
    let clone = Clone::begun(&database.url());
    clone.git(&["config", "core.autocrlf", "true"]);
    for path in [
        "notes \"quoted\".txt",
        "back\\slash",
        "tab\there",
        "ü/ñ 🎈.txt",
        "new\nline.txt",
        "static/ü ñ.txt",
        "-dash",
    ] {
        clone.site.write(path, "beside\r\n");
    }
    clone.commit("Beside the content");
    clone.git(&["push", "-q", "db", "main"]);
    retitle(&database, "Line one");
    clone.git(&["pull", "-q", "db", "main"]);
    let home = clone.site.read(HOME);
    assert!(
        home.contains("title = \"Line one\"\n") && !home.contains('\r'),
        "{home:?}"
    );
    let changed = clone.git(&["diff", "--name-only", "HEAD^", "HEAD"]);
    assert_eq!(changed, HOME);
    super::assert_even(&clone);
    let other = clone.second();
    other.git(&["fetch", "-q", "db"]);
    assert_eq!(other.db_main(), clone.db_main());
}
