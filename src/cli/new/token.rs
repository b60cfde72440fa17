//! `rbgen new token`: adds a token to the file of its category, and loses none.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::{Fault, TokenArguments, key_fault};
use crate::cli::{Globals, Status, place};
use crate::diag::{Diagnostic, Diagnostics, Severity};
use crate::files::Folder;
use crate::format::read_tokens;
use crate::model::Site;
use crate::render::style::{check_tokens, resolve_tokens};
use crate::scaffold::{NoRoom, new_tokens_file, with_token};

/// `rbgen new token`.
pub fn run(globals: &Globals, root: &Path, site: &Site, arguments: &TokenArguments) -> Status {
    match token_text(root, site, arguments) {
        Err((message, hint)) => place::fail(globals, &message, &hint),
        Ok((path, text)) => match crate::files::write_file(root, &path, text.as_bytes()) {
            Ok(()) => {
                place::report(globals, [path.as_str()].into_iter());
                Status::Done
            }
            Err(error) => place::refuse(globals, &place::Refusal::Failed(path, error)),
        },
    }
}

/// The path and the new text of the file of the token's category.
fn token_text(
    root: &Path,
    site: &Site,
    arguments: &TokenArguments,
) -> Result<(String, String), Fault> {
    let TokenArguments {
        key,
        value,
        description,
    } = arguments;
    let category = key.split('.').next().unwrap_or_default();
    if let Some(fault) = key_fault("the key of a token", key, 255)
        .or_else(|| key_fault("the category of a token", category, 50))
    {
        return Err(fault);
    }
    if let Some(token) = site.tokens.get(key) {
        return Err((
            format!("there is a token `{key}` already, in `{}`", token.origin),
            format!("its value is `{}`; change it there", token.value),
        ));
    }
    let path = format!("content/tokens/{category}.toml");
    let folder = Folder::new(root);
    let there = std::fs::symlink_metadata(root.join(&path)).is_ok();
    let text = match there {
        true => {
            let old = folder
                .read_text(&path)
                .map_err(|d| (d.message, String::new()))?;
            let new = with_token(&old, key, value, description.as_deref())
                .map_err(|no_room| no_room_fault(&path, key, no_room))?;
            keeps_tokens(category, &path, &old, &new)?;
            new
        }
        false => new_tokens_file(&path, key, value, description.as_deref()),
    };
    let found = tokens_in(category, &path, &text);
    if !found
        .iter()
        .any(|(found, as_value)| found == key && as_value == value)
    {
        return Err((
            format!("a token cannot have the key `{key}`"),
            "`value` and `description` are words for the token above them".into(),
        ));
    }
    match new_errors(site, category, &path, &text).into_iter().next() {
        None => Ok((path, text)),
        Some(error) => Err((error.message, error.hints.join("; "))),
    }
}

fn no_room_fault(path: &str, key: &str, no_room: NoRoom) -> Fault {
    match no_room {
        NoRoom::NotToml(problem) => (
            format!("`{path}` is not valid TOML: {problem}"),
            "`rbgen check` says where".to_string(),
        ),
        NoRoom::Group => (
            format!("`{key}` is a group of tokens in `{path}` already, so it cannot be a token"),
            format!("a token in the group is `{key}.<name>`"),
        ),
        NoRoom::Taken => (
            format!("`{path}` has a key `{key}` already"),
            "change it there".to_string(),
        ),
        NoRoom::Lost(lost) => would_lose(path, &lost),
    }
}

fn would_lose(path: &str, lost: &[String]) -> Fault {
    (
        format!(
            "`{path}` has no room for it: the tokens {} would be lost",
            lost.iter()
                .map(|key| format!("`{key}`"))
                .collect::<Vec<_>>()
                .join(", ")
        ),
        "choose another key".to_string(),
    )
}

/// The tokens of a text, with their values.
fn tokens_in(category: &str, path: &str, text: &str) -> BTreeMap<String, String> {
    read_tokens(category, &Arc::from(path), text, &mut Diagnostics::new())
        .into_iter()
        .map(|token| (token.key, token.value))
        .collect()
}

/// Holds the new text of a category against the old one, as builds read them: no token goes.
fn keeps_tokens(category: &str, path: &str, old: &str, new: &str) -> Result<(), Fault> {
    let after = tokens_in(category, path, new);
    let lost: Vec<String> = tokens_in(category, path, old)
        .into_iter()
        .filter(|(key, value)| after.get(key) != Some(value))
        .map(|(key, _)| key)
        .collect();
    match lost.is_empty() {
        true => Ok(()),
        false => Err(would_lose(path, &lost)),
    }
}

/// The errors that a site would have with this text for a category, and does not have without it.
fn new_errors(site: &Site, category: &str, path: &str, text: &str) -> Vec<Diagnostic> {
    let check = |site: &Site, diagnostics: &mut Diagnostics| {
        check_tokens(site, diagnostics);
        for node in site.nodes.values() {
            resolve_tokens(site, node, diagnostics);
        }
    };
    let mut before = Diagnostics::new();
    check(site, &mut before);
    let mut after = Diagnostics::new();
    let mut with = site.clone();
    let tokens = Arc::make_mut(&mut with.tokens);
    tokens.retain(|_, token| *token.origin != *path);
    for token in read_tokens(category, &Arc::from(path), text, &mut after) {
        tokens.entry(token.key.clone()).or_insert(token);
    }
    check(&with, &mut after);
    after
        .into_iter()
        .filter(|found| found.severity == Severity::Error && !before.iter().any(|old| old == found))
        .collect()
}
