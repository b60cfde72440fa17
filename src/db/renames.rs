//! Gives rows other keys: an entity that only has another key is the same row with the same id.

use tokio_postgres::types::Type;

use super::{Failure, Session};
use crate::compare::Rename;
use crate::model::EntityKind;

/// Keys that change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyChanges {
    pub entities: Vec<Rename>,
    /// The key of the page, the old key of the block, the new one.
    pub blocks: Vec<(String, String, String)>,
}

/// Changes keys in place. Blocks come first, under the old keys of their pages. It must run in a
/// transaction that has locked the tables; no new key is there yet.
pub fn rename_keys(session: &mut Session, changes: &KeyChanges) -> Result<(), Failure> {
    if !changes.blocks.is_empty() {
        let blocks = changes.blocks.iter();
        let pages: Vec<&str> = blocks.clone().map(|(page, _, _)| page.as_str()).collect();
        let olds: Vec<&str> = blocks.clone().map(|(_, old, _)| old.as_str()).collect();
        let news: Vec<&str> = blocks.map(|(_, _, new)| new.as_str()).collect();
        session.execute(
            "UPDATE robbieblocks_page_blocks AS block SET block_key = wanted.new \
             FROM unnest($1, $2, $3) AS wanted (page, old, new), robbieblocks_pages AS page \
             WHERE page.page_key = wanted.page AND block.page_id = page.id \
               AND block.block_key = wanted.old",
            &[
                (&pages, Type::TEXT_ARRAY),
                (&olds, Type::TEXT_ARRAY),
                (&news, Type::TEXT_ARRAY),
            ],
        )?;
    }
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
        let renames = changes.entities.iter().filter(|one| one.kind == kind);
        let (olds, news): (Vec<&str>, Vec<&str>) = renames
            .map(|one| (one.old.as_str(), one.new.as_str()))
            .unzip();
        if !olds.is_empty() {
            session.execute(
                &format!(
                    "UPDATE {table} AS row SET {column} = wanted.new \
                     FROM unnest($1, $2) AS wanted (old, new) WHERE row.{column} = wanted.old"
                ),
                &[(&olds, Type::TEXT_ARRAY), (&news, Type::TEXT_ARRAY)],
            )?;
        }
    }
    Ok(())
}
