//! A scene with what requests look up in it again and again: the web root of each node, the homes of its apps.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use crate::model::{SHARED_APP, Site, Status};
use crate::render::encode_path;
use crate::serve::{Found, Web, WebBundle, resolve, web_of_apps};
use crate::watch::{Scene, reads};

/// A scene, and what was looked up in it so far.
pub struct View {
    pub scene: Arc<Scene>,
    /// The site; where its configuration cannot be used, that of the scene before.
    pub site: Option<Arc<Site>>,
    webs: Mutex<HashMap<String, Arc<Web>>>,
    /// Routes, by node and app.
    homes: OnceLock<BTreeMap<(String, String), String>>,
}

impl View {
    /// The view of a scene that follows another.
    pub fn new(scene: Arc<Scene>, before: Option<&View>) -> View {
        let site = scene
            .site
            .clone()
            .or_else(|| before.and_then(|before| before.site.clone()));
        View {
            scene,
            site,
            webs: Mutex::new(HashMap::new()),
            homes: OnceLock::new(),
        }
    }

    /// The web root of a node that has bundles.
    pub fn web(&self, node: &str) -> Option<Arc<Web>> {
        let mut webs = self.webs.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(web) = webs.get(node) {
            return Some(Arc::clone(web));
        }
        let nodes = self.scene.nodes();
        let (_, apps) = nodes.into_iter().find(|(known, _)| *known == node)?;
        let base_path = match &self.site {
            Some(site) => site.config.base_path_of(node),
            None => "",
        };
        let web = Arc::new(web_of_apps(&self.scene.out, node, base_path, &apps));
        webs.insert(node.to_string(), Arc::clone(&web));
        Some(web)
    }

    /// The routes of a node: those that were built, or where that is not known, those that its apps have now.
    pub fn routes<'a>(&'a self, node: &str) -> Vec<Cow<'a, str>> {
        if let Some(ledger) = self.scene.ledger.as_deref() {
            let own = reads::pages(ledger).filter(|(of, _, _)| *of == node);
            return own.map(|(_, _, path)| route_of(path).into()).collect();
        }
        let nodes = self.scene.nodes().into_iter();
        let apps: Vec<&str> = nodes
            .filter(|(known, _)| *known == node)
            .flat_map(|(_, apps)| apps)
            .collect();
        self.routes_now()
            .filter(|(app, _)| apps.contains(app))
            .map(|(_, route)| route.into())
            .collect()
    }

    /// The app and the route of each page that the site has now.
    fn routes_now(&self) -> impl Iterator<Item = (&str, &str)> {
        let pages = self.site.iter().map(|site| &site.pages);
        pages.flat_map(|pages| {
            (0..pages.len())
                .map(|index| pages.outline(index))
                .filter(|page| match page.status {
                    Status::Published => true,
                    Status::Draft => self.scene.drafts,
                    Status::Archived => false,
                })
                .map(|page| (page.app, page.route))
        })
    }

    /// The home of an app at a node, which is the shortest of its routes: the same as on the start page.
    pub fn home(&self, node: &str, app: &str) -> Option<&str> {
        let homes = self.homes.get_or_init(|| match &self.scene.ledger {
            Some(ledger) => reads::homes(ledger)
                .into_iter()
                .map(|((node, app), path)| (home_key(node, app), route_of(path)))
                .collect(),
            None => self.homes_now(),
        });
        homes.get(&home_key(node, app)).map(String::as_str)
    }

    /// The homes as the site has them now, the same at every node.
    fn homes_now(&self) -> BTreeMap<(String, String), String> {
        let mut homes: BTreeMap<&str, &str> = BTreeMap::new();
        for (app, route) in self.routes_now() {
            let home = homes.entry(app).or_insert(route);
            if (route.len(), route) < (home.len(), *home) {
                *home = route;
            }
        }
        let nodes = self.scene.nodes().into_iter();
        let apps = nodes.flat_map(|(node, apps)| apps.into_iter().map(move |app| (node, app)));
        apps.filter_map(|(node, app)| {
            let home = homes.get(app)?;
            Some((home_key(node, app), home.to_string()))
        })
        .collect()
    }

    /// Where somebody begins who wants to see a node that has no page at its root: the home of the first
    /// of its apps, as an address below the node.
    pub fn start_of(&self, node: &str) -> Option<String> {
        let nodes = self.scene.nodes();
        let (_, apps) = nodes.into_iter().find(|(known, _)| *known == node)?;
        let (own, shared): (Vec<&str>, Vec<&str>) =
            apps.into_iter().partition(|app| *app != SHARED_APP);
        let mut homes = own
            .into_iter()
            .chain(shared)
            .filter_map(|app| self.home(node, app));
        homes.next().map(|route| address(node, route))
    }
}

fn home_key(node: &str, app: &str) -> (String, String) {
    (node.to_string(), app.to_string())
}

/// The route of a page by its output: `play/a/index.html` is `/play/a`.
fn route_of(path: &str) -> String {
    let folder = path.strip_suffix("index.html").unwrap_or(path);
    format!("/{}", folder.trim_end_matches('/'))
}

/// The address of a route of a node, encoded: the folder of its page.
pub fn address(node: &str, route: &str) -> String {
    match route.trim_matches('/') {
        "" => format!("/{node}/"),
        route => format!("/{node}/{}/", encode_path(route)),
    }
}

/// What a path below the root of a node means; files are those that its folders have now.
pub fn look(web: &Web, below: &str) -> Found {
    resolve(web, below, &WebBundle::has)
}
