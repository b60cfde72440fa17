//! The database as a second door: files to rows and back, builds from rows, and what a copy must not
//! overwrite.

use std::fs;
use std::process::Output;

use serde_json::Value;

use crate::harness::{TestSite, assert_same, copy_tree, text, tree};
use crate::postgres::{Database, SERVER};

/// A site with a database called `main` and rbgen's tables in it.
pub struct Doors {
    pub site: TestSite,
    pub database: Database<'static>,
}

impl Doors {
    pub fn new(site: TestSite) -> Doors {
        let database = SERVER.migrated();
        let doors = Doors { site, database };
        let config = doors.site.read("robbieblocks.toml");
        if !config.contains("[database.main]") {
            let config = format!("{config}\n[database.main]\nurl_env = \"DATABASE_URL\"\n");
            doors.site.write("robbieblocks.toml", config);
        }
        doors
    }

    /// The same site and the same rows.
    pub fn copy(&self) -> Doors {
        Doors {
            site: self.site.duplicate(),
            database: self.database.copy(),
        }
    }

    fn example() -> Doors {
        Doors::new(TestSite::example())
    }

    fn run_in(&self, site: &TestSite, args: &[&str]) -> Output {
        let mut command = site.command(args);
        command.env("DATABASE_URL", self.database.url());
        command.output().unwrap()
    }

    pub fn run(&self, args: &[&str]) -> Output {
        self.run_in(&self.site, args)
    }

    #[track_caller]
    pub fn ok(&self, args: &[&str]) -> String {
        let output = self.run(args);
        assert!(
            output.status.success(),
            "{args:?}: {}{}",
            text(&output.stdout),
            text(&output.stderr)
        );
        text(&output.stdout)
    }

    #[track_caller]
    fn json(&self, args: &[&str]) -> Value {
        serde_json::from_str(&self.ok(&[args, &["--json"]].concat())).unwrap()
    }

    /// The physical version of every row of content: it changes with every write, equal or not.
    pub fn versions(&self) -> String {
        let tables = [
            "pages",
            "components",
            "page_blocks",
            "style_tokens",
            "node_branding",
            "sources",
        ];
        let select = tables.map(|table| {
            format!("SELECT '{table}', ctid::text, xmin::text FROM robbieblocks_{table}")
        });
        self.database
            .sql(&format!("{} ORDER BY 1, 2", select.join(" UNION ALL ")))
    }

    /// An empty folder with the configuration and the themes of the site, and none of its content.
    fn without_content(&self) -> TestSite {
        let site = TestSite::empty();
        for part in ["robbieblocks.toml", "themes", "static"] {
            copy_tree(&self.site.path(part), &site.path(part));
        }
        site
    }
}

#[test]
fn files_go_to_rows_and_back_without_a_difference() {
    let doors = Doors::example();
    let before = tree(&doors.site.path("content"));
    doors.ok(&["import"]);
    let versions = doors.versions();

    let again = doors.json(&["import"]);
    assert_eq!(again["differences"], Value::Array(Vec::new()));
    assert_eq!(
        doors.versions(),
        versions,
        "an import without a difference writes no row"
    );

    let back = doors.json(&["export"]);
    assert_eq!(back["differences"], Value::Array(Vec::new()));
    assert_same(
        &before,
        &tree(&doors.site.path("content")),
        "exported over the files",
    );

    // Comments, order and folders of the files come back as well.
    let other = doors.without_content();
    assert!(doors.run_in(&other, &["export"]).status.success());
    assert_same(
        &before,
        &tree(&other.path("content")),
        "exported to a new folder",
    );

    // Where nothing but the rows is left, the documents do.
    doors.database.sql("DELETE FROM robbieblocks_sources");
    let bare = doors.without_content();
    assert!(doors.run_in(&bare, &["export"]).status.success());
    let versions = doors.versions();
    let output = doors.run_in(&bare, &["import", "--json"]);
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(found["differences"], Value::Array(Vec::new()));
    assert_eq!(doors.versions(), versions, "rows to files to rows");
    let canonical = tree(&bare.path("content"));
    assert!(doors.run_in(&bare, &["export"]).status.success());
    assert_same(&canonical, &tree(&bare.path("content")), "printed twice");
}

#[test]
fn rows_build_what_their_files_build() {
    let doors = Doors::example();
    let files = doors.site.build(&[]).hashes();
    doors.ok(&["import"]);
    fs::rename(doors.site.path("content"), doors.site.beside("content")).unwrap();
    let built: Value = doors.json(&["build", "--from", "db"]);
    let rows = crate::harness::Built(built).hashes();
    assert_eq!(files, rows);

    let again = doors.json(&["build", "--from", "db=main"]);
    assert_eq!(
        (&again["pages_rendered"], &again["files_written"]),
        (&0.into(), &0.into())
    );

    let page = "UPDATE robbieblocks_pages SET meta_title = 'From psql' \
                WHERE page_key = 'robbie-play-blackjack'";
    doors.database.sql(page);
    let changed = doors.json(&["build", "--from", "db"]);
    let rendered = changed["pages_rendered"].as_u64().unwrap();
    assert!((1..5).contains(&rendered), "{rendered} pages for one title");
    let html = doors
        .site
        .read("dist/vengeance-local/play/play/blackjack/index.html");
    assert!(html.contains("<title>From psql</title>"));
}

#[test]
fn what_differs_is_shown_and_not_overwritten() {
    let doors = Doors::example();
    doors.ok(&["import"]);
    let path = "content/pages/play/robbie-play-blackjack.toml";
    let original = doors.site.read(path);
    doors.database.sql(
        "UPDATE robbieblocks_pages SET meta_title = 'Twenty-one' \
         WHERE page_key = 'robbie-play-blackjack'; \
         INSERT INTO robbieblocks_style_tokens (token_key, token_category, default_value) \
         VALUES ('color.extra', 'color', '#123456')",
    );
    let versions = doors.versions();

    let refused = doors.run(&["import"]);
    assert_eq!(refused.status.code(), Some(3), "{}", text(&refused.stderr));
    let said = text(&refused.stdout);
    assert!(said.contains("~ page robbie-play-blackjack"), "{said}");
    assert!(
        said.contains("title: \"Twenty-one\" → \"Blackjack at Robbie's\""),
        "{said}"
    );
    assert!(text(&refused.stderr).contains("RB0914"));
    assert_eq!(doors.versions(), versions);

    assert_eq!(doors.run(&["export"]).status.code(), Some(3));
    assert_eq!(doors.site.read(path), original);

    let dry = doors.json(&["export", "--dry-run", "--force"]);
    assert_eq!(dry["differences"].as_array().unwrap().len(), 2);
    assert_eq!(doors.site.read(path), original);

    doors.ok(&["export", "--force"]);
    let changed = doors.site.read(path);
    assert_eq!(
        changed,
        original.replace(
            "title = \"Blackjack at Robbie's\"",
            "title = \"Twenty-one\""
        )
    );
    assert!(
        doors
            .site
            .read("content/tokens/color.toml")
            .contains("#123456")
    );
    assert!(
        doors
            .site
            .read("content/tokens/color.toml")
            .starts_with("# Colours.")
    );

    // The other way, over what somebody changed in the rows.
    doors.site.write(path, &original);
    doors.ok(&["import", "--force"]);
    let title =
        "SELECT meta_title FROM robbieblocks_pages WHERE page_key = 'robbie-play-blackjack'";
    assert_eq!(doors.database.sql(title), "Blackjack at Robbie's");
}

#[test]
fn nothing_is_deleted_unless_asked() {
    let doors = Doors::example();
    doors.ok(&["import"]);
    let path = "content/pages/play/robbie-play-blackjack.toml";
    doors.site.remove(path);
    doors.ok(&["import"]);
    let count = "SELECT count(*) FROM robbieblocks_pages WHERE page_key = 'robbie-play-blackjack'";
    assert_eq!(doors.database.sql(count), "1");
    doors.ok(&["import", "--delete"]);
    assert_eq!(doors.database.sql(count), "0");

    let token = "content/tokens/color.toml";
    let before = doors.site.read(token);
    doors
        .database
        .sql("DELETE FROM robbieblocks_style_tokens WHERE token_key = 'color.success'");
    doors.ok(&["export"]);
    assert_eq!(doors.site.read(token), before);
    doors.ok(&["export", "--delete"]);
    let lines: Vec<&str> = before
        .lines()
        .filter(|line| !line.starts_with("success"))
        .collect();
    assert_eq!(doors.site.read(token).lines().collect::<Vec<_>>(), lines);
}

#[test]
fn a_site_with_errors_goes_nowhere() {
    let doors = Doors::example();
    doors.site.write(
        "content/pages/play/broken.toml",
        "name = \"Broken\"\nlayout = \"none\"\n",
    );
    let output = doors.run(&["import"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("broken.toml"));
    assert_eq!(
        doors
            .database
            .sql("SELECT count(*) FROM robbieblocks_pages"),
        "0"
    );
}

#[test]
fn nothing_at_all_is_never_taken_for_all_deleted() {
    let doors = Doors::example();
    doors.ok(&["build"]);
    let before = (doors.site.dist(), tree(&doors.site.path("content")));
    for args in [
        &["build", "--from", "db"][..],
        &["check", "--from", "db"],
        &["export", "--delete", "--force"],
    ] {
        let output = doors.run(args);
        assert_eq!(
            output.status.code(),
            Some(3),
            "{args:?}: {}",
            text(&output.stderr)
        );
        let said = text(&output.stderr);
        assert!(
            said.contains("RB0916") && said.contains("`rbgen import`"),
            "{said}"
        );
    }
    assert_eq!(
        (doors.site.dist(), tree(&doors.site.path("content"))),
        before
    );

    doors.ok(&["import"]);
    let versions = doors.versions();
    doors.site.remove("content");
    let output = doors.run(&["import", "--delete", "--force"]);
    assert_eq!(output.status.code(), Some(3), "{}", text(&output.stderr));
    assert_eq!(doors.versions(), versions);
}
