//! rbgen builds one set of pages into many themed apps.
//!
//! The flow, in order: `files` reads a tree, `format` turns its TOML and Markdown into the documents
//! of `model`, `assemble` checks them against each other and makes a `Site`, `plan` lists every
//! output of every bundle, `render` turns a job into bytes, `build` runs all jobs in parallel and
//! gives bundles, and `store` puts them in place. `cli` alone speaks to the user.

pub mod diag;
pub mod digest;
pub mod format;
pub mod model;
pub mod render;
