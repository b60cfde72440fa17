//! The gallery: every component with its examples at every node, and a form to try other props.

mod least;
mod sample;
mod schema;

use minijinja::context;
use minijinja::value::Value as Rendered;

use super::frame::{Tab, fill, frame, safe};
use super::words::{MOST_NODES, encoded, first_value, node_links};
use crate::diag::did_you_mean;
use crate::format::write_json_table;
use crate::model::{Component, Example, Node, Site, Value};
use least::least_props;
pub use sample::{sample, sample_policy};
use schema::rows;

const LIST: &str = include_str!("gallery/list.html");
const DETAIL: &str = include_str!("gallery/detail.html");
/// The form and the frames of one component.
pub(super) const SCRIPT: &str = include_str!("gallery/gallery.js");

/// The gallery page. In the query, `component` asks for one component, and each `node` for a node to
/// show it at; without one, the first six. `round` is the one that the site is of.
pub fn page(site: &Site, round: u64, query: &[(String, String)]) -> String {
    let key = first_value(query, "component");
    match key.and_then(|key| site.components.get(key)) {
        Some(component) => detail(site, round, component, query),
        None => list(site, round, key, query),
    }
}

fn list(site: &Site, round: u64, missing: Option<&str>, query: &[(String, String)]) -> String {
    let nodes = shown_nodes(site, query);
    let node = nodes.first().copied();
    let mut groups: Vec<(&str, Vec<Rendered>)> = Vec::new();
    let mut components: Vec<&Component> = site.components.values().collect();
    components.sort_by_key(|component| (&component.kind, &component.name));
    for component in components {
        let card = context! {
            ..summary(component),
            ..context! {
                preview => node.map(|node| sample_url(node, component, 0)),
                text => format!("{} {} {}", component.name, component.key, component.kind),
            }
        };
        match groups.last_mut() {
            Some((kind, cards)) if *kind == component.kind => cards.push(card),
            _ => groups.push((&component.kind, vec![card])),
        }
    }
    let groups: Vec<Rendered> = groups
        .into_iter()
        .map(|(kind, cards)| context! { kind => kind, cards => cards })
        .collect();
    let known = site.components.keys().map(String::as_str);
    let body = fill(
        LIST,
        context! {
            missing => missing,
            hint => missing.and_then(|key| did_you_mean(key, known)),
            count => site.components.len(),
            groups => groups,
            nodes => node_links(site, "/_rb/gallery", node, false),
        },
    );
    frame("Gallery", Tab::Gallery, Some(round), &body)
}

fn detail(site: &Site, round: u64, component: &Component, query: &[(String, String)]) -> String {
    let nodes = shown_nodes(site, query);
    let alone = match nodes.as_slice() {
        [one] => Some(*one),
        _ => None,
    };
    let examples = examples_of(component);
    let shown: Vec<Rendered> = examples
        .iter()
        .enumerate()
        .map(|(index, example)| {
            let frames: Vec<Rendered> = nodes
                .iter()
                .map(|node| {
                    context! {
                        node => &node.id,
                        name => &node.name,
                        url => sample_url(node, component, index),
                    }
                })
                .collect();
            context! {
                index => index,
                name => &example.name,
                props => write_json_table(&example.props),
                frames => frames,
            }
        })
        .collect();
    let rows: Vec<Rendered> = rows(&component.props)
        .into_iter()
        .map(|row| {
            context! {
                name => row.name,
                kind => row.kind,
                required => row.required,
                default => row.default,
                description => row.description,
            }
        })
        .collect();
    let body = fill(
        DETAIL,
        context! {
            ..summary(component),
            ..context! {
                has_examples => !component.examples.is_empty(),
                examples => shown,
                rows => rows,
                schema => write_json_table(&component.props),
                nodes => node_links(site, &url_of(component), alone, true),
                script => safe(SCRIPT),
            }
        },
    );
    frame(&component.name, Tab::Gallery, Some(round), &body)
}

/// What the list and the page of a component both say.
fn summary(component: &Component) -> Rendered {
    let description = ["description", "text"]
        .into_iter()
        .find_map(|key| component.metadata.get(key).or(component.props.get(key)))
        .and_then(Value::as_text);
    context! {
        key => &component.key,
        url => url_of(component),
        name => &component.name,
        kind => &component.kind,
        version => &component.version,
        published => component.published,
        is_react => component.template.is_none() && component.react.is_some(),
        origin => component.origin.to_string(),
        description => description,
        examples_count => component.examples.len(),
    }
}

/// The examples of a component; where it has none, one that its schema gives.
fn examples_of(component: &Component) -> Vec<Example> {
    match component.examples.is_empty() {
        false => component.examples.clone(),
        true => vec![Example {
            name: "What the schema gives".into(),
            props: least_props(&component.props),
        }],
    }
}

/// The nodes that the query names, else the first few.
fn shown_nodes<'a>(site: &'a Site, query: &[(String, String)]) -> Vec<&'a Node> {
    let named = query.iter().filter(|(name, _)| name == "node");
    let mut named: Vec<&Node> = named.filter_map(|(_, node)| site.nodes.get(node)).collect();
    named.sort_by_key(|node| &node.id);
    named.dedup_by_key(|node| &node.id);
    match named.is_empty() {
        false => named,
        true => site.nodes.values().take(MOST_NODES).collect(),
    }
}

fn url_of(component: &Component) -> String {
    format!("/_rb/gallery?component={}", encoded(&component.key))
}

fn sample_url(node: &Node, component: &Component, example: usize) -> String {
    format!(
        "/_rb/sample?node={}&component={}&example={example}",
        encoded(&node.id),
        encoded(&component.key)
    )
}
