//! Processes that are not what they say: nothing that they answer, and nothing that they do not answer, stops a
//! build.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Instant;

use rbgen::render::react::FaultKind::{Limits, Runner as OfStage};
use rbgen::render::react::{Call, Runner};
use rbgen::sandbox::Sandbox;

use super::{DAY, HELLO, PATIENCE, PREACT, hello, render};

/// A folder with programs that act as one of ours.
struct Impostors(tempfile::TempDir);

impl Impostors {
    fn new() -> Impostors {
        let folder = tempfile::tempdir().unwrap();
        let greeting = Command::new(env!("CARGO_BIN_EXE_rbgen"))
            .arg("react-worker")
            .stdin(Stdio::null())
            .output()
            .unwrap();
        assert!(greeting.status.success() && !greeting.stdout.is_empty());
        fs::write(folder.path().join("greeting"), greeting.stdout).unwrap();
        Impostors(folder)
    }

    /// A program that is a script of a shell, where `$greeting` is what ours say first, and 3 is what it is
    /// asked.
    fn program(&self, script: &str) -> PathBuf {
        let path = self.0.path().join("program");
        let greeting = self.0.path().join("greeting");
        let text = format!(
            "#!/bin/sh\nPATH=/usr/bin:/bin\ngreeting={}\nexec 3<&0\n{script}\n",
            greeting.display()
        );
        // Another file each time: one that is being written cannot be run.
        let _ = fs::remove_file(&path);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path
    }
}

#[test]
fn answers_that_are_none_end_the_process_and_not_the_build() {
    let impostors = Impostors::new();
    for (name, script, kind) in [
        (
            "garbage",
            "cat $greeting; printf 'garbage and more'; exec sleep 1000",
            Limits,
        ),
        (
            "a frame of four gigabytes",
            "cat $greeting; printf '\\377\\377\\377\\377'; exec sleep 1000",
            Limits,
        ),
        (
            "zeros without end",
            "cat $greeting; exec cat /dev/zero",
            Limits,
        ),
        (
            "that it has nothing, twice",
            "cat <&3 >/dev/null & cat $greeting; printf '\\1\\0\\0\\0\\0'; sleep 1; printf '\\1\\0\\0\\0\\0'; exec sleep 1000",
            Limits,
        ),
        (
            "an answer to another question",
            // An outline that says no more than that.
            "cat $greeting; printf '\\3\\0\\0\\0\\1\\0\\0'; exec sleep 1000",
            OfStage,
        ),
        (
            "nothing, but it stays",
            "cat $greeting; exec >&-; exec sleep 1000",
            Limits,
        ),
        ("an end at once", "cat $greeting; exit 3", Limits),
        ("a crash", "cat $greeting; kill -SEGV $$", Limits),
        ("a crash before it greets", "kill -SEGV $$", OfStage),
        (
            "another greeting",
            "printf '\\5\\0\\0\\0hello'; exec sleep 1000",
            OfStage,
        ),
    ] {
        let began = Instant::now();
        let sandbox = Sandbox::new(impostors.program(script));
        let fault = render(&sandbox, HELLO).unwrap_err();
        assert_eq!(fault.kind, kind, "{name}: {fault:?}");
        drop(sandbox);
        assert!(began.elapsed() < PATIENCE, "{name}");
    }
}

/// Where memory ends in our own code, the process is aborted, and the component is told why.
#[cfg(target_os = "linux")]
#[test]
fn a_process_without_memory_left_is_told_in_words() {
    let impostors = Impostors::new();
    // In KiB: enough to begin with, and too little for what follows.
    let script = format!(
        "ulimit -v 420000; exec {} react-worker 3<&-",
        env!("CARGO_BIN_EXE_rbgen")
    );
    let sandbox = Sandbox::new(impostors.program(&script));
    hello(&sandbox);
    let props = format!("{{\"name\": \"{}\"}}", "x".repeat(60 * 1024 * 1024));
    let fault = sandbox
        .render(&Call {
            runtime: &PREACT,
            code: HELLO,
            props: &props,
            day: DAY,
            block: "block",
        })
        .unwrap_err();
    assert_eq!(fault.kind, Limits);
    assert!(fault.message.contains("SIGABRT"), "{fault:?}");
    // The component is to blame for it, and others are not.
    assert!(render(&sandbox, "export default () => <p/>").is_ok());
    let props = format!("{props}{props}");
    let fault = sandbox
        .render(&Call {
            runtime: &PREACT,
            code: "export default () => <i/>",
            props: &props,
            day: DAY,
            block: "block",
        })
        .unwrap_err();
    assert!(fault.message.contains("too long"), "{fault:?}");
}
