//! Carries a renaming out on disk, so that a kill between any two steps can be made good: what is to be
//! done is written down first, and each step knows whether it was done.

use std::fs;
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::files::{blocked_folder, move_file, remove_file, write_file};
use crate::pipeline::STATE_FOLDER;
use crate::rename::{Renamed, Renaming, What};

/// A renaming that is under way.
#[derive(Serialize, Deserialize, PartialEq, Eq)]
pub struct Journal {
    kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    page: Option<String>,
    old: String,
    new: String,
    moves: Vec<(String, String)>,
    texts: Vec<NewText>,
}

/// A file that changes, by path after the moves.
#[derive(Serialize, Deserialize, PartialEq, Eq)]
struct NewText {
    path: String,
    /// The digest of what it says before.
    before: String,
    text: String,
}

/// A step that cannot be done.
pub struct Stuck {
    pub path: String,
    pub why: String,
}

/// What is to be done with one file.
enum Step {
    Do,
    Done,
    Stuck(String),
}

impl Journal {
    /// What is to be done; `before` gives the text that a file has now, by its path after the moves.
    pub fn new(renaming: &Renaming, renamed: &Renamed, before: &dyn Fn(&str) -> String) -> Journal {
        let page = match &renaming.what {
            What::Block { page } => Some(page.clone()),
            _ => None,
        };
        let texts = renamed.texts.iter().map(|(path, text)| NewText {
            path: path.clone(),
            before: Digest::of_bytes(before(path).as_bytes()).hex(),
            text: text.clone(),
        });
        Journal {
            kind: renaming.what.noun().to_string(),
            page,
            old: renaming.old.clone(),
            new: renaming.new.clone(),
            texts: texts.collect(),
            moves: renamed.moves.clone(),
        }
    }

    /// Whether it is that of this renaming.
    pub fn is_of(&self, renaming: &Renaming) -> bool {
        let page = match &renaming.what {
            What::Block { page } => Some(page),
            _ => None,
        };
        (self.kind.as_str(), &self.old, &self.new)
            == (renaming.what.noun(), &renaming.old, &renaming.new)
            && self.page.as_ref() == page
    }

    /// ``the page `a` to `b` ``, for people.
    pub fn words(&self) -> String {
        let of = self.page.as_ref().map(|page| format!("{page}/"));
        let of = of.unwrap_or_default();
        format!("the {} `{of}{}` to `{}`", self.kind, self.old, self.new)
    }

    /// What is in the way of it, before anything is done.
    pub fn obstacles(&self, root: &Path) -> Vec<Stuck> {
        let mut stuck = Vec::new();
        for (from, to) in &self.moves {
            if let Step::Stuck(why) = move_step(root, from, to) {
                let path = to.clone();
                stuck.push(Stuck { path, why });
            }
        }
        for text in &self.texts {
            // Before the moves it may still be at its old path.
            let moved = self.moves.iter().find(|(_, to)| *to == text.path);
            let from = moved.map(|(from, _)| from.as_str());
            let from = from.filter(|from| is_there(root, from));
            if let Step::Stuck(why) = text_step(root, from.unwrap_or(&text.path), text) {
                let path = text.path.clone();
                stuck.push(Stuck { path, why });
            }
        }
        stuck
    }

    /// Writes down what is to be done, does it, and forgets it. Where a step is stuck, all others are
    /// done, and it stays written down.
    pub fn carry_out(&self, root: &Path) -> Result<(), Vec<Stuck>> {
        let failed = |path: &str, error: io::Error| Stuck {
            path: path.to_string(),
            why: format!("it cannot be written: {error}"),
        };
        let path = journal_path();
        let text = serde_json::to_string_pretty(self).expect("texts always serialise");
        write_file(root, &path, text.as_bytes()).map_err(|error| vec![failed(&path, error)])?;
        self.finish(root)
    }

    /// Does what is left of it.
    pub fn finish(&self, root: &Path) -> Result<(), Vec<Stuck>> {
        let mut stuck = Vec::new();
        let mut say = |path: &str, why: String| {
            let path = path.to_string();
            stuck.push(Stuck { path, why });
        };
        for (from, to) in &self.moves {
            match move_step(root, from, to) {
                Step::Done => {}
                Step::Stuck(why) => say(to, why),
                Step::Do => {
                    if let Err(error) = move_file(root, from, to) {
                        say(from, format!("it cannot be moved to `{to}`: {error}"));
                    }
                }
            }
        }
        for text in &self.texts {
            match text_step(root, &text.path, text) {
                Step::Done => {}
                Step::Stuck(why) => say(&text.path, why),
                Step::Do => {
                    if let Err(error) = write_file(root, &text.path, text.text.as_bytes()) {
                        say(&text.path, format!("it cannot be written: {error}"));
                    }
                }
            }
        }
        if stuck.is_empty()
            && let Err(error) = remove_file(root, &journal_path())
        {
            let why = format!("it cannot be removed: {error}");
            let path = journal_path();
            stuck.push(Stuck { path, why });
        }
        match stuck.is_empty() {
            true => Ok(()),
            false => Err(stuck),
        }
    }

    /// Whether all its paths lead into the site.
    fn is_sound(&self) -> bool {
        let moves = self.moves.iter().flat_map(|(from, to)| [from, to]);
        let mut paths = moves.chain(self.texts.iter().map(|text| &text.path));
        paths.all(|path| {
            let mut parts = path.split('/');
            parts.all(|part| !part.is_empty() && part != "." && part != "..")
        })
    }
}

/// Where a renaming that is under way is written down.
pub fn journal_path() -> String {
    format!("{STATE_FOLDER}/rename.json")
}

/// The renaming that was interrupted, if one was; or why it cannot be read.
pub fn interrupted(root: &Path) -> Result<Option<Journal>, String> {
    let path = journal_path();
    if let Some(folder) = blocked_folder(root, &path) {
        return Err(format!("`{folder}` is no folder"));
    }
    let text = match fs::read(root.join(path)) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.to_string()),
    };
    match serde_json::from_slice::<Journal>(&text) {
        Ok(journal) if journal.is_sound() => Ok(Some(journal)),
        Ok(_) => Err("it names a file outside of the site".to_string()),
        Err(error) => Err(error.to_string()),
    }
}

fn is_there(root: &Path, path: &str) -> bool {
    fs::symlink_metadata(root.join(path)).is_ok()
}

fn move_step(root: &Path, from: &str, to: &str) -> Step {
    match (is_there(root, from), is_there(root, to)) {
        (true, false) => Step::Do,
        (false, true) => Step::Done,
        (true, true) => Step::Stuck(format!("it is there already, and so is `{from}`")),
        (false, false) => Step::Stuck(format!("neither it nor `{from}` is there any more")),
    }
}

fn text_step(root: &Path, path: &str, text: &NewText) -> Step {
    let is_file = fs::symlink_metadata(root.join(path)).is_ok_and(|metadata| metadata.is_file());
    let bytes = match fs::read(root.join(path)) {
        Ok(bytes) if is_file => bytes,
        Ok(_) => return Step::Stuck("it is no regular file".to_string()),
        Err(error) => return Step::Stuck(format!("it cannot be read: {error}")),
    };
    match () {
        () if bytes == text.text.as_bytes() => Step::Done,
        () if Digest::of_bytes(&bytes).hex() == text.before => Step::Do,
        () => Step::Stuck("somebody else has changed it meanwhile".to_string()),
    }
}
