//! Which components do anything in a browser.

use super::*;

#[test]
fn handlers_and_hooks_that_act_make_a_component_interactive() {
    for code in [
        "import { useState } from 'react'\nexport default () => <p>{useState(1)[0]}</p>",
        "import { useEffect as later } from 'react'\nexport default () => { later(() => {}); return <p /> }",
        "import React from 'react'\nexport default () => { React.useEffect(() => {}); return <p /> }",
        "export default () => { React.useReducer((x) => x, 1); return <p /> }",
        "import * as R from 'preact/hooks'\nexport default () => { R.useLayoutEffect(() => {}); return <p /> }",
        "const { useState } = React\nexport default () => <p>{useState(1)[0]}</p>",
        "const { useState: us } = require('react')\nexport default () => <p>{us(1)[0]}</p>",
        "import { useEffect } from 'react'\nfunction useClock() { useEffect(() => {}) }\nexport default () => { useClock(); return <p /> }",
        "export default () => <button onClick={() => alert(1)}>x</button>",
        "export default ({ send }) => <form onSubmit={send} />",
        "const log = () => {}\nexport default () => <p onMouseEnter={log} />",
        "const Row = ({ onPick }) => <li onClick={onPick} />\nexport default () => <Row onPick={() => {}} />",
        "export default () => React.createElement('p', { onClick: () => {} })",
        "import { h } from 'preact'\nexport default () => h('p', { 'onClick': function () {} })",
        "const props = { onClick() {} }\nexport default () => <p {...props} />",
        "const save = () => {}\nexport default () => <form action={save} />",
        "export default () => <button formAction={() => {}} />",
        "export default () => <input ref={(it) => it?.focus()} />",
        "import { useDeferredValue } from 'react'\nexport default () => <p>{useDeferredValue(1, 0)}</p>",
        "export default class extends React.Component { componentDidMount() {} render() { return <p /> } }",
        "export default class extends React.Component { state = { a: 1 }; render() { return <p /> } }",
        "export default class extends React.Component { go = () => this.setState({}); render() { this.go(); return <p /> } }",
        "exports.default = () => (0, require('react/jsx-runtime').jsx)('p', { onClick: () => {} })",
    ] {
        assert!(compile(code).unwrap().outline.interactive, "{code}");
    }
}

#[test]
fn what_only_gives_html_is_not_interactive() {
    for code in [
        "export default ({ a }) => <p only={a} on={a} one=\"x\">{a}</p>",
        "import { useMemo, useId, useContext, createContext, useRef, useCallback } from 'react'\nconst C = createContext(1)\nexport default () => { const r = useRef(null); useCallback(() => {}, []); return <p ref={r} id={useId()}>{useMemo(() => useContext(C), [])}</p> }",
        "export default () => <button onClick={undefined} onFocus={null} onBlur={void 0} onSale onCall={false}>x</button>",
        "export default ({ url }) => <form action={url}><button formAction=\"/x\" /></form>",
        "import { useState } from 'react'\nexport default () => <p>x</p>",
        "import { useState, useEffect } from 'react'\nexport function useClock() { return useState(0) }\nexport default () => { if (process.env.NODE_ENV !== 'production') useEffect(() => {}); return <p /> }",
        "const Unused = () => <b onClick={() => {}} />\nexport default () => <p />",
        "function useState(x) { return [x] }\nexport default () => <p>{useState(1)[0]}</p>",
        "export default class extends React.Component { static state = 1; render() { return <p /> } }",
        "class Box { state = 1; componentDidMount() {} }\nexport default () => <p>{new Box().x}</p>",
        "import { useDeferredValue } from 'react'\nexport default () => <p>{useDeferredValue(1)}</p>",
        "const names = { onSale: 'Sale', onCall: true }\nexport default () => <p>{names.onSale}</p>",
    ] {
        assert!(!compile(code).unwrap().outline.interactive, "{code}");
    }
}
