//! The keys of blocks that name none: the component, then `component-2`, ….

use std::collections::{BTreeMap, BTreeSet};

/// Gives the blocks of one page their default keys, one after another.
pub(super) struct BlockKeys {
    taken: BTreeSet<String>,
    counts: BTreeMap<String, usize>,
}

impl BlockKeys {
    /// With the keys that blocks of the page name themselves, wherever they stand.
    pub(super) fn new<'k>(named: impl IntoIterator<Item = &'k str>) -> BlockKeys {
        BlockKeys {
            taken: named.into_iter().map(str::to_string).collect(),
            counts: BTreeMap::new(),
        }
    }

    /// The key of the next block that names none.
    pub(super) fn next(&mut self, component: &str) -> String {
        let count = self.counts.entry(component.to_string()).or_default();
        loop {
            *count += 1;
            let key = match *count {
                1 => component.to_string(),
                count => format!("{component}-{count}"),
            };
            if self.taken.insert(key.clone()) {
                return key;
            }
        }
    }
}

/// Which blocks have to name their key, so that each has the one that is wanted: those that already
/// `named` theirs, and as few others as needed.
pub(super) fn explicit_keys(wanted: &[(&str, &str)], named: impl Fn(usize) -> bool) -> Vec<bool> {
    let mut explicit: Vec<bool> = (0..wanted.len()).map(named).collect();
    loop {
        let given = wanted.iter().zip(&explicit);
        let given = given.filter_map(|((key, _), explicit)| explicit.then_some(*key));
        let mut keys = BlockKeys::new(given);
        let mut settled = true;
        for (index, (key, component)) in wanted.iter().enumerate() {
            if !explicit[index] && keys.next(component) != *key {
                explicit[index] = true;
                settled = false;
            }
        }
        if settled {
            return explicit;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_keys_that_are_no_default_are_named() {
        let wanted = [
            ("a", "a"),
            ("x", "a"),
            ("a-2", "a"),
            ("b-2", "b"),
            ("b", "b"),
        ];
        let explicit = explicit_keys(&wanted, |_| false);
        let given = wanted.iter().zip(&explicit).filter(|(_, named)| **named);
        let mut keys = BlockKeys::new(given.map(|((key, _), _)| *key));
        for ((key, component), named) in wanted.iter().zip(&explicit) {
            if !named {
                assert_eq!(keys.next(component), *key);
            }
        }
        assert!(!explicit[0] && explicit[1]);
    }
}
