//! `rbgen mv`: another key for a page, block, component, token or node, and for everything that refers
//! to it.

mod carry;
mod lines;

use std::path::Path;

use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use self::carry::{Journal, Stuck, interrupted, journal_path};
use self::lines::{LineChange, line_changes};
use super::{Globals, Status, output, place, print, site_root};
use crate::diag::{Diagnostic, Diagnostics, Place, code};
use crate::files::{Folder, MAX_TEXT_BYTES};
use crate::format::Texts;
use crate::load::CONFIG_FILE;
use crate::rename::{Renamed, Renaming, Use, What, rename};

#[derive(Args)]
pub struct MvArguments {
    /// What gets another key
    kind: Kind,
    /// Its key; of a block, `PAGE/BLOCK`
    old: String,
    /// Its new key
    new: String,
    /// Print what would change and write nothing
    #[arg(long)]
    dry_run: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Kind {
    Page,
    Block,
    Component,
    Token,
    Node,
}

impl MvArguments {
    /// What is asked for, or the page of the block is missing.
    fn renaming(&self) -> Option<Renaming> {
        let mut old = self.old.as_str();
        let mut new = self.new.as_str();
        let what = match self.kind {
            Kind::Page => What::Page,
            Kind::Component => What::Component,
            Kind::Token => What::Token,
            Kind::Node => What::Node,
            Kind::Block => {
                let (page, block) = old.split_once('/')?;
                old = block;
                let in_page =
                    |new: &'_ str| new.strip_prefix(page)?.strip_prefix('/').map(str::len);
                if let Some(length) = in_page(new) {
                    new = &new[new.len() - length..];
                }
                let page = page.to_string();
                What::Block { page }
            }
        };
        Some(Renaming {
            what,
            old: old.to_string(),
            new: new.to_string(),
        })
    }
}

pub fn run(globals: &Globals, arguments: &MvArguments) -> Status {
    let root = match site_root(globals) {
        Ok(root) => root,
        Err(status) => return status,
    };
    let Some(renaming) = arguments.renaming() else {
        let message = format!("`{}` is no block", print::clean(&arguments.old));
        return place::fail(globals, &message, "name it with its page: `PAGE/BLOCK`");
    };
    match finish_earlier(globals, &root, arguments.dry_run) {
        Ok(Some(journal)) if journal.is_of(&renaming) => {
            if globals.json {
                print::json_document(&json!({ "finished": true }));
            }
            return Status::Done;
        }
        Ok(_) => {}
        Err(status) => return status,
    }
    let (texts, unreadable) = read_texts(&Folder::new(&root));
    if unreadable.has_errors() {
        refuse(globals, &root, unreadable);
        return Status::ContentErrors;
    }
    let renamed = match rename(&texts, &renaming) {
        Ok(renamed) => renamed,
        Err(refused) => {
            refuse(globals, &root, refused.diagnostics);
            return match refused.is_broken {
                true => Status::ContentErrors,
                false => Status::Unusable,
            };
        }
    };
    let before = |path: &str| -> String {
        let moved = renamed.moves.iter().find(|(_, to)| to == path);
        let origin = moved.map_or(path, |(from, _)| from);
        texts.get(origin).cloned().unwrap_or_default()
    };
    let journal = Journal::new(&renaming, &renamed, &before);
    let mut stuck = journal.obstacles(&root);
    let large = renamed.texts.iter();
    let large = large.filter(|(_, text)| text.len() as u64 > MAX_TEXT_BYTES);
    stuck.extend(large.map(|(path, _)| Stuck {
        path: path.clone(),
        why: "it would be larger than a text may be".to_string(),
    }));
    if !stuck.is_empty() {
        refuse(globals, &root, in_the_way(&stuck, "nothing was changed"));
        return Status::Conflict;
    }
    if !arguments.dry_run
        && let Err(stuck) = journal.carry_out(&root)
    {
        let hint = "mend what it says, and run `rbgen mv` again: it does the rest";
        refuse(globals, &root, in_the_way(&stuck, hint));
        return Status::Conflict;
    }
    let told = Told {
        renaming: &renaming,
        renamed: &renamed,
        words: journal.words(),
        dry_run: arguments.dry_run,
        before: &before,
    };
    if globals.json {
        print::json_document(&told.json());
    } else if !globals.quiet {
        told.print(&root);
    }
    Status::Done
}

/// Finishes a renaming that was interrupted, and gives it.
fn finish_earlier(
    globals: &Globals,
    root: &Path,
    dry_run: bool,
) -> Result<Option<Journal>, Status> {
    let path = journal_path();
    let journal = match interrupted(root) {
        Ok(None) => return Ok(None),
        Ok(Some(journal)) => journal,
        Err(why) => {
            let message =
                format!("an earlier renaming was interrupted, and `{path}` cannot be read: {why}");
            let hint = "look at what git says has changed, and delete that file";
            place::fail(globals, &message, hint);
            return Err(Status::Conflict);
        }
    };
    let words = print::clean(&journal.words());
    if dry_run {
        let message = format!("an earlier renaming of {words} was interrupted");
        place::fail(
            globals,
            &message,
            "run `rbgen mv` without `--dry-run` to finish it",
        );
        return Err(Status::Conflict);
    }
    match journal.finish(root) {
        Ok(()) => {
            if !globals.quiet {
                let words =
                    format!("An earlier renaming of {words} was interrupted; it is finished now.");
                output::note(words);
            }
            Ok(Some(journal))
        }
        Err(stuck) => {
            let hint = format!(
                "an earlier renaming of {words} was interrupted, and this is left of it: put it right and run `rbgen mv` again, or delete `{path}`"
            );
            refuse(globals, root, in_the_way(&stuck, &hint));
            Err(Status::Conflict)
        }
    }
}

fn in_the_way(stuck: &[Stuck], hint: &str) -> Diagnostics {
    let mut diagnostics = Diagnostics::new();
    for Stuck { path, why } in stuck {
        let message = format!("`{path}`: {why}");
        let place = Place::whole(path.as_str());
        diagnostics.push(Diagnostic::error(code::FOREIGN_FILE, place, message).hint(hint));
    }
    diagnostics
}

fn refuse(globals: &Globals, root: &Path, diagnostics: Diagnostics) {
    let diagnostics = print::report(globals, root, diagnostics);
    if globals.json {
        let nothing: [Value; 0] = [];
        print::json_document(&json!({
            "moved": nothing, "changed": nothing, "diagnostics": diagnostics,
        }));
    }
}

/// The texts that a renaming looks at: those of the content and of the themes, and the configuration.
fn read_texts(folder: &Folder) -> (Texts, Diagnostics) {
    let mut found = Diagnostics::new();
    let mut texts = Texts::new();
    let mut paths: Vec<String> = vec![CONFIG_FILE.to_string()];
    let mut list = |name: &str, found: &mut Diagnostics| {
        let files = folder.list(name, false, found).into_iter();
        paths.extend(files.map(|file| file.path));
    };
    list("content", &mut found);
    let mut themes = Vec::new();
    for theme in folder.subfolders("themes", &mut found) {
        for room in ["layouts", "partials", "components", "styles", "assets"] {
            list(&format!("themes/{theme}/{room}"), &mut found);
        }
        themes.push(format!("themes/{theme}/theme.toml"));
    }
    paths.extend(themes.into_iter().filter(|path| folder.has_file(path)));
    for path in paths {
        let is_asset = path.starts_with("themes/") && path.split('/').nth(2) == Some("assets");
        let is_text = ["html", "css", "js"].contains(&path.rsplit('.').next().unwrap_or_default());
        if is_asset && !is_text {
            continue;
        }
        match folder.read_text(&path) {
            Ok(text) => {
                texts.insert(path, text);
            }
            // It is only copied, and only looked at for hints.
            Err(_) if is_asset => {}
            Err(diagnostic) => found.push(diagnostic),
        }
    }
    (texts, found)
}

/// What was done, for whoever asked for it.
struct Told<'a> {
    renaming: &'a Renaming,
    renamed: &'a Renamed,
    words: String,
    dry_run: bool,
    before: &'a dyn Fn(&str) -> String,
}

/// How many lines of one file are shown, and how many places that were left alone.
const MOST_LINES: usize = 12;
const MOST_LEFT: usize = 40;
/// The longest line that is shown, in characters.
const MOST_SHOWN: usize = 100;

impl Told<'_> {
    fn print(&self, root: &Path) {
        let Renamed {
            moves,
            texts,
            notes,
            left,
        } = self.renamed;
        for (from, to) in moves {
            output::line(format_args!("{from} → {to}"));
        }
        for (path, text) in texts {
            output::line(path);
            let before = (self.before)(path);
            let changes = line_changes(&before, text);
            for change in changes.iter().take(MOST_LINES) {
                print_change(change);
            }
            if changes.len() > MOST_LINES {
                output::line(format_args!(
                    "  … {} more lines",
                    changes.len() - MOST_LINES
                ));
            }
        }
        let verb = if self.dry_run {
            "Would rename"
        } else {
            "Renamed"
        };
        output::line(format_args!("\n{verb} {}", self.words));
        for note in notes {
            output::note(print::clean(note));
        }
        if !left.is_empty() {
            output::note("These may mean the old key, and were left alone:");
        }
        for one in left.iter().take(MOST_LEFT) {
            let Use {
                path, line, column, ..
            } = one;
            output::note(format_args!(
                "  {path}:{line}:{column}  {}",
                shown(&one.text)
            ));
        }
        if left.len() > MOST_LEFT {
            output::note(format_args!(
                "  … {} more; `--json` has all",
                left.len() - MOST_LEFT
            ));
        }
        if !self.dry_run && !moves.is_empty() && is_in_git(root) {
            output::note("Files were moved on disk only: `git add -A` is next.");
        }
    }

    fn json(&self) -> Value {
        let moved = self.renamed.moves.iter();
        let moved = moved.map(|(from, to)| json!({ "from": from, "to": to }));
        let changed = self.renamed.texts.iter().map(|(path, text)| {
            let before = (self.before)(path);
            let lines: Vec<Value> = line_changes(&before, text)
                .iter()
                .map(|one| json!({ "line": one.line, "before": one.before, "after": one.after }))
                .collect();
            json!({ "path": path, "lines": lines })
        });
        let left = self.renamed.left.iter().map(|one| {
            json!({ "path": one.path, "line": one.line, "column": one.column, "text": one.text })
        });
        let mut renamed = json!({
            "kind": self.renaming.what.noun(), "old": self.renaming.old, "new": self.renaming.new,
        });
        if let What::Block { page } = &self.renaming.what {
            renamed["page"] = json!(page);
        }
        let nothing: [Value; 0] = [];
        json!({
            "renamed": renamed,
            "dry_run": self.dry_run,
            "moved": moved.collect::<Vec<_>>(),
            "changed": changed.collect::<Vec<_>>(),
            "notes": self.renamed.notes,
            "left": left.collect::<Vec<_>>(),
            "diagnostics": nothing,
        })
    }
}

fn print_change(change: &LineChange<'_>) {
    let line = |color: u8, sign: char, text: &str| {
        let text = shown(text);
        output::line(format_args!(
            "{:>6} \x1b[{color}m{sign} {text}\x1b[0m",
            change.line
        ));
    };
    if let Some(before) = change.before {
        line(31, '-', before);
    }
    if let Some(after) = change.after {
        line(32, '+', after);
    }
}

fn shown(text: &str) -> String {
    let mut short: String = text.chars().take(MOST_SHOWN).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    print::clean(&short)
}

fn is_in_git(root: &Path) -> bool {
    let root = super::absolute(root);
    root.ancestors().any(|folder| folder.join(".git").exists())
}
