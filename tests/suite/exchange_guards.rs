//! What a copy between files and rows must never do: overwrite, delete or forget what nobody asked it to.

use std::time::Duration;

use rbgen::db::{Address, Session};

use crate::exchange::Doors;
use crate::harness::{TestSite, assert_same, text, tree};

fn base() -> Doors {
    let doors = Doors::new(TestSite::base());
    doors.ok(&["import"]);
    doors
}

/// An export says this code and touches no file, whatever it may do.
#[track_caller]
fn assert_export_stops(doors: &Doors, code: &str, what: &str) {
    let before = tree(&doors.site.path("content"));
    for args in [&["export"][..], &["export", "--force", "--delete"]] {
        let output = doors.run(args);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{what}");
        assert!(said.contains(code), "{said}");
        assert_same(&before, &tree(&doors.site.path("content")), what);
    }
}

#[test]
fn files_that_cannot_be_read_are_not_taken_for_missing() {
    for path in [
        "content/pages/play/home.toml",
        "content/pages/play/notes.md",
        "content/components/hero.toml",
        "content/nodes/one.toml",
        "content/tokens/color.toml",
    ] {
        let doors = base();
        let mut bytes = doors.site.read(path).into_bytes();
        bytes.extend(b"\n# caf\xe9, my work\n");
        doors.site.write(path, &bytes);
        assert_export_stops(&doors, "RB0002", path);
    }
}

#[test]
fn what_two_files_say_stops_an_export() {
    let home = "name = \"Other\"\n\n[[blocks]]\ncomponent = \"hero\"\nprops = { title = \"x\" }\n";
    for (path, content) in [
        (
            "content/tokens/a.toml",
            "# my notes\ncolor.primary = \"#00FF00\"\n",
        ),
        ("content/pages/code/home.toml", home),
        (
            "content/pages/play/home.md",
            "+++\nname = \"Mine\"\n+++\nText\n",
        ),
    ] {
        let doors = base();
        doors.site.write(path, content);
        assert_export_stops(&doors, "RB0202", path);
    }
}

#[test]
fn a_file_that_belongs_to_nothing_is_not_overwritten() {
    let doors = base();
    doors.site.remove("content/components/hero.toml");
    doors.site.write("content/components/hero.html", "MY EDITS");
    let output = doors.run(&["export"]);
    assert_eq!(output.status.code(), Some(3), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("RB0702"));
    assert_eq!(doors.site.read("content/components/hero.html"), "MY EDITS");
    doors.ok(&["export", "--force"]);
    assert_ne!(doors.site.read("content/components/hero.html"), "MY EDITS");
}

#[test]
fn pages_that_move_are_never_in_two_files() {
    let doors = base();
    for number in 0..300 {
        let page = format!(
            "name = \"{number}\"\n# mine\n\n[[blocks]]\ncomponent = \"hero\"\nprops = {{ title = \"{number}\" }}\n"
        );
        doors
            .site
            .write(&format!("content/pages/play/p{number}.toml"), page);
    }
    doors.ok(&["import"]);
    doors
        .database
        .sql("UPDATE robbieblocks_pages SET app_namespace = 'code' WHERE page_key ~ '^p[0-9]+$'");
    for _ in 0..8 {
        let mut command = doors.site.command(&["export", "--force"]);
        let mut running = command
            .env("DATABASE_URL", doors.database.url())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(60));
        running.kill().unwrap();
        running.wait().unwrap();
        let pages = tree(&doors.site.path("content/pages"));
        let pages = pages.keys().filter(|path| path.contains("/p"));
        assert_eq!(pages.count(), 300);
    }
    doors.ok(&["export", "--force"]);
    assert!(
        doors
            .site
            .read("content/pages/code/p7.toml")
            .contains("# mine")
    );
    assert!(text(&doors.run(&["import"]).stdout).contains("nothing differs"));
}

#[test]
fn a_list_of_lists_loses_nothing() {
    let doors = base();
    let node = doors.site.read("content/nodes/one.toml");
    doors.database.sql(
        "UPDATE robbieblocks_node_branding SET enabled_apps = '{{play,a},{b,c}}', node_name = 'X'",
    );
    assert_eq!(doors.run(&["export", "--force"]).status.code(), Some(1));
    assert_eq!(doors.site.read("content/nodes/one.toml"), node);
    let output = doors.run(&["import", "--dry-run"]);
    assert_eq!(output.status.code(), Some(3), "{}", text(&output.stdout));
    assert!(text(&output.stdout).contains("~ node one"));
    let apps = "SELECT enabled_apps FROM robbieblocks_node_branding";
    assert_eq!(doors.database.sql(apps), "{{play,a},{b,c}}");
}

#[test]
fn columns_of_another_type_are_not_read_as_nothing() {
    for (statement, named) in [
        (
            "ALTER TABLE robbieblocks_page_blocks ALTER block_order TYPE bigint",
            "robbieblocks_page_blocks.block_order",
        ),
        (
            "ALTER TABLE robbieblocks_components ALTER is_published DROP DEFAULT, \
             ALTER is_published TYPE text",
            "robbieblocks_components.is_published",
        ),
        (
            "ALTER TABLE robbieblocks_style_tokens ALTER description TYPE jsonb \
             USING to_jsonb(description)",
            "robbieblocks_style_tokens.description",
        ),
    ] {
        let doors = base();
        doors.database.sql(statement);
        for args in [
            &["check", "--from", "db"][..],
            &["export", "--force"],
            &["import", "--force"],
        ] {
            let output = doors.run(args);
            assert_eq!(
                output.status.code(),
                Some(3),
                "{args:?}: {}",
                text(&output.stderr)
            );
            let said = text(&output.stderr);
            assert!(said.contains("RB0910") && said.contains(named), "{said}");
        }
    }
}

#[test]
fn tables_of_two_schemas_are_not_mixed() {
    let doors = base();
    doors.database.sql(
        "CREATE SCHEMA other; CREATE TABLE other.robbieblocks_pages (LIKE robbieblocks_pages INCLUDING ALL)",
    );
    let name = &doors.database.name;
    doors.database.sql(&format!(
        "ALTER DATABASE {name} SET search_path = other, public"
    ));
    for args in [
        &["import"][..],
        &["export", "--delete"],
        &["build", "--from", "db"],
    ] {
        let output = doors.run(args);
        assert_eq!(
            output.status.code(),
            Some(3),
            "{args:?}: {}",
            text(&output.stderr)
        );
        assert!(
            text(&output.stderr).contains("RB0910"),
            "{}",
            text(&output.stderr)
        );
    }
}

#[test]
fn an_import_waits_for_other_writers_and_sees_what_they_wrote() {
    let doors = base();
    let path = "content/pages/play/home.toml";
    doors
        .site
        .replace(path, "name = \"Home\"", "name = \"From the file\"");
    doors.ok(&["import", "--force"]);
    let address = Address::parse(&doors.database.url()).unwrap();
    let mut other = Session::open(&address).unwrap();
    other
        .run("BEGIN; UPDATE robbieblocks_pages SET page_name = 'From psql' WHERE page_key = 'home'")
        .unwrap();
    let mut command = doors.site.command(&["import"]);
    let waiting = command
        .env("DATABASE_URL", doors.database.url())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let locks = "SELECT count(*) FROM pg_locks WHERE NOT granted AND database = \
                 (SELECT oid FROM pg_database WHERE datname = current_database())";
    while doors.database.sql(locks) == "0" {
        std::thread::sleep(Duration::from_millis(10));
    }
    other.run("COMMIT").unwrap();
    let output = waiting.wait_with_output().unwrap();
    // It read after it had the lock: the other change is seen, and not overwritten.
    assert_eq!(output.status.code(), Some(3), "{}", text(&output.stdout));
    assert!(text(&output.stdout).contains("\"From psql\" → \"From the file\""));
    let name = "SELECT page_name FROM robbieblocks_pages WHERE page_key = 'home'";
    assert_eq!(doors.database.sql(name), "From psql");
}

#[test]
fn kept_texts_lead_nowhere_else() {
    let doors = base();
    doors.database.sql(
        "INSERT INTO robbieblocks_sources (path, text) VALUES
           ('content/pages/../../../escape.toml', 'name = \"X\"'),
           ('content/pages/play/.git/config', 'x'), ('robbieblocks.toml', 'x'),
           ('content/tokens/../../x.toml', '# nothing'), ('content/tokens/.hidden.toml', '# nothing')
         ON CONFLICT (path) DO UPDATE SET text = excluded.text",
    );
    let config = doors.site.read("robbieblocks.toml");
    let before = tree(&doors.site.path("content"));
    doors.site.remove("content");
    doors.ok(&["export"]);
    assert_same(&before, &tree(&doors.site.path("content")), "a new folder");
    assert_eq!(doors.site.read("robbieblocks.toml"), config);
    assert!(!doors.site.beside("escape.toml").exists() && !doors.site.path("x.toml").exists());
}

#[test]
fn blocks_change_places_also_where_their_numbers_are_checked_at_once() {
    let doors = base();
    let path = "content/pages/play/home.toml";
    let block = |key: &str| {
        format!(
            "\n[[blocks]]\nkey = \"{key}\"\ncomponent = \"hero\"\nprops = {{ title = \"x\" }}\n"
        )
    };
    let page = |keys: &[&str]| {
        let blocks: String = keys.iter().map(|key| block(key)).collect();
        format!("name = \"Home\"\nroute = \"/play\"\nstatus = \"published\"\n{blocks}")
    };
    doors.site.write(path, page(&["a", "b", "c", "d"]));
    doors.ok(&["import", "--force"]);
    doors.database.sql(
        "ALTER TABLE robbieblocks_page_blocks
           DROP CONSTRAINT robbieblocks_page_blocks_page_id_block_order_key;
         ALTER TABLE robbieblocks_page_blocks ADD UNIQUE (page_id, block_order)",
    );
    doors.site.write(path, page(&["d", "b", "new", "a"]));
    doors.ok(&["import", "--force"]);
    let keys = "SELECT string_agg(block_key, ' ' ORDER BY block_order) FROM robbieblocks_page_blocks \
                JOIN robbieblocks_pages AS page ON page.id = page_id WHERE page_key = 'home'";
    assert_eq!(doors.database.sql(keys), "d b new a");
}

#[test]
fn a_component_that_a_row_still_uses_is_not_deleted() {
    let doors = base();
    doors.database.sql(
        "INSERT INTO robbieblocks_components (component_key, component_name, component_type, template, props_schema)
         VALUES ('extra', 'Extra', 'ui', 'x', '{}');
         INSERT INTO robbieblocks_page_blocks (component_id, block_order, zone)
         SELECT id, 1, 'main' FROM robbieblocks_components WHERE component_key = 'extra'",
    );
    let output = doors.run(&["import", "--delete"]);
    assert_eq!(output.status.code(), Some(4), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("the component `extra` cannot go"));
    assert_eq!(
        doors
            .database
            .sql("SELECT count(*) FROM robbieblocks_components WHERE component_key = 'extra'"),
        "1"
    );
}

#[test]
fn files_that_no_site_can_be_built_from_are_said_to_be_so() {
    let doors = base();
    doors
        .database
        .sql("UPDATE robbieblocks_pages SET layout_template = 'nowhere' WHERE page_key = 'home'");
    let output = doors.run(&["export", "--force"]);
    assert!(output.status.success());
    let said = text(&output.stderr);
    assert!(said.contains("the files have 1 error now"), "{said}");
}

#[test]
fn a_database_that_is_not_named_or_not_set_is_told() {
    let doors = base();
    for (args, code, words) in [
        (&["import", "mian"][..], "RB0901", "did you mean `main`?"),
        (&["build", "--from", "db=other"], "RB0901", "it has `main`"),
    ] {
        let output = doors.run(args);
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        let said = text(&output.stderr);
        assert!(said.contains(code) && said.contains(words), "{said}");
    }
    for args in [
        &["migrate"][..],
        &["import"],
        &["export"],
        &["check", "--from", "db"],
    ] {
        let output = doors
            .site
            .command(args)
            .env_remove("DATABASE_URL")
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        let said = text(&output.stderr);
        assert!(
            said.contains("RB0902") && said.contains("`DATABASE_URL`"),
            "{said}"
        );
    }
    let usage = doors.run(&["build", "--from", "main"]);
    assert_eq!(usage.status.code(), Some(2));
    assert!(
        text(&usage.stderr).contains("did you mean `db=main`?"),
        "{}",
        text(&usage.stderr)
    );
}

#[test]
fn long_texts_and_every_nothing_pass_through_files() {
    let doors = base();
    doors.database.sql(
        r#"UPDATE robbieblocks_page_blocks SET props = jsonb_build_object('title',
             repeat(E'a \u00e9 \U0001F422 \U000E0001 \uFFFD "\\ $ \t {{ x }}\r\n', 300000));
           UPDATE robbieblocks_pages SET meta_title = '', meta_description = NULL,
             metadata = '{"a": null, "b": 1.50, "c": 1e400, "d": -0, "e": 12345678901234567890123,
                          "$ref": "x", "f": {"$null": true}, "g": [[[]]], "h": ""}';
           UPDATE robbieblocks_components SET css_styles = '', dependencies = '{a,NULL,b}',
             preview_url = '' WHERE component_key = 'hero';
           UPDATE robbieblocks_components SET css_styles = NULL, dependencies = NULL, metadata = NULL
             WHERE component_key = 'markdown';
           UPDATE robbieblocks_style_tokens SET description = '' WHERE token_key = 'color.text';
           UPDATE robbieblocks_node_branding SET custom_css = '', enabled_apps = '{play,NULL}';
           DELETE FROM robbieblocks_sources"#,
    );
    let size = "SELECT max(octet_length(props ->> 'title')) FROM robbieblocks_page_blocks";
    assert!(doors.database.sql(size).parse::<u64>().unwrap() > 10_000_000);
    let before = doors.versions();
    doors.site.remove("content");
    doors.ok(&["export"]);
    let files = tree(&doors.site.path("content"));
    let output = doors.run(&["import", "--json"]);
    let said = text(&output.stdout);
    assert!(output.status.success(), "{said:.2000}");
    let said: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!(said["differences"], serde_json::json!([]));
    let sources = |versions: &str| -> Vec<String> {
        let lines = versions.lines().filter(|line| !line.starts_with("sources"));
        lines.map(str::to_string).collect()
    };
    assert_eq!(sources(&before), sources(&doors.versions()));
    doors.ok(&["export"]);
    assert_same(&files, &tree(&doors.site.path("content")), "exported again");
}
