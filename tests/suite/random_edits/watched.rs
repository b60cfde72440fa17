//! The same edits while `rbgen watch` watches, saved as editors and git save: whatever happened, the output
//! becomes that of a build from nothing.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::{Path, PathBuf};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rbgen::diag::{Diagnostics, Severity, code};
use rbgen::model::Moment;
use rbgen::pipeline::{Explain, Options, build_folder};
use rbgen::watch::{Event, Round, Scene, Settings, Signal, Stage, watch};

use super::disk;
use super::kinds::{Edit, Kind, Numbers, sequence};
use super::site::{Files, Site};
use super::start::start;
use crate::commits::git;
use crate::harness::{Tree, differences, number, react, remove_any, tree};

const EDITS: u64 = 1000;
const SEED: u64 = 1;
/// What is to come comes within this.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a watched site is, and what was told of it.
struct Watched {
    root: PathBuf,
    clean: PathBuf,
    site: Site,
    files: Files,
    before: Vec<Site>,
    /// The last one without errors.
    sound: Site,
    /// What each branch has.
    branches: Vec<Site>,
    /// Which of them is checked out.
    branch: Option<usize>,
    last: Arc<Mutex<Option<Round>>>,
}

fn options() -> Options {
    Options {
        nodes: BTreeSet::new(),
        apps: BTreeSet::new(),
        drafts: false,
        now: Moment::now(),
        out: None,
        force: false,
        verify: false,
        explain: Explain::Made,
        from: None,
        exhausted: None,
        react: react(),
    }
}

/// Saves a file as some editor does.
fn save(path: &Path, bytes: &[u8], style: u64) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let beside = |name: &str| path.with_file_name(name);
    match style {
        // In one go.
        0 => fs::write(path, bytes).unwrap(),
        // To a temporary file, which gets the name.
        1 => {
            let temporary = beside("sedKq1x");
            fs::write(&temporary, bytes).unwrap();
            fs::rename(temporary, path).unwrap();
        }
        // The old one gets another name, and the new one is written.
        2 => {
            fs::write(beside("4913"), "").unwrap();
            fs::remove_file(beside("4913")).unwrap();
            let backup = beside("page.toml~");
            if path.exists() {
                fs::rename(path, &backup).unwrap();
            }
            fs::write(path, bytes).unwrap();
            let _ = fs::remove_file(backup);
        }
        // Piece by piece.
        3 => {
            let mut file = File::create(path).unwrap();
            for piece in bytes.chunks(40) {
                file.write_all(piece).unwrap();
                file.flush().unwrap();
            }
        }
        // It goes, and comes.
        _ => {
            let _ = fs::remove_file(path);
            fs::write(path, bytes).unwrap();
        }
    }
}

impl Watched {
    /// Puts the files of the site as it is now.
    fn put(&mut self, numbers: &mut Numbers) {
        let files = self.site.files();
        disk::write(&self.clean, &self.files, &files, false);
        let gone: Files = self
            .files
            .iter()
            .filter(|(path, _)| files.contains_key(*path))
            .map(|(path, bytes)| (path.clone(), bytes.clone()))
            .collect();
        disk::write(&self.root, &self.files, &gone, false);
        for (path, bytes) in &files {
            if self.files.get(path) != Some(bytes) {
                save(&self.root.join(path), bytes, numbers.below(5));
            }
        }
        self.files = files;
    }

    fn git(&self, arguments: &[&str]) -> String {
        git(&self.root, arguments)
    }

    /// Commits what there is to a new branch, or goes to one that is there.
    fn switch(&mut self, numbers: &mut Numbers) {
        let count = self.branches.len() as u64;
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--allow-empty", "--message", "x"]);
        if let Some(branch) = self.branch.and_then(|at| self.branches.get_mut(at)) {
            *branch = self.site.clone();
        }
        if count < 3 || numbers.below(8) == 0 {
            self.git(&["checkout", "--quiet", "-b", &format!("b{count}")]);
            self.branch = Some(self.branches.len());
            self.branches.push(self.site.clone());
            return;
        }
        let next = numbers.below(count) as usize;
        self.git(&["checkout", "--quiet", &format!("b{next}")]);
        self.branch = Some(next);
        self.site = self.branches[next].clone();
        let files = self.site.files();
        disk::write(&self.clean, &self.files, &files, false);
        self.files = files;
    }

    /// Moves a folder away and back, or the output.
    fn move_folder(&self, numbers: &mut Numbers) {
        let folders = ["content/pages", "content", "themes", "content/components"];
        let folder = folders[numbers.below(4) as usize];
        let (here, there) = (self.root.join(folder), self.root.join("away"));
        if numbers.below(6) == 0 {
            remove_any(&self.root.join("dist"));
        } else if here.is_dir() {
            fs::rename(&here, &there).unwrap();
            if numbers.below(2) == 0 {
                sleep(Duration::from_millis(numbers.below(60)));
            }
            fs::rename(&there, &here).unwrap();
        }
    }

    /// Does something to the site, and tells what.
    fn disturb(&mut self, numbers: &mut Numbers) -> String {
        match numbers.below(24) {
            0 => {
                self.switch(numbers);
                "a checkout".to_string()
            }
            1 => {
                self.move_folder(numbers);
                "a folder that was moved".to_string()
            }
            _ => {
                let edit = edit(numbers);
                self.edit(edit, numbers);
                format!("{:?}", edit.kind)
            }
        }
    }

    fn edit(&mut self, edit: Edit, numbers: &mut Numbers) {
        match edit.kind {
            Kind::Undo => {
                if let Some(site) = self.before.pop() {
                    self.site = site;
                }
            }
            Kind::Touch => disk::touch(&self.root, &self.files, edit.at, edit.to),
            _ => {
                self.before.push(self.site.clone());
                edit.change(&mut self.site);
            }
        }
        self.put(numbers);
    }

    /// Holds what is watched against a build from nothing. A site that is broken is mended afterwards: it
    /// is not to stay so.
    fn check(&mut self, numbers: &mut Numbers, what: &str) {
        match self.hold(what) {
            true => self.sound = self.site.clone(),
            false => {
                self.site = self.sound.clone();
                self.put(numbers);
            }
        }
    }

    /// Waits until the output, or what is said, is that of a build from nothing, and tells whether that
    /// succeeded.
    fn hold(&self, what: &str) -> bool {
        remove_any(&self.clean.join("dist"));
        remove_any(&self.clean.join(".rbgen"));
        let clean = build_folder(&self.clean, &options(), &|_, _| ());
        let fresh = tree(&self.clean.join("dist"));
        let began = Instant::now();
        loop {
            let last = self.last.lock().unwrap().clone();
            let found = match (&clean.report, last) {
                (_, None) => vec!["nothing was told".to_string()],
                (Some(_), Some(round)) if round.is_broken => {
                    vec![format!("it says {:#?}", said(&round.diagnostics))]
                }
                (Some(_), Some(_)) => match look(&self.root.join("dist")) {
                    Ok(now) => differences(&fresh, &now),
                    Err(error) => vec![format!("the output is being written: {error}")],
                },
                (None, Some(round)) if said(&round.diagnostics) == said(&clean.diagnostics) => {
                    Vec::new()
                }
                (None, Some(round)) => vec![format!(
                    "it says {:#?}, and from nothing {:#?}",
                    said(&round.diagnostics),
                    said(&clean.diagnostics)
                )],
            };
            if found.is_empty() {
                return clean.report.is_some();
            }
            assert!(
                began.elapsed() < PATIENCE,
                "{what}, from nothing against watched:\n{}",
                found.join("\n")
            );
            sleep(Duration::from_millis(5));
        }
    }
}

/// The output, while somebody may write it.
fn look(folder: &Path) -> std::io::Result<Tree> {
    let mut found = Tree::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next)? {
            let entry = entry?;
            let path = entry.path();
            match entry.file_type()?.is_dir() {
                true if entry.file_name() == ".rbgen" => {}
                true => folders.push(path),
                false => {
                    let name = path.strip_prefix(folder).unwrap().to_str().unwrap();
                    found.insert(name.to_string(), fs::read(&path)?);
                }
            }
        }
    }
    Ok(found)
}

fn said(diagnostics: &Diagnostics) -> BTreeSet<(&'static str, bool, String)> {
    diagnostics
        .iter()
        .filter(|found| found.code != code::FOREIGN_FILE || found.severity == Severity::Error)
        .map(|found| {
            let place = found.place.as_ref();
            let path = place.map(|place| place.path.to_string());
            let is_error = found.severity == Severity::Error;
            (found.code.0, is_error, path.unwrap_or_default())
        })
        .collect()
}

/// Edits that a watched site may see: not how it is built, nor what rbgen keeps. A third is of what pages
/// say, as most saves are.
fn edit(numbers: &mut Numbers) -> Edit {
    let is_of_page = numbers.below(3) == 0;
    loop {
        for (edit, _) in sequence(numbers) {
            let says = matches!(
                edit.kind,
                Kind::PageTitle
                    | Kind::PageDescription
                    | Kind::PageMood
                    | Kind::PageText
                    | Kind::BlockProps
                    | Kind::BlockFile
            );
            if is_of_page && !says {
                continue;
            }
            let is_of_site = !matches!(
                edit.kind,
                Kind::Now
                    | Kind::Drafts
                    | Kind::OneNode
                    | Kind::OneApp
                    | Kind::LedgerGone
                    | Kind::LedgerCut
                    | Kind::LedgerFlipped
                    | Kind::LedgerOld
                    | Kind::OutputAltered
                    | Kind::OutputAlteredInSize
                    | Kind::OutputGone
                    | Kind::OutputFolder
                    | Kind::ManifestGone
                    | Kind::DistGone
            );
            if is_of_site {
                return edit;
            }
        }
    }
}

fn run(poll: Option<Duration>, edits: u64, seed: u64) {
    let place = super::workplace();
    let mut numbers = Numbers(seed);
    let root = place.path().join("site");
    fs::create_dir_all(&root).unwrap();
    let mut watched = Watched {
        clean: place.path().join("clean"),
        site: start(),
        sound: start(),
        files: Files::new(),
        before: Vec::new(),
        branches: Vec::new(),
        branch: None,
        last: Arc::default(),
        root: root.clone(),
    };
    watched.git(&["init", "--quiet"]);
    fs::write(root.join(".gitignore"), "/dist\n/.rbgen\n").unwrap();
    watched.put(&mut numbers);
    watched.switch(&mut numbers);
    let stage = Stage::new(Scene::before(
        &root,
        &root.join("dist"),
        false,
        Moment::now(),
        react(),
    ));
    let (sender, signals) = channel();
    let settings = Settings {
        root,
        options: options(),
        poll,
    };
    let threads = rayon::ThreadPoolBuilder::new().num_threads(2).build();
    let threads = threads.unwrap();
    let told = Arc::clone(&watched.last);
    let stop = sender.clone();
    std::thread::scope(|scope| {
        let handle = scope.spawn(move || {
            threads.install(move || {
                let mut short = 0;
                watch(&settings, &stage, &sender, &signals, &mut |event| {
                    if let Event::Round(round) = event {
                        short += usize::from(!round.is_whole);
                        *told.lock().unwrap() = Some(round.clone());
                    }
                });
                short
            })
        });
        // Whatever fails here, the loop must end for it to be told.
        let edited = catch_unwind(AssertUnwindSafe(|| {
            for index in 0..edits {
                let what = watched.disturb(&mut numbers);
                if numbers.below(2) == 0 || index + 1 == edits {
                    let what = format!("seed {seed}, after edit {index}, {what}");
                    watched.check(&mut numbers, &what);
                }
            }
        }));
        stop.send(Signal::Stop).unwrap();
        let short: usize = handle.join().unwrap();
        if let Err(panic) = edited {
            resume_unwind(panic);
        }
        // A good part of all edits is of what pages say.
        println!("{short} of {edits} edits looked at pages only");
        assert!(short as u64 > edits / 50, "{short} of {edits}");
    });
}

#[test]
fn the_output_equals_a_clean_build_after_edits_while_watching() {
    let edits = number("RBGEN_WATCHED_EDITS", EDITS);
    run(None, edits, number("RBGEN_EDIT_SEED", SEED));
}

#[test]
fn the_output_equals_a_clean_build_after_edits_while_looking() {
    let edits = number("RBGEN_WATCHED_EDITS", EDITS) / 20;
    let often = Some(Duration::from_millis(50));
    run(often, edits, number("RBGEN_EDIT_SEED", SEED));
}
