//! Readers meet one release or another while it is deployed again and again: never a page that is cut off,
//! never one whose assets are missing, never two pages of one release that are of different ones.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use rbgen::bundle::{Bundle, FileStamp};
use rbgen::deploy::{Wanted, open_target, publish};
use rbgen::model::TargetConfig;
use tempfile::TempDir;

/// More than fits into one read or write of most programs.
const PAGE: usize = 50_000;
const KEEP: usize = 10;
const BUNDLES: usize = 25;
const DEPLOYS: usize = 200;

/// A built bundle: two pages that name a style sheet of their own, and a file that all have.
fn bundle(out: &Path, number: usize) -> Bundle {
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
    for (path, bytes) in &files {
        let path = out.join("one/play").join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    let stamps = files
        .iter()
        .map(|(path, bytes)| (path.clone(), FileStamp::of_bytes(bytes)));
    Bundle::new("one", "play", 2, 1, stamps.collect())
}

/// The mark of a page that was read whole, and its style sheet.
fn read_page(path: &Path) -> io::Result<(String, String)> {
    let text = fs::read_to_string(path)?;
    let mut lines = text.lines();
    let mark = lines.next().unwrap_or_default().to_string();
    let sheet = lines.nth(1).unwrap_or_default().to_string();
    let end = lines.last().unwrap_or_default();
    assert!(
        text.len() > PAGE && mark == end,
        "cut off, or of two releases: {mark} {end}"
    );
    Ok((mark, sheet))
}

#[test]
fn readers_meet_one_release_or_another() {
    let folder = TempDir::new().unwrap();
    let outs: Vec<_> = (0..BUNDLES)
        .map(|number| folder.path().join(format!("out-{number}")))
        .collect();
    let bundles: Vec<Bundle> = outs
        .iter()
        .enumerate()
        .map(|(at, out)| bundle(out, at))
        .collect();
    let config = TargetConfig::Folder("srv".to_string());
    let target = open_target(folder.path(), "one", &config).unwrap();
    let turn = target.take_turn(&mut || false).unwrap().unwrap();
    let deploy = |number: usize| {
        let wanted = Wanted {
            out: &outs[number % BUNDLES],
            bundle: &bundles[number % BUNDLES],
            keep: KEEP,
            preview: None,
        };
        publish(target.as_ref(), turn.as_ref(), &wanted).unwrap()
    };
    deploy(0);
    let app = folder.path().join("srv/play");
    let done = AtomicBool::new(false);
    let began = AtomicUsize::new(0);
    let reads = AtomicUsize::new(0);
    let read = || {
        while !done.load(Ordering::Relaxed) {
            let start = began.load(Ordering::SeqCst);
            // What was live when this began stays for so many deploys.
            let may_be_gone = || began.load(Ordering::SeqCst) >= start + KEEP;
            let (mark, sheet) = match read_page(&app.join("current/play/index.html")) {
                Ok(page) => page,
                Err(error) => {
                    assert!(may_be_gone(), "the page: {error}");
                    continue;
                }
            };
            match fs::read_to_string(app.join("current").join(&sheet)) {
                Ok(text) => assert_eq!(text, mark),
                Err(error) => assert!(may_be_gone(), "{sheet} of {mark}: {error}"),
            }
            let release = app.join(fs::read_link(app.join("current")).unwrap());
            let pages = read_page(&release.join("play/index.html"))
                .and_then(|one| Ok((one, read_page(&release.join("play/other/index.html"))?)));
            match pages {
                Ok((one, other)) => assert_eq!(one, other),
                Err(error) => assert!(may_be_gone(), "{}: {error}", release.display()),
            }
            reads.fetch_add(1, Ordering::Relaxed);
        }
    };
    std::thread::scope(|scope| {
        let readers = [(); 2].map(|()| scope.spawn(read));
        for number in 1..=DEPLOYS {
            began.fetch_add(1, Ordering::SeqCst);
            let published = deploy(number);
            assert_eq!(published.live.as_ref(), Some(&published.release));
        }
        done.store(true, Ordering::Relaxed);
        for reader in readers {
            reader.join().unwrap();
        }
    });
    assert!(reads.into_inner() > 0);
    assert_eq!(target.releases("play").unwrap().len(), KEEP);
}
