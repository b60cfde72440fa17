//! Two-way sync as a state machine: people edit files and rows, fetch, merge and push in any order,
//! processes and connections end anywhere, and a model knows what has to be there.
//!
//! `RBGEN_SYNC_STEPS=20000 cargo test --release --test suite sync_machine` looks further;
//! `RBGEN_SYNC_SEED` begins elsewhere.

mod cases;
mod dice;
mod faults;
mod files;
mod machine;
mod merging;
mod ops;
mod proxy;
mod rows;
mod state;
mod world;

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use rbgen::sync::trial::{Wrong, go_wrong};

use crate::harness::number;
use dice::{Sequence, sequence};
use machine::{Tally, run};

/// How many steps a sequence has.
const LENGTH: usize = 60;
const STEPS: u64 = 900;
const SEED: u64 = 1;

/// The sequence without steps that it fails without, and how it fails then. Runs are costly, so halves
/// go first, and there is an end to trying.
fn shrunk(mut sequence: Sequence, mut why: String) -> (Sequence, String) {
    let began = Instant::now();
    let mut size = sequence.steps.len().div_ceil(2);
    while size > 0 {
        let mut at = 0;
        while at < sequence.steps.len() && began.elapsed().as_secs() < 60 {
            let mut shorter = sequence.clone();
            let end = (at + size).min(shorter.steps.len());
            shorter.steps.drain(at..end);
            match run(&shorter, false, &mut Tally::new()) {
                Err(found) => (sequence, why) = (shorter, found),
                Ok(()) => at += size,
            }
        }
        size /= 2;
    }
    (sequence, why)
}

#[test]
fn nothing_is_lost_between_files_and_rows() {
    let steps = number("RBGEN_SYNC_STEPS", STEPS);
    let seed = number("RBGEN_SYNC_SEED", SEED);
    let sequences = steps.div_ceil(LENGTH as u64);
    let next = AtomicU64::new(0);
    let failed: Mutex<Option<(u64, String)>> = Mutex::new(None);
    let total = Mutex::new(Tally::new());
    let began = Instant::now();
    let worker = || loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        if number >= sequences || failed.lock().unwrap().is_some() {
            break;
        }
        let mut tally = Tally::new();
        if let Err(why) = run(&sequence(seed, number, LENGTH), false, &mut tally) {
            failed.lock().unwrap().get_or_insert((number, why));
        }
        let mut total = total.lock().unwrap();
        for (kind, count) in tally {
            *total.entry(kind).or_default() += count;
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(worker);
        }
    });
    let total = total.into_inner().unwrap();
    let lines: Vec<String> = total
        .iter()
        .map(|(kind, n)| format!("{n:>7} {kind}"))
        .collect();
    println!(
        "{} sequences in {:?}\n{}",
        sequences,
        began.elapsed(),
        lines.join("\n")
    );
    if let Some((number, why)) = failed.into_inner().unwrap() {
        let whole = sequence(seed, number, LENGTH);
        let (short, short_why) = shrunk(whole, why.clone());
        panic!(
            "RBGEN_SYNC_SEED={seed}, sequence {number}: {why}\n\nas short as it gets, {} steps of \
             {} clones and {} databases (driver: {}): {short_why}",
            short.steps.len(),
            short.clones,
            short.bases,
            short.driver
        );
    }
}

/// Runs sequences with a rule broken, until that is noticed; after how many steps at most.
fn noticed(wrong: Option<Wrong>, ours_as_base: bool) -> (usize, String) {
    let mut steps = 0;
    for number in 0..30 {
        let mut tally = Tally::new();
        let mut sequence = sequence(6, number, LENGTH);
        sequence.driver = true;
        go_wrong(wrong);
        let ran = run(&sequence, ours_as_base, &mut tally);
        go_wrong(None);
        match ran {
            Ok(()) => steps += LENGTH,
            Err(why) => {
                let at = why
                    .strip_prefix("step ")
                    .and_then(|rest| rest.split(':').next());
                let at = at.and_then(|at| at.parse::<usize>().ok()).unwrap_or(LENGTH);
                return (
                    steps + at + 1,
                    why.lines().next().unwrap_or_default().to_string(),
                );
            }
        }
    }
    panic!("{wrong:?}, {ours_as_base}: not noticed in {steps} steps");
}

#[test]
fn a_push_that_takes_the_rows_of_now_for_its_base_is_noticed() {
    let (steps, why) = noticed(Some(Wrong::Overwrite), false);
    println!("after {steps} steps: {why}");
    assert!(
        why.contains("no lost update") || why.contains("rewritten"),
        "{why}"
    );
}

#[test]
fn a_look_that_believes_the_log_is_noticed() {
    let (steps, why) = noticed(Some(Wrong::TrustLog), false);
    println!("after {steps} steps: {why}");
    assert!(
        why.contains("what the rows say") || why.contains("no lost update"),
        "{why}"
    );
}

#[test]
fn a_merge_whose_base_is_ours_is_noticed() {
    let (steps, why) = noticed(None, true);
    println!("after {steps} steps: {why}");
    assert!(why.contains("no lost update: a merge"), "{why}");
}
