//! Conditions: the small language that says where and when a block is shown. It fails closed.

use jiff::Timestamp;

use super::{Status, Table, Value};
use crate::diag::{FieldPath, did_you_mean};

/// A point in time, as a build is given it.
pub type Moment = Timestamp;

/// A condition. All parts of an `All` must hold; an empty one always holds.
#[derive(Clone, Debug, PartialEq)]
pub enum Condition {
    /// One of these nodes.
    Node(Vec<String>),
    /// One of these apps.
    App(Vec<String>),
    /// One of these states of the page.
    Status(Vec<Status>),
    /// At this time or later.
    From(Moment),
    /// Before this time.
    Until(Moment),
    All(Vec<Condition>),
    Any(Vec<Condition>),
    Not(Box<Condition>),
}

/// Why a condition cannot be read: where, what, and a hint.
#[derive(Clone, Debug, PartialEq)]
pub struct ConditionProblem {
    pub field: FieldPath,
    /// Whether the key itself is wrong, and not its value.
    pub unknown_key: bool,
    pub message: String,
    pub hint: Option<String>,
}

/// What a condition is asked about.
#[derive(Clone, Copy, Debug)]
pub struct Circumstances<'a> {
    pub node: &'a str,
    pub app: &'a str,
    pub status: Status,
    pub now: Moment,
}

const NAMES: [&str; 7] = ["node", "app", "status", "from", "until", "any", "not"];

impl Condition {
    /// Reads the `conditions` of a block; `field` is where they stand.
    pub fn parse(table: &Table, field: &FieldPath) -> Result<Condition, Vec<ConditionProblem>> {
        let mut problems = Vec::new();
        let condition = parse_table(table, field, &mut problems);
        if problems.is_empty() {
            Ok(condition)
        } else {
            Err(problems)
        }
    }

    /// Whether it holds.
    pub fn holds(&self, node: &str, app: &str, status: Status, now: Moment) -> bool {
        self.holds_in(Circumstances {
            node,
            app,
            status,
            now,
        })
    }

    fn holds_in(&self, at: Circumstances<'_>) -> bool {
        match self {
            Condition::Node(nodes) => nodes.iter().any(|node| node == at.node),
            Condition::App(apps) => apps.iter().any(|app| app == at.app),
            Condition::Status(states) => states.contains(&at.status),
            Condition::From(moment) => at.now >= *moment,
            Condition::Until(moment) => at.now < *moment,
            Condition::All(parts) => parts.iter().all(|part| part.holds_in(at)),
            Condition::Any(parts) => parts.iter().any(|part| part.holds_in(at)),
            Condition::Not(part) => !part.holds_in(at),
        }
    }

    /// The moments at which it may change, into `moments`.
    pub fn boundaries(&self, moments: &mut Vec<Moment>) {
        match self {
            Condition::From(moment) | Condition::Until(moment) => moments.push(*moment),
            Condition::All(parts) | Condition::Any(parts) => {
                parts.iter().for_each(|part| part.boundaries(moments));
            }
            Condition::Not(part) => part.boundaries(moments),
            Condition::Node(_) | Condition::App(_) | Condition::Status(_) => {}
        }
    }

    /// The nodes that it names, into `nodes`, with where they stand below `field`.
    pub fn named_nodes(table: &Table, field: &FieldPath, nodes: &mut Vec<(FieldPath, String)>) {
        for (key, value) in table {
            let here = field.then(key.as_str());
            match (key.as_str(), value) {
                ("node", Value::Array(items)) => {
                    for (index, item) in items.iter().enumerate() {
                        if let Some(node) = item.as_text() {
                            nodes.push((here.then(index), node.to_string()));
                        }
                    }
                }
                ("not", Value::Table(inner)) => Condition::named_nodes(inner, &here, nodes),
                ("any", Value::Array(items)) => {
                    for (index, item) in items.iter().enumerate() {
                        if let Some(inner) = item.as_table() {
                            Condition::named_nodes(inner, &here.then(index), nodes);
                        }
                    }
                }
                _ => {}
            }
        }
    }

    /// The same conditions with other names of nodes.
    pub fn with_nodes(table: &Table, rename: &dyn Fn(&str) -> String) -> Table {
        let parts = table.iter();
        parts
            .map(|(key, value)| (key.clone(), renamed_part(key, value, rename)))
            .collect()
    }
}

/// The nodes of one part of the conditions, renamed.
fn renamed_part(key: &str, value: &Value, rename: &dyn Fn(&str) -> String) -> Value {
    match (key, value) {
        ("node", Value::Array(items)) => {
            let rename = |item: &Value| match item.as_text() {
                Some(node) => Value::Text(rename(node)),
                None => item.clone(),
            };
            Value::Array(items.iter().map(rename).collect())
        }
        ("not", Value::Table(inner)) => Value::Table(Condition::with_nodes(inner, rename)),
        ("any", Value::Array(items)) => {
            let rename = |item: &Value| match item.as_table() {
                Some(inner) => Value::Table(Condition::with_nodes(inner, rename)),
                None => item.clone(),
            };
            Value::Array(items.iter().map(rename).collect())
        }
        _ => value.clone(),
    }
}

fn parse_table(
    table: &Table,
    field: &FieldPath,
    problems: &mut Vec<ConditionProblem>,
) -> Condition {
    let mut parts = Vec::new();
    for (key, value) in table {
        let here = field.then(key.as_str());
        let part = match key.as_str() {
            "node" => texts(value, &here, problems).map(Condition::Node),
            "app" => texts(value, &here, problems).map(Condition::App),
            "status" => texts(value, &here, problems).map(|names| {
                let states = names.iter().enumerate().filter_map(|(index, name)| {
                    let status = Status::parse(name);
                    if status.is_none() {
                        problems.push(ConditionProblem {
                            field: here.then(index),
                            unknown_key: false,
                            message: format!("`{name}` is no status: {}", Status::NAMES.join(", ")),
                            hint: did_you_mean(name, Status::NAMES),
                        });
                    }
                    status
                });
                Condition::Status(states.collect())
            }),
            "from" => moment(value, &here, problems).map(Condition::From),
            "until" => moment(value, &here, problems).map(Condition::Until),
            "not" => match value {
                Value::Table(inner) => Some(Condition::Not(Box::new(parse_table(
                    inner, &here, problems,
                )))),
                other => wrong(other, "a table of conditions", &here, problems),
            },
            "any" => match value {
                Value::Array(items) => {
                    let mut branches = Vec::new();
                    for (index, item) in items.iter().enumerate() {
                        let place = here.then(index);
                        match item {
                            Value::Table(inner) => {
                                branches.push(parse_table(inner, &place, problems));
                            }
                            other => {
                                wrong::<()>(other, "a table of conditions", &place, problems);
                            }
                        }
                    }
                    Some(Condition::Any(branches))
                }
                other => wrong(other, "an array of tables of conditions", &here, problems),
            },
            unknown => {
                problems.push(ConditionProblem {
                    field: here,
                    unknown_key: true,
                    message: format!("`{unknown}` is no condition: {}", NAMES.join(", ")),
                    hint: did_you_mean(unknown, NAMES),
                });
                None
            }
        };
        parts.extend(part);
    }
    Condition::All(parts)
}

fn wrong<T>(
    value: &Value,
    expected: &str,
    field: &FieldPath,
    problems: &mut Vec<ConditionProblem>,
) -> Option<T> {
    problems.push(ConditionProblem {
        field: field.clone(),
        unknown_key: false,
        message: format!("expected {expected}, found {}", article(value.type_name())),
        hint: None,
    });
    None
}

fn article(noun: &str) -> String {
    match noun {
        "null" => noun.to_string(),
        _ if noun.starts_with(['a', 'i']) => format!("an {noun}"),
        _ => format!("a {noun}"),
    }
}

fn texts(
    value: &Value,
    field: &FieldPath,
    problems: &mut Vec<ConditionProblem>,
) -> Option<Vec<String>> {
    let Value::Array(items) = value else {
        return wrong(value, "an array of strings", field, problems);
    };
    let mut texts = Vec::new();
    for (index, item) in items.iter().enumerate() {
        match item {
            Value::Text(text) => texts.push(text.clone()),
            other => {
                wrong::<()>(other, "a string", &field.then(index), problems);
            }
        }
    }
    Some(texts)
}

fn moment(
    value: &Value,
    field: &FieldPath,
    problems: &mut Vec<ConditionProblem>,
) -> Option<Moment> {
    let (Value::Text(text) | Value::Datetime(text)) = value else {
        return wrong(value, "an RFC 3339 time", field, problems);
    };
    match text.parse() {
        Ok(moment) => Some(moment),
        Err(_) => {
            problems.push(ConditionProblem {
                field: field.clone(),
                unknown_key: false,
                message: format!("`{text}` is no RFC 3339 time with a zone"),
                hint: Some("write it like `2027-01-31T18:00:00Z`".into()),
            });
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(pairs: &[(&str, Value)]) -> Table {
        pairs
            .iter()
            .map(|(key, value)| (key.to_string(), value.clone()))
            .collect()
    }

    fn text(text: &str) -> Value {
        Value::Text(text.into())
    }

    #[test]
    fn all_parts_must_hold_and_time_is_half_open() {
        let conditions = table(&[
            ("node", Value::Array(vec![text("a"), text("b")])),
            ("from", text("2026-01-01T00:00:00Z")),
            ("until", text("2026-02-01T00:00:00+01:00")),
        ]);
        let condition = Condition::parse(&conditions, &FieldPath::default()).unwrap();
        let holds = |node: &str, now: &str| {
            condition.holds(node, "play", Status::Published, now.parse().unwrap())
        };
        assert!(holds("a", "2026-01-01T00:00:00Z"));
        assert!(!holds("a", "2026-01-31T23:00:00Z"));
        assert!(!holds("a", "2025-12-31T23:59:59Z"));
        assert!(!holds("c", "2026-01-15T00:00:00Z"));
    }

    #[test]
    fn unknown_and_wrong_conditions_are_all_reported() {
        let conditions = table(&[
            ("nodes", Value::Array(vec![])),
            ("from", text("tomorrow")),
            (
                "any",
                Value::Array(vec![Value::Table(table(&[(
                    "status",
                    Value::Array(vec![text("live")]),
                )]))]),
            ),
            ("not", text("x")),
        ]);
        let problems = Condition::parse(&conditions, &FieldPath::from("conditions")).unwrap_err();
        let places: Vec<String> = problems.iter().map(|p| p.field.to_string()).collect();
        assert_eq!(
            places,
            [
                "conditions.any[0].status[0]",
                "conditions.from",
                "conditions.nodes",
                "conditions.not"
            ]
        );
        assert_eq!(problems[2].hint.as_deref(), Some("did you mean `node`?"));
    }

    #[test]
    fn any_and_not() {
        let play = Value::Table(table(&[("app", Value::Array(vec![text("play")]))]));
        let conditions = table(&[("not", play.clone()), ("any", Value::Array(vec![play]))]);
        let condition = Condition::parse(&conditions, &FieldPath::default()).unwrap();
        assert!(!condition.holds("n", "play", Status::Draft, Moment::UNIX_EPOCH));
    }
}
