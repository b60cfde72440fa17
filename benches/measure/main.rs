//! Measures rbgen as a program against floors that any machine has, and prints the table of what it
//! must reach: `benches/performance` runs it in a release build.

#![allow(
    clippy::disallowed_macros,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "it measures programs"
)]

mod corpus;
mod database;
mod deploys;
mod listen;
mod react;
mod readers;
mod remote;
mod rows;
mod site;
mod table;
mod watching;
mod words;

use std::fs;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

use clap::builder::RangedU64ValueParser;
use clap::{Parser, Subcommand};
use corpus::{Size, write_site};
use site::{Site, remove, sync};
use table::{Row, print_json, print_table};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// Measures rbgen against its floors
#[derive(Parser)]
#[command(name = "benches/performance", bin_name = "benches/performance")]
struct Arguments {
    #[command(subcommand)]
    task: Option<Task>,
    /// Pages of the site that is measured
    #[arg(long, default_value_t = 10_000, value_parser = RangedU64ValueParser::<usize>::new().range(100..))]
    pages: usize,
    /// Layouts of its theme
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..))]
    layouts: u16,
    /// Rounds; the table shows medians
    #[arg(long, default_value_t = 5, value_parser = RangedU64ValueParser::<usize>::new().range(1..))]
    rounds: usize,
    /// Also the rows that need ten times the pages; they take minutes and gigabytes of disk
    #[arg(long)]
    large: bool,
    /// Only the rows with a database: its address, of a user who owns it. What is in it is lost
    #[arg(long, value_name = "URL")]
    database: Option<String>,
    /// Only the rows of deploys to a folder
    #[arg(long, conflicts_with = "database")]
    deploys: bool,
    /// Only the rows of watching
    #[arg(long, conflicts_with_all = ["database", "deploys"])]
    watching: bool,
    /// Only the rows of React components: a folder of packages that has preact
    #[arg(long, value_name = "DIR", conflicts_with_all = ["database", "deploys", "watching"])]
    react: Option<PathBuf>,
    /// A Chromium that shows what is watched
    #[arg(long, value_name = "FILE")]
    chromium: Option<PathBuf>,
    /// Prints JSON instead of the table
    #[arg(long)]
    json: bool,
    /// The program that is measured
    #[arg(long, default_value = env!("CARGO_BIN_EXE_rbgen"))]
    program: PathBuf,
    /// What cargo passes to every bench
    #[arg(long, hide = true, global = true)]
    bench: bool,
}

#[derive(Subcommand)]
enum Task {
    /// Only writes the site
    Corpus {
        #[command(flatten)]
        size: Size,
        /// The folder of the site, which must not exist
        folder: PathBuf,
    },
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    if let Some(Task::Corpus { size, folder }) = arguments.task {
        if folder.exists() {
            return Err(format!("{} is already there", folder.display()).into());
        }
        return Ok(write_site(&folder, size)?);
    }
    // On the file system of the project: a temporary folder in memory would flatter the floors.
    let work = Path::new(env!("CARGO_TARGET_TMPDIR")).join("performance");
    if work.exists() {
        eprintln!("removing what a run before has left");
        remove(&work)?;
        sync()?;
        // The file system is slow for a while after that.
        sleep(Duration::from_secs(10));
    }
    fs::create_dir_all(&work)?;
    let rows = measure(&arguments, &work);
    if let Ok(rows) = &rows {
        match arguments.json {
            true => print_json(arguments.pages, arguments.rounds, rows)?,
            false => print_table(arguments.rounds, rows),
        }
    }
    remove(&work)?;
    sync()?;
    rows.map(drop)
}

fn measure(arguments: &Arguments, work: &Path) -> Result<Vec<Row>> {
    let Arguments {
        ref program,
        pages,
        layouts,
        rounds,
        ..
    } = *arguments;
    let size = Size {
        pages,
        nodes: 1,
        apps: 4,
        layouts,
    };
    if let Some(url) = &arguments.database {
        let mut rows = database::exchanges(program, url, work, size, rounds)?;
        rows.extend(database::reads(program, url, work, size, rounds)?);
        rows.extend(remote::pushes(program, url, work, size, rounds)?);
        rows.extend(remote::fetches(program, url, work, size, rounds)?);
        rows.extend(listen::inserts(program, url, work, size)?);
        return Ok(rows);
    }
    if arguments.deploys {
        let mut rows = deploys::deploys(program, work, size, rounds)?;
        rows.extend(readers::readers(work)?);
        return Ok(rows);
    }
    if arguments.watching {
        let chromium = arguments.chromium.as_deref();
        return watching::watching(program, work, size, arguments.large, chromium);
    }
    if let Some(packages) = &arguments.react {
        return react::react(program, work, size, rounds, packages);
    }
    let mut one = Site::make(program, &work.join("one"), size)?;
    let mut two = Site::make(program, &work.join("two"), Size { nodes: 2, ..size })?;
    let mut rows = rows::clean_builds(&mut one, &mut two, rounds)?;
    rows.extend(rows::incremental_builds(&one, rounds)?);
    if arguments.large {
        let folder = work.join("many");
        rows.extend(rows::large_builds(&mut one, program, &folder, rounds)?);
    }
    Ok(rows)
}
