//! The pages below `/_rb/` and the start page: what was asked for, and the scene, give HTML.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::Scene;
use super::history::deploys;
use super::reads::{choices, homes, reads_of};
use crate::build::sample::Showroom;
use crate::model::Site;
use crate::workbench::{self, Graph, PAGES_CSS, Start, StartApp, StartNode, Tab};

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
    let of_site = |tab, page: fn(&Site, u64, &[(String, String)]) -> String| match site {
        Some(site) => page(site, scene.round, &ask.query),
        None => workbench::problems_page(tab, scene.round, &scene.diagnostics),
    };
    let html = match ask.path.as_str() {
        "/" => start(scene),
        "/_rb/gallery" => of_site(Tab::Gallery, workbench::gallery_page),
        "/_rb/tokens" => of_site(Tab::Tokens, workbench::tokens_page),
        "/_rb/deploys" => deploys(scene, ask.value("node"), ask.value("app")),
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
        workbench::first_value(&self.query, name).filter(|value| !value.is_empty())
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
    let showroom = showroom(site, scene);
    let (status, body) = workbench::sample(&showroom, &ask.query, ask.posted.as_ref());
    Answer {
        status,
        policy: workbench::sample_policy(),
        ..html(body)
    }
}

/// The showroom of a site: that of the last one that was shown is kept, because samples are asked for by
/// the dozen.
fn showroom(site: &Arc<Site>, scene: &Scene) -> Arc<Showroom> {
    static LAST: Mutex<Option<(bool, Arc<Showroom>)>> = Mutex::new(None);
    let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
    match &*last {
        Some((with, showroom)) if *with == scene.drafts && Arc::ptr_eq(showroom.site(), site) => {
            Arc::clone(showroom)
        }
        _ => {
            let showroom = Arc::new(Showroom::new(site, scene.drafts, &scene.react, scene.now));
            *last = Some((scene.drafts, Arc::clone(&showroom)));
            showroom
        }
    }
}

fn start(scene: &Scene) -> String {
    let homes = scene.ledger.as_deref().map(homes).unwrap_or_default();
    let mut nodes: BTreeMap<&str, StartNode<'_>> = BTreeMap::new();
    if let Some(site) = &scene.site {
        for (id, node) in site.nodes.iter() {
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

#[cfg(test)]
mod tests {
    #![allow(
        clippy::disallowed_methods,
        reason = "the tests write a site and build it"
    )]

    use crate::render::react::NoRunner;
    use std::fs;
    use std::path::Path;

    use tempfile::TempDir;

    use super::super::{Made, Scene};
    use super::*;
    use crate::deploy::Book;
    use crate::diag::code;
    use crate::files::Folder;
    use crate::ledger::{Ledger, request_key};
    use crate::load::{load_site, locate};
    use crate::model::{Deploy, DeployStatus, Moment};
    use crate::pipeline::{Options, STATE_FOLDER, build_folder};
    use crate::plan::Request;
    use crate::scaffold::{Template, site_files};

    /// A new site, built, and the scene after its first round.
    fn scene() -> (TempDir, Scene) {
        let folder = TempDir::new().unwrap();
        for (path, bytes) in site_files(Template::App, "My <site>") {
            let file = folder.path().join(path);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, bytes).unwrap();
        }
        let now = Moment::UNIX_EPOCH;
        let options = Options {
            nodes: Default::default(),
            apps: Default::default(),
            drafts: false,
            now,
            out: None,
            force: false,
            verify: false,
            explain: crate::pipeline::Explain::Nothing,
            from: None,
            exhausted: None,
            react: Arc::new(NoRunner),
        };
        let outcome = build_folder(folder.path(), &options, &|_, _| ());
        let report = outcome.report.expect("a new site has no errors");
        let request = Request {
            nodes: Default::default(),
            apps: Default::default(),
            drafts: false,
            now,
        };
        let loaded = load_site(&Folder::new(folder.path()));
        let scene = Scene {
            react: Arc::new(NoRunner),
            round: 1,
            root: folder.path().to_path_buf(),
            out: report.out,
            drafts: false,
            now,
            site: loaded.site.map(Arc::new),
            bundles: report.bundles.into(),
            diagnostics: locate(&Folder::new(folder.path()), outcome.diagnostics).into(),
            ledger: Some(Arc::new(ledger(folder.path(), &request))),
            made: imbl::HashMap::new(),
        };
        (folder, scene)
    }

    fn ledger(root: &Path, request: &Request) -> Ledger {
        let files = fs::read_dir(root.join(STATE_FOLDER)).unwrap();
        let mut paths = files.map(|file| file.unwrap().path());
        let is_ledger = |path: &std::path::PathBuf| {
            let name = path.file_name().unwrap().to_string_lossy().to_string();
            name.starts_with("ledger-")
        };
        let path = paths.find(is_ledger).expect("the build wrote one");
        Ledger::open(fs::read(path).unwrap(), &request_key(request)).expect("it is sound")
    }

    fn shown(scene: &Scene, path: &str, query: &[(&str, &str)]) -> String {
        let owned = |(key, value): &(&str, &str)| (key.to_string(), value.to_string());
        let ask = Ask {
            path: path.to_string(),
            query: query.iter().map(owned).collect(),
            posted: None,
        };
        page(scene, &ask).expect("there is such a page").body
    }

    #[test]
    fn the_start_page_has_every_node_and_app() {
        let (_folder, scene) = scene();
        let html = shown(&scene, "/", &[]);
        assert!(html.contains("My &lt;site&gt;"), "{html}");
        for node in ["harbour", "riverside"] {
            assert!(html.contains(&format!("<code>{node}</code>")), "{html}");
        }
        // The page with the shortest path is the home.
        let homes = homes(scene.ledger.as_deref().unwrap());
        for ((node, _), path) in homes {
            let address = format!("src=\"/{node}/{}\"", path.trim_end_matches("index.html"));
            assert!(html.contains(&address), "{address} in {html}");
        }
    }

    #[test]
    fn the_graph_tells_what_a_page_reads_and_who_reads_it() {
        let (_folder, mut scene) = scene();
        let site = scene.site.clone().unwrap();
        let route = &site.pages[site.pages.find("catalogue").unwrap()].route;
        let html = shown(
            &scene,
            "/_rb/graph",
            &[("path", &format!("/riverside{route}/"))],
        );
        assert!(html.contains("As it was before watching began"), "{html}");
        assert!(html.contains("content/pages/home/catalogue.toml"), "{html}");
        assert!(html.contains("themes/base/layouts/"), "{html}");
        assert!(html.contains("robbieblocks.toml"), "{html}");
        for block in &site.pages[site.pages.find("catalogue").unwrap()].blocks {
            assert!(
                html.contains(&format!("component={}", block.component)),
                "{html}"
            );
        }
        // The navigation of the other pages lists it.
        assert!(html.contains("which it is in"), "{html}");

        let output = format!("riverside/home{route}/index.html");
        let made = Made {
            why: Arc::from("the page changed"),
            at: Moment::UNIX_EPOCH,
            round: 7,
        };
        scene.made.insert(Arc::from(output.as_str()), made);
        for named in [
            output,
            format!("/riverside{route}"),
            format!("/riverside{route}/index.html"),
        ] {
            let html = shown(&scene, "/_rb/graph", &[("path", &named)]);
            assert!(html.contains("Rendered because the page changed"), "{html}");
            assert!(html.contains("in round 7"), "{html}");
        }
    }

    #[test]
    fn the_graph_knows_files_that_are_no_pages_and_finds_what_is_near() {
        let (_folder, scene) = scene();
        let html = shown(
            &scene,
            "/_rb/graph",
            &[("path", "/harbour/_rb/home/tokens.css")],
        );
        assert!(html.contains("This is no page"), "{html}");
        let html = shown(&scene, "/_rb/graph", &[("path", "/harbour/404.html")]);
        assert!(html.contains("What it reads"), "{html}");
        let html = shown(&scene, "/_rb/graph", &[("path", "CATALOG")]);
        assert!(html.contains("Nothing is at"), "{html}");
        assert!(html.contains("/riverside/catalogue/</a>"), "{html}");
        for wanted in ["", "/", "//", "/../..", "%00", "/harbour/%ff", "/nobody/x/"] {
            let html = shown(&scene, "/_rb/graph", &[("path", wanted)]);
            assert!(
                html.contains("Choose a page") || html.contains("Nothing is at"),
                "{html}"
            );
        }
    }

    #[test]
    fn deploys_come_from_the_file_where_there_is_no_database() {
        let (folder, scene) = scene();
        let html = shown(&scene, "/_rb/deploys", &[]);
        assert!(html.contains("Nothing was deployed yet"), "{html}");
        let deploy = |id: &str, node: &str| Deploy {
            id: id.to_string(),
            node: node.to_string(),
            app: "home".to_string(),
            build_hash: "f".repeat(64),
            pages: Some(1),
            components: Some(1),
            status: DeployStatus::Failed,
            build_ms: Some(5),
            deploy_ms: None,
            error: Some("the disk is full".to_string()),
            log: "one <line>".to_string(),
            started_at: Moment::UNIX_EPOCH,
            completed_at: Some(Moment::UNIX_EPOCH),
            triggered_by: "manual".to_string(),
            source_rev: None,
            source_commit: None,
            release: None,
            target: None,
            preview: None,
        };
        let mut book = Book::open(&folder.path().join(STATE_FOLDER), None).book;
        let records = [
            deploy("6f1c1f6e-0000-4000-8000-000000000001", "harbour"),
            deploy("6f1c1f6e-0000-4000-8000-000000000002", "riverside"),
        ];
        assert!(book.note(&records).is_none());
        let html = shown(&scene, "/_rb/deploys", &[]);
        assert!(html.contains("names no database"), "{html}");
        assert_eq!(html.matches("the disk is full").count(), 2, "{html}");
        assert!(html.contains("one &lt;line&gt;"), "{html}");
        let html = shown(&scene, "/_rb/deploys", &[("node", "harbour"), ("app", "")]);
        assert_eq!(html.matches("the disk is full").count(), 1, "{html}");
    }

    #[test]
    fn a_database_that_is_not_there_is_told_without_its_address() {
        let (_folder, mut scene) = scene();
        let mut site = Site::clone(scene.site.as_ref().unwrap());
        let database = crate::model::DatabaseConfig {
            url_env: "RBGEN_TEST_NO_SUCH_VARIABLE".to_string(),
            listen_url_env: None,
        };
        site.config.databases.insert("main".to_string(), database);
        scene.site = Some(Arc::new(site));
        let html = shown(&scene, "/_rb/deploys", &[]);
        assert!(html.contains("`RBGEN_TEST_NO_SUCH_VARIABLE`"), "{html}");
        assert!(html.contains("cannot be read"), "{html}");
    }

    #[test]
    fn components_and_tokens_are_shown_and_a_component_alone() {
        let (_folder, mut scene) = scene();
        assert!(shown(&scene, "/_rb/gallery", &[]).contains("hero"));
        assert!(shown(&scene, "/_rb/tokens", &[]).contains("--color-primary"));
        let posted = serde_json::json!({
            "node": "harbour", "component": "notice", "props": { "title": "Typed", "text": "By hand" },
        });
        let mut ask = Ask {
            path: "/_rb/sample".to_string(),
            query: Vec::new(),
            posted: Some(posted),
        };
        let answer = page(&scene, &ask).unwrap();
        assert!(answer.body.contains("Typed"), "{}", answer.body);
        assert!(
            answer.policy.contains("default-src 'none'"),
            "{}",
            answer.policy
        );
        // Another site has another showroom.
        let mut site = Site::clone(scene.site.as_ref().unwrap());
        Arc::make_mut(&mut site.components).remove("notice");
        scene.site = Some(Arc::new(site));
        assert_eq!(page(&scene, &ask).unwrap().status, 404);
        scene.site = None;
        ask.posted = None;
        assert_eq!(page(&scene, &ask).unwrap().status, 503);
    }

    #[test]
    fn there_are_no_other_pages_and_nothing_is_posted_to_these() {
        let (_folder, scene) = scene();
        let ask = |path: &str, posted| Ask {
            path: path.to_string(),
            query: Vec::new(),
            posted,
        };
        assert!(page(&scene, &ask("/_rb/nothing", None)).is_none());
        assert!(page(&scene, &ask("/_rb/deploys", Some(serde_json::json!({})))).is_none());
        let styles = page(&scene, &ask("/_rb/pages.css", None)).unwrap();
        assert_eq!(styles.content_type, "text/css; charset=utf-8");
    }

    #[test]
    fn without_a_site_the_pages_say_what_is_wrong() {
        let (_folder, mut scene) = scene();
        let problem = crate::diag::Diagnostic::general(code::UNKNOWN_KEY, "what a mess");
        let folder = Folder::new(&scene.root);
        scene.site = None;
        scene.bundles = Arc::new([]);
        scene.ledger = None;
        scene.diagnostics = locate(&folder, problem.into()).into();
        assert!(shown(&scene, "/", &[]).contains("what a mess"));
        shown(&scene, "/_rb/deploys", &[]);
        shown(&scene, "/_rb/graph", &[("path", "/harbour/home/")]);
    }
}
