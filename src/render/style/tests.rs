//! Tests of the style sheets of a whole small site.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::*;
use crate::diag::{Diagnostics, Severity, Spot};
use crate::model::{
    BuildConfig, Component, Config, ContrastPair, MarkdownConfig, Node, Pages, Scheme, Site,
    SiteConfig, Table, TextFile, Theme, Token,
};

fn site() -> Site {
    Site {
        config: Config {
            origin: "robbieblocks.toml".into(),
            site: SiteConfig {
                name: "Test".into(),
                language: "en".into(),
                theme: "base".into(),
            },
            build: BuildConfig {
                output: "dist".into(),
                drafts: false,
                targets: Vec::new(),
            },
            markdown: MarkdownConfig {
                highlight: true,
                heading_anchors: true,
                smart_punctuation: false,
            },
            react: None,
            databases: BTreeMap::new(),
            nodes: BTreeMap::new(),
        },
        pages: Pages::default(),
        components: Arc::default(),
        tokens: Arc::default(),
        nodes: Arc::default(),
        themes: Arc::new(BTreeMap::from([("base".to_string(), theme("base", &[]))])),
        statics: Arc::default(),
        packages: Arc::default(),
        incomplete: false,
    }
}

fn theme(key: &str, texts: &[(&str, &str)]) -> Theme {
    Theme {
        origin: format!("themes/{key}/theme.toml").into(),
        key: key.into(),
        name: key.into(),
        extends: None,
        zones: None,
        layout_zones: BTreeMap::new(),
        styles: None,
        contrast: Vec::new(),
        texts: texts
            .iter()
            .map(|(path, text)| {
                let origin = format!("themes/{key}/{path}").into();
                let text = (*text).into();
                (path.to_string(), TextFile { origin, text })
            })
            .collect(),
        assets: BTreeMap::new(),
    }
}

fn tokens(pairs: &[(&str, &str)]) -> Arc<BTreeMap<String, Token>> {
    let tokens = pairs
        .iter()
        .map(|(key, value)| {
            let category = key.split('.').next().unwrap_or_default().to_string();
            let token = Token {
                origin: format!("content/tokens/{category}.toml").into(),
                key: key.to_string(),
                category,
                value: value.to_string(),
                description: None,
            };
            (key.to_string(), token)
        })
        .collect();
    Arc::new(tokens)
}

fn node(scheme: Scheme, overrides: &[(&str, &str)]) -> Node {
    Node {
        origin: "content/nodes/n.toml".into(),
        id: "n".into(),
        name: "N".into(),
        enabled_apps: Default::default(),
        scheme,
        style_overrides: overrides
            .iter()
            .map(|(key, value)| (key.to_string(), value.to_string()))
            .collect(),
        custom_css: None,
        custom_scripts: None,
    }
}

fn component(key: &str, styles: &str) -> Component {
    Component {
        origin: format!("content/components/{key}.toml").into(),
        key: key.into(),
        name: key.into(),
        kind: "ui".into(),
        version: "1.0.0".into(),
        published: true,
        dependencies: Default::default(),
        preview_url: None,
        props: Table::new(),
        metadata: Table::new(),
        examples: Vec::new(),
        template: None,
        styles: Some(styles.into()),
        react: None,
        is_jsx: false,
    }
}

fn codes(diagnostics: &Diagnostics) -> Vec<&'static str> {
    diagnostics.iter().map(|d| d.code.0).collect()
}

fn no_assets(_: &str) -> Option<String> {
    None
}

fn asset(path: &str) -> Option<String> {
    (!path.contains("missing")).then(|| format!("/_rb/play/{path}"))
}

fn scoped(css: &str) -> (String, Diagnostics) {
    let mut diagnostics = Diagnostics::new();
    let css = component_css(
        &site(),
        "base",
        &component("x.card", css),
        &Targets::default(),
        &asset,
        &mut diagnostics,
    );
    (css.unwrap_or_default(), diagnostics)
}

#[test]
fn tokens_resolve_after_overrides() {
    let mut site = site();
    site.tokens = tokens(&[
        ("color.primary", "#8B5CF6"),
        ("color.link", "{color.primary}"),
        (
            "shadow.m",
            "0 0 2px {color.link}, 0 0 {space.m} {color.link}",
        ),
        ("space.m", "1rem"),
    ]);
    let node = node(Scheme::Auto, &[("color.primary", "#7C3AED")]);
    let mut diagnostics = Diagnostics::new();
    let values = resolve_tokens(&site, &node, &mut diagnostics);
    check_tokens(&site, &mut diagnostics);
    assert!(diagnostics.is_empty(), "{diagnostics:?}");
    assert_eq!(values["color.link"], "#7C3AED");
    assert_eq!(values["shadow.m"], "0 0 2px #7C3AED, 0 0 1rem #7C3AED");
    let css = tokens_css(&node, &values, &Targets::default(), &mut diagnostics);
    assert_eq!(
        css,
        "@layer base,components,node;:root{color-scheme:light dark;--color-link:#7c3aed;\
         --color-primary:#7c3aed;--shadow-m:0 0 2px #7c3aed, 0 0 1rem #7c3aed;--space-m:1rem}"
    );
}

#[test]
fn token_errors_are_reported_once() {
    let mut site = site();
    site.tokens = tokens(&[
        ("a.x", "{a.y}"),
        ("a.y", "{a.z}"),
        ("a.z", "calc({a.x} * 1)"),
        ("a.user", "{a.x}"),
        ("b.c-d", "1"),
        ("b.c.d", "1"),
        ("c.bad", "red;}"),
        ("c.lost", "{c.bda}"),
        ("d.slash", "/"),
        ("d.glued", "1 {d.slash}* 2"),
    ]);
    let mut node = node(
        Scheme::Auto,
        &[("c.baad", "red"), ("c.lost", "url(//x.example/)")],
    );
    let mut diagnostics = Diagnostics::new();
    check_tokens(&site, &mut diagnostics);
    let found: Vec<_> = diagnostics.iter().map(|d| d.message.clone()).collect();
    assert_eq!(
        codes(&diagnostics),
        ["RB0402", "RB0401", "RB0403", "RB0404"],
        "{found:?}"
    );
    assert!(
        found[3].contains("`a.x` → `a.y` → `a.z` → `a.x`"),
        "{found:?}"
    );
    let mut diagnostics = Diagnostics::new();
    let values = resolve_tokens(&site, &node, &mut diagnostics);
    let found: Vec<_> = diagnostics
        .iter()
        .map(|d| (d.code.0, d.message.clone()))
        .collect();
    assert_eq!(
        codes(&diagnostics),
        ["RB0403", "RB0401", "RB0401"],
        "{found:?}"
    );
    assert!(found[2].1.contains("`d.glued`"), "{found:?}");
    assert_eq!(
        values.keys().collect::<Vec<_>>(),
        ["b.c-d", "b.c.d", "d.slash"]
    );
    // An override that breaks the ring mends all of it.
    node.style_overrides = BTreeMap::from([("a.z".to_string(), "3px".to_string())]);
    let mut diagnostics = Diagnostics::new();
    let values = resolve_tokens(&site, &node, &mut diagnostics);
    assert_eq!(values["a.user"], "3px");
}

#[test]
fn aliases_cannot_blow_up() {
    let mut site = site();
    let mut pairs = vec![("t0".to_string(), "aaaaaaaaaa".to_string())];
    for n in 1..60 {
        let previous = n - 1;
        pairs.push((format!("t{n}"), format!("{{t{previous}}} {{t{previous}}}")));
    }
    let pairs: Vec<(&str, &str)> = pairs
        .iter()
        .map(|(k, v)| (k.as_str(), v.as_str()))
        .collect();
    site.tokens = tokens(&pairs);
    let mut diagnostics = Diagnostics::new();
    resolve_tokens(&site, &node(Scheme::Auto, &[]), &mut diagnostics);
    assert_eq!(codes(&diagnostics), ["RB0401"]);
}

#[test]
fn schemes_work_for_old_browsers() {
    let mut site = site();
    site.tokens = tokens(&[
        ("color.bg", "light-dark(#ffffff, #111111)"),
        ("shadow.s", "0 1px light-dark(#0003, #fff3)"),
    ]);
    let old = Targets::of(&["chrome 100"]);
    let css = |scheme, targets: &Targets| {
        let node = node(scheme, &[]);
        let mut diagnostics = Diagnostics::new();
        let values = resolve_tokens(&site, &node, &mut diagnostics);
        let css = tokens_css(&node, &values, targets, &mut diagnostics);
        assert!(diagnostics.is_empty(), "{diagnostics:?}");
        css
    };
    let modern = css(Scheme::Auto, &Targets::default());
    assert!(
        modern.contains("--color-bg:light-dark(#fff,#111)"),
        "{modern}"
    );
    let auto = css(Scheme::Auto, &old);
    assert!(
        auto.contains("--color-bg:var(--lightningcss-light,#fff)var(--lightningcss-dark,#111)"),
        "{auto}"
    );
    assert!(
        auto.contains("@media (prefers-color-scheme:dark){:root{--lightningcss-light: ;--lightningcss-dark:initial}}"),
        "{auto}"
    );
    assert!(!auto.contains("light-dark("), "{auto}");
    let dark = css(Scheme::Dark, &old);
    assert!(dark.contains("color-scheme:dark"), "{dark}");
    assert!(dark.contains("--color-bg:#111"), "{dark}");
    assert!(
        dark.contains("--shadow-s:0 1px #fff3") || dark.contains("0 1px rgba(255,255,255,.2)"),
        "{dark}"
    );
}

#[test]
fn custom_css_is_in_its_layer() {
    let mut node = node(Scheme::Light, &[]);
    node.custom_css = Some(
        "h1 { color: red }\n@font-face { font-family: x; src: url(data:font/woff2;base64,AA) }"
            .into(),
    );
    let css = |node: &Node| {
        let mut diagnostics = Diagnostics::new();
        let css = tokens_css(
            node,
            &TokenValues::new(),
            &Targets::default(),
            &mut diagnostics,
        );
        (css, diagnostics)
    };
    let (text, diagnostics) = css(&node);
    assert!(diagnostics.is_empty(), "{diagnostics:?}");
    assert!(
        text.contains("@layer node{h1{color:red}@font-face{"),
        "{text}"
    );
    node.custom_css = Some(
        "@import 'x.css'; h1 { color: red } } body { }\n.a { background: url(https://x.example/) }"
            .into(),
    );
    let (text, diagnostics) = css(&node);
    assert_eq!(codes(&diagnostics), ["RB0601"]);
    let place = diagnostics
        .iter()
        .next()
        .and_then(|d| d.place.clone())
        .unwrap();
    assert_eq!(&*place.path, "content/nodes/n.css");
    assert!(!text.contains("body"), "{text}");
    node.custom_css =
        Some("@import 'x.css'; .a { background: url(https://x.example/) } @bogus x;".into());
    let (_, diagnostics) = css(&node);
    assert_eq!(codes(&diagnostics), ["RB0601", "RB0602", "RB0507"]);
    let warnings = diagnostics
        .iter()
        .filter(|d| d.severity == Severity::Warning);
    assert_eq!(warnings.count(), 1);
}

#[test]
fn components_are_scoped() {
    let (css, diagnostics) = scoped(
        ".title { color: red }\n& { padding: 1rem }\n&:hover .title { color: blue }\n\
         @media (width > 40em) { .title, a:hover { color: green } }\n\
         .item { & + & { margin: 0 } & + p { margin: 1px } :root & { top: 0 } }\n\
         @keyframes x-spin { to { rotate: 1turn } }\n\
         @supports (display: grid) { @font-face { font-family: x; src: url(fonts/x.woff2) } p { color: red } }\n\
         @layer inner { a { color: red } }\n@container (width > 1px) { & { color: red } }\n\
         a:hover { color: red }\n.a::before { content: 'x' }",
    );
    assert!(diagnostics.is_empty(), "{diagnostics:?}");
    assert_eq!(
        css,
        "@layer components{\
         @keyframes x-spin{to{rotate:1turn}}\
         @supports (display:grid){@font-face{font-family:x;src:url(/_rb/play/fonts/x.woff2)}}\
         .rb-x\\.card{& .title{color:red}&{padding:1rem}&:hover .title{color:#00f}\
         @media (width>40em){& .title,& a:hover{color:green}}\
         & .item{&+&{margin:0}&+p{margin:1px}:root &{top:0}}\
         @supports (display:grid){& p{color:red}}\
         @layer inner{& a{color:red}}@container (width>1px){&{color:red}}\
         & a:hover{color:red}& .a:before{content:\"x\"}}}"
    );
}

#[test]
fn nothing_escapes_the_wrapper() {
    // Each selector of the flattened result must begin with the wrapper and step down from it.
    let flat = Targets::of(&["chrome 100"]);
    for css in [
        ":root { color: red }",
        "html { color: red }",
        "body .x { color: red }",
        ":scope { color: red }",
        ".a, html { color: red }",
        ":is(html) .x { color: red }",
        "body:has(&) { color: red }",
        ":not(&) { color: red }",
        "& + p { color: red }",
        "& ~ * { color: red }",
        ":is(&, body) { color: red }",
        ":where(&) ~ p { color: red }",
        "& { & ~ p { color: red } + p { color: red } }",
        "& { body:has(&) { color: red } }",
        ".a { :not(&) { color: red } }",
        ".a { @media print { body:has(&) { color: red } } }",
        "@media print { html { color: red } }",
        "@starting-style { html { color: red } }",
        "&:hover { & + p { color: red } }",
        "* { color: red }",
    ] {
        let mut diagnostics = Diagnostics::new();
        let component = component("x", css);
        let text = component_css(
            &site(),
            "base",
            &component,
            &flat,
            &no_assets,
            &mut diagnostics,
        )
        .unwrap_or_default();
        assert!(diagnostics.is_empty(), "{css}: {diagnostics:?}");
        let rules: Vec<&str> = text
            .split(['{', '}'])
            .filter(|part| part.contains(".rb-x"))
            .collect();
        assert!(!rules.is_empty(), "{css}: {text}");
        for rule in rules {
            for selector in rule
                .split(',')
                .filter(|part| !part.trim_start().starts_with("body)"))
            {
                let after = selector
                    .strip_prefix(".rb-x")
                    .map(|s| s.trim_start_matches(":hover"))
                    .and_then(|s| s.strip_prefix(' '));
                assert!(after.is_some(), "{css}: {text}");
                assert!(
                    !after.unwrap_or_default().starts_with(['+', '~']),
                    "{css}: {text}"
                );
            }
        }
    }
}

#[test]
fn hostile_css_is_an_error() {
    for css in [
        "} body { display: none } .x {",
        ".x { color: red } } body { display: none }",
        ".x { color: red",
        "/* ",
        ".x { content: \"",
        ".x:is(a { }",
        "color: red",
    ] {
        let (text, diagnostics) = scoped(css);
        assert!(diagnostics.has_errors(), "{css}: {text}");
        assert!(!text.contains("display:none"), "{css}: {text}");
    }
    for (css, code) in [
        ("@import 'a.css';", "RB0602"),
        ("@namespace x url(http://x);", "RB0604"),
        ("@page { margin: 0 }", "RB0604"),
        ("@scope (body) { p { color: red } }", "RB0604"),
        (".a { @scope (body) { p { color: red } } }", "RB0604"),
        (".a { background: url(//x.example/a.png) }", "RB0507"),
        (".a { background: url(missing.png) }", "RB0507"),
    ] {
        let (text, diagnostics) = scoped(css);
        assert_eq!(codes(&diagnostics), [code], "{css}: {text}");
        let place = diagnostics.iter().next().and_then(|d| d.place.clone());
        assert!(
            matches!(place.map(|p| p.spot), Some(Spot::Span(..))),
            "{css}"
        );
    }
}

#[test]
fn strings_that_are_addresses_are_resolved() {
    let (css, diagnostics) = scoped(
        "p { background: image-set(\"x.png\" 1x, url(y.png) type(\"image/png\") 2x) }\n\
         b { background-image: cross-fade(\"z.png\", red, 20%); --i: image-set(\"w.png\" 1x) }",
    );
    assert!(diagnostics.is_empty(), "{diagnostics:?}");
    for name in ["x.png", "y.png", "z.png", "w.png"] {
        assert!(css.contains(&format!("/_rb/play/{name}")), "{name}: {css}");
    }
    for css in [
        "p { background: image-set(\"//e.x/a.png\" 1x) }",
        "p { background: image-set(\"nothing-missing.png\" 1x) }",
        "p { background: -webkit-image-set(url(//e.x/a.png) 1x) }",
        "p { background: cross-fade(\"//e.x/a\", red) }",
        "p { mask-image: -webkit-cross-fade(url(//e.x/a), red, 1%) }",
        "p { content: image-set(\"//e.x/a.png\" 1x) }",
        "p { list-style: image-set(\"//e.x/a.png\" 1x) }",
        "p { cursor: image-set(\"//e.x/a.png\" 1x), auto }",
        "p { border-image: image-set(\"//e.x/a.png\" 1x) 3 }",
        "p { --i: cross-fade(\"//e.x/a\", red) }",
    ] {
        assert_eq!(codes(&scoped(css).1), ["RB0507"], "{css}");
    }
}

#[test]
fn tokens_are_not_registered_by_components() {
    let mut site = site();
    site.tokens = tokens(&[("color.primary", "red")]);
    let css = |property: &str| {
        let own = component(
            "x.card",
            &format!(
                "@supports (color: red) {{ @property {property} {{ syntax: '*'; inherits: false }} }}"
            ),
        );
        let mut diagnostics = Diagnostics::new();
        let targets = Targets::default();
        let _ = component_css(&site, "base", &own, &targets, &asset, &mut diagnostics);
        diagnostics
    };
    assert_eq!(codes(&css("--color-primary")), ["RB0604"]);
    assert_eq!(codes(&css("--x-card-own")), [""; 0]);
}

#[test]
fn themes_are_bundled() {
    let mut site = site();
    Arc::make_mut(&mut site.themes).insert(
        "base".into(),
        theme(
            "base",
            &[
                ("styles/main.css", "@import './parts/reset.css' screen;\nbody { background: url(../assets/bg.png?v=1) }"),
                ("styles/parts/reset.css", "* { margin: 0 }"),
                ("components/x.card.css", ".title { background: url('../assets/t.png') }"),
            ],
        ),
    );
    let mut child = theme("child", &[("styles/main.css", "body { color: red }")]);
    child.extends = Some("base".into());
    child.texts.insert(
        "styles/parts/reset.css".into(),
        TextFile {
            origin: "themes/child/styles/parts/reset.css".into(),
            text: "* { padding: 0 }".into(),
        },
    );
    Arc::make_mut(&mut site.themes).insert("child".into(), child);
    let mut diagnostics = Diagnostics::new();
    let mut css = |theme| {
        theme_css(&site, theme, &Targets::default(), &asset, &mut diagnostics).unwrap_or_default()
    };
    assert_eq!(
        css("base"),
        "@layer base{@media screen{*{margin:0}}body{background:url(/_rb/play/bg.png?v=1)}}"
    );
    assert_eq!(
        css("child"),
        "@layer base{@media screen{*{padding:0}}body{color:red;background:url(/_rb/play/bg.png?v=1)}}"
    );
    let own = component("x.card", ".title { color: red }");
    let css = component_css(
        &site,
        "child",
        &own,
        &Targets::default(),
        &asset,
        &mut diagnostics,
    );
    assert_eq!(
        css.as_deref(),
        Some(
            "@layer components{.rb-x\\.card{& .title{color:red;background:url(/_rb/play/t.png)}}}"
        )
    );
    assert!(diagnostics.is_empty(), "{diagnostics:?}");
}

#[test]
fn imports_stay_in_the_theme() {
    let mut site = site();
    let main = "@import 'a.css';\n@import 'https://x.example/x.css';\n@import 'mian.css';\n@import '../../../x.css';";
    Arc::make_mut(&mut site.themes).insert(
        "base".into(),
        theme(
            "base",
            &[
                ("styles/main.css", main),
                ("styles/a.css", "@import 'main.css'; p { color: red }"),
            ],
        ),
    );
    let mut diagnostics = Diagnostics::new();
    theme_css(&site, "base", &Targets::default(), &asset, &mut diagnostics);
    assert_eq!(codes(&diagnostics), ["RB0602"; 4], "{diagnostics:?}");
    let hints: Vec<&String> = diagnostics.iter().flat_map(|d| &d.hints).collect();
    assert_eq!(hints, ["did you mean `styles/main.css`?"]);
}

#[test]
fn keyframes_of_two_components() {
    let mut site = site();
    Arc::make_mut(&mut site.nodes).insert("n".into(), node(Scheme::Auto, &[]));
    for (key, css) in [
        ("a", "@keyframes spin { to { top: 0 } }"),
        ("b", "@media print { @keyframes spin { to { top: 0 } } }"),
        ("c", "@keyframes c-spin { to { top: 0 } }"),
    ] {
        Arc::make_mut(&mut site.components).insert(key.into(), component(key, css));
    }
    let mut diagnostics = Diagnostics::new();
    check_keyframes(&site, &mut diagnostics);
    assert_eq!(codes(&diagnostics), ["RB0603"]);
}

#[test]
fn contrast_is_checked_by_scheme() {
    let mut site = site();
    site.tokens = tokens(&[
        ("color.text", "light-dark(#222, #333)"),
        ("color.bg", "light-dark(#fff, #111)"),
        ("color.odd", "1px"),
    ]);
    let pair = |foreground: &str, background: &str| ContrastPair {
        foreground: foreground.into(),
        background: background.into(),
        minimum: 4.5,
    };
    if let Some(theme) = Arc::make_mut(&mut site.themes).get_mut("base") {
        theme.contrast = vec![
            pair("color.text", "color.bg"),
            pair("color.odd", "color.bg"),
            pair("color.txt", "color.bg"),
        ];
    }
    let check = |node: &Node| {
        let mut site = site.clone();
        Arc::make_mut(&mut site.nodes).insert(node.id.clone(), node.clone());
        let mut diagnostics = Diagnostics::new();
        let values = resolve_tokens(&site, node, &mut diagnostics);
        check_contrast(&site, node, &values, &mut diagnostics);
        diagnostics
    };
    let auto = check(&node(Scheme::Auto, &[]));
    assert_eq!(codes(&auto), ["RB0407", "RB0409", "RB0403"]);
    let message = &auto.iter().next().unwrap().message;
    assert!(
        message.contains("1.49") && message.contains("in the dark scheme"),
        "{message}"
    );
    let light = check(&node(Scheme::Light, &[]));
    assert_eq!(codes(&light), ["RB0409", "RB0403"]);
    let over = check(&node(Scheme::Light, &[("color.bg", "#555")]));
    let place = over.iter().next().and_then(|d| d.place.clone()).unwrap();
    assert_eq!(&*place.path, "content/nodes/n.toml");
}

#[test]
fn code_css_is_compiled_for_old_and_new_targets() {
    let new = code_css(&Targets::default());
    assert!(new.starts_with("@layer base{"), "{new}");
    assert!(new.contains("light-dark("), "{new}");
    let old = code_css(&Targets::of(&["chrome 100"]));
    assert!(!old.contains("light-dark("), "{old}");
    assert!(old.contains("--lightningcss-light"), "{old}");
}
