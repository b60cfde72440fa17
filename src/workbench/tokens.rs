//! The page of tokens: what each is at every node, where it is used, and whether the colours can be read
//! on each other.

mod matrix;
mod places;

use std::collections::BTreeMap;

use minijinja::context;
use minijinja::value::Value as Rendered;

use super::frame::{Tab, fill, frame};
use super::words::{MOST_NODES, node_links};
use crate::diag::{Diagnostics, did_you_mean};
use crate::model::{Node, Scheme, Site, Token, css_name};
use crate::render::style::{TokenValues, accepts, paint, resolve_tokens};
use matrix::{Matrix, RULE, matrix, schemes};
use places::{Place, places};

const PAGE: &str = include_str!("tokens/tokens.html");

/// How many places of a token are named.
const MOST_PLACES: usize = 60;
/// The longest value that is shown, in characters.
const MOST_SHOWN: usize = 300;

/// The page of tokens; `node` shows one node alone, and `None` the first six. Values that are not one
/// CSS value are shown as text, and never used as one. `round` is the one that the site is of.
pub fn page(site: &Site, round: u64, node: Option<&str>) -> String {
    let asked = node.and_then(|node| site.nodes.get(node));
    let nodes: Vec<&Node> = match asked {
        Some(node) => vec![node],
        None => site.nodes.values().take(MOST_NODES).collect(),
    };
    let values: Vec<TokenValues> = nodes
        .iter()
        .map(|node| resolve_tokens(site, node, &mut Diagnostics::new()))
        .collect();
    let places = places(site);
    let mut categories: BTreeMap<&str, Vec<Rendered>> = BTreeMap::new();
    for token in site.tokens.values() {
        let cells: Vec<Rendered> = nodes
            .iter()
            .zip(&values)
            .map(|(node, values)| cell(token, node, values))
            .collect();
        let used = places
            .get(token.key.as_str())
            .map_or(&[][..], Vec::as_slice);
        let category = categories.entry(&token.category).or_default();
        category.push(row(token, cells, used));
    }
    let unused = site
        .tokens
        .keys()
        .filter(|key| !places.contains_key(key.as_str()));
    let matrices: Vec<Rendered> = nodes
        .iter()
        .zip(&values)
        .flat_map(|(node, values)| {
            schemes(node).iter().map(|&scheme| {
                let matrix = matrix(site, node, values, scheme);
                shown_matrix(node, &matrix)
            })
        })
        .collect();
    let missing = node.filter(|_| asked.is_none());
    let known = site.nodes.keys().map(String::as_str);
    let body = fill(
        PAGE,
        context! {
            missing => missing,
            hint => missing.and_then(|node| did_you_mean(node, known)),
            count => site.tokens.len(),
            unused => unused.count(),
            nodes => node_links(site, "/_rb/tokens", asked, true),
            columns => nodes.iter().map(|node| column(node)).collect::<Vec<_>>(),
            categories => categories
                .into_iter()
                .map(|(name, tokens)| context! { name => name, tokens => tokens })
                .collect::<Vec<_>>(),
            rule => RULE,
            matrices => matrices,
        },
    );
    frame("Tokens", Tab::Tokens, Some(round), &body)
}

fn column(node: &Node) -> Rendered {
    context! { id => &node.id, name => &node.name, scheme => node.scheme.as_str() }
}

fn row(token: &Token, cells: Vec<Rendered>, used: &[Place]) -> Rendered {
    let name = css_name(&token.key);
    let named: Vec<Rendered> = used
        .iter()
        .take(MOST_PLACES)
        .map(|place| context! { name => &place.name, count => place.count })
        .collect();
    context! {
        text => format!("{} {name} {} {}", token.key, token.category, token.value),
        key => &token.key,
        name => name,
        raw => shown(&token.value),
        description => token.description.as_deref(),
        origin => token.origin.to_string(),
        cells => cells,
        uses => used.iter().map(|place| place.count).sum::<usize>(),
        more_places => used.len().saturating_sub(MOST_PLACES),
        places => named,
    }
}

/// A token at a node: its value, and how it looks.
fn cell(token: &Token, node: &Node, values: &TokenValues) -> Rendered {
    let value = values.get(&token.key);
    let paints = schemes(node).iter().filter_map(|&scheme| {
        let paint = paint(value?, scheme == Scheme::Dark)?;
        Some((scheme.as_str(), paint.hex))
    });
    let (names, hexes): (Vec<&str>, Vec<String>) = paints.unzip();
    let swatches: Vec<Rendered> = names
        .iter()
        .zip(&hexes)
        .map(|(scheme, hex)| context! { hex => hex, scheme => *scheme })
        .collect();
    let look = value.filter(|_| swatches.is_empty());
    // The colour that is shown says it already, unless it was written in another way.
    let is_said = match (&*hexes, value) {
        ([hex], Some(value)) => hex.eq_ignore_ascii_case(value),
        _ => false,
    };
    context! {
        value => value.map(|value| shown(value)),
        is_said => is_said,
        // What stands in a style is the value as it was accepted.
        css => value,
        look => look.and_then(|value| look_of(token, value)),
        overridden => node.style_overrides.get(&token.key).map(|value| shown(value)),
        scheme => node.scheme.as_str(),
        swatches => swatches,
    }
}

/// How a value is best seen: by what the token's name says that it is for, where its value is just that.
fn look_of(token: &Token, value: &str) -> Option<&'static str> {
    let name = format!("{}.{}", token.category, token.key).to_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| name.contains(word));
    let looks: [(&'static str, &[&str], &str); 6] = [
        ("shadow", &["shadow", "elevation"], "box-shadow"),
        ("radius", &["radi", "round", "corner"], "border-radius"),
        ("weight", &["weight"], "font-weight"),
        (
            "leading",
            &["leading", "line-height", "lineheight"],
            "line-height",
        ),
        ("size", &["font", "text", "type"], "font-size"),
        ("family", &["font", "family", "type"], "font-family"),
    ];
    let named = looks
        .into_iter()
        .find(|(_, words, property)| has(words) && accepts(property, value));
    match named {
        Some((look, ..)) => Some(look),
        None => accepts("width", value).then_some("length"),
    }
}

fn shown_matrix(node: &Node, matrix: &Matrix) -> Rendered {
    let rows: Vec<Rendered> = matrix
        .rows
        .iter()
        .map(|(key, cells)| {
            let cells: Vec<Rendered> = cells
                .iter()
                .map(|cell| match cell {
                    None => Rendered::from(()),
                    Some(cell) => context! {
                        ratio => format!("{:.2}", cell.ratio),
                        grade => cell.grade(),
                        foreground => &cell.foreground,
                        background => &cell.background,
                        minimum => cell.minimum.map(|minimum| minimum.to_string()),
                        is_low => cell.minimum.is_some_and(|minimum| cell.ratio < minimum),
                    },
                })
                .collect();
            context! { key => key, cells => cells }
        })
        .collect();
    context! {
        node => &node.name,
        id => &node.id,
        scheme => matrix.scheme.as_str(),
        columns => &matrix.columns,
        rows => rows,
        left_out => matrix.left_out,
    }
}

fn shown(text: &str) -> String {
    match text.char_indices().nth(MOST_SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_string(),
    }
}
