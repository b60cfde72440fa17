//! The headers of a page as it is shown here: what a host says, but for what would keep the development
//! server from working. Pure.

use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, STRICT_TRANSPORT_SECURITY, X_FRAME_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue};

/// The headers of a file, as the rules of its bundle give them, for this server.
pub fn amended(mut headers: HeaderMap) -> HeaderMap {
    // A browser would hold the first against every server of this machine; the second keeps a page out of
    // the frames of the workbench.
    headers.remove(STRICT_TRANSPORT_SECURITY);
    headers.remove(X_FRAME_OPTIONS);
    let text = |value: &HeaderValue| value.to_str().ok().map(str::to_string);
    if let Some(value) = headers.get_mut(CONTENT_SECURITY_POLICY)
        && let Some(policies) = text(value)
    {
        let amended: Vec<String> = policies.split(',').map(amended_policy).collect();
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
/// its own frames; nothing else is different.
pub fn amended_policy(policy: &str) -> String {
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
                sources.push("'self'");
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

    #[test]
    fn a_policy_lets_the_script_of_the_server_run() {
        for (policy, expected) in [
            (
                "default-src 'none'; style-src 'self'; frame-ancestors 'none'",
                "default-src 'none'; style-src 'self'; frame-ancestors 'self'; script-src 'self'; connect-src 'self'",
            ),
            (
                "default-src 'self'; upgrade-insecure-requests",
                "default-src 'self'",
            ),
            ("img-src 'self'", "img-src 'self'"),
            (
                "default-src https:; Script-Src 'none'",
                "default-src https:; script-src 'self'; connect-src https: 'self'",
            ),
            (
                "script-src 'sha256-x'; script-src *; connect-src",
                "script-src 'sha256-x' 'self'; connect-src 'self'",
            ),
            (
                "default-src *; script-src-elem 'none'",
                "default-src *; script-src-elem 'self'; script-src * 'self'; connect-src * 'self'",
            ),
            ("", ""),
        ] {
            assert_eq!(amended_policy(policy), expected, "{policy}");
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
        let amended = amended(headers(&[
            ("strict-transport-security", "max-age=1"),
            ("x-frame-options", "DENY"),
            ("cache-control", "public, max-age=0"),
            ("referrer-policy", "same-origin"),
            (
                "content-security-policy",
                "frame-ancestors 'none', script-src 'none'",
            ),
        ]));
        let expected = headers(&[
            ("cache-control", "no-cache"),
            ("referrer-policy", "same-origin"),
            (
                "content-security-policy",
                "frame-ancestors 'self', script-src 'self'",
            ),
        ]);
        assert_eq!(amended, expected);
        let kept = headers(&[("cache-control", "public, max-age=31536000, immutable")]);
        assert_eq!(super::amended(kept.clone()), kept);
    }
}
