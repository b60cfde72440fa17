//! The database: connections, migrations, rows. The only SQL of rbgen is here and in `migrations/`.
#![allow(
    clippy::disallowed_methods,
    reason = "this room speaks to a server, and reads the certificates that an address names"
)]

mod address;
mod failure;
mod session;

pub use address::{Address, address_of};
pub use failure::Failure;
pub use session::{Access, Session};
