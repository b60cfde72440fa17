//! The stream of events that a page follows: at once what is, and after each round what is then.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::Query;
use axum::http::Uri;
use axum::http::header::{CACHE_CONTROL, HeaderValue, X_CONTENT_TYPE_OPTIONS};
use axum::response::sse::{Event, KeepAlive};
use axum::response::{IntoResponse, Response, Sse};
use futures_util::stream;
use tokio::sync::watch::Receiver;

use super::Server;
use super::news::news;
use crate::serve::plain;

/// How many pages one stream may follow.
const MOST_PAGES: usize = 64;

struct Following {
    server: Arc<Server>,
    pages: Vec<String>,
    /// Whether every round is news.
    every_round: bool,
    rounds: Receiver<u64>,
    /// What was sent last; without the number of its round, where a round alone is no news.
    sent: Option<(Option<u64>, String)>,
}

/// Follows the pages that the query names, each as `page`; with `rounds`, every round is told.
pub fn follow(server: Arc<Server>, uri: &Uri) -> Response {
    let Ok(Query(query)) = Query::<Vec<(String, String)>>::try_from_uri(uri) else {
        return plain(400, "The query cannot be read.");
    };
    let every_round = query.iter().any(|(name, _)| name == "rounds");
    let pages: Vec<String> = query
        .into_iter()
        .filter(|(name, _)| name == "page")
        .map(|(_, page)| page)
        .collect();
    if pages.len() > MOST_PAGES {
        return plain(400, "At most 64 pages can be followed at once.");
    }
    let following = Following {
        rounds: server.stage.rounds(),
        server,
        pages,
        every_round,
        sent: None,
    };
    let events = stream::unfold(following, |following| async {
        let (event, following) = next(following).await?;
        Some((Ok::<Event, Infallible>(event), following))
    });
    let keep_alive = KeepAlive::new().interval(Duration::from_secs(15));
    let mut response = Sse::new(events).keep_alive(keep_alive).into_response();
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// The next event: what is now, as soon as that is not what was sent. `None` where no round can come.
async fn next(mut following: Following) -> Option<(Event, Following)> {
    loop {
        if following.sent.is_some() {
            following.rounds.changed().await.ok()?;
        }
        following.rounds.borrow_and_update();
        let server = Arc::clone(&following.server);
        let pages = following.pages.clone();
        let told = tokio::task::spawn_blocking(move || {
            let view = server.view();
            (view.scene.round, news(&view, &pages).to_string())
        });
        let (round, told) = told.await.ok()?;
        let told = (following.every_round.then_some(round), told);
        if following.sent.as_ref() == Some(&told) {
            continue;
        }
        let rest = told.1.strip_prefix('{').unwrap_or(&told.1);
        let data = format!("{{\"round\":{round},{rest}");
        following.sent = Some(told);
        return Some((Event::default().event("state").data(data), following));
    }
}
