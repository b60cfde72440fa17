//! Real merges of git that run rbgen: content is merged by field and block, and what conflicts is
//! marked, told and found.

use std::process::{Command, Output};

use crate::harness::{TestSite, text};

const PAGE: &str = "content/pages/play/home.toml";

/// The page that people edit, with what they wrote for each other.
const TEXT: &str = "\
# What everybody sees first.
name = \"Home\" # the sign above the door
route = \"/play\"
status = \"published\"
title = \"Welcome\"
description = \"Come in\"

# The words at the top.
[[blocks]]
key = \"top\"
component = \"hero\"
props = { title = \"One\" }

# The words at the end.
[[blocks]]
key = \"end\"
component = \"hero\"
props = { title = \"Two\" }
";

/// A site in a repository of its own, that merges with this rbgen.
struct Clone {
    site: TestSite,
}

impl Clone {
    fn new(page: &str) -> Clone {
        let site = TestSite::base();
        let clone = Clone { site };
        clone.git(&["init", "--quiet", "--initial-branch=main"]);
        clone.install();
        clone.site.write(PAGE, page);
        clone.commit("base");
        clone
    }

    /// What `rbgen init` does in a repository.
    fn install(&self) {
        let other = TestSite::empty();
        other.ok(&["init", "."]);
        self.site
            .write(".gitattributes", other.read(".gitattributes"));
        let program = env!("CARGO_BIN_EXE_rbgen");
        let driver = format!("'{program}' merge-driver %O %A %B %L %P %S %X %Y");
        self.git(&["config", "merge.rbgen.driver", &driver]);
    }

    fn run(&self, args: &[&str]) -> Output {
        let output = Command::new("git")
            .args(["-c", "user.name=A", "-c", "user.email=a@example.org"])
            .args(args)
            .current_dir(self.site.root())
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("LC_ALL", "C")
            .output();
        output.unwrap()
    }

    fn git(&self, args: &[&str]) -> String {
        let output = self.run(args);
        let said = format!("{}{}", text(&output.stdout), text(&output.stderr));
        assert!(output.status.success(), "git {args:?}: {said}");
        said
    }

    fn commit(&self, message: &str) {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--message", message]);
    }

    /// Commits edits of the page on a new branch from where we are, and goes back.
    fn branch(&self, name: &str, edits: &[(&str, &str)]) {
        self.git(&["checkout", "--quiet", "-b", name]);
        self.edit(edits);
        self.commit(name);
        self.git(&["checkout", "--quiet", "-"]);
    }

    fn edit(&self, edits: &[(&str, &str)]) {
        edits
            .iter()
            .for_each(|(from, to)| self.site.replace(PAGE, from, to));
    }
}

fn edited(text: &str, edits: &[(&str, &str)]) -> String {
    edits.iter().fold(text.to_string(), |text, (from, to)| {
        assert!(text.contains(from), "{from}");
        text.replacen(from, to, 1)
    })
}

#[test]
fn different_fields_and_blocks_merge_and_comments_stay() {
    let clone = Clone::new(TEXT);
    let new = "props = { title = \"Two\" }\n\n# New.\n[[blocks]]\nkey = \"new\"\ncomponent = \"hero\"\nprops = { title = \"New\" }\n";
    let theirs = [
        ("title = \"Welcome\"", "title = \"Good day\" # so it was"),
        ("\"One\"", "\"1\""),
        ("props = { title = \"Two\" }\n", new),
    ];
    clone.branch("theirs", &theirs);
    let ours = [
        ("description = \"Come in\"", "description = \"Come on in\""),
        ("name = \"Home\"", "name = \"House\""),
    ];
    clone.edit(&ours);
    clone.commit("ours");
    clone.git(&["merge", "--quiet", "--no-edit", "theirs"]);
    let both = edited(&edited(TEXT, &theirs), &ours);
    assert_eq!(clone.site.read(PAGE), both);
    assert_eq!(
        clone.git(&["status", "--porcelain", "--untracked-files=no"]),
        ""
    );
    clone.site.ok(&["check"]);
}

#[test]
fn one_field_changed_twice_is_marked_told_and_found() {
    let clone = Clone::new(TEXT);
    clone.branch("theirs", &[("\"Welcome\"", "\"Good day\"")]);
    clone.edit(&[("\"Welcome\"", "\"Hello\""), ("\"Come in\"", "\"Come\"")]);
    clone.commit("ours");
    let output = clone.run(&["merge", "--no-edit", "theirs"]);
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output.stderr);
    assert!(
        said.contains(&format!("CONFLICT (title): {PAGE}")),
        "{said}"
    );
    let marked = "<<<<<<< HEAD\ntitle = \"Hello\"\n=======\ntitle = \"Good day\"\n>>>>>>> theirs\n";
    let wanted = [
        ("title = \"Welcome\"\n", marked),
        ("\"Come in\"", "\"Come\""),
    ];
    assert_eq!(clone.site.read(PAGE), edited(TEXT, &wanted));
    let status = clone.git(&["status", "--porcelain", "--untracked-files=no"]);
    assert_eq!(status, format!("UU {PAGE}\n"));
    let check = clone.site.run(&["check"]);
    assert_eq!(check.status.code(), Some(1));
    assert!(text(&check.stderr).contains("a merge conflict is not resolved here"));
    // With the base, where a person asks git for it.
    clone.git(&["merge", "--abort"]);
    clone.git(&["config", "merge.conflictStyle", "zdiff3"]);
    assert!(
        !clone
            .run(&["merge", "--no-edit", "theirs"])
            .status
            .success()
    );
    let page = clone.site.read(PAGE);
    assert!(page.contains("\ntitle = \"Welcome\"\n=======\n"), "{page}");
}

/// Two branches that have merged each other have two common ancestors, which git merges first.
#[test]
fn criss_cross_merges_lose_nothing() {
    let clone = Clone::new(TEXT);
    clone.git(&["branch", "other"]);
    clone.edit(&[("\"Welcome\"", "\"Hello\"")]);
    clone.commit("ours 1");
    clone.git(&["tag", "ours-1"]);
    clone.git(&["checkout", "--quiet", "other"]);
    clone.edit(&[("\"Come in\"", "\"Come\"")]);
    clone.commit("theirs 1");
    clone.git(&["tag", "theirs-1"]);
    clone.git(&["merge", "--quiet", "--no-edit", "ours-1"]);
    clone.edit(&[("\"One\"", "\"1\"")]);
    clone.commit("theirs 2");
    clone.git(&["checkout", "--quiet", "main"]);
    clone.git(&["merge", "--quiet", "--no-edit", "theirs-1"]);
    clone.edit(&[("\"Two\"", "\"2\"")]);
    clone.commit("ours 2");
    clone.git(&["merge", "--quiet", "--no-edit", "other"]);
    let all = [
        ("\"Welcome\"", "\"Hello\""),
        ("\"Come in\"", "\"Come\""),
        ("\"One\"", "\"1\""),
        ("\"Two\"", "\"2\""),
    ];
    assert_eq!(clone.site.read(PAGE), edited(TEXT, &all));
}

/// The ancestors themselves conflict, and each branch has decided that in its own way.
#[test]
fn a_criss_cross_in_which_the_ancestors_conflict_leaves_the_field_to_a_person() {
    let clone = Clone::new(TEXT);
    clone.git(&["branch", "other"]);
    clone.edit(&[("\"Welcome\"", "\"Hello\"")]);
    clone.commit("ours 1");
    clone.git(&["tag", "ours-1"]);
    clone.git(&["checkout", "--quiet", "other"]);
    clone.edit(&[("\"Welcome\"", "\"Good day\"")]);
    clone.commit("theirs 1");
    clone.git(&["tag", "theirs-1"]);
    for (branch, tag, title) in [("other", "ours-1", "Theirs"), ("main", "theirs-1", "Ours")] {
        clone.git(&["checkout", "--quiet", branch]);
        assert!(!clone.run(&["merge", "--no-edit", tag]).status.success());
        let title = format!("\"{title}\"");
        clone
            .site
            .write(PAGE, edited(TEXT, &[("\"Welcome\"", &title)]));
        clone.commit("decided");
    }
    clone.edit(&[("\"Two\"", "\"2\"")]);
    clone.commit("ours 3");
    let output = clone.run(&["merge", "--no-edit", "other"]);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    let page = clone.site.read(PAGE);
    let marked = "<<<<<<< HEAD\ntitle = \"Ours\"\n=======\ntitle = \"Theirs\"\n>>>>>>> other\n";
    assert!(page.contains(marked), "{page}");
}

#[test]
fn line_ends_are_kept_whatever_git_is_set_to() {
    let crlf = TEXT.replace('\n', "\r\n");
    let clone = Clone::new(TEXT);
    clone.git(&["config", "core.autocrlf", "true"]);
    clone.site.write(PAGE, &crlf);
    clone.commit("crlf");
    assert_eq!(clone.git(&["show", &format!("HEAD:{PAGE}")]), crlf);
    let theirs = [("\"Welcome\"", "\"Good day\""), ("\"One\"", "\"1\"")];
    clone.branch("theirs", &theirs);
    let ours = [("\"Come in\"", "\"Come\"")];
    clone.edit(&ours);
    clone.commit("ours");
    clone.git(&["merge", "--quiet", "--no-edit", "theirs"]);
    let both = edited(&edited(&crlf, &theirs), &ours);
    assert_eq!(clone.site.read(PAGE), both);
    assert_eq!(clone.git(&["show", &format!("HEAD:{PAGE}")]), both);
    assert_eq!(
        clone.git(&["status", "--porcelain", "--untracked-files=no"]),
        ""
    );
}

#[test]
fn a_file_that_both_add_merges_without_a_base() {
    let clone = Clone::new(TEXT);
    let path = "content/pages/play/new.toml";
    let page = |more: &str| format!("name = \"New\"\n{more}");
    clone.git(&["checkout", "--quiet", "-b", "theirs"]);
    clone.site.write(path, page("title = \"T\"\n"));
    clone.commit("theirs");
    clone.git(&["checkout", "--quiet", "main"]);
    clone.site.write(path, page("description = \"D\"\n"));
    clone.commit("ours");
    clone.git(&["merge", "--quiet", "--no-edit", "theirs"]);
    let merged = clone.site.read(path);
    let lines: std::collections::BTreeSet<&str> = merged.lines().collect();
    let wanted = ["name = \"New\"", "title = \"T\"", "description = \"D\""];
    assert_eq!(lines, wanted.into_iter().collect());
}

#[test]
fn the_driver_tells_git_what_happened_by_its_status() {
    let site = TestSite::empty();
    let run = |path: &str, size: &str, [base, ours, theirs]: [&[u8]; 3]| {
        site.write("O", base);
        site.write("A", ours);
        site.write("B", theirs);
        // An older git does not know the last words.
        let words = ["merge-driver", "O", "A", "B", size, path, "%S", "%X", "%Y"];
        site.run(&words).status.code()
    };
    let deep = "sites/one/content/pages/a/x.toml";
    let [a, b, c] = ["name = \"A\"\n", "name = \"B\"\n", "name = \"C\"\n"].map(str::as_bytes);
    assert_eq!(run(deep, "7", [a, b, a]), Some(0));
    assert_eq!(site.read("A"), "name = \"B\"\n");
    assert_eq!(run(deep, "9", [a, b, c]), Some(1));
    let marked = "<<<<<<<<< ours\nname = \"B\"\n=========\nname = \"C\"\n>>>>>>>>> theirs\n";
    assert_eq!(site.read("A"), marked);
    assert_eq!(run("else/x.toml", "%L", [a, b, c]), Some(1));
    assert_eq!(
        site.read("A"),
        marked
            .replace("<<<<<<<<<", "<<<<<<<")
            .replace("=========", "=======")
            .replace(">>>>>>>>>", ">>>>>>>")
    );
    assert_eq!(run(deep, "7", [a, b"\xff\n", c]), Some(1));
    assert_eq!(run(deep, "7", [b"\0\xff", b"\0\xfe", b"\0\xfd"]), Some(1));
    let missing = ["merge-driver", "none", "A", "B", "7", deep];
    assert_eq!(site.run(&missing).status.code(), Some(129));
}

#[test]
fn init_in_a_repository_names_the_driver() {
    let site = TestSite::empty();
    let git = |args: &[&str]| {
        let output = Command::new("git")
            .args(args)
            .current_dir(site.root())
            .output();
        text(&output.unwrap().stdout).trim().to_string()
    };
    git(&["init", "--quiet"]);
    site.ok(&["init", "my site"]);
    let driver = git(&["config", "merge.rbgen.driver"]);
    assert!(
        driver.ends_with("merge-driver %O %A %B %L %P %S %X %Y"),
        "{driver}"
    );
    let page = "my site/content/pages/a/x.toml";
    assert!(git(&["check-attr", "merge", page]).ends_with(": rbgen"));
}
