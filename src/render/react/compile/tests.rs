//! Tests of the compiler.

use super::*;

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
    assert!(compiled.outline.interactive);
}
