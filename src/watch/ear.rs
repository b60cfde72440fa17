//! Hears what happens to the files of a site, from the file system or by looking again and again.
#![allow(
    clippy::disallowed_methods,
    reason = "this room watches the disk and the clock"
)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::mpsc::Sender;
use std::time::Duration;

use notify::event::{AccessKind, AccessMode, DataChange, ModifyKind};
use notify::{Config, EventKind, RecommendedWatcher, RecursiveMode, Watcher};

use crate::files::Folder;
use crate::load::{CONFIG_FILE, package_files};

/// What wakes the loop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Signal {
    /// Somebody is writing into a file, and will be done.
    Writing(PathBuf),
    /// Somebody has written into a file.
    Written(PathBuf),
    /// Something else happened to a file.
    Touched(PathBuf),
    /// A folder came, went or has another name.
    Folder(PathBuf),
    /// Something of the output went.
    OutputGone,
    /// Something came into the output.
    Output,
    /// Something happened, and nobody knows what.
    Missed,
    /// It is time to look, because nothing is heard.
    Look,
    /// Somebody wants everything to be built.
    Rebuild,
    /// The loop is to end.
    Stop,
}

/// What watches as long as it is kept.
pub struct Ear {
    #[expect(dead_code, reason = "it watches until it is dropped")]
    watcher: RecommendedWatcher,
    /// The files of packages that the site may have, and the folders above them, relative to it.
    pub packages: BTreeSet<String>,
}

/// The files of packages that a site may have, and the folders above them.
fn packages(root: &Path) -> BTreeSet<String> {
    let files = package_files(&Folder::new(root));
    let above = |path: &String| -> Vec<String> {
        let slashes = path.match_indices('/');
        slashes.map(|(at, _)| path[..at].to_string()).collect()
    };
    let folders: Vec<String> = files.iter().flat_map(above).collect();
    files.into_iter().chain(folders).collect()
}

/// The folders in which sites have files: those that are watched with all that is in them, and those of
/// which only the entries are.
fn places(
    root: &Path,
    out: &Path,
    packages: &BTreeSet<String>,
) -> (BTreeSet<PathBuf>, BTreeSet<PathBuf>) {
    let mut deep: BTreeSet<PathBuf> = ["content", "static"].map(|name| root.join(name)).into();
    let mut flat: BTreeSet<PathBuf> = [root.to_path_buf(), root.join("themes")].into();
    for theme in folders(&root.join("themes")) {
        // Other folders of a theme, such as packages of npm, can be large.
        deep.extend(crate::load::THEME_FOLDERS.map(|name| theme.join(name)));
        flat.insert(theme);
    }
    // Of packages nothing is heard but of what is wanted of them.
    flat.extend(packages.iter().map(|path| root.join(path)));
    flat.insert(out.to_path_buf());
    flat.extend(folders(out));
    let is_folder = |path: &PathBuf| std::fs::symlink_metadata(path).is_ok_and(|it| it.is_dir());
    deep.retain(is_folder);
    flat.retain(is_folder);
    (deep, flat)
}

/// The folders in a folder, but hidden ones.
fn folders(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .filter(|entry| !entry.file_name().to_string_lossy().starts_with('.'))
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
        .map(|entry| entry.path())
        .collect()
}

/// Watches the folders of a site as they are now. Folders that come later are told of, and then somebody
/// must hear anew: what happens in them until then is not heard.
pub fn hear(root: &Path, out: &Path, signals: Sender<Signal>) -> notify::Result<Ear> {
    let config = Config::default().with_follow_symlinks(false);
    // Some systems tell of paths with all links resolved.
    let named = [out, root].map(|path| (real(path), path.to_path_buf()));
    let places_of_site = ["content", "themes", "static"].map(|name| root.join(name));
    let packages = packages(root);
    let of_packages: BTreeSet<PathBuf> = packages.iter().map(|path| root.join(path)).collect();
    let (site, output) = (root.to_path_buf(), out.to_path_buf());
    let tell = move |event: notify::Result<notify::Event>| {
        let (signal, paths) = match event {
            Ok(event) if event.need_rescan() => (missed as Meaning, vec![PathBuf::new()]),
            Ok(event) => match meaning(&event.kind) {
                Some(meaning) => (meaning, event.paths),
                None => return,
            },
            Err(_) => (missed as Meaning, vec![PathBuf::new()]),
        };
        for path in paths {
            let path = as_named(path, &named);
            let is_of_site = places_of_site.iter().any(|place| path.starts_with(place))
                || of_packages.contains(&path)
                || path.parent() == Some(&site) && path.ends_with(CONFIG_FILE);
            let signal = match (is_of_site, path.starts_with(&output)) {
                (true, _) => signal(path),
                // What is made there is of no interest, but what goes, and manifests.
                (false, true) if std::fs::symlink_metadata(&path).is_err() => Signal::OutputGone,
                (false, true) if path.extension().is_some_and(|it| it == "json") => Signal::Output,
                (false, true) => continue,
                // The site itself went, or was moved.
                (false, false) if path == site || path.as_os_str().is_empty() => Signal::Missed,
                (false, false) => continue,
            };
            // Whoever listens no more does not want to know.
            let _ = signals.send(signal);
        }
    };
    let mut watcher = RecommendedWatcher::new(tell, config)?;
    let (deep, flat) = places(root, out, &packages);
    for (places, mode) in [
        (flat, RecursiveMode::NonRecursive),
        (deep, RecursiveMode::Recursive),
    ] {
        for place in places {
            match watcher.watch(&place, mode) {
                // It went between two looks, which its parent tells of.
                Err(error) if is_gone(&error) => {}
                watched => watched?,
            }
        }
    }
    Ok(Ear { watcher, packages })
}

fn real(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_path_buf())
}

/// A path below a folder as it is named, and not where links lead.
fn as_named(path: PathBuf, named: &[(PathBuf, PathBuf)]) -> PathBuf {
    let is_named = named.iter().any(|(_, name)| path.starts_with(name));
    let found = named
        .iter()
        .filter(|_| !is_named)
        .find_map(|(real, name)| Some((path.strip_prefix(real).ok()?, name)));
    match found {
        // Joined to nothing, a path would end in a slash.
        Some((rest, name)) if rest.as_os_str().is_empty() => name.clone(),
        Some((rest, name)) => name.join(rest),
        None => path,
    }
}

fn is_gone(error: &notify::Error) -> bool {
    match &error.kind {
        notify::ErrorKind::PathNotFound => true,
        notify::ErrorKind::Io(error) => error.kind() == std::io::ErrorKind::NotFound,
        _ => false,
    }
}

type Meaning = fn(PathBuf) -> Signal;

fn missed(_: PathBuf) -> Signal {
    Signal::Missed
}

/// What an event means for the files of a site; `None` where it means nothing.
fn meaning(kind: &EventKind) -> Option<Meaning> {
    use notify::event::{CreateKind, RemoveKind};
    Some(match kind {
        EventKind::Access(AccessKind::Close(AccessMode::Write)) => Signal::Written,
        EventKind::Access(_) => return None,
        // Only Linux tells when a writer is done.
        EventKind::Modify(ModifyKind::Data(DataChange::Any)) if cfg!(target_os = "linux") => {
            Signal::Writing
        }
        EventKind::Create(CreateKind::Folder) | EventKind::Remove(RemoveKind::Folder) => {
            Signal::Folder
        }
        EventKind::Create(_) | EventKind::Remove(_) | EventKind::Modify(_) => Signal::Touched,
        EventKind::Any | EventKind::Other => missed,
    })
}

/// Wakes the loop again and again, for file systems that tell of nothing; it ends with the loop.
pub fn look_every(interval: Duration, signals: Sender<Signal>) {
    std::thread::spawn(move || {
        while signals.send(Signal::Look).is_ok() {
            std::thread::sleep(interval);
        }
    });
}
