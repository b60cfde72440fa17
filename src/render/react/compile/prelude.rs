//! What stands before the code: where its imports and the functions that JSX calls come from.

use oxc::syntax::identifier::is_identifier_name;

use super::super::PROVIDED;
use super::names::Names;
use super::rewrite::{Body, Import, Imported};

/// All that the code is to have: what it imports, and what it uses without saying so.
pub(super) fn imports(body: &Body, names: &Names) -> Vec<Import> {
    let import = |what: Imported, local: &str, module: &str| Import {
        module: module.to_string(),
        what,
        local: local.to_string(),
    };
    let exported = |name: &str, local: &str| import(Imported::Export(name.into()), local, "react");
    let mut imports = body.imports.clone();
    if body.globals.contains(&names.element) {
        imports.push(exported("createElement", &names.element));
    }
    if body.globals.contains(&names.fragment) {
        imports.push(exported("Fragment", &names.fragment));
    }
    // Old code counts on React being there.
    if body.globals.contains("React") {
        imports.push(exported("default", "React"));
    }
    for (at, module) in body.required.iter().enumerate() {
        imports.push(import(
            Imported::All,
            &Body::required_name(names, at),
            module,
        ));
    }
    imports
}

/// What CommonJS code assigns to, where the code does not declare these names itself.
fn common_js(body: &Body, names: &Names) -> String {
    let has = |name: &str| body.globals.contains(name);
    let mut text = String::new();
    if has("module") || has("exports") {
        text += &format!("const {} = {{ exports: {{}} }};", names.module);
    }
    if has("module") {
        text += &format!(" const module = {};", names.module);
    }
    if has("exports") {
        text += &format!(" const exports = {}.exports;", names.module);
    }
    text
}

/// The beginning of the function that the engine calls, one line.
pub(super) fn server(body: &Body, names: &Names) -> String {
    let require = &names.require;
    let mut text = format!("(function ({require}) {{ \"use strict\";");
    for Import {
        module,
        what,
        local,
    } in imports(body, names)
    {
        let member = match what {
            Imported::All => String::new(),
            Imported::Export(name) if is_identifier_name(&name) => format!(".{name}"),
            Imported::Export(name) => format!("[{}]", quoted(&name)),
        };
        let module = quoted(&module);
        text += &format!(" const {local} = {require}({module}){member};");
    }
    let common_js = common_js(body, names);
    if !common_js.is_empty() {
        text.push(' ');
        text += &common_js;
    }
    text
}

/// The imports of the module for browsers, one statement a module.
pub(super) fn client(body: &Body, names: &Names) -> String {
    let imports = imports(body, names);
    let mut text = String::new();
    for module in PROVIDED {
        let of_module = || imports.iter().filter(|import| import.module == module);
        let named: Vec<String> = of_module()
            .filter_map(|import| match &import.what {
                Imported::All => None,
                Imported::Export(name) if is_identifier_name(name) => {
                    Some(format!("{name} as {}", import.local))
                }
                Imported::Export(name) => Some(format!("{} as {}", quoted(name), import.local)),
            })
            .collect();
        if !named.is_empty() {
            text += &format!("import {{ {} }} from \"{module}\";\n", named.join(", "));
        }
        for import in of_module().filter(|import| import.what == Imported::All) {
            text += &format!("import * as {} from \"{module}\";\n", import.local);
        }
    }
    text += &common_js(body, names);
    text.push('\n');
    text
}

/// A text as a literal: each of JSON is one of JavaScript.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
