//! Measures rbgen as a program against floors that any machine has, and prints the table of what it
//! must reach: `benches/performance` runs it in a release build.
//!
//! Only ratios are compared, each within one run on one machine; seconds are there to read along.
//! What is compared takes turns, so that a machine that slows down slows both.

#![allow(
    clippy::disallowed_macros,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "it measures programs"
)]

mod corpus;
mod words;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use clap::{Parser, Subcommand};
use corpus::{Size, node_file, ordinary_page, write_site};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// Measures rbgen against its floors
#[derive(Parser)]
#[command(name = "benches/performance", bin_name = "benches/performance")]
struct Arguments {
    #[command(subcommand)]
    task: Option<Task>,
    /// Pages of the site that is measured
    #[arg(long, default_value_t = 10_000)]
    pages: usize,
    /// Rounds; the table shows medians
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Also the rows that need ten times the pages; they take minutes and gigabytes of disk
    #[arg(long)]
    large: bool,
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
    remove(&work)?;
    fs::create_dir_all(&work)?;
    let rows = measure(&arguments, &work);
    remove(&work)?;
    print(&arguments, &rows?);
    Ok(())
}

/// One line of the table.
struct Row {
    what: String,
    reached: String,
    wanted: &'static str,
    good: bool,
    measured: String,
}

fn measure(arguments: &Arguments, work: &Path) -> Result<Vec<Row>> {
    let Arguments { pages, rounds, .. } = *arguments;
    let size = Size {
        pages,
        nodes: 1,
        apps: 4,
        layouts: 20,
    };
    let one = Site::make(arguments, &work.join("one"), size)?;
    let two = Site::make(arguments, &work.join("two"), Size { nodes: 2, ..size })?;
    let mut rows = Vec::new();

    let (mut clean, mut copy, mut both) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..rounds {
        clean.push(one.clean_build()?);
        copy.push(one.copy_output()?);
        both.push(two.clean_build()?);
    }
    let (clean, copy, both) = (median(clean), median(copy), median(both));
    rows.push(Row {
        what: format!("clean build, {pages} pages"),
        reached: ratio(clean, copy),
        wanted: "at most 2× (stretch 1.3×)",
        good: clean <= copy * 2,
        measured: format!(
            "{} against {} for cp -r of the output",
            time(clean),
            time(copy)
        ),
    });

    one.commit()?;
    let (mut unchanged, mut status, mut edited, mut restyled) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut styled = Report::default();
    let mut rendered = 0;
    for round in 0..rounds {
        unchanged.push(one.build()?.0);
        status.push(one.git_status()?);
        one.edit(&ordinary_page(size).path, &format!("\n[[blocks]]\nkey = \"round\"\ncomponent = \"markdown\"\nprops = {{ text = \"Round {round}\" }}\n"))?;
        let (duration, report) = one.build()?;
        rendered = report.pages_rendered;
        edited.push(duration);
        one.edit(
            &node_file(0, size.apps).path,
            &format!("\"spacing.md\" = \"1.{round}1rem\"\n"),
        )?;
        let (duration, report) = one.build()?;
        styled = report;
        restyled.push(duration);
        one.restore()?;
        one.build()?;
    }
    let (unchanged, status) = (median(unchanged), median(status));
    let (edited, restyled) = (median(edited), median(restyled));
    rows.push(Row {
        what: format!("nothing changed, {pages} pages"),
        reached: ratio(unchanged, status),
        wanted: "at most 2×",
        good: unchanged <= status * 2,
        measured: format!(
            "{} against {} for git status",
            time(unchanged),
            time(status)
        ),
    });
    let more = edited.saturating_sub(unchanged);
    rows.push(Row {
        what: "one page edited, cold process".into(),
        reached: format!("+{}", time(more)),
        wanted: "nothing changed + 5 ms",
        good: rendered == 1 && more <= Duration::from_millis(5),
        measured: format!("{}, {rendered} page(s) rendered", time(edited)),
    });
    rows.push(Row {
        what: "a token of one node".into(),
        reached: format!(
            "{} pages rendered, {} files",
            styled.pages_rendered, styled.files_written
        ),
        wanted: "no page, one style sheet a bundle",
        good: styled.pages_rendered == 0 && styled.files_written == 4,
        measured: time(restyled),
    });
    let second = both.saturating_sub(clean);
    rows.push(Row {
        what: "a second node with the same pages".into(),
        reached: percent(second, clean),
        wanted: "at most 40 % of the first",
        good: second * 10 <= clean * 4,
        measured: format!("{} for both", time(both)),
    });
    remove(&two.root)?;
    remove(&one.root)?;

    if arguments.large {
        let many = Site::make(
            arguments,
            &work.join("many"),
            Size {
                pages: pages * 10,
                ..size
            },
        )?;
        let mut builds = Vec::new();
        for _ in 0..rounds.min(3) {
            builds.push(many.clean_build()?);
        }
        let large = median(builds);
        rows.push(Row {
            what: format!("growth from {pages} to {} pages", pages * 10),
            reached: ratio(large, clean),
            wanted: "at most 11×",
            good: large <= clean * 11,
            measured: format!("{} against {}", time(large), time(clean)),
        });
        let peak = many.peak_memory()?;
        rows.push(Row {
            what: format!("memory, clean build of {} pages", pages * 10),
            reached: format!("{peak} MB"),
            wanted: "at most 600 MB",
            good: peak <= 600,
            measured: "peak resident set, /usr/bin/time".into(),
        });
        remove(&many.root)?;
    }
    Ok(rows)
}

fn print(arguments: &Arguments, rows: &[Row]) {
    println!(
        "medians of {}, {} cores\n",
        arguments.rounds,
        std::thread::available_parallelism().map_or(0, usize::from)
    );
    println!("| what | reached | must reach | | measured |\n| --- | --- | --- | --- | --- |");
    for row in rows {
        let good = if row.good { "yes" } else { "NO" };
        println!(
            "| {} | {} | {} | {good} | {} |",
            row.what, row.reached, row.wanted, row.measured
        );
    }
}

/// The numbers of `rbgen build --json` that rows need.
#[derive(Clone, Copy, Default)]
struct Report {
    pages_rendered: u64,
    files_written: u64,
}

/// A site of the corpus, and what is done with it.
struct Site {
    root: PathBuf,
    program: PathBuf,
}

impl Site {
    fn make(arguments: &Arguments, root: &Path, size: Size) -> Result<Site> {
        eprintln!("writing {} pages for {} node(s)", size.pages, size.nodes);
        write_site(root, size)?;
        Ok(Site {
            root: root.to_path_buf(),
            // Programs run in the folder of the site.
            program: fs::canonicalize(&arguments.program)?,
        })
    }

    fn command(&self, program: impl AsRef<std::ffi::OsStr>, args: &[&str]) -> Command {
        let mut command = Command::new(program);
        command
            .args(args)
            .current_dir(&self.root)
            .stderr(Stdio::inherit());
        command
    }

    fn build(&self) -> Result<(Duration, Report)> {
        let mut command = self.command(&self.program, &["build", "--json", "--quiet"]);
        let began = Instant::now();
        let output = command.output()?;
        let duration = began.elapsed();
        if !output.status.success() {
            return Err(format!("rbgen build ended with {}", output.status).into());
        }
        let json: serde_json::Value = serde_json::from_slice(&output.stdout)?;
        let number = |name: &str| {
            json[name]
                .as_u64()
                .ok_or_else(|| format!("no `{name}` in {json}"))
        };
        let report = Report {
            pages_rendered: number("pages_rendered")?,
            files_written: number("files_written")?,
        };
        Ok((duration, report))
    }

    /// A build with neither output nor ledger. Removing the old ones is no part of it.
    fn clean_build(&self) -> Result<Duration> {
        self.forget()?;
        Ok(self.build()?.0)
    }

    fn forget(&self) -> Result<()> {
        remove(&self.root.join("dist"))?;
        remove(&self.root.join(".rbgen"))
    }

    fn copy_output(&self) -> Result<Duration> {
        remove(&self.root.join("copy"))?;
        let duration = self.timed("cp", &["-r", "dist", "copy"])?;
        remove(&self.root.join("copy"))?;
        Ok(duration)
    }

    fn commit(&self) -> Result<()> {
        self.timed("git", &["init", "-q"])?;
        self.timed("git", &["add", "-A"])?;
        let who = [
            "-c",
            "user.name=bench",
            "-c",
            "user.email=bench@example.org",
            "-c",
            "gc.auto=0",
        ];
        self.timed(
            "git",
            &[&who[..], &["commit", "-q", "-m", "The site"]].concat(),
        )?;
        // The first one refreshes the index; it is the next ones that people wait for.
        self.git_status().map(drop)
    }

    fn git_status(&self) -> Result<Duration> {
        self.timed("git", &["status", "--porcelain"])
    }

    fn restore(&self) -> Result<()> {
        self.timed("git", &["checkout", "-q", "--", "."])?;
        self.git_status().map(drop)
    }

    /// Adds lines to the end of a file.
    fn edit(&self, path: &str, lines: &str) -> Result<()> {
        let path = self.root.join(path);
        let text = fs::read_to_string(&path)?;
        Ok(fs::write(&path, text + lines)?)
    }

    fn timed(&self, program: &str, args: &[&str]) -> Result<Duration> {
        let mut command = self.command(program, args);
        let began = Instant::now();
        let status = command.stdout(Stdio::null()).status()?;
        let duration = began.elapsed();
        match status.success() {
            true => Ok(duration),
            false => Err(format!("{program} {} ended with {status}", args.join(" ")).into()),
        }
    }

    /// The peak resident set of a clean build, in MB.
    fn peak_memory(&self) -> Result<u64> {
        self.forget()?;
        let program = self
            .program
            .to_str()
            .ok_or("the program's path is not UTF-8")?;
        let output = Command::new("/usr/bin/time")
            .args(["-f", "%M", program, "build", "--quiet"])
            .current_dir(&self.root)
            .output()
            .map_err(|error| format!("/usr/bin/time (Debian: time) is needed: {error}"))?;
        let said = String::from_utf8_lossy(&output.stderr);
        let kilobytes: u64 = said.lines().last().unwrap_or_default().trim().parse()?;
        Ok(kilobytes / 1024)
    }
}

fn remove(folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}

fn median(mut durations: Vec<Duration>) -> Duration {
    durations.sort();
    durations[durations.len() / 2]
}

fn ratio(a: Duration, b: Duration) -> String {
    format!("{:.2}×", a.as_secs_f64() / b.as_secs_f64())
}

fn percent(a: Duration, b: Duration) -> String {
    format!("{:.0} %", 100.0 * a.as_secs_f64() / b.as_secs_f64())
}

fn time(duration: Duration) -> String {
    match duration.as_secs_f64() {
        seconds if seconds < 1.0 => format!("{:.1} ms", seconds * 1000.0),
        seconds => format!("{seconds:.2} s"),
    }
}
