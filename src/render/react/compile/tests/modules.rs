//! The module for browsers.

use super::*;

fn client(code: &str) -> String {
    compile(code).unwrap().outline.client
}

#[test]
fn a_component_becomes_a_function_and_a_module() {
    let compiled = compile(
        "import { useState as us, type FC } from 'react';\n\
         export const Chat: FC<P> = ({ a }) => {\n  const [x] = us(0);\n  return <p>ü {a}{x}</p>;\n};\n",
    )
    .unwrap();
    assert_eq!(
        compiled.server,
        "(function ($require) { \"use strict\"; const us = $require(\"react\").useState; \
         const $h = $require(\"react\").createElement;\n\
         const Chat = ({ a }) => {\n\tconst [x] = us(0);\n\treturn $h(\"p\", null, \"ü \", a, x);\n};\n\
         return Chat;\n})"
    );
    assert_eq!(
        compiled.outline.client,
        "import{useState as e,createElement as t}from\"react\";\
         const Chat=({a:n})=>{let[r]=e(0);return t(`p`,null,`ü `,n,r)};export{Chat as default};"
    );
}

#[test]
fn only_what_is_used_is_imported() {
    assert_eq!(
        client(
            "import React, { useState, useEffect } from 'react'\nimport 'preact'\nimport * as all from 'preact/hooks'\nconst one = require('react-dom')\nexport default ({ a }) => { if (process.env.NODE_ENV === 'development') useEffect(one); return <p>{a}</p> }"
        ),
        "import{createElement as e}from\"react\";const $Component=({a:t})=>e(`p`,null,t);export{$Component as default};"
    );
    assert!(!client("export default () => 'text'").contains("import"));
}

#[test]
fn names_of_functions_and_classes_stay() {
    let code = "function Row() { return 1 }\nclass Box { a() { return 2 } }\nexport default function Chat() { const helper = () => 0; return <p>{Row.name}{Box.name}{helper.name}{new Box().a()}{Row()}</p> }";
    assert_eq!(shown(code, "{}"), "<p>RowBoxhelper21</p>");
}

#[test]
fn the_same_code_gives_the_same_bytes() {
    let code = "import { useState, useId, memo } from 'react'\nimport { useEffect } from 'preact/hooks'\nconst a1 = require('react-dom'), b1 = require('preact')\nenum E { A, B }\nexport const Chat = memo(() => <p onClick={() => a1.x(b1)}>{useState(E.B)[0]}{useId()}{useEffect(() => {})}</p>)";
    let first = compile(code).unwrap();
    for _ in 0..20 {
        assert_eq!(compile(code).as_ref(), Ok(&first));
    }
}
