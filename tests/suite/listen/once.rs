//! `rbgen listen --once`: deals with what waits, and its status says how that ended.

use super::world::World;
use crate::harness::text;
use crate::postgres::free_port;

#[test]
fn once_deals_with_what_waits() {
    let world = World::of(&["one", "three"]);
    let once = |world: &World| {
        let output = world.run(&["listen", "--once", "--json"]);
        let said = format!("{}{}", text(&output.stdout), text(&output.stderr));
        (output.status.code(), said)
    };
    let is_done = || {
        assert_eq!(
            world.sql(
                "SELECT count(*) FROM robbieblocks_change_triggers WHERE processed_at IS NULL"
            ),
            "0"
        );
        world.shows(&world.clean());
    };
    let (status, said) = once(&world);
    assert_eq!(status, Some(0), "{said}");
    is_done();
    // Nothing waits.
    let records = world.records().len();
    assert_eq!(once(&world).0, Some(0));
    assert_eq!(world.records().len(), records);
    world.title("once");
    world.add_page("code", "once");
    assert_eq!(once(&world).0, Some(0));
    is_done();
    let good = world.live();
    world.sql("UPDATE robbieblocks_pages SET layout_template = 'none' WHERE page_key = 'home'");
    let (status, said) = once(&world);
    assert_eq!(status, Some(1), "{said}");
    world.shows(&good);
    // Also while the mistake is known already.
    assert_eq!(once(&world).0, Some(1));
    world.sql(
        "UPDATE robbieblocks_pages SET layout_template = 'single-column' WHERE page_key = 'home'",
    );
    assert_eq!(once(&world).0, Some(0));
    is_done();
}

#[test]
fn once_says_what_it_lacks() {
    let world = World::of(&["one"]);
    let mut command = world.command(&["listen", "--once"]);
    let nobody = format!(
        "postgres://owner@127.0.0.1:{}/none?sslmode=disable",
        free_port()
    );
    let output = command.env("DATABASE_URL", &nobody).output().unwrap();
    assert_eq!(output.status.code(), Some(4), "{}", text(&output.stderr));
    let output = world.run(&["listen", "--once", "--node", "onne"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("did you mean `one`?"));
    // One that the site knows and the database does not.
    world.sql("UPDATE robbieblocks_node_branding SET node_id = 'other'");
    let output = world.run(&["listen", "--once"]);
    assert_eq!(output.status.code(), Some(2), "{}", text(&output.stderr));
    assert!(
        text(&output.stderr).contains("no node `one`"),
        "{}",
        text(&output.stderr)
    );
    let output = world.run(&["listen", "--once", "--database", "mian"]);
    assert_eq!(output.status.code(), Some(2));
}

/// What another listener has claimed is waited for until its claim runs out.
#[test]
fn once_takes_over_what_a_dead_listener_claimed() {
    let world = World::of(&["one"]);
    let mut command = world.command(&["listen", "--once", "--lease", "1"]);
    let output = command
        .env("RBGEN_FAILPOINT", "listen-claimed:1")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), None);
    let output = world.run(&["listen", "--once"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert_eq!(
        world.sql("SELECT count(*) FROM robbieblocks_change_triggers WHERE processed_at IS NULL"),
        "0"
    );
    world.shows(&world.clean());
}
