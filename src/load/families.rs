//! Files that belong together: a TOML file and those beside it with its stem.

use std::collections::BTreeMap;

/// The paths of files that share a stem, by ending; one is `toml`.
pub type Family = BTreeMap<String, String>;

/// Families by key, which is their stem.
pub type Families = BTreeMap<String, Family>;

/// Sorts the paths of a flat folder into families; paths with the key of a family that has no TOML
/// file; and those that belong to none. `siblings` are the endings that may stand beside `toml`.
pub fn families(
    paths: Vec<String>,
    folder: &str,
    siblings: &[&str],
) -> (Families, Vec<(String, String)>, Vec<String>) {
    let mut families = Families::new();
    let mut others = Vec::new();
    for path in paths {
        let name = &path[folder.len() + 1..];
        match name.rsplit_once('.') {
            Some((key, ending))
                if !name.contains('/') && (ending == "toml" || siblings.contains(&ending)) =>
            {
                let family = families.entry(key.to_string()).or_default();
                family.insert(ending.to_string(), path.clone());
            }
            _ => others.push(path),
        }
    }
    let (families, without): (Families, Families) = families
        .into_iter()
        .partition(|(_, family)| family.contains_key("toml"));
    let orphans = without
        .into_iter()
        .flat_map(|(key, family)| family.into_values().map(move |path| (key.clone(), path)))
        .collect();
    (families, orphans, others)
}

#[cfg(test)]
mod tests {
    use super::families;

    #[test]
    fn a_family_has_its_toml() {
        let paths = ["x/a.css", "x/a.toml", "x/b.css", "x/c.txt", "x/d/e.toml"];
        let paths = paths.iter().map(|path| path.to_string()).collect();
        let (complete, orphans, others) = families(paths, "x", &["css"]);
        assert_eq!(complete.keys().collect::<Vec<_>>(), ["a"]);
        assert_eq!(complete["a"]["css"], "x/a.css");
        assert_eq!(orphans, [("b".to_string(), "x/b.css".to_string())]);
        assert_eq!(others, ["x/c.txt", "x/d/e.toml"]);
    }
}
