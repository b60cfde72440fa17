//! Other names for keys in TOML files: the line stays where it is, with its comments.

use std::collections::BTreeSet;

use toml_edit::{InlineTable, Item, Key, Table as Section, Value as Written};

use super::patch::Patch;
use super::tokens::{comments, is_token, tokens};
use crate::diag::Diagnostics;
use crate::format::documents::tokens_of;

/// The text of a category file with one token under another key; `None` where it has no such token.
pub fn rename_token(path: &str, text: &str, old: &str, new: &str) -> Option<String> {
    let now = tokens_of(path, text, &mut Diagnostics::new());
    now.iter().find(|token| token.key == old)?;
    let mut wanted = now.clone();
    wanted
        .iter_mut()
        .filter(|token| token.key == old)
        .for_each(|token| token.key = new.to_string());
    let said = |text: &String| {
        let mut found = Diagnostics::new();
        let keys = |tokens: &[crate::model::Token]| -> BTreeSet<String> {
            tokens.iter().map(|token| token.key.clone()).collect()
        };
        let tokens = tokens_of(path, text, &mut found);
        !found.has_errors() && keys(&tokens) == keys(&wanted)
    };
    let in_place = changed(text, |root| token_in(root, "", old, new)).filter(said);
    in_place.or_else(|| {
        // Its name does not fit where it stands: it goes to its new neighbours, with its comments.
        let mut moved = comments(text);
        let own = moved.remove(old);
        moved.clear();
        moved.extend(own.map(|own| (new.to_string(), own)));
        let wanted: Vec<_> = wanted.iter().collect();
        tokens(text, &now, &wanted, &moved)
    })
}

fn token_in(table: &mut Section, prefix: &str, old: &str, new: &str) -> Option<()> {
    let rest = below(old, prefix)?;
    if table.get(rest).is_some_and(|item| !is_group(item)) {
        return rename_entry(table, rest, below(new, prefix)?);
    }
    let keys: Vec<String> = table.iter().map(|(key, _)| key.to_string()).collect();
    keys.iter().find_map(|key| {
        below(rest, key)?;
        let path = joined(prefix, key);
        match table.get_mut(key)? {
            Item::Table(inner) if !is_token(inner) => token_in(inner, &path, old, new),
            Item::Value(Written::InlineTable(inner)) if !is_token(inner) => {
                token_inline(inner, &path, old, new)
            }
            _ => None,
        }
    })
}

fn token_inline(table: &mut InlineTable, prefix: &str, old: &str, new: &str) -> Option<()> {
    let rest = below(old, prefix)?;
    let is_group = |value: &Written| {
        value
            .as_inline_table()
            .is_some_and(|inner| !is_token(inner))
    };
    if table.get(rest).is_some_and(|value| !is_group(value)) {
        return rename_inline_entry(table, rest, below(new, prefix)?);
    }
    let keys: Vec<String> = table.iter().map(|(key, _)| key.to_string()).collect();
    keys.iter().find_map(|key| {
        below(rest, key)?;
        let path = joined(prefix, key);
        match table.get_mut(key)? {
            Written::InlineTable(inner) if !is_token(inner) => token_inline(inner, &path, old, new),
            _ => None,
        }
    })
}

fn is_group(item: &Item) -> bool {
    item.as_table_like().is_some_and(|inner| !is_token(inner))
}

fn joined(prefix: &str, name: &str) -> String {
    match prefix {
        "" => name.to_string(),
        prefix => format!("{prefix}.{name}"),
    }
}

/// What is left of a token key below a group.
fn below<'k>(key: &'k str, group: &str) -> Option<&'k str> {
    match group {
        "" => Some(key),
        group => key.strip_prefix(group)?.strip_prefix('.'),
    }
}

/// The text of a node's TOML file with an override under another key; `None` where it has none.
pub fn rename_override(text: &str, old: &str, new: &str) -> Option<String> {
    rename_in(text, "style_overrides", old, new)
}

/// The text of robbieblocks.toml with the settings of a node under another id; `None` where it has none.
pub fn rename_node_settings(text: &str, old: &str, new: &str) -> Option<String> {
    rename_in(text, "node", old, new)
}

fn rename_in(text: &str, group: &str, old: &str, new: &str) -> Option<String> {
    changed(text, |root| match root.get_mut(group)? {
        Item::Table(table) => rename_entry(table, old, new),
        Item::Value(Written::InlineTable(table)) => rename_inline_entry(table, old, new),
        _ => None,
    })
}

/// The text of a theme.toml whose pairs of colours name a token by another key; `None` where none does.
pub fn rename_contrast(text: &str, old: &str, new: &str) -> Option<String> {
    let rename = |item: &mut Written| -> Option<()> {
        if item.as_str() != Some(old) {
            return None;
        }
        let mut value = Written::from(new);
        *value.decor_mut() = item.decor().clone();
        *item = value;
        Some(())
    };
    changed(text, |root| {
        let mut done = None;
        for name in ["foreground", "background"] {
            match root.get_mut("contrast")? {
                Item::ArrayOfTables(pairs) => {
                    for pair in pairs.iter_mut() {
                        let item = pair.get_mut(name).and_then(Item::as_value_mut);
                        done = item.and_then(rename).or(done);
                    }
                }
                Item::Value(Written::Array(pairs)) => {
                    for pair in pairs.iter_mut() {
                        let pair = pair.as_inline_table_mut();
                        let item = pair.and_then(|pair| pair.get_mut(name));
                        done = item.and_then(rename).or(done);
                    }
                }
                _ => {}
            }
        }
        done
    })
}

fn changed(text: &str, change: impl FnOnce(&mut Section) -> Option<()>) -> Option<String> {
    let mut never = |_: &str, _: &str| false;
    let mut patch = Patch::new(text, &mut never)?;
    change(patch.sheet.as_table_mut())?;
    Some(patch.finish())
}

/// The same key under another name, as it is decorated.
fn renamed(key: &Key, new: &str) -> Key {
    Key::new(new)
        .with_leaf_decor(key.leaf_decor().clone())
        .with_dotted_decor(key.dotted_decor().clone())
}

/// All entries are put in anew, so that each stays where it is.
fn rename_entry(table: &mut Section, old: &str, new: &str) -> Option<()> {
    if !table.contains_key(old) || table.contains_key(new) {
        return None;
    }
    let keys: Vec<String> = table.iter().map(|(key, _)| key.to_string()).collect();
    for name in keys {
        let (key, item) = table.remove_entry(&name)?;
        match name == old {
            true => table.insert_formatted(&renamed(&key, new), item),
            false => table.insert_formatted(&key, item),
        };
    }
    Some(())
}

fn rename_inline_entry(table: &mut InlineTable, old: &str, new: &str) -> Option<()> {
    if !table.contains_key(old) || table.contains_key(new) {
        return None;
    }
    let keys: Vec<String> = table.iter().map(|(key, _)| key.to_string()).collect();
    for name in keys {
        let (key, value) = table.remove_entry(&name)?;
        match name == old {
            true => table.insert_formatted(&renamed(&key, new), value),
            false => table.insert_formatted(&key, value),
        };
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATH: &str = "content/tokens/color.toml";

    #[track_caller]
    fn token(text: &str, new: &str, expected: &str) {
        let found = rename_token(PATH, text, "color.primary", new).unwrap();
        assert_eq!(found, expected);
        let back = rename_token(PATH, &found, new, "color.primary").unwrap();
        if new.starts_with("color.") {
            assert_eq!(back, text);
        }
    }

    #[test]
    fn a_token_keeps_its_line() {
        token(
            "# Head.\n[color]\n# Brand.\nprimary = \"red\" # why\nother  =  \"x\"\n",
            "color.brand",
            "# Head.\n[color]\n# Brand.\nbrand = \"red\" # why\nother  =  \"x\"\n",
        );
        token(
            "# Brand.\ncolor.primary = \"red\"\ncolor.z = \"x\"\n",
            "color.brand",
            "# Brand.\ncolor.brand = \"red\"\ncolor.z = \"x\"\n",
        );
        token(
            "\"color.primary\" = \"red\"\n",
            "color.brand",
            "\"color.brand\" = \"red\"\n",
        );
        token(
            "color = { primary = { value = \"red\" }, z = \"x\" }\r\n",
            "color.brand",
            "color = { brand = { value = \"red\" }, z = \"x\" }\r\n",
        );
        token(
            "[color.primary] # one\nvalue = \"red\"\n[color.z]\nvalue = \"x\"\n",
            "color.brand",
            "[color.brand] # one\nvalue = \"red\"\n[color.z]\nvalue = \"x\"\n",
        );
    }

    #[test]
    fn a_token_that_does_not_fit_takes_its_comments_along() {
        let text = "[color]\n# Brand.\nprimary = \"red\" # why\nother = \"x\"\n";
        let found = rename_token(PATH, text, "color.primary", "brand.main").unwrap();
        assert!(
            found.contains("# Brand.\nmain = \"red\" # why\n"),
            "{found}"
        );
        assert!(rename_token(PATH, text, "color.none", "x").is_none());
    }

    #[test]
    fn settings_of_a_node() {
        for (text, expected) in [
            (
                "[site]\n\n# Here.\n[node.a] # x\nbase_url = \"u\"\n\n[node.a.deploy]\ndir = \"/\"\n[node.b]\n",
                "[site]\n\n# Here.\n[node.c] # x\nbase_url = \"u\"\n\n[node.c.deploy]\ndir = \"/\"\n[node.b]\n",
            ),
            (
                "[node]\na.base_url = \"u\"\na.theme = \"t\"\nb.theme = \"t\"\n",
                "[node]\nc.base_url = \"u\"\nc.theme = \"t\"\nb.theme = \"t\"\n",
            ),
            (
                "node = { a = { theme = \"t\" }, b = {} }\n",
                "node = { c = { theme = \"t\" }, b = {} }\n",
            ),
        ] {
            let found = rename_node_settings(text, "a", "c").unwrap();
            assert_eq!(found, expected);
            assert_eq!(rename_node_settings(&found, "c", "a").unwrap(), text);
            assert_eq!(rename_node_settings(text, "x", "c"), None);
        }
    }

    #[test]
    fn overrides_and_pairs() {
        let text =
            "name = \"x\"\n[style_overrides]\n\"color.a\" = \"red\" # why\n'color.b' = \"x\"\n";
        let found = rename_override(text, "color.a", "color.c").unwrap();
        assert_eq!(found, text.replace("color.a", "color.c"));
        let text =
            "[[contrast]] # one\nforeground = \"color.a\" # text\nbackground = \"color.b\"\n";
        let found = rename_contrast(text, "color.a", "color.c").unwrap();
        assert_eq!(found, text.replace("color.a", "color.c"));
        assert_eq!(rename_contrast(text, "color.x", "color.c"), None);
    }
}
