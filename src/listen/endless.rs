//! Remembers content whose templates took all memory or time, which ended the process: it is not built again
//! at once by the next one.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

/// What is being built, for who has to remember it in the process's last moment.
static BUILDING: Mutex<Option<(PathBuf, Option<String>)>> = Mutex::new(None);

/// After so long it is tried again: a theme may have been mended.
const AGAIN: Duration = Duration::from_secs(300);

#[derive(Serialize, Deserialize)]
struct Endless {
    revision: Option<String>,
    templates: Vec<String>,
}

/// Says what is built from now on: content of this revision, remembered in this file.
pub fn watch_endless(path: &Path, revision: Option<&str>) {
    if let Ok(mut building) = BUILDING.lock() {
        *building = Some((path.to_path_buf(), revision.map(str::to_string)));
    }
}

/// Remembers that these templates took all. It is the last thing that a process does.
pub fn remember_endless(templates: &[String]) {
    let Ok(building) = BUILDING.lock() else {
        return;
    };
    let Some((path, revision)) = &*building else {
        return;
    };
    let endless = Endless {
        revision: revision.clone(),
        templates: templates.to_vec(),
    };
    if let Ok(text) = serde_json::to_string(&endless) {
        let _ = fs::write(path, text);
    }
}

/// The templates of this revision that took all, where that is so and not long ago.
pub fn was_endless(path: &Path, revision: Option<&str>) -> Option<Vec<String>> {
    let written = fs::symlink_metadata(path).ok()?.modified().ok()?;
    // Written by a clock that was ahead: not long ago.
    let age = SystemTime::now()
        .duration_since(written)
        .unwrap_or_default();
    let text = fs::read_to_string(path).ok()?;
    let endless: Endless = serde_json::from_str(&text).ok()?;
    let is_same = revision.is_some() && endless.revision.as_deref() == revision && age < AGAIN;
    is_same.then_some(endless.templates)
}
