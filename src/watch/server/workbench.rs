//! The pages of the workbench over HTTP: what is asked of them, and what is posted to them.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::extract::Query;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderValue,
};
use axum::http::request::Parts;
use axum::http::{Method, StatusCode};
use axum::response::Response;

use super::Server;
use crate::serve::{is_own_origin, not_allowed, plain};
use crate::watch::{Answer, Ask, page};

/// The most that may be posted, in bytes.
const MOST_POSTED: usize = 1024 * 1024;

/// The answer for `/` or a path below `/_rb/`; `None` where the workbench has no such page.
pub async fn answer(
    server: &Arc<Server>,
    request: &Parts,
    path: &str,
    body: Body,
) -> Option<Response> {
    let posted = match request.method {
        Method::GET | Method::HEAD => None,
        Method::POST => match posted(request, body).await {
            Ok(value) => Some(value),
            Err(refused) => return Some(refused),
        },
        _ => return Some(not_allowed("GET, HEAD, POST")),
    };
    let Ok(Query(query)) = Query::<Vec<(String, String)>>::try_from_uri(&request.uri) else {
        return Some(plain(400, "The query cannot be read."));
    };
    let ask = Ask {
        path: path.to_string(),
        query,
        posted,
    };
    let scene = server.stage.scene();
    // It may read the disk and a database.
    match tokio::task::spawn_blocking(move || page(&scene, &ask)).await {
        Ok(known) => known.map(response),
        Err(_) => Some(plain(500, "The page could not be made.")),
    }
}

/// What a page of this server posted, and why it is not taken.
async fn posted(request: &Parts, body: Body) -> Result<serde_json::Value, Response> {
    if !is_own_origin(&request.headers) {
        return Err(plain(403, "Only pages of this server may post to it."));
    }
    let kind = request.headers.get(CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    // Forms of other sites cannot send this.
    if !kind.eq_ignore_ascii_case("application/json") {
        return Err(plain(415, "What is posted has to be application/json."));
    }
    let too_much = || plain(413, "At most 1 MiB may be posted.");
    // Said at once, before it is waited for.
    let length = request.headers.get(CONTENT_LENGTH);
    let length = length.and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if length.is_some_and(|length| length > MOST_POSTED) {
        return Err(too_much());
    }
    let bytes = to_bytes(body, MOST_POSTED).await;
    let bytes = bytes.map_err(|_| too_much())?;
    serde_json::from_slice(&bytes)
        .map_err(|error| plain(400, &format!("What was posted is no JSON: {error}.")))
}

fn response(answer: Answer) -> Response {
    let mut response = plain(answer.status, "");
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(answer.content_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    match HeaderValue::from_str(&answer.policy) {
        Ok(policy) => {
            headers.insert(CONTENT_SECURITY_POLICY, policy);
        }
        // Never without one.
        Err(_) => *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR,
    }
    if response.status() != StatusCode::INTERNAL_SERVER_ERROR || answer.status == 500 {
        *response.body_mut() = Body::from(answer.body);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::Request;

    fn answer(policy: &str) -> Answer {
        Answer {
            status: 200,
            content_type: "text/html; charset=utf-8",
            body: "<p>".to_string(),
            policy: policy.to_string(),
        }
    }

    fn wait<T>(work: impl Future<Output = T>) -> T {
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        runtime.unwrap().block_on(work)
    }

    #[test]
    fn a_page_has_its_policy_or_is_not_shown() {
        let shown = response(answer("default-src 'none'"));
        assert_eq!(shown.status(), 200);
        assert_eq!(
            shown.headers()[CONTENT_SECURITY_POLICY],
            "default-src 'none'"
        );
        assert_eq!(shown.headers()[CACHE_CONTROL], "no-store");
        assert_eq!(shown.headers()[CONTENT_TYPE], "text/html; charset=utf-8");
        let body = wait(to_bytes(shown.into_body(), 100)).unwrap();
        assert_eq!(&body[..], b"<p>");
        let refused = response(answer("default-src\r\nX: y"));
        assert_eq!(refused.status(), 500);
        let body = wait(to_bytes(refused.into_body(), 100)).unwrap();
        assert_ne!(&body[..], b"<p>");
    }

    #[test]
    fn what_is_posted_is_json_of_a_bounded_size() {
        let post = |kind: &str, body: String| {
            let request = Request::post("/_rb/x").header(CONTENT_TYPE, kind).body(());
            let (parts, ()) = request.unwrap().into_parts();
            wait(posted(&parts, Body::from(body))).map_err(|refused| refused.status().as_u16())
        };
        let json = "application/json; charset=utf-8";
        assert_eq!(post(json, "[1]".into()), Ok(serde_json::json!([1])));
        assert_eq!(post(json, "[".into()), Err(400));
        assert_eq!(post("text/plain", "[1]".into()), Err(415));
        assert_eq!(post(json, " ".repeat(MOST_POSTED + 1)), Err(413));
    }
}
