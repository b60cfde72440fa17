//! The merged document as the text of its file: over a text that keeps what both authors wrote.

use std::collections::{BTreeMap, BTreeSet};

use super::lines::Chunk;
use super::reading::{Document, Placeholders, Version, read, read_with, surroundings};
use crate::format::print_documents;
use crate::model::{Documents, EntityKind};

/// The text of a file that says what is wanted, changed from one that says something else. `None`
/// where that cannot be had.
pub(super) fn printed_over(
    path: &str,
    skeleton: &str,
    wanted: &Document,
    takes: &BTreeSet<String>,
    placeholders: &Placeholders,
) -> Option<String> {
    let (before, holder) = surroundings(path, skeleton, takes, placeholders);
    let mut documents = Documents::default();
    match wanted {
        Document::Page(page) => documents.pages.push(page.clone()),
        Document::Component(component) => {
            // A file beside it that it takes with `$file`, too, is a part of it here and nowhere else.
            let stem = path.strip_suffix(".toml")?;
            let part = |ending: &str| before.get(&format!("{stem}.{ending}")).cloned();
            let now = read_with(path, skeleton, placeholders, &part)?.document;
            let Document::Component(now) = now else {
                return None;
            };
            let mut component = component.clone();
            component.template = now.template;
            component.styles = now.styles;
            component.react = now.react;
            documents.components.push(component);
        }
        Document::Tokens(tokens) => documents.tokens.clone_from(&tokens.tokens),
        Document::Node(node) => documents.nodes.push(node.clone()),
    }
    let kind = match wanted {
        Document::Component(_) => EntityKind::Component,
        _ => EntityKind::Page,
    };
    let key = holder.map(|path| {
        let name = path.rsplit('/').next().unwrap_or_default();
        name.strip_suffix(".toml").unwrap_or_default().to_string()
    });
    let keep = key.into_iter().map(|key| (kind, key)).collect();
    // What is wrong with the surroundings is nothing to this file, which is read again below.
    let (mut printed, _) = print_documents(&documents, &before, &keep);
    let text = match printed.texts.remove(path) {
        Some(text) => text,
        // The last token of a file went.
        None if printed.removed.contains(path) => String::new(),
        None => skeleton.to_string(),
    };
    let text = placeholders.restored(text)?;
    let again = read(path, &text, placeholders)?;
    again.document.same(wanted).then_some(text)
}

/// Whether a text says what is wanted.
pub(super) fn says(path: &str, text: &str, wanted: &Document, placeholders: &Placeholders) -> bool {
    read(path, text, placeholders).is_some_and(|Version { document, .. }| document.same(wanted))
}

/// The texts to print over, best first. All are merges by lines, which differ in what becomes of a
/// conflict: ours and theirs one after the other, where both only added lines, and else ours with the
/// comments as theirs has them; always the latter; always ours. Then come ours and theirs as they are.
/// Those whose line ends are all of one kind come first, because printing makes them so.
pub(super) fn skeletons(
    chunks: &[Chunk<'_>],
    base: Option<&str>,
    ours: &str,
    theirs: &str,
) -> Vec<String> {
    let lines = base.unwrap_or_default().lines().chain(ours.lines());
    let known: BTreeSet<&str> = lines.filter(|line| is_comment(line)).collect();
    let commented = |chunk: &Chunk<'_>| with_their_comments(chunk, &known);
    let both = |chunk: &Chunk<'_>| match chunk.base {
        Some("") => both_after_each_other(chunk),
        _ => commented(chunk),
    };
    let all_with = |conflict: &dyn Fn(&Chunk<'_>) -> String| -> String {
        let texts = chunks.iter().map(|chunk| match chunk.resolved() {
            Some(text) => text.to_string(),
            None => conflict(chunk),
        });
        texts.collect()
    };
    let mut all = vec![
        all_with(&both),
        all_with(&commented),
        all_with(&|chunk| chunk.ours.to_string()),
        ours.to_string(),
        theirs.to_string(),
    ];
    all.dedup();
    all.sort_by_key(|text| has_mixed_ends(text));
    all
}

fn has_mixed_ends(text: &str) -> bool {
    let with_return = text.matches("\r\n").count();
    with_return > 0 && with_return < text.matches('\n').count()
}

fn is_comment(line: &str) -> bool {
    line.trim_start().starts_with('#')
}

fn both_after_each_other(chunk: &Chunk<'_>) -> String {
    let line = match chunk.ours.ends_with('\n') {
        true => "",
        false => "\n",
    };
    format!("{}{line}{}", chunk.ours, chunk.theirs)
}

/// The comments that the result of a merge should have: those that no side has taken out.
pub(super) struct Comments<'t> {
    base: BTreeMap<&'t str, usize>,
    ours: BTreeMap<&'t str, usize>,
    theirs: BTreeMap<&'t str, usize>,
}

impl<'t> Comments<'t> {
    pub(super) fn new(base: Option<&'t str>, ours: &'t str, theirs: &'t str) -> Comments<'t> {
        Comments {
            base: comments(base.unwrap_or_default()),
            ours: comments(ours),
            theirs: comments(theirs),
        }
    }

    /// How many comments of a text are too many or too few, those that both sides have weighing more.
    pub(super) fn faults(&self, text: &str) -> usize {
        let there = comments(text);
        let all = self.ours.keys().chain(self.theirs.keys());
        let all: BTreeSet<&str> = all.chain(there.keys()).copied().collect();
        let count = |map: &BTreeMap<&str, usize>, line: &str| map.get(line).copied().unwrap_or(0);
        all.into_iter()
            .map(|line| {
                let (base, ours) = (count(&self.base, line), count(&self.ours, line));
                let theirs = count(&self.theirs, line);
                let wanted = match (ours == base, theirs == base) {
                    (true, _) => theirs,
                    (_, true) => ours,
                    _ => ours.max(theirs),
                };
                // What both sides have kept must not go for what one of them has added.
                let weight = if ours > 0 && theirs > 0 { 4 } else { 1 };
                weight * wanted.abs_diff(count(&there, line))
            })
            .sum()
    }
}

/// How often each line that is a comment is there.
fn comments(text: &str) -> BTreeMap<&str, usize> {
    let mut count = BTreeMap::new();
    for line in text.lines().map(str::trim).filter(|line| is_comment(line)) {
        *count.entry(line).or_default() += 1;
    }
    count
}

/// What a comment stands before: the name of a field, or the header of a section with the line below
/// it, which says of which block it is.
fn subject<'t>(lines: &[&'t str]) -> Option<(&'t str, &'t str)> {
    let (first, rest) = lines.split_first()?;
    match first.trim() {
        "" => None,
        header if header.starts_with('[') => Some((header, rest.first()?.trim())),
        line => Some((line.split('=').next()?.trim(), "")),
    }
}

/// Our lines of a piece with the comments that theirs has added, each before the line that it stands
/// before, if we have that; and without those that theirs has taken out.
fn with_their_comments(chunk: &Chunk<'_>, known: &BTreeSet<&str>) -> String {
    let theirs: Vec<&str> = chunk.theirs.split_inclusive('\n').collect();
    let base: BTreeSet<&str> = chunk.base.unwrap_or_default().lines().collect();
    let still: BTreeSet<&str> = chunk.theirs.lines().collect();
    let mut out: Vec<&str> = chunk.ours.split_inclusive('\n').collect();
    out.retain(|line| {
        let line = line.trim_end_matches(['\r', '\n']);
        !is_comment(line) || !base.contains(line) || still.contains(line)
    });
    let mut at = 0;
    while at < theirs.len() {
        let is_new = |line: &&&str| {
            let text = line.trim_end_matches(['\r', '\n']);
            is_comment(text) && text.len() < line.len() && !known.contains(text)
        };
        let count = theirs[at..].iter().take_while(is_new).count();
        let comments = theirs[at..at + count].iter().copied();
        if count > 0
            && let Some(wanted) = subject(&theirs[at + count..])
            && let Some(place) = (0..out.len()).find(|&at| subject(&out[at..]) == Some(wanted))
        {
            out.splice(place..place, comments);
        }
        at += count.max(1);
    }
    out.concat()
}
