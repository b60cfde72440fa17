//! Components: `content/components/<key>.toml` with its siblings `.html`, `.css`, `.tsx` or `.jsx`.

use std::sync::Arc;

use super::DataFile;
use super::fields::{Fields, check};
use super::reader::Reader;
use super::rules::KEY;
use super::shape;
use crate::diag::{Diagnostic, Diagnostics, Place, code};
use crate::model::{Component, Example};

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

/// Reads a component; `None` where anything is wrong with it.
pub fn read_component(file: ComponentFile<'_>, diagnostics: &mut Diagnostics) -> Option<Component> {
    let mut reader = Reader::new(file.origin, file.text, diagnostics);
    reader.data_file = Some(file.data_file);
    reader.check_name("component key", &KEY, file.key);
    let sheet = reader.parse()?;
    check(&mut reader, &shape::COMPONENT, sheet.root());
    let fields = Fields::new(&shape::COMPONENT, sheet.root());
    let metadata = reader.free(fields.get("metadata"));
    let examples: Vec<Example> = fields
        .items("examples")
        .into_iter()
        .map(|item| Example {
            name: item.needed_text("name"),
            props: reader.free(item.get("props")),
        })
        .collect();
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
    let component = Component {
        origin: file.origin.clone(),
        key: file.key.to_string(),
        name: fields.needed_text("name"),
        kind: fields.needed_text("type"),
        version: fields.needed_text("version"),
        published: fields.flag("published"),
        dependencies: fields.texts("dependencies").unwrap_or_default(),
        preview_url: fields.text("preview_url"),
        props: reader.free(fields.get("props")),
        metadata,
        examples,
        template: file.template,
        styles: file.styles,
        react: file.react,
    };
    for (part, ending) in [
        (&component.template, "html"),
        (&component.styles, "css"),
        (&component.react, "tsx"),
    ] {
        // Of the React code it is not known whether its file is .tsx or .jsx.
        let origin = match ending {
            "tsx" => component.origin.to_string(),
            ending => component.part_origin(ending),
        };
        reader.check_sibling(part.as_deref(), origin, ending);
    }
    reader.is_sound().then_some(component)
}

impl Reader<'_> {
    /// Reports a sibling file that a database cannot hold.
    pub(super) fn check_sibling(&mut self, text: Option<&str>, origin: String, ending: &str) {
        if text.is_some_and(|text| memchr::memchr(0, text.as_bytes()).is_some()) {
            let message =
                format!("the `.{ending}` has the character U+0000, which a database cannot hold");
            self.report(Diagnostic::error(
                code::BAD_VALUE,
                Place::whole(origin),
                message,
            ));
        }
    }
}
