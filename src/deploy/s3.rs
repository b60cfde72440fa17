//! A store that speaks S3 as a target: `<app>/files/<blake3>` are bytes by their content,
//! `<app>/releases/<release>.json` says which of them a release has, and `<app>/current.json` which release
//! is live.

mod failure;
mod http;
mod put;
mod store;
mod turn;
mod types;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::manifest::Manifest;
use super::pointers::is_release;
use super::release::Release;
use super::target::check_owner;
use super::{Pointers, Put, Target, Turn};
use crate::bundle::Bundle;
use crate::diag::{Diagnostic, code};
use crate::failpoint;
pub use store::Address;
use store::{Store, Stored, Swapped};

/// The folder of an app's files, below the app.
const FILES: &str = "files";

/// Which node a target belongs to.
const NODE: &str = ".rbgen/node";

/// How long the store may take to answer, and how long a turn lasts that is not renewed. Tests, which
/// leave turns behind, wait for less: `RBGEN_STORE_TIMES=2000,300`, in milliseconds.
const TIMES: [Duration; 2] = [Duration::from_secs(15), Duration::from_secs(20)];

/// How often pointers are tried to be changed, where others change them at the same time.
const TRIES: usize = 50;

/// A place in a store that the bundles of one node are published to.
pub struct StoreTarget {
    store: Arc<Store>,
    node: String,
    lease: Duration,
    is_told: AtomicBool,
}

/// The pointers of an app as JSON.
#[derive(Serialize, Deserialize)]
struct Current {
    live: Option<String>,
    pinned: Option<String>,
    #[serde(default)]
    previews: BTreeMap<String, String>,
    #[serde(default)]
    order: Vec<String>,
    /// The number of the turn that last changed them.
    #[serde(default)]
    turn: u64,
}

impl Current {
    fn text(pointers: &Pointers, turn: u64) -> String {
        let current = Current {
            live: pointers.live.clone(),
            pinned: pointers.pinned.clone(),
            previews: pointers.previews.clone(),
            order: pointers.order.clone(),
            turn,
        };
        serde_json::to_string_pretty(&current).expect("texts and numbers always serialise") + "\n"
    }
}

impl StoreTarget {
    /// The target at an address, which nothing is asked of yet.
    pub fn new(address: &Address<'_>, node: &str) -> Result<StoreTarget, Diagnostic> {
        let [patience, lease] = times();
        Ok(StoreTarget {
            store: Arc::new(Store::new(address, patience)?),
            node: node.to_string(),
            lease,
            is_told: AtomicBool::new(false),
        })
    }

    fn manifest(&self, app: &str, release: &str) -> String {
        format!("{app}/releases/{release}.json")
    }

    /// What a release has, where that is known.
    fn read_manifest(&self, app: &str, release: &str) -> Result<Option<Manifest>, Diagnostic> {
        let stored = self.store.get(&self.manifest(app, release))?;
        Ok(stored.and_then(|stored| Manifest::read(&stored.text)))
    }

    /// The pointers of an app as they are stored, and the number of the turn that changed them.
    fn current(&self, app: &str) -> Result<(Option<Stored>, Pointers, u64), Diagnostic> {
        let path = current_of(app);
        let Some(stored) = self.store.get(&path)? else {
            return Ok((None, Pointers::default(), 0));
        };
        let read: Option<Current> = serde_json::from_str(&stored.text).ok();
        let is_sound = |current: &Current| {
            let single = current.live.iter().chain(&current.pinned);
            let all = single.chain(current.previews.values());
            all.chain(&current.order).all(|name| is_release(name))
        };
        let Some(current) = read.filter(is_sound) else {
            let message = format!(
                "`{path}` of {} is not what rbgen writes there",
                self.store.shown()
            );
            return Err(Diagnostic::general(code::TARGET_FOREIGN, message)
                .hint("move it away, or give the node a target of its own"));
        };
        let pointers = Pointers {
            live: current.live,
            pinned: current.pinned,
            previews: current.previews,
            order: current.order,
        };
        Ok((Some(stored), pointers, current.turn))
    }

    /// Fails where the target is another node's.
    fn check_node(&self) -> Result<(), Diagnostic> {
        match self.store.get(NODE)? {
            Some(owner) => check_owner(&owner.text, &self.node),
            None => self.store.put(NODE, &format!("{}\n", self.node)),
        }
    }

    /// Takes away the files that no release names any more.
    fn sweep(&self, app: &str) -> Result<(), Diagnostic> {
        let mut named = BTreeSet::new();
        for release in self.releases(app)? {
            let Some(manifest) = self.read_manifest(app, &release)? else {
                // One that cannot be read may name anything.
                return Ok(());
            };
            let files = manifest.files();
            named.extend(files.values().map(|stamp| stamp.digest.hex()));
        }
        let folder = format!("{app}/{FILES}");
        let files = self.store.names(&folder)?.into_iter();
        let unnamed: Vec<String> = files
            .filter(|name| !named.contains(name))
            .map(|name| format!("{folder}/{name}"))
            .collect();
        self.store.remove(&unnamed)
    }
}

fn current_of(app: &str) -> String {
    format!("{app}/current.json")
}

fn times() -> [Duration; 2] {
    let wanted = std::env::var("RBGEN_STORE_TIMES").unwrap_or_default();
    let mut wanted = wanted.split(',').map(|number| number.parse().ok());
    TIMES.map(|usual| {
        let wanted = wanted.next().flatten();
        wanted.map_or(usual, Duration::from_millis)
    })
}

impl Target for StoreTarget {
    fn shown(&self) -> &str {
        self.store.shown()
    }

    fn take_turn(
        &self,
        waiting: &mut dyn FnMut() -> bool,
    ) -> Result<Option<Box<dyn Turn>>, Diagnostic> {
        let Some(turn) = turn::take_turn(&self.store, self.lease, waiting)? else {
            return Ok(None);
        };
        self.check_node()?;
        Ok(Some(Box::new(turn)))
    }

    fn apps(&self) -> Result<BTreeSet<String>, Diagnostic> {
        let mut apps = BTreeSet::new();
        for name in self.store.folders()? {
            if name != ".rbgen" && !self.store.names(&format!("{name}/releases"))?.is_empty() {
                apps.insert(name);
            }
        }
        Ok(apps)
    }

    fn pointers(&self, app: &str) -> Result<Pointers, Diagnostic> {
        Ok(self.current(app)?.1)
    }

    fn releases(&self, app: &str) -> Result<BTreeSet<String>, Diagnostic> {
        let names = self.store.names(&format!("{app}/releases"))?;
        let releases = names.iter().filter_map(|name| name.strip_suffix(".json"));
        Ok(releases
            .filter(|release| is_release(release))
            .map(str::to_string)
            .collect())
    }

    fn bundle_of(&self, app: &str, release: &str) -> Result<Option<Bundle>, Diagnostic> {
        let manifest = self.read_manifest(app, release)?;
        Ok(manifest.map(|manifest| manifest.bundle))
    }

    fn put(&self, turn: &dyn Turn, release: &Release<'_>) -> Result<Put, Diagnostic> {
        turn.check()?;
        put::put(self, turn, release)
    }

    fn point(
        &self,
        app: &str,
        turn: Option<&dyn Turn>,
        change: &mut dyn FnMut(&Pointers) -> Result<Pointers, Diagnostic>,
    ) -> Result<(Pointers, Pointers), Diagnostic> {
        let path = current_of(app);
        for _ in 0..TRIES {
            let (there, before, last) = self.current(app)?;
            let after = change(&before)?;
            if after == before {
                return Ok((before, after));
            }
            let number = turn.map_or(last, Turn::number);
            let text = Current::text(&after, number);
            failpoint::pass("s3-pointer");
            // Whoever takes over after this question reads the pointers later than we did: either our
            // write comes first, or it fails because theirs did.
            if let Some(turn) = turn {
                turn.check()?;
            }
            if let Swapped::Done(stored) = self.store.swap(&path, there.as_ref(), &text)? {
                failpoint::pass("s3-switched");
                if turn.is_none() {
                    self.check_release(app, &before, &after, &stored, last)?;
                }
                return Ok((before, after));
            }
        }
        let message = format!(
            "`{path}` of {} is changed by somebody all the time",
            self.store.shown()
        );
        Err(Diagnostic::general(code::TARGET_FAILED, message))
    }

    fn remove(&self, turn: &dyn Turn, app: &str, release: &str) -> Result<(), Diagnostic> {
        turn.check()?;
        if self.pointers(app)?.names(release) {
            return Ok(());
        }
        let path = self.manifest(app, release);
        let manifest = self.store.get(&path)?;
        self.store.remove(std::slice::from_ref(&path))?;
        failpoint::pass("deploy-removing");
        // Somebody may have gone back to it meanwhile.
        if let Some(manifest) = manifest
            && self.pointers(app)?.names(release)
        {
            return self.store.put(&path, &manifest.text);
        }
        turn.check()?;
        self.sweep(app)
    }

    fn warning(&self) -> Option<Diagnostic> {
        if !self.store.is_unconditional() || self.is_told.swap(true, Ordering::Relaxed) {
            return None;
        }
        let message = format!(
            "{} does not honour conditional writes: it does not hold back a second deploy in the same moment",
            self.store.shown()
        );
        Some(Diagnostic::general(code::STORE_UNCONDITIONAL, message))
    }
}

impl StoreTarget {
    /// Goes back on pointers that were moved without a turn to a release that a deploy removed in that
    /// moment.
    fn check_release(
        &self,
        app: &str,
        before: &Pointers,
        after: &Pointers,
        stored: &Stored,
        last: u64,
    ) -> Result<(), Diagnostic> {
        let Some(live) = after.live.as_ref().filter(|_| after.live != before.live) else {
            return Ok(());
        };
        if self.store.has(&self.manifest(app, live))? {
            return Ok(());
        }
        let text = Current::text(before, last);
        self.store.swap(&current_of(app), Some(stored), &text)?;
        let message = format!(
            "a deploy removed the release `{live}` of `{app}` from {} meanwhile",
            self.store.shown()
        );
        Err(Diagnostic::general(code::NO_RELEASE, message)
            .hint("`rbgen rollback --list` shows those that are there"))
    }
}
