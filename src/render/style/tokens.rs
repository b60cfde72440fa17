//! Tokens: defaults, a node's overrides, aliases, and the style sheet of custom properties.

use std::collections::{BTreeMap, BTreeSet};

use lightningcss::rules::layer::LayerStatementRule;
use lightningcss::rules::{CssRule, CssRuleList};

use super::sheet::{self, NOWHERE, Source};
use super::targets::Targets;
use super::urls::{Base, resolve_urls};
use super::value::{MAX_VALUE_BYTES, Piece, one_side, pieces, raw_problem, value_problem};
use crate::diag::{Diagnostic, Diagnostics, FieldPath, Place, code, did_you_mean};
use crate::model::{Node, Scheme, Site, Token, css_name};

/// Token key to resolved CSS value. Tokens that have no value, because of an error, are missing. For
/// a node with a fixed scheme, `light-dark(…)` is replaced by that side.
pub type TokenValues = BTreeMap<String, String>;

/// Checks what is true of tokens at every node, once a site: that each default is one CSS value, that
/// its aliases exist and lead to a value, and that no two tokens fold into one custom property.
pub fn check_tokens(site: &Site, diagnostics: &mut Diagnostics) {
    let mut names: BTreeMap<String, &Token> = BTreeMap::new();
    for token in site.tokens.values() {
        check_value(
            site,
            &token.key,
            &token.value,
            &default_place(token),
            diagnostics,
        );
        let name = css_name(&token.key);
        if let Some(first) = names.get(&name) {
            diagnostics.push(
                Diagnostic::error(
                    code::TOKEN_NAMES_FOLD,
                    Place::key(token.origin.clone(), FieldPath::from(token.key.as_str())),
                    format!("`{}` and `{}` would both be `{name}`", first.key, token.key),
                )
                .related(
                    Place::key(first.origin.clone(), FieldPath::from(first.key.as_str())),
                    "the first is here",
                ),
            );
        } else {
            names.insert(name, token);
        }
    }
    let mut rings = Diagnostics::new();
    let mut resolver = Resolver::new(site, None, &mut rings);
    for key in site.tokens.keys() {
        resolver.resolve(key);
    }
    // The rest of what is wrong may be mended by a node's overrides.
    for diagnostic in rings.iter().filter(|d| d.code == code::ALIAS_CYCLE) {
        diagnostics.push(diagnostic.clone());
    }
}

/// Applies the node's overrides, resolves aliases, and checks that each value is one CSS value.
/// Errors that the defaults have at every node are `check_tokens`'s to report.
pub fn resolve_tokens(site: &Site, node: &Node, diagnostics: &mut Diagnostics) -> TokenValues {
    for (key, value) in &node.style_overrides {
        let place = override_place(node, key);
        if !site.tokens.contains_key(key) {
            if !site.incomplete {
                let known = site.tokens.keys().map(String::as_str);
                diagnostics.push(
                    Diagnostic::error(
                        code::UNKNOWN_TOKEN,
                        Place::key(node.origin.clone(), override_field(key)),
                        format!("there is no token `{key}` to override"),
                    )
                    .hint_if(did_you_mean(key, known)),
                );
            }
            continue;
        }
        check_value(site, key, value, &place, diagnostics);
    }
    let mut resolver = Resolver::new(site, Some(node), diagnostics);
    for key in site.tokens.keys() {
        resolver.resolve(key);
    }
    resolver
        .states
        .into_iter()
        .filter_map(|(key, state)| match state {
            State::Value(value) => Some((key.to_string(), fixed(node.scheme, value))),
            State::Open | State::None => None,
        })
        .collect()
}

fn fixed(scheme: Scheme, value: String) -> String {
    match scheme {
        Scheme::Auto => value,
        Scheme::Light => one_side(&value, false),
        Scheme::Dark => one_side(&value, true),
    }
}

fn check_value(site: &Site, key: &str, value: &str, place: &Place, diagnostics: &mut Diagnostics) {
    if let Some(problem) = raw_problem(value) {
        diagnostics.push(bad_value(key, place.clone(), &problem));
    }
    for piece in pieces(value) {
        let Piece::Alias(alias) = piece else {
            continue;
        };
        if !site.tokens.contains_key(alias) && !site.incomplete {
            let known = site.tokens.keys().map(String::as_str);
            diagnostics.push(
                Diagnostic::error(
                    code::UNKNOWN_TOKEN,
                    place.clone(),
                    format!("the token `{key}` aliases `{alias}`, which does not exist"),
                )
                .hint_if(did_you_mean(alias, known)),
            );
        }
    }
}

fn bad_value(key: &str, place: Place, problem: &str) -> Diagnostic {
    Diagnostic::error(
        code::BAD_TOKEN_VALUE,
        place,
        format!("the value of the token `{key}` is not one CSS value: {problem}"),
    )
}

pub(super) fn default_place(token: &Token) -> Place {
    Place::value(
        token.origin.clone(),
        FieldPath::from(token.key.as_str()).then("value"),
    )
}

pub(super) fn override_place(node: &Node, key: &str) -> Place {
    Place::value(node.origin.clone(), override_field(key))
}

fn override_field(key: &str) -> FieldPath {
    FieldPath::from("style_overrides").then(key)
}

/// How many tokens may alias each other in a row. The resolver recurses, and tokens may come from rows
/// of a database.
const MAX_CHAIN: usize = 64;

enum State {
    /// Being resolved: coming back to it is a ring.
    Open,
    Value(String),
    /// It has no value; what was wrong is reported, or `check_tokens` reports it.
    None,
}

struct Resolver<'a> {
    site: &'a Site,
    /// Whose overrides count; `None` looks at the defaults alone.
    node: Option<&'a Node>,
    diagnostics: &'a mut Diagnostics,
    states: BTreeMap<&'a str, State>,
    /// The tokens being resolved, outermost first.
    path: Vec<&'a str>,
}

impl<'a> Resolver<'a> {
    fn new(
        site: &'a Site,
        node: Option<&'a Node>,
        diagnostics: &'a mut Diagnostics,
    ) -> Resolver<'a> {
        Resolver {
            site,
            node,
            diagnostics,
            states: BTreeMap::new(),
            path: Vec::new(),
        }
    }

    /// The node, where it overrides the token, and the value that it gives.
    fn overridden(&self, key: &str) -> Option<(&'a Node, &'a String)> {
        let node = self.node?;
        Some((node, node.style_overrides.get(key)?))
    }

    /// The value of a token, aliases resolved.
    fn resolve(&mut self, key: &str) -> Option<String> {
        let (key, token) = self.site.tokens.get_key_value(key)?;
        match self.states.get(key.as_str()) {
            Some(State::Value(value)) => return Some(value.clone()),
            Some(State::None) => return None,
            Some(State::Open) => {
                self.report_ring(key);
                return None;
            }
            None => {}
        }
        let overridden = self.overridden(key);
        let raw = overridden.map_or(&token.value, |(_, value)| value);
        let place = || match overridden {
            Some((node, _)) => override_place(node, key),
            None => default_place(token),
        };
        let state = if raw_problem(raw).is_some() {
            State::None
        } else if self.path.len() == MAX_CHAIN {
            let problem = format!("its aliases go on for more than {MAX_CHAIN} tokens");
            self.diagnostics.push(bad_value(key, place(), &problem));
            State::None
        } else {
            self.states.insert(key, State::Open);
            self.path.push(key);
            let expanded = self.expand(raw);
            self.path.pop();
            match expanded.map(|value| (value_problem(&value), value)) {
                None => State::None,
                Some((None, value)) => State::Value(value),
                Some((Some(problem), _)) => {
                    let at = self
                        .node
                        .map_or(String::new(), |node| format!(", at the node `{}`", node.id));
                    let problem = format!("with its aliases{at}, {problem}");
                    self.diagnostics.push(bad_value(key, place(), &problem));
                    State::None
                }
            }
        };
        let value = match &state {
            State::Value(value) => Some(value.clone()),
            _ => None,
        };
        self.states.insert(key, state);
        value
    }

    /// A value with every alias replaced; `None` where one has no value.
    fn expand(&mut self, raw: &str) -> Option<String> {
        let mut expanded = Some(String::with_capacity(raw.len()));
        for piece in pieces(raw) {
            let text = match piece {
                Piece::Text(text) => Some(text.to_string()),
                // Also after a failure, so that every ring is found.
                Piece::Alias(alias) => self.resolve(alias),
            };
            expanded = match (expanded, text) {
                // One byte more than allowed is enough to be refused, and keeps the size bounded.
                (Some(so_far), Some(_)) if so_far.len() > MAX_VALUE_BYTES => Some(so_far),
                (Some(so_far), Some(text)) => Some(so_far + &text),
                _ => None,
            };
        }
        expanded.map(|value| value.trim().to_string())
    }

    fn report_ring(&mut self, key: &str) {
        let start = self.path.iter().position(|open| *open == key).unwrap_or(0);
        let ring = &self.path[start..];
        let mut names: Vec<String> = ring.iter().map(|key| format!("`{key}`")).collect();
        names.push(format!("`{key}`"));
        // The place is one that this node can change. A ring of defaults is `check_tokens`'s to report.
        let overridden = ring
            .iter()
            .find_map(|key| self.overridden(key).map(|(node, _)| (node, key)));
        let (place, at) = match (overridden, self.site.tokens.get(key)) {
            (Some((node, key)), _) => (
                override_place(node, key),
                format!(" at the node `{}`", node.id),
            ),
            (None, Some(token)) if self.node.is_none() => (default_place(token), String::new()),
            (None, _) => return,
        };
        let members: BTreeSet<&str> = ring.iter().copied().collect();
        self.diagnostics.push(
            Diagnostic::error(
                code::ALIAS_CYCLE,
                place,
                format!(
                    "tokens alias each other in a circle{at}: {}",
                    names.join(" → ")
                ),
            )
            .hint(format!(
                "give one of {} a value of its own",
                quoted(&members)
            )),
        );
    }
}

fn quoted(names: &BTreeSet<&str>) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    names.join(", ")
}

/// The style sheet of a node: the order of the layers, its scheme, its tokens as custom properties
/// sorted by key, and its custom CSS in the layer `node`.
pub fn tokens_css(
    node: &Node,
    values: &TokenValues,
    targets: &Targets,
    diagnostics: &mut Diagnostics,
) -> String {
    let mut root = String::from(":root{color-scheme:");
    root.push_str(match node.scheme {
        Scheme::Light => "light",
        Scheme::Dark => "dark",
        Scheme::Auto => "light dark",
    });
    for (key, value) in values {
        root.push(';');
        let _ = cssparser::serialize_identifier(&css_name(key), &mut root);
        root.push(':');
        root.push_str(value);
    }
    root.push('}');
    let origin = match node.origin.strip_suffix(".toml") {
        Some(stem) => format!("{stem}.css"),
        None => node.origin.to_string(),
    };
    let layers = LayerStatementRule {
        names: ["base", "components", "node"]
            .map(sheet::layer_name)
            .to_vec(),
        loc: NOWHERE,
    };
    let mut rules = vec![CssRule::LayerStatement(layers)];
    match sheet::parse_own(&root) {
        Ok(own) => rules.extend(own.0),
        // Each value was parsed alone before; that none of them has a value must never pass silently.
        Err(problem) => diagnostics.push(Diagnostic::error(
            code::CSS_SYNTAX,
            Place::whole(node.origin.clone()),
            format!(
                "the tokens of the node `{}` cannot be compiled: {problem}",
                node.id
            ),
        )),
    }
    if let Some(text) = &node.custom_css {
        let source = Source {
            origin: &origin,
            text,
        };
        if let Some(custom) = custom_rules(&source, diagnostics) {
            rules.extend(sheet::in_layer("node", custom).0);
        }
    }
    sheet::print_or_report(CssRuleList(rules), targets, &origin, diagnostics).unwrap_or_default()
}

fn custom_rules<'a>(source: &Source<'a>, diagnostics: &mut Diagnostics) -> Option<CssRuleList<'a>> {
    let mut rules = sheet::parse(source, diagnostics)?;
    sheet::refuse_imports(
        &rules,
        source,
        "a node's custom CSS imports nothing",
        diagnostics,
    );
    resolve_urls(&mut rules, source, Base::Nowhere, &|_| None, diagnostics);
    Some(rules)
}
