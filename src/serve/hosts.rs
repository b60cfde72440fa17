//! Which names a server answers to. A page of somebody else may give its own name the address of this
//! machine (DNS rebinding), and would then read what is served here as its own.

use std::net::IpAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::{HOST, ORIGIN};
use axum::http::{HeaderMap, Version};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;

use super::answer::plain;

/// The names besides `localhost` and those below it, and besides addresses, which nobody can rebind.
#[derive(Clone, Debug, Default)]
pub struct AllowedHosts {
    /// In lower case.
    pub names: Vec<String>,
}

impl AllowedHosts {
    /// Whether the value of a `Host` header names this server.
    pub fn allow(&self, host: &str) -> bool {
        let Some(name) = name_of(host) else {
            return false;
        };
        name == "localhost"
            || name.ends_with(".localhost")
            || self.names.contains(&name)
            || name.parse::<IpAddr>().is_ok()
    }
}

/// The name in a `Host` header, without its port, in lower case; an address without its brackets.
fn name_of(host: &str) -> Option<String> {
    let (name, port) = match host.strip_prefix('[') {
        Some(rest) => {
            let (address, port) = rest.split_once(']')?;
            address.parse::<std::net::Ipv6Addr>().ok()?;
            (
                address,
                port.strip_prefix(':')
                    .or(Some(port).filter(|port| port.is_empty()))?,
            )
        }
        None => host.split_once(':').unwrap_or((host, "")),
    };
    let is_port = port.bytes().all(|byte| byte.is_ascii_digit());
    let name = name.strip_suffix('.').unwrap_or(name);
    (is_port && !name.is_empty()).then(|| name.to_ascii_lowercase())
}

/// The router behind the check of names.
pub fn with_host_check(router: Router, allowed: AllowedHosts) -> Router {
    router.layer(from_fn_with_state(Arc::new(allowed), check))
}

async fn check(State(allowed): State<Arc<AllowedHosts>>, request: Request, next: Next) -> Response {
    let mut named = request.headers().get_all(HOST).iter();
    let (host, another) = (named.next(), named.next());
    if another.is_some() || (host.is_none() && request.version() == Version::HTTP_11) {
        return plain(
            400,
            "A request names its host once (RFC 9112, section 3.2).",
        );
    }
    let host = host.map(|host| host.to_str().unwrap_or_default());
    let authority = request
        .uri()
        .authority()
        .map(|authority| authority.as_str());
    for name in host.into_iter().chain(authority) {
        if !allowed.allow(name) {
            let shown: String = name.escape_debug().take(200).collect();
            return plain(
                403,
                &format!(
                    "This server does not answer to the name `{shown}`, so that no other site can read it by \
                     giving that name its address. Use localhost or the address itself, or start it with \
                     `--host NAME`."
                ),
            );
        }
    }
    next.run(request).await
}

/// Whether a request that changes something comes from a page of this server, as browsers say it. What
/// says nothing is no browser.
pub fn is_own_origin(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    if let Some(site) = text("sec-fetch-site") {
        return site == "same-origin" || site == "none";
    }
    match (text(ORIGIN.as_str()), text(HOST.as_str())) {
        (None, _) => true,
        (Some(origin), Some(host)) => origin
            .split_once("://")
            .is_some_and(|(_, authority)| authority.eq_ignore_ascii_case(host)),
        (Some(_), None) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_and_the_given_name_are_answered_to() {
        let allowed = AllowedHosts {
            names: vec!["dev.example".to_string()],
        };
        for host in [
            "localhost",
            "LOCALHOST:4321",
            "a.localhost:1",
            "localhost.",
            "127.0.0.1:4321",
            "192.168.1.5",
            "[::1]:4321",
            "[::1]",
            "dev.example:80",
            "Dev.Example",
        ] {
            assert!(allowed.allow(host), "{host}");
        }
        for host in [
            "",
            ":80",
            "evil.example",
            "localhost.evil.example",
            "evil-localhost",
            "127.0.0.1.evil.example",
            "x@localhost",
            "localhost:80@evil.example",
            "[::1",
            "[evil]:1",
            "[::1]x",
            "sub.dev.example",
        ] {
            assert!(!allowed.allow(host), "{host}");
        }
    }

    #[test]
    fn requests_of_other_sites_are_known() {
        let own = |pairs: &[(&str, &str)]| {
            let headers = pairs.iter().map(|(name, value)| {
                let name: axum::http::HeaderName = name.parse().unwrap();
                (name, value.parse().unwrap())
            });
            is_own_origin(&headers.collect())
        };
        assert!(own(&[("host", "localhost:1")]));
        assert!(own(&[
            ("host", "localhost:1"),
            ("origin", "http://localhost:1")
        ]));
        assert!(own(&[("sec-fetch-site", "same-origin")]));
        assert!(!own(&[
            ("host", "localhost:1"),
            ("origin", "http://localhost:2")
        ]));
        assert!(!own(&[("host", "localhost:1"), ("origin", "null")]));
        assert!(!own(&[("sec-fetch-site", "same-site")]));
        assert!(!own(&[("sec-fetch-site", "cross-site")]));
    }
}
