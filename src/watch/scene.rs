//! What is being watched, as of the last round: what the server shows, and how it hears of the next one.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use tokio::sync::watch;

use crate::ledger::Ledger;
use crate::load::Located;
use crate::model::{Moment, Site};
use crate::pipeline::BuiltBundle;
use crate::render::react;

/// A site and its output after a round. It is never changed, only replaced by the next one.
#[derive(Clone, Debug)]
pub struct Scene {
    /// Counts the rounds from 1, which is the first build; 0 is before it.
    pub round: u64,
    /// The folder of the site, absolute.
    pub root: PathBuf,
    /// The output folder, absolute: `out/<node>/<app>/…` and `out/<node>/<app>.json`, as every build
    /// leaves them. What is in it are the files of the last build without errors.
    pub out: PathBuf,
    /// Whether drafts are built as well.
    pub drafts: bool,
    /// The time that conditions were held against.
    pub now: Moment,
    /// Where React code is compiled and run.
    pub react: Arc<dyn react::Runner>,
    /// The site as it is now, as far as it can be understood, also where it has errors; `None` only
    /// where robbieblocks.toml cannot be used.
    pub site: Option<Arc<Site>>,
    /// The bundles that `out` has, sorted by node, then app.
    pub bundles: Arc<[BuiltBundle]>,
    /// All that is wrong now, with the source where there is one. With an error among them, `out` is older
    /// than `site`.
    pub diagnostics: Arc<[Located]>,
    /// What the last build without errors remembers: what each page asked.
    pub ledger: Option<Arc<Ledger>>,
    /// Why and when outputs were made, by their path relative to `out`; those that were there before the
    /// first round are not among them.
    pub made: imbl::HashMap<Arc<str>, Made>,
}

/// Why and when an output was made.
#[derive(Clone, Debug)]
pub struct Made {
    /// What follows *because*.
    pub why: Arc<str>,
    pub at: Moment,
    pub round: u64,
}

impl Scene {
    /// What there is before the first round: nothing is known of the site.
    pub fn before(
        root: &Path,
        out: &Path,
        drafts: bool,
        now: Moment,
        react: Arc<dyn react::Runner>,
    ) -> Scene {
        Scene {
            round: 0,
            root: root.to_path_buf(),
            out: out.to_path_buf(),
            drafts,
            now,
            react,
            site: None,
            bundles: [].into(),
            diagnostics: [].into(),
            ledger: None,
            made: imbl::HashMap::new(),
        }
    }

    /// Whether something is wrong that keeps the output as it was.
    pub fn is_broken(&self) -> bool {
        let is_error =
            |located: &Located| located.diagnostic.severity == crate::diag::Severity::Error;
        self.diagnostics.iter().any(is_error)
    }

    /// The nodes that have bundles, with their apps, in order.
    pub fn nodes(&self) -> Vec<(&str, Vec<&str>)> {
        let mut nodes: Vec<(&str, Vec<&str>)> = Vec::new();
        for bundle in self.bundles.iter() {
            match nodes.last_mut() {
                Some((node, apps)) if *node == bundle.node => apps.push(&bundle.app),
                _ => nodes.push((&bundle.node, vec![&bundle.app])),
            }
        }
        nodes
    }
}

/// Where the loop puts each scene, and the server takes it from.
#[derive(Clone, Debug)]
pub struct Stage {
    scene: Arc<RwLock<Arc<Scene>>>,
    round: Arc<watch::Sender<u64>>,
}

impl Stage {
    /// A stage with what there is before the first round.
    pub fn new(scene: Scene) -> Stage {
        let (round, _) = watch::channel(scene.round);
        Stage {
            scene: Arc::new(RwLock::new(Arc::new(scene))),
            round: Arc::new(round),
        }
    }

    /// What is to be shown now.
    pub fn scene(&self) -> Arc<Scene> {
        let scene = self.scene.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&scene)
    }

    /// Shows the next scene. All files are in place by now.
    pub fn show(&self, scene: Scene) {
        let round = scene.round;
        *self.scene.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(scene);
        self.round.send_replace(round);
    }

    /// Shows the same round with more that is known of it, which changes nothing that is shown in a page.
    pub fn amend(&self, scene: Scene) {
        *self.scene.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(scene);
    }

    /// Hears of each round from now on; a slow listener hears of the last one only.
    pub fn rounds(&self) -> watch::Receiver<u64> {
        self.round.subscribe()
    }
}
