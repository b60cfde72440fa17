//! Shows diagnostics: underlined sources for people, JSON for programs; and progress on a terminal.

use std::io::IsTerminal;
use std::path::Path;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use super::{Globals, output};
use crate::diag::{Diagnostics, Severity};
use crate::files::Folder;
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
}

/// Prints diagnostics to standard error, and gives them as JSON.
pub fn report(globals: &Globals, root: &Path, diagnostics: Diagnostics) -> Vec<JsonDiagnostic> {
    let located = locate(&Folder::new(root), diagnostics);
    if !globals.json {
        print_all(&located);
    }
    located.iter().map(json).collect()
}

/// `3 errors, 1 warning`
pub fn count(diagnostics: &[JsonDiagnostic]) -> String {
    let errors = diagnostics.iter().filter(|d| d.severity == "error").count();
    let warnings = diagnostics.len() - errors;
    let number = |count: usize, noun: &str| match count {
        1 => format!("1 {noun}"),
        _ => format!("{count} {noun}s"),
    };
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
    let mut first = match (&located.at, &diagnostic.place) {
        (Some(at), Some(place)) => title.element(snippet(at, &place.path, None)),
        (None, Some(place)) if !place.path.is_empty() => {
            title.element(Origin::path(place.path.to_string()))
        }
        _ => Group::with_title(title),
    };
    for hint in &diagnostic.hints {
        first = first.element(Level::HELP.message(clean(hint)));
    }
    let mut groups = vec![first];
    for (at, place, label) in &located.related {
        let title = Level::NOTE.secondary_title(clean(label));
        groups.push(match at {
            Some(at) => Group::with_title(title).element(snippet(at, &place.path, None)),
            None => Group::with_title(title).element(Origin::path(place.path.to_string())),
        });
    }
    groups
}

fn snippet<'a>(
    at: &'a LocatedPlace,
    path: &'a str,
    label: Option<&'a str>,
) -> Snippet<'a, annotate_snippets::Annotation<'a>> {
    let floor = |mut index: usize| {
        while !at.text.is_char_boundary(index) {
            index -= 1;
        }
        index
    };
    // An underline over many lines says no more than its first line.
    let first_line_end = at.text[at.range.start..]
        .find('\n')
        .map_or(at.text.len(), |length| at.range.start + length);
    let end = at.range.end.min(first_line_end).max(at.range.start);
    let from = floor(at.range.start.saturating_sub(MOST_SHOWN));
    let to = floor((end + MOST_SHOWN).min(at.text.len()));
    let line_start = at.text[..from].matches('\n').count() + 1;
    let range = at.range.start - from..floor(end.min(to)) - from;
    Snippet::source(&at.text[from..to])
        .line_start(line_start)
        .path(path)
        .annotation(AnnotationKind::Primary.span(range).label(label))
}

/// Text from files and rows, without what would steer a terminal.
fn clean(text: &str) -> String {
    text.chars()
        .map(|c| {
            if c.is_control() && c != '\n' {
                char::REPLACEMENT_CHARACTER
            } else {
                c
            }
        })
        .collect()
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
