//! What only stores can do to a deploy: be gone, hang, refuse, ignore conditions, take a turn away.

use std::net::TcpListener;
use std::process::{Command, Output, Stdio};
use std::thread::sleep;
use std::time::Duration;

use super::store::{SECRETS, STORE, Store, with_credentials};
use super::{Deployed, Kind, PAGE, PREFIX};
use crate::harness::{text, tree};
use crate::postgres::free_port;

/// Fails where a secret is in what was said, or in the records.
#[track_caller]
fn assert_no_secret(deployed: &Deployed, output: &Output) {
    let records = deployed.site.read(".rbgen/deploys.jsonl");
    let said = text(&output.stdout) + &text(&output.stderr) + &records;
    for (name, secret) in SECRETS {
        assert!(
            !said.contains(secret),
            "the value of {name} was said: {said}"
        );
    }
}

/// A deploy that fails because the store cannot be used, in these words.
#[track_caller]
fn assert_unusable(deployed: &Deployed, times: &str, words: &str) {
    let output = deployed
        .command(&["deploy"])
        .env("RBGEN_STORE_TIMES", times)
        .output()
        .unwrap();
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(4), "{said}");
    assert!(said.contains("RB1002") && said.contains(words), "{said}");
    assert_no_secret(deployed, &output);
}

#[test]
fn a_store_that_is_gone_or_hangs_is_told_and_changes_nothing() {
    let deployed = Deployed::new(Kind::Store, 2);
    deployed.deploy();
    let live = deployed.live();
    deployed.edit("Two.");
    let there = deployed.site.read("robbieblocks.toml");
    let gone = format!("http://127.0.0.1:{}", free_port());
    deployed.aim(&deployed.store_target(&gone));
    assert_unusable(
        &deployed,
        "15000,300",
        "cannot be reached: Connection refused",
    );

    // It takes connections, and says nothing.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", silent.local_addr().unwrap());
    deployed.aim(&deployed.store_target(&address));
    assert_unusable(&deployed, "100,300", "does not answer");

    deployed.site.write("robbieblocks.toml", &there);
    assert_eq!(deployed.live(), live);
    deployed.deploy();
    deployed.assert_live_is_built("the store is there again");
}

#[test]
fn a_store_that_refuses_the_credentials_is_told_without_them() {
    let refusing = Store::start(&[("INITIAL_NO_AUTH_ACTION_COUNT", "1")]);
    let mut deployed = Deployed::new(Kind::Store, 2);
    // The one action that is allowed.
    deployed.bucket = refusing.bucket("refusing");
    deployed.aim(&deployed.store_target(&refusing.endpoint()));
    assert_unusable(&deployed, "15000,300", "refuses the credentials");
}

#[test]
fn a_bucket_that_is_not_there_is_told() {
    let mut deployed = Deployed::new(Kind::Store, 2);
    deployed.bucket = "nobody-made-it".to_string();
    deployed.aim(&deployed.store_target(&STORE.endpoint()));
    assert_unusable(&deployed, "15000,300", "no such bucket");
}

#[test]
fn nothing_goes_over_plain_http_that_the_configuration_does_not_say() {
    let deployed = Deployed::new(Kind::Store, 2);
    deployed.aim(&format!(
        "s3 = \"s3://{}\", region = \"us-east-1\"",
        deployed.bucket
    ));
    let before = STORE.requests(&deployed.bucket);
    for name in ["AWS_ENDPOINT", "AWS_ENDPOINT_URL"] {
        let output = deployed
            .command(&["deploy"])
            .env(name, STORE.endpoint())
            .env("AWS_ALLOW_HTTP", "true")
            .output()
            .unwrap();
        assert!(!output.status.success(), "{name}");
        assert_no_secret(&deployed, &output);
    }
    assert_eq!(STORE.requests(&deployed.bucket), before);
}

#[test]
fn an_address_with_a_password_is_not_repeated() {
    let deployed = Deployed::new(Kind::Store, 2);
    deployed.aim(&deployed.store_target("http://user:told-to-nobody@127.0.0.1"));
    let output = deployed.command(&["deploy"]).output().unwrap();
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(!said.contains("told-to-nobody"), "{said}");
}

#[test]
fn what_is_sent_says_what_it_is_and_only_what_changed_is_sent() {
    let deployed = Deployed::new(Kind::Store, 5);
    deployed.deploy();
    let sent = |from: usize| -> Vec<String> {
        let requests = STORE.requests(&deployed.bucket);
        let paths = requests[from..].iter().filter_map(|request| {
            let path = request.strip_prefix(&format!("PUT /{PREFIX}/play/"))?;
            Some(path.split('/').next().unwrap().to_string())
        });
        paths.collect()
    };
    let files = tree(&deployed.site.path("dist/one/play")).len();
    let mut expected = vec!["files".to_string(); files];
    expected.extend(["releases".to_string(), "current.json".to_string()]);
    // The manifest comes after the files, and what points at it after that.
    assert_eq!(sent(0), expected);
    let so_far = STORE.requests(&deployed.bucket).len();
    deployed.deploy();
    assert!(sent(so_far).is_empty());
    deployed.edit("Two.");
    let so_far = STORE.requests(&deployed.bucket).len();
    deployed.deploy();
    assert_eq!(sent(so_far), ["files", "releases", "current.json"]);
}

#[test]
fn many_files_and_large_ones_arrive_whole() {
    let deployed = Deployed::new(Kind::Store, 1);
    // In two parts, the second of which is not full.
    let large: Vec<u8> = (0..9_000_000u32).map(|at| (at / 977) as u8).collect();
    deployed.site.write("themes/base/assets/large.bin", &large);
    for number in 0..40 {
        let page =
            format!("+++\nname = \"Page {number}\"\nstatus = \"published\"\n+++\n\n{number}\n");
        deployed
            .site
            .write(&format!("content/pages/play/page-{number}.md"), page);
    }
    let layout = "themes/base/layouts/single-column.html";
    let text = deployed.site.read(layout);
    let link = "<a href=\"{{ asset('large.bin') }}\">large</a></body>";
    deployed.site.write(layout, text.replace("</body>", link));
    deployed.deploy();
    deployed.assert_live_is_built("with a large file");
    assert!(
        deployed
            .live()
            .unwrap()
            .values()
            .any(|bytes| *bytes == large)
    );
}

#[test]
fn a_store_that_ignores_conditions_is_found_out_and_works_all_the_same() {
    let mut deployed = Deployed::new(Kind::Store, 2);
    deployed.bucket = STORE.bucket("unconditional");
    deployed.aim(&deployed.store_target(&STORE.endpoint()));
    for words in ["One.", "Two."] {
        deployed.edit(words);
        let output = deployed.ok(&["deploy"]);
        let said = text(&output.stderr);
        assert_eq!(said.matches("RB1008").count(), 1, "{said}");
        deployed.assert_live_is_built("in a store that ignores conditions");
    }
    deployed.ok(&["rollback"]);
    assert_ne!(deployed.listed()["pinned"], serde_json::Value::Null);
    let honest = Deployed::new(Kind::Store, 2);
    assert!(!text(&honest.ok(&["deploy"]).stderr).contains("RB1008"));
}

/// Waits until the store was asked so many times to write to such a path.
fn wait_for(deployed: &Deployed, part: &str, times: usize) {
    let asked = || {
        let requests = STORE.requests(&deployed.bucket).into_iter();
        let writes = requests.filter(|request| request.starts_with("PUT "));
        writes.filter(|request| request.contains(part)).count()
    };
    while asked() < times {
        sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_turn_that_is_renewed_is_not_taken_over_however_long_it_lasts() {
    let mut deployed = Deployed::new(Kind::Store, 3);
    deployed.bucket = STORE.bucket("held");
    deployed.aim(&deployed.store_target(&STORE.endpoint()));
    let second = deployed.site.duplicate();
    second.write(PAGE, second.read(PAGE) + "\nSecond.\n");
    let start = |mut command: Command| {
        command.env("RBGEN_STORE_TIMES", "15000,2000");
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().unwrap()
    };
    let first = start(deployed.command(&["deploy"]));
    wait_for(&deployed, "/releases/", 1);
    let mut command = second.command(&["deploy"]);
    with_credentials(&mut command);
    let second = start(command);
    // The turn was taken, and renewed for longer than the lease.
    wait_for(&deployed, "/.rbgen/turn.json", 1 + 7);
    let turn = || {
        let turn = STORE.object(&deployed.bucket, &format!("{PREFIX}/.rbgen/turn.json"));
        text(&turn.unwrap())
    };
    assert!(turn().starts_with("{\"number\":1,"), "{}", turn());
    STORE.let_pass(&deployed.bucket);
    for child in [first, second] {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", text(&output.stderr));
    }
    assert!(turn().starts_with("{\"number\":2,"), "{}", turn());
    assert!(turn().contains("\"free\":true"), "{}", turn());
    assert_eq!(deployed.releases().len(), 2);
}

#[test]
fn a_deploy_whose_turn_was_taken_away_switches_nothing() {
    let mut deployed = Deployed::new(Kind::Store, 2);
    deployed.bucket = STORE.bucket("held");
    deployed.aim(&deployed.store_target(&STORE.endpoint()));
    let mut command = deployed.command(&["deploy"]);
    command.env_remove("RBGEN_STORE_TIMES");
    let running = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    wait_for(&deployed, "/releases/", 1);
    let turn = format!("{PREFIX}/.rbgen/turn.json");
    let theirs = br#"{"number":7,"holder":"somebody else","beat":0,"free":false}"#;
    let path = format!("/{}/{turn}", deployed.bucket);
    assert_eq!(STORE.request("PUT", &path, theirs).0, 200);
    STORE.let_pass(&deployed.bucket);
    let output = running.wait_with_output().unwrap();
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains("RB1005"), "{said}");
    assert_eq!(deployed.live(), None);
    // It leaves the turn of the other alone.
    assert_eq!(
        STORE.object(&deployed.bucket, &turn).as_deref(),
        Some(&theirs[..])
    );
    // Which nobody renews, so that the next deploy takes it over, with a larger number.
    deployed.deploy();
    let now = STORE.object(&deployed.bucket, &turn).unwrap();
    assert!(text(&now).contains("\"number\":8,"), "{}", text(&now));
    deployed.assert_live_is_built("after the other turn");
}
