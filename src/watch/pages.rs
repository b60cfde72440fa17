//! The pages below `/_rb/` and the start page: what was asked for, and the scene, give HTML.
#![allow(
    clippy::disallowed_methods,
    reason = "the address of a database is in the environment"
)]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::Scene;
use super::reads::{choices, homes, reads_of};
use crate::build::sample::Showroom;
use crate::db::{DeploysWanted, Session, address_of};
use crate::deploy::{Book, open_target};
use crate::model::{Config, Site, TargetConfig};
use crate::pipeline::STATE_FOLDER;
use crate::workbench::{
    self, Deploys, Graph, MOST_DEPLOYS, PAGES_CSS, Standing, Start, StartApp, StartNode, Tab,
};

/// What is asked of a page.
#[derive(Clone, Debug, Default)]
pub struct Ask {
    /// `/` or below `/_rb/`, decoded.
    pub path: String,
    /// In their order, decoded.
    pub query: Vec<(String, String)>,
    /// What was posted, as JSON; `None` where it was only asked for.
    pub posted: Option<serde_json::Value>,
}

/// A page that is shown.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    pub content_type: &'static str,
    pub body: String,
    /// Its content security policy.
    pub policy: String,
}

/// The page for what was asked; `None` where there is none. It may read the disk and a database: not to be
/// called where nothing may wait.
pub fn page(scene: &Scene, ask: &Ask) -> Option<Answer> {
    if ask.path == "/_rb/sample" {
        return Some(sample(scene, ask));
    }
    if ask.posted.is_some() {
        return None;
    }
    let site = scene.site.as_ref();
    let of_site = |tab, page: fn(&Site, &[(String, String)]) -> String| match site {
        Some(site) => page(site, &ask.query),
        None => workbench::problems_page(tab, scene.round, &scene.diagnostics),
    };
    let html = match ask.path.as_str() {
        "/" => start(scene),
        "/_rb/gallery" => of_site(Tab::Gallery, workbench::gallery_page),
        "/_rb/tokens" => of_site(Tab::Tokens, workbench::tokens_page),
        "/_rb/deploys" => deploys(scene, ask),
        "/_rb/graph" => graph(scene, ask),
        "/_rb/pages.css" => {
            return Some(Answer {
                content_type: "text/css; charset=utf-8",
                ..html(PAGES_CSS.to_string())
            });
        }
        _ => return None,
    };
    Some(self::html(html))
}

fn html(body: String) -> Answer {
    Answer {
        status: 200,
        content_type: "text/html; charset=utf-8",
        body,
        policy: workbench::policy(),
    }
}

impl Ask {
    /// What a query says of a name, where it says something.
    fn value(&self, name: &str) -> Option<&str> {
        let said = self.query.iter().find(|(key, _)| key == name)?;
        Some(said.1.as_str()).filter(|value| !value.is_empty())
    }
}

/// A component by itself.
fn sample(scene: &Scene, ask: &Ask) -> Answer {
    let Some(site) = &scene.site else {
        let body = workbench::problems_page(Tab::Gallery, scene.round, &scene.diagnostics);
        return Answer {
            status: 503,
            ..html(body)
        };
    };
    let showroom = showroom(site, scene.drafts);
    let (status, body) = workbench::sample(&showroom, &ask.query, ask.posted.as_ref());
    Answer {
        status,
        policy: workbench::sample_policy(),
        ..html(body)
    }
}

/// The showroom of a site: that of the last one that was shown is kept, because samples are asked for by
/// the dozen.
fn showroom(site: &Arc<Site>, drafts: bool) -> Arc<Showroom> {
    static LAST: Mutex<Option<(bool, Arc<Showroom>)>> = Mutex::new(None);
    let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
    match &*last {
        Some((with, showroom)) if *with == drafts && Arc::ptr_eq(showroom.site(), site) => {
            Arc::clone(showroom)
        }
        _ => {
            let showroom = Arc::new(Showroom::new(site, drafts));
            *last = Some((drafts, Arc::clone(&showroom)));
            showroom
        }
    }
}

fn start(scene: &Scene) -> String {
    let homes = scene.ledger.as_deref().map(homes).unwrap_or_default();
    let mut nodes: BTreeMap<&str, StartNode<'_>> = BTreeMap::new();
    if let Some(site) = &scene.site {
        for (id, node) in &site.nodes {
            let known = StartNode {
                id,
                name: &node.name,
                scheme: node.scheme.as_str(),
                theme: site.config.theme_of(id),
                ..StartNode::default()
            };
            nodes.insert(id, known);
        }
    }
    for bundle in scene.bundles.iter() {
        // A node that was built and is not understood any more still has its pages.
        let node = nodes.entry(&bundle.node).or_insert_with(|| StartNode {
            id: &bundle.node,
            name: &bundle.node,
            scheme: "unknown",
            theme: "unknown",
            ..StartNode::default()
        });
        let home = homes.get(&(bundle.node.as_str(), bundle.app.as_str()));
        let home = home.copied();
        node.apps.push(StartApp {
            app: &bundle.app,
            home,
            pages: bundle.pages,
            build_hash: &bundle.build_hash,
        });
        // The page at the root of the node, or else the home of its first app.
        if node.home.is_none() || home == Some("index.html") {
            node.home = home;
        }
    }
    let site = scene.site.as_ref();
    workbench::start_page(&Start {
        name: site.map(|site| site.config.site.name.as_str()),
        round: scene.round,
        is_broken: scene.is_broken(),
        diagnostics: &scene.diagnostics,
        nodes: nodes.into_values().collect(),
    })
}

fn graph(scene: &Scene, ask: &Ask) -> String {
    let asked = ask.value("path").unwrap_or_default();
    let (choices, near) = choices(scene, asked);
    workbench::graph_page(&Graph {
        round: scene.round,
        asked,
        site: scene.site.as_ref(),
        drafts: scene.drafts,
        found: Some(asked)
            .filter(|asked| !asked.is_empty())
            .and_then(|asked| reads_of(scene, asked)),
        choices,
        near,
    })
}

fn deploys(scene: &Scene, ask: &Ask) -> String {
    let (node, app) = (ask.value("node"), ask.value("app"));
    let one =
        |name: Option<&str>| -> Vec<String> { name.map(str::to_string).into_iter().collect() };
    let (nodes, apps) = (one(node), one(app));
    let wanted = DeploysWanted {
        nodes: &nodes,
        apps: &apps,
        id: None,
        limit: MOST_DEPLOYS,
    };
    let state = scene.root.join(STATE_FOLDER);
    let config = scene.site.as_ref().map(|site| &site.config);
    let name = config.and_then(Config::default_database);
    let (session, mut failure) = match config.zip(name).map(|(config, name)| open(config, name)) {
        None => (None, None),
        Some(Ok(session)) => (Some(session), None),
        Some(Err(message)) => (None, Some(message)),
    };
    let mut opened = Book::open(&state, session);
    failure = failure.or(opened.failure.take().map(|failure| failure.message));
    let mut has_database = opened.book.has_database();
    let records = opened.book.read(&wanted).or_else(|problem| {
        failure = Some(problem.message);
        has_database = false;
        Book::open(&state, None).book.read(&wanted)
    });
    let file = format!("the file {STATE_FOLDER}/deploys.jsonl");
    let source = match (name, has_database) {
        (Some(name), true) => format!("These are the records of the database `{name}`."),
        (Some(name), false) => {
            format!(
                "These are the records of {file}: those of the database `{name}` cannot be read."
            )
        }
        (None, _) => {
            format!("These are the records of {file}: the site names no database for them.")
        }
    };
    let built = |of: fn(&crate::pipeline::BuiltBundle) -> &String| {
        scene.bundles.iter().map(of).cloned().collect()
    };
    workbench::deploys_page(&Deploys {
        records: &records.unwrap_or_default(),
        source,
        failure,
        nodes: built(|bundle| &bundle.node),
        apps: built(|bundle| &bundle.app),
        node,
        app,
        standing: config.map_or_else(BTreeMap::new, |config| standing(scene, config)),
    })
}

/// A connection to a database, or why there is none: its address is never part of that.
fn open(config: &Config, name: &str) -> Result<Session, String> {
    let environment = |variable: &str| std::env::var(variable).ok();
    address_of(config, name, &environment)
        .and_then(|address| Session::open(&address))
        .map_err(|failure| failure.message)
}

/// What pointers say at the targets that are on this disk: a page does not wait for a store.
fn standing(scene: &Scene, config: &Config) -> BTreeMap<(String, String), Standing> {
    let mut standing = BTreeMap::new();
    for (node, config) in &config.nodes {
        let Some(deploy) = &config.deploy else {
            continue;
        };
        if matches!(deploy.target, TargetConfig::S3 { .. }) {
            continue;
        }
        let Ok(target) = open_target(&scene.root, node, &deploy.target) else {
            continue;
        };
        for app in target.apps().unwrap_or_default() {
            if let Ok(pointers) = target.pointers(&app) {
                let found = Standing {
                    live: pointers.live,
                    pinned: pointers.pinned,
                    previews: pointers.previews,
                };
                standing.insert((node.clone(), app), found);
            }
        }
    }
    standing
}

#[cfg(test)]
mod tests;
