//! A small site whose nodes follow one database: what is live of it, and what a clean build would be.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::{LazyLock, Mutex};

use rbgen::db::{Address, Session};
use serde_json::Value;

use super::follower::Follower;
use crate::harness::{TestSite, Tree, copy_tree, text, tree};
use crate::postgres::{Database, SERVER, Server};

/// The nodes with the apps that they show.
pub const NODES: [(&str, &str); 6] = [
    ("one", "play"),
    ("two", "play, code"),
    ("three", "code"),
    ("four", "play, work"),
    ("five", "code"),
    ("six", "work"),
];

/// The files of all bundles by `node/app`.
pub type Bundles = BTreeMap<String, Tree>;

pub struct World {
    pub site: TestSite,
    pub database: Database<'static>,
    /// A connection to ask with.
    asker: Mutex<Option<Session>>,
}

/// A page with one block, as a file.
fn page(name: &str, status: &str) -> String {
    format!(
        "name = \"{name}\"\nstatus = \"{status}\"\n\n[[blocks]]\ncomponent = \"hero\"\nprops = {{ title = \"{name}\" }}\n"
    )
}

/// The site with its content as files, and its nodes with targets beside it.
fn site() -> TestSite {
    let site = TestSite::base();
    site.remove("content/nodes/one.toml");
    let mut config = site.read("robbieblocks.toml");
    config.truncate(config.find("[node.one]").unwrap());
    config +=
        "[database.main]\nurl_env = \"DATABASE_URL\"\nlisten_url_env = \"DATABASE_LISTEN_URL\"\n";
    for (node, apps) in NODES {
        config += &format!(
            "\n[node.{node}]\nbase_url = \"https://{node}.example.org\"\ndeploy = {{ dir = \"../live/{node}\", keep = 3 }}\n"
        );
        let apps = apps.replace(", ", "\", \"");
        let branding = format!(
            "name = \"{node}\"\nenabled_apps = [\"{apps}\"]\n\n[style_overrides]\ntheme = \"light\"\n"
        );
        site.write(&format!("content/nodes/{node}.toml"), branding);
    }
    site.write("robbieblocks.toml", config);
    for app in ["code", "work"] {
        site.write(
            &format!("content/pages/{app}/{app}-home.toml"),
            page(app, "published"),
        );
    }
    site
}

/// A database with that content.
fn filled(server: &'static Server) -> Database<'static> {
    let database = server.migrated();
    let site = site();
    let mut command = site.command(&["import"]);
    let output = command
        .env("DATABASE_URL", database.url())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    database
}

/// What the databases of most tests are copies of.
static FILLED: LazyLock<Database<'static>> = LazyLock::new(|| filled(&SERVER));

impl World {
    /// All six nodes.
    pub fn new() -> World {
        World::with(FILLED.copy())
    }

    /// These nodes alone.
    pub fn of(nodes: &[&str]) -> World {
        let world = World::new();
        world.keep_nodes(nodes);
        world
    }

    /// With a server of its own, which a test may stop.
    pub fn on(server: &'static Server, nodes: &[&str]) -> World {
        let world = World::with(filled(server));
        world.keep_nodes(nodes);
        world
    }

    fn with(database: Database<'static>) -> World {
        let site = site();
        site.remove("content");
        World {
            site,
            database,
            asker: Mutex::new(None),
        }
    }

    fn keep_nodes(&self, nodes: &[&str]) {
        let list = nodes.join(",");
        self.sql(&format!(
            "DELETE FROM robbieblocks_node_branding WHERE node_id <> ALL ('{{{list}}}')"
        ));
        let config = self.site.read("robbieblocks.toml");
        let mut parts = config.split("\n[node.");
        let mut kept = parts.next().unwrap().to_string();
        for part in parts {
            if nodes
                .iter()
                .any(|node| part.starts_with(&format!("{node}]")))
            {
                kept += &format!("\n[node.{part}");
            }
        }
        self.site.write("robbieblocks.toml", kept);
    }

    /// Statements that must succeed: rows as lines, columns parted by `|`.
    #[track_caller]
    pub fn sql(&self, statements: &str) -> String {
        self.database.sql(statements)
    }

    /// The one value that a query gives, as text; asked often, on one connection.
    pub fn ask(&self, query: &str) -> Result<String, String> {
        let mut asker = self.asker.lock().unwrap();
        let session = match &mut *asker {
            Some(session) => session,
            none => {
                let address = Address::parse(&self.database.url()).unwrap();
                none.insert(Session::open(&address).map_err(|failure| failure.message)?)
            }
        };
        let asked = session.query(query, &[]);
        asked
            .map(|rows| rows[0].get::<_, Option<String>>(0).unwrap_or_default())
            .map_err(|failure| {
                *asker = None;
                failure.message
            })
    }

    /// rbgen in the site, with its database.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = self.site.command(args);
        command
            .env("DATABASE_URL", self.database.url())
            .env("DATABASE_LISTEN_URL", self.database.url())
            .env_remove("NOTIFY_SOCKET");
        command
    }

    pub fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    /// The command of a listener that looks every other second.
    pub fn listen_command(&self, args: &[&str]) -> Command {
        self.command(&[&["listen", "--json", "--check-every", "2"], args].concat())
    }

    /// A listener that has caught up.
    #[track_caller]
    pub fn listen(&self, args: &[&str]) -> Follower {
        let follower = Follower::start(self.listen_command(args));
        follower.event("ready");
        follower
    }

    /// The folder that a node is published to.
    pub fn target(&self, node: &str) -> PathBuf {
        self.site.beside("live").join(node)
    }

    /// A file that is live.
    pub fn live_file(&self, node: &str, app: &str, path: &str) -> Option<String> {
        let path = self.target(node).join(app).join("current").join(path);
        fs::read(path).ok().map(|bytes| text(&bytes))
    }

    /// All that is live.
    pub fn live(&self) -> Bundles {
        let mut found = Bundles::new();
        let folders = |folder: PathBuf| {
            let names = fs::read_dir(folder).into_iter().flatten().flatten();
            names.map(|entry| entry.file_name().to_string_lossy().into_owned())
        };
        for node in folders(self.site.beside("live")) {
            for app in folders(self.target(&node)) {
                let current = self.target(&node).join(&app).join("current");
                if current.symlink_metadata().is_ok() {
                    assert!(current.is_dir(), "{} leads nowhere", current.display());
                    found.insert(format!("{node}/{app}"), tree(&current));
                }
            }
        }
        found
    }

    /// What a build from nothing makes of the rows as they are.
    pub fn clean(&self) -> Bundles {
        self.clean_at(None)
    }

    /// The same at some time.
    pub fn clean_at(&self, now: Option<&str>) -> Bundles {
        let reference = TestSite::empty();
        for part in ["robbieblocks.toml", "themes"] {
            copy_tree(&self.site.path(part), &reference.path(part));
        }
        let out = reference.beside("out");
        let mut args = vec!["build", "--from", "db", "--out", out.to_str().unwrap()];
        args.extend(now.iter().flat_map(|now| ["--now", now]));
        let mut command = reference.command(&args);
        let output = command
            .env("DATABASE_URL", self.database.url())
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", text(&output.stderr));
        let mut bundles = Bundles::new();
        for (path, bytes) in tree(&out) {
            let mut parts = path.splitn(3, '/');
            if let (Some(node), Some(app), Some(file)) = (parts.next(), parts.next(), parts.next())
            {
                let files = bundles.entry(format!("{node}/{app}")).or_default();
                files.insert(file.to_string(), bytes);
            }
        }
        bundles
    }

    /// In what is live differs from what should be, one line a file. A release also has the assets of those
    /// before, which pages in browsers may still ask for.
    pub fn wrong(&self, expected: &Bundles) -> Vec<String> {
        let live = self.live();
        let mut wrong = Vec::new();
        for name in live.keys().chain(expected.keys()).collect::<BTreeSet<_>>() {
            let (Some(is), Some(should)) = (live.get(name), expected.get(name)) else {
                let is = live.contains_key(name);
                wrong.push(format!("{name} is {}live", if is { "" } else { "not " }));
                continue;
            };
            let (_, app) = name.split_once('/').unwrap();
            let assets = format!("_rb/{app}/assets/");
            for path in is.keys().chain(should.keys()).collect::<BTreeSet<_>>() {
                let is_left = !should.contains_key(path) && path.starts_with(&assets);
                if is.get(path) != should.get(path) && !is_left {
                    wrong.push(format!("{name}: {path}"));
                }
            }
        }
        wrong
    }

    /// A page that says nothing but what it must.
    #[track_caller]
    pub fn add_page(&self, app: &str, key: &str) {
        self.sql(&insert_page(app, key));
    }

    /// Changes the title of the page `home` of the app `play`.
    #[track_caller]
    pub fn title(&self, title: &str) {
        self.sql(&set_title("home", title));
    }

    /// The records of deploys, the newest last, as the table has them.
    pub fn records(&self) -> Vec<Value> {
        let rows = self.sql(
            "SELECT coalesce(json_agg(to_json(deploy) ORDER BY started_at, id), '[]') FROM robbieblocks_deploys AS deploy",
        );
        serde_json::from_str(&rows).unwrap()
    }
}

/// An INSERT with the columns that have no default.
pub fn insert_page(app: &str, key: &str) -> String {
    format!(
        "INSERT INTO robbieblocks_pages (page_key, app_namespace, page_name, page_route, layout_template, status) \
         VALUES ('{key}', '{app}', '{key}', '/{app}/{key}', 'single-column', 'published');"
    )
}

/// An UPDATE of the first block of a page.
pub fn set_title(page: &str, title: &str) -> String {
    format!(
        "UPDATE robbieblocks_page_blocks SET props = jsonb_set(props, '{{title}}', to_jsonb('{title}'::text)) \
         WHERE page_id = (SELECT id FROM robbieblocks_pages WHERE page_key = '{page}') AND NOT conditions ?| '{{from,until}}';"
    )
}
