//! What deploys guarantee, whatever the target is: a folder, a folder of archives, a store.

#[cfg(feature = "s3")]
mod s3;
mod store;

use std::collections::BTreeSet;
use std::fs;
use std::io::Read;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use crate::harness::{TestSite, Tree, assert_same, text, tree};
use store::{STORE, with_credentials};

/// A kind of target.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Folder,
    Archives,
    Store,
}

#[cfg(feature = "s3")]
const KINDS: &[Kind] = &[Kind::Folder, Kind::Archives, Kind::Store];
#[cfg(not(feature = "s3"))]
const KINDS: &[Kind] = &[Kind::Folder, Kind::Archives];

const PAGE: &str = "content/pages/play/notes.md";

/// Where targets of stores are in their bucket.
const PREFIX: &str = "sites/one";

/// A site with one app, `play`, and a target.
struct Deployed {
    kind: Kind,
    site: TestSite,
    bucket: String,
}

impl Deployed {
    /// A site with a target of its own that keeps so many releases.
    fn new(kind: Kind, keep: usize) -> Deployed {
        let site = TestSite::base();
        let bucket = match kind {
            Kind::Store => STORE.bucket("bucket"),
            _ => String::new(),
        };
        let deployed = Deployed { kind, site, bucket };
        let target = match kind {
            Kind::Folder => format!("dir = {:?}", deployed.folder()),
            Kind::Archives => format!("archives = {:?}", deployed.folder()),
            Kind::Store => deployed.store_target(&STORE.endpoint()),
        };
        deployed.aim(&format!("{target}, keep = {keep}"));
        deployed
    }

    /// Writes the target into the configuration.
    fn aim(&self, target: &str) {
        let config = self.site.read("robbieblocks.toml");
        let config = config.lines().filter(|line| !line.starts_with("deploy"));
        let config: Vec<&str> = config.collect();
        let config = config.join("\n");
        self.site.write(
            "robbieblocks.toml",
            format!("{config}\ndeploy = {{ {target} }}\n"),
        );
    }

    fn store_target(&self, endpoint: &str) -> String {
        format!(
            "s3 = \"s3://{}/{PREFIX}\", endpoint = \"{endpoint}\", region = \"us-east-1\"",
            self.bucket
        )
    }

    fn folder(&self) -> PathBuf {
        self.site.beside("target")
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = self.site.command(args);
        with_credentials(&mut command);
        // What a test kills is taken over at once.
        command.env("RBGEN_STORE_TIMES", "15000,300");
        command
    }

    #[track_caller]
    fn ok(&self, args: &[&str]) -> Output {
        let output = self.command(args).output().unwrap();
        assert!(
            output.status.success(),
            "{:?}: rbgen {} ended with {}:\n{}{}",
            self.kind,
            args.join(" "),
            output.status,
            text(&output.stdout),
            text(&output.stderr)
        );
        output
    }

    /// Deploys, and gives the hash of what was built.
    #[track_caller]
    fn deploy(&self) -> String {
        let output = self.ok(&["deploy", "--json"]);
        let said: Value = serde_json::from_slice(&output.stdout).unwrap();
        said["deploys"][0]["build_hash"]
            .as_str()
            .unwrap()
            .to_string()
    }

    /// Changes one page.
    fn edit(&self, words: &str) {
        let page = self.site.read(PAGE);
        self.site.write(PAGE, format!("{page}\n{words}\n"));
    }

    /// The pointers as `rbgen rollback --list` tells them.
    #[track_caller]
    fn listed(&self) -> Value {
        let output = self.ok(&["rollback", "--list", "--json"]);
        let said: Value = serde_json::from_slice(&output.stdout).unwrap();
        said["targets"][0].clone()
    }

    #[track_caller]
    fn releases(&self) -> BTreeSet<String> {
        let listed = self.listed();
        let releases = listed["releases"].as_array().unwrap().iter();
        releases
            .map(|name| name.as_str().unwrap().to_string())
            .collect()
    }

    /// What visitors get.
    fn live(&self) -> Option<Tree> {
        match self.kind {
            Kind::Folder => {
                let current = self.folder().join("play/current");
                current.exists().then(|| tree(&current))
            }
            Kind::Archives => self.unpacked("current"),
            Kind::Store => {
                let current = STORE.current(&self.bucket, PREFIX)?;
                let live = current["live"].as_str()?;
                Some(STORE.release(&self.bucket, PREFIX, live))
            }
        }
    }

    /// What those get who were shown a preview.
    fn preview(&self, name: &str) -> Option<Tree> {
        match self.kind {
            Kind::Folder => {
                let preview = self.folder().join("play/previews").join(name);
                preview.exists().then(|| tree(&preview))
            }
            Kind::Archives => self.unpacked(&format!("preview-{name}")),
            Kind::Store => {
                let current = STORE.current(&self.bucket, PREFIX)?;
                let release = current["previews"][name].as_str()?;
                Some(STORE.release(&self.bucket, PREFIX, release))
            }
        }
    }

    fn unpacked(&self, pointer: &str) -> Option<Tree> {
        let path = self.folder().join(format!("one-play-{pointer}.tar.zst"));
        let file = fs::File::open(path).ok()?;
        let mut archive = tar::Archive::new(zstd::Decoder::new(file).unwrap());
        let mut files = Tree::new();
        for entry in archive.entries().unwrap() {
            let mut entry = entry.unwrap();
            let path = entry.path().unwrap().to_str().unwrap().to_string();
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).unwrap();
            assert!(files.insert(path, bytes).is_none(), "a path stands twice");
        }
        Some(files)
    }

    /// Live is what was built, and the assets of earlier releases besides.
    #[track_caller]
    fn assert_live_is_built(&self, when: &str) {
        let mut live = self.live().unwrap_or_default();
        let built = tree(&self.site.path("dist/one/play"));
        live.retain(|path, _| built.contains_key(path) || !path.starts_with("_rb/play/assets/"));
        assert_same(&built, &live, &format!("{:?}, {when}", self.kind));
    }

    /// How many files the last deploy sent.
    fn sent(&self) -> usize {
        let records = self.site.read(".rbgen/deploys.jsonl");
        let (before, _) = records.rsplit_once(" files sent").unwrap();
        before.rsplit(' ').next().unwrap().parse().unwrap()
    }

    /// All that the target has, but for what changes with each turn.
    fn everything(&self) -> Tree {
        if self.kind != Kind::Store {
            return tree(&self.folder());
        }
        let paths = STORE.objects(&self.bucket).into_iter();
        let paths = paths.filter(|path| !path.contains("/.rbgen/"));
        paths
            .map(|path| {
                let bytes = STORE.object(&self.bucket, &path).unwrap();
                (path, bytes)
            })
            .collect()
    }

    /// Whose target it is said to be.
    fn give_to(&self, node: &str) {
        if self.kind == Kind::Store {
            let path = format!("/{}/{PREFIX}/.rbgen/node", self.bucket);
            assert_eq!(STORE.request("PUT", &path, node.as_bytes()).0, 200);
        } else {
            fs::write(self.folder().join(".rbgen/node"), node).unwrap();
        }
    }
}

#[test]
fn a_deploy_is_what_was_built_and_sends_only_what_is_missing() {
    for &kind in KINDS {
        let deployed = Deployed::new(kind, 5);
        deployed.deploy();
        deployed.assert_live_is_built("after the first deploy");
        let first = deployed.sent();
        assert_eq!(first, tree(&deployed.site.path("dist/one/play")).len());
        let before = deployed.everything();
        deployed.deploy();
        assert_same(
            &before,
            &deployed.everything(),
            &format!("{kind:?}, deployed twice"),
        );
        assert_eq!(deployed.sent(), 0, "{kind:?}");
        deployed.edit("One more line.");
        deployed.deploy();
        deployed.assert_live_is_built("after an edit");
        // An archive has all of its bytes.
        let expected = match kind {
            Kind::Archives => first,
            _ => 1,
        };
        assert_eq!(deployed.sent(), expected, "{kind:?}");
    }
}

#[test]
fn assets_of_earlier_releases_stay_to_be_had() {
    for &kind in KINDS {
        let deployed = Deployed::new(kind, 2);
        deployed.deploy();
        let assets = |files: &Tree| -> BTreeSet<String> {
            let paths = files.keys().filter(|path| path.contains("/assets/"));
            paths.cloned().collect()
        };
        let old = deployed.live().unwrap();
        let change = |color: &str| {
            let style = "themes/base/styles/main.css";
            let text = deployed.site.read(style);
            deployed
                .site
                .write(style, format!("{text}\n.changed {{ color: {color} }}\n"));
        };
        change("red");
        deployed.deploy();
        let new = deployed.live().unwrap();
        assert_ne!(
            assets(&old),
            assets(&deployed.site.dist()),
            "the test changes nothing"
        );
        for path in assets(&old) {
            assert_eq!(new.get(&path), old.get(&path), "{kind:?} lost {path}");
        }
        // And with the releases that had them, they go.
        let gone: Vec<String> = assets(&old)
            .difference(&assets(&Tree::from_iter(tree(
                &deployed.site.path("dist/one/play"),
            ))))
            .cloned()
            .collect();
        assert!(!gone.is_empty());
        for color in ["green", "blue"] {
            change(color);
            deployed.deploy();
        }
        let last = deployed.live().unwrap();
        for path in gone {
            assert!(!last.contains_key(&path), "{kind:?} still has {path}");
        }
    }
}

#[test]
fn going_back_pins_until_it_is_unpinned() {
    for &kind in KINDS {
        let deployed = Deployed::new(kind, 5);
        let first = deployed.deploy();
        let old = deployed.live().unwrap();
        deployed.edit("Two.");
        let second = deployed.deploy();
        deployed.ok(&["rollback"]);
        assert_same(&old, &deployed.live().unwrap(), &format!("{kind:?}, back"));
        let listed = deployed.listed();
        assert_eq!(
            (&listed["live"], &listed["pinned"]),
            (&first.as_str().into(), &first.as_str().into())
        );
        deployed.edit("Three.");
        let third = deployed.deploy();
        assert_same(
            &old,
            &deployed.live().unwrap(),
            &format!("{kind:?}, deployed while pinned"),
        );
        deployed.ok(&["rollback", "--unpin"]);
        assert_eq!(deployed.listed()["pinned"], Value::Null);
        deployed.deploy();
        deployed.assert_live_is_built("unpinned and deployed");
        deployed.ok(&["rollback", "--to", &second[..10]]);
        assert_eq!(deployed.listed()["live"], second.as_str(), "{kind:?}");
        let output = deployed.command(&["rollback", "--to", "0000"]).output();
        let output = output.unwrap();
        assert_eq!(output.status.code(), Some(3), "{kind:?}");
        assert!(text(&output.stderr).contains("RB1004"));
        assert_eq!(
            deployed.releases(),
            BTreeSet::from([first, second, third]),
            "{kind:?}"
        );
    }
}

#[test]
fn previews_stand_apart_and_go() {
    for &kind in KINDS {
        let deployed = Deployed::new(kind, 1);
        let first = deployed.deploy();
        let live = deployed.live().unwrap();
        deployed.edit("Not yet.");
        deployed.ok(&["deploy", "--preview", "soon"]);
        let when = format!("{kind:?}, with a preview");
        assert_same(&live, &deployed.live().unwrap(), &when);
        let preview = deployed.preview("soon").unwrap();
        assert!(text(&preview["_headers"]).contains("noindex"), "{kind:?}");
        assert_eq!(
            text(&preview["robots.txt"]),
            "User-agent: *\nAllow: /\n",
            "{kind:?}"
        );
        let page = preview
            .values()
            .any(|bytes| text(bytes).contains("Not yet."));
        assert!(page, "{kind:?}");
        deployed.ok(&["deploy", "--preview", "soon", "--remove"]);
        assert_eq!(deployed.preview("soon"), None, "{kind:?}");
        let again = deployed
            .command(&["deploy", "--preview", "soon", "--remove"])
            .output()
            .unwrap();
        assert_eq!(again.status.code(), Some(3), "{kind:?}");
        let second = deployed.deploy();
        assert_eq!(deployed.releases(), BTreeSet::from([second]), "{kind:?}");
        assert!(!deployed.releases().contains(&first));
        deployed.assert_live_is_built("after the preview");
    }
}

#[test]
fn so_many_releases_are_kept_and_the_pinned_one() {
    for &kind in KINDS {
        let deployed = Deployed::new(kind, 2);
        let first = deployed.deploy();
        deployed.edit("Two.");
        deployed.deploy();
        deployed.ok(&["rollback", "--to", &first]);
        let mut last = BTreeSet::from([first]);
        for words in ["Three.", "Four.", "Five."] {
            deployed.edit(words);
            last.insert(deployed.deploy());
        }
        let kept = deployed.releases();
        assert_eq!(kept.len(), 3, "{kind:?}: {kept:?}");
        assert!(kept.is_subset(&last), "{kind:?}");
    }
}

#[test]
fn a_deploy_killed_at_any_point_is_completed_by_the_next() {
    let switching = ["deploy-pinned:1", "deploy-linked:1", "deploy-switched:1"];
    for &kind in KINDS {
        let making: &[&str] = match kind {
            Kind::Folder => &["deploy-file:2", "deploy-staged:1", "deploy-released:1"],
            Kind::Archives => &["deploy-staged:1", "deploy-manifest:1", "deploy-released:1"],
            Kind::Store => &[
                "s3-file:1",
                "s3-manifest:1",
                "s3-pointer:1",
                "s3-switched:1",
            ],
        };
        let switching = switching.iter().filter(|_| kind != Kind::Store);
        // In a folder, what goes becomes the next release.
        let removing = match kind {
            Kind::Folder => ["deploy-retiring:1"],
            Kind::Archives | Kind::Store => ["deploy-removing:1"],
        };
        for point in making.iter().chain(switching).chain(&removing) {
            let deployed = Deployed::new(kind, 1);
            deployed.deploy();
            let old = deployed.live();
            deployed.edit("Two.");
            let killed = deployed
                .command(&["deploy"])
                .env("RBGEN_FAILPOINT", point)
                .output()
                .unwrap();
            assert_eq!(
                killed.status.code(),
                None,
                "{kind:?}: {point} was not reached"
            );
            if deployed.live() != old {
                deployed.assert_live_is_built(&format!("killed at {point}"));
            }
            let second = deployed.deploy();
            deployed.assert_live_is_built(&format!("killed at {point}, and deployed"));
            assert_eq!(
                deployed.releases(),
                BTreeSet::from([second]),
                "{kind:?} at {point}"
            );
            // A deploy later, nothing is left of what was killed.
            deployed.edit("Three.");
            deployed.deploy();
            let clean = Deployed::new(kind, 1);
            clean.site.write(PAGE, deployed.site.read(PAGE));
            clean.deploy();
            let left = |of: &Deployed| -> Vec<String> {
                let paths = of.everything().into_keys();
                let is_left =
                    |path: &String| !path.contains("/assets/") && !path.contains(".rbgen/spare/");
                paths.filter(is_left).collect()
            };
            assert_eq!(left(&deployed), left(&clean), "{kind:?} at {point}");
        }
    }
}

#[test]
fn a_first_deploy_that_was_killed_is_completed_by_the_next() {
    for &kind in KINDS {
        let points: &[&str] = match kind {
            Kind::Folder => &["deploy-file:3", "deploy-released:1", "deploy-linked:1"],
            Kind::Archives => &["deploy-manifest:1", "deploy-released:1", "deploy-linked:1"],
            Kind::Store => &["s3-file:3", "s3-manifest:1", "s3-pointer:1"],
        };
        for point in points {
            let deployed = Deployed::new(kind, 1);
            let killed = deployed
                .command(&["deploy"])
                .env("RBGEN_FAILPOINT", point)
                .output()
                .unwrap();
            assert_eq!(
                killed.status.code(),
                None,
                "{kind:?}: {point} was not reached"
            );
            assert_eq!(deployed.live(), None, "{kind:?} at {point}");
            deployed.deploy();
            deployed.assert_live_is_built(&format!("first killed at {point}"));
        }
    }
}

#[test]
fn deployers_wait_for_each_other() {
    for &kind in KINDS {
        let deployed = Deployed::new(kind, 9);
        let mut running = Vec::new();
        let sites: Vec<TestSite> = (0..3).map(|_| deployed.site.duplicate()).collect();
        for (number, site) in sites.iter().enumerate() {
            let page = site.read(PAGE);
            site.write(PAGE, format!("{page}\nNumber {number}.\n"));
            let mut command = site.command(&["deploy", "--quiet"]);
            with_credentials(&mut command);
            command.stdout(Stdio::piped()).stderr(Stdio::piped());
            running.push(command.spawn().unwrap());
        }
        for child in running {
            let output = child.wait_with_output().unwrap();
            assert!(
                output.status.success(),
                "{kind:?}: {}",
                text(&output.stderr)
            );
        }
        let live = deployed.live().unwrap();
        let is_one = sites
            .iter()
            .any(|site| tree(&site.path("dist/one/play")) == live);
        assert!(is_one, "{kind:?}: live is a mix");
        assert_eq!(deployed.releases().len(), 3, "{kind:?}");
    }
}

#[test]
fn the_target_of_another_node_is_left_alone() {
    for &kind in KINDS {
        let deployed = Deployed::new(kind, 2);
        deployed.deploy();
        deployed.give_to("other\n");
        let before = deployed.everything();
        deployed.edit("Two.");
        let refused = deployed.command(&["deploy"]).output().unwrap();
        let said = text(&refused.stderr);
        assert_eq!(refused.status.code(), Some(3), "{kind:?}: {said}");
        assert!(
            said.contains("RB1003") && said.contains("`other`"),
            "{said}"
        );
        assert_same(
            &before,
            &deployed.everything(),
            &format!("{kind:?}, refused"),
        );
    }
}

#[test]
fn an_archive_is_the_same_bytes_each_time_and_nobody_elses_is_replaced() {
    let names = |deployed: &Deployed| -> Vec<PathBuf> {
        let entries = fs::read_dir(deployed.folder()).unwrap();
        let mut files: Vec<PathBuf> = entries
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.is_file() && !path.is_symlink())
            .collect();
        files.sort();
        files
    };
    let (one, two) = (
        Deployed::new(Kind::Archives, 2),
        Deployed::new(Kind::Archives, 2),
    );
    one.deploy();
    two.deploy();
    let (first, second) = (names(&one).remove(0), names(&two).remove(0));
    assert_eq!(first.file_name(), second.file_name());
    assert_eq!(fs::read(first).unwrap(), fs::read(&second).unwrap());
    // The same as `rbgen bundle` writes.
    one.site.ok(&["bundle"]);
    let bundle = one.site.path("dist").join(second.file_name().unwrap());
    assert_eq!(fs::read(bundle).unwrap(), fs::read(&second).unwrap());

    let other = Deployed::new(Kind::Archives, 2);
    fs::create_dir_all(other.folder()).unwrap();
    let path = other.folder().join(second.file_name().unwrap());
    fs::write(&path, "somebody else's").unwrap();
    let refused = other.command(&["deploy"]).output().unwrap();
    assert_eq!(refused.status.code(), Some(3));
    assert!(text(&refused.stderr).contains("RB1003"));
    assert_eq!(fs::read_to_string(path).unwrap(), "somebody else's");
}

#[cfg(not(feature = "s3"))]
#[test]
fn an_rbgen_that_cannot_deploy_to_stores_says_so() {
    let deployed = Deployed::new(Kind::Folder, 2);
    deployed.aim("s3 = \"s3://bucket/prefix\"");
    let refused = deployed.command(&["deploy"]).output().unwrap();
    let said = text(&refused.stderr);
    assert_eq!(refused.status.code(), Some(2), "{said}");
    assert!(said.contains("without the feature `s3`"), "{said}");
}
