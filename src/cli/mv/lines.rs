//! The lines in which two texts differ.

/// A line that goes, comes or changes, by its number in the new text, or where it was.
#[derive(Debug, PartialEq, Eq)]
pub struct LineChange<'t> {
    /// From 1.
    pub line: usize,
    pub before: Option<&'t str>,
    pub after: Option<&'t str>,
}

/// The most lines on both sides that are aligned with each other.
const MOST_CELLS: usize = 1_000_000;

/// What differs, in the order of the lines.
pub fn line_changes<'t>(before: &'t str, after: &'t str) -> Vec<LineChange<'t>> {
    let (old, new): (Vec<&str>, Vec<&str>) = (before.lines().collect(), after.lines().collect());
    let head = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let (old, new) = (&old[head..], &new[head..]);
    let ends = old.iter().rev().zip(new.iter().rev());
    let tail = ends.take_while(|(a, b)| a == b).count();
    let (old, new) = (&old[..old.len() - tail], &new[..new.len() - tail]);
    let mut changes = Vec::new();
    let mut gap = |old: &[&'t str], new: &[&'t str], from: usize| {
        for index in 0..old.len().max(new.len()) {
            changes.push(LineChange {
                line: head + from + index.min(new.len()) + 1,
                before: old.get(index).copied(),
                after: new.get(index).copied(),
            });
        }
    };
    let (mut at_old, mut at_new) = (0, 0);
    for (i, j) in common(old, new) {
        gap(&old[at_old..i], &new[at_new..j], at_new);
        (at_old, at_new) = (i + 1, j + 1);
    }
    gap(&old[at_old..], &new[at_new..], at_new);
    changes
}

/// The longest row of lines that both have, as pairs of indices.
fn common(old: &[&str], new: &[&str]) -> Vec<(usize, usize)> {
    if old.len() == new.len() {
        // Lines that were changed in place.
        let pairs = (0..old.len()).filter(|index| old[*index] == new[*index]);
        return pairs.map(|index| (index, index)).collect();
    }
    let width = new.len() + 1;
    if old.len().saturating_mul(width) > MOST_CELLS {
        return Vec::new();
    }
    let mut lengths = vec![0_u32; (old.len() + 1) * width];
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            lengths[i * width + j] = match old[i] == new[j] {
                true => lengths[(i + 1) * width + j + 1] + 1,
                false => lengths[(i + 1) * width + j].max(lengths[i * width + j + 1]),
            };
        }
    }
    let (mut i, mut j) = (0, 0);
    let mut pairs = Vec::new();
    while i < old.len() && j < new.len() {
        if old[i] == new[j] {
            pairs.push((i, j));
            (i, j) = (i + 1, j + 1);
        } else if lengths[(i + 1) * width + j] >= lengths[i * width + j + 1] {
            i += 1;
        } else {
            j += 1;
        }
    }
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_differs_is_told() {
        let told = |before: &str, after: &str| -> Vec<String> {
            let changes = line_changes(before, after);
            let words = changes.iter().map(|one| {
                let (before, after) = (one.before.unwrap_or("-"), one.after.unwrap_or("-"));
                format!("{} {before} {after}", one.line)
            });
            words.collect()
        };
        assert_eq!(told("a\nb\nc\n", "a\nB\nc\n"), ["2 b B"]);
        assert_eq!(told("a\nb\nc\nd\n", "a\nx\nb\nC\nd\n"), ["2 - x", "4 c C"]);
        assert_eq!(told("a\nb\n", "b\n"), ["1 a -"]);
        assert_eq!(told("a\n", "a\n"), [""; 0]);
    }
}
