//! Previews: shown under a name, hidden from search engines, apart from what is live.

use std::fs;

use super::{Deployed, document, mark_of};
use crate::harness::{text, tree};

#[test]
fn a_preview_is_shown_apart_from_what_is_live() {
    let deployed = Deployed::keeping(1);
    let live = deployed.publish("one");
    deployed.mark("two");
    let said = deployed.deploy(&["--preview", "next"]);
    let record = &said["deploys"][0];
    let hash = record["build_hash"].as_str().unwrap();
    assert_eq!(record["preview"], "next", "{said}");
    assert_eq!(record["release"], format!("{hash}.preview"), "{said}");
    assert_eq!(record["live"], live.as_str(), "{said}");
    assert_eq!(deployed.live(), Some(live.clone()));
    let shown = tree(&deployed.app("previews/next/"));
    assert_eq!(mark_of(&shown["play/index.html"]), "two");
    let headers = text(&shown["_headers"]);
    assert!(
        headers.starts_with("/*\n  X-Robots-Tag: noindex\n"),
        "{headers}"
    );
    assert_eq!(text(&shown["robots.txt"]), "User-agent: *\nAllow: /\n");
    // A crawler that is kept out would not see the header.
    assert!(!text(&tree(&deployed.app("current/"))["_headers"]).contains("noindex"));
    // Live under the same hash, with headers of its own.
    let second = deployed.deploy(&[]);
    assert_eq!(second["deploys"][0]["build_hash"], hash);
    assert_eq!(second["deploys"][0]["release"], hash);
    deployed.assert_whole("live after a preview of the same");
    deployed.assert_swept("live after a preview of the same");
    // It stays while it is named, however much is deployed, and goes with the first deploy after that.
    deployed.publish("three");
    deployed.publish("four");
    let preview = format!("{hash}.preview");
    assert!(
        deployed.releases().contains(&preview),
        "{:?}",
        deployed.releases()
    );
    let list = document(&deployed.site.ok(&["rollback", "--list", "--json"]));
    assert_eq!(list["targets"][0]["previews"]["next"], preview.as_str());
    let said = deployed.deploy(&["--preview", "next", "--remove"]);
    assert_eq!(
        said["removed"],
        serde_json::json!([{ "node": "one", "app": "play", "preview": "next" }])
    );
    assert!(fs::symlink_metadata(deployed.app("previews/next")).is_err());
    assert_eq!(deployed.live_mark(), "four");
    let again = deployed.rbgen(&["deploy", "--preview", "next", "--remove"]);
    assert_eq!(again.status.code(), Some(3));
    assert!(text(&again.stderr).contains("there is no preview `next`"));
    deployed.publish("five");
    assert_eq!(deployed.releases().len(), 1);
    deployed.assert_swept("at the end");
}

#[test]
fn a_preview_moves_on_and_names_are_file_names() {
    let deployed = Deployed::keeping(1);
    deployed.mark("one");
    // Also where nothing was ever live.
    deployed.deploy(&["--preview", "a"]);
    assert_eq!(deployed.live(), None);
    deployed.deploy(&["--preview", "b"]);
    deployed.mark("two");
    deployed.deploy(&["--preview", "a"]);
    let mark = |name: &str| {
        let page = deployed.app(&format!("previews/{name}/play/index.html"));
        mark_of(&fs::read(page).unwrap())
    };
    assert_eq!(
        (mark("a"), mark("b")),
        ("two".to_string(), "one".to_string())
    );
    deployed.assert_swept("two previews");
    let too_long = "x".repeat(64);
    for name in ["..", "../a", ".hidden", "a/b", "", "A B", too_long.as_str()] {
        let output = deployed.rbgen(&["deploy", "--preview", name]);
        assert_eq!(output.status.code(), Some(2), "{name}");
    }
    assert_eq!(deployed.releases().len(), 2);
}
