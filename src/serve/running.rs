//! A server while it runs: its port, its thread, and its end.

use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::thread::JoinHandle;
use std::time::Duration;

use axum::Router;
use axum::serve::ListenerExt;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::sync::oneshot;

/// The port that is taken where none is asked for.
pub const DEFAULT_PORT: u16 = 4321;

/// How many ports after the default one are tried.
const OTHER_PORTS: u16 = 20;

/// Which port a server is to have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Port {
    /// This one or none; 0 is any that is free.
    Asked(u16),
    /// The first free one from here on.
    From(u16),
}

/// Takes a port at an address.
pub fn bind(address: IpAddr, port: Port) -> io::Result<TcpListener> {
    let (first, others) = match port {
        Port::Asked(port) => (port, 0),
        Port::From(port) => (port, OTHER_PORTS),
    };
    let mut ports = first..=first.saturating_add(others);
    loop {
        let port = ports.next().unwrap_or(first);
        match TcpListener::bind(SocketAddr::new(address, port)) {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse && !ports.is_empty() => {}
            bound => return bound,
        }
    }
}

/// A server that runs in a thread of its own, until it is stopped or dropped.
#[derive(Debug)]
pub struct Serving {
    /// Its start page, such as `http://127.0.0.1:4321/`.
    pub url: String,
    /// What it listens on.
    pub address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// Begins to answer. `name` is the host in the address that people see; without one it is the address
/// that is listened on, or this machine's own where that is all of them.
pub fn start(listener: TcpListener, router: Router, name: Option<&str>) -> io::Result<Serving> {
    raise_file_limit();
    let address = listener.local_addr()?;
    listener.set_nonblocking(true)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .max_blocking_threads(16)
        .build()?;
    let (stop, stopped) = oneshot::channel::<()>();
    let thread = std::thread::Builder::new()
        .name("serve".to_string())
        .spawn(move || {
            runtime.block_on(answer_all(listener, router, stopped));
            runtime.shutdown_timeout(Duration::from_millis(200));
        })?;
    Ok(Serving {
        url: url_of(address, name),
        address,
        stop: Some(stop),
        thread: Some(thread),
    })
}

/// Lets the process open as many files as it may: each browser holds some, and builds need theirs as well.
fn raise_file_limit() {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        ..limit
    };
    // With fewer it goes on as well as it can.
    let _ = setrlimit(Resource::Nofile, raised);
}

/// Answers until it is told to stop; answers that are on their way then have a moment.
async fn answer_all(listener: TcpListener, router: Router, stopped: oneshot::Receiver<()>) {
    const MOMENT: Duration = Duration::from_millis(300);
    let Ok(listener) = tokio::net::TcpListener::from_std(listener) else {
        return;
    };
    // An event is a few bytes, and is not to wait for more.
    let listener = listener.tap_io(|connection| {
        let _ = connection.set_nodelay(true);
    });
    let (ending, ended) = oneshot::channel::<()>();
    let serving = axum::serve(listener, router).with_graceful_shutdown(async {
        let _ = stopped.await;
        drop(ending);
    });
    let too_long = async {
        let _ = ended.await;
        tokio::time::sleep(MOMENT).await;
    };
    tokio::select! {
        _ = async { serving.await } => {}
        () = too_long => {}
    }
}

fn url_of(address: SocketAddr, name: Option<&str>) -> String {
    let port = address.port();
    let loopback: IpAddr = match address.ip() {
        IpAddr::V4(_) => std::net::Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(_) => std::net::Ipv6Addr::LOCALHOST.into(),
    };
    let ip = match address.ip() {
        ip if ip.is_unspecified() => loopback,
        ip => ip,
    };
    match name {
        Some(name) => format!("http://{name}:{port}/"),
        None => format!("http://{}/", SocketAddr::new(ip, port)),
    }
}

impl Serving {
    /// Ends it, and waits until it has ended.
    pub fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.end();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    #[test]
    fn a_port_that_is_taken_is_left_to_who_has_it() {
        let taken = bind(HERE, Port::Asked(0)).unwrap();
        let port = taken.local_addr().unwrap().port();
        let error = bind(HERE, Port::Asked(port)).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
        let other = bind(HERE, Port::From(port)).unwrap();
        assert_ne!(other.local_addr().unwrap().port(), port);
    }

    #[test]
    fn the_address_that_people_see_leads_to_the_server() {
        let url = |address: &str, name| url_of(address.parse().unwrap(), name);
        assert_eq!(url("0.0.0.0:80", None), "http://127.0.0.1:80/");
        assert_eq!(url("[::]:80", None), "http://[::1]:80/");
        assert_eq!(url("192.168.1.5:4321", None), "http://192.168.1.5:4321/");
        assert_eq!(url("127.0.0.1:80", Some("dev.test")), "http://dev.test:80/");
    }
}
