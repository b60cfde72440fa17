//! Reads the whole site from the rows, in one view of the database, and turns it into documents.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use rayon::prelude::*;
use tokio_postgres::Row;
use tokio_postgres::types::{FromSql, Type};

use super::changes::source_revision;
use super::check::check_tables;
use super::write::share_content;
use super::{Access, Failure, Session};
use crate::diag::{Diagnostic, Diagnostics, Place, code};
use crate::format::{
    BlockRow, COMPONENTS_TABLE, ComponentRow, EntityName, NODES_TABLE, NodeRow, PageRow, TokenRow,
    read_component_row, read_node_row, read_page_row, read_token_row, row_origin,
};
use crate::model::{Documents, EntityKind};

/// All rows of content.
#[derive(Clone, Debug, Default)]
pub struct Rows {
    pub pages: Vec<PageRow>,
    pub components: Vec<ComponentRow>,
    pub tokens: Vec<TokenRow>,
    pub nodes: Vec<NodeRow>,
    /// The texts of content files that say more than the rows do, by their path.
    pub sources: BTreeMap<String, String>,
    /// The lists that are none, and so are missing from their rows.
    pub wrong: Vec<Wrong>,
}

impl Rows {
    /// Whether there is no row of any kind.
    pub fn is_empty(&self) -> bool {
        self.pages.is_empty()
            && self.components.is_empty()
            && self.tokens.is_empty()
            && self.nodes.is_empty()
    }
}

/// A list of texts in more than one dimension.
#[derive(Clone, Debug)]
pub struct Wrong {
    pub table: &'static str,
    pub key: String,
    pub field: &'static str,
}

/// The documents of a database.
#[derive(Debug, Default)]
pub struct Content {
    pub documents: Documents,
    /// What is wrong with the rows, each in itself.
    pub diagnostics: Diagnostics,
    /// The entities that a row is there for and no sound document.
    pub broken: BTreeSet<(EntityKind, String)>,
    /// Whether there is a row that gives no document at all.
    pub incomplete: bool,
    /// See [`Rows::sources`].
    pub sources: BTreeMap<String, String>,
    /// What the database calls what it says, as `source_revision` gives it.
    pub revision: Option<String>,
}

/// Reads all documents in a transaction of its own. That there is no row at all is a failure: nobody
/// may take it for "all was deleted".
pub fn read_content(session: &mut Session) -> Result<Content, Failure> {
    // In a transaction of its own: that which locks must not have looked before it has the lock.
    session.transaction(Access::Read, check_tables)?;
    let (rows, revision) = session.transaction(Access::Read, |session| {
        share_content(session)?;
        let rows = read_rows(session)?;
        Ok::<_, Failure>((rows, source_revision(session)?))
    })?;
    let content = Content {
        revision,
        ..documents_of_rows(rows)
    };
    if content.documents.is_empty() && content.broken.is_empty() {
        return Err(no_content(session));
    }
    Ok(content)
}

/// The failure of a database that has no content at all.
pub fn no_content(session: &Session) -> Failure {
    let message = "there is no content: no page, component, token or node";
    let failure = Failure::new(code::NO_CONTENT, message);
    session.blame(failure.hint("`rbgen import` brings the files of a site into it"))
}

/// Reads all rows of content. It must run in a transaction, so that they are all of one moment.
pub fn read_rows(session: &mut Session) -> Result<Rows, Failure> {
    read_wanted(session, None)
}

/// Whether there is a row of content at all.
pub fn has_content(session: &mut Session) -> Result<bool, Failure> {
    let rows = session.query(
        "SELECT EXISTS (SELECT FROM robbieblocks_pages) \
           OR EXISTS (SELECT FROM robbieblocks_components) \
           OR EXISTS (SELECT FROM robbieblocks_style_tokens) \
           OR EXISTS (SELECT FROM robbieblocks_node_branding)",
        &[],
    )?;
    Ok(rows.first().is_some_and(|row| row.get(0)))
}

/// Whether there is a page at all, of whatever app and status.
pub fn has_pages(session: &mut Session) -> Result<bool, Failure> {
    let rows = session.query("SELECT EXISTS (SELECT FROM robbieblocks_pages)", &[])?;
    Ok(rows.first().is_some_and(|row| row.get(0)))
}

/// Reads the rows of some entities, without sources. It must run in a transaction.
pub fn read_rows_of(session: &mut Session, names: &BTreeSet<EntityName>) -> Result<Rows, Failure> {
    read_wanted(session, Some(names))
}

fn read_wanted(
    session: &mut Session,
    names: Option<&BTreeSet<EntityName>>,
) -> Result<Rows, Failure> {
    check_tables(session)?;
    let keys = |kind: EntityKind| -> Option<Vec<&str>> {
        let wanted = names?.iter().filter(|(of, _)| *of == kind);
        Some(wanted.map(|(_, key)| key.as_str()).collect())
    };
    let wanted = EntityKind::ALL.map(keys);
    let [pages_wanted, components_wanted, tokens_wanted, nodes_wanted] = &wanted;
    let mut rows = Rows::default();
    let mut pages: HashMap<Id, usize> = HashMap::new();
    session.each(
        "SELECT id, page_key, app_namespace, page_name, page_route, layout_template, meta_title, \
         meta_description, status, metadata::text FROM robbieblocks_pages \
         WHERE $1 IS NULL OR page_key = ANY($1)",
        &[(pages_wanted, Type::TEXT_ARRAY)],
        |row| {
            pages.insert(id(row, 0), rows.pages.len());
            rows.pages.push(PageRow {
                key: text(row, 1),
                app: text(row, 2),
                name: text(row, 3),
                route: text(row, 4),
                layout: text(row, 5),
                title: maybe(row, 6),
                description: maybe(row, 7),
                status: maybe(row, 8),
                metadata: maybe(row, 9),
                blocks: Vec::new(),
            });
        },
    )?;
    session.each(
        "SELECT block.page_id, block.block_key, block.block_order, component.component_key, \
         block.zone, block.props::text, block.conditions::text \
         FROM robbieblocks_page_blocks AS block \
         LEFT JOIN robbieblocks_components AS component ON component.id = block.component_id \
         WHERE block.page_id IS NOT NULL AND ($1 IS NULL OR block.page_id IN ( \
           SELECT id FROM robbieblocks_pages WHERE page_key = ANY($1)))",
        &[(pages_wanted, Type::TEXT_ARRAY)],
        |row| {
            if let Some(page) = pages.get(&id(row, 0)) {
                rows.pages[*page].blocks.push(BlockRow {
                    key: maybe(row, 1),
                    order: row.try_get(2).unwrap_or_default(),
                    component: maybe(row, 3),
                    zone: text(row, 4),
                    props: maybe(row, 5),
                    conditions: maybe(row, 6),
                });
            }
        },
    )?;
    for page in &mut rows.pages {
        page.blocks
            .sort_by(|a, b| (a.order, &a.key).cmp(&(b.order, &b.key)));
    }
    session.each(
        "SELECT component_key, component_name, component_type, react_code, template, \
         props_schema::text, css_styles, dependencies, version, is_published, preview_url, \
         metadata::text FROM robbieblocks_components \
         WHERE $1 IS NULL OR component_key = ANY($1)",
        &[(components_wanted, Type::TEXT_ARRAY)],
        |row| {
            rows.components.push(ComponentRow {
                key: text(row, 0),
                name: text(row, 1),
                kind: text(row, 2),
                react: maybe(row, 3),
                template: maybe(row, 4),
                props: maybe(row, 5),
                styles: maybe(row, 6),
                dependencies: texts(row, 7, (COMPONENTS_TABLE, "dependencies"), &mut rows.wrong),
                version: maybe(row, 8),
                published: row.try_get(9).ok().flatten(),
                preview_url: maybe(row, 10),
                metadata: maybe(row, 11),
            });
        },
    )?;
    session.each(
        "SELECT token_key, token_category, default_value, description \
         FROM robbieblocks_style_tokens WHERE $1 IS NULL OR token_key = ANY($1)",
        &[(tokens_wanted, Type::TEXT_ARRAY)],
        |row| {
            rows.tokens.push(TokenRow {
                key: text(row, 0),
                category: text(row, 1),
                value: text(row, 2),
                description: maybe(row, 3),
            });
        },
    )?;
    session.each(
        "SELECT node_id, node_name, style_overrides::text, enabled_apps, custom_css, \
         custom_scripts FROM robbieblocks_node_branding \
         WHERE $1 IS NULL OR node_id = ANY($1)",
        &[(nodes_wanted, Type::TEXT_ARRAY)],
        |row| {
            rows.nodes.push(NodeRow {
                id: text(row, 0),
                name: text(row, 1),
                style_overrides: maybe(row, 2),
                enabled_apps: texts(row, 3, (NODES_TABLE, "enabled_apps"), &mut rows.wrong),
                custom_css: maybe(row, 4),
                custom_scripts: maybe(row, 5),
            });
        },
    )?;
    if names.is_none() {
        session.each("SELECT path, text FROM robbieblocks_sources", &[], |row| {
            rows.sources.insert(text(row, 0), text(row, 1));
        })?;
    }
    Ok(rows)
}

/// Rows as documents, on many threads.
pub fn documents_of_rows(rows: Rows) -> Content {
    let mut content = Content {
        sources: rows.sources,
        ..Content::default()
    };
    for Wrong { table, key, field } in rows.wrong {
        let place = Place::value(row_origin(table, &key), field);
        let message = format!("`{field}` must be a list of texts in one dimension");
        let diagnostic = Diagnostic::error(code::WRONG_TYPE, place, message);
        content.diagnostics.push(diagnostic);
        let kind = match table {
            NODES_TABLE => EntityKind::Node,
            _ => EntityKind::Component,
        };
        content.broken.insert((kind, key));
    }
    let documents = &mut content.documents;
    let (pages, components) = (EntityKind::Page, EntityKind::Component);
    let (tokens, nodes) = (EntityKind::Token, EntityKind::Node);
    let found = [
        read_all(
            rows.pages,
            pages,
            |row| &row.key,
            read_page_row,
            &mut documents.pages,
        ),
        read_all(
            rows.components,
            components,
            |row| &row.key,
            read_component_row,
            &mut documents.components,
        ),
        read_all(
            rows.tokens,
            tokens,
            |row| &row.key,
            read_token_row,
            &mut documents.tokens,
        ),
        read_all(
            rows.nodes,
            nodes,
            |row| &row.id,
            read_node_row,
            &mut documents.nodes,
        ),
    ];
    for (diagnostics, broken, incomplete) in found {
        content.diagnostics.extend(diagnostics);
        content.broken.extend(broken);
        content.incomplete |= incomplete;
    }
    content
}

type Broken = BTreeSet<(EntityKind, String)>;

fn read_all<Row: Send, Document: Send>(
    rows: Vec<Row>,
    kind: EntityKind,
    key: impl Fn(&Row) -> &String + Sync,
    read: impl Fn(Row, &mut Diagnostics) -> Option<Document> + Sync,
    documents: &mut Vec<Document>,
) -> (Diagnostics, Broken, bool) {
    let read = |row: Row| {
        let key = key(&row).clone();
        let mut diagnostics = Diagnostics::new();
        let document = read(row, &mut diagnostics);
        let broken = (document.is_none() || diagnostics.has_errors()).then_some((kind, key));
        (document, diagnostics, broken)
    };
    let read: Vec<_> = rows.into_par_iter().with_min_len(16).map(read).collect();
    let mut diagnostics = Diagnostics::new();
    let mut broken = Broken::new();
    let mut incomplete = false;
    documents.reserve(read.len());
    for (document, found, key) in read {
        incomplete |= document.is_none();
        documents.extend(document);
        diagnostics.extend(found);
        broken.extend(key);
    }
    (diagnostics, broken, incomplete)
}

/// An id; all zero where it is none, which no row has.
fn id(row: &Row, column: usize) -> Id {
    row.try_get(column).unwrap_or(Id([0; 16]))
}

/// A list of texts. One of several dimensions says something that no document can.
fn texts(
    row: &Row,
    column: usize,
    (table, field): (&'static str, &'static str),
    wrong: &mut Vec<Wrong>,
) -> Option<Vec<Option<String>>> {
    row.try_get(column).unwrap_or_else(|_| {
        let key = text(row, 0);
        wrong.push(Wrong { table, key, field });
        None
    })
}

/// A text that the table says is there. Where an older table allows NULL, an empty text breaks the
/// rules in its place.
fn text(row: &Row, column: usize) -> String {
    maybe(row, column).unwrap_or_default()
}

/// A text that may be NULL. (`check_tables` has seen that the column holds texts.)
fn maybe(row: &Row, column: usize) -> Option<String> {
    row.try_get(column).ok().flatten()
}

/// The id of a row.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Id([u8; 16]);

impl<'a> FromSql<'a> for Id {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Id, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Id(raw.try_into()?))
    }

    fn accepts(kind: &Type) -> bool {
        *kind == Type::UUID
    }
}
