//! Rows to files.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use super::{Change, Difference, End, Exchange, Limits, compare, read_texts, sources};
use crate::db::{Failure, Session, no_rows, read_content};
use crate::diag::{Diagnostic, Diagnostics, Place, code};
use crate::files::{Folder, remove_file, write_file};
use crate::format::{documents_of, print_documents};
use crate::model::{Documents, EntityKind};

/// Brings the documents of a database into the files of a folder. A file that says what its row says
/// is not touched, and one that must change keeps what its author wrote besides. A file without a row
/// stays, unless it may be deleted. Rows with errors are left out, and so are the files of their
/// entities.
pub fn export(folder: &Folder, session: &mut Session, limits: Limits) -> Result<Exchange, Failure> {
    let content = read_content(session)?;
    if content.is_empty() {
        return Err(session.blame(no_rows()));
    }
    let mut diagnostics = content.diagnostics;
    let broken = content.broken;
    let mut wanted = content.documents;
    wanted.retain(|kind, key| !broken.contains(&(kind, key.to_string())));
    let files = read_texts(folder, &mut diagnostics);
    let (there, _) = documents_of(&files);
    let differences: Vec<Difference> = compare(&there, &wanted)
        .into_iter()
        .filter(|difference| !broken.contains(&(difference.kind, difference.key.clone())))
        .collect();
    let end = limits.end(&differences);
    let mut exchange = Exchange {
        differences,
        diagnostics,
        end,
        passed_over: broken.len(),
    };
    if end != End::Done {
        return Ok(exchange);
    }
    let help = sources::usable(&content.sources, &there, &files, &wanted);
    if !limits.delete {
        keep(&mut wanted, there, &exchange.differences);
    }
    let mut before = help.clone();
    before.extend(
        files
            .iter()
            .map(|(path, text)| (path.clone(), text.clone())),
    );
    let (printed, found) = print_documents(&wanted, &before, &broken);
    exchange.diagnostics.extend(found);
    let mut tree: BTreeMap<&String, &String> = help.iter().collect();
    tree.extend(&printed.texts);
    tree.retain(|path, _| !printed.removed.contains(*path));
    let removed = printed
        .removed
        .iter()
        .filter(|path| files.contains_key(*path));
    write(folder, &tree, removed, &mut exchange.diagnostics);
    Ok(exchange)
}

/// New files come before old ones go: a kill leaves an entity twice rather than not at all, and the
/// next export mends it.
fn write<'a>(
    folder: &Folder,
    tree: &BTreeMap<&String, &String>,
    removed: impl Iterator<Item = &'a String>,
    diagnostics: &mut Diagnostics,
) {
    let root = folder.root();
    let mut failed = |path: &str, error: io::Error| {
        diagnostics.push(Diagnostic::error(
            code::WRITE_FAILED,
            Place::whole(path),
            format!("`{path}` cannot be written: {error}"),
        ));
    };
    for (path, text) in tree {
        if let Err(error) = write_file(root, path, text.as_bytes()) {
            failed(path, error);
        }
    }
    for path in removed {
        if let Err(error) = remove_file(root, path) {
            failed(path, error);
        }
    }
}

/// Adds the documents that only the folder has.
fn keep(wanted: &mut Documents, mut there: Documents, differences: &[Difference]) {
    let only_there: BTreeSet<(EntityKind, &str)> = differences
        .iter()
        .filter(|difference| difference.change == Change::Removed)
        .map(|difference| (difference.kind, difference.key.as_str()))
        .collect();
    there.retain(|kind, key| only_there.contains(&(kind, key)));
    wanted.pages.extend(there.pages);
    wanted.components.extend(there.components);
    wanted.tokens.extend(there.tokens);
    wanted.nodes.extend(there.nodes);
}
