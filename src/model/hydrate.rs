//! When a component that is React code comes to life in the browser.

use super::{Component, Value};

/// When it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hydrate {
    /// As soon as the page is there.
    Load,
    /// When the browser has nothing else to do.
    Idle,
    /// When it comes into view.
    Visible,
    /// Never: it ships no script.
    Never,
    /// As soon as the page is there, and it is rendered in the browser alone.
    Only,
}

impl Hydrate {
    /// All of them, by their names.
    pub const NAMES: [(&'static str, Hydrate); 5] = [
        ("load", Hydrate::Load),
        ("idle", Hydrate::Idle),
        ("visible", Hydrate::Visible),
        ("never", Hydrate::Never),
        ("only", Hydrate::Only),
    ];

    /// The one of a name.
    pub fn named(name: &str) -> Option<Hydrate> {
        let found = Hydrate::NAMES.iter().find(|(known, _)| *known == name);
        found.map(|(_, hydrate)| *hydrate)
    }

    /// Its name.
    pub fn as_str(self) -> &'static str {
        let found = Hydrate::NAMES.iter().find(|(_, known)| *known == self);
        found.map_or("load", |(name, _)| name)
    }
}

impl Component {
    /// What `metadata.hydrate` says; `None` leaves it to the code.
    pub fn hydrate(&self) -> Option<Hydrate> {
        Hydrate::named(self.metadata.get("hydrate").and_then(Value::as_text)?)
    }

    /// When it comes to life, where it does: `interactive` says that its code does something in a browser.
    pub fn comes_to_life(&self, interactive: bool) -> Option<Hydrate> {
        match self.hydrate() {
            None => interactive.then_some(Hydrate::Load),
            Some(Hydrate::Never) => None,
            said => said,
        }
    }
}
