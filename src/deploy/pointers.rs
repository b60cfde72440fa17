//! What is live, pinned and previewed of an app at a target, and what each step makes of it. Pure.

use std::collections::{BTreeMap, BTreeSet};

/// Of so many releases is known in which order they were deployed: of more than anybody keeps.
const MOST: usize = 10_000;

/// The pointers of one app.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pointers {
    /// The release that visitors get.
    pub live: Option<String>,
    /// The release that stays live whatever is deployed.
    pub pinned: Option<String>,
    /// The releases that are shown under names, apart from what is live.
    pub previews: BTreeMap<String, String>,
    /// The releases in the order in which they were deployed, the newest last.
    pub order: Vec<String>,
}

impl Pointers {
    /// After a release was deployed: it is live, unless another one is pinned.
    pub fn deployed(&self, release: &str) -> Pointers {
        let mut order = self.order.clone();
        order.retain(|other| other != release);
        order.push(release.to_string());
        order.drain(..order.len().saturating_sub(MOST));
        Pointers {
            live: Some(self.pinned.clone().unwrap_or_else(|| release.to_string())),
            order,
            ..self.clone()
        }
    }

    /// After the app was taken away: nothing is live, unless something is pinned.
    pub fn withdrawn(&self) -> Pointers {
        Pointers {
            live: self.pinned.clone(),
            ..self.clone()
        }
    }

    /// After going back to a release, which stays.
    pub fn rolled_back(&self, release: &str) -> Pointers {
        Pointers {
            live: Some(release.to_string()),
            pinned: Some(release.to_string()),
            ..self.clone()
        }
    }

    /// After nothing is pinned any more. What is live stays until the next deploy.
    pub fn unpinned(&self) -> Pointers {
        Pointers {
            pinned: None,
            ..self.clone()
        }
    }

    /// With a preview of this name, or without it.
    pub fn previewed(&self, name: &str, release: Option<&str>) -> Pointers {
        let mut previews = self.previews.clone();
        match release {
            Some(release) => previews.insert(name.to_string(), release.to_string()),
            None => previews.remove(name),
        };
        Pointers {
            previews,
            ..self.clone()
        }
    }

    /// The release that was deployed before the live one, of those that are there.
    pub fn before(&self, there: &BTreeSet<String>) -> Option<&str> {
        let live = self.live.as_ref();
        let end = live.and_then(|live| self.order.iter().rposition(|other| other == live));
        let older = &self.order[..end.unwrap_or(self.order.len())];
        let found = older
            .iter()
            .rev()
            .find(|release| there.contains(*release) && Some(*release) != live);
        found.map(String::as_str)
    }

    /// Whether a pointer leads to a release.
    pub fn names(&self, release: &str) -> bool {
        let mut named = self
            .live
            .iter()
            .chain(&self.pinned)
            .chain(self.previews.values());
        named.any(|name| name == release)
    }

    /// The releases that stay: the last `keep` that were deployed, and all that a pointer names.
    pub fn kept(&self, keep: usize) -> BTreeSet<&str> {
        let newest = self.order.iter().rev().take(keep);
        let named = self.live.iter().chain(&self.pinned);
        newest
            .chain(named)
            .chain(self.previews.values())
            .map(String::as_str)
            .collect()
    }
}

/// How the name of a preview's release ends: it is the release of a bundle whose pages no search engine
/// is to find.
pub const PREVIEW: &str = ".preview";

/// The name of the release that previews a bundle with this hash.
pub fn preview_of(build_hash: &str) -> String {
    format!("{build_hash}{PREVIEW}")
}

/// Whether a release is that of a preview.
pub fn is_preview(release: &str) -> bool {
    release.ends_with(PREVIEW)
}

/// Whether a text is the name of a release: a build hash, also of a preview.
pub fn is_release(name: &str) -> bool {
    let hash = name.strip_suffix(PREVIEW).unwrap_or(name);
    hash.len() == 64
        && hash
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deployed(releases: &[&str]) -> Pointers {
        let mut pointers = Pointers::default();
        for release in releases {
            pointers = pointers.deployed(release);
        }
        pointers
    }

    fn there(releases: &[&str]) -> BTreeSet<String> {
        releases.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn going_back_twice_goes_further_back_and_stays_there() {
        let pointers = deployed(&["a", "b", "c"]);
        let all = there(&["a", "b", "c"]);
        assert_eq!(pointers.before(&all), Some("b"));
        let pointers = pointers.rolled_back("b");
        assert_eq!(pointers.before(&all), Some("a"));
        let pointers = pointers.rolled_back("a");
        assert_eq!(pointers.before(&all), None);
        let pointers = pointers.deployed("d");
        assert_eq!(pointers.live.as_deref(), Some("a"));
        let pointers = pointers.unpinned();
        assert_eq!(pointers.live.as_deref(), Some("a"));
        assert_eq!(pointers.deployed("d").live.as_deref(), Some("d"));
    }

    #[test]
    fn what_is_gone_is_passed_over() {
        assert_eq!(
            deployed(&["a", "b", "c"]).before(&there(&["a", "c"])),
            Some("a")
        );
        assert_eq!(deployed(&[]).before(&there(&["a"])), None);
    }

    #[test]
    fn what_is_deployed_again_is_the_newest() {
        assert_eq!(deployed(&["a", "b", "a"]).order, ["b", "a"]);
    }

    #[test]
    fn the_newest_and_all_that_are_named_stay() {
        let pointers = deployed(&["a", "b", "c", "d"]).rolled_back("a");
        let pointers = pointers.previewed("x", Some("p"));
        assert_eq!(
            pointers.kept(1).into_iter().collect::<Vec<_>>(),
            ["a", "d", "p"]
        );
        let pointers = pointers.previewed("x", None).unpinned().deployed("e");
        assert_eq!(pointers.kept(2).into_iter().collect::<Vec<_>>(), ["d", "e"]);
    }

    #[test]
    fn an_app_that_was_withdrawn_is_back_with_the_next_deploy() {
        let pointers = deployed(&["a"]).withdrawn();
        assert_eq!(pointers.live, None);
        assert_eq!(pointers.deployed("a").live.as_deref(), Some("a"));
        assert_eq!(
            deployed(&["a"])
                .rolled_back("a")
                .withdrawn()
                .live
                .as_deref(),
            Some("a")
        );
    }
}
