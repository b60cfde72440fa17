//! Records without a database: in a file, with every state in its order and every column as it was.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use serde_json::{Value, json};

use super::{Deployed, document};
use crate::commits::commit_all;
use crate::harness::text;

#[test]
fn a_record_goes_through_all_states_and_tells_the_truth() {
    let deployed = Deployed::keeping(2);
    let commit = commit_all(&deployed.site.root());
    let said = deployed.deploy(&[]);
    let lines = deployed.record_lines();
    let states: Vec<&Value> = lines.iter().map(|line| &line["deploy_status"]).collect();
    assert_eq!(states, ["pending", "building", "deploying", "success"]);
    let manifest: Value = serde_json::from_str(&deployed.site.read("dist/one/play.json")).unwrap();
    let last = lines.last().unwrap();
    for (column, expected) in [
        ("node_id", json!("one")),
        ("app_namespace", json!("play")),
        ("build_hash", manifest["build_hash"].clone()),
        ("release", manifest["build_hash"].clone()),
        ("pages_count", manifest["pages"].clone()),
        ("components_count", manifest["components"].clone()),
        ("error_message", Value::Null),
        ("triggered_by", json!("manual")),
        ("source_rev", Value::Null),
        ("source_commit", json!(commit)),
        ("preview", Value::Null),
    ] {
        assert_eq!(last[column], expected, "{column}");
    }
    let target = last["target"].as_str().unwrap();
    let path = deployed.target().canonicalize().unwrap();
    let start = format!("{} on ", path.display());
    assert!(target.starts_with(&start), "{target}");
    let [started, completed] = ["started_at", "completed_at"].map(|name| {
        let text = last[name].as_str().unwrap();
        text.parse::<jiff::Timestamp>().unwrap()
    });
    let took = completed.duration_since(started).as_millis();
    let [build, deploy] =
        ["build_duration_ms", "deploy_duration_ms"].map(|name| last[name].as_u64().unwrap());
    assert!(u128::from(build + deploy) <= u128::try_from(took).unwrap() + 1);
    let log = last["build_log"].as_str().unwrap();
    assert!(log.starts_with("built in "), "{log}");
    assert!(
        log.contains("2 pages rendered") && log.ends_with("\nlive"),
        "{log}"
    );
    // What was printed is the record.
    let printed = &said["deploys"][0];
    for (name, column) in [
        ("id", "id"),
        ("node", "node_id"),
        ("app", "app_namespace"),
        ("status", "deploy_status"),
        ("build_hash", "build_hash"),
        ("release", "release"),
        ("pages", "pages_count"),
        ("components", "components_count"),
        ("build_ms", "build_duration_ms"),
        ("deploy_ms", "deploy_duration_ms"),
        ("error", "error_message"),
        ("started_at", "started_at"),
        ("completed_at", "completed_at"),
        ("triggered_by", "triggered_by"),
        ("source_rev", "source_rev"),
        ("source_commit", "source_commit"),
        ("target", "target"),
        ("preview", "preview"),
    ] {
        assert_eq!(printed[name], last[column], "{name}");
    }
    // What is in no commit is said.
    deployed.mark("dirty");
    let said = deployed.deploy(&[]);
    assert_eq!(
        said["deploys"][0]["source_commit"],
        format!("{commit}-dirty")
    );
}

#[test]
fn a_build_that_fails_has_its_diagnostics_in_the_record() {
    let deployed = Deployed::keeping(2);
    deployed.publish("one");
    let page = "content/pages/play/home.toml";
    deployed.site.replace(page, "title = ", "titel = ");
    let output = deployed.rbgen(&["deploy", "--json"]);
    assert_eq!(output.status.code(), Some(1));
    let said = document(&output);
    assert_eq!(said["deploys"][0]["status"], "failed", "{said}");
    let code = said["diagnostics"][0]["code"].as_str().unwrap();
    let record = deployed.records().pop().unwrap();
    let error = record["error_message"].as_str().unwrap();
    assert!(
        error.starts_with(&format!("error[{code}]: {page}")),
        "{error}"
    );
    let log = record["build_log"].as_str().unwrap();
    assert!(
        log.contains(code) && log.contains(&format!("{page}:")),
        "{log}"
    );
    assert!(!log.contains('\u{1b}'), "{log}");
    assert!(log.contains("titel"), "{log}");
    assert_eq!(
        (&record["build_hash"], &record["release"]),
        (&json!(""), &Value::Null)
    );
    assert_eq!(deployed.live_mark(), "one");
    let words = deployed.rbgen(&["deploy"]);
    assert!(
        text(&words.stderr).contains("; nothing was deployed"),
        "{}",
        text(&words.stderr)
    );
    deployed.site.replace(page, "titel = ", "title = ");
    deployed.publish("two");
}

#[test]
fn records_are_listed_and_shown() {
    let deployed = Deployed::keeping(2);
    let site = &deployed.site;
    let none = site.ok(&["deploys"]);
    assert_eq!(text(&none.stderr), "nothing was deployed yet\n");
    assert_eq!(
        document(&site.ok(&["deploys", "--json"])),
        json!({ "deploys": [] })
    );
    let [first, second] = ["one", "two"].map(|mark| deployed.publish(mark));
    deployed.deploy(&["--preview", "next"]);
    let table = text(&site.ok(&["deploys"]).stdout);
    let rows: Vec<&str> = table.lines().collect();
    assert_eq!(rows.len(), 4, "{table}");
    let heads: Vec<&str> = rows[0].split_whitespace().collect();
    assert_eq!(
        heads,
        [
            "id", "started", "node", "app", "status", "release", "pages", "ms", "by"
        ]
    );
    // The newest first.
    assert!(rows[1].ends_with("manual (preview next)"), "{table}");
    assert!(
        rows[2].contains(&second[..12]) && rows[3].contains(&first[..12]),
        "{table}"
    );
    let json = document(&site.ok(&["deploys", "--json", "-n", "2"]));
    let listed = json["deploys"].as_array().unwrap();
    assert_eq!(listed.len(), 2);
    assert_eq!(listed[1]["release"], second.as_str());
    let id = listed[1]["id"].as_str().unwrap();
    let shown = text(&site.ok(&["deploys", &id[..8]]).stdout);
    assert!(shown.contains(id) && shown.contains(&second), "{shown}");
    assert!(
        shown.contains("\nbuilt in ") && shown.contains("\nlive, instead of "),
        "{shown}"
    );
    let shown = document(&site.ok(&["deploys", id, "--json"]));
    assert!(
        shown["log"].as_str().unwrap().contains("built in "),
        "{shown}"
    );
    let unknown = deployed.rbgen(&["deploys", "nothing", "--json"]);
    assert_eq!(unknown.status.code(), Some(2));
    assert!(document(&unknown)["error"].is_string());
    assert_eq!(
        document(&site.ok(&["deploys", "--json", "--app", "work"]))["deploys"],
        json!([])
    );
}

#[test]
fn records_are_followed() {
    let deployed = Deployed::keeping(2);
    let first = deployed.publish("one");
    let mut follower = deployed
        .site
        .command(&["deploys", "--follow", "--json"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(follower.stdout.take().unwrap()).lines();
    let mut next = || -> Value { serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap() };
    assert_eq!(next()["release"], first.as_str());
    let second = deployed.publish("two");
    // It may see the new one in an earlier state first.
    let seen = std::iter::repeat_with(&mut next).find(|record| record["status"] == "success");
    assert_eq!(seen.unwrap()["release"], second.as_str());
    follower.kill().unwrap();
    follower.wait().unwrap();
}

#[test]
fn a_file_of_records_that_was_cut_off_is_read_and_goes_on() {
    let deployed = Deployed::keeping(2);
    deployed.publish("one");
    let path = ".rbgen/deploys.jsonl";
    let whole = deployed.site.read(path);
    deployed.site.write(path, format!("{whole}{{\"id\": \"0"));
    deployed.mark("two");
    deployed.deploy(&[]);
    let listed = document(&deployed.site.ok(&["deploys", "--json"]));
    assert_eq!(listed["deploys"].as_array().unwrap().len(), 2, "{listed}");
}

#[test]
fn a_target_has_one_name_from_wherever_it_is_deployed_to() {
    let deployed = Deployed::keeping(2);
    let killed = deployed
        .site
        .command(&["deploy", "--root", "../site/."])
        .env("RBGEN_FAILPOINT", "deploy-pending:1")
        .output()
        .unwrap();
    assert_eq!(killed.status.code(), None);
    deployed.publish("one");
    let records = deployed.records();
    assert_eq!(records[0]["target"], records[1]["target"]);
    // So the record of the dead one is closed by the other.
    assert_eq!(records[0]["deploy_status"], "failed", "{records:?}");
}
