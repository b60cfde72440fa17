//! Templates: finds them along the themes, runs them within bounds, and turns what went wrong into
//! diagnostics that name the template, the place and the chain of includes.

use std::collections::BTreeSet;
use std::error::Error as StdError;
use std::io;
use std::sync::Arc;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Value;
use minijinja::{AutoEscape, Environment, Error, ErrorKind, UndefinedBehavior};

use super::bounds::excess;
use super::failure::Failure;
use super::now::noted;
use crate::diag::{Diagnostic, Diagnostics, Place, code, did_you_mean};
use crate::model::Site;
use crate::track::{Kind, ask};

/// The instructions that one template may run: about a second of work.
const FUEL: u64 = 20_000_000;
/// How deep templates may include each other and macros call each other.
const DEPTH: usize = 100;
/// The most that one template may write, in bytes.
const MAX_OUTPUT_BYTES: usize = 64 * 1024 * 1024;

/// The page that is shown where a theme has no `layouts/404.html`.
const PLAIN_404: &str = "<!doctype html>\n<html lang=\"{{ site.language }}\">\n<head>\n{{ head() }}\n</head>\n<body>\n<main>\n<h1>{{ page.name }}</h1>\n<p>There is no page at this address.</p>\n</main>\n{{ scripts() }}\n</body>\n</html>\n";

/// The templates of one theme, with what it inherits, and of the site's components. It parses each
/// once and serves all threads.
pub struct Engine {
    environment: Environment<'static>,
    site: Arc<Site>,
    theme: String,
}

/// The text of a template for the engine, where it is within bounds.
fn load(site: &Site, theme: &str, name: &str) -> Result<Option<String>, Error> {
    let Some((origin, text)) = find(site, theme, name) else {
        return Ok(None);
    };
    match excess(text) {
        None => Ok(Some(text.to_string())),
        Some(excess) => Err(
            Error::new(ErrorKind::SyntaxError, excess.message).with_source(Failure {
                code: code::TEMPLATE_SYNTAX,
                hint: Some(excess.hint.to_string()),
                place: Some(Place::span(origin, excess.range)),
            }),
        ),
    }
}

impl Engine {
    /// The engine of a theme.
    pub fn new(site: Arc<Site>, theme: &str) -> Engine {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_auto_escape_callback(|_| AutoEscape::Html);
        environment.set_fuel(Some(FUEL));
        environment.set_recursion_limit(DEPTH);
        super::filters::bound_filters(&mut environment);
        // It prints maps in the order of their hashes, which differs from run to run.
        environment.remove_global("debug");
        // A tag on a line of its own leaves no empty line.
        environment.set_syntax(
            SyntaxConfig::builder()
                .trim_blocks(true)
                .lstrip_blocks(true)
                .build()
                .expect("the delimiters are the default ones"),
        );
        environment.set_formatter(|output, state, value| {
            if value.is_none() {
                // A prop that a page does not give shows as nothing.
                Ok(())
            } else if let Some(text) = value.as_str().filter(|_| !value.is_safe()) {
                // As HTML needs it: the engine's own escaping encodes slashes as well.
                output
                    .write_str(&super::text::escape(text))
                    .map_err(Error::from)
            } else {
                minijinja::escape_formatter(output, state, value)
            }
        });
        // It is called for every `include`, `extends` and `import` of every render; the loader, only
        // for the first.
        environment.set_path_join_callback(|name, _| {
            ask(Kind::Template, name);
            name.into()
        });
        let loader_site = Arc::clone(&site);
        let loader_theme = theme.to_string();
        environment.set_loader(move |name| load(&loader_site, &loader_theme, name));
        Engine {
            environment,
            site,
            theme: theme.to_string(),
        }
    }

    /// Runs a template that will write about so many bytes. The diagnostic of a failure names the
    /// template and not what it was run for.
    pub fn render(&self, name: &str, context: Value, size: usize) -> Result<String, Diagnostic> {
        ask(Kind::Template, name);
        let mut output = Bounded(Vec::with_capacity(size));
        let origin = find(&self.site, &self.theme, name).map(|(origin, _)| origin);
        let rendered = noted(origin.as_deref().unwrap_or(name), || {
            let template = self.environment.get_template(name)?;
            template
                .render_captured_to(context, &mut output)
                .map(|_| ())
        });
        rendered.map_err(|error| self.diagnostic(name, &error))?;
        Ok(String::from_utf8(output.0).expect("the engine writes only text"))
    }

    /// Whether there is a template of this name.
    pub fn has(&self, name: &str) -> bool {
        ask(Kind::Template, name);
        self.text(name).is_some()
    }

    /// The text of a template, if there is one.
    pub(super) fn text<'a>(&'a self, name: &'a str) -> Option<&'a str> {
        find(&self.site, &self.theme, name).map(|(_, text)| text)
    }

    /// Parses every template that the theme and the components have, used or not.
    pub fn check_syntax(&self, diagnostics: &mut Diagnostics) {
        let themes = self.site.theme_chain(&self.theme);
        let of_themes = themes.iter().flat_map(|theme| theme.texts.keys());
        let of_components = self.site.components.values();
        let names: BTreeSet<String> = of_themes
            .filter(|path| path.ends_with(".html"))
            .cloned()
            .chain(
                of_components
                    .filter(|component| component.template.is_some())
                    .map(|component| format!("components/{}.html", component.key)),
            )
            .collect();
        for name in names {
            if let Err(error) = self.environment.get_template(&name) {
                diagnostics.push(self.diagnostic(&name, &error));
            }
        }
    }

    fn diagnostic(&self, name: &str, error: &Error) -> Diagnostic {
        let mut chain: Vec<&Error> = vec![error];
        let mut failure: Option<&Failure> = None;
        let mut next = error.source();
        while let Some(source) = next {
            if let Some(inner) = source.downcast_ref::<Error>() {
                chain.push(inner);
            } else if let Some(found) = source.downcast_ref::<Failure>() {
                failure = Some(found);
            }
            next = source.source();
        }
        let (last, outer) = chain.split_last().expect("the chain has the error itself");
        let place = |error: &Error| self.place(error.name().unwrap_or(name), error);
        let own_place = failure.and_then(|failure| failure.place.clone());
        let mut diagnostic = self.describe(
            name,
            last,
            failure,
            own_place.unwrap_or_else(|| place(last)),
        );
        // A template that includes itself gives a chain as long as the limit; its ends tell enough.
        const ENDS: usize = 4;
        for (depth, error) in outer.iter().rev().enumerate() {
            let here = place(error);
            let again = diagnostic.place.as_ref() == Some(&here)
                || diagnostic.related.iter().any(|(seen, _)| *seen == here);
            if !again && (depth < ENDS || outer.len() - depth <= ENDS) {
                diagnostic = diagnostic.related(here, "which is included from here");
            }
        }
        diagnostic
    }

    fn describe(
        &self,
        name: &str,
        error: &Error,
        failure: Option<&Failure>,
        place: Place,
    ) -> Diagnostic {
        let detail = || {
            error
                .detail()
                .map_or_else(|| error.kind().to_string(), str::to_string)
        };
        if let Some(failure) = failure {
            return Diagnostic::error(failure.code, place, detail()).hint_if(failure.hint.clone());
        }
        let endless = |what: &str| {
            Diagnostic::error(code::TEMPLATE_ENDLESS, place.clone(), what)
                .hint("look for a loop without end, or a template that includes itself")
        };
        match error.kind() {
            ErrorKind::OutOfFuel => endless("the template ran out of fuel"),
            ErrorKind::WriteFailure => endless("the template wrote more than 64 MiB"),
            ErrorKind::InvalidOperation if detail().contains("recursion limit") => {
                endless(&format!("templates include each other more than {DEPTH} levels deep"))
            }
            ErrorKind::SyntaxError | ErrorKind::BadEscape | ErrorKind::UnknownTest | ErrorKind::UnknownFilter => {
                Diagnostic::error(code::TEMPLATE_SYNTAX, place, detail())
            }
            ErrorKind::TemplateNotFound => {
                Diagnostic::error(code::TEMPLATE_NOT_FOUND, place, detail()).hint(format!(
                    "templates are found in `layouts/`, `partials/` and `components/` of the theme `{}`",
                    self.theme
                ))
            }
            ErrorKind::UndefinedError => {
                let expression = self.source_of(error);
                let message = match &expression {
                    Some(expression) => format!("`{expression}` is undefined"),
                    None => detail(),
                };
                let hint = expression
                    .and_then(|expression| self.hint_for(error.name().unwrap_or(name), &expression));
                Diagnostic::error(code::TEMPLATE_FAILED, place, message).hint_if(hint)
            }
            _ => Diagnostic::error(code::TEMPLATE_FAILED, place, detail()),
        }
    }

    /// The source text that an error is about.
    fn source_of(&self, error: &Error) -> Option<String> {
        let (_, text) = find(&self.site, &self.theme, error.name()?)?;
        let expression = text.get(error.range()?)?.trim();
        (expression.len() <= 80).then(|| expression.to_string())
    }

    /// The name that was meant, from what a template can see.
    fn hint_for(&self, template: &str, expression: &str) -> Option<String> {
        let (object, name) = expression.split_once('.').unwrap_or(("", expression));
        match object {
            "" => did_you_mean(name, super::context::GLOBAL_NAMES),
            "page" => did_you_mean(name, super::context::PAGE_FIELDS),
            "node" => did_you_mean(name, super::context::NODE_FIELDS),
            "props" => {
                let key = template
                    .strip_prefix("components/")?
                    .strip_suffix(".html")?;
                let schema = &self.site.components.get(key)?.props;
                let properties = schema.get("properties")?.as_table()?;
                did_you_mean(name, properties.keys().map(String::as_str))
                    .or_else(|| Some(format!("the schema of `{key}` declares no prop `{name}`")))
            }
            _ => None,
        }
    }

    fn place(&self, name: &str, error: &Error) -> Place {
        let Some((origin, text)) = find(&self.site, &self.theme, name) else {
            return Place::whole(format!("themes/{}/{name}", self.theme));
        };
        let line = || {
            let number = error.line()?.checked_sub(1)?;
            let start: usize = text.split_inclusive('\n').take(number).map(str::len).sum();
            Some(start..start + text[start..].lines().next()?.len())
        };
        match error.range().or_else(line) {
            Some(range) => Place::span(origin, range),
            None => Place::whole(origin),
        }
    }
}

/// A template by its name: where it comes from and its text. `@theme/…` begins at another theme.
fn find<'a>(site: &'a Site, theme: &'a str, name: &'a str) -> Option<(Arc<str>, &'a str)> {
    let (theme, path) = match name.strip_prefix('@') {
        Some(rest) => rest.split_once('/')?,
        None => (theme, name),
    };
    let (room, _) = path.split_once('/')?;
    if !["layouts", "partials", "components"].contains(&room) {
        return None;
    }
    if let Some(file) = site.theme_text(theme, path) {
        return Some((Arc::clone(&file.origin), &file.text));
    }
    if path == "layouts/404.html" {
        return Some((Arc::from("layouts/404.html"), PLAIN_404));
    }
    let key = path.strip_prefix("components/")?.strip_suffix(".html")?;
    let component = site.components.get(key)?;
    let template = component.template.as_deref()?;
    Some((Arc::from(component.part_origin("html")), template))
}

/// The file or row that a template comes from, by the name that templates use.
pub fn template_origin(site: &Site, theme: &str, name: &str) -> Option<Arc<str>> {
    find(site, theme, name).map(|(origin, _)| origin)
}

/// A writer that refuses to grow past the bound.
struct Bounded(Vec<u8>);

impl io::Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > MAX_OUTPUT_BYTES {
            return Err(io::Error::other("more than a template may write"));
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
