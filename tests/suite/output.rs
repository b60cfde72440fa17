//! The output folder under bad circumstances: links, foreign files, interrupted and narrowed builds,
//! files that become folders.

use std::fs;
use std::os::unix::fs::symlink;

use crate::harness::{TestSite, assert_same, text};

const PAGE: &str = "name = \"Foo\"\nstatus = \"published\"\n[[blocks]]\ncomponent = \"hero\"\nprops = { title = \"Foo\" }\n";

/// A second node, so that a build can be narrowed.
fn two_nodes() -> TestSite {
    let site = TestSite::base();
    let node = site.read("content/nodes/one.toml");
    site.write("content/nodes/two.toml", node);
    site
}

fn from_nothing(site: &TestSite) -> crate::harness::Tree {
    let clean = site.duplicate();
    fs::remove_dir_all(clean.path("dist")).unwrap();
    clean.ok(&["build", "--force"]);
    clean.dist()
}

#[test]
fn a_narrowed_build_keeps_the_journal_of_a_killed_one() {
    let site = two_nodes();
    site.ok(&["build"]);
    site.write("content/pages/play/foo.toml", PAGE);
    let killed = site
        .command(&["build"])
        .env("RBGEN_FAILPOINT", "before-manifests:1")
        .output()
        .unwrap();
    assert_eq!(killed.status.code(), None);
    site.ok(&["build", "--node", "two"]);
    site.replace("content/pages/play/foo.toml", "\"Foo\" }", "\"Bar\" }");
    site.ok(&["build"]);
    assert_same(&from_nothing(&site), &site.dist(), "after an edit");
    site.remove("content/pages/play/foo.toml");
    site.ok(&["build"]);
    assert_same(&from_nothing(&site), &site.dist(), "after the page went");
}

#[test]
fn a_file_becomes_a_folder_and_a_folder_a_file() {
    let site = TestSite::base();
    site.write(
        "content/pages/play/foo.toml",
        format!("route = \"/foo\"\n{PAGE}"),
    );
    site.ok(&["build"]);
    site.remove("content/pages/play/foo.toml");
    site.write("static/foo", "a file");
    site.ok(&["build"]);
    assert_same(
        &from_nothing(&site),
        &site.dist(),
        "the folder became a file",
    );
    fs::remove_dir_all(site.path("static")).unwrap();
    site.write(
        "content/pages/play/foo.toml",
        format!("route = \"/foo\"\n{PAGE}"),
    );
    site.ok(&["build"]);
    assert_same(
        &from_nothing(&site),
        &site.dist(),
        "the file became a folder",
    );
}

#[test]
fn a_folder_with_a_foreign_file_is_not_replaced() {
    let site = TestSite::base();
    site.write(
        "content/pages/play/foo.toml",
        format!("route = \"/foo\"\n{PAGE}"),
    );
    site.ok(&["build"]);
    site.remove("content/pages/play/foo.toml");
    site.write("static/foo", "a file");
    site.write("dist/one/play/foo/mine.txt", "mine");
    let before = site.dist();
    let refused = site.run(&["build"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(text(&refused.stderr).contains("RB0702"));
    assert_same(&before, &site.dist(), "refused");
}

#[test]
fn what_a_user_put_where_a_killed_build_meant_to_write_stays() {
    let site = TestSite::base();
    site.ok(&["build"]);
    site.write("content/pages/play/foo.toml", PAGE);
    let killed = site
        .command(&["build"])
        .env("RBGEN_FAILPOINT", "before-rename:1")
        .output()
        .unwrap();
    assert_eq!(killed.status.code(), None);
    site.write("dist/one/play/play/foo/index.html", "mine");
    assert_eq!(site.run(&["build"]).status.code(), Some(1));
    assert_eq!(site.read("dist/one/play/play/foo/index.html"), "mine");
}

#[test]
fn nothing_is_written_through_links_in_the_work_folder() {
    for name in ["lock", "journal", "journal.new", "staged"] {
        let site = TestSite::base();
        site.ok(&["build"]);
        let victim = site.beside("victim");
        fs::write(&victim, "precious").unwrap();
        let link = site.path("dist/.rbgen").join(name);
        let _ = fs::remove_file(&link);
        let _ = fs::remove_dir_all(&link);
        symlink(&victim, &link).unwrap();
        site.write("content/pages/play/foo.toml", PAGE);
        let refused = site.run(&["build"]);
        assert_eq!(refused.status.code(), Some(1), "{name}");
        assert!(text(&refused.stderr).contains("RB0704"), "{name}");
        assert_eq!(fs::read_to_string(&victim).unwrap(), "precious", "{name}");
    }
}

#[test]
fn a_manifest_behind_a_link_is_not_removed() {
    let site = two_nodes();
    site.ok(&["build"]);
    let outside = site.beside("outside");
    fs::rename(site.path("dist/two"), &outside).unwrap();
    symlink(&outside, site.path("dist/two")).unwrap();
    site.remove("content/nodes/two.toml");
    site.ok(&["build"]);
    assert!(outside.join("play.json").is_file());
}

#[test]
fn the_output_is_never_inside_the_sources_by_way_of_a_link() {
    let site = TestSite::base();
    symlink(site.path("content"), site.beside("elsewhere")).unwrap();
    let out = site.beside("elsewhere").join("x");
    for out in [out.to_str().unwrap(), "themes/x", ".rbgen/x", "."] {
        let refused = site.run(&["build", "--out", out]);
        assert_eq!(refused.status.code(), Some(2), "{out}");
        assert!(text(&refused.stderr).contains("RB0705"), "{out}");
    }
    assert!(!site.path("content/x").exists());
}

#[test]
fn a_second_build_says_the_warnings_again() {
    let site = TestSite::base();
    site.write("content/nodes/one.js", "let x = 1;\n");
    let first = text(&site.ok(&["build"]).stderr);
    assert!(first.contains("RB0408"), "{first}");
    assert_eq!(first, text(&site.ok(&["build"]).stderr));
}

/// Where letter case is ignored, `Logo.svg` and `logo.svg` are one file; two links to one file stand
/// for that here.
#[test]
fn a_rename_in_case_alone_loses_nothing_where_case_is_ignored() {
    let site = TestSite::base();
    site.write("static/Logo.svg", "<svg/>");
    site.ok(&["build"]);
    fs::rename(site.path("static/Logo.svg"), site.path("static/logo.svg")).unwrap();
    let folder = site.path("dist/one/play");
    fs::hard_link(folder.join("Logo.svg"), folder.join("logo.svg")).unwrap();
    site.ok(&["build"]);
    assert!(folder.join("logo.svg").is_file() && folder.join("Logo.svg").is_file());
}
