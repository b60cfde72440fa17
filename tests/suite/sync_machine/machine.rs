//! Runs a sequence of steps, and lets it come to rest.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::process::Output;

use rbgen::db::{Access, revisions_after};
use rbgen::sync::Wishes;
use rbgen::sync::trial::step_in;

use super::dice::{Dice, Kind, Sequence, Step};
use super::faults::{Of, Race};
use super::files;
use super::ops::End;
use super::rows;
use super::state::{is_sound, unlike};
use super::world::{Verdict, World, hold};
use crate::commits::{git, git_command};
use crate::harness::text;

/// How often each kind of step was taken, and what came of it.
pub type Tally = BTreeMap<String, usize>;

/// Runs a sequence in a new world. Gives what was counted, or what does not hold and the story.
pub fn run(sequence: &Sequence, ours_as_base: bool, tally: &mut Tally) -> Result<(), String> {
    let mut world = World::new(sequence);
    world.merge_base_is_ours = ours_as_base;
    let told = |world: &World, why: String| format!("{why}\n{}", world.story.join("\n"));
    for clone in 0..sequence.clones.min(1) {
        for base in 0..sequence.bases {
            world
                .push(clone, base, World::wishes())
                .map_err(|why| told(&world, format!("at first: {why}")))?;
        }
        world.exchange_all();
    }
    for (number, step) in sequence.steps.iter().enumerate() {
        world.say(format!(
            "{number}. {:?} {} {}",
            step.kind, world.clones[step.clone].name, world.bases[step.base].name
        ));
        let done = caught(|| world.step(step, tally));
        if let Err(why) = done {
            return Err(told(&world, format!("step {number}: {why}")));
        }
        *tally.entry(format!("{:?}", step.kind)).or_default() += 1;
    }
    world.say("at rest");
    caught(|| world.rest(tally)).map_err(|why| told(&world, why))
}

/// A panic is a failure as well.
fn caught(work: impl FnOnce() -> Verdict) -> Verdict {
    let done = catch_unwind(AssertUnwindSafe(work));
    step_in(None);
    done.unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| text.to_string()));
        Err(format!("a panic: {}", text.unwrap_or_default()))
    })
}

impl World {
    fn step(&mut self, step: &Step, tally: &mut Tally) -> Verdict {
        let dice = &mut Dice::new(step.seed);
        let Step { clone, base, .. } = *step;
        let mark = self.mark();
        let plain = World::wishes();
        match step.kind {
            Kind::Files => {
                if files::edit(&self.clones[clone].root, dice, &mark) {
                    self.clones[clone].commit(&mark);
                }
            }
            Kind::Comment => {
                if files::comment(&self.clones[clone].root, dice, &mark) {
                    self.clones[clone].commit(&mark);
                }
            }
            Kind::MoveFile => {
                if files::move_file(&self.clones[clone].root, dice) {
                    self.clones[clone].commit(&mark);
                }
            }
            Kind::Rows | Kind::RowsUnlogged | Kind::RowsReplica | Kind::Truncate => {
                let edit = match step.kind {
                    Kind::Truncate => rows::truncation(dice).to_string(),
                    _ => rows::edit(dice, &mark),
                };
                let edit = match step.kind {
                    Kind::RowsUnlogged => rows::without_log(&edit, !dice.one_in(8)),
                    Kind::RowsReplica => {
                        format!("SET LOCAL session_replication_role = replica; {edit}")
                    }
                    _ => edit,
                };
                let done = self.bases[base].edit(&format!("BEGIN; {edit}; COMMIT"));
                self.say(format!("    {edit}: {done}"));
            }
            Kind::RowsBack => {
                let token = *dice.pick(&rows::TOKENS);
                let table = "robbieblocks_style_tokens";
                let rows = self.bases[base].editor();
                let query =
                    format!("SELECT default_value FROM {table} WHERE token_key = '{token}'");
                let found = rows.query(&query, &[]).unwrap();
                if let Some(row) = found.first() {
                    let old: String = row.get(0);
                    let set = |value: &str| {
                        format!(
                            "UPDATE {table} SET default_value = '{value}' WHERE token_key = '{token}'"
                        )
                    };
                    self.bases[base].edit(&set(&mark));
                    self.bases[base].edit(&set(&old));
                }
            }
            Kind::SlowBegin => {
                if self.bases[base].writer.is_none() {
                    let url = self.bases[base].database.url();
                    let mut writer = rbgen::db::Session::open(&super::world::address(url)).unwrap();
                    let edit = rows::edit(dice, &mark);
                    let begun = writer.run(&format!("SET lock_timeout = '50ms'; BEGIN; {edit}"));
                    if begun.is_ok() {
                        self.bases[base].writer = Some(writer);
                    }
                    self.say(format!("    {edit}"));
                }
            }
            Kind::SlowEnd => self.end_writer(base),
            Kind::Fetch | Kind::Rebuild | Kind::Exchange | Kind::Merge => {
                if matches!(step.kind, Kind::Exchange) {
                    self.exchange(clone);
                    return Ok(());
                }
                let wishes = Wishes {
                    rebuild: step.kind == Kind::Rebuild,
                    verify: dice.one_in(20),
                    ..plain
                };
                if self.fetch(clone, base, wishes)? && step.kind == Kind::Merge {
                    self.merge(clone, base, dice)?;
                }
            }
            Kind::Push => {
                let end = self.push(clone, base, plain)?;
                self.count(tally, end);
                if end == End::Broken {
                    self.mend(clone, base, false);
                }
            }
            Kind::DryRun => {
                let wishes = Wishes {
                    dry_run: true,
                    ..plain
                };
                self.end_writer(base);
                self.push(clone, base, wishes)?;
            }
            Kind::Sync => {
                self.end_writer(base);
                self.sync(clone, base, dice, tally)?;
            }
            Kind::ResetBack => {
                let one = &mut self.clones[clone];
                let back = format!("HEAD~{}", 1 + dice.below(3));
                one.git(&["reset", "-q", "--hard", &back]);
                one.find_head();
            }
            Kind::Amend => {
                let root = self.clones[clone].root.clone();
                let old = self.clones[clone].head.clone();
                let was_pushed = self.bases[base].pushed().contains(&old);
                files::edit(&root, dice, &mark);
                let one = &mut self.clones[clone];
                one.git_ok(&["add", "-A"]);
                one.git_ok(&["commit", "-q", "--amend", "--allow-empty", "-m", &mark]);
                one.find_head();
                if was_pushed {
                    let end = self.push(clone, base, plain)?;
                    hold(
                        matches!(end, End::Refused | End::Broken),
                        "rewritten history is refused",
                        String::new,
                    )?;
                }
            }
            Kind::FreshClone => {
                self.exchange(clone);
                let fresh = self.new_clone(clone);
                self.clones[clone] = fresh;
                self.exchange(clone);
            }
            Kind::Forget => self.accept(clone, base),
            Kind::Restore => self.restore(base),
            Kind::Rewind => self.rewind(base),
            Kind::PruneLog => {
                let which = match dice.one_in(2) {
                    true => "",
                    false => " WHERE seq < (SELECT max(seq) - 3 FROM robbieblocks_changes)",
                };
                self.bases[base].edit(&format!("DELETE FROM robbieblocks_changes{which}"));
            }
            Kind::CrashFetch | Kind::CrashPush => {
                self.get_ready(step.kind == Kind::CrashPush, clone, base, dice)?;
                let of = match step.kind {
                    Kind::CrashFetch => Of::Fetch,
                    _ => Of::Push,
                };
                if let Some(point) = self.crash(of, clone, base, dice)? {
                    *tally.entry(format!("crash at {point}")).or_default() += 1;
                }
            }
            Kind::KilledFetch => self.kill(Of::Fetch, clone, base, dice)?,
            Kind::KilledPush => {
                self.get_ready(true, clone, base, dice)?;
                self.kill(Of::Push, clone, base, dice)?;
            }
            Kind::LostAnswer => {
                self.get_ready(true, clone, base, dice)?;
                self.lose_answer(clone, base)?;
            }
            Kind::RacePush => {
                self.get_ready(true, (clone + 1) % self.clones.len(), base, dice)?;
                self.get_ready(true, clone, base, dice)?;
                self.race(Race::Push, clone, base, dice)?;
            }
            Kind::RaceRows => {
                self.get_ready(true, clone, base, dice)?;
                self.race(Race::Rows, clone, base, dice)?;
            }
            Kind::RaceFetch => self.race(Race::Fetch, clone, base, dice)?,
            Kind::GitFetch | Kind::GitPush => {
                self.end_writer(base);
                self.by_git(step.kind == Kind::GitPush, clone, base)?;
            }
        }
        Ok(())
    }

    /// Mostly, brings a clone to where a push would go through, so that what is tried next happens in
    /// the midst of one; and leaves something to seal for a fetch.
    fn get_ready(&mut self, push: bool, clone: usize, base: usize, dice: &mut Dice) -> Verdict {
        let mark = self.mark();
        if dice.one_in(5) {
            return Ok(());
        }
        self.end_writer(base);
        if !push {
            let edit = rows::edit(dice, &mark);
            self.bases[base].edit(&edit);
            return Ok(());
        }
        if self.fetch_anyhow(clone, base)? && self.merge(clone, base, dice)? {
            if !is_sound(&self.clones[clone].root) {
                self.mend(clone, base, false);
            }
            if files::edit(&self.clones[clone].root, dice, &mark) {
                self.clones[clone].commit(&mark);
            }
        }
        Ok(())
    }

    fn count(&self, tally: &mut Tally, end: End) {
        *tally.entry(format!("a push ended: {end:?}")).or_default() += 1;
    }

    /// Fetch, merge and push until it is done; then once more, which does nothing.
    fn sync(&mut self, clone: usize, base: usize, dice: &mut Dice, tally: &mut Tally) -> Verdict {
        for round in 0..6 {
            if !self.fetch_anyhow(clone, base)? {
                return Ok(());
            }
            if !self.merge(clone, base, dice)? {
                continue;
            }
            let end = self.push(clone, base, World::wishes())?;
            self.count(tally, end);
            match end {
                End::Broken => self.mend(clone, base, round > 2),
                End::Refused => {}
                End::Pushed | End::Nothing => return self.nothing_more(clone, base),
            }
        }
        Ok(())
    }

    /// What is in sync already is left alone.
    fn nothing_more(&mut self, clone: usize, base: usize) -> Verdict {
        let before = self.before(base);
        let seen = self.clones[clone].seen[base]
            .clone()
            .map(|seen| seen.commit);
        let head = self.clones[clone].head.clone();
        let fetched = self.fetch(clone, base, World::wishes())?;
        let again = self.clones[clone].seen[base]
            .clone()
            .map(|seen| seen.commit);
        hold(
            fetched && seen == again && again == Some(head),
            "a second sync is a no-op",
            || format!("{seen:?} became {again:?}"),
        )?;
        let end = self.push(clone, base, World::wishes())?;
        let traces = self.bases[base].traces();
        hold(
            end == End::Nothing
                && traces == before.traces
                && self.bases[base].written() == before.written,
            "a second sync is a no-op",
            || format!("{end:?}: {} became {traces}", before.traces),
        )
    }

    /// Nobody edits, and all sync in turn: then everybody has the same.
    fn rest(&mut self, tally: &mut Tally) -> Verdict {
        let dice = &mut Dice::new(self.marks);
        for base in 0..self.bases.len() {
            self.end_writer(base);
        }
        self.exchange_all();
        let mut before = Vec::new();
        for round in 0..12 {
            for clone in 0..self.clones.len() {
                // Twice, so that what was merged from the second database is in the first as well.
                for base in (0..self.bases.len()).cycle().take(2 * self.bases.len() - 1) {
                    self.say(format!(
                        "  {} {}",
                        self.clones[clone].name, self.bases[base].name
                    ));
                    self.sync(clone, base, dice, tally)?;
                }
                self.exchange(clone);
            }
            self.exchange_all();
            let mut now: Vec<String> = self.clones.iter().map(|one| one.head.clone()).collect();
            for base in 0..self.bases.len() {
                now.push(self.bases[base].head());
            }
            if now == before {
                break;
            }
            hold(round < 11, "who is at rest converges", || {
                format!("{before:?} became {now:?}")
            })?;
            before = now;
        }
        for clone in 0..self.clones.len() {
            let head = self.clones[clone].head.clone();
            let state = self.state(clone, &head);
            for base in 0..self.bases.len() {
                let rows = self.bases[base].rows.clone();
                hold(
                    rows.contents == state.contents,
                    "at rest, files say what rows say",
                    || unlike(&rows.contents, &state.contents),
                )?;
            }
            hold(
                is_sound(&self.clones[clone].root),
                "at rest, the site is sound",
                String::new,
            )?;
            let status = self.clones[clone].git_ok(&["status", "--porcelain"]);
            hold(status.is_empty(), "nothing is left in a work tree", || {
                status.clone()
            })?;
        }
        if self.clones.iter().all(|one| !one.rebuilt) {
            let head = &self.clones[0].head;
            let same = self.clones.iter().all(|one| one.head == *head);
            hold(same, "at rest, all have the same commit", || {
                format!("{before:?}")
            })?;
        }
        for base in 0..self.bases.len() {
            self.history(base)?;
        }
        Ok(())
    }

    /// Revisions are one line, and hold what they say.
    fn history(&mut self, base: usize) -> Verdict {
        let session = self.bases[base].session();
        let revisions = session.transaction(Access::Read, |session| revisions_after(session, 0));
        let revisions = revisions.map_err(|failure| failure.message)?;
        for (before, after) in revisions.iter().zip(&revisions[1..]) {
            let follows = after.parent == Some(before.digest);
            hold(follows, "revisions form one line", || {
                format!("{}", after.number)
            })?;
        }
        let first = revisions
            .first()
            .is_some_and(|first| first.parent.is_none());
        hold(
            first,
            "revisions begin with one that has no parent",
            String::new,
        )
    }

    /// A push or fetch through git and its helper, which may be ended at a point.
    pub fn git_sync(&self, push: bool, clone: usize, base: usize, end: &str) -> Output {
        let base = &self.bases[base];
        let url = base.database.url();
        let folder = Path::new(env!("CARGO_BIN_EXE_rbgen")).parent().unwrap();
        let path = std::env::var("PATH").unwrap_or_default();
        let remote = format!("rbgen::{}", base.name);
        let args = match push {
            true => vec!["push", "-q", &remote, "HEAD:refs/heads/main"],
            false => vec!["fetch", "-q", &remote, "main"],
        };
        git_command(&self.clones[clone].root, &args)
            .env("PATH", format!("{}:{path}", folder.display()))
            .env("DATABASE_URL", &url)
            .env("TWO_URL", &url)
            .env("RBGEN_FAILPOINT", end)
            .output()
            .unwrap()
    }

    fn by_git(&mut self, push: bool, clone: usize, base: usize) -> Verdict {
        let before = self.before(base);
        let output = self.git_sync(push, clone, base, "");
        let said = text(&output.stderr);
        self.bases[base].look();
        let rows = self.bases[base].rows.clone();
        let edges = |traces: &str| traces.rsplit(' ').next().unwrap().to_string();
        let is_pushed = edges(&self.bases[base].traces()) != edges(&before.traces);
        let head = self.clones[clone].head.clone();
        let expected = match is_pushed {
            true => self.state(clone, &head).contents.clone(),
            false => before.rows.contents.clone(),
        };
        hold(
            rows.contents == expected,
            "git pushes what a commit says, or nothing",
            || said.clone(),
        )?;
        hold(
            !is_pushed || push && output.status.success(),
            "git tells how it ended",
            || said.clone(),
        )?;
        self.say(format!(
            "    {}: {}",
            output.status,
            said.lines().next().unwrap_or_default()
        ));
        if is_pushed {
            // Where the clone never looked before, the helper did: at what was pushed last.
            let seen = self.clones[clone].seen[base].clone();
            let known = seen
                .map(|seen| seen.commit)
                .or_else(|| self.bases[base].commits.get(&before.head).cloned());
            let contained = known.is_some_and(|commit| self.clones[clone].contains(&commit, &head));
            // The helper fetches before it pushes, so it may know more than the model.
            let sealed = before.head.is_empty() || contained;
            hold(
                sealed,
                "no lost update: git pushes what contains all",
                || said.clone(),
            )?;
            let revision = self.bases[base].head();
            if !self.clones[clone].rebuilt {
                self.bases[base].commits.insert(revision, head.clone());
            }
        }
        self.find_memory(clone, base);
        if self.fetch(clone, base, World::wishes())? && output.status.success() && !push {
            let fetched = git(&self.clones[clone].root, &["rev-parse", "FETCH_HEAD"]);
            let seen = self.clones[clone].seen[base].clone().unwrap();
            hold(
                fetched == seen.commit,
                "git fetches the same commit",
                || fetched.clone(),
            )?;
        }
        Ok(())
    }
}
