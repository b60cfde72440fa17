//! Rendering: a job to bytes. Markdown, style sheets and templates, all of it pure.

mod answers;
mod bounds;
mod context;
mod engine;
mod failure;
mod filters;
pub mod markdown;
mod names;
mod now;
mod page;
pub mod policy;
mod props;
pub mod react;
pub mod style;
mod text;

pub use answers::Answers;
pub use context::{
    BundleFacts, BundleValues, NodeFacts, NodeScript, bundle_values, not_found_page, pages_listed,
};
pub use engine::{Engine, template_origin};
pub use names::AssetNames;
pub use now::{Rendering, rendering_now};
pub use page::{Body, RenderedPage, render_alone, render_body, render_in_layout, render_not_found};
pub use policy::PolicyNeeds;
pub use props::resolve as resolve_schema;
pub use text::{encode_path, escape};
