//! The development server of watch over scenes that are put on its stage by hand: what a browser gets of
//! each node, and what it hears of each round.

mod ways;

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use rbgen::digest::Digest;
use rbgen::files::Folder;
use rbgen::load::{Located, load_site, locate};
use rbgen::model::Moment;
use rbgen::pipeline::BuiltBundle;
use rbgen::serve::{AllowedHosts, Port, Serving};
use rbgen::watch::server::{Settings, serve};
use rbgen::watch::{Scene, Stage};

use crate::harness::{TestSite, manifests, react, symlink, text, tree};
use crate::http::{Answer, raw};

/// A site with three nodes: one below a path of its host, one with the name of the app that all have.
fn three_nodes() -> TestSite {
    let site = TestSite::base();
    site.replace(
        "robbieblocks.toml",
        "https://one.example.org",
        "https://one.example.org/sub",
    );
    for node in ["play", "two"] {
        let own = site.read("content/nodes/one.toml");
        site.write(&format!("content/nodes/{node}.toml"), own);
    }
    site.write(
        "static/picture.svg",
        "<svg xmlns=\"http://www.w3.org/2000/svg\"/>",
    );
    site.ok(&["build"]);
    site
}

/// The scene of a site as it is now.
fn scene(site: &TestSite, round: u64) -> Scene {
    let folder = Folder::new(site.root());
    let loaded = load_site(&folder);
    let bundles = manifests(&site.path("dist")).into_values().map(|manifest| {
        let text = |name: &str| manifest[name].as_str().unwrap().to_string();
        BuiltBundle {
            node: text("node"),
            app: text("app"),
            build_hash: Digest::from_hex(&text("build_hash")).unwrap(),
            pages: 1,
            components: 1,
            files: 1,
        }
    });
    Scene {
        round,
        root: site.root(),
        out: site.path("dist"),
        drafts: false,
        now: Moment::now(),
        react: react(),
        site: loaded.site.map(Arc::new),
        bundles: bundles.collect(),
        diagnostics: locate(&folder, loaded.diagnostics).into(),
        ledger: None,
        made: Default::default(),
    }
}

struct Watched {
    site: TestSite,
    stage: Stage,
    serving: Serving,
}

impl Watched {
    fn of(site: TestSite) -> Watched {
        let stage = Stage::new(scene(&site, 1));
        let settings = Settings {
            address: "127.0.0.1".parse().unwrap(),
            port: Port::Asked(0),
            allowed: AllowedHosts::default(),
            name: None,
        };
        let serving = serve(stage.clone(), settings).unwrap();
        Watched {
            site,
            stage,
            serving,
        }
    }

    fn start() -> Watched {
        Watched::of(three_nodes())
    }

    fn ask(&self, method: &str, path: &str, headers: &str) -> Answer {
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost:1\r\nConnection: close\r\n{headers}\r\n"
        );
        raw(&self.serving.address.to_string(), &request)
    }

    fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, "")
    }

    /// Where a request leads, from a page of this server.
    fn from(&self, referer: &str, path: &str) -> String {
        let headers = format!("Referer: http://localhost:1{referer}\r\n");
        shown(&self.ask("GET", path, &headers))
    }

    fn follow(&self, pages: &[&str]) -> Events {
        let query: Vec<String> = pages.iter().map(|page| format!("page={page}")).collect();
        self.events(&query.join("&"))
    }

    fn events(&self, query: &str) -> Events {
        let mut stream = TcpStream::connect(self.serving.address).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(60)))
            .unwrap();
        let request = format!("GET /_rb/events?{query} HTTP/1.1\r\nHost: localhost\r\n\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        Events(BufReader::new(stream))
    }

    fn show(&self, round: u64) {
        self.stage.show(scene(&self.site, round));
    }
}

/// `200`, or `307 /to`.
fn shown(answer: &Answer) -> String {
    match answer.header("location") {
        Some(location) => format!("{} {location}", answer.status),
        None => answer.status.to_string(),
    }
}

struct Events(BufReader<TcpStream>);

impl Events {
    /// What the next event says.
    fn next(&mut self) -> Value {
        let mut named = false;
        loop {
            let mut line = String::new();
            assert_ne!(self.0.read_line(&mut line).unwrap(), 0, "the stream ended");
            named |= line.trim_end() == "event: state";
            if let Some(data) = line.strip_prefix("data: ") {
                assert!(named, "{line}");
                return serde_json::from_str(data).unwrap();
            }
        }
    }
}

/// The body without the script at its end, and that.
fn split_script(body: &[u8]) -> (Vec<u8>, String) {
    let at = body
        .windows(8)
        .rposition(|eight| eight == b"<script ")
        .unwrap();
    (body[..at].to_vec(), text(&body[at..]))
}

#[test]
fn every_file_is_that_of_the_output_and_pages_have_one_script_more() {
    let watched = Watched::start();
    let mut pages = 0;
    for (path, bytes) in watched.site.dist() {
        let parts: Vec<&str> = path.splitn(3, '/').collect();
        let [node, _, file] = parts[..] else {
            continue;
        };
        if matches!(file, "_headers" | "_redirects") {
            assert_eq!(watched.get(&format!("/{node}/{file}")).status, 404);
            continue;
        }
        let address = match file.strip_suffix("index.html") {
            Some(folder) => format!("/{node}/{folder}"),
            None => format!("/{node}/{file}"),
        };
        let answer = watched.get(&address);
        assert_eq!(answer.status, 200, "{address}");
        if !file.ends_with(".html") {
            assert!(answer.body == bytes, "{address}");
            continue;
        }
        pages += 1;
        let (body, script) = split_script(&answer.body);
        assert!(body == bytes, "{address}");
        let start = format!(
            "<script src=\"/_rb/watch.js\" data-page=\"{address}\" data-digest=\"{}\" data-shape=\"",
            blake3::hash(&bytes).to_hex()
        );
        assert!(script.starts_with(&start), "{script}");
        assert!(script.ends_with("\"></script>"), "{script}");
    }
    assert!(pages >= 9, "{pages}");
    assert_eq!(watched.get("/_rb/watch.js").status, 200);
}

#[test]
fn headers_are_those_of_the_host_but_for_what_would_be_in_the_way() {
    let site = three_nodes();
    let rules = site.path("dist/two/play/_headers");
    let own = fs::read_to_string(&rules).unwrap();
    let more =
        "/play/*\n  Strict-Transport-Security: max-age=9\n  X-Frame-Options: DENY\n  X-Own: yes\n";
    let own = own.replace(
        "frame-ancestors 'self'",
        "frame-ancestors 'none'; upgrade-insecure-requests",
    );
    fs::write(&rules, own + more).unwrap();
    let watched = Watched::of(site);
    let page = watched.get("/two/play/");
    assert_eq!(page.header("strict-transport-security"), None);
    assert_eq!(page.header("x-frame-options"), None);
    assert_eq!(page.header("x-own").as_deref(), Some("yes"));
    assert_eq!(page.header("cache-control").as_deref(), Some("no-cache"));
    let policy = page.header("content-security-policy").unwrap();
    for directive in [
        "default-src 'none'",
        "script-src http://localhost:1/_rb/watch.js",
        "connect-src http://localhost:1/_rb/events http://localhost:1/two/play/",
        "frame-ancestors 'self'",
    ] {
        assert!(policy.split("; ").any(|d| d == directive), "{policy}");
    }
    assert!(!policy.contains("upgrade-insecure-requests"), "{policy}");
    let tag = page.header("etag").unwrap();
    let known = format!("If-None-Match: {tag}\r\n");
    assert_eq!(watched.ask("GET", "/two/play/", &known).status, 304);
    let tokens = watched.get("/two/_rb/play/tokens.css");
    assert_eq!(tokens.header("cache-control").as_deref(), Some("no-cache"));
    let hashed = tree(&watched.site.path("dist/two/play/_rb/play/assets"));
    let hashed = hashed.keys().next().unwrap();
    let asset = watched.get(&format!("/two/_rb/play/assets/{hashed}"));
    let caching = asset.header("cache-control").unwrap();
    assert!(caching.contains("immutable"), "{caching}");
    // Another policy is another page, also to who has its bytes.
    fs::write(&rules, "/*\n  Content-Security-Policy: img-src 'self'\n").unwrap();
    watched.show(2);
    assert_eq!(watched.ask("GET", "/two/play/", &known).status, 200);
    let part = watched.ask("GET", "/two/picture.svg", "Range: bytes=1-3\r\n");
    assert_eq!((part.status, text(&part.body)), (206, "svg".into()));
}

#[test]
fn before_there_is_anything_that_is_said() {
    let site = TestSite::base();
    let watched = Watched::of(site);
    let early = watched.get("/one/play/");
    assert_eq!(early.status, 503);
    let page = text(&early.body);
    assert!(page.contains("Not built yet"), "{page}");
    assert!(page.contains("data-page=\"/one/play/\""), "{page}");
    assert_eq!(early.header("refresh"), None);
    // A page that is not one of the site comes back by itself.
    let workbench = watched.get("/_rb/none");
    assert_eq!(workbench.status, 503);
    assert_eq!(workbench.header("refresh").as_deref(), Some("1"));
    watched
        .site
        .write("content/pages/play/home.toml", "name = \n");
    watched.show(1);
    let broken = watched.get("/one/play/");
    assert_eq!(broken.status, 503);
    assert!(text(&broken.body).contains("Nothing is built"));
    let mut events = watched.follow(&["/one/play/"]);
    let first = events.next();
    assert_eq!(first["broken"], true);
    assert_eq!(first["pages"]["/one/play/"], Value::Null);
    let home = TestSite::base().read("content/pages/play/home.toml");
    watched.site.write("content/pages/play/home.toml", home);
    watched.site.ok(&["build"]);
    watched.show(2);
    let second = events.next();
    assert_eq!(
        (&second["round"], &second["broken"]),
        (&2.into(), &false.into())
    );
    assert!(second["pages"]["/one/play/"]["digest"].is_string());
    assert_eq!(watched.get("/one/play/").status, 200);
}

#[test]
fn each_round_that_changes_something_is_told() {
    let watched = Watched::start();
    let page = "/one/play/";
    let mut events = watched.follow(&[page, "/one/play/new/", "/nonsense"]);
    let first = events.next();
    assert_eq!(first["round"], 1);
    assert_eq!(first["name"], "Base");
    assert_eq!(first["broken"], false);
    assert_eq!(first["nodes"][0]["node"], "one");
    assert_eq!(first["nodes"][0]["apps"][0]["app"], "play");
    assert_eq!(first["nodes"][0]["apps"][0]["home"], "/one/play/");
    assert_eq!(first["pages"]["/one/play/new/"], Value::Null);
    assert_eq!(first["pages"]["/nonsense"], Value::Null);
    let (_, script) = split_script(&watched.get(page).body);
    let of = |event: &Value, name: &str| event["pages"][page][name].as_str().unwrap().to_string();
    for name in ["digest", "shape"] {
        let attribute = format!("data-{name}=\"{}\"", of(&first, name));
        assert!(script.contains(&attribute), "{script}");
    }
    let styles = first["pages"][page]["styles"].as_object().unwrap();
    let tokens = "/sub/_rb/play/tokens.css";
    let bytes = fs::read(watched.site.path("dist/one/play/_rb/play/tokens.css")).unwrap();
    assert_eq!(styles[tokens], blake3::hash(&bytes).to_hex().as_str());
    assert!(styles.len() > 1, "{styles:?}");
    // A round in which nothing has changed is none that is told.
    watched.show(2);
    assert_eq!(watched.follow(&[]).next()["round"], 2);
    let token = tree(&watched.site.path("content/tokens"));
    let token = format!("content/tokens/{}", token.keys().next().unwrap());
    let tokens_text = watched.site.read(&token);
    watched
        .site
        .write(&token, format!("brand-new = \"#123456\"\n{tokens_text}"));
    watched.site.ok(&["build"]);
    watched.show(3);
    let third = events.next();
    assert_eq!(third["round"], 3);
    assert_eq!(of(&third, "digest"), of(&first, "digest"));
    assert_ne!(third["pages"][page]["styles"][tokens], styles[tokens]);
    // A style sheet with another name: another page of the same shape.
    let style = "content/components/hero.css";
    let more = watched.site.read(style) + "\n.more { color: red; }\n";
    watched.site.write(style, more);
    watched.site.ok(&["build"]);
    watched.show(4);
    let fourth = events.next();
    assert_ne!(of(&fourth, "digest"), of(&first, "digest"));
    assert_eq!(of(&fourth, "shape"), of(&first, "shape"));
    // And other words.
    watched
        .site
        .replace("content/pages/play/home.toml", "window", "door");
    watched.site.ok(&["build"]);
    watched.show(5);
    let fifth = events.next();
    assert_ne!(of(&fifth, "shape"), of(&first, "shape"));
}

#[test]
fn who_asks_for_rounds_hears_of_each() {
    let watched = Watched::start();
    let mut events = watched.events("rounds");
    assert_eq!(events.next()["round"], 1);
    // Nothing but the number is different.
    for round in [2, 3] {
        watched.show(round);
        assert_eq!(events.next()["round"], round);
    }
}

#[test]
fn what_is_wrong_is_told_with_its_source() {
    let watched = Watched::start();
    let mut events = watched.follow(&[]);
    assert_eq!(events.next()["diagnostics"], Value::Array(Vec::new()));
    watched.site.replace(
        "content/pages/play/home.toml",
        "status = ",
        "\u{202e}bad = 1\nstatsu = ",
    );
    watched.site.replace(
        "content/pages/play/home.toml",
        "\u{202e}bad = 1\n",
        &format!("# \u{202e}{}\n", "x".repeat(1000)),
    );
    watched.show(2);
    let event = events.next();
    assert_eq!(event["broken"], true);
    let told = &event["diagnostics"][0];
    assert_eq!(told["code"], "RB0102");
    assert_eq!(told["severity"], "error");
    assert_eq!(told["path"], "content/pages/play/home.toml");
    assert_eq!((&told["line"], &told["column"]), (&4.into(), &1.into()));
    assert_eq!(told["hints"][0], "did you mean `status`?");
    let source = &told["source"];
    assert_eq!(
        (&source["first_line"], &source["line"]),
        (&2.into(), &4.into())
    );
    assert_eq!((&source["from"], &source["to"]), (&0.into(), &6.into()));
    let lines = source["lines"].as_array().unwrap();
    assert_eq!(lines.len(), 5);
    assert_eq!(lines[2], "statsu = \"published\"");
    let long = lines[1].as_str().unwrap();
    assert!(long.starts_with("# \u{fffd}xxx"), "{long}");
    assert_eq!(long.chars().count(), 400);
    assert_eq!(event["more"], 0);
}

#[test]
fn secrets_are_not_told_and_there_is_an_end() {
    let watched = Watched::start();
    let config = watched.site.read("robbieblocks.toml");
    watched.site.write(
        "robbieblocks.toml",
        config + "\n[database.main]\nurl = \"postgres://user:hunter2@example/db\"\n",
    );
    let mut now = scene(&watched.site, 2);
    let hidden = |located: &&Located| located.at.as_ref().is_some_and(|at| at.text.is_none());
    let one = now.diagnostics.iter().find(hidden).cloned().unwrap();
    now.diagnostics = std::iter::repeat_n(one, 205).collect();
    watched.stage.show(now);
    let event = watched.follow(&[]).next();
    assert!(!event.to_string().contains("hunter2"), "{event}");
    let told = event["diagnostics"].as_array().unwrap();
    assert_eq!(told.len(), 200);
    assert_eq!(event["more"], 5);
    assert_eq!(told[0]["source"], Value::Null);
    assert!(told[0]["line"].is_u64());
}

#[test]
fn only_who_may_is_answered() {
    let watched = Watched::start();
    let host = |host: &str| {
        let request =
            format!("GET /two/play/ HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        raw(&watched.serving.address.to_string(), &request).status
    };
    assert_eq!(host("localhost"), 200);
    assert_eq!(host("evil.example"), 403);
    assert_eq!(watched.ask("HEAD", "/two/play/", "").body.len(), 0);
    let put = watched.ask("PUT", "/two/play/", "Content-Length: 0\r\n");
    assert_eq!(
        (put.status, put.header("allow").as_deref()),
        (405, Some("GET, HEAD"))
    );
    let post = |headers: &str| {
        let headers = format!("Content-Length: 0\r\n{headers}");
        watched.ask("POST", "/_rb/gallery", &headers).status
    };
    let json = "Content-Type: application/json\r\n";
    assert_eq!(post(&format!("{json}Origin: http://evil.example\r\n")), 403);
    assert_eq!(post(&format!("{json}Sec-Fetch-Site: cross-site\r\n")), 403);
    assert_eq!(post(&format!("{json}Origin: http://localhost:2\r\n")), 403);
    assert_eq!(
        post("Content-Type: text/plain\r\nOrigin: http://localhost:1\r\n"),
        415
    );
    // From a page of this server it is read, and is no JSON.
    assert_eq!(post(&format!("{json}Origin: http://localhost:1\r\n")), 400);
    let large = format!(
        "POST /_rb/gallery HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{json}Content-Length: 2000000\r\n\r\n"
    );
    assert_eq!(
        raw(&watched.serving.address.to_string(), &large).status,
        413
    );
    let many = "page=/a&".repeat(65);
    assert_eq!(watched.get(&format!("/_rb/events?{many}")).status, 400);
}

#[test]
fn pages_of_other_sites_take_nothing_in() {
    let watched = Watched::start();
    let request = "GET / HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n";
    let refused = raw(&watched.serving.address.to_string(), request);
    let paths = [
        "/",
        "/two",
        "/two/play/",
        "/two/picture.svg",
        "/two/none",
        "/_rb/watch.js",
        "/_rb/pages.css",
        "/%ff",
    ];
    let answers = paths.map(|path| watched.get(path));
    for answer in answers.iter().chain([&refused]) {
        let policy = answer.header("cross-origin-resource-policy");
        assert_eq!(policy.as_deref(), Some("same-origin"), "{}", shown(answer));
    }
}

#[test]
fn nothing_outside_the_output_is_shown() {
    let site = three_nodes();
    fs::write(site.beside("secret.txt"), "secret").unwrap();
    symlink(
        &site.beside("secret.txt"),
        &site.path("dist/two/play/link.txt"),
    );
    symlink(&site.path("content"), &site.path("dist/two/play/linked"));
    let watched = Watched::of(site);
    for path in [
        "/two/../../robbieblocks.toml",
        "/two/%2e%2e/%2e%2e/robbieblocks.toml",
        "/two/..%2f..%2frobbieblocks.toml",
        "/two/link.txt",
        "/two/linked/pages/play/home.toml",
        "/two/play.json",
        "/.rbgen/lock",
        "/two/..\\x",
        "/two/%00",
    ] {
        let status = watched.get(path).status;
        assert!(matches!(status, 400 | 404), "{path}: {status}");
    }
}

#[test]
fn it_stops_also_while_somebody_listens() {
    let watched = Watched::start();
    let mut events = watched.follow(&[]);
    events.next();
    let address = watched.serving.address;
    watched.serving.stop();
    let mut rest = String::new();
    while events.0.read_line(&mut rest).is_ok_and(|read| read > 0) {}
    assert!(TcpStream::connect(address).is_err());
}
