//! Cases that the machine, or reading it, brought up.

use rbgen::diag::code;
use rbgen::sync::Wishes;

use super::dice::{Sequence, sequence};
use super::faults::Of;
use super::files;
use super::world::World;

/// Two clones and a database with what they begin with.
fn begun() -> World {
    let nothing = Sequence {
        clones: 2,
        bases: 1,
        driver: true,
        ..sequence(1, 1, 0)
    };
    let mut world = World::new(&nothing);
    world.push(0, 0, World::wishes()).unwrap();
    world.exchange_all();
    world
}

fn edit_tokens(world: &mut World, clone: usize, value: &str) {
    let root = world.clones[clone].root.clone();
    let before = super::state::texts_in(&root);
    let mut documents = super::state::State::of_texts(&before).documents;
    documents.tokens[0].value = value.into();
    assert!(files::print_over(&root, &documents, &before));
    world.clones[clone].commit(value);
}

/// A push that finds many rows gone asks as a fetch does, and does not make that history.
#[test]
fn a_push_does_not_seal_very_many_deletions_unasked() {
    let mut world = begun();
    edit_tokens(&mut world, 0, "red");
    world.bases[0].edit("DELETE FROM robbieblocks_style_tokens");
    let before = world.bases[0].traces();
    let failure = world.call_push(0, 0, Wishes::default()).unwrap_err();
    assert_eq!(failure.code, code::MANY_DELETIONS, "{}", failure.message);
    assert_eq!(world.bases[0].traces(), before);
    // What a push may delete itself says nothing of what others deleted: a fetch has to be told.
    let failure = world.call_push(0, 0, World::wishes()).unwrap_err();
    assert_eq!(failure.code, code::MANY_DELETIONS, "{}", failure.message);
    assert_eq!(world.bases[0].traces(), before);
    world.fetch(0, 0, World::wishes()).unwrap();
    assert_ne!(world.bases[0].traces(), before);
}

/// git's helper is killed at each point of a push; the next one goes on from what is there.
#[test]
fn git_push_killed_at_any_point_leaves_old_or_new() {
    let mut world = begun();
    for (number, point) in [
        "fetch-looked",
        "fetch-before-commit",
        "fetch-sealed",
        "fetch-committed",
        "memory-before-rename",
        "fetch-remembered",
        "push-checked",
        "push-planned",
        "push-locked",
        "push-written",
        "push-before-commit",
        "push-committed",
        "push-remembered",
    ]
    .into_iter()
    .enumerate()
    {
        world.fetch(0, 0, World::wishes()).unwrap();
        edit_tokens(&mut world, 0, &format!("w{number}"));
        let before = world.before(0);
        let output = world.git_sync(true, 0, 0, &format!("{point}:1"));
        assert!(!output.status.success(), "{point} was not reached");
        world.old_or_new(Of::Push, 0, 0, &before, None).unwrap();
        let output = world.git_sync(true, 0, 0, "");
        assert!(output.status.success(), "after {point}: {output:?}");
        world.bases[0].look();
        let head = world.clones[0].head.clone();
        let state = world.state(0, &head);
        assert_eq!(
            state.contents, world.bases[0].rows.contents,
            "after {point}"
        );
    }
}

/// Somebody deletes a node while somebody else gives it a style, which is a file of its own to git: the
/// merge is clean, and the push is not.
#[test]
fn a_deletion_that_leaves_a_part_behind_is_not_pushed() {
    let mut world = begun();
    let clone = &mut world.clones[0];
    std::fs::remove_file(clone.root.join("content/nodes/one.toml")).unwrap();
    clone.commit("Delete");
    world.bases[0].edit(
        "UPDATE robbieblocks_node_branding SET custom_css = 'p { color: red }' \
         WHERE node_id = 'one'",
    );
    world.fetch(0, 0, World::wishes()).unwrap();
    let merged = world.merge(0, 0, &mut super::dice::Dice::new(1)).unwrap();
    assert!(merged);
    let end = world.push(0, 0, World::wishes()).unwrap();
    assert_eq!(end, super::ops::End::Broken);
    let clone = &mut world.clones[0];
    std::fs::remove_file(clone.root.join("content/nodes/one.css")).unwrap();
    clone.commit("Delete the rest");
    let end = world.push(0, 0, World::wishes()).unwrap();
    assert_eq!(end, super::ops::End::Pushed);
}

/// One moves a page into a folder while another moves all that was in there out of it: git 2.47, when
/// it guesses that the folder was renamed, says that it merged and loses the page.
#[test]
fn a_page_that_moves_into_a_folder_that_goes_is_not_lost() {
    let world = begun();
    let clone = &world.clones[0];
    let (inside, outside) = ("content/pages/play/sub", "content/pages/play");
    clone.git_ok(&[
        "mv",
        &format!("{outside}/p1.toml"),
        &format!("{inside}/p1.toml"),
    ]);
    clone.git_ok(&["commit", "-q", "-m", "In"]);
    clone.git_ok(&["checkout", "-q", "-b", "theirs", "HEAD~1"]);
    clone.git_ok(&[
        "mv",
        &format!("{inside}/p2.toml"),
        &format!("{outside}/p2.toml"),
    ]);
    let page = clone.root.join(outside).join("p1.toml");
    let text = std::fs::read_to_string(&page).unwrap();
    std::fs::write(&page, format!("# Another comment.\n{text}")).unwrap();
    clone.git_ok(&["commit", "-q", "-a", "-m", "Out"]);
    clone.git_ok(&["checkout", "-q", "main"]);
    clone.git(&["merge", "-q", "--no-edit", "theirs"]);
    let page = clone.root.join(inside).join("p1.toml");
    assert!(std::fs::read_to_string(&page).is_ok_and(|text| text.contains("Another comment")));
}
