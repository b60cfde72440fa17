//! The npm packages that React components are rendered with, as far as they are needed.

use std::collections::BTreeMap;

use super::TextFile;

/// Which library renders React components.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Library {
    Preact,
    React,
}

impl Library {
    /// The library by its name in `[react] runtime`.
    pub fn named(name: &str) -> Option<Library> {
        match name {
            "preact" => Some(Library::Preact),
            "react" => Some(Library::React),
            _ => None,
        }
    }

    /// The packages that are installed for it.
    pub fn packages(self) -> &'static [&'static str] {
        match self {
            Library::Preact => &["preact", "preact-render-to-string"],
            Library::React => &["react", "react-dom"],
        }
    }

    /// The files of packages that it is made from, relative to the folder of packages, and those that have
    /// names, versions and licences. Some are not in every version; who needs one says that it is missing.
    pub fn files(self) -> &'static [&'static str] {
        match self {
            Library::Preact => &[
                "preact/LICENSE",
                "preact/compat/dist/compat.mjs",
                "preact/dist/preact.mjs",
                "preact/hooks/dist/hooks.mjs",
                "preact/package.json",
                "preact-render-to-string/LICENSE",
                "preact-render-to-string/dist/index.mjs",
                "preact-render-to-string/package.json",
            ],
            Library::React => &[
                "react/LICENSE",
                "react/cjs/react.production.js",
                "react/package.json",
                "react-dom/LICENSE",
                "react-dom/cjs/react-dom-client.production.js",
                "react-dom/cjs/react-dom-server-legacy.browser.production.js",
                "react-dom/cjs/react-dom.production.js",
                "react-dom/package.json",
                "scheduler/LICENSE",
                "scheduler/cjs/scheduler.production.js",
                "scheduler/package.json",
            ],
        }
    }
}

/// What a folder of packages has of the library that `[react]` names.
#[derive(Clone, Debug, Default)]
pub struct Packages {
    /// The folder, relative to the site: `themes/base/node_modules`.
    pub folder: String,
    /// The files, by their path below the folder: `preact/dist/preact.mjs`.
    pub files: BTreeMap<String, TextFile>,
    /// Whether there can be packages at all. The tree of a commit has none, because nobody commits them:
    /// there components are only compiled.
    pub can_be_there: bool,
    /// Whether a package-lock.json beside the folder has the packages of the library, so that `npm ci` installs
    /// them.
    pub has_lock: bool,
}

impl Packages {
    /// The command that installs what is missing of a library.
    pub fn install(&self, library: Library) -> String {
        let (place, _) = self.folder.rsplit_once('/').unwrap_or((".", ""));
        match self.has_lock {
            true => format!("npm ci --prefix {place}"),
            false => format!(
                "npm install --prefix {place} {}",
                library.packages().join(" ")
            ),
        }
    }
}
