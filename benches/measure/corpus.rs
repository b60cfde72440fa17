//! A site of any size for measuring: the same bytes for the same numbers, on every machine.

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::Path;
use std::sync::LazyLock;

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
}

const APPS: [&str; 4] = ["play", "work", "code", "town"];

/// Writes a whole site into a folder, which is made.
///
/// A page has a hero, about 350 words of Markdown with a table and a code block, and a call to
/// action; the first page of each app lists the others. No page reads another one besides, so that
/// what is measured grows with the number of pages and not with its square.
pub fn write_site(root: &Path, size: Size) -> io::Result<()> {
    write(&root.join("robbieblocks.toml"), &config(size.nodes))?;
    write(&root.join(".gitignore"), "/dist\n/.rbgen\n")?;
    for (path, text) in FILES {
        write(&root.join(path), text)?;
    }
    for node in 0..size.nodes {
        let path = format!("content/nodes/{}.toml", node_id(node));
        write(&root.join(path), &node_toml(node, size.apps))?;
    }
    let apps = usize::from(size.apps);
    for number in 0..size.pages {
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
        write(&root.join(path), &page(app, index))?;
    }
    Ok(())
}

/// The path of a page that is like all others, from the site's root.
pub fn ordinary_page() -> String {
    format!("content/pages/play/part-000/{}.toml", page_key("play", 7))
}

/// The id of a node by its number.
pub fn node_id(number: usize) -> String {
    format!("node-{number}")
}

fn write(path: &Path, text: &str) -> io::Result<()> {
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

fn node_toml(number: usize, apps: u8) -> String {
    format!(
        "name = \"Node {number}\"\nenabled_apps = {:?}\n\n[style_overrides]\ntheme = \"light\"\n\"color.primary\" = \"#{:06X}\"\n",
        &APPS[..usize::from(apps)],
        0x1D_4E_D8 + number
    )
}

fn page_key(app: &str, index: usize) -> String {
    format!("{app}-{index:06}")
}

fn page(app: &str, index: usize) -> String {
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

/// A stream of words (splitmix64: Steele, Lea and Flood, 2014).
struct Words(u64);

const WORDS: &str = "table window lantern river paper garden evening letter station bridge harbour \
    market winter summer morning copper silver marble cotton velvet answer question number colour \
    season village kitchen library engine signal pattern measure ladder hammer needle thread basket \
    bottle candle mirror shadow whisper thunder meadow orchard pebble feather compass anchor captain \
    sailor painter builder teacher reader writer neighbour visitor traveller quiet gentle narrow open \
    ordinary careful sudden distant familiar early late warm cold bright plain simple honest patient \
    carries follows gathers answers remembers crosses opens closes repairs measures borrows returns \
    keeps leaves finds makes turns reads writes builds and or but while because before after under \
    over beside between through without the the the the a a of of to in in on for with as at by from";

/// `WORDS`, one by one.
static LIST: LazyLock<Vec<&str>> = LazyLock::new(|| WORDS.split_whitespace().collect());

impl Words {
    fn new(app: &str, index: usize) -> Words {
        let seed = app.bytes().fold(index as u64, |seed, byte| {
            seed.wrapping_mul(0x100_0000_01B3) ^ u64::from(byte)
        });
        Words(seed)
    }

    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) % limit as u64) as usize
    }

    fn word(&mut self) -> &'static str {
        LIST[self.below(LIST.len())]
    }

    fn words(&mut self, count: usize) -> String {
        let words: Vec<&str> = (0..count).map(|_| self.word()).collect();
        words.join(" ")
    }

    fn title(&mut self) -> String {
        let count = 2 + self.below(3);
        capital(&self.words(count))
    }

    fn sentence(&mut self) -> String {
        let count = 8 + self.below(10);
        capital(&self.words(count)) + "."
    }

    fn paragraph(&mut self) -> String {
        let mut text = self.sentence();
        let _ = write!(
            text,
            " {} *{}* {}.",
            capital(self.word()),
            self.words(2),
            self.words(5)
        );
        let _ = write!(
            text,
            " See [{}](/{}) for **{}**.",
            self.words(2),
            APPS[0],
            self.words(3)
        );
        text += " ";
        text + &self.sentence()
    }

    /// About 350 words of Markdown.
    fn article(&mut self) -> String {
        let mut text = format!("{}\n\n", self.paragraph());
        for _ in 0..2 {
            let _ = write!(
                text,
                "## {}\n\n{}\n\n{}\n\n",
                self.title(),
                self.paragraph(),
                self.paragraph()
            );
        }
        for _ in 0..4 {
            let _ = writeln!(text, "- {}", self.sentence());
        }
        let _ = write!(
            text,
            "\n| {} | {} | {} |\n| :--- | ---: | :---: |\n",
            self.word(),
            self.word(),
            self.word()
        );
        for _ in 0..4 {
            let _ = writeln!(
                text,
                "| {} | {} | {} |",
                self.words(2),
                self.below(1000),
                self.word()
            );
        }
        let _ = write!(
            text,
            "\n```rust\nfn {}(input: &[u32]) -> u32 {{\n    // {}\n    let chosen = input.iter().copied().filter(|n| n % {} == 0);\n    chosen.sum()\n}}\n```\n\n",
            self.word(),
            self.words(6),
            2 + self.below(7)
        );
        let _ = write!(
            text,
            "### {}\n\n{}\n\n> {}\n",
            self.title(),
            self.paragraph(),
            self.sentence()
        );
        text
    }
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    match chars.next() {
        Some(first) => first.to_uppercase().chain(chars).collect(),
        None => String::new(),
    }
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
