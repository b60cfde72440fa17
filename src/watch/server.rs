//! The server of `rbgen watch`: every node below its name, the pages of the workbench, and what tells a
//! browser of each round. It reads the stage, and never builds.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "this room reads the disk and uses the network"
)]

mod events;
mod html;
mod missing;
mod news;
mod policy;
mod sites;
mod view;
mod workbench;

use std::io;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::Method;
use axum::http::header::{CONTENT_TYPE, HeaderName, HeaderValue, REFERER};
use axum::middleware::map_response;
use axum::response::Response;

use super::Stage;
use crate::serve::{
    AllowedHosts, Port, Serving, bind, not_allowed, plain, requested_path, start, with_host_check,
};
use view::View;

/// The script that pages run to hear of each round.
const SCRIPT: &str = include_str!("client/watch.js");

/// Where a server is to listen.
#[derive(Clone, Debug)]
pub struct Settings {
    pub address: IpAddr,
    pub port: Port,
    /// The names that are answered to.
    pub allowed: AllowedHosts,
    /// The name in the address that people see, where one was given.
    pub name: Option<String>,
}

/// What the requests share.
struct Server {
    stage: Stage,
    view: Mutex<Option<Arc<View>>>,
}

impl Server {
    /// What there is to show now.
    fn view(&self) -> Arc<View> {
        let scene = self.stage.scene();
        let mut view = self.view.lock().unwrap_or_else(PoisonError::into_inner);
        match &*view {
            Some(known) if Arc::ptr_eq(&known.scene, &scene) => Arc::clone(known),
            before => {
                let next = Arc::new(View::new(scene, before.as_deref()));
                *view = Some(Arc::clone(&next));
                next
            }
        }
    }
}

/// Begins to serve what is on the stage, in a thread of its own, until it is stopped or dropped.
pub fn serve(stage: Stage, settings: Settings) -> io::Result<Serving> {
    let listener = bind(settings.address, settings.port)?;
    start(
        listener,
        router(stage, settings.allowed),
        settings.name.as_deref(),
    )
}

fn router(stage: Stage, allowed: AllowedHosts) -> Router {
    let server = Arc::new(Server {
        stage,
        view: Mutex::new(None),
    });
    let router = Router::new().fallback(answer).with_state(server);
    with_host_check(router, allowed).layer(map_response(for_own_pages))
}

/// Pages of other sites may not take in what is served here, such as drafts: not as a picture, a script or a
/// style sheet either (Fetch, §3.7, `Cross-Origin-Resource-Policy`).
async fn for_own_pages(mut response: Response) -> Response {
    let same_origin = HeaderValue::from_static("same-origin");
    let name = HeaderName::from_static("cross-origin-resource-policy");
    response.headers_mut().insert(name, same_origin);
    response
}

async fn answer(State(server): State<Arc<Server>>, request: Request) -> Response {
    let Some(path) = requested_path(request.uri().path()) else {
        return plain(400, "There can be no page of such a path.");
    };
    let is_look = matches!(*request.method(), Method::GET | Method::HEAD);
    match path.as_str() {
        "/_rb/events" if is_look => return events::follow(server, request.uri()),
        "/_rb/watch.js" if is_look => return script(),
        _ => {}
    }
    let (parts, body) = request.into_parts();
    if path == "/" && is_look && parts.headers.contains_key(REFERER) {
        let server = Arc::clone(&server);
        let asked = parts.clone();
        let home = move || sites::root_of_asking(&server.view(), &asked);
        if let Ok(Some(response)) = tokio::task::spawn_blocking(home).await {
            return response;
        }
    }
    if path == "/" || path.starts_with("/_rb/") {
        let known = workbench::answer(&server, &parts, &path, body).await;
        if let Some(response) = known {
            return response;
        }
    }
    if !is_look {
        return not_allowed("GET, HEAD");
    }
    let site = move || sites::answer(&server.view(), &parts, &path);
    let answered = tokio::task::spawn_blocking(site).await;
    answered.unwrap_or_else(|_| plain(500, "The request could not be answered."))
}

fn script() -> Response {
    let mut response = plain(200, SCRIPT.trim_end());
    let javascript = HeaderValue::from_static("text/javascript; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, javascript);
    response
}
