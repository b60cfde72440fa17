//! What has to hold after a merge: whatever one side alone changed is in it.

use std::collections::BTreeSet;

use super::state::{State, fields};
use super::world::{Verdict, hold};
use rbgen::format::EntityName;

/// Holds a merge against its sides. What is in files that were decided for one side is left out.
pub fn is_merged(
    base: &State,
    ours: &State,
    theirs: &State,
    merged: &State,
    decided: &BTreeSet<String>,
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
        let [b, o, t, m] = all.map(|state| state.contents.get(name));
        let what = || format!("{} {}:\n  {b:?}\n  {o:?}\n  {t:?}\n  {m:?}", name.0.as_str(), name.1);
        let rule = "no lost update: a merge has what one side alone changed";
        if o == t || b == t {
            hold(m == o, rule, what)?;
        } else if b == o {
            hold(m == t, rule, what)?;
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
            hold(false, "a change against a deletion is a conflict", what)?;
        }
    }
    Ok(())
}
