//! What rbgen writes for people: new sites, new documents, schemas; and what its doctor says of them.

use std::collections::BTreeSet;
use std::fs;
use std::process::{Output, Stdio};

use serde_json::Value;

use crate::harness::{TestSite, assert_same, project, text, tree};

const TEMPLATES: [&str; 3] = ["app", "blog", "docs"];

/// A new site, made in an empty folder.
fn new_site(template: &str) -> TestSite {
    let site = TestSite::empty();
    site.ok(&["init", ".", "--template", template]);
    site
}

fn json(stdout: &[u8]) -> Value {
    serde_json::from_slice(stdout).unwrap_or_else(|error| panic!("{error}: {}", text(stdout)))
}

#[track_caller]
fn assert_clean(site: &TestSite) {
    let output = site.run(&["check", "--deny-warnings"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
}

#[test]
fn every_template_is_clean_and_builds() {
    for template in TEMPLATES {
        let site = new_site(template);
        assert_clean(&site);
        let built = site.build(&[]);
        assert!(built.count("pages_rendered") >= 4, "{template}");
        let base = tree(&project().join("themes/base"));
        assert_same(&base, &tree(&site.path("themes/base")), "the theme `base`");
        let doctor = json(&site.ok(&["doctor", "--json"]).stdout);
        for check in doctor["checks"].as_array().unwrap() {
            assert_eq!(check["status"], "ok", "{template}: {check}");
        }
    }
}

/// The macro that embeds a folder does not notice when a file is added to it.
#[test]
fn every_file_of_a_template_is_embedded() {
    for template in TEMPLATES {
        let of_template = format!("src/scaffold/{template}");
        let mut layers = vec![
            ("themes/base", "themes/base/"),
            ("content/tokens", "content/tokens/"),
            ("src/scaffold/common", ""),
            (of_template.as_str(), ""),
        ];
        if template != "blog" {
            layers.push(("src/scaffold/cards", ""));
        }
        let expected: BTreeSet<String> = layers
            .into_iter()
            .flat_map(|(folder, prefix)| {
                let paths = tree(&project().join(folder)).into_keys();
                paths.map(move |path| format!("{prefix}{}", path.replace("dot-", ".")))
            })
            .collect();
        let site = new_site(template);
        let written = tree(&site.root()).into_keys();
        let written: BTreeSet<String> = written
            .filter(|path| !path.starts_with(".rbgen/"))
            .collect();
        assert_eq!(written, expected, "compile src/scaffold.rs again");
    }
}

#[test]
fn the_app_differs_by_node() {
    let site = new_site("app");
    site.ok(&["build"]);
    let page = |node: &str| site.read(&format!("dist/{node}/home/index.html"));
    assert!(page("riverside").contains("boat house") && !page("riverside").contains("east quay"));
    assert!(page("harbour").contains("east quay") && !page("harbour").contains("boat house"));
}

#[test]
fn a_second_init_refuses_and_changes_nothing() {
    let site = new_site("app");
    site.write("content/tokens/color.toml", "# mine\n");
    let before = tree(&site.root());
    let output = site.run(&["init", ".", "--template", "blog", "--json"]);
    assert_eq!(output.status.code(), Some(2));
    let answer = json(&output.stdout);
    assert_eq!(answer["written"], serde_json::json!([]));
    let existing: Vec<&str> = answer["existing"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(Value::as_str)
        .collect();
    assert!(existing.contains(&"robbieblocks.toml"));
    assert!(existing.contains(&"content/tokens/color.toml"));
    assert_same(&before, &tree(&site.root()), "nothing may change");
}

#[test]
fn init_takes_an_empty_folder_a_new_one_and_one_under_git() {
    let site = TestSite::empty();
    site.write(".git/HEAD", "ref: refs/heads/main\n");
    site.ok(&["init", "."]);
    site.ok(&["init", "deep/my-blog", "--template", "blog"]);
    assert!(
        site.read("deep/my-blog/robbieblocks.toml")
            .contains("name = \"My blog\"")
    );
    site.write("file", "");
    assert_eq!(site.run(&["init", "file"]).status.code(), Some(2));
    site.write("half/themes", "not a folder");
    let output = site.run(&["init", "half"]);
    assert_eq!(output.status.code(), Some(2), "{}", text(&output.stderr));
    assert_eq!(tree(&site.path("half")).len(), 1);
}

#[test]
fn the_name_of_a_site_may_be_anything() {
    let site = TestSite::empty();
    site.ok(&["init", ".", "--name", "Kate's \"<site>\" \\ é"]);
    assert_clean(&site);
    site.ok(&["build"]);
    let page = site.read("dist/harbour/home/index.html");
    assert!(
        page.contains("Kate&#x27;s &quot;&lt;site&gt;&quot;")
            || page.contains("Kate&#39;s &quot;&lt;site&gt;&quot;")
    );
}

#[test]
fn nothing_is_written_through_a_link() {
    let site = TestSite::empty();
    fs::create_dir(site.beside("elsewhere")).unwrap();
    crate::harness::symlink(&site.beside("elsewhere"), &site.path("content"));
    assert_eq!(site.run(&["init", "."]).status.code(), Some(2));
    assert!(tree(&site.beside("elsewhere")).is_empty());
}

#[test]
fn schema_lines_lead_to_schemas() {
    for template in TEMPLATES {
        let site = new_site(template);
        let mut seen = BTreeSet::new();
        for (path, bytes) in tree(&site.root()) {
            let text = text(&bytes);
            let Some(target) = text
                .lines()
                .next()
                .and_then(|line| line.strip_prefix("#:schema "))
            else {
                let of_content = path.starts_with("content/") || path == "robbieblocks.toml";
                assert!(
                    !(of_content && path.ends_with(".toml")),
                    "{path} names no schema"
                );
                continue;
            };
            let file = site.path(&path).parent().unwrap().join(target);
            assert!(file.is_file(), "{path}: {target}");
            seen.insert(file.file_name().unwrap().to_owned());
        }
        assert_eq!(seen.len(), 6, "{seen:?}");
    }
}

#[test]
fn what_new_writes_has_no_errors() {
    for template in TEMPLATES {
        let site = new_site(template);
        let app = if template == "app" { "home" } else { template };
        for arguments in [
            vec!["new", "page", &format!("{app}/one")],
            vec![
                "new",
                "page",
                &format!("{app}/deep/two"),
                "--markdown",
                "--name",
                "The \"second\"",
            ],
            vec!["new", "page", "shared/imprint", "--layout", "sidebar-left"],
            vec!["new", "component", "pull-quote"],
            vec!["new", "node", "branch", "--name", "The branch"],
            vec![
                "new",
                "token",
                "color.highlight",
                "#FDE68A",
                "--description",
                "Marked text",
            ],
            vec!["new", "token", "radius.sm", "calc(2 * 1px)"],
        ] {
            site.ok(&arguments);
        }
        let page = "name = \"Use\"\nroute = \"/use\"\nstatus = \"published\"\n\n[[blocks]]\ncomponent = \"pull-quote\"\nprops = { title = \"T\", text = \"*x*\" }\n";
        site.write(&format!("content/pages/{app}/use.toml"), page);
        assert_clean(&site);
        site.ok(&["check", "--drafts"]);
        site.build(&["--drafts"]);
        let built = site.read(&format!("dist/branch/{app}/use/index.html"));
        assert!(built.contains("<em>x</em>"), "{built}");
        assert!(built.contains("component-pull-quote."), "{built}");
        assert!(
            site.path("dist/branch/shared/shared/imprint/index.html")
                .is_file()
        );
    }
}

#[test]
fn a_new_post_is_a_post() {
    let site = new_site("blog");
    site.ok(&["new", "page", "blog/posts/third", "--markdown"]);
    let page = site.read("content/pages/blog/posts/third.md");
    for line in [
        "layout = \"post\"",
        "route = \"/posts/third\"",
        "status = \"draft\"",
        "date = 2",
    ] {
        assert!(page.contains(line), "{line} is not in\n{page}");
    }
    site.replace(
        "content/pages/blog/posts/third.md",
        "\"draft\"",
        "\"published\"",
    );
    site.ok(&["build"]);
    let home = site.read("dist/main/blog/index.html");
    let place = |name: &str| {
        home.find(name)
            .unwrap_or_else(|| panic!("no {name} in {home}"))
    };
    assert!(
        place("Third") < place("What Markdown can do"),
        "the newest comes first"
    );
    assert!(place("What Markdown can do") < place("/posts/hello"));
}

#[test]
fn new_refuses_what_is_there_and_what_cannot_be() {
    let site = new_site("blog");
    site.write("static/style/index.html", "taken");
    let long = format!("blog/{}/{}", "a".repeat(150), "b".repeat(150));
    let before = tree(&site.root());
    for (arguments, hint) in [
        (vec!["page", "blog/about"], "content/pages/blog/about.md"),
        (
            vec!["page", "blog/posts/hello.md"],
            "content/pages/blog/posts/hello.md",
        ),
        (vec!["page", "about-us"], "`<app>/about-us`"),
        (vec!["page", "blog/About Us"], "`blog/about-us`"),
        (vec!["page", "blog/../x"], "`..`"),
        (vec!["page", "/x/y"], "app"),
        (vec!["page", "blog/con"], "Windows"),
        (vec!["page", &long], "255"),
        (vec!["page", &long, "--markdown"], "255"),
        (vec!["page", "blog/style"], "static/style/index.html"),
        (vec!["page", "blog/x", "--layout", "pots"], "`post`"),
        (vec!["component", "hero"], "content/components/hero.css"),
        (vec!["component", "Pull Quote"], "`pull-quote`"),
        (vec!["node", "main"], "content/nodes/main.toml"),
        (vec!["node", "Main Street"], "`main-street`"),
        (vec!["token", "color.primary", "red"], "already"),
        (vec!["token", "color.Text", "red"], "`color.text`"),
        (
            vec!["token", "color.x", "red; } body { color: red"],
            "one CSS value",
        ),
        (
            vec!["token", "color.x", "{color.primry}"],
            "`color.primary`",
        ),
        (
            vec!["token", "color.text.muted", "red"],
            "--color-text-muted",
        ),
        (vec!["token", "color", "1"], "group of tokens"),
        (vec!["token", "font.size", "3px"], "`font.size.<name>`"),
        (vec!["token", "color.value", "1"], "would be lost"),
    ] {
        let output = site.run(&[vec!["new"], arguments.clone()].concat());
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        let said = text(&output.stderr);
        assert!(
            said.contains(hint),
            "{arguments:?} says nothing of {hint}:\n{said}"
        );
    }
    assert_same(&before, &tree(&site.root()), "nothing may change");
}

#[test]
fn a_new_token_leaves_its_file_as_it_was() {
    let site = new_site("docs");
    let before = site.read("content/tokens/color.toml");
    let answer = json(
        &site
            .ok(&["new", "token", "color.mark", "{color.primary}", "--json"])
            .stdout,
    );
    assert_eq!(
        answer,
        serde_json::json!({ "written": ["content/tokens/color.toml"] })
    );
    let after = site.read("content/tokens/color.toml");
    assert_eq!(after, format!("{before}mark = \"{{color.primary}}\"\n"));
}

#[test]
fn a_page_is_named_by_the_path_of_its_file_too() {
    let site = new_site("app");
    for (given, path) in [
        ("content/pages/home/a", "content/pages/home/a.toml"),
        ("content/pages/home/b.md", "content/pages/home/b.md"),
        ("./content/pages/home/c.toml", "content/pages/home/c.toml"),
        ("home/d.md", "content/pages/home/d.md"),
    ] {
        let output = site.ok(&["new", "page", given]);
        assert_eq!(text(&output.stdout).trim_end(), path);
        assert!(text(&output.stderr).contains("--drafts"), "{given}");
    }
    assert_clean(&site);
}

/// Runs a command with a standard output, or a standard error, that cannot be written to.
fn run_onto(site: &TestSite, arguments: &[&str], stdout: Stdio, stderr: Stdio) -> Output {
    let mut command = site.command(arguments);
    command.stdout(stdout).stderr(stderr);
    command.spawn().unwrap().wait_with_output().unwrap()
}

#[test]
fn output_that_nobody_takes_is_no_panic() {
    let site = new_site("app");
    for arguments in [
        &["build"][..],
        &["build", "--json"],
        &["bundle"],
        &["check"],
        &["completions", "bash"],
        &["doctor", "--json"],
        &["doctor"],
        &["explain"],
        &["explain", "--json"],
        &["explain", "RB0101"],
        &["init", "another"],
        &["schema"],
        &["--help"],
    ] {
        site.remove("another");
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = run_onto(&site, arguments, writer.into(), Stdio::piped());
        assert_eq!(output.status.code(), Some(0), "{arguments:?}");
        assert_eq!(text(&output.stderr), "", "{arguments:?}");
        #[cfg(target_os = "linux")]
        {
            let full = || fs::File::options().write(true).open("/dev/full").unwrap();
            site.remove("another");
            let output = run_onto(&site, arguments, full().into(), Stdio::piped());
            assert_eq!(output.status.code(), Some(1), "{arguments:?}");
            let said = text(&output.stderr);
            assert!(said.starts_with("error: standard output cannot"), "{said}");
            assert_eq!(said.lines().count(), 1, "{said}");
            site.remove("another");
            let output = run_onto(&site, arguments, full().into(), full().into());
            assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        }
    }
    for arguments in [&["explain", "NOPE"][..], &["biuld"], &["new", "node", "?"]] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = run_onto(&site, arguments, Stdio::piped(), writer.into());
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
    }
}

#[test]
fn with_json_there_is_one_document_whatever_happens() {
    let site = TestSite::empty();
    site.write("a-file", "");
    let answer = |arguments: &[&str], status: i32| {
        let output = site.run(&[arguments, &["--json"]].concat());
        assert_eq!(output.status.code(), Some(status), "{arguments:?}");
        json(&output.stdout)
    };
    for arguments in [
        &["build"][..],
        &["check"],
        &["bundle"],
        &["schema"],
        &["new", "node", "x"],
    ] {
        assert_eq!(answer(arguments, 2)["diagnostics"][0]["code"], "RB0006");
    }
    assert_eq!(answer(&["doctor"], 1)["checks"][1]["status"], "fail");
    for (arguments, status) in [
        (&["explain", "NOPE"][..], 2),
        (&["man", "a-file"], 1),
        (&["init", "a-file"], 2),
        (&["init", "a-file/below"], 1),
    ] {
        assert!(answer(arguments, status)["error"].is_string());
    }
    for path in answer(&["man", "pages"], 0)["written"].as_array().unwrap() {
        let path = path.as_str().unwrap();
        assert!(site.path(path).is_file(), "{path}");
    }
    assert!(site.path("pages/rbgen-new-page.1").is_file());

    site.ok(&["init", "."]);
    assert!(answer(&["new", "node", "Not This"], 2)["error"].is_string());
    let archives = answer(&["bundle"], 0);
    let path = archives["archives"][0]["path"].as_str().unwrap();
    fs::remove_file(path).unwrap();
    fs::create_dir(path).unwrap();
    let failed = answer(&["bundle"], 1);
    assert!(failed["error"].is_string());
    assert_eq!(
        failed["archives"].as_array().unwrap().len() + 1,
        archives["archives"].as_array().unwrap().len()
    );
    let left = tree(&site.path("dist")).into_keys();
    assert_eq!(left.filter(|path| path.ends_with(".new")).count(), 0);
}

#[test]
fn init_begins_at_the_root_that_is_given() {
    let site = TestSite::empty();
    site.ok(&["init", "inner", "--root", "outer"]);
    assert!(site.path("outer/inner/robbieblocks.toml").is_file());
    assert!(!site.path("inner").exists());
}

#[test]
fn schemas_are_written_for_a_site_with_errors_too() {
    let site = new_site("app");
    site.remove(".rbgen");
    site.write("content/pages/home/broken.toml", "name = ");
    let answer = json(&site.ok(&["schema", "--json"]).stdout);
    let written = answer["written"].as_array().unwrap();
    assert_eq!(written.len(), 6);
    let page = json(site.read(".rbgen/schemas/page.json").as_bytes());
    assert!(page["definitions"]["props-hero"].is_object());
    site.write("robbieblocks.toml", "[site");
    site.ok(&["schema", "--out", "elsewhere"]);
    assert!(site.path("elsewhere/page.json").is_file());
}

#[test]
fn the_doctor_sees_what_is_missing() {
    let site = new_site("app");
    site.write(".git/HEAD", "ref: refs/heads/main\n");
    site.write(".gitignore", "/dist/\n");
    site.remove(".rbgen");
    site.replace(
        "robbieblocks.toml",
        "base_url = \"https://harbour.example.org\"\n",
        "",
    );
    site.write(
        "robbieblocks.toml",
        site.read("robbieblocks.toml") + "\n[database.main]\nurl_env = \"RBGEN_TEST_URL\"\n",
    );
    let output = site
        .command(&["doctor"])
        .env("RBGEN_TEST_URL", "postgres://user:secret@127.0.0.1:1/db")
        .output()
        .unwrap();
    let said = text(&output.stdout);
    assert_eq!(output.status.code(), Some(4), "{said}");
    for part in [
        "does not have .rbgen",
        "`rbgen schema`",
        "harbour",
        "RBGEN_TEST_URL is set",
        "nothing listens at 127.0.0.1:1",
    ] {
        assert!(said.contains(part), "{part} is not in\n{said}");
    }
    assert!(!said.contains("secret"));

    crate::harness::symlink(&site.beside("elsewhere"), &site.path("dist"));
    site.remove("themes/base");
    let output = site.run(&["doctor"]);
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output.stdout);
    assert!(
        said.contains("themes/base") && said.contains("symbolic link"),
        "{said}"
    );
}
