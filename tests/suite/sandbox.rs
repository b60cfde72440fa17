//! React code in processes of its own: they are started, killed, asked by many and ended, and nobody notices.

mod hostile;
mod impostors;
mod sources;

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use rbgen::model::{Library, Packages, TextFile};
use rbgen::render::react::{Call, Fault, FaultKind, Rendered, Runner, Runtime, runtime};
use rbgen::sandbox::Sandbox;
use rustix::process::{Pid, Signal, kill_process};

use crate::harness::project;

/// Renders `<p>Hello, World</p>` for [`WORLD`].
const HELLO: &str = "export default function Hello({ name }) { return <p>{`Hello, ${name}`}</p>; }";
const WORLD: &str = r#"{"name": "World"}"#;

/// 2026-01-01.
const DAY: i64 = 1_767_225_600_000;

/// How long something that happens soon may take on a machine that has much else to do.
const PATIENCE: Duration = Duration::from_secs(60);

static PREACT: LazyLock<Arc<Runtime>> = LazyLock::new(|| library(Library::Preact));
static REACT: LazyLock<Arc<Runtime>> = LazyLock::new(|| library(Library::React));

fn library(library: Library) -> Arc<Runtime> {
    let folder = project().join("tests/react/node_modules");
    let files = library.files().iter().filter_map(|path| {
        let text = fs::read_to_string(folder.join(path)).ok()?;
        let file = TextFile {
            origin: Arc::from(*path),
            text: text.into(),
        };
        Some((path.to_string(), file))
    });
    let packages = Packages {
        folder: "node_modules".into(),
        files: files.collect::<BTreeMap<_, _>>(),
        can_be_there: true,
        has_lock: true,
    };
    let made = runtime::runtime(library, &packages);
    Arc::new(made.expect("`npm ci --prefix tests/react` was run"))
}

fn render_with(stage: &dyn Runner, library: &Arc<Runtime>, code: &str) -> Result<Rendered, Fault> {
    stage.render(&Call {
        runtime: library,
        code,
        props: WORLD,
        day: DAY,
        block: "block",
    })
}

fn render(stage: &dyn Runner, code: &str) -> Result<Rendered, Fault> {
    render_with(stage, &PREACT, code)
}

/// With the props that [`HELLO`] takes.
fn with_name(stage: &dyn Runner, code: &str, name: &str) -> Result<Rendered, Fault> {
    stage.render(&Call {
        runtime: &PREACT,
        code,
        props: &format!("{{\"name\": \"{name}\"}}"),
        day: DAY,
        block: "block",
    })
}

fn hello(stage: &dyn Runner) {
    let rendered = render(stage, HELLO);
    assert_eq!(
        rendered,
        Ok(Rendered {
            html: "<p>Hello, World</p>".into(),
            asked_time: false
        })
    );
}

fn sandbox() -> Sandbox {
    Sandbox::new(PathBuf::from(env!("CARGO_BIN_EXE_rbgen")))
}

/// A name for the program that no other test has, so that its processes can be told apart.
struct Program(PathBuf);

impl Program {
    fn own() -> Program {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("rb-{}-{number}", std::process::id());
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let program = env!("CARGO_BIN_EXE_rbgen");
        if fs::hard_link(program, &path).is_err() {
            fs::copy(program, &path).unwrap();
        }
        Program(path)
    }

    fn sandbox(&self) -> Sandbox {
        Sandbox::new(self.0.clone())
    }

    /// The processes of the program, also those that have ended and that nobody has waited for.
    fn processes(&self) -> Vec<Pid> {
        let name = self.0.file_name().unwrap().to_str().unwrap();
        let listed = Command::new("ps")
            .args(["-A", "-o", "pid=", "-o", "comm="])
            .output()
            .unwrap();
        let listed = String::from_utf8_lossy(&listed.stdout);
        let lines = listed
            .lines()
            .filter_map(|line| line.trim().split_once(' '));
        lines
            .filter(|(_, command)| {
                let command = command.trim_end_matches(" <defunct>");
                command.trim().rsplit('/').next() == Some(name)
            })
            .filter_map(|(pid, _)| Pid::from_raw(pid.parse().ok()?))
            .collect()
    }

    fn kill_all(&self) {
        for process in self.processes() {
            // It may have ended.
            let _ = kill_process(process, Signal::KILL);
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

/// Waits for a condition.
fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < PATIENCE, "in vain: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_process_killed_while_nobody_asks_is_replaced() {
    let program = Program::own();
    let sandbox = program.sandbox();
    for _ in 0..3 {
        hello(&sandbox);
        assert_eq!(program.processes().len(), 1);
        program.kill_all();
    }
    hello(&sandbox);
}

/// Whoever kills a process does not make the component faulty.
#[test]
fn a_process_killed_while_it_works_is_replaced() {
    let program = Program::own();
    let sandbox = program.sandbox();
    // It takes a while, and ends.
    let slow = "export default function Slow() {
        const words = [];
        for (let i = 0; i < 400000; i++) words.push(String(i * 7 % 1000));
        return <p>{words.sort().length}</p>;
    }";
    let expected = render(&sandbox, slow);
    assert_eq!(expected.as_ref().unwrap().html, "<p>400000</p>");
    let mut is_killed = false;
    for _ in 0..5 {
        std::thread::scope(|scope| {
            let rendering = scope.spawn(|| render(&sandbox, slow));
            let before = program.processes();
            program.kill_all();
            is_killed |= !before.is_empty();
            assert_eq!(rendering.join().unwrap(), expected);
        });
    }
    assert!(is_killed);
    hello(&sandbox);
}

#[test]
fn many_threads_are_served_at_once() {
    let program = Program::own();
    let sandbox = program.sandbox();
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let sandbox = &sandbox;
            scope.spawn(move || {
                let own = format!("export default () => <i>{{'{thread}'}}</i>");
                for _ in 0..50 {
                    hello(sandbox);
                    let html = render(sandbox, &own).unwrap().html;
                    assert_eq!(html, format!("<i>{thread}</i>"));
                }
            });
        }
    });
    let processes = program.processes().len();
    assert!((1..=8).contains(&processes), "{processes}");
}

/// More components than a process keeps.
#[test]
fn components_that_a_process_has_forgotten_are_sent_again() {
    let program = Program::own();
    let sandbox = program.sandbox();
    for round in 0..3 {
        for number in 0..40 {
            let code = format!("export default () => <b>{{'{number}'}}</b>");
            let html = render(&sandbox, &code).unwrap().html;
            assert_eq!(html, format!("<b>{number}</b>"), "in round {round}");
            assert!(sandbox.outline(&code).is_ok());
        }
    }
    // One that compiles, and one that renders.
    assert_eq!(program.processes().len(), 2);
}

#[test]
fn both_libraries_are_served() {
    let sandbox = sandbox();
    for library in [&PREACT, &REACT, &PREACT] {
        let rendered = render_with(&sandbox, library, HELLO).unwrap();
        assert!(
            rendered.html.ends_with("<p>Hello, World</p>"),
            "{rendered:?}"
        );
    }
}

#[test]
fn nothing_is_left_of_a_sandbox() {
    let program = Program::own();
    let sandbox = program.sandbox();
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| hello(&sandbox));
        }
    });
    assert!(!program.processes().is_empty());
    drop(sandbox);
    // Those that nobody has waited for would be there.
    assert_eq!(program.processes(), []);
}

/// This test runs itself as the build that is killed.
#[test]
fn nothing_is_left_of_a_build_that_is_killed() {
    const PARENT: &str = "RBGEN_TEST_SANDBOX";
    if let Some(program) = std::env::var_os(PARENT) {
        let sandbox = Sandbox::new(program.into());
        std::thread::scope(|scope| {
            let busy = || render(&sandbox, "export default () => { for (;;); }");
            scope.spawn(busy);
            hello(&sandbox);
            println!("\nrendered");
            std::thread::park();
        });
    }
    let program = Program::own();
    let mut parent = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "sandbox::nothing_is_left_of_a_build_that_is_killed",
        ])
        .arg("--nocapture")
        .env(PARENT, &program.0)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let said = BufReader::new(parent.stdout.take().unwrap());
    assert!(said.lines().any(|line| line.unwrap() == "rendered"));
    assert!(!program.processes().is_empty());
    parent.kill().unwrap();
    parent.wait().unwrap();
    until("no process is left", || program.processes().is_empty());
}

#[test]
fn what_took_too_much_is_not_tried_again_until_it_is_forgotten() {
    let sandbox = sandbox();
    let endless = "export default () => { for (;;); }";
    let first = render(&sandbox, endless).unwrap_err();
    assert_eq!(first.kind, FaultKind::Limits);
    let began = Instant::now();
    for _ in 0..1000 {
        assert_eq!(render(&sandbox, endless), Err(first.clone()));
    }
    assert!(began.elapsed() < Duration::from_secs(1));
    // With other props it would have ended.
    let by_props =
        "export default ({ name }) => { while (name === 'World'); return <p>{name}</p>; }";
    assert!(with_name(&sandbox, by_props, "World").is_err());
    sandbox.begin();
    assert_eq!(
        with_name(&sandbox, by_props, "moon").unwrap().html,
        "<p>moon</p>"
    );
}

/// Two threads wait for the same component, and both get its fault.
#[test]
fn a_hostile_component_that_many_ask_for_blocks_nobody() {
    let sandbox = sandbox();
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                let fault = render(&sandbox, "export default () => { for (;;); }").unwrap_err();
                assert_eq!(fault.kind, FaultKind::Limits);
                hello(&sandbox);
            });
        }
    });
}

/// A program that is no rbgen, or none at all.
#[test]
fn a_program_that_cannot_be_used_is_told() {
    for program in ["/nothing/here", "/bin/ls", "/bin/cat", "/bin/echo", "/"] {
        let fault = render(&Sandbox::new(program.into()), HELLO).unwrap_err();
        assert_eq!(fault.kind, FaultKind::Runner, "{program}: {fault:?}");
        let faults = Sandbox::new(program.into()).outline(HELLO).unwrap_err();
        assert_eq!(faults[0].kind, FaultKind::Runner, "{program}: {faults:?}");
    }
}

/// Frames that are too long, and messages that are none.
#[test]
fn a_process_that_is_told_nonsense_ends() {
    use std::io::{Read, Write};
    for nonsense in [
        &[0xFF; 64][..],
        &[1, 0, 0, 0, 99],
        b"GET / HTTP/1.1\r\n\r\n",
    ] {
        let mut process = Command::new(env!("CARGO_BIN_EXE_rbgen"))
            .arg("react-worker")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut requests = process.stdin.take().unwrap();
        // It may have ended before it has read all.
        let _ = requests.write_all(nonsense);
        let mut said = Vec::new();
        process
            .stdout
            .take()
            .unwrap()
            .read_to_end(&mut said)
            .unwrap();
        assert!(!process.wait().unwrap().success());
        let greeting = u32::from_le_bytes(said[..4].try_into().unwrap()) as usize;
        assert_eq!(said.len(), 4 + greeting, "it said more than its greeting");
    }
}

/// What a process may do, as Linux tells it.
#[cfg(target_os = "linux")]
#[test]
fn a_process_can_open_and_start_nothing() {
    let program = Program::own();
    let sandbox = program.sandbox();
    hello(&sandbox);
    let process = program.processes()[0].as_raw_nonzero();
    let read = |what: &str| fs::read_to_string(format!("/proc/{process}/{what}")).unwrap();
    let limits = read("limits");
    for limit in [
        "Max file size",
        "Max open files",
        "Max processes",
        "Max core file size",
    ] {
        let line = limits.lines().find_map(|line| line.strip_prefix(limit));
        let values: Vec<&str> = line.unwrap().split_whitespace().take(2).collect();
        assert_eq!(values, ["0", "0"], "{limit}");
    }
    assert!(!limits.contains("Max address space         unlimited"));
    let is_told = |line: &str| read("status").lines().any(|other| other == line);
    assert!(is_told("NoNewPrivs:\t1") && is_told("Threads:\t2"));
    assert_eq!(read("environ"), "TZ=UTC\0");
    let folder = fs::read_link(format!("/proc/{process}/cwd")).unwrap();
    assert_eq!(folder, Path::new("/"));
}
