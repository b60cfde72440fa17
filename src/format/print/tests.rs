//! Printing: what comes back, what stays, and where things go.

mod edits;
mod laws;
mod styles;

use std::collections::BTreeSet;

use super::*;
use crate::format::documents_of;

/// The files after printing.
fn printed_over(documents: &Documents, before: &Texts) -> Texts {
    let (printed, diagnostics) = print_documents(documents, before, &BTreeSet::new());
    assert!(diagnostics.is_empty(), "{diagnostics:#?}");
    applied(printed, before)
}

fn applied(printed: Printed, before: &Texts) -> Texts {
    let mut after = before.clone();
    for path in &printed.removed {
        assert!(after.remove(path).is_some(), "{path}");
    }
    for (path, text) in printed.texts {
        assert_ne!(after.get(&path), Some(&text), "{path}");
        after.insert(path, text);
    }
    after
}

/// The documents of files in which nothing is wrong.
fn read(texts: &Texts) -> Documents {
    let (documents, diagnostics) = documents_of(texts);
    assert!(diagnostics.is_empty(), "{diagnostics:#?} {texts:#?}");
    documents
}

fn assert_same(a: &Documents, b: &Documents, what: &str) {
    fn sorted<D>(list: &[D], key: fn(&D) -> &str) -> Vec<&D> {
        let mut list: Vec<&D> = list.iter().collect();
        list.sort_by(|a, b| key(a).cmp(key(b)));
        list
    }
    macro_rules! same {
        ($list:ident, $key:ident) => {
            let (left, right) = (sorted(&a.$list, |d| &d.$key), sorted(&b.$list, |d| &d.$key));
            let left_keys: Vec<&str> = left.iter().map(|d| d.$key.as_str()).collect();
            let right_keys: Vec<&str> = right.iter().map(|d| d.$key.as_str()).collect();
            assert_eq!(left_keys, right_keys, "{what}");
            for (left, right) in left.iter().zip(&right) {
                assert!(left.same(right), "{what}: {left:#?} {right:#?}");
            }
        };
    }
    same!(pages, key);
    same!(components, key);
    same!(tokens, key);
    same!(nodes, id);
}

fn texts(files: &[(&str, &str)]) -> Texts {
    let files = files.iter();
    files
        .map(|(path, text)| (path.to_string(), text.to_string()))
        .collect()
}
