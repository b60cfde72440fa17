//! Where a site is in a repository, and the configuration that it has there.

use std::path::Path;

use super::failed;
use super::git::Repository;
use crate::db::{Address, Failure, address_in, address_of};
use crate::diag::{Diagnostics, code};
use crate::files::Folder;
use crate::load::{CONFIG_FILE, read_config};
use crate::model::Config;

/// What the address of a remote names: `rbgen::<database>[/<folder of the site>]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoteAddress {
    pub database: String,
    /// The folder of the site in the repository: empty, or with a `/` at its end.
    pub prefix: String,
}

impl RemoteAddress {
    /// Reads an address, with or without `rbgen::` before it.
    pub fn parse(text: &str) -> Result<RemoteAddress, Failure> {
        let text = text.strip_prefix(super::SCHEME).unwrap_or(text);
        let (database, folder) = text.split_once('/').unwrap_or((text, ""));
        let folder = folder.trim_matches('/');
        let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        let is_folder = !folder
            .split('/')
            .any(|part| matches!(part, "." | "..") || part.chars().any(char::is_control));
        if database.is_empty() || !database.chars().all(is_name) || !is_folder {
            // It may be an address with a password, so it is not shown.
            let message = "the address of a database remote is `rbgen::NAME`, the name of a database in \
                           robbieblocks.toml";
            return Err(Failure::new(code::BAD_ADDRESS, message).hint(
                "the address of the server itself is in the environment variable that `url_env` \
                 names; it is never a part of git's configuration",
            ));
        }
        Ok(RemoteAddress {
            database: database.to_string(),
            prefix: match folder {
                "" => String::new(),
                folder => format!("{folder}/"),
            },
        })
    }

    /// The address in git's words.
    pub fn url(&self) -> String {
        let folder = self.prefix.trim_end_matches('/');
        match folder {
            "" => format!("{}{}", super::SCHEME, self.database),
            folder => format!("{}{}/{folder}", super::SCHEME, self.database),
        }
    }
}

/// The folder of a site in its repository: empty, or with a `/` at its end.
pub fn prefix_of(repository: &Repository) -> Result<String, Failure> {
    repository
        .text(&["rev-parse", "--show-prefix"])
        .map_err(failed)
}

/// The configuration of a site: that of the work tree, or else of the last commit. `None` where there
/// is none, as in a clone that has not begun.
pub fn config_of(repository: &Repository, prefix: &str) -> Result<Option<Config>, Failure> {
    let top = repository.text(&["rev-parse", "--show-toplevel"]).ok();
    if let Some(top) = top.filter(|top| !top.is_empty()) {
        let folder = Folder::new(Path::new(&top).join(prefix));
        if folder.has_file(CONFIG_FILE) {
            return sound(read_config(&folder)).map(Some);
        }
    }
    match repository.commit_named("HEAD").map_err(failed)? {
        Some(commit) => {
            let folder = super::tree::folder_of_commit(repository, &commit, prefix);
            let folder = folder.map_err(failed)?;
            match folder.has_file(CONFIG_FILE) {
                true => sound(read_config(&folder)).map(Some),
                false => Ok(None),
            }
        }
        None => Ok(None),
    }
}

/// A configuration that can be used.
pub fn sound((config, diagnostics): (Option<Config>, Diagnostics)) -> Result<Config, Failure> {
    config.filter(|_| !diagnostics.has_errors()).ok_or_else(|| {
        let message = format!("{CONFIG_FILE} has errors, so no database can be found in it");
        Failure::new(code::UNKNOWN_DATABASE, message).hint("`rbgen check` tells them")
    })
}

/// The address of a database: what the configuration says; without one, the environment variable of
/// that name, or `DATABASE_URL` for `main`.
pub fn address(
    config: Option<&Config>,
    database: &str,
    environment: &dyn Fn(&str) -> Option<String>,
) -> Result<Address, Failure> {
    match config {
        Some(config) if config.databases.contains_key(database) => {
            address_of(config, database, environment)
        }
        _ if environment(database).is_some() => address_in(database, database, environment),
        Some(config) => address_of(config, database, environment),
        None => address_in(database, "DATABASE_URL", environment),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_remotes_are_read_and_hold_no_secret() {
        let read = RemoteAddress::parse("rbgen::main/docs/site/").unwrap();
        assert_eq!(
            (read.database.as_str(), read.prefix.as_str()),
            ("main", "docs/site/")
        );
        assert_eq!(read.url(), "rbgen::main/docs/site");
        for bad in [
            "",
            "rbgen::",
            "postgres://u:secret@h/d",
            "main/../x",
            "a b",
            "main/a\nb",
        ] {
            let failure = RemoteAddress::parse(bad).unwrap_err();
            assert!(!failure.message.contains("secret"), "{bad}");
        }
    }
}
