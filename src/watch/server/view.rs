//! A scene with what requests look up in it again and again: the web root of each node, the homes of its apps.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use crate::model::{SHARED_APP, Site, Status};
use crate::render::encode_path;
use crate::serve::{Found, Web, WebBundle, resolve, web_of_apps};
use crate::watch::Scene;

/// A scene, and what was looked up in it so far.
pub struct View {
    pub scene: Arc<Scene>,
    /// The site; where its configuration cannot be used, that of the scene before.
    pub site: Option<Arc<Site>>,
    webs: Mutex<HashMap<String, Arc<Web>>>,
    homes: OnceLock<BTreeMap<String, String>>,
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

    /// The routes that a node has in these apps, with the app of each.
    pub fn routes<'a>(&'a self, apps: &'a [&str]) -> impl Iterator<Item = (&'a str, &'a str)> {
        let pages = self.site.iter().map(|site| &site.pages);
        pages.flat_map(move |pages| {
            (0..pages.len())
                .map(|index| pages.outline(index))
                .filter(|page| match page.status {
                    Status::Published => true,
                    Status::Draft => self.scene.drafts,
                    Status::Archived => false,
                })
                .filter(move |page| apps.contains(&page.app))
                .map(|page| (page.app, page.route))
        })
    }

    /// The home of an app, which is the shortest of its routes.
    pub fn home(&self, app: &str) -> Option<&str> {
        let homes = self.homes.get_or_init(|| {
            let apps: Vec<&str> = self.scene.bundles.iter().map(|b| b.app.as_str()).collect();
            let mut homes: BTreeMap<String, String> = BTreeMap::new();
            for (app, route) in self.routes(&apps) {
                let rank = |route: &str| (route.len(), route.to_string());
                match homes.get_mut(app) {
                    Some(home) if rank(home) <= rank(route) => {}
                    Some(home) => *home = route.to_string(),
                    None => {
                        homes.insert(app.to_string(), route.to_string());
                    }
                }
            }
            homes
        });
        homes.get(app).map(String::as_str)
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
            .filter_map(|app| self.home(app));
        homes.next().map(|route| address(node, route))
    }
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
