//! Going back: to the release before, to one that is named, while others deploy; and what is pinned stays.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};

use rbgen::bundle::Bundle;
use rbgen::deploy::{
    Pointers, Put, Release, Target, Turn, Wanted, open_target, publish, roll_back,
};
use rbgen::diag::Diagnostic;
use rbgen::model::TargetConfig;
use rbgen::store::read_bundle;

use super::{Deployed, document, style_sheets};
use crate::harness::{text, tree};

#[test]
fn going_back_pins_until_somebody_unpins() {
    let deployed = Deployed::keeping(5);
    let [first, second, third] = ["one", "two", "three"].map(|mark| deployed.publish(mark));
    let said = text(&deployed.site.ok(&["rollback"]).stdout);
    assert_eq!(
        said,
        format!(
            "one play: {} is live, instead of {}, and pinned (`rbgen rollback --unpin`)\n",
            &second[..12],
            &third[..12]
        )
    );
    assert_eq!(deployed.live_mark(), "two");
    let said = document(&deployed.site.ok(&["rollback", "--json"]));
    let moved = &said["rolled_back"][0];
    assert_eq!(moved["live"], first.as_str(), "{said}");
    assert_eq!(moved["live_before"], second.as_str(), "{said}");
    assert_eq!(moved["pinned"], first.as_str(), "{said}");
    assert_eq!(deployed.live_mark(), "one");
    let none = deployed.rbgen(&["rollback"]);
    assert_eq!(none.status.code(), Some(3));
    assert!(
        text(&none.stderr).contains("RB1004"),
        "{}",
        text(&none.stderr)
    );
    assert_eq!(deployed.live_mark(), "one");
    // The record of a rollback.
    let record = deployed.records().pop().unwrap();
    assert_eq!(record["triggered_by"], "rollback");
    assert_eq!(record["deploy_status"], "success");
    assert_eq!(record["release"], first.as_str());
    assert_eq!(record["build_hash"], first.as_str());
    assert_eq!(record["pages_count"], 2);
    // The pin holds through deploys, also of what is live anyway.
    deployed.deploy(&[]);
    deployed.mark("four");
    let said = deployed.deploy(&[]);
    assert_eq!(said["deploys"][0]["pinned"], true, "{said}");
    assert_eq!(said["deploys"][0]["live"], first.as_str(), "{said}");
    let fourth = said["deploys"][0]["release"].as_str().unwrap().to_string();
    assert_eq!(deployed.live_mark(), "one");
    let list = document(&deployed.site.ok(&["rollback", "--list", "--json"]));
    let list = &list["targets"][0];
    assert_eq!(
        list["releases"],
        serde_json::json!([fourth, third, second, first])
    );
    assert_eq!(
        (&list["live"], &list["pinned"]),
        (&first.as_str().into(), &first.as_str().into())
    );
    let shown = text(&deployed.site.ok(&["rollback", "--list"]).stdout);
    assert!(
        shown.contains(&format!("one play  {first}  live, pinned\n")),
        "{shown}"
    );
    let said = text(&deployed.site.ok(&["rollback", "--unpin"]).stdout);
    assert!(said.contains("is not pinned any more"), "{said}");
    assert_eq!(deployed.live_mark(), "one");
    deployed.deploy(&[]);
    assert_eq!(deployed.live(), Some(fourth));
    let said = text(&deployed.site.ok(&["rollback", "--unpin"]).stdout);
    assert_eq!(said, "one play: nothing was pinned\n");
    deployed.assert_swept("at the end");
}

#[test]
fn a_release_is_named_by_how_it_begins() {
    let deployed = Deployed::keeping(20);
    // With more releases than digits, two begin with the same one.
    let all: Vec<String> = (0..17)
        .map(|at| deployed.publish(&format!("m{at}")))
        .collect();
    let live = deployed.live();
    let shared = all
        .iter()
        .map(|release| &release[..1])
        .find(|start| {
            all.iter()
                .filter(|release| release.starts_with(start))
                .count()
                > 1
        })
        .unwrap();
    let refused = |to: &str, why: &str| {
        let output = deployed.rbgen(&["rollback", "--to", to]);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(3), "{to}: {said}");
        assert!(
            said.contains("RB1004") && said.contains(why),
            "{to}: {said}"
        );
        let json = deployed.rbgen(&["rollback", "--json", "--to", to]);
        assert_eq!(document(&json)["diagnostics"][0]["code"], "RB1004");
        assert_eq!(deployed.live(), live);
    };
    refused(shared, "begins several releases");
    refused("", "begins several releases");
    refused("xyz", "no release `xyz` of `play`");
    // The whole name of a release is never ambiguous, also where a preview has the same.
    deployed.deploy(&["--preview", "same"]);
    deployed.site.ok(&["rollback", "--to", &all[3]]);
    assert_eq!(deployed.live().as_ref(), Some(&all[3]));
    deployed.site.ok(&["rollback", "--to", &all[16][..32]]);
    assert_eq!(deployed.live().as_ref(), Some(&all[16]));
    let preview = format!("{}.preview", all[16]);
    let output = deployed.rbgen(&["rollback", "--to", &preview]);
    assert_eq!(
        output.status.code(),
        Some(3),
        "a preview is nothing to go back to"
    );
}

#[test]
fn where_there_is_nothing_to_go_back_to_that_is_said() {
    let deployed = Deployed::keeping(2);
    for args in [
        &["rollback"][..],
        &["rollback", "--app", "play"],
        &["rollback", "--unpin"],
    ] {
        let output = deployed.rbgen(args);
        assert_eq!(output.status.code(), Some(3), "{args:?}");
        assert!(
            text(&output.stderr).contains("RB1004"),
            "{}",
            text(&output.stderr)
        );
    }
    assert!(!deployed.target().exists());
    deployed.site.ok(&["rollback", "--list"]);
    let output = deployed.rbgen(&["rollback", "--node", "onr"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("did you mean `one`?"));
}

#[test]
fn a_rollback_does_not_wait_for_a_deploy_that_goes_on() {
    let deployed = Deployed::keeping(5);
    let [first, _] = ["one", "two"].map(|mark| deployed.publish(mark));
    let config = TargetConfig::Folder(deployed.target().to_str().unwrap().to_string());
    let target = open_target(&deployed.site.root(), "one", &config).unwrap();
    // Somebody deploys.
    let turn = target.take_turn(&mut || false).unwrap().unwrap();
    deployed.mark("three");
    let mut second = deployed
        .site
        .command(&["deploy", "--json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(second.stderr.take().unwrap()).lines();
    assert!(
        said.next()
            .unwrap()
            .unwrap()
            .starts_with("waiting for another deploy to ")
    );
    deployed.site.ok(&["rollback"]);
    assert_eq!(deployed.live(), Some(first.clone()));
    drop(turn);
    let ended = second.wait_with_output().unwrap();
    assert!(ended.status.success());
    assert_eq!(document(&ended)["deploys"][0]["pinned"], true);
    assert_eq!(deployed.live(), Some(first));
}

/// A target at which somebody goes back just before a step of a deploy.
struct Meddled<'a> {
    target: &'a dyn Target,
    before: &'static str,
    to: &'a str,
    done: AtomicBool,
}

impl Meddled<'_> {
    fn step(&self, step: &str) {
        if step == self.before && !self.done.swap(true, Ordering::Relaxed) {
            roll_back(self.target, "play", Some(self.to)).unwrap();
        }
    }
}

impl Target for Meddled<'_> {
    fn shown(&self) -> &str {
        self.target.shown()
    }

    fn take_turn(
        &self,
        waiting: &mut dyn FnMut() -> bool,
    ) -> Result<Option<Box<dyn Turn>>, Diagnostic> {
        self.target.take_turn(waiting)
    }

    fn apps(&self) -> Result<BTreeSet<String>, Diagnostic> {
        self.target.apps()
    }

    fn pointers(&self, app: &str) -> Result<Pointers, Diagnostic> {
        self.target.pointers(app)
    }

    fn releases(&self, app: &str) -> Result<BTreeSet<String>, Diagnostic> {
        self.target.releases(app)
    }

    fn bundle_of(&self, app: &str, release: &str) -> Result<Option<Bundle>, Diagnostic> {
        self.target.bundle_of(app, release)
    }

    fn put(&self, turn: &dyn Turn, release: &Release<'_>) -> Result<Put, Diagnostic> {
        self.step("put");
        self.target.put(turn, release)
    }

    fn point(
        &self,
        app: &str,
        turn: Option<&dyn Turn>,
        change: &mut dyn FnMut(&Pointers) -> Result<Pointers, Diagnostic>,
    ) -> Result<(Pointers, Pointers), Diagnostic> {
        self.step("point");
        self.target.point(app, turn, change)
    }

    fn remove(&self, turn: &dyn Turn, app: &str, release: &str) -> Result<(), Diagnostic> {
        self.step("remove");
        self.target.remove(turn, app, release)
    }
}

#[test]
fn a_rollback_within_a_deploy_is_not_undone_by_it() {
    for step in ["put", "point", "remove"] {
        let deployed = Deployed::keeping(2);
        // The oldest goes with the third deploy, unless somebody goes back to it meanwhile.
        let [oldest, _] = ["one", "two"].map(|mark| deployed.publish(mark));
        deployed.mark("three");
        deployed.site.ok(&["build"]);
        let out = deployed.site.path("dist");
        let bundle = read_bundle(&out, "one", "play").unwrap();
        let config = TargetConfig::Folder(deployed.target().to_str().unwrap().to_string());
        let target = open_target(&deployed.site.root(), "one", &config).unwrap();
        let meddled = Meddled {
            target: target.as_ref(),
            before: step,
            to: &oldest,
            done: AtomicBool::new(false),
        };
        let turn = meddled.take_turn(&mut || false).unwrap().unwrap();
        let wanted = Wanted {
            out: &out,
            bundle: &bundle,
            keep: 2,
            preview: None,
        };
        let published = publish(&meddled, turn.as_ref(), &wanted).unwrap();
        assert!(meddled.done.into_inner(), "{step}");
        assert_eq!(deployed.live().as_ref(), Some(&oldest), "{step}");
        assert_eq!(deployed.live_mark(), "one", "{step}");
        deployed.assert_whole(step);
        deployed.assert_swept(step);
        assert!(published.removed.is_empty(), "{step}: {published:?}");
        assert_eq!(published.held_back, step != "remove", "{step}");
    }
}

#[test]
fn a_page_that_was_loaded_before_going_back_finds_its_style_sheets() {
    let deployed = Deployed::keeping(5);
    deployed.publish("one");
    deployed.publish("two");
    let loaded = style_sheets(&tree(&deployed.app("current/")));
    deployed.site.ok(&["rollback"]);
    assert_eq!(deployed.live_mark(), "one");
    for path in loaded {
        let there = deployed.app("current").join(&path);
        assert!(there.is_file(), "{path}");
    }
    // What has more than its manifest says becomes a release like any other.
    deployed.site.ok(&["rollback", "--unpin"]);
    for mark in ["three", "four", "five", "six", "seven", "eight", "two"] {
        deployed.publish(mark);
        deployed.assert_whole(mark);
    }
}

#[test]
fn a_pin_that_leads_nowhere_holds_nothing_back() {
    let deployed = Deployed::keeping(5);
    let first = deployed.publish("one");
    deployed.publish("two");
    deployed.site.ok(&["rollback"]);
    fs::remove_dir_all(deployed.app("releases").join(&first)).unwrap();
    let third = deployed.publish("three");
    assert_eq!(deployed.live(), Some(third));
    deployed.assert_whole("after the pin was lost");
}
