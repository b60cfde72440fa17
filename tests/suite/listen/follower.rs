//! A running `rbgen listen`: what it tells is awaited, and it ends with the test.

use std::io::{BufRead, BufReader, Read};
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

/// How long anything may take: generous, because a machine may be busy.
pub const DEADLINE: Duration = Duration::from_secs(60);

/// Asks again and again until there is an answer.
#[track_caller]
pub fn until<T>(what: &str, mut ask: impl FnMut() -> Result<T, String>) -> T {
    let began = Instant::now();
    loop {
        match ask() {
            Ok(answer) => return answer,
            Err(found) => assert!(began.elapsed() < DEADLINE, "{what}: {found}"),
        }
        thread::sleep(Duration::from_millis(25));
    }
}

/// What it said so far.
#[derive(Default)]
struct Said {
    events: Mutex<Vec<Value>>,
    more: Condvar,
    errors: Mutex<String>,
}

/// A listener.
pub struct Follower {
    child: Child,
    said: Arc<Said>,
    /// How many events were looked at.
    seen: Mutex<usize>,
}

impl Follower {
    /// Starts a command that prints events as lines of JSON.
    pub fn start(mut command: Command) -> Follower {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let said = Arc::new(Said::default());
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let hears = Arc::clone(&said);
        thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let event = serde_json::from_str(&line).unwrap_or(Value::String(line));
                hears.events.lock().unwrap().push(event);
                hears.more.notify_all();
            }
        });
        let mut errors = child.stderr.take().unwrap();
        let hears = Arc::clone(&said);
        thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(count @ 1..) = errors.read(&mut bytes) {
                let text = String::from_utf8_lossy(&bytes[..count]).into_owned();
                hears.errors.lock().unwrap().push_str(&text);
            }
        });
        Follower {
            child,
            said,
            seen: Mutex::new(0),
        }
    }

    /// The number of its process.
    pub fn process(&self) -> u32 {
        self.child.id()
    }

    /// Passes over all events so far.
    pub fn forget(&self) {
        *self.seen.lock().unwrap() = self.said.events.lock().unwrap().len();
    }

    /// The next event that fits, of those that were not passed over yet.
    #[track_caller]
    pub fn next(&self, what: &str, fits: impl Fn(&Value) -> bool) -> Value {
        let began = Instant::now();
        let mut seen = self.seen.lock().unwrap();
        let mut events = self.said.events.lock().unwrap();
        loop {
            while *seen < events.len() {
                *seen += 1;
                let event = &events[*seen - 1];
                if fits(event) {
                    return event.clone();
                }
            }
            let left = DEADLINE.saturating_sub(began.elapsed());
            if left.is_zero() {
                drop(events);
                panic!("no {what} came:\n{}", self.told());
            }
            events = self.said.more.wait_timeout(events, left).unwrap().0;
        }
    }

    /// The next event of this name.
    #[track_caller]
    pub fn event(&self, name: &str) -> Value {
        self.next(name, |event| event["event"] == name)
    }

    /// How many events of this name came so far.
    pub fn count(&self, name: &str) -> usize {
        let events = self.said.events.lock().unwrap();
        events.iter().filter(|event| event["event"] == name).count()
    }

    /// All events so far, as text.
    pub fn told(&self) -> String {
        let events = self.said.events.lock().unwrap();
        let all: Vec<String> = events.iter().map(in_short).collect();
        format!("{}\n{}", all.join("\n"), self.said.errors.lock().unwrap())
    }

    /// Sends it a signal by its name.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("sh")
            .arg("-c")
            .arg(format!("kill -{name} {}", self.child.id()))
            .status()
            .unwrap();
        assert!(sent.success(), "{name}");
    }

    /// Waits for its end.
    #[track_caller]
    pub fn end(&mut self) -> ExitStatus {
        let began = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(
                began.elapsed() < DEADLINE,
                "it does not end:\n{}",
                self.told()
            );
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Ends it as it wants to be ended.
    #[track_caller]
    pub fn stop(self) {
        self.signal("TERM");
        self.stop_was_asked();
    }

    /// Waits for the end of one that was asked to end.
    #[track_caller]
    pub fn stop_was_asked(mut self) {
        let status = self.end();
        assert_eq!(status.code(), Some(0), "{}", self.told());
    }

    /// Ends it without a word.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An event in a line that can be read.
fn in_short(event: &Value) -> String {
    let deploy = &event["deploy"];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_string();
    let at = text(&event["at"])
        .get(11..23)
        .unwrap_or_default()
        .to_string();
    match event["event"].as_str() {
        Some("deployed") => format!(
            "{at} deployed {} {} {} {} {} {}",
            text(&deploy["node"]),
            text(&deploy["app"]),
            text(&deploy["status"]),
            text(&deploy["triggered_by"]),
            deploy["build_ms"],
            text(&deploy["error"]),
        ),
        Some("broken") => format!("{at} broken {}", event["diagnostics"][0]["message"]),
        _ => {
            let mut event = event.clone();
            if let Some(fields) = event.as_object_mut() {
                fields.remove("at");
            }
            format!("{at} {event}")
        }
    }
}

/// What a supervisor such as systemd has for the services that it starts: a socket to be told at.
pub struct Supervisor {
    socket: UnixDatagram,
}

impl Supervisor {
    /// At a path, for a command that is to give a sign of life so often.
    pub fn of(command: &mut Command, path: &Path, watchdog: Duration) -> Supervisor {
        command
            .env("NOTIFY_SOCKET", path)
            .env("WATCHDOG_USEC", watchdog.as_micros().to_string())
            .env_remove("WATCHDOG_PID");
        Supervisor {
            socket: UnixDatagram::bind(path).unwrap(),
        }
    }

    /// Waits until it is told something that begins so.
    #[track_caller]
    pub fn until_told(&self, words: &str) {
        let began = Instant::now();
        let mut told = Vec::new();
        let mut bytes = [0; 4096];
        while !told.iter().any(|line: &String| line.starts_with(words)) {
            let left = DEADLINE.saturating_sub(began.elapsed());
            assert!(!left.is_zero(), "no {words}: {told:?}");
            self.socket.set_read_timeout(Some(left)).unwrap();
            if let Ok(count) = self.socket.recv(&mut bytes) {
                let text = String::from_utf8_lossy(&bytes[..count]).into_owned();
                told.extend(text.lines().map(str::to_string));
            }
        }
    }

    /// Forgets what it was told.
    pub fn forget(&self) {
        self.socket.set_nonblocking(true).unwrap();
        while self.socket.recv(&mut [0; 4096]).is_ok() {}
        self.socket.set_nonblocking(false).unwrap();
    }
}
