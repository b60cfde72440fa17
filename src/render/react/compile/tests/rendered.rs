//! Which component is meant, and that all kinds of code run.

use super::*;

/// Sources and what is shown of them with the props `{"a": "é"}`.
fn all_show(table: &[(&str, &str)]) {
    for (code, html) in table {
        assert_eq!(shown(code, r#"{"a": "é"}"#), *html, "{code}");
    }
}

#[test]
fn the_default_export_is_the_component_whatever_it_is() {
    all_show(&[
        (
            "export default function Chat({ a }) { return <p>{a}</p> }",
            "<p>é</p>",
        ),
        (
            "export default function ({ a }) { return <p>{a}</p> }",
            "<p>é</p>",
        ),
        ("export default ({ a }) => <p>{a}</p>", "<p>é</p>"),
        (
            "const chat = ({ a }) => <p>{a}</p>\nexport default chat",
            "<p>é</p>",
        ),
        (
            "export { Chat as default, Row }\nfunction Chat({ a }) { return <Row>{a}</Row> }\nfunction Row({ children }) { return <li>{children}</li> }",
            "<li>é</li>",
        ),
        (
            "import { Component } from 'react'\nexport default class extends Component { render() { return <p>{this.props.a}</p> } }",
            "<p>é</p>",
        ),
        (
            "import * as React from 'react'\nclass Chat extends React.Component { render() { return <p>{this.props.a}</p> } }\nexport default Chat",
            "<p>é</p>",
        ),
        (
            "import { memo } from 'react'\nexport default memo(({ a }) => <p>{a}</p>)",
            "<p>é</p>",
        ),
        (
            "import React from 'react'\nconst Chat = React.forwardRef(({ a }, ref) => <p>{a}</p>)\nexport default React.memo(Chat)",
            "<p>é</p>",
        ),
        (
            "const withRow = (Inner) => (props) => <li><Inner {...props} /></li>\nexport default withRow(({ a }) => <p>{a}</p>)",
            "<li><p>é</p></li>",
        ),
        (
            "export const Other = () => <i/>\nconst Chat = ({ a }) => <p>{a}</p>\nexport default Chat as unknown as React.FC",
            "<p>é</p>",
        ),
        (
            "export default function Chat(a: string): void\nexport default function Chat({ a }: any) { return <p>{a}</p> }",
            "<p>é</p>",
        ),
        (
            "interface Chat { a: string }\nexport default interface Props { a: string }\nexport const Room = ({ a }: Chat) => <p>{a}</p>",
            "<p>é</p>",
        ),
        (
            "let table = { row: ({ a }) => <p>{a}</p> }\nexport default table.row",
            "<p>é</p>",
        ),
    ]);
}

#[test]
fn without_a_default_export_the_only_component_is_meant() {
    all_show(&[
        // The only one that is exported.
        (
            "const Row = ({ a }) => <i>{a}</i>\nexport const Chat = ({ a }) => <p><Row a={a} /></p>",
            "<p><i>é</i></p>",
        ),
        (
            "export const MAX = 3, SIZES = { S: 1 }, Context = createContext(null)\nimport { createContext } from 'react'\nexport function Chat({ a }) { return <p>{a}{MAX}</p> }",
            "<p>é3</p>",
        ),
        (
            "import React from 'react'\nexport const Chat = React.memo(function Inner({ a }) { return <p>{a}</p> })\nconst Row = () => <i/>",
            "<p>é</p>",
        ),
        (
            "export type { Props }\ntype Props = { a: string }\nexport type Size = 's'\nexport enum Mode { A }\nexport const Chat = ({ a }: Props) => <p>{a}{Mode.A}</p>",
            "<p>é0</p>",
        ),
        (
            "function Chat({ a }) { return <p>{a}</p> }\nexport { Chat }",
            "<p>é</p>",
        ),
        (
            "function Chat({ a }) { return <p>{a}</p> }\nexport { Chat, Chat as Room }",
            "<p>é</p>",
        ),
        (
            "const chat = ({ a }) => <p>{a}</p>\nexport { chat as Chat }\nconst Other = () => <i/>",
            "<p>é</p>",
        ),
        // The only one that is declared, or that no other uses.
        (
            "const Chat: React.FC<{ a: string }> = ({ a }) => <p>{a}</p>",
            "<p>é</p>",
        ),
        (
            "function Chat({ a }) { return <p>{a}</p> }\nconst MAX = 3\nfunction helper() {}",
            "<p>é</p>",
        ),
        (
            "const Row = ({ a }) => <i>{a}</i>\nfunction Chat({ a }) { return <p>{[a].map((a) => <Row key={a} a={a} />)}</p> }\nChat.displayName = 'Chat'",
            "<p><i>é</i></p>",
        ),
        (
            "const Row = ({ a }) => <i>{a}</i>\nconst rows = { row: Row }\nconst Chat = ({ a }) => { const Kind = rows.row; return <Kind a={a} /> }",
            "<i>é</i>",
        ),
        (
            "const Tree = ({ a, deep }) => deep ? <p>{a}</p> : <Tree a={a} deep />",
            "<p>é</p>",
        ),
        // What ends the code for no other reason.
        ("({ a }) => <p>{a}</p>", "<p>é</p>"),
        (
            "const Row = ({ a }) => <i>{a}</i>;\n({ a }) => <Row a={a} />;",
            "<i>é</i>",
        ),
        ("(function ({ a }) { return <p>{a}</p> });", "<p>é</p>"),
        (
            "const One = () => <i/>\nconst chat = ({ a }) => <p>{a}</p>\nconst Two = () => <b/>\nchat;",
            "<p>é</p>",
        ),
    ]);
}

#[test]
fn common_js_counts_as_a_default_export() {
    all_show(&[
        (
            "const React = require('react')\nfunction Chat({ a }) { return React.createElement('p', null, a) }\nmodule.exports = Chat",
            "<p>é</p>",
        ),
        (
            "const { useState } = require('react')\nmodule.exports = ({ a }) => { const [x] = useState(a); return <p>{x}</p> }",
            "<p>é</p>",
        ),
        ("exports.default = ({ a }) => <p>{a}</p>", "<p>é</p>"),
        (
            "module.exports.default = ({ a }) => <p>{a}</p>\nmodule.exports.other = 1",
            "<p>é</p>",
        ),
        (
            "import react = require('react')\nfunction Chat({ a }) { return react.createElement('p', null, a) }\nexport = Chat",
            "<p>é</p>",
        ),
        (
            "function Chat({ a }) { return <p>{a}</p> }\nmodule.exports = { Chat }",
            "<p>é</p>",
        ),
        (
            "function Chat({ a }) { return <p>{a}</p> }\nexports.Chat = Chat",
            "<p>é</p>",
        ),
        // As compilers print it.
        (
            "\"use strict\";\nObject.defineProperty(exports, \"__esModule\", { value: true });\nexports.default = void 0;\nvar _react = _interopRequireDefault(require(\"react\"));\nvar _jsxRuntime = require(\"react/jsx-runtime\");\nfunction _interopRequireDefault(e) { return e && e.__esModule ? e : { default: e }; }\nfunction Chat({ a }) { return (0, _jsxRuntime.jsx)(\"p\", { children: _react.default.createElement(\"i\", null, a) }); }\nvar _default = exports.default = Chat;",
            "<p><i>é</i></p>",
        ),
        (
            "const module = 1\nexports.default = ({ a }) => <p>{a}{module}</p>",
            "<p>é1</p>",
        ),
        // A module's own names of that kind are left alone.
        (
            "const module = { exports: 1 }\nmodule.exports = 2\nexport default ({ a }) => <p>{a}{module.exports}</p>",
            "<p>é2</p>",
        ),
    ]);
}

#[test]
fn types_vanish_and_what_they_mean_stays() {
    all_show(&[
        (
            "enum Size { Small = 's', Large = 'l' }\nconst enum Mode { A = 4, B }\nexport default ({ a }: { a: string }) => <p className={Size.Large}>{a}{Mode.B}</p>",
            "<p className=\"l\">é5</p>",
        ),
        (
            "const first = <T,>(list: T[]): T => list[0]\nconst second = <T extends string>(list: T[]) => list[1]!\nexport default <P extends { a: string }>({ a }: P) => <p>{first<string>([a])}{second([a, 'x'])}</p>",
            "<p>éx</p>",
        ),
        (
            "const sizes = { s: 1 } satisfies Record<string, number>\nexport default ({ a }: any) => <p>{(a as string)}{sizes.s}</p>",
            "<p>é1</p>",
        ),
        (
            "import type { Motion } from 'framer-motion'\nimport { type Icon } from 'icons'\nimport { MotionProps } from 'other'\nimport React, { type FC, ReactNode } from 'react'\nexport type { Thing } from './thing'\ndeclare const x: Icon\ntype P = MotionProps & { a: ReactNode; m?: Motion }\nexport const Chat: FC<P> = ({ a }) => <p>{a}</p>",
            "<p>é</p>",
        ),
        (
            "declare module 'x' {}\ndeclare global { interface Window { a: string } }\ndeclare function Other(): void\nabstract class Base { abstract a(): string; b?: string }\nclass Row extends Base { a() { return 'r' + ('b' in this) } }\nexport const Chat = ({ a }: { a: string }) => <p>{a}{new Row().a()}</p>",
            "<p>érfalse</p>",
        ),
        (
            "namespace Text { export const mark = '!' }\nimport Mark = Text.mark\nexport default ({ a }: any) => <p>{a}{Mark}</p>",
            "<p>é!</p>",
        ),
        (
            "class Chat extends React.Component<{ a: string }> { props: { a: string }; static size = 2; constructor(readonly given: any) { super(given) } render() { return <p>{this.props.a}{Chat.size}{this.given.a}</p> } }",
            "<p>é2é</p>",
        ),
    ]);
}

#[test]
fn all_kinds_of_code_run() {
    all_show(&[
        (
            "'use client'\n/** @jsxRuntime automatic */\n/** @jsx other */\n// a comment\nexport default ({ a }) => <>{/* nothing */}<p>{a}</p></>",
            "<p>é</p>",
        ),
        (
            "#!/usr/bin/env node\nexport default ({ a }) => <p>{a}</p>",
            "<p>é</p>",
        ),
        (
            "import { h } from 'preact'\nimport { useState } from 'preact/hooks'\nexport default ({ a }) => h('p', null, useState(a)[0])",
            "<p>é</p>",
        ),
        (
            "import { default as R, 'createElement' as make } from 'react'\nimport * as all from 'react'\nimport 'react'\nimport {} from 'react'\nexport default ({ a }) => make('p', null, a, all.createElement === R.createElement)",
            "<p>é</p>",
        ),
        (
            "export { useState } from 'react'\nexport * from 'react'\nexport default ({ a }) => <p>{a}</p>",
            "<p>é</p>",
        ),
        (
            "export default (props) => <p {...props} b=\"x\" {...{ c: 1 }}>{props?.a?.length}{props.x?.y ?? 'none'}{`a${props.a}\n\\``}</p>",
            "<p a=\"é\" b=\"x\" c=\"1\">1noneaé\n`</p>",
        ),
        (
            "const Table = { Row: ({ a }) => <i>{a}</i> }\nexport default ({ a }) => <svg xlink:href=\"#x\" data-a='1'><Table.Row a={a} /></svg>",
            "<svg xlink:href=\"#x\" data-a=\"1\"><i>é</i></svg>",
        ),
        (
            "export default ({ a }) => <p>\n  two &nbsp;&amp; &#233; {\"{\"}\n  lines {a}\n</p>",
            "<p>two \u{a0}& é {lines é</p>",
        ),
        (
            "let calls = 0\nclass Box { #hidden = 1; static { calls += 1 } get value() { return this.#hidden } }\nlabel: for (const x of [1, 2]) { if (x) break label }\nexport default ({ a, ...rest }) => <p>{a}{calls}{new Box().value}{Object.keys(rest).length}{/(?<y>a)/u.test('a') ? 'm' : ''}{2n ** 3n}</p>",
            "<p>é110m8</p>",
        ),
        (
            "const makes = async () => { await 1; for await (const x of []) {} }\nexport default ({ a }) => { makes(); return <p>{a}</p> }",
            "<p>é</p>",
        ),
        (
            "export default ({ a }) => process.env.NODE_ENV === 'production' && import.meta.env.PROD && !import.meta.env.DEV && <p>{a}{import.meta.env.MODE}{process.env.NODE_ENV}</p>",
            "<p>éproductionproduction</p>",
        ),
        (
            "const list = [3, 1, 2].toSorted()\nexport default ({ a }) => <p>{a}{list.at(-1)}{Object.groupBy([1], () => 'g').g}{/[\\p{L}--[a-z]]/v.test('é') ? 'v' : ''}</p>",
            "<p>é31v</p>",
        ),
    ]);
}

#[test]
fn names_of_the_code_and_those_around_it_do_not_meet() {
    all_show(&[
        (
            "const $h = 1, $Fragment = 2, $require = 3, $Component = 4, $module0 = 5\nconst x = require('react')\nexport default ({ a }) => <><p>{a}{$h}{$Fragment}{$require}{$Component}{$module0}{x.useState(6)[0]}</p></>",
            "<p>é123456</p>",
        ),
        (
            "export default ({ a }) => { const f = ($h, $Fragment) => <><p>{a}{$h}</p></>; return f(1, 2) }",
            "<p>é1</p>",
        ),
        (
            "export default ({ a }) => { const createElement = 1, React = 2; return <p>{a}{createElement}{React}</p> }",
            "<p>é12</p>",
        ),
        (
            "const exports = 1, module = 2, require = (x) => x\nexport default ({ a }) => <p>{a}{exports}{module}{require('any')}</p>",
            "<p>é12any</p>",
        ),
        (
            "export default ({ a }) => <p>{a}{typeof process}{typeof require}</p>",
            "<p>éundefinedundefined</p>",
        ),
    ]);
}

#[test]
fn what_a_module_keeps_is_new_each_time() {
    let code = "let id = 0\nexport default () => <p>{++id}</p>";
    let compiled = compile(code).unwrap();
    let twice = run(|ctx| {
        let server = &compiled.server;
        ctx.eval(format!(
            "const make = {server}; shown(make(() => all)) + shown(make(() => all))"
        ))
    });
    assert_eq!(twice.as_deref(), Ok("<p>1</p><p>1</p>"));
}

#[test]
fn no_text_ends_the_function_around_it() {
    for code in [
        "export default () => <p>{\"})); throw 1; (function(){\"}</p>",
        "export default () => <p>{`\\`}); throw 1; //`}</p>\n//",
        "/* */ export default () => <p>x</p> /* } */\n// return 1; })\n<!-- x",
    ] {
        if let Ok(compiled) = compile(code) {
            let called = run(|ctx| ctx.eval(format!("typeof {}(() => all)", compiled.server)));
            assert_eq!(called.as_deref(), Ok("function"), "{code}");
        }
    }
}
