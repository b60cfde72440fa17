//! "Did you mean": the known name that is nearest to a name that is not known.

/// The longest names that are compared, in bytes: no key is longer, and the work grows with the product of
/// the lengths.
const MOST_COMPARED: usize = 255;

/// A hint that names the candidate nearest to `name`, if one is near enough to be a slip: within a
/// third of its length in Damerau-Levenshtein edits, or one of the two a prefix of the other.
/// The same candidates in any order give the same hint. Very long names are no slips.
pub fn did_you_mean<'a>(
    name: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<String> {
    if name.len() > MOST_COMPARED {
        return None;
    }
    let wanted = name.to_lowercase();
    let allowed = (name.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .filter(|candidate| *candidate != name && candidate.len() <= MOST_COMPARED)
        .filter_map(|candidate| {
            let folded = candidate.to_lowercase();
            let distance = strsim::damerau_levenshtein(&wanted, &folded);
            let prefix = wanted.len() >= 3
                && folded.len() >= 3
                && (folded.starts_with(&wanted) || wanted.starts_with(&folded));
            (distance <= allowed || prefix).then_some((distance, candidate))
        })
        .min()
        .map(|(_, candidate)| format!("did you mean `{candidate}`?"))
}

#[cfg(test)]
mod tests {
    use super::did_you_mean;

    #[test]
    fn only_near_names_are_suggested() {
        let names = ["route", "layout", "status"];
        assert_eq!(
            did_you_mean("rout", names),
            Some("did you mean `route`?".into())
        );
        assert_eq!(
            did_you_mean("Layuot", names),
            Some("did you mean `layout`?".into())
        );
        assert_eq!(did_you_mean("banana", names), None);
    }

    #[test]
    fn very_long_names_are_not_compared() {
        let long = "a".repeat(256);
        assert_eq!(did_you_mean(&long, ["aaaa"]), None);
        assert_eq!(did_you_mean("aaaa", [long.as_str()]), None);
        let (name, near) = ("b".repeat(255), "b".repeat(254));
        assert!(did_you_mean(&name, [near.as_str()]).is_some());
    }
}
