//! What the commands for databases share: opening one by its name, and saying why that failed.

use std::path::Path;

use super::{Globals, Status, print};
use crate::db::{Address, Failure, FailureKind, Session, address_of};
use crate::diag::Diagnostics;
use crate::files::Folder;
use crate::load::read_config;
use crate::model::Config;

/// The configuration of a site. What is wrong with it is said, and the status given.
pub fn configuration(globals: &Globals, root: &Path) -> Result<Config, Status> {
    match read_config(&Folder::new(root)) {
        (Some(config), diagnostics) if !diagnostics.has_errors() => Ok(config),
        (_, diagnostics) => Err(said(globals, root, diagnostics, Status::Unusable)),
    }
}

/// The address of a database of a site, by its name in robbieblocks.toml.
fn address(globals: &Globals, root: &Path, name: &str) -> Result<Address, Status> {
    let config = configuration(globals, root)?;
    address_of(&config, name, &|variable| std::env::var(variable).ok())
        .map_err(|failure| failed(globals, root, &failure))
}

/// A connection to a database of a site, by its name in robbieblocks.toml.
pub fn open(globals: &Globals, root: &Path, name: &str) -> Result<Session, Status> {
    let address = address(globals, root, name)?;
    Session::open(&address).map_err(|failure| failed(globals, root, &failure))
}

impl From<FailureKind> for Status {
    fn from(kind: FailureKind) -> Status {
        match kind {
            FailureKind::Configuration => Status::Unusable,
            FailureKind::Conflict => Status::Conflict,
            FailureKind::Unreachable => Status::Unreachable,
        }
    }
}

/// Says why a database did not do what it was asked to.
pub fn failed(globals: &Globals, root: &Path, failure: &Failure) -> Status {
    said(
        globals,
        root,
        failure.diagnostic().into(),
        failure.kind().into(),
    )
}

pub fn said(globals: &Globals, root: &Path, diagnostics: Diagnostics, status: Status) -> Status {
    let diagnostics = print::report(globals, root, diagnostics);
    if globals.json {
        print::json_document(&serde_json::json!({ "diagnostics": diagnostics }));
    }
    status
}
