//! Incremental equals clean, over random edits of a small site: whatever was edited in whatever
//! order, a build leaves the bytes (or the errors) of a build from nothing.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRng, TestRunner};

use crate::harness::{TestSite, assert_same, copy_tree, text};

/// One edit. The numbers choose among few places and few values, so that edits meet: a page is
/// deleted and comes back, a route is taken by another page, an override is undone.
#[derive(Clone, Copy, Debug)]
enum Edit {
    Page {
        page: u8,
        app: u8,
        name: u8,
        route: u8,
        blocks: u8,
    },
    PageGone {
        page: u8,
        app: u8,
    },
    Status {
        page: u8,
        app: u8,
        status: u8,
    },
    Template {
        component: u8,
        kind: u8,
    },
    Style {
        component: u8,
        kind: u8,
    },
    Layout {
        kind: u8,
    },
    Partial {
        kind: u8,
    },
    Token {
        token: u8,
        value: u8,
    },
    Override {
        node: u8,
        token: u8,
        value: u8,
    },
    Apps {
        node: u8,
        apps: u8,
    },
    Static {
        file: u8,
        kind: u8,
    },
    Asset {
        kind: u8,
    },
    ThemeComponent {
        kind: u8,
    },
    BuildOneNode {
        node: u8,
    },
    LedgerGone,
    OutputAltered {
        kind: u8,
    },
}

fn edit() -> impl Strategy<Value = Edit> {
    let few = || 0..4_u8;
    prop_oneof![
        6 => (few(), 0..2_u8, few(), 0..6_u8, few())
            .prop_map(|(page, app, name, route, blocks)| Edit::Page { page, app, name, route, blocks }),
        2 => (few(), 0..2_u8).prop_map(|(page, app)| Edit::PageGone { page, app }),
        2 => (few(), 0..2_u8, 0..3_u8).prop_map(|(page, app, status)| Edit::Status { page, app, status }),
        2 => (0..2_u8, few()).prop_map(|(component, kind)| Edit::Template { component, kind }),
        1 => (0..2_u8, few()).prop_map(|(component, kind)| Edit::Style { component, kind }),
        1 => few().prop_map(|kind| Edit::Layout { kind }),
        2 => few().prop_map(|kind| Edit::Partial { kind }),
        1 => (few(), few()).prop_map(|(token, value)| Edit::Token { token, value }),
        2 => (0..2_u8, few(), few()).prop_map(|(node, token, value)| Edit::Override { node, token, value }),
        1 => (0..2_u8, few()).prop_map(|(node, apps)| Edit::Apps { node, apps }),
        1 => (0..3_u8, few()).prop_map(|(file, kind)| Edit::Static { file, kind }),
        1 => few().prop_map(|kind| Edit::Asset { kind }),
        1 => few().prop_map(|kind| Edit::ThemeComponent { kind }),
        1 => (0..2_u8).prop_map(|node| Edit::BuildOneNode { node }),
        1 => Just(Edit::LedgerGone),
        1 => few().prop_map(|kind| Edit::OutputAltered { kind }),
    ]
}

const APPS: [&str; 2] = ["play", "work"];
const NODES: [&str; 2] = ["one", "two"];
const TOKENS: [&str; 4] = ["primary", "background", "text", "accent"];
const COLORS: [&str; 4] = ["#1D4ED8", "#FFFFFF", "#111827", "{color.primary}"];

fn pick<T: Copy>(from: &[T], index: u8) -> T {
    from[usize::from(index) % from.len()]
}

fn page_path(page: u8, app: u8) -> String {
    format!("content/pages/{}/page-{page}-{app}.toml", pick(&APPS, app))
}

fn apply(edit: Edit, site: &TestSite) {
    match edit {
        Edit::Page {
            page,
            app,
            name,
            route,
            blocks,
        } => {
            let mut text = format!("name = \"Name {name}\"\nstatus = \"published\"\n");
            // Half of the routes are defaults; the others meet each other and the static files.
            if route < 3 {
                text += &format!("route = \"/{}/r{route}\"\n", pick(&APPS, app));
            }
            for block in 0..blocks {
                text += "\n[[blocks]]\ncomponent = \"hero\"\n";
                text += &format!("props = {{ title = \"T{block}\", size = {} }}\n", block + 1);
                if block == 2 {
                    text += "conditions = { node = [\"one\"] }\n";
                }
            }
            site.write(&page_path(page, app), text);
        }
        Edit::PageGone { page, app } => site.remove(&page_path(page, app)),
        Edit::Status { page, app, status } => {
            let path = page_path(page, app);
            if site.path(&path).exists() {
                let text = site.read(&path);
                let rest = text
                    .split_once("status = ")
                    .and_then(|(_, rest)| rest.split_once('\n'));
                let head = text.split("status = ").next().unwrap_or_default();
                let status = pick(&["draft", "published", "archived"], status);
                let rest = rest.map_or("", |(_, rest)| rest);
                site.write(&path, format!("{head}status = \"{status}\"\n{rest}"));
            }
        }
        Edit::Template { component: 0, kind } => {
            let body = pick(
                &[
                    "<h1>{{ props.title }}</h1>\n",
                    "<h1>{{ props.title }} {{ props.size }} {{ node.name }}</h1>\n",
                    "<h1 style=\"--c: {{ token(\"color.primary\") }}\">{{ props.title }}</h1>\n",
                    "<h1>{{ props.title }}</h1><ol>{% for p in pages(app=app) %}<li>{{ p.title }}</li>{% endfor %}</ol>\n",
                ],
                kind,
            );
            site.write("content/components/hero.html", body);
        }
        Edit::Template { kind, .. } => {
            site.write(
                "content/components/markdown.html",
                format!("<div>{kind}{{{{ props.text }}}}</div>\n"),
            );
        }
        Edit::Style { component, kind } => {
            let name = pick(&["hero", "markdown"], component);
            let path = format!("content/components/{name}.css");
            match kind {
                0 => site.remove(&path),
                _ => site.write(&path, format!("h1 {{\n  margin: {kind}rem;\n}}\n")),
            }
        }
        Edit::Layout { kind } => {
            let path = "themes/base/layouts/single-column.html";
            let text = site.read(path);
            let body = text.split("<!--").next().unwrap_or_default();
            site.write(path, format!("{}<!-- {kind} -->\n", body));
        }
        Edit::Partial { kind } => {
            let body = pick(
                &[
                    "<nav></nav>\n",
                    "<nav>{% for p in pages(app=app) %}<a href=\"{{ p.url }}\">{{ p.name }}</a>{% endfor %}</nav>\n",
                    "<nav>{{ page.title }} {{ site.name }}</nav>\n",
                    "<nav>{% include \"partials/deeper.html\" %}</nav>\n",
                ],
                kind,
            );
            site.write("themes/base/partials/nav.html", body);
            if kind % 2 == 1 {
                site.write("themes/base/partials/deeper.html", format!("{kind}\n"));
            }
        }
        Edit::Token { token, value } => {
            let mut text = "[color]\n".to_string();
            for (index, name) in TOKENS.iter().enumerate() {
                let chosen = if *name == pick(&TOKENS, token) {
                    usize::from(value)
                } else {
                    index
                };
                text += &format!("{name} = \"{}\"\n", COLORS[chosen]);
            }
            site.write("content/tokens/color.toml", text);
        }
        Edit::Override { node, token, value } => node_file(site, node, &APPS, Some((token, value))),
        Edit::Apps { node, apps } => {
            let apps = pick(&[&APPS[..], &APPS[..1], &APPS[1..], &APPS[..0]], apps);
            node_file(site, node, apps, None);
        }
        Edit::Static { file, kind } => {
            let path = format!(
                "static/{}",
                pick(&["humans.txt", "play/r0/index.html", "play/r1"], file)
            );
            match kind {
                0 => site.remove(&path),
                // A file may stand where a folder is wanted.
                _ if site.path(&path).is_dir() => {}
                _ if file == 1 && site.path("static/play/r0").is_file() => {}
                _ => site.write(&path, format!("{kind}\n")),
            }
        }
        Edit::Asset { kind } => {
            site.write(
                "themes/base/assets/mark.svg",
                format!("<svg xmlns=\"http://www.w3.org/2000/svg\"><!-- {kind} --></svg>\n"),
            );
        }
        Edit::ThemeComponent { kind } => {
            let path = "themes/base/components/hero.html";
            match kind {
                0 => site.remove(path),
                _ => site.write(
                    path,
                    format!("<h1 class=\"k{kind}\">{{{{ props.title }}}}</h1>\n"),
                ),
            }
        }
        Edit::BuildOneNode { node } => {
            site.run(&["build", "--node", pick(&NODES, node)]);
        }
        Edit::LedgerGone => site.remove(".rbgen"),
        Edit::OutputAltered { kind } => {
            // Not a manifest: what says which files are rbgen's must be rbgen's to be believed.
            let outputs = site.dist().into_keys();
            let mut outputs = outputs.filter(|path| path.matches('/').count() > 1);
            if let Some(path) = outputs.nth(usize::from(kind) * 5) {
                site.write(&format!("dist/{path}"), "altered\n");
            }
        }
    }
}

fn node_file(site: &TestSite, node: u8, apps: &[&str], token: Option<(u8, u8)>) {
    let id = pick(&NODES, node);
    let mut text = format!("name = \"Node {id}\"\nenabled_apps = {apps:?}\n\n[style_overrides]\n");
    if let Some((token, value)) = token {
        text += &format!(
            "\"color.{}\" = \"{}\"\n",
            pick(&TOKENS, token),
            pick(&COLORS, value)
        );
    }
    site.write(&format!("content/nodes/{id}.toml"), text);
}

/// Builds in place and from nothing, and holds the two against each other.
fn compare(site: &TestSite, after: Edit) {
    let before = site.dist();
    let here = site.run(&["build"]);
    let fresh = TestSite::empty();
    for part in ["robbieblocks.toml", "content", "themes", "static"] {
        copy_tree(&site.path(part), &fresh.path(part));
    }
    let there = fresh.run(&["build"]);
    let said = text(&here.stderr);
    assert_eq!(
        here.status.code(),
        there.status.code(),
        "after {after:?}:\n{said}\nfrom nothing:\n{}",
        text(&there.stderr)
    );
    if here.status.success() {
        let what = format!("after {after:?}, from nothing against incremental");
        assert_same(&fresh.dist(), &site.dist(), &what);
    } else {
        assert_eq!(here.status.code(), Some(1), "{said}");
        assert_eq!(said, text(&there.stderr), "after {after:?}");
        assert_same(&before, &site.dist(), "an error changed dist");
    }
}

#[test]
fn incremental_equals_clean_over_random_edits() {
    // The same edits on every run, so that a change that breaks nothing stays green;
    // PROPTEST_CASES=500 looks further, along other edits each time.
    let chosen = std::env::var_os("PROPTEST_CASES").is_some();
    let config = Config {
        failure_persistence: None,
        max_shrink_iters: 200,
        ..if chosen {
            Config::default()
        } else {
            Config::with_cases(24)
        }
    };
    let mut runner = if chosen {
        TestRunner::new(config)
    } else {
        let rng = TestRng::deterministic_rng(config.rng_algorithm);
        TestRunner::new_with_rng(config, rng)
    };
    let edits = prop::collection::vec(edit(), 1..10);
    runner
        .run(&edits, |edits| {
            let site = TestSite::base();
            node_file(&site, 1, &APPS, None);
            node_file(&site, 0, &APPS, None);
            site.write(
                &page_path(0, 1),
                "name = \"Work\"\nstatus = \"published\"\n",
            );
            site.ok(&["build"]);
            for edit in edits {
                apply(edit, &site);
                compare(&site, edit);
            }
            Ok(())
        })
        .unwrap();
}
