//! The documentation: a site that has to be clean, pages that rbgen itself knows better than anybody,
//! and the fields of every file.
//!
//! `UPDATE_DOCS=1 cargo test --test suite docs` writes the pages that are made of what rbgen says.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;

use serde_json::Value;

use crate::harness::{TestSite, copy_tree, project, text, tree};

/// The documentation, in a temporary folder.
fn docs() -> TestSite {
    let site = TestSite::empty();
    copy_tree(&project().join("docs"), &site.root());
    site.remove("dist");
    site.remove(".rbgen");
    site
}

#[test]
fn the_documentation_is_a_clean_site() {
    let site = docs();
    site.ok(&["check", "--deny-warnings"]);
    site.build(&[]);
}

#[test]
fn links_in_the_documentation_lead_somewhere() {
    let site = docs();
    site.ok(&["build"]);
    let built = tree(&site.path("dist/web/docs"));
    let page = |route: &str| match route {
        "" => "index.html".to_string(),
        route => format!("{route}/index.html"),
    };
    let mut faults = Vec::new();
    for (path, bytes) in built.iter().filter(|(path, _)| path.ends_with(".html")) {
        for link in text(bytes).split("href=\"/").skip(1) {
            let link = link.split('"').next().unwrap_or_default();
            let (route, id) = link.split_once('#').unwrap_or((link, ""));
            if route.starts_with("_rb/") {
                continue;
            }
            let found = built.get(&page(route)).map(|bytes| text(bytes));
            match found {
                None => faults.push(format!("{path}: there is no /{route}")),
                Some(html) if !id.is_empty() && !html.contains(&format!("id=\"{id}\"")) => {
                    faults.push(format!("{path}: /{route} has no #{id}"));
                }
                Some(_) => {}
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// Holds a page against what rbgen says, or writes it.
#[track_caller]
fn assert_page(path: &str, expected: &str) {
    let path = project().join("docs/content/pages/docs").join(path);
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, expected).unwrap();
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == expected,
        "{} is not what rbgen says: write it with `UPDATE_DOCS=1 cargo test --test suite docs`",
        path.display()
    );
}

fn front_matter(name: &str, route: &str, order: u32, description: &str) -> String {
    format!(
        "+++\nname = \"{name}\"\nroute = \"{route}\"\nstatus = \"published\"\ndescription = \"{description}\"\n\n\
         [metadata]\nsection = \"Reference\"\norder = {order}\n+++\n\n# {name}\n\n"
    )
}

const ABOUT_COMMANDS: &str = "\
Every command takes `--help`; what it prints is below.

## What commands print

Diagnostics, hints and progress go to standard error, everything else to standard output. With \
`--json`, standard output is exactly one JSON document, also when something is wrong: what could \
not be done is then in its `diagnostics` or its `error`. Not JSON are \
the script of `rbgen completions`, `--help` and `--version`; and arguments that rbgen does not know \
are told on standard error alone, with an empty standard output.

| Exit status | Meaning |
| --- | --- |
| 0 | done |
| 1 | the content has errors, or something could not be written |
| 2 | wrong usage or configuration |
| 3 | something is in the way, and nothing was changed |
| 4 | a database or a target of deploys could not be reached or written to, or somebody else is at work in it |

A program that closes the pipe before all is printed, such as `head`, is no error: the command does \
its work and ends as if all had been read. Where standard output cannot be written for another \
reason, such as a full disk, the exit status is 1.
";

#[test]
fn every_command_is_in_the_reference() {
    let site = TestSite::empty();
    let help = |command: &[&str]| {
        let mut arguments = command.to_vec();
        arguments.push("--help");
        // Help is as wide as the terminal says, where it says anything.
        let output = site
            .command(&arguments)
            .env_remove("COLUMNS")
            .output()
            .unwrap();
        assert!(output.status.success(), "{command:?}");
        text(&output.stdout)
    };
    let listed = |help: &str| -> Vec<String> {
        let commands = help.split("\nCommands:\n").nth(1).unwrap_or_default();
        commands
            .lines()
            .take_while(|line| !line.is_empty())
            // A description that is longer than a line goes on below it, deeper.
            .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
            .filter_map(|line| line.split_whitespace().next())
            .filter(|name| *name != "help")
            .map(str::to_string)
            .collect()
    };
    let mut page = front_matter(
        "Commands",
        "/reference/commands",
        200,
        "Every command and every option, as rbgen prints them.",
    );
    page.push_str(ABOUT_COMMANDS);
    let mut section = |command: &[&str], help: &str| {
        let title = [&["rbgen"], command].concat().join(" ");
        write!(page, "\n## {title}\n\n```text\n{}\n```\n", help.trim_end()).unwrap();
    };
    let top = help(&[]);
    section(&[], &top);
    let commands = listed(&top);
    assert!(commands.len() > 8, "{commands:?}");
    for command in &commands {
        let shown = help(&[command]);
        section(&[command], &shown);
        for inner in listed(&shown) {
            section(&[command, &inner], &help(&[command, &inner]));
        }
    }
    assert_page("reference/commands.md", &page);
}

#[test]
fn every_code_is_in_the_reference() {
    let output = TestSite::empty().ok(&["explain", "--json"]);
    let codes: Value = serde_json::from_slice(&output.stdout).unwrap();
    let mut page = front_matter(
        "Codes",
        "/reference/codes",
        210,
        "Every code of an error or a warning, and what it means.",
    );
    page.push_str(
        "Every error and every warning has a code, which never changes its meaning. `rbgen explain` and a code prints what is here.\n",
    );
    for code in codes.as_array().unwrap() {
        let part = |name: &str| code[name].as_str().unwrap();
        let title = part("title");
        let explanation = part("explanation");
        write!(
            page,
            "\n## {}\n\n**{title}.** {explanation}\n",
            part("code")
        )
        .unwrap();
    }
    assert_page("reference/codes.md", &page);
}

/// The names of all fields of a JSON Schema, but for those below the fields in `except`.
fn fields(schema: &Value, except: &[&str], found: &mut BTreeSet<String>) {
    match schema {
        Value::Object(map) => {
            for (key, value) in map {
                match (key.as_str(), value) {
                    ("definitions", _) => {}
                    ("properties", Value::Object(properties)) => {
                        for (name, inner) in properties
                            .iter()
                            .filter(|(name, _)| !except.contains(&name.as_str()))
                        {
                            found.insert(name.clone());
                            fields(inner, except, found);
                        }
                    }
                    (_, value) => fields(value, except, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| fields(item, except, found)),
        _ => {}
    }
}

#[test]
fn every_field_of_every_file_is_described() {
    let site = docs();
    site.ok(&["schema", "--out", "schemas"]);
    // What this version reads and has no use for yet is not described.
    for (schema, page, except) in [
        ("page", "content/pages.md", &[][..]),
        ("component", "content/components.md", &[]),
        ("node", "look/tokens-and-nodes.md", &[]),
        ("tokens", "look/tokens-and-nodes.md", &[]),
        ("theme", "look/themes.md", &[]),
        ("site", "build/configuration.md", &["react"]),
    ] {
        let json: Value =
            serde_json::from_str(&site.read(&format!("schemas/{schema}.json"))).unwrap();
        let mut names = BTreeSet::new();
        fields(&json, except, &mut names);
        let text = site.read(&format!("content/pages/docs/{page}"));
        for name in names {
            let named = [
                format!("`{name}`"),
                format!("`[{name}]`"),
                format!("`[{name}.<id>]`"),
            ];
            assert!(
                named.iter().any(|name| text.contains(name)),
                "{page} says nothing of {named:?}"
            );
        }
    }
}

#[test]
fn every_condition_is_described() {
    let page = docs().read("content/pages/docs/content/conditions.md");
    for name in ["node", "app", "status", "from", "until", "any", "not"] {
        assert!(page.contains(&format!("| `{name} = ")), "{name}");
    }
}
