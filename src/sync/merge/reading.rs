//! Reads one version of a content file, of which no other file is known: `{ "$file" = "x.md" }` stands
//! for a text that means nothing, and is put back when all is done.

use std::collections::BTreeSet;

use super::entity::{Entity, entity};
use crate::diag::Diagnostics;
use crate::digest::Hasher;
use crate::format::{
    COMPONENTS, NODES, PAGES, TOKENS, Texts, below, component_of, is_page, is_passed_over, node_of,
    page_of, tokens_of,
};
use crate::model::{Component, Node, Page, Token};

/// What a content file is.
#[derive(Clone, Debug)]
pub(super) enum Document {
    Page(Page),
    Component(Component),
    Tokens(Tokens),
    Node(Node),
}

/// The tokens of one file.
#[derive(Clone, Debug)]
pub(super) struct Tokens {
    pub path: String,
    pub category: String,
    /// By key.
    pub tokens: Vec<Token>,
}

impl Document {
    /// Whether two versions say the same. The order of tokens means nothing.
    pub(super) fn same(&self, other: &Document) -> bool {
        match (self, other) {
            (Document::Page(a), Document::Page(b)) => a.same(b),
            (Document::Component(a), Document::Component(b)) => a.same(b),
            (Document::Tokens(a), Document::Tokens(b)) => {
                let pairs = a.tokens.iter().zip(&b.tokens);
                a.tokens.len() == b.tokens.len() && pairs.into_iter().all(|(a, b)| a.same(b))
            }
            (Document::Node(a), Document::Node(b)) => a.same(b),
            _ => false,
        }
    }
}

/// A version that was read.
pub(super) struct Version {
    pub document: Document,
    /// The paths of the files whose text it takes.
    pub takes: BTreeSet<String>,
    /// The keys of the blocks for which the text has none.
    pub unnamed: BTreeSet<String>,
}

impl Version {
    /// What it says, as a tree.
    pub(super) fn entity(&self) -> Entity {
        let mut entity = entity(&self.document);
        entity.unnamed.clone_from(&self.unnamed);
        entity
    }
}

/// The texts that stand for `$file`. No version says one of them by chance or by design, because they
/// contain a digest of all versions.
pub(super) struct Placeholders {
    word: String,
}

const OPEN: char = '\u{e0a0}';
const CLOSE: char = '\u{e0a1}';

/// The quotes that a printed text may stand in, the longest first.
const QUOTES: [(&str, &str); 8] = [
    ("\"\"\"\r\n", "\"\"\""),
    ("'''\r\n", "'''"),
    ("\"\"\"\n", "\"\"\""),
    ("'''\n", "'''"),
    ("\"\"\"", "\"\"\""),
    ("'''", "'''"),
    ("\"", "\""),
    ("'", "'"),
];

impl Placeholders {
    /// For these versions.
    pub(super) fn new(versions: &[&str]) -> Placeholders {
        let mut hasher = Hasher::new("rbgen merge placeholders");
        for text in versions {
            hasher.text(text);
        }
        Placeholders {
            word: hasher.finish().short(32),
        }
    }

    /// The text that stands for that of a file.
    pub(super) fn text(&self, path: &str) -> String {
        let name: String = name_of(path)
            .bytes()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        format!("{OPEN}{}-{name}{CLOSE}", self.word)
    }

    /// Whether a text is, or contains, one of them.
    pub(super) fn is_in(&self, text: &str) -> bool {
        text.contains(OPEN) && text.contains(&self.word)
    }

    /// The text with each of them, quotes included, as `{ "$file" = "…" }` again. `None` where one
    /// stands where that cannot be.
    pub(super) fn restored(&self, text: String) -> Option<String> {
        if !self.is_in(&text) {
            return Some(text);
        }
        let open = format!("{OPEN}{}-", self.word);
        let mut out = String::with_capacity(text.len());
        let mut rest = text.as_str();
        while let Some(at) = rest.find(&open) {
            let (before, behind) = (&rest[..at], &rest[at + open.len()..]);
            let (name, behind) = behind.split_once(CLOSE)?;
            let name = from_hex(name)?;
            let (before, behind) = QUOTES.iter().find_map(|(left, right)| {
                Some((before.strip_suffix(left)?, behind.strip_prefix(right)?))
            })?;
            out.push_str(before);
            out.push_str(&format!("{{ \"$file\" = {} }}", quoted(&name)));
            rest = behind;
        }
        out.push_str(rest);
        (!self.is_in(&out)).then_some(out)
    }

    /// A document in the same folder that takes all these files as well, with its path: where one is
    /// there, printing changes none of them, and takes none of them for left over.
    pub(super) fn holder(&self, path: &str, takes: &BTreeSet<String>) -> (String, String) {
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let mut text = String::from("name = \"x\"\n\n[metadata]\n");
        for (index, path) in takes.iter().enumerate() {
            let name = quoted(name_of(path));
            text.push_str(&format!("x{index} = {{ \"$file\" = {name} }}\n"));
        }
        (format!("{folder}/x{}.toml", self.word), text)
    }
}

fn name_of(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, name)| name)
}

/// A file name as TOML; it has no control characters.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\""))
}

fn from_hex(digits: &str) -> Option<String> {
    let pairs = (0..digits.len()).step_by(2);
    let bytes: Option<Vec<u8>> = pairs
        .map(|at| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok())
        .collect();
    String::from_utf8(bytes?).ok()
}

/// The part of a path that is the path of a content file, whatever folders the site is in: what
/// begins with the last `content/` behind which one of its four folders comes.
pub fn content_path(path: &str) -> Option<&str> {
    let starts = path.match_indices("content/").map(|(at, _)| at);
    starts
        .filter(|&at| at == 0 || path[..at].ends_with('/'))
        .map(|at| &path[at..])
        .filter(|path| {
            [PAGES, COMPONENTS, TOKENS, NODES]
                .iter()
                .any(|folder| below(path, folder).is_some_and(|rest| !rest.is_empty()))
        })
        .last()
}

/// One version of the file at a path, read. `None` where the path is not that of a document, or
/// something is wrong with the text.
pub(super) fn read(path: &str, text: &str, placeholders: &Placeholders) -> Option<Version> {
    let no_part = |_: &str| None;
    read_with(path, text, placeholders, &no_part)
}

/// The same, with the files beside it, by ending.
pub(super) fn read_with(
    path: &str,
    text: &str,
    placeholders: &Placeholders,
    part: &dyn Fn(&str) -> Option<String>,
) -> Option<Version> {
    if path.split('/').any(is_passed_over) {
        return None;
    }
    let source = |path: &str| Ok(placeholders.text(path));
    let mut found = Diagnostics::new();
    let mut takes = Vec::new();
    let document = if below(path, PAGES).is_some() {
        if !is_page(path, text) {
            return None;
        }
        let (page, used) = page_of(path, text, &source, &mut found)?;
        takes = used;
        Document::Page(page)
    } else if below(path, COMPONENTS).is_some() {
        let (component, used) = component_of(path, text, part, &source, &mut found)?;
        takes = used;
        Document::Component(component)
    } else if below(path, NODES).is_some() {
        Document::Node(node_of(path, text, part, &mut found)?)
    } else {
        let stem = below(path, TOKENS)?.strip_suffix(".toml")?;
        if stem.contains('/') {
            return None;
        }
        let mut tokens = tokens_of(path, text, &mut found);
        tokens.sort_by(|a, b| a.key.cmp(&b.key));
        Document::Tokens(Tokens {
            path: path.to_string(),
            category: stem.to_string(),
            tokens,
        })
    };
    if found.has_errors() {
        return None;
    }
    let unnamed = match &document {
        Document::Page(page) if path.ends_with(".toml") => unnamed_blocks(page, text),
        _ => BTreeSet::new(),
    };
    Some(Version {
        document,
        takes: takes.into_iter().collect(),
        unnamed,
    })
}

/// The keys of the blocks of a page for which its text, which is sound, has none.
fn unnamed_blocks(page: &Page, text: &str) -> BTreeSet<String> {
    let toml = text.parse::<toml::Table>();
    let blocks = toml.ok().and_then(|mut toml| toml.remove("blocks"));
    let blocks = blocks.and_then(|blocks| blocks.as_array().cloned());
    let pairs = page.blocks.iter().zip(blocks.unwrap_or_default());
    pairs
        .filter(|(_, written)| written.get("key").is_none())
        .map(|(block, _)| block.key.clone())
        .collect()
}

/// The files that printing sees: the text to print over, those that it takes, and one that holds these.
pub(super) fn surroundings(
    path: &str,
    skeleton: &str,
    takes: &BTreeSet<String>,
    placeholders: &Placeholders,
) -> (Texts, Option<String>) {
    let mut texts = Texts::new();
    for path in takes {
        texts.insert(path.clone(), placeholders.text(path));
    }
    let mut holder = None;
    if !takes.is_empty() {
        let (path, text) = placeholders.holder(path, takes);
        texts.insert(path.clone(), text);
        holder = Some(path);
    }
    texts.insert(path.to_string(), skeleton.to_string());
    (texts, holder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_content_path_is_found_below_any_folder() {
        let page = "content/pages/a/x.toml";
        assert_eq!(content_path(page), Some(page));
        assert_eq!(content_path(&format!("sites/one/{page}")), Some(page));
        assert_eq!(content_path(&format!("content/{page}")), Some(page));
        assert_eq!(content_path("mycontent/pages/a/x.toml"), None);
        assert_eq!(content_path("content/else/x.toml"), None);
        assert_eq!(content_path("themes/base/theme.toml"), None);
        let inner = "content/pages/a/content/pages/b/x.toml";
        assert_eq!(content_path(inner), Some("content/pages/b/x.toml"));
    }

    #[test]
    fn placeholders_become_references_again() {
        let placeholders = Placeholders::new(&["a"]);
        let text = placeholders.text("content/pages/a/it's \"x\".md");
        for (left, right) in QUOTES {
            let restored = placeholders.restored(format!("a = {left}{text}{right}\n"));
            let wanted = "a = { \"$file\" = \"it's \\\"x\\\".md\" }\n";
            assert_eq!(restored.as_deref(), Some(wanted));
        }
        assert_eq!(placeholders.restored(format!("a = {text}\n")), None);
        assert_eq!(placeholders.restored("x".into()).as_deref(), Some("x"));
    }
}
