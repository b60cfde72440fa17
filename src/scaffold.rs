//! What `rbgen init` and `rbgen new` write, as values: whole sites, embedded in the binary, and new
//! documents.

mod document;
mod neighbours;
mod token;

use std::collections::BTreeMap;

use include_dir::{Dir, include_dir};

pub use document::{
    NewComponent, NewPage, Starter, component_files, node_text, page_text, starter, suggest_key,
    words,
};
pub use neighbours::{Neighbourhood, neighbourhood};
pub use token::{NoRoom, new_tokens_file, with_token};

/// The folder of the JSON Schemas, relative to the site.
pub const SCHEMA_FOLDER: &str = ".rbgen/schemas";

/// Files by their path, relative to the site, with `/`.
pub type Files = BTreeMap<String, Vec<u8>>;

/// The theme `base`, without packages that somebody may have installed there.
static BASE: [(&str, Dir); 4] = [
    (
        "assets",
        include_dir!("$CARGO_MANIFEST_DIR/themes/base/assets"),
    ),
    (
        "layouts",
        include_dir!("$CARGO_MANIFEST_DIR/themes/base/layouts"),
    ),
    (
        "partials",
        include_dir!("$CARGO_MANIFEST_DIR/themes/base/partials"),
    ),
    (
        "styles",
        include_dir!("$CARGO_MANIFEST_DIR/themes/base/styles"),
    ),
];
const BASE_FILES: [(&str, &str); 3] = [
    ("theme.toml", include_str!("../themes/base/theme.toml")),
    ("package.json", include_str!("../themes/base/package.json")),
    (
        "package-lock.json",
        include_str!("../themes/base/package-lock.json"),
    ),
];
static TOKENS: Dir = include_dir!("$CARGO_MANIFEST_DIR/content/tokens");
static COMMON: Dir = include_dir!("$CARGO_MANIFEST_DIR/src/scaffold/common");
static CARDS: Dir = include_dir!("$CARGO_MANIFEST_DIR/src/scaffold/cards");
static APP: Dir = include_dir!("$CARGO_MANIFEST_DIR/src/scaffold/app");
static BLOG: Dir = include_dir!("$CARGO_MANIFEST_DIR/src/scaffold/blog");
static DOCS: Dir = include_dir!("$CARGO_MANIFEST_DIR/src/scaffold/docs");

/// A kind of site to begin with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Template {
    /// A small app for two nodes, one light and one dark.
    App,
    /// Posts with dates, and a page about them.
    Blog,
    /// Guides beside a list of all of them.
    Docs,
}

impl Template {
    /// Every template.
    pub const ALL: [Template; 3] = [Template::App, Template::Blog, Template::Docs];

    /// The name that `--template` takes.
    pub fn name(self) -> &'static str {
        match self {
            Template::App => "app",
            Template::Blog => "blog",
            Template::Docs => "docs",
        }
    }

    /// The node and the app whose bundle is the one to look at first.
    pub fn first_bundle(self) -> (&'static str, &'static str) {
        match self {
            Template::App => ("riverside", "home"),
            Template::Blog => ("main", "blog"),
            Template::Docs => ("main", "docs"),
        }
    }

    /// What it is made of; a later layer replaces files of an earlier one.
    fn layers(self) -> Vec<&'static Dir<'static>> {
        match self {
            Template::App => vec![&COMMON, &CARDS, &APP],
            Template::Blog => vec![&COMMON, &BLOG],
            Template::Docs => vec![&COMMON, &CARDS, &DOCS],
        }
    }
}

/// All files of a new site, but for its schemas. TOML files of the content name their schema in the
/// first line.
pub fn site_files(template: Template, site_name: &str) -> Files {
    let mut files = Files::new();
    for (folder, inner) in &BASE {
        add(&mut files, &format!("themes/base/{folder}"), inner);
    }
    for (name, text) in BASE_FILES {
        files.insert(format!("themes/base/{name}"), text.into());
    }
    add(&mut files, "content/tokens", &TOKENS);
    for layer in template.layers() {
        add(&mut files, "", layer);
    }
    let (node, app) = template.first_bundle();
    let quoted = toml_edit::Value::from(site_name).to_string();
    for (path, bytes) in &mut files {
        // Themes are copied byte for byte: `base` is the same in every site.
        if path.starts_with("themes/base/") {
            continue;
        }
        let Ok(text) = std::str::from_utf8(bytes) else {
            continue;
        };
        let mut text = text
            .replace("\"@SITE@\"", &quoted)
            .replace("@SITE@", site_name)
            .replace("@NODE@", node)
            .replace("@APP@", app);
        if let Some(line) = schema_line(path) {
            text.insert_str(0, &line);
        }
        *bytes = text.into_bytes();
    }
    files
}

fn add(files: &mut Files, prefix: &str, folder: &Dir) {
    for file in folder.files() {
        let path = file.path().to_string_lossy().replace('\\', "/");
        // A file named `.gitignore` would have its effect here, too.
        let path = path.replace("dot-", ".");
        let path = match prefix {
            "" => path,
            prefix => format!("{prefix}/{path}"),
        };
        files.insert(path, file.contents().to_vec());
    }
    for inner in folder.dirs() {
        add(files, prefix, inner);
    }
}

/// The name of a site from the name of its folder: `my-site` is `My site`.
pub fn site_name(folder: &str) -> String {
    let clean: String = folder.chars().filter(|c| !c.is_control()).collect();
    match words(clean.trim()) {
        words if words.is_empty() => "My site".to_string(),
        words => words,
    }
}

/// The first line of a TOML file of a site, which tells editors its JSON Schema; `None` for other
/// files.
pub fn schema_line(path: &str) -> Option<String> {
    let stem = path.strip_suffix(".toml")?;
    let schema = match stem.split('/').collect::<Vec<_>>().as_slice() {
        ["robbieblocks"] => "site",
        ["content", "pages", _, ..] => "page",
        ["content", "components", _] => "component",
        ["content", "tokens", _] => "tokens",
        ["content", "nodes", _] => "node",
        ["themes", _, "theme"] => "theme",
        _ => return None,
    };
    let up = match path.matches('/').count() {
        0 => "./".to_string(),
        depth => "../".repeat(depth),
    };
    Some(format!("#:schema {up}{SCHEMA_FOLDER}/{schema}.json\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_have_what_a_site_needs() {
        for template in Template::ALL {
            let files = site_files(template, "Kate's \"site\"");
            for path in [
                "robbieblocks.toml",
                "README.md",
                ".gitignore",
                ".gitattributes",
                "content/components/markdown.html",
                "content/tokens/color.toml",
                "content/tokens/font.toml",
                "themes/base/assets/fonts/figtree.woff2",
                "themes/site/theme.toml",
            ] {
                assert!(files.contains_key(path), "{}: {path}", template.name());
            }
            for (path, bytes) in &files {
                let text = String::from_utf8_lossy(bytes);
                for left in ["@SITE@", "@NODE@", "@APP@"] {
                    assert!(!text.contains(left), "{path} has {left}");
                }
            }
            let config: toml::Table =
                toml::from_str(std::str::from_utf8(&files["robbieblocks.toml"]).unwrap()).unwrap();
            assert_eq!(
                config["site"]["name"].as_str(),
                Some("Kate's \"site\""),
                "the name is quoted as TOML"
            );
        }
    }

    #[test]
    fn a_site_is_named_after_its_folder() {
        assert_eq!(site_name("my-site"), "My site");
        assert_eq!(site_name("Robbieverse"), "Robbieverse");
        assert_eq!(site_name("überall_2"), "Überall 2");
        assert_eq!(site_name(" \n"), "My site");
    }

    #[test]
    fn schema_lines_lead_to_the_folder_of_the_schemas() {
        let line = |path| schema_line(path).unwrap_or_default();
        assert_eq!(
            line("robbieblocks.toml"),
            "#:schema ./.rbgen/schemas/site.json\n"
        );
        assert_eq!(
            line("content/pages/a/b/c.toml"),
            "#:schema ../../../../.rbgen/schemas/page.json\n"
        );
        assert_eq!(
            line("themes/x/theme.toml"),
            "#:schema ../../.rbgen/schemas/theme.json\n"
        );
        assert_eq!(line("content/pages/a/b.md"), "");
        assert_eq!(line("other/x.toml"), "");
    }
}
