//! Plans a build as data: what every bundle will have, before anything is rendered. Two outputs for
//! one path fail here.

mod outputs;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::diag::Diagnostics;
use crate::model::{Block, Condition, Moment, Node, Outline, Page, SHARED_APP, Site, Status};

/// What is asked of a build.
#[derive(Clone, Debug)]
pub struct Request {
    /// The nodes to build; empty means all.
    pub nodes: BTreeSet<String>,
    /// The apps to build; empty means all.
    pub apps: BTreeSet<String>,
    /// Whether drafts are built as well.
    pub drafts: bool,
    /// The time that conditions are held against.
    pub now: Moment,
}

/// All that a build will do.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Sorted by node.
    pub nodes: Vec<NodePlan>,
    /// The moments at which some condition of the site may change, sorted, each once.
    pub boundaries: Vec<Moment>,
}

/// What is built for one node.
#[derive(Clone, Debug)]
pub struct NodePlan {
    pub node: String,
    pub theme: String,
    /// Every page that the node has, over all its apps, as indices of `Site::pages`, sorted by route.
    pub pages: Arc<Vec<usize>>,
    /// Sorted by app.
    pub bundles: Vec<BundlePlan>,
}

/// Everything built for one (node, app).
#[derive(Clone, Debug)]
pub struct BundlePlan {
    pub app: String,
    /// Sorted by route.
    pub pages: Vec<PageJob>,
    /// The components that some block of the bundle uses.
    pub components: BTreeSet<String>,
    /// Old routes and the routes that they redirect to, sorted.
    pub redirects: Vec<(String, String)>,
}

/// One page to render.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageJob {
    /// An index of `Site::pages`.
    pub page: usize,
    /// The blocks whose conditions hold, as indices of `Page::blocks`.
    pub blocks: Vec<usize>,
    /// The output, relative to the bundle's root.
    pub path: String,
}

/// The outputs that every bundle has besides its pages, its statics and what is below `_rb/`.
pub const COMMON_OUTPUTS: [&str; 5] = [
    "404.html",
    "_headers",
    "_redirects",
    "robots.txt",
    "sitemap.xml",
];

/// The most addresses that one sitemap may have (sitemaps.org protocol 0.9).
pub const MOST_ADDRESSES: usize = 50_000;

/// How many files a sitemap of so many addresses is split into, `sitemap-1.xml` and on; 0 where it is
/// not split.
pub fn sitemap_parts(addresses: usize) -> usize {
    if addresses <= MOST_ADDRESSES {
        0
    } else {
        addresses.div_ceil(MOST_ADDRESSES)
    }
}

/// Lists all outputs. Collisions are errors; conditions that cannot be read hide their block, and
/// have been reported when the site was assembled.
pub fn plan(site: &Site, request: &Request) -> (Plan, Diagnostics) {
    let mut diagnostics = Diagnostics::new();
    let by_route = by_route(site);
    let nodes = site
        .nodes
        .values()
        .filter(|node| request.nodes.is_empty() || request.nodes.contains(&node.id))
        .map(|node| {
            let pages: Vec<usize> = by_route
                .iter()
                .copied()
                .filter(|&page| has_page(site, &node.id, &site.pages.outline(page), request.drafts))
                .collect();
            let mut bundles: BTreeMap<&str, BundlePlan> = BTreeMap::new();
            for &index in &pages {
                let page = &site.pages[index];
                if !request.apps.is_empty() && !request.apps.contains(&page.app) {
                    continue;
                }
                let bundle = bundles.entry(&page.app).or_insert_with(|| BundlePlan {
                    app: page.app.clone(),
                    pages: Vec::new(),
                    components: BTreeSet::new(),
                    redirects: Vec::new(),
                });
                let job = PageJob {
                    page: index,
                    blocks: shown_blocks(page, &node.id, request.now),
                    path: output_path(&page.route),
                };
                for &block in &job.blocks {
                    let component = &page.blocks[block].component;
                    if !bundle.components.contains(component) {
                        bundle.components.insert(component.clone());
                    }
                }
                for (_, alias) in page.aliases() {
                    bundle
                        .redirects
                        .push((alias.to_string(), page.route.clone()));
                }
                bundle.pages.push(job);
            }
            NodePlan {
                node: node.id.clone(),
                theme: site.config.theme_of(&node.id).to_string(),
                pages: Arc::new(pages),
                bundles: bundles
                    .into_values()
                    .map(|mut bundle| {
                        bundle.redirects.sort();
                        bundle
                    })
                    .collect(),
            }
        })
        .collect();
    let plan = Plan {
        nodes,
        boundaries: boundaries(site),
    };
    outputs::check(site, &plan, &mut diagnostics);
    (plan, diagnostics)
}

/// All pages, sorted by route. On one thread: it may be asked for while a page is rendered, and what a
/// render asks is noted by its thread.
fn by_route(site: &Site) -> Vec<usize> {
    let mut routes: Vec<(&str, usize)> = (0..site.pages.len())
        .map(|index| (site.pages.outline(index).route, index))
        .collect();
    routes.sort();
    routes.into_iter().map(|(_, index)| index).collect()
}

/// Whether a node has a page: its app is enabled there, and it is published, or a draft where
/// `drafts` count.
pub fn has_page(site: &Site, node: &str, page: &Outline<'_>, drafts: bool) -> bool {
    let enables = |node: &Node| node.enabled_apps.has(page.app);
    let has_app = page.app == SHARED_APP || site.nodes.get(node).is_some_and(enables);
    has_app && is_shown(page.status, drafts)
}

/// The pages that a node has, over all its apps, sorted by route.
pub fn node_pages(site: &Site, node: &str, drafts: bool) -> Vec<usize> {
    let has = |index: &usize| has_page(site, node, &site.pages.outline(*index), drafts);
    by_route(site).into_iter().filter(has).collect()
}

/// The blocks of a page whose conditions hold for a node at some time.
pub fn shown_blocks(page: &Page, node: &str, now: Moment) -> Vec<usize> {
    let shown = |block: &Block| {
        block.conditions.is_empty()
            || Condition::parse(&block.conditions, &Default::default())
                .is_ok_and(|condition| condition.holds(node, &page.app, page.status, now))
    };
    let blocks = page.blocks.iter().enumerate();
    blocks
        .filter(|(_, block)| shown(block))
        .map(|(index, _)| index)
        .collect()
}

fn is_shown(status: Status, drafts: bool) -> bool {
    match status {
        Status::Published => true,
        Status::Draft => drafts,
        Status::Archived => false,
    }
}

/// The file of a route: `/play/blackjack` is `play/blackjack/index.html`.
pub fn output_path(route: &str) -> String {
    match route.trim_matches('/') {
        "" => "index.html".to_string(),
        path => format!("{path}/index.html"),
    }
}

/// The moments at which some condition of the site may change, sorted, each once.
fn boundaries(site: &Site) -> Vec<Moment> {
    let mut moments = Vec::new();
    for block in site.pages.iter().flat_map(|page| &page.blocks) {
        if !block.conditions.is_empty()
            && let Ok(condition) = Condition::parse(&block.conditions, &Default::default())
        {
            condition.boundaries(&mut moments);
        }
    }
    moments.sort_unstable();
    moments.dedup();
    moments
}
