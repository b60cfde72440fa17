//! What a round hands to a deploy: why, the build, who is told; and what the end of the deploy means for each
//! change.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::endless::{was_endless, watch_endless};
use super::held::Held;
use super::round::Why;
use super::{Event, NO_PAGES, Settings, Telling};
use crate::db::{Claim, Settled};
use crate::deploy::{Cause, Ended, Log, Patience, Watching, apps_of};
use crate::diag::{Diagnostic, Diagnostics, code};
use crate::model::{Moment, SHARED_APP};
use crate::pipeline::{Explain, Options, Outcome, STATE_FOLDER, build_documents};

/// Why bundles are deployed, and which are known to be affected.
pub fn cause(why: Why, held: &Held, nodes: &BTreeSet<String>, claims: &[Claim]) -> Cause {
    let documents = &held.given.documents;
    let has_shared = documents.pages.iter().any(|page| page.app == SHARED_APP);
    let all = apps_of(&documents.nodes, has_shared, nodes, &BTreeSet::new());
    let is_affected = |node: &String, app: &String| {
        claims.iter().any(|claim| {
            claim.node == *node && claim.apps.as_ref().is_none_or(|apps| apps.contains(app))
        })
    };
    let expected = all.into_iter().filter(|(node, app)| is_affected(node, app));
    let mut kinds: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for claim in claims {
        kinds.entry(&claim.kind).or_default().insert(&claim.change);
    }
    let mut log = Log::default();
    for (kind, changes) in &kinds {
        log.say(&format!("{kind}: {}", changes.len()));
    }
    if held.emptied {
        log.say(NO_PAGES);
    }
    if let Some(revision) = &held.revision {
        log.say(&format!("revision {revision}"));
    }
    let triggered_by = match (kinds.len(), kinds.keys().next()) {
        (1, Some(&"page_update")) => "page_change",
        (1, Some(kind)) => kind,
        (0, _) if why == Why::Boundary => "schedule",
        (0, _) => "catch_up",
        _ => "several_changes",
    };
    Cause {
        triggered_by: triggered_by.chars().take(50).collect(),
        source_rev: held.revision.clone(),
        source_commit: None,
        preview: None,
        expected: expected.collect(),
        whole: !held.emptied,
        each_alone: true,
        log,
    }
}

/// How a claim ended.
pub fn settled(ended: &Ended, nodes: &BTreeSet<String>, claim: &Claim) -> Settled {
    if !nodes.contains(&claim.node) {
        return Settled::Failed("the database has no such node".to_string());
    }
    if ended.given_up {
        return Settled::Failed("the listener was stopped".to_string());
    }
    if let Some(error) = ended.failed.get(&claim.node) {
        return Settled::Failed(error.clone());
    }
    let of_node = ended
        .deploys
        .iter()
        .filter(|one| one.record.node == claim.node);
    let deploy = of_node.into_iter().find(|one| {
        claim
            .apps
            .as_ref()
            .is_none_or(|apps| apps.contains(&one.record.app))
    });
    Settled::Done(deploy.map(|one| one.record.id.clone()))
}

/// Builds what is held.
pub struct Builder<'a> {
    pub settings: &'a Settings<'a>,
    pub held: &'a Held,
    pub nodes: &'a BTreeSet<String>,
    pub now: Moment,
}

impl Builder<'_> {
    /// Builds all nodes, or one alone, of whose apps alone the pages are taken.
    pub fn build(&self, alone: Option<&str>) -> Outcome {
        let nodes = match alone {
            Some(node) => BTreeSet::from([node.to_string()]),
            None => self.nodes.clone(),
        };
        let out = self.out(&nodes);
        let revision = self.held.revision.as_deref();
        let endless = PathBuf::from(format!("{}.endless", out.display()));
        if let Some(templates) = was_endless(&endless, revision) {
            return endless_outcome(&templates);
        }
        if let Some(folder) = endless.parent() {
            let _ = std::fs::create_dir_all(folder);
        }
        watch_endless(&endless, revision);
        let options = Options {
            nodes,
            apps: BTreeSet::new(),
            drafts: false,
            now: self.now,
            out: Some(out),
            force: false,
            verify: false,
            explain: Explain::Nothing,
            from: Some(self.settings.database.clone()),
            exhausted: self.settings.exhausted,
            react: Arc::clone(&self.settings.react),
        };
        let narrowed = alone.map(|node| self.held.narrowed(node));
        let given = narrowed.as_ref().unwrap_or(&self.held.given);
        build_documents(&self.settings.root, &options, given, &|_, _| {})
    }

    /// Where these nodes are built: apart from what `rbgen build` writes, and from other listeners.
    fn out(&self, nodes: &BTreeSet<String>) -> PathBuf {
        let names: Vec<&str> = nodes.iter().map(String::as_str).collect();
        let mut name = names.join("+");
        if name.len() > 100 {
            name = crate::digest::Digest::of_bytes(name.as_bytes()).short(24);
        }
        let folder = self.settings.root.join(STATE_FOLDER).join("listen");
        folder.join(&self.settings.database).join(name)
    }
}

/// What a build comes to that would end the process again.
fn endless_outcome(templates: &[String]) -> Outcome {
    let named: Vec<String> = templates.iter().map(|one| format!("`{one}`")).collect();
    let message = format!(
        "{} takes more memory or time than a template may have",
        named.join(" or ")
    );
    Outcome::failed(Diagnostic::general(code::TEMPLATE_ENDLESS, message).into())
}

/// Hands on what a deploy says.
pub struct Following<'a, 'b> {
    pub settings: &'a Settings<'a>,
    pub telling: &'b mut dyn Telling,
    /// The target that is waited for, and since when.
    pub waiting: Option<(String, Instant)>,
}

/// How long somebody else's deploy is waited for: it is tried again, and other nodes go on meanwhile.
const PATIENCE: Duration = Duration::from_secs(10);

impl Watching for Following<'_, '_> {
    fn waiting(&mut self, target: &str) -> Patience {
        if self.settings.stop.load(Ordering::Relaxed) {
            return Patience::Stop;
        }
        let since = match &self.waiting {
            Some((other, since)) if other == target => *since,
            _ => Instant::now(),
        };
        self.waiting = Some((target.to_string(), since));
        match since.elapsed() > PATIENCE {
            true => Patience::Skip,
            false => Patience::Wait,
        }
    }

    fn problem(&mut self, problem: &Diagnostic) {
        self.telling.event(&Event::Problem {
            code: problem.code.0,
            message: &problem.message,
        });
    }

    fn text(&mut self, diagnostics: &Diagnostics) -> String {
        self.telling.text(diagnostics)
    }
}
