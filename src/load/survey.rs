//! Looks at every file of a site without reading it, and holds what it sees against what a ledger
//! remembers.

use std::time::SystemTime;

use crate::codec::Writer;
use crate::diag::{Diagnostic, Diagnostics, Place, code};
use crate::digest::{Digest, Hasher};
use crate::files::{Folder, Found};
use crate::format::{self, COMPONENTS, NODES, PAGES, TOKENS};
use crate::ledger::Ledger;

use super::CONFIG_FILE;

/// The rooms of a theme that have templates and style sheets.
pub const ROOMS: [&str; 4] = ["layouts", "partials", "components", "styles"];

/// The folders of a theme that have files of a site.
pub const THEME_FOLDERS: [&str; 5] = ["layouts", "partials", "components", "styles", "assets"];

/// Every file of a site.
#[derive(Debug)]
pub struct Survey {
    /// Sorted by path.
    pub files: Vec<Found>,
    /// The folders in `themes/` that have a theme.toml.
    pub themes: Vec<String>,
    /// Links, and names that no file of a site may have.
    pub diagnostics: Diagnostics,
    /// When it began, in nanoseconds since 1970.
    pub looked_at: i64,
}

/// Looks at every file that a site may have.
pub fn survey(folder: &Folder) -> Survey {
    survey_of(folder, true)
}

/// Looks at every file of a site but its content, which comes from elsewhere.
pub fn survey_without_content(folder: &Folder) -> Survey {
    survey_of(folder, false)
}

fn survey_of(folder: &Folder, content: bool) -> Survey {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let looked_at = now.map_or(0, |since| {
        i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
    });
    let mut diagnostics = Diagnostics::new();
    let mut files = Vec::new();
    files.extend(one(folder, CONFIG_FILE));
    for (place, hidden) in [
        (COMPONENTS, false),
        (NODES, false),
        (PAGES, false),
        (TOKENS, false),
        ("static", true),
    ] {
        if content || !place.starts_with("content/") {
            files.extend(folder.list(place, hidden, &mut diagnostics));
        }
    }
    files.extend(packages(folder, &mut diagnostics));
    let mut themes = Vec::new();
    for theme in folder.subfolders("themes", &mut diagnostics) {
        let place = format!("themes/{theme}");
        let Some(config) = one(folder, &format!("{place}/theme.toml")) else {
            diagnostics.push(not_read(
                &place,
                "a theme is a folder with a theme.toml".into(),
            ));
            continue;
        };
        files.push(config);
        for room in THEME_FOLDERS {
            files.extend(folder.list(&format!("{place}/{room}"), false, &mut diagnostics));
        }
        themes.push(theme);
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    // A folder of packages may be within one that is listed.
    files.dedup_by(|a, b| a.path == b.path);
    Survey {
        files,
        themes,
        diagnostics,
        looked_at,
    }
}

/// The files of the library that renders React components, as far as they are there. Only they are looked at:
/// folders of packages can be large.
fn packages(folder: &Folder, diagnostics: &mut Diagnostics) -> Vec<Found> {
    let mut found = Vec::new();
    for path in package_files(folder) {
        match folder.link_above(&path) {
            Some(link) => {
                let message = "links are not followed: npm makes none, and other programs do";
                diagnostics.push(not_read(&link, message.into()));
                return Vec::new();
            }
            None => found.extend(one(folder, &path)),
        }
    }
    found
}

/// The files of packages that a site may have, whether they are there or not.
pub fn package_files(folder: &Folder) -> Vec<String> {
    // Most sites have no such thing, and need not be read for it.
    let says_so = |text: &String| text.contains("react");
    let Some(text) = folder.read_text(CONFIG_FILE).ok().filter(says_so) else {
        return Vec::new();
    };
    let config = format::read_config(&CONFIG_FILE.into(), &text, &mut Diagnostics::new());
    let Some(react) = config.and_then(|config| config.react) else {
        return Vec::new();
    };
    let paths = react.library().files().iter();
    paths
        .map(|path| format!("{}/{path}", react.packages))
        .collect()
}

fn one(folder: &Folder, path: &str) -> Option<Found> {
    let stat = folder.stat(path)?;
    let path = path.to_string();
    Some(Found { path, stat })
}

impl Survey {
    /// Where a file is among them.
    pub fn find(&self, path: &str) -> Option<usize> {
        self.files
            .binary_search_by(|found| found.path.as_str().cmp(path))
            .ok()
    }

    /// The digest of what is wrong with the tree.
    pub fn found(&self) -> Digest {
        let mut writer = Writer::default();
        let mut hasher = Hasher::new("found");
        hasher
            .bytes(&writer.diagnostics(&self.diagnostics).0)
            .finish()
    }

    /// The files below a folder, and where the first of them is.
    pub fn below(&self, folder: &str) -> (usize, &[Found]) {
        let prefix = format!("{folder}/");
        let start = self.files.partition_point(|found| found.path < prefix);
        let rest = &self.files[start..];
        let count = rest.partition_point(|found| found.path.starts_with(&prefix));
        (start, &rest[..count])
    }
}

/// What a ledger knows of the files of a survey.
#[derive(Debug, Default)]
pub struct Known {
    /// By file of the survey: the digest of its content, where the file is the one that was read.
    pub digests: Vec<Option<Digest>>,
    /// The paths of files that were read and are gone.
    pub gone: Vec<String>,
}

impl Known {
    /// Whether all files are those that were read.
    pub fn is_all(&self) -> bool {
        self.gone.is_empty() && self.digests.iter().all(Option::is_some)
    }
}

/// Holds a survey against a ledger. A file counts as known if the file system tells the same of it
/// and it was not changed so shortly before it was looked at that it may have been changed again.
pub fn compare(survey: &Survey, ledger: &Ledger) -> Known {
    let mut known = Known {
        digests: Vec::with_capacity(survey.files.len()),
        gone: Vec::new(),
    };
    let mut inputs = ledger.inputs().peekable();
    for file in &survey.files {
        while let Some((path, _)) = inputs.next_if(|(path, _)| *path < file.path.as_str()) {
            known.gone.push(path.to_string());
        }
        let same = inputs
            .next_if(|(path, _)| *path == file.path)
            .map(|(_, input)| input)
            .filter(|input| {
                input.stat == file.stat && file.stat.is_certain(ledger.facts.looked_at)
            });
        known.digests.push(same.map(|input| input.digest));
    }
    known.gone.extend(inputs.map(|(path, _)| path.to_string()));
    known
}

/// A file that rbgen does not read.
pub fn not_read(path: &str, hint: String) -> Diagnostic {
    Diagnostic::warning(
        code::NOT_READ,
        Place::whole(path),
        format!("`{path}` has no effect"),
    )
    .hint(hint)
}
