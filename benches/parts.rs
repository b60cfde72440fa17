//! Measures single steps of a build within the process, with criterion: `cargo bench --bench parts`.

#![allow(
    clippy::disallowed_methods,
    reason = "it writes the site that is measured"
)]

// The whole of it is for the other bench.
#[allow(dead_code)]
#[path = "measure/corpus.rs"]
mod corpus;
#[path = "measure/words.rs"]
mod words;

use std::collections::BTreeSet;
use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;

use corpus::{Size, ordinary_page, write_site};
use criterion::{Criterion, Throughput};
use rbgen::diag::Diagnostics;
use rbgen::format::{PageFile, read_page};
use rbgen::model::{MarkdownConfig, Moment};
use rbgen::pipeline::{Explain, Options, check_folder};
use rbgen::render::markdown::{Ids, markdown_to_html};
use rbgen::render::react::NoRunner;
use words::Words;

const PAGES: usize = 200;

const SIZE: Size = Size {
    pages: PAGES,
    nodes: 1,
    apps: 4,
    layouts: 20,
};

const MARKDOWN: MarkdownConfig = MarkdownConfig {
    highlight: true,
    heading_anchors: true,
    smart_punctuation: true,
};

fn read_one_page(criterion: &mut Criterion) {
    let page = ordinary_page(SIZE);
    let origin: Arc<str> = Arc::from(page.path.as_str());
    let no_files = |name: &str| Err(format!("there is no `{name}`"));
    let read = || {
        let mut diagnostics = Diagnostics::new();
        let file = PageFile {
            origin: &origin,
            app: "play",
            path_below_app: &["part-000", "play-000007"],
            text: black_box(&page.text),
            data_file: &no_files,
        };
        let page = read_page(file, &mut diagnostics);
        (page, diagnostics)
    };
    let (found, diagnostics) = read();
    assert!(diagnostics.is_empty() && found.is_some_and(|page| page.blocks.len() == 3));
    let mut group = criterion.benchmark_group("read");
    group.throughput(Throughput::Bytes(page.text.len() as u64));
    group.bench_function("page", |bencher| bencher.iter(read));
    group.finish();
}

fn render_one_article(criterion: &mut Criterion) {
    let article = Words::new("play", 7).article();
    let mut group = criterion.benchmark_group("render");
    group.throughput(Throughput::Bytes(article.len() as u64));
    for (name, highlight) in [("markdown", true), ("markdown-without-highlighting", false)] {
        let config = MarkdownConfig {
            highlight,
            ..MARKDOWN
        };
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let mut ids = Ids::new(std::iter::empty());
                markdown_to_html(black_box(&article), &config, &mut ids)
            });
        });
    }
    group.finish();
}

/// Everything that a clean build does, but for the writing.
fn check_whole_site(criterion: &mut Criterion, root: &Path) {
    let options = Options {
        nodes: BTreeSet::new(),
        apps: BTreeSet::new(),
        drafts: false,
        now: Moment::UNIX_EPOCH,
        out: None,
        force: false,
        verify: false,
        explain: Explain::Nothing,
        from: None,
        exhausted: None,
        react: Arc::new(NoRunner),
    };
    let check = || check_folder(black_box(root), &options, &|_, _| ());
    assert!(check().diagnostics.is_empty(), "the corpus is sound");
    let mut group = criterion.benchmark_group("check");
    group.throughput(Throughput::Elements(PAGES as u64));
    group.sample_size(20);
    group.bench_function("200-pages", |bencher| bencher.iter(check));
    group.finish();
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    write_site(folder.path(), SIZE)?;
    let mut criterion = Criterion::default().configure_from_args();
    read_one_page(&mut criterion);
    render_one_article(&mut criterion);
    check_whole_site(&mut criterion, folder.path());
    criterion.final_summary();
    Ok(())
}
