//! The library from the files of packages, as the engine and browsers get it.

use std::sync::Arc;

use rbgen::model::Library;
use rbgen::render::react::PROVIDED;
use rbgen::render::react::runtime::{client_files, licences, runtime};

use super::{BOTH, packages};

#[test]
fn a_missing_file_of_a_package_is_named() {
    for kind in BOTH {
        let whole = packages(kind);
        for missing in runtime_files(kind) {
            let mut less = whole.clone();
            less.files.remove(*missing);
            let why = runtime(kind, &less).unwrap_err();
            assert_eq!(
                why,
                format!("tests/react/node_modules/{missing} is not there")
            );
        }
        let mut broken = whole.clone();
        let first = runtime_files(kind)[0];
        let file = broken.files.get_mut(first).unwrap();
        file.text = Arc::from("import { x } from 'fs'; import * as y from './z'; let = ;");
        assert!(runtime(kind, &broken).is_err());
        assert!(client_files(kind, &broken).is_err());
    }
}

/// What the engine is made from.
fn runtime_files(kind: Library) -> &'static [&'static str] {
    match kind {
        Library::Preact => &[
            "preact/dist/preact.mjs",
            "preact/hooks/dist/hooks.mjs",
            "preact/compat/dist/compat.mjs",
            "preact-render-to-string/dist/index.mjs",
        ],
        Library::React => &[
            "react/cjs/react.production.js",
            "react-dom/cjs/react-dom.production.js",
            "react-dom/cjs/react-dom-server-legacy.browser.production.js",
        ],
    }
}

#[test]
fn every_input_is_in_the_digest() {
    for kind in BOTH {
        let whole = packages(kind);
        let digest = runtime(kind, &whole).unwrap().digest;
        assert_eq!(
            runtime(kind, &whole).unwrap(),
            runtime(kind, &whole).unwrap()
        );
        for path in whole.files.keys() {
            let mut other = whole.clone();
            let file = other.files.get_mut(path).unwrap();
            file.text = Arc::from(format!("{}\n", file.text));
            assert_ne!(runtime(kind, &other).unwrap().digest, digest, "{path}");
        }
    }
}

#[test]
fn browsers_get_few_bytes_without_comments_for_every_name() {
    for (kind, most) in [(Library::Preact, 26_000), (Library::React, 230_000)] {
        let files = client_files(kind, &packages(kind)).unwrap();
        let mut names: Vec<&str> = files
            .iter()
            .flat_map(|file| file.names.iter().map(String::as_str))
            .collect();
        names.sort_unstable();
        let mut provided = PROVIDED;
        provided.sort_unstable();
        assert_eq!(names, provided);
        assert!(files.iter().map(|file| file.text.len()).sum::<usize>() < most);
        for file in &files {
            assert!(!file.text.contains("/*"), "{}", file.name);
            assert!(!file.text.contains("sourceMappingURL"), "{}", file.name);
            assert!(
                file.text.contains("export{") || file.text.contains("export const{"),
                "{}",
                file.name
            );
        }
        assert_eq!(files, client_files(kind, &packages(kind)).unwrap());
    }
}

#[test]
fn the_licences_of_all_that_is_in_the_site_are_there() {
    let preact = licences(Library::Preact, &packages(Library::Preact));
    assert!(
        preact.starts_with("preact 11.2.0\n\nThe MIT License (MIT)"),
        "{preact}"
    );
    let react = licences(Library::React, &packages(Library::React));
    for name in ["react 19.3.1", "react-dom 19.3.1", "scheduler 0.28.0"] {
        assert!(
            react.contains(&format!("{name}\n\nMIT License\n")),
            "{react}"
        );
    }
}
