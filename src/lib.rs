//! rbgen builds one set of pages into many themed apps.
//!
//! The flow, in order: [`files`] reads a tree, [`mod@format`] turns its TOML and Markdown into the
//! documents of [`model`], [`load`] does both for a whole folder and [`assemble`] checks the
//! documents against each other and makes a `Site`. [`plan`] lists what every bundle will have,
//! [`render`] turns a job into bytes, [`build`] runs all jobs in parallel and gives each [`bundle`],
//! and [`store`] puts them in place and keeps the [`ledger`]. The rows of a database are another door
//! to the same documents: [`db`] reads and writes them, [`exchange`] copies between files and rows.
//! [`pipeline`] is the flow from end to end, [`archive`] packs a bundle, [`scaffold`] has the sites that people begin with,
//! [`rename`] gives a key of a site another name, [`deploy`] publishes bundles, [`listen`] does it whenever rows change, [`mod@serve`]
//! shows them in a browser, [`watch`] keeps them new while files are edited, with the pages of [`workbench`], and [`cli`]
//! alone speaks to the user. Components that are React code run in a [`sandbox`]. [`failpoint`] is for tests.

pub mod archive;
pub mod assemble;
pub mod build;
pub mod bundle;
pub mod cli;
pub mod codec;
pub mod compare;
pub mod db;
pub mod deploy;
pub mod diag;
pub mod digest;
pub mod exchange;
#[doc(hidden)]
pub mod failpoint;
pub mod files;
pub mod format;
pub mod ledger;
pub mod listen;
pub mod load;
pub mod model;
pub mod pipeline;
pub mod plan;
pub mod rename;
pub mod render;
pub mod sandbox;
pub mod scaffold;
pub mod serve;
pub mod store;
pub mod sync;
pub mod track;
pub mod watch;
pub mod workbench;
