//! Adds a token to the text of `content/tokens/<category>.toml`, and leaves everything else in it as
//! it is.

use toml_edit::{DocumentMut, InlineTable, Item, Table, TableLike, Value};

use super::schema_line;

/// The text of a category's file with one more token, which must not be in it yet. An error says
/// why the text is no TOML.
pub fn with_token(
    text: &str,
    key: &str,
    value: &str,
    description: Option<&str>,
) -> Result<String, String> {
    let mut document: DocumentMut = text
        .parse()
        .map_err(|error: toml_edit::TomlError| error.message().to_string())?;
    let parts: Vec<&str> = key.split('.').collect();
    let root = document.as_table_mut();
    let dotted = root
        .iter()
        .any(|(_, item)| item.as_table().is_some_and(Table::is_dotted));
    insert(root, &parts, token(value, description), dotted);
    Ok(document.to_string())
}

/// The text of a new file of a category with its first token.
pub fn new_tokens_file(path: &str, key: &str, value: &str, description: Option<&str>) -> String {
    let mut document = DocumentMut::new();
    let parts: Vec<&str> = key.split('.').collect();
    insert(
        document.as_table_mut(),
        &parts,
        token(value, description),
        false,
    );
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

/// Puts a token where its key leads. Below something that is a token itself there is no room: then
/// the rest of the key is quoted, which makes it one literal key.
fn insert(table: &mut dyn TableLike, parts: &[&str], token: Item, dotted: bool) {
    let [first, rest @ ..] = parts else {
        return;
    };
    if rest.is_empty() {
        table.insert(first, token);
        return;
    }
    match table.get(first).map(is_group) {
        Some(true) => {
            if let Some(group) = table.get_mut(first).and_then(Item::as_table_like_mut) {
                insert(group, rest, token, true);
            }
        }
        Some(false) => {
            table.insert(&parts.join("."), token);
        }
        None => {
            let mut group = Table::new();
            group.set_dotted(dotted);
            insert(&mut group, rest, token, true);
            table.insert(first, Item::Table(group));
        }
    }
}

/// Whether an item holds tokens and is none itself.
fn is_group(item: &Item) -> bool {
    item.as_table_like()
        .is_some_and(|table| table.get("value").is_none_or(|value| value.is_table_like()))
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
        assert!(with_token("[color", "color.x", "red", None).is_err());
    }

    proptest! {
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
