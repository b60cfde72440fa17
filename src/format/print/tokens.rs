//! Changing the tokens of a category in its file.

use std::collections::{BTreeMap, BTreeSet};

use toml_edit::{DocumentMut, Item, RawString, TableLike, Value as Written};

use super::entries::Entries;
use super::patch::{Patch, Tools, written};
use super::sections::{section_of, settle, visit};
use super::{whole, words};
use crate::model::{Token, Value};

/// What stands around the tokens of a file: before the line of each, and behind it.
pub(super) type Comments = BTreeMap<String, (String, String)>;

/// The comments of the tokens of a file, by token key.
pub(super) fn comments(text: &str) -> Comments {
    fn walk(prefix: &str, table: &dyn TableLike, out: &mut Comments) {
        for (name, item) in table.iter() {
            let path = joined(prefix, name);
            match item.as_table_like().filter(|inner| !is_token(*inner)) {
                Some(inner) => walk(&path, inner, out),
                None => {
                    let raw = |raw: Option<&RawString>| {
                        let text = raw.and_then(RawString::as_str).unwrap_or_default();
                        text.to_string()
                    };
                    let key = table.key(name).map(|key| raw(key.leaf_decor().prefix()));
                    let suffix = item.as_value().map(|value| raw(value.decor().suffix()));
                    out.insert(path, (key.unwrap_or_default(), suffix.unwrap_or_default()));
                }
            }
        }
    }
    let mut out = Comments::new();
    if let Ok(sheet) = text.parse::<DocumentMut>() {
        walk("", sheet.as_table(), &mut out);
    }
    out
}

fn joined(prefix: &str, name: &str) -> String {
    match prefix {
        "" => name.to_string(),
        prefix => format!("{prefix}.{name}"),
    }
}

/// Whether a table is a token, and not a group of tokens.
pub(super) fn is_token(table: &dyn TableLike) -> bool {
    table
        .get("value")
        .is_some_and(|value| !value.is_table_like())
}

/// The text of a category file, changed to the wanted tokens. New tokens bring their comments along
/// from the files where they were.
pub(super) fn tokens(
    text: &str,
    now: &[Token],
    wanted: &[&Token],
    moved: &Comments,
) -> Option<String> {
    let mut never = |_: &str, _: &str| false;
    let mut patch = Patch::new(text, &mut never)?;
    let (mut root, mut tools) = patch.root();
    let by_key: BTreeMap<&str, &Token> =
        wanted.iter().map(|one| (one.key.as_str(), *one)).collect();
    let had: BTreeMap<&str, &Token> = now.iter().map(|one| (one.key.as_str(), one)).collect();
    // A new token on the way to another leaves no table for it: that one gets its key in quotes.
    let in_the_way = |key: &str| {
        let above = key.match_indices('.').map(|(at, _)| &key[..at]);
        above
            .into_iter()
            .any(|key| by_key.contains_key(key) && !had.contains_key(key))
    };
    let uprooted: BTreeSet<&str> = by_key
        .keys()
        .copied()
        .filter(|key| in_the_way(key))
        .collect();
    let own = match uprooted.is_empty() {
        true => Comments::new(),
        false => comments(text),
    };
    let mut change = Change {
        tools: &mut tools,
        wanted: &by_key,
        had: &had,
        uprooted: &uprooted,
        moved: BTreeSet::new(),
    };
    change.group("", &mut root);
    let again = change.moved;
    let bare = has_no_lines(&mut root);
    let keys: Vec<&str> = by_key.keys().copied().collect();
    for one in wanted {
        let key = one.key.as_str();
        if again.contains(key) {
            add(&mut tools, &mut root, one, &keys, own.get(key))?;
        } else if !had.contains_key(key) {
            add(&mut tools, &mut root, one, &keys, moved.get(key))?;
        }
    }
    if bare && !has_no_lines(&mut root) {
        keep_the_head(&mut root);
    }
    Some(patch.finish())
}

/// Whether nothing stands above the first section.
fn has_no_lines(root: &mut Entries<'_>) -> bool {
    root.like().get_values().is_empty()
}

/// Where lines came to stand above the first section, the words at the head of the file go above them.
fn keep_the_head(root: &mut Entries<'_>) {
    let Entries::Section(table) = root else {
        return;
    };
    let mut first: Option<isize> = None;
    visit(table, &mut |section| {
        let position = section.position().filter(|_| !section.is_implicit());
        first = first.into_iter().chain(position).min();
    });
    let mut head = None;
    visit(table, &mut |section| {
        if section.position() == first && !section.is_implicit() && first.is_some() {
            let prefix = section.decor().prefix().and_then(RawString::as_str);
            let prefix = prefix.unwrap_or_default().to_string();
            let end = prefix.rfind("\n\n").map_or(0, |at| at + 2);
            if prefix[..end].contains('#') {
                let rest = format!("\n{}", &prefix[end..]);
                section.decor_mut().set_prefix(rest);
                head = Some(prefix[..end].to_string());
            }
        }
    });
    let name = table.iter().find(|(_, item)| item.is_value());
    let name = name.map(|(name, _)| name.to_string());
    if let (Some(head), Some(name)) = (head, name)
        && let Some(mut key) = table.key_mut(&name)
    {
        let own = key.leaf_decor().prefix().and_then(RawString::as_str);
        let both = format!("{head}{}", own.unwrap_or_default());
        key.leaf_decor_mut().set_prefix(both);
    }
}

struct Change<'c, 't> {
    tools: &'c mut Tools<'t>,
    wanted: &'c BTreeMap<&'c str, &'c Token>,
    had: &'c BTreeMap<&'c str, &'c Token>,
    /// Tokens that cannot stay where they are, if they stand in a table.
    uprooted: &'c BTreeSet<&'c str>,
    /// Those of them that were taken out, to be added again.
    moved: BTreeSet<String>,
}

impl Change<'_, '_> {
    fn group(&mut self, prefix: &str, table: &mut Entries<'_>) {
        let keys: Vec<String> = table
            .like()
            .iter()
            .map(|(key, _)| key.to_string())
            .collect();
        let lines = self.tools.lines && matches!(table, Entries::Section(_));
        let mut gone = BTreeSet::new();
        for name in keys {
            let path = joined(prefix, &name);
            let Some(item) = table.item(&name) else {
                continue;
            };
            let group = item.as_table_like().is_some_and(|inner| !is_token(inner));
            if !group {
                if !prefix.is_empty() && self.uprooted.contains(path.as_str()) {
                    gone.insert(name);
                    self.moved.insert(path);
                    continue;
                }
                let wanted = self.wanted.get(path.as_str());
                match (wanted, self.had.get(path.as_str())) {
                    (Some(wanted), Some(had)) if wanted.same(had) => {}
                    (Some(wanted), _) => self.token(item, wanted, lines),
                    (None, _) => {
                        gone.insert(name);
                    }
                }
                continue;
            }
            let mut inner = match item {
                Item::Table(inner) => Entries::Section(inner),
                Item::Value(Written::InlineTable(inner)) => Entries::Inline(inner),
                _ => continue,
            };
            let was_empty = inner.like().is_empty();
            self.group(&path, &mut inner);
            if inner.like().is_empty() && !was_empty {
                gone.insert(name);
            }
        }
        for name in gone {
            table.remove(&name);
        }
    }

    fn token(&mut self, item: &mut Item, wanted: &Token, lines: bool) {
        let text = |text: &str| Value::Text(text.to_string());
        let table = match item {
            Item::Table(inner) => Some(Entries::Section(inner)),
            Item::Value(Written::InlineTable(inner)) => Some(Entries::Inline(inner)),
            _ => None,
        };
        let Some(mut table) = table else {
            match &wanted.description {
                None => self.tools.replace(item, &text(&wanted.value), lines),
                Some(_) => {
                    if let (Item::Value(old), Some(mut new)) =
                        (item, written(&whole::token(wanted, lines)))
                    {
                        *new.decor_mut() = old.decor().clone();
                        *old = new;
                    }
                }
            }
            return;
        };
        let order = ["value", "description"];
        let differs = |item: Option<&mut Item>, wanted: &str| {
            item.and_then(|item| item.as_str().map(str::to_string))
                .as_deref()
                != Some(wanted)
        };
        if differs(table.item("value"), &wanted.value) {
            self.tools
                .set_text(&mut table, "value", &wanted.value, &order);
        }
        match &wanted.description {
            None => table.remove("description"),
            Some(words) if differs(table.item("description"), words) => {
                self.tools
                    .set_text(&mut table, "description", words, &order);
            }
            Some(_) => {}
        }
    }
}

/// Adds a token where its neighbours are.
fn add(
    tools: &mut Tools<'_>,
    root: &mut Entries<'_>,
    token: &Token,
    keys: &[&str],
    comments: Option<&(String, String)>,
) -> Option<()> {
    let mut parts: Vec<&str> = token.key.split('.').collect();
    if !whole::nests(&token.key, keys) {
        parts = vec![token.key.as_str()];
    }
    add_below(tools, root, token, &parts, comments)
}

fn add_below(
    tools: &mut Tools<'_>,
    table: &mut Entries<'_>,
    token: &Token,
    parts: &[&str],
    comments: Option<&(String, String)>,
) -> Option<()> {
    let (first, rest) = parts.split_first()?;
    let lines = tools.lines && matches!(table, Entries::Section(_));
    if !rest.is_empty() {
        match table.item(first) {
            Some(Item::Table(inner)) if !is_token(inner) => {
                return add_below(tools, &mut Entries::Section(inner), token, rest, comments);
            }
            Some(Item::Value(Written::InlineTable(inner))) if !is_token(inner) => {
                return add_below(tools, &mut Entries::Inline(inner), token, rest, comments);
            }
            None => {
                if let Entries::Section(section) = table
                    && !section.is_dotted()
                {
                    let (leaf, groups) = rest.split_last()?;
                    let path: Vec<String> = [first]
                        .into_iter()
                        .chain(groups)
                        .map(|part| words::key(part))
                        .collect();
                    let line = format!("{} = {}", words::key(leaf), whole::token(token, lines));
                    let mut new = section_of(&format!("[{}]\n{line}\n", path.join(".")))?;
                    let at = tools.end();
                    if groups.is_empty() {
                        new.set_position(Some(at));
                        decorate(&mut Entries::Section(&mut new), leaf, comments);
                    }
                    settle(&mut new, at);
                    section.insert(first, Item::Table(new));
                    return Some(());
                }
            }
            Some(_) => {}
        }
    }
    let name = parts.join(".");
    if table.has(&name) {
        return None;
    }
    table.add(&name, written(&whole::token(token, lines))?);
    if lines {
        decorate(table, &name, comments);
    }
    Some(())
}

/// Puts the comments that a token had elsewhere around it.
fn decorate(table: &mut Entries<'_>, name: &str, comments: Option<&(String, String)>) {
    let Some((before, behind)) = comments else {
        return;
    };
    if let Some(Item::Value(value)) = table.item(name) {
        value.decor_mut().set_suffix(behind.as_str());
    }
    if let Some(mut key) = table.like().key_mut(name) {
        key.leaf_decor_mut().set_prefix(before.as_str());
    }
}
