//! Merges of what was fetched, and what has to hold after one: whatever one side alone changed is in it.

use std::collections::{BTreeMap, BTreeSet};

use rbgen::format::EntityName;

use super::dice::Dice;
use super::state::{State, fields};
use super::world::{Verdict, World, hold, write_start};
use crate::harness::{remove_any, text};

impl World {
    /// Merges what a clone has fetched. A conflict is given up, or decided for one side. Whether all is
    /// in the branch then.
    pub fn merge(&mut self, clone: usize, base: usize, dice: &mut Dice) -> Result<bool, String> {
        let Some(seen) = self.clones[clone].seen[base].clone() else {
            return Ok(false);
        };
        let ours = self.clones[clone].head.clone();
        let one = &self.clones[clone];
        if one.contains(&seen.commit, &ours) {
            return Ok(true);
        }
        let bases = one.git(&["merge-base", "--all", &ours, &seen.commit]);
        let bases: Vec<String> = text(&bases.stdout).lines().map(String::from).collect();
        if self.merge_base_is_ours {
            let program = env!("CARGO_BIN_EXE_rbgen");
            let driver = format!("{program} merge-driver %A %A %B %L %P");
            one.git_ok(&["config", "merge.rbgen.driver", &driver]);
        }
        let merge = ["merge", "-q", "--no-edit", "--allow-unrelated-histories"];
        let output = one.git(&[&merge[..], &[&seen.commit]].concat());
        let mut decided = BTreeSet::new();
        if !output.status.success() {
            let unmerged = one.git_ok(&["ls-files", "-u", "-z"]);
            let mut stages: BTreeMap<String, BTreeSet<char>> = Default::default();
            for line in unmerged.split('\0').filter(|line| !line.is_empty()) {
                let (words, path) = line.split_once('\t').unwrap();
                let stage = words.chars().last().unwrap();
                stages.entry(path.to_string()).or_default().insert(stage);
            }
            let said = format!("{}{}", text(&output.stdout), text(&output.stderr));
            hold(!stages.is_empty(), "a merge ends or conflicts", || said)?;
            if dice.one_in(4) {
                one.git_ok(&["merge", "--abort"]);
                self.say("    conflict: given up");
                return Ok(false);
            }
            let (side, stage) = match dice.one_in(2) {
                true => ("--ours", '2'),
                false => ("--theirs", '3'),
            };
            let (kept, gone): (Vec<_>, Vec<_>) = stages
                .iter()
                .partition(|(_, stages)| stages.contains(&stage));
            let paths = |some: &[(&String, &BTreeSet<char>)]| -> Vec<String> {
                some.iter().map(|(path, _)| path.to_string()).collect()
            };
            for (words, paths) in [
                (vec!["checkout", "-q", side, "--"], paths(&kept)),
                (vec!["rm", "-q", "-f", "--"], paths(&gone)),
            ] {
                if !paths.is_empty() {
                    let args: Vec<&str> = words
                        .into_iter()
                        .chain(paths.iter().map(String::as_str))
                        .collect();
                    one.git_ok(&args);
                }
            }
            decided.extend(stages.into_keys());
            self.say(format!("    conflict in {decided:?}: {side}"));
            self.clones[clone].commit("Decide");
        }
        self.clones[clone].find_head();
        let merged = self.clones[clone].head.clone();
        let contains = self.clones[clone].contains(&seen.commit, &merged);
        hold(contains, "a merge contains what it merges", String::new)?;
        if let [base] = bases.as_slice() {
            let states =
                [base, &ours, &seen.commit, &merged].map(|commit| self.state(clone, commit));
            let [base, ours, theirs, merged] = &states;
            is_merged(base, ours, theirs, merged, &decided, self.driver)?;
        }
        Ok(true)
    }

    /// Makes a branch a site without errors again: with the files that the database has, or with those
    /// of the beginning.
    pub fn mend(&mut self, clone: usize, base: usize, from_start: bool) {
        let mark = self.mark();
        let one = &mut self.clones[clone];
        remove_any(&one.root.join("content"));
        match one.seen[base].clone().filter(|_| !from_start) {
            Some(seen) => {
                one.git(&["checkout", "-q", &seen.commit, "--", "content"]);
            }
            None => {
                write_start(&one.root, "content/");
            }
        }
        one.commit(&format!("Mend {mark}"));
    }
}

/// The file that an entity is in.
fn file(state: &State, name: &EntityName) -> Option<String> {
    let mut entities = state.documents.entities();
    let found = entities.find(|(kind, key, _)| (*kind, *key) == (name.0, &name.1));
    found.map(|(_, _, origin)| origin.to_string())
}

/// Whether a side has an entity in another file than the base, or in a new one, or has it no more.
fn is_renamed(base: &State, side: &State, name: &EntityName) -> bool {
    let files = |state: &State| -> BTreeSet<String> {
        let entities = state.documents.entities();
        entities.map(|(_, _, origin)| origin.to_string()).collect()
    };
    let (before, after) = (files(base), files(side));
    let renames = before.iter().any(|path| !after.contains(path))
        && after.iter().any(|path| !before.contains(path));
    renames && file(base, name) != file(side, name)
}

/// Holds a merge against its sides, as strictly as it may be held that was made by fields, or by lines. What is in files that were decided for one side is left out.
pub fn is_merged(
    base: &State,
    ours: &State,
    theirs: &State,
    merged: &State,
    decided: &BTreeSet<String>,
    by_fields: bool,
) -> Verdict {
    if [base, ours, theirs, merged]
        .iter()
        .any(|state| state.broken)
    {
        return Ok(());
    }
    let is_decided = |name: &EntityName| {
        decided.iter().any(|path| {
            let file = path.rsplit('/').next().unwrap_or_default();
            let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
            stem == name.1 || path.starts_with("content/tokens/") && name.0.as_str() == "token"
        })
    };
    let all = [base, ours, theirs, merged];
    let names: BTreeSet<&EntityName> = all.iter().flat_map(|state| state.contents.keys()).collect();
    for name in names.into_iter().filter(|name| !is_decided(name)) {
        let what = || format!("{} {}", name.0.as_str(), name.1);
        let has = |state: &State| state.contents.contains_key(name);
        if is_renamed(base, ours, name) || is_renamed(base, theirs, name) {
            // Git gives edits to what it takes for the renamed file, under whatever key.
            let stays = has(ours) && has(theirs);
            hold(
                !stays || has(merged),
                "no lost update: a merge keeps what both sides have",
                what,
            )?;
            continue;
        }
        let [b, o, t, m] = all.map(|state| state.contents.get(name));
        let what = || {
            format!(
                "{} {}:\n  {b:?}\n  {o:?}\n  {t:?}\n  {m:?}",
                name.0.as_str(),
                name.1
            )
        };
        let rule = "no lost update: a merge has what one side alone changed";
        if o == t || b == t {
            hold(m == o, rule, what)?;
        } else if b == o {
            hold(m == t, rule, what)?;
        } else if !by_fields && name.0.as_str() == "page" {
            // Merged by lines, blocks may come twice or come back: that is what the driver is for.
        } else if let (Some(o), Some(t), Some(m)) = (o, t, m) {
            let [b, o, t, m] = [b.map_or("{}", |b| b), o, t, m].map(fields);
            let keys: BTreeSet<&String> = [&b, &o, &t, &m].iter().flat_map(|f| f.keys()).collect();
            // That there is nothing in a table is said by a field of its own, which means nothing here.
            for key in keys.into_iter().filter(|key| {
                [&b, &o, &t, &m]
                    .iter()
                    .all(|f| f.get(*key).is_none_or(|value| value != "{}"))
            }) {
                let [b, o, t, m] = [&b, &o, &t, &m].map(|fields| fields.get(key));
                let holds = match (b == o, b == t) {
                    _ if o == t => m == o,
                    (_, true) => m == o,
                    (true, _) => m == t,
                    _ => m == o || m == t || o.is_none() || t.is_none() || key.ends_with("/text"),
                };
                hold(holds, rule, || format!("{key}: {}", what()))?;
            }
        } else {
            // A page that got another file, because its content needed one, is new to git, which does
            // not know what was deleted.
            let files: BTreeSet<_> = all[..3]
                .iter()
                .filter_map(|state| file(state, name))
                .collect();
            let rule = "a change against a deletion is a conflict";
            // Files beside a node or component are files of their own to git: a push refuses what is left
            // of them.
            let beside = ["node", "component"].contains(&name.0.as_str()) && m.is_none();
            hold(beside || files.len() > 1 && m.is_some(), rule, what)?;
        }
    }
    Ok(())
}
