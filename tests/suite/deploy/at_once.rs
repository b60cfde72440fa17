//! Several deployers at one target: one after the other, and what is live is whole.

use std::process::{Child, Stdio};

use super::{Deployed, document};

fn start(deployed: &Deployed) -> Child {
    deployed
        .site
        .command(&["deploy", "--json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

#[test]
fn two_deployers_come_one_after_the_other() {
    let one = Deployed::keeping(5);
    one.publish("start");
    // The same target from another checkout, with other content.
    let two = one.site.duplicate();
    let two = Deployed { site: two };
    let config = two.site.read("robbieblocks.toml");
    let target = one.target();
    two.site.write(
        "robbieblocks.toml",
        config.replace("../srv", target.to_str().unwrap()),
    );
    one.mark("one");
    two.mark("two");
    let ended = [&one, &two, &one, &two]
        .map(start)
        .map(|child| child.wait_with_output().unwrap());
    let mut made = Vec::new();
    for output in &ended {
        let said = document(output);
        assert!(output.status.success(), "{said}");
        assert_eq!(said["deploys"][0]["status"], "success", "{said}");
        made.push(said["deploys"][0]["release"].as_str().unwrap().to_string());
        assert_eq!(
            said["deploys"][0]["live"], said["deploys"][0]["release"],
            "{said}"
        );
    }
    assert!(made.contains(&one.live().unwrap()));
    one.assert_whole("after four deploys at once");
    one.assert_swept("after four deploys at once");
    made.sort();
    made.dedup();
    assert_eq!(made.len(), 2);
    for deployed in [&one, &two] {
        let records = deployed.records();
        assert!(
            records
                .iter()
                .all(|record| record["deploy_status"] == "success")
        );
    }
}
