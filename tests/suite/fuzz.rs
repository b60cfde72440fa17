//! Runs every fuzz target over its corpus, and over each file of it cut short at many places.

use std::fs;

use crate::harness::project;

#[path = "../fuzz/targets.rs"]
mod targets;

#[test]
fn every_target_stands_its_corpus() {
    for (name, target) in targets::TARGETS {
        let folder = project().join("tests/fuzz/corpus").join(name);
        let files: Vec<_> = fs::read_dir(&folder).unwrap().collect();
        assert!(!files.is_empty(), "{name} has no corpus");
        for file in files {
            let text = fs::read_to_string(file.unwrap().path()).unwrap();
            target(&text);
            let step = (text.len() / 60).max(1);
            for cut in (0..text.len()).step_by(step) {
                if let Some((head, tail)) = text.split_at_checked(cut) {
                    target(head);
                    target(tail);
                }
            }
        }
    }
}
