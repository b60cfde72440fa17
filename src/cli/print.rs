//! Shows diagnostics: underlined sources for people, JSON for programs; and progress on a terminal.

use std::io::IsTerminal;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use super::{Globals, output};
pub use crate::diag::clean;
use crate::diag::{Diagnostics, Place, Severity, code};
use crate::files::Folder;
use crate::format::row_place;
use crate::load::{Located, LocatedPlace, locate};

/// A diagnostic as `--json` shows it.
#[derive(Serialize)]
pub struct JsonDiagnostic {
    code: &'static str,
    severity: &'static str,
    message: String,
    path: Option<String>,
    line: Option<usize>,
    column: Option<usize>,
    hint: Option<String>,
    /// Where in a row it is, in the words of the tables.
    #[serde(skip_serializing_if = "Option::is_none")]
    row: Option<String>,
}

/// Prints diagnostics to standard error, and gives them as JSON.
pub fn report(globals: &Globals, root: &Path, diagnostics: Diagnostics) -> Vec<JsonDiagnostic> {
    report_of(globals, &Folder::new(root), diagnostics)
}

/// The same of a folder that need not be on disk.
pub fn report_of(
    globals: &Globals,
    folder: &Folder,
    diagnostics: Diagnostics,
) -> Vec<JsonDiagnostic> {
    let located = locate(folder, diagnostics);
    if !globals.json {
        print_all(&located);
    }
    located.iter().map(json).collect()
}

/// Diagnostics as JSON.
pub fn json_of(folder: &Folder, diagnostics: Diagnostics) -> Vec<JsonDiagnostic> {
    locate(folder, diagnostics).iter().map(json).collect()
}

/// Diagnostics as text without colours, for a log.
pub fn plain(root: &Path, diagnostics: &Diagnostics) -> String {
    let located = locate(&Folder::new(root), diagnostics.clone());
    let renderer = Renderer::plain().decor_style(DecorStyle::Unicode);
    let shown: Vec<String> = located
        .iter()
        .map(|diagnostic| renderer.render(&groups(diagnostic)).to_string())
        .collect();
    shown.join("\n")
}

/// `3 errors, 1 warning`
pub fn count(diagnostics: &[JsonDiagnostic]) -> String {
    let errors = diagnostics.iter().filter(|d| d.severity == "error").count();
    let warnings = diagnostics.len() - errors;
    match (errors, warnings) {
        (_, 0) => number(errors, "error"),
        (0, _) => number(warnings, "warning"),
        _ => format!(
            "{}, {}",
            number(errors, "error"),
            number(warnings, "warning")
        ),
    }
}

/// `1 page`, `2 pages`
pub fn number(count: usize, noun: &str) -> String {
    match count {
        1 => format!("1 {noun}"),
        _ => format!("{count} {noun}s"),
    }
}

/// `1 entity`, `2 entities`
pub fn entities(count: usize) -> String {
    match count {
        1 => "1 entity".to_string(),
        _ => format!("{count} entities"),
    }
}

/// Prints one JSON document to standard output.
pub fn json_document(document: &impl Serialize) {
    let mut text = serde_json::to_string_pretty(document).expect("these types always serialise");
    text.push('\n');
    output::document(text.as_bytes());
}

fn json(located: &Located) -> JsonDiagnostic {
    let diagnostic = &located.diagnostic;
    JsonDiagnostic {
        code: diagnostic.code.0,
        severity: diagnostic.severity.as_str(),
        message: diagnostic.message.clone(),
        path: diagnostic
            .place
            .as_ref()
            .map(|place| place.path.to_string()),
        line: located.at.as_ref().map(|at| at.line),
        column: located.at.as_ref().map(|at| at.column),
        hint: (!diagnostic.hints.is_empty()).then(|| diagnostic.hints.join("; ")),
        row: diagnostic.place.as_ref().and_then(row_place),
    }
}

/// The longest run of one source that is shown, in bytes around its place: a file of one line may be
/// megabytes long.
const MOST_SHOWN: usize = 4096;

fn print_all(located: &[Located]) {
    let renderer = Renderer::styled().decor_style(DecorStyle::Unicode);
    for diagnostic in located {
        let text = renderer.render(&groups(diagnostic));
        output::note(format_args!("{text}\n"));
    }
}

fn groups(located: &Located) -> Vec<Group<'_>> {
    let diagnostic = &located.diagnostic;
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let title = level
        .primary_title(clean(&diagnostic.message))
        .id(diagnostic.code.0);
    let mut first = match &diagnostic.place {
        Some(place) if !place.path.is_empty() || located.at.is_some() => {
            with_source(Group::with_title(title), located.at.as_ref(), place)
        }
        _ => Group::with_title(title),
    };
    for hint in &diagnostic.hints {
        first = first.element(Level::HELP.message(clean(hint)));
    }
    let mut groups = vec![first];
    for (at, place, label) in &located.related {
        let title = Level::NOTE.secondary_title(clean(label));
        let group = Group::with_title(title);
        groups.push(with_source(group, at.as_ref(), place));
    }
    groups
}

/// Shows where something is: the path, and where there is one that may be shown, the line; of a row the
/// column.
fn with_source<'a>(group: Group<'a>, at: Option<&'a LocatedPlace>, place: &'a Place) -> Group<'a> {
    let path = &*place.path;
    if let Some(row) = row_place(place) {
        return group.element(Origin::path(clean(&row)));
    }
    let origin = Origin::path(path);
    let Some(at) = at else {
        return group.element(origin);
    };
    let Some(text) = &at.text else {
        return group.element(origin.line(at.line).char_column(at.column));
    };
    let floor = |mut index: usize| {
        while !text.is_char_boundary(index) {
            index -= 1;
        }
        index
    };
    let start = at.range.start;
    // An underline over many lines says no more than its first line.
    let line_start = text[..start].rfind('\n').map_or(0, |newline| newline + 1);
    let line_end = text[start..]
        .find('\n')
        .map_or(text.len(), |length| start + length);
    let end = at.range.end.clamp(start, line_end);
    let from = floor(start.saturating_sub(MOST_SHOWN)).max(line_start);
    let to = floor((end + MOST_SHOWN).min(line_end));
    let end = floor(end.min(start + MOST_SHOWN));
    let shown = Snippet::source(&text[from..to])
        .line_start(at.line)
        .annotation(AnnotationKind::Primary.span(start - from..end - from));
    if from == line_start {
        return group.element(shown.path(path));
    }
    // The renderer would count columns from where the line was cut.
    group
        .element(origin.line(at.line).char_column(at.column))
        .element(shown)
}

/// Whether the answer of the program is one JSON document, for [`exhausted`], which is told nothing.
pub static JSON: AtomicBool = AtomicBool::new(false);

/// Says that templates took all memory, and ends the process: nothing else can stop them.
pub fn exhausted(templates: &[String]) {
    let named: Vec<String> = templates
        .iter()
        .map(|origin| format!("`{}`", clean(origin)))
        .collect();
    let named = match named.as_slice() {
        [] => "a template".to_string(),
        named => named.join(" or "),
    };
    let message = format!("{named} takes more memory or time than a template may have");
    output::note(format_args!(
        "\x1b[1;31merror[{}]\x1b[0m: {message}; nothing was written",
        code::TEMPLATE_ENDLESS.0
    ));
    if JSON.load(Ordering::Relaxed) {
        let diagnostic = JsonDiagnostic {
            code: code::TEMPLATE_ENDLESS.0,
            severity: Severity::Error.as_str(),
            message,
            path: templates.first().cloned(),
            line: None,
            column: None,
            hint: None,
            row: None,
        };
        json_document(&serde_json::json!({ "diagnostics": [diagnostic] }));
    }
    std::process::exit(super::Status::ContentErrors as i32);
}

/// A bar on a terminal, for work that takes longer than a moment.
pub struct Progress {
    bar: Mutex<Option<ProgressBar>>,
    started: Instant,
    shown: bool,
}

impl Progress {
    /// Shows nothing yet.
    pub fn new(globals: &Globals) -> Progress {
        Progress {
            bar: Mutex::new(None),
            started: Instant::now(),
            shown: !globals.quiet && !globals.json && std::io::stderr().is_terminal(),
        }
    }

    /// Notes how far the work is.
    pub fn set(&self, done: usize, total: usize) {
        const PATIENCE: Duration = Duration::from_millis(300);
        if !self.shown || self.started.elapsed() < PATIENCE {
            return;
        }
        let mut bar = self.bar.lock().unwrap_or_else(|e| e.into_inner());
        let bar = bar.get_or_insert_with(|| {
            let style = ProgressStyle::with_template("{bar:32} {pos}/{len} pages")
                .unwrap_or_else(|_| ProgressStyle::default_bar());
            ProgressBar::new(total as u64).with_style(style)
        });
        bar.set_position(done as u64);
    }

    /// Takes the bar away.
    pub fn finish(self) {
        if let Some(bar) = self.bar.into_inner().unwrap_or_else(|e| e.into_inner()) {
            bar.finish_and_clear();
        }
    }
}
