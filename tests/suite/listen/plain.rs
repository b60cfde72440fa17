//! Changes of every kind arrive where they belong and nowhere else, and the records tell the truth.

use serde_json::Value;

use super::world::{Bundles, World, insert_page, set_title};

/// The bundles in which two states differ.
fn changed(before: &Bundles, after: &Bundles) -> Vec<String> {
    let names = before.keys().chain(after.keys());
    let names: std::collections::BTreeSet<&String> = names.collect();
    let names = names.into_iter();
    names
        .filter(|name| before.get(*name) != after.get(*name))
        .cloned()
        .collect()
}

#[test]
fn a_page_that_is_inserted_is_live_where_its_app_is() {
    let world = World::new();
    let follower = world.listen(&[]);
    world.promises(&follower);
    let before = world.live();
    world.add_page("play", "new");
    world.promises(&follower);
    let after = world.live();
    assert_eq!(
        changed(&before, &after),
        ["four/play", "one/play", "two/play"]
    );
    for name in ["four/play", "one/play", "two/play"] {
        assert!(after[name].contains_key("play/new/index.html"), "{name}");
    }
    // None of many is lost, each with a transaction of its own.
    let many: String = (0..50)
        .map(|number| {
            let app = ["play", "code", "work"][number % 3];
            format!("BEGIN; {} COMMIT;", insert_page(app, &format!("p{number}")))
        })
        .collect();
    world.sql(&many);
    world.promises(&follower);
    let pages = |name: &str| {
        let files = world.live();
        let files = files[name].keys();
        let is_one =
            |path: &&String| path.contains("/p") && path.contains(|c: char| c.is_ascii_digit());
        files
            .filter(|path| path.ends_with("/index.html"))
            .filter(is_one)
            .count()
    };
    assert_eq!(
        (pages("one/play"), pages("three/code"), pages("six/work")),
        (17, 17, 16)
    );
    assert!(follower.count("woke") < 40, "{}", follower.told());
    follower.stop();
}

#[test]
fn every_kind_of_change_arrives() {
    let world = World::new();
    let follower = world.listen(&[]);
    let steps: [(&str, &[&str]); 7] = [
        (
            &set_title("home", "Another table"),
            &["four/play", "one/play", "two/play"],
        ),
        (
            "UPDATE robbieblocks_components SET template = '<h2>{{ props.title }}</h2>' WHERE component_key = 'hero'",
            &[
                "five/code",
                "four/play",
                "four/work",
                "one/play",
                "six/work",
                "three/code",
                "two/code",
                "two/play",
            ],
        ),
        (
            "UPDATE robbieblocks_style_tokens SET default_value = '#123456' WHERE token_key = 'color.primary'",
            &[
                "five/code",
                "four/play",
                "four/work",
                "one/play",
                "six/work",
                "three/code",
                "two/code",
                "two/play",
            ],
        ),
        (
            "UPDATE robbieblocks_pages SET status = 'draft' WHERE page_key = 'notes'",
            &["four/play", "one/play", "two/play"],
        ),
        (
            "DELETE FROM robbieblocks_pages WHERE page_key = 'work-home'",
            &["four/work", "six/work"],
        ),
        (
            &insert_page("work", "work-again"),
            &["four/work", "six/work"],
        ),
        (
            "UPDATE robbieblocks_node_branding SET enabled_apps = '{code,work}' WHERE node_id = 'two'",
            &["two/play", "two/work"],
        ),
    ];
    let mut before = world.live();
    for (number, (step, expected)) in steps.into_iter().enumerate() {
        world.sql(step);
        world.promises(&follower);
        let after = world.live();
        let found = changed(&before, &after);
        match number {
            // What a node shows is in its pages as well.
            6 => assert!(
                expected
                    .iter()
                    .all(|name| found.iter().any(|one| one == name))
            ),
            _ => assert_eq!(found, expected, "{step}"),
        }
        if number == 3 {
            assert!(!after["one/play"].contains_key("play/notes/index.html"));
        }
        if number == 4 {
            assert!(!after.contains_key("four/work") && !after.contains_key("six/work"));
        }
        before = after;
    }
    // A claim without a deploy would be one that nobody can trace.
    assert_eq!(
        world.sql("SELECT count(*) FROM robbieblocks_trigger_receipts WHERE deploy_id IS NULL"),
        "0"
    );
    follower.stop();
}

#[test]
fn a_branding_change_renders_no_page_and_reaches_its_nodes_alone() {
    let world = World::new();
    let follower = world.listen(&[]);
    world.promises(&follower);
    let before = world.live();
    let known = world.records().len();
    world.sql(
        "UPDATE robbieblocks_node_branding SET style_overrides = style_overrides || '{\"color.primary\": \"#0A0B0C\"}'
         WHERE node_id IN ('one', 'two', 'three', 'four')",
    );
    world.promises(&follower);
    let after = world.live();
    let of_four = [
        "four/play",
        "four/work",
        "one/play",
        "three/code",
        "two/code",
        "two/play",
    ];
    assert_eq!(changed(&before, &after), of_four);
    for name in of_four {
        let (_, app) = name.split_once('/').unwrap();
        let tokens = format!("_rb/{app}/tokens.css");
        let changed = changed_files(&before[name], &after[name]);
        assert_eq!(changed, [tokens.as_str()], "{name}");
        let style = String::from_utf8_lossy(&after[name][&tokens]).to_lowercase();
        assert!(style.contains("#0a0b0c"), "{name}");
    }
    let records = world.records().split_off(known);
    assert_eq!(records.len(), 6);
    for record in &records {
        let log = record["build_log"].as_str().unwrap();
        assert!(log.contains("0 pages rendered"), "{log}");
        assert_eq!(record["triggered_by"], "branding_change");
    }
    follower.stop();
}

fn changed_files(before: &crate::harness::Tree, after: &crate::harness::Tree) -> Vec<String> {
    let paths: std::collections::BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let paths = paths.into_iter();
    paths
        .filter(|path| before.get(*path) != after.get(*path))
        .cloned()
        .collect()
}

#[test]
fn records_tell_what_was_deployed() {
    let world = World::of(&["one", "two", "three"]);
    let follower = world.listen(&[]);
    world.promises(&follower);
    let known = world.records().len();
    world.add_page("play", "new");
    world.promises(&follower);
    let records = world.records().split_off(known);
    let nodes: Vec<&Value> = records.iter().map(|record| &record["node_id"]).collect();
    assert_eq!(records.len(), 2, "{nodes:?}");
    for record in &records {
        let node = record["node_id"].as_str().unwrap();
        let target = world.target(node);
        let live = std::fs::read_link(target.join("play/current")).unwrap();
        let hash = record["build_hash"].as_str().unwrap();
        assert_eq!(live.to_str().unwrap(), format!("releases/{hash}"));
        assert_eq!(record["release"], hash);
        assert_eq!(record["app_namespace"], "play");
        assert_eq!(record["deploy_status"], "success");
        assert_eq!(record["triggered_by"], "page_change");
        let manifest = target.join(format!("play/releases/{hash}.json"));
        let manifest: Value =
            serde_json::from_str(&std::fs::read_to_string(manifest).unwrap()).unwrap();
        // The manifest counts pages, and names the components.
        assert_eq!(record["pages_count"], 3);
        assert_eq!(record["pages_count"], manifest["pages"]);
        assert_eq!(record["components_count"], manifest["components"]);
        assert!(record["build_duration_ms"].is_u64() && record["deploy_duration_ms"].is_u64());
        assert!(record["error_message"].is_null() && record["preview"].is_null());
        assert!(record["source_rev"].is_string() && record["source_commit"].is_null());
        let place = record["target"].as_str().unwrap();
        assert!(place.contains(&format!("live/{node}")), "{place}");
        let (began, ended) = (
            record["started_at"].as_str(),
            record["completed_at"].as_str(),
        );
        assert!(began.unwrap() <= ended.unwrap());
        let log = record["build_log"].as_str().unwrap();
        assert!(
            log.contains(" pages rendered") && !log.contains(" 0 pages rendered"),
            "{log}"
        );
        assert!(log.contains(&format!("release {hash}")), "{log}");
    }
    assert_eq!(
        world.sql(
            "SELECT count(DISTINCT receipt.deploy_id), bool_and(deploy.node_id = receipt.node_id)
             FROM robbieblocks_trigger_receipts AS receipt
             JOIN robbieblocks_deploys AS deploy ON deploy.id = receipt.deploy_id
             JOIN robbieblocks_change_triggers AS change ON change.id = receipt.trigger_id
             JOIN robbieblocks_pages AS page ON page.id = change.entity_id AND page.page_key = 'new'"
        ),
        "2|t"
    );
    assert_eq!(
        world.sql(
            "SELECT string_agg(node_id || ' ' || app || ' ' || (built_rev = deployed_rev), ', ' ORDER BY node_id, app)
             FROM robbieblocks_node_state"
        ),
        "one play true, three code true, two code true, two play true"
    );
    follower.stop();
}
