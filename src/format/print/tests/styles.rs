//! Edits of files that are written in every way that TOML has.

use super::*;
use crate::format::sample;

const CASES: u64 = 1_000;

const HAND_WRITTEN: [(&str, &str); 8] = [
    (
        "content/pages/play/inline.toml",
        r##"# head
name = 'Inline'
metadata = { a = { b = 1, c = [ { d = 1 }, { d = 2 } ] }, text = "x" }
blocks = [
    # one
    { component = 'markdown', props = { a = 1 } },
    { component = 'hero', zone = "side" }, # two
]
"##,
    ),
    (
        "content/pages/play/dotted.toml",
        r##"# head
name = "Dotted"
metadata.a.b = 1
metadata.a.c = 2
metadata.text = 'x'
metadata."x.y" = [1, 2]

[[blocks]]
component = "hero"
props.a = 1
props.items = [
  1, # first
  2,
]
conditions.not.node = ["a"]
"##,
    ),
    (
        "content/pages/play/sections.toml",
        r##"# head
name = '''Sections'''

[[blocks]]
key = 'a'
component = 'hero'
[[blocks.props.items]]
x = 1
[blocks.props.items.deep]
y = 2
[[blocks.props.items]]
x = 2

[metadata.a]
b = 0xFF

[[blocks]]
component = 'markdown'
[blocks.conditions]
status = ['draft']
[blocks.props]
text = """
x
y"""

[metadata]
items = { x = 1 }
[[metadata.title]]
z = 1
"##,
    ),
    (
        "content/pages/work/words.md",
        r##"+++
# head
name = "Words"
route = '/work/w'
[metadata]
text = '''
a
b'''
+++
Hello
"##,
    ),
    (
        "content/components/hero.toml",
        r##"# head
name = "Hero"
type = 'ui'
dependencies = [
  'a', # first
  'b',
]
props.type = "object"
props.properties = { title = { type = "string" } }

[[examples]]
name = "One"
props.title = "x"
[[examples]]
name = "Two"
[examples.props.items]
a = 1
[metadata]
a = 1
"##,
    ),
    (
        "content/components/markdown.toml",
        r##"# head
name = "Markdown"
metadata = { examples = [{ name = "One", props = { text = "x" } }], a = 1 }
"##,
    ),
    (
        "content/tokens/color.toml",
        r##"# head
color = { primary = '#fff', text = { value = "#000" } }
size.x = '1'
size.a-b.value = '2'
'x.value' = '3'
[theme.description]
value = '4'
description = "words"
"##,
    ),
    (
        "content/nodes/one.toml",
        r##"# head
name = "One"
enabled_apps = ["play", { "$null" = true }]
style_overrides.theme = 'dark'
style_overrides."color.primary" = '#123'
"##,
    ),
];

#[test]
fn the_head_of_a_file_stays_whatever_changes_below_it() {
    let files = texts(&HAND_WRITTEN);
    let with_crlf: Texts = files
        .iter()
        .map(|(path, text)| (path.clone(), text.replace('\n', "\r\n")))
        .collect();
    for files in [&files, &with_crlf] {
        let first = read(files);
        assert_eq!(printed_over(&first, files), *files);
        for seed in 0..CASES {
            let second = sample::edited(&first, seed);
            let after = printed_over(&second, files);
            assert_same(&read(&after), &second, &format!("{seed} {after:#?}"));
            let has = |key: &str| {
                second.pages.iter().any(|one| one.key == key)
                    || second.components.iter().any(|one| one.key == key)
                    || second.nodes.iter().any(|one| one.id == key)
            };
            for (path, _) in HAND_WRITTEN {
                let name = path.rsplit('/').next().unwrap_or_default();
                let key = name.split('.').next().unwrap_or_default();
                if has(key) {
                    let mut texts = after
                        .iter()
                        .filter(|(path, _)| path.contains(&format!("/{key}.")));
                    let kept = texts.any(|(_, text)| text.contains("# head"));
                    assert!(kept, "{seed} {path} {after:#?} {second:#?}");
                }
            }
        }
    }
}

#[test]
fn examples_that_stood_in_the_metadata_get_a_place_of_their_own() {
    let path = "content/components/markdown.toml";
    let (_, text) = HAND_WRITTEN[5];
    let files = texts(&[(path, text)]);
    let mut documents = read(&files);
    assert_eq!(documents.components[0].examples.len(), 1);
    documents.components[0].name = "Words".into();
    let after = printed_over(&documents, &files);
    assert_eq!(
        after[path],
        "# head\nname = \"Words\"\nmetadata = { a = 1 }\n\n[[examples]]\nname = \"One\"\nprops = { text = \"x\" }\n"
    );
}
