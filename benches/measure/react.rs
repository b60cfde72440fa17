//! What components that are React code cost, next to the same pages with templates: `benches/react` prints it.

use std::fs;
use std::path::Path;
use std::time::Duration;

use rbgen::model::Library;

use crate::Result;
use crate::corpus::{Size, ordinary_page};
use crate::site::Site;
use crate::table::{Row, median, ratio, time, times};

/// The components of the corpus as React code: two that are only shown, and one that does something in the
/// browser.
const CODES: [(&str, &str); 3] = [
    (
        "hero",
        "interface Props { title: string; text?: string }\n\nexport default function Hero({ title, text }: Props) {\n  return (\n    <header>\n      <h1>{title}</h1>\n      {text && <p>{text}</p>}\n    </header>\n  );\n}\n",
    ),
    (
        "markdown",
        "const Markdown = (props) => (\n  <div className=\"prose\" dangerouslySetInnerHTML={{ __html: props.text }} />\n);\n",
    ),
    (
        "call-to-action",
        "import { useState } from \"react\";\n\nexport default function CallToAction({ title, label, href }) {\n  const [open, setOpen] = useState(false);\n  return (\n    <aside style={{ padding: 16 }}>\n      <h2 onClick={() => setOpen(!open)}>{title}</h2>\n      <p>\n        <a className=\"button\" href={href} aria-expanded={open}>\n          {label}\n        </a>\n      </p>\n    </aside>\n  );\n}\n",
    ),
];

/// What a build without a change may take, in times of one with templates.
const UNCHANGED: f64 = 1.1;

/// How many blocks of a page are React code.
const BLOCKS: usize = CODES.len();

/// The rows of React components; `packages` has the library.
pub fn react(
    program: &Path,
    work: &Path,
    size: Size,
    rounds: usize,
    packages: &Path,
) -> Result<Vec<Row>> {
    let mut templates = Site::make(program, &work.join("templates"), size)?;
    let mut codes = Site::make(program, &work.join("codes"), size)?;
    rewrite(codes.root(), packages)?;
    let small = Size {
        pages: 1,
        apps: 1,
        ..size
    };
    let mut few_templates = Site::make(program, &work.join("few-templates"), small)?;
    let mut few_codes = Site::make(program, &work.join("few-codes"), small)?;
    rewrite(few_codes.root(), packages)?;
    let mut clean = Pairs::default();
    let mut first = Pairs::default();
    for _ in 0..rounds {
        clean.add(templates.clean_build()?.0, codes.clean_build()?.0);
        first.add(few_templates.clean_build()?.0, few_codes.clean_build()?.0);
    }
    let mut unchanged = Pairs::default();
    for site in [&templates, &codes] {
        site.build()?;
        site.settle()?;
    }
    // A millisecond is little, and chance.
    for _ in 0..rounds * 8 {
        unchanged.add(templates.build()?.duration, codes.build()?.duration);
    }
    let mut page = ordinary_page(size);
    page.text = page.text.replacen("title = \"", "title = \"Edited ", 1);
    let mut edited = Pairs::default();
    for _ in 0..rounds {
        let built = [&templates, &codes].map(|site| site.build_with_change(&page));
        let [with_templates, with_codes] = built;
        edited.add(with_templates?.duration, with_codes?.duration);
    }
    let [with_templates, with_codes] = clean.medians();
    let blocks = u32::try_from(size.pages * BLOCKS)?;
    let cores = u32::try_from(std::thread::available_parallelism()?.get())?;
    let each = with_codes.saturating_sub(with_templates) * cores / blocks;
    Ok(vec![
        clean.row(&format!("clean build, {BLOCKS} React blocks a page")),
        Row {
            what: "a React block more than one of a template, of one core".into(),
            value: each.as_secs_f64() * 1000.0,
            reached: format!("{:.3} ms", each.as_secs_f64() * 1000.0),
            must_reach: "< 0.5 ms".into(),
            good: each < Duration::from_micros(500),
            measured: format!("{blocks} blocks"),
        },
        Row {
            must_reach: format!("at most {UNCHANGED}×"),
            good: unchanged.ratio() <= UNCHANGED,
            ..unchanged.row("nothing changed")
        },
        edited.row("one page edited"),
        first.row("the first page, from nothing"),
    ])
}

/// What the same takes with templates and with React code.
#[derive(Default)]
struct Pairs {
    templates: Vec<Duration>,
    codes: Vec<Duration>,
}

impl Pairs {
    fn add(&mut self, templates: Duration, codes: Duration) {
        self.templates.push(templates);
        self.codes.push(codes);
    }

    fn medians(&self) -> [Duration; 2] {
        [median(self.templates.clone()), median(self.codes.clone())]
    }

    /// How many times what it takes with templates it takes with React.
    fn ratio(&self) -> f64 {
        let [templates, codes] = self.medians();
        ratio(codes, templates)
    }

    /// A row that says how much more it is.
    fn row(&self, what: &str) -> Row {
        let [templates, codes] = self.medians();
        let more = codes.as_secs_f64() - templates.as_secs_f64();
        Row {
            what: what.to_string(),
            value: more * 1000.0,
            reached: format!("{:+.1} ms", more * 1000.0),
            must_reach: "–".into(),
            good: true,
            measured: format!(
                "{} with templates, {} with React, {}",
                time(templates),
                time(codes),
                times(self.ratio())
            ),
        }
    }
}

/// Makes the components of a site React code.
fn rewrite(root: &Path, packages: &Path) -> Result<()> {
    for (key, code) in CODES {
        let path = |ending: &str| root.join(format!("content/components/{key}.{ending}"));
        fs::remove_file(path("html"))?;
        fs::write(path("tsx"), code)?;
    }
    let config = root.join("robbieblocks.toml");
    let text = fs::read_to_string(&config)?;
    fs::write(
        &config,
        format!("{text}\n[react]\npackages = \"packages\"\n"),
    )?;
    for file in Library::Preact.files() {
        let to = root.join("packages").join(file);
        if let Some(folder) = to.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::copy(packages.join(file), to)
            .map_err(|error| format!("{file}: {error}; run `npm ci --prefix themes/base`"))?;
    }
    Ok(())
}
