//! Conditions of time, and a clock that jumps forward and back while a listener runs.

use std::fs;
use std::path::PathBuf;

use super::follower::Follower;
use super::world::World;

/// The library that gives a program another clock.
fn library() -> PathBuf {
    let mut found = None;
    for folder in ["/usr/lib", "/usr/lib64", "/usr/local/lib"] {
        let folders = fs::read_dir(folder).into_iter().flatten().flatten();
        let below = folders.map(|entry| entry.path());
        let all = std::iter::once(PathBuf::from(folder)).chain(below);
        let mut all = all.map(|folder| folder.join("faketime/libfaketime.so.1"));
        found = found.or_else(|| all.find(|path| path.is_file()));
    }
    found.expect("libfaketime is missing: Debian's package faketime has it, and `tests/run suite` installs it")
}

#[test]
fn a_page_follows_a_clock_that_jumps_forward_and_back() {
    let world = World::of(&["one", "three"]);
    // An hour from now, by the clock of the database.
    let block = |title: &str, condition: &str| {
        format!(
            "INSERT INTO robbieblocks_page_blocks (page_id, component_id, block_order, zone, props, conditions)
             SELECT page.id, component.id, (SELECT max(block_order) + 1 FROM robbieblocks_page_blocks WHERE page_id = page.id), 'main',
               jsonb_build_object('title', '{title}'),
               jsonb_build_object('{condition}', to_char(now() AT TIME ZONE 'UTC' + interval '1 hour', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'))
             FROM robbieblocks_pages AS page, robbieblocks_components AS component
             WHERE page_key = 'home' AND component_key = 'hero';"
        )
    };
    world.sql(&(block("Not for long", "until") + &block("Soon", "from")));
    let clock = world.site.beside("clock");
    let set = |offset: &str| {
        let new = world.site.beside("clock.new");
        fs::write(&new, offset).unwrap();
        fs::rename(&new, &clock).unwrap();
    };
    set("+0");
    let mut command = world.listen_command(&["--lease", "5"]);
    command
        .env("LD_PRELOAD", library())
        .env("FAKETIME_TIMESTAMP_FILE", &clock)
        .env("FAKETIME_NO_CACHE", "1")
        .env("DONT_FAKE_MONOTONIC", "1")
        .env("NO_FAKE_STAT", "1");
    let follower = Follower::start(command);
    follower.event("ready");
    let page = ("one/play", "play/index.html");
    world.accounted(&follower);
    let clock_of_database = |offset: &str| {
        world.sql(&format!(
            "SELECT to_char(now() AT TIME ZONE 'UTC' + interval '{offset}', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"
        ))
    };
    for (offset, gone, there) in [
        ("+2h", "Not for long", "Soon"),
        ("+0", "Soon", "Not for long"),
        ("+3h", "Not for long", "Soon"),
        ("-1d", "Soon", "Not for long"),
    ] {
        set(offset);
        world.until_live(&follower, page, there, true);
        world.until_live(&follower, page, gone, false);
        // Whatever time it believes to be, changes are claimed, deployed and settled.
        world.title(&format!("at {offset}"));
        world.accounted(&follower);
        let interval = offset.replace('h', " hours").replace('d', " days");
        let interval = if interval == "+0" {
            "0 hours"
        } else {
            &interval
        };
        let now = clock_of_database(interval);
        world.shows(&world.clean_at(Some(&now)));
    }
    // Only the bundles of that page, and one record for each of them at a time.
    assert_eq!(
        world.sql(
            "SELECT count(*) FROM robbieblocks_deploys WHERE deploy_status <> 'success' OR completed_at IS NULL"
        ),
        "0"
    );
    assert_eq!(
        world.sql("SELECT count(*) FROM robbieblocks_deploys WHERE triggered_by = 'schedule'"),
        "4"
    );
    assert_eq!(
        world.sql("SELECT count(*) FROM robbieblocks_trigger_receipts WHERE attempts <> 1"),
        "0"
    );
    follower.stop();
}
