//! Watching a site: builds when its files change, and serves what was built to a browser that hears of it.

mod pages;
mod scene;

pub use pages::{Answer, Ask, page};
pub use scene::{Made, Scene, Stage};
