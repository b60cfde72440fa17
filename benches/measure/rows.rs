//! What is measured, and what each figure is held against.
//!
//! Only ratios are compared, each within one run on one machine; seconds are there to read along.
//! What is compared takes turns, so that a machine that slows down slows both.

use std::path::Path;
use std::time::Duration;

use crate::Result;
use crate::corpus::{
    File, Size, additional_page, aside_file, node_file, ordinary_page, pages_of_layout,
};
use crate::site::{Built, Site};
use crate::table::{Row, median, ratio, time, times};

/// What a clean build may take, in times of its floor.
const CLEAN: f64 = 2.0;
/// What a build without a change may take, in times of its floor.
const UNCHANGED: f64 = 2.0;
/// What one changed page may add to a build without a change.
const EDITED: Duration = Duration::from_millis(5);
/// What a second node may cost, in percent of the first.
const SECOND_NODE: f64 = 40.0;
/// What ten times the pages may take, in times of a clean build.
const GROWTH: f64 = 11.0;
/// How much memory ten times the pages may take, in MB.
const MEMORY: u64 = 600;

pub fn clean_builds(one: &mut Site, two: &mut Site, rounds: usize) -> Result<Vec<Row>> {
    let (mut firsts, mut copies, mut boths) = (Vec::new(), Vec::new(), Vec::new());
    for round in 1..=rounds {
        eprintln!("clean builds, round {round} of {rounds}");
        let (duration, output) = one.clean_build()?;
        firsts.push(duration);
        copies.push(one.copy(&output)?);
        boths.push(two.clean_build()?.0);
    }
    let (first, copy, both) = (median(firsts), median(copies), median(boths));
    let clean = ratio(first, copy);
    let second = 100.0 * ratio(both.saturating_sub(first), first);
    Ok(vec![
        Row {
            what: format!("clean build, {} pages", one.size.pages),
            value: clean,
            reached: times(clean),
            must_reach: format!("at most {CLEAN}× (stretch 1.3×)"),
            good: clean <= CLEAN,
            measured: format!(
                "{} against {} for cp -r of the output",
                time(first),
                time(copy)
            ),
        },
        Row {
            what: "a second node with the same pages".into(),
            value: second,
            reached: format!("{second:.0} %"),
            must_reach: format!("at most {SECOND_NODE} % of the first"),
            good: second <= SECOND_NODE,
            measured: format!("{} for both, {} for one", time(both), time(first)),
        },
    ])
}

/// A change of one file, and which work it may cause.
struct Change<'a> {
    what: &'static str,
    /// The file in a round; each round has another text, so that no build can know it already.
    file: &'a dyn Fn(usize) -> File,
    pages: usize,
    /// Where it is held against something.
    files: Option<usize>,
    why: &'static str,
}

pub fn incremental_builds(site: &Site, rounds: usize) -> Result<Vec<Row>> {
    let size = site.size;
    let layout = 7 % size.layouts;
    let edited = |round: usize| {
        let mut file = ordinary_page(size);
        file.text += &format!(
            "\n[[blocks]]\nkey = \"round\"\ncomponent = \"markdown\"\nprops = {{ text = \"Round {round}\" }}\n"
        );
        file
    };
    let renamed = |round: usize| with_name(ordinary_page(size), &format!("Renamed {round}"));
    let added = |round: usize| with_name(additional_page(size), &format!("Added {round}"));
    let partial = |round: usize| {
        let mut file = aside_file(layout);
        file.text += &format!("<p>Round {round}</p>\n");
        file
    };
    let token = |round: usize| {
        let mut file = node_file(0, size.apps);
        file.text += &format!("\"spacing.md\" = \"1.{round}1rem\"\n");
        file
    };
    let changes = [
        Change {
            what: "one page edited, cold process",
            file: &edited,
            pages: 1,
            files: None,
            why: "",
        },
        Change {
            what: "the title of a page changed",
            file: &renamed,
            pages: 2,
            files: None,
            why: "the page and the one that lists it",
        },
        Change {
            what: "a page added",
            file: &added,
            pages: 2,
            files: None,
            why: "the page and the one that lists it",
        },
        Change {
            what: "a partial of one layout changed",
            file: &partial,
            pages: pages_of_layout(layout, size),
            files: None,
            why: "the pages of the layout",
        },
        Change {
            what: "a token of one node",
            file: &token,
            pages: 0,
            files: Some(usize::from(size.apps)),
            why: "one style sheet a bundle",
        },
    ];

    site.commit()?;
    site.build()?;
    let (mut unchanged, mut status) = (Vec::new(), Vec::new());
    let mut builds: Vec<Vec<Built>> = changes.iter().map(|_| Vec::new()).collect();
    for round in 0..rounds {
        eprintln!("builds after a change, round {} of {rounds}", round + 1);
        site.settle()?;
        unchanged.push(site.build()?);
        status.push(site.git_status()?);
        for (change, builds) in changes.iter().zip(&mut builds) {
            builds.push(site.build_with_change(&(change.file)(round))?);
        }
    }

    let least = median(unchanged.iter().map(|built| built.duration).collect());
    let mut rows = vec![unchanged_row(size, &unchanged, median(status))];
    for (change, builds) in changes.iter().zip(&builds) {
        let row = change.row(builds);
        rows.push(match rows.len() {
            1 => edited_row(row, builds, least),
            _ => row,
        });
    }
    Ok(rows)
}

fn unchanged_row(size: Size, builds: &[Built], status: Duration) -> Row {
    let duration = median(builds.iter().map(|built| built.duration).collect());
    let value = ratio(duration, status);
    let idle = builds
        .iter()
        .all(|built| built.pages_rendered == 0 && built.files_written == 0);
    let mut measured = format!("{} against {} for git status", time(duration), time(status));
    if !idle {
        measured += ", and it was not idle";
    }
    Row {
        what: format!("nothing changed, {} pages", size.pages),
        value,
        reached: times(value),
        must_reach: format!("at most {UNCHANGED}×"),
        good: idle && value <= UNCHANGED,
        measured,
    }
}

/// The row of an edited page, which is held against the time as well: what it took over a build
/// without a change.
fn edited_row(row: Row, builds: &[Built], least: Duration) -> Row {
    let duration = median(builds.iter().map(|built| built.duration).collect());
    let more = duration.saturating_sub(least);
    Row {
        value: more.as_secs_f64() * 1000.0,
        reached: format!("+{}", time(more)),
        must_reach: format!("nothing changed + {} ms", EDITED.as_millis()),
        good: row.good && more <= EDITED,
        measured: format!("{}, {}", row.measured, row.reached),
        ..row
    }
}

impl Change<'_> {
    fn row(&self, builds: &[Built]) -> Row {
        let good = |built: &Built| {
            built.pages_rendered == self.pages as u64
                && self
                    .files
                    .is_none_or(|files| built.files_written == files as u64)
        };
        // The worst round tells.
        let shown = builds.iter().find(|built| !good(built)).or(builds.last());
        let (pages, files) =
            shown.map_or((0, 0), |built| (built.pages_rendered, built.files_written));
        let wanted = match self.files {
            Some(files) => format!(
                "{} rendered, {} written",
                pages_of(self.pages as u64),
                files_of(files as u64)
            ),
            None => format!("{} rendered", pages_of(self.pages as u64)),
        };
        Row {
            what: self.what.into(),
            value: pages as f64,
            reached: format!("{} rendered, {} written", pages_of(pages), files_of(files)),
            must_reach: format!("{wanted}: {}", self.why),
            good: builds.iter().all(good),
            measured: time(median(builds.iter().map(|built| built.duration).collect())),
        }
    }
}

/// Ten times the pages, against a site that has been measured.
pub fn large_builds(
    one: &mut Site,
    program: &Path,
    folder: &Path,
    rounds: usize,
) -> Result<Vec<Row>> {
    let size = Size {
        pages: one.size.pages * 10,
        ..one.size
    };
    let mut many = Site::make(program, folder, size)?;
    let (mut small, mut large) = (Vec::new(), Vec::new());
    for _ in 0..rounds.min(3) {
        small.push(one.clean_build()?.0);
        large.push(many.clean_build()?.0);
    }
    let (small, large) = (median(small), median(large));
    let growth = ratio(large, small);
    let mut rows = vec![Row {
        what: format!("growth from {} to {} pages", one.size.pages, size.pages),
        value: growth,
        reached: times(growth),
        must_reach: format!("at most {GROWTH}×"),
        good: growth <= GROWTH,
        measured: format!("{} against {}", time(large), time(small)),
    }];
    for nodes in 1..=2 {
        many.set_nodes(nodes)?;
        let peak = many.peak_memory()?;
        rows.push(Row {
            what: format!("memory, clean build, {} pages, {nodes} node(s)", size.pages),
            value: peak as f64,
            reached: format!("{peak} MB"),
            must_reach: format!("at most {MEMORY} MB"),
            good: peak <= MEMORY,
            measured: "peak resident set, /usr/bin/time".into(),
        });
    }
    Ok(rows)
}

/// A page with another name; it is in the first line.
fn with_name(page: File, name: &str) -> File {
    let rest = page.text.split_once('\n').map_or("", |(_, rest)| rest);
    File {
        text: format!("name = \"{name}\"\n{rest}"),
        path: page.path,
    }
}

fn pages_of(count: u64) -> String {
    counted(count, "page")
}

fn files_of(count: u64) -> String {
    counted(count, "file")
}

fn counted(count: u64, name: &str) -> String {
    match count {
        1 => format!("1 {name}"),
        _ => format!("{count} {name}s"),
    }
}
