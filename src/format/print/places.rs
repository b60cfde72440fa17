//! Where new files go: where nothing else is, also on a file system that folds letter case.

use std::collections::BTreeSet;

use crate::format::page::default_route;
use crate::format::paths::{PAGES, is_passed_over, page_path};
use crate::model::{Page, fold_path, key_problem};

/// The paths that are taken, folded.
#[derive(Default)]
pub(super) struct Places {
    files: BTreeSet<String>,
    folders: BTreeSet<String>,
}

impl Places {
    /// With the files that there are.
    pub(super) fn new<'p>(paths: impl Iterator<Item = &'p str>) -> Places {
        let mut places = Places::default();
        paths.for_each(|path| places.take(path));
        places
    }

    /// Takes a path.
    pub(super) fn take(&mut self, path: &str) {
        let path = fold_path(path);
        for folder in folders(&path) {
            if !self.folders.contains(folder) {
                self.folders.insert(folder.to_string());
            }
        }
        self.files.insert(path);
    }

    /// Whether a file can be made there.
    pub(super) fn is_free(&self, path: &str) -> bool {
        let path = fold_path(path);
        !self.files.contains(&path)
            && !self.folders.contains(&path)
            && !folders(&path).any(|folder| self.files.contains(folder))
            && !path.split('/').any(is_passed_over)
    }

    /// A path for a page, and takes it: where its route is the one that the path gives, if there is
    /// such a place. `None` where the app cannot be the name of a folder.
    pub(super) fn for_page(&mut self, page: &Page, ending: &str) -> Option<String> {
        let below = format!("{PAGES}/{}", page.app);
        let key = &page.key;
        let by_route = folders_of_route(page).map(|folders| match folders {
            "" => format!("{below}/{key}.{ending}"),
            folders => format!("{below}/{folders}/{key}.{ending}"),
        });
        let others = [
            format!("{below}/{key}.{ending}"),
            format!("{below}/{key}/{key}.{ending}"),
        ];
        let more = (1..100).map(|number| format!("{below}/_{number}/{key}.{ending}"));
        let mut paths = by_route.into_iter().chain(others).chain(more);
        let path = paths.find(|path| self.is_free(path))?;
        self.take(&path);
        Some(path)
    }
}

/// The folders above a path.
fn folders(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('/').map(|(at, _)| &path[..at])
}

/// The folders below the app in which a page has its route by default.
fn folders_of_route(page: &Page) -> Option<&str> {
    let below = page
        .route
        .strip_prefix('/')?
        .strip_prefix(page.app.as_str())?;
    let folders = match page.key.as_str() {
        "index" => below,
        key => below.strip_suffix(key)?.strip_suffix('/')?,
    };
    let folders = match folders {
        "" => "",
        folders => folders.strip_prefix('/')?,
    };
    let sound = folders.is_empty() || folders.split('/').all(|one| key_problem(one).is_none());
    sound.then_some(folders)
}

/// The route that a page has at a path where it names none.
pub(super) fn route_at(path: &str) -> String {
    page_path(path).map_or_else(String::new, |(app, below)| default_route(app, &below))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_put_where_something_is() {
        let places = Places::new(["content/pages/play/A.toml", "content/x/y"].into_iter());
        assert!(!places.is_free("content/pages/play/a.toml"));
        assert!(!places.is_free("content/x"));
        assert!(!places.is_free("content/x/y/z.toml"));
        assert!(!places.is_free("content/pages/4913/z.toml"));
        assert!(places.is_free("content/pages/play/b.toml"));
        assert_eq!(route_at("content/pages/play/a/index.toml"), "/play/a");
    }
}
