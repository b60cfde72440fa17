//! The history of deploys: a plot of how long they took, and a table with their logs.

mod plot;

use std::collections::{BTreeMap, BTreeSet};

use minijinja::{Value, context};

use super::frame::{Tab, fill, frame};
use super::words::{count, milliseconds, moment};
use crate::model::{Deploy, DeployStatus};
use plot::plot;

const TEMPLATE: &str = include_str!("deploys/deploys.html");

/// The most records that are shown.
pub const MOST_DEPLOYS: usize = 200;
/// The most of a log that is shown, in characters.
const MOST_LOG: usize = 20_000;

/// What the page of deploys shows.
#[derive(Clone, Debug, Default)]
pub struct Deploys<'a> {
    /// The newest first.
    pub records: &'a [Deploy],
    /// Where they come from, as a sentence.
    pub source: String,
    /// Why a database that should have more is not read. No part of its address is in it.
    pub failure: Option<String>,
    /// What can be chosen besides those that records name.
    pub nodes: BTreeSet<String>,
    pub apps: BTreeSet<String>,
    /// Only these were asked for.
    pub node: Option<&'a str>,
    pub app: Option<&'a str>,
    /// What is at targets, by node and app, where that is known.
    pub standing: BTreeMap<(String, String), Standing>,
}

/// What pointers of one app say at the target of its node.
#[derive(Clone, Debug, Default)]
pub struct Standing {
    /// The releases that are live and pinned.
    pub live: Option<String>,
    pub pinned: Option<String>,
    /// Names and the releases that are shown under them.
    pub previews: BTreeMap<String, String>,
}

/// The page of deploys as HTML.
pub fn deploys_page(deploys: &Deploys<'_>) -> String {
    let mut seen = BTreeSet::new();
    let rows: Vec<Value> = deploys
        .records
        .iter()
        .take(MOST_DEPLOYS)
        .map(|deploy| row(deploy, marks(deploy, &deploys.standing, &mut seen)))
        .collect();
    let choices = |known: &BTreeSet<String>, of: fn(&Deploy) -> &str, chosen: Option<&str>| {
        let of_records = deploys.records.iter().map(of);
        let all: BTreeSet<&str> = known
            .iter()
            .map(String::as_str)
            .chain(of_records)
            .chain(chosen)
            .collect();
        let choice = |name| context! { name => name, chosen => Some(name) == chosen };
        all.into_iter().map(choice).collect::<Vec<Value>>()
    };
    let body = fill(
        TEMPLATE,
        context! {
            source => deploys.source.as_str(),
            failure => deploys.failure.as_deref(),
            nodes => choices(&deploys.nodes, |deploy| &deploy.node, deploys.node),
            apps => choices(&deploys.apps, |deploy| &deploy.app, deploys.app),
            is_filtered => deploys.node.is_some() || deploys.app.is_some(),
            plot => plot(&deploys.records[..rows.len()]),
            count => count(rows.len(), "deploy"),
            most => (rows.len() == MOST_DEPLOYS).then_some(MOST_DEPLOYS),
            rows => rows,
        },
    );
    frame("Deploys", Tab::Deploys, None, &body)
}

/// What the pointers say of the release of a deploy, each for the newest deploy that made it.
fn marks(
    deploy: &Deploy,
    standing: &BTreeMap<(String, String), Standing>,
    seen: &mut BTreeSet<(String, String, String)>,
) -> Vec<String> {
    let place = (deploy.node.clone(), deploy.app.clone());
    let (Some(standing), Some(release)) = (standing.get(&place), &deploy.release) else {
        return Vec::new();
    };
    if !seen.insert((place.0, place.1, release.clone())) {
        return Vec::new();
    }
    let mut marks = Vec::new();
    if standing.live.as_ref() == Some(release) {
        marks.push("live".to_string());
    }
    if standing.pinned.as_ref() == Some(release) {
        marks.push("pinned".to_string());
    }
    let previews = standing.previews.iter().filter(|(_, of)| *of == release);
    marks.extend(previews.map(|(name, _)| format!("preview {}", name)));
    marks
}

/// A digest or an id as far as people need it.
fn short(text: &str) -> String {
    text.chars().take(12).collect()
}

/// The sign and the word of a status: not only its colour tells it.
fn sign(status: DeployStatus) -> &'static str {
    match status {
        DeployStatus::Success => "✓",
        DeployStatus::Failed => "✕",
        _ => "○",
    }
}

/// The word for how a status is meant.
fn mood(status: DeployStatus) -> &'static str {
    match status {
        DeployStatus::Success => "good",
        DeployStatus::Failed => "bad",
        _ => "warn",
    }
}

fn row(deploy: &Deploy, marks: Vec<String>) -> Value {
    let took = match (deploy.build_ms, deploy.deploy_ms) {
        (None, None) => None,
        (build, publish) => Some(build.unwrap_or(0).saturating_add(publish.unwrap_or(0))),
    };
    let parts: Vec<String> = [("build", deploy.build_ms), ("deploy", deploy.deploy_ms)]
        .into_iter()
        .filter_map(|(word, took)| Some(format!("{word} {}", milliseconds(took?))))
        .collect();
    // One part alone is the whole.
    let parts = match parts.len() {
        2 => parts.join(", "),
        _ => String::new(),
    };
    let log: String = deploy.log.chars().take(MOST_LOG).collect();
    let revisions: Vec<String> = [&deploy.source_rev, &deploy.source_commit]
        .into_iter()
        .flatten()
        .map(|revision| short(revision))
        .collect();
    context! {
        id => short(&deploy.id),
        started => moment(deploy.started_at),
        completed => deploy.completed_at.map(moment),
        node => &deploy.node,
        app => &deploy.app,
        status => deploy.status.as_str(),
        sign => sign(deploy.status),
        mood => mood(deploy.status),
        took => took.map(milliseconds),
        parts => parts,
        trigger => &deploy.triggered_by,
        preview => deploy.preview.as_deref(),
        revision => revisions.join(" "),
        hash => short(&deploy.build_hash),
        marks => marks,
        target => deploy.target.as_deref(),
        error => deploy.error.as_deref(),
        is_cut => log.len() < deploy.log.len(),
        log => log,
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// The record of a deploy that succeeded.
    pub fn record(number: i64) -> Deploy {
        Deploy {
            id: format!("00000000-0000-4000-8000-{number:012}"),
            node: "n".to_string(),
            app: "play".to_string(),
            build_hash: "a".repeat(64),
            pages: Some(3),
            components: Some(2),
            status: DeployStatus::Success,
            build_ms: Some(120),
            deploy_ms: Some(80),
            error: None,
            log: "built\nsent".to_string(),
            started_at: crate::model::Moment::from_second(1_700_000_000 + number)
                .expect("such a time exists"),
            completed_at: None,
            triggered_by: "manual".to_string(),
            source_rev: None,
            source_commit: Some("c0ffee".repeat(6)),
            release: Some("r1".to_string()),
            target: None,
            preview: None,
        }
    }

    #[test]
    fn no_record_is_a_sentence() {
        let html = deploys_page(&Deploys {
            source: "The records are in a file.".to_string(),
            failure: Some("DATABASE_URL is not set".to_string()),
            ..Deploys::default()
        });
        assert!(html.contains("Nothing was deployed yet"), "{html}");
        assert!(html.contains("DATABASE_URL is not set"), "{html}");
        assert!(!html.contains("<svg"), "{html}");
    }

    #[test]
    fn texts_of_records_are_text() {
        let hostile = "</pre></details><script>alert(1)</script>\u{202E}\u{7}";
        let record = Deploy {
            node: hostile.to_string(),
            app: hostile.to_string(),
            error: Some(hostile.to_string()),
            log: hostile.to_string(),
            triggered_by: hostile.to_string(),
            release: Some(hostile.to_string()),
            build_hash: hostile.to_string(),
            preview: Some(hostile.to_string()),
            target: Some(hostile.to_string()),
            source_rev: Some(hostile.to_string()),
            status: DeployStatus::Failed,
            ..record(1)
        };
        let html = deploys_page(&Deploys {
            records: &[record],
            node: Some(hostile),
            failure: Some(hostile.to_string()),
            ..Deploys::default()
        });
        assert!(!html.contains("<script>alert"), "{html}");
        // Only as the values of the two filters, which must come back as they are.
        assert_eq!(html.matches('\u{202E}').count(), 2, "{html}");
        assert!(html.contains("&lt;script&gt;alert(1)"), "{html}");
        assert!(html.contains("✕"), "{html}");
    }

    #[test]
    fn the_newest_deploy_of_a_release_is_marked() {
        let records = [record(3), record(2), record(1)];
        let place = ("n".to_string(), "play".to_string());
        let standing = Standing {
            live: Some("r1".to_string()),
            pinned: Some("r1".to_string()),
            previews: BTreeMap::from([("next".to_string(), "r2".to_string())]),
        };
        let html = deploys_page(&Deploys {
            records: &records,
            standing: BTreeMap::from([(place, standing)]),
            ..Deploys::default()
        });
        assert_eq!(html.matches(">live</span>").count(), 1, "{html}");
        assert_eq!(html.matches(">pinned</span>").count(), 1, "{html}");
        assert!(!html.contains("preview next"), "{html}");
        assert!(html.contains("c0ffeec0ffee"), "{html}");
    }

    #[test]
    fn a_long_log_is_cut_between_characters() {
        let long = Deploy {
            log: "ä".repeat(MOST_LOG + 1),
            ..record(1)
        };
        let html = deploys_page(&Deploys {
            records: &[long],
            ..Deploys::default()
        });
        assert!(html.contains("rbgen deploys 00000000-000"), "{html}");
        assert_eq!(html.matches('ä').count(), MOST_LOG);
    }

    #[test]
    fn at_most_so_many_are_shown() {
        let records: Vec<Deploy> = (0..300).rev().map(record).collect();
        let html = deploys_page(&Deploys {
            records: &records,
            ..Deploys::default()
        });
        assert_eq!(html.matches("class=\"started\"").count(), MOST_DEPLOYS);
        assert_eq!(html.matches("class=\"build\"").count(), MOST_DEPLOYS);
    }
}
