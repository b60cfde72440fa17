//! Rows that vanish, and changes that are not to be deployed by themselves: what is live stays.

use std::time::Duration;

use super::follower::{Follower, Supervisor};
use super::world::World;

const CONTENT: &str = "robbieblocks_pages, robbieblocks_components, robbieblocks_page_blocks, robbieblocks_style_tokens, robbieblocks_node_branding";

#[test]
fn an_emptied_database_takes_nothing_away() {
    for empties in [
        format!("TRUNCATE {CONTENT} CASCADE"),
        "DELETE FROM robbieblocks_page_blocks; DELETE FROM robbieblocks_pages; DELETE FROM robbieblocks_components;
         DELETE FROM robbieblocks_style_tokens; DELETE FROM robbieblocks_node_branding"
            .to_string(),
    ] {
        let world = World::of(&["one", "three"]);
        let follower = world.listen(&[]);
        world.promises(&follower);
        let good = world.live();
        assert_eq!(good.len(), 2);
        for table in CONTENT.split(", ") {
            world.sql(&format!("CREATE TABLE kept_{table} AS SELECT * FROM {table}"));
        }
        follower.forget();
        world.sql(&format!("BEGIN; {empties}; COMMIT"));
        follower.next("word of it", |event| {
            let code = &event["code"];
            let word = event["event"] == "unreachable" || event["event"] == "problem";
            word && code.as_str().is_some_and(|code| code.starts_with("RB"))
        });
        world.shows(&good);
        // Also for who starts only now.
        let second = Follower::start(world.listen_command(&[]));
        second.next("word of it", |event| {
            event["event"] == "unreachable" || event["event"] == "problem"
        });
        world.shows(&good);
        second.stop();
        // The rows are back.
        for table in [
            "robbieblocks_node_branding",
            "robbieblocks_style_tokens",
            "robbieblocks_components",
            "robbieblocks_pages",
            "robbieblocks_page_blocks",
        ] {
            world.sql(&format!("INSERT INTO {table} SELECT * FROM kept_{table}"));
        }
        // The nodes were not there when everything else went.
        world.sql("UPDATE robbieblocks_node_branding SET created_at = now()");
        world.title("all is back");
        world.until_live(&follower, ("one/play", "play/index.html"), "all is back", true);
        world.accounted(&follower);
        world.shows(&world.clean());
        follower.stop();
    }
}

/// Pages that are gone all at once are not taken for pages that somebody wants to be rid of; the last one is.
#[test]
fn pages_that_vanish_all_at_once_stay_live() {
    let world = World::of(&["one", "three"]);
    for empties in [
        "TRUNCATE robbieblocks_pages CASCADE",
        "DELETE FROM robbieblocks_pages",
    ] {
        world.sql("DELETE FROM robbieblocks_pages");
        for (app, key) in [("play", "first"), ("play", "second"), ("code", "third")] {
            world.add_page(app, key);
        }
        let follower = world.listen(&[]);
        world.promises(&follower);
        let good = world.live();
        assert_eq!(good.len(), 2);
        follower.forget();
        world.sql(empties);
        let told = follower.event("problem");
        assert_eq!(
            told["message"],
            "the database has no page any more; what is live stays"
        );
        world.accounted(&follower);
        world.shows(&good);
        follower.stop();
        // Also for who starts only now, and until there is a page again.
        let follower = world.listen(&[]);
        world.shows(&good);
        world.add_page("play", "last");
        world.promises(&follower);
        assert_eq!(world.live().len(), 1);
        world.sql("DELETE FROM robbieblocks_pages WHERE page_key = 'last'");
        world.promises(&follower);
        assert!(world.live().is_empty());
        follower.stop();
    }
}

#[test]
fn a_node_that_is_deleted_keeps_what_is_live_and_stops_nobody() {
    let world = World::of(&["one", "two", "three"]);
    let follower = world.listen(&[]);
    world.promises(&follower);
    let good = world.live();
    follower.forget();
    world.sql("DELETE FROM robbieblocks_node_branding WHERE node_id = 'two'");
    let told = follower.event("problem");
    assert!(
        told["message"].as_str().unwrap().contains("`two`"),
        "{told}"
    );
    world.sql("UPDATE robbieblocks_style_tokens SET default_value = '#123456' WHERE token_key = 'color.primary'");
    world.title("without two");
    world.accounted(&follower);
    let live = world.live();
    assert_eq!(
        (&live["two/play"], &live["two/code"]),
        (&good["two/play"], &good["two/code"])
    );
    let mut expected = world.clean();
    for bundle in ["two/play", "two/code"] {
        assert!(!expected.contains_key(bundle));
        expected.insert(bundle.to_string(), good[bundle].clone());
    }
    world.shows(&expected);
    // It comes back, with other apps.
    world.sql(
        "INSERT INTO robbieblocks_node_branding (node_id, node_name, style_overrides, enabled_apps)
         VALUES ('two', 'Two again', '{}', '{code}')",
    );
    world.promises(&follower);
    assert!(!world.live().contains_key("two/play"));
    follower.stop();
}

#[test]
fn what_is_not_to_be_deployed_by_itself_waits_for_what_is() {
    let world = World::of(&["one", "three"]);
    let mut command = world.listen_command(&[]);
    let path = world.site.beside("notify");
    // So often that each look is told.
    let supervisor = Supervisor::of(&mut command, &path, Duration::from_millis(1));
    let follower = Follower::start(command);
    follower.event("ready");
    world.promises(&follower);
    let good = world.live();
    world.sql(
        "BEGIN;
         UPDATE robbieblocks_pages SET page_name = 'Waits', meta_title = 'Waits' WHERE page_key = 'home';
         UPDATE robbieblocks_change_triggers SET auto_deploy = false WHERE processed_at IS NULL;
         COMMIT",
    );
    // The first look may have begun before.
    supervisor.forget();
    for _ in 0..3 {
        supervisor.until_told("WATCHDOG=1");
    }
    world.shows(&good);
    assert_eq!(
        world.sql("SELECT count(*) FROM robbieblocks_change_triggers WHERE processed_at IS NULL"),
        "1"
    );
    // The next deploy takes it along.
    world.add_page("play", "now");
    world.promises(&follower);
    assert!(
        world
            .live_file("one", "play", "play/index.html")
            .unwrap()
            .contains("Waits")
    );
    follower.stop();
}
