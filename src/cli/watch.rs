//! `rbgen watch`: builds when files change, and serves what was built to a browser that hears of it.

mod keys;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::time::Duration;

use clap::Args;
use serde_json::{Value, json};
use signal_hook::consts::{SIGCONT, SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::iterator::Signals;

use super::serve::{EVERYWHERE, PlaceArguments, open_browser, refuse, why_not_bound};
use super::{Globals, Status, absolute, output, print, react, site_root, targets};
use crate::diag::{Diagnostic, Diagnostics, Severity, code};
use crate::files::Folder;
use crate::load::read_config;
use crate::model::Moment;
use crate::pipeline::{Explain, Options};
use crate::serve::Serving;
use crate::watch::{Cause, Event, Round, Scene, Settings, Signal, Stage, server, watch};

#[derive(Args)]
pub struct WatchArguments {
    /// Build only this node (may be given again)
    #[arg(long, value_name = "NODE")]
    node: Vec<String>,
    /// Build only this app (may be given again)
    #[arg(long, value_name = "APP")]
    app: Vec<String>,
    /// Build drafts as well
    #[arg(long)]
    drafts: bool,
    /// Write to this folder instead of the one of robbieblocks.toml
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    #[command(flatten)]
    place: PlaceArguments,
    /// Look at the files every so many seconds, for file systems that tell of nothing
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, default_missing_value = "0.5", value_parser = parse_interval)]
    poll: Option<Duration>,
}

fn parse_interval(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text
        .parse()
        .map_err(|_| "it is a number of seconds".to_string())?;
    match (0.05..=3600.0).contains(&seconds) {
        true => Ok(Duration::from_secs_f64(seconds)),
        false => Err("it is from 0.05 to 3600".to_string()),
    }
}

/// Set when the process is to stop.
static STOP: AtomicBool = AtomicBool::new(false);

pub fn run(globals: &Globals, arguments: &WatchArguments) -> Status {
    match follow(globals, arguments) {
        Ok(status) | Err(status) => status,
    }
}

fn follow(globals: &Globals, arguments: &WatchArguments) -> Result<Status, Status> {
    let root = absolute(&site_root(globals)?);
    let options = Options {
        nodes: arguments.node.iter().cloned().collect(),
        apps: arguments.app.iter().cloned().collect(),
        drafts: arguments.drafts,
        now: Moment::now(),
        out: arguments.out.as_deref().map(absolute),
        force: false,
        verify: false,
        explain: Explain::Made,
        from: None,
        exhausted: None,
        react: react(),
    };
    let (config, _) = read_config(&Folder::new(&root));
    // What cannot be read now is said by the first build.
    let output = config.map_or_else(|| "dist".to_string(), |config| config.build.output);
    let out = options.out.clone().unwrap_or_else(|| root.join(output));
    let stage = Stage::new(Scene::before(
        &root,
        &out,
        options.drafts,
        options.now,
        // What a sample takes too much of says nothing of a build.
        react(),
    ));
    let (sender, signals) = channel();
    stop_on_signals(sender.clone(), globals, &root)?;
    let serving = begin_to_serve(globals, &arguments.place, &stage)?;
    let url = serving.url.clone();
    let is_everywhere = serving.address.ip().is_unspecified();
    let terminal = keys::letters().filter(|_| !globals.json);
    if globals.json {
        output::line(json!({ "event": "serving", "url": url }));
    } else if !globals.quiet {
        output::line(format_args!("\x1b[1m{url}\x1b[0m"));
        if is_everywhere {
            output::note(EVERYWHERE);
        }
        if terminal.is_some() {
            output::line("o opens the browser, r looks at everything, n is the next node, q quits");
        }
    }
    arguments.place.open_browser(&url);
    if terminal.is_some() {
        let (stage, sender) = (stage.clone(), sender.clone());
        std::thread::spawn(move || follow_keys(&url, &stage, &sender));
    }
    let settings = Settings {
        root: root.clone(),
        options,
        poll: arguments.poll,
    };
    let mut said = Diagnostics::new();
    let mut tell = |event: Event<'_>| say(globals, &root, event, &mut said);
    watch(&settings, &stage, &sender, &signals, &mut tell);
    drop(terminal);
    serving.stop();
    Ok(Status::Done)
}

/// Starts the server.
fn begin_to_serve(
    globals: &Globals,
    arguments: &PlaceArguments,
    stage: &Stage,
) -> Result<Serving, Status> {
    let refused = |message: &str| refuse(globals, message, "");
    let place = arguments.place().map_err(|message| refused(&message))?;
    let settings = server::Settings {
        address: place.address,
        port: place.port,
        allowed: place.allowed.clone(),
        name: place.name.clone(),
    };
    server::serve(stage.clone(), settings).map_err(|error| refused(&why_not_bound(&place, &error)))
}

/// Does what keys ask for.
fn follow_keys(url: &str, stage: &Stage, sender: &Sender<Signal>) {
    let mut chosen: Option<usize> = None;
    let address = |chosen: Option<usize>| {
        let scene = stage.scene();
        let nodes = scene.nodes();
        let node = chosen.and_then(|chosen| nodes.get(chosen % nodes.len().max(1)));
        node.map_or_else(|| url.to_string(), |(node, _)| format!("{url}{node}/"))
    };
    keys::each(|key| match key {
        'o' => open_browser(&address(chosen)),
        'n' => {
            chosen = Some(chosen.map_or(0, |chosen| chosen + 1));
            output::line(address(chosen));
        }
        'r' => {
            let _ = sender.send(Signal::Rebuild);
        }
        'q' => {
            let _ = sender.send(Signal::Stop);
        }
        _ => {}
    });
}

/// Stops at the first signal that asks for it, when what is being done is done; at the second at once. Who
/// comes back from the background reads letters again.
fn stop_on_signals(sender: Sender<Signal>, globals: &Globals, root: &Path) -> Result<(), Status> {
    let mut asked = Signals::new([SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGCONT]).map_err(|error| {
        let message = format!("signals cannot be waited for: {error}");
        let problem = Diagnostic::general(code::UNREADABLE, message);
        targets::said(globals, root, problem, Status::Unusable)
    })?;
    std::thread::spawn(move || {
        for signal in asked.forever() {
            if signal == SIGCONT {
                keys::resume();
                continue;
            }
            if STOP.swap(true, Ordering::Relaxed) {
                keys::restore();
                std::process::exit(128 + signal);
            }
            let _ = sender.send(Signal::Stop);
        }
    });
    Ok(())
}

/// Says an event; of what is wrong, what was not `said` by the last round.
fn say(globals: &Globals, root: &Path, event: Event<'_>, said: &mut Diagnostics) {
    if globals.json {
        return output::line(json_of(root, event));
    }
    match event {
        Event::Round(round) => {
            if round.is_broken || *said != round.diagnostics {
                print::report(globals, root, round.diagnostics.clone());
                *said = round.diagnostics.clone();
            }
            if !globals.quiet {
                round.notes.iter().for_each(output::note);
                output::line(words(round));
            }
        }
        Event::Settled(_) => {}
        Event::Polling(why) => {
            output::note(format_args!(
                "looking at the files twice a second, because changes are not heard: {}",
                print::clean(why)
            ));
            if cfg!(target_os = "linux") {
                output::note("how much may be heard is in `sysctl fs.inotify`");
            }
        }
    }
}

fn json_of(root: &Path, event: Event<'_>) -> Value {
    match event {
        Event::Round(round) => {
            let diagnostics = print::json_of(&Folder::new(root), round.diagnostics.clone());
            let files = match &round.cause {
                Cause::Files(files) => Some(files),
                _ => None,
            };
            json!({
                "event": if round.is_broken { "broken" } else { "built" },
                "round": round.number,
                "cause": cause_of(&round.cause),
                "files": files,
                "whole": round.is_whole,
                "pages_rendered": round.pages_rendered,
                "files_written": round.files_written,
                "files_removed": round.files_removed,
                "nodes": round.nodes,
                "duration_ms": round.took.as_secs_f64() * 1000.0,
                "diagnostics": diagnostics,
            })
        }
        Event::Settled(round) => json!({ "event": "settled", "round": round }),
        Event::Polling(why) => json!({ "event": "polling", "why": why }),
    }
}

fn cause_of(cause: &Cause) -> &'static str {
    match cause {
        Cause::First => "first",
        Cause::Files(_) => "files",
        Cause::Many => "many",
        Cause::Asked => "asked",
        Cause::Time => "time",
        Cause::Output => "output",
    }
}

/// `play/blackjack.toml → 1 page, 2 nodes, 4 ms`
fn words(round: &Round) -> String {
    let cause = match &round.cause {
        Cause::First => "built".to_string(),
        Cause::Files(files) => match (files.len(), files.first()) {
            (1, Some(file)) => print::clean(file),
            (count, _) => print::number(count, "file"),
        },
        Cause::Many => "many files".to_string(),
        Cause::Asked => "asked".to_string(),
        Cause::Time => "the time of a condition".to_string(),
        Cause::Output => "the output".to_string(),
    };
    let milliseconds = round.took.as_secs_f64() * 1000.0;
    let took = match milliseconds {
        0.0..10.0 => format!("{milliseconds:.1} ms"),
        _ => format!("{milliseconds:.0} ms"),
    };
    if round.is_broken {
        let errors = round.diagnostics.iter();
        let errors = errors
            .filter(|found| found.severity == Severity::Error)
            .count();
        return format!(
            "{cause} → {}; what was built stays ({took})",
            print::number(errors, "error")
        );
    }
    let mut parts = Vec::new();
    if round.pages_rendered > 0 {
        parts.push(print::number(round.pages_rendered, "page"));
    }
    let others = round.files_written.saturating_sub(round.pages_rendered);
    if round.pages_rendered == 0 && others > 0 {
        parts.push(print::number(round.files_written, "file"));
    }
    if round.files_removed > 0 {
        parts.push(format!(
            "{} removed",
            print::number(round.files_removed, "file")
        ));
    }
    if !round.nodes.is_empty() {
        parts.push(print::number(round.nodes.len(), "node"));
    }
    if parts.is_empty() {
        parts.push("nothing changes".to_string());
    }
    format!("{cause} → {}, {took}", parts.join(", "))
}
