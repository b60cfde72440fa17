//! A listener needs no more than the role of a builder, and whoever edits needs no more than that of an editor.

use super::follower::Follower;
use super::world::{World, insert_page, set_title};
use crate::harness::project;
use crate::migrate::apply;
use crate::postgres::Server;

#[test]
fn a_builder_may_listen_to_what_an_editor_changes() {
    // Of its own, because another test wants to see a server without these roles.
    let server = Box::leak(Box::new(Server::start(&[], "host all all all trust\n")));
    let world = World::on(server, &["one", "three"]);
    let server = world.database.server;
    server.admin("CREATE ROLE listen_chief LOGIN CREATEROLE; GRANT owner TO listen_chief");
    apply(
        &world.database,
        "listen_chief",
        &project().join("migrations/roles.sql"),
    );
    server.admin(
        "CREATE ROLE listen_builder LOGIN; GRANT rbgen_builder TO listen_builder;
         CREATE ROLE listen_editor LOGIN; GRANT rbgen_editor TO listen_editor",
    );
    let url = world.database.url_of("listen_builder");
    let mut command = world.listen_command(&[]);
    command
        .env("DATABASE_URL", &url)
        .env("DATABASE_LISTEN_URL", &url);
    let follower = Follower::start(command);
    follower.event("ready");
    follower.event("listening");
    let edit = |statements: &str| {
        let output = server.psql("listen_editor", &world.database.name, statements);
        assert!(
            output.status.success(),
            "{}",
            crate::harness::text(&output.stderr)
        );
    };
    edit(&insert_page("play", "edited"));
    edit(&set_title("home", "by an editor"));
    edit(
        "UPDATE robbieblocks_style_tokens SET default_value = '#123456' WHERE token_key = 'color.primary'",
    );
    edit(
        "UPDATE robbieblocks_node_branding SET custom_css = 'h1 { margin: 0 }' WHERE node_id = 'three'",
    );
    edit("DELETE FROM robbieblocks_pages WHERE page_key = 'notes'");
    world.promises(&follower);
    assert_eq!(follower.count("problem"), 0, "{}", follower.told());
    assert_eq!(
        world.sql("SELECT bool_and(is_online) FROM sync_nodes WHERE node_id IN ('one', 'three')"),
        "t"
    );
    assert_eq!(
        world.sql("SELECT count(*) > 0 FROM sync_metrics WHERE metric_name = 'deployed'"),
        "t"
    );
    follower.stop();
}
