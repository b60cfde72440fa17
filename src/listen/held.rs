//! The documents of a database, held in memory and brought up to date from the rows that changed.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use crate::db::{
    Claim, Failure, Rows, Session, Waiting, Watermark, changed_since, claim_changes,
    documents_of_rows, has_pages, no_content, read_rows, read_rows_of, share_content,
    source_revision, waiting, watermark,
};
use crate::diag::Diagnostics;
use crate::format::{EntityName, PAGES_TABLE, row_origin};
use crate::load::Given;
use crate::model::{EntityKind, SHARED_APP};

/// What the rows said when they were last read.
#[derive(Default)]
pub struct Held {
    pub given: Given,
    /// What the database calls it.
    pub revision: Option<String>,
    watermark: Watermark,
    /// The apps whose pages are held: those of the nodes. A page of another app that has errors is
    /// nobody's trouble here.
    apps: BTreeSet<String>,
    /// The apps of the pages whose rows have errors, by how diagnostics name the rows.
    broken_pages: BTreeMap<String, String>,
    /// Whether pages are gone all at once, so that there is none of any app: then nothing is taken away.
    pub emptied: bool,
}

/// What a look into the database found.
pub struct Look {
    /// The rows that changed, and of which entities; `None` for the entities where all were read.
    rows: Rows,
    names: Option<BTreeSet<EntityName>>,
    watermark: Watermark,
    revision: Option<String>,
    apps: BTreeSet<String>,
    /// Whether there is a page at all, of whatever app and status.
    has_pages: bool,
    pub waiting: Waiting,
    pub claims: Vec<Claim>,
}

impl Look {
    /// Whether rows may say something else than those that are held.
    pub fn may_differ(&self) -> bool {
        self.names.as_ref().is_none_or(|names| !names.is_empty())
    }
}

/// When changes are claimed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claiming {
    /// Where something is to be deployed by itself, or rows changed.
    IfDue,
    /// In any case: the rows are built whatever they say.
    Always,
}

/// Looks into a database, in one transaction: what was claimed is in what was read.
pub fn look(
    session: &mut Session,
    held: Option<&Held>,
    nodes: &[String],
    claiming: Claiming,
    lease_seconds: u32,
) -> Result<Look, Failure> {
    share_content(session)?;
    let mut names = match held.filter(|held| held.is_sound()) {
        Some(held) => changed_since(session, &held.watermark)?,
        None => None,
    };
    let watermark = watermark(session)?;
    let revision = source_revision(session)?;
    let mut apps = held.map(|held| held.apps.clone()).unwrap_or_default();
    let mut rows = match &names {
        Some(names) if names.is_empty() => Rows::default(),
        Some(names) => read_rows_of(session, names)?,
        None => read_rows(session)?,
    };
    let shown = apps_of(&rows, nodes);
    if names.is_none() {
        apps = shown;
    } else if !shown.is_subset(&apps) {
        // A node shows an app whose pages are not here.
        rows = read_rows(session)?;
        apps = apps_of(&rows, nodes);
        names = None;
    }
    if names.is_none() && rows.is_empty() {
        return Err(no_content(session));
    }
    let has_pages = match rows.pages.is_empty() {
        true => has_pages(session)?,
        false => true,
    };
    rows.pages.retain(|page| apps.contains(&page.app));
    let waiting = waiting(session, nodes)?;
    let differs = names.as_ref().is_none_or(|names| !names.is_empty());
    let is_due = match claiming {
        Claiming::Always => true,
        // What is not to be deployed by itself waits for what is.
        Claiming::IfDue => waiting.due > 0 || differs && waiting.held == 0,
    };
    let claims = match is_due && waiting != Waiting::default() {
        true => claim_changes(session, nodes, lease_seconds)?,
        false => Vec::new(),
    };
    Ok(Look {
        rows,
        names,
        watermark,
        revision,
        apps,
        has_pages,
        waiting,
        claims,
    })
}

/// The apps that nodes show, by their rows.
fn apps_of(rows: &Rows, nodes: &[String]) -> BTreeSet<String> {
    let rows = rows.nodes.iter().filter(|row| nodes.contains(&row.id));
    let apps = rows.flat_map(|row| row.enabled_apps.iter().flatten().flatten().cloned());
    apps.chain([SHARED_APP.to_string()]).collect()
}

impl Held {
    /// Whether nothing was wrong with the rows. Where something was, all are read again: which row is at
    /// fault is not kept.
    fn is_sound(&self) -> bool {
        self.given.diagnostics.is_empty() && !self.given.incomplete
    }

    /// The documents without the pages that a node does not show, and without what is wrong with those.
    pub fn narrowed(&self, node: &str) -> Given {
        let mut given = self.given.clone();
        let nodes = &given.documents.nodes;
        let apps: BTreeSet<String> = nodes
            .iter()
            .filter(|one| one.id == node)
            .flat_map(|one| one.enabled_apps.iter().map(str::to_string))
            .chain([SHARED_APP.to_string()])
            .collect();
        given
            .documents
            .pages
            .retain(|page| apps.contains(&page.app));
        let is_elsewhere = |path: &str| {
            let app = self.broken_pages.get(path);
            app.is_some_and(|app| !apps.contains(app))
        };
        let mut diagnostics = Diagnostics::new();
        for diagnostic in given.diagnostics {
            let place = diagnostic.place.as_ref();
            if !place.is_some_and(|place| is_elsewhere(&place.path)) {
                diagnostics.push(diagnostic);
            }
        }
        given.incomplete &= diagnostics.has_errors();
        given.diagnostics = diagnostics;
        given
    }
}

/// What is held after a look.
pub fn take_in(held: Option<Held>, look: &mut Look) -> Held {
    let rows = std::mem::take(&mut look.rows);
    let apps_of_pages: BTreeMap<String, String> = rows
        .pages
        .iter()
        .map(|page| (page.key.clone(), page.app.clone()))
        .collect();
    let content = documents_of_rows(rows);
    let broken_pages = content.broken.iter().filter_map(|(kind, key)| {
        let app = apps_of_pages
            .get(key)
            .filter(|_| *kind == EntityKind::Page)?;
        Some((row_origin(PAGES_TABLE, key).to_string(), app.clone()))
    });
    let broken_pages = broken_pages.collect();
    let mut given = Given {
        documents: content.documents,
        diagnostics: content.diagnostics,
        incomplete: content.incomplete,
    };
    // One page may be the last that somebody wants to be rid of; of many, or where it is not known how many
    // there were, that is not to be believed.
    let emptied = !look.has_pages
        && held
            .as_ref()
            .is_none_or(|held| held.emptied || held.given.documents.pages.len() > 1);
    if let (Some(held), Some(names)) = (held, &look.names) {
        let gone: HashSet<(EntityKind, &str)> = names
            .iter()
            .map(|(kind, key)| (*kind, key.as_str()))
            .collect();
        let mut documents = held.given.documents;
        documents.retain(|kind, key| !gone.contains(&(kind, key)));
        let new = given.documents;
        documents.pages.extend(new.pages);
        documents.components.extend(new.components);
        documents.tokens.extend(new.tokens);
        documents.nodes.extend(new.nodes);
        given.documents = documents;
    }
    Held {
        given,
        revision: look.revision.take(),
        watermark: std::mem::take(&mut look.watermark),
        apps: std::mem::take(&mut look.apps),
        broken_pages,
        emptied,
    }
}
