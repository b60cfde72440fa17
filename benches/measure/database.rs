//! What is measured with a database: `benches/database` starts a server for it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use rbgen::db::{Address, CONTENT_TABLES, Session, read_content};

use crate::Result;
use crate::corpus::{Size, write_site};
use crate::table::{Row, median, ratio, time, times};

/// What bringing 10,000 pages into a database may take, and bringing them out again.
const EXCHANGE: Duration = Duration::from_secs(3);
/// What reading 100,000 rows into documents may take.
const READ: Duration = Duration::from_secs(2);
/// How many rows a page has: itself and three blocks.
const ROWS_A_PAGE: usize = 4;

pub struct Doors<'a> {
    program: PathBuf,
    pub site: PathBuf,
    url: &'a str,
}

impl Doors<'_> {
    pub fn make<'a>(program: &Path, url: &'a str, site: &Path, size: Size) -> Result<Doors<'a>> {
        eprintln!("writing {} pages", size.pages);
        write_site(site, size)?;
        let config = site.join("robbieblocks.toml");
        let text = std::fs::read_to_string(&config)?;
        std::fs::write(config, format!("{text}{DATABASE}"))?;
        let doors = Doors {
            program: std::fs::canonicalize(program)?,
            site: site.to_path_buf(),
            url,
        };
        doors.begin_again()?;
        Ok(doors)
    }

    /// Runs rbgen.
    pub fn rbgen(&self, site: &Path, arguments: &[&str]) -> Result<Duration> {
        let mut command = Command::new(&self.program);
        command.args(arguments).arg("--quiet");
        self.timed(command, site)
    }

    /// Runs git, which finds rbgen beside the program that is measured.
    pub fn git(&self, arguments: &[&str]) -> Result<Duration> {
        let mut command = Command::new("git");
        command.args([
            "-c",
            "user.name=bench",
            "-c",
            "user.email=bench@example.org",
        ]);
        command.args(arguments);
        self.timed(command, &self.site)
    }

    fn timed(&self, mut command: Command, site: &Path) -> Result<Duration> {
        let beside = self.program.parent().unwrap_or(Path::new("."));
        let path = std::env::var("PATH").unwrap_or_default();
        let began = Instant::now();
        let output = command
            .current_dir(site)
            .env("PATH", format!("{}:{path}", beside.display()))
            .env("MEASURED_DATABASE_URL", self.url)
            .output()?;
        let duration = began.elapsed();
        match output.status.success() {
            true => Ok(duration),
            false => {
                let said = String::from_utf8_lossy(&output.stderr).into_owned();
                Err(format!("{command:?} ended with {}: {said}", output.status).into())
            }
        }
    }

    fn session(&self) -> Result<Session> {
        let failed = |failure: rbgen::db::Failure| failure.message;
        let address = Address::parse(self.url).map_err(failed)?;
        Ok(Session::open(&address).map_err(failed)?)
    }

    /// Runs statements, on a connection that is there already when the time begins.
    pub fn run(&self, statements: &str) -> Result<Duration> {
        let mut session = self.session()?;
        let began = Instant::now();
        session.run(statements).map_err(|failure| failure.message)?;
        Ok(began.elapsed())
    }

    /// A database as it is before anything was brought into it.
    pub fn begin_again(&self) -> Result<()> {
        self.run("DROP SCHEMA public CASCADE; CREATE SCHEMA public")?;
        self.rbgen(&self.site, &["migrate"])?;
        Ok(())
    }

    fn empty(&self) -> Result<()> {
        let tables = CONTENT_TABLES.join(", ");
        self.run(&format!(
            "TRUNCATE {tables}, robbieblocks_sources, robbieblocks_changes, \
             robbieblocks_change_triggers CASCADE"
        ))
        .map(drop)
    }
}

const DATABASE: &str = "\n[database.main]\nurl_env = \"MEASURED_DATABASE_URL\"\n";

/// Pages into rows and out of them.
pub fn exchanges(
    program: &Path,
    url: &str,
    work: &Path,
    size: Size,
    rounds: usize,
) -> Result<Vec<Row>> {
    let doors = Doors::make(program, url, &work.join("doors"), size)?;
    let (mut imports, mut exports, mut copies, mut nothing) = (vec![], vec![], vec![], vec![]);
    for round in 1..=rounds {
        eprintln!("pages through both doors, round {round} of {rounds}");
        doors.empty()?;
        imports.push(doors.rbgen(&doors.site, &["import"])?);
        nothing.push(doors.rbgen(&doors.site, &["import"])?);
        // The floor: the same rows into a table without keys, indexes and triggers.
        copies.push(doors.run(
            "CREATE TEMPORARY TABLE floor_pages AS TABLE robbieblocks_pages; \
             CREATE TEMPORARY TABLE floor_blocks AS TABLE robbieblocks_page_blocks",
        )?);
        let other = work.join(format!("doors-{round}"));
        std::fs::create_dir_all(&other)?;
        std::fs::copy(
            doors.site.join("robbieblocks.toml"),
            other.join("robbieblocks.toml"),
        )?;
        exports.push(doors.rbgen(&other, &["export"])?);
    }
    let (imported, exported) = (median(imports), median(exports));
    let (copied, unchanged) = (median(copies), median(nothing));
    let row = |what: String, reached: Duration, floor: String| Row {
        what,
        value: reached.as_secs_f64(),
        reached: time(reached),
        must_reach: format!("at most {} s", EXCHANGE.as_secs()),
        good: reached <= EXCHANGE,
        measured: floor,
    };
    Ok(vec![
        row(
            format!("import of {} pages", size.pages),
            imported,
            format!(
                "{} the {} of CREATE TABLE AS of the same rows",
                times(ratio(imported, copied)),
                time(copied)
            ),
        ),
        row(
            format!("export of {} pages to a new folder", size.pages),
            exported,
            "a process, from its start to its end".into(),
        ),
        row(
            format!("import of {} pages that are there", size.pages),
            unchanged,
            "a process, from its start to its end".into(),
        ),
    ])
}

/// Rows into documents.
pub fn reads(
    program: &Path,
    url: &str,
    work: &Path,
    size: Size,
    rounds: usize,
) -> Result<Vec<Row>> {
    const ROWS: usize = 100_000;
    let size = Size {
        pages: ROWS / ROWS_A_PAGE,
        ..size
    };
    let doors = Doors::make(program, url, &work.join("many-rows"), size)?;
    doors.rbgen(&doors.site, &["import"])?;
    let mut durations = Vec::new();
    let mut count = 0;
    for _ in 0..rounds {
        let mut session = doors.session()?;
        let began = Instant::now();
        let content = read_content(&mut session).map_err(|failure| failure.message)?;
        durations.push(began.elapsed());
        let pages = &content.documents.pages;
        count = pages.len() + pages.iter().map(|page| page.blocks.len()).sum::<usize>();
    }
    let duration = median(durations);
    Ok(vec![Row {
        what: format!("{count} rows into documents"),
        value: duration.as_secs_f64(),
        reached: time(duration),
        must_reach: format!("at most {} s", READ.as_secs()),
        good: duration <= READ && count >= ROWS,
        measured: format!("{} pages with their blocks", size.pages),
    }])
}
