//! What readers meet while a bundle is deployed again and again: pages that are whole, with their style
//! sheets, or not.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::time::Instant;

use rbgen::bundle::{Bundle, FileStamp};
use rbgen::deploy::{Wanted, open_target, publish};
use rbgen::diag::Diagnostic;
use rbgen::model::TargetConfig;

use crate::Result;
use crate::table::{Row, time};

const DEPLOYS: usize = 1000;
const READERS: usize = 4;
const BUNDLES: usize = 25;
/// More than one read of most programs takes.
const PAGE: usize = 50_000;
/// As many as stay if nobody says otherwise.
const KEEP: usize = 5;

#[derive(Default)]
struct Counts {
    /// Pages and style sheets that were read.
    reads: AtomicUsize,
    /// What should have been there and was not.
    errors: AtomicUsize,
    /// Pages that are cut off or of two releases, also where two pages of one release differ.
    mixed: AtomicUsize,
    /// What was gone because the reader stood still for more deploys than releases are kept.
    late: AtomicUsize,
}

/// Deploys a thousand times while others read.
pub fn readers(work: &Path) -> Result<Vec<Row>> {
    eprintln!("{DEPLOYS} deploys with {READERS} readers");
    let failed = |problem: Diagnostic| problem.message;
    let outs: Vec<_> = (0..BUNDLES)
        .map(|number| work.join(format!("out-{number}")))
        .collect();
    let bundles = outs.iter().enumerate();
    let bundles: Vec<Bundle> = bundles
        .map(|(number, out)| bundle(out, number))
        .collect::<io::Result<_>>()?;
    let config = TargetConfig::Folder("read".to_string());
    let target = open_target(work, "one", &config).map_err(failed)?;
    let turn = target.take_turn(&mut || false).map_err(failed)?;
    let turn = turn.ok_or("somebody else deploys there")?;
    let deploy = |number: usize| {
        let wanted = Wanted {
            out: &outs[number % BUNDLES],
            bundle: &bundles[number % BUNDLES],
            keep: KEEP,
            preview: None,
        };
        publish(target.as_ref(), turn.as_ref(), &wanted).map_err(failed)
    };
    deploy(0)?;
    let app = work.join("read/play");
    let counts = Counts::default();
    let (done, begun) = (AtomicBool::new(false), AtomicUsize::new(0));
    let began = Instant::now();
    let deployed = std::thread::scope(|scope| {
        for _ in 0..READERS {
            scope.spawn(|| {
                while !done.load(SeqCst) {
                    read(&app, &begun, &counts);
                }
            });
        }
        let deployed = (1..=DEPLOYS).try_for_each(|number| {
            begun.fetch_add(1, SeqCst);
            deploy(number).map(drop)
        });
        done.store(true, SeqCst);
        deployed
    });
    deployed?;
    let count = |counter: &AtomicUsize| counter.load(SeqCst);
    let (errors, mixed) = (count(&counts.errors), count(&counts.mixed));
    Ok(vec![Row {
        what: format!("{READERS} readers during {DEPLOYS} deploys"),
        value: (errors + mixed) as f64,
        reached: format!(
            "{} reads, {errors} errors, {mixed} mixed",
            count(&counts.reads)
        ),
        must_reach: "0 errors, 0 mixed".into(),
        good: errors + mixed == 0 && count(&counts.reads) > DEPLOYS,
        measured: format!(
            "in {}; {} reads came after {KEEP} more deploys and found nothing",
            time(began.elapsed()),
            count(&counts.late)
        ),
    }])
}

/// A built bundle: two pages that name a style sheet of their own, and a file that all have.
fn bundle(out: &Path, number: usize) -> io::Result<Bundle> {
    let mark = format!("release {number}.");
    let sheet = format!("_rb/play/assets/style.{number:016x}.css");
    let page = |name: &str| {
        let filling = "x".repeat(PAGE);
        format!("{mark}\n{name}\n{sheet}\n{filling}\n{mark}").into_bytes()
    };
    let files = BTreeMap::from([
        ("play/index.html".to_string(), page("one")),
        ("play/other/index.html".to_string(), page("other")),
        (sheet.clone(), mark.clone().into_bytes()),
        ("shared.svg".to_string(), b"<svg/>".to_vec()),
    ]);
    let root = out.join("one/play");
    for folder in ["play/other", "_rb/play/assets"] {
        fs::create_dir_all(root.join(folder))?;
    }
    for (path, bytes) in &files {
        fs::write(root.join(path), bytes)?;
    }
    let stamps = files
        .iter()
        .map(|(path, bytes)| (path.clone(), FileStamp::of_bytes(bytes)));
    Ok(Bundle::new("one", "play", 2, 1, stamps.collect()))
}

/// Reads a page with its style sheet through what is live, then two pages of one release.
fn read(app: &Path, begun: &AtomicUsize, counts: &Counts) {
    let start = begun.load(SeqCst);
    let get = |path: &Path| match fs::read_to_string(path) {
        Ok(text) => {
            counts.reads.fetch_add(1, SeqCst);
            Some(text)
        }
        Err(_) => {
            // What was live at the start stays for so many deploys.
            let is_late = begun.load(SeqCst) >= start + KEEP;
            let counter = if is_late {
                &counts.late
            } else {
                &counts.errors
            };
            counter.fetch_add(1, SeqCst);
            None
        }
    };
    let current = app.join("current");
    if let Some(page) = get(&current.join("play/index.html")) {
        let (mark, sheet) = marks(&page);
        check(mark.is_some(), counts);
        if let (Some(mark), Some(text)) = (mark, get(&current.join(sheet))) {
            check(text == mark, counts);
        }
    }
    let Ok(release) = fs::read_link(&current) else {
        counts.errors.fetch_add(1, SeqCst);
        return;
    };
    let release = app.join(release);
    let one = get(&release.join("play/index.html"));
    let other = get(&release.join("play/other/index.html"));
    if let (Some(one), Some(other)) = (one, other) {
        check(
            marks(&one).0.is_some() && marks(&one) == marks(&other),
            counts,
        );
    }
}

fn check(holds: bool, counts: &Counts) {
    if !holds {
        counts.mixed.fetch_add(1, SeqCst);
    }
}

/// The mark of a page, which stands at its start and at its end, and its style sheet.
fn marks(page: &str) -> (Option<&str>, &str) {
    let mut lines = page.lines();
    let start = lines.next();
    let sheet = lines.nth(1).unwrap_or_default();
    (start.filter(|mark| lines.last() == Some(mark)), sheet)
}
