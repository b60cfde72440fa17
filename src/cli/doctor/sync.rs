//! What the doctor says of two-way sync: whether git finds rbgen, and merges content with it.

use std::path::Path;

use super::{Finding, Health, finding, hinted};
use crate::cli::remote::on_path;
use crate::sync::git::Repository;
use crate::sync::{SCHEME, failed};

const ABOUT: &str = "sync";

/// Looks at the repository of a site, if one of its remotes is a database.
pub(super) fn look(root: &Path, findings: &mut Vec<Finding>) {
    let repository = Repository::at(root);
    let remotes = match repository.remotes().map_err(failed) {
        Ok(remotes) => remotes,
        Err(failure) => {
            findings.push(finding(Health::Warn, ABOUT, failure.message));
            return;
        }
    };
    let databases: Vec<&str> = remotes
        .iter()
        .filter(|(_, url)| url.starts_with(SCHEME))
        .map(|(name, _)| name.as_str())
        .collect();
    if databases.is_empty() {
        return;
    }
    findings.push(finding(
        Health::Ok,
        ABOUT,
        format!("databases are remotes: {}", databases.join(", ")),
    ));
    findings.push(match on_path("git-remote-rbgen") {
        Some(_) => finding(Health::Ok, ABOUT, "git finds git-remote-rbgen"),
        None => hinted(
            Health::Warn,
            ABOUT,
            "git does not find git-remote-rbgen",
            "`git fetch` and `git push` need it on the PATH; `rbgen pull` and `push` do without",
        ),
    });
    let driver = repository.config("merge.rbgen.driver").ok().flatten();
    findings.push(match driver {
        Some(_) => finding(Health::Ok, ABOUT, "git merges content field by field"),
        None => hinted(
            Health::Warn,
            ABOUT,
            "git merges content line by line",
            "`rbgen remote add` tells it to merge field by field and block by block",
        ),
    });
}
