//! Content that cannot be built: what is live stays, others go on, and the record says why.

use super::world::{World, insert_page, set_title};

/// Pages with mistakes, and what mends them.
const MISTAKES: [(&str, &str, &str); 3] = [
    (
        "UPDATE robbieblocks_pages SET layout_template = 'no-such-layout' WHERE page_key = 'home'",
        "no-such-layout",
        "UPDATE robbieblocks_pages SET layout_template = 'single-column' WHERE page_key = 'home'",
    ),
    (
        "UPDATE robbieblocks_page_blocks SET props = props || '{\"colour\": 1}'
         WHERE page_id = (SELECT id FROM robbieblocks_pages WHERE page_key = 'home')",
        "colour",
        "UPDATE robbieblocks_page_blocks SET props = props - 'colour'",
    ),
    (
        "INSERT INTO robbieblocks_components (component_key, component_name, component_type, template, props_schema)
         VALUES ('odd', 'Odd', 'ui', '{{ props.title.nothing.at.all }}', '{}');
         INSERT INTO robbieblocks_page_blocks (page_id, component_id, block_order, zone)
         SELECT page.id, component.id, 9, 'main'
         FROM robbieblocks_pages AS page, robbieblocks_components AS component
         WHERE page_key = 'home' AND component_key = 'odd'",
        "odd",
        "DELETE FROM robbieblocks_page_blocks WHERE block_order = 9",
    ),
];

#[test]
fn a_broken_page_stops_its_nodes_and_no_other_until_it_is_mended() {
    let world = World::of(&["one", "two", "three"]);
    let follower = world.listen(&[]);
    world.promises(&follower);
    for (number, (breaks, says, mends)) in MISTAKES.iter().enumerate() {
        let good = world.live();
        follower.forget();
        world.sql(breaks);
        follower.event("broken");
        for node in ["one", "two"] {
            follower.next("failed deploy", |event| {
                event["deploy"]["node"] == node && event["deploy"]["status"] == "failed"
            });
        }
        world.shows(&good);
        // The node without that app has its own changes; the others have theirs when all is well.
        let code = format!("Only for three {number}");
        world.sql(&set_title("code-home", &code));
        world.until_live(
            &follower,
            ("three/code", "code/code-home/index.html"),
            &code,
            true,
        );
        let live = world.live();
        for bundle in ["one/play", "two/play", "two/code"] {
            assert_eq!(live[bundle], good[bundle], "{bundle}");
        }
        let log = world.sql(
            "SELECT build_log || coalesce(error_message, '') FROM robbieblocks_deploys
             WHERE deploy_status = 'failed' ORDER BY started_at DESC LIMIT 1",
        );
        assert!(log.contains(says) && log.contains("error[RB"), "{log}");
        assert_eq!(
            world.sql(
                "SELECT count(*) FROM robbieblocks_trigger_receipts WHERE node_id = 'three' AND state <> 'done'"
            ),
            "0"
        );
        world.sql(mends);
        world.promises(&follower);
    }
    follower.stop();
}

/// What is broken when a listener starts is not live, and nothing else suffers.
#[test]
fn a_site_that_is_broken_from_the_start_is_deployed_when_it_is_mended() {
    let world = World::of(&["one", "three"]);
    world.sql(MISTAKES[0].0);
    let follower = super::follower::Follower::start(world.listen_command(&[]));
    follower.event("broken");
    world.until_live(
        &follower,
        ("three/code", "code/code-home/index.html"),
        "code",
        true,
    );
    assert_eq!(world.live_file("one", "play", "play/index.html"), None);
    world.sql(MISTAKES[0].2);
    world.promises(&follower);
    follower.stop();
}

#[test]
fn a_template_that_takes_all_memory_is_survived() {
    let world = World::of(&["one", "three"]);
    let follower = world.listen(&["--lease", "1"]);
    world.promises(&follower);
    let good = world.live();
    follower.forget();
    world.sql(
        "UPDATE robbieblocks_components SET template =
           '{% set ns = namespace(x = \"0123456789abcdef\") %}{% for i in range(60) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}'
         WHERE component_key = 'markdown'",
    );
    let failed = follower.next("failed deploy", |event| {
        event["deploy"]["node"] == "one" && event["deploy"]["status"] == "failed"
    });
    let error = failed["deploy"]["error"].as_str().unwrap();
    assert!(
        error.contains("markdown") && error.contains("memory or time"),
        "{error}"
    );
    world.shows(&good);
    assert_eq!(
        world.sql("SELECT count(*) > 0 FROM robbieblocks_deploys WHERE deploy_status = 'failed' AND build_log LIKE '%markdown%'"),
        "t"
    );
    // It lives, and the node that has nothing to do with it goes on.
    world.sql(&insert_page("code", "meanwhile"));
    world.until_live(
        &follower,
        ("three/code", "code/meanwhile/index.html"),
        "html",
        true,
    );
    assert_eq!(world.live()["one/play"], good["one/play"]);
    world.sql("UPDATE robbieblocks_components SET template = '{{ props.text }}' WHERE component_key = 'markdown'");
    world.title("all is well");
    world.promises(&follower);
    follower.stop();
}
