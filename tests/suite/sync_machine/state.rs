//! What somebody's content says: the rows of a database, or the files of a commit.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use rbgen::db::{Session, documents_of_rows, read_content, read_rows};
use rbgen::diag::code;
use rbgen::files::Folder;
use rbgen::format::{Contents, EntityName, Texts, contents_of, documents_of};
use rbgen::model::Documents;
use serde_json::Value;

/// Documents, and the same as texts that can be compared.
#[derive(Clone, Debug, Default)]
pub struct State {
    pub documents: Documents,
    pub contents: Contents,
    /// Whether it cannot all be read, as after a merge that fits no longer.
    pub broken: bool,
}

impl State {
    pub fn of(documents: Documents) -> State {
        State {
            contents: contents_of(&documents),
            documents,
            broken: false,
        }
    }

    pub fn of_texts(texts: &Texts) -> State {
        let (documents, diagnostics) = documents_of(texts);
        // After a merge, two files may have one page.
        let twice = documents.entities().count() > documents.names().len();
        State {
            broken: twice || diagnostics.has_errors(),
            ..State::of(documents)
        }
    }

    /// The rows of a database as they are now.
    pub fn of_rows(session: &mut Session) -> State {
        match read_content(session) {
            Ok(content) => {
                let mut state = State::of(content.documents);
                state
                    .contents
                    .retain(|name, _| !content.broken.contains(name));
                state
            }
            Err(failure) if failure.code == code::NO_CONTENT => State::default(),
            Err(failure) => panic!("the rows cannot be read: {}", failure.message),
        }
    }

    /// The rows as a session sees them whose transaction is open.
    pub fn of_open(session: &mut Session) -> State {
        State::of(documents_of_rows(read_rows(session).unwrap()).documents)
    }

    /// The same with one token of another value, if it is there.
    pub fn with_token(&self, key: &str, value: &str) -> State {
        let mut documents = self.documents.clone();
        for token in &mut documents.tokens {
            if token.key == key {
                token.value = value.to_string();
            }
        }
        State::of(documents)
    }
}

/// The texts of the content files in a work tree.
pub fn texts_in(root: &Path) -> Texts {
    fn walk(root: &Path, folder: &Path, texts: &mut Texts) {
        let Ok(entries) = fs::read_dir(folder) else {
            return;
        };
        for entry in entries.flatten() {
            let path = entry.path();
            if path.is_dir() {
                walk(root, &path, texts);
            } else if let Ok(text) = fs::read_to_string(&path) {
                let name = path.strip_prefix(root).unwrap().to_str().unwrap();
                texts.insert(name.to_string(), text);
            }
        }
    }
    let mut texts = Texts::new();
    walk(root, &root.join("content"), &mut texts);
    texts
}

/// Whether a work tree is a site without errors.
pub fn is_sound(root: &Path) -> bool {
    let loaded = rbgen::load::load_site(&Folder::new(root));
    !loaded.diagnostics.has_errors()
}

/// In what two sets of contents differ, for people.
pub fn unlike(left: &Contents, right: &Contents) -> String {
    let mut lines = Vec::new();
    let names: std::collections::BTreeSet<&EntityName> = left.keys().chain(right.keys()).collect();
    for name in names {
        let (l, r) = (left.get(name), right.get(name));
        if l != r {
            let none = "nothing".to_string();
            lines.push(format!(
                "  {} {}:\n    {}\n    {}",
                name.0.as_str(),
                name.1,
                l.unwrap_or(&none),
                r.unwrap_or(&none)
            ));
        }
    }
    lines.join("\n")
}

/// The fields of a content, each by its path; blocks by their keys, and their order as one field.
pub fn fields(content: &str) -> BTreeMap<String, String> {
    fn walk(path: &str, value: &Value, fields: &mut BTreeMap<String, String>) {
        match value {
            Value::Object(map) if !map.is_empty() => {
                for (key, value) in map {
                    walk(&format!("{path}/{key}"), value, fields);
                }
            }
            Value::Array(items) if path == "/blocks" => {
                for item in items {
                    let key = item["key"].as_str().unwrap_or_default();
                    walk(&format!("{path}/{key}"), item, fields);
                }
            }
            other => {
                fields.insert(path.to_string(), other.to_string());
            }
        }
    }
    let value: Value = serde_json::from_str(content).unwrap();
    let mut fields = BTreeMap::new();
    walk("", &value, &mut fields);
    fields
}
