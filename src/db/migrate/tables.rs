//! What a migrated database has, as data: the files of `migrations/`, and the tables with their columns.

/// A file of `migrations/`, embedded.
pub(super) struct File {
    pub version: i32,
    pub name: &'static str,
    pub text: &'static str,
}

macro_rules! file {
    ($version:literal, $name:literal) => {
        File {
            version: $version,
            name: $name,
            text: include_str!(concat!(
                "../../../migrations/V",
                $version,
                "__",
                $name,
                ".sql"
            )),
        }
    };
}

/// All files in their order.
pub(super) const FILES: [File; 7] = [
    file!(20, "sync_infrastructure"),
    file!(21, "robbieblocks_cms"),
    file!(22, "columns_and_keys"),
    file!(23, "history"),
    file!(24, "change_log"),
    file!(25, "nodes_and_deploys"),
    file!(26, "rules"),
];

/// A table: its name, the file that makes it, and its columns.
pub(super) struct Table {
    pub name: &'static str,
    pub version: i32,
    /// `name type`, with `!` where a table that lacks the column is not the one that is meant, and
    /// with the version of the file that adds it to a table that is there, if that is not 22.
    columns: &'static str,
}

/// A column that a table needs.
pub(super) struct Column {
    pub name: &'static str,
    pub kind: Kind,
    /// The file that adds it where it is missing; `None` where nothing can be made up for it.
    pub added_by: Option<i32>,
}

/// What a column must hold that holds something else; `None` where it fits, or is not rbgen's. `found`
/// is the type as `format_type` says it.
pub fn misfit(table: &str, column: &str, found: &str) -> Option<&'static str> {
    let table = TABLES.iter().find(|known| known.name == table)?;
    let wanted = table.columns().find(|known| known.name == column)?;
    (!wanted.kind.allows(found)).then(|| wanted.kind.wanted())
}

/// What a column may hold. What PostgreSQL can read as the same is the same.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    /// `text` or `varchar`; a new installation has room for so many characters.
    Text(usize),
    Texts,
    Uuid,
    Json,
    Integer,
    Number,
    Boolean,
    Time,
    Transaction,
    Any,
}

impl Kind {
    /// The name by which messages call it.
    pub fn wanted(self) -> &'static str {
        match self {
            Kind::Text(_) => "text or varchar",
            Kind::Texts => "text[]",
            Kind::Uuid => "uuid",
            Kind::Json => "jsonb",
            Kind::Integer => "integer",
            Kind::Number => "a number",
            Kind::Boolean => "boolean",
            Kind::Time => "timestamptz",
            Kind::Transaction => "xid8",
            Kind::Any => "anything",
        }
    }

    /// Whether a column of this type, as `format_type` says it, will do.
    pub fn allows(self, found: &str) -> bool {
        let text = |found: &str| found == "text" || found.starts_with("character varying");
        match self {
            Kind::Text(_) => text(found),
            Kind::Texts => found.strip_suffix("[]").is_some_and(text),
            Kind::Uuid => found == "uuid",
            Kind::Json => found == "jsonb",
            Kind::Integer => found == "integer",
            Kind::Number => {
                ["smallint", "integer", "bigint", "real", "double precision"].contains(&found)
                    || found.starts_with("numeric")
            }
            Kind::Boolean => found == "boolean",
            Kind::Time => found == "timestamp with time zone",
            Kind::Transaction => found == "xid8",
            Kind::Any => true,
        }
    }

    /// How many characters a column of this type has room for, where that is fewer than usual.
    pub fn narrower(self, found: &str) -> Option<usize> {
        let Kind::Text(usual) = self else {
            return None;
        };
        let room = found
            .strip_prefix("character varying(")?
            .strip_suffix(')')?
            .parse()
            .ok()?;
        (room < usual).then_some(room)
    }

    fn parse(text: &str) -> Kind {
        match text {
            "text" => Kind::Text(0),
            "texts" => Kind::Texts,
            "uuid" => Kind::Uuid,
            "json" => Kind::Json,
            "integer" => Kind::Integer,
            "number" => Kind::Number,
            "boolean" => Kind::Boolean,
            "time" => Kind::Time,
            "xid8" => Kind::Transaction,
            "any" => Kind::Any,
            length => Kind::Text(length.parse().expect("a kind or a length")),
        }
    }
}

impl Table {
    /// Its columns.
    pub fn columns(&self) -> impl Iterator<Item = Column> {
        self.columns.split(", ").map(|text| {
            let mut words = text.split(' ');
            let name = words.next().expect("a name");
            let kind = words.next().expect("a kind");
            let version = words
                .next()
                .map(|version| version.parse().expect("a number"));
            Column {
                name,
                kind: Kind::parse(kind.trim_end_matches('!')),
                added_by: (!kind.ends_with('!')).then(|| version.unwrap_or(22)),
            }
        })
    }
}

/// All tables, in the order in which they are made.
pub(super) const TABLES: [Table; 21] = [
    Table {
        name: "robbieblocks_migrations",
        version: 20,
        columns: "version integer!, name text!, checksum text!, applied_at time!, applied_by text!",
    },
    Table {
        name: "sync_nodes",
        version: 20,
        columns: "node_id 100!, node_name text!, last_seen time, is_online boolean, metadata json",
    },
    Table {
        name: "sync_status",
        version: 20,
        columns: "table_name text!, last_sync_at time, last_sync_record_count number, \
                  last_sync_duration_ms number, last_error text, sync_enabled boolean",
    },
    Table {
        name: "sync_conflicts",
        version: 20,
        columns: "table_name text!, record_id any!, source_node any!, master_data json, \
                  replica_data json, resolution text, resolved_data json, resolved_by any, \
                  resolved_at time",
    },
    Table {
        name: "sync_metrics",
        version: 20,
        columns: "metric_name text!, metric_value number!, metric_unit text, node_id text, \
                  created_at time",
    },
    Table {
        name: "pending_sync",
        version: 20,
        columns: "table_name text!, operation text!, data any!, synced_at time!, error text!, \
                  retry_count number!, priority number!, node_id text!",
    },
    Table {
        name: "robbieblocks_pages",
        version: 21,
        columns: "id uuid!, page_key 255!, app_namespace 50!, page_name 255!, page_route 255!, \
                  layout_template 50!, meta_title 255, meta_description text, status text, \
                  version integer, created_at time, updated_at time, published_at time, \
                  created_by any, metadata json",
    },
    Table {
        name: "robbieblocks_components",
        version: 21,
        columns: "id uuid!, component_key 255!, component_name 255!, component_type 50!, \
                  react_code text, props_schema json!, css_styles text, dependencies texts, \
                  version 20, is_published boolean, preview_url 500, created_at time, \
                  updated_at time, metadata json, template text",
    },
    Table {
        name: "robbieblocks_page_blocks",
        version: 21,
        columns: "id uuid!, page_id uuid!, component_id uuid!, block_order integer!, zone 50!, \
                  props json, conditions json, created_at time, updated_at time, block_key 255",
    },
    Table {
        name: "robbieblocks_style_tokens",
        version: 21,
        columns: "id uuid!, token_key 255!, token_category 50!, default_value text!, \
                  description text, created_at time, updated_at time",
    },
    Table {
        name: "robbieblocks_node_branding",
        version: 21,
        columns: "id uuid!, node_id 100!, node_name 255!, style_overrides json!, \
                  enabled_apps texts, custom_css text, custom_scripts text, created_at time, \
                  updated_at time",
    },
    Table {
        name: "robbieblocks_deploys",
        version: 21,
        columns: "id uuid!, node_id 100, app_namespace 50!, build_hash 64!, pages_count integer, \
                  components_count integer, deploy_status text, build_duration_ms integer, \
                  deploy_duration_ms integer, error_message text, build_log text, \
                  started_at time, completed_at time, triggered_by text!, source_rev text 25, \
                  source_commit text 25, release text 25, target text 25, \
                  preview text 25",
    },
    Table {
        name: "robbieblocks_change_triggers",
        version: 21,
        columns: "id uuid!, trigger_type text!, entity_type text!, entity_id uuid!, \
                  affected_apps texts, affected_nodes texts, auto_deploy boolean, \
                  created_at time, processed_at time, xid xid8 24",
    },
    Table {
        name: "robbieblocks_lineage",
        version: 23,
        columns: "id uuid!, created_at time!, single boolean!",
    },
    Table {
        name: "robbieblocks_revisions",
        version: 23,
        columns: "digest text!, number any!, parent text!, lineage uuid!, actors texts!, \
                  sealed_at time!, snapshot text!",
    },
    Table {
        name: "robbieblocks_revision_entities",
        version: 23,
        columns: "revision text!, kind text!, entity_key text!, digest text!, content text!",
    },
    Table {
        name: "robbieblocks_sync_edges",
        version: 23,
        columns: "id any!, lineage uuid!, revision text!, commit text!, direction text!, at time!",
    },
    Table {
        name: "robbieblocks_sources",
        version: 23,
        columns: "path text!, text text!",
    },
    Table {
        name: "robbieblocks_changes",
        version: 24,
        columns: "seq any!, xid xid8!, at time!, actor text!, kind text!, entity_key text!, \
                  entity_id uuid!, operation text!",
    },
    Table {
        name: "robbieblocks_trigger_receipts",
        version: 25,
        columns: "trigger_id uuid!, node_id text!, state text!, attempts integer!, \
                  lease_until time!, deploy_id uuid!, error text!, created_at time!, \
                  updated_at time!",
    },
    Table {
        name: "robbieblocks_node_state",
        version: 25,
        columns: "node_id text!, app text!, built_rev text!, deployed_rev text!, pinned text!, \
                  updated_at time!",
    },
];

/// The tables whose rows are content, and what calls a row by its name there.
pub(super) const CONTENT: [(&str, &str); 5] = [
    ("robbieblocks_pages", "page_key"),
    ("robbieblocks_components", "component_key"),
    ("robbieblocks_page_blocks", "id"),
    ("robbieblocks_style_tokens", "token_key"),
    ("robbieblocks_node_branding", "node_id"),
];
