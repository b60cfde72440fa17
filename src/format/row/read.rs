//! Rows to documents: nothing that a row says is trusted.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{
    BLOCKS_TABLE, BlockRow, COMPONENTS_TABLE, ComponentRow, NODES_TABLE, NodeRow, PAGES_TABLE,
    PageRow, TOKENS_TABLE, TokenRow, column, row_origin,
};
use crate::diag::{Code, Diagnostic, Diagnostics, FieldPath, Place, code, did_you_mean};
use crate::format::component::take_examples;
use crate::format::conflict::{conflict_at, conflicts};
use crate::format::fields::{Fallback, Field, Kind, Shape};
use crate::format::json::{read_json_table, read_table_within};
use crate::format::keys::BlockKeys;
use crate::format::node::scheme;
use crate::format::rules::{ANY, KEY, KEY_50, KEY_100, Rule, text_fault};
use crate::format::shape;
use crate::format::value::MAX_DEPTH;
use crate::model::{Block, Component, Node, Page, Scheme, Status, Table, TextList, Token, Value};

/// The page of a row; `None` where its key cannot be used. Another mistake costs only the field that
/// has it.
pub fn read_page_row(row: PageRow, diagnostics: &mut Diagnostics) -> Option<Page> {
    let mut reader = RowReader::new(PAGES_TABLE, &row.key, diagnostics);
    reader.key("key", &KEY, &row.key)?;
    let shape = &shape::PAGE;
    let page = Page {
        origin: reader.origin.clone(),
        app: reader.held("app", &KEY_50, row.app),
        name: reader.needed(shape, "name", Some(row.name)),
        route: reader.needed(shape, "route", Some(row.route)),
        layout: reader.needed(shape, "layout", Some(row.layout)),
        status: Status::parse(&reader.needed(shape, "status", row.status)).unwrap_or_default(),
        title: reader.text(shape, "title", row.title),
        description: reader.text(shape, "description", row.description),
        metadata: reader.table("metadata", row.metadata),
        blocks: read_blocks(&mut reader, &row.key, row.blocks),
        key: row.key,
    };
    Some(page)
}

fn read_blocks(reader: &mut RowReader<'_>, page: &str, rows: Vec<BlockRow>) -> Vec<Block> {
    let mut first: BTreeMap<&str, usize> = BTreeMap::new();
    let at = |index: usize| FieldPath::from("blocks").then(index);
    for (index, row) in rows.iter().enumerate() {
        let Some(key) = row.key.as_deref() else {
            continue;
        };
        if let Some(earlier) = first.insert(key, index) {
            let earlier = Place::value(reader.origin.clone(), at(earlier).then("key"));
            let place = Place::value(reader.origin.clone(), at(index).then("key"));
            let message = format!("two blocks have the key `{}`", key.escape_debug());
            let diagnostic = Diagnostic::error(code::DUPLICATE_KEY, place, message);
            let diagnostic = diagnostic.related(earlier, "the first is here");
            reader.diagnostics.push(diagnostic);
        }
    }
    let mut keys = BlockKeys::new(first.into_keys());
    let shape = &shape::BLOCK;
    let mut blocks = Vec::with_capacity(rows.len());
    reader.table = BLOCKS_TABLE;
    for (index, row) in rows.into_iter().enumerate() {
        reader.base = at(index);
        let named = row.component.is_some();
        let component = match row.component {
            Some(component) => reader.needed(shape, "component", Some(component)),
            None => String::new(),
        };
        let given = row.key.is_some();
        let key = match reader.text(shape, "key", row.key) {
            Some(key) => key,
            None => keys.next(&component),
        };
        if !given && key.len() > component.len() {
            reader.check("key", &KEY, &key);
        }
        if !named {
            let message = format!(
                "the block `{}` of the page `{}` has no component",
                key.escape_debug(),
                page.escape_debug()
            );
            reader.report(code::MISSING_KEY, "component", message, None);
        }
        blocks.push(Block {
            key,
            component,
            zone: reader.needed(shape, "zone", Some(row.zone)),
            props: reader.table("props", row.props),
            conditions: reader.table("conditions", row.conditions),
        });
    }
    blocks
}

/// The component of a row; `None` where its key cannot be used. Another mistake costs only the field
/// that has it.
pub fn read_component_row(row: ComponentRow, diagnostics: &mut Diagnostics) -> Option<Component> {
    let mut reader = RowReader::new(COMPONENTS_TABLE, &row.key, diagnostics);
    reader.key("key", &KEY, &row.key)?;
    let shape = &shape::COMPONENT;
    // The props of an example are three levels deeper here than in a file.
    let levels = MAX_DEPTH + 3;
    let mut metadata = reader.table_within("metadata", row.metadata, levels);
    let examples = take_examples(&mut metadata);
    if levels_of(&metadata) > MAX_DEPTH {
        let message = format!("tables and arrays are nested more than {MAX_DEPTH} levels deep");
        reader.report(code::TOO_DEEP, "metadata", message, None);
        metadata = Table::new();
    }
    let component = Component {
        origin: reader.origin.clone(),
        name: reader.needed(shape, "name", Some(row.name)),
        kind: reader.needed(shape, "type", Some(row.kind)),
        version: reader.needed(shape, "version", row.version),
        published: row.published.unwrap_or_default(),
        dependencies: reader.text_list(shape, "dependencies", row.dependencies),
        preview_url: reader.text(shape, "preview_url", row.preview_url),
        props: reader.table("props", row.props),
        metadata,
        examples,
        template: reader.part("template", row.template),
        styles: reader.part("styles", row.styles),
        react: reader.part("react", row.react),
        is_jsx: false,
        key: row.key,
    };
    Some(component)
}

/// The token of a row; `None` where its key cannot be used. Another mistake costs only the field that
/// has it.
pub fn read_token_row(row: TokenRow, diagnostics: &mut Diagnostics) -> Option<Token> {
    let mut reader = RowReader::new(TOKENS_TABLE, &row.key, diagnostics);
    reader.key("key", &KEY, &row.key)?;
    let shape = &shape::TOKEN;
    let token = Token {
        origin: reader.origin.clone(),
        category: reader.held("category", &KEY_50, row.category),
        value: reader.needed(shape, "value", Some(row.value)),
        description: reader.text(shape, "description", row.description),
        key: row.key,
    };
    Some(token)
}

/// The node of a row; `None` where its id cannot be used. Another mistake costs only the field that
/// has it.
pub fn read_node_row(row: NodeRow, diagnostics: &mut Diagnostics) -> Option<Node> {
    let mut reader = RowReader::new(NODES_TABLE, &row.id, diagnostics);
    reader.key("id", &KEY_100, &row.id)?;
    let shape = &shape::NODE;
    let overrides = reader.table("style_overrides", row.style_overrides);
    let (scheme, style_overrides) = read_overrides(&mut reader, overrides);
    let node = Node {
        origin: reader.origin.clone(),
        name: reader.needed(shape, "name", Some(row.name)),
        enabled_apps: reader.text_list(shape, "enabled_apps", row.enabled_apps),
        scheme,
        style_overrides,
        custom_css: reader.part("custom_css", row.custom_css),
        custom_scripts: reader.part("custom_scripts", row.custom_scripts),
        id: row.id,
    };
    Some(node)
}

fn read_overrides(reader: &mut RowReader<'_>, table: Table) -> (Scheme, BTreeMap<String, String>) {
    let mut chosen = Scheme::Auto;
    let mut overrides = BTreeMap::new();
    for (name, value) in table {
        reader.base = FieldPath::from("style_overrides");
        let Value::Text(text) = value else {
            let message = format!(
                "`{}`: expected a string, found {}",
                name.escape_debug(),
                article(value.type_name())
            );
            reader.report(code::WRONG_TYPE, &name, message, None);
            continue;
        };
        if name == "theme" {
            match scheme(&text) {
                Ok(named) => chosen = named,
                Err((message, hint)) => {
                    reader.report(code::BAD_VALUE, &name, message, Some(hint));
                }
            }
            continue;
        }
        let path = reader.base.then(name.as_str());
        if let Some((code, message, hint)) = text_fault("token key", &KEY, &name) {
            let place = Place::key(reader.origin.clone(), path);
            let diagnostic = Diagnostic::error(code, place, message).hint_if(hint);
            reader.diagnostics.push(diagnostic);
        }
        reader.check(&name, &ANY, &text);
        overrides.insert(name, text);
    }
    reader.base = FieldPath::default();
    (chosen, overrides)
}

fn article(noun: &str) -> String {
    match noun {
        "null" => noun.to_string(),
        "array" | "integer" => format!("an {noun}"),
        _ => format!("a {noun}"),
    }
}

/// How many levels of tables and arrays a table has, itself included.
fn levels_of(table: &Table) -> usize {
    fn below(value: &Value) -> usize {
        match value {
            Value::Array(items) => 1 + items.iter().map(below).max().unwrap_or(0),
            Value::Table(table) => levels_of(table),
            _ => 0,
        }
    }
    1 + table.values().map(below).max().unwrap_or(0)
}

/// What the reading of one row needs to know.
struct RowReader<'a> {
    origin: Arc<str>,
    table: &'static str,
    /// The part of the document that is read.
    base: FieldPath,
    diagnostics: &'a mut Diagnostics,
}

impl<'a> RowReader<'a> {
    fn new(table: &'static str, key: &str, diagnostics: &'a mut Diagnostics) -> RowReader<'a> {
        RowReader {
            origin: row_origin(table, key),
            table,
            base: FieldPath::default(),
            diagnostics,
        }
    }

    fn report(&mut self, code: Code, field: &str, message: String, hint: Option<String>) {
        let place = Place::value(self.origin.clone(), self.base.then(field));
        let diagnostic = Diagnostic::error(code, place, message).hint_if(hint);
        self.diagnostics.push(diagnostic);
    }

    /// Reports a text that its rule does not allow; whether there was nothing to report.
    fn check(&mut self, field: &str, rule: &Rule, text: &str) -> bool {
        match text_fault(column(self.table, field), rule, text) {
            Some((code, message, hint)) => {
                self.report(code, field, message, hint);
                false
            }
            None => true,
        }
    }

    /// `None` where the key of the row cannot be used.
    fn key(&mut self, field: &str, rule: &Rule, key: &str) -> Option<()> {
        self.check(field, rule, key).then_some(())
    }

    /// A text that a file has in its path; empty where it is not allowed.
    fn held(&mut self, field: &str, rule: &Rule, text: String) -> String {
        match self.check(field, rule, &text) {
            true => text,
            false => String::new(),
        }
    }

    /// A text that is required or has a default; empty where neither is there.
    fn needed(&mut self, shape: &'static Shape, field: &str, text: Option<String>) -> String {
        self.text(shape, field, text).unwrap_or_default()
    }

    /// A text, or its default.
    fn text(&mut self, shape: &'static Shape, name: &str, text: Option<String>) -> Option<String> {
        let field = shape.field(name);
        let default = match field.default {
            Fallback::Text(text) => Some(text.to_string()),
            _ => None,
        };
        let Some(text) = text else {
            return default;
        };
        self.check_field(field, &text);
        match field.kind.allows(&text) {
            true => Some(text),
            false => default,
        }
    }

    fn check_field(&mut self, field: &'static Field, text: &str) {
        match &field.kind {
            Kind::Text(rule) => {
                self.check(field.name, rule, text);
            }
            Kind::OneOf(allowed) if !allowed.contains(&text) => {
                let message = format!(
                    "`{}` is no `{}`: {}",
                    text.escape_debug(),
                    column(self.table, field.name),
                    allowed.join(", ")
                );
                let hint = did_you_mean(text, allowed.iter().copied());
                self.report(code::BAD_VALUE, field.name, message, hint);
            }
            _ => {}
        }
    }

    fn text_list(
        &mut self,
        shape: &'static Shape,
        name: &str,
        elements: Option<Vec<Option<String>>>,
    ) -> TextList {
        let elements = elements.unwrap_or_default();
        if let Kind::TextsOrNull(rule, unique) = &shape.field(name).kind {
            let mut seen: BTreeSet<&str> = BTreeSet::new();
            let shown = column(self.table, name);
            for (index, text) in elements.iter().enumerate() {
                let Some(text) = text else {
                    continue;
                };
                let place = || Place::value(self.origin.clone(), FieldPath::from(name).then(index));
                if let Some((code, message, hint)) = text_fault(shown, rule, text) {
                    let diagnostic = Diagnostic::error(code, place(), message).hint_if(hint);
                    self.diagnostics.push(diagnostic);
                }
                if *unique && !seen.insert(text) {
                    let message = format!("`{}` is given twice", text.escape_debug());
                    let diagnostic = Diagnostic::error(code::BAD_VALUE, place(), message);
                    self.diagnostics.push(diagnostic);
                }
            }
        }
        elements.into()
    }

    /// The table of a JSON column; empty where it is `NULL` or wrong.
    fn table(&mut self, field: &str, json: Option<String>) -> Table {
        self.table_within(field, json, MAX_DEPTH)
    }

    fn table_within(&mut self, field: &str, json: Option<String>, levels: usize) -> Table {
        let Some(json) = json else {
            return Table::new();
        };
        let read = match levels {
            MAX_DEPTH => read_json_table(&json),
            levels => read_table_within(&json, levels),
        };
        let problem = match read {
            Ok(table) => match has_nul(&table) {
                false => return table,
                true => (
                    code::BAD_VALUE,
                    FieldPath::default(),
                    "a text has the character U+0000, which a database cannot hold".to_string(),
                ),
            },
            Err(problem) => (problem.code, problem.field, problem.message),
        };
        let (code, within, message) = problem;
        let mut path = self.base.then(field);
        path.0.extend(within.0);
        let place = Place::value(self.origin.clone(), path);
        let message = format!("`{}`: {message}", column(self.table, field));
        self.diagnostics
            .push(Diagnostic::error(code, place, message));
        Table::new()
    }

    /// What a file has in a sibling, and may not have conflict markers.
    fn part(&mut self, field: &str, text: Option<String>) -> Option<String> {
        let text = text?;
        self.check(field, &ANY, &text);
        for _ in conflicts(&text) {
            let place = Place::value(self.origin.clone(), self.base.then(field));
            self.diagnostics.push(conflict_at(place));
        }
        Some(text)
    }
}

/// Whether a key or a text has U+0000; no recursion deeper than the levels of the table.
fn has_nul(table: &Table) -> bool {
    fn value_has_nul(value: &Value) -> bool {
        match value {
            Value::Text(text) => text.contains('\0'),
            Value::Array(items) => items.iter().any(value_has_nul),
            Value::Table(table) => has_nul(table),
            _ => false,
        }
    }
    table
        .iter()
        .any(|(key, value)| key.contains('\0') || value_has_nul(value))
}
