//! Where the documents of a build come from when they are not the files of the site: the rows of a
//! database.
#![allow(
    clippy::disallowed_methods,
    reason = "addresses of databases are in the environment"
)]

use super::Outcome;
use crate::db::{Failure, Session, address_of, read_content};
use crate::load::Given;
use crate::model::Config;

/// The documents of the database that robbieblocks.toml calls `name`, read in one view of it.
pub fn read_given(config: &Config, name: &str) -> Result<Given, Outcome> {
    let read = || {
        let address = address_of(config, name, &|variable| std::env::var(variable).ok())?;
        read_content(&mut Session::open(&address)?)
    };
    let content = read().map_err(|failure: Failure| Outcome {
        failed: Some(failure.kind()),
        ..Outcome::unusable(failure.diagnostic().into())
    })?;
    Ok(Given {
        documents: content.documents,
        diagnostics: content.diagnostics,
        incomplete: content.incomplete,
    })
}
