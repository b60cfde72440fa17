//! The records of a deploy as it goes on: opened, closed with what happened, noted in the book.

use std::time::Duration;

use super::super::{Book, Log, Pointers, Target};
use super::{Cause, Destination, Watching};
use crate::diag::{Diagnostic, Diagnostics, Severity};
use crate::model::{Deploy, DeployStatus, Moment};

/// The records of the bundles that are known to be affected, as they begin.
pub fn open_records(destinations: &[&Destination], cause: &Cause) -> Vec<Deploy> {
    let mut records = Vec::new();
    for (node, app) in &cause.expected {
        if let Some(destination) = destinations.iter().find(|one| one.node == *node) {
            records.push(new_record(node, destination.target.shown(), app, cause));
        }
    }
    records
}

/// A record as it begins.
pub fn new_record(node: &str, target: &str, app: &str, cause: &Cause) -> Deploy {
    Deploy {
        id: uuid::Uuid::new_v4().to_string(),
        node: node.to_string(),
        app: app.to_string(),
        build_hash: String::new(),
        pages: None,
        components: None,
        status: DeployStatus::Pending,
        build_ms: None,
        deploy_ms: None,
        error: None,
        log: cause.log.text(),
        started_at: Moment::now(),
        completed_at: None,
        triggered_by: cause.triggered_by.clone(),
        source_rev: cause.source_rev.clone(),
        source_commit: cause.source_commit.clone(),
        release: None,
        target: Some(target.to_string()),
        preview: cause.preview.clone(),
    }
}

/// Notes that an app went back to another release.
pub fn note_rollback(
    book: &mut Book,
    target: &dyn Target,
    node: &str,
    app: &str,
    pointers: (&Pointers, &Pointers),
    took: Duration,
) -> Option<Diagnostic> {
    let (before, after) = pointers;
    let release = after.live.clone().unwrap_or_default();
    let bundle = target.bundle_of(app, &release).ok().flatten();
    let mut record = Deploy {
        build_hash: release.get(..64).unwrap_or_default().to_string(),
        pages: bundle.as_ref().map(|bundle| bundle.pages),
        components: bundle.as_ref().map(|bundle| bundle.components),
        deploy_ms: Some(milliseconds(took)),
        release: Some(release.clone()),
        ..new_record(
            node,
            target.shown(),
            app,
            &Cause {
                triggered_by: "rollback".to_string(),
                ..Cause::default()
            },
        )
    };
    let was = before.live.as_deref().unwrap_or("nothing");
    close(
        &mut record,
        None,
        &format!("{release} is live and pinned, instead of {was}"),
    );
    book.note(&[record])
}

/// Moves records on.
pub fn set_all(records: &mut [Deploy], status: DeployStatus) {
    for record in records {
        record.status = status;
    }
}

/// Closes a record: with an error it has failed.
pub fn close(record: &mut Deploy, error: Option<&str>, said: &str) {
    let mut log = Log::default();
    log.say(&record.log);
    log.say(said);
    record.log = log.text();
    record.completed_at = Some(Moment::now());
    record.error = error.map(str::to_string);
    record.status = match error {
        Some(_) => DeployStatus::Failed,
        None => DeployStatus::Success,
    };
}

/// Writes records as they are now; what keeps the book from it is said.
pub fn note(book: &mut Book, records: &[Deploy], watching: &mut dyn Watching) {
    if !records.is_empty()
        && let Some(problem) = book.note(records)
    {
        watching.problem(&problem);
    }
}

/// The first error, in one line.
pub fn first_error(diagnostics: &Diagnostics) -> String {
    let mut errors = diagnostics
        .iter()
        .filter(|diagnostic| diagnostic.severity == Severity::Error);
    let Some(first) = errors.next() else {
        return "the build failed".to_string();
    };
    let place = match &first.place {
        Some(place) if !place.path.is_empty() => format!("{}: ", place.path),
        _ => String::new(),
    };
    let more = match errors.count() {
        0 => String::new(),
        more => format!(" (and {more} more)"),
    };
    format!("error[{}]: {place}{}{more}", first.code.0, first.message)
}

/// A duration in whole milliseconds.
pub fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
