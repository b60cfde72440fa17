//! Serves a built site over HTTP as a host would: for a last look before it is deployed, and for `watch`.
//!
//! What the files of rules say and which file a path means is pure (`pattern`, `rules`, `resolve`, `range`); around
//! it are the files (`files`, `web`), the answer to one request (`answer`, `node`), and what both servers
//! stand on: which names they answer to (`hosts`), their port and their thread (`running`).
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "this room reads the disk and uses the network"
)]

mod answer;
mod files;
mod hosts;
mod node;
mod pattern;
mod range;
mod resolve;
mod rules;
mod running;
mod web;

pub use answer::{
    Content, Representation, content_type, etag_of, moved, not_allowed, plain, respond,
};
pub use files::{open_regular, read_all};
pub use hosts::{AllowedHosts, is_own_origin, with_host_check};
pub use node::{NodeSettings, represent, serve_node};
pub use resolve::{Found, requested_path, resolve};
pub use rules::headers_for;
pub use running::{DEFAULT_PORT, Port, Serving, bind, start};
pub use web::{RuleProblem, Web, WebBundle, nodes_of, web_of_apps, web_of_manifests};
