//! Which entities of one set of documents are those of another under a new key.
//!
//! Where identity is the key, a rename looks like one entity that went and one that came. They are one
//! where they say the same apart from the key, and where no other could be meant on either side. What
//! is ambiguous is no rename: a row that keeps its `id` by mistake is worse than one that gets a new one.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use rayon::prelude::*;

use super::list;
use crate::digest::{Digest, Hasher};
use crate::format::{write_json, write_json_table};
use crate::model::{
    Block, Component, Condition, Documents, EntityKind, Node, Page, Table, Token, Value,
};

/// One entity that has another key now.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rename {
    pub kind: EntityKind,
    pub old: String,
    pub new: String,
}

/// The entities that are only in `before` and those that are only in `after` which say the same apart
/// from the key, sorted by kind and key. What follows from a rename does not count as a difference: the
/// route of a page and its aliases, the keys of its blocks, the names of components and nodes that are
/// renamed as well in those, the keys of renamed tokens in the overrides of a node, and the class of a component in its
/// own texts.
pub fn renames(before: &Documents, after: &Documents) -> Vec<Rename> {
    let none = Names::new();
    let tokens = matches(
        (&before.tokens, |token: &Token| token_digest(token)),
        (&after.tokens, |token: &Token| token_digest(token)),
        |token| &token.key,
    );
    let old_tokens = backwards(&tokens);
    let nodes = matches(
        (&before.nodes, |node: &Node| node_digest(node, &none)),
        (&after.nodes, |node: &Node| node_digest(node, &old_tokens)),
        |node| &node.id,
    );
    let components = matches(
        (&before.components, component_digest),
        (&after.components, component_digest),
        |component| &component.key,
    );
    let (old_components, old_nodes) = (backwards(&components), backwards(&nodes));
    let pages = matches(
        (&before.pages, |page: &Page| page_digest(page, &none, &none)),
        (&after.pages, |page: &Page| {
            page_digest(page, &old_components, &old_nodes)
        }),
        |page| &page.key,
    );
    let kinds = [
        (EntityKind::Page, pages),
        (EntityKind::Component, components),
        (EntityKind::Token, tokens),
        (EntityKind::Node, nodes),
    ];
    let renames = kinds.into_iter().flat_map(|(kind, pairs)| {
        let pairs = pairs.into_iter();
        pairs.map(move |(old, new)| Rename { kind, old, new })
    });
    renames.collect()
}

/// The blocks of a page that have another key now, by the same rule: their old and new keys, in the
/// order of the old ones. Where they stand does not count, and neither does what follows from `renames`.
pub fn block_renames(before: &Page, after: &Page, renames: &[Rename]) -> Vec<(String, String)> {
    let names = |kind: EntityKind| -> Names {
        let renames = renames.iter().filter(|one| one.kind == kind);
        renames
            .map(|one| (one.new.clone(), one.old.clone()))
            .collect()
    };
    let (none, components) = (Names::new(), names(EntityKind::Component));
    let nodes = names(EntityKind::Node);
    let digest = |block: &Block, components: &Names, nodes: &Names| {
        let mut hasher = Hasher::new("block");
        hash_block(&mut hasher, block, components, nodes);
        hasher.finish()
    };
    matches(
        (&before.blocks, |block: &Block| digest(block, &none, &none)),
        (&after.blocks, |block: &Block| {
            digest(block, &components, &nodes)
        }),
        |block| &block.key,
    )
}

/// New names to old ones.
type Names = BTreeMap<String, String>;

fn backwards(pairs: &[(String, String)]) -> Names {
    let pairs = pairs.iter();
    pairs.map(|(old, new)| (new.clone(), old.clone())).collect()
}

fn old_name<'n>(names: &'n Names, name: &'n str) -> &'n str {
    names.get(name).map_or(name, String::as_str)
}

/// Of those that are on one side only, the pairs that say the same and that nothing else could be.
fn matches<T: Sync>(
    (before, digest_before): (&[T], impl Fn(&T) -> Digest + Sync),
    (after, digest_after): (&[T], impl Fn(&T) -> Digest + Sync),
    key: fn(&T) -> &String,
) -> Vec<(String, String)> {
    let keys =
        |all: &'_ [T]| -> BTreeSet<String> { all.iter().map(|one| key(one).clone()).collect() };
    let (first, second) = (keys(before), keys(after));
    let gone = alone(before, &second, key, digest_before);
    if gone.is_empty() {
        return Vec::new();
    }
    let came = alone(after, &first, key, digest_after);
    let mut of_content: HashMap<Digest, Vec<&str>> = HashMap::new();
    for (new, digest) in &came {
        of_content.entry(*digest).or_default().push(new);
    }
    let mut count: HashMap<Digest, usize> = HashMap::new();
    for digest in gone.values() {
        *count.entry(*digest).or_default() += 1;
    }
    let pair = |(old, digest): (&&str, &Digest)| match of_content.get(digest)?.as_slice() {
        [new] if count.get(digest) == Some(&1) => Some((old.to_string(), new.to_string())),
        _ => None,
    };
    gone.iter().filter_map(pair).collect()
}

/// Those that the other side does not have, by key, with what they say.
fn alone<'a, T: Sync>(
    all: &'a [T],
    others: &BTreeSet<String>,
    key: fn(&T) -> &String,
    digest: impl Fn(&T) -> Digest + Sync,
) -> BTreeMap<&'a str, Digest> {
    let alone = all.par_iter().with_min_len(64);
    let alone = alone.filter(|one| !others.contains(key(one)));
    alone.map(|one| (key(one).as_str(), digest(one))).collect()
}

fn hash_optional(hasher: &mut Hasher, text: Option<&str>) {
    match text {
        Some(text) => hasher.text("some").text(text),
        None => hasher.text("none"),
    };
}

fn page_digest(page: &Page, components: &Names, nodes: &Names) -> Digest {
    let mut hasher = Hasher::new("page");
    for text in [&page.app, &page.name, &page.layout] {
        hasher.text(text);
    }
    hasher.text(page.status.as_str());
    hash_optional(&mut hasher, page.title.as_deref());
    hash_optional(&mut hasher, page.description.as_deref());
    // A page that is renamed may leave its old route as an alias.
    let mut metadata = page.metadata.clone();
    metadata.remove("aliases");
    hasher.text(&write_json_table(&metadata));
    // The keys of blocks are not in it: they may be renamed as well, and are where they come from a
    // component that is.
    for block in &page.blocks {
        hash_block(&mut hasher, block, components, nodes);
    }
    hasher.finish()
}

fn hash_block(hasher: &mut Hasher, block: &Block, components: &Names, nodes: &Names) {
    hasher.text(old_name(components, &block.component));
    hasher.text(&block.zone);
    hasher.text(&write_json_table(&block.props));
    hasher.text(&write_json_table(&old_conditions(&block.conditions, nodes)));
}

/// Conditions with the old names of nodes.
fn old_conditions(conditions: &Table, nodes: &Names) -> Table {
    Condition::with_nodes(conditions, &|node| old_name(nodes, node).to_string())
}

fn component_digest(component: &Component) -> Digest {
    let mut hasher = Hasher::new("component");
    for text in [&component.name, &component.kind, &component.version] {
        hasher.text(text);
    }
    hasher.text(if component.published { "published" } else { "" });
    hash_optional(&mut hasher, component.preview_url.as_deref());
    hasher.text(&list(&component.dependencies));
    hasher.text(&write_json_table(&component.props));
    hasher.text(&write_json_table(&component.metadata));
    for example in &component.examples {
        hasher.text(&example.name);
        hasher.text(&write_json_table(&example.props));
    }
    hasher.text("parts");
    for part in [&component.template, &component.styles, &component.react] {
        let part = part.as_deref();
        let nameless = part.map(|text| without_class(text, &component.key));
        hash_optional(&mut hasher, nameless.as_deref());
    }
    hasher.finish()
}

/// A text of a component with the class of its blocks, `rb-<key>`, made nameless.
fn without_class(text: &str, key: &str) -> String {
    let class = format!("rb-{}", key.replace('.', "\\."));
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(&class) {
        let behind = &rest[at + class.len()..];
        out.push_str(&rest[..at]);
        let goes_on = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '\\');
        out.push_str(match behind.starts_with(goes_on) {
            true => &class,
            false => "rb-\0",
        });
        rest = behind;
    }
    out.push_str(rest);
    out
}

fn token_digest(token: &Token) -> Digest {
    let mut hasher = Hasher::new("token");
    hasher.text(&token.category).text(&token.value);
    hash_optional(&mut hasher, token.description.as_deref());
    hasher.finish()
}

fn node_digest(node: &Node, tokens: &Names) -> Digest {
    let mut hasher = Hasher::new("node");
    hasher.text(&node.name).text(&list(&node.enabled_apps));
    hasher.text(node.scheme.as_str());
    let overrides = node.style_overrides.iter();
    let overrides: BTreeMap<&str, &String> = overrides
        .map(|(key, value)| (old_name(tokens, key), value))
        .collect();
    for (key, value) in overrides {
        hasher.text(&write_json(&Value::Text(key.to_string())));
        hasher.text(value);
    }
    hasher.text("texts");
    hash_optional(&mut hasher, node.custom_css.as_deref());
    hash_optional(&mut hasher, node.custom_scripts.as_deref());
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::sample;

    /// A key that no sample has.
    fn renamed(key: &str) -> String {
        format!("new-{}", &key[..key.len().min(60)])
            .trim_end_matches('.')
            .to_string()
    }

    fn rename(kind: EntityKind, old: &str, new: &str) -> Rename {
        let (old, new) = (old.to_string(), new.to_string());
        Rename { kind, old, new }
    }

    #[test]
    fn whatever_is_renamed_is_found_and_nothing_else() {
        let mut found_some = 0;
        for seed in 0..60 {
            let before = sample::documents(seed);
            assert_eq!(renames(&before, &before), []);
            let mut after = before.clone();
            let mut expected = Vec::new();
            for page in after.pages.iter_mut().take(1) {
                let new = renamed(&page.key);
                expected.push(rename(EntityKind::Page, &page.key, &new));
                (page.key, page.route) = (new, "/elsewhere".into());
            }
            let component = &mut after.components[0];
            let old = std::mem::replace(&mut component.key, "new-component".into());
            expected.push(rename(EntityKind::Component, &old, "new-component"));
            for block in after.pages.iter_mut().flat_map(|page| &mut page.blocks) {
                if block.component == old {
                    block.component = "new-component".into();
                }
            }
            for node in after.nodes.iter_mut().take(1) {
                let new = renamed(&node.id);
                expected.push(rename(EntityKind::Node, &node.id, &new));
                node.id = new;
            }
            found_some += expected.len();
            assert_eq!(renames(&before, &after), expected, "seed {seed}");
            let back: Vec<Rename> = renames(&after, &before);
            assert_eq!(back.len(), expected.len());
            assert!(
                back.iter()
                    .zip(&expected)
                    .all(|(a, b)| a.old == b.new && a.new == b.old)
            );
        }
        assert!(found_some > 100);
    }

    #[test]
    fn what_is_ambiguous_or_changed_is_no_rename() {
        let token = |key: &str, value: &str| Token {
            origin: "x".into(),
            key: key.into(),
            category: "color".into(),
            value: value.into(),
            description: None,
        };
        let set = |tokens: &[(&str, &str)]| Documents {
            tokens: tokens
                .iter()
                .map(|(key, value)| token(key, value))
                .collect(),
            ..Documents::default()
        };
        let before = set(&[("a", "red"), ("b", "red"), ("c", "blue"), ("d", "green")]);
        let after = set(&[("x", "red"), ("y", "blue"), ("z", "lime"), ("d", "green")]);
        let found = renames(&before, &after);
        assert_eq!(found, [rename(EntityKind::Token, "c", "y")]);
        let two_came = set(&[("x", "red"), ("y", "red")]);
        assert_eq!(renames(&set(&[("a", "red")]), &two_came), []);
    }

    #[test]
    fn what_follows_from_a_rename_is_no_difference() {
        let dice = &mut sample::Dice::new(3);
        let mut before = Documents::default();
        before
            .pages
            .push(sample::page(dice, "a".into(), &["hero".into()]));
        before
            .components
            .push(sample::component(dice, "hero".into()));
        before.components[0].styles = Some(".rb-hero { x: y } .rb-hero-2 {}".into());
        let mut after = before.clone();
        let page = &mut after.pages[0];
        page.key = "b".into();
        let alias = Value::Array(vec![Value::Text(page.route.clone())]);
        page.metadata.insert("aliases".into(), alias);
        for block in page
            .blocks
            .iter_mut()
            .filter(|block| block.component == "hero")
        {
            block.component = "banner".into();
            block.key.push('2');
        }
        after.components[0].key = "banner".into();
        after.components[0].styles = Some(".rb-banner { x: y } .rb-hero-2 {}".into());
        let expected = [
            rename(EntityKind::Page, "a", "b"),
            rename(EntityKind::Component, "hero", "banner"),
        ];
        assert_eq!(renames(&before, &after), expected);
    }

    #[test]
    fn blocks_of_a_page() {
        let dice = &mut sample::Dice::new(5);
        let block = |key: &str, zone: &str| Block {
            key: key.into(),
            component: "hero".into(),
            zone: zone.into(),
            props: Table::new(),
            conditions: Table::new(),
        };
        let mut before = sample::page(dice, "a".into(), &["hero".into()]);
        let mut after = before.clone();
        before.blocks = vec![
            block("one", "main"),
            block("two", "main"),
            block("three", "side"),
        ];
        after.blocks = vec![
            block("four", "side"),
            block("one", "main"),
            block("five", "main"),
        ];
        let found = block_renames(&before, &after, &[]);
        let pair = |a: &str, b: &str| (a.to_string(), b.to_string());
        assert_eq!(found, [pair("three", "four"), pair("two", "five")]);
        after.blocks.push(block("six", "side"));
        assert_eq!(block_renames(&before, &after, &[]), [pair("two", "five")]);
        after.blocks[2].component = "banner".into();
        assert_eq!(block_renames(&before, &after, &[]), []);
        let renames = [rename(EntityKind::Component, "hero", "banner")];
        let found = block_renames(&before, &after, &renames);
        assert_eq!(found, [pair("two", "five")]);
    }

    #[test]
    fn many_are_no_trouble() {
        let token = |index: usize, key: String| Token {
            origin: "x".into(),
            key,
            category: "color".into(),
            value: format!("{index}px"),
            description: None,
        };
        let set = |prefix: &str| Documents {
            tokens: (0..10_000)
                .map(|index| token(index, format!("{prefix}{index}")))
                .collect(),
            ..Documents::default()
        };
        assert_eq!(renames(&set("a"), &set("b")).len(), 10_000);
    }
}
