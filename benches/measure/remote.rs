//! What two-way sync takes: pushing, looking where nothing is new, fetching one changed row.

use std::path::Path;
use std::time::Duration;

use crate::Result;
use crate::corpus::Size;
use crate::database::Doors;
use crate::table::{Row, median, ratio, time, times};

/// What the first push of 10,000 pages may take.
const PUSH: Duration = Duration::from_secs(3);
/// What a sync with nothing to do may take.
const IDLE: Duration = Duration::from_millis(300);
/// What fetching one changed row of 100,000 may take.
const FETCH: Duration = Duration::from_millis(200);
/// How much more of that than with a tenth of the rows: what noise may be.
const INDEPENDENT: f64 = 2.0;

/// A repository with a site in it, whose database is a remote.
fn begin<'a>(program: &Path, url: &'a str, site: &Path, size: Size) -> Result<Doors<'a>> {
    let doors = Doors::make(program, url, site, size)?;
    doors.git(&["init", "-q", "-b", "main"])?;
    // Git would tidy up behind our back, and be measured with it.
    doors.git(&["config", "gc.auto", "0"])?;
    doors.git(&["config", "maintenance.auto", "false"])?;
    doors.rbgen(site, &["remote", "add"])?;
    doors.git(&["add", "-A"])?;
    doors.git(&["commit", "-q", "-m", "The site"])?;
    doors.git(&["gc", "-q"])?;
    Ok(doors)
}

/// Pushing a whole site, and looking again.
pub fn pushes(
    program: &Path,
    url: &str,
    work: &Path,
    size: Size,
    rounds: usize,
) -> Result<Vec<Row>> {
    let site = work.join("pushed");
    let doors = begin(program, url, &site, size)?;
    let (mut pushes, mut idle, mut copies) = (Vec::new(), Vec::new(), Vec::new());
    for round in 1..=rounds {
        eprintln!("pushes, round {round} of {rounds}");
        doors.begin_again()?;
        let memory = site.join(".git/rbgen");
        if memory.exists() {
            std::fs::remove_dir_all(memory)?;
        }
        pushes.push(doors.rbgen(&site, &["push"])?);
        idle.push(doors.rbgen(&site, &["sync"])?);
        copies.push(doors.run(
            "CREATE TEMPORARY TABLE floor_pages AS TABLE robbieblocks_pages; \
             CREATE TEMPORARY TABLE floor_blocks AS TABLE robbieblocks_page_blocks",
        )?);
    }
    let (push, nothing, copy) = (median(pushes), median(idle), median(copies));
    Ok(vec![
        Row {
            what: format!("first push of {} pages", size.pages),
            value: push.as_secs_f64(),
            reached: time(push),
            must_reach: format!("at most {} s", PUSH.as_secs()),
            good: push <= PUSH,
            measured: format!(
                "{} the {} of CREATE TABLE AS of the same rows",
                times(ratio(push, copy)),
                time(copy)
            ),
        },
        Row {
            what: format!("sync with nothing to do, {} pages", size.pages),
            value: nothing.as_secs_f64() * 1000.0,
            reached: time(nothing),
            must_reach: format!("at most {} ms", IDLE.as_millis()),
            good: nothing <= IDLE,
            measured: "rbgen sync, a process".into(),
        },
    ])
}

/// Fetching one changed row among many.
pub fn fetches(
    program: &Path,
    url: &str,
    work: &Path,
    size: Size,
    rounds: usize,
) -> Result<Vec<Row>> {
    const ROWS: usize = 100_000;
    let mut medians = Vec::new();
    for pages in [ROWS / 40, ROWS / 4] {
        let site = work.join(format!("fetched-{pages}"));
        let doors = begin(program, url, &site, Size { pages, ..size })?;
        doors.rbgen(&site, &["push"])?;
        // The first one after a push has nothing to bring.
        doors.git(&["fetch", "-q", "db"])?;
        let mut fetches = Vec::new();
        for round in 1..=rounds {
            eprintln!("fetches of a row, {pages} pages, round {round} of {rounds}");
            doors.run(&format!(
                "UPDATE robbieblocks_pages SET page_name = 'Round {round}' WHERE page_key = ( \
                   SELECT page_key FROM robbieblocks_pages ORDER BY page_key OFFSET {round} LIMIT 1)"
            ))?;
            fetches.push(doors.git(&["fetch", "-q", "db"])?);
        }
        medians.push(median(fetches));
    }
    let (few, many) = (medians[0], medians[1]);
    let growth = ratio(many, few);
    Ok(vec![Row {
        what: format!("one row changed among {ROWS}, fetched"),
        value: many.as_secs_f64() * 1000.0,
        reached: time(many),
        must_reach: format!(
            "at most {} ms, and independent of the number of rows",
            FETCH.as_millis()
        ),
        good: many <= FETCH && growth <= INDEPENDENT,
        measured: format!(
            "git fetch, a process; {} the {} with {} rows",
            times(growth),
            time(few),
            ROWS / 10
        ),
    }])
}
