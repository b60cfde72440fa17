//! The pages for whoever makes a theme: the start page of `rbgen watch`, the gallery of components, the
//! tokens, the deploys, and why a page was rendered. Values in, HTML out.

mod deploys;
pub mod frame;
mod gallery;
mod graph;
mod problems;
mod start;
mod tokens;
mod words;

use crate::model::Site;

pub use deploys::{Deploys, MOST_DEPLOYS, Standing, deploys_page};
pub use frame::{Tab, policy};
pub use gallery::{page as gallery_page, sample, sample_policy};
pub use graph::{Askers, Graph, MOST_CHOICES, PageReads, graph_page};
pub use problems::problems_page;
pub use start::{Start, StartApp, StartNode, start_page};
pub use words::first_value;

/// The style sheet that the start page, the deploys and the graph have besides that of the frame; they
/// load it from `/_rb/pages.css`.
pub const PAGES_CSS: &str = include_str!("workbench/pages.css");

/// The page of tokens; `node` in the query shows one node alone. `round` is the one that the site is of.
pub fn tokens_page(site: &Site, round: u64, query: &[(String, String)]) -> String {
    tokens::page(site, round, first_value(query, "node"))
}
