//! Two listeners for the same nodes and targets: each change is dealt with once, whoever dies.

use super::follower::Follower;
use super::world::{World, insert_page, set_title};
use crate::harness::copy_tree;

/// A second site with the same targets, as on another machine.
fn elsewhere(world: &World) -> std::path::PathBuf {
    let other = world.site.beside("other");
    copy_tree(&world.site.root(), &other);
    other
}

fn two_listeners(apart: bool) {
    let world = World::of(&["one", "two"]);
    let other = elsewhere(&world);
    let args = ["--lease", "2"];
    let first = world.listen(&args);
    let mut command = world.listen_command(&args);
    if apart {
        command.current_dir(&other);
    }
    let second = Follower::start(command);
    second.event("ready");
    let change = |number: usize| {
        let page = insert_page("play", &format!("p{number}"));
        world.sql(&(set_title("home", &number.to_string()) + &page));
    };
    (0..20).for_each(change);
    world.accounted(&first);
    world.promises(&second);
    (20..30).for_each(change);
    first.kill();
    (30..40).for_each(change);
    world.promises(&second);
    assert_eq!(
        world.sql("SELECT count(*) FROM robbieblocks_trigger_receipts WHERE state <> 'done'"),
        "0"
    );
    second.stop();
}

#[test]
fn two_listeners_of_one_folder_share_the_work() {
    two_listeners(false);
}

#[test]
fn two_listeners_of_two_folders_share_the_work() {
    two_listeners(true);
}

/// One that hangs may hold claims and a turn; when it goes on, nothing is done twice or left.
#[test]
fn a_listener_that_hangs_for_a_while_confuses_nobody() {
    let world = World::of(&["one", "two"]);
    let first = world.listen(&["--lease", "1"]);
    let second = world.listen(&["--lease", "1"]);
    for round in 0..3 {
        for number in 0..4 {
            world.sql(&set_title("home", &format!("{round} {number}")));
        }
        first.signal("STOP");
        for number in 4..8 {
            let page = insert_page("code", &format!("p{round}x{number}"));
            world.sql(&(set_title("home", &format!("{round} {number}")) + &page));
        }
        // Longer than its claims hold, by the clock of the database.
        world.sql("SELECT pg_sleep(1.2)");
        first.signal("CONT");
        world.promises(&second);
    }
    first.stop();
    second.stop();
}
