//! Browser targets: queries of browserslist as versions that CSS is compiled for.

use lightningcss::targets::Browsers;

use crate::diag::{Diagnostic, Diagnostics, FieldPath, Place, code};
use crate::model::Config;

/// The browsers that CSS is compiled for; the default compiles nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Targets(pub(super) lightningcss::targets::Targets);

/// The first versions with custom properties, which every token is. Queries such as `last 2
/// versions` also name browsers that were given up long before (Internet Explorer 11, Opera Mobile
/// 12.1): no site of rbgen has styles there, so nothing is compiled for them.
const OLDEST: Browsers = Browsers {
    android: Some(49 << 16),
    chrome: Some(49 << 16),
    edge: Some(16 << 16),
    firefox: Some(31 << 16),
    ie: None,
    ios_saf: Some(9 << 16 | 3 << 8),
    opera: Some(36 << 16),
    safari: Some(9 << 16 | 1 << 8),
    samsung: Some(5 << 16),
};

/// Queries that would run a program or read files of the machine: the same site would be compiled
/// differently elsewhere.
const IMPURE: [&str; 4] = [
    "current node",
    "extends ",
    "in my stats",
    "browserslist config",
];

/// Reads `targets` of `[build]`. A query that cannot be read is an error (`BAD_TARGETS`), and then
/// nothing is compiled.
pub fn parse_targets(config: &Config, diagnostics: &mut Diagnostics) -> Targets {
    match targets_of(&config.build.targets) {
        Ok(targets) => targets,
        Err((query, problem)) => {
            let field = FieldPath::from("build").then("targets");
            let (place, message) = match query {
                Some(index) => (
                    field.then(index),
                    format!(
                        "the target `{}` cannot be used: {problem}",
                        config.build.targets[index]
                    ),
                ),
                None => (field, format!("`targets` cannot be read: {problem}")),
            };
            diagnostics.push(
                Diagnostic::error(
                    code::BAD_TARGETS,
                    Place::value(config.origin.clone(), place),
                    message,
                )
                .hint("queries look like `last 2 versions`, `> 0.5%` or `safari >= 16`"),
            );
            Targets::default()
        }
    }
}

type Bad = (Option<usize>, String);

fn targets_of(queries: &[String]) -> Result<Targets, Bad> {
    if queries.is_empty() {
        return Ok(Targets::default());
    }
    for (index, query) in queries.iter().enumerate() {
        let folded = query.to_lowercase();
        if let Some(name) = IMPURE.iter().find(|name| folded.contains(*name)) {
            return Err((
                Some(index),
                format!("`{}` depends on this machine", name.trim()),
            ));
        }
    }
    match Browsers::from_browserslist(queries) {
        Ok(browsers) => Ok(Targets(browsers.map(usable).into())),
        Err(error) => {
            // Queries refine those before them (`not dead`), so the first list that fails ends in the
            // one at fault.
            let at_fault = (0..queries.len())
                .find(|&last| Browsers::from_browserslist(&queries[..=last]).is_err());
            Err((at_fault, decapitalised(&error.to_string())))
        }
    }
}

fn usable(browsers: Browsers) -> Browsers {
    let newer = |version: Option<u32>, oldest: Option<u32>| version.max(version.and(oldest));
    Browsers {
        android: newer(browsers.android, OLDEST.android),
        chrome: newer(browsers.chrome, OLDEST.chrome),
        edge: newer(browsers.edge, OLDEST.edge),
        firefox: newer(browsers.firefox, OLDEST.firefox),
        ie: None,
        ios_saf: newer(browsers.ios_saf, OLDEST.ios_saf),
        opera: newer(browsers.opera, OLDEST.opera),
        safari: newer(browsers.safari, OLDEST.safari),
        samsung: newer(browsers.samsung, OLDEST.samsung),
    }
}

pub(super) fn decapitalised(text: &str) -> String {
    let mut chars = text.trim_end_matches('.').chars();
    match chars.next() {
        Some(first) => first.to_lowercase().chain(chars).collect(),
        None => String::new(),
    }
}

#[cfg(test)]
impl Targets {
    pub(super) fn of(queries: &[&str]) -> Targets {
        let queries: Vec<String> = queries.iter().map(|query| query.to_string()).collect();
        targets_of(&queries).expect("queries of a test")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn given_up_browsers_are_left_out() {
        let Targets(targets) = Targets::of(&["last 2 versions"]);
        let browsers = targets.browsers.expect("some browsers");
        assert_eq!(browsers.ie, None);
        assert!(browsers.opera >= OLDEST.opera, "{browsers:?}");
        assert!(browsers.chrome > OLDEST.chrome, "{browsers:?}");
    }

    #[test]
    fn bad_queries_are_named() {
        let queries = vec!["last 2 versions".to_string(), "blah 3".to_string()];
        assert_eq!(targets_of(&queries).unwrap_err().0, Some(1));
        let queries = ["last 2 versions", "not dead", "blah 3"].map(str::to_string);
        assert_eq!(targets_of(&queries).unwrap_err().0, Some(2));
        let queries = vec!["current node".to_string()];
        assert_eq!(targets_of(&queries).unwrap_err().0, Some(0));
        assert_eq!(targets_of(&[]).unwrap(), Targets::default());
    }
}
