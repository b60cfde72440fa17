//! `rbgen listen`: follows a database, and keeps nodes up to date by itself.

use std::collections::BTreeSet;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::time::{Duration, Instant};

use clap::Args;
use sd_notify::NotifyState;
use serde_json::{Value, json};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use super::deploy::short;
use super::{
    DEFAULT_DATABASE, Globals, Status, database, output, print, react, site_root, targets,
};
use crate::db::{address_of, listen_address_of};
use crate::diag::Diagnostics;
use crate::files::Folder;
use crate::listen::{
    Ending, Event, Settings, Signal, Telling, listen, listen_on, remember_endless, wake_to_stop,
};
use crate::model::Moment;

#[derive(Args)]
pub struct ListenArguments {
    /// Follow this node (may be given again) [default: all that have a target]
    #[arg(long, value_name = "NODE")]
    node: Vec<String>,
    /// The database, by its name in robbieblocks.toml
    #[arg(long, value_name = "NAME", default_value = DEFAULT_DATABASE)]
    database: String,
    /// Deal with what is waiting, and end
    #[arg(long)]
    once: bool,
    /// Look at the database so often, in seconds, even if nothing is heard
    #[arg(long, value_name = "SECONDS", default_value = "15", value_parser = clap::value_parser!(u64).range(1..=3600))]
    check_every: u64,
    /// Let another listener take over what this one has begun after so many seconds
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = clap::value_parser!(u64).range(1..=86400))]
    lease: u64,
}

/// Set when the process is to stop.
static STOP: AtomicBool = AtomicBool::new(false);

pub fn run(globals: &Globals, arguments: &ListenArguments) -> Status {
    match follow(globals, arguments) {
        Ok(status) | Err(status) => status,
    }
}

fn follow(globals: &Globals, arguments: &ListenArguments) -> Result<Status, Status> {
    let root = site_root(globals)?;
    let config = database::configuration(globals, &root)?;
    let nodes: BTreeSet<String> = arguments.node.iter().cloned().collect();
    let destinations = targets::destinations(globals, &root, &config, &nodes)?;
    let environment = |variable: &str| std::env::var(variable).ok();
    let refused = |failure| database::failed(globals, &root, &failure);
    let name = &arguments.database;
    let address = address_of(&config, name, &environment).map_err(refused)?;
    let heard_at = listen_address_of(&config, name, &environment).map_err(refused)?;
    let check_every = Duration::from_secs(arguments.check_every);
    let (signals, come) = channel();
    stop_on_signals(signals.clone(), globals, &root)?;
    if !arguments.once {
        listen_on(heard_at, address.clone(), check_every, signals.clone());
    }
    let settings = Settings {
        root: root.clone(),
        config: &config,
        database: name.clone(),
        address,
        destinations,
        once: arguments.once,
        check_every,
        lease: Duration::from_secs(arguments.lease),
        exhausted: Some(exhausted),
        react: react(),
        stop: &STOP,
    };
    let watchdog = sd_notify::watchdog_enabled();
    if let Some(every) = watchdog {
        std::thread::spawn(move || watch(every));
    }
    let mut teller = Teller {
        globals,
        root: &root,
        watchdog,
        ready: false,
    };
    Ok(match listen(&settings, &come, &mut teller) {
        Ending::Done => Status::Done,
        Ending::Broken => Status::ContentErrors,
        Ending::Unreachable => Status::Unreachable,
        Ending::NoNode => Status::Unusable,
    })
}

/// Stops at the first signal that asks for it, when what is being done is done; at the second at once.
fn stop_on_signals(
    signals: Sender<Signal>,
    globals: &Globals,
    root: &std::path::Path,
) -> Result<(), Status> {
    let mut asked = Signals::new([SIGTERM, SIGINT, SIGHUP]).map_err(|error| {
        let message = format!("signals cannot be waited for: {error}");
        let problem = crate::diag::Diagnostic::general(crate::diag::code::UNREADABLE, message);
        targets::said(globals, root, problem, Status::Unusable)
    })?;
    std::thread::spawn(move || {
        for signal in asked.forever() {
            if STOP.swap(true, Ordering::Relaxed) {
                std::process::exit(128 + signal);
            }
            wake_to_stop(&signals);
        }
    });
    Ok(())
}

/// When the listener last did something.
static ALIVE: Mutex<Option<Instant>> = Mutex::new(None);

/// After so long without anything it is stuck: no look, build or deploy of one bundle takes that long.
const STUCK: Duration = Duration::from_secs(600);

/// Tells a supervisor again and again that the listener lives, also while it builds, unless it is stuck.
fn watch(every: Duration) {
    loop {
        let alive = ALIVE.lock().ok().and_then(|alive| *alive);
        if alive.is_none_or(|alive| alive.elapsed() < STUCK) {
            let _ = sd_notify::notify(&[NotifyState::Watchdog]);
        }
        std::thread::sleep((every / 3).max(Duration::from_secs(1)));
    }
}

/// Templates took all memory, and only the end of the process stops them: what they were is remembered,
/// and this program begins anew in its place.
fn exhausted(templates: &[String]) {
    remember_endless(templates);
    let mut arguments = std::env::args_os();
    let program = arguments.next().map(PathBuf::from);
    let program = std::env::current_exe().ok().or(program);
    if let Some(program) = program {
        // It only comes back where it failed.
        let _ = Command::new(program).args(arguments).exec();
    }
    std::process::exit(Status::ContentErrors as i32);
}

struct Teller<'a> {
    globals: &'a Globals,
    root: &'a std::path::Path,
    /// How often a supervisor wants to hear of a service.
    watchdog: Option<Duration>,
    ready: bool,
}

impl Telling for Teller<'_> {
    fn event(&mut self, event: &Event<'_>) {
        self.supervise(event);
        if matches!(event, Event::Alive) {
            return;
        }
        if self.globals.json {
            let mut value = self.json(event);
            value["at"] = json!(Moment::now().to_string());
            output::line(value);
        } else if let Event::Broken { diagnostics } = event {
            print::report(self.globals, self.root, (*diagnostics).clone());
            output::note("what is live stays");
        } else if let Some(words) = words(event, self.globals.quiet) {
            let time = Moment::now().to_string();
            output::note(format_args!("{}  {words}", time.get(..19).unwrap_or(&time)));
        }
    }

    fn text(&mut self, diagnostics: &Diagnostics) -> String {
        print::plain(self.root, diagnostics)
    }
}

impl Teller<'_> {
    /// Tells a supervisor that speaks the protocol of systemd (sd_notify(3)). Without one nothing is done.
    fn supervise(&mut self, event: &Event<'_>) {
        let line;
        let states: Vec<NotifyState<'_>> = match event {
            Event::Ready { .. } => {
                self.ready = true;
                vec![NotifyState::Ready, NotifyState::Status("following")]
            }
            Event::Hears => vec![NotifyState::Status("listening")],
            Event::Deaf { .. } => vec![NotifyState::Status("asking: notifications do not come")],
            Event::Broken { .. } => vec![NotifyState::Status("the content has errors")],
            Event::Unreachable { message, .. } => {
                // The protocol goes by lines.
                line = print::clean(message).replace('\n', " ");
                let mut states = vec![NotifyState::Status(&line)];
                if !self.ready {
                    // It is not stuck: it waits for a database.
                    states.push(NotifyState::ExtendTimeoutUsec(60_000_000));
                }
                states
            }
            Event::Deployed { .. } => vec![NotifyState::Status("up to date")],
            Event::Stopping => vec![NotifyState::Stopping],
            Event::Alive | Event::Woke { .. } | Event::Problem { .. } => Vec::new(),
        };
        if !states.is_empty() {
            let _ = sd_notify::notify(&states);
        }
        let mut alive = ALIVE.lock().unwrap_or_else(|error| error.into_inner());
        let is_due = self
            .watchdog
            .is_some_and(|every| alive.is_none_or(|alive| alive.elapsed() > every / 4));
        *alive = Some(Instant::now());
        drop(alive);
        if is_due {
            let _ = sd_notify::notify(&[NotifyState::Watchdog]);
        }
    }

    fn json(&self, event: &Event<'_>) -> Value {
        match event {
            Event::Ready { nodes } => json!({ "event": "ready", "nodes": nodes }),
            Event::Hears => json!({ "event": "listening" }),
            Event::Deaf { why } => json!({ "event": "polling", "why": why }),
            Event::Woke { why, changes } => {
                json!({ "event": "woke", "why": why, "changes": changes })
            }
            Event::Deployed {
                deploy,
                live,
                unchanged,
            } => json!({
                "event": "deployed",
                "deploy": super::deploys::json_of(deploy),
                "live": live,
                "unchanged": unchanged,
            }),
            Event::Broken { diagnostics } => json!({
                "event": "broken",
                "diagnostics": print::json_of(&Folder::new(self.root), (*diagnostics).clone()),
            }),
            Event::Problem { code, message } => {
                json!({ "event": "problem", "code": code, "message": message })
            }
            Event::Unreachable {
                code,
                message,
                retry_in,
            } => json!({
                "event": "unreachable",
                "code": code,
                "message": message,
                "retry_ms": u64::try_from(retry_in.as_millis()).unwrap_or(u64::MAX),
            }),
            Event::Alive => json!({ "event": "alive" }),
            Event::Stopping => json!({ "event": "stopping" }),
        }
    }
}

/// An event in words; `None` where it is not worth a line.
fn words(event: &Event<'_>, quiet: bool) -> Option<String> {
    let worst = match event {
        Event::Deaf { why } => format!("asking the database every second: {}", print::clean(why)),
        Event::Problem { code, message } => format!("warning[{code}]: {}", print::clean(message)),
        Event::Unreachable {
            code,
            message,
            retry_in,
        } => format!(
            "error[{code}]: {}; again in {:.1} s",
            print::clean(message),
            retry_in.as_secs_f64()
        ),
        Event::Deployed { deploy, .. } if deploy.error.is_some() => format!(
            "{} {}: not deployed: {}",
            print::clean(&deploy.node),
            print::clean(&deploy.app),
            print::clean(deploy.error.as_deref().unwrap_or_default())
        ),
        _ => String::new(),
    };
    if !worst.is_empty() {
        return Some(worst);
    }
    if quiet {
        return None;
    }
    Some(match event {
        Event::Ready { nodes } => format!("following {}", nodes.join(", ")),
        Event::Hears => "listening".to_string(),
        Event::Woke { changes, .. } => print::number(*changes, "change"),
        Event::Deployed {
            deploy, unchanged, ..
        } => {
            let place = format!(
                "{} {}",
                print::clean(&deploy.node),
                print::clean(&deploy.app)
            );
            let took = deploy.build_ms.unwrap_or(0) + deploy.deploy_ms.unwrap_or(0);
            match (unchanged, deploy.build_hash.is_empty()) {
                (true, _) => format!("{place}: as it was"),
                (false, true) => format!("{place}: taken away, because it has no page any more"),
                (false, false) => format!("{place}: {} ({took} ms)", short(&deploy.build_hash)),
            }
        }
        Event::Stopping => "stopping".to_string(),
        _ => return None,
    })
}
