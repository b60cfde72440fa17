//! What an incremental build could fail to see: each is an edit after which it must do and say what a
//! build from nothing does and says.

use crate::harness::{TestSite, assert_same, copy_tree, text, tree};

/// Builds here, and from nothing elsewhere: the same status, words and bytes.
#[track_caller]
fn assert_as_from_nothing(site: &TestSite, what: &str) {
    let fresh = TestSite::empty();
    for part in ["robbieblocks.toml", "content", "themes", "static"] {
        copy_tree(&site.path(part), &fresh.path(part));
    }
    let (here, there) = (site.run(&["build"]), fresh.run(&["build"]));
    assert_eq!(here.status.code(), there.status.code(), "{what}");
    assert_eq!(text(&here.stderr), text(&there.stderr), "{what}");
    if here.status.success() {
        assert_same(&tree(&fresh.path("dist")), &site.dist(), what);
    }
}

#[test]
fn files_without_effect_are_warned_of_while_they_are_there() {
    let site = TestSite::base();
    site.ok(&["build"]);
    for path in [
        "content/components/orphan.css",
        "content/nodes/other.txt",
        "content/pages/play/stray.txt",
        "themes/stray/notes.txt",
        "themes/base/partials/stray.txt",
    ] {
        site.write(path, "stray\n");
        assert_as_from_nothing(&site, &format!("{path} came"));
        assert_as_from_nothing(&site, &format!("{path} is still there"));
        site.remove(path);
        if path.starts_with("themes/stray") {
            site.remove("themes/stray");
        }
        assert_as_from_nothing(&site, &format!("{path} went"));
    }
}

#[test]
fn a_text_that_no_page_takes_any_more_is_missed() {
    let site = TestSite::base();
    let page = |text: &str| {
        format!(
            "name = \"Taker\"\nstatus = \"published\"\n\n[[blocks]]\ncomponent = \"markdown\"\nprops = {{ text = {text} }}\n"
        )
    };
    let taker = "content/pages/play/taker.toml";
    site.write(taker, page("{ \"$file\" = \"words.md\" }"));
    site.write("content/pages/play/words.md", "Words.\n");
    assert_as_from_nothing(&site, "a text is taken");
    site.write("content/pages/play/words.md", "Other words.\n");
    assert_as_from_nothing(&site, "the text changed");
    site.write(taker, page("\"Words\""));
    assert_as_from_nothing(&site, "the text is taken no more");
    site.write(taker, page("{ \"$file\" = \"words.md\" }"));
    assert_as_from_nothing(&site, "and taken again");
    // A page that becomes the text of another.
    site.write("content/pages/play/notes.md", "Notes.\n");
    site.write(taker, page("{ \"$file\" = \"notes.md\" }"));
    site.remove("content/pages/play/words.md");
    assert_as_from_nothing(&site, "a page became a text");
    site.write(taker, page("\"Words\""));
    assert_as_from_nothing(&site, "which nobody takes");
}

#[test]
fn a_text_that_is_passed_over_cannot_be_taken() {
    let site = TestSite::base();
    site.write("content/pages/play/words.orig", "Words.\n");
    site.write(
        "content/pages/play/taker.toml",
        "name = \"Taker\"\n\n[[blocks]]\ncomponent = \"markdown\"\nprops = { text = { \"$file\" = \"words.orig\" } }\n",
    );
    let output = site.run(&["build"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        text(&output.stderr).contains("passed over"),
        "{}",
        text(&output.stderr)
    );
}

#[test]
fn a_component_comes_with_its_style_sheet_when_it_is_first_shown() {
    let site = TestSite::base();
    site.write(
        "content/components/promo.toml",
        "name = \"Promo\"\npublished = true\n",
    );
    site.write("content/components/promo.html", "<p>promo</p>\n");
    site.write("content/components/promo.css", "p { color: red; }\n");
    let home = site.read("content/pages/play/home.toml");
    let hidden = "\n[[blocks]]\nkey = \"later\"\ncomponent = \"promo\"\nconditions = { from = \"2999-01-01T00:00:00Z\" }\n";
    site.write("content/pages/play/home.toml", format!("{home}{hidden}"));
    assert_as_from_nothing(&site, "a block is hidden");
    let shown = "\n[[blocks]]\nkey = \"now\"\ncomponent = \"promo\"\n";
    site.write(
        "content/pages/play/home.toml",
        format!("{home}{hidden}{shown}"),
    );
    assert_as_from_nothing(&site, "and another is shown");
    site.write("content/pages/play/home.toml", format!("{home}{hidden}"));
    assert_as_from_nothing(&site, "and goes again");
    let other = hidden
        .replace("promo", "hero")
        .replace("conditions", "props = { title = \"x\" }\nconditions");
    site.write("content/pages/play/home.toml", format!("{home}{other}"));
    assert_as_from_nothing(&site, "a hidden block has another component");
}

/// A file may be a page and the text of another page.
#[test]
fn a_page_that_is_the_text_of_another_is_seen_by_both() {
    let site = TestSite::base();
    site.write(
        "content/pages/play/taker.toml",
        "name = \"Taker\"\nstatus = \"published\"\n\n[[blocks]]\ncomponent = \"markdown\"\nprops = { text = { \"$file\" = \"notes.md\" } }\n",
    );
    assert_as_from_nothing(&site, "a page is taken as a text");
    site.replace(
        "content/pages/play/notes.md",
        "One *note*",
        "Another *note*",
    );
    assert_as_from_nothing(&site, "it changed");
    site.write("content/pages/play/notes.md", "Only a text now.\n");
    assert_as_from_nothing(&site, "it is no page any more");
    site.write("content/pages/play/notes.md", "Still only a text.\n");
    assert_as_from_nothing(&site, "and changed");
}

#[test]
fn components_change_places_between_shown_and_hidden_blocks() {
    let site = TestSite::base();
    for name in ["alpha", "beta"] {
        site.write(
            &format!("content/components/{name}.toml"),
            format!("name = \"{name}\"\npublished = true\n"),
        );
        site.write(
            &format!("content/components/{name}.html"),
            format!("<p>{name}</p>\n"),
        );
        site.write(
            &format!("content/components/{name}.css"),
            "p { color: red; }\n",
        );
    }
    let page = |shown: &str, hidden: &str| {
        format!(
            "name = \"Two\"\nstatus = \"published\"\n\n[[blocks]]\nkey = \"a\"\ncomponent = \"{shown}\"\n\n[[blocks]]\nkey = \"b\"\ncomponent = \"{hidden}\"\nconditions = {{ until = 2000-01-01T00:00:00Z }}\n"
        )
    };
    site.write("content/pages/play/two.toml", page("alpha", "beta"));
    assert_as_from_nothing(&site, "before");
    site.write("content/pages/play/two.toml", page("beta", "alpha"));
    assert_as_from_nothing(&site, "they changed places");
}

/// A bundle that the ledger does not know of – it was built by a build that was killed before it wrote
/// the ledger, or by one of some nodes – goes when the site has it no more.
#[test]
fn a_bundle_that_the_ledger_does_not_know_goes() {
    let three = "name = \"Three\"\nenabled_apps = [\"play\"]\n";
    for point in ["fresh:1", "before-journal:1", "before-ledger:1", "ledger:1"] {
        let site = TestSite::base();
        site.ok(&["build"]);
        site.write("content/nodes/three.toml", three);
        let killed = site
            .command(&["build"])
            .env("RBGEN_FAILPOINT", point)
            .output();
        assert_eq!(killed.unwrap().status.code(), None, "{point}");
        site.remove("content/nodes/three.toml");
        assert_as_from_nothing(&site, &format!("killed at {point}"));
    }
    let site = TestSite::base();
    site.ok(&["build"]);
    site.write("content/nodes/three.toml", three);
    site.ok(&["build", "--node", "three"]);
    site.remove("content/nodes/three.toml");
    assert_as_from_nothing(&site, "a node was built alone");
}

/// Warnings are said as long as they hold, whatever makes a build look twice.
#[test]
fn warnings_are_not_lost_when_something_else_is_mended() {
    let site = TestSite::base();
    site.replace(
        "content/nodes/one.toml",
        "[\"play\"]",
        "[\"play\", \"none\"]",
    );
    site.write("content/pages/play/stray.txt", "stray\n");
    let warned = text(&site.ok(&["build"]).stderr);
    assert!(
        warned.contains("stray.txt") && warned.contains("none"),
        "{warned}"
    );
    site.remove("dist/one/play/play/notes/index.html");
    assert_eq!(
        text(&site.ok(&["build"]).stderr),
        warned,
        "an output was mended"
    );
    for flags in [
        &["--explain"][..],
        &["--force"],
        &["--verify"],
        &["--now", "2031-01-01T00:00:00Z"],
        &[],
    ] {
        let args = [&["build"], flags].concat();
        assert_eq!(text(&site.ok(&args).stderr), warned, "{flags:?}");
    }
    site.write("content/components/hero.css", "h1 { color: blue; }\n");
    assert_eq!(text(&site.ok(&["build"]).stderr), warned, "a style changed");
}

#[test]
fn links_in_the_place_of_output_folders_are_noticed() {
    for folder in ["dist/one", "dist/one/play"] {
        let site = TestSite::base();
        site.ok(&["build"]);
        let elsewhere = site.beside("elsewhere");
        std::fs::rename(site.path(folder), &elsewhere).unwrap();
        crate::harness::symlink(&elsewhere, &site.path(folder));
        let output = site.run(&["build"]);
        assert_eq!(output.status.code(), Some(1), "{folder}");
        assert!(
            text(&output.stderr).contains("symbolic link"),
            "{}",
            text(&output.stderr)
        );
    }
}

/// What would make a reader wait for ever, or a rename fail half-way, is found before anything changes.
#[test]
fn what_is_no_file_is_not_taken_for_one() {
    let site = TestSite::base();
    site.ok(&["build"]);
    let before = site.dist();
    let ledger = tree(&site.path(".rbgen")).into_keys().next().unwrap();
    for path in [
        format!(".rbgen/{ledger}"),
        "dist/.rbgen/journal".to_string(),
    ] {
        crate::harness::remove_any(&site.path(&path));
        let made = std::process::Command::new("mkfifo")
            .arg(site.path(&path))
            .status();
        assert!(made.unwrap().success());
        site.ok(&["build"]);
        assert_same(&before, &site.dist(), &path);
    }
    site.remove("dist/one/play.json");
    site.write("dist/one/play.json/mine.txt", "mine\n");
    let output = site.run(&["build"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        text(&output.stderr).contains("nothing was written"),
        "{}",
        text(&output.stderr)
    );
    assert_eq!(site.read("dist/one/play.json/mine.txt"), "mine\n");
}
