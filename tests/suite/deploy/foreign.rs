//! What somebody else put where a deploy would write is told, and stays as it is.

use std::fs;

use rbgen::deploy::open_target;
use rbgen::diag::code;
use rbgen::model::TargetConfig;

use super::{Deployed, document};
use crate::harness::{assert_same, symlink, text, tree};

/// A deploy that must find something in its way, and what it said.
#[track_caller]
fn assert_refused(deployed: &Deployed, what: &str) -> String {
    let before = tree(&deployed.target());
    let output = deployed.rbgen(&["deploy", "--json"]);
    assert_eq!(
        output.status.code(),
        Some(3),
        "{what}: {}",
        text(&output.stderr)
    );
    assert_same(&before, &tree(&deployed.target()), what);
    let said = document(&output);
    assert_eq!(said["diagnostics"][0]["code"], "RB1003", "{what}: {said}");
    assert_eq!(said["deploys"][0]["status"], "failed", "{what}: {said}");
    let record = deployed.records().pop().unwrap();
    assert_eq!(record["deploy_status"], "failed", "{what}");
    assert_eq!(
        record["error_message"], said["diagnostics"][0]["message"],
        "{what}"
    );
    record["error_message"].as_str().unwrap().to_string()
}

#[test]
fn what_somebody_put_there_stays() {
    for (place, is_folder) in [
        ("play/current", true),
        ("play/current", false),
        ("play/pinned", true),
        ("play/previews/mine", false),
        ("play/previews", false),
        ("play/releases", false),
        ("play", false),
        (".rbgen", false),
    ] {
        let deployed = Deployed::keeping(2);
        let path = deployed.target().join(place);
        match is_folder {
            true => {
                fs::create_dir_all(&path).unwrap();
                fs::write(path.join("index.html"), "mine").unwrap();
            }
            false => {
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(&path, "mine").unwrap();
            }
        }
        let why = assert_refused(&deployed, place);
        assert!(
            why.contains(&format!("srv/{place}` is in the way")),
            "{why}"
        );
        // Out of the way, all goes well.
        fs::rename(&path, deployed.site.beside("away")).unwrap();
        deployed.deploy(&[]);
        deployed.assert_whole(place);
    }
}

#[test]
fn no_link_is_followed_out_of_the_target() {
    for (place, to) in [
        ("play", "../elsewhere"),
        ("play/releases", "../../elsewhere"),
        ("play/current", "../../elsewhere"),
        ("play/current", "releases/../../.."),
        (".rbgen", "../elsewhere"),
    ] {
        let deployed = Deployed::keeping(2);
        let elsewhere = deployed.site.beside("elsewhere");
        fs::create_dir_all(elsewhere.join("releases")).unwrap();
        // What would be swept up within the target.
        let manifest = format!("{}.json", "0".repeat(64));
        for name in [".mine.new", &manifest] {
            fs::write(elsewhere.join(name), "mine").unwrap();
            fs::write(elsewhere.join("releases").join(name), "mine").unwrap();
        }
        let before = tree(&elsewhere);
        let path = deployed.target().join(place);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        symlink(to.as_ref(), &path);
        let why = assert_refused(&deployed, &format!("{place} -> {to}"));
        assert!(why.contains("is in the way"), "{why}");
        assert_same(&before, &tree(&elsewhere), place);
    }
}

#[test]
fn a_target_of_another_node_is_not_taken() {
    let deployed = Deployed::keeping(2);
    deployed.publish("one");
    fs::write(deployed.target().join(".rbgen/node"), "two\n").unwrap();
    deployed.mark("two");
    let why = assert_refused(&deployed, "another node's");
    assert_eq!(
        why,
        "the target has the releases of the node `two`, and not of `one`"
    );
}

#[test]
fn two_nodes_cannot_have_one_target() {
    // Written alike, and not.
    for other in ["../srv", "../srv/.", "../site/../srv", "../new/../srv"] {
        let deployed = Deployed::keeping(2);
        let site = &deployed.site;
        site.write(
            "content/nodes/two.toml",
            "name = \"Two\"\nenabled_apps = [\"play\"]\n",
        );
        let config = site.read("robbieblocks.toml");
        let two = format!("\n[node.two]\ndeploy = {{ dir = \"{other}\" }}\n");
        site.write("robbieblocks.toml", config + &two);
        let output = deployed.rbgen(&["deploy"]);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{other}: {said}");
        assert!(said.contains("RB1003"), "{other}: {said}");
        assert!(!deployed.target().exists(), "{other}");
    }
}

/// What no path tells, such as a folder that is mounted in two places, the target itself does.
#[test]
fn two_nodes_that_meet_in_one_target_do_not_wait_for_each_other() {
    let folder = tempfile::TempDir::new().unwrap();
    let config = TargetConfig::Folder("srv".to_string());
    let open = |node| open_target(folder.path(), node, &config).unwrap();
    let (one, two) = (open("one"), open("two"));
    let _turn = one.take_turn(&mut || false).unwrap().unwrap();
    let refused = two.take_turn(&mut || panic!("it waits"));
    assert_eq!(refused.err().unwrap().code, code::TARGET_FOREIGN);
}

#[test]
fn a_node_without_a_target_is_told() {
    let deployed = Deployed::keeping(2);
    let site = &deployed.site;
    for args in [
        &["deploy", "--node", "two"][..],
        &["deploy", "--node", "on"],
    ] {
        let output = deployed.rbgen(args);
        assert_eq!(output.status.code(), Some(2));
        assert!(
            text(&output.stderr).contains("RB1001"),
            "{}",
            text(&output.stderr)
        );
    }
    let config = site.read("robbieblocks.toml");
    let lines = config.lines().filter(|line| !line.starts_with("deploy"));
    site.write("robbieblocks.toml", lines.collect::<Vec<_>>().join("\n"));
    let output = deployed.rbgen(&["deploy", "--json"]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(document(&output)["diagnostics"][0]["code"], "RB1001");
    assert!(!deployed.target().exists());
}

#[test]
fn nothing_is_written_through_a_link_in_a_release_that_becomes_the_next_one() {
    let deployed = Deployed::keeping(1);
    deployed.publish("one");
    deployed.publish("two");
    let spares = deployed.target().join(".rbgen/spare/play");
    let spare = fs::read_dir(&spares)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.is_dir())
        .unwrap();
    let elsewhere = deployed.site.beside("elsewhere");
    fs::rename(spare.join("play"), &elsewhere).unwrap();
    symlink(&elsewhere, &spare.join("play"));
    let before = tree(&elsewhere);
    let third = deployed.publish("three");
    assert_eq!(deployed.live(), Some(third));
    deployed.assert_whole("after the link");
    assert_eq!(tree(&elsewhere), before);
    assert!(!deployed.app("current/play").is_symlink());
}
