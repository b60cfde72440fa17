//! A build that is killed leaves each file old or new, and the next one mends it.

use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::harness::{
    EXAMPLE, TestSite, Tree, assert_manifests_tell_the_truth, assert_same, some_page,
};

/// A built site and an edit of it that changes, adds and removes outputs: what stands in `dist`
/// before and after.
struct Edited {
    old: Tree,
    new: Tree,
    /// How long the build took.
    took: Duration,
}

impl Edited {
    fn make() -> Edited {
        let site = Edited::site();
        let began = Instant::now();
        site.ok(&["build"]);
        Edited {
            old: EXAMPLE.dist(),
            new: site.dist(),
            took: began.elapsed(),
        }
    }

    /// The edited site, its build still to come.
    fn site() -> TestSite {
        let site = EXAMPLE.duplicate();
        for path in [
            "themes/base/partials/site-footer.html",
            "content/components/markdown.html",
        ] {
            site.write(path, site.read(path) + "\n<p>changed</p>\n");
        }
        site.remove(&some_page(&site));
        site.write(
            "content/pages/code/new.md",
            "+++\nname = \"New\"\nstatus = \"published\"\n+++\n\nNew.\n",
        );
        site
    }

    /// After a build was killed: each file is old or new, and the next build mends.
    fn holds_after_a_kill(&self, site: &TestSite, when: &str) {
        for (path, bytes) in site.dist() {
            let known = [self.old.get(&path), self.new.get(&path)];
            assert!(
                known.contains(&Some(&bytes)),
                "killed {when}: {path} is neither old nor new"
            );
        }
        site.ok(&["build"]);
        let what = format!("killed {when}, then built; the first is from nothing");
        assert_same(&self.new, &site.dist(), &what);
        assert_manifests_tell_the_truth(&site.path("dist"));
    }
}

/// At each point where a build does something that a kill could leave half done.
#[test]
fn a_build_killed_at_any_point_is_mended_by_the_next() {
    let edited = Edited::make();
    for point in [
        "before-rename:1",
        "rename:1",
        "rename:2",
        "rename:7",
        "before-manifests:1",
        "before-removal:1",
        "before-journal:1",
        "before-ledger:1",
        "ledger:1",
    ] {
        let site = Edited::site();
        kill_at(&site, point);
        edited.holds_after_a_kill(&site, &format!("at {point}"));
    }
}

fn kill_at(site: &TestSite, point: &str) {
    let killed = site
        .command(&["build"])
        .env("RBGEN_FAILPOINT", point)
        .output()
        .unwrap();
    assert_eq!(killed.status.code(), None, "{point} was not reached");
}

/// Bundles that are not there come as whole folders, after their manifests.
#[test]
fn a_first_build_killed_at_any_point_is_mended_by_the_next() {
    let whole = Edited {
        old: Tree::new(),
        new: EXAMPLE.dist(),
        took: Duration::ZERO,
    };
    for point in [
        "before-fresh:1",
        "fresh:1",
        "fresh:2",
        "fresh:5",
        "before-manifests:1",
        "before-journal:1",
        "ledger:1",
    ] {
        let site = TestSite::example();
        kill_at(&site, point);
        whole.holds_after_a_kill(&site, &format!("at {point} of a first build"));
    }
}

/// Where only what a page says has changed, the ledger is appended to.
#[test]
fn an_appended_ledger_is_sound_after_a_kill() {
    let page = some_page(&EXAMPLE);
    let edit = |site: &TestSite| {
        let text = site.read(&page);
        site.write(&page, text + "\n\nOne more line.\n");
    };
    let edited = Edited {
        old: EXAMPLE.dist(),
        new: {
            let site = EXAMPLE.duplicate();
            edit(&site);
            site.ok(&["build"]);
            site.dist()
        },
        took: Duration::ZERO,
    };
    for point in [
        "rename:1",
        "before-manifests:1",
        "before-journal:1",
        "append:1",
        "half-appended:1",
    ] {
        let site = EXAMPLE.duplicate();
        // A ledger knows the place of its outputs, and a copy has other inodes.
        site.ok(&["build"]);
        edit(&site);
        kill_at(&site, point);
        edited.holds_after_a_kill(&site, &format!("at {point} of an edit"));
        let again = site.build(&[]);
        assert_eq!(again.count("pages_rendered"), 0, "after {point}");
        assert_eq!(again.count("files_written"), 0, "after {point}");
    }
}

/// And at moments that nobody chose.
#[test]
fn a_build_killed_at_any_time_is_mended_by_the_next() {
    let edited = Edited::make();
    const MOMENTS: u32 = 6;
    for moment in 0..=MOMENTS {
        let site = Edited::site();
        let mut build = site
            .command(&["build"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // The one place where a test sleeps: what it waits for is that no point is special.
        std::thread::sleep(edited.took * moment / MOMENTS);
        build.kill().unwrap();
        build.wait().unwrap();
        edited.holds_after_a_kill(&site, &format!("after {moment}/{MOMENTS} of its time"));
    }
}
