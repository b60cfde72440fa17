//! A table is a sorted map, in memory and in its file, and damage is noticed.

use proptest::prelude::*;

use super::*;

type Model = BTreeMap<Vec<u8>, Vec<u8>>;

fn print(model: &Model) -> Vec<u8> {
    let mut table = TableWriter::new(Cursor::new(Vec::new())).unwrap();
    for (key, value) in model {
        table.push(key, value).unwrap();
    }
    table.finish().unwrap().into_inner()
}

fn all(table: &Table, prefix: &[u8]) -> Model {
    let entries = table.below(prefix);
    entries
        .map(|(key, value)| (key.to_vec(), value.to_vec()))
        .collect()
}

fn keys() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(0..3_u8, 0..4)
}

proptest! {
    #[test]
    fn a_table_is_a_sorted_map(
        first in prop::collection::btree_map(keys(), keys(), 0..40),
        rounds in prop::collection::vec(
            prop::collection::btree_map(keys(), prop::option::of(keys()), 0..6), 0..4),
        prefix in keys(),
    ) {
        let mut model = first;
        let mut bytes = print(&model);
        for round in rounds {
            let table = Table::open(bytes.clone()).unwrap();
            for (key, value) in &round {
                match value {
                    Some(value) => model.insert(key.clone(), value.clone()),
                    None => model.remove(key),
                };
            }
            match table.append(&round) {
                Some(more) => bytes.extend(more),
                None => bytes = print(&model),
            }
        }
        let table = Table::open(bytes).unwrap();
        prop_assert_eq!(all(&table, b""), model.clone());
        let begins: Model = model.clone().into_iter().filter(|(key, _)| key.starts_with(&prefix)).collect();
        prop_assert_eq!(all(&table, &prefix), begins);
        prop_assert_eq!(table.get(&prefix), model.get(&prefix).map(Vec::as_slice));
    }

    #[test]
    fn what_changes_in_memory_is_what_the_file_will_be(
        first in prop::collection::btree_map(keys(), prop::collection::vec(0..3_u8, 90), 9..40),
        rounds in prop::collection::vec((
            prop::collection::btree_map(keys(), prop::option::of(keys()), 0..4), any::<bool>()), 0..6),
        prefix in keys(),
    ) {
        let mut model = first;
        let mut file = print(&model);
        let mut table = Table::open(file.clone()).unwrap();
        for (round, is_written) in rounds {
            for (key, value) in &round {
                match value {
                    Some(value) => model.insert(key.clone(), value.clone()),
                    None => model.remove(key),
                };
            }
            table = table.with(&round);
            prop_assert_eq!(all(&table, b""), model.clone());
            prop_assert_eq!(table.get(&prefix), model.get(&prefix).map(Vec::as_slice));
            if !is_written {
                continue;
            }
            match table.pending() {
                Some(more) => {
                    prop_assert_eq!(table.length(), file.len());
                    file.extend(more);
                    table = table.kept();
                }
                None => {
                    file = print(&model);
                    table = Table::open(file.clone()).unwrap();
                }
            }
            prop_assert_eq!(all(&Table::open(file.clone()).unwrap(), b""), model.clone());
        }
    }
}

#[test]
fn damage_is_noticed_and_a_torn_end_is_as_if_it_had_not_begun() {
    let model: Model = (0..200_u8).map(|n| (vec![n], vec![n; 9])).collect();
    let base = print(&model);
    let table = Table::open(base.clone()).unwrap();
    let changes = Changes::from([(vec![7], Some(vec![1])), (vec![8], None)]);
    let more = table.append(&changes).unwrap();
    let whole = [base.clone(), more.clone()].concat();
    for at in 0..base.len() {
        let mut bad = whole.clone();
        bad[at] ^= 16;
        assert!(Table::open(bad).is_none(), "byte {at}");
    }
    for cut in base.len()..whole.len() {
        let torn = Table::open(whole[..cut].to_vec()).unwrap();
        assert_eq!(all(&torn, b""), model);
        assert_eq!(torn.append(&changes).is_none(), cut > base.len());
    }
    for cut in 0..base.len() {
        assert!(Table::open(base[..cut].to_vec()).is_none());
    }
    assert_eq!(Table::open(whole).unwrap().get(&[7]), Some(&[1][..]));
}
