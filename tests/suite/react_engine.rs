//! The engine that renders React components, with both libraries, against code that is nice and not.

use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;

use rbgen::model::{Library, Packages, TextFile};
use rbgen::render::react::compile::Compiled;
use rbgen::render::react::engine::{Engine, STACK_BYTES};
use rbgen::render::react::runtime::{client_files, licences, runtime};
use rbgen::render::react::{Fault, FaultKind, MAX_HTML_BYTES, PROVIDED, Rendered, Runtime};

use crate::harness::project;

/// The beginning of 2026-03-09, in UTC.
const DAY: i64 = 1_773_014_400_000;

const BOTH: [Library; 2] = [Library::Preact, Library::React];

/// The packages that `npm ci` puts there.
fn packages(library: Library) -> Packages {
    let folder = project().join("tests/react/node_modules");
    let mut files = BTreeMap::new();
    for path in library.files() {
        if let Ok(text) = fs::read_to_string(folder.join(path)) {
            files.insert(
                path.to_string(),
                TextFile {
                    origin: Arc::from(*path),
                    text: Arc::from(text),
                },
            );
        }
    }
    assert!(!files.is_empty(), "run: npm ci --prefix tests/react");
    Packages {
        folder: "tests/react/node_modules".into(),
        files,
        can_be_there: true,
        has_lock: true,
    }
}

fn library(library: Library) -> Runtime {
    runtime(library, &packages(library)).unwrap()
}

/// Runs in a thread that has the stack that an engine needs.
fn with_stack<T: Send>(run: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| {
        std::thread::Builder::new()
            .stack_size(2 * STACK_BYTES + 8 * 1024 * 1024)
            .spawn_scoped(scope, run)
            .unwrap()
            .join()
            .unwrap()
    })
}

/// What a compiler makes of this: code that ends with `return` and a component. Each line of the code is
/// its own place: byte 1000 times the line and the column.
fn compiled(code: &str) -> Compiled {
    let server = format!(
        "(function ($require) {{ \"use strict\"; const React = $require(\"react\").default, \
         $h = React.createElement, $Fragment = React.Fragment;\n{code}\n}})"
    );
    let mut places = Vec::new();
    for (line, text) in server.lines().enumerate().skip(1) {
        for column in 0..=text.encode_utf16().count() {
            places.push((line as u32, column as u32, (line * 1000 + column) as u32));
        }
    }
    Compiled {
        server,
        places,
        ..Compiled::default()
    }
}

fn engine(kind: Library, code: &str) -> Result<Engine, Fault> {
    Engine::new(&library(kind), compiled(code), Box::new(|| false))
}

fn render(kind: Library, code: &str, props: &str) -> Result<Rendered, Fault> {
    with_stack(|| engine(kind, code)?.render(props, DAY))
}

fn html(kind: Library, code: &str, props: &str) -> String {
    render(kind, code, props).unwrap().html
}

#[test]
fn a_component_is_rendered() {
    for kind in BOTH {
        let code = "
            const { useState, useEffect, useId } = $require('react');
            return function Greeting({ name, children }) {
                const [count, setCount] = useState(3);
                useEffect(() => { document.title = name });
                return $h('p', { className: 'a b', onClick: () => setCount(count + 1) },
                    'Hello ', name, ' ', count, $h($Fragment, null, $h('b', null, '<&>')));
            };";
        let expected = match kind {
            Library::Preact => "<p class=\"a b\">Hello Ann 3<b>&lt;&amp;></b></p>",
            Library::React => {
                "<p class=\"a b\">Hello <!-- -->Ann<!-- --> <!-- -->3<b>&lt;&amp;&gt;</b></p>"
            }
        };
        assert_eq!(html(kind, code, r#"{"name": "Ann"}"#), expected);
    }
}
