//! What a migrated database has beside tables, as data: views, functions, triggers, keys and rules.

use super::tables::FILES;

/// The views and the columns that their readers know.
pub(super) const VIEWS: [(&str, &[&str]); 2] = [
    (
        "robbieblocks_active_deploys",
        &[
            "id",
            "node_id",
            "app_namespace",
            "deploy_status",
            "started_at",
            "running_seconds",
            "build_duration_ms",
            "deploy_duration_ms",
        ],
    ),
    (
        "robbieblocks_published_pages",
        &[
            "app_namespace",
            "page_count",
            "component_count",
            "last_update",
        ],
    ),
];

/// A function: the file that makes it, its name, the types of its arguments, what it gives, and
/// whether one of somebody else with the same signature may stay.
pub(super) struct Function {
    pub version: i32,
    pub name: &'static str,
    pub arguments: &'static str,
    pub results: &'static [&'static str],
    pub shared: bool,
}

const fn own(
    version: i32,
    name: &'static str,
    arguments: &'static str,
    results: &'static [&'static str],
) -> Function {
    Function {
        version,
        name,
        arguments,
        results,
        shared: false,
    }
}

const fn shared(
    name: &'static str,
    arguments: &'static str,
    results: &'static [&'static str],
) -> Function {
    Function {
        version: 21,
        name,
        arguments,
        results,
        shared: true,
    }
}

/// All functions.
pub(super) const FUNCTIONS: [Function; 20] = [
    own(20, "robbieblocks_pin", "regprocedure", &["void"]),
    shared("update_updated_at_column", "", &["trigger"]),
    shared("get_page_config", "character varying", &["json", "jsonb"]),
    shared("get_node_styles", "character varying", &["json", "jsonb"]),
    own(22, "robbieblocks_free_block_key", "uuid, uuid", &["text"]),
    own(22, "robbieblocks_fill_block_key", "", &["trigger"]),
    own(22, "robbieblocks_note_published_at", "", &["trigger"]),
    own(23, "robbieblocks_refuse_rewriting", "", &["trigger"]),
    own(
        24,
        "robbieblocks_log_entities",
        "text, text, uuid[], text[]",
        &["void"],
    ),
    own(24, "robbieblocks_nodes_of", "text[]", &["text[]"]),
    own(24, "robbieblocks_queue_pages", "uuid[], text[]", &["void"]),
    own(
        24,
        "robbieblocks_queue_entity",
        "text, text, uuid, text[], text[]",
        &["void"],
    ),
    own(24, "robbieblocks_log_pages", "", &["trigger"]),
    own(24, "robbieblocks_log_blocks", "", &["trigger"]),
    own(24, "robbieblocks_log_components", "", &["trigger"]),
    own(24, "robbieblocks_log_tokens", "", &["trigger"]),
    own(24, "robbieblocks_log_nodes", "", &["trigger"]),
    own(25, "robbieblocks_settle", "uuid[]", &["void"]),
    own(25, "robbieblocks_settle_trigger", "", &["trigger"]),
    own(25, "robbieblocks_settle_without_node", "", &["trigger"]),
];

/// rbgen's own triggers: the file that makes one, its table, its name and its function. The
/// triggers that keep `updated_at` are not among them: their names differ.
pub(super) fn own_triggers() -> Vec<(i32, &'static str, &'static str, &'static str)> {
    let mut triggers = vec![
        (
            22,
            "robbieblocks_page_blocks",
            "rbgen_fill_block_key",
            "robbieblocks_fill_block_key",
        ),
        (
            22,
            "robbieblocks_pages",
            "rbgen_note_published_at",
            "robbieblocks_note_published_at",
        ),
        (
            23,
            "robbieblocks_revisions",
            "rbgen_append_only",
            "robbieblocks_refuse_rewriting",
        ),
        (
            23,
            "robbieblocks_revision_entities",
            "rbgen_append_only",
            "robbieblocks_refuse_rewriting",
        ),
        (
            25,
            "robbieblocks_trigger_receipts",
            "rbgen_settle_insert",
            "robbieblocks_settle_trigger",
        ),
        (
            25,
            "robbieblocks_trigger_receipts",
            "rbgen_settle_update",
            "robbieblocks_settle_trigger",
        ),
        (
            25,
            "robbieblocks_node_branding",
            "rbgen_settle_delete",
            "robbieblocks_settle_without_node",
        ),
        (
            25,
            "robbieblocks_node_branding",
            "rbgen_settle_update",
            "robbieblocks_settle_without_node",
        ),
        (
            25,
            "robbieblocks_node_branding",
            "rbgen_settle_truncate",
            "robbieblocks_settle_without_node",
        ),
    ];
    for (table, function) in [
        ("robbieblocks_pages", "robbieblocks_log_pages"),
        ("robbieblocks_components", "robbieblocks_log_components"),
        ("robbieblocks_page_blocks", "robbieblocks_log_blocks"),
        ("robbieblocks_style_tokens", "robbieblocks_log_tokens"),
        ("robbieblocks_node_branding", "robbieblocks_log_nodes"),
    ] {
        for trigger in [
            "rbgen_log_insert",
            "rbgen_log_update",
            "rbgen_log_delete",
            "rbgen_log_truncate",
        ] {
            triggers.push((24, table, trigger, function));
        }
    }
    triggers
}

/// The triggers of the earlier design that never worked: table, name, function.
pub(super) const BROKEN_TRIGGERS: [(&str, &str, &str); 3] = [
    (
        "robbieblocks_pages",
        "page_update_trigger",
        "trigger_page_rebuild",
    ),
    (
        "robbieblocks_components",
        "component_update_trigger",
        "trigger_component_rebuild",
    ),
    (
        "robbieblocks_node_branding",
        "branding_update_trigger",
        "trigger_branding_rebuild",
    ),
];

/// What is unique: a table and its columns, sorted.
pub(super) const UNIQUE: [(&str, &[&str]); 13] = [
    ("robbieblocks_pages", &["id"]),
    ("robbieblocks_pages", &["page_key"]),
    ("robbieblocks_components", &["id"]),
    ("robbieblocks_components", &["component_key"]),
    ("robbieblocks_page_blocks", &["id"]),
    BLOCK_ORDER,
    ("robbieblocks_page_blocks", &["block_key", "page_id"]),
    ("robbieblocks_style_tokens", &["id"]),
    ("robbieblocks_style_tokens", &["token_key"]),
    ("robbieblocks_node_branding", &["id"]),
    ("robbieblocks_node_branding", &["node_id"]),
    ("robbieblocks_deploys", &["id"]),
    ("robbieblocks_change_triggers", &["id"]),
];

/// The indexes that the log cannot do without: the file that makes one, its table, its name.
pub(super) const INDEXES: [(i32, &str, &str); 2] = [
    (24, "robbieblocks_changes", "robbieblocks_changes_once"),
    (
        24,
        "robbieblocks_change_triggers",
        "robbieblocks_change_triggers_once",
    ),
];

/// What points to the key of another table: table, column, the other table.
pub(super) const REFERENCES: [(&str, &str, &str); 6] = [
    ("robbieblocks_page_blocks", "page_id", "robbieblocks_pages"),
    (
        "robbieblocks_page_blocks",
        "component_id",
        "robbieblocks_components",
    ),
    ("robbieblocks_revisions", "parent", "robbieblocks_revisions"),
    (
        "robbieblocks_revision_entities",
        "revision",
        "robbieblocks_revisions",
    ),
    (
        "robbieblocks_sync_edges",
        "revision",
        "robbieblocks_revisions",
    ),
    (
        "robbieblocks_trigger_receipts",
        "trigger_id",
        "robbieblocks_change_triggers",
    ),
];

/// What is unique only when a statement has ended.
pub(super) const BLOCK_ORDER: (&str, &[&str]) =
    ("robbieblocks_page_blocks", &["block_order", "page_id"]);

/// A rule that rows are held to where none breaks it: table, name, condition.
#[derive(Clone, Debug)]
pub(super) struct Rule {
    pub table: &'static str,
    pub name: &'static str,
    pub condition: &'static str,
}

/// The rules, as the file that makes them says them.
pub(super) fn rules() -> Vec<Rule> {
    let text = FILES[6].text;
    text.lines()
        .filter_map(|line| {
            let (names, condition) = line.split_once("$rule$")?;
            let mut names = names.split('\'').skip(1).step_by(2);
            Some(Rule {
                table: names.next()?,
                name: names.next()?,
                condition: condition.split_once("$rule$")?.0,
            })
        })
        .collect()
}
