//! The site of a commit loads as the same files on disk do, and says the same.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use rayon::prelude::*;
use rbgen::files::Folder;
use rbgen::load::{Loaded, Located, load_site, locate};
use rbgen::sync::git::Repository;
use rbgen::sync::tree::{check_commit, folder_of_commit, texts_of_commit};

use crate::diagnostics::{BUILT, fixtures, lay_over, name_of};
use crate::harness::{TestSite, symlink, text};

/// git in a folder, with nothing of the caller's configuration.
pub fn git_command(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new("git");
    command.current_dir(folder);
    // What could be refused elsewhere (a backslash in a name) must be there to be told of.
    command.args(["-c", "init.defaultBranch=main"]);
    command.args(["-c", "core.protectNTFS=false"]).args(args);
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("GIT_")) {
        command.env_remove(name);
    }
    command
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_AUTHOR_NAME", "Ada")
        .env("GIT_AUTHOR_EMAIL", "ada@example.org")
        .env("GIT_AUTHOR_DATE", "2026-01-02T03:04:05Z")
        .env("GIT_COMMITTER_NAME", "Ada")
        .env("GIT_COMMITTER_EMAIL", "ada@example.org")
        .env("GIT_COMMITTER_DATE", "2026-01-02T03:04:05Z");
    command
}

/// git in a folder, which must end well; what it printed.
pub fn git(folder: &Path, args: &[&str]) -> String {
    let output: Output = git_command(folder, args).output().unwrap();
    assert!(
        output.status.success(),
        "git {args:?}: {}{}",
        text(&output.stdout),
        text(&output.stderr)
    );
    text(&output.stdout).trim_end().to_string()
}

/// Commits all that a folder has, in a repository that is made where there is none; the commit's name.
pub fn commit_all(folder: &Path) -> String {
    if !folder.join(".git").exists() {
        git(folder, &["init", "-q"]);
    }
    git(folder, &["add", "-A", "-f"]);
    git(folder, &["commit", "-q", "--allow-empty", "-m", "All"]);
    git(folder, &["rev-parse", "HEAD"])
}

fn said(located: &[Located]) -> Vec<String> {
    located.iter().map(|one| format!("{one:#?}")).collect()
}

/// What a site says, but for the digests of what is only copied.
fn told(loaded: &Loaded) -> String {
    let Some(site) = &loaded.site else {
        return "no site".into();
    };
    let statics: Vec<_> = site
        .statics
        .iter()
        .map(|(path, a)| (path, a.size))
        .collect();
    let themes: BTreeMap<_, _> = site
        .themes
        .iter()
        .map(|(key, theme)| {
            let assets = theme.assets.iter();
            let assets: Vec<_> = assets.map(|(path, a)| (path, a.size)).collect();
            (key, (&theme.texts, assets))
        })
        .collect();
    let keys: Vec<&str> = (0..site.pages.len()).map(|at| site.pages.key(at)).collect();
    let notes: Vec<_> = loaded
        .notes
        .iter()
        .map(|(key, note)| (key, note.document, note.structure, &note.data_files))
        .collect();
    format!(
        "{:?} {statics:?} {themes:?} {keys:?} {notes:?} {:?} {:?} {:?} {:?}",
        site.config, site.components, site.tokens, site.nodes, site.incomplete
    )
}

/// Holds the site of a commit against the one on disk. A commit has no name of its folder.
fn hold(root: &Path, repository: &Path, commit: &str, prefix: &str) {
    let repository = Repository::at(repository);
    let disk = Folder::new(root);
    let from_disk = load_site(&disk);
    let tree = folder_of_commit(&repository, commit, prefix).unwrap();
    let from_tree = load_site(&tree);
    assert_eq!(told(&from_disk), told(&from_tree), "{}", root.display());
    let checked = check_commit(&repository, commit, prefix).unwrap();
    let expected = locate(&disk, from_disk.diagnostics);
    let named = said(&checked.diagnostics)
        .iter()
        .map(|one| one.replace(&*tree.name(), &disk.name()))
        .collect::<Vec<String>>();
    assert_eq!(said(&expected), named, "{}", root.display());
}

#[test]
fn a_commit_of_the_example_loads_as_its_files_do() {
    let site = TestSite::example();
    let commit = commit_all(&site.root());
    hold(&site.root(), &site.root(), &commit, "");
    let texts = texts_of_commit(&Repository::at(site.root()), &commit, "", |path| {
        path.starts_with("content/pages/")
    })
    .unwrap();
    assert!(texts.len() > 1);
    for (path, text) in &texts {
        assert!(path.starts_with("content/pages/"));
        assert_eq!(*text, site.read(path));
    }
}

#[test]
fn a_commit_of_a_broken_site_says_what_its_files_say() {
    // Rights are nothing that a commit has.
    let fixtures = fixtures();
    let held = fixtures
        .par_iter()
        .filter(|fixture| name_of(fixture) != "err_unreadable");
    let count = held
        .map(|fixture| {
            let site = BUILT.duplicate();
            lay_over(fixture, &site);
            let commit = commit_all(&site.root());
            hold(&site.root(), &site.root(), &commit, "");
        })
        .count();
    assert!(count > 50);
}

#[test]
fn a_site_may_be_a_folder_of_the_repository() {
    for name in [
        "err_symlinks",
        "err_file_names",
        "err_too_large",
        "err_not_utf8",
    ] {
        let site = TestSite::base();
        let fixture = fixtures().into_iter().find(|path| name_of(path) == name);
        lay_over(&fixture.unwrap(), &site);
        let repository = site.beside("repository");
        fs::create_dir_all(repository.join("docs")).unwrap();
        fs::write(repository.join("robbieblocks.toml"), "no TOML").unwrap();
        let inner = repository.join("docs/site");
        fs::rename(site.root(), &inner).unwrap();
        let commit = commit_all(&repository);
        for prefix in ["docs/site", "docs/site/"] {
            hold(&inner, &repository, &commit, prefix);
        }
        // From within it, too, and with another name of the commit.
        hold(&inner, &inner, "HEAD", "docs/site");
    }
}

#[test]
fn a_dirty_work_tree_is_not_looked_at() {
    let site = TestSite::base();
    let commit = commit_all(&site.root());
    site.write("content/pages/play/new.toml", "this is no TOML");
    site.remove("robbieblocks.toml");
    let checked = check_commit(&Repository::at(site.root()), &commit, "").unwrap();
    assert!(checked.site.is_some());
    assert!(checked.diagnostics.is_empty(), "{:?}", checked.diagnostics);
}

#[test]
fn a_submodule_is_an_empty_folder() {
    let site = TestSite::base();
    let commit = commit_all(&site.root());
    let module = format!("160000,{commit},themes/module");
    git(
        &site.root(),
        &["update-index", "--add", "--cacheinfo", &module],
    );
    git(&site.root(), &["commit", "-q", "-m", "A submodule"]);
    fs::create_dir(site.path("themes/module")).unwrap();
    hold(&site.root(), &site.root(), "HEAD", "");
}

#[test]
fn what_is_no_commit_is_said() {
    let site = TestSite::base();
    commit_all(&site.root());
    let repository = Repository::at(site.root());
    for commit in [
        "nothing",
        "--help",
        "0000000000000000000000000000000000000001",
    ] {
        let error = folder_of_commit(&repository, commit, "").unwrap_err();
        assert_eq!(error.command, "git ls-tree", "{error:?}");
        assert!(!error.said.is_empty());
    }
    let other = site.beside("other");
    fs::create_dir(&other).unwrap();
    assert!(check_commit(&Repository::at(&other), "HEAD", "").is_err());
}

#[test]
fn a_missing_blob_is_an_error() {
    let site = TestSite::base();
    site.write("content/pages/play/lost.toml", "name = \"Lost\"\n");
    symlink(Path::new("nowhere"), &site.path("content/link"));
    let commit = commit_all(&site.root());
    let name = git(
        &site.root(),
        &["rev-parse", "HEAD:content/pages/play/lost.toml"],
    );
    site.remove(&format!(".git/objects/{}/{}", &name[..2], &name[2..]));
    let error = folder_of_commit(&Repository::at(site.root()), &commit, "").unwrap_err();
    assert!(error.said.contains(&name), "{error:?}");
}

#[test]
fn many_files_are_each_what_they_are() {
    let site = TestSite::base();
    let count = 2500;
    for number in 0..count {
        // Of different lengths, and some the same.
        let page = format!("name = \"{}\"\n", "x".repeat(number % 700));
        site.write(&format!("content/pages/play/many/p{number}.toml"), page);
    }
    let commit = commit_all(&site.root());
    let texts = texts_of_commit(&Repository::at(site.root()), &commit, "", |path| {
        path.contains("/many/")
    })
    .unwrap();
    assert_eq!(texts.len(), count);
    for (path, text) in &texts {
        assert_eq!(*text, site.read(path));
    }
}
