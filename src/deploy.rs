//! Publishes bundles: a release is made whole beside those that are there, then one pointer moves.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "this room writes to targets, and keeps the records of it"
)]

mod apps;
mod archives;
mod book;
mod folder;
mod local;
mod log;
mod manifest;
mod pointers;
mod publish;
mod release;
mod run;
#[cfg(feature = "s3")]
mod s3;
mod target;

pub use apps::{apps_of, apps_of_files};
pub use book::{Book, Opened};
pub use log::Log;
pub use pointers::{Pointers, preview_of};
pub use publish::{Published, Wanted, publish, remove_preview, roll_back, unpin, withdraw};
pub use release::Release;
pub use run::{
    Cause, Deployed, Destination, Ended, Patience, Watching, deploy_in_turn, note_rollback,
    take_turns,
};
pub use target::{Put, Target, Turn, open_target};
