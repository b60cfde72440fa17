//! Where an address leads under watch: to which node, to its home, and what is said where nothing is.

use std::sync::Arc;

use rbgen::ledger::{Ledger, request_key};
use rbgen::model::Moment;
use rbgen::plan::Request;

use super::{Watched, scene, shown, three_nodes};
use crate::harness::{TestSite, text, tree};

#[test]
fn addresses_of_a_node_lead_on_below_it() {
    let site = three_nodes();
    let home = site.read("content/pages/play/home.toml");
    site.write(
        "content/pages/play/home.toml",
        home + "\n[metadata]\naliases = [\"/old\"]\n",
    );
    site.ok(&["build"]);
    let watched = Watched::of(site);
    let to = |path: &str| shown(&watched.get(path));
    assert_eq!(to("/one"), "307 /one/");
    assert_eq!(to("/one?a"), "307 /one/?a");
    assert_eq!(to("/one/"), "307 /one/play/");
    assert_eq!(to("/one/play"), "308 /one/play/");
    assert_eq!(to("/one/old"), "301 /one/play");
    assert_eq!(to("/two/old/"), "301 /two/play");
    assert_eq!(to("/two/play/"), "200");
    let redirect = watched.get("/one/play");
    assert_eq!(
        redirect.header("cache-control").as_deref(),
        Some("no-store")
    );
}

#[test]
fn links_from_the_root_of_a_host_lead_to_the_node_that_asks() {
    let watched = Watched::start();
    let from = |referer: &str, path: &str| watched.from(referer, path);
    // Below the base path of the node.
    assert_eq!(
        from("/one/play/", "/sub/play/notes/"),
        "307 /one/play/notes/"
    );
    assert_eq!(
        from("/one/play/", "/sub/play/notes?q=1"),
        "307 /one/play/notes?q=1"
    );
    assert_eq!(
        from("/one/play/", "/sub/_rb/play/tokens.css"),
        "307 /one/_rb/play/tokens.css"
    );
    assert_eq!(from("/one/play/", "/sub"), "307 /one/");
    assert_eq!(from("/one/play/", "/elsewhere/"), "404");
    assert_eq!(
        from("/two/play/", "/_rb/play/tokens.css"),
        "307 /two/_rb/play/tokens.css"
    );
    // What is missing there is said there.
    assert_eq!(from("/two/play/", "/none/"), "307 /two/none/");
    // The node `play` and the app `play`.
    assert_eq!(from("/two/play/", "/play/"), "307 /two/play/");
    assert_eq!(from("/two/play/", "/play/notes/"), "307 /two/play/notes/");
    assert_eq!(from("/play/play/", "/play/"), "307 /play/play/");
    assert_eq!(from("/play/play/", "/play/notes/"), "307 /play/play/notes/");
    assert_eq!(from("/play/play/", "/play/play/notes/"), "200");
    assert_eq!(from("/two/play/", "/play/play/"), "200");
    // But a page that asks for itself is meant, as when it is loaded again.
    assert_eq!(from("/two/play/", "/two/play/"), "200");
    assert_eq!(from("/play/", "/play/"), "307 /play/play/");
    // From the start page, and without saying from where.
    for referer in ["/", "/_rb/gallery"] {
        assert_eq!(from(referer, "/play/"), "307 /play/play/");
        assert_eq!(from(referer, "/two/play/"), "200");
    }
    assert_eq!(shown(&watched.get("/play/")), "307 /play/play/");
    // Only one node has it.
    assert_eq!(shown(&watched.get("/sub/play/")), "307 /one/play/");
    // More than one has it.
    assert_eq!(shown(&watched.get("/robots.txt")), "404");
    // A page of another server.
    let foreign = watched.ask("GET", "/play/", "Referer: http://localhost:2/two/play/\r\n");
    assert_eq!(shown(&foreign), "307 /play/play/");
}

#[test]
fn the_root_of_a_node_is_reached_by_its_own_links() {
    let site = three_nodes();
    let home = site.read("content/pages/play/home.toml");
    let root = home.replace("\"/play\"", "\"/\"");
    site.write("content/pages/play/root.toml", root);
    site.ok(&["build"]);
    let watched = Watched::of(site);
    let to = |referer: &str| watched.from(referer, "/");
    assert_eq!(to("/two/play/notes/"), "307 /two/");
    assert_eq!(to("/two/play/notes/?q=1"), "307 /two/");
    assert_eq!(to("/play/play/notes/"), "307 /play/");
    assert_eq!(shown(&watched.get("/two/")), "200");
    // A page of no node, a path without a page, a file, and a node that is elsewhere on its host.
    for referer in [
        "/",
        "/_rb/tokens",
        "/two/none/",
        "/two/_rb/play/tokens.css",
        "/nobody/play/notes/",
        "/one/play/notes/",
    ] {
        assert_eq!(to(referer), "200", "{referer}");
    }
    assert_eq!(shown(&watched.get("/")), "200");
    // The node `play` has pages at its root and at `/play`: the first asks for itself, the other for it.
    assert_eq!(watched.from("/play/", "/play/"), "200");
    assert_eq!(watched.from("/play/play/", "/play/"), "307 /play/play/");
    assert_eq!(
        watched.from("/two/", "/play/notes/"),
        "307 /two/play/notes/"
    );
    let without = Watched::start();
    assert_eq!(without.from("/two/play/notes/", "/"), "200");
}

#[test]
fn a_page_that_is_missing_says_what_is_like_it() {
    let watched = Watched::start();
    let missing = watched.get("/two/play/notse/%3Cb%3E?x");
    assert_eq!(missing.status, 404);
    let missing = watched.get("/two/play/notse/");
    assert_eq!(missing.status, 404);
    assert_eq!(
        missing.header("content-type").as_deref(),
        Some("text/html; charset=utf-8")
    );
    let policy = missing.header("content-security-policy").unwrap();
    assert!(
        policy.contains("default-src 'none'; style-src 'sha256-"),
        "{policy}"
    );
    let page = text(&missing.body);
    for part in [
        "<code>/play/notse/</code>",
        "<a href=\"/two/play/notes/\">/play/notes</a>",
        "<a href=\"/two/\">",
        "<a href=\"/\">",
    ] {
        assert!(page.contains(part), "{part} is not in {page}");
    }
    let script = "<script src=\"/_rb/watch.js\" data-page=\"/two/play/notse/\" data-digest=\"\" data-shape=\"\"></script>";
    assert!(page.trim_end().ends_with(script), "{page}");
    let odd = text(&watched.get("/two/%3Cscript%3Ealert(1)").body);
    assert!(odd.contains("&lt;script&gt;alert(1)"), "{odd}");
    assert!(!odd.contains("<script>alert"), "{odd}");
}

#[test]
fn a_configuration_that_broke_leaves_the_sites_where_they_were() {
    let watched = Watched::start();
    assert_eq!(watched.get("/one/play/").status, 200);
    watched.site.write("robbieblocks.toml", "[site\n");
    watched.show(2);
    assert_eq!(
        watched.from("/one/play/", "/sub/play/notes/"),
        "307 /one/play/notes/"
    );
    assert_eq!(shown(&watched.get("/one/")), "307 /one/play/");
    assert_eq!(watched.follow(&[]).next()["name"], "Base");
}

/// What the last build of a site remembers.
fn ledger(site: &TestSite) -> Ledger {
    let request = Request {
        nodes: Default::default(),
        apps: Default::default(),
        drafts: false,
        now: Moment::UNIX_EPOCH,
    };
    let mut files = tree(&site.path(".rbgen")).into_iter();
    let (_, bytes) = files
        .find(|(path, _)| path.starts_with("ledger-"))
        .expect("the build wrote one");
    Ledger::open(bytes, &request_key(&request)).expect("it is sound")
}

#[test]
fn the_homes_are_those_of_what_was_built() {
    let watched = Watched::start();
    let mut events = watched.events("rounds");
    events.next();
    let home = watched.site.read("content/pages/play/home.toml");
    let shorter = home.replace("\"/play\"", "\"/p\"");
    // It is on the disk, and an error elsewhere keeps it out of the output.
    watched.site.write("content/pages/play/p.toml", shorter);
    let mut now = scene(&watched.site, 2);
    now.ledger = Some(Arc::new(ledger(&watched.site)));
    watched.stage.show(now);
    let told = events.next();
    assert_eq!(told["nodes"][2]["apps"][0]["home"], "/two/play/");
    assert_eq!(shown(&watched.get("/two/")), "307 /two/play/");
    let start = text(&watched.get("/").body);
    assert!(start.contains("src=\"/two/play/\""), "{start}");
    let missing = text(&watched.get("/two/pl/").body);
    assert!(
        missing.contains("<a href=\"/two/play/\">/play</a>"),
        "{missing}"
    );
    assert!(!missing.contains("href=\"/two/p/\""), "{missing}");
}
