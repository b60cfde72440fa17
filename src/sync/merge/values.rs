//! The merge of values, tables and sequences of members that have keys: three of each to one.

use std::collections::{BTreeMap, BTreeSet};

use super::Side;
use super::entity::{Entity, Members};
use super::lines::{Grouping, chunks};
use super::numbered::uncertain;
use crate::model::{Table, Value, same_table};

/// Two sides and what both come from; `None` where a version does not have it.
#[derive(Debug)]
struct Three<'v, T> {
    base: Option<&'v T>,
    ours: Option<&'v T>,
    theirs: Option<&'v T>,
}

impl<T> Three<'_, T> {
    fn side(&self, side: Side) -> Option<&T> {
        match side {
            Side::Ours => self.ours,
            Side::Base => self.base,
            Side::Theirs => self.theirs,
        }
    }

    /// The side that counts where no more than one has changed anything; `None` where both have.
    fn settled(&self, same: impl Fn(&T, &T) -> bool) -> Option<Side> {
        let same = |a: Option<&T>, b: Option<&T>| match (a, b) {
            (Some(a), Some(b)) => same(a, b),
            (None, None) => true,
            _ => false,
        };
        if same(self.ours, self.theirs) || same(self.base, self.theirs) {
            Some(Side::Ours)
        } else if same(self.base, self.ours) {
            Some(Side::Theirs)
        } else {
            None
        }
    }
}

/// The merged entity in which every conflict is decided for one version, and the names of the fields
/// that conflict, sorted. Without a conflict the version does not matter. Swapping the sides, and the
/// version with them, gives the same.
pub(super) fn merge_entities(
    base: Option<&Entity>,
    ours: &Entity,
    theirs: &Entity,
    choice: Side,
    is_opaque: &dyn Fn(&str) -> bool,
) -> (Entity, Vec<String>) {
    let mut merging = Merging {
        choice,
        is_opaque,
        together: uncertain(base, ours, theirs),
        conflicts: BTreeSet::new(),
    };
    let nothing = Entity::default();
    let base = base.unwrap_or(&nothing);
    let fields = merging.tables("", Some(&base.fields), &ours.fields, &theirs.fields);
    let name = ours.member_name;
    let members = merging.members(name, &base.members, &ours.members, &theirs.members);
    let mut merged = Entity {
        fields,
        members,
        member_name: name,
        ..Entity::default()
    };
    merging.one_place_for_examples(base, ours, theirs, &mut merged);
    (merged, merging.conflicts.into_iter().collect())
}

struct Merging<'m> {
    choice: Side,
    /// Whether a text stands for something else, and is not to be looked into.
    is_opaque: &'m dyn Fn(&str) -> bool,
    /// The keys of members that are decided for one side together where the sides differ.
    together: BTreeSet<String>,
    conflicts: BTreeSet<String>,
}

impl Merging<'_> {
    fn conflict(&mut self, path: &str) {
        self.conflicts.insert(path.to_string());
    }

    fn tables(&mut self, path: &str, base: Option<&Table>, ours: &Table, theirs: &Table) -> Table {
        let keys: BTreeSet<&String> = ours.keys().chain(theirs.keys()).collect();
        let mut out = Table::new();
        for key in keys {
            let three = Three {
                base: base.and_then(|table| table.get(key)),
                ours: ours.get(key),
                theirs: theirs.get(key),
            };
            if let Some(value) = self.value(&below(path, key), &three) {
                out.insert(key.clone(), value);
            }
        }
        out
    }

    fn value(&mut self, path: &str, three: &Three<'_, Value>) -> Option<Value> {
        if let Some(side) = three.settled(Value::same) {
            return three.side(side).cloned();
        }
        match (three.ours, three.theirs) {
            (Some(Value::Table(ours)), Some(Value::Table(theirs))) => {
                let base = three.base.and_then(Value::as_table);
                let before = self.conflicts.len();
                let merged = self.tables(path, base, ours, theirs);
                let is_there = self.was_there(three, before);
                is_there.then_some(Value::Table(merged))
            }
            (Some(Value::Text(ours)), Some(Value::Text(theirs))) => {
                let base = three.base.and_then(Value::as_text);
                match base.and_then(|base| self.texts(path, base, ours, theirs)) {
                    Some(text) => Some(Value::Text(text)),
                    None => self.decided(path, three),
                }
            }
            _ => self.decided(path, three),
        }
    }

    fn decided(&mut self, path: &str, three: &Three<'_, Value>) -> Option<Value> {
        self.conflict(path);
        three.side(self.choice).cloned()
    }

    /// Texts of several lines, merged line by line. `None` where they are no such texts.
    fn texts(&mut self, path: &str, base: &str, ours: &str, theirs: &str) -> Option<String> {
        let all = [base, ours, theirs];
        if all.iter().any(|text| (self.is_opaque)(text))
            || !all.iter().any(|one| one.contains('\n'))
        {
            return None;
        }
        let mut out = String::new();
        for chunk in chunks(Some(base), ours, theirs, Grouping::Touching) {
            out.push_str(chunk.resolved().unwrap_or_else(|| {
                self.conflicts.insert(path.to_string());
                chunk.side(self.choice)
            }));
        }
        Some(out)
    }

    fn members(&mut self, name: &str, base: &Members, ours: &Members, theirs: &Members) -> Members {
        let by_key =
            |members: &'_ Members| -> BTreeMap<String, Table> { members.iter().cloned().collect() };
        let (in_base, in_ours, in_theirs) = (by_key(base), by_key(ours), by_key(theirs));
        let keys: BTreeSet<&String> = in_ours.keys().chain(in_theirs.keys()).collect();
        let mut merged: BTreeMap<&str, Table> = BTreeMap::new();
        // Those that are in the result whichever way conflicts are decided, or in one of them.
        let mut alive: BTreeSet<&str> = BTreeSet::new();
        for key in keys {
            let three = Three {
                base: in_base.get(key),
                ours: in_ours.get(key),
                theirs: in_theirs.get(key),
            };
            let path = below(name, key);
            let differs = match (three.ours, three.theirs) {
                (Some(ours), Some(theirs)) => !same_table(ours, theirs),
                _ => true,
            };
            let member = match three.settled(same_table) {
                _ if differs && self.together.contains(key) => {
                    self.conflict(&path);
                    alive.insert(key);
                    three.side(self.choice).cloned()
                }
                Some(side) => three.side(side).cloned(),
                None => {
                    alive.insert(key);
                    self.member(&path, &three)
                }
            };
            if let Some(member) = member {
                alive.insert(key);
                merged.insert(key, member);
            }
        }
        let order = self.order(
            name,
            &keys_of(base),
            &keys_of(ours),
            &keys_of(theirs),
            &alive,
        );
        let found = order.into_iter();
        found
            .filter_map(|key| Some((key.to_string(), merged.remove(key)?)))
            .collect()
    }

    /// A member that both sides changed.
    fn member(&mut self, path: &str, three: &Three<'_, Table>) -> Option<Table> {
        let (Some(ours), Some(theirs)) = (three.ours, three.theirs) else {
            self.conflict(path);
            return three.side(self.choice).cloned();
        };
        let before = self.conflicts.len();
        let merged = self.tables(path, three.base, ours, theirs);
        self.was_there(three, before).then_some(merged)
    }

    /// Whether what was merged is there as the conflicts are decided: where both added it and disagree,
    /// the base has none of it.
    fn was_there<T>(&self, three: &Three<'_, T>, conflicts_before: usize) -> bool {
        let never_was = self.choice == Side::Base && three.base.is_none();
        !never_was || self.conflicts.len() == conflicts_before
    }

    /// A component has its examples in one place: as members, or in `metadata.examples` where they
    /// have another form. A conflict where each side has given them in another.
    fn one_place_for_examples(
        &mut self,
        base: &Entity,
        ours: &Entity,
        theirs: &Entity,
        merged: &mut Entity,
    ) {
        const NAME: &str = "examples";
        let side = match self.choice {
            Side::Ours => ours,
            Side::Base => base,
            Side::Theirs => theirs,
        };
        let Some(Value::Table(metadata)) = merged.fields.get_mut("metadata") else {
            return;
        };
        if merged.member_name != NAME || merged.members.is_empty() || !metadata.contains_key(NAME) {
            return;
        }
        self.conflict(NAME);
        merged.members.clone_from(&side.members);
        metadata.remove(NAME);
        let of_side = side.fields.get("metadata").and_then(Value::as_table);
        if let Some(value) = of_side.and_then(|metadata| metadata.get(NAME)) {
            metadata.insert(NAME.to_string(), value.clone());
        }
    }

    /// The order of all members that are alive.
    ///
    /// Those that both sides have are in the order of the side that changed it; behind each of them
    /// come those that only one side has, in its order. Where both sides have such ones at one place,
    /// the list with the smaller first key comes first: that does not depend on which side is ours.
    fn order<'k>(
        &mut self,
        name: &str,
        base: &[&'k str],
        ours: &[&'k str],
        theirs: &[&'k str],
        alive: &BTreeSet<&str>,
    ) -> Vec<&'k str> {
        let (in_ours, in_theirs) = (set(ours), set(theirs));
        let shared: BTreeSet<&str> = in_ours.intersection(&in_theirs).copied().collect();
        let known: BTreeSet<&str> = shared.intersection(&set(base)).copied().collect();
        let only = |keys: &[&'k str], of: &BTreeSet<&str>| -> Vec<&'k str> {
            keys.iter()
                .copied()
                .filter(|key| of.contains(key))
                .collect()
        };
        let (our_order, their_order) = (only(ours, &shared), only(theirs, &shared));
        let base_order = only(base, &known);
        let ours_kept = only(ours, &known) == base_order;
        let theirs_kept = only(theirs, &known) == base_order;
        let leads = if our_order == their_order || theirs_kept && !ours_kept {
            Side::Ours
        } else if ours_kept && !theirs_kept {
            Side::Theirs
        } else {
            self.conflict(&format!("{name} (order)"));
            self.choice
        };
        let first = match leads {
            Side::Theirs => their_order,
            Side::Ours => our_order,
            // What the base does not have comes where ours has it.
            Side::Base => {
                let mut rest = base_order.into_iter();
                let next = |key: &'k str| match known.contains(key) {
                    true => rest.next().unwrap_or(key),
                    false => key,
                };
                let smaller = our_order.min(their_order);
                smaller.into_iter().map(next).collect()
            }
        };
        let alone = |keys: &[&'k str]| -> BTreeMap<Option<&'k str>, Vec<&'k str>> {
            let mut anchor = None;
            let mut lists: BTreeMap<Option<&str>, Vec<&str>> = BTreeMap::new();
            for key in keys {
                if shared.contains(key) {
                    anchor = Some(*key);
                } else if alive.contains(key) {
                    lists.entry(anchor).or_default().push(key);
                }
            }
            lists
        };
        let (mut of_ours, mut of_theirs) = (alone(ours), alone(theirs));
        let mut out = Vec::new();
        for place in std::iter::once(None).chain(first.into_iter().map(Some)) {
            out.extend(place);
            let one = of_ours.remove(&place).unwrap_or_default();
            let other = of_theirs.remove(&place).unwrap_or_default();
            let (one, other) = if one <= other {
                (one, other)
            } else {
                (other, one)
            };
            out.extend(one);
            out.extend(other);
        }
        out
    }
}

fn set<'k>(keys: &[&'k str]) -> BTreeSet<&'k str> {
    keys.iter().copied().collect()
}

fn keys_of(members: &Members) -> Vec<&str> {
    members.iter().map(|(key, _)| key.as_str()).collect()
}

/// The name of a field below another.
pub(super) fn below(path: &str, key: &str) -> String {
    let key = match key {
        "" => "\"\"".to_string(),
        key => key.escape_debug().to_string(),
    };
    match path {
        "" => key,
        path => format!("{path}.{key}"),
    }
}
