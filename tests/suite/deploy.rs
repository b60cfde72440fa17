//! Deploys to a folder, as users run them: what is sent and shared, what stays and goes.

mod at_once;
mod foreign;
mod kills;
mod no_room;
mod previews;
mod readers;
mod records;
mod rollback;
mod rows;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

use crate::harness::{TestSite, Tree, text, tree};

/// The base site with a folder beside it that its node is deployed to.
pub struct Deployed {
    pub site: TestSite,
}

impl Deployed {
    /// With so many releases that stay.
    pub fn keeping(keep: usize) -> Deployed {
        let site = TestSite::base();
        let config = site.read("robbieblocks.toml");
        let line = format!("deploy = {{ dir = \"../srv\", keep = {keep} }}");
        site.write("robbieblocks.toml", format!("{config}{line}\n"));
        site.write(".gitignore", "dist/\n.rbgen/\n");
        Deployed { site }
    }

    /// The same with a copy of what was deployed.
    pub fn duplicate(&self) -> Deployed {
        let site = self.site.duplicate();
        // Unlike a copy of the tests, `cp -a` keeps which files are one.
        let copied = Command::new("cp")
            .arg("-a")
            .args([self.target(), site.beside("srv")])
            .status();
        assert!(!self.target().exists() || copied.unwrap().success());
        Deployed { site }
    }

    pub fn target(&self) -> PathBuf {
        self.site.beside("srv")
    }

    pub fn app(&self, path: &str) -> PathBuf {
        self.target().join("play").join(path)
    }

    /// Writes a text that is in all pages, and a style sheet with a name of its own.
    pub fn mark(&self, mark: &str) {
        let nav = "themes/base/partials/nav.html";
        let text = self.site.read(nav);
        let text = text.lines().filter(|line| !line.starts_with("<b>"));
        let text = text.collect::<Vec<_>>().join("\n");
        self.site.write(nav, format!("{text}\n<b>{mark}</b>\n"));
        let css = "themes/base/styles/main.css";
        let text = self.site.read(css);
        let text = text.lines().filter(|line| !line.starts_with(".mark-"));
        let text = text.collect::<Vec<_>>().join("\n");
        let rule = format!(".mark-{mark} {{ color: red; }}");
        self.site.write(css, format!("{text}\n{rule}\n"));
    }

    pub fn rbgen(&self, args: &[&str]) -> Output {
        self.site.run(args)
    }

    /// `rbgen deploy --json`, which must end well, and what it printed.
    #[track_caller]
    pub fn deploy(&self, args: &[&str]) -> Value {
        document(&self.site.ok(&[&["deploy", "--json"], args].concat()))
    }

    /// Marks the pages, deploys, and gives the name of the release.
    #[track_caller]
    pub fn publish(&self, mark: &str) -> String {
        self.mark(mark);
        let said = self.deploy(&[]);
        assert_eq!(said["deploys"][0]["status"], "success", "{said}");
        said["deploys"][0]["release"].as_str().unwrap().to_string()
    }

    /// The name of the live release.
    pub fn live(&self) -> Option<String> {
        let to = fs::read_link(self.app("current")).ok()?;
        Some(to.to_str()?.strip_prefix("releases/")?.to_string())
    }

    /// The names of the releases that are there.
    pub fn releases(&self) -> Vec<String> {
        let mut names: Vec<String> = names(&self.app("releases"));
        names.retain(|name| !name.ends_with(".json"));
        names
    }

    /// The mark of the live pages.
    pub fn live_mark(&self) -> String {
        mark_of(&fs::read(self.app("current/play/index.html")).unwrap())
    }

    /// The live release has all files of its manifest, with their bytes; it is what the pointer says.
    #[track_caller]
    pub fn assert_whole(&self, what: &str) {
        let live = self
            .live()
            .unwrap_or_else(|| panic!("{what}: nothing is live"));
        assert_release_whole(&self.app("releases"), &live, what);
    }

    /// Nothing is there but releases with their manifests, and pointers.
    #[track_caller]
    pub fn assert_swept(&self, what: &str) {
        let work = names(&self.target().join(".rbgen"));
        let known = ["node", "play.order", "pointers.lock", "turn", "turn.lock"];
        let staged = self.target().join(".rbgen/staged");
        assert!(names(&staged).is_empty(), "{what}: {:?}", names(&staged));
        let may_be = ["staged", "spare"];
        let odd: Vec<&String> = work
            .iter()
            .filter(|name| !known.contains(&name.as_str()) && !may_be.contains(&name.as_str()))
            .collect();
        // One release may wait to become the next one, with its manifest.
        let spare = names(&self.target().join(".rbgen/spare/play"));
        match spare.as_slice() {
            [] => {}
            [release, manifest] if *manifest == format!("{release}.json") => {}
            other => panic!("{what}: {other:?}"),
        }
        assert!(odd.is_empty(), "{what}: {odd:?}");
        let app = names(&self.app(""));
        let known = ["current", "pinned", "previews", "releases"];
        assert!(
            app.iter().all(|name| known.contains(&name.as_str())),
            "{what}: {app:?}"
        );
        for name in names(&self.app("releases")) {
            let other = match name.strip_suffix(".json") {
                Some(release) => release.to_string(),
                None => format!("{name}.json"),
            };
            assert!(self.app("releases").join(other).exists(), "{what}: {name}");
        }
    }

    /// The last state of every record in the file.
    pub fn records(&self) -> Vec<Value> {
        let mut last: BTreeMap<String, Value> = BTreeMap::new();
        for line in self.record_lines() {
            last.insert(line["id"].as_str().unwrap().to_string(), line);
        }
        let mut records: Vec<Value> = last.into_values().collect();
        records.sort_by_key(|record| record["started_at"].as_str().unwrap().to_string());
        records
    }

    pub fn record_lines(&self) -> Vec<Value> {
        let text = fs::read_to_string(self.site.path(".rbgen/deploys.jsonl")).unwrap_or_default();
        let lines = text.lines();
        lines
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }
}

#[track_caller]
pub fn document(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}{}", text(&output.stdout), text(&output.stderr)))
}

pub fn names(folder: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

pub fn mark_of(page: &[u8]) -> String {
    let page = text(page);
    let mark = page
        .split("<b>")
        .nth(1)
        .and_then(|rest| rest.split("</b>").next());
    mark.unwrap_or_else(|| panic!("no mark: {page}"))
        .to_string()
}

pub fn inode(path: &Path) -> u64 {
    fs::symlink_metadata(path)
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()))
        .ino()
}

#[track_caller]
pub fn assert_release_whole(releases: &Path, release: &str, what: &str) {
    let manifest = fs::read(releases.join(format!("{release}.json")))
        .unwrap_or_else(|error| panic!("{what}: the manifest of {release}: {error}"));
    let manifest: Value = serde_json::from_slice(&manifest).unwrap();
    let files = tree(&releases.join(release));
    for (path, stamp) in manifest["files"].as_object().unwrap() {
        let bytes = files
            .get(path)
            .unwrap_or_else(|| panic!("{what}: {release} has no {path}"));
        assert_eq!(
            stamp["blake3"],
            blake3::hash(bytes).to_hex().as_str(),
            "{what}: {release} {path}"
        );
    }
}

/// Every file and link of a folder with its inode and when it was written.
fn stamps(folder: &Path) -> BTreeMap<String, (u64, i64, i64)> {
    let stamp = |path: &String| {
        let found = fs::symlink_metadata(folder.join(path)).unwrap();
        (found.ino(), found.mtime(), found.mtime_nsec())
    };
    let files = tree(folder).into_keys();
    files.map(|path| (path.clone(), stamp(&path))).collect()
}

/// The paths of the style sheets of a release whose names have their digests.
fn style_sheets(files: &Tree) -> Vec<String> {
    let paths = files
        .keys()
        .filter(|path| path.contains("/assets/") && path.ends_with(".css"));
    paths.cloned().collect()
}

#[test]
fn what_did_not_change_is_neither_sent_nor_touched() {
    let deployed = Deployed::keeping(5);
    let first = deployed.publish("one");
    assert_eq!(deployed.live().as_ref(), Some(&first));
    deployed.assert_whole("first");
    let manifest: Value = serde_json::from_str(&deployed.site.read("dist/one/play.json")).unwrap();
    assert_eq!(manifest["build_hash"], first.as_str());
    let before = stamps(&deployed.target());
    // Nothing is to be done.
    let said = deployed.deploy(&[]);
    assert_eq!(said["deploys"][0]["unchanged"], true, "{said}");
    assert_eq!(said["pages_rendered"], 0, "{said}");
    assert_eq!(before, stamps(&deployed.target()));
    let words = text(&deployed.site.ok(&["deploy"]).stdout);
    assert_eq!(
        words,
        format!("one play: {} is live already\n", &first[..12])
    );
    assert_eq!(before, stamps(&deployed.target()));
    // One page.
    let page = "content/pages/play/notes.md";
    deployed.site.replace(page, "One *note*", "Another *note*");
    let said = deployed.deploy(&[]);
    let second = deployed.live().unwrap();
    assert_eq!(said["deploys"][0]["live"], second.as_str());
    assert_ne!(first, second);
    deployed.assert_whole("second");
    deployed.assert_swept("second");
    let releases = deployed.app("releases");
    let (old, new) = (tree(&releases.join(&first)), tree(&releases.join(&second)));
    let mut changed = Vec::new();
    for path in new.keys() {
        let [a, b] = [&first, &second].map(|release| inode(&releases.join(release).join(path)));
        match old.get(path) == new.get(path) {
            true => assert_eq!(a, b, "{path} is another file"),
            false => changed.push(path.as_str()),
        }
    }
    assert_eq!(changed, ["play/notes/index.html"]);
    let log = &deployed.records().pop().unwrap()["build_log"];
    let shared = new.len() - 1;
    let line = format!("1 files sent, {shared} shared with other releases");
    assert!(log.as_str().unwrap().contains(&line), "{log}");
}

#[test]
fn what_a_build_made_is_not_made_again() {
    let deployed = Deployed::keeping(2);
    deployed.site.ok(&["build"]);
    let said = deployed.deploy(&[]);
    assert_eq!(said["pages_rendered"], 0, "{said}");
    deployed.mark("one");
    deployed.deploy(&[]);
    assert_eq!(deployed.site.build(&[]).count("pages_rendered"), 0);
    // A node without a target is not built.
    let site = &deployed.site;
    site.write(
        "content/nodes/two.toml",
        "name = \"Two\"\nenabled_apps = [\"play\"]\n",
    );
    let said = deployed.deploy(&[]);
    assert_eq!(said["deploys"].as_array().unwrap().len(), 1, "{said}");
    assert!(!site.path("dist/two").exists());
}

#[test]
fn style_sheets_of_a_kept_release_can_still_be_had() {
    let deployed = Deployed::keeping(2);
    let first = deployed.publish("one");
    let releases = deployed.app("releases");
    let old = style_sheets(&tree(&releases.join(&first)));
    assert!(!old.is_empty());
    let there = |path: &String| deployed.app("current").join(path).exists();
    deployed.publish("two");
    assert!(old.iter().all(there), "{old:?}");
    // The release goes with this one, which was made while it was there, and has what it had.
    deployed.publish("three");
    assert!(!deployed.releases().contains(&first));
    assert!(old.iter().all(there), "{old:?}");
    deployed.publish("four");
    assert_eq!(deployed.releases().len(), 2);
    let gone: Vec<&String> = old.iter().filter(|path| !there(path)).collect();
    assert_eq!(gone.len(), 1, "the one that has the mark: {gone:?}");
    assert!(gone[0].contains("/theme."), "{gone:?}");
    // A release that is there already gets what it lacks when it is deployed again.
    let sheets = style_sheets(&tree(&deployed.app("current/")));
    deployed.publish("three");
    let missing: Vec<&String> = sheets.iter().filter(|path| !there(path)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn so_many_releases_stay_as_the_configuration_says() {
    let deployed = Deployed::keeping(3);
    let mut all: Vec<String> = ["a", "b", "c", "d", "e"]
        .map(|mark| deployed.publish(mark))
        .to_vec();
    let mut newest = all.split_off(2);
    newest.sort();
    assert_eq!(deployed.releases(), newest);
    deployed.assert_swept("after five");
    // A pinned one stays, however old.
    let pinned = newest[0].clone();
    deployed.site.ok(&["rollback", "--to", &pinned]);
    for mark in ["f", "g", "h", "i"] {
        deployed.publish(mark);
    }
    assert_eq!(deployed.live(), Some(pinned.clone()));
    assert_eq!(deployed.releases().len(), 4);
    assert!(deployed.releases().contains(&pinned));
    deployed.site.ok(&["rollback", "--unpin"]);
    deployed.publish("j");
    assert_eq!(deployed.live_mark(), "j");
    assert_eq!(deployed.releases().len(), 3);
}

#[test]
fn an_app_without_pages_is_taken_away_and_comes_back() {
    let deployed = Deployed::keeping(3);
    let page = "content/pages/work/desk.toml";
    let site = &deployed.site;
    site.replace(
        "content/nodes/one.toml",
        "[\"play\"]",
        "[\"play\", \"work\"]",
    );
    site.write(page, "name = \"Desk\"\nstatus = \"published\"\n");
    let said = deployed.deploy(&[]);
    assert_eq!(said["deploys"].as_array().unwrap().len(), 2, "{said}");
    let current = deployed.target().join("work/current");
    let live = fs::read_link(&current).unwrap();
    let text_of_page = site.read(page);
    site.remove(page);
    let said = deployed.deploy(&[]);
    let of_work = |said: &Value| {
        let deploys = said["deploys"].as_array().unwrap();
        let work = deploys.iter().find(|deploy| deploy["app"] == "work");
        work.unwrap_or_else(|| panic!("{said}")).clone()
    };
    let record = of_work(&said);
    assert_eq!(record["status"], "success", "{said}");
    assert_eq!(
        (&record["pages"], &record["live"], &record["release"]),
        (&0.into(), &Value::Null, &Value::Null),
        "{said}"
    );
    assert!(fs::symlink_metadata(&current).is_err());
    assert_eq!(deployed.live_mark_or_page(), "play");
    // Nothing more is to be done about it.
    let said = deployed.deploy(&[]);
    assert_eq!(of_work(&said)["unchanged"], true, "{said}");
    site.write(page, text_of_page);
    assert_eq!(of_work(&deployed.deploy(&[]))["status"], "success");
    assert_eq!(fs::read_link(&current).unwrap(), live);
    assert!(current.join("work/desk/index.html").exists());
    // One app alone takes nothing away.
    site.remove(page);
    deployed.deploy(&["--app", "play"]);
    assert!(current.join("work/desk/index.html").exists());
}

#[test]
fn a_live_release_that_somebody_deleted_is_made_again() {
    let deployed = Deployed::keeping(2);
    let release = deployed.publish("one");
    fs::remove_dir_all(deployed.app("releases").join(&release)).unwrap();
    let said = deployed.deploy(&[]);
    assert_eq!(said["deploys"][0]["unchanged"], false, "{said}");
    assert_eq!(deployed.live(), Some(release));
    deployed.assert_whole("again");
}

impl Deployed {
    /// `play` where the page of that app is live.
    fn live_mark_or_page(&self) -> &'static str {
        match self.app("current/play/index.html").exists() {
            true => "play",
            false => "nothing",
        }
    }
}
