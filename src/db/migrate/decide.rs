//! From what a database has to what is to be done with it, file by file. Pure.

use super::look::{Applied, Look};
use super::objects::{BLOCK_ORDER, BROKEN_TRIGGERS, FUNCTIONS, INDEXES, VIEWS, own_triggers};
use super::obstacles::{in_the_way, listed, remarks, rows_break};
use super::tables::{CONTENT, FILES, TABLES};
use crate::diag::Diagnostics;

/// What `rbgen migrate` would do with a database.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The schema that has the tables, or gets them.
    pub schema: String,
    pub files: Vec<FilePlan>,
    /// Why nothing can be done; empty where nothing is in the way.
    pub in_the_way: Diagnostics,
    /// What is worth a word and keeps nobody from going on.
    pub remarks: Diagnostics,
}

/// What one file of `migrations/` would do.
#[derive(Clone, Debug)]
pub struct FilePlan {
    pub version: i32,
    pub name: &'static str,
    /// What the database says of it; `None` where it was never applied.
    pub applied: Option<Applied>,
    /// Whether it is to be applied, for the first time or again.
    pub due: bool,
    pub steps: Vec<Step>,
}

/// One thing that a file does or leaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    pub action: Action,
    /// What it is done to, as a noun with its name: "the table `robbieblocks_pages`".
    pub what: String,
}

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    Create,
    Adopt,
    Add,
    Fill,
    Change,
    Enable,
    Drop,
    Keep,
    Skip,
}

impl Action {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Action::Create => "create",
            Action::Adopt => "adopt",
            Action::Add => "add",
            Action::Fill => "fill",
            Action::Change => "change",
            Action::Enable => "enable",
            Action::Drop => "drop",
            Action::Keep => "keep",
            Action::Skip => "skip",
        }
    }

    /// Whether it changes the database.
    pub fn is_work(self) -> bool {
        !matches!(self, Action::Adopt | Action::Keep | Action::Skip)
    }
}

impl Plan {
    /// Whether a file is to be applied.
    pub fn is_due(&self) -> bool {
        self.files.iter().any(|file| file.due)
    }
}

/// Decides.
pub(super) fn decide(look: &Look) -> Plan {
    let files: Vec<FilePlan> = FILES
        .iter()
        .map(|file| {
            let applied = look
                .applied
                .iter()
                .find(|applied| applied.version == file.version)
                .cloned();
            let steps = steps(look, file.version, applied.is_none());
            FilePlan {
                version: file.version,
                name: file.name,
                due: applied.is_none() || steps.iter().any(|step| step.action.is_work()),
                applied,
                steps,
            }
        })
        .collect();
    let to_do = files.iter().any(|file| file.due);
    Plan {
        schema: look.schema.clone().unwrap_or_default(),
        in_the_way: in_the_way(look, to_do),
        remarks: remarks(look),
        files,
    }
}

/// What one file has to do; `new` where it was never applied, and what it adopts is worth telling.
fn steps(look: &Look, version: i32, new: bool) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut add = |action, what: String| steps.push(Step { action, what });
    tables(look, version, new, &mut add);
    if version == 21 {
        views_and_dates(look, new, &mut add);
    }
    if version == 22 {
        keys(look, &mut add);
    }
    if version == 24 {
        triggers_of_others(look, new, &mut add);
    }
    for wanted in FUNCTIONS.iter().filter(|wanted| wanted.version == version) {
        let there = look
            .functions
            .iter()
            .find(|there| there.name == wanted.name && there.arguments == wanted.arguments);
        let what = format!("the function `{}({})`", wanted.name, wanted.arguments);
        match there {
            None => add(Action::Create, what),
            // One that takes part in a trigger cannot be called to see whether it works.
            Some(there) if new && wanted.shared && !there.ours => {
                let tried = match wanted.arguments {
                    "" => "",
                    _ => ", unless it fails when it is called",
                };
                add(Action::Keep, format!("{what} that is there{tried}"));
            }
            Some(_) => {}
        }
    }
    for (_, table, name, _) in own_triggers()
        .into_iter()
        .filter(|wanted| wanted.0 == version)
    {
        let what = format!("the trigger `{name}` of `{table}`");
        match look
            .triggers
            .iter()
            .find(|there| there.table == table && there.name == name)
        {
            None => add(Action::Create, what),
            Some(there) if !there.enabled => add(Action::Enable, what),
            Some(_) => {}
        }
    }
    for (_, table, name) in INDEXES.iter().filter(|wanted| wanted.0 == version) {
        if !look
            .indexes
            .contains(&(table.to_string(), name.to_string()))
        {
            add(Action::Create, format!("the index `{name}` of `{table}`"));
        }
    }
    if version == 26 {
        rules(look, &mut add);
    }
    steps
}

fn tables(look: &Look, version: i32, new: bool, add: &mut impl FnMut(Action, String)) {
    for table in &TABLES {
        let Some(there) = look.relations.get(table.name) else {
            if table.version == version {
                add(Action::Create, format!("the table `{}`", table.name));
            } else {
                // What a file adds to the tables of the earlier design it adds to a new one too.
                for column in table.columns() {
                    if column.added_by == Some(version) && is_new(table.name, column.name) {
                        add(Action::Add, column_of(table.name, column.name));
                    }
                }
            }
            continue;
        };
        if table.version == version && new {
            add(Action::Adopt, format!("the table `{}`", table.name));
        }
        for column in table.columns() {
            if column.added_by == Some(version) && !there.columns.contains_key(column.name) {
                add(Action::Add, column_of(table.name, column.name));
            }
        }
    }
}

fn column_of(table: &str, column: &str) -> String {
    format!("the column `{table}.{column}`")
}

/// Whether the earlier design did not have a column.
fn is_new(table: &str, column: &str) -> bool {
    [
        ("robbieblocks_components", "template"),
        ("robbieblocks_page_blocks", "block_key"),
        ("robbieblocks_change_triggers", "xid"),
        ("robbieblocks_deploys", "source_rev"),
        ("robbieblocks_deploys", "source_commit"),
        ("robbieblocks_deploys", "release"),
    ]
    .contains(&(table, column))
}

fn views_and_dates(look: &Look, new: bool, add: &mut impl FnMut(Action, String)) {
    for (view, _) in VIEWS {
        match look.relations.contains_key(view) {
            false => add(Action::Create, format!("the view `{view}`")),
            true if new => add(Action::Keep, format!("the view `{view}` that is there")),
            true => {}
        }
    }
    for (table, _) in CONTENT {
        let there = look
            .triggers
            .iter()
            .any(|there| there.table == table && there.function == "update_updated_at_column");
        if !there {
            let what = format!("the trigger that keeps `updated_at` of `{table}`");
            add(Action::Create, what);
        }
    }
}

fn keys(look: &Look, add: &mut impl FnMut(Action, String)) {
    let column = |table: &str, column: &str| look.relations.get(table)?.columns.get(column);
    if column("robbieblocks_components", "react_code").is_some_and(|there| there.required) {
        let what = "`robbieblocks_components.react_code`, which may be NULL from now on";
        add(Action::Change, what.into());
    }
    for (table, columns, _) in &look.open_keys {
        let what = format!(
            "the rule that `{}` of `{table}` is unique",
            columns.join(", ")
        );
        add(Action::Add, what);
    }
    let (table, columns) = BLOCK_ORDER;
    for unique in look
        .uniques
        .iter()
        .filter(|unique| unique.table == table && unique.columns == columns && unique.immediate)
    {
        let what = format!("`{}` of `{table}`", unique.name);
        match unique.referenced {
            false => add(
                Action::Change,
                format!("{what}, which is checked at the end of a statement from now on"),
            ),
            true => add(
                Action::Keep,
                format!("{what} as it is, because a foreign key relies on it"),
            ),
        }
    }
    let filled = column(table, "block_key").is_some_and(|there| there.required);
    if look.nameless_blocks > 0 {
        let what = format!(
            "`{table}.block_key` of {} rows from their components' keys",
            look.nameless_blocks
        );
        add(Action::Fill, what);
    }
    if look.relations.contains_key(table) && !filled {
        let what = format!("`{table}.block_key`, which is never NULL from now on");
        add(Action::Change, what);
    }
}

fn triggers_of_others(look: &Look, new: bool, add: &mut impl FnMut(Action, String)) {
    for there in &look.triggers {
        let known = own_triggers()
            .iter()
            .any(|(_, table, name, _)| there.table == *table && there.name == *name);
        let broken = BROKEN_TRIGGERS.contains(&(&*there.table, &*there.name, &*there.function));
        let what = format!("the trigger `{}` of `{}`", there.name, there.table);
        if broken {
            let what = format!(
                "{what}, which never worked, and `{}()` if nothing else uses it",
                there.function
            );
            add(Action::Drop, what);
        } else if new && !known && there.function != "update_updated_at_column" {
            add(Action::Keep, format!("{what}, which is somebody else's"));
        }
    }
}

fn rules(look: &Look, add: &mut impl FnMut(Action, String)) {
    for rule in super::objects::rules() {
        let name = (rule.table.to_string(), rule.name.to_string());
        let open = look
            .open_rules
            .iter()
            .find(|(open, _)| open.name == rule.name);
        let what = format!("the rule `{}` of `{}`", rule.name, rule.table);
        match open {
            _ if look.constraints.contains(&name) => {}
            Some((_, offenders)) if offenders.count > 0 => {
                let (rows, break_) = rows_break(offenders);
                let keys = listed(offenders);
                add(Action::Skip, format!("{what}: {rows} {break_} it: {keys}"));
            }
            _ => add(Action::Add, what),
        }
    }
}
