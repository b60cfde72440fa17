//! A site of any size for measuring: the same bytes for the same numbers, on every machine.

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::Path;

use crate::words::Words;

/// How large a site is.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct Size {
    /// Pages in all, evenly over the apps
    #[arg(long, default_value_t = 10_000)]
    pub pages: usize,
    /// Nodes, each with every app
    #[arg(long, default_value_t = 1)]
    pub nodes: usize,
    /// Apps, at most four
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u8).range(1..=4))]
    pub apps: u8,
    /// Layouts of the theme, besides that of the first page of each app
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..))]
    pub layouts: u16,
}

/// A file of the site: its path from the root, and its text.
pub struct File {
    pub path: String,
    pub text: String,
}

const APPS: [&str; 4] = ["play", "work", "code", "town"];

/// Writes a whole site into a folder, which is made.
///
/// A page has a hero, about 350 words of Markdown with a table and a code block, and a call to
/// action; the first page of each app lists the others, and these take turns at the layouts. No
/// page reads another one besides, so that what is measured grows with the number of pages and not
/// with its square.
pub fn write_site(root: &Path, size: Size) -> io::Result<()> {
    write(root, ".gitignore", "/dist\n/.rbgen\n")?;
    for (path, text) in FILES {
        write(root, path, text)?;
    }
    for number in 0..size.layouts {
        let (layout, aside) = (layout_file(number), aside_file(number));
        write(root, &layout.path, &layout.text)?;
        write(root, &aside.path, &aside.text)?;
    }
    write_nodes(root, size)?;
    for number in 0..size.pages {
        let page = numbered_page(number, size);
        write(root, &page.path, &page.text)?;
    }
    Ok(())
}

/// Writes what alone says how many nodes the site has.
pub fn write_nodes(root: &Path, size: Size) -> io::Result<()> {
    write(root, "robbieblocks.toml", &config(size.nodes))?;
    for number in 0..size.nodes {
        let node = node_file(number, size.apps);
        write(root, &node.path, &node.text)?;
    }
    Ok(())
}

/// A page by its number in the whole site. The first of each app lists the others.
pub fn numbered_page(number: usize, size: Size) -> File {
    let apps = usize::from(size.apps);
    let (app, index) = (APPS[number % apps], number / apps);
    // A hundred pages a folder, as people would keep them.
    let path = match index {
        0 => format!("content/pages/{app}/{app}-home.toml"),
        _ => format!(
            "content/pages/{app}/part-{:03}/{}.toml",
            index / 100,
            page_key(app, index)
        ),
    };
    let text = page(app, index, size.layouts);
    File { path, text }
}

/// A page that is like all others.
pub fn ordinary_page(size: Size) -> File {
    numbered_page(7 * usize::from(size.apps), size)
}

/// A page more than the site has, in a folder that is there.
pub fn additional_page(size: Size) -> File {
    let apps = usize::from(size.apps);
    let (app, index) = (APPS[size.pages % apps], size.pages / apps);
    let path = format!("content/pages/{app}/part-000/{}.toml", page_key(app, index));
    let text = page(app, index, size.layouts);
    File { path, text }
}

/// How many pages of a node have a layout. The layout of a page goes by its number within its app,
/// so that every app has pages of every layout.
pub fn pages_of_layout(layout: u16, size: Size) -> usize {
    (0..size.pages)
        .map(|number| number / usize::from(size.apps))
        .filter(|&index| index > 0 && layout_of(index, size.layouts) == layout)
        .count()
}

fn layout_of(index: usize, layouts: u16) -> u16 {
    u16::try_from(index % usize::from(layouts)).unwrap_or_default()
}

fn layout_file(number: u16) -> File {
    let text = format!(
        "{{% extends \"partials/document.html\" %}}\n{{% block body %}}\n{{% include \"partials/navigation.html\" %}}\n<main id=\"main\">\n{{{{ zones.main }}}}\n</main>\n{{% include \"partials/aside-{number:02}.html\" %}}\n{{% include \"partials/footer.html\" %}}\n{{% endblock %}}\n"
    );
    let path = format!("themes/plain/layouts/layout-{number:02}.html");
    File { path, text }
}

/// The partial that only the layout of this number has.
pub fn aside_file(number: u16) -> File {
    let mut words = Words::new("aside", usize::from(number));
    let text = format!(
        "<aside class=\"site\">\n<h2>{}</h2>\n<p>{}</p>\n</aside>\n",
        words.title(),
        words.sentence()
    );
    let path = format!("themes/plain/partials/aside-{number:02}.html");
    File { path, text }
}

/// A node by its number.
pub fn node_file(number: usize, apps: u8) -> File {
    let text = format!(
        "name = \"Node {number}\"\nenabled_apps = {:?}\n\n[style_overrides]\ntheme = \"light\"\n\"color.primary\" = \"#{:06X}\"\n",
        &APPS[..usize::from(apps)],
        0x1D_4E_D8 + number
    );
    let path = format!("content/nodes/{}.toml", node_id(number));
    File { path, text }
}

fn node_id(number: usize) -> String {
    format!("node-{number}")
}

fn write(root: &Path, path: &str, text: &str) -> io::Result<()> {
    let path = root.join(path);
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(path, text)
}

fn config(nodes: usize) -> String {
    let mut text = "[site]\nname = \"Corpus\"\nlanguage = \"en\"\ntheme = \"plain\"\n".to_string();
    for node in 0..nodes {
        let id = node_id(node);
        let _ = write!(
            text,
            "\n[node.{id}]\nbase_url = \"https://{id}.example.org\"\n"
        );
    }
    text
}

fn page_key(app: &str, index: usize) -> String {
    format!("{app}-{index:06}")
}

fn page(app: &str, index: usize, layouts: u16) -> String {
    // Every page has a stream of its own, so that a site of 100 pages is the beginning of one of
    // 100,000.
    let mut words = Words::new(app, index);
    let title = words.title();
    let mut text = format!("name = \"{title}\"\nstatus = \"published\"\n");
    let _ = writeln!(text, "description = \"{}\"", words.sentence());
    if index == 0 {
        let _ = writeln!(text, "route = \"/{app}\"");
        let _ = write!(text, "\n[[blocks]]\ncomponent = \"list\"\n");
    } else {
        let _ = writeln!(text, "route = \"/{app}/{}\"", page_key(app, index));
        let _ = writeln!(text, "layout = \"layout-{:02}\"", layout_of(index, layouts));
    }
    let _ = write!(
        text,
        "\n[[blocks]]\ncomponent = \"hero\"\nprops = {{ title = \"{title}\", text = \"{}\" }}\n",
        words.sentence()
    );
    let _ = write!(
        text,
        "\n[[blocks]]\ncomponent = \"markdown\"\n\n[blocks.props]\ntext = '''\n{}'''\n",
        words.article()
    );
    let _ = write!(
        text,
        "\n[[blocks]]\ncomponent = \"call-to-action\"\nprops = {{ title = \"{}\", label = \"{}\", href = \"/{app}\" }}\n",
        words.title(),
        words.title()
    );
    text
}

/// What does not depend on the size: tokens, components and a theme.
const FILES: &[(&str, &str)] = &[
    (
        "content/tokens/color.toml",
        "[color]\nprimary = \"#1D4ED8\"\nbackground = \"#FFFFFF\"\nsurface = \"#F3F4F6\"\ntext = \"#111827\"\nlink = \"{color.primary}\"\n",
    ),
    (
        "content/tokens/spacing.toml",
        "[spacing]\nsm = \"0.5rem\"\nmd = \"1rem\"\nlg = \"2rem\"\n",
    ),
    (
        "content/tokens/font.toml",
        "[font]\nbody = \"Georgia, serif\"\n",
    ),
    (
        "content/components/hero.toml",
        "name = \"Hero\"\ntype = \"layout\"\npublished = true\n\n[props]\ntype = \"object\"\nrequired = [\"title\"]\nadditionalProperties = false\n\n[props.properties]\ntitle = { type = \"string\" }\ntext = { type = \"string\" }\n",
    ),
    (
        "content/components/hero.html",
        "<header>\n<h1>{{ props.title }}</h1>\n{% if props.text %}<p>{{ props.text }}</p>{% endif %}\n</header>\n",
    ),
    (
        "content/components/hero.css",
        "h1 {\n  color: var(--color-primary);\n  margin-block: var(--spacing-lg);\n}\n",
    ),
    (
        "content/components/markdown.toml",
        "name = \"Markdown\"\ntype = \"ui\"\npublished = true\n\n[props]\ntype = \"object\"\nrequired = [\"text\"]\n\n[props.properties.text]\ntype = \"string\"\ncontentMediaType = \"text/markdown\"\n",
    ),
    (
        "content/components/markdown.html",
        "<div class=\"prose\">\n{{ props.text }}\n</div>\n",
    ),
    (
        "content/components/markdown.css",
        ".prose {\n  max-width: 65ch;\n}\n\ntable {\n  border-collapse: collapse;\n}\n",
    ),
    (
        "content/components/call-to-action.toml",
        "name = \"Call to action\"\ntype = \"ui\"\npublished = true\n\n[props]\ntype = \"object\"\nrequired = [\"title\", \"label\", \"href\"]\nadditionalProperties = false\n\n[props.properties]\ntitle = { type = \"string\" }\nlabel = { type = \"string\" }\nhref = { type = \"string\", pattern = \"^/\" }\n",
    ),
    (
        "content/components/call-to-action.html",
        "<aside>\n<h2>{{ props.title }}</h2>\n<p><a class=\"button\" href=\"{{ props.href }}\">{{ props.label }}</a></p>\n</aside>\n",
    ),
    (
        "content/components/call-to-action.css",
        ".button {\n  background: var(--color-primary);\n  color: var(--color-background);\n}\n",
    ),
    (
        "content/components/list.toml",
        "name = \"List\"\ntype = \"navigation\"\npublished = true\n",
    ),
    (
        "content/components/list.html",
        "<ul>\n{% for item in pages(app=app) %}\n<li><a href=\"{{ item.url }}\">{{ item.name }}</a></li>\n{% endfor %}\n</ul>\n",
    ),
    (
        "themes/plain/theme.toml",
        "name = \"Plain\"\nzones = [\"main\"]\n",
    ),
    (
        "themes/plain/layouts/single-column.html",
        "{% extends \"partials/document.html\" %}\n{% block body %}\n{% include \"partials/navigation.html\" %}\n<main id=\"main\">\n{{ zones.main }}\n</main>\n{% include \"partials/footer.html\" %}\n{% endblock %}\n",
    ),
    (
        "themes/plain/partials/document.html",
        "<!doctype html>\n<html lang=\"{{ site.language }}\">\n<head>\n{{ head() }}\n<link rel=\"icon\" type=\"image/svg+xml\" href=\"{{ asset(\"mark.svg\") }}\">\n</head>\n<body>\n{% block body %}{% endblock %}\n{{ scripts() }}\n</body>\n</html>\n",
    ),
    (
        "themes/plain/partials/navigation.html",
        "<header class=\"site\">\n<a href=\"#main\">Skip to content</a>\n<nav aria-label=\"Apps\">\n{% for name in node.enabled_apps %}<a href=\"/{{ name }}\"{% if name == app %} aria-current=\"true\"{% endif %}>{{ name }}</a>\n{% endfor %}\n</nav>\n</header>\n",
    ),
    (
        "themes/plain/partials/footer.html",
        "<footer>\n<p>{{ site.name }}, {{ node.name }}</p>\n</footer>\n",
    ),
    (
        "themes/plain/styles/main.css",
        "body {\n  font-family: var(--font-body);\n  color: var(--color-text);\n  background: var(--color-background);\n}\n\na {\n  color: var(--color-link);\n}\n",
    ),
    (
        "themes/plain/assets/mark.svg",
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 8 8\"><circle cx=\"4\" cy=\"4\" r=\"4\"/></svg>\n",
    ),
];
