//! `rbgen serve` as users run it: what a browser, a cache and somebody with bad intentions get.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Stdio};

use serde_json::Value;

use crate::harness::{EXAMPLE, TestSite, symlink, text};
use crate::http::{Answer, raw};

/// A server that runs; it is ended when it is dropped.
struct Server {
    child: Child,
    address: String,
    url: String,
    stderr: Option<BufReader<std::process::ChildStderr>>,
}

impl Server {
    fn start(site: &TestSite, args: &[&str]) -> Server {
        let arguments = [&["serve", "--json", "--port", "0"], args].concat();
        let mut child = site
            .command(&arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let stderr = child.stderr.take().map(BufReader::new);
        let url = loop {
            let mut line = String::new();
            stdout.read_line(&mut line).unwrap();
            let event: Value = serde_json::from_str(&line)
                .unwrap_or_else(|error| panic!("no event: {error}: {line}"));
            if event["event"] == "serving" {
                break event["url"].as_str().unwrap().to_string();
            }
        };
        let rest = url.strip_prefix("http://").unwrap();
        let address = rest.split('/').next().unwrap().to_string();
        Server {
            child,
            address,
            url,
            stderr,
        }
    }

    /// The answer to the lines of a request, as they are.
    fn raw(&self, request: &str) -> Answer {
        raw(&self.address, request)
    }

    fn ask(&self, method: &str, path: &str, headers: &str) -> Answer {
        self.raw(&format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}\r\n"
        ))
    }

    fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, "")
    }

    fn signal(&self, name: &str) {
        let sent = std::process::Command::new("kill")
            .args([name, &self.child.id().to_string()])
            .status();
        assert!(sent.unwrap().success());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The small site, with a file of digits and an alias, built.
fn small() -> TestSite {
    let site = TestSite::base();
    site.write("static/digits.bin", "0123456789");
    let home = site.read("content/pages/play/home.toml");
    site.write(
        "content/pages/play/moved.toml",
        home.replace("route = \"/play\"", "route = \"/play/moved\"")
            + "\n[metadata]\naliases = [\"/old-ü\"]\n",
    );
    site.ok(&["build"]);
    site
}

fn file(site: &TestSite, path: &str) -> Vec<u8> {
    fs::read(site.path("dist/one/play").join(path)).unwrap()
}

#[test]
fn pages_files_and_redirects_are_those_of_a_host() {
    let site = small();
    let server = Server::start(&site, &[]);
    let page = server.get("/play/");
    assert_eq!(page.status, 200, "{}", page.head);
    assert_eq!(page.body, file(&site, "play/index.html"));
    assert_eq!(
        page.header("content-type").as_deref(),
        Some("text/html; charset=utf-8")
    );
    assert_eq!(
        page.header("x-content-type-options").as_deref(),
        Some("nosniff")
    );
    let policy = text(&file(&site, "_headers"));
    let policy = policy
        .lines()
        .find_map(|line| line.trim().strip_prefix("Content-Security-Policy: "))
        .unwrap();
    assert_eq!(
        page.header("content-security-policy").as_deref(),
        Some(policy)
    );
    let slash = server.get("/play?a=b");
    assert_eq!(
        (slash.status, slash.header("location").as_deref()),
        (308, Some("/play/?a=b"))
    );
    let alias = server.get("/old-%C3%BC");
    assert_eq!(
        (alias.status, alias.header("location").as_deref()),
        (301, Some("/play/moved"))
    );
    let styles = server.get("/_rb/play/tokens.css");
    assert_eq!(
        styles.header("cache-control").as_deref(),
        Some("public, max-age=0, must-revalidate")
    );
    for path in ["/_headers", "/_redirects", "/none", "/play/none/"] {
        let missing = server.get(path);
        assert_eq!(missing.status, 404, "{path}");
        assert_eq!(missing.body, file(&site, "404.html"), "{path}");
        assert!(missing.header("content-security-policy").is_some());
        assert_eq!(missing.header("etag"), None);
    }
}

#[test]
fn only_looking_is_allowed() {
    let site = small();
    let server = Server::start(&site, &[]);
    let head = server.ask("HEAD", "/play/", "");
    assert_eq!((head.status, head.body.len()), (200, 0));
    let length = file(&site, "play/index.html").len().to_string();
    assert_eq!(head.header("content-length"), Some(length));
    for method in ["POST", "PUT", "DELETE", "OPTIONS", "PROPFIND"] {
        let answer = server.ask(method, "/play/", "Content-Length: 0\r\n");
        assert_eq!(answer.status, 405, "{method}");
        assert_eq!(answer.header("allow").as_deref(), Some("GET, HEAD"));
    }
}

#[test]
fn what_a_browser_has_is_not_sent_again() {
    let site = small();
    let server = Server::start(&site, &[]);
    let first = server.get("/play/");
    let tag = first.header("etag").unwrap();
    let bytes = file(&site, "play/index.html");
    assert_eq!(tag, format!("\"{}\"", &blake3::hash(&bytes).to_hex()[..32]));
    let again = server.ask("GET", "/play/", &format!("If-None-Match: {tag}\r\n"));
    assert_eq!((again.status, again.body.len()), (304, 0));
    assert_eq!(again.header("etag"), Some(tag.clone()));
    let date = first.header("last-modified").unwrap();
    let since = |date: &str| {
        let headers = format!("If-Modified-Since: {date}\r\n");
        server.ask("GET", "/play/", &headers).status
    };
    assert_eq!(since(&date), 304);
    assert_eq!(since("Tue, 14 Nov 2000 22:13:20 GMT"), 200);
    // Another text of the same length is another version.
    let page = site.path("dist/one/play/play/index.html");
    let mut other = bytes.clone();
    let last = other
        .iter()
        .rposition(|byte| byte.is_ascii_lowercase())
        .unwrap();
    other[last] = if other[last] == b'x' { b'y' } else { b'x' };
    fs::write(&page, &other).unwrap();
    let changed = server.ask("GET", "/play/", &format!("If-None-Match: {tag}\r\n"));
    assert_eq!((changed.status, changed.body), (200, other));
}

#[test]
fn parts_of_files_are_sent_as_asked() {
    let site = small();
    let server = Server::start(&site, &[]);
    let part = |range: &str| {
        let answer = server.ask("GET", "/digits.bin", &format!("Range: {range}\r\n"));
        let place = answer.header("content-range").unwrap_or_default();
        (answer.status, text(&answer.body), place)
    };
    let of = |status: u16, body: &str, place: &str| (status, body.to_string(), place.to_string());
    assert_eq!(part("bytes=2-4"), of(206, "234", "bytes 2-4/10"));
    assert_eq!(part("bytes=-3"), of(206, "789", "bytes 7-9/10"));
    assert_eq!(part("bytes=8-"), of(206, "89", "bytes 8-9/10"));
    assert_eq!(part("bytes=0-1,4-5"), of(200, "0123456789", ""));
    let (status, _, place) = part("bytes=10-");
    assert_eq!((status, place.as_str()), (416, "bytes */10"));
    let stale = server.ask(
        "GET",
        "/digits.bin",
        "Range: bytes=2-4\r\nIf-Range: \"other\"\r\n",
    );
    assert_eq!(
        (stale.status, text(&stale.body)),
        (200, "0123456789".into())
    );
    assert_eq!(stale.header("accept-ranges").as_deref(), Some("bytes"));
}

#[test]
fn large_files_are_sent_whole_and_in_parts() {
    let site = TestSite::base();
    let bytes: Vec<u8> = (0..5_000_001_u32).map(|n| (n % 251) as u8).collect();
    site.write("static/large.bin", &bytes);
    site.ok(&["build"]);
    let server = Server::start(&site, &[]);
    let whole = server.get("/large.bin");
    assert_eq!(whole.status, 200);
    assert!(whole.body == bytes, "the bytes differ");
    let tag = whole.header("etag").unwrap();
    let part = server.ask(
        "GET",
        "/large.bin",
        &format!("Range: bytes=4999990-\r\nIf-Range: {tag}\r\n"),
    );
    assert_eq!(part.status, 206);
    assert_eq!(part.body, bytes[4_999_990..]);
}

#[test]
fn texts_are_compressed_for_who_can_read_that() {
    let site = small();
    let server = Server::start(&site, &[]);
    let plain = server.get("/play/");
    assert_eq!(plain.header("content-encoding"), None);
    assert_eq!(plain.header("vary").as_deref(), Some("accept-encoding"));
    for encoding in ["gzip", "br"] {
        let packed = server.ask("GET", "/play/", &format!("Accept-Encoding: {encoding}\r\n"));
        assert_eq!(packed.header("content-encoding").as_deref(), Some(encoding));
        assert_eq!(packed.header("vary").as_deref(), Some("accept-encoding"));
        assert!(packed.body.len() < plain.body.len());
        let tag = packed.header("etag").unwrap();
        assert_eq!(tag, format!("W/{}", plain.header("etag").unwrap()));
        let again = server.ask(
            "GET",
            "/play/",
            &format!("Accept-Encoding: {encoding}\r\nIf-None-Match: {tag}\r\n"),
        );
        assert_eq!((again.status, again.header("etag")), (304, Some(tag)));
        let part = server.ask(
            "GET",
            "/play/",
            &format!("Accept-Encoding: {encoding}\r\nRange: bytes=0-299\r\n"),
        );
        assert_eq!(part.status, 206);
        assert_eq!(part.header("content-encoding"), None);
        assert_eq!(part.body, plain.body[..300]);
    }
    let binary = server.ask("GET", "/digits.bin", "Accept-Encoding: gzip\r\n");
    assert_eq!(binary.header("content-encoding"), None);
    assert_eq!(binary.header("vary"), None);
}

#[test]
fn other_names_are_not_answered_to() {
    let site = small();
    let server = Server::start(&site, &[]);
    let status = |request: &str| server.raw(request).status;
    let host = |host: &str| {
        status(&format!(
            "GET /play/ HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
        ))
    };
    assert_eq!(host(&server.address), 200);
    assert_eq!(host("one.localhost:4321"), 200);
    assert_eq!(host("evil.example"), 403);
    assert_eq!(host("127.0.0.1.evil.example"), 403);
    assert_eq!(
        status("GET /play/ HTTP/1.1\r\nConnection: close\r\n\r\n"),
        400
    );
    assert_eq!(
        status(
            "GET http://evil.example/play/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        ),
        403
    );
}

#[test]
fn nothing_outside_is_served() {
    let site = small();
    fs::write(site.beside("secret.txt"), "secret").unwrap();
    let dist = site.path("dist/one/play");
    symlink(&site.beside("secret.txt"), &dist.join("link.txt"));
    fs::write(dist.join("not-ours.txt"), "not deployed").unwrap();
    // A file that is ours, in the place of which somebody has put a link.
    fs::remove_file(dist.join("digits.bin")).unwrap();
    symlink(&site.beside("secret.txt"), &dist.join("digits.bin"));
    let server = Server::start(&site, &[]);
    for path in [
        "/../secret.txt",
        "/%2e%2e/%2e%2e/secret.txt",
        "/..%2f..%2fsecret.txt",
        "/..%5c..%5csecret.txt",
        "/..\\secret.txt",
        "/%252e%252e/secret.txt",
        "/play/%00",
        "/play/../../../../secret.txt",
        "/link.txt",
        "/not-ours.txt",
        "/digits.bin",
        "//play/",
        "/../play.json",
        "/%FF",
        "/./play/",
    ] {
        let answer = server.get(path);
        assert!(
            matches!(answer.status, 400 | 404),
            "{path}: {}",
            answer.head
        );
        assert!(!text(&answer.body).contains("secret\n"), "{path}");
        assert_ne!(text(&answer.body), "secret", "{path}");
    }
}

#[test]
fn a_node_with_a_base_path_is_served_below_it() {
    let site = TestSite::base();
    site.replace(
        "robbieblocks.toml",
        "https://one.example.org",
        "https://one.example.org/s%C3%BCb",
    );
    site.ok(&["build"]);
    let server = Server::start(&site, &[]);
    // There is no page at the root itself.
    assert!(server.url.ends_with("/s%C3%BCb/play/"), "{}", server.url);
    for (path, status, location) in [
        ("/", 307, Some("/s%C3%BCb/")),
        ("/s%C3%BCb", 308, Some("/s%C3%BCb/")),
        ("/s%C3%BCb/play", 308, Some("/s%C3%BCb/play/")),
        ("/s%c3%bcb/play/", 200, None),
        ("/play/", 404, None),
        ("/s%C3%BCbplay/", 404, None),
    ] {
        let answer = server.get(path);
        assert_eq!(
            (answer.status, answer.header("location").as_deref()),
            (status, location),
            "{path}"
        );
    }
    let page = text(&server.get("/s%C3%BCb/play/").body);
    assert!(page.contains("/s%C3%BCb/_rb/play/tokens.css"));
    assert_eq!(server.get("/s%C3%BCb/_rb/play/tokens.css").status, 200);
    assert!(
        server
            .get("/s%C3%BCb/play/")
            .header("content-security-policy")
            .is_some()
    );
}

#[test]
fn a_later_build_is_served_without_a_new_start() {
    let site = small();
    let server = Server::start(&site, &[]);
    assert_eq!(server.get("/late.txt").status, 404);
    site.write("static/late.txt", "late");
    site.ok(&["build"]);
    let late = server.get("/late.txt");
    assert_eq!((late.status, text(&late.body)), (200, "late".into()));
}

#[test]
fn one_of_many_nodes_has_to_be_chosen() {
    let refused = EXAMPLE.run(&["serve", "--json", "--port", "0"]);
    assert_eq!(refused.status.code(), Some(2));
    let said: Value = serde_json::from_slice(&refused.stdout).unwrap();
    assert_eq!(said["event"], "error");
    let message = said["error"].as_str().unwrap();
    assert!(message.contains("`fluenti-local`"), "{message}");
    assert!(text(&refused.stderr).contains("--node"));
    let near = EXAMPLE.run(&["serve", "--node", "fluenti-locl"]);
    assert_eq!(near.status.code(), Some(2));
    assert!(text(&near.stderr).contains("did you mean `fluenti-local`?"));
    let server = Server::start(&EXAMPLE, &["--node", "fluenti-local"]);
    assert_eq!(server.get("/robots.txt").status, 200);
}

#[test]
fn without_an_output_there_is_nothing_to_serve() {
    let site = TestSite::base();
    let refused = site.run(&["serve"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(text(&refused.stderr).contains("rbgen build"));
}

#[test]
fn a_port_that_was_asked_for_and_is_taken_is_an_error() {
    let site = small();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let refused = site.run(&["serve", "--port", &port]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(text(&refused.stderr).contains("is taken by another program"));
}

#[test]
fn bad_lines_of_rules_are_told_and_passed_over() {
    let site = small();
    let redirects = site.path("dist/one/play/_redirects");
    let rules = fs::read_to_string(&redirects).unwrap();
    fs::write(
        &redirects,
        format!("nonsense\n{rules}/n/* /play/:splat 302\n"),
    )
    .unwrap();
    let mut child = site
        .command(&["serve", "--port", "0"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut warning = String::new();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    stderr.read_line(&mut warning).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(
        warning.starts_with("warning: one/play/_redirects:1: "),
        "{warning}"
    );
    let server = Server::start(&site, &[]);
    let splat = server.get("/n/moved/");
    assert_eq!(
        (splat.status, splat.header("location").as_deref()),
        (302, Some("/play/moved/"))
    );
}

#[test]
fn it_ends_in_order_when_it_is_told_to() {
    for signal in ["-TERM", "-INT"] {
        let site = small();
        let mut server = Server::start(&site, &[]);
        // A connection that is held open does not hold it up.
        let mut held = TcpStream::connect(&server.address).unwrap();
        held.write_all(b"GET /play/ HTTP/1.1\r\n").unwrap();
        server.signal(signal);
        let status = server.child.wait().unwrap();
        assert_eq!(status.code(), Some(0), "{signal}");
        let mut said = String::new();
        let mut stderr = server.stderr.take().unwrap();
        stderr.read_to_string(&mut said).unwrap();
        assert_eq!(said, "", "{signal}");
    }
}

#[test]
fn a_browser_that_cannot_be_opened_is_said() {
    let site = small();
    let mut child = site
        .command(&["serve", "--port", "0", "--open"])
        .env("PATH", site.beside("no programs"))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = String::new();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    stderr.read_line(&mut said).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(said.contains("the browser cannot be opened"), "{said}");
}
