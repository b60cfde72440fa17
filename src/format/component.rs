//! Components: `content/components/<key>.toml` with its siblings `.html`, `.css`, `.tsx` or `.jsx`.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use toml::Spanned;
use toml::de::DeValue;

use super::DataFile;
use super::conflict::{conflict_at, conflicts};
use super::fields::{Fields, check};
use super::reader::Reader;
use super::rules::{KEY, NAME, text_fault};
use super::shape;
use crate::diag::{Diagnostic, Diagnostics, Place, code};
use crate::model::{Component, Example, Table, Value};

/// The files of a component.
pub struct ComponentFile<'a> {
    /// The path of the `.toml`.
    pub origin: &'a Arc<str>,
    pub key: &'a str,
    pub text: &'a str,
    /// The text of `<key>.html`.
    pub template: Option<String>,
    /// The text of `<key>.css`.
    pub styles: Option<String>,
    /// The text of `<key>.tsx` or `<key>.jsx`.
    pub react: Option<String>,
    pub data_file: DataFile<'a>,
}

/// Reads a component; `None` where it is no TOML; another mistake costs only the
/// field that has it, so that one run finds those of other kinds as well.
pub fn read_component(file: ComponentFile<'_>, diagnostics: &mut Diagnostics) -> Option<Component> {
    let mut reader = Reader::new(file.origin, file.text, diagnostics);
    reader.data_file = Some(file.data_file);
    reader.check_name("component key", &KEY, file.key);
    let sheet = reader.parse()?;
    check(&mut reader, &shape::COMPONENT, sheet.root());
    let fields = Fields::new(&shape::COMPONENT, sheet.root());
    let mut metadata = reader.free(fields.get("metadata"));
    let mut examples: Vec<Example> = fields
        .items("examples")
        .into_iter()
        .map(|item| Example {
            name: item.needed_text("name"),
            props: reader.free(item.get("props")),
        })
        .collect();
    let mut first: BTreeMap<&str, &Spanned<DeValue<'_>>> = BTreeMap::new();
    for item in fields.items("examples") {
        let named = item.get("name");
        let Some((name, value)) = named.and_then(|value| Some((value.as_ref().as_str()?, value)))
        else {
            continue;
        };
        if let Some(earlier) = first.insert(name, value) {
            let message = format!("two examples have the name `{}`", name.escape_debug());
            let earlier = reader.place(earlier.span());
            let diagnostic =
                Diagnostic::error(code::DUPLICATE_KEY, reader.place(value.span()), message);
            reader.report(diagnostic.related(earlier, "the first is here"));
        }
    }
    if metadata.contains_key("examples")
        && let Some(value) = fields.get("examples")
    {
        let message = "`metadata.examples` and `[[examples]]` are the same thing, given twice";
        let place = reader.place(value.span());
        reader.report(
            Diagnostic::error(code::BAD_VALUE, place, message)
                .hint("keep `[[examples]]`, and delete `examples` from `[metadata]`"),
        );
    }
    if fields.get("examples").is_none() {
        examples = take_examples(&mut metadata);
    }
    let component = Component {
        origin: file.origin.clone(),
        key: file.key.to_string(),
        name: fields.needed_text("name"),
        kind: fields.needed_text("type"),
        version: fields.needed_text("version"),
        published: fields.flag("published"),
        dependencies: fields.text_list("dependencies"),
        preview_url: fields.text("preview_url"),
        props: reader.free(fields.get("props")),
        metadata,
        examples,
        template: file.template,
        styles: file.styles,
        react: file.react,
        is_jsx: false,
    };
    reader.check_sibling(component.template.as_deref(), Some("html"));
    reader.check_sibling(component.styles.as_deref(), Some("css"));
    reader.check_sibling(component.react.as_deref(), None);
    Some(component)
}

/// Takes the examples out of `metadata.examples`, where rows keep them: an array of tables that have
/// a `name`, unlike all others, and `props`, and nothing else. Anything else stays where it is.
pub(super) fn take_examples(metadata: &mut Table) -> Vec<Example> {
    let example = |value: &Value| {
        let table = value.as_table().filter(|table| table.len() == 2)?;
        let name = table.get("name")?.as_text()?;
        let props = table.get("props")?.as_table()?;
        text_fault("name", &NAME, name).is_none().then(|| Example {
            name: name.to_string(),
            props: props.clone(),
        })
    };
    let items = metadata.get("examples").and_then(Value::as_array);
    let examples: Option<Vec<Example>> = items.unwrap_or_default().iter().map(example).collect();
    let Some(examples) = examples.filter(|examples| !examples.is_empty()) else {
        return Vec::new();
    };
    let names: BTreeSet<&str> = examples.iter().map(|one| one.name.as_str()).collect();
    if names.len() < examples.len() {
        return Vec::new();
    }
    metadata.remove("examples");
    examples
}

impl Reader<'_> {
    /// Reports what no sibling file may have. Where its ending is not known, it is done at the
    /// `.toml`.
    pub(super) fn check_sibling(&mut self, text: Option<&str>, ending: Option<&str>) {
        let Some(text) = text else {
            return;
        };
        let stem = self.origin.strip_suffix(".toml").unwrap_or(self.origin);
        let origin = ending.map(|ending| format!("{stem}.{ending}"));
        let place = |range: Range<usize>| match &origin {
            Some(origin) => Place::span(origin.as_str(), range),
            None => Place::whole(self.origin.clone()),
        };
        let mut found: Vec<Diagnostic> = conflicts(text)
            .into_iter()
            .map(|marker| conflict_at(place(marker)))
            .collect();
        if let Some(position) = memchr::memchr(0, text.as_bytes()) {
            let message = "the file has the character U+0000, which a database cannot hold";
            let place = place(position..position + 1);
            found.push(Diagnostic::error(code::BAD_VALUE, place, message));
        }
        found
            .into_iter()
            .for_each(|diagnostic| self.report(diagnostic));
    }
}
