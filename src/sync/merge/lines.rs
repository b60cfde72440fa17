//! Three texts held against each other line by line, and git's markers around what conflicts.

use std::collections::HashMap;
use std::ops::Range;

use super::Side;

/// A piece of three texts: either all of them have it, or it is where they part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Chunk<'t> {
    /// `None` where there is no base to hold the sides against.
    pub base: Option<&'t str>,
    pub ours: &'t str,
    pub theirs: &'t str,
}

impl<'t> Chunk<'t> {
    /// What both sides agree on, or what the one side says that changed it; `None` is a conflict.
    pub(super) fn resolved(&self) -> Option<&'t str> {
        if self.ours == self.theirs || self.base == Some(self.theirs) {
            Some(self.ours)
        } else if self.base == Some(self.ours) {
            Some(self.theirs)
        } else {
            None
        }
    }

    /// The piece as one version has it.
    pub(super) fn side(&self, side: Side) -> &'t str {
        match side {
            Side::Ours => self.ours,
            Side::Base => self.base.unwrap_or_default(),
            Side::Theirs => self.theirs,
        }
    }
}

/// Which changes of the two sides are one piece.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Grouping {
    /// Those that overlap. For texts that are read again before they are believed.
    Overlapping,
    /// Those that touch, too, as git does: who changes two lines that follow each other should look.
    Touching,
}

/// The pieces of three texts, in order (diff3: Khanna, Kunal and Pierce, "A Formal Investigation of
/// Diff3"). Swapping the sides swaps them in every piece. Without a base, the pieces are those in
/// which the sides differ.
pub(super) fn chunks<'t>(
    base: Option<&'t str>,
    ours: &'t str,
    theirs: &'t str,
    grouping: Grouping,
) -> Vec<Chunk<'t>> {
    let Some(base) = base else {
        let mut chunks = chunks(Some(ours), ours, theirs, grouping);
        for chunk in &mut chunks {
            chunk.base = (chunk.ours == chunk.theirs).then_some(chunk.ours);
        }
        return chunks;
    };
    let mut our_edits = edits(base, ours).into_iter().peekable();
    let mut their_edits = edits(base, theirs).into_iter().peekable();
    let mut chunks = Vec::new();
    // Where each text is read up to.
    let (mut at, mut our_at, mut their_at) = (0, 0, 0);
    loop {
        let starts = [our_edits.peek(), their_edits.peek()];
        let first = starts.into_iter().flatten();
        let first = first.min_by_key(|edit| (edit.old.start, edit.old.end));
        let Some(mut region) = first.map(|edit| edit.old.clone()) else {
            break;
        };
        let same = region.start - at;
        push_same(&mut chunks, &base[at..region.start]);
        (our_at, their_at) = (our_at + same, their_at + same);
        let (mut our_end, mut their_end) = (our_at, their_at);
        // Where in the base what `our_end` and `their_end` stand at ends.
        let (mut our_base, mut their_base) = (region.start, region.start);
        loop {
            let ours_next = our_edits.next_if(|edit| belongs(&region, &edit.old, grouping));
            if let Some(edit) = ours_next {
                our_end = edit.new.end;
                our_base = edit.old.end;
                region.end = region.end.max(edit.old.end);
                continue;
            }
            let theirs_next = their_edits.next_if(|edit| belongs(&region, &edit.old, grouping));
            let Some(edit) = theirs_next else {
                break;
            };
            their_end = edit.new.end;
            their_base = edit.old.end;
            region.end = region.end.max(edit.old.end);
        }
        our_end += region.end - our_base;
        their_end += region.end - their_base;
        chunks.push(Chunk {
            base: Some(&base[region.clone()]),
            ours: &ours[our_at..our_end],
            theirs: &theirs[their_at..their_end],
        });
        (at, our_at, their_at) = (region.end, our_end, their_end);
    }
    push_same(&mut chunks, &base[at..]);
    chunks
}

fn push_same<'t>(chunks: &mut Vec<Chunk<'t>>, text: &'t str) {
    if !text.is_empty() {
        chunks.push(Chunk {
            base: Some(text),
            ours: text,
            theirs: text,
        });
    }
}

fn belongs(region: &Range<usize>, edit: &Range<usize>, grouping: Grouping) -> bool {
    let overlaps = edit.start < region.end && region.start < edit.end;
    let touches = edit.start <= region.end && region.start <= edit.end;
    match grouping {
        Grouping::Overlapping => overlaps || edit == region,
        Grouping::Touching => touches,
    }
}

/// A stretch of one text that is another one in the other, in bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Edit {
    old: Range<usize>,
    new: Range<usize>,
}

/// How many steps the search for the fewest changes may take; beyond, a rough answer must do.
const MOST_STEPS: usize = 200_000_000;

/// The changes that lead from one text to another, line by line, in order and not touching each
/// other.
fn edits(old: &str, new: &str) -> Vec<Edit> {
    let old_lines: Vec<&str> = old.split_inclusive('\n').collect();
    let new_lines: Vec<&str> = new.split_inclusive('\n').collect();
    let pairs = old_lines.iter().zip(&new_lines);
    let head = pairs.take_while(|(a, b)| a == b).count();
    let (old_lines, new_lines) = (&old_lines[head..], &new_lines[head..]);
    let pairs = old_lines.iter().rev().zip(new_lines.iter().rev());
    let tail = pairs.take_while(|(a, b)| a == b).count();
    let old_lines = &old_lines[..old_lines.len() - tail];
    let new_lines = &new_lines[..new_lines.len() - tail];
    if old_lines.is_empty() && new_lines.is_empty() {
        return Vec::new();
    }
    let bytes = |lines: &[&str]| lines.iter().map(|line| line.len()).sum::<usize>();
    let head_bytes: usize = old
        .split_inclusive('\n')
        .take(head)
        .map(str::len)
        .sum::<usize>();
    let old_range = head_bytes..head_bytes + bytes(old_lines);
    let new_range = head_bytes..head_bytes + bytes(new_lines);
    let count = old_lines.len() + new_lines.len();
    let affordable = count * (count - 2 * certain_matches(old_lines, new_lines)) <= MOST_STEPS;
    if old_lines.is_empty() || new_lines.is_empty() || !affordable {
        return vec![Edit {
            old: old_range,
            new: new_range,
        }];
    }
    let patch = diffy::DiffOptions::new()
        .set_context_len(0)
        .create_patch(&old[old_range.clone()], &new[new_range.clone()]);
    let (old_ends, new_ends) = (
        ends(old_lines, old_range.start),
        ends(new_lines, new_range.start),
    );
    let bytes_of = |range: diffy::HunkRange, ends: &[usize]| {
        // As in a patch: lines count from 1, and what is empty names the line before it.
        let start = range.start() - usize::from(!range.is_empty());
        ends[start]..ends[start + range.len()]
    };
    let hunks = patch.hunks().iter();
    hunks
        .map(|hunk| Edit {
            old: bytes_of(hunk.old_range(), &old_ends),
            new: bytes_of(hunk.new_range(), &new_ends),
        })
        .collect()
}

/// Where lines end, the first being where they begin.
fn ends(lines: &[&str], start: usize) -> Vec<usize> {
    let mut ends = vec![start];
    let mut at = start;
    ends.extend(lines.iter().map(|line| {
        at += line.len();
        at
    }));
    ends
}

/// How many lines the two surely have in common in one order: of those that each has once, the
/// longest run (patience sorting).
fn certain_matches(old: &[&str], new: &[&str]) -> usize {
    fn once<'t>(lines: &[&'t str]) -> HashMap<&'t str, Option<usize>> {
        let mut once = HashMap::new();
        for (index, line) in lines.iter().enumerate() {
            once.entry(*line)
                .and_modify(|place| *place = None)
                .or_insert(Some(index));
        }
        once
    }
    let (old_once, new_once) = (once(old), once(new));
    // The smallest last place of a run of each length.
    let mut runs: Vec<usize> = Vec::new();
    for line in old {
        if let (Some(Some(_)), Some(Some(place))) = (old_once.get(line), new_once.get(line)) {
            let length = runs.partition_point(|last| last < place);
            match runs.get_mut(length) {
                Some(last) => *last = *place,
                None => runs.push(*place),
            }
        }
    }
    runs.len()
}

/// How markers look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Ours and theirs.
    Merge,
    /// Ours, base and theirs.
    Diff3,
}

/// What git asks for where a conflict is marked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Marks {
    /// What stands behind `<<<<<<<`; nothing where it is empty.
    pub ours: String,
    /// What stands behind `|||||||`.
    pub base: String,
    /// What stands behind `>>>>>>>`.
    pub theirs: String,
    /// How many characters a marker has; git's default is 7.
    pub size: usize,
    pub style: Style,
}

impl Default for Marks {
    fn default() -> Marks {
        Marks {
            ours: "ours".into(),
            base: "base".into(),
            theirs: "theirs".into(),
            size: 7,
            style: Style::Merge,
        }
    }
}

/// Puts pieces together, with markers around those that `resolve` leaves open. Gives the text and the
/// lines of it at which a conflict begins, counted from 1.
pub(super) fn marked<'t>(
    chunks: &[Chunk<'t>],
    marks: &Marks,
    resolve: impl Fn(&Chunk<'t>) -> Option<&'t str>,
) -> (String, Vec<usize>) {
    let mut out = String::new();
    let mut conflicts = Vec::new();
    let mut lines = 0;
    let crlf = chunks.iter().find_map(|chunk| {
        let line = chunk.ours.split_inclusive('\n').next()?;
        line.ends_with('\n').then(|| line.ends_with("\r\n"))
    });
    let line_end = if crlf == Some(true) { "\r\n" } else { "\n" };
    for chunk in chunks {
        let from = out.len();
        match resolve(chunk) {
            Some(text) => out.push_str(text),
            None => {
                if !out.is_empty() && !out.ends_with('\n') {
                    out.push_str(line_end);
                    lines += 1;
                }
                conflicts.push(lines + 1);
                push_conflict(&mut out, chunk, marks, line_end);
            }
        }
        lines += memchr::memchr_iter(b'\n', &out.as_bytes()[from..]).count();
    }
    (out, conflicts)
}

fn push_conflict(out: &mut String, chunk: &Chunk<'_>, marks: &Marks, line_end: &str) {
    let marker = |out: &mut String, sign: char, label: &str| {
        if !out.is_empty() && !out.ends_with('\n') {
            out.push_str(line_end);
        }
        out.extend(std::iter::repeat_n(sign, marks.size.max(1)));
        // A label is one line, whatever a branch is called.
        let label = label.lines().next().unwrap_or_default();
        if !label.is_empty() {
            out.push(' ');
            out.push_str(label);
        }
        out.push_str(line_end);
    };
    marker(out, '<', &marks.ours);
    out.push_str(chunk.ours);
    if marks.style == Style::Diff3 {
        marker(out, '|', &marks.base);
        out.push_str(chunk.base.unwrap_or_default());
    }
    marker(out, '=', "");
    out.push_str(chunk.theirs);
    marker(out, '>', &marks.theirs);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::sample::Dice;

    fn merged(base: &str, ours: &str, theirs: &str, grouping: Grouping) -> Option<String> {
        chunks(Some(base), ours, theirs, grouping)
            .iter()
            .map(Chunk::resolved)
            .collect()
    }

    #[test]
    fn changes_of_both_sides_are_taken() {
        let base = "a\nb\nc\nd\n";
        let both = merged(base, "A\nb\nc\nd\n", "a\nb\nc\nD\ne\n", Grouping::Touching);
        assert_eq!(both.as_deref(), Some("A\nb\nc\nD\ne\n"));
        let (ours, theirs) = ("A\nb\nc\nd\n", "a\nB\nc\nd\n");
        assert_eq!(merged(base, ours, theirs, Grouping::Touching), None);
        assert_eq!(
            merged(base, ours, theirs, Grouping::Overlapping).as_deref(),
            Some("A\nB\nc\nd\n")
        );
        assert_eq!(merged(base, "A\n", "B\n", Grouping::Overlapping), None);
        assert_eq!(merged("", "A\n", "B\n", Grouping::Overlapping), None);
    }

    #[test]
    fn pieces_are_the_texts_and_swapping_mirrors_them() {
        for seed in 0..3000 {
            let dice = &mut Dice::new(seed);
            let mut text = |lines: usize| -> String {
                let count = dice.below(lines);
                (0..count)
                    .map(|_| *dice.pick(&["a\n", "b\n", "c\n", "\n", "x\r\n", "ü"]))
                    .collect()
            };
            let (base, ours, theirs) = (text(12), text(12), text(12));
            for grouping in [Grouping::Overlapping, Grouping::Touching] {
                let there = chunks(Some(&base), &ours, &theirs, grouping);
                let joined = |side| -> String { there.iter().map(|one| one.side(side)).collect() };
                assert_eq!(joined(Side::Base), base);
                assert_eq!(joined(Side::Ours), ours);
                assert_eq!(joined(Side::Theirs), theirs);
                let back = chunks(Some(&base), &theirs, &ours, grouping);
                let back: Vec<_> = back.iter().map(Chunk::resolved).collect();
                let there: Vec<_> = there.iter().map(Chunk::resolved).collect();
                assert_eq!(there, back);
            }
        }
    }

    #[test]
    fn huge_texts_that_differ_everywhere_are_not_searched_without_end() {
        let text = |word: &str| -> String {
            (0..200_000)
                .map(|line| format!("{word}{}\n", line % 7))
                .collect()
        };
        let (base, ours, theirs) = (text("c"), text("a"), text("b"));
        let chunks = chunks(Some(&base), &ours, &theirs, Grouping::Touching);
        assert_eq!(chunks.len(), 1);
    }

    #[test]
    fn markers_stand_on_lines_of_their_own() {
        let marks = Marks {
            style: Style::Diff3,
            ..Marks::default()
        };
        let chunks = chunks(Some("a\r\nb"), "a\r\nc", "a\r\nd", Grouping::Touching);
        let (text, lines) = marked(&chunks, &marks, Chunk::resolved);
        assert_eq!(
            text,
            "a\r\n<<<<<<< ours\r\nc\r\n||||||| base\r\nb\r\n=======\r\nd\r\n>>>>>>> theirs\r\n"
        );
        assert_eq!(lines, [2]);
    }
}
