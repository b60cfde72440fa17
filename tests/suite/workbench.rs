//! The gallery and the page of tokens: every component of the example site at every node, and sites that
//! mean harm.

use std::sync::Arc;

use rbgen::build::sample::Showroom;
use rbgen::files::Folder;
use rbgen::load::load_site;
use rbgen::model::{Moment, Site, Table, Value};
use rbgen::workbench::{Graph, gallery_page, graph_page, sample, tokens_page};
use serde_json::json;

use crate::harness::{TestSite, project, react};

fn loaded(site: &TestSite) -> Arc<Site> {
    Arc::new(load_site(&Folder::new(site.root())).site.unwrap())
}

fn example_site() -> Arc<Site> {
    let loaded = load_site(&Folder::new(project()));
    assert!(!loaded.diagnostics.has_errors(), "{:?}", loaded.diagnostics);
    Arc::new(loaded.site.unwrap())
}

fn query(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    let pair = |(name, value): &(&str, &str)| (name.to_string(), value.to_string());
    pairs.iter().map(pair).collect()
}

fn table(value: serde_json::Value) -> Table {
    match rbgen::format::read_json(&value.to_string()) {
        Ok(Value::Table(table)) => table,
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_component_of_the_example_site_renders_at_every_node() {
    let site = example_site();
    let showroom = Showroom::new(&site, false, &react(), Moment::UNIX_EPOCH);
    let mut samples = 0;
    for node in site.nodes.keys() {
        for component in site.components.values() {
            for example in &component.examples {
                let html = showroom
                    .render(node, &component.key, &example.props)
                    .unwrap_or_else(|found| panic!("{node} {}: {found:?}", component.key));
                let wrapper = format!("<div class=\"rb rb-{}\" id=\"sample\">", component.key);
                assert!(html.contains(&wrapper), "{html}");
                assert!(html.contains("--color-primary:"), "the node's tokens");
                assert!(!html.contains("<script"), "{html}");
                samples += 1;
            }
        }
    }
    assert!(samples > 100, "{samples}");
}

#[test]
fn the_assets_of_a_sample_are_those_that_the_node_has() {
    let test_site = TestSite::example();
    test_site.build(&[]);
    let site = loaded(&test_site);
    let showroom = Showroom::new(&site, false, &react(), Moment::UNIX_EPOCH);
    let example = &site.components["callout"].examples[0];
    let html = showroom
        .render("fluenti-local", "callout", &example.props)
        .unwrap();
    assert!(!html.contains("<base"), "{html}");
    let before = "url(/fluenti-local/_rb/work/assets/";
    let mut assets = html.split(before).skip(1).peekable();
    assert!(assets.peek().is_some(), "{html}");
    for rest in assets {
        let name = &rest[..rest.find(')').unwrap()];
        let path = format!("dist/fluenti-local/work/_rb/work/assets/{name}");
        assert!(test_site.path(&path).is_file(), "{path}");
    }
}

#[test]
fn the_gallery_shows_every_component_and_its_frames() {
    let site = example_site();
    let list = gallery_page(&site, 1, &[]);
    for key in site.components.keys() {
        let page = gallery_page(&site, 1, &query(&[("component", key)]));
        for node in site.nodes.keys() {
            assert!(
                page.contains(&format!("data-live=\"{node}\"")),
                "{key} {node}"
            );
        }
        assert!(
            list.contains(&format!("component={}\"", key.replace('-', "%2D"))),
            "{key}"
        );
    }
    let one = gallery_page(
        &site,
        1,
        &query(&[("component", "hero"), ("node", "fluenti-local")]),
    );
    assert_eq!(one.matches("data-live=").count(), 1);
    let missing = gallery_page(&site, 1, &query(&[("component", "<b>heroo")]));
    assert!(missing.contains("There is no component <code>&lt;b&gt;heroo</code>"));
}

#[test]
fn samples_are_asked_for_by_query_and_by_post() {
    let site = example_site();
    let showroom = Showroom::new(&site, false, &react(), Moment::UNIX_EPOCH);
    let ask = |pairs: &[(&str, &str)]| sample(&showroom, &query(pairs), None);
    let node = ("node", "fluenti-local");
    let (status, html) = ask(&[node, ("component", "callout"), ("example", "Warning")]);
    assert_eq!((status, html.contains("first of the month")), (200, true));
    assert_eq!(
        ask(&[node, ("component", "callout"), ("example", "1")]).0,
        200
    );
    let (status, html) = ask(&[node, ("component", "callout"), ("example", "Warnin")]);
    assert_eq!((status, html.contains("Warning")), (404, true));
    let (status, html) = ask(&[node, ("component", "callot")]);
    assert_eq!((status, html.contains("callout")), (404, true));
    assert_eq!(ask(&[("node", "x"), ("component", "callout")]).0, 404);
    assert_eq!(ask(&[]).0, 400);

    let post = |body: serde_json::Value| sample(&showroom, &[], Some(&body));
    let (status, html) = post(json!({"node": "fluenti-local", "component": "callout",
        "props": {"text": "Said <script>alert(1)</script> *once*", "title": "<b>"}}));
    assert_eq!(status, 200);
    assert!(!html.contains("<script"), "{html}");
    assert!(
        html.contains("<em>once</em>") && html.contains("&lt;b&gt;"),
        "{html}"
    );
    let (status, html) = post(json!({"node": "fluenti-local", "component": "callout",
        "props": {"text": "x", "tone": "<img src=x onerror=y>"}}));
    assert_eq!(status, 422);
    assert!(
        html.contains("data-code=\"RB0302\"") && html.contains("data-field=\"/tone\""),
        "{html}"
    );
    assert!(!html.contains("<img"), "{html}");
    let wrong: serde_json::Map<_, _> = (0..200).map(|n| (format!("x{n}"), json!(n))).collect();
    let (status, html) =
        post(json!({"node": "fluenti-local", "component": "callout", "props": wrong}));
    assert_eq!(status, 422);
    assert!(html.matches("data-problem").count() <= 51, "{html}");
    for wrong in [
        json!(null),
        json!([]),
        json!({"node": 1}),
        json!({"node": "fluenti-local", "component": "callout", "props": []}),
    ] {
        assert_eq!(post(wrong.clone()).0, 400, "{wrong}");
    }
}

#[test]
fn components_that_cannot_be_shown_say_why() {
    let site = TestSite::base();
    site.write(
        "content/components/bare.toml",
        "name = \"Bare\"\ntype = \"ui\"\n",
    );
    site.write(
        "content/components/code.toml",
        "name = \"Code\"\ntype = \"ui\"\n",
    );
    site.write(
        "content/components/code.tsx",
        "export default () => null;\n",
    );
    site.write(
        "content/components/odd.toml",
        "name = \"Odd\"\ntype = \"ui\"\n[props]\ntype = \"nothing\"\n",
    );
    site.write("content/components/odd.html", "x");
    site.write(
        "content/components/endless.toml",
        "name = \"Endless\"\ntype = \"ui\"\n",
    );
    site.write(
        "content/components/endless.html",
        "{% for a in range(9999) %}{% for b in range(9999) %}{% set x = a %}{% endfor %}{% endfor %}",
    );
    let site = loaded(&site);
    let showroom = Showroom::new(&site, false, &react(), Moment::UNIX_EPOCH);
    let node = site.nodes.keys().next().unwrap().clone();
    let codes = |component: &str| -> Vec<&str> {
        let found = showroom
            .render(&node, component, &Table::new())
            .unwrap_err();
        found.iter().map(|diagnostic| diagnostic.code.0).collect()
    };
    use rbgen::diag::code;
    assert_eq!(codes("bare"), [code::NO_TEMPLATE.0]);
    assert_eq!(codes("code"), [code::REACT_PACKAGES.0]);
    assert_eq!(codes("odd"), [code::BAD_SCHEMA.0]);
    assert_eq!(codes("endless"), [code::TEMPLATE_ENDLESS.0]);
    assert_eq!(codes("hero"), [code::BAD_PROPS.0]);
    assert_eq!(codes(""), [code::UNKNOWN_COMPONENT.0]);
}

#[test]
fn what_means_harm_stays_text() {
    let site = TestSite::base();
    site.write(
        "content/components/harm.toml",
        r##"name = "</title><script>alert('name')</script>"
type = "\"><script>alert('type')</script>"
version = "<script>"

[props]
type = "object"
description = "</p><script>"

[props.properties."\"><script>alert('prop')</script>"]
"$$ref" = "#/properties/many"

[props.properties.deep]
"$$ref" = "#"

[props.properties.many]
enum = ["</script><script>alert(1)</script>", "'\"&"]

[[examples]]
name = "<script>alert('example')</script>"
props = { many = "</script><script>alert(1)</script>", deep = { deep = { } } }
"##,
    );
    site.write("content/components/harm.html", "<p>{{ props.many }}</p>");
    site.write(
        "content/components/harm.css",
        "p::before { content: \"</style><script>alert(1)</script>\"; --x: </style>; }",
    );
    let site = loaded(&site);
    for page in [
        gallery_page(&site, 1, &[]),
        gallery_page(&site, 1, &query(&[("component", "harm")])),
    ] {
        assert!(!page.contains("<script>alert"), "{page}");
        assert!(!page.contains("</p><script>"), "{page}");
    }
    let showroom = Showroom::new(&site, false, &react(), Moment::UNIX_EPOCH);
    let node = site.nodes.keys().next().unwrap();
    let props = table(json!({"many": "</script><script>alert(1)</script>"}));
    let html = showroom.render(node, "harm", &props).unwrap();
    // In a style sheet, `<script>` is text until the element ends.
    let ends = html.matches("</style").count();
    assert_eq!(ends, html.matches("<style>").count(), "{html}");
    let (_, body) = html.split_once("</head>").unwrap();
    assert!(!body.contains("<script"), "{html}");
}

#[test]
fn what_turns_lines_around_is_shown_on_no_page() {
    let site = TestSite::base();
    site.write(
        "content/components/turned.toml",
        "name = \"Tur\u{202E}ned\"\ntype = \"u\u{200F}i\"\n\n[[examples]]\nname = \"One\"\nprops = { text = \"a\u{2066}b\" }\n",
    );
    site.write("content/components/turned.html", "<p>x</p>");
    site.write(
        "content/tokens/odd.toml",
        "odd = { value = \"1px\", description = \"to\u{202E}ken\" }\n",
    );
    let site = loaded(&site);
    let hostile = "no\u{202E}body";
    let graph = graph_page(&Graph {
        asked: hostile,
        ..Graph::default()
    });
    for page in [
        gallery_page(&site, 1, &[]),
        gallery_page(&site, 1, &query(&[("component", hostile)])),
        tokens_page(&site, 1, &query(&[("node", hostile)])),
    ] {
        assert!(page.contains('\u{FFFD}'), "{page}");
        assert!(!page.contains(['\u{202E}', '\u{200F}']), "{page}");
    }
    // What a form gives back is what was asked.
    assert_eq!(graph.matches('\u{202E}').count(), 1, "{graph}");
    assert!(graph.contains("value=\"no\u{202E}body\""), "{graph}");
    let detail = gallery_page(&site, 1, &query(&[("component", "turned")]));
    assert!(!detail.contains('\u{202E}'), "{detail}");
    assert_eq!(detail.matches('\u{2066}').count(), 1, "{detail}");
}

#[test]
fn a_sample_repeats_only_so_much() {
    let site = example_site();
    let showroom = Showroom::new(&site, false, &react(), Moment::UNIX_EPOCH);
    let long = "x".repeat(100_000);
    for (node, component) in [(long.as_str(), "callout"), ("fluenti-local", long.as_str())] {
        let posted = json!({"node": node, "component": component, "props": {}});
        let (status, html) = sample(&showroom, &[], Some(&posted));
        assert_eq!(status, 400);
        assert!(html.len() < 5_000, "{}", html.len());
        let asked = query(&[("node", node), ("component", component)]);
        assert_eq!(sample(&showroom, &asked, None).0, 400);
    }
    let asked = query(&[
        ("node", "fluenti-local"),
        ("component", "callout"),
        ("example", &long),
    ]);
    assert_eq!(sample(&showroom, &asked, None).0, 400);
    let posted = json!({"node": "fluenti-local", "component": "callout",
        "props": {"text": "x", (long.clone()): 1, "tone": long}});
    let (status, html) = sample(&showroom, &[], Some(&posted));
    assert_eq!(status, 422);
    assert!(html.len() < 20_000, "{}", html.len());
}

#[test]
fn the_page_of_tokens_has_every_token_and_where_it_is_used() {
    let site = example_site();
    let page = tokens_page(&site, 1, &[]);
    for key in site.tokens.keys() {
        assert!(page.contains(&format!("<code>{key}</code>")), "{key}");
    }
    // Overridden at the node, and shown as what it is there.
    assert!(page.contains("title=\"#F59E0B\"") && page.contains("#f59e0b"));
    assert!(
        page.contains("themes/base/styles/elements.css"),
        "uses are named"
    );
    let one = tokens_page(&site, 1, &query(&[("node", "fluenti-local")]));
    assert_eq!(one.matches("class=\"matrix\"").count(), 1);
    let all = page.matches("class=\"matrix\"").count();
    assert!(all >= site.nodes.len(), "{all}");
    let missing = tokens_page(&site, 1, &query(&[("node", "<b>fluenti")]));
    assert!(missing.contains("no node <code>&lt;b&gt;fluenti</code>"));
}

#[test]
fn contrast_has_the_figures_that_are_known() {
    let site = TestSite::base();
    site.write(
        "content/tokens/color.toml",
        "[color]\ntext = \"#767676\"\nsurface = \"light-dark(white, #000)\"\nalias = \"{color.text}\"\nlonely = \"red\"\n",
    );
    let page = tokens_page(&loaded(&site), 1, &[]);
    let cell = "<span class=\"mono\">4.54</span> <span class=\"small good\">AA</span>";
    assert!(page.contains(cell), "{page}");
    let row = &page[page.find("<code>color.lonely</code>").unwrap()..];
    assert!(
        row[..row.find("</tr>").unwrap()].contains("unused"),
        "{row}"
    );
    let row = &page[page.find("<code>color.text</code>").unwrap()..];
    assert!(row[..row.find("</tr>").unwrap()].contains("<code>color.alias</code>"));
}

#[test]
fn token_values_stay_in_their_attribute() {
    let site = TestSite::base();
    let hostile = [
        "\\\"><script>alert(1)</script>",
        "1px; background: url(https://evil.example/x)",
        "red} body{display:none",
        "\\\"</style><script>alert(2)</script>\\\"",
        "0 0 1px '\\\" onmouseover=alert(3) x=\\\"'",
        "url(https://evil.example/y)",
    ];
    let mut tokens = String::new();
    for (index, value) in hostile.iter().enumerate() {
        for name in ["font", "shadow", "radius", "space"] {
            tokens.push_str(&format!("\"{name}-{index}\" = \"{value}\"\n"));
        }
    }
    site.write("content/tokens/harm.toml", tokens);
    let page = tokens_page(&loaded(&site), 1, &[]);
    assert!(!page.contains("<script>alert"), "{page}");
    assert!(!page.contains("\" onmouseover"), "{page}");
    for style in page.split("style=\"").skip(1) {
        let style = &style[..style.find('"').unwrap()];
        assert!(!style.contains("evil") && !style.contains('}'), "{style}");
        // `;` stands between two properties of ours, and at the end of a reference.
        let outside = style.replace("&quot;", "").replace("&#39;", "");
        assert!(!outside.contains("; "), "{style}");
    }
    assert!(page.contains("no value"), "what is no value is said");
}

#[test]
fn schemas_without_end_give_pages_that_end() {
    let site = TestSite::base();
    let deep = vec!["properties.a"; 20].join(".");
    let many: Vec<String> = (0..20_000).map(|value| format!("\"v{value}\"")).collect();
    site.write(
        "content/components/endless.toml",
        format!(
            "name = \"Endless\"\ntype = \"ui\"\n[props]\nrequired = [\"left\", \"right\"]\n\
             [props.properties]\nleft = {{ \"$$ref\" = \"#\" }}\nright = {{ \"$$ref\" = \"#\" }}\n\
             many = {{ enum = [{}] }}\n[props.properties.deep.{deep}]\ntype = \"string\"\n",
            many.join(", ")
        ),
    );
    site.write("content/components/endless.html", "<p>{{ props.many }}</p>");
    let site = loaded(&site);
    let schema = &site.components["endless"].props;
    assert!(schema.contains_key("properties"), "{schema:?}");
    let page = gallery_page(&site, 1, &query(&[("component", "endless")]));
    // The schema itself is in it once, for the form.
    assert!(page.len() < 1_500_000, "{}", page.len());
    let showroom = Showroom::new(&site, false, &react(), Moment::UNIX_EPOCH);
    let node = site.nodes.keys().next().unwrap();
    let (status, html) = sample(
        &showroom,
        &query(&[("node", node), ("component", "endless")]),
        None,
    );
    assert_eq!(status, 422);
    assert!(html.contains("RB0302"), "{html}");
}
