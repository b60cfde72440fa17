//! Ten thousand changes at once, and ten thousand transactions: none is lost, and few builds do for them.

use std::process::Command;

use super::world::{World, insert_page};
use crate::harness::text;
use crate::postgres::program;

/// The pages that change again and again.
fn with_pages(world: &World, count: usize) {
    let pages: String = (1..=count)
        .map(|number| insert_page("play", &format!("b{number}")))
        .collect();
    world.sql(&pages);
}

#[test]
fn ten_thousand_changes_of_one_transaction_arrive_together() {
    let world = World::of(&["one", "three"]);
    with_pages(&world, 200);
    let follower = world.listen(&[]);
    world.promises(&follower);
    let known = world.records().len();
    world.sql(
        "BEGIN;
         DO $$ BEGIN FOR round IN 1..49 LOOP
           UPDATE robbieblocks_pages SET meta_title = page_key || ' ' || round WHERE page_key LIKE 'b%';
         END LOOP; END $$;
         INSERT INTO robbieblocks_style_tokens (token_key, token_category, default_value)
         SELECT 'color.b' || number, 'color', '#102030' FROM generate_series(1, 200) AS number;
         COMMIT",
    );
    world.promises(&follower);
    let records = world.records().split_off(known);
    // One deploy of each bundle: who looks sees all of it or nothing.
    assert_eq!(records.len(), 2, "{}", follower.told());
    let page = world
        .live_file("one", "play", "play/b200/index.html")
        .unwrap();
    assert!(page.contains("b200 49"));
    follower.stop();
}

#[test]
fn ten_thousand_transactions_are_all_accounted_for() {
    const TRANSACTIONS: usize = 10_000;
    const CLIENTS: usize = 4;
    let world = World::of(&["one", "three"]);
    with_pages(&world, 20);
    let follower = world.listen(&[]);
    world.promises(&follower);
    let known = world.records().len();
    let script = world.site.beside("burst.sql");
    std::fs::write(
        &script,
        "\\set page random(1, 20)\n\
         UPDATE robbieblocks_pages SET meta_title = clock_timestamp()::text WHERE page_key = 'b' || :page;\n",
    )
    .unwrap();
    let output = Command::new(program("pgbench"))
        .args([
            "-n",
            "-c",
            &CLIENTS.to_string(),
            "-t",
            &(TRANSACTIONS / CLIENTS).to_string(),
        ])
        .arg("-f")
        .arg(&script)
        .arg(world.database.url())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    world.promises(&follower);
    let changes = world.sql(
        "SELECT count(*) FROM robbieblocks_change_triggers WHERE trigger_type = 'page_update'",
    );
    assert!(
        changes.parse::<usize>().unwrap() >= TRANSACTIONS,
        "{changes}"
    );
    let deploys = world.records().len() - known;
    assert!(deploys < TRANSACTIONS / 10, "{deploys} deploys");
    follower.stop();
}
