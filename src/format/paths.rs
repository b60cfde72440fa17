//! Which file below `content/` is which document, or a part of one: by its path alone.

/// Where pages are.
pub const PAGES: &str = "content/pages";
/// Where components are.
pub const COMPONENTS: &str = "content/components";
/// Where tokens are.
pub const TOKENS: &str = "content/tokens";
/// Where nodes are.
pub const NODES: &str = "content/nodes";

/// The endings that files beside a component's TOML file have.
pub const COMPONENT_PARTS: [&str; 4] = ["html", "css", "tsx", "jsx"];
/// The endings that files beside a node's TOML file have.
pub const NODE_PARTS: [&str; 2] = ["css", "js"];

/// What some editors put before the first character of a file.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// Whether no site reads a file or folder of this name: hidden ones and the temporary ones of editors.
pub fn is_passed_over(name: &str) -> bool {
    name.starts_with('.')
        || name.ends_with('~')
        || (name.starts_with('#') && name.ends_with('#'))
        || name == "4913"
        || name.ends_with(".swp")
        || name.ends_with(".orig")
}

/// The path of a file below a folder.
pub fn below<'p>(path: &'p str, folder: &str) -> Option<&'p str> {
    path.strip_prefix(folder)?.strip_prefix('/')
}

/// The folder of a file.
pub fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// The stem of a TOML file right in a folder.
pub(super) fn stem<'p>(path: &'p str, folder: &str) -> Option<&'p str> {
    let name = below(path, folder)?.strip_suffix(".toml")?;
    (!name.contains('/')).then_some(name)
}

/// The path below the folder of pages of a file that has the ending of a page, without the ending.
pub fn page_stem(path: &str) -> Option<&str> {
    let stem = path
        .strip_suffix(".toml")
        .or_else(|| path.strip_suffix(".md"))?;
    below(stem, PAGES)
}

/// The app of a page file, and the path below it without the ending.
pub(super) fn page_path(path: &str) -> Option<(&str, Vec<&str>)> {
    let mut parts = page_stem(path)?.split('/');
    let app = parts.next()?;
    let below: Vec<&str> = parts.collect();
    (!below.is_empty()).then_some((app, below))
}

/// The path of the file beside a TOML file that has another ending.
pub(super) fn beside(path: &str, ending: &str) -> String {
    let stem = path.strip_suffix(".toml").unwrap_or(path);
    format!("{stem}.{ending}")
}

/// The path of the file that `{ "$file" = "name" }` names in a document of a folder.
pub(super) fn data_path(folder: &str, name: &str) -> Result<String, String> {
    let leads_elsewhere = |c: char| c.is_control() || matches!(c, '/' | '\\');
    if name.is_empty() || name.starts_with('.') || name.contains(leads_elsewhere) {
        return Err("it must be the plain name of a file in the same folder".into());
    }
    Ok(format!("{folder}/{name}"))
}

/// The text of a template, style sheet or script without its byte order mark, which would be a
/// character of the page. Of other files it stays: the TOML parser passes over it itself.
pub fn without_mark(path: &str, text: String) -> String {
    let ending = path.rsplit('.').next().unwrap_or_default();
    let is_part = COMPONENT_PARTS.contains(&ending) || NODE_PARTS.contains(&ending);
    match text.strip_prefix(BYTE_ORDER_MARK) {
        Some(rest) if is_part && below(path, PAGES).is_none() => rest.to_string(),
        _ => text,
    }
}
