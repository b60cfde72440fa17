//! The rows of what rbgen must reach, as a table to read or as JSON, and figures as people read them.

use std::time::Duration;

use serde::Serialize;

/// One line of the table.
#[derive(Serialize)]
pub struct Row {
    pub what: String,
    /// What is held against `must_reach`, as a plain number in the unit that `reached` shows.
    pub value: f64,
    pub reached: String,
    pub must_reach: String,
    pub good: bool,
    pub measured: String,
}

#[derive(Serialize)]
struct Table<'a> {
    pages: usize,
    rounds: usize,
    cores: usize,
    rows: &'a [Row],
}

pub fn print_table(rounds: usize, rows: &[Row]) {
    println!("medians of {rounds}, {} cores\n", cores());
    println!("| what | reached | must reach | | measured |\n| --- | --- | --- | --- | --- |");
    for row in rows {
        let good = if row.good { "yes" } else { "NO" };
        println!(
            "| {} | {} | {} | {good} | {} |",
            row.what, row.reached, row.must_reach, row.measured
        );
    }
}

pub fn print_json(pages: usize, rounds: usize, rows: &[Row]) -> serde_json::Result<()> {
    let table = Table {
        pages,
        rounds,
        cores: cores(),
        rows,
    };
    println!("{}", serde_json::to_string_pretty(&table)?);
    Ok(())
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(0, usize::from)
}

/// The middle one; of an even number, the mean of the two in the middle.
pub fn median(mut durations: Vec<Duration>) -> Duration {
    durations.sort();
    let middle = durations.len() / 2;
    match durations.len() % 2 {
        0 => (durations[middle - 1] + durations[middle]) / 2,
        _ => durations[middle],
    }
}

/// How many times the second the first is.
pub fn ratio(a: Duration, b: Duration) -> f64 {
    a.as_secs_f64() / b.as_secs_f64()
}

pub fn times(ratio: f64) -> String {
    format!("{ratio:.2}×")
}

pub fn time(duration: Duration) -> String {
    match duration.as_secs_f64() {
        seconds if seconds < 1.0 => format!("{:.1} ms", seconds * 1000.0),
        seconds => format!("{seconds:.2} s"),
    }
}
