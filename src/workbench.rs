//! The pages for whoever makes a theme: the start page of `rbgen watch`, the gallery of components, the
//! tokens, the deploys, and why a page was rendered. Values in, HTML out.

pub mod frame;
mod gallery;
mod tokens;

use crate::model::Site;

pub use frame::policy;
pub use gallery::{page as gallery_page, sample, sample_policy};

/// The page of tokens; `node` in the query shows one node alone.
pub fn tokens_page(site: &Site, query: &[(String, String)]) -> String {
    let node = query.iter().find(|(name, _)| name == "node");
    tokens::page(site, node.map(|(_, node)| node.as_str()))
}
