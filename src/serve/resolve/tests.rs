//! Tests of what a path means.

use super::*;

fn web() -> Web {
    Web::of_texts(
        "/sub",
        &[
            (
                "code",
                &["code/index.html", "404.html", "robots.txt", "about.html"],
                "/sub/old /sub/code 301\n/sub/about /sub/never 301\n/sub/code /sub/forced 302!\n",
            ),
            (
                "play",
                &[
                    "index.html",
                    "play/index.html",
                    "play/a b/index.html",
                    "play/app.js",
                    "404.html",
                    "robots.txt",
                    "_headers",
                    "play/.secret",
                    ".well-known/security.txt",
                    "_rb/play/tokens.css",
                ],
                "/sub/spa/* /sub/play/ 200\n/sub/gone /sub/404.html 404\n/sub/loop/* /sub/loop/:splat 200\n/sub/old /sub/late 301\n",
            ),
        ],
    )
}

fn has(bundle: &WebBundle, path: &str) -> bool {
    bundle.stamp(path).is_some()
}

fn found(below: &str) -> String {
    let web = web();
    match resolve(&web, below, &has) {
        Found::File {
            bundle,
            path,
            status,
        } => format!("{status} {}:{path}", web.bundles[bundle].app),
        Found::Moved { status, to } => format!("{status} -> {to}"),
        Found::Missing => "missing".to_string(),
    }
}

#[test]
fn pages_are_at_their_folders_and_files_at_their_names() {
    assert_eq!(found("/"), "200 play:index.html");
    assert_eq!(found("/play/"), "200 play:play/index.html");
    assert_eq!(found("/play"), "308 -> /sub/play/");
    assert_eq!(found("/play/a b"), "308 -> /sub/play/a%20b/");
    assert_eq!(found("/play/app.js"), "200 play:play/app.js");
    assert_eq!(found("/play/app.js/"), "missing");
    assert_eq!(found("/about.html"), "200 code:about.html");
    assert_eq!(found("/play//"), "missing");
    assert_eq!(found("//play/"), "missing");
}

#[test]
fn files_of_every_bundle_are_those_of_the_app_that_the_path_names() {
    assert_eq!(found("/robots.txt"), "200 code:robots.txt");
    assert_eq!(
        found("/_rb/play/tokens.css"),
        "200 play:_rb/play/tokens.css"
    );
}

#[test]
fn rules_and_hidden_files_are_not_served() {
    for path in ["/_headers", "/_redirects", "/play/.secret", "/.git/config"] {
        assert_eq!(found(path), "missing", "{path}");
    }
    assert_eq!(
        found("/.well-known/security.txt"),
        "200 play:.well-known/security.txt"
    );
}

#[test]
fn a_file_wins_over_a_redirect_that_is_not_forced() {
    assert_eq!(found("/about"), "200 code:about.html");
    assert_eq!(found("/code/"), "302 -> /sub/forced");
    assert_eq!(found("/old"), "301 -> /sub/code");
    assert_eq!(found("/spa/x/y"), "200 play:play/index.html");
    assert_eq!(found("/gone"), "404 play:404.html");
    assert_eq!(found("/loop/x"), "missing");
}

#[test]
fn odd_paths_are_no_paths() {
    for odd in [
        "/../x",
        "/a/%2e%2e/x",
        "/a/.%2E/x",
        "/a%2fb",
        "/a%5cb",
        "/a\\b",
        "/%00",
        "/%FF",
        "/a%0d%0ab",
        "x",
        "",
        "*",
    ] {
        assert_eq!(requested_path(odd), None, "{odd}");
    }
    // Decoded once: what is left is a name like any other.
    assert_eq!(
        requested_path("/%252e%252e/x").as_deref(),
        Some("/%2e%2e/x")
    );
    assert_eq!(requested_path("/a%20b/").as_deref(), Some("/a b/"));
}

#[test]
fn the_nearest_bundle_answers_for_what_is_missing() {
    let web = web();
    let nearest =
        |below: &str| nearest(&web, below, &has).map(|bundle| web.bundles[bundle].app.clone());
    assert_eq!(nearest("/play/a b/none").as_deref(), Some("play"));
    assert_eq!(nearest("/code/none/").as_deref(), Some("code"));
    assert_eq!(nearest("/none").as_deref(), Some("play"));
}
