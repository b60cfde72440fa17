//! Files to rows.

use super::{Allowed, End, Exchange, sources};
use crate::compare::{Change, Difference, compare};
use crate::db::{
    Access, Content, Failure, Session, Writes, block_orders, check_tables, lock_content,
    may_write_sources, read_rows, share_content, write_documents,
};
use crate::diag::{Diagnostics, code};
use crate::files::Folder;
use crate::format;
use crate::load::{Given, Known, load_given, read_texts, survey_without_content};
use crate::model::{Documents, EntityKind};

/// Brings the documents of a folder into a database: in one transaction the tables are locked against
/// other writers, read and written to. Rows that say what their file says are not touched. A row
/// without a file stays, unless it may be deleted. Files with errors are not brought anywhere.
pub fn import(
    folder: &Folder,
    session: &mut Session,
    allowed: Allowed,
) -> Result<Exchange, Failure> {
    let mut diagnostics = Diagnostics::new();
    let texts = read_texts(folder, &mut diagnostics);
    let (documents, found) = format::documents_of(&texts);
    diagnostics.extend(found);
    if documents.is_empty() && !diagnostics.has_errors() {
        return Err(Failure::new(
            code::NO_CONTENT,
            "there is no content: no file of a page, component, token or node below `content/`",
        )
        .hint("`rbgen export` brings the rows of a database into files"));
    }
    let given = Given {
        documents: documents.clone(),
        diagnostics,
        incomplete: false,
    };
    let survey = survey_without_content(folder);
    let diagnostics = load_given(folder, &survey, &Known::default(), given).diagnostics;
    if diagnostics.has_errors() {
        return Ok(Exchange {
            differences: Vec::new(),
            diagnostics,
            end: End::Broken,
            passed_over: 0,
            errors_left: 0,
        });
    }
    let wanted_sources = sources::needed(&texts, &documents);
    let access = match allowed.dry_run {
        true => Access::Read,
        false => Access::Write,
    };
    // In a transaction of its own: that which locks must not have looked before it has the lock.
    session.transaction(Access::Read, check_tables)?;
    let (differences, end) = session.transaction(access, |session| {
        match access {
            Access::Write | Access::Queue => lock_content(session)?,
            Access::Read => share_content(session)?,
        }
        let rows = read_rows(session)?;
        let orders = block_orders(&rows);
        let content = crate::db::documents_of_rows(rows);
        let differences = differences(&content, &documents);
        let end = allowed.end(&differences);
        if end == End::Done {
            let mut writes = writes(&documents, &differences, allowed);
            if may_write_sources(session)? {
                writes.sources = sources::changes(&content.sources, &wanted_sources, |path| {
                    allowed.delete || texts.contains_key(path)
                });
            }
            write_documents(session, &writes, &orders)?;
        }
        Ok::<_, Failure>((differences, end))
    })?;
    Ok(Exchange {
        differences,
        diagnostics,
        end,
        passed_over: 0,
        errors_left: 0,
    })
}

/// What differs; of a row with errors not all is known, so it does, whatever the rest of it says.
fn differences(content: &Content, documents: &Documents) -> Vec<Difference> {
    let mut differences = compare(&content.documents, documents);
    let names = documents.names();
    for (kind, key) in &content.broken {
        let same = |other: &Difference| other.kind == *kind && other.key == *key;
        if names.contains(&(*kind, key)) && !differences.iter().any(same) {
            differences.push(Difference {
                kind: *kind,
                key: key.clone(),
                change: Change::Changed(Vec::new()),
            });
        }
    }
    differences.sort();
    differences
}

/// The documents that differ, and the rows that are to go.
fn writes<'a>(
    documents: &'a Documents,
    differences: &[Difference],
    allowed: Allowed,
) -> Writes<'a> {
    let mut writes = Writes::default();
    let mut wanted = std::collections::BTreeSet::new();
    for difference in differences {
        match difference.change {
            Change::Removed if allowed.delete => {
                writes
                    .removed
                    .insert((difference.kind, difference.key.clone()));
            }
            Change::Removed => {}
            Change::Added | Change::Changed(_) => {
                wanted.insert((difference.kind, difference.key.as_str()));
            }
        }
    }
    let is = |kind: EntityKind, key: &'a str| wanted.contains(&(kind, key));
    writes.pages = documents
        .pages
        .iter()
        .filter(|page| is(EntityKind::Page, &page.key))
        .collect();
    let components = documents.components.iter();
    writes.components = components
        .filter(|part| is(EntityKind::Component, &part.key))
        .collect();
    let tokens = documents.tokens.iter();
    writes.tokens = tokens
        .filter(|token| is(EntityKind::Token, &token.key))
        .collect();
    writes.nodes = documents
        .nodes
        .iter()
        .filter(|node| is(EntityKind::Node, &node.id))
        .collect();
    writes
}
