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
            "RB0104 { keep = 0 } | `deploy` needs `dir`",
            "RB0105 \"x.org\" | `x.org` is not allowed as `base_url`: it does not begin with `https://` or `http://`",
            "RB0105 \"vue\" | `vue` is no `runtime`: preact, react",
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
    ] {
        for text in [
            format!("[site]\nname = \"X\"\n[database.main]\n{line}\n"),
            format!(
                "site.name = \"X\"\ndatabase.main = {{ {} }}\n",
                line.replace('\n', ", ")
            ),
        ] {
            let (config, diagnostics) = config(&text);
            assert!(diagnostics.has_errors());
            let shown = format!("{config:?}");
            assert!(!shown.contains("hunter2"), "{shown}");
            for diagnostic in diagnostics {
                assert!(!diagnostic.message.contains("hunter2"));
                assert!(!diagnostic.hints.iter().any(|hint| hint.contains("hunter2")));
                let place = diagnostic.place.expect("a place");
                if diagnostic.code == crate::diag::code::SECRET_IN_FILE
                    && let Some(range) = locate(&place.path, &text, &place.spot)
                {
                    assert_eq!(&text[range], "[database.main]");
                }
            }
        }
    }
}
