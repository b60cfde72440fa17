//! What has to hold after a merge: whatever one side alone changed is in it.

use std::collections::BTreeSet;

use super::state::{State, fields};
use super::world::{Verdict, hold};
use rbgen::format::EntityName;

/// The file that an entity is in.
fn file(state: &State, name: &EntityName) -> Option<String> {
    let mut entities = state.documents.entities();
    let found = entities.find(|(kind, key, _)| (*kind, *key) == (name.0, &name.1));
    found.map(|(_, _, origin)| origin.to_string())
}

/// Whether a side has an entity in another file than the base, or in a new one, or has it no more.
fn is_renamed(base: &State, side: &State, name: &EntityName) -> bool {
    let files = |state: &State| -> BTreeSet<String> {
        let entities = state.documents.entities();
        entities.map(|(_, _, origin)| origin.to_string()).collect()
    };
    let (before, after) = (files(base), files(side));
    let renames = before.iter().any(|path| !after.contains(path))
        && after.iter().any(|path| !before.contains(path));
    renames && file(base, name) != file(side, name)
}

/// Holds a merge against its sides, as strictly as it may be held that was made by fields, or by lines. What is in files that were decided for one side is left out.
pub fn is_merged(
    base: &State,
    ours: &State,
    theirs: &State,
    merged: &State,
    decided: &BTreeSet<String>,
    by_fields: bool,
) -> Verdict {
    if [base, ours, theirs, merged].iter().any(|state| state.broken) {
        return Ok(());
    }
    let is_decided = |name: &EntityName| {
        decided.iter().any(|path| {
            let file = path.rsplit('/').next().unwrap_or_default();
            let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
            stem == name.1 || path.starts_with("content/tokens/") && name.0.as_str() == "token"
        })
    };
    let all = [base, ours, theirs, merged];
    let names: BTreeSet<&EntityName> = all.iter().flat_map(|state| state.contents.keys()).collect();
    for name in names.into_iter().filter(|name| !is_decided(name)) {
        let what = || format!("{} {}", name.0.as_str(), name.1);
        let has = |state: &State| state.contents.contains_key(name);
        if is_renamed(base, ours, name) || is_renamed(base, theirs, name) {
            // Git gives edits to what it takes for the renamed file, under whatever key.
            let stays = has(ours) && has(theirs);
            hold(!stays || has(merged), "no lost update: a merge keeps what both sides have", what)?;
            continue;
        }
        let [b, o, t, m] = all.map(|state| state.contents.get(name));
        let what = || format!("{} {}:\n  {b:?}\n  {o:?}\n  {t:?}\n  {m:?}", name.0.as_str(), name.1);
        let rule = "no lost update: a merge has what one side alone changed";
        if o == t || b == t {
            hold(m == o, rule, what)?;
        } else if b == o {
            hold(m == t, rule, what)?;
        } else if !by_fields && name.0.as_str() == "page" {
            // Merged by lines, blocks may come twice or come back: that is what the driver is for.
        } else if let (Some(o), Some(t), Some(m)) = (o, t, m) {
            let [b, o, t, m] = [b.map_or("{}", |b| b), o, t, m].map(fields);
            let keys: BTreeSet<&String> = [&b, &o, &t, &m].iter().flat_map(|f| f.keys()).collect();
            // That there is nothing in a table is said by a field of its own, which means nothing here.
            for key in keys.into_iter().filter(|key| {
                [&b, &o, &t, &m].iter().all(|f| f.get(*key).is_none_or(|value| value != "{}"))
            }) {
                let [b, o, t, m] = [&b, &o, &t, &m].map(|fields| fields.get(key));
                let holds = match (b == o, b == t) {
                    _ if o == t => m == o,
                    (_, true) => m == o,
                    (true, _) => m == t,
                    _ => m == o || m == t || o.is_none() || t.is_none() || key.ends_with("/text"),
                };
                hold(holds, rule, || format!("{key}: {}", what()))?;
            }
        } else {
            // A page that got another file, because its content needed one, is new to git, which does
            // not know what was deleted.
            let files: BTreeSet<_> = all[..3].iter().filter_map(|state| file(state, name)).collect();
            let rule = "a change against a deletion is a conflict";
            hold(files.len() > 1 && m.is_some(), rule, what)?;
        }
    }
    Ok(())
}
