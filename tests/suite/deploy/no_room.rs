//! A target that takes nothing: read-only, full, or with a limit for files. What is live stays, the record
//! says why, and with room again the next deploy does it.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::{Deployed, assert_release_whole, document, mark_of};
use crate::harness::text;
use crate::postgres::server_user;

/// A program that runs a script with mounts of its own, where this machine lets us have them.
fn with_own_mounts() -> Option<Command> {
    let arguments = [&["-m"][..], &["-Urm"]];
    let works = |arguments: &&&[&str]| {
        let script = ["sh", "-c", "mount -t tmpfs none /mnt"];
        let output = Command::new("unshare")
            .args(**arguments)
            .args(script)
            .output();
        output.is_ok_and(|output| output.status.success())
    };
    let arguments = arguments.iter().find(works)?;
    let mut command = Command::new("unshare");
    command.args(*arguments).args(["sh", "-e", "-c"]);
    Some(command)
}

/// A program that runs a script for which modes mean what they say, also where it is root.
fn bound_by_modes() -> Command {
    let mut command = match server_user() {
        None => Command::new("env"),
        Some(_) => {
            let mut command = Command::new("setpriv");
            command.arg("--bounding-set=-dac_override,-dac_read_search");
            command
        }
    };
    command.args(["sh", "-e", "-c"]);
    command
}

/// Runs a script in the folder of the site; `$RBGEN` and `$TARGET` are what they say.
#[track_caller]
fn run(mut command: Command, deployed: &Deployed, script: &str) {
    let output = command
        .arg(script)
        .current_dir(deployed.site.root())
        .env("RBGEN", env!("CARGO_BIN_EXE_rbgen"))
        .env("TARGET", deployed.target())
        .env("NO_COLOR", "1")
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{script}: {}",
        text(&output.stderr)
    );
}

fn read(deployed: &Deployed, path: &str) -> Value {
    serde_json::from_str(&deployed.site.read(path))
        .unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The last deploy failed at the target, and said so in its record.
#[track_caller]
fn assert_failed(deployed: &Deployed, said: &Value, why: &str) {
    assert_eq!(said["diagnostics"][0]["code"], "RB1002", "{said}");
    let record = deployed.records().pop().unwrap();
    assert_eq!(record["deploy_status"], "failed", "{record}");
    let reason = record["error_message"].as_str().unwrap();
    assert!(reason.contains(why), "{reason}");
    assert!(
        record["build_log"].as_str().unwrap().contains(reason),
        "{record}"
    );
}

/// What is live in a target or in a copy of one: its mark, when it is whole.
#[track_caller]
fn live_in(target: &Path, what: &str) -> String {
    let app = target.join("play");
    let to = fs::read_link(app.join("current")).unwrap();
    let release = to.file_name().unwrap().to_str().unwrap();
    assert_release_whole(&app.join("releases"), release, what);
    mark_of(&fs::read(app.join("current/play/index.html")).unwrap())
}

#[test]
fn a_target_that_is_read_only_stays_as_it_is() {
    let deployed = Deployed::keeping(2);
    deployed.publish("one");
    deployed.mark("two");
    let deploy = "code=0; \"$RBGEN\" deploy --json > said.json || code=$?; echo $code > code";
    let (command, before, after) = match with_own_mounts() {
        Some(command) => {
            let mount =
                "mount --bind \"$TARGET\" \"$TARGET\"; mount -o remount,ro,bind \"$TARGET\"";
            (command, mount, "")
        }
        None => (
            bound_by_modes(),
            "find \"$TARGET\" -type d -exec chmod a-w {} +",
            "find \"$TARGET\" -type d -exec chmod u+w {} +",
        ),
    };
    run(command, &deployed, &format!("{before}\n{deploy}\n{after}"));
    assert_eq!(deployed.site.read("code"), "4\n");
    assert_failed(&deployed, &read(&deployed, "said.json"), "srv/.rbgen/");
    assert_eq!(live_in(&deployed.target(), "read-only"), "one");
    deployed.publish("two");
    assert_eq!(live_in(&deployed.target(), "writable again"), "two");
    deployed.assert_swept("writable again");
}

#[test]
fn a_limit_for_files_stops_a_deploy_and_nothing_else() {
    deploy_with_a_limit();
}

/// As on a full disk: no file may be longer than so many kilobytes.
fn deploy_with_a_limit() {
    let deployed = Deployed::keeping(2);
    deployed.publish("one");
    deployed.mark("two");
    deployed.site.write("static/large.bin", vec![7; 300_000]);
    deployed.site.ok(&["build"]);
    let mut command = Command::new("bash");
    command.args(["-e", "-c"]);
    let script = "trap '' XFSZ; ulimit -f 200\n\
                  code=0; \"$RBGEN\" deploy --json > said.json || code=$?; echo $code > code";
    run(command, &deployed, script);
    assert_eq!(deployed.site.read("code"), "4\n");
    assert_failed(&deployed, &read(&deployed, "said.json"), "File too large");
    assert_eq!(live_in(&deployed.target(), "limited"), "one");
    deployed.assert_swept("limited");
    deployed.publish("two");
    assert_eq!(live_in(&deployed.target(), "without a limit"), "two");
}

#[test]
fn a_full_disk_is_freed_and_the_next_deploy_works() {
    // Where nothing may be mounted, a limit is as near to it as one comes.
    let Some(command) = with_own_mounts() else {
        return deploy_with_a_limit();
    };
    let deployed = Deployed::keeping(2);
    fs::create_dir_all(deployed.target()).unwrap();
    deployed.mark("one");
    let script = "mount -t tmpfs -o size=400k none \"$TARGET\"\n\
        \"$RBGEN\" deploy --json > first.json\n\
        sed -i 's/<b>one/<b>two/' themes/base/partials/nav.html\n\
        mkdir -p static; head -c 600000 /dev/zero > static/large.bin\n\
        code=0; \"$RBGEN\" deploy --json > full.json || code=$?; echo $code > code\n\
        cp -a \"$TARGET\" ../full\n\
        : what a killed deploy left takes all room, also that for a number\n\
        code=0; RBGEN_FAILPOINT=deploy-file:1 \"$RBGEN\" deploy || code=$?; test $code -gt 128\n\
        head -c 600000 /dev/zero > \"$TARGET\"/.rbgen/staged/rest || true\n\
        rm static/large.bin\n\
        \"$RBGEN\" deploy --json > after.json\n\
        cp -a \"$TARGET\" ../after";
    run(command, &deployed, script);
    assert_eq!(
        read(&deployed, "first.json")["deploys"][0]["status"],
        "success"
    );
    assert_eq!(deployed.site.read("code"), "4\n");
    let full = read(&deployed, "full.json");
    assert_eq!(full["diagnostics"][0]["code"], "RB1002", "{full}");
    let message = full["deploys"][0]["error"].as_str().unwrap();
    assert!(message.contains("No space left"), "{message}");
    assert_eq!(live_in(&deployed.site.beside("full"), "full"), "one");
    assert!(!deployed.site.beside("full/.rbgen/staged/rest").exists());
    assert!(super::names(&deployed.site.beside("full/.rbgen/staged")).is_empty());
    let statuses: Vec<String> = deployed
        .records()
        .iter()
        .map(|record| record["deploy_status"].as_str().unwrap().to_string())
        .collect();
    assert_eq!(statuses, ["success", "failed", "failed", "success"]);
    assert_eq!(live_in(&deployed.site.beside("after"), "after"), "two");
    let json = read(&deployed, "after.json");
    assert_eq!(json["deploys"][0]["status"], "success", "{json}");
    let output = deployed.rbgen(&["deploys", "--json"]);
    assert_eq!(document(&output)["deploys"].as_array().unwrap().len(), 4);
}
