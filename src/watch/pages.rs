//! The pages below `/_rb/` and the start page: what was asked for, and the scene, give HTML.

use super::Scene;

/// What is asked of a page.
#[derive(Clone, Debug, Default)]
pub struct Ask {
    /// `/` or below `/_rb/`, decoded.
    pub path: String,
    /// In their order, decoded.
    pub query: Vec<(String, String)>,
    /// What was posted, as JSON; `None` where it was only asked for.
    pub posted: Option<serde_json::Value>,
}

/// A page that is shown.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    pub content_type: &'static str,
    pub body: String,
    /// Its content security policy.
    pub policy: String,
}

/// The page for what was asked; `None` where there is none. It may read the disk and a database: not to be
/// called where nothing may wait.
pub fn page(_scene: &Scene, _ask: &Ask) -> Option<Answer> {
    None
}
