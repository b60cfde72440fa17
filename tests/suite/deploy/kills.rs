//! A deploy that is killed leaves what is live whole, and the next one finds nothing in its way.

use super::Deployed;

/// Every point at which a deploy can be killed, where it makes a new release and removes an old one.
const POINTS: [&str; 13] = [
    "deploy-pending:1",
    "deploy-building:1",
    "deploy-deploying:1",
    "deploy-file:1",
    "deploy-file:4",
    "deploy-staged:1",
    "deploy-released:1",
    "deploy-pinned:1",
    "deploy-linked:1",
    "deploy-switched:1",
    "deploy-reusing:1",
    "deploy-retiring:1",
    // The build that a deploy begins with.
    "before-manifests:1",
];

#[track_caller]
fn kill_at(deployed: &Deployed, args: &[&str], point: &str) {
    let killed = deployed
        .site
        .command(args)
        .env("RBGEN_FAILPOINT", point)
        .output()
        .unwrap();
    assert_eq!(killed.status.code(), None, "{point} was not reached");
}

/// After the next deploy: it is live and whole, nothing else is there, and no record is open.
#[track_caller]
fn assert_complete(deployed: &Deployed, release: &str, what: &str) {
    assert_eq!(deployed.live().as_deref(), Some(release), "{what}");
    deployed.assert_whole(what);
    deployed.assert_swept(what);
    assert_eq!(deployed.releases(), [release], "{what}");
    let records = deployed.records();
    let open: Vec<_> = records
        .iter()
        .filter(|record| record["completed_at"].is_null())
        .collect();
    assert!(open.is_empty(), "{what}: {open:?}");
    let dead: Vec<_> = records
        .iter()
        .filter(|record| record["deploy_status"] == "failed")
        .collect();
    assert_eq!(dead.len(), 1, "{what}: {records:?}");
    let why = dead[0]["error_message"].as_str().unwrap();
    assert!(why.contains("ended before it was done"), "{what}: {why}");
}

#[test]
fn a_deploy_killed_at_any_point_leaves_the_site_whole() {
    let prepared = Deployed::keeping(1);
    // There is a spare, which becomes the next release.
    prepared.publish("zero");
    let first = prepared.publish("one");
    for point in POINTS {
        // The next deploy brings the same, or something else.
        for next in ["two", "three"] {
            let what = format!("killed at {point}, then {next}");
            let deployed = prepared.duplicate();
            deployed.mark("two");
            kill_at(&deployed, &["deploy"], point);
            deployed.assert_whole(&what);
            let mark = deployed.live_mark();
            let is_switched = ["deploy-switched:1", "deploy-retiring:1"].contains(&point);
            assert_eq!(mark, if is_switched { "two" } else { "one" }, "{what}");
            if !is_switched {
                assert_eq!(deployed.live().as_ref(), Some(&first), "{what}");
            }
            let release = deployed.publish(next);
            assert_eq!(deployed.live_mark(), next, "{what}");
            assert_complete(&deployed, &release, &what);
        }
    }
}

#[test]
fn a_first_deploy_killed_at_any_point_is_completed_by_the_next() {
    for point in POINTS {
        if [
            "deploy-reusing:1",
            "deploy-retiring:1",
            "before-manifests:1",
        ]
        .contains(&point)
        {
            continue;
        }
        let deployed = Deployed::keeping(1);
        deployed.mark("one");
        kill_at(&deployed, &["deploy"], point);
        if deployed.live().is_some() {
            deployed.assert_whole(point);
        }
        let release = deployed.publish("one");
        assert_complete(
            &deployed,
            &release,
            &format!("a first one killed at {point}"),
        );
    }
}

#[test]
fn a_deploy_killed_while_it_removes_releases_is_completed_by_the_next() {
    let deployed = Deployed::keeping(3);
    for mark in ["one", "two", "three"] {
        deployed.publish(mark);
    }
    let config = deployed.site.read("robbieblocks.toml");
    deployed
        .site
        .write("robbieblocks.toml", config.replace("keep = 3", "keep = 1"));
    deployed.mark("four");
    // One becomes the spare, and the others go.
    kill_at(&deployed, &["deploy"], "deploy-removing:1");
    assert_eq!(deployed.live_mark(), "four");
    deployed.assert_whole("killed");
    let release = deployed.publish("four");
    assert_complete(&deployed, &release, "after the kill");
}

#[test]
fn a_rollback_killed_at_any_point_leaves_one_release_or_the_other() {
    let prepared = Deployed::keeping(2);
    let first = prepared.publish("one");
    let second = prepared.publish("two");
    for (point, live, then) in [
        // Before anything has changed; when the pin is there, which the next deploy follows; after all.
        ("deploy-linked:1", &second, &second),
        ("deploy-pinned:1", &second, &first),
        ("deploy-linked:2", &second, &first),
        ("deploy-switched:1", &first, &first),
    ] {
        let deployed = prepared.duplicate();
        kill_at(&deployed, &["rollback"], point);
        deployed.assert_whole(point);
        assert_eq!(deployed.live().as_ref(), Some(live), "{point}");
        deployed.deploy(&[]);
        assert_eq!(deployed.live().as_ref(), Some(then), "{point}");
        deployed.assert_whole(point);
        deployed.assert_swept(point);
    }
}

#[test]
fn a_preview_killed_at_any_point_is_completed_by_the_next() {
    for point in [
        "deploy-file:2",
        "deploy-staged:1",
        "deploy-released:1",
        "deploy-linked:1",
    ] {
        let deployed = Deployed::keeping(1);
        let live = deployed.publish("one");
        deployed.mark("two");
        kill_at(&deployed, &["deploy", "--preview", "next"], point);
        assert_eq!(deployed.live().as_ref(), Some(&live), "{point}");
        deployed.deploy(&["--preview", "next"]);
        deployed.assert_swept(point);
        assert!(
            deployed.app("previews/next/play/index.html").is_file(),
            "{point}"
        );
    }
}
