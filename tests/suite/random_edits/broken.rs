//! What breaks a site, each in one file.

use super::site::Files;

/// How many ways there are.
pub const WAYS: u8 = 14;

/// Breaks a file of a site; `n` chooses which.
pub fn tamper(kind: u8, n: u8, files: &mut Files) {
    let choose = |begin: &str, end: &str| -> String {
        let fits = |path: &&String| path.starts_with(begin) && path.ends_with(end);
        let count = files.keys().filter(fits).count().max(1);
        let path = files.keys().filter(fits).nth(n as usize % count);
        path.cloned().unwrap_or_else(|| "robbieblocks.toml".into())
    };
    let page = choose("content/pages/", ".toml");
    let template = choose("themes/", ".html");
    let of_component = choose("content/components/", ".html");
    let style = choose("", ".css");
    let mut append = |path: &str, text: &str| {
        let file = files.entry(path.to_string()).or_default();
        file.extend_from_slice(text.as_bytes());
    };
    match kind {
        0 => append(&page, "\n= broken\n"),
        1 => append(&page, "\n[[blocks]]\ncomponent = \"none-such\"\n"),
        2 => append(&page, "\nunknown = 1\n"),
        3 => append(&template, "{% if %}"),
        4 => append(&template, "{{ nothing.here }}"),
        5 => append(&of_component, "{{ props.none_such }}"),
        6 => append("robbieblocks.toml", "\nnonsense = 1\n"),
        7 => append("content/tokens/color.toml", "broken = \"{color.none}\"\n"),
        8 => append(&of_component, "{% include \"partials/none-such.html\" %}"),
        9 => append(&style, "h2 { background: url(\"none.svg\"); }\n"),
        10 => append("static/robots.txt", "User-agent: *\n"),
        11 => {
            files.insert(page, b"name = \"\xff\"\n".to_vec());
        }
        12 => {
            files.remove("themes/base/theme.toml");
        }
        _ => {
            files.remove("robbieblocks.toml");
        }
    }
}
