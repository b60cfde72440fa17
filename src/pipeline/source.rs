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

/// The documents of the database that robbieblocks.toml calls `name`, read in one view of it, and what
/// the database calls that view.
pub fn read_database(config: &Config, name: &str) -> Result<(Given, Option<String>), Failure> {
    let address = address_of(config, name, &|variable| std::env::var(variable).ok())?;
    let content = read_content(&mut Session::open(&address)?)?;
    let given = Given {
        documents: content.documents,
        diagnostics: content.diagnostics,
        incomplete: content.incomplete,
    };
    Ok((given, content.revision))
}

/// The same documents for a build.
pub(super) fn read_given(config: &Config, name: &str) -> Result<Given, Outcome> {
    match read_database(config, name) {
        Ok((given, _)) => Ok(given),
        Err(failure) => Err(Outcome {
            failed: Some(failure.kind()),
            ..Outcome::unusable(failure.diagnostic().into())
        }),
    }
}
