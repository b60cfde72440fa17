//! The database: connections, migrations, rows. The only SQL of rbgen is here and in `migrations/`.
#![allow(
    clippy::disallowed_methods,
    reason = "this room speaks to a server, and reads the certificates that an address names"
)]

mod address;
mod copy;
mod failure;
mod read;
mod session;
mod write;

pub use address::{Address, address_of};
pub use failure::Failure;
pub use read::{CONTENT_TABLES, Content, Rows, documents_of, read_content, read_rows};
pub use session::{Access, Session};
pub use write::{
    BlockOrders, Writes, block_orders, lock_content, may_write_sources, write_documents,
};
