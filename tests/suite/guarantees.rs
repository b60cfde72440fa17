//! What a build promises (design: "Guarantees"), on the example site of the project.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::harness::{
    Built, EXAMPLE, TestSite, Tree, assert_manifests_tell_the_truth, assert_same, copy_tree,
    differences, manifests, some_page, tree,
};

/// What a build from nothing makes of a site as it now stands.
fn clean(site: &TestSite) -> Tree {
    let fresh = TestSite::empty();
    for part in ["robbieblocks.toml", "content", "themes", "static"] {
        copy_tree(&site.path(part), &fresh.path(part));
    }
    fresh.ok(&["build"]);
    fresh.dist()
}

#[track_caller]
fn assert_counts(built: &Built, counts: &[(&str, u64)]) {
    for (name, count) in counts {
        assert_eq!(built.count(name), *count, "{name} in {}", built.0);
    }
}

#[test]
fn a_second_build_does_nothing() {
    let site = EXAMPLE.duplicate();
    let first = site.build(&[]);
    assert!(first.count("pages_total") > 0);
    let before = modified(&site.path("dist"));
    let second = site.build(&[]);
    assert_counts(
        &second,
        &[
            ("pages_rendered", 0),
            ("files_written", 0),
            ("files_removed", 0),
        ],
    );
    assert_eq!(second.hashes(), first.hashes());
    assert_eq!(
        before,
        modified(&site.path("dist")),
        "a kept file was touched"
    );
}

/// When each file was last changed, and its inode.
fn modified(root: &Path) -> BTreeMap<String, (i64, i64, u64)> {
    use std::os::unix::fs::MetadataExt;
    tree(root)
        .into_keys()
        .map(|path| {
            let meta = fs::metadata(root.join(&path)).unwrap();
            (path, (meta.mtime(), meta.mtime_nsec(), meta.ino()))
        })
        .collect()
}

#[test]
fn manifests_tell_the_truth() {
    assert_manifests_tell_the_truth(&EXAMPLE.path("dist"));
    let printed = EXAMPLE.duplicate().build(&[]).hashes();
    let written: BTreeMap<String, String> = manifests(&EXAMPLE.path("dist"))
        .into_iter()
        .map(|(bundle, manifest)| (bundle, manifest["build_hash"].as_str().unwrap().to_string()))
        .collect();
    assert_eq!(printed, written);
}

#[test]
fn the_number_of_threads_and_the_place_change_no_byte() {
    let one = TestSite::example();
    let two = TestSite::example();
    let first = one.build(&["--threads", "1"]);
    let second = two.build(&["--threads", "2"]);
    assert_eq!(first.hashes(), second.hashes());
    assert_same(&one.dist(), &two.dist(), "one thread against two");
    let elsewhere = one.beside("elsewhere");
    one.ok(&["build", "--out", elsewhere.to_str().unwrap()]);
    assert_same(&one.dist(), &tree(&elsewhere), "--out against dist");
}

#[test]
fn without_its_ledger_a_build_is_the_same() {
    let site = EXAMPLE.duplicate();
    let before = site.dist();
    site.remove(".rbgen");
    site.ok(&["build"]);
    assert_same(&before, &site.dist(), "after .rbgen was deleted");
    let forced = site.build(&["--force"]);
    assert_eq!(forced.count("files_written"), 0);
    assert_same(&before, &site.dist(), "after --force");
}

#[test]
fn after_any_edit_a_build_equals_one_from_nothing() {
    let site = EXAMPLE.duplicate();
    let page = some_page(&site);
    let original = site.read(&page);
    type Edit<'a> = (&'a str, Box<dyn Fn(&TestSite) + 'a>);
    let edits: Vec<Edit<'_>> = vec![
        (
            "a page's text",
            Box::new(|s| s.write(&page, s.read(&page) + "\nOne more line.\n")),
        ),
        (
            "a page's name, which lists show",
            Box::new(|s| {
                let text = s.read(&page);
                let line = text
                    .lines()
                    .find(|line| line.starts_with("name ="))
                    .unwrap();
                s.replace(&page, line, "name = \"Another name\"");
            }),
        ),
        (
            "a new page",
            Box::new(|s| {
                s.write(
                    "content/pages/code/entirely-new.md",
                    "+++\nname = \"Entirely new\"\nstatus = \"published\"\n+++\n\nNew.\n",
                );
            }),
        ),
        ("a page deleted", Box::new(|s| s.remove(&page))),
        ("the page put back", Box::new(|s| s.write(&page, &original))),
        (
            "a token",
            Box::new(|s| {
                let text = s.read("content/tokens/spacing.toml");
                s.write(
                    "content/tokens/spacing.toml",
                    text.replacen("1rem", "1.125rem", 1),
                );
            }),
        ),
        (
            "a component's template",
            Box::new(|s| {
                let path = "content/components/markdown.html";
                s.write(path, format!("<!-- changed -->\n{}", s.read(path)));
            }),
        ),
        (
            "a component's style",
            Box::new(|s| {
                let path = "content/components/markdown.css";
                s.write(path, s.read(path) + "\np {\n  orphans: 3;\n}\n");
            }),
        ),
        (
            "a partial in the middle of a chain of includes",
            Box::new(|s| {
                let path = "themes/base/partials/site-footer.html";
                s.write(path, s.read(path) + "\n<!-- changed -->\n");
            }),
        ),
        (
            "a style sheet of a theme",
            Box::new(|s| {
                let path = "themes/base/styles/elements.css";
                s.write(path, s.read(path) + "\nhr {\n  margin: 3rem 0;\n}\n");
            }),
        ),
        (
            "an asset",
            Box::new(|s| {
                let path = "themes/base/assets/mark.svg";
                s.write(path, s.read(path) + "\n<!-- changed -->\n");
            }),
        ),
        (
            "an override of a component in a theme that extends",
            Box::new(|s| {
                s.write(
                    "themes/gazette/components/markdown.html",
                    "<div class=\"prose gazette\">\n{{ props.text }}\n</div>\n",
                );
            }),
        ),
        (
            "an app less for a node",
            Box::new(|s| {
                let path = "content/nodes/collaboration-local.toml";
                s.replace(
                    path,
                    "[\"work\", \"play\", \"code\"]",
                    "[\"work\", \"code\"]",
                );
            }),
        ),
        (
            "the settings of Markdown",
            Box::new(|s| {
                s.replace(
                    "robbieblocks.toml",
                    "smart_punctuation = true",
                    "smart_punctuation = false",
                )
            }),
        ),
        (
            "a file in static/",
            Box::new(|s| s.write("static/humans.txt", "Robbie\n")),
        ),
        (
            "a new node, with a style sheet of its own",
            Box::new(|s| {
                s.write(
                    "content/nodes/visitor.toml",
                    "name = \"Visitor\"\nenabled_apps = [\"code\"]\n",
                );
                s.write("content/nodes/visitor.css", "hr {\n  margin: 0;\n}\n");
            }),
        ),
        (
            "a node less",
            Box::new(|s| {
                s.remove("content/nodes/visitor.toml");
                s.remove("content/nodes/visitor.css");
            }),
        ),
    ];
    for (what, edit) in &edits {
        let before = site.dist();
        edit(&site);
        site.ok(&["build"]);
        let after = site.dist();
        assert_same(
            &clean(&site),
            &after,
            &format!("after {what}, clean against incremental"),
        );
        assert_manifests_tell_the_truth(&site.path("dist"));
        assert!(
            before != after,
            "{what} changed nothing, so the test shows nothing"
        );
        assert_counts(
            &site.build(&[]),
            &[("pages_rendered", 0), ("files_written", 0)],
        );
    }
}

#[test]
fn an_override_rewrites_only_style_sheets_of_its_node() {
    let site = EXAMPLE.duplicate();
    site.replace(
        "content/nodes/vengeance-local.toml",
        "theme = \"dark\"",
        "theme = \"dark\"\n\"spacing.md\" = \"1.25rem\"",
    );
    let built = site.build(&[]);
    let bundles = built.hashes();
    let own = bundles
        .keys()
        .filter(|name| name.starts_with("vengeance-local/"));
    assert_counts(
        &built,
        &[("files_written", own.count() as u64), ("files_removed", 0)],
    );
    let before = EXAMPLE.dist();
    let after = site.dist();
    for line in differences(&before, &after) {
        let style = line.starts_with("differs: vengeance-local/") && line.ends_with("/tokens.css");
        let manifest = line.starts_with("differs: vengeance-local/") && line.ends_with(".json");
        assert!(
            style || manifest,
            "an override of one node changed more: {line}"
        );
    }
}

#[test]
fn a_stale_page_goes_and_a_foreign_file_stays() {
    let site = EXAMPLE.duplicate();
    let page = some_page(&site);
    let before = site.dist();
    let folder = manifests(&site.path("dist")).into_keys().next().unwrap();
    let foreign = format!("dist/{folder}/mine/notes.txt");
    site.write(&foreign, "not rbgen's\n");
    site.remove(&page);
    let built = site.build(&[]);
    assert!(built.count("files_removed") > 0, "{}", built.0);
    assert_eq!(site.read(&foreign), "not rbgen's\n");
    let after = site.dist();
    let gone: Vec<&String> = before
        .keys()
        .filter(|path| !after.contains_key(*path))
        .collect();
    assert!(
        gone.iter().any(|path| path.ends_with("index.html")),
        "{gone:?}"
    );
    // Folders that nothing is in any more go with their last file.
    for path in gone {
        let folder = site.path("dist").join(path).parent().unwrap().to_path_buf();
        let empty = fs::read_dir(&folder).is_ok_and(|mut entries| entries.next().is_none());
        assert!(!empty, "{} is empty", folder.display());
    }
}

#[test]
fn what_was_altered_in_dist_is_mended() {
    let site = EXAMPLE.duplicate();
    let before = site.dist();
    let pages: Vec<&String> = before
        .keys()
        .filter(|path| path.ends_with("index.html"))
        .collect();
    site.write(&format!("dist/{}", pages[0]), "<p>altered</p>\n");
    site.remove(&format!("dist/{}", pages[1]));
    let same_size = "x".repeat(before[pages[2]].len());
    site.write(&format!("dist/{}", pages[2]), same_size);
    site.ok(&["build"]);
    assert_same(&before, &site.dist(), "altered files");
}

#[test]
fn an_error_leaves_dist_untouched() {
    let site = EXAMPLE.duplicate();
    let before = modified(&site.path("dist"));
    let page = some_page(&site);
    // One page that would be written, and one that is broken.
    site.write(&page, site.read(&page) + "\nChanged.\n");
    site.write(
        "content/pages/code/broken.toml",
        "name = \"Broken\"\nstatus = \"published\"\n\n[[blocks]]\ncomponent = \"no-such\"\n",
    );
    assert_eq!(site.run(&["build"]).status.code(), Some(1));
    assert_eq!(before, modified(&site.path("dist")));
    // And so does an error that only rendering finds.
    site.remove("content/pages/code/broken.toml");
    site.write(
        "content/components/page-list.html",
        "{{ props.title }}{{ nothing.here }}\n",
    );
    assert_eq!(site.run(&["build"]).status.code(), Some(1));
    assert_eq!(before, modified(&site.path("dist")));
}

#[test]
fn a_bundle_archive_is_deterministic() {
    let archives = |site: &TestSite| -> Tree {
        site.ok(&["bundle"]);
        tree(&site.path("dist"))
            .into_iter()
            .filter(|(path, _)| path.ends_with(".tar.zst"))
            .collect()
    };
    let one = EXAMPLE.duplicate();
    let two = TestSite::example();
    let first = archives(&one);
    assert_same(&first, &archives(&two), "archives of two copies");
    let manifests = manifests(&one.path("dist"));
    assert_eq!(first.len(), manifests.len());
    for (bundle, manifest) in manifests {
        let hash = &manifest["build_hash"].as_str().unwrap()[..12];
        let name = format!("{}-{hash}.tar.zst", bundle.replace('/', "-"));
        let packed = zstd::decode_all(first[&name].as_slice()).unwrap();
        let mut inside = Tree::new();
        for entry in tar::Archive::new(packed.as_slice()).entries().unwrap() {
            let mut entry = entry.unwrap();
            assert_eq!(entry.header().mtime().unwrap(), 0);
            let path = entry.path().unwrap().to_str().unwrap().to_string();
            let mut bytes = Vec::new();
            std::io::Read::read_to_end(&mut entry, &mut bytes).unwrap();
            if entry.header().entry_type().is_file() {
                inside.insert(path, bytes);
            }
        }
        let mut files = tree(&one.path("dist").join(&bundle));
        files.retain(|path, _| inside.contains_key(path));
        inside.retain(|path, _| files.contains_key(path));
        assert_eq!(files.len(), manifest["files"].as_object().unwrap().len());
        assert_same(&files, &inside, &name);
    }
}
