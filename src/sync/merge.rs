//! The three-way merge of content files, field by field and block by block. Pure.
//!
//! What git's own merge does by lines goes wrong where lines mean little: two people who change fields
//! that stand side by side conflict, and two who add a block at different ends of a list may end with
//! it twice. Here the three versions are read, the documents are merged, and the result is printed so
//! that both authors find their comments, order and spacing again. What cannot be read is merged by
//! lines, as git would.
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

mod entity;
mod lines;
mod numbered;
mod printing;
mod reading;
#[cfg(test)]
mod tests;
mod values;

use std::collections::BTreeSet;

use entity::{Entity, document};
use lines::{Chunk, Grouping, chunks, marked};
pub use lines::{Marks, Style};
use printing::{Comments, printed_over, says, skeletons};
pub use reading::content_path;
use reading::{Document, Placeholders, read};
use values::merge_entities;

/// The three versions of a file.
#[derive(Clone, Copy, Debug)]
pub struct Versions<'t> {
    /// What both sides come from; `None` where both have added the file.
    pub base: Option<&'t str>,
    pub ours: &'t str,
    pub theirs: &'t str,
}

/// What comes of a merge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Merged {
    /// The whole text, with git's markers where something conflicts.
    pub text: String,
    /// What conflicts, for people: fields (`blocks.hero.props.title`), blocks (`blocks.hero`), the
    /// order of them (`blocks (order)`), and `line 12` of the result where the file could only be
    /// merged by lines. Empty where all went well.
    pub conflicts: Vec<String>,
}

impl Merged {
    fn clean(text: impl Into<String>) -> Merged {
        Merged {
            text: text.into(),
            conflicts: Vec::new(),
        }
    }
}

/// A version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Ours,
    Base,
    Theirs,
}

/// Merges the versions of the file at a path below the site (`content/pages/play/a.toml`).
///
/// Where one side is as the base, the result is the text of the other, byte for byte. Else, where all
/// can be read:
///
/// - A field that one side changed has that side's value, and one that both changed alike has that. A
///   text of several lines that both changed is merged by lines. All else that both changed, or that
///   one changed and the other deleted, is a conflict.
/// - Tables are merged key by key, blocks and examples by their keys and in the order of the side that
///   changed it, tokens by theirs. Arrays are one value. Blocks of one component that have no keys
///   of their own are numbered; where both sides changed some of them and one put or took others
///   before them, all of these are a conflict.
/// - The text reads as exactly that; with conflicts, it does when in each of them our part is kept,
///   and likewise with theirs (and the base's, where the style shows it and there is one; but not
///   where an order conflicts, or blocks that are only numbered: there the base differs also in what
///   the sides agree about).
/// - Swapping the sides gives the same documents and the same conflicts.
///
/// A base that cannot be read counts as none: nobody's change is lost, but more conflicts. Where ours
/// or theirs cannot be read, or the path is that of no document, the file is merged by lines. It never
/// panics.
pub fn merge_texts(path: &str, versions: Versions<'_>, marks: &Marks) -> Merged {
    let Versions { base, ours, theirs } = versions;
    if ours == theirs || base == Some(theirs) {
        return Merged::clean(ours);
    }
    if base == Some(ours) {
        return Merged::clean(theirs);
    }
    let placeholders = Placeholders::new(&[base.unwrap_or_default(), ours, theirs]);
    let read = |text: &str| read(path, text, &placeholders);
    let (Some(our_version), Some(their_version)) = (read(ours), read(theirs)) else {
        return by_lines(versions, marks);
    };
    let base_version = base.and_then(read);
    let all = [
        Some(&our_version),
        Some(&their_version),
        base_version.as_ref(),
    ];
    let takes = all.into_iter().flatten();
    let merging = Merging {
        path,
        versions,
        marks,
        takes: takes.flat_map(|version| version.takes.clone()).collect(),
        placeholders: &placeholders,
        base: base_version.map(|version| version.entity()),
        ours: our_version.entity(),
        theirs: their_version.entity(),
        like: our_version.document,
    };
    merging
        .run()
        .unwrap_or_else(|| whole_conflict(versions, marks))
}

/// Versions that were read.
struct Merging<'m> {
    path: &'m str,
    versions: Versions<'m>,
    marks: &'m Marks,
    placeholders: &'m Placeholders,
    /// The files that a version takes with `$file`.
    takes: BTreeSet<String>,
    base: Option<Entity>,
    ours: Entity,
    theirs: Entity,
    like: Document,
}

impl Merging<'_> {
    /// The merged document with conflicts as one version has them; `None` where there is no such
    /// document.
    fn decided(&self, choice: Side) -> (Option<Document>, Vec<String>) {
        let is_opaque = |text: &str| self.placeholders.is_in(text);
        let (merged, conflicts) = merge_entities(
            self.base.as_ref(),
            &self.ours,
            &self.theirs,
            choice,
            &is_opaque,
        );
        (document(merged, &self.like), conflicts)
    }

    fn print(&self, skeleton: &str, wanted: &Document) -> Option<String> {
        printed_over(self.path, skeleton, wanted, &self.takes, self.placeholders)
    }

    /// `None` where what came of it cannot be a file.
    fn run(&self) -> Option<Merged> {
        let Versions { base, ours, theirs } = self.versions;
        let chunks = chunks(base, ours, theirs, Grouping::Overlapping);
        let (our_document, mut conflicts) = self.decided(Side::Ours);
        let our_document = our_document?;
        if conflicts.is_empty() {
            let resolved: Option<String> = chunks.iter().map(Chunk::resolved).collect();
            let by_lines =
                resolved.filter(|text| says(self.path, text, &our_document, self.placeholders));
            if let Some(text) = by_lines {
                return Some(Merged::clean(text));
            }
            let print = |skeleton: &str| self.print(skeleton, &our_document);
            return self.best(&chunks, print, |text| text).map(Merged::clean);
        }
        let (their_document, also) = self.decided(Side::Theirs);
        let their_document = their_document?;
        conflicts.extend(also);
        conflicts.sort();
        conflicts.dedup();
        let print = |skeleton: &str| {
            let ours = self.print(skeleton, &our_document)?;
            let theirs = self.print(skeleton, &their_document)?;
            Some((skeleton.to_string(), ours, theirs))
        };
        let (skeleton, ours, theirs) = self.best(&chunks, print, |(_, ours, _)| ours)?;
        let base = self.base.as_ref().and_then(|_| self.decided(Side::Base).0);
        let base = base.and_then(|document| self.print(&skeleton, &document));
        let text = self.marked(base.as_deref(), &ours, &theirs);
        Some(Merged { text, conflicts })
    }

    /// What is printed over the skeleton that keeps the comments best; of several, over the first.
    fn best<P>(
        &self,
        chunks: &[Chunk<'_>],
        print: impl Fn(&str) -> Option<P>,
        text_of: impl Fn(&P) -> &String,
    ) -> Option<P> {
        let Versions { base, ours, theirs } = self.versions;
        let comments = Comments::new(base, ours, theirs);
        let mut best: Option<(usize, P)> = None;
        for skeleton in skeletons(chunks, base, ours, theirs) {
            let Some(printed) = print(&skeleton) else {
                continue;
            };
            let faults = comments.faults(text_of(&printed));
            if best.as_ref().is_none_or(|(least, _)| faults < *least) {
                best = Some((faults, printed));
            }
            if faults == 0 {
                break;
            }
        }
        best.map(|(_, printed)| printed)
    }

    /// Ours and theirs with markers around the lines in which they differ.
    fn marked(&self, base: Option<&str>, ours: &str, theirs: &str) -> String {
        // Without a place for the base, it would only make the pieces larger.
        let base = base.filter(|_| self.marks.style == Style::Diff3);
        let chunks = chunks(base, ours, theirs, Grouping::Touching);
        let agreed = |chunk: &Chunk<'_>| chunk.ours == chunk.theirs;
        marked(&chunks, self.marks, |chunk| {
            agreed(chunk).then_some(chunk.ours)
        })
        .0
    }
}

/// The merge that git would make.
fn by_lines(versions: Versions<'_>, marks: &Marks) -> Merged {
    let Versions { base, ours, theirs } = versions;
    let chunks = chunks(base, ours, theirs, Grouping::Touching);
    let (text, lines) = marked(&chunks, marks, Chunk::resolved);
    Merged {
        text,
        conflicts: lines.iter().map(|line| format!("line {line}")).collect(),
    }
}

/// Everything in which the sides differ is left to a person: where fields merge, and what comes of it
/// is no document.
fn whole_conflict(versions: Versions<'_>, marks: &Marks) -> Merged {
    let without_base = Versions {
        base: None,
        ..versions
    };
    by_lines(without_base, marks)
}
