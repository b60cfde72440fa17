//! Where the fields of documents are in their files.

use super::*;
use crate::diag::{FieldPath, Step};

#[test]
fn spots_are_found_in_their_files() {
    let path = |steps: &[&str]| FieldPath(steps.iter().map(|&step| Step::from(step)).collect());
    let text = "node.\"x.y\".theme = \"a\"\n[node.z]\nbase_url = \"b\"\n";
    let at = |steps: &[&str]| located("robbieblocks.toml", text, Spot::Value(path(steps)));
    let key = |steps: &[&str]| located("robbieblocks.toml", text, Spot::Key(path(steps)));
    assert_eq!(at(&["node", "x.y", "theme"]), Some("\"a\""));
    assert_eq!(key(&["node", "x.y", "theme"]), Some("theme"));
    assert_eq!(at(&["node", "z"]), Some("[node.z]"));
    assert_eq!(key(&["node", "z", "deploy", "dir"]), Some("[node.z]"));
    assert_eq!(at(&["site"]), None);

    let text = "[[blocks]]\ncomponent = \"a\"\n[[blocks]]\ncomponent = \"b\"\n[blocks.props]\nlist = [1, { \"$$ref\" = 2 }]\n";
    let blocks = |steps: Vec<Step>| {
        let path = FieldPath(std::iter::once(Step::from("blocks")).chain(steps).collect());
        located("content/pages/a/x.toml", text, Spot::Value(path))
    };
    assert_eq!(blocks(vec![1.into(), "component".into()]), Some("\"b\""));
    assert_eq!(
        blocks(vec![
            1.into(),
            "props".into(),
            "list".into(),
            1.into(),
            "$ref".into()
        ]),
        Some("2")
    );
    assert_eq!(
        blocks(vec![1.into(), "props".into(), "none".into()]),
        Some("[blocks.props]")
    );
    assert_eq!(blocks(vec![7.into()]), Some("[[blocks]]"));

    let text = "\u{feff}+++\ntitle = \"ü\"\n+++\nBody\n";
    let md = |spot: Spot| located("content/pages/a/x.md", text, spot);
    assert_eq!(md(Spot::Value("title".into())), Some("\"ü\""));
    let body = FieldPath::from("blocks").then(0).then("props").then("text");
    assert_eq!(md(Spot::Value(body)), Some("Body\n"));
    assert_eq!(md(Spot::Whole), None);

    let text = "color.primary = \"a\"\n\"color.text\" = { value = \"b\" }\n[color.deep]\n\"x.y\" = \"c\"\n[color.deep.z]\nvalue = \"d\"\n";
    let token = |token: &str, field: &str| {
        let path = path(&[token, field]);
        located("content/tokens/color.toml", text, Spot::Value(path))
    };
    assert_eq!(token("color.primary", "value"), Some("\"a\""));
    assert_eq!(token("color.text", "value"), Some("\"b\""));
    assert_eq!(token("color.deep.x.y", "value"), Some("\"c\""));
    assert_eq!(token("color.deep.z", "value"), Some("\"d\""));
    assert_eq!(token("color.deep.z", "description"), Some("[color.deep.z]"));
    assert_eq!(token("color.deep.q", "value"), Some("[color.deep]"));
    let key = Spot::Key("color.primary".into());
    assert_eq!(
        located("content/tokens/color.toml", text, key),
        Some("primary")
    );
}
