//! The databases and the clones of a sequence, and what the model knows of them.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::rc::Rc;
use std::sync::LazyLock;

use rbgen::db::{Address, Session, address_in};
use rbgen::sync::attributes::install_merge_driver;
use rbgen::sync::git::Repository;
use rbgen::sync::tree::texts_of_commit;
use rbgen::sync::{Local, Wishes};
use tempfile::TempDir;

use super::dice::Sequence;
use super::rows::{TRACES, WRITTEN};
use super::state::{State, texts_in};
use crate::commits::{git, git_command};
use crate::harness::{TestSite, Tree, copy_tree, remove_any, text, tree};
use crate::postgres::{Database, SERVER};

/// What went wrong: the name of what has to hold, and how it does not.
pub type Verdict = Result<(), String>;

/// Fails with the name of what has to hold.
pub fn hold(holds: bool, name: &str, why: impl FnOnce() -> String) -> Verdict {
    match holds {
        true => Ok(()),
        false => Err(format!("{name}: {}", why())),
    }
}

/// A database, as the model has it.
pub struct Base {
    pub database: Database<'static>,
    pub name: &'static str,
    /// Of who syncs, of who edits rows, of who may do all, and of one whose transaction is open.
    pub session: Option<Session>,
    pub editor: Option<Session>,
    pub writer: Option<Session>,
    /// What the rows say.
    pub rows: Rc<State>,
    /// How often it was replaced by an earlier copy, and such a copy.
    pub era: usize,
    pub copy: Option<Database<'static>>,
    /// The commit that each revision is in all clones that rebuilt nothing.
    pub commits: BTreeMap<String, String>,
}

/// What a clone last saw of a database.
#[derive(Clone)]
pub struct Seen {
    pub commit: String,
    pub revision: String,
    pub rows: Rc<State>,
    pub era: usize,
}

pub struct Clone {
    pub name: String,
    pub root: PathBuf,
    pub repository: Repository,
    pub head: String,
    pub seen: Vec<Option<Seen>>,
    /// The era of each database that its memory is of, while it has one.
    pub memory: Vec<Option<usize>>,
    /// Whether it made commits anew.
    pub rebuilt: bool,
}

pub struct World {
    pub place: TempDir,
    pub bases: Vec<Base>,
    pub clones: Vec<Clone>,
    pub origin: PathBuf,
    pub driver: bool,
    pub marks: u64,
    /// What commits say.
    pub states: HashMap<String, Rc<State>>,
    /// What happened, in words.
    pub story: Vec<String>,
    pub merge_base_is_ours: bool,
}

pub fn address(url: String) -> Address {
    address_in("main", "URL", &|_| Some(url.clone())).unwrap()
}

impl Base {
    fn new(database: Database<'static>, name: &'static str) -> Base {
        Base {
            database,
            name,
            session: None,
            editor: None,
            writer: None,
            rows: Rc::default(),
            era: 0,
            copy: None,
            commits: BTreeMap::new(),
        }
    }

    pub fn address(&self) -> Address {
        address(self.database.url())
    }

    pub fn session(&mut self) -> &mut Session {
        let address = self.address();
        self.session
            .get_or_insert_with(|| Session::open(&address).unwrap())
    }

    /// Who edits rows and looks at them: not who syncs.
    pub fn editor(&mut self) -> &mut Session {
        let address = address(self.database.url_of("postgres"));
        self.editor.get_or_insert_with(|| {
            let mut session = Session::open(&address).unwrap();
            session.run("SET lock_timeout = '50ms'").unwrap();
            session
        })
    }

    /// Runs statements of an editor as one transaction. Those that the database refuses do nothing.
    pub fn edit(&mut self, statements: &str) -> bool {
        let done = self.editor().run(statements).is_ok();
        if !done {
            let _ = self.editor().run("ROLLBACK");
        }
        self.look();
        done
    }

    /// Takes the rows as they are for what they have to be.
    pub fn look(&mut self) {
        self.rows = Rc::new(State::of_rows(self.editor()));
    }

    pub fn traces(&mut self) -> String {
        let rows = self.editor().query(TRACES, &[]).unwrap();
        rows[0].get(0)
    }

    pub fn written(&mut self) -> BTreeMap<String, String> {
        let rows = self.editor().query(WRITTEN, &[]).unwrap();
        rows.iter().map(|row| (row.get(0), row.get(1))).collect()
    }

    /// The last revision.
    pub fn head(&mut self) -> String {
        let query = "SELECT coalesce((SELECT digest FROM robbieblocks_revisions \
                     ORDER BY number DESC LIMIT 1), '')";
        self.editor().query(query, &[]).unwrap()[0].get(0)
    }

    /// The commits that were pushed, the last one first.
    pub fn pushed(&mut self) -> Vec<String> {
        let query = "SELECT commit FROM robbieblocks_sync_edges WHERE direction = 'push' \
                     ORDER BY id DESC";
        let rows = self.editor().query(query, &[]).unwrap();
        rows.iter().map(|row| row.get(0)).collect()
    }

    pub fn disconnect(&mut self) {
        self.session = None;
        self.editor = None;
        self.writer = None;
    }
}

impl Clone {
    pub fn git(&self, args: &[&str]) -> Output {
        git_command(&self.root, args).output().unwrap()
    }

    #[track_caller]
    pub fn git_ok(&self, args: &[&str]) -> String {
        git(&self.root, args)
    }

    pub fn local<'a>(&'a self, database: &'a str) -> Local<'a> {
        Local {
            repository: &self.repository,
            database,
            prefix: "",
        }
    }

    pub fn contains(&self, ancestor: &str, commit: &str) -> bool {
        ancestor == commit
            || self
                .repository
                .is_ancestor(ancestor, commit)
                .unwrap_or_default()
    }

    /// Commits what is in the work tree.
    pub fn commit(&mut self, message: &str) {
        self.git_ok(&["add", "-A"]);
        self.git_ok(&["commit", "-q", "--allow-empty", "-m", message]);
        self.find_head();
    }

    pub fn find_head(&mut self) {
        let file = self.root.join(".git/refs/heads/main");
        self.head = match fs::read_to_string(file) {
            Ok(head) => head.trim().to_string(),
            Err(_) => self.git_ok(&["rev-parse", "HEAD"]),
        };
    }
}

const START: [(&str, &str); 6] = [
    (
        "content/pages/play/p1.toml",
        "# The first page.\nname = \"One\"\nstatus = \"published\"\n\n[[blocks]]\nkey = \"b1\"\n\
         component = \"card\" # a card\nprops = { k1 = \"a\", k2 = \"b\" }\n\n[[blocks]]\n\
         key = \"b2\"\ncomponent = \"list\"\nprops.k1 = \"c\"\n",
    ),
    (
        "content/pages/play/sub/p2.toml",
        "name = \"Two\"\nroute = \"/play/p2\"\nstatus = \"published\"\n\n[[blocks]]\nkey = \"b1\"\n\
         component = \"card\"\n",
    ),
    (
        "content/pages/work/p3.toml",
        "name = \"Three\"\n[[blocks]]\nkey = \"b1\"\ncomponent = \"list\"\n[[blocks]]\n\
         key = \"b2\"\ncomponent = \"card\"\n[[blocks]]\nkey = \"b3\"\ncomponent = \"card\"\n",
    ),
    (
        "content/pages/work/p4.md",
        "+++\nname = \"Four\"\nstatus = \"published\"\n+++\n\nSome *words*.\n",
    ),
    (
        "content/tokens/color.toml",
        "# Colours\n[color]\na = \"#111111\"\nb = \"#222222\" # the second\n\
         c = { value = \"#333333\", description = \"Third\" }\nd = \"#444444\"\ne = \"#555555\"\n\
         f = \"#666666\"\ng = \"#777777\"\nh = \"#888888\"\ni = \"#999999\"\nj = \"#aaaaaa\"\n\
         k = \"#bbbbbb\"\nl = \"#cccccc\"\n",
    ),
    ("content/tokens/font.toml", "[font]\nx = \"serif\"\n"),
];

/// The files of a site in a repository with one commit, made once.
static TEMPLATE: LazyLock<Tree> = LazyLock::new(|| {
    let place = workplace();
    let root = place.path().join("site");
    let base = TestSite::base();
    copy_tree(&base.root(), &root);
    remove_any(&root.join("content/pages"));
    remove_any(&root.join("content/tokens"));
    remove_any(&root.join("content/components"));
    for key in ["card", "list", "markdown"] {
        let file = format!("content/components/{key}");
        write(
            &root,
            &format!("{file}.toml"),
            &format!("name = \"{key}\"\ntype = \"ui\"\npublished = true\n"),
        );
        // Pages come and go without props, and are to be rendered all the same.
        let template = "{% if \"k1\" in props %}<p>{{ props.k1 }}</p>{% endif %}\n";
        write(&root, &format!("{file}.html"), template);
    }
    // The tokens are none that the theme would hold against each other.
    let theme = fs::read_to_string(root.join("themes/base/theme.toml")).unwrap();
    let theme = theme.split("[[contrast]]").next().unwrap().to_string();
    write(&root, "themes/base/theme.toml", &theme);
    for (path, text) in START {
        write(&root, path, text);
    }
    let config = fs::read_to_string(root.join("robbieblocks.toml")).unwrap();
    let config = config.split("[node.one]").next().unwrap();
    let databases = "\n[database.main]\nurl_env = \"DATABASE_URL\"\n\
                     [database.two]\nurl_env = \"TWO_URL\"\n";
    write(&root, "robbieblocks.toml", &format!("{config}{databases}"));
    write(&root, ".gitignore", "dist/\n.rbgen/\n");
    git(&root, &["init", "-q"]);
    let repository = Repository::at(&root);
    install_merge_driver(&repository, &root, env!("CARGO_BIN_EXE_rbgen")).unwrap();
    git(&root, &["config", "gc.auto", "0"]);
    git(&root, &["config", "core.looseCompression", "0"]);
    for hook in fs::read_dir(root.join(".git/hooks")).unwrap().flatten() {
        fs::remove_file(hook.path()).unwrap();
    }
    git(&root, &["add", "-A"]);
    git(&root, &["commit", "-q", "-m", "Begin"]);
    tree(&root)
});

fn write(root: &Path, path: &str, text: &str) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// Writes the files of the site that all begin with, of which the path begins so.
pub fn write_start(root: &Path, below: &str) {
    for (path, bytes) in TEMPLATE.iter().filter(|(path, _)| path.starts_with(below)) {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
}

/// A folder in memory, where there is one, for speed.
pub fn workplace() -> TempDir {
    let mut named = tempfile::Builder::new();
    named.prefix("rbgen-sync-");
    let in_memory = named.tempdir_in("/dev/shm");
    in_memory.or_else(|_| named.tempdir()).unwrap()
}

impl World {
    pub fn new(sequence: &Sequence) -> World {
        let place = workplace();
        let origin = place.path().join("origin.git");
        git(place.path(), &["init", "-q", "--bare", "origin.git"]);
        let bases = ["main", "two"][..sequence.bases].iter();
        let bases = bases
            .map(|name| Base::new(SERVER.migrated(), name))
            .collect();
        let mut world = World {
            place,
            bases,
            clones: Vec::new(),
            origin,
            driver: sequence.driver,
            marks: 0,
            states: HashMap::new(),
            story: Vec::new(),
            merge_base_is_ours: false,
        };
        for number in 0..sequence.clones {
            let clone = world.new_clone(number);
            world.clones.push(clone);
        }
        world
    }

    /// A clone as somebody has it who was there from the beginning.
    pub fn new_clone(&mut self, number: usize) -> Clone {
        self.marks += 1;
        let name = format!("clone{number}");
        let root = self.place.path().join(format!("{name}-{}", self.marks));
        write_start(&root, "");
        let repository = Repository::at(&root);
        let mut clone = Clone {
            name,
            repository,
            head: String::new(),
            seen: vec![None; self.bases.len()],
            memory: vec![None; self.bases.len()],
            rebuilt: false,
            root,
        };
        let origin = self.origin.to_str().unwrap();
        clone.git_ok(&["remote", "add", "origin", origin]);
        if !self.driver {
            clone.git_ok(&["config", "merge.rbgen.driver", "git merge-file %A %O %B"]);
        }
        clone.find_head();
        clone
    }

    pub fn mark(&mut self) -> String {
        self.marks += 1;
        format!("w{}", self.marks)
    }

    pub fn say(&mut self, words: impl Into<String>) {
        self.story.push(words.into());
    }

    /// What a commit says.
    pub fn state(&mut self, clone: usize, commit: &str) -> Rc<State> {
        if let Some(state) = self.states.get(commit) {
            return state.clone();
        }
        let clone = &self.clones[clone];
        let texts = match clone.head == commit {
            true => texts_in(&clone.root),
            false => texts_of_commit(&clone.repository, commit, "", |_| true).unwrap(),
        };
        let state = Rc::new(State::of_texts(&texts));
        self.states.insert(commit.to_string(), state.clone());
        state
    }

    /// Where clones exchange commits: all that one has goes there, and all that is there comes.
    pub fn exchange(&mut self, clone: usize) {
        let clone = &self.clones[clone];
        let name = clone.root.file_name().unwrap().to_str().unwrap();
        let head = format!("+HEAD:refs/heads/{name}");
        let mut args = vec!["push", "-q", "origin", &head];
        let seen: Vec<String> = clone
            .seen
            .iter()
            .enumerate()
            .filter_map(|(base, seen)| {
                let commit = &seen.as_ref()?.commit;
                Some(format!("+{commit}:refs/heads/{name}-db{base}"))
            })
            .collect();
        args.extend(seen.iter().map(String::as_str));
        clone.git_ok(&args);
        clone.git_ok(&["fetch", "-q", "origin"]);
    }

    pub fn exchange_all(&mut self) {
        for _ in 0..2 {
            for clone in 0..self.clones.len() {
                self.exchange(clone);
            }
        }
    }

    /// Ends the transaction that is open.
    pub fn end_writer(&mut self, base: usize) {
        let base = &mut self.bases[base];
        if let Some(mut writer) = base.writer.take() {
            let _ = writer.run("COMMIT");
            base.look();
        }
    }

    pub fn wishes() -> Wishes {
        Wishes {
            allow_deletes: true,
            ..Wishes::default()
        }
    }

    /// Whether every commit that was pushed is in a clone.
    pub fn has_all_pushed(&mut self, clone: usize, base: usize) -> bool {
        let pushed: BTreeSet<String> = self.bases[base].pushed().into_iter().collect();
        let clone = &self.clones[clone];
        let input: String = pushed.iter().map(|commit| format!("{commit}\n")).collect();
        let said = clone
            .repository
            .piped(&["cat-file", "--batch-check"], input.as_bytes())
            .unwrap();
        !text(&said).contains("missing")
    }
}

impl Drop for World {
    fn drop(&mut self) {
        for base in &mut self.bases {
            base.disconnect();
            let copy = base.copy.take();
            let names = [Some(&base.database), copy.as_ref()];
            for database in names.into_iter().flatten() {
                SERVER.admin(&format!(
                    "DROP DATABASE IF EXISTS {} WITH (FORCE)",
                    database.name
                ));
            }
        }
    }
}
