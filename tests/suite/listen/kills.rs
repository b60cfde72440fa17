//! A listener that is killed wherever something could be left half done, and started again. (What it remembers
//! of a build from rows is always written as a whole, never added to.)

use std::os::unix::process::ExitStatusExt;

use super::follower::Follower;
use super::world::{World, insert_page, set_title};
use crate::harness::remove_any;

/// What changes before the listener starts that will be killed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Change {
    /// What a page says, and nothing else.
    Text,
    /// A page comes, and the one that came before goes.
    Pages,
    /// The same, and it builds from nothing.
    Fresh,
}

/// Kills it at points, one after the other, and starts it again.
fn killed_at(points: &[(&str, Change)]) {
    let world = World::of(&["one", "two"]);
    let follower = world.listen(&["--lease", "1"]);
    world.promises(&follower);
    follower.stop();
    for (number, (point, change)) in points.iter().enumerate() {
        if *change == Change::Fresh {
            remove_any(&world.site.path(".rbgen"));
        }
        let mut changes = set_title("home", point);
        if *change != Change::Text {
            changes += "DELETE FROM robbieblocks_pages WHERE page_key LIKE 'p%';";
            changes += &insert_page("play", &format!("p{number}"));
        }
        world.sql(&changes);
        let live = world.live();
        let mut command = world.listen_command(&["--lease", "1"]);
        command.env("RBGEN_FAILPOINT", point);
        let mut killed = Follower::start(command);
        println!("{point}");
        let status = killed.end();
        assert_eq!(status.signal(), Some(6), "{point}: {}", killed.told());
        // Whatever is live is whole, old or new.
        let new = world.clean();
        let wrong: Vec<String> = world
            .live()
            .into_iter()
            .filter(|(name, files)| {
                let is_new = new[name]
                    .iter()
                    .all(|(path, bytes)| files.get(path) == Some(bytes));
                live.get(name) != Some(files) && !is_new
            })
            .map(|(name, _)| name)
            .collect();
        assert!(wrong.is_empty(), "{point}: {wrong:?}");
        let follower = Follower::start(world.listen_command(&["--lease", "1"]));
        world.promises(&follower);
        follower.stop();
    }
}

#[test]
fn a_listener_killed_while_it_keeps_accounts_is_followed_by_the_next() {
    killed_at(&[
        ("listen-claimed:1", Change::Text),
        ("listen-deployed:1", Change::Text),
        ("listen-settled:1", Change::Pages),
        ("listen-claimed:2", Change::Text),
        ("deploy-pending:1", Change::Text),
        ("deploy-building:1", Change::Text),
        ("deploy-deploying:1", Change::Pages),
    ]);
}

#[test]
fn a_listener_killed_while_it_publishes_is_followed_by_the_next() {
    killed_at(&[
        ("deploy-file:1", Change::Text),
        ("deploy-file:3", Change::Pages),
        ("deploy-staged:1", Change::Text),
        ("deploy-released:1", Change::Pages),
        ("deploy-released:2", Change::Text),
        ("deploy-pinned:1", Change::Text),
        ("deploy-linked:1", Change::Text),
        ("deploy-switched:1", Change::Pages),
        ("deploy-switched:2", Change::Pages),
        ("deploy-retiring:1", Change::Text),
        ("deploy-reusing:1", Change::Text),
    ]);
}

#[test]
fn a_listener_killed_while_it_writes_what_it_built_is_followed_by_the_next() {
    killed_at(&[
        ("before-rename:1", Change::Text),
        ("rename:1", Change::Pages),
        ("rename:2", Change::Pages),
        ("before-manifests:1", Change::Pages),
        ("before-removal:1", Change::Pages),
        ("before-journal:1", Change::Pages),
        ("before-ledger:1", Change::Pages),
        ("ledger:1", Change::Pages),
        ("before-fresh:1", Change::Fresh),
        ("fresh:1", Change::Fresh),
    ]);
}
