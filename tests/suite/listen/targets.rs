//! Targets that cannot be written to for a while: what is live stays whole, and they recover by themselves.

use std::process::Command;

use super::follower::Follower;
use super::world::World;
use crate::harness::text;
use crate::postgres::server_user;

fn is_root() -> bool {
    server_user().is_some()
}

/// A listener that sees the folder of one node as a small disk of its own.
fn with_small_disk(world: &World, node: &str) -> Follower {
    let target = world.target(node);
    std::fs::create_dir_all(&target).unwrap();
    let listener = world.listen_command(&["--lease", "2"]);
    let mut command = Command::new("unshare");
    // Whoever is not root becomes it in a name space of users, too.
    command.arg(if is_root() { "-m" } else { "-Urm" });
    command
        .args([
            "sh",
            "-c",
            r#"mount -t tmpfs -o size=1536k tmpfs "$0" && exec "$@""#,
        ])
        .arg(&target)
        .arg(listener.get_program())
        .args(listener.get_args())
        .current_dir(listener.get_current_dir().unwrap());
    for (name, value) in listener.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    Follower::start(command)
}

/// Runs a command where the listener sees its disk.
#[track_caller]
fn beside(follower: &Follower, script: &str, argument: &std::path::Path) {
    let users: &[&str] = match is_root() {
        true => &[],
        false => &["-U", "--preserve-credentials"],
    };
    let output = Command::new("nsenter")
        .args(["-t", &follower.process().to_string(), "-m"])
        .args(users)
        .args(["sh", "-c", script])
        .arg(argument)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
}

/// What is live of a node as the listener sees it.
fn live_text(world: &World, follower: &Follower) -> String {
    let seen = std::path::Path::new("/proc")
        .join(follower.process().to_string())
        .join("root")
        .join(world.target("one").strip_prefix("/").unwrap())
        .join("play/current/play/index.html");
    std::fs::read_to_string(seen).unwrap_or_default()
}

/// Makes a target fail with `breaks`, changes rows, sees that what is live stays, and mends it with `mends`.
fn fails_for_a_while(breaks: &str, says: &str, mends: &str) {
    let world = World::of(&["one", "three"]);
    let follower = with_small_disk(&world, "one");
    follower.event("ready");
    world.accounted(&follower);
    let target = world.target("one");
    beside(&follower, breaks, &target);
    let before = live_text(&world, &follower);
    assert!(before.contains("A table by the window"));
    follower.forget();
    world.title("there is no room for this");
    world.add_page("code", "elsewhere");
    let failed = follower.next("failed deploy", |event| {
        event["event"] == "deployed" && event["deploy"]["status"] == "failed"
    });
    assert_eq!(failed["deploy"]["node"], "one");
    let error = failed["deploy"]["error"].as_str().unwrap();
    assert!(error.contains(says), "{error}");
    assert_eq!(live_text(&world, &follower), before);
    // The other node has its change meanwhile.
    world.until_live(
        &follower,
        ("three/code", "code/elsewhere/index.html"),
        "html",
        true,
    );
    assert_eq!(
        world.sql(
            "SELECT count(*) > 0, bool_and(build_log LIKE '%RB%') FROM robbieblocks_deploys
             WHERE node_id = 'one' AND deploy_status = 'failed'"
        ),
        "t|t"
    );
    assert_eq!(live_text(&world, &follower), before);
    beside(&follower, mends, &target);
    world.accounted(&follower);
    assert!(live_text(&world, &follower).contains("there is no room for this"));
    // Another change goes its usual way.
    world.title("and for this");
    world.accounted(&follower);
    let seen = std::path::PathBuf::from(format!("/proc/{}/root", follower.process()));
    let seen = seen
        .join(target.strip_prefix("/").unwrap())
        .join("play/current");
    let clean = world.clean();
    let live = crate::harness::tree(&seen);
    for (path, bytes) in &clean["one/play"] {
        assert_eq!(live.get(path), Some(bytes), "{path}");
    }
    follower.stop();
}

#[test]
fn a_full_disk_is_waited_for() {
    fails_for_a_while(
        r#"cat /dev/zero >"$0/filler" 2>/dev/null; test -s "$0/filler""#,
        "No space left on device",
        r#"rm "$0/filler""#,
    );
}

#[test]
fn a_disk_that_is_read_only_is_waited_for() {
    fails_for_a_while(
        r#"mount -o remount,ro "$0""#,
        "Read-only file system",
        r#"mount -o remount,rw "$0""#,
    );
}
