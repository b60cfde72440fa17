//! Adds a token to the text of `content/tokens/<category>.toml`, and leaves everything else in it as
//! it is.

use std::collections::BTreeMap;

use toml_edit::{DocumentMut, InlineTable, Item, Table, TableLike, Value};

use super::schema_line;

/// Why a token cannot be put into a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoRoom {
    /// The text is no TOML; why.
    NotToml(String),
    /// The key is taken, by a token or by something that is none.
    Taken,
    /// The key is a group of tokens already.
    Group,
    /// The text would no longer have these tokens, or not the new one.
    Lost(Vec<String>),
}

/// The text of a category's file with one more token. Every token that it has stays, with its value.
pub fn with_token(
    text: &str,
    key: &str,
    value: &str,
    description: Option<&str>,
) -> Result<String, NoRoom> {
    let parse = |text: &str| {
        text.parse::<DocumentMut>()
            .map_err(|error| NoRoom::NotToml(error.message().to_string()))
    };
    let mut document = parse(text)?;
    let mut expected = BTreeMap::new();
    tokens_of(document.as_table(), "", &mut expected);
    let parts: Vec<&str> = key.split('.').collect();
    let root = document.as_table_mut();
    let dotted = root
        .iter()
        .any(|(_, item)| item.as_table().is_some_and(Table::is_dotted));
    insert(root, &parts, token(value, description), dotted)?;
    expected.insert(key.to_string(), Some(value.to_string()));
    // Whatever the text looked like: nothing is lost.
    let text = document.to_string();
    let mut found = BTreeMap::new();
    tokens_of(parse(&text)?.as_table(), "", &mut found);
    let lost: Vec<String> = expected
        .iter()
        .filter(|(key, value)| found.get(*key) != Some(value))
        .map(|(key, _)| key.clone())
        .collect();
    match lost.is_empty() {
        true => Ok(text),
        false => Err(NoRoom::Lost(lost)),
    }
}

/// The text of a new file of a category with its first token.
pub fn new_tokens_file(path: &str, key: &str, value: &str, description: Option<&str>) -> String {
    let mut document = DocumentMut::new();
    let parts: Vec<&str> = key.split('.').collect();
    let inserted = insert(
        document.as_table_mut(),
        &parts,
        token(value, description),
        false,
    );
    inserted.expect("an empty document has room for any key");
    let schema = schema_line(path).unwrap_or_default();
    format!("{schema}\n{}", document.to_string().trim_start())
}

fn token(value: &str, description: Option<&str>) -> Item {
    let Some(description) = description else {
        return toml_edit::value(value);
    };
    let mut table = InlineTable::new();
    table.insert("value", Value::from(value));
    table.insert("description", Value::from(description));
    toml_edit::value(table)
}

/// Puts a token where its key leads, and over nothing. Below something that is a token itself there
/// is no room: then the rest of the key is quoted, which makes it one literal key.
fn insert(
    table: &mut dyn TableLike,
    parts: &[&str],
    token: Item,
    dotted: bool,
) -> Result<(), NoRoom> {
    let [first, rest @ ..] = parts else {
        return Ok(());
    };
    if rest.is_empty() {
        return put(table, first, token);
    }
    match table.get(first).map(is_group) {
        Some(true) => match table.get_mut(first).and_then(Item::as_table_like_mut) {
            Some(group) => insert(group, rest, token, true),
            None => Err(NoRoom::Taken),
        },
        Some(false) => put(table, &parts.join("."), token),
        None => {
            let mut group = Table::new();
            group.set_dotted(dotted);
            insert(&mut group, rest, token, true)?;
            table.insert(first, Item::Table(group));
            Ok(())
        }
    }
}

fn put(table: &mut dyn TableLike, key: &str, token: Item) -> Result<(), NoRoom> {
    match table.get(key) {
        Some(item) if is_group(item) => Err(NoRoom::Group),
        Some(_) => Err(NoRoom::Taken),
        None => {
            table.insert(key, token);
            Ok(())
        }
    }
}

/// Whether an item holds tokens and is none itself.
fn is_group(item: &Item) -> bool {
    item.as_table_like()
        .is_some_and(|table| table.get("value").is_none_or(|value| value.is_table_like()))
}

/// Every token of a text by its key, with its value where that is a string.
fn tokens_of(table: &dyn TableLike, prefix: &str, tokens: &mut BTreeMap<String, Option<String>>) {
    for (name, item) in table.iter() {
        let key = match prefix {
            "" => name.to_string(),
            prefix => format!("{prefix}.{name}"),
        };
        match item.as_table_like() {
            Some(group) if is_group(item) => tokens_of(group, &key, tokens),
            Some(token) => {
                let value = token.get("value").and_then(Item::as_str);
                tokens.insert(key, value.map(str::to_string));
            }
            None => {
                tokens.insert(key, item.as_str().map(str::to_string));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::*;
    use crate::diag::Diagnostics;
    use crate::format::read_tokens;

    fn tokens(text: &str) -> Vec<(String, String)> {
        let mut diagnostics = Diagnostics::new();
        let tokens = read_tokens("color", &Arc::from("color.toml"), text, &mut diagnostics);
        assert!(diagnostics.is_empty(), "{text}\n{diagnostics:?}");
        tokens
            .into_iter()
            .map(|token| (token.key, token.value))
            .collect()
    }

    fn added(text: &str, key: &str) -> String {
        let new = with_token(text, key, "#123456", None).expect("TOML");
        let mut before = tokens(text);
        before.push((key.to_string(), "#123456".to_string()));
        before.sort();
        let mut after = tokens(&new);
        after.sort();
        assert_eq!(after, before, "{new}");
        new
    }

    #[test]
    fn a_token_joins_its_table() {
        let text = "# Colours.\n\n[color] # all\nprimary = \"red\" # ours\n\n# Later.\n[color.more]\nx = \"blue\"\n";
        assert_eq!(
            added(text, "color.accent"),
            "# Colours.\n\n[color] # all\nprimary = \"red\" # ours\naccent = \"#123456\"\n\n# Later.\n[color.more]\nx = \"blue\"\n"
        );
        assert!(added(text, "color.more.y").ends_with("x = \"blue\"\ny = \"#123456\"\n"));
        assert!(added(text, "color.new.y").contains("new.y = \"#123456\"\n"));
    }

    #[test]
    fn dotted_files_stay_dotted() {
        let text = "color.primary = \"red\"\ncolor.text = { value = \"blue\" }\n";
        assert_eq!(
            added(text, "color.accent"),
            format!("{text}color.accent = \"#123456\"\n")
        );
        assert_eq!(
            added(text, "size.small"),
            format!("{text}size.small = \"#123456\"\n")
        );
    }

    #[test]
    fn below_a_token_the_rest_is_quoted() {
        let text = "[color]\ntext = \"red\"\nback = { value = \"blue\" }\n";
        assert!(added(text, "color.text.muted").contains("\"text.muted\" = \"#123456\""));
        assert!(added(text, "color.back.muted").contains("\"back.muted\" = \"#123456\""));
        assert!(added("color = \"red\"\n", "color.x").contains("\"color.x\" = \"#123456\""));
        added("color = { a = { b = \"red\" } }\n", "color.c.d");
    }

    #[test]
    fn a_new_file_has_a_table_and_its_schema() {
        let text = new_tokens_file("content/tokens/color.toml", "color.a.b", "red", Some("Why"));
        assert_eq!(
            text,
            "#:schema ../../.rbgen/schemas/tokens.json\n\n[color]\na.b = { value = \"red\", description = \"Why\" }\n"
        );
        assert_eq!(
            tokens(&text),
            [("color.a.b".to_string(), "red".to_string())]
        );
        let single = new_tokens_file("content/tokens/radius.toml", "radius", "1px", None);
        assert_eq!(tokens(&single), [("radius".to_string(), "1px".to_string())]);
    }

    #[test]
    fn broken_toml_is_left_alone() {
        let refused = with_token("[color", "color.x", "red", None);
        assert!(matches!(refused, Err(NoRoom::NotToml(_))));
    }

    #[test]
    fn nothing_that_is_there_is_lost() {
        let refused = |text: &str, key: &str| with_token(text, key, "1px", None).unwrap_err();
        let group = "[color]\na = \"red\"\nb.c = \"blue\"\n";
        assert_eq!(refused(group, "color"), NoRoom::Group);
        assert_eq!(refused(group, "color.b"), NoRoom::Group);
        assert_eq!(
            refused("[font.size]\nxs = \"1px\"\nsm = \"2px\"\n", "font.size"),
            NoRoom::Group
        );
        assert_eq!(
            refused("font = { size = { xs = \"1px\" } }\n", "font.size"),
            NoRoom::Group
        );
        assert_eq!(refused("color = 5\n", "color"), NoRoom::Taken);
        assert_eq!(refused(group, "color.a"), NoRoom::Taken);
        // With a `value` in it, the group would be one token.
        assert_eq!(
            refused(group, "color.value"),
            NoRoom::Lost(vec![
                "color.a".into(),
                "color.b.c".into(),
                "color.value".into()
            ])
        );
        let quoted = "[color]\na = \"red\"\n[color.\"a.b\"]\nc = \"blue\"\n";
        assert_eq!(refused(quoted, "color.a.b"), NoRoom::Group);
    }

    proptest! {
        #[test]
        fn a_token_is_added_or_nothing_changes(
            old in prop::collection::btree_set("c(\\.([ab]|value)){0,3}", 1..6),
            key in "c(\\.([ab]|value)){0,3}",
        ) {
            let mut text = String::new();
            for key in old {
                text = with_token(&text, &key, "red", None).unwrap_or(text);
            }
            let before = tokens(&text);
            if let Ok(text) = with_token(&text, &key, "blue", None) {
                let after = tokens(&text);
                for token in before {
                    prop_assert!(after.contains(&token), "{} is lost:\n{text}", token.0);
                }
                prop_assert!(after.contains(&(key, "blue".to_string())), "{text}");
            }
        }

        #[test]
        fn each_token_is_found_again(keys in prop::collection::btree_set("c(\\.[ab]{1,2}){0,3}", 1..8)) {
            let mut text = String::new();
            let mut expected = Vec::new();
            for key in keys {
                text = with_token(&text, &key, "red", None).expect("TOML");
                expected.push((key, "red".to_string()));
            }
            expected.sort();
            let mut found = tokens(&text);
            found.sort();
            prop_assert_eq!(found, expected);
        }
    }
}
