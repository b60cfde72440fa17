//! Writes documents set-wise: what is to be there is copied into temporary tables and put into the
//! tables of content where it differs, in a few statements for any number of rows.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use tokio_postgres::types::Type;

use super::copy::CopyText;
use super::{CONTENT_TABLES, Failure, Rows, Session};
use crate::diag::code;
use crate::format::{component_row, node_row, page_row, token_row};
use crate::model::{Component, EntityKind, Node, Page, Token};

/// What is to be written.
#[derive(Clone, Debug, Default)]
pub struct Writes<'a> {
    /// Pages as they are to be, with all their blocks.
    pub pages: Vec<&'a Page>,
    pub components: Vec<&'a Component>,
    pub tokens: Vec<&'a Token>,
    pub nodes: Vec<&'a Node>,
    /// The entities that are to go.
    pub removed: BTreeSet<(EntityKind, String)>,
    /// The texts of content files by path; `None` is to go.
    pub sources: BTreeMap<String, Option<String>>,
}

/// The blocks of a page by key, with their numbers in `block_order`, in that order.
pub type BlockOrders = HashMap<String, Vec<(String, i32)>>;

/// The orders of the blocks in some rows.
pub fn block_orders(rows: &Rows) -> BlockOrders {
    let orders = rows.pages.iter().map(|page| {
        let blocks = page.blocks.iter();
        let blocks = blocks.map(|block| (block.key.clone().unwrap_or_default(), block.order));
        (page.key.clone(), blocks.collect())
    });
    orders.collect()
}

/// Keeps everybody else from changing content until the transaction ends; readers go on. It must be
/// the first statement of the transaction, before its view of the database is fixed.
pub fn lock_content(session: &mut Session) -> Result<(), Failure> {
    let tables = CONTENT_TABLES.join(", ");
    session.run(&format!("LOCK TABLE {tables} IN SHARE ROW EXCLUSIVE MODE"))
}

/// Keeps everybody else from emptying or rewriting the tables of content until the transaction ends. It
/// must be the first statement of the transaction: a view that was fixed before a TRUNCATE would show
/// its tables empty (PostgreSQL manual, "Caveats" of Concurrency Control). It needs the right to read.
pub fn share_content(session: &mut Session) -> Result<(), Failure> {
    let tables = CONTENT_TABLES.join(", ");
    session.run(&format!("LOCK TABLE {tables} IN ACCESS SHARE MODE"))
}

/// Writes all of it. It must run in a transaction that has locked the tables and read `orders` from
/// them. What is there already and equal is not touched, so that no trigger fires for it; rows keep
/// their ids. Fails where a block names a component that is not there.
pub fn write_documents(
    session: &mut Session,
    writes: &Writes<'_>,
    orders: &BlockOrders,
) -> Result<(), Failure> {
    // Texts of kilobytes are compressed several times as fast by lz4, which servers from 14 on may have.
    session.run(
        "SET CONSTRAINTS ALL DEFERRED; \
         SELECT set_config('default_toast_compression', 'lz4', true) FROM pg_settings \
         WHERE name = 'default_toast_compression' AND 'lz4' = ANY(enumvals)",
    )?;
    write_nodes(session, &writes.nodes)?;
    write_tokens(session, &writes.tokens)?;
    write_components(session, &writes.components)?;
    write_pages(session, &writes.pages)?;
    write_blocks(session, &writes.pages, orders)?;
    for (kind, table, column) in [
        (EntityKind::Page, "robbieblocks_pages", "page_key"),
        (
            EntityKind::Component,
            "robbieblocks_components",
            "component_key",
        ),
        (EntityKind::Token, "robbieblocks_style_tokens", "token_key"),
        (EntityKind::Node, "robbieblocks_node_branding", "node_id"),
    ] {
        let removed = writes.removed.iter().filter(|(of, _)| *of == kind);
        let keys: Vec<&str> = removed.map(|(_, key)| key.as_str()).collect();
        if !keys.is_empty() {
            if kind == EntityKind::Component {
                check_unused(session, &keys)?;
            }
            let statement = format!("DELETE FROM {table} WHERE {column} = ANY($1)");
            session.execute(&statement, &[(&keys, Type::TEXT_ARRAY)])?;
        }
    }
    write_sources(session, &writes.sources)
}

/// Whether the user may keep the texts of content files, which who only edits content may not.
pub fn may_write_sources(session: &mut Session) -> Result<bool, Failure> {
    let query = "SELECT bool_and(has_table_privilege('robbieblocks_sources', privilege)) \
                 FROM unnest(ARRAY['INSERT', 'UPDATE', 'DELETE']) AS privilege";
    let rows = session.query(query, &[])?;
    Ok(rows.first().is_some_and(|row| row.get(0)))
}

/// Copies rows into a new temporary table, whose columns are given with their types.
fn stage(session: &mut Session, table: &str, columns: &str, rows: CopyText) -> Result<(), Failure> {
    session.run(&format!(
        "CREATE TEMPORARY TABLE {table} ({columns}) ON COMMIT DROP"
    ))?;
    session.copy_in(&format!("COPY pg_temp.{table} FROM STDIN"), rows.finish())?;
    session.run(&format!("ANALYZE pg_temp.{table}"))
}

fn write_nodes(session: &mut Session, nodes: &[&Node]) -> Result<(), Failure> {
    if nodes.is_empty() {
        return Ok(());
    }
    let mut rows = CopyText::default();
    for row in nodes.iter().map(|node| node_row(node)) {
        rows.text(Some(&row.id))
            .text(Some(&row.name))
            .text(row.style_overrides.as_deref())
            .list(row.enabled_apps.as_deref())
            .text(row.custom_css.as_deref())
            .text(row.custom_scripts.as_deref())
            .end();
    }
    let columns = "node_id text, node_name text, style_overrides jsonb, enabled_apps text[], \
                   custom_css text, custom_scripts text";
    stage(session, "rbgen_nodes", columns, rows)?;
    session.run(
        "INSERT INTO robbieblocks_node_branding AS have \
           (node_id, node_name, style_overrides, enabled_apps, custom_css, custom_scripts) \
         SELECT node_id, node_name, style_overrides, enabled_apps, custom_css, custom_scripts \
         FROM pg_temp.rbgen_nodes \
         ON CONFLICT (node_id) DO UPDATE SET \
           node_name = excluded.node_name, \
           style_overrides = excluded.style_overrides, \
           enabled_apps = CASE WHEN have.enabled_apps IS NULL AND excluded.enabled_apps = '{}' \
             THEN NULL ELSE excluded.enabled_apps END, \
           custom_css = excluded.custom_css, \
           custom_scripts = excluded.custom_scripts \
         WHERE (have.node_name, have.style_overrides::text, coalesce(have.enabled_apps, '{}'), \
                have.custom_css, have.custom_scripts) \
           IS DISTINCT FROM (excluded.node_name, excluded.style_overrides::text, \
                excluded.enabled_apps, excluded.custom_css, excluded.custom_scripts)",
    )
}

fn write_tokens(session: &mut Session, tokens: &[&Token]) -> Result<(), Failure> {
    if tokens.is_empty() {
        return Ok(());
    }
    let mut rows = CopyText::default();
    for row in tokens.iter().map(|token| token_row(token)) {
        rows.text(Some(&row.key))
            .text(Some(&row.category))
            .text(Some(&row.value))
            .text(row.description.as_deref())
            .end();
    }
    let columns = "token_key text, token_category text, default_value text, description text";
    stage(session, "rbgen_tokens", columns, rows)?;
    session.run(
        "INSERT INTO robbieblocks_style_tokens AS have \
           (token_key, token_category, default_value, description) \
         SELECT token_key, token_category, default_value, description FROM pg_temp.rbgen_tokens \
         ON CONFLICT (token_key) DO UPDATE SET \
           token_category = excluded.token_category, \
           default_value = excluded.default_value, \
           description = excluded.description \
         WHERE (have.token_category, have.default_value, have.description) \
           IS DISTINCT FROM (excluded.token_category, excluded.default_value, \
                excluded.description)",
    )
}

fn write_components(session: &mut Session, components: &[&Component]) -> Result<(), Failure> {
    if components.is_empty() {
        return Ok(());
    }
    let mut rows = CopyText::default();
    for row in components.iter().map(|component| component_row(component)) {
        rows.text(Some(&row.key))
            .text(Some(&row.name))
            .text(Some(&row.kind))
            .text(row.react.as_deref())
            .text(row.template.as_deref())
            .text(row.props.as_deref())
            .text(row.styles.as_deref())
            .list(row.dependencies.as_deref())
            .text(row.version.as_deref())
            .text(
                row.published
                    .map(|published| if published { "t" } else { "f" }),
            )
            .text(row.preview_url.as_deref())
            .text(row.metadata.as_deref())
            .end();
    }
    let columns = "component_key text, component_name text, component_type text, \
                   react_code text, template text, props_schema jsonb, css_styles text, \
                   dependencies text[], version text, is_published boolean, preview_url text, \
                   metadata jsonb";
    stage(session, "rbgen_components", columns, rows)?;
    session.run(
        "INSERT INTO robbieblocks_components AS have \
           (component_key, component_name, component_type, react_code, template, props_schema, \
            css_styles, dependencies, version, is_published, preview_url, metadata) \
         SELECT component_key, component_name, component_type, react_code, template, \
            props_schema, css_styles, dependencies, version, is_published, preview_url, metadata \
         FROM pg_temp.rbgen_components \
         ON CONFLICT (component_key) DO UPDATE SET \
           component_name = excluded.component_name, \
           component_type = excluded.component_type, \
           react_code = excluded.react_code, \
           template = excluded.template, \
           props_schema = excluded.props_schema, \
           css_styles = excluded.css_styles, \
           dependencies = CASE WHEN have.dependencies IS NULL AND excluded.dependencies = '{}' \
             THEN NULL ELSE excluded.dependencies END, \
           version = excluded.version, \
           is_published = excluded.is_published, \
           preview_url = excluded.preview_url, \
           metadata = CASE WHEN have.metadata IS NULL AND excluded.metadata = '{}' \
             THEN NULL ELSE excluded.metadata END \
         WHERE (have.component_name, have.component_type, have.react_code, have.template, \
                have.props_schema::text, have.css_styles, coalesce(have.dependencies, '{}'), \
                have.version, coalesce(have.is_published, false), have.preview_url, \
                coalesce(have.metadata, '{}')::text) \
           IS DISTINCT FROM (excluded.component_name, excluded.component_type, \
                excluded.react_code, excluded.template, excluded.props_schema::text, \
                excluded.css_styles, excluded.dependencies, excluded.version, \
                excluded.is_published, excluded.preview_url, excluded.metadata::text)",
    )
}

fn write_pages(session: &mut Session, pages: &[&Page]) -> Result<(), Failure> {
    if pages.is_empty() {
        return Ok(());
    }
    let mut rows = CopyText::default();
    for row in pages.iter().map(|page| page_row(page)) {
        rows.text(Some(&row.key))
            .text(Some(&row.app))
            .text(Some(&row.name))
            .text(Some(&row.route))
            .text(Some(&row.layout))
            .text(row.title.as_deref())
            .text(row.description.as_deref())
            .text(row.status.as_deref())
            .text(row.metadata.as_deref())
            .end();
    }
    let columns = "page_key text, app_namespace text, page_name text, page_route text, \
                   layout_template text, meta_title text, meta_description text, status text, \
                   metadata jsonb";
    stage(session, "rbgen_pages", columns, rows)?;
    session.run(
        "INSERT INTO robbieblocks_pages AS have \
           (page_key, app_namespace, page_name, page_route, layout_template, meta_title, \
            meta_description, status, metadata) \
         SELECT page_key, app_namespace, page_name, page_route, layout_template, meta_title, \
            meta_description, status, metadata \
         FROM pg_temp.rbgen_pages \
         ON CONFLICT (page_key) DO UPDATE SET \
           app_namespace = excluded.app_namespace, \
           page_name = excluded.page_name, \
           page_route = excluded.page_route, \
           layout_template = excluded.layout_template, \
           meta_title = excluded.meta_title, \
           meta_description = excluded.meta_description, \
           status = excluded.status, \
           metadata = CASE WHEN have.metadata IS NULL AND excluded.metadata = '{}' \
             THEN NULL ELSE excluded.metadata END \
         WHERE (have.app_namespace, have.page_name, have.page_route, have.layout_template, \
                have.meta_title, have.meta_description, coalesce(have.status, 'draft'), \
                coalesce(have.metadata, '{}')::text) \
           IS DISTINCT FROM (excluded.app_namespace, excluded.page_name, excluded.page_route, \
                excluded.layout_template, excluded.meta_title, excluded.meta_description, \
                excluded.status, excluded.metadata::text)",
    )
}

/// Writes the blocks of pages. While a page has the same blocks in the same order they keep their
/// numbers; otherwise they are counted from 1.
fn write_blocks(
    session: &mut Session,
    pages: &[&Page],
    orders: &BlockOrders,
) -> Result<(), Failure> {
    if pages.is_empty() {
        return Ok(());
    }
    let mut rows = CopyText::default();
    let mut keys: Vec<&str> = Vec::with_capacity(pages.len());
    let none = Vec::new();
    for page in pages {
        keys.push(&page.key);
        let before = orders.get(&page.key).unwrap_or(&none);
        let same = before
            .iter()
            .map(|(key, _)| key)
            .eq(page.blocks.iter().map(|block| &block.key));
        for (index, block) in page_row(page).blocks.into_iter().enumerate() {
            let order = match same {
                true => before[index].1,
                false => i32::try_from(index).unwrap_or(i32::MAX - 1) + 1,
            };
            rows.text(Some(&page.key))
                .text(block.key.as_deref())
                .text(Some(&order.to_string()))
                .text(block.component.as_deref())
                .text(Some(&block.zone))
                .text(block.props.as_deref())
                .text(block.conditions.as_deref())
                .end();
        }
    }
    let columns = "page_key text, block_key text, block_order integer, component_key text, \
                   zone text, props jsonb, conditions jsonb";
    stage(session, "rbgen_blocks", columns, rows)?;
    let without = session.query(
        "SELECT DISTINCT new.page_key, new.component_key FROM pg_temp.rbgen_blocks AS new \
         WHERE NOT EXISTS (SELECT FROM robbieblocks_components AS component \
           WHERE component.component_key = new.component_key) ORDER BY 1, 2 LIMIT 1",
        &[],
    )?;
    if let Some(row) = without.first() {
        let (page, component): (&str, Option<&str>) = (row.get(0), row.get(1));
        let message = format!(
            "the page `{page}` uses the component `{}`, which is not in the database",
            component.unwrap_or_default()
        );
        return Err(Failure::new(code::QUERY_FAILED, message));
    }
    session.execute(
        "DELETE FROM robbieblocks_page_blocks AS block USING robbieblocks_pages AS page \
         WHERE page.page_key = ANY($1) AND block.page_id = page.id \
           AND NOT EXISTS (SELECT FROM pg_temp.rbgen_blocks AS new \
             WHERE new.page_key = page.page_key AND new.block_key = block.block_key)",
        &[(&keys, Type::TEXT_ARRAY)],
    )?;
    if orders_are_checked_at_once(session)? {
        // Numbers behind all others are free, so no two collide on the way to their new places.
        session.run(
            "UPDATE robbieblocks_page_blocks AS have SET block_order = away.block_order \
             FROM (SELECT block.id, new.block_order <> block.block_order AS moves, \
                     (max(block.block_order) OVER (PARTITION BY block.page_id) \
                      + row_number() OVER (PARTITION BY block.page_id))::integer AS block_order \
                   FROM pg_temp.rbgen_blocks AS new \
                   JOIN robbieblocks_pages AS page ON page.page_key = new.page_key \
                   JOIN robbieblocks_page_blocks AS block \
                     ON block.page_id = page.id AND block.block_key = new.block_key) AS away \
             WHERE away.id = have.id AND away.moves",
        )?;
    }
    session.run(
        "INSERT INTO robbieblocks_page_blocks AS have \
           (page_id, component_id, block_key, block_order, zone, props, conditions) \
         SELECT page.id, component.id, new.block_key, new.block_order, new.zone, new.props, \
            new.conditions \
         FROM pg_temp.rbgen_blocks AS new \
         JOIN robbieblocks_pages AS page ON page.page_key = new.page_key \
         JOIN robbieblocks_components AS component ON component.component_key = new.component_key \
         ON CONFLICT (page_id, block_key) DO UPDATE SET \
           component_id = excluded.component_id, \
           block_order = excluded.block_order, \
           zone = excluded.zone, \
           props = CASE WHEN have.props IS NULL AND excluded.props = '{}' \
             THEN NULL ELSE excluded.props END, \
           conditions = CASE WHEN have.conditions IS NULL AND excluded.conditions = '{}' \
             THEN NULL ELSE excluded.conditions END \
         WHERE (have.component_id, have.block_order, have.zone, \
                coalesce(have.props, '{}')::text, coalesce(have.conditions, '{}')::text) \
           IS DISTINCT FROM (excluded.component_id, excluded.block_order, excluded.zone, \
                excluded.props::text, excluded.conditions::text)",
    )
}

/// Whether two blocks may not change places within a statement: where something else needs the constraint
/// as it was, a migration has left it.
fn orders_are_checked_at_once(session: &mut Session) -> Result<bool, Failure> {
    let rows = session.query(
        "SELECT EXISTS (SELECT FROM pg_catalog.pg_index AS index \
           WHERE index.indrelid = 'robbieblocks_page_blocks'::regclass \
             AND index.indisunique AND index.indimmediate \
             AND EXISTS (SELECT FROM pg_catalog.pg_attribute AS attribute \
               WHERE attribute.attrelid = index.indrelid AND attribute.attname = 'block_order' \
                 AND attribute.attnum = ANY(index.indkey::smallint[])))",
        &[],
    )?;
    Ok(rows.first().is_some_and(|row| row.get(0)))
}

/// Fails where a component that is to go is still used.
fn check_unused(session: &mut Session, components: &[&str]) -> Result<(), Failure> {
    let rows = session.query(
        "SELECT component.component_key::text, page.page_key::text \
         FROM robbieblocks_page_blocks AS block \
         JOIN robbieblocks_components AS component ON component.id = block.component_id \
         LEFT JOIN robbieblocks_pages AS page ON page.id = block.page_id \
         WHERE component.component_key = ANY($1) ORDER BY 1, 2 LIMIT 1",
        &[(&components, Type::TEXT_ARRAY)],
    )?;
    let Some(row) = rows.first() else {
        return Ok(());
    };
    let (component, page): (&str, Option<&str>) = (row.get(0), row.get(1));
    let message = format!(
        "the component `{component}` cannot go: the page `{}` in the database uses it",
        page.unwrap_or("of a block without page")
    );
    Err(session.blame(Failure::new(code::QUERY_FAILED, message)))
}

fn write_sources(
    session: &mut Session,
    sources: &BTreeMap<String, Option<String>>,
) -> Result<(), Failure> {
    if sources.is_empty() {
        return Ok(());
    }
    let mut rows = CopyText::default();
    let mut gone: Vec<&str> = Vec::new();
    for (path, text) in sources {
        match text {
            Some(text) => {
                rows.text(Some(path)).text(Some(text)).end();
            }
            None => gone.push(path),
        }
    }
    session.execute(
        "DELETE FROM robbieblocks_sources WHERE path = ANY($1)",
        &[(&gone, Type::TEXT_ARRAY)],
    )?;
    stage(session, "rbgen_sources", "path text, text text", rows)?;
    session.run(
        "INSERT INTO robbieblocks_sources AS have (path, text) \
         SELECT path, text FROM pg_temp.rbgen_sources \
         ON CONFLICT (path) DO UPDATE SET text = excluded.text \
         WHERE have.text IS DISTINCT FROM excluded.text",
    )
}
