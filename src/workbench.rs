//! The pages for whoever makes a theme: the start page of `rbgen watch`, the gallery of components, the
//! tokens, the deploys, and why a page was rendered. Values in, HTML out.

pub mod frame;
mod gallery;

pub use frame::policy;
pub use gallery::{page as gallery_page, sample, sample_policy};
