//! What goes wrong around a sync: it is ended at some point, its connection breaks, somebody else is
//! at work at the same time, the database is another one.

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::rc::Rc;
use std::thread::JoinHandle;

use rbgen::db::{Failure, Session};
use rbgen::diag::code;
use rbgen::sync::trial::step_in;
use rbgen::sync::{Fetched, Local, Pushed, fetch, push};

use super::dice::Dice;
use super::rows::TOKENS;
use super::state::unlike;
use super::world::{World, address, hold};
use crate::postgres::SERVER;

/// Which of the two is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Of {
    Fetch,
    Push,
}

/// What came of one that was broken.
enum Came {
    Fetched(Box<Result<Fetched, Failure>>),
    Pushed(Box<Result<Pushed, Failure>>),
    /// It was ended at this point.
    Ended(&'static str),
}

/// Points that are passed while tables are locked, or a revision was added.
const LOCKED: [&str; 6] = [
    "push-locked",
    "push-sealed",
    "push-written",
    "push-before-commit",
    "fetch-before-commit",
    "none",
];

impl World {
    fn call(&mut self, of: Of, clone: usize, base: usize) -> Came {
        match of {
            Of::Fetch => {
                let name = self.bases[base].name;
                let local = self.clones[clone].local(name);
                let session = self.bases[base].session();
                Came::Fetched(Box::new(fetch(&local, session, World::wishes())))
            }
            Of::Push => Came::Pushed(Box::new(self.call_push(clone, base, World::wishes()))),
        }
    }

    /// A fetch or push that ends at some point as if it were killed; then again, to its end.
    pub fn crash(
        &mut self,
        of: Of,
        clone: usize,
        base: usize,
        dice: &mut Dice,
    ) -> Result<Option<&'static str>, String> {
        self.end_writer(base);
        let before = self.before(base);
        let left = Cell::new(dice.below(8));
        step_in(Some(Box::new(move |point| match left.get() {
            0 => resume_unwind(Box::new(point)),
            more => left.set(more - 1),
        })));
        let came = catch_unwind(AssertUnwindSafe(|| self.call(of, clone, base)));
        step_in(None);
        let came = match came {
            Ok(came) => came,
            Err(panic) => match panic.downcast::<&'static str>() {
                Ok(point) => Came::Ended(*point),
                Err(panic) => resume_unwind(panic),
            },
        };
        match came {
            Came::Fetched(result) => {
                let wishes = World::wishes();
                self.judge_fetch(clone, base, wishes, &before, *result)?;
                Ok(None)
            }
            Came::Pushed(result) => {
                self.judge_push(clone, base, World::wishes(), &before, *result)?;
                Ok(None)
            }
            Came::Ended(point) => {
                self.say(format!("    ended at {point}"));
                self.bases[base].session = None;
                self.old_or_new(of, clone, base, &before, None)?;
                Ok(Some(point))
            }
        }
    }

    /// After something that did not end as it should: the rows are as before, or as the commit that was
    /// pushed; and another fetch brings all.
    pub fn old_or_new(
        &mut self,
        of: Of,
        clone: usize,
        base: usize,
        before: &super::ops::Before,
        said: Option<bool>,
    ) -> Result<(), String> {
        // Whoever has the lock knows that a transaction that was left has ended.
        let tables = "BEGIN; LOCK TABLE robbieblocks_pages, robbieblocks_components, \
                      robbieblocks_page_blocks, robbieblocks_style_tokens, \
                      robbieblocks_node_branding IN SHARE ROW EXCLUSIVE MODE; COMMIT";
        let mut tries = 0;
        while self.bases[base].editor().run(tables).is_err() {
            let _ = self.bases[base].editor().run("ROLLBACK");
            tries += 1;
            hold(
                tries < 100,
                "a broken connection frees its locks",
                String::new,
            )?;
        }
        self.bases[base].look();
        let rows = self.bases[base].rows.clone();
        let head = self.clones[clone].head.clone();
        let edges = |traces: &str| traces.rsplit(' ').next().unwrap().to_string();
        let traces = self.bases[base].traces();
        let is_pushed = of == Of::Push && edges(&traces) != edges(&before.traces);
        let expected = match is_pushed {
            true => self.state(clone, &head).contents.clone(),
            false => before.rows.contents.clone(),
        };
        hold(
            rows.contents == expected,
            "a crash leaves old or new",
            || unlike(&expected, &rows.contents),
        )?;
        if let Some(said) = said {
            hold(
                said == is_pushed,
                "a push tells the truth about its end",
                || format!("it said {said}"),
            )?;
        }
        if is_pushed && !self.clones[clone].rebuilt {
            let revision = self.bases[base].head();
            self.bases[base].commits.insert(revision, head);
        }
        self.find_memory(clone, base);
        self.fetch(clone, base, World::wishes())?;
        Ok(())
    }

    /// A fetch or push whose connection is ended by the server at some point, or a moment later.
    pub fn kill(
        &mut self,
        of: Of,
        clone: usize,
        base: usize,
        dice: &mut Dice,
    ) -> Result<(), String> {
        self.end_writer(base);
        let before = self.before(base);
        let process: i32 = self.bases[base]
            .session()
            .query("SELECT pg_backend_pid()", &[])
            .unwrap()[0]
            .get(0);
        let url = self.bases[base].database.url_of("postgres");
        let mut left = dice.below(8);
        let wait = match dice.one_in(2) {
            true => None,
            false => Some(dice.below(3000) as u64),
        };
        let killer: Rc<RefCell<Option<JoinHandle<()>>>> = Rc::default();
        let started = killer.clone();
        let mut session = Some(Session::open(&address(url)).unwrap());
        let statement = format!("SELECT pg_terminate_backend({process})");
        step_in(Some(Box::new(move |_| {
            if left > 0 {
                left -= 1;
                return;
            }
            let Some(mut session) = session.take() else {
                return;
            };
            let statement = statement.clone();
            let mut kill = move || {
                if let Some(wait) = wait {
                    std::thread::sleep(std::time::Duration::from_micros(wait));
                }
                session.run(&statement).unwrap();
            };
            match wait {
                None => kill(),
                Some(_) => *started.borrow_mut() = Some(std::thread::spawn(kill)),
            }
        })));
        let came = self.call(of, clone, base);
        step_in(None);
        if let Some(killer) = killer.take() {
            killer.join().unwrap();
        }
        self.bases[base].session = None;
        let lost = |failure: &Failure| failure.code == code::CONNECTION_LOST;
        let said = match came {
            Came::Pushed(result) => match *result {
                Ok(Pushed::Done(_)) => {
                    let traces = self.bases[base].traces();
                    (traces != before.traces).then_some(true)
                }
                Ok(Pushed::Broken(..)) => Some(false),
                Err(failure) => {
                    self.say(format!("    refused: {}", failure.message));
                    let unknown = failure.code == code::OUTCOME_UNKNOWN;
                    hold(!unknown, "the end of a push is found out", || {
                        failure.message
                    })?;
                    Some(false)
                }
            },
            Came::Fetched(result) => {
                if let Err(failure) = &*result
                    && !lost(failure)
                {
                    return self
                        .judge_fetch(clone, base, World::wishes(), &before, *result)
                        .map(drop);
                }
                None
            }
            Came::Ended(_) => None,
        };
        self.old_or_new(of, clone, base, &before, said)
    }

    /// Somebody edits a row, or another clone pushes or fetches, while a clone pushes or fetches.
    pub fn race(
        &mut self,
        with: Race,
        clone: usize,
        base: usize,
        dice: &mut Dice,
    ) -> Result<(), String> {
        self.end_writer(base);
        let other = (clone + 1) % self.clones.len();
        let mark = self.mark();
        let token = *dice.pick(&TOKENS);
        let of = match with == Race::Fetch || with == Race::Rows && dice.one_in(3) {
            true => Of::Fetch,
            false => Of::Push,
        };
        let before = self.before(base);
        let mut left = dice.below(7);
        type Other = Result<Option<Result<Pushed, Failure>>, String>;
        let done: Rc<RefCell<Option<Other>>> = Rc::default();
        let thread: Rc<RefCell<Option<JoinHandle<Other>>>> = Rc::default();
        let (finished, started) = (done.clone(), thread.clone());
        let url = match with {
            Race::Rows => self.bases[base].database.url_of("postgres"),
            _ => self.bases[base].database.url(),
        };
        let repository = self.clones[other].repository.clone();
        let commit = self.clones[other].head.clone();
        let name = self.bases[base].name;
        let mut run: Option<Box<dyn FnOnce() -> Other + Send>> = Some(Box::new(move || {
            let mut session = Session::open(&address(url)).unwrap();
            let local = Local {
                repository: &repository,
                database: name,
                prefix: "",
            };
            match with {
                Race::Rows => {
                    let statement = format!(
                        "UPDATE robbieblocks_style_tokens SET default_value = '{mark}' \
                         WHERE token_key = '{token}'"
                    );
                    session.run(&statement).map_err(|failure| failure.message)?;
                    Ok(None)
                }
                Race::Push => Ok(Some(push(&local, &mut session, &commit, World::wishes()))),
                Race::Fetch => {
                    let _ = fetch(&local, &mut session, World::wishes());
                    Ok(None)
                }
            }
        }));
        let at: Rc<Cell<&'static str>> = Rc::new(Cell::new("no point"));
        let passed = at.clone();
        step_in(Some(Box::new(move |point| {
            if left > 0 {
                left -= 1;
                return;
            }
            let Some(run) = run.take() else { return };
            passed.set(point);
            match LOCKED.contains(&point) {
                true => *started.borrow_mut() = Some(std::thread::spawn(run)),
                false => *finished.borrow_mut() = Some(run()),
            }
        })));
        let came = self.call(of, clone, base);
        step_in(None);
        if let Some(thread) = thread.take() {
            *done.borrow_mut() = Some(thread.join().map_err(|_| "a panic in a race".to_string())?);
        }
        self.say(format!("    at {}", at.get()));
        let Some(other_came) = done.take() else {
            // The point was not reached, so nobody else did anything.
            return match came {
                Came::Fetched(result) => self
                    .judge_fetch(clone, base, World::wishes(), &before, *result)
                    .map(drop),
                Came::Pushed(result) => self
                    .judge_push(clone, base, World::wishes(), &before, *result)
                    .map(drop),
                Came::Ended(_) => Ok(()),
            };
        };
        let other_came = other_came?;
        self.bases[base].look();
        let rows = self.bases[base].rows.clone();
        let had = before
            .traces
            .rsplit(' ')
            .next()
            .unwrap()
            .parse::<usize>()
            .unwrap();
        let pushed = self.bases[base].pushed();
        let new = &pushed[..pushed.len() - had];
        hold(
            new.len() <= 1,
            "of two who push at once one is refused",
            || format!("{new:?}"),
        )?;
        let mut expected = match new.first() {
            Some(commit) => {
                let who = match self.clones[clone].head == *commit {
                    true => clone,
                    false => other,
                };
                (*self.state(who, commit)).clone()
            }
            None => (*before.rows).clone(),
        };
        if with == Race::Rows {
            let mark = format!("w{}", self.marks);
            expected = expected.with_token(token, &mark);
        }
        hold(
            rows.contents == expected.contents,
            "no lost update: what is written at the same time is there",
            || unlike(&expected.contents, &rows.contents),
        )?;
        let says = |came: &Result<Pushed, Failure>| matches!(came, Ok(Pushed::Done(_)));
        if let Came::Pushed(result) = &came
            && let Err(failure) = &**result
        {
            let plain = [
                code::OUT_OF_DATE,
                code::OTHER_DATABASE,
                code::REWOUND,
                code::DATABASE_BUSY,
                code::EMPTIED,
                code::NO_CONTENT,
            ];
            hold(
                plain.contains(&failure.code),
                "a race is told as one",
                || failure.message.clone(),
            )?;
        }
        if let (Came::Pushed(one), Some(two)) = (&came, &other_came)
            && !new.is_empty()
        {
            hold(says(one) || says(two), "who pushed is told so", String::new)?;
        }
        if let Some(commit) = new.first()
            && !self.clones[clone].rebuilt
            && !self.clones[other].rebuilt
            && let Some(revision) = self.revision_of(base, commit)
        {
            self.bases[base].commits.insert(revision, commit.clone());
        }
        for one in [clone, other] {
            self.find_memory(one, base);
            self.fetch(one, base, World::wishes())?;
        }
        Ok(())
    }

    fn revision_of(&mut self, base: usize, commit: &str) -> Option<String> {
        let query = format!(
            "SELECT revision FROM robbieblocks_sync_edges WHERE commit = '{commit}' \
             AND direction = 'push' ORDER BY id DESC LIMIT 1"
        );
        let rows = self.bases[base].editor().query(&query, &[]).unwrap();
        rows.first().map(|row| row.get(0))
    }

    /// Keeps a copy of a database, or puts the one that was kept in its place.
    pub fn restore(&mut self, base: usize) {
        self.end_writer(base);
        let kept = self.bases[base].copy.take();
        self.bases[base].disconnect();
        match kept {
            None => {
                let copy = self.bases[base].database.copy();
                self.bases[base].copy = Some(copy);
                self.say("    a copy is kept");
            }
            Some(copy) => {
                let base = &mut self.bases[base];
                SERVER.admin(&format!(
                    "DROP DATABASE {} WITH (FORCE)",
                    base.database.name
                ));
                base.database = copy;
                base.era += 1;
                base.look();
                self.say("    the copy takes the place of the database");
            }
        }
    }

    /// Takes the last revisions out of the history, as a restored backup would.
    pub fn rewind(&mut self, base: usize) {
        self.end_writer(base);
        let done = self.bases[base].edit(
            "ALTER TABLE robbieblocks_revisions DISABLE TRIGGER ALL; \
             ALTER TABLE robbieblocks_revision_entities DISABLE TRIGGER ALL; \
             CREATE TEMPORARY TABLE gone ON COMMIT DROP AS SELECT digest FROM \
               robbieblocks_revisions ORDER BY number DESC LIMIT 2; \
             DELETE FROM robbieblocks_sync_edges WHERE revision IN (SELECT digest FROM gone); \
             DELETE FROM robbieblocks_revision_entities WHERE revision IN (SELECT digest FROM gone); \
             DELETE FROM robbieblocks_revisions WHERE digest IN (SELECT digest FROM gone); \
             ALTER TABLE robbieblocks_revisions ENABLE TRIGGER ALL; \
             ALTER TABLE robbieblocks_revision_entities ENABLE TRIGGER ALL; \
             ALTER TABLE robbieblocks_revisions ENABLE ALWAYS TRIGGER rbgen_append_only; \
             ALTER TABLE robbieblocks_revision_entities ENABLE ALWAYS TRIGGER rbgen_append_only",
        );
        self.say(format!("    done: {done}"));
    }
}

/// What happens at the same time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Race {
    Push,
    Rows,
    Fetch,
}
