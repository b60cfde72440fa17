//! Says what a look, a pull or a push has found and done.

use serde_json::{Value, json};

use super::super::{Globals, differences, output, print};
use super::Writing;
use crate::compare::{Change, Difference};
use crate::diag::Diagnostics;
use crate::format::EntityName;
use crate::sync::flow::{Merge, Overview, Pulled};
use crate::sync::printing::Changes;

/// How many entities are listed under one heading.
const MOST_LISTED: usize = 50;

/// What both sides have, for people.
pub fn overview(database: &str, overview: &Overview, verbose: bool) {
    let standing = &overview.standing;
    let lists = [
        (
            &standing.diverged,
            format!("changed on both sides: `rbgen pull {database}` merges"),
        ),
        (
            &standing.behind,
            format!(
                "only in the database: `rbgen pull {database}` brings {}",
                it(standing.behind.len())
            ),
        ),
        (
            &standing.ahead,
            format!(
                "only in the files: `rbgen push {database}` brings {} there",
                it(standing.ahead.len())
            ),
        ),
    ];
    for (list, words) in lists {
        if !list.is_empty() {
            output::line(format_args!(
                "\x1b[1m{}\x1b[0m {words}",
                print::entities(list.len())
            ));
            listed(list, Some(overview), verbose);
        }
    }
    left_out(&overview.fetched.diagnostics);
    let has_content = overview.fetched.commit.is_some() || !overview.fetched.sealed.is_empty();
    if overview.is_merging {
        output::note(
            "a merge is not finished: decide the conflicts, `git add` and `git commit`, or \
             `git merge --abort`",
        );
    }
    if standing.is_even() && has_content {
        output::line(format_args!(
            "the files and the database {database} say the same"
        ));
    } else if !has_content {
        output::line(format_args!("the database {database} has no content yet"));
    }
    dirty(overview);
}

fn it(count: usize) -> &'static str {
    match count {
        1 => "it",
        _ => "them",
    }
}

/// Files whose changes are in no commit.
fn dirty(overview: &Overview) {
    let Some(first) = overview.dirty.first() else {
        return;
    };
    let more = match overview.dirty.len() {
        1 => format!("`{}` has", print::clean(first)),
        count => format!("{count} files, such as `{}`, have", print::clean(first)),
    };
    output::note(format_args!(
        "{more} changes that are in no commit: only commits are synced"
    ));
}

fn left_out(diagnostics: &Diagnostics) {
    for diagnostic in diagnostics.iter() {
        let place = diagnostic.place.as_ref().and_then(crate::format::row_place);
        let place = place.map(|place| format!("{place}: ")).unwrap_or_default();
        output::note(format_args!(
            "\x1b[1;33mleft out\x1b[0m: {}{}",
            print::clean(&place),
            print::clean(&diagnostic.message)
        ));
    }
}

fn listed(list: &[Difference], overview: Option<&Overview>, verbose: bool) {
    for difference in list.iter().take(MOST_LISTED) {
        let (sign, color) = differences::sign(&difference.change);
        let name: EntityName = (difference.kind, difference.key.clone());
        let by = overview.and_then(|overview| overview.changed_by.get(&name));
        let by = by
            .map(|(actor, at)| format!("  \x1b[2mby {} at {at}\x1b[0m", print::clean(actor)))
            .unwrap_or_default();
        output::line(format_args!(
            "  \x1b[{color}m{sign}\x1b[0m {} {}{}{by}",
            difference.kind.as_str(),
            print::clean(&difference.key),
            fields(&difference.change, verbose),
        ));
        if verbose {
            differences::print_fields(&difference.change);
        }
    }
    if list.len() > MOST_LISTED {
        let more = list.len() - MOST_LISTED;
        output::line(format_args!("  and {more} more; `--json` lists all"));
    }
}

/// The names of a few changed fields.
fn fields(change: &Change, verbose: bool) -> String {
    match change {
        Change::Changed(fields) if !verbose => {
            let names: Vec<String> = fields
                .iter()
                .take(3)
                .map(|one| print::clean(&one.field))
                .collect();
            let more = match fields.len().saturating_sub(3) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            format!(": {}{more}", names.join(", "))
        }
        _ => String::new(),
    }
}

/// What came of a pull, for people.
pub fn pulled(globals: &Globals, database: &str, pulled: &Pulled, verbose: bool) {
    let overview = &pulled.overview;
    rebuilt(overview);
    left_out(&overview.fetched.diagnostics);
    if !globals.quiet {
        let mut came = overview.standing.behind.clone();
        came.extend(overview.standing.diverged.iter().cloned());
        let words = match &pulled.merge {
            Merge::Nothing => format!("nothing new in the database {database}"),
            Merge::Found if came.is_empty() => format!("nothing new in the database {database}"),
            Merge::Merged | Merge::Forward if came.is_empty() => {
                format!("the history of the database {database}; its content is what the files say")
            }
            Merge::Found => format!(
                "{} would come from the database {database}",
                print::entities(came.len())
            ),
            _ => format!(
                "{} from the database {database}",
                print::entities(came.len())
            ),
        };
        output::line(words);
        if pulled.merge != Merge::Nothing {
            listed(&came, Some(overview), verbose);
        }
        let goes = &overview.standing.ahead;
        if pulled.merge == Merge::Found && !goes.is_empty() {
            output::line(format_args!(
                "{} only in the files",
                print::entities(goes.len())
            ));
            listed(goes, None, verbose);
        }
        dirty(overview);
    }
    if let Merge::Conflicts(paths) = &pulled.merge {
        output::note(format_args!(
            "\x1b[1;31mconflict\x1b[0m: both sides changed the same in {}",
            print::number(paths.len(), "file")
        ));
        for path in paths {
            output::note(format_args!("  {}", print::clean(path)));
        }
        output::note(
            "\x1b[1;36mhelp\x1b[0m: decide between the marks in each file (`rbgen check` finds them), \
             `git add` it, `git commit`, and `rbgen sync` again; a file that one side deleted has no \
             marks: `git add` keeps it, `git rm` deletes it; `git merge --abort` goes back",
        );
    }
}

fn rebuilt(overview: &Overview) {
    if !overview.fetched.rebuilt.is_empty() {
        output::note(format_args!(
            "{} of the database not here, and made anew from it, without what only they had: themes, \
             other files, comments",
            match overview.fetched.rebuilt.len() {
                1 => "1 commit is".to_string(),
                count => format!("{count} commits are"),
            }
        ));
    }
}

/// What came of a push, for people.
pub fn sent(
    globals: &Globals,
    database: &str,
    overview: &Overview,
    changes: &Changes,
    writing: Writing,
) {
    if globals.quiet {
        return;
    }
    let sent: Vec<Difference> = match overview.fetched.commit {
        Some(_) => overview
            .standing
            .ahead
            .iter()
            .filter(|one| changes.contains_key(&(one.kind, one.key.clone())))
            .cloned()
            .collect(),
        None => changes
            .keys()
            .map(|(kind, key)| Difference {
                kind: *kind,
                key: key.clone(),
                change: Change::Added,
            })
            .collect(),
    };
    let words = match (changes.len(), writing.dry_run) {
        (0, _) => format!("nothing new for the database {database}"),
        (number, true) => format!(
            "{} would go into the database {database}",
            print::entities(number)
        ),
        (number, false) => format!("{} into the database {database}", print::entities(number)),
    };
    output::line(words);
    listed(&sent, None, writing.verbose);
    if !overview.standing.behind.is_empty() {
        output::line(format_args!(
            "the database has {} that the files have not: `rbgen pull {database}`",
            print::entities(overview.standing.behind.len())
        ));
    }
    dirty(overview);
}

/// A commit with errors was not pushed.
pub fn broken(errors: &str) {
    output::note(format_args!("the commit has {errors}; nothing was written"));
}

fn entities(list: &[Difference], overview: &Overview) -> Vec<Value> {
    let json = |one: &Difference| {
        let mut json = differences::json(one);
        if let Some((actor, at)) = overview.changed_by.get(&(one.kind, one.key.clone())) {
            json["by"] = json!(actor);
            json["at"] = json!(at);
        }
        json
    };
    list.iter().map(json).collect()
}

/// What both sides have, for programs.
pub fn overview_json(overview: &Overview) -> Value {
    json!({
        "ahead": entities(&overview.standing.ahead, overview),
        "behind": entities(&overview.standing.behind, overview),
        "diverged": entities(&overview.standing.diverged, overview),
        "dirty": overview.dirty,
        "left_out": overview.fetched.broken.iter()
            .map(|(kind, key)| json!({ "kind": kind.as_str(), "key": key }))
            .collect::<Vec<_>>(),
        "commit": overview.fetched.commit,
        "revision": overview.fetched.revision.map(|revision| revision.hex()),
    })
}

/// What came of a pull, for programs.
pub fn pulled_json(database: &str, pulled: &Pulled) -> Value {
    let mut json = overview_json(&pulled.overview);
    json["database"] = json!(database);
    json["step"] = json!("pull");
    let (merge, conflicts): (&str, &[String]) = match &pulled.merge {
        Merge::Nothing => ("nothing", &[]),
        Merge::Forward => ("forward", &[]),
        Merge::Merged => ("merged", &[]),
        Merge::Found => ("dry-run", &[]),
        Merge::Conflicts(paths) => ("conflicts", paths),
    };
    json["merge"] = json!(merge);
    json["conflicts"] = json!(conflicts);
    json
}

/// What came of a push, for programs.
pub fn sent_json(database: &str, overview: &Overview, changes: &Changes) -> Value {
    let names = changes.iter().map(|((kind, key), content)| {
        json!({ "kind": kind.as_str(), "key": key, "deleted": content.is_none() })
    });
    json!({
        "database": database,
        "step": "push",
        "changes": names.collect::<Vec<_>>(),
        "dirty": overview.dirty,
    })
}
