//! Rows that nobody should have written: each is told by table and key, and the rest of the site is
//! unharmed.

use serde_json::Value;

use crate::exchange::Doors;
use crate::harness::{TestSite, text};

/// The base site in a database without the rules that a new one has: as in one that was adopted with
/// rows that break them.
fn without_rules() -> Doors {
    let doors = Doors::new(TestSite::base());
    doors.ok(&["import"]);
    doors.database.sql(
        "DO $$ DECLARE rule record; BEGIN
           FOR rule IN SELECT conrelid::regclass AS place, conname FROM pg_constraint
             WHERE contype = 'c' AND conrelid::regclass::text LIKE 'robbieblocks_%'
           LOOP EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', rule.place, rule.conname);
           END LOOP; END $$",
    );
    doors
}

const PAGE: &str = "INSERT INTO robbieblocks_pages (page_key, app_namespace, page_name, page_route, \
                    layout_template, status) VALUES ";

const BLOCK: &str = "INSERT INTO robbieblocks_page_blocks (page_id, component_id, block_order, zone, \
                     props) SELECT page.id, component.id, 77, 'main', ";

fn block(props: &str, page: &str, component: &str) -> String {
    format!(
        "{BLOCK} '{props}' FROM robbieblocks_pages AS page, robbieblocks_components AS component \
         WHERE page_key = '{page}' AND component_key = '{component}'"
    )
}

fn component(key: &str, published: bool, template: &str) -> String {
    format!(
        "INSERT INTO robbieblocks_components (component_key, component_name, component_type, \
         template, props_schema, is_published) VALUES ('{key}', 'X', 'ui', $t${template}$t$, '{{}}', \
         {published})"
    )
}

#[test]
fn hostile_rows_are_told_by_table_and_key() {
    let long = "k".repeat(300);
    let cases: Vec<(String, String, &str, &str)> = vec![
        (
            format!("{PAGE} ('..', 'play', 'X', '/x', 'single-column', 'draft')"),
            "robbieblocks_pages/..".into(),
            "RB0201",
            "dots for a key",
        ),
        (
            format!("{PAGE} ('../../etc/passwd', 'play', 'X', '/x', 'single-column', 'draft')"),
            "robbieblocks_pages/../../etc/passwd".into(),
            "RB0201",
            "a path for a key",
        ),
        (
            format!("{PAGE} (E'home\\x01', 'play', 'X', '/x', 'single-column', 'draft')"),
            "robbieblocks_pages/home\\u{1}".into(),
            "RB0201",
            "a control character",
        ),
        (
            format!("{PAGE} ('Home', 'play', 'X', '/x', 'single-column', 'draft')"),
            "robbieblocks_pages/Home".into(),
            "RB0201",
            "another letter case",
        ),
        (
            format!(
                "ALTER TABLE robbieblocks_pages ALTER page_key TYPE text; \
                 {PAGE} ('{long}', 'play', 'X', '/x', 'single-column', 'draft')"
            ),
            format!("robbieblocks_pages/{long}"),
            "RB0106",
            "a long key",
        ),
        (
            format!("{PAGE} ('x', 'play', 'X', '/a/../b', 'single-column', 'draft')"),
            "robbieblocks_pages/x".into(),
            "RB0203",
            "a route with dots",
        ),
        (
            format!("{PAGE} ('x', 'play', 'X', E'/a\\\\b', 'single-column', 'draft')"),
            "robbieblocks_pages/x".into(),
            "RB0203",
            "a route with a backslash",
        ),
        (
            format!("{PAGE} ('x', 'a/b', 'X', '/x', 'single-column', 'draft')"),
            "robbieblocks_pages/x".into(),
            "RB0201",
            "a slash in an app",
        ),
        (
            format!("{PAGE} ('x', 'play', 'X', '/x', 'nowhere', 'published')"),
            "robbieblocks_pages/x".into(),
            "RB0205",
            "an unknown layout",
        ),
        (
            format!(
                "{PAGE} ('x', 'play', 'X', '/same', 'single-column', 'published'), \
                 ('y', 'play', 'Y', '/SAME', 'single-column', 'published')"
            ),
            "robbieblocks_pages/y".into(),
            "RB0204",
            "routes of two letter cases",
        ),
        (
            format!("{PAGE} ('x', 'play', 'X', '/x', 'single-column', 'published')"),
            "robbieblocks_pages/x".into(),
            "RB0210",
            "a page without blocks",
        ),
        (
            "UPDATE robbieblocks_node_branding SET style_overrides = '[1]'".into(),
            "robbieblocks_node_branding/one".into(),
            "RB0103",
            "an array of overrides",
        ),
        (
            "UPDATE robbieblocks_node_branding SET style_overrides = '{\"color.primary\": 7}'"
                .into(),
            "robbieblocks_node_branding/one".into(),
            "RB0103",
            "an override that is a number",
        ),
        (
            "UPDATE robbieblocks_node_branding SET enabled_apps = '{{play},{work}}'".into(),
            "robbieblocks_node_branding/one".into(),
            "RB0103",
            "apps in two dimensions",
        ),
        (
            "UPDATE robbieblocks_style_tokens SET default_value = 'red; } body { display: none' WHERE token_key = 'color.primary'"
                .into(),
            "robbieblocks_style_tokens/color.primary".into(),
            "RB0401",
            "a value that closes the rule",
        ),
        (
            block("{\"title\": 5}", "home", "hero"),
            "robbieblocks_pages/home".into(),
            "RB0302",
            "props against the schema",
        ),
        (
            block("[1, 2]", "home", "hero"),
            "robbieblocks_pages/home".into(),
            "RB0103",
            "props that are a list",
        ),
        (
            format!(
                "{}; {}",
                component("hidden", false, "x"),
                block("{}", "home", "hidden")
            ),
            "robbieblocks_pages/home".into(),
            "RB0304",
            "an unpublished component",
        ),
        (
            "INSERT INTO robbieblocks_page_blocks (page_id, block_order, zone) \
             SELECT id, 78, 'main' FROM robbieblocks_pages WHERE page_key = 'home'"
                .into(),
            "robbieblocks_pages/home".into(),
            "RB0104",
            "a block without a component",
        ),
        (
            format!(
                "{}; {}",
                component(
                    "endless",
                    true,
                    "{% for i in range(100000) %}{% for j in range(100000) %}x{% endfor %}{% endfor %}"
                ),
                block("{}", "home", "endless")
            ),
            "robbieblocks_components/endless".into(),
            "RB0506",
            "a template that loops",
        ),
        (
            format!(
                "{}; {}",
                component("self", true, "{% include \"components/self.html\" %}"),
                block("{}", "home", "self")
            ),
            "robbieblocks_components/self".into(),
            "RB0506",
            "a template that includes itself",
        ),
        (
            format!(
                "UPDATE robbieblocks_pages SET metadata = '{}{}' WHERE page_key = 'home'",
                "{\"a\":".repeat(3000),
                format_args!("1{}", "}".repeat(3000))
            ),
            "robbieblocks_pages/home".into(),
            "RB0108",
            "nesting without an end",
        ),
    ];
    let doors = without_rules();
    doors.ok(&["build", "--from", "db"]);
    let dist = doors.site.dist();
    for (statement, place, code, what) in cases {
        // Every case begins with the same rows.
        let database = doors.copy();
        database.database.sql(&statement);
        let output = database.run(&["check", "--from", "db", "--json"]);
        let found: Value = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|_| panic!("{what}: {}", text(&output.stderr)));
        let told = found["diagnostics"].as_array().unwrap();
        let is_told = |told: &Value| told["code"] == code && told["path"] == place.as_str();
        assert!(
            told.iter().any(is_told),
            "{what}: {code} at {place} in {told:#?}"
        );
        let others: Vec<&Value> = told
            .iter()
            .filter(|told| told["path"] != place.as_str() && told["severity"] == "error")
            .collect();
        // Routes are between two rows, and a layout is also missed where it is rendered.
        assert!(
            others.is_empty() || ["RB0204", "RB0205"].contains(&code),
            "{what}: {others:#?}"
        );
        let people = database.run(&["check", "--from", "db"]);
        assert!(
            !text(&people.stderr).contains("root:x:"),
            "{what}: a file was shown"
        );
        let built = database.run(&["build", "--from", "db"]);
        if built.status.code() == Some(1) {
            assert_eq!(database.site.dist(), dist, "{what}");
        } else {
            assert!(code == "RB0210", "{what}: {}", text(&built.stderr));
        }
    }
}

#[test]
fn what_is_no_table_is_told() {
    let doors = Doors::new(TestSite::base());
    doors.ok(&["import"]);
    doors.database.sql(
        "ALTER TABLE robbieblocks_style_tokens RENAME TO somewhere; \
         CREATE VIEW robbieblocks_style_tokens AS SELECT * FROM somewhere",
    );
    for args in [
        &["build", "--from", "db"][..],
        &["import"],
        &["export"],
        &["migrate"],
    ] {
        let output = doors.run(args);
        let said = text(&output.stderr);
        assert!(!output.status.success(), "{args:?}");
        assert!(
            said.contains("RB0910") && said.contains("robbieblocks_style_tokens"),
            "{said}"
        );
    }
}

#[test]
fn an_export_leaves_out_what_is_broken_and_its_files() {
    let doors = without_rules();
    let home = doors.site.read("content/pages/play/home.toml");
    doors.database.sql(&format!(
        "UPDATE robbieblocks_pages SET page_route = '/../x', page_name = 'Changed' WHERE page_key = 'home'; \
         {PAGE} ('../../../escape', 'play', 'X', '/x', 'single-column', 'draft'), \
                ('new', 'play', 'New', '/play/new', 'single-column', 'draft'); \
         INSERT INTO robbieblocks_sources (path, text) VALUES \
           ('content/pages/../../../../escape.toml', 'name = \"X\"'), \
           ('content/pages/play/.git/config', 'x'), ('robbieblocks.toml', 'x')"
    ));
    let output = doors.run(&["export", "--force", "--delete"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("robbieblocks_pages/home, page_route"));
    assert_eq!(doors.site.read("content/pages/play/home.toml"), home);
    assert!(
        doors
            .site
            .read("content/pages/play/new.toml")
            .contains("name = \"New\"")
    );
    assert!(!doors.site.beside("escape.toml").exists());
    let files = crate::harness::tree(&doors.site.path("content"));
    assert!(
        files
            .keys()
            .all(|path| !path.contains("escape") && !path.contains(".git"))
    );
}

#[test]
fn a_template_that_takes_all_memory_is_stopped_and_named() {
    let doors = without_rules();
    doors.ok(&["build", "--from", "db"]);
    let dist = doors.site.dist();
    // A kilobyte, doubled thirty times, is a terabyte.
    let bomb = format!(
        "{{% set ns = namespace(x=\"{}\") %}}{{% for i in range(30) %}}{{% set ns.x = ns.x ~ ns.x %}}{{% endfor %}}{{{{ ns.x|length }}}}",
        "x".repeat(1024)
    );
    doors.database.sql(&component("bomb", true, &bomb));
    doors.database.sql(&block("{}", "home", "bomb"));
    for args in [
        &["build", "--from", "db", "--json"][..],
        &["check", "--from", "db", "--json"],
    ] {
        let output = doors.run(args);
        assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
        let said: Value = serde_json::from_slice(&output.stdout).unwrap();
        let told = &said["diagnostics"][0];
        assert_eq!(told["code"], "RB0506");
        assert_eq!(told["path"], "robbieblocks_components/bomb");
        assert_eq!(doors.site.dist(), dist);
    }
    doors
        .database
        .sql("DELETE FROM robbieblocks_page_blocks WHERE block_order = 77");
    doors.ok(&["build", "--from", "db"]);
    assert_eq!(doors.site.dist(), dist);
}
