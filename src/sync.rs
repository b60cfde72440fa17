//! Two-way sync: the database is a git remote, whose sealed revisions are commits.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "this room joins the rooms that do I/O, and runs git"
)]

pub mod attributes;
mod commits;
mod fetch;
pub mod flow;
pub mod git;
pub mod hooks;
mod import;
mod look;
mod memory;
pub mod merge;
mod message;
mod moved;
pub mod printing;
pub mod protocol;
mod push;
pub mod receive;
pub mod site;
pub mod tree;
#[doc(hidden)]
pub mod trial;
pub mod words;

use crate::db::Failure;
use crate::diag::code;
use git::GitError;

pub use fetch::{Fetched, fetch};
pub use memory::forget;
pub use push::{Check, Pushed, push, push_checked};

/// How the address of a remote begins that is a database: the name of the database follows.
pub const SCHEME: &str = "rbgen::";

/// What a sync is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wishes {
    /// Whether very many deletions are meant.
    pub allow_deletes: bool,
    /// Whether to go on without commits that were pushed and are not here.
    pub rebuild: bool,
    /// Whether all rows are read, whatever the log of changes says.
    pub verify: bool,
    /// Whether nothing is to be written into the database.
    pub dry_run: bool,
}

/// Where the commits of a database are: a repository, and in it a site.
#[derive(Clone, Debug)]
pub struct Local<'a> {
    pub repository: &'a git::Repository,
    /// The name of the database in robbieblocks.toml.
    pub database: &'a str,
    /// The folder of the site in the repository: empty, or with a `/` at its end.
    pub prefix: &'a str,
}

/// A failure of git, in the words that failures have.
pub fn failed(error: GitError) -> Failure {
    Failure::new(
        code::GIT_FAILED,
        format!("{}: {}", error.command, error.said),
    )
}
