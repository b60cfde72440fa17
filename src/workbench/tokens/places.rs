//! Where tokens are used: style sheets, templates and other tokens.

use std::collections::BTreeMap;

use crate::model::{Component, Site, css_name};
use crate::render::style::{aliases, custom_properties};

/// A place that uses a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// A file or row, or another token in words.
    pub name: String,
    pub count: usize,
}

/// For each token that is used, by its key, where, sorted by name. Style sheets use one by `var(--x)`,
/// templates by that as well and by `token("x")`, and tokens by aliases.
pub fn places(site: &Site) -> BTreeMap<&str, Vec<Place>> {
    let mut finder = Finder {
        by_property: site
            .tokens
            .keys()
            .map(|key| (css_name(key), key.as_str()))
            .collect(),
        site,
        found: BTreeMap::new(),
    };
    for theme in site.themes.values() {
        for (path, file) in &theme.texts {
            match path.ends_with(".css") {
                true => finder.style_sheet(&file.origin, &file.text),
                false => finder.template(&file.origin, &file.text),
            }
        }
    }
    for component in site.components.values() {
        finder.component(component);
    }
    for node in site.nodes.values() {
        if let Some(text) = &node.custom_css {
            finder.style_sheet(&crate::model::sibling(&node.origin, "css"), text);
        }
        for (key, value) in &node.style_overrides {
            finder.value(&format!("{key} at the node {}", node.id), value);
        }
    }
    for token in site.tokens.values() {
        finder.value(&token.key, &token.value);
    }
    let found = finder.found.into_iter().map(|(key, places)| {
        let places = places
            .into_iter()
            .map(|(name, count)| Place { name, count });
        (key, places.collect())
    });
    found.collect()
}

struct Finder<'a> {
    site: &'a Site,
    /// Token keys by their custom property.
    by_property: BTreeMap<String, &'a str>,
    found: BTreeMap<&'a str, BTreeMap<String, usize>>,
}

impl<'a> Finder<'a> {
    fn component(&mut self, component: &Component) {
        if let Some(text) = &component.styles {
            self.style_sheet(&component.part_origin("css"), text);
        }
        if let Some(text) = &component.template {
            self.template(&component.part_origin("html"), text);
        }
        if let Some(text) = &component.react {
            self.template(&component.part_origin("tsx"), text);
        }
    }

    fn style_sheet(&mut self, origin: &str, text: &str) {
        for (name, count) in custom_properties(text) {
            self.property(origin, &name, count);
        }
    }

    fn template(&mut self, origin: &str, text: &str) {
        for rest in calls(text, "var") {
            let is_name = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_') || !c.is_ascii();
            let end = rest.find(|c| !is_name(c)).unwrap_or(rest.len());
            self.property(origin, &rest[..end], 1);
        }
        for rest in calls(text, "token") {
            let mut chars = rest.chars();
            let Some(quote @ ('"' | '\'')) = chars.next() else {
                continue;
            };
            let inside = chars.as_str();
            if let Some(end) = inside.find(quote) {
                self.key(origin, &inside[..end], 1);
            }
        }
    }

    fn value(&mut self, name: &str, value: &str) {
        for range in aliases(value) {
            self.key(name, &value[range], 1);
        }
        for (property, count) in custom_properties(value) {
            self.property(name, &property, count);
        }
    }

    fn property(&mut self, origin: &str, name: &str, count: usize) {
        if let Some(key) = self.by_property.get(name) {
            let key = *key;
            self.add(origin, key, count);
        }
    }

    fn key(&mut self, origin: &str, key: &str, count: usize) {
        if let Some((key, _)) = self.site.tokens.get_key_value(key) {
            self.add(origin, key, count);
        }
    }

    fn add(&mut self, origin: &str, key: &'a str, count: usize) {
        let places = self.found.entry(key).or_default();
        *places.entry(origin.to_string()).or_default() += count;
    }
}

/// What follows the opening bracket of each call of a function, without the space before it.
fn calls<'t>(text: &'t str, function: &str) -> impl Iterator<Item = &'t str> {
    let open = format!("{function}(");
    let starts: Vec<usize> = text.match_indices(&open).map(|(at, _)| at).collect();
    let length = open.len();
    starts.into_iter().filter_map(move |at| {
        let before = text[..at].chars().next_back();
        let is_part = before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '.'));
        (!is_part).then(|| text[at + length..].trim_start())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_whole_names() {
        let text =
            "token(\"a\") my_token('b') {{ token( 'c' ) }} x.token('d') env-var(--e) var(--f)";
        let tokens: Vec<&str> = calls(text, "token").map(|rest| &rest[..3]).collect();
        assert_eq!(tokens, ["\"a\"", "'c'"]);
        assert_eq!(calls(text, "var").collect::<Vec<_>>(), ["--f)"]);
    }
}
