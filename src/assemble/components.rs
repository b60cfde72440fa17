//! Checks components: their JSON Schemas, their examples, and that each used one can be rendered;
//! and the props of every block against them.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use jsonschema::error::ValidationErrorKind;
use jsonschema::{ValidationError, Validator};
use rayon::prelude::*;

use crate::diag::{Diagnostic, Diagnostics, FieldPath, Place, Step, code, did_you_mean};
use crate::model::{Component, Hydrate, Page, Site, Status, Table, Value};

/// The validators of components, each made when it is first needed.
pub struct Validators<'a> {
    components: BTreeMap<&'a str, (&'a Component, OnceLock<Option<Validator>>)>,
}

impl<'a> Validators<'a> {
    /// For these components; of two with one key, the first.
    pub fn new(components: impl Iterator<Item = &'a Component>) -> Validators<'a> {
        let mut by_key = BTreeMap::new();
        for component in components {
            by_key
                .entry(component.key.as_str())
                .or_insert_with(|| (component, OnceLock::new()));
        }
        Validators { components: by_key }
    }

    /// The schema and the examples of every component.
    pub fn check_components(&self, diagnostics: &mut Diagnostics) {
        for (component, validator) in self.components.values() {
            check_hydrate(component, diagnostics);
            match compile(component) {
                Err(found) => diagnostics.extend(found),
                Ok(compiled) => {
                    for (index, example) in component.examples.iter().enumerate() {
                        let field = FieldPath::from("examples").then(index).then("props");
                        let subject = format!("example `{}`", example.name);
                        check_props(
                            &compiled,
                            component,
                            &example.props,
                            &component.origin,
                            &field,
                            &subject,
                            diagnostics,
                        );
                    }
                    let _ = validator.set(Some(compiled));
                }
            }
        }
    }

    /// The props of the blocks of a page, unless it is archived. What is wrong with a schema is
    /// wrong with no page.
    pub fn check_page(&self, page: &Page, diagnostics: &mut Diagnostics) {
        if page.status == Status::Archived {
            return;
        }
        for (index, block) in page.blocks.iter().enumerate() {
            let Some((component, validator)) = self.components.get(block.component.as_str()) else {
                continue;
            };
            let Some(validator) = validator.get_or_init(|| compile(component).ok()) else {
                continue;
            };
            check_props(
                validator,
                component,
                &block.props,
                &page.origin,
                &FieldPath::from("blocks").then(index).then("props"),
                &format!("block `{}`", block.key),
                diagnostics,
            );
        }
    }
}

/// What `metadata.hydrate` of a component says, which is free for those that are no React code.
fn check_hydrate(component: &Component, diagnostics: &mut Diagnostics) {
    let Some(said) = component.metadata.get("hydrate") else {
        return;
    };
    if component.react.is_none() || component.hydrate().is_some() {
        return;
    }
    let names = Hydrate::NAMES.map(|(name, _)| name);
    let field = FieldPath::from("metadata").then("hydrate");
    let place = Place::value(Arc::clone(&component.origin), field);
    diagnostics.push(
        Diagnostic::error(
            code::BAD_VALUE,
            place,
            format!("`hydrate` is one of {}", names.join(", ")),
        )
        .hint_if(did_you_mean(said.as_text().unwrap_or_default(), names)),
    );
}

/// Whether the components that pages use can be used.
pub fn check_uses(site: &Site, pages: &[&Page], diagnostics: &mut Diagnostics) {
    let found: Vec<Diagnostics> = pages
        .par_iter()
        .map(|page| check_page(site, page))
        .filter(|found| !found.is_empty())
        .collect();
    found.into_iter().for_each(|part| diagnostics.extend(part));
}

/// The validator of a component's props, or all that is wrong with their schema.
fn compile(component: &Component) -> Result<Validator, Diagnostics> {
    let schema = Value::Table(component.props.clone()).to_json();
    let fault = |error: &ValidationError<'_>| {
        let field = pointer(&FieldPath::from("props"), error.instance_path().as_str());
        Diagnostic::error(
            code::BAD_SCHEMA,
            Place::value(Arc::clone(&component.origin), field),
            format!(
                "`[props]` is no JSON Schema: {}",
                shortened(&error.to_string())
            ),
        )
    };
    jsonschema::options().build(&schema).map_err(|first| {
        // The builder stops at the first; the schema of schemas tells all that it sees.
        let mut found = Diagnostics::new();
        if let Ok(meta) = jsonschema::meta::validator_for(&schema) {
            meta.iter_errors(&schema)
                .for_each(|error| found.push(fault(&error)));
        }
        if found.is_empty() {
            found.push(fault(&first));
        }
        found
    })
}

fn check_page(site: &Site, page: &Page) -> Diagnostics {
    let mut diagnostics = Diagnostics::new();
    if page.status == Status::Archived {
        return diagnostics;
    }
    for (index, block) in page.blocks.iter().enumerate() {
        let field = FieldPath::from("blocks").then(index);
        let place = || Place::value(Arc::clone(&page.origin), field.then("component"));
        let Some(component) = site.components.get(&block.component) else {
            // An empty name has been reported as missing.
            if !site.incomplete && !block.component.is_empty() {
                diagnostics.push(
                    Diagnostic::error(
                        code::UNKNOWN_COMPONENT,
                        place(),
                        format!("there is no component `{}`", block.component),
                    )
                    .hint_if(
                        did_you_mean(&block.component, site.components.keys().map(String::as_str))
                            .or_else(|| {
                                Some(format!(
                                    "make one with `rbgen new component {}`",
                                    block.component
                                ))
                            }),
                    ),
                );
            }
            continue;
        };
        if !component.published && page.status == Status::Published {
            diagnostics.push(
                Diagnostic::error(
                    code::UNPUBLISHED_COMPONENT,
                    place(),
                    format!("the component `{}` is not published", component.key),
                )
                .hint(match component.is_row() {
                    true => "set `is_published` of the component, or the page to `draft`",
                    false => "set `published = true` in the component, or the page to `draft`",
                }),
            );
        }
        let is_rendered = component.template.is_some() || component.react.is_some();
        if !is_rendered && !in_a_theme(site, component) {
            diagnostics.push(
                Diagnostic::error(
                    code::NO_TEMPLATE,
                    place(),
                    format!("the component `{}` has no template", component.key),
                )
                .hint(template_hint(component)),
            );
        }
    }
    diagnostics
}

/// Where a template of the component belongs.
fn template_hint(component: &Component) -> String {
    match component.is_row() {
        true => format!("set the column `template` of `{}`", component.origin),
        false => format!("add `{}`", component.part_origin("html")),
    }
}

/// Whether some theme has a template for the component.
fn in_a_theme(site: &Site, component: &Component) -> bool {
    let path = format!("components/{}.html", component.key);
    site.themes
        .values()
        .any(|theme| theme.texts.contains_key(&path))
}

/// Props with the defaults of the schema, as a template will see them, for the schema to look at.
/// They are copied once: every text of the site goes through here.
fn with_defaults(schema: &Table, props: &Table) -> serde_json::Value {
    let mut merged: BTreeMap<&str, &Value> = props
        .iter()
        .map(|(name, value)| (name.as_str(), value))
        .collect();
    let declared = schema.get("properties").and_then(Value::as_table);
    for (name, property) in declared.into_iter().flatten() {
        let default = property
            .as_table()
            .and_then(|property| property.get("default"));
        if let Some(default) = default {
            merged.entry(name).or_insert(default);
        }
    }
    merged
        .into_iter()
        .map(|(name, value)| (name.to_string(), value.to_json()))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

fn check_props(
    validator: &Validator,
    component: &Component,
    props: &Table,
    origin: &Arc<str>,
    field: &FieldPath,
    subject: &str,
    diagnostics: &mut Diagnostics,
) {
    let instance = with_defaults(&component.props, props);
    if validator.is_valid(&instance) {
        return;
    }
    for error in validator.iter_errors(&instance) {
        let at = pointer(field, error.instance_path().as_str());
        let component_name = &component.key;
        match error.kind() {
            ValidationErrorKind::AdditionalProperties { unexpected } => {
                let known = known_props(&component.props, error.instance_path().as_str());
                for name in unexpected {
                    diagnostics.push(
                        Diagnostic::error(
                            code::BAD_PROPS,
                            Place::key(Arc::clone(origin), at.then(name.as_str())),
                            format!("{subject}: component `{component_name}` has no prop `{name}`"),
                        )
                        .hint_if(did_you_mean(name, known.iter().map(String::as_str))),
                    );
                }
            }
            ValidationErrorKind::Required { property } => diagnostics.push(Diagnostic::error(
                code::BAD_PROPS,
                Place::value(Arc::clone(origin), at),
                format!(
                    "{subject}: component `{component_name}` needs the prop `{}`",
                    property.as_str().unwrap_or_default()
                ),
            )),
            _ => diagnostics.push(Diagnostic::error(
                code::BAD_PROPS,
                Place::value(Arc::clone(origin), at),
                format!("{subject}: {}", shortened(&error.to_string())),
            )),
        }
    }
}

/// A validator quotes the whole value; a person needs its beginning.
fn shortened(message: &str) -> String {
    const MOST: usize = 200;
    if message.chars().count() <= MOST {
        return message.to_string();
    }
    let head: String = message.chars().take(MOST / 2).collect();
    let tail: Vec<char> = message.chars().rev().take(MOST / 2).collect();
    format!("{head} … {}", tail.into_iter().rev().collect::<String>())
}

/// The names of props that the schema declares at a JSON pointer into the instance.
fn known_props(schema: &Table, instance_pointer: &str) -> Vec<String> {
    let mut here = schema;
    for part in instance_pointer.split('/').skip(1) {
        let inner = here
            .get("properties")
            .and_then(Value::as_table)
            .and_then(|properties| properties.get(part))
            .or_else(|| here.get("items"));
        match inner.and_then(Value::as_table) {
            Some(table) => here = table,
            None => return Vec::new(),
        }
    }
    match here.get("properties").and_then(Value::as_table) {
        Some(properties) => properties.keys().cloned().collect(),
        None => Vec::new(),
    }
}

/// A field path, extended by a JSON pointer (RFC 6901).
fn pointer(field: &FieldPath, pointer: &str) -> FieldPath {
    let mut path = field.clone();
    for part in pointer.split('/').skip(1) {
        let part = part.replace("~1", "/").replace("~0", "~");
        path.0.push(match part.parse() {
            Ok(index) => Step::Index(index),
            Err(_) => Step::Key(part),
        });
    }
    path
}
