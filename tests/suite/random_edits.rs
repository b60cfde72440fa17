//! Incremental equals clean, over random edits of a small site: whatever was edited in whatever
//! order, a build leaves the bytes (or the errors) of a build from nothing, and renders no page of
//! which nothing that it asked has another answer.
//!
//! `RBGEN_EDIT_SEQUENCES=10000 cargo test --release --test suite random_edits` looks further;
//! `RBGEN_EDIT_SEED` begins elsewhere.

mod bounds;
mod broken;
mod disk;
mod edits;
mod files;
mod kinds;
mod run;
mod site;
mod start;
mod template;
mod watched;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::harness::number;
use kinds::{Numbers, Sequence, sequence};
use run::{Tally, run};

const SEQUENCES: u64 = 40;
const SEED: u64 = 1;

/// A sequence by its number: the same in every run with one seed.
fn numbered(seed: u64, number: u64) -> Sequence {
    let mut numbers = Numbers(seed.wrapping_mul(0x1_0000_0001) ^ number << 20);
    numbers.next();
    sequence(&mut numbers)
}

/// Runs a sequence; a panic is a failure as well.
fn try_run(folder: &Path, sequence: &Sequence) -> Result<Tally, String> {
    catch_unwind(AssertUnwindSafe(|| run(folder, sequence))).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| text.to_string()));
        Err(format!("a panic: {}", text.unwrap_or_default()))
    })
}

/// The sequence with all edits left out that it fails without, and how it fails then.
fn shrunk(folder: &Path, mut sequence: Sequence, mut why: String) -> (Sequence, String) {
    loop {
        let shorter = (0..sequence.len()).find_map(|index| {
            let mut shorter = sequence.clone();
            let (_, build) = shorter.remove(index);
            // What was built after the edit is built after the one before.
            if let Some(last) = index.checked_sub(1).and_then(|at| shorter.get_mut(at)) {
                last.1 |= build;
            }
            let why = try_run(folder, &shorter).err()?;
            Some((shorter, why))
        });
        match shorter {
            Some(found) => (sequence, why) = found,
            None => return (sequence, why),
        }
    }
}

/// A folder in memory, where there is one, for speed.
fn workplace() -> tempfile::TempDir {
    let mut named = tempfile::Builder::new();
    named.prefix("rbgen-edits-");
    let in_memory = named.tempdir_in("/dev/shm");
    in_memory.or_else(|_| named.tempdir()).unwrap()
}

#[test]
fn incremental_equals_clean_over_random_edits() {
    let sequences = number("RBGEN_EDIT_SEQUENCES", SEQUENCES);
    let seed = number("RBGEN_EDIT_SEED", SEED);
    let next = AtomicU64::new(0);
    let failed: Mutex<Option<(u64, String)>> = Mutex::new(None);
    let total = Mutex::new(Tally::default());
    let worker = || {
        let place = workplace();
        // Threads of its own, so that no build does the work of another while it waits.
        let threads = rayon::ThreadPoolBuilder::new().num_threads(2).build();
        let threads = threads.unwrap();
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= sequences || failed.lock().unwrap().is_some() {
                break;
            }
            let sequence = numbered(seed, number);
            match threads.install(|| try_run(place.path(), &sequence)) {
                Ok(tally) => total.lock().unwrap().add(tally),
                Err(why) => {
                    failed.lock().unwrap().get_or_insert((number, why));
                }
            }
        }
    };
    std::thread::scope(|scope| {
        let count = std::thread::available_parallelism().map_or(1, |count| count.get());
        for _ in 0..count {
            scope.spawn(worker);
        }
    });
    if let Some((number, why)) = failed.into_inner().unwrap() {
        let sequence = numbered(seed, number);
        let (short, short_why) = shrunk(workplace().path(), sequence.clone(), why.clone());
        panic!(
            "RBGEN_EDIT_SEED={seed}, sequence {number}: {why}\n{}\nas short as it gets: {short_why}\n{}",
            list(&sequence),
            list(&short)
        );
    }
    let total = total.into_inner().unwrap();
    println!("RBGEN_EDIT_SEQUENCES={sequences} RBGEN_EDIT_SEED={seed}: {total:?}");
    assert!(
        total.failed * 3 < total.builds,
        "too many of the edits break the site: {total:?}"
    );
}

/// A sequence, one line an edit.
fn list(sequence: &Sequence) -> String {
    let line = |(edit, build): &(kinds::Edit, bool)| {
        format!("  {edit:?}{}", if *build { ", and a build" } else { "" })
    };
    sequence.iter().map(line).collect::<Vec<_>>().join("\n")
}
