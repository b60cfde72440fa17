//! Watching a site: builds when its files change, and serves what was built to a browser that hears of it.

mod ear;
mod gather;
mod history;
mod pages;
mod reads;
mod round;
mod rounds;
mod scene;
pub mod server;

pub use ear::Signal;
pub use pages::{Answer, Ask, page};
pub use round::{Cause, Event, Round, Settings};
pub use rounds::watch;
pub use scene::{Made, Scene, Stage};
