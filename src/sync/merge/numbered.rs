//! Blocks that got no key from their author: they are numbered (`hero`, `hero-2`), so one that is put
//! before others takes their keys, and a key alone does not tell which block was meant.

use std::collections::{BTreeMap, BTreeSet};

use super::entity::Entity;
use crate::model::{Table, same_table};

/// Blocks of one component without keys of their own, by the keys that they have for now.
type Numbered<'e> = BTreeMap<&'e str, &'e Table>;

/// The keys under which the three versions may mean different blocks, where both sides changed
/// something: they are decided together, by a person.
pub(super) fn uncertain(base: Option<&Entity>, ours: &Entity, theirs: &Entity) -> BTreeSet<String> {
    let Some(base) = base else {
        return BTreeSet::new();
    };
    let [base, ours, theirs] = [base, ours, theirs].map(by_component);
    let nothing = Numbered::new();
    let mut uncertain = BTreeSet::new();
    for component in ours.keys().chain(theirs.keys()) {
        let of = |all: &BTreeMap<&str, _>| Numbered::clone(all.get(component).unwrap_or(&nothing));
        let (base, ours, theirs) = (of(&base), of(&ours), of(&theirs));
        if same(&base, &ours) || same(&base, &theirs) || same(&ours, &theirs) {
            continue;
        }
        if is_renumbered(&base, &ours) || is_renumbered(&base, &theirs) {
            let all = [base, ours, theirs].into_iter().flatten();
            uncertain.extend(all.map(|(key, _)| key.to_string()));
        } else {
            // Two people who each add such a block mean two blocks.
            let both = ours.keys().filter(|key| theirs.contains_key(*key));
            let added = both.filter(|key| !base.contains_key(*key));
            uncertain.extend(added.map(|key| key.to_string()));
        }
    }
    uncertain
}

fn by_component(entity: &Entity) -> BTreeMap<&str, Numbered<'_>> {
    let mut all: BTreeMap<&str, Numbered<'_>> = BTreeMap::new();
    for (key, member) in &entity.members {
        let component = member.get("component").and_then(|value| value.as_text());
        if let Some(component) = component.filter(|_| entity.unnamed.contains(key)) {
            all.entry(component).or_default().insert(key, member);
        }
    }
    all
}

fn same(one: &Numbered<'_>, other: &Numbered<'_>) -> bool {
    one.len() == other.len()
        && one
            .iter()
            .zip(other)
            .all(|((key, member), (other, beside))| key == other && same_table(member, beside))
}

/// Whether blocks have, or may have, other numbers than before: one stands under another key as it
/// was, or there are more or fewer and not only at the end.
fn is_renumbered(before: &Numbered<'_>, after: &Numbered<'_>) -> bool {
    let differs = |key: &str| match (before.get(key), after.get(key)) {
        (Some(before), Some(after)) => !same_table(before, after),
        _ => true,
    };
    let moved = after.iter().any(|(key, member)| {
        let mut was = before.iter();
        differs(key)
            && was
                .any(|(other, before)| other != key && differs(other) && same_table(before, member))
    });
    let shared_differ = before
        .keys()
        .any(|key| after.contains_key(key) && differs(key));
    moved || before.len() != after.len() && shared_differ
}
