//! What the tests of the program share: sites in temporary folders, rbgen runs, and trees as values.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Arc, LazyLock};

use rbgen::model::Library;
use rbgen::render::react::Runner;
use rbgen::sandbox::Sandbox;
use serde_json::Value;
use tempfile::TempDir;

/// Every file below a folder by its path with `/`; a symbolic link stands as `-> target`.
pub type Tree = BTreeMap<String, Vec<u8>>;

/// The root of the project.
pub fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A site in a temporary folder, with room beside it.
pub struct TestSite {
    folder: TempDir,
}

impl TestSite {
    /// A folder without a site.
    pub fn empty() -> TestSite {
        let folder = TempDir::new().unwrap();
        fs::create_dir(folder.path().join("site")).unwrap();
        TestSite { folder }
    }

    /// The smallest site that has one of everything.
    pub fn base() -> TestSite {
        let site = TestSite::empty();
        copy_tree(&project().join("tests/fixtures/base-site"), &site.root());
        site
    }

    /// The example site of the project.
    pub fn example() -> TestSite {
        let site = TestSite::empty();
        for part in ["robbieblocks.toml", "content", "themes", "static"] {
            copy_tree(&project().join(part), &site.root().join(part));
        }
        site
    }

    /// A copy of all of it, output and ledger included.
    pub fn duplicate(&self) -> TestSite {
        let site = TestSite::empty();
        copy_tree(&self.root(), &site.root());
        site
    }

    pub fn root(&self) -> PathBuf {
        self.folder.path().join("site")
    }

    /// A folder beside the site, which does not exist yet.
    pub fn beside(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn path(&self, path: &str) -> PathBuf {
        self.root().join(path)
    }

    pub fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// Writes a file and the folders that it needs.
    pub fn write(&self, path: &str, bytes: impl AsRef<[u8]>) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
    }

    pub fn remove(&self, path: &str) {
        remove_any(&self.path(path));
    }

    /// Replaces text that must be there.
    pub fn replace(&self, path: &str, from: &str, to: &str) {
        let text = self.read(path);
        assert!(text.contains(from), "{path} has no `{from}`");
        self.write(path, text.replace(from, to));
    }

    /// rbgen in this site, with nothing of the caller's environment that could change its words.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rbgen"));
        command
            .args(args)
            .current_dir(self.root())
            .env("NO_COLOR", "1")
            .env_remove("CLICOLOR_FORCE")
            .env_remove("FORCE_COLOR");
        command
    }

    pub fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    /// A run that must succeed.
    pub fn ok(&self, args: &[&str]) -> Output {
        let output = self.run(args);
        assert!(
            output.status.success(),
            "rbgen {} ended with {}:\n{}{}",
            args.join(" "),
            output.status,
            text(&output.stdout),
            text(&output.stderr)
        );
        output
    }

    /// `rbgen build --json` and what it printed.
    pub fn build(&self, args: &[&str]) -> Built {
        let output = self.ok(&[&["build", "--json"], args].concat());
        Built(
            serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
                panic!("not one JSON document: {error}\n{}", text(&output.stdout))
            }),
        )
    }

    pub fn dist(&self) -> Tree {
        tree(&self.path("dist"))
    }
}

/// The example site with a finished build in it, made once; tests work on copies.
pub static EXAMPLE: LazyLock<TestSite> = LazyLock::new(|| {
    let site = TestSite::example();
    site.ok(&["build"]);
    site
});

/// What `rbgen build --json` printed.
pub struct Built(pub Value);

impl Built {
    /// A number by its name, such as `pages_rendered`.
    pub fn count(&self, name: &str) -> u64 {
        self.0[name]
            .as_u64()
            .unwrap_or_else(|| panic!("no number `{name}` in {}", self.0))
    }

    /// The build hash of every bundle by `node/app`.
    pub fn hashes(&self) -> BTreeMap<String, String> {
        let text = |value: &Value| value.as_str().unwrap().to_string();
        self.0["bundles"]
            .as_array()
            .unwrap()
            .iter()
            .map(|bundle| {
                let name = format!("{}/{}", text(&bundle["node"]), text(&bundle["app"]));
                (name, text(&bundle["build_hash"]))
            })
            .collect()
    }
}

/// Where React code is run: in processes of the rbgen that is tested.
pub fn react() -> Arc<dyn Runner> {
    Arc::new(Sandbox::new(env!("CARGO_BIN_EXE_rbgen").into()))
}

/// Copies preact, as far as rbgen reads it, into the folder `packages` of a site.
pub fn install_preact(site: &TestSite) {
    let from = project().join("tests/react/node_modules");
    for path in Library::Preact.files() {
        let text = fs::read(from.join(path))
            .unwrap_or_else(|_| panic!("{path} is missing: run `npm ci --prefix tests/react`"));
        site.write(&format!("packages/{path}"), text);
    }
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Copies a file or a folder, links as links. Where there is nothing, it does nothing.
pub fn copy_tree(from: &Path, to: &Path) {
    let Ok(meta) = fs::symlink_metadata(from) else {
        return;
    };
    if meta.is_symlink() {
        symlink(&fs::read_link(from).unwrap(), to);
    } else if meta.is_dir() {
        fs::create_dir_all(to).unwrap();
        for entry in fs::read_dir(from).unwrap() {
            let name = entry.unwrap().file_name();
            copy_tree(&from.join(&name), &to.join(&name));
        }
    } else {
        fs::copy(from, to).unwrap();
    }
}

/// Removes a file, a link or a folder, if it is there.
pub fn remove_any(path: &Path) {
    match fs::symlink_metadata(path) {
        Ok(meta) if meta.is_dir() => fs::remove_dir_all(path).unwrap(),
        Ok(_) => fs::remove_file(path).unwrap(),
        Err(_) => {}
    }
}

pub fn symlink(target: &Path, link: &Path) {
    std::os::unix::fs::symlink(target, link).unwrap();
}

/// The files below a folder; none where there is no folder. What rbgen keeps for itself at the root
/// of an output folder (`.rbgen/`: its lock, and files on their way) is no output and left out.
pub fn tree(root: &Path) -> Tree {
    fn walk(folder: &Path, prefix: &str, files: &mut Tree) {
        let Ok(entries) = fs::read_dir(folder) else {
            return;
        };
        for entry in entries {
            let entry = entry.unwrap();
            let path = format!("{prefix}{}", entry.file_name().to_string_lossy());
            let kind = entry.file_type().unwrap();
            if entry.file_name() == "node_modules" {
                // Somebody may have installed packages, which are of no site.
            } else if kind.is_dir() {
                walk(&entry.path(), &format!("{path}/"), files);
            } else if kind.is_symlink() {
                let target = fs::read_link(entry.path()).unwrap();
                files.insert(path, format!("-> {}", target.display()).into_bytes());
            } else {
                files.insert(path, fs::read(entry.path()).unwrap());
            }
        }
    }
    let mut files = Tree::new();
    walk(root, "", &mut files);
    files.retain(|path, _| !path.starts_with(".rbgen/"));
    files
}

/// In what two trees differ, one line a path; empty where they are equal. Bytes are not printed:
/// a page is too long to read in a failure.
pub fn differences(left: &Tree, right: &Tree) -> Vec<String> {
    let paths: std::collections::BTreeSet<&String> = left.keys().chain(right.keys()).collect();
    paths
        .into_iter()
        .filter_map(|path| match (left.get(path), right.get(path)) {
            (Some(a), Some(b)) if a == b => None,
            (Some(_), Some(_)) => Some(format!("differs: {path}")),
            (Some(_), None) => Some(format!("only in the first: {path}")),
            _ => Some(format!("only in the second: {path}")),
        })
        .collect()
}

/// Fails with the paths in which two trees differ.
#[track_caller]
pub fn assert_same(left: &Tree, right: &Tree, what: &str) {
    let found = differences(left, right);
    assert!(found.is_empty(), "{what}:\n{}", found.join("\n"));
}

/// A page of the example site that stands in its app with text of its own: its file and its text.
pub fn some_page(site: &TestSite) -> String {
    tree(&site.path("content/pages"))
        .into_iter()
        .find(|(path, bytes)| path.ends_with(".md") && text(bytes).contains("\"published\""))
        .map(|(path, _)| format!("content/pages/{path}"))
        .expect("the example site has a Markdown page")
}

/// The manifests of an output folder by `node/app`.
pub fn manifests(dist: &Path) -> BTreeMap<String, Value> {
    let mut found = BTreeMap::new();
    for (path, bytes) in tree(dist) {
        if path.matches('/').count() == 1 && path.ends_with(".json") {
            let name = path.trim_end_matches(".json").to_string();
            found.insert(name, serde_json::from_slice(&bytes).unwrap());
        }
    }
    found
}

/// Every file that a manifest names is there with its hash and size, and no other file is.
#[track_caller]
pub fn assert_manifests_tell_the_truth(dist: &Path) {
    let all = tree(dist);
    let manifests = manifests(dist);
    assert!(!manifests.is_empty());
    let mut told: Vec<String> = Vec::new();
    for (bundle, manifest) in &manifests {
        told.push(format!("{bundle}.json"));
        for (path, file) in manifest["files"].as_object().unwrap() {
            let place = format!("{bundle}/{path}");
            let bytes = all
                .get(&place)
                .unwrap_or_else(|| panic!("{place} is missing"));
            assert_eq!(file["size"], bytes.len(), "{place}");
            assert_eq!(
                file["blake3"],
                blake3::hash(bytes).to_hex().as_str(),
                "{place}"
            );
            told.push(place);
        }
        let (node, app) = bundle.split_once('/').unwrap();
        assert_eq!(
            (&manifest["node"], &manifest["app"]),
            (&node.into(), &app.into())
        );
    }
    told.sort();
    let there: Vec<String> = all.into_keys().collect();
    assert_eq!(
        there, told,
        "files that no manifest names, or the other way round"
    );
}

/// A number that a variable of the environment may set.
pub fn number(name: &str, default: u64) -> u64 {
    match std::env::var(name) {
        Ok(text) => text
            .parse()
            .unwrap_or_else(|_| panic!("{name} is no number")),
        Err(_) => default,
    }
}
