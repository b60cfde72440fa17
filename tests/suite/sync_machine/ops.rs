//! Fetching, merging and pushing, each with what has to hold after it.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use rbgen::db::Failure;
use rbgen::diag::code;
use rbgen::format::print_documents;
use rbgen::sync::tree::texts_of_commit;
use rbgen::sync::{Fetched, Pushed, Wishes, fetch, forget, push};

use super::state::{State, fields, unlike};
use super::world::{Seen, Verdict, World, hold};

/// What was there before a step.
pub struct Before {
    pub rows: Rc<State>,
    pub head: String,
    pub traces: String,
    pub written: BTreeMap<String, String>,
}

/// How a push ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Pushed,
    Nothing,
    Refused,
    Broken,
}

impl World {
    pub fn before(&mut self, base: usize) -> Before {
        let base = &mut self.bases[base];
        Before {
            rows: base.rows.clone(),
            head: base.head(),
            traces: base.traces(),
            written: base.written(),
        }
    }

    /// Whether a clone would take the database for the one that it knows: it has no memory, or one of
    /// this database with a revision that is there.
    fn is_known(&mut self, clone: usize, base: usize) -> bool {
        let era = self.bases[base].era;
        let name = self.bases[base].name;
        let one = &self.clones[clone];
        let Some(of) = one.memory[base] else {
            return true;
        };
        let file = one.root.join(format!(".git/rbgen/{name}.json"));
        let Ok(text) = std::fs::read_to_string(file) else {
            return true;
        };
        let memory: serde_json::Value = serde_json::from_str(&text).unwrap();
        let revision = memory["revision"].as_str().unwrap();
        let query = format!("SELECT FROM robbieblocks_revisions WHERE digest = '{revision}'");
        let there = self.bases[base].editor().query(&query, &[]).unwrap();
        of == era && !there.is_empty()
    }

    /// Which era a memory is of that a sync has just written.
    pub fn find_memory(&mut self, clone: usize, base: usize) {
        let era = self.bases[base].era;
        let name = self.bases[base].name;
        let clone = &mut self.clones[clone];
        let file = clone.root.join(format!(".git/rbgen/{name}.json"));
        match file.exists() {
            true => _ = clone.memory[base].get_or_insert(era),
            false => clone.memory[base] = None,
        }
    }

    /// A fetch, and what has to hold then. Gives whether it brought the database.
    pub fn fetch(&mut self, clone: usize, base: usize, wishes: Wishes) -> Result<bool, String> {
        let before = self.before(base);
        let result = {
            let name = self.bases[base].name;
            let local = self.clones[clone].local(name);
            fetch(&local, self.bases[base].session(), wishes)
        };
        self.judge_fetch(clone, base, wishes, &before, result)
    }

    pub fn judge_fetch(
        &mut self,
        clone: usize,
        base: usize,
        wishes: Wishes,
        before: &Before,
        result: Result<Fetched, Failure>,
    ) -> Result<bool, String> {
        let known = self.is_known(clone, base);
        let written = self.bases[base].written();
        hold(
            written == before.written,
            "a fetch changes no row",
            String::new,
        )?;
        let fetched = match result {
            Ok(fetched) => fetched,
            Err(failure) => {
                self.say(format!("    refused: {}", failure.message));
                let expected = match failure.code {
                    code::MISSING_COMMIT => !self.has_all_pushed(clone, base),
                    code::OTHER_DATABASE | code::REWOUND => !known,
                    code::EMPTIED => before.rows.contents.is_empty(),
                    code::MANY_DELETIONS => !wishes.allow_deletes,
                    _ => false,
                };
                hold(expected, "a fetch does not fail", || failure.message)?;
                return Ok(false);
            }
        };
        hold(known, "another database is noticed", String::new)?;
        let Some(commit) = fetched.commit else {
            let empty = before.rows.contents.is_empty();
            hold(empty, "a database with content has a commit", String::new)?;
            return Ok(false);
        };
        self.find_memory(clone, base);
        if !fetched.rebuilt.is_empty() {
            self.say("    commits were made anew");
            self.clones[clone].rebuilt = true;
        }
        let is_new = !self.states.contains_key(&commit);
        let state = self.state(clone, &commit);
        hold(
            state.contents == before.rows.contents && !state.broken,
            "the commit of a fetch says what the rows say",
            || unlike(&before.rows.contents, &state.contents),
        )?;
        if is_new {
            let texts = texts_of_commit(&self.clones[clone].repository, &commit, "", |_| true);
            let texts = texts.map_err(|error| error.said)?;
            let (printed, _) = print_documents(&state.documents, &texts, &BTreeSet::new());
            let again = printed.texts.is_empty() && printed.removed.is_empty();
            hold(again, "printing what was printed changes nothing", || {
                format!("{:?} {:?}", printed.texts, printed.removed)
            })?;
        }
        let revision = fetched
            .revision
            .map(|digest| digest.hex())
            .unwrap_or_default();
        let era = self.bases[base].era;
        let same = self.clones[clone].seen[base]
            .as_ref()
            .filter(|seen| seen.revision == before.head && seen.era == era)
            .filter(|seen| seen.rows.contents == before.rows.contents && wishes == World::wishes())
            .map(|seen| seen.commit.clone());
        if let Some(seen) = same.filter(|_| !self.clones[clone].rebuilt) {
            hold(
                commit == seen && fetched.sealed.is_empty(),
                "a fetch brings nothing where nothing changed",
                || format!("{commit} after {seen}, {:?}", fetched.sealed),
            )?;
            let traces = self.bases[base].traces();
            hold(
                traces == before.traces,
                "a fetch without changes leaves no trace",
                || format!("{} became {traces}", before.traces),
            )?;
        }
        if !self.clones[clone].rebuilt {
            let commits = &mut self.bases[base].commits;
            let other = commits
                .entry(revision.clone())
                .or_insert_with(|| commit.clone());
            hold(*other == commit, "clones make the same commits", || {
                format!("{revision} is {other} and {commit}")
            })?;
        }
        let seen = self.clones[clone].seen[base].replace(Seen {
            commit: commit.clone(),
            revision,
            rows: before.rows.clone(),
            era,
        });
        let one = &self.clones[clone];
        if let Some(seen) = seen.filter(|seen| seen.era == era && !one.rebuilt) {
            let follows = one.contains(&seen.commit, &commit);
            hold(follows, "the history of a database goes on", || {
                format!("{commit} does not follow {}", seen.commit)
            })?;
        }
        let name = format!("refs/remotes/db{base}/main");
        one.git_ok(&["update-ref", &name, &commit]);
        Ok(true)
    }

    /// A fetch that does what it is told where it is refused.
    pub fn fetch_anyhow(&mut self, clone: usize, base: usize) -> Result<bool, String> {
        for _ in 0..3 {
            if self.bases[base].rows.contents.is_empty() && !self.bases[base].head().is_empty() {
                self.bases[base].edit(
                    "INSERT INTO robbieblocks_style_tokens (token_key, token_category, \
                     default_value) VALUES ('color.a', 'color', 'red')",
                );
            }
            if self.fetch(clone, base, World::wishes())? {
                return Ok(true);
            }
            if !self.is_known(clone, base) {
                self.accept(clone, base);
            } else if !self.has_all_pushed(clone, base) {
                self.exchange_all();
                if !self.has_all_pushed(clone, base) {
                    let wishes = Wishes {
                        rebuild: true,
                        ..World::wishes()
                    };
                    return self.fetch(clone, base, wishes);
                }
            }
        }
        Ok(false)
    }

    /// Takes the database that is there for the one that is meant.
    pub fn accept(&mut self, clone: usize, base: usize) {
        let name = self.bases[base].name;
        let one = &mut self.clones[clone];
        forget(&one.local(name)).unwrap();
        one.memory[base] = None;
        one.seen[base] = None;
    }

    /// A push, and what has to hold then.
    pub fn push(&mut self, clone: usize, base: usize, wishes: Wishes) -> Result<End, String> {
        let waits = self.bases[base].writer.is_some() && !wishes.dry_run;
        let before = self.before(base);
        if waits {
            // Whoever writes ends while the push waits for the lock, or before it begins.
            let mut writer = self.bases[base].writer.take().unwrap();
            let pending = State::of_open(&mut writer);
            let result = std::thread::scope(|scope| {
                scope.spawn(move || {
                    std::thread::sleep(std::time::Duration::from_millis(15));
                    let _ = writer.run("COMMIT");
                });
                self.call_push(clone, base, wishes)
            });
            return self.judge_late_writer(clone, base, &before, &pending, result);
        }
        let result = self.call_push(clone, base, wishes);
        self.judge_push(clone, base, wishes, &before, result)
    }

    pub fn call_push(
        &mut self,
        clone: usize,
        base: usize,
        wishes: Wishes,
    ) -> Result<Pushed, Failure> {
        let name = self.bases[base].name;
        let one = &self.clones[clone];
        push(
            &one.local(name),
            self.bases[base].session(),
            &one.head,
            wishes,
        )
    }

    /// A push waits for who has written before it, and sees those rows.
    fn judge_late_writer(
        &mut self,
        clone: usize,
        base: usize,
        before: &Before,
        pending: &State,
        result: Result<Pushed, Failure>,
    ) -> Result<End, String> {
        self.bases[base].look();
        let rows = self.bases[base].rows.clone();
        let is_new = self.bases[base].traces().split(' ').next() != before.traces.split(' ').next();
        let head = self.clones[clone].head.clone();
        let (name, expected) = match result {
            Ok(Pushed::Done(_)) if is_new => {
                let differs = pending.contents != before.rows.contents;
                hold(
                    !differs,
                    "no lost update: a push sees what a slow writer wrote",
                    || unlike(&before.rows.contents, &pending.contents),
                )?;
                let pushed = self.state(clone, &head).contents.clone();
                ("after a push the rows say what the commit says", pushed)
            }
            _ => ("a refused push changes no row", pending.contents.clone()),
        };
        hold(rows.contents == expected, name, || {
            unlike(&expected, &rows.contents)
        })?;
        match result {
            Ok(Pushed::Done(_)) if is_new => {
                let revision = self.bases[base].head();
                if !self.clones[clone].rebuilt {
                    self.bases[base].commits.insert(revision, head.clone());
                }
                self.accept_seen(clone, base, &head);
                Ok(End::Pushed)
            }
            Ok(Pushed::Done(_)) => Ok(End::Nothing),
            Ok(Pushed::Broken(..)) => Ok(End::Broken),
            Err(failure) => {
                self.say(format!("    refused: {}", failure.message));
                Ok(End::Refused)
            }
        }
    }

    pub fn accept_seen(&mut self, clone: usize, base: usize, commit: &str) {
        let revision = self.bases[base].head();
        let seen = Seen {
            commit: commit.to_string(),
            revision,
            rows: self.bases[base].rows.clone(),
            era: self.bases[base].era,
        };
        self.find_memory(clone, base);
        self.clones[clone].seen[base] = Some(seen);
    }

    pub fn judge_push(
        &mut self,
        clone: usize,
        base: usize,
        wishes: Wishes,
        before: &Before,
        result: Result<Pushed, Failure>,
    ) -> Result<End, String> {
        let known = self.is_known(clone, base);
        let era = self.bases[base].era;
        let head = self.clones[clone].head.clone();
        let seen = self.clones[clone].seen[base].clone();
        let contained = match &seen {
            Some(seen) => {
                seen.rows.contents == before.rows.contents
                    && seen.revision == before.head
                    && seen.era == era
                    && self.clones[clone].contains(&seen.commit, &head)
            }
            None => before.rows.contents.is_empty() && before.head.is_empty(),
        };
        self.bases[base].look();
        let rows = self.bases[base].rows.clone();
        let traces = self.bases[base].traces();
        let written = self.bases[base].written();
        let untouched = |name: &str| {
            hold(written == before.written, name, || {
                unlike(&before.rows.contents, &rows.contents)
            })
        };
        match result {
            Ok(Pushed::Done(_)) if wishes.dry_run || traces == before.traces => {
                untouched("a push of nothing changes no row")?;
                hold(traces == before.traces, "a dry run leaves no trace", || {
                    traces.clone()
                })?;
                if wishes.dry_run {
                    return Ok(End::Nothing);
                }
                let same = seen.is_some_and(|seen| seen.commit == head);
                hold(same, "what was pushed has a revision", String::new)?;
                Ok(End::Nothing)
            }
            Ok(Pushed::Done(_)) => {
                hold(
                    contained && known,
                    "no lost update: a push contains what the rows said before it",
                    || {
                        let seen = seen.as_ref().map(|seen| &seen.rows.contents);
                        unlike(&before.rows.contents, seen.unwrap_or(&Default::default()))
                    },
                )?;
                let pushed = self.state(clone, &head);
                hold(
                    pushed.contents == rows.contents,
                    "after a push the rows say what the commit says",
                    || unlike(&pushed.contents, &rows.contents),
                )?;
                let had: Vec<u64> = before
                    .traces
                    .split(' ')
                    .map(|n| n.parse().unwrap())
                    .collect();
                let has: Vec<u64> = traces.split(' ').map(|n| n.parse().unwrap()).collect();
                hold(
                    has[0] == had[0] + 1 && has[3] == had[3] + 1,
                    "a push is one revision",
                    || format!("{} became {traces}", before.traces),
                )?;
                if before.rows.contents == rows.contents {
                    hold(
                        has[1] == had[1] && has[2] == had[2] && written == before.written,
                        "no echo: a push of equal content touches no row and wakes nobody",
                        || format!("{} became {traces}", before.traces),
                    )?;
                }
                self.equal_rows_stay(before, &written, &rows)?;
                if !self.clones[clone].rebuilt {
                    let revision = self.bases[base].head();
                    self.bases[base].commits.insert(revision, head.clone());
                }
                self.accept_seen(clone, base, &head);
                Ok(End::Pushed)
            }
            Ok(Pushed::Broken(_, diagnostics)) => {
                untouched("a push of a commit with errors changes no row")?;
                let first = diagnostics.iter().map(|one| one.message.clone()).next();
                self.say(format!("    broken: {}", first.unwrap_or_default()));
                Ok(End::Broken)
            }
            Err(failure) => {
                self.say(format!("    refused: {}", failure.message));
                untouched("a refused push changes no row")?;
                let expected = match failure.code {
                    code::OUT_OF_DATE => !contained || seen.is_none(),
                    code::OTHER_DATABASE | code::REWOUND => !known,
                    code::EMPTIED => rows.contents.is_empty(),
                    code::NO_CONTENT => self.state(clone, &head).contents.is_empty(),
                    // What a push may delete says nothing of what was deleted in the rows.
                    code::MANY_DELETIONS => !wishes.allow_deletes || !contained || seen.is_none(),
                    _ => false,
                };
                hold(expected, "a push that contains all is not refused", || {
                    failure.message
                })?;
                Ok(End::Refused)
            }
        }
    }

    /// Rows that a push did not have to change are as they were.
    fn equal_rows_stay(
        &self,
        before: &Before,
        written: &BTreeMap<String, String>,
        rows: &State,
    ) -> Verdict {
        for (name, content) in &rows.contents {
            if before.rows.contents.get(name) != Some(content) {
                continue;
            }
            let (kind, key) = (name.0.as_str(), &name.1);
            let row = format!("{kind} {key}");
            let blocks = format!("block {key} ");
            let is_part =
                |other: &String| *other == row || (kind == "page" && other.starts_with(&blocks));
            for (part, by) in written.iter().filter(|(part, _)| is_part(part)) {
                hold(
                    before.written.get(part) == Some(by),
                    "no echo: a push touches only rows that differ",
                    || format!("{part}: {:?}", fields(content)),
                )?;
            }
        }
        Ok(())
    }
}
