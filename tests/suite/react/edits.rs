//! Random edits of everything that React components depend on: after each few, what is there is what a build
//! from nothing has. `RBGEN_REACT_EDITS=N RBGEN_REACT_SEED=S` asks for more, or for others.

use std::fs;

use super::{COUNTER, GREETING, built, page, site};
use crate::harness::{TestSite, number};

/// Numbers that look random: a linear congruential generator (Knuth's MMIX).
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % most
    }

    fn of<'a>(&mut self, all: &[&'a str]) -> &'a str {
        all[usize::try_from(self.below(all.len() as u64)).unwrap()]
    }
}

const DATED: &str = "export default ({ name }) => <p>{name}, {new Date().toISOString()}</p>;\n";
const WITH_IDS: &str = "import { useId, useState } from \"react\";
export default function Named({ name }) {
  const id = useId();
  const [open] = useState(false);
  return <label htmlFor={id}>{name}<input id={id} defaultChecked={open} type=\"checkbox\" /></label>;
}
";

const DAYS: [&str; 3] = [
    "2026-11-23T10:00:00Z",
    "2026-11-23T23:00:00Z",
    "2026-11-25T10:00:00Z",
];

/// Writes a file, or removes it.
fn put(site: &TestSite, path: &str, text: Option<&str>) {
    match text {
        Some(text) => site.write(path, text),
        None => site.remove(path),
    }
}

/// Puts a line into a file, or takes it away.
fn toggle(site: &TestSite, path: &str, line: &str) {
    let text = site.read(path);
    let changed = match text.contains(line) {
        true => text.replace(line, ""),
        false => text + line,
    };
    site.write(path, changed);
}

fn edit(site: &TestSite, dice: &mut Dice) {
    let one = "robbieblocks.toml";
    match dice.below(12) {
        0 => site.write(
            "content/components/greeting.tsx",
            dice.of(&[GREETING, DATED, WITH_IDS, COUNTER]),
        ),
        1 => site.write(
            "content/components/counter.jsx",
            dice.of(&[COUNTER, WITH_IDS, DATED]),
        ),
        2 => {
            let hydrate = dice.of(&["", "load", "idle", "visible", "never", "only"]);
            let metadata = match hydrate {
                "" => String::new(),
                hydrate => format!("\n[metadata]\nhydrate = \"{hydrate}\"\n"),
            };
            let definition = "name = \"Counter\"\ntype = \"ui\"\npublished = true\n";
            site.write(
                "content/components/counter.toml",
                format!("{definition}{metadata}"),
            );
        }
        3 => put(
            site,
            "content/components/greeting.html",
            [None, Some("<p>{{ props.name }}</p>\n")][usize::from(dice.below(3) == 0)],
        ),
        4 => put(
            site,
            "themes/base/components/counter.html",
            [None, Some("<b>themed</b>\n")][usize::from(dice.below(3) == 0)],
        ),
        5 => {
            let props = dice.of(&[
                "{}",
                "{ name = \"Eve\" }",
                "{ name = \"<Ada>\", start = 2 }",
            ]);
            page(
                site,
                "mixed",
                &[("greeting", props), ("counter", props), ("counter", "{}")],
            );
        }
        6 => toggle(site, "packages/preact/dist/preact.mjs", "\n// newer\n"),
        7 => toggle(site, "packages/preact/LICENSE", "\nmore\n"),
        8 => put(
            site,
            "content/nodes/two.toml",
            [None, Some("name = \"Two\"\nenabled_apps = [\"play\"]\n")]
                [usize::from(dice.below(2) == 0)],
        ),
        9 => {
            let config = site.read(one);
            let (from, to) = match config.contains("example.org/sub") {
                true => ("example.org/sub", "example.org"),
                false => ("example.org", "example.org/sub"),
            };
            site.write(one, config.replace(from, to));
        }
        10 => {
            let outputs = site.dist().into_keys();
            let assets = outputs.filter(|path| path.contains("/_rb/") && path.ends_with(".js"));
            let assets: Vec<String> = assets.collect();
            if !assets.is_empty() {
                let path = dice.of(&assets.iter().map(String::as_str).collect::<Vec<_>>());
                site.remove(&format!("dist/{path}"));
            }
        }
        _ => {
            let _ = fs::remove_dir_all(site.path(".rbgen"));
        }
    }
}

#[test]
fn after_random_edits_all_is_as_from_nothing() {
    let (steps, seed) = (
        number("RBGEN_REACT_EDITS", 60),
        number("RBGEN_REACT_SEED", 7),
    );
    let mut dice = Dice(seed);
    let site = site();
    page(&site, "mixed", &[("greeting", "{}"), ("counter", "{}")]);
    let mut now = DAYS[0];
    built(&site, &["--now", now]);
    for _ in 0..steps {
        for _ in 0..=dice.below(3) {
            edit(&site, &mut dice);
        }
        if dice.below(4) == 0 {
            now = dice.of(&DAYS);
        }
        built(&site, &["--now", now]);
        assert_eq!(built(&site, &["--now", now]), 0, "nothing has changed");
    }
}
