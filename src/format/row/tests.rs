//! Rows that are hostile, and rows that come back.

use super::*;
use crate::diag::{Diagnostics, Place, Spot, code};
use crate::format::sample;
use crate::format::shape;
use crate::model::{Scheme, Status, Value};

fn told(diagnostics: &Diagnostics) -> Vec<String> {
    let mut told: Vec<String> = diagnostics
        .iter()
        .map(|one| {
            let Some(Place { path, spot }) = &one.place else {
                panic!("a row is to blame");
            };
            let spot = match spot {
                Spot::Key(field) | Spot::Value(field) => field.to_string(),
                other => format!("{other:?}"),
            };
            format!("{} {path} {spot} | {}", one.code.0, one.message)
        })
        .collect();
    told.sort();
    told
}

#[test]
fn every_document_comes_back_from_its_row() {
    for seed in 0..4_000 {
        let documents = sample::documents(seed);
        let mut diagnostics = Diagnostics::new();
        for page in &documents.pages {
            let back = read_page_row(page_row(page), &mut diagnostics).expect("a key");
            assert!(back.same(page), "{seed}: {page:#?} {back:#?}");
        }
        for component in &documents.components {
            let back = read_component_row(component_row(component), &mut diagnostics);
            let back = back.expect("a key");
            assert!(back.same(component), "{seed}: {component:#?} {back:#?}");
        }
        for token in &documents.tokens {
            let back = read_token_row(token_row(token), &mut diagnostics).expect("a key");
            assert!(back.same(token), "{seed}: {token:#?} {back:#?}");
        }
        for node in &documents.nodes {
            let back = read_node_row(node_row(node), &mut diagnostics).expect("a key");
            assert!(back.same(node), "{seed}: {node:#?} {back:#?}");
        }
        assert_eq!(told(&diagnostics), [""; 0], "{seed}");
    }
}

fn good_page() -> PageRow {
    PageRow {
        key: "home".into(),
        app: "play".into(),
        name: "Home".into(),
        route: "/play".into(),
        layout: "single-column".into(),
        ..PageRow::default()
    }
}

#[test]
fn nulls_have_their_defaults_and_empty_texts_stay() {
    let mut diagnostics = Diagnostics::new();
    let block = |key: Option<&str>, component: &str| BlockRow {
        key: key.map(str::to_string),
        component: Some(component.into()),
        zone: "main".into(),
        ..BlockRow::default()
    };
    let row = PageRow {
        title: Some(String::new()),
        blocks: vec![
            block(None, "hero"),
            block(None, "hero"),
            block(Some("hero-2"), "x"),
            block(None, "hero"),
        ],
        ..good_page()
    };
    let page = read_page_row(row, &mut diagnostics).expect("a page");
    assert_eq!(page.status, Status::Draft);
    assert_eq!((page.title.as_deref(), page.description), (Some(""), None));
    assert_eq!(&*page.origin, "robbieblocks_pages/home");
    let keys: Vec<&str> = page.blocks.iter().map(|block| block.key.as_str()).collect();
    assert_eq!(keys, ["hero", "hero-3", "hero-2", "hero-4"]);

    let row = ComponentRow {
        key: "hero".into(),
        name: "Hero".into(),
        kind: "ui".into(),
        template: Some(String::new()),
        dependencies: Some(vec![None, Some("a".into())]),
        metadata: Some(
            r#"{"examples": [{"name": "One", "props": {"a": 1.50}}], "b": null}"#.into(),
        ),
        ..ComponentRow::default()
    };
    let hero = read_component_row(row, &mut diagnostics).expect("a component");
    assert_eq!((hero.version.as_str(), hero.published), ("1.0.0", false));
    assert_eq!((hero.template.as_deref(), hero.styles), (Some(""), None));
    assert_eq!(
        (hero.dependencies.len(), hero.dependencies.has("a")),
        (2, true)
    );
    assert_eq!(hero.examples[0].props["a"], Value::Number("1.50".into()));
    assert_eq!(hero.metadata.keys().collect::<Vec<_>>(), ["b"]);

    for odd in [
        r#"[]"#,
        r#"[{"name": "One"}]"#,
        r#"[{"name": "", "props": {}}]"#,
        r#"[{"name": "One", "props": {}}, {"name": "One", "props": {}}]"#,
        r#"[{"more": 1, "name": "One", "props": {}}]"#,
    ] {
        let row = ComponentRow {
            key: "hero".into(),
            name: "Hero".into(),
            kind: "ui".into(),
            metadata: Some(format!("{{\"examples\": {odd}}}")),
            ..ComponentRow::default()
        };
        let hero = read_component_row(row.clone(), &mut diagnostics).expect("a component");
        assert!(hero.examples.is_empty() && hero.metadata.contains_key("examples"));
        assert_eq!(component_row(&hero).metadata, row.metadata);
    }
    let row = NodeRow {
        id: "one".into(),
        name: "One".into(),
        style_overrides: Some(r##"{"theme": "dark", "color.a": "#fff"}"##.into()),
        ..NodeRow::default()
    };
    let node = read_node_row(row, &mut diagnostics).expect("a node");
    assert_eq!(node.scheme, Scheme::Dark);
    assert_eq!(node.style_overrides.len(), 1);
    assert_eq!(told(&diagnostics), [""; 0]);
}

#[test]
fn all_that_is_wrong_with_a_page_is_reported_by_column() {
    let mut diagnostics = Diagnostics::new();
    let row = PageRow {
        key: "home".into(),
        app: "Play".into(),
        name: String::new(),
        route: "/play/../x".into(),
        layout: "x".repeat(51),
        title: Some("x".repeat(256)),
        description: None,
        status: Some("live".into()),
        metadata: Some("[1]".into()),
        blocks: vec![
            BlockRow {
                key: Some("a".into()),
                component: None,
                zone: "Main".into(),
                props: Some("5".into()),
                ..BlockRow::default()
            },
            BlockRow {
                key: Some("a".into()),
                order: 1,
                component: Some("hero".into()),
                zone: "main".into(),
                props: Some("[".repeat(7_000)),
                conditions: Some("{\"a\": ".repeat(65) + "1" + &"}".repeat(65)),
            },
        ],
    };
    let page = read_page_row(row, &mut diagnostics).expect("its key is fine");
    assert_eq!((page.status, page.layout.len()), (Status::Draft, 51));
    assert!(page.metadata.is_empty() && page.route.is_empty());
    assert_eq!(
        told(&diagnostics),
        [
            "RB0103 robbieblocks_pages/home blocks[0].props | `props`: expected a table, found an integer",
            "RB0103 robbieblocks_pages/home metadata | `metadata`: expected a table, found an array",
            "RB0104 robbieblocks_pages/home blocks[0].component | the block `a` of the page `home` has no component",
            "RB0105 robbieblocks_pages/home name | `page_name` is empty",
            "RB0105 robbieblocks_pages/home status | `live` is no `status`: draft, published, archived",
            "RB0106 robbieblocks_pages/home layout | `layout_template` has 51 characters, and 50 are allowed",
            "RB0106 robbieblocks_pages/home title | `meta_title` has 256 characters, and 255 are allowed",
            "RB0108 robbieblocks_pages/home blocks[1].conditions.a | `conditions`: tables and arrays are nested more than 64 levels deep",
            "RB0108 robbieblocks_pages/home blocks[1].props[0] | `props`: tables and arrays are nested more than 64 levels deep",
            "RB0201 robbieblocks_pages/home app | `Play` is not allowed as `app_namespace`: it must begin with a small letter or a digit",
            "RB0201 robbieblocks_pages/home blocks[0].zone | `Main` is not allowed as `zone`: it must begin with a small letter or a digit",
            "RB0202 robbieblocks_pages/home blocks[1].key | two blocks have the key `a`",
            "RB0203 robbieblocks_pages/home route | `/play/../x` is not allowed as `page_route`: `..` is not allowed as a segment",
        ]
    );
}

#[test]
fn a_key_that_cannot_be_used_costs_the_row() {
    let mut diagnostics = Diagnostics::new();
    let row = PageRow {
        key: "../\n\u{1b}".into(),
        ..good_page()
    };
    assert!(read_page_row(row, &mut diagnostics).is_none());
    assert!(read_token_row(TokenRow::default(), &mut diagnostics).is_none());
    let long = NodeRow {
        id: "x".repeat(101),
        ..NodeRow::default()
    };
    assert!(read_node_row(long, &mut diagnostics).is_none());
    let told = told(&diagnostics);
    assert_eq!(told.len(), 3);
    assert!(
        told[2].starts_with("RB0201 robbieblocks_pages/../\\n\\u{1b} key | "),
        "{told:?}"
    );
    assert_eq!(
        told[0],
        "RB0105 robbieblocks_style_tokens/ key | `token_key` is empty"
    );
}

#[test]
fn nodes_and_parts_are_held_to_what_files_are_held_to() {
    let mut diagnostics = Diagnostics::new();
    let row = NodeRow {
        id: "one".into(),
        name: "One".into(),
        style_overrides: Some(
            r#"{"theme": "drak", "Bad": "x", "a": 5, "b": {"$float": "nan"}}"#.into(),
        ),
        enabled_apps: Some(vec![
            Some("a".into()),
            None,
            None,
            Some("a".into()),
            Some("B".into()),
        ]),
        custom_css: Some("<<<<<<< a\nx\n=======\ny\n>>>>>>> b\n".into()),
        custom_scripts: None,
    };
    let node = read_node_row(row, &mut diagnostics).expect("its id is fine");
    assert_eq!((node.scheme, node.enabled_apps.len()), (Scheme::Auto, 5));
    assert_eq!(
        told(&diagnostics),
        [
            "RB0103 robbieblocks_node_branding/one style_overrides.a | `a`: expected a string, found an integer",
            "RB0103 robbieblocks_node_branding/one style_overrides.b | `b`: expected a string, found a number",
            "RB0105 robbieblocks_node_branding/one enabled_apps[3] | `a` is given twice",
            "RB0105 robbieblocks_node_branding/one style_overrides.theme | `drak` is no `theme`: dark, light",
            "RB0111 robbieblocks_node_branding/one custom_css | a merge conflict is not resolved here",
            "RB0201 robbieblocks_node_branding/one enabled_apps[4] | `B` is not allowed as `enabled_apps`: it must begin with a small letter or a digit",
            "RB0201 robbieblocks_node_branding/one style_overrides.Bad | `Bad` is not allowed as `token key`: it must begin with a small letter or a digit",
        ]
    );
    let mut diagnostics = Diagnostics::new();
    let row = ComponentRow {
        key: "hero".into(),
        name: "x\0".into(),
        kind: String::new(),
        metadata: Some(format!("{{\"a\": {}1{}}}", "[".repeat(64), "]".repeat(64))),
        ..ComponentRow::default()
    };
    assert!(read_component_row(row, &mut diagnostics).is_some());
    let codes: Vec<_> = diagnostics.iter().map(|one| one.code).collect();
    assert_eq!(codes, [code::TOO_DEEP, code::BAD_VALUE, code::BAD_VALUE]);
}

#[test]
fn each_field_of_a_shape_has_a_column() {
    assert_eq!(column(PAGES_TABLE, "route"), "page_route");
    assert_eq!(column(NODES_TABLE, "custom_css"), "custom_css");
    assert_eq!(column("other", "key"), "key");
    // What is renamed is a field: no slip of the pen in the table.
    let shapes = [
        (PAGES_TABLE, &shape::PAGE),
        (BLOCKS_TABLE, &shape::BLOCK),
        (COMPONENTS_TABLE, &shape::COMPONENT),
        (TOKENS_TABLE, &shape::TOKEN),
        (NODES_TABLE, &shape::NODE),
    ];
    for (table, field, _) in COLUMNS {
        let (_, shape) = shapes.iter().find(|(of, _)| of == table).expect("a table");
        let known = [
            "key", "id", "app", "category", "order", "kind", "react", "styles",
        ];
        let named = shape.fields.iter().any(|one| one.name == *field);
        assert!(named || known.contains(field), "{table} {field}");
    }
}
