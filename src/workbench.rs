//! The pages for whoever makes a theme: the start page of `rbgen watch`, the gallery of components, the
//! tokens, the deploys, and why a page was rendered. Values in, HTML out.

pub mod frame;

pub use frame::policy;
