//! The steps of a deploy at a target: make the release, move the pointer, remove what no one needs. Each
//! can be done again after a kill.

use std::fs;
use std::path::Path;

use super::pointers::is_preview;
use super::release::{hide_from_search, release_of};
use super::{Pointers, Put, Target, Turn};
use crate::bundle::Bundle;
use crate::diag::{Diagnostic, code};

/// What is to be published.
pub struct Wanted<'a> {
    /// The output folder that the bundle lies in.
    pub out: &'a Path,
    pub bundle: &'a Bundle,
    /// How many releases stay.
    pub keep: usize,
    /// The name that it is shown under, where it is not to be live.
    pub preview: Option<&'a str>,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// The release that was wanted.
    pub release: String,
    /// Whether it was live, or previewed under that name, before.
    pub was_there: bool,
    /// What is live now.
    pub live: Option<String>,
    /// What was live before.
    pub live_before: Option<String>,
    /// Whether something else stays live because it is pinned.
    pub held_back: bool,
    pub put: Put,
    /// The releases that went.
    pub removed: Vec<String>,
    /// Why one that should have gone is still there, or what else is worth a warning.
    pub not_removed: Option<Diagnostic>,
}

/// Publishes a bundle.
pub fn publish(
    target: &dyn Target,
    turn: &dyn Turn,
    wanted: &Wanted<'_>,
) -> Result<Published, Diagnostic> {
    let app = wanted.bundle.app.as_str();
    let before = target.pointers(app)?;
    let hash = wanted.bundle.build_hash().hex();
    let (was_there, put, release) = match wanted.preview {
        // The usual case of a listener: nothing is to be done, and nothing is looked at.
        None if before.live.as_ref() == Some(&hash)
            && before.order.last() == Some(&hash)
            && before.pinned.is_none() =>
        {
            (true, Put::default(), hash)
        }
        _ => {
            let others = others(target, app, &before, wanted.keep)?;
            let is_preview = wanted.preview.is_some();
            let mut release = release_of(wanted.out, wanted.bundle, is_preview, &others);
            if is_preview {
                let path = wanted.out.join(wanted.bundle.folder()).join("_headers");
                let headers = fs::read_to_string(&path).map_err(|error| {
                    let message = format!("`{}` cannot be read: {error}", path.display());
                    Diagnostic::general(code::NOT_BUILT, message)
                })?;
                hide_from_search(&mut release, &headers);
            }
            let was_there = match wanted.preview {
                Some(name) => before.previews.get(name) == Some(&release.name),
                None => before.live.as_ref() == Some(&release.name),
            };
            let put = target.put(turn, &release)?;
            (was_there, put, release.name)
        }
    };
    let (before, after) = target.point(app, Some(turn), &mut |there| {
        Ok(match wanted.preview {
            Some(name) => there.previewed(name, Some(&release)),
            None => there.deployed(&release),
        })
    })?;
    let (removed, not_removed) = tidy(target, turn, app, &after, wanted.keep);
    Ok(Published {
        was_there,
        held_back: wanted.preview.is_none() && after.live.as_ref() != Some(&release),
        release,
        live: after.live,
        live_before: before.live,
        put,
        removed,
        not_removed: not_removed.or_else(|| target.warning()),
    })
}

/// The bundles of the releases that stay, by name, with the live one last.
fn others(
    target: &dyn Target,
    app: &str,
    pointers: &Pointers,
    keep: usize,
) -> Result<Vec<(String, Bundle)>, Diagnostic> {
    let there = target.releases(app)?;
    let mut names: Vec<&str> = pointers.kept(keep).into_iter().collect();
    names.retain(|name| there.contains(*name));
    names.sort_by_key(|name| {
        let place = pointers.order.iter().position(|other| other == name);
        (Some(*name) == pointers.live.as_deref(), place)
    });
    let mut others = Vec::new();
    for name in names {
        if let Some(bundle) = target.bundle_of(app, name)? {
            others.push((name.to_string(), bundle));
        }
    }
    Ok(others)
}

/// Removes the releases that nobody needs. What cannot be removed stays until the next time.
fn tidy(
    target: &dyn Target,
    turn: &dyn Turn,
    app: &str,
    pointers: &Pointers,
    keep: usize,
) -> (Vec<String>, Option<Diagnostic>) {
    let kept = pointers.kept(keep);
    let there = match target.releases(app) {
        Ok(there) => there,
        Err(problem) => return (Vec::new(), Some(problem)),
    };
    let mut removed = Vec::new();
    for release in there {
        if !kept.contains(release.as_str()) {
            match target.remove(turn, app, &release) {
                Ok(()) => removed.push(release),
                Err(problem) => return (removed, Some(problem)),
            }
        }
    }
    // One that somebody went back to meanwhile is still there.
    if !removed.is_empty()
        && let Ok(there) = target.releases(app)
    {
        removed.retain(|release| !there.contains(release));
    }
    (removed, None)
}

/// Takes an app away that the node does not have any more: nothing of it is live then, unless something is
/// pinned. Gives what was live.
pub fn withdraw(
    target: &dyn Target,
    turn: &dyn Turn,
    app: &str,
) -> Result<(Pointers, Pointers), Diagnostic> {
    target.point(app, Some(turn), &mut |there| Ok(there.withdrawn()))
}

/// Goes back to a release, or to the one before the live one, and pins it: nothing that is deployed
/// replaces it until it is unpinned. It waits for nobody, and takes moments.
pub fn roll_back(
    target: &dyn Target,
    app: &str,
    to: Option<&str>,
) -> Result<(Pointers, Pointers), Diagnostic> {
    target.point(app, None, &mut |pointers| {
        let mut there = target.releases(app)?;
        // A preview hides from search engines, and is nothing to be live.
        there.retain(|release| !is_preview(release));
        let release = match to {
            Some(start) => {
                let mut fitting = there.iter().filter(|name| name.starts_with(start));
                match (fitting.next(), fitting.next()) {
                    (Some(release), None) => release.as_str(),
                    (None, _) => return Err(no_release(target, app, &format!("`{start}`"))),
                    _ if there.contains(start) => start,
                    _ => {
                        let message = format!("`{start}` begins several releases of `{app}`");
                        return Err(Diagnostic::general(code::NO_RELEASE, message)
                            .hint("write more of it: `rbgen rollback --list` shows them"));
                    }
                }
            }
            None => match pointers.before(&there) {
                Some(release) => release,
                None => return Err(no_release(target, app, "older than the live one")),
            },
        };
        if let Some(live) = &pointers.live {
            target.share_assets(app, live, release);
        }
        Ok(pointers.rolled_back(release))
    })
}

fn no_release(target: &dyn Target, app: &str, which: &str) -> Diagnostic {
    let message = format!("{} has no release {which} of `{app}`", target.shown());
    Diagnostic::general(code::NO_RELEASE, message)
        .hint("`rbgen rollback --list` shows those that are there")
}

/// Lets the next deploy decide what is live.
pub fn unpin(target: &dyn Target, app: &str) -> Result<(Pointers, Pointers), Diagnostic> {
    target.point(app, None, &mut |there| Ok(there.unpinned()))
}

/// Takes a preview away. Its release goes with the next deploy.
pub fn remove_preview(
    target: &dyn Target,
    app: &str,
    name: &str,
) -> Result<(Pointers, Pointers), Diagnostic> {
    target.point(app, None, &mut |there| Ok(there.previewed(name, None)))
}
