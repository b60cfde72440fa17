//! Good and bad configurations, and the secrets that they must not have.

use super::*;

#[test]
fn a_configuration() {
    let text = r#"
[site]
name = "Robbieverse"
[build]
output = "out/"
targets = ["last 1 version"]
[react]
[database.main]
url_env = "DATABASE_URL"
[node.vengeance-local]
base_url = "https://play.example.org/"
theme = "dark"
allow_scripts = true
deploy = { dir = "/srv/vengeance" }
"#;
    let (config, diagnostics) = config(text);
    assert!(diagnostics.is_empty(), "{:?}", found(text, &diagnostics));
    let config = config.expect("sound");
    assert_eq!(config.site.language, "en");
    assert_eq!(config.site.theme, "base");
    assert_eq!(config.build.output, "out");
    assert!(!config.build.drafts);
    assert!(config.markdown.highlight && !config.markdown.smart_punctuation);
    assert_eq!(config.react.as_ref().expect("react").runtime, "preact");
    assert_eq!(config.databases["main"].url_env, "DATABASE_URL");
    let node = &config.nodes["vengeance-local"];
    assert_eq!(node.base_url.as_deref(), Some("https://play.example.org"));
    assert_eq!(node.deploy.as_ref().expect("deploy").keep, 5);
    assert!(node.allow_scripts);
    assert_eq!(config.theme_of("vengeance-local"), "dark");
}

#[test]
fn a_bad_configuration_still_gives_defaults() {
    let text = r#"
[site]
name = "X"
language = "en_GB"
[build]
output = "content/out"
targets = []
[nodes.x]
[node.X]
deploy = { keep = 0 }
base_url = "x.org"
[react]
runtime = "vue"
"#;
    let (config, diagnostics) = config(text);
    assert_eq!(
        found(text, &diagnostics),
        [
            "RB0105 \"en_GB\" | `en_GB` is not allowed as `language`: it is no BCP 47 language tag",
            "RB0705 \"content/out\" | `content/out` is not allowed as `output`: `content` has a part of the site that is not output",
            "RB0102 nodes | robbieblocks.toml has no key `nodes`",
            "RB0201 X | `X` is not allowed as `node`: it must begin with a small letter or a digit",
            "RB0105 0 | `keep` must be at least 1",
            "RB0105 \"x.org\" | `x.org` is not allowed as `base_url`: it does not begin with `https://` or `http://`",
            "RB0105 \"vue\" | `vue` is no `runtime`: preact, react",
            "RB0104 { keep = 0 } | `deploy` needs `dir`, `archives` or `s3`",
        ]
    );
    let config = config.expect("defaults");
    assert_eq!(config.build.output, "dist");
    assert_eq!(config.site.language, "en");
    assert_eq!(config.react.expect("react").runtime, "preact");
    assert_eq!(config.nodes["X"].base_url, None);
}

#[test]
fn a_secret_is_neither_repeated_nor_pointed_at() {
    for line in [
        "url_env = \"postgres://me:hunter2@db/x\"",
        "url = \"postgres://me:hunter2@db/x\"\nurl_env = \"A\"",
        "url_env = \"host=db password=hunter2\"",
        "password = \"hunter2\"\nurl_env = \"A\"",
        "url_env = \"hunter2!\"",
        "url_env = [\"hunter2\"]",
        "url_env = postgres://me:hunter2@db/x",
        "url_env = { x = \"postgres://me:hunter2@db/x\" }",
        "pass = \"hunter2\"\nurl_env = \"A\"",
        "token = \"hunter2\"\nurl_env = \"A\"",
        "pgpass = hunter2",
        "uri: \"postgres://me:hunter2@db/x\"",
        "\"postgres://me:hunter2@db/x\" = 1\nurl_env = \"A\"",
        "\"hunter2!\" = 1\n\"hunter2!\" = 1",
        "hunter2",
    ] {
        for text in [
            format!("[site]\nname = \"X\"\n[database.main]\n{line}\n"),
            format!("[site]\nname = \"X\"\n[database]\n{line}\n"),
            format!(
                "site.name = \"X\"\ndatabase.main = {{ {} }}\n",
                line.replace('\n', ", ")
            ),
        ] {
            nothing_secret(&text);
        }
    }
    for line in [
        "[database.\"postgres://me:hunter2@db/x\"]\nurl_env = \"A\"",
        "[database.\"host=db password=hunter2\"]\nurl_env = \"A\"",
        "[database]\n\"host=db password=hunter2\" = 1",
        "[node.x]\nbase_url = \"https://me:hunter2@x.org\"",
        "[node.x]\ndeploy = \"ssh://me:hunter2@x.org\"",
        "[node.x]\ndeploy = { dir = \"x\", key = \"hunter2\" }",
        "[node.x]\ntheme = \"https://me:hunter2@x.org\"",
        "[node.\"https://me:hunter2@x.org\"]\ntheme = 3",
        "[react]\nruntime = \"postgres://me:hunter2@x.org\"",
        "[databse.main]\nmain = hunter2",
    ] {
        nothing_secret(&format!("[site]\nname = \"X\"\n{line}\n"));
    }
    for line in [
        "database = \"postgres://me:hunter2@db/x\"",
        "database = \"hunter2\"",
        "database = [\n \"hunter2\",\n]",
        "\"database\".main = \"hunter2\"",
    ] {
        nothing_secret(&format!("{line}\n[site]\nname = \"X\"\n"));
    }
}

/// Neither the words of its diagnostics nor the lines that are shown with them have the secret.
fn nothing_secret(text: &str) {
    let (config, diagnostics) = config(text);
    assert!(diagnostics.has_errors(), "{text}");
    let databases =
        config.map(|config| format!("{:?} {:?}", config.databases, config.nodes.keys()));
    assert!(
        !databases.is_some_and(|shown| shown.contains("hunter2")),
        "{text}"
    );
    for diagnostic in diagnostics {
        for words in diagnostic.hints.iter().chain([&diagnostic.message]) {
            assert!(!redacted(words).contains("hunter2"), "{text}\n{words}");
        }
        let place = diagnostic.place.expect("a place");
        let Some(range) = locate(&place.path, text, &place.spot) else {
            continue;
        };
        let line_start = text[..range.start].rfind('\n').map_or(0, |at| at + 1);
        let line = text[line_start..].lines().next().unwrap_or_default();
        let hidden = !may_show(&place.path, text, range.start);
        assert!(hidden || !line.contains("hunter2"), "{text}\n{line}");
    }
}

#[test]
fn an_address_is_called_a_secret_wherever_it_stands() {
    for text in [
        "[site]\nname = \"X\"\n[database.main]\nurl_env = [\"postgres://u:p@h\"]\n",
        "[site]\nname = \"X\"\n[database]\nmain = \"postgres://u:p@h\"\n",
        "database = \"postgres://u:p@h\"\n[site]\nname = \"X\"\n",
        "[site]\nname = \"X\"\n[database.\"postgres://u:p@h\"]\nurl_env = \"A\"\n",
    ] {
        let codes: Vec<_> = config(text).1.iter().map(|found| found.code).collect();
        assert_eq!(codes, [crate::diag::code::SECRET_IN_FILE], "{text}");
    }
}
