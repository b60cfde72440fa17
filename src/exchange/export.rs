//! Rows to files.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use super::{Allowed, End, Exchange, sources};
use crate::compare::{Change, Difference, compare};
use crate::db::{Failure, Session, read_content};
use crate::diag::{Diagnostic, Diagnostics, Place, Severity, code};
use crate::files::{Folder, MAX_TEXT_BYTES, move_file, remove_file, write_file};
use crate::format::{COMPONENTS, NODES, PAGES, Texts, below, documents_of, print_documents};
use crate::load::{load_site, read_texts};
use crate::model::{Documents, EntityKind};

/// Brings the documents of a database into the files of a folder. A file that says what its row says
/// is not touched, and one that must change keeps what its author wrote besides. A file without a row
/// stays, unless it may be deleted. Rows with errors are left out, and so are the files of their
/// entities.
pub fn export(
    folder: &Folder,
    session: &mut Session,
    allowed: Allowed,
) -> Result<Exchange, Failure> {
    let content = read_content(session)?;
    let mut diagnostics = content.diagnostics;
    let broken = content.broken;
    let mut wanted = content.documents;
    wanted.retain(|kind, key| !broken.contains(&(kind, key.to_string())));
    let mut unsure = Diagnostics::new();
    let files = read_texts(folder, &mut unsure);
    let (there, _) = documents_of(&files);
    twice(&there, &mut unsure);
    let differences: Vec<Difference> = compare(&there, &wanted)
        .into_iter()
        .filter(|difference| !broken.contains(&(difference.kind, difference.key.clone())))
        .collect();
    let end = allowed.end(&differences);
    let is_unsure = unsure.has_errors();
    diagnostics.extend(unsure);
    let mut exchange = Exchange {
        differences,
        diagnostics,
        end,
        passed_over: broken.len(),
        errors_left: 0,
    };
    // What cannot be read, or is there twice, would be taken for something that is not there.
    if is_unsure {
        exchange.end = End::Broken;
        return Ok(exchange);
    }
    let help = sources::usable(&content.sources, &there, &files, &wanted);
    if !allowed.delete {
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
    let foreign: Vec<&&String> = tree
        .keys()
        .filter(|path| files.contains_key(**path) && is_new(path, &exchange.differences))
        .collect();
    for path in &foreign {
        exchange.diagnostics.push(in_the_way(path));
    }
    if !foreign.is_empty() && !allowed.force {
        exchange.end = End::Refused;
    }
    if exchange.end == End::Done {
        let removed = printed.removed.iter();
        let removed = removed.filter(|path| files.contains_key(*path)).collect();
        write(folder, &tree, removed, &files, &mut exchange.diagnostics);
        exchange.errors_left = errors_of(folder);
    }
    Ok(exchange)
}

/// How many errors the files of the content have.
fn errors_of(folder: &Folder) -> usize {
    let found = load_site(folder).diagnostics;
    let errors = found.iter().filter(|one| {
        let place = one.place.as_ref();
        one.severity == Severity::Error
            && place.is_some_and(|place| place.path.starts_with("content/"))
    });
    errors.count()
}

/// Reports what two files of the folder say.
fn twice(documents: &Documents, diagnostics: &mut Diagnostics) {
    let mut first: BTreeMap<(EntityKind, &str), &str> = BTreeMap::new();
    for (kind, key, origin) in documents.entities() {
        if let Some(first) = first.insert((kind, key), origin) {
            let message = format!("a second {} with the key `{key}`", kind.as_str());
            let diagnostic = Diagnostic::error(code::DUPLICATE_KEY, Place::whole(origin), message);
            diagnostics.push(
                diagnostic
                    .related(Place::whole(first), "the first is here")
                    .hint("delete or rename one of them first"),
            );
        }
    }
}

/// Whether a file would belong to a component or a node that the folder does not have: what is at its
/// path is something else.
fn is_new(path: &str, differences: &[Difference]) -> bool {
    let of = |folder: &str, kind: EntityKind| {
        let stem = below(path, folder)?.rsplit_once('.')?.0;
        Some((kind, stem))
    };
    let entity = of(COMPONENTS, EntityKind::Component).or_else(|| of(NODES, EntityKind::Node));
    entity.is_some_and(|(kind, key)| {
        differences.iter().any(|difference| {
            difference.change == Change::Added && difference.kind == kind && difference.key == key
        })
    })
}

fn in_the_way(path: &str) -> Diagnostic {
    let message = format!("`{path}` is there already, and belongs to nothing");
    Diagnostic::warning(code::FOREIGN_FILE, Place::whole(path), message)
        .hint("move it away, or overwrite it with `--force`")
}

/// Writes and removes. A file that only gets another folder is moved there first, so that a kill
/// leaves no entity in two files; of other changes the new file comes before the old one goes.
fn write(
    folder: &Folder,
    tree: &BTreeMap<&String, &String>,
    removed: Vec<&String>,
    files: &Texts,
    diagnostics: &mut Diagnostics,
) {
    let Some(root) = folder.root() else {
        let message = format!("nothing can be written into {}", folder.name());
        diagnostics.push(Diagnostic::general(code::WRITE_FAILED, message));
        return;
    };
    let name = |path: &str| path.rsplit('/').next().unwrap_or_default().to_string();
    let new: BTreeMap<String, &String> = tree
        .keys()
        .filter(|path| !files.contains_key(**path))
        .map(|path| (name(path), *path))
        .collect();
    let mut failed = |path: &str, error: io::Error| {
        diagnostics.push(Diagnostic::error(
            code::WRITE_FAILED,
            Place::whole(path),
            format!("`{path}` cannot be written: {error}"),
        ));
    };
    let mut gone: Vec<&String> = Vec::new();
    for path in removed {
        match new.get(&name(path)) {
            Some(to) if below(path, PAGES).is_some() => {
                if let Err(error) = move_file(root, path, to) {
                    failed(path, error);
                }
            }
            _ => gone.push(path),
        }
    }
    for (path, text) in tree {
        let written = match text.len() as u64 > MAX_TEXT_BYTES {
            true => Err(io::Error::other("it would be larger than a text may be")),
            false => write_file(root, path, text.as_bytes()),
        };
        if let Err(error) = written {
            failed(path, error);
        }
    }
    for path in gone {
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
