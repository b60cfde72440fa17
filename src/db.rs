//! The database: connections, migrations, rows. The only SQL of rbgen is here and in `migrations/`.
#![allow(
    clippy::disallowed_methods,
    reason = "this room speaks to a server, and reads the certificates that an address names"
)]

mod address;
mod changes;
mod check;
mod connect;
mod copy;
mod deploys;
mod failure;
mod history;
pub mod inspect;
pub mod migrate;
mod queue;
mod read;
mod records;
mod renames;
mod session;
mod tls;
mod write;

pub use address::{Address, Limits, address_in, address_of, check_name, listen_address_of};
pub use changes::{Watermark, actors_of, changed_since, last_changes, source_revision, watermark};
pub use check::{CONTENT_TABLES, check_tables};
pub use deploys::{DeploysWanted, close_stale_deploys, read_deploys, write_deploys};
pub use failure::{Failure, FailureKind};
pub use history::{
    Head, Identity, Revision, add_edge, add_revision, contents_at, head, identity, number_of,
    revisions_after, sealed_counts, sealed_digests, session_user, transaction_time,
};
pub use queue::{
    CHANGE_CHANNEL, Claim, NodeState, Settled, Waiting, claim_changes, note_presence,
    settle_claims, waiting, write_node_states,
};
pub use read::{
    Content, Rows, documents_of_rows, has_content, has_pages, no_content, read_content, read_rows,
    read_rows_of,
};
pub use records::{note_conflicts, note_sync};
pub use renames::{KeyChanges, rename_keys};
pub use session::{Access, Parameter, Session};
pub use tls::{Protection, Verified};
pub use write::{
    BlockOrders, Writes, block_orders, lock_content, may_write_sources, share_content,
    write_documents,
};
