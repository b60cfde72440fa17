//! `rbgen watch`, the program: what it builds when, what it says, and what it leaves when it is killed.

use std::fs;
use std::io::{BufRead, BufReader, Lines};
use std::process::{Child, ChildStdout, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::Value;

use crate::harness::{TestSite, assert_manifests_tell_the_truth, assert_same, tree};

const PATIENCE: Duration = Duration::from_secs(60);

/// `rbgen watch` on a site; it is killed with the value.
struct Watch {
    child: Child,
    events: Receiver<Value>,
    /// What it said so far.
    said: Vec<Value>,
}

impl Drop for Watch {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Watch {
    fn start(site: &TestSite, more: &[&str]) -> Watch {
        let arguments = [&["watch", "--json", "--port", "0"], more].concat();
        let mut child = site
            .command(&arguments)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines: Lines<BufReader<ChildStdout>> =
            BufReader::new(child.stdout.take().unwrap()).lines();
        let (sender, events) = channel();
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let event = serde_json::from_str(&line).unwrap();
                if sender.send(event).is_err() {
                    break;
                }
            }
        });
        let mut watch = Watch {
            child,
            events,
            said: Vec::new(),
        };
        watch.event("serving");
        watch
    }

    /// The next event of a kind.
    fn event(&mut self, kind: &str) -> Value {
        loop {
            let Ok(event) = self.events.recv_timeout(PATIENCE) else {
                panic!("it was never {kind}, but: {:#?}", self.said);
            };
            self.said.push(event.clone());
            if event["event"] == kind {
                return event;
            }
        }
    }

    /// Waits for rounds until something is so.
    fn until(&mut self, is_so: impl Fn() -> bool) {
        while !is_so() {
            self.event("built");
        }
    }

    fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        let status = std::process::Command::new("kill")
            .args([name, &id])
            .status();
        assert!(status.unwrap().success());
    }

    fn end(mut self, signal: &str) -> Option<i32> {
        self.signal(signal);
        self.child.wait().unwrap().code()
    }
}

/// A site, watched, after its first build.
fn watched(more: &[&str]) -> (TestSite, Watch) {
    let site = TestSite::example();
    let mut watch = Watch::start(&site, more);
    let first = watch.event("built");
    assert_eq!(first["cause"], "first");
    assert!(first["pages_rendered"].as_u64() > Some(0));
    (site, watch)
}

const PAGE: &str = "content/pages/play/robbie-play-blackjack.toml";
const OUTPUT: &str = "dist/vengeance-local/play/play/blackjack/index.html";

/// Says something else on a page.
fn edit(site: &TestSite, word: &str) {
    let text = site.read(PAGE);
    let line = text
        .lines()
        .find(|line| line.starts_with("description = "))
        .unwrap();
    site.write(
        PAGE,
        text.replace(line, &format!("description = \"{word}\"")),
    );
}

/// The output is that of a build from nothing.
fn assert_clean(site: &TestSite) {
    let out = site.beside("clean");
    site.ok(&["build", "--out", out.to_str().unwrap(), "--quiet"]);
    assert_same(&tree(&out), &site.dist(), "the output");
    assert_manifests_tell_the_truth(&site.path("dist"));
}

#[test]
fn each_change_does_the_work_that_follows_from_it() {
    let (site, mut watch) = watched(&[]);
    // What a page says: only the page, on each node that has it, and nothing else is looked at.
    edit(&site, "Word");
    let built = watch.event("built");
    assert_eq!(built["whole"], false);
    assert_eq!(built["files"][0], PAGE);
    assert_eq!(built["pages_rendered"], built["files_written"]);
    assert!(site.read(OUTPUT).contains("Word"));
    watch.event("settled");
    assert_clean(&site);
    // An override of a node: its style sheets, and no page.
    let node = "content/nodes/vengeance-local.toml";
    site.replace(
        node,
        "[style_overrides]",
        "[style_overrides]\n\"spacing.md\" = \"1.25rem\"",
    );
    let built = watch.event("built");
    assert_eq!(built["pages_rendered"], 0);
    assert_eq!(built["nodes"], serde_json::json!(["vengeance-local"]));
    assert_clean(&site);
    // A page that is new.
    let text = site.read(PAGE).replace("/play/blackjack", "/play/new-page");
    let text: Vec<&str> = text
        .lines()
        .filter(|line| !line.starts_with("aliases"))
        .collect();
    let text = text.join("\n");
    site.write("content/pages/play/new-page.toml", text);
    watch.event("built");
    let new = "dist/vengeance-local/play/play/new-page/index.html";
    assert!(site.path(new).is_file());
    assert_clean(&site);
    // And gone.
    site.remove("content/pages/play/new-page.toml");
    let built = watch.event("built");
    assert!(built["files_removed"].as_u64() > Some(0));
    assert!(!site.path(new).exists());
    assert_clean(&site);
    // Somebody removes the output.
    site.remove("dist");
    watch.event("built");
    assert_clean(&site);
    assert_eq!(watch.end("-TERM"), Some(0));
}

#[test]
fn what_is_broken_is_said_with_its_place_and_mended_without_a_restart() {
    let (site, mut watch) = watched(&[]);
    let before = site.dist();
    let layout = "themes/base/layouts/single-column.html";
    let text = site.read(layout);
    site.write(layout, text.replacen("{{", "{{ nothing_like_it }}{{", 1));
    let broken = watch.event("broken");
    let found = &broken["diagnostics"][0];
    assert_eq!(found["path"], layout);
    assert!(found["line"].is_u64(), "{broken:#}");
    assert_same(&before, &site.dist(), "the output");
    site.write(layout, text);
    let mended = watch.event("built");
    assert_eq!(mended["diagnostics"], serde_json::json!([]));
    edit(&site, "After");
    assert_eq!(watch.event("built")["whole"], false);
    watch.event("settled");
    assert_clean(&site);
}

#[test]
fn the_first_build_may_fail() {
    let site = TestSite::example();
    let text = site.read(PAGE);
    site.write(PAGE, format!("{text}\nnonsense = ["));
    let mut watch = Watch::start(&site, &[]);
    watch.event("broken");
    assert!(site.dist().is_empty());
    site.write(PAGE, text);
    watch.event("built");
    assert_clean(&site);
}

#[test]
fn a_site_without_its_configuration_waits_for_it() {
    let site = TestSite::example();
    let config = site.read("robbieblocks.toml");
    site.write("robbieblocks.toml", "[site\n");
    let mut watch = Watch::start(&site, &["--root", "."]);
    watch.event("broken");
    site.write("robbieblocks.toml", &config);
    watch.event("built");
    assert_clean(&site);
    // Another output folder is as good.
    site.replace(
        "robbieblocks.toml",
        "output = \"dist\"",
        "output = \"public\"",
    );
    watch.event("built");
    assert!(site.path("public/vengeance-local/play.json").is_file());
}

#[test]
fn a_kill_between_a_page_and_its_manifest_is_mended() {
    let (site, mut watch) = watched(&[]);
    edit(&site, "Killed");
    watch.event("built");
    watch.end("-KILL");
    assert!(site.read(OUTPUT).contains("Killed"));
    assert!(
        site.path("dist/.rbgen/journal").is_file(),
        "it was not settled"
    );
    let built = site.build(&[]);
    assert_eq!(built.count("files_removed"), 0);
    assert_clean(&site);
    assert!(!site.path("dist/.rbgen/journal").exists());
    assert_eq!(site.build(&[]).count("files_written"), 0);
}

#[test]
fn who_ends_it_leaves_what_a_build_leaves() {
    let (site, mut watch) = watched(&[]);
    edit(&site, "Ended");
    watch.event("built");
    assert_eq!(watch.end("-INT"), Some(0));
    assert!(!site.path("dist/.rbgen/journal").exists());
    let built = site.build(&[]);
    assert_eq!(
        (built.count("files_written"), built.count("pages_rendered")),
        (0, 0)
    );
    assert_clean(&site);
}

#[test]
fn another_build_may_come_in_between() {
    let (site, mut watch) = watched(&[]);
    for word in ["One", "Two", "Three"] {
        edit(&site, word);
        watch.event("built");
        site.build(&[]);
        let more = format!("{word} more");
        edit(&site, &more);
        watch.until(|| site.read(OUTPUT).contains(&more));
    }
    assert_eq!(watch.end("-TERM"), Some(0));
    assert_clean(&site);
}

#[test]
fn what_looks_instead_of_hearing_sees_the_same() {
    let (site, mut watch) = watched(&["--poll", "0.1"]);
    edit(&site, "Seen");
    assert_eq!(watch.event("built")["whole"], false);
    assert!(site.read(OUTPUT).contains("Seen"));
    let (here, away) = (site.path("content/pages/play"), site.path("content/away"));
    fs::rename(&here, &away).unwrap();
    watch.until(|| !site.path(OUTPUT).exists());
    fs::rename(&away, &here).unwrap();
    watch.until(|| site.path(OUTPUT).is_file());
    assert_eq!(watch.end("-TERM"), Some(0));
    assert_clean(&site);
}

#[test]
fn a_page_appears_when_its_time_comes() {
    let site = TestSite::example();
    // Long enough for the first build, and not longer than a test may wait.
    let soon = jiff::Timestamp::now() + jiff::SignedDuration::from_secs(4);
    let text = site.read(PAGE);
    let block = format!(
        "\n[[blocks]]\nkey = \"later\"\ncomponent = \"markdown\"\nprops = {{ text = \"Later\" }}\nconditions = {{ from = \"{soon}\" }}\n"
    );
    site.write(PAGE, text + &block);
    let mut watch = Watch::start(&site, &[]);
    watch.event("built");
    let built = watch.event("built");
    assert_eq!(built["cause"], "time", "{built:#}");
    assert!(site.read(OUTPUT).contains("id=\"later\""));
}

#[test]
fn a_time_that_passes_while_the_site_is_broken_is_looked_at_once() {
    let site = TestSite::example();
    let soon = jiff::Timestamp::now() + jiff::SignedDuration::from_secs(4);
    let text = site.read(PAGE);
    let block = format!(
        "\n[[blocks]]\nkey = \"later\"\ncomponent = \"markdown\"\nprops = {{ text = \"Later\" }}\nconditions = {{ from = \"{soon}\" }}\n"
    );
    site.write(PAGE, text.clone() + &block);
    let mut watch = Watch::start(&site, &[]);
    watch.event("built");
    site.write(PAGE, format!("{text}{block}\nnonsense = ["));
    watch.event("broken");
    // The next thing that is told is what is mended, however long that takes.
    while jiff::Timestamp::now() < soon + jiff::SignedDuration::from_secs(1) {
        std::thread::sleep(Duration::from_millis(50));
    }
    let rounds = watch.events.try_iter().count();
    assert!(rounds <= 1, "{rounds} rounds");
    site.write(PAGE, text + &block);
    watch.until(|| site.read(OUTPUT).contains("id=\"later\""));
    assert_clean(&site);
}

#[test]
fn an_edit_that_shows_nowhere_is_settled_as_any_other() {
    let (site, mut watch) = watched(&[]);
    let text = site.read(PAGE);
    // No template reads it: the page is rendered to the bytes that it has.
    let first = text.find("[[blocks]]").unwrap();
    let (head, blocks) = text.split_at(first);
    let metadata = "[metadata]\nnobody = \"reads it\"\n";
    let head = match head.contains("[metadata]\n") {
        true => head.replace("[metadata]\n", metadata),
        false => format!("{head}{metadata}\n"),
    };
    site.write(PAGE, head + blocks);
    let built = watch.event("built");
    assert_eq!(
        (&built["whole"], &built["files_written"]),
        (&false.into(), &0.into())
    );
    assert_eq!(built["nodes"], serde_json::json!([]));
    watch.event("settled");
    edit(&site, "Next");
    assert_eq!(watch.event("built")["whole"], false);
    assert_eq!(watch.end("-TERM"), Some(0));
    assert_clean(&site);
}

#[test]
fn a_build_with_other_options_is_noticed() {
    let (site, mut watch) = watched(&[]);
    let draft = site.read(PAGE);
    let draft: Vec<&str> = draft
        .lines()
        .filter(|line| !line.starts_with("aliases"))
        .collect();
    let draft = draft
        .join("\n")
        .replace("/play/blackjack", "/play/draft")
        .replace("status = \"published\"", "status = \"draft\"");
    assert!(draft.contains("status = \"draft\""));
    site.write("content/pages/play/draft.toml", draft);
    watch.event("built");
    let shown = "dist/vengeance-local/play/play/draft/index.html";
    site.build(&["--drafts"]);
    watch.until(|| !site.path(shown).exists());
    edit(&site, "After");
    watch.until(|| site.read(OUTPUT).contains("After"));
    assert_eq!(watch.end("-TERM"), Some(0));
    assert_clean(&site);
}

#[test]
fn the_output_is_made_again_as_often_as_it_goes() {
    let (site, mut watch) = watched(&[]);
    for gone in ["dist", "dist/vengeance-local", "dist/fluenti-local/code"] {
        site.remove(gone);
        watch.until(|| site.path(gone).is_dir() && site.path(OUTPUT).is_file());
        // Something else happens in between, so that it is not taken for a quarrel.
        edit(&site, gone);
        watch.until(|| site.read(OUTPUT).contains(gone));
    }
    assert_eq!(watch.end("-TERM"), Some(0));
    assert_clean(&site);
}

#[test]
fn what_looks_sees_links_too() {
    let (site, mut watch) = watched(&["--poll", "0.1"]);
    let link = site.path("content/pages/play/link.toml");
    std::os::unix::fs::symlink(site.path(PAGE), &link).unwrap();
    watch.event("broken");
    fs::remove_file(link).unwrap();
    watch.event("built");
    assert_clean(&site);
}
