//! What a save takes until it is in place, and until a browser shows it, while `rbgen watch` watches; and
//! what memory ten thousand saves take: `benches/watch` prints it.

use std::fs;
use std::io::{BufRead, BufReader, Lines};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::Result;
use crate::corpus::{Size, numbered_page, write_site};
use crate::table::{Row, median, time};

/// How many pages are edited, one after the other.
const EDITS: usize = 50;
/// What the median of them may take until the file is in place.
const IN_PLACE: Duration = Duration::from_millis(10);
/// The same until Chromium shows it.
const SHOWN: Duration = Duration::from_millis(60);
/// How many times as long it may take with ten times the pages: the same, but for noise.
const SAME: f64 = 1.5;
/// How long somebody pauses between two saves: long enough for manifests to follow.
const PAUSE: Duration = Duration::from_millis(300);
/// Words for saves without pauses, in which nothing else makes caches cold.
const CLOSE: &str = ", right after another";
/// How many saves the memory is looked at over.
const REBUILDS: usize = 10_000;
/// How much more memory may be taken after all of them than after the first tenth.
const STEADY: f64 = 1.1;
/// After so long a save counts as lost.
const LOST: Duration = Duration::from_secs(60);

/// `rbgen watch`, which ends with the value.
struct Watch {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    site: PathBuf,
    size: Size,
    url: String,
    edits: usize,
}

impl Drop for Watch {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The rows of watching; those of ten times the pages where they are wanted.
pub fn watching(
    program: &Path,
    work: &Path,
    size: Size,
    large: bool,
    chromium: Option<&Path>,
) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    let mut watch = Watch::start(program, &work.join("watched"), size)?;
    let first = watch.saves(PAUSE)?;
    rows.push(in_place(size.pages, "", &first, IN_PLACE));
    let close = watch.saves(Duration::ZERO)?;
    rows.push(in_place(size.pages, CLOSE, &close, IN_PLACE));
    if let Some(chromium) = chromium {
        rows.push(watch.shown(chromium)?);
    }
    rows.push(watch.memory()?);
    drop(watch);
    if large {
        let size = Size {
            pages: 10 * size.pages,
            ..size
        };
        let mut watch = Watch::start(program, &work.join("watched-many"), size)?;
        let taken = watch.saves(PAUSE)?;
        rows.push(in_place(size.pages, "", &taken, IN_PLACE));
        let taken = watch.saves(Duration::ZERO)?;
        let most = median(close).mul_f64(SAME);
        rows.push(in_place(size.pages, CLOSE, &taken, most));
    }
    Ok(rows)
}

fn in_place(pages: usize, how: &str, taken: &[Duration], most: Duration) -> Row {
    let middle = median(taken.to_vec());
    let slowest = taken.iter().max().copied().unwrap_or_default();
    Row {
        what: format!("a save until its file is in place{how}, {pages} pages"),
        value: middle.as_secs_f64() * 1000.0,
        reached: time(middle),
        must_reach: format!("at most {}", time(most)),
        good: middle <= most,
        measured: format!("{} saves, the slowest {}", taken.len(), time(slowest)),
    }
}

impl Watch {
    fn start(program: &Path, site: &Path, size: Size) -> Result<Watch> {
        eprintln!("writing {} pages, and watching them", size.pages);
        write_site(site, size)?;
        let mut child = Command::new(fs::canonicalize(program)?)
            .args(["watch", "--json", "--port", "0"])
            .current_dir(site)
            .stdout(Stdio::piped())
            .spawn()?;
        let lines = BufReader::new(child.stdout.take().ok_or("no output")?).lines();
        let mut watch = Watch {
            child,
            lines,
            site: site.to_path_buf(),
            size,
            url: String::new(),
            edits: 0,
        };
        let serving = watch.event("serving")?;
        watch.url = serving["url"].as_str().ok_or("no url")?.to_string();
        watch.event("built")?;
        // What the first build has written goes to the disk meanwhile.
        sleep(Duration::from_secs(3));
        Ok(watch)
    }

    /// The next event of a kind.
    fn event(&mut self, kind: &str) -> Result<Value> {
        for line in self.lines.by_ref() {
            let event: Value = serde_json::from_str(&line?)?;
            if event["event"] == kind {
                return Ok(event);
            }
        }
        Err(format!("rbgen watch ended before it was {kind}").into())
    }

    /// Another page each time, with a word in it that it did not have: its file, and its text.
    fn next_page(&mut self) -> (PathBuf, String, String, PathBuf) {
        self.edits += 1;
        // Spread over the site, and never the pages that list the others.
        let apps = usize::from(self.size.apps);
        let number = apps + self.edits * 7919 % (self.size.pages - apps);
        let page = numbered_page(number, self.size);
        let marker = format!("Marker-{}", self.edits);
        let text = page
            .text
            .replacen("text = '''\n", &format!("text = '''\n{marker}\n\n"), 1);
        let route = page
            .text
            .lines()
            .find_map(|line| line.strip_prefix("route = \"/")?.strip_suffix('"'))
            .unwrap_or_default();
        let app = route.split('/').next().unwrap_or_default();
        let output = format!("dist/node-0/{app}/{route}/index.html");
        let output = self.site.join(output);
        (self.site.join(page.path), text, marker, output)
    }

    /// Saves pages while nothing else happens, with pauses in between.
    fn saves(&mut self, pause: Duration) -> Result<Vec<Duration>> {
        let mut taken = Vec::new();
        for _ in 0..EDITS {
            let (file, text, marker, output) = self.next_page();
            sleep(pause);
            let began = Instant::now();
            fs::write(file, text)?;
            loop {
                if fs::read_to_string(&output)?.contains(&marker) {
                    break;
                }
                if began.elapsed() > LOST {
                    return Err(format!("{} never changed", output.display()).into());
                }
                sleep(Duration::from_micros(50));
            }
            taken.push(began.elapsed());
            self.event("built")?;
        }
        Ok(taken)
    }

    /// Saves a page that Chromium shows.
    fn shown(&mut self, chromium: &Path) -> Result<Row> {
        let (file, _, _, output) = self.next_page();
        let route = output.strip_prefix(self.site.join("dist/node-0"))?;
        let route = route.parent().ok_or("no page")?.components().skip(1);
        let route: PathBuf = route.collect();
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser/latency.mjs");
        let answer = Command::new("node")
            .arg(script)
            .arg("--chromium")
            .arg(chromium)
            .arg(format!("{}node-0/{}/", self.url, route.display()))
            .arg(file)
            .arg(EDITS.to_string())
            .stderr(Stdio::inherit())
            .output()?;
        let taken: Vec<f64> = serde_json::from_slice(&answer.stdout)?;
        let taken: Vec<Duration> = taken
            .into_iter()
            .map(|milliseconds| Duration::from_secs_f64(milliseconds / 1000.0))
            .collect();
        let middle = median(taken.clone());
        let slowest = taken.iter().max().copied().unwrap_or_default();
        Ok(Row {
            what: format!("a save until Chromium shows it, {} pages", self.size.pages),
            value: middle.as_secs_f64() * 1000.0,
            reached: time(middle),
            must_reach: format!("at most {}", time(SHOWN)),
            good: middle <= SHOWN,
            measured: format!("{} saves, the slowest {}", taken.len(), time(slowest)),
        })
    }

    /// The memory that the process has, in bytes.
    fn resident(&self) -> Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kilobytes: u64 = line
            .and_then(|line| line.trim().strip_suffix(" kB")?.trim().parse().ok())
            .ok_or("the system does not say what a process takes")?;
        Ok(1024 * kilobytes)
    }

    /// Saves one page after the other, each as soon as the one before is built.
    fn memory(&mut self) -> Result<Row> {
        eprintln!("{REBUILDS} saves, one after the other");
        let mut seen = Vec::new();
        for number in 1..=REBUILDS {
            let (file, text, _, _) = self.next_page();
            fs::write(file, text)?;
            self.event("built")?;
            if number % (REBUILDS / 10) == 0 {
                seen.push(self.resident()?);
            }
        }
        let (first, last) = (seen[0], seen[seen.len() - 1]);
        let all: Vec<String> = seen
            .iter()
            .map(|bytes| (bytes / 1_000_000).to_string())
            .collect();
        let value = last as f64 / first as f64;
        Ok(Row {
            what: format!("memory over {REBUILDS} saves, {} pages", self.size.pages),
            value,
            reached: format!("{value:.2}×"),
            must_reach: format!("at most {STEADY}×"),
            good: value <= STEADY,
            measured: format!("MB after each {}: {}", REBUILDS / 10, all.join(" ")),
        })
    }
}
