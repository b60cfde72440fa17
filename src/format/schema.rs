//! JSON Schemas of the files, for editors: made from the same shapes that the readers go by.
//!
//! They are of draft-07, which taplo (Even Better TOML) reads. It completes below `anyOf`, and not
//! below `if` and `then`, so the sorts of a block are an `anyOf` by component.

use serde_json::{Map, Value as Json, json};

use super::fields::{Field, Kind, Shape};
use super::rules::Rule;
use super::shape;
use crate::model::{Component, Status, Value};

const DRAFT: &str = "http://json-schema.org/draft-07/schema#";

/// The schemas by file name: `page.json` (which knows the given components and their props),
/// `component.json`, `tokens.json`, `node.json`, `theme.json`, and `site.json` for
/// robbieblocks.toml.
pub fn json_schemas<'a>(
    components: impl Iterator<Item = &'a Component>,
) -> Vec<(&'static str, Json)> {
    vec![
        ("page.json", page_schema(components)),
        ("component.json", document("A component", &shape::COMPONENT)),
        ("tokens.json", tokens_schema()),
        ("node.json", document("A node", &shape::NODE)),
        ("theme.json", document("A theme", &shape::THEME)),
        ("site.json", document("robbieblocks.toml", &shape::SITE)),
    ]
}

/// The schema of a file of one shape.
fn document(title: &str, shape: &Shape) -> Json {
    let mut schema = json!({ "$schema": DRAFT, "title": title });
    merge(&mut schema, table(shape));
    schema
}

fn page_schema<'a>(components: impl Iterator<Item = &'a Component>) -> Json {
    let mut schema = document("A page", &shape::PAGE);
    let mut definitions = Map::new();
    definitions.insert("conditions".into(), conditions());
    definitions.insert("carrier".into(), carrier());
    let mut components: Vec<&Component> = components.collect();
    components.sort_by(|a, b| a.key.cmp(&b.key));
    let mut sorts = Vec::new();
    for component in components {
        let name = format!("props-{}", component.key);
        let props = json!({ "$ref": format!("#/definitions/{name}") });
        sorts.push(json!({
            "properties": {
                "component": { "const": component.key, "description": component.name },
                "props": props,
            },
        }));
        definitions.insert(name.clone(), props_schema(component, &name));
    }
    if !sorts.is_empty() {
        schema["properties"]["blocks"]["items"]["anyOf"] = sorts.into();
    }
    schema["definitions"] = definitions.into();
    schema
}

/// The schema of a component's props, as a definition of that name: a prop may also be a carrier,
/// and one with a default may be left out.
fn props_schema(component: &Component, name: &str) -> Json {
    let mut schema = Value::Table(component.props.clone()).to_json();
    localise(&mut schema, &format!("#/definitions/{name}"));
    let Some(map) = schema.as_object_mut() else {
        return json!({ "type": "object" });
    };
    map.entry("type").or_insert_with(|| "object".into());
    let mut with_default = Vec::new();
    if let Some(Json::Object(properties)) = map.get_mut("properties") {
        for (prop, rule) in properties.iter_mut() {
            if rule.get("default").is_some() {
                with_default.push(prop.clone());
            }
            let own = rule.take();
            *rule = json!({ "anyOf": [own, { "$ref": "#/definitions/carrier" }] });
        }
    }
    if let Some(Json::Array(required)) = map.get_mut("required") {
        required.retain(|prop| !with_default.iter().any(|name| prop == name));
    }
    schema
}

/// Makes a schema a part of another: its references begin at `root`, those to other documents go,
/// and so do its names for itself.
fn localise(schema: &mut Json, root: &str) {
    match schema {
        Json::Object(map) => {
            map.retain(|key, value| match (key.as_str(), &value) {
                ("$schema" | "$id" | "$anchor", Json::String(_)) => false,
                ("$ref" | "$dynamicRef", Json::String(to)) => to == "#" || to.starts_with("#/"),
                _ => true,
            });
            for (key, value) in map.iter_mut() {
                match value {
                    Json::String(to) if key == "$ref" => *to = format!("{root}{}", &to[1..]),
                    value => localise(value, root),
                }
            }
        }
        Json::Array(items) => items.iter_mut().for_each(|item| localise(item, root)),
        _ => {}
    }
}

fn tokens_schema() -> Json {
    json!({
        "$schema": DRAFT,
        "title": "Design tokens of one category",
        "type": "object",
        "additionalProperties": { "$ref": "#/definitions/group" },
        "definitions": {
            "group": {
                "anyOf": [
                    { "type": "string", "description": "A CSS value" },
                    { "$ref": "#/definitions/token" },
                    {
                        "type": "object",
                        "description": "Tokens whose keys begin with this one",
                        "additionalProperties": { "$ref": "#/definitions/group" },
                    },
                ],
            },
            "token": table(&shape::TOKEN),
        },
    })
}

fn table(shape: &Shape) -> Json {
    let properties: Map<String, Json> = shape
        .fields
        .iter()
        .map(|field| (field.name.to_string(), property(field)))
        .collect();
    let required: Vec<&str> = shape
        .fields
        .iter()
        .filter(|field| field.required)
        .map(|field| field.name)
        .collect();
    let mut schema = json!({
        "type": "object",
        "properties": properties,
        "additionalProperties": false,
    });
    if !required.is_empty() {
        schema["required"] = required.into();
    }
    schema
}

fn property(field: &Field) -> Json {
    let mut schema = json!({ "description": field.doc });
    merge(&mut schema, kind(&field.kind));
    if let Some(default) = field.default.to_json() {
        schema["default"] = default;
    }
    schema
}

fn kind(kind: &Kind) -> Json {
    match kind {
        Kind::Text(rule) => text(rule),
        Kind::OneOf(allowed) => json!({ "type": "string", "enum": allowed }),
        Kind::Texts(rule, true) => {
            json!({ "type": "array", "items": text(rule), "uniqueItems": true })
        }
        Kind::Texts(rule, false) => json!({ "type": "array", "items": text(rule) }),
        // That each text stands there only once, and null often, JSON Schema cannot say.
        Kind::TextsOrNull(rule, _) => {
            let missing = json!({
                "type": "object",
                "description": "An element that is missing",
                "properties": { "$null": { "const": true } },
                "required": ["$null"],
                "additionalProperties": false,
            });
            json!({ "type": "array", "items": { "anyOf": [text(rule), missing] } })
        }
        Kind::Flag => json!({ "type": "boolean" }),
        Kind::Integer(min, i64::MAX) => json!({ "type": "integer", "minimum": min }),
        Kind::Integer(min, max) => json!({ "type": "integer", "minimum": min, "maximum": max }),
        Kind::Number(min, max) => json!({ "type": "number", "minimum": min, "maximum": max }),
        Kind::Free => json!({ "type": "object" }),
        Kind::Conditions => json!({ "allOf": [{ "$ref": "#/definitions/conditions" }] }),
        Kind::Overrides => json!({
            "type": "object",
            "properties": { "theme": {
                "enum": ["dark", "light"],
                "description": "The colour scheme; default: what the visitor prefers",
            } },
            "additionalProperties": { "type": "string" },
        }),
        Kind::Table(shape) => table(shape),
        Kind::Tables(shape) => json!({ "type": "array", "items": table(shape) }),
        Kind::Map(rule, shape) => json!({
            "type": "object",
            "propertyNames": text(rule),
            "additionalProperties": table(shape),
        }),
    }
}

fn text(rule: &Rule) -> Json {
    let mut schema = json!({ "type": "string" });
    if !rule.empty {
        schema["minLength"] = 1.into();
    }
    if let Some(max) = rule.max {
        schema["maxLength"] = max.into();
    }
    if let Some(pattern) = rule.pattern {
        schema["pattern"] = pattern.into();
    }
    schema
}

/// The language of conditions, as `Condition::parse` reads it.
fn conditions() -> Json {
    let texts = json!({ "type": "array", "items": { "type": "string" } });
    let inner = json!({ "$ref": "#/definitions/conditions" });
    json!({
        "type": "object",
        "properties": {
            "node": texts,
            "app": texts,
            "status": { "type": "array", "items": { "enum": Status::NAMES } },
            "from": { "type": "string" },
            "until": { "type": "string" },
            "any": { "type": "array", "items": inner },
            "not": inner,
        },
        "additionalProperties": false,
    })
}

/// The tables that carry what TOML lacks.
fn carrier() -> Json {
    json!({
        "type": "object",
        "properties": {
            "$null": { "const": true },
            "$num": { "type": "string" },
            "$float": { "enum": ["nan", "inf", "-inf", "-0.0"] },
            "$datetime": { "type": "string" },
            "$file": { "type": "string", "description": "The name of a file beside this one" },
        },
        "minProperties": 1,
        "maxProperties": 1,
        "additionalProperties": false,
    })
}

fn merge(schema: &mut Json, more: Json) {
    if let (Json::Object(schema), Json::Object(more)) = (schema, more) {
        schema.extend(more);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::model::Table;

    const ALL: [(&str, &Shape); 4] = [
        ("page.json", &shape::PAGE),
        ("component.json", &shape::COMPONENT),
        ("node.json", &shape::NODE),
        ("theme.json", &shape::THEME),
    ];

    fn names_agree(shape: &Shape, schema: &Json) {
        let properties = schema["properties"].as_object().expect("properties");
        let names: Vec<&str> = shape.fields.iter().map(|field| field.name).collect();
        assert_eq!(properties.keys().collect::<Vec<_>>(), names);
        assert_eq!(schema["additionalProperties"], false);
        for field in shape.fields {
            let inner = &properties[field.name];
            assert_eq!(inner["description"], field.doc);
            assert_eq!(inner.get("default").cloned(), field.default.to_json());
            let required = schema["required"].as_array().cloned().unwrap_or_default();
            assert_eq!(required.contains(&field.name.into()), field.required);
            match field.kind {
                Kind::Table(shape) => names_agree(shape, inner),
                Kind::Tables(shape) => names_agree(shape, &inner["items"]),
                Kind::Map(_, shape) => names_agree(shape, &inner["additionalProperties"]),
                _ => {}
            }
        }
    }

    fn component(key: &str, props: Json) -> Component {
        fn value(json: &Json) -> Value {
            match json {
                Json::Object(map) => {
                    Value::Table(map.iter().map(|(k, v)| (k.clone(), value(v))).collect())
                }
                Json::Array(items) => Value::Array(items.iter().map(value).collect()),
                Json::String(text) => Value::Text(text.clone()),
                Json::Bool(flag) => Value::Bool(*flag),
                other => panic!("{other}"),
            }
        }
        let Value::Table(props) = value(&props) else {
            panic!("a table")
        };
        Component {
            origin: Arc::from(format!("content/components/{key}.toml")),
            key: key.into(),
            name: key.into(),
            kind: "ui".into(),
            version: "1.0.0".into(),
            published: true,
            dependencies: Default::default(),
            preview_url: None,
            props,
            metadata: Table::new(),
            examples: vec![],
            template: None,
            styles: None,
            react: None,
            is_jsx: false,
        }
    }

    #[test]
    fn the_schemas_have_exactly_the_fields_of_the_shapes() {
        let schemas = json_schemas(std::iter::empty());
        let schema = |wanted: &str| {
            let found = schemas.iter().find(|(name, _)| *name == wanted);
            &found.expect("the schema").1
        };
        for (name, shape) in ALL {
            names_agree(shape, schema(name));
        }
        names_agree(&shape::SITE, schema("site.json"));
        names_agree(
            &shape::TOKEN,
            &schema("tokens.json")["definitions"]["token"],
        );
        for (name, schema) in &schemas {
            assert_eq!(schema["$schema"], DRAFT);
            jsonschema::validator_for(schema).unwrap_or_else(|error| panic!("{name}: {error}"));
        }
    }

    #[test]
    fn a_page_schema_knows_the_props_of_each_component() {
        let hero = component(
            "hero",
            json!({
                "$id": "https://example.org/hero",
                "properties": {
                    "title": { "$ref": "#/$defs/words" },
                    "size": { "enum": ["s", "l"], "default": "s" },
                    "far": { "$ref": "https://example.org/other" },
                },
                "required": ["title", "size"],
                "additionalProperties": false,
                "$defs": { "words": { "type": "string" } },
            }),
        );
        let bar = component("bar", json!({}));
        let schemas = json_schemas([&hero, &bar].into_iter());
        let validator = jsonschema::validator_for(&schemas[0].1).expect("a schema");
        let valid = |block: Json| validator.is_valid(&json!({ "name": "x", "blocks": [block] }));
        assert!(valid(
            json!({ "component": "hero", "props": { "title": "x" } })
        ));
        assert!(valid(
            json!({ "component": "hero", "props": { "title": { "$file": "x.md" } } })
        ));
        assert!(valid(json!({ "component": "bar", "props": { "any": 1 } })));
        assert!(!valid(
            json!({ "component": "hero", "props": { "title": 1 } })
        ));
        assert!(!valid(
            json!({ "component": "hero", "props": { "title": "x", "more": 1 } })
        ));
        assert!(!valid(
            json!({ "component": "hero", "props": { "size": "l" } })
        ));
        assert!(!valid(json!({ "component": "heroo" })));
        assert!(!valid(
            json!({ "component": "bar", "conditions": { "nodes": [] } })
        ));
        assert!(valid(
            json!({ "component": "bar", "conditions": { "not": { "any": [] } } })
        ));
    }

    #[test]
    fn elements_of_some_lists_may_be_missing() {
        let schemas = json_schemas(std::iter::empty());
        let validator = jsonschema::validator_for(&schemas[3].1).expect("a schema");
        let valid = |apps: Json| validator.is_valid(&json!({ "name": "x", "enabled_apps": apps }));
        assert!(valid(json!(["play", { "$null": true }, { "$null": true }])));
        assert!(!valid(json!(["play", { "$null": false }])));
        assert!(!valid(json!(["Play"])));
        assert!(!valid(json!([null])));
    }

    #[test]
    fn tokens_may_be_texts_tables_and_groups() {
        let schemas = json_schemas(std::iter::empty());
        let validator = jsonschema::validator_for(&schemas[2].1).expect("a schema");
        assert!(validator.is_valid(&json!({ "color": { "a": "#fff", "b": { "value": "x" } } })));
        assert!(!validator.is_valid(&json!({ "size": { "a": 1 } })));
    }
}
