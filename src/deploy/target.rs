//! What a target of deploys can do: hold releases, move pointers, let one deployer in at a time.

use std::collections::BTreeSet;
use std::path::Path;

use super::Pointers;
use super::archives::ArchivesTarget;
use super::folder::FolderTarget;
use super::release::Release;
#[cfg(feature = "s3")]
use super::s3::{Address, StoreTarget};
use crate::bundle::Bundle;
use crate::diag::{Diagnostic, code};
use crate::model::TargetConfig;

/// A place that the bundles of one node are published to.
///
/// A release is whole or not there. Pointers of one app change all at once, for whoever reads them
/// through [`Target::pointers`]; what is live changes at once for everybody.
pub trait Target: Send + Sync {
    /// What it is, for messages and records: the same text for the same place, from any process.
    fn shown(&self) -> &str;

    /// Waits until nobody else deploys here. While it waits, `waiting` is called again and again; when that
    /// says `false`, it gives up, and there is no turn.
    fn take_turn(
        &self,
        waiting: &mut dyn FnMut() -> bool,
    ) -> Result<Option<Box<dyn Turn>>, Diagnostic>;

    /// The apps that have something here.
    fn apps(&self) -> Result<BTreeSet<String>, Diagnostic>;

    /// What is live, pinned and previewed of an app.
    fn pointers(&self, app: &str) -> Result<Pointers, Diagnostic>;

    /// The releases of an app that are there as a whole.
    fn releases(&self, app: &str) -> Result<BTreeSet<String>, Diagnostic>;

    /// The bundle that a release was made of, where that is known.
    fn bundle_of(&self, app: &str, release: &str) -> Result<Option<Bundle>, Diagnostic>;

    /// Makes a release, or adds to one that is there what it lacks of the assets of others.
    fn put(&self, turn: &dyn Turn, release: &Release<'_>) -> Result<Put, Diagnostic>;

    /// Changes the pointers of an app, and gives them as they were and as they are. `change` gets them
    /// as they are at that moment, and may be called again where somebody else changed them meanwhile.
    /// With a turn, nothing is changed once another deployer has taken over.
    fn point(
        &self,
        app: &str,
        turn: Option<&dyn Turn>,
        change: &mut dyn FnMut(&Pointers) -> Result<Pointers, Diagnostic>,
    ) -> Result<(Pointers, Pointers), Diagnostic>;

    /// Gives a release the assets with digests in their names that another one has, so that a page which
    /// somebody loaded from that one finds them after a switch. It is done as far as it is possible.
    fn share_assets(&self, _app: &str, _from: &str, _to: &str) {}

    /// Removes a release that no pointer names.
    fn remove(&self, turn: &dyn Turn, app: &str, release: &str) -> Result<(), Diagnostic>;

    /// What somebody who deploys here should know, told once.
    fn warning(&self) -> Option<Diagnostic> {
        None
    }
}

/// The right to deploy to a target. It ends when it is dropped, and with the process.
pub trait Turn {
    /// A number that is larger for each turn than for all before: what an older one wants is refused.
    fn number(&self) -> u64;

    /// Fails where another deployer has taken over.
    fn check(&self) -> Result<(), Diagnostic>;
}

/// What making a release took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Put {
    /// Files whose bytes were brought to the target.
    pub sent: usize,
    /// Files whose bytes it had.
    pub shared: usize,
}

/// What a turn fails with, once another one has begun.
pub fn turn_lost() -> Diagnostic {
    Diagnostic::general(
        code::TURN_LOST,
        "another deploy to the same target has begun meanwhile",
    )
    .hint("deploy again, if the other one did not have what is to be live")
}

/// Fails where a target is another node's; `owner` is what it says of that.
pub fn check_owner(owner: &str, node: &str) -> Result<(), Diagnostic> {
    let owner = owner.trim_end();
    if owner == node {
        return Ok(());
    }
    let owner = owner.escape_debug();
    let message = format!("the target has the releases of the node `{owner}`, and not of `{node}`");
    Err(Diagnostic::general(code::TARGET_FOREIGN, message)
        .hint("give each node a target of its own"))
}

/// The target of a node; `root` is what paths in robbieblocks.toml are relative to.
pub fn open_target(
    root: &Path,
    node: &str,
    config: &TargetConfig,
) -> Result<Box<dyn Target>, Diagnostic> {
    match config {
        TargetConfig::Folder(dir) => Ok(Box::new(FolderTarget::new(&root.join(dir), node))),
        TargetConfig::Archives(dir) => Ok(Box::new(ArchivesTarget::new(&root.join(dir), node))),
        #[cfg(feature = "s3")]
        TargetConfig::S3 {
            url,
            endpoint,
            region,
        } => {
            let address = Address {
                url,
                endpoint: endpoint.as_deref(),
                region: region.as_deref(),
            };
            Ok(Box::new(StoreTarget::new(&address, node)?))
        }
        #[cfg(not(feature = "s3"))]
        TargetConfig::S3 { .. } => Err(Diagnostic::general(
            code::NO_TARGET,
            "this rbgen was built without the feature `s3`, and cannot deploy to stores",
        )
        .hint("build it with `cargo install --path . --features s3`")),
    }
}
