//! The headers of a page as it is shown here: what a host says, but for what would keep the development
//! server from working. Pure.

use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, STRICT_TRANSPORT_SECURITY, X_FRAME_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue};

/// What a page has to be let load and connect to, as sources of a policy (CSP level 3, §2.3.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sources {
    /// The script of this server.
    script: String,
    /// Its events, and the page itself, which its script reads again.
    connect: Vec<String>,
}

/// The sources for a page; `host` is the `Host` header, checked, and `page` the path of its address, encoded.
/// Where a policy cannot name the host, they are the whole server.
pub fn sources(host: &str, page: &str) -> Sources {
    if !is_nameable(host) {
        let own = "'self'".to_string();
        return Sources {
            script: own.clone(),
            connect: vec![own],
        };
    }
    // These would end a source or a policy; a browser decodes them before it compares.
    let page = page.replace(';', "%3B").replace(',', "%2C");
    let of = |path: &str| format!("http://{host}{path}");
    Sources {
        script: of("/_rb/watch.js"),
        connect: vec![of("/_rb/events"), of(&page)],
    }
}

/// Whether a host with its port can be a source: a name, or the one address that is (CSP level 3, §2.3.1
/// and §6.7.2.10).
fn is_nameable(host: &str) -> bool {
    let (name, port) = match host.split_once(':') {
        Some((name, port)) => (name, Some(port)),
        None => (host, None),
    };
    let is_label = |label: &str| {
        !label.is_empty()
            && label
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    let is_port = |port: &str| !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit());
    let is_address = name.parse::<std::net::Ipv4Addr>().is_ok();
    port.is_none_or(is_port)
        && name.split('.').all(is_label)
        && (!is_address || name == "127.0.0.1")
}

/// The headers of a file, as the rules of its bundle give them, for this server.
pub fn amended(mut headers: HeaderMap, more: &Sources) -> HeaderMap {
    // A browser would hold the first against every server of this machine; the second keeps a page out of
    // the frames of the workbench.
    headers.remove(STRICT_TRANSPORT_SECURITY);
    headers.remove(X_FRAME_OPTIONS);
    let text = |value: &HeaderValue| value.to_str().ok().map(str::to_string);
    if let Some(value) = headers.get_mut(CONTENT_SECURITY_POLICY)
        && let Some(policies) = text(value)
    {
        let amended: Vec<String> = policies
            .split(',')
            .map(|policy| amended_policy(policy, more))
            .collect();
        *value = HeaderValue::from_str(&amended.join(", ")).expect("parts of a value are one");
    }
    // What changes with its name may stay; everything else is asked for again.
    let stays = headers
        .get(CACHE_CONTROL)
        .and_then(text)
        .is_some_and(|value| value.contains("immutable"));
    if !stays {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    }
    headers
}

/// A content security policy that lets the script of this server run and connect, and a page be shown in
/// frames of this server; and that asks for no HTTPS, which there is not. All other scripts and connections
/// are forbidden or not as at the host, except what is below the address of a page that ends in a slash:
/// as a source, it means that, too. Only policies in headers are seen: one in a `<meta>` stays as it is.
pub fn amended_policy(policy: &str, more: &Sources) -> String {
    let mut directives: Vec<(String, Vec<&str>)> = Vec::new();
    for directive in policy.split(';') {
        let mut words = directive.split_ascii_whitespace();
        let Some(name) = words.next() else {
            continue;
        };
        let name = name.to_ascii_lowercase();
        // Of two with one name the first counts (CSP level 3, §2.2.1).
        if name != "upgrade-insecure-requests" && find(&directives, &name).is_none() {
            directives.push((name, words.collect()));
        }
    }
    for name in ["script-src", "connect-src"] {
        if find(&directives, name).is_none()
            && let Some(default) = find(&directives, "default-src")
        {
            let sources = directives[default].1.clone();
            if !has_self(&sources) {
                directives.push((name.to_string(), sources));
            }
        }
    }
    for (name, sources) in &mut directives {
        match name.as_str() {
            "script-src" | "script-src-elem" | "connect-src" if !has_self(sources) => {
                sources.retain(|source| !source.eq_ignore_ascii_case("'none'"));
                match name.as_str() {
                    "connect-src" => sources.extend(more.connect.iter().map(String::as_str)),
                    _ => sources.push(&more.script),
                }
            }
            "frame-ancestors" => *sources = vec!["'self'"],
            _ => {}
        }
    }
    let shown: Vec<String> = directives
        .iter()
        .map(|(name, sources)| match sources.as_slice() {
            [] => name.clone(),
            sources => format!("{name} {}", sources.join(" ")),
        })
        .collect();
    shown.join("; ")
}

fn find(directives: &[(String, Vec<&str>)], name: &str) -> Option<usize> {
    directives.iter().position(|(known, _)| known == name)
}

fn has_self(sources: &[&str]) -> bool {
    sources
        .iter()
        .any(|source| source.eq_ignore_ascii_case("'self'"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `SCRIPT` and `CONNECT` stand for what scripts and connections get.
    fn filled(policy: &str) -> String {
        let script = "http://localhost:1/_rb/watch.js";
        let connect = "http://localhost:1/_rb/events http://localhost:1/n/a%3Bb/";
        policy.replace("SCRIPT", script).replace("CONNECT", connect)
    }

    #[test]
    fn a_policy_lets_the_script_of_the_server_run_and_no_other() {
        let sources = sources("localhost:1", "/n/a;b/");
        for (policy, expected) in [
            (
                "default-src 'none'; style-src 'self'; frame-ancestors 'none'",
                "default-src 'none'; style-src 'self'; frame-ancestors 'self'; script-src SCRIPT; connect-src CONNECT",
            ),
            (
                "default-src 'self'; upgrade-insecure-requests",
                "default-src 'self'",
            ),
            ("img-src 'self'", "img-src 'self'"),
            (
                "default-src https:; script-src 'none'",
                "default-src https:; script-src SCRIPT; connect-src https: CONNECT",
            ),
            (
                "script-src 'sha256-x'; script-src *; connect-src",
                "script-src 'sha256-x' SCRIPT; connect-src CONNECT",
            ),
            (
                "default-src *; script-src-elem 'none'",
                "default-src *; script-src-elem SCRIPT; script-src * SCRIPT; connect-src * CONNECT",
            ),
            ("Script-src 'Self'", "script-src 'Self'"),
            ("", ""),
        ] {
            assert_eq!(
                amended_policy(policy, &sources),
                filled(expected),
                "{policy}"
            );
        }
    }

    #[test]
    fn a_host_that_no_policy_can_name_is_the_server_itself() {
        for host in [
            "localhost",
            "a.localhost:4321",
            "127.0.0.1:4321",
            "x-1.test",
        ] {
            let script = sources(host, "/n/").script;
            assert_eq!(script, format!("http://{host}/_rb/watch.js"));
        }
        for host in [
            "",
            "[::1]:4321",
            "192.168.0.7:4321",
            "a_b.localhost",
            "x; script-src *.localhost",
            "a,b.localhost",
            "*.localhost",
            "localhost:",
            "localhost.",
            "localhost:1/x",
        ] {
            assert_eq!(sources(host, "/n/").script, "'self'", "{host}");
            assert_eq!(sources(host, "/n/").connect, ["'self'"], "{host}");
        }
    }

    #[test]
    fn what_would_outlast_the_server_is_dropped() {
        let headers = |pairs: &[(&str, &str)]| -> HeaderMap {
            let pairs = pairs.iter().map(|(name, value)| {
                let name: axum::http::HeaderName = name.parse().unwrap();
                (name, value.parse().unwrap())
            });
            pairs.collect()
        };
        let more = sources("localhost:1", "/n/");
        let amended = amended(
            headers(&[
                ("strict-transport-security", "max-age=1"),
                ("x-frame-options", "DENY"),
                ("cache-control", "public, max-age=0"),
                ("referrer-policy", "same-origin"),
                (
                    "content-security-policy",
                    "frame-ancestors 'none', script-src 'none'",
                ),
            ]),
            &more,
        );
        let expected = headers(&[
            ("cache-control", "no-cache"),
            ("referrer-policy", "same-origin"),
            (
                "content-security-policy",
                "frame-ancestors 'self', script-src http://localhost:1/_rb/watch.js",
            ),
        ]);
        assert_eq!(amended, expected);
        let kept = headers(&[("cache-control", "public, max-age=31536000, immutable")]);
        assert_eq!(super::amended(kept.clone(), &more), kept);
    }
}
