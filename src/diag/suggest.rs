//! "Did you mean": the known name that is nearest to a name that is not known.

/// A hint that names the candidate nearest to `name`, if one is near enough to be a slip: within a
/// third of its length in Damerau-Levenshtein edits, or one of the two a prefix of the other.
/// The same candidates in any order give the same hint.
pub fn did_you_mean<'a>(
    name: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<String> {
    let wanted = name.to_lowercase();
    let allowed = (name.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .filter(|candidate| *candidate != name)
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
}
