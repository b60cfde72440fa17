//! `rbgen serve`: shows what was built, as a host would serve it, and builds nothing.

use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, ToSocketAddrs};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use clap::Args;
use serde_json::{Value, json};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use super::{Globals, Status, absolute, database, output, print, site_root};
use crate::diag::did_you_mean;
use crate::serve::{
    AllowedHosts, DEFAULT_PORT, NodeSettings, Port, bind, nodes_of, serve_node, start,
    web_of_manifests,
};

#[derive(Args)]
pub struct ServeArguments {
    /// Serve this node [default: the only one in the output]
    #[arg(long, value_name = "NODE")]
    node: Option<String>,
    /// Serve this folder [default: `output` in robbieblocks.toml]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    #[command(flatten)]
    place: PlaceArguments,
}

/// Where a server is reached.
#[derive(Args)]
pub struct PlaceArguments {
    /// Listen on this port; 0 is any that is free [default: 4321, or the next free one]
    #[arg(long, value_name = "N")]
    port: Option<u16>,
    /// Let other machines reach it: at this address or name, or without one at all addresses
    #[arg(long, value_name = "ADDR", num_args = 0..=1)]
    host: Option<Option<String>>,
    /// Open the browser
    #[arg(long)]
    open: bool,
}

/// Where a server listens, and as what it is known.
pub struct Place {
    pub address: IpAddr,
    pub port: Port,
    pub allowed: AllowedHosts,
    /// The name in its address, where one was given.
    pub name: Option<String>,
}

impl PlaceArguments {
    /// Where to listen; why not is one sentence without a full stop.
    pub fn place(&self) -> Result<Place, String> {
        let port = match self.port {
            Some(port) => Port::Asked(port),
            None => Port::From(DEFAULT_PORT),
        };
        let (address, name) = match &self.host {
            None => (Ipv4Addr::LOCALHOST.into(), None),
            Some(None) => (Ipv4Addr::UNSPECIFIED.into(), None),
            Some(Some(host)) => match host.parse::<IpAddr>() {
                Ok(address) => (address, None),
                Err(_) => {
                    let name = host.trim_end_matches('.').to_ascii_lowercase();
                    (address_of_name(host)?, Some(name))
                }
            },
        };
        let names = name.iter().cloned().collect();
        Ok(Place {
            address,
            port,
            allowed: AllowedHosts { names },
            name,
        })
    }

    /// Opens the browser, where that is asked for; that it cannot be is said.
    pub fn open_browser(&self, url: &str) {
        if self.open {
            open_browser(url);
        }
    }
}

/// Opens the browser; that it cannot be is said.
pub fn open_browser(url: &str) {
    let program = match cfg!(target_os = "macos") {
        true => "open",
        false => "xdg-open",
    };
    let url = url.to_string();
    let started = Command::new(program)
        .arg(&url)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let said = move |why: &str| {
        output::note(format_args!(
            "warning: the browser cannot be opened: {why}; open {url} yourself"
        ));
    };
    match started {
        Err(error) => said(&format!("{program}: {error}")),
        // Some stay until the browser is closed.
        Ok(mut child) => {
            std::thread::spawn(move || match child.wait() {
                Ok(status) if !status.success() => said(&format!("{program}: {status}")),
                _ => {}
            });
        }
    }
}

fn address_of_name(host: &str) -> Result<IpAddr, String> {
    let shown = print::clean(host);
    let mut found = (host, 0)
        .to_socket_addrs()
        .map_err(|error| {
            format!("`{shown}` is neither an address nor a name that is known: {error}")
        })?
        .map(|address| address.ip())
        .collect::<Vec<IpAddr>>();
    found.sort_by_key(IpAddr::is_ipv6);
    let first = found.first().copied();
    first.ok_or_else(|| format!("the name `{shown}` has no address"))
}

/// Said of a server that listens at all addresses.
pub const EVERYWHERE: &str = "other machines reach it at the addresses of this one";

pub fn run(globals: &Globals, arguments: &ServeArguments) -> Status {
    match serve(globals, arguments) {
        Ok(status) | Err(status) => status,
    }
}

fn serve(globals: &Globals, arguments: &ServeArguments) -> Result<Status, Status> {
    let root = site_root(globals)?;
    let config = database::configuration(globals, &root)?;
    let refused = |message: &str, hint: &str| refuse(globals, message, hint);
    let out = match &arguments.out {
        Some(out) => absolute(out),
        None => absolute(&root.join(&config.build.output)),
    };
    let node = choose_node(&out, arguments.node.as_deref())
        .map_err(|(message, hint)| refused(&message, &hint))?;
    let place = arguments
        .place
        .place()
        .map_err(|message| refused(&message, ""))?;
    let settings = NodeSettings {
        base_path: config.base_path_of(&node).to_string(),
        allowed: place.allowed.clone(),
        out,
        node,
    };
    // Before the address is told: whoever waits for it ends this at once.
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP])
        .map_err(|error| refused(&format!("signals cannot be waited for: {error}"), ""))?;
    let listener = bind(place.address, place.port)
        .map_err(|error| refused(&why_not_bound(&place, &error), ""))?;
    let web = web_of_manifests(&settings.out, &settings.node, &settings.base_path);
    for problem in &web.problems {
        warn(
            globals,
            &problem.path,
            problem.bad.line,
            &problem.bad.message,
        );
    }
    let (node, start_path) = (settings.node.clone(), web.start());
    let serving = start(listener, serve_node(settings), place.name.as_deref())
        .map_err(|error| refused(&format!("it cannot be served: {error}"), ""))?;
    let url = format!("{}{start_path}", serving.url.trim_end_matches('/'));
    if globals.json {
        output::line(json!({ "event": "serving", "url": url, "node": node }));
    } else if !globals.quiet {
        output::line(format_args!("{url}  {node}"));
        if place.address.is_unspecified() {
            output::note(EVERYWHERE);
        }
    }
    arguments.place.open_browser(&url);
    // A signal, or the end of all signals.
    let _ = signals.forever().next();
    serving.stop();
    Ok(Status::Done)
}

/// The node to serve; why there is none, and a hint.
fn choose_node(out: &Path, wanted: Option<&str>) -> Result<String, (String, String)> {
    let build = "build the site with `rbgen build` first".to_string();
    let shown = print::clean(&out.to_string_lossy());
    let nodes = match nodes_of(out) {
        Ok(nodes) => nodes,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return Err((format!("there is no output in `{shown}`"), build));
        }
        Err(error) => return Err((format!("`{shown}` cannot be read: {error}"), String::new())),
    };
    let listed = nodes
        .iter()
        .map(|node| format!("`{node}`"))
        .collect::<Vec<_>>()
        .join(", ");
    match (wanted, nodes.as_slice()) {
        (_, []) => Err((format!("no node is built in `{shown}`"), build)),
        (None, [only]) => Ok(only.clone()),
        (None, _) => Err((
            format!("there is more than one node in `{shown}`: {listed}"),
            "choose one with `--node NODE`".to_string(),
        )),
        (Some(wanted), _) if nodes.iter().any(|node| node == wanted) => Ok(wanted.to_string()),
        (Some(wanted), _) => {
            let near = did_you_mean(wanted, nodes.iter().map(String::as_str));
            let wanted = print::clean(wanted);
            Err((
                format!("there is no node `{wanted}` in `{shown}`"),
                near.unwrap_or_else(|| format!("there are {listed}")),
            ))
        }
    }
}

/// Why a port could not be had, in one sentence without a full stop.
pub fn why_not_bound(place: &Place, error: &std::io::Error) -> String {
    let address = place.address;
    match (place.port, error.kind()) {
        (Port::Asked(port), ErrorKind::AddrInUse) => {
            format!("port {port} of {address} is taken by another program")
        }
        (Port::From(port), ErrorKind::AddrInUse) => {
            format!("port {port} of {address} and the next ones are taken")
        }
        (Port::Asked(port) | Port::From(port), _) => {
            format!("port {port} of {address} cannot be listened on: {error}")
        }
    }
}

/// Says why something cannot be served.
pub fn refuse(globals: &Globals, message: &str, hint: &str) -> Status {
    if globals.json {
        let hint = Some(hint).filter(|hint| !hint.is_empty());
        output::line(json!({ "event": "error", "error": message, "hint": hint }));
    }
    output::note(format_args!("\x1b[1;31merror\x1b[0m: {message}"));
    if !hint.is_empty() {
        output::note(format_args!("\x1b[1;36mhelp\x1b[0m: {hint}"));
    }
    Status::Unusable
}

fn warn(globals: &Globals, path: &str, line: usize, message: &str) {
    let message = print::clean(message);
    if globals.json {
        let said: Value =
            json!({ "event": "warning", "path": path, "line": line, "message": message });
        output::line(said);
    } else {
        output::note(format_args!(
            "\x1b[1;33mwarning\x1b[0m: {path}:{line}: {message}; the line is passed over"
        ));
    }
}
