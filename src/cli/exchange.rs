//! `rbgen export` and `rbgen import`: one-way copies between files and rows, with the differences first.

use clap::Args;
use serde_json::{Value, json};

use super::{DEFAULT_DATABASE, Globals, Status, database, differences, output, print, site_root};
use crate::compare::{Change, Difference};
use crate::diag::code;
use crate::exchange::{Allowed, End, export, import};
use crate::files::Folder;

#[derive(Args)]
pub struct ExchangeArguments {
    /// The database, by its name in robbieblocks.toml
    #[arg(value_name = "DATABASE", default_value = DEFAULT_DATABASE)]
    database: String,
    /// Overwrite what differs; without it, a document that differs on both sides ends with status 3
    #[arg(long)]
    force: bool,
    /// Remove what is only on the side that is written to; without it, that stays
    #[arg(long)]
    delete: bool,
    /// Print the differences and write nothing
    #[arg(long)]
    dry_run: bool,
}

/// Which way a copy goes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Rows to files.
    Export,
    /// Files to rows.
    Import,
}

impl Way {
    /// What is written to.
    fn target(self) -> &'static str {
        match self {
            Way::Export => "files",
            Way::Import => "database",
        }
    }
}

pub fn run(globals: &Globals, arguments: &ExchangeArguments, way: Way) -> Status {
    let root = match site_root(globals) {
        Ok(root) => root,
        Err(status) => return status,
    };
    let mut session = match database::open(globals, &root, &arguments.database) {
        Ok(session) => session,
        Err(status) => return status,
    };
    let allowed = Allowed {
        force: arguments.force,
        delete: arguments.delete,
        dry_run: arguments.dry_run,
    };
    let folder = Folder::new(&root);
    let done = match way {
        Way::Export => export(&folder, &mut session, allowed),
        Way::Import => import(&folder, &mut session, allowed),
    };
    let exchange = match done {
        Ok(exchange) => exchange,
        Err(failure) => return database::failed(globals, &root, &failure),
    };
    let has_errors = exchange.diagnostics.has_errors();
    let diagnostics = print::report(globals, &root, exchange.diagnostics);
    let told = Told {
        arguments,
        way,
        differences: &exchange.differences,
        end: exchange.end,
        passed_over: exchange.passed_over,
        errors_left: exchange.errors_left,
    };
    if globals.json {
        let mut document = told.json();
        document["diagnostics"] = json!(diagnostics);
        print::json_document(&document);
    } else {
        told.print(globals);
    }
    match exchange.end {
        End::Refused => Status::Conflict,
        End::Broken => Status::ContentErrors,
        End::Done | End::Found if has_errors => Status::ContentErrors,
        End::Done | End::Found => Status::Done,
    }
}

/// What came of a copy, for whoever asked for it.
struct Told<'a> {
    arguments: &'a ExchangeArguments,
    way: Way,
    differences: &'a [Difference],
    end: End,
    passed_over: usize,
    errors_left: usize,
}

/// How many documents are listed.
const MOST_LISTED: usize = 100;

impl Told<'_> {
    fn print(&self, globals: &Globals) {
        if !globals.quiet {
            self.print_differences();
        }
        self.print_end(globals);
    }

    fn print_differences(&self) {
        let differences = self.differences;
        // What would be overwritten or removed is worth more words than what is new.
        let (new, others): (Vec<_>, Vec<_>) = differences
            .iter()
            .partition(|difference| difference.change == Change::Added);
        for Difference { kind, key, change } in others.iter().chain(&new).copied().take(MOST_LISTED)
        {
            let (sign, color) = match change {
                Change::Added => ('+', 32),
                Change::Changed(_) => ('~', 33),
                Change::Removed if self.arguments.delete => ('-', 31),
                Change::Removed => ('=', 34),
            };
            let kept = match sign {
                '=' => format!(" (only in the {}, and kept)", self.way.target()),
                _ => String::new(),
            };
            let key = print::clean(key);
            output::line(format_args!(
                "\x1b[{color}m{sign}\x1b[0m {} {key}{kept}",
                kind.as_str()
            ));
            differences::print_fields(change);
        }
        if differences.len() > MOST_LISTED {
            let more = print::number(differences.len() - MOST_LISTED, "more document");
            output::line(format_args!("{more}; `--json` lists all"));
        }
    }

    fn count(&self, is: fn(&Change) -> bool) -> usize {
        let differences = self.differences.iter();
        differences
            .filter(|difference| is(&difference.change))
            .count()
    }

    fn print_end(&self, globals: &Globals) {
        let target = self.way.target();
        let dry = self.arguments.dry_run;
        let changed = self.count(|change| matches!(change, Change::Changed(_)));
        if self.end == End::Refused {
            let consequence = if dry {
                "it would be refused"
            } else {
                "nothing was written"
            };
            output::note(format_args!(
                "\x1b[1;31merror[{}]\x1b[0m: {} in the {target} would be overwritten; {consequence}",
                code::DIFFERS.0,
                print::number(changed, "document")
            ));
            output::note(
                "\x1b[1;36mhelp\x1b[0m: look at the list: `--force` writes what stands on the right of each arrow",
            );
            return;
        }
        if self.end == End::Broken {
            output::note("nothing was written");
            return;
        }
        if globals.quiet {
            return;
        }
        if self.differences.is_empty() && self.passed_over == 0 {
            output::line("nothing differs");
            return;
        }
        let added = self.count(|change| *change == Change::Added);
        let removed = self.count(|change| *change == Change::Removed);
        let gone = match (removed, self.arguments.delete) {
            (0, _) => String::new(),
            (_, true) => format!(", {removed} removed"),
            (_, false) => {
                format!(", {removed} only there and kept (`--delete` removes them)")
            }
        };
        let passed_over = match self.passed_over {
            0 => String::new(),
            count => format!("; {} with errors passed over", print::number(count, "row")),
        };
        let would = if dry { "would be " } else { "" };
        output::line(format_args!(
            "\nin the {target} {would}{added} added, {changed} changed{gone}{passed_over}"
        ));
        if self.errors_left > 0 {
            output::note(format_args!(
                "\x1b[1;33mwarning\x1b[0m: the files have {} now, which `rbgen check` tells",
                print::number(self.errors_left, "error")
            ));
        }
    }

    fn json(&self) -> Value {
        json!({
            "database": self.arguments.database,
            "to": self.way.target(),
            "written": self.end == End::Done,
            "refused": self.end == End::Refused,
            "added": self.count(|change| *change == Change::Added),
            "changed": self.count(|change| matches!(change, Change::Changed(_))),
            "only_there": self.count(|change| *change == Change::Removed),
            "passed_over": self.passed_over,
            "errors_left": self.errors_left,
            "differences": self.differences.iter().map(|one| self.json_difference(one)).collect::<Vec<_>>(),
        })
    }

    fn json_difference(&self, difference: &Difference) -> Value {
        let mut json = differences::json(difference);
        if difference.change == Change::Removed && !self.arguments.delete {
            json["change"] = json!("kept");
        }
        json
    }
}
