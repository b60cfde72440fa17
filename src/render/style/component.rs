//! The style sheet of a component: its own and those that themes add, scoped to its wrapper.

use std::collections::{BTreeMap, BTreeSet};

use lightningcss::rules::keyframes::KeyframesName;
use lightningcss::rules::{CssRule, CssRuleList};
use lightningcss::stylesheet::{ParserOptions, PrinterOptions, StyleSheet};

use super::AssetUrl;
use super::scope::partition;
use super::sheet::{self, Source, place_of};
use super::targets::Targets;
use super::urls::{Base, resolve_urls};
use crate::diag::{Diagnostic, Diagnostics, Place, code};
use crate::model::{Component, Site, css_name};

/// One style sheet of a component, and where its `url()`s begin.
struct Part<'a> {
    origin: String,
    text: &'a str,
    base: Base<'static>,
}

/// A component's own style sheet, then `components/<key>.css` of each theme of the chain, farthest
/// first.
fn parts_of<'a>(site: &'a Site, theme: &'a str, component: &'a Component) -> Vec<Part<'a>> {
    let mut parts = Vec::new();
    if let Some(text) = &component.styles {
        parts.push(Part {
            origin: component.part_origin("css"),
            text,
            base: Base::Assets,
        });
    }
    let path = format!("components/{}.css", component.key);
    for theme in site.theme_chain(theme).into_iter().rev() {
        if let Some(file) = theme.texts.get(&path) {
            parts.push(Part {
                origin: file.origin.to_string(),
                text: &file.text,
                base: Base::ThemeFolder("components"),
            });
        }
    }
    parts
}

/// The style sheet of a component, minified, in the layer `components`. Every rule matches the
/// wrapper `.rb-<key>` (as `&`) or what is inside of it, and nothing else; `@keyframes`, `@font-face`
/// and their like stay global. `None` where there is none, or all of it has errors.
pub fn component_css(
    site: &Site,
    theme: &str,
    component: &Component,
    targets: &Targets,
    asset_url: AssetUrl<'_>,
    diagnostics: &mut Diagnostics,
) -> Option<String> {
    let parts = parts_of(site, theme, component);
    let (mut hoisted, mut scoped) = (String::new(), String::new());
    let is_token = |name: &str| site.tokens.keys().any(|key| css_name(key) == name);
    for part in &parts {
        let source = Source {
            origin: &part.origin,
            text: part.text,
        };
        scope_part(
            &source,
            part.base,
            asset_url,
            &is_token,
            diagnostics,
            &mut hoisted,
            &mut scoped,
        );
    }
    if hoisted.is_empty() && scoped.is_empty() {
        return None;
    }
    let mut text = hoisted;
    if !scoped.is_empty() {
        text.push_str(".rb-");
        // The rest of a name, so digits and `-` are as they are, and `.` is escaped.
        let _ = cssparser::serialize_name(&component.key, &mut text);
        text.push('{');
        text.push_str(&scoped);
        text.push('}');
    }
    let origin = parts.first().map_or("", |part| part.origin.as_str());
    let rules = match StyleSheet::parse(&text, ParserOptions::default()) {
        Ok(sheet) => sheet.rules,
        Err(error) => {
            diagnostics.push(Diagnostic::error(
                code::CSS_SYNTAX,
                Place::whole(origin),
                format!(
                    "the style sheet of `{}` cannot be scoped: {}",
                    component.key, error.kind
                ),
            ));
            return None;
        }
    };
    sheet::print_or_report(
        sheet::in_layer("components", rules),
        targets,
        origin,
        diagnostics,
    )
}

/// Reads one style sheet and prints its two parts. What was parsed is printed, so unclosed brackets
/// and their like cannot end the rule that is put around it.
fn scope_part(
    source: &Source<'_>,
    base: Base<'_>,
    asset_url: AssetUrl<'_>,
    is_token: &dyn Fn(&str) -> bool,
    diagnostics: &mut Diagnostics,
    hoisted: &mut String,
    scoped: &mut String,
) {
    let Some(mut rules) = sheet::parse(source, diagnostics) else {
        return;
    };
    resolve_urls(&mut rules, source, base, asset_url, diagnostics);
    let mut refused = Vec::new();
    let parts = partition(rules, &mut refused);
    for rule in refused {
        let (code, message) = if rule.import {
            (
                code::CSS_IMPORT,
                "a component's style sheet imports nothing".to_string(),
            )
        } else {
            let name = rule.name;
            (
                code::CSS_AT_RULE,
                format!("`{name}` would reach beyond the component"),
            )
        };
        let place = place_of(source, Some((rule.loc.line, rule.loc.column)));
        diagnostics.push(Diagnostic::error(code, place, message));
    }
    for_each_rule(&parts.hoisted, &mut |rule| {
        if let CssRule::Property(property) = rule
            && is_token(&property.name.0)
        {
            let name = &property.name.0;
            let at = (property.loc.line, property.loc.column);
            diagnostics.push(
                Diagnostic::error(
                    code::CSS_AT_RULE,
                    place_of(source, Some(at)),
                    format!("`@property {name}` would change a token on the whole page"),
                )
                .hint("put it into the theme, or give the property a name of the component's own"),
            );
        }
    });
    for (rules, text) in [(parts.hoisted, hoisted), (parts.scoped, scoped)] {
        if rules.is_empty() {
            continue;
        }
        let sheet = StyleSheet::new(
            vec![String::new()],
            CssRuleList(rules),
            ParserOptions::default(),
        );
        match sheet.to_css(PrinterOptions::default()) {
            Ok(printed) => text.push_str(&printed.code),
            Err(error) => diagnostics.push(Diagnostic::error(
                code::CSS_SYNTAX,
                Place::whole(source.origin),
                format!("the style sheet cannot be printed: {}", error.kind),
            )),
        }
    }
}

/// Reports `@keyframes` of one name in the style sheets of two components: names are global to a
/// page, so one would replace the other. All themes that nodes use are looked at.
pub fn check_keyframes(site: &Site, diagnostics: &mut Diagnostics) {
    let themes: BTreeSet<&str> = site
        .nodes
        .keys()
        .map(|node| site.config.theme_of(node))
        .collect();
    let mut reported: BTreeSet<(Place, String)> = BTreeSet::new();
    for theme in themes {
        let mut taken: BTreeMap<String, (&str, Place)> = BTreeMap::new();
        for component in site.components.values() {
            for part in parts_of(site, theme, component) {
                for (name, place) in keyframes_of(&part) {
                    let Some((owner, first)) = taken.get(&name) else {
                        taken.insert(name, (&component.key, place));
                        continue;
                    };
                    if *owner == component.key || !reported.insert((place.clone(), name.clone())) {
                        continue;
                    }
                    diagnostics.push(
                        Diagnostic::error(
                            code::KEYFRAMES_TAKEN,
                            place,
                            format!("`@keyframes {name}` is also in the component `{owner}`"),
                        )
                        .hint(format!(
                            "call it `{}-{name}`",
                            component.key.replace('.', "-")
                        ))
                        .related(first.clone(), "the first is here"),
                    );
                }
            }
        }
    }
}

fn keyframes_of(part: &Part<'_>) -> Vec<(String, Place)> {
    if !part.text.to_ascii_lowercase().contains("keyframes") {
        return Vec::new();
    }
    let source = Source {
        origin: &part.origin,
        text: part.text,
    };
    // Errors are reported where the style sheet is built.
    let rules = sheet::parse(&source, &mut Diagnostics::new());
    let parts = rules
        .map(|rules| partition(rules, &mut Vec::new()))
        .unwrap_or_default();
    let mut names = Vec::new();
    for_each_rule(&parts.hoisted, &mut |rule| {
        if let CssRule::Keyframes(keyframes) = rule {
            let name = match &keyframes.name {
                KeyframesName::Ident(name) => name.0.to_string(),
                KeyframesName::Custom(name) => name.to_string(),
            };
            let at = (keyframes.loc.line, keyframes.loc.column);
            names.push((name, place_of(&source, Some(at))));
        }
    });
    names
}

/// The rules, and those within conditions and layers.
fn for_each_rule<'r, 'i>(rules: &'r [CssRule<'i>], visit: &mut dyn FnMut(&'r CssRule<'i>)) {
    for rule in rules {
        visit(rule);
        match rule {
            CssRule::Media(group) => for_each_rule(&group.rules.0, visit),
            CssRule::Supports(group) => for_each_rule(&group.rules.0, visit),
            CssRule::Container(group) => for_each_rule(&group.rules.0, visit),
            CssRule::LayerBlock(group) => for_each_rule(&group.rules.0, visit),
            CssRule::StartingStyle(group) => for_each_rule(&group.rules.0, visit),
            _ => {}
        }
    }
}
