//! How a listener ends when it is asked to, and what it tells a supervisor.

use std::thread;
use std::time::Duration;

use super::follower::{Follower, Supervisor};
use super::world::{World, insert_page, set_title};

#[test]
fn an_idle_listener_ends_at_once_and_says_goodbye() {
    let world = World::of(&["one", "three"]);
    for name in ["TERM", "INT"] {
        let mut follower = world.listen(&[]);
        world.promises(&follower);
        let online =
            "SELECT string_agg(node_id || ' ' || is_online, ', ' ORDER BY node_id) FROM sync_nodes";
        assert_eq!(world.sql(online), "one true, three true");
        follower.signal(name);
        assert_eq!(follower.end().code(), Some(0), "{}", follower.told());
        assert_eq!(world.sql(online), "one false, three false");
        assert_eq!(follower.count("stopping"), 1);
    }
}

#[test]
fn a_listener_that_is_ended_in_a_burst_finishes_what_it_does() {
    let world = World::of(&["one", "two"]);
    for round in 0..3 {
        let mut follower = world.listen(&[]);
        thread::scope(|scope| {
            let burst = scope.spawn(|| {
                for number in 0..20 {
                    let page = insert_page("play", &format!("p{round}x{number}"));
                    world.sql(&(set_title("home", &number.to_string()) + &page));
                }
            });
            follower.event("deployed");
            follower.signal("TERM");
            assert_eq!(follower.end().code(), Some(0), "{}", follower.told());
            assert_eq!(
                world.sql("SELECT count(*) FROM robbieblocks_deploys WHERE completed_at IS NULL"),
                "0"
            );
            // What it has claimed it has settled.
            assert_eq!(
                world.sql(
                    "SELECT count(*) FROM robbieblocks_trigger_receipts WHERE state = 'claimed'"
                ),
                "0"
            );
            burst.join().unwrap();
        });
    }
    let follower = world.listen(&[]);
    world.promises(&follower);
    follower.stop();
}

#[test]
fn a_supervisor_is_told_how_it_goes() {
    let world = World::of(&["one"]);
    let mut command = world.listen_command(&[]);
    let path = world.site.beside("notify");
    let supervisor = Supervisor::of(&mut command, &path, Duration::from_secs(2));
    let follower = Follower::start(command);
    supervisor.until_told("READY=1");
    // Again and again, also while nothing happens.
    supervisor.until_told("WATCHDOG=1");
    supervisor.until_told("WATCHDOG=1");
    world.sql("UPDATE robbieblocks_pages SET layout_template = 'none' WHERE page_key = 'home'");
    supervisor.until_told("STATUS=the content has errors");
    world.sql(
        "UPDATE robbieblocks_pages SET layout_template = 'single-column' WHERE page_key = 'home'",
    );
    supervisor.until_told("STATUS=up to date");
    world.accounted(&follower);
    follower.signal("TERM");
    supervisor.until_told("STOPPING=1");
    follower.stop_was_asked();
}
