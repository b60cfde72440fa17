//! Time and status as inputs of a build: conditions with `from` and `until`, drafts and archives.

use crate::harness::TestSite;

const TIMED: &str = r#"name = "Timed"
route = "/timed"
status = "published"

[[blocks]]
component = "hero"
props = { title = "Always" }

[[blocks]]
component = "hero"
props = { title = "In spring" }
conditions = { from = "2027-03-01T00:00:00Z", until = "2027-06-01T00:00:00+02:00" }

[[blocks]]
component = "hero"
props = { title = "Not in spring" }
conditions = { not = { from = 2027-03-01T00:00:00Z, until = 2027-06-01T00:00:00+02:00 } }
"#;

const OUTPUT: &str = "dist/one/play/timed/index.html";

#[test]
fn a_build_follows_the_time_it_is_given() {
    let site = TestSite::base();
    site.write("content/pages/play/timed.toml", TIMED);
    for (now, spring) in [
        ("2027-02-28T23:59:59Z", false),
        ("2027-03-01T00:00:00Z", true),
        ("2027-05-31T21:59:59Z", true),
        ("2027-05-31T22:00:00Z", false),
        ("2027-04-01T00:00:00Z", true),
    ] {
        site.build(&["--now", now]);
        let html = site.read(OUTPUT);
        assert!(html.contains("Always"), "{now}");
        assert_eq!(html.contains(">In spring"), spring, "{now}");
        assert_eq!(html.contains(">Not in spring"), !spring, "{now}");
    }
}

#[test]
fn only_a_boundary_makes_time_matter() {
    let site = TestSite::base();
    site.write("content/pages/play/timed.toml", TIMED);
    site.build(&["--now", "2027-03-02T00:00:00Z"]);
    let later = site.build(&["--now", "2027-05-02T00:00:00Z"]);
    assert_eq!(later.count("pages_rendered"), 0);
    let past = site.build(&["--now", "2028-01-01T00:00:00Z"]);
    assert_ne!(past.count("pages_rendered"), 0);
    assert_eq!(past.count("files_written"), 1);
}

#[test]
fn drafts_are_asked_for_and_archives_are_never_built() {
    let site = TestSite::base();
    for status in ["draft", "archived"] {
        let page = TIMED
            .replace("published", status)
            .replace("/timed", &format!("/{status}"));
        site.write(&format!("content/pages/play/{status}.toml"), page);
    }
    let has = |status: &str| {
        site.path(&format!("dist/one/play/{status}/index.html"))
            .exists()
    };
    site.build(&[]);
    assert!(!has("draft") && !has("archived"));
    site.build(&["--drafts"]);
    assert!(has("draft") && !has("archived"));
    let html = site.read("dist/one/play/draft/index.html");
    assert!(html.contains("noindex"));
    assert!(!site.read("dist/one/play/sitemap.xml").contains("/draft"));
    site.build(&[]);
    assert!(!has("draft"), "a draft goes when it is no longer asked for");
}
