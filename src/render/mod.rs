//! Rendering: a job to bytes. Markdown, style sheets and templates, all of it pure.

mod bounds;
mod context;
mod engine;
mod failure;
mod filters;
pub mod markdown;
mod page;
pub mod policy;
mod props;
pub mod style;
mod text;

pub use context::{
    AssetNames, BundleFacts, BundleValues, NodeScript, bundle_values, not_found_page,
};
pub use engine::Engine;
pub use page::{RenderedPage, render_not_found, render_page};
pub use policy::PolicyNeeds;
pub use text::{encode_path, escape};
