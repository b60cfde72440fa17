//! `rbgen export` and `rbgen import`: one-way copies between files and rows, with the differences first.

use clap::Args;

use super::{DEFAULT_DATABASE, Globals, Status, database, output, print, site_root};
use crate::exchange::{Change, Difference, End, Exchange, FieldChange, Limits, export, import};
use crate::files::Folder;

#[derive(Args)]
pub struct ExchangeArguments {
    /// The database, by its name in robbieblocks.toml
    #[arg(value_name = "DATABASE", default_value = DEFAULT_DATABASE)]
    database: String,
    /// Overwrite what differs
    #[arg(long)]
    force: bool,
    /// Remove what is only on the side that is written to
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
    let limits = Limits {
        force: arguments.force,
        delete: arguments.delete,
        dry_run: arguments.dry_run,
    };
    let folder = Folder::new(&root);
    let done = match way {
        Way::Export => export(&folder, &mut session, limits),
        Way::Import => import(&folder, &mut session, limits),
    };
    let exchange = match done {
        Ok(exchange) => exchange,
        Err(failure) => return database::failed(globals, &root, &failure),
    };
    let Exchange {
        differences,
        diagnostics,
        end,
    } = exchange;
    let has_errors = diagnostics.has_errors();
    let diagnostics = print::report(globals, &root, diagnostics);
    if globals.json {
        print::json_document(&serde_json::json!({
            "differences": differences.iter().map(json).collect::<Vec<_>>(),
            "written": end == End::Done,
            "diagnostics": diagnostics,
        }));
    } else {
        print_differences(globals, &differences);
        print_end(globals, arguments, way, &differences, end);
    }
    match end {
        End::Refused => Status::Conflict,
        End::Broken => Status::ContentErrors,
        End::Done | End::Found if has_errors => Status::ContentErrors,
        End::Done | End::Found => Status::Done,
    }
}

/// The longest value that is shown, in characters.
const MOST_SHOWN: usize = 60;
/// How many documents are listed, and how many fields of one.
const MOST_LISTED: usize = 100;
const MOST_FIELDS: usize = 20;

fn print_differences(globals: &Globals, differences: &[Difference]) {
    if globals.quiet {
        return;
    }
    // What would be overwritten or removed is worth more words than what is new.
    let (new, others): (Vec<_>, Vec<_>) = differences
        .iter()
        .partition(|difference| difference.change == Change::Added);
    for Difference { kind, key, change } in others.iter().chain(&new).copied().take(MOST_LISTED) {
        let (sign, color) = match change {
            Change::Added => ('+', 32),
            Change::Changed(_) => ('~', 33),
            Change::Removed => ('-', 31),
        };
        let key = print::clean(key);
        output::line(format_args!(
            "\x1b[{color}m{sign}\x1b[0m {} {key}",
            kind.as_str()
        ));
        let Change::Changed(fields) = change else {
            continue;
        };
        for FieldChange {
            field,
            before,
            after,
        } in fields.iter().take(MOST_FIELDS)
        {
            let shown = |value: &Option<String>| match value {
                Some(value) => shortened(&print::clean(value)),
                None => "nothing".to_string(),
            };
            output::line(format_args!(
                "    {}: {} → {}",
                print::clean(field),
                shown(before),
                shown(after)
            ));
        }
        if fields.len() > MOST_FIELDS {
            let more = print::number(fields.len() - MOST_FIELDS, "more field");
            output::line(format_args!("    {more}"));
        }
    }
    if differences.len() > MOST_LISTED {
        let more = print::number(differences.len() - MOST_LISTED, "more document");
        output::line(format_args!("{more}; `--json` lists all"));
    }
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(MOST_SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_string(),
    }
}

fn print_end(
    globals: &Globals,
    arguments: &ExchangeArguments,
    way: Way,
    differences: &[Difference],
    end: End,
) {
    let count = |is: fn(&Change) -> bool| {
        let differences = differences.iter();
        differences
            .filter(|difference| is(&difference.change))
            .count()
    };
    let added = count(|change| *change == Change::Added);
    let changed = count(|change| matches!(change, Change::Changed(_)));
    let removed = count(|change| *change == Change::Removed);
    let target = way.target();
    if end == End::Refused {
        output::note(format_args!(
            "\x1b[1;31merror[RB0914]\x1b[0m: {} in the {target} would be overwritten; nothing was written",
            print::number(changed, "document")
        ));
        output::note("\x1b[1;36mhelp\x1b[0m: `--force` overwrites what differs");
        return;
    }
    if globals.quiet || end == End::Broken {
        return;
    }
    if differences.is_empty() {
        output::line("nothing differs");
        return;
    }
    let gone = match (removed, arguments.delete) {
        (0, _) => String::new(),
        (_, true) => format!(", {removed} removed"),
        (_, false) => {
            format!(", {removed} only in the {target} and kept (`--delete` removes them)")
        }
    };
    let would = if end == End::Found { "would be " } else { "" };
    output::line(format_args!(
        "\nin the {target} {would}{added} added, {changed} changed{gone}"
    ));
}

fn json(difference: &Difference) -> serde_json::Value {
    let fields = match &difference.change {
        Change::Changed(fields) => fields.as_slice(),
        _ => &[],
    };
    let fields = fields.iter().map(|change| {
        serde_json::json!({ "field": change.field, "before": change.before, "after": change.after })
    });
    serde_json::json!({
        "kind": difference.kind.as_str(),
        "key": difference.key,
        "change": match difference.change {
            Change::Added => "added",
            Change::Changed(_) => "changed",
            Change::Removed => "removed",
        },
        "fields": fields.collect::<Vec<_>>(),
    })
}
