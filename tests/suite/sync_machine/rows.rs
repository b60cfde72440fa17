//! What people do to the rows of a database: a few statements on a few keys, so that they meet.

use super::dice::Dice;

pub const PAGES: [&str; 6] = ["p1", "p2", "p3", "p4", "p5", "p6"];
pub const COMPONENTS: [&str; 5] = ["card", "list", "c1", "c2", "markdown"];
pub const TOKENS: [&str; 14] = [
    "color.a", "color.b", "color.c", "color.d", "color.e", "color.f", "color.g", "color.h",
    "color.i", "color.j", "color.k", "color.l", "font.x", "font.y",
];
pub const NODES: [&str; 3] = ["one", "two", "three"];
pub const BLOCKS: [&str; 5] = ["b1", "b2", "b3", "b4", "b5"];
pub const PROPS: [&str; 3] = ["k1", "k2", "k3"];

/// One edit as SQL, in which `mark` is a word that nobody else writes.
pub fn edit(dice: &mut Dice, mark: &str) -> String {
    let page = *dice.pick(&PAGES);
    let other = *dice.pick(&PAGES);
    let component = *dice.pick(&COMPONENTS);
    let token = *dice.pick(&TOKENS);
    let node = *dice.pick(&NODES);
    let block = *dice.pick(&BLOCKS);
    let prop = *dice.pick(&PROPS);
    let app = *dice.pick(&["play", "work"]);
    let blocks = "robbieblocks_page_blocks";
    let of_page =
        format!("page_id = (SELECT id FROM robbieblocks_pages WHERE page_key = '{page}')");
    match dice.below(30) {
        0 | 1 => {
            format!("UPDATE robbieblocks_pages SET page_name = '{mark}' WHERE page_key = '{page}'")
        }
        2 => {
            format!("UPDATE robbieblocks_pages SET meta_title = '{mark}' WHERE page_key = '{page}'")
        }
        3 => format!("UPDATE robbieblocks_pages SET meta_title = NULL WHERE page_key = '{page}'"),
        4 => format!(
            "UPDATE robbieblocks_pages SET metadata = jsonb_set(coalesce(metadata, '{{}}'), \
             '{{{prop}}}', '\"{mark}\"') WHERE page_key = '{page}'"
        ),
        5..=8 => format!(
            "UPDATE {blocks} SET props = jsonb_set(coalesce(props, '{{}}'), '{{{prop}}}', \
             '\"{mark}\"') WHERE {of_page} AND block_key = '{block}'"
        ),
        9 => format!("UPDATE {blocks} SET props = props - '{prop}' WHERE {of_page}"),
        10 => format!(
            "SET CONSTRAINTS ALL DEFERRED; \
             UPDATE {blocks} SET block_order = 1000 - block_order WHERE {of_page}"
        ),
        11 => format!(
            "UPDATE {blocks} SET block_order = (SELECT max(block_order) + 1 FROM {blocks} \
             WHERE {of_page}) WHERE {of_page} AND block_key = '{block}'"
        ),
        12 | 13 => format!(
            "INSERT INTO {blocks} (page_id, component_id, block_order, zone, props, block_key) \
             SELECT page.id, component.id, coalesce((SELECT max(block_order) + 1 FROM {blocks} \
               WHERE page_id = page.id), 1), 'main', '{{\"{prop}\": \"{mark}\"}}', {} \
             FROM robbieblocks_pages AS page, robbieblocks_components AS component \
             WHERE page_key = '{page}' AND component_key = '{component}'",
            match dice.one_in(4) {
                true => "NULL".to_string(),
                false => format!("'{block}'"),
            }
        ),
        14 => format!("DELETE FROM {blocks} WHERE {of_page} AND block_key = '{block}'"),
        15 => format!("DELETE FROM robbieblocks_pages WHERE page_key = '{page}'"),
        16 | 17 => format!(
            "INSERT INTO robbieblocks_pages (page_key, app_namespace, page_name, page_route, \
             layout_template, status) VALUES ('{page}', '{app}', '{mark}', '/{app}/{page}', \
             'single-column', 'published') ON CONFLICT DO NOTHING"
        ),
        18 | 19 => format!(
            "UPDATE robbieblocks_style_tokens SET description = '{mark}' \
             WHERE token_key = '{token}'"
        ),
        20 => format!(
            "INSERT INTO robbieblocks_style_tokens (token_key, token_category, default_value) \
             VALUES ('{token}', split_part('{token}', '.', 1), '{mark}') \
             ON CONFLICT (token_key) DO UPDATE SET default_value = excluded.default_value"
        ),
        21 => format!("DELETE FROM robbieblocks_style_tokens WHERE token_key = '{token}'"),
        22 => format!(
            "UPDATE robbieblocks_components SET template = '<p>{mark}</p>' \
             WHERE component_key = '{component}'"
        ),
        23 => format!(
            "UPDATE robbieblocks_components SET component_key = '{}' \
             WHERE component_key = '{component}' AND component_key <> 'markdown'",
            dice.pick(&["c1", "c2", "card", "list"])
        ),
        24 => format!(
            "UPDATE robbieblocks_pages SET page_key = '{other}', \
             page_route = '/' || app_namespace || '/{other}' WHERE page_key = '{page}'"
        ),
        25 => format!(
            "UPDATE robbieblocks_node_branding SET custom_css = 'p {{ content: \"{mark}\" }}' \
             WHERE node_id = '{node}'"
        ),
        26 => format!(
            "UPDATE robbieblocks_node_branding SET node_name = '{mark}' WHERE node_id = '{node}'"
        ),
        27 => format!(
            "INSERT INTO robbieblocks_node_branding (node_id, node_name, style_overrides, \
             enabled_apps) VALUES ('{node}', '{mark}', '{{}}', '{{play}}') ON CONFLICT DO NOTHING"
        ),
        28 => format!("DELETE FROM robbieblocks_node_branding WHERE node_id = '{node}'"),
        _ => match dice.one_in(2) {
            true => format!(
                "INSERT INTO robbieblocks_components (component_key, component_name, \
                 component_type, template, props_schema) VALUES ('{component}', '{mark}', 'ui', \
                 '<i></i>', '{{}}') ON CONFLICT DO NOTHING"
            ),
            false => format!(
                "DELETE FROM robbieblocks_components AS component \
                 WHERE component_key = '{component}' AND NOT EXISTS (SELECT FROM {blocks} \
                   WHERE component_id = component.id)"
            ),
        },
    }
}

/// A table that is emptied.
pub fn truncation(dice: &mut Dice) -> &'static str {
    let tables = [
        "TRUNCATE robbieblocks_page_blocks",
        "TRUNCATE robbieblocks_style_tokens",
        "TRUNCATE robbieblocks_node_branding",
        "TRUNCATE robbieblocks_pages CASCADE",
    ];
    tables[dice.below(tables.len())]
}

const TABLES: [&str; 5] = [
    "robbieblocks_pages",
    "robbieblocks_components",
    "robbieblocks_page_blocks",
    "robbieblocks_style_tokens",
    "robbieblocks_node_branding",
];

/// The same in a transaction in which the log is off. What is turned on again may be as it was, or as
/// somebody does who does not know.
pub fn without_log(statement: &str, as_it_was: bool) -> String {
    let each = |words: &dyn Fn(&str, &str) -> String| -> String {
        let triggers = ["insert", "update", "delete", "truncate"];
        let all = TABLES
            .iter()
            .flat_map(|table| triggers.iter().map(move |name| words(table, name)));
        all.collect()
    };
    let off =
        each(&|table, name| format!("ALTER TABLE {table} DISABLE TRIGGER rbgen_log_{name}; "));
    let always = match as_it_was {
        true => "ALWAYS ",
        false => "",
    };
    let on = each(&|table, name| {
        format!("ALTER TABLE {table} ENABLE {always}TRIGGER rbgen_log_{name}; ")
    });
    format!("{off} {statement}; {on}")
}

/// What a sync leaves traces in, as one text: history, log, queue, edges.
pub const TRACES: &str = "SELECT concat_ws(' ', \
    (SELECT count(*) FROM robbieblocks_revisions), \
    (SELECT coalesce(max(seq), 0) FROM robbieblocks_changes), \
    (SELECT count(*) FROM robbieblocks_change_triggers), \
    (SELECT count(*) FROM robbieblocks_sync_edges WHERE direction = 'push'))";

/// Every row of content with the transaction that wrote it.
pub const WRITTEN: &str = "\
    SELECT 'page ' || page_key, xmin::text FROM robbieblocks_pages UNION ALL \
    SELECT 'component ' || component_key, xmin::text FROM robbieblocks_components UNION ALL \
    SELECT 'token ' || token_key, xmin::text FROM robbieblocks_style_tokens UNION ALL \
    SELECT 'node ' || node_id, xmin::text FROM robbieblocks_node_branding UNION ALL \
    SELECT 'block ' || page_key || ' ' || block_key, block.xmin::text \
      FROM robbieblocks_page_blocks AS block \
      JOIN robbieblocks_pages AS page ON page.id = block.page_id";
