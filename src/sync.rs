//! Two-way sync: the database is a git remote, whose sealed revisions are commits.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "this room joins the rooms that do I/O, and runs git"
)]

pub mod git;
pub mod tree;
