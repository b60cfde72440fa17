//! The library of React components, as the engine and browsers load it, from the files of npm packages.

mod join;

use crate::digest::{Digest, Hasher};
use crate::model::{Library, Packages};
use join::{Exports, commonjs_names, join, minify};

/// How all of it is put to use, beyond what the digest sees: another number makes other digests, so that
/// what was rendered in the old way is rendered again.
const WAY: u64 = 1;

/// The library, ready for the engine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Runtime {
    pub library: Library,
    /// What the engine loads, all as CommonJS: the body of a function of `require`, `exports` and `module`,
    /// by the name that the others require it by. `preact` has its hooks and its `compat` in it.
    pub modules: Vec<(String, String)>,
    /// Of all files that it is made from, and of how it is made.
    pub digest: Digest,
}

/// A file of the library for browsers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientFile {
    /// `preact.js`: its name without a digest.
    pub name: String,
    pub text: String,
    /// The names that are imported as this file; all of [`super::PROVIDED`] are those of some file.
    pub names: Vec<String>,
}

/// The library from its files; or which package is missing.
pub fn runtime(library: Library, packages: &Packages) -> Result<Runtime, String> {
    // What only browsers need is missed before a page needs it.
    for path in library.files().iter().filter(|path| path.ends_with("js")) {
        file(packages, path)?;
    }
    let modules = match library {
        Library::Preact => preact_modules(packages)?,
        Library::React => react_modules(packages)?,
    };
    let mut hasher = Hasher::new("react runtime");
    hasher.number(WAY);
    for script in super::engine::SCRIPTS {
        hasher.text(script);
    }
    for (name, text) in &modules {
        hasher.text(name);
        hasher.text(text);
    }
    for path in library.files() {
        if let Some(file) = packages.files.get(*path) {
            hasher.text(path);
            hasher.text(&file.text);
        }
    }
    Ok(Runtime {
        library,
        modules,
        digest: hasher.finish(),
    })
}

/// The library for browsers; or what is missing or cannot be read of it.
pub fn client_files(library: Library, packages: &Packages) -> Result<Vec<ClientFile>, String> {
    match library {
        Library::Preact => preact_client(packages),
        Library::React => react_client(packages),
    }
}

/// The module that looks for islands on a page and brings them to life.
pub fn loader() -> String {
    minify(include_str!("client/islands.js"), true).expect("the tests minify it")
}

/// The licences of all that the built site has of the packages: name, version and text of each.
pub fn licences(library: Library, packages: &Packages) -> String {
    // What only renders to a string is not in the site.
    let names: &[&str] = match library {
        Library::Preact => &["preact"],
        Library::React => &["react", "react-dom", "scheduler"],
    };
    let mut all = String::new();
    for name in names {
        let version = file(packages, &format!("{name}/package.json"))
            .ok()
            .and_then(|text| serde_json::from_str::<serde_json::Value>(text).ok())
            .and_then(|json| Some(json.get("version")?.as_str()?.to_string()))
            .unwrap_or_default();
        let text = file(packages, &format!("{name}/LICENSE")).unwrap_or_default();
        if !all.is_empty() {
            all.push_str("\n\n");
        }
        all.push_str(format!("{name} {version}").trim_end());
        all.push_str("\n\n");
        all.push_str(text.trim());
        all.push('\n');
    }
    all
}

/// The text of a file of the packages.
fn file<'a>(packages: &'a Packages, path: &str) -> Result<&'a str, String> {
    match packages.files.get(path) {
        Some(file) => Ok(&file.text),
        None => Err(format!("{}/{path} is not there", packages.folder)),
    }
}

/// preact, its hooks and its `compat` as one: statements, and what they export. One `compat` for all names
/// is what the server and browsers share.
fn preact(packages: &Packages) -> Result<(String, Exports), String> {
    let joined = join(&[
        ("preact", file(packages, "preact/dist/preact.mjs")?),
        (
            "preact/hooks",
            file(packages, "preact/hooks/dist/hooks.mjs")?,
        ),
        (
            "preact/compat",
            file(packages, "preact/compat/dist/compat.mjs")?,
        ),
    ])
    .map_err(|why| in_folder(packages, &why))?;
    let mut exports = Exports::new();
    for name in ["preact", "preact/hooks", "preact/compat"] {
        exports.extend(joined.exports[name].clone());
    }
    let local = |name: &str| -> Result<&str, String> {
        exports
            .get(name)
            .map(String::as_str)
            .ok_or_else(|| in_folder(packages, &format!("preact exports no {name}")))
    };
    // As preact/compat/client.mjs and preact/jsx-runtime have it, in fewer bytes.
    let more = format!(
        "const $rb_createRoot = container => ({{
            render(children) {{ {render}(children, container) }},
            unmount() {{ {unmount}(container) }}
        }});
        const $rb_hydrateRoot = (container, children) => (
            {hydrate}(children, container), $rb_createRoot(container)
        );
        const $rb_jsx = (type, props, key) =>
            {create}(type, key === undefined ? props : {{...props, key}});
        {default}.createRoot = $rb_createRoot;
        {default}.hydrateRoot = $rb_hydrateRoot;\n",
        render = local("render")?,
        unmount = local("unmountComponentAtNode")?,
        hydrate = local("hydrate")?,
        create = local("createElement")?,
        default = local("default")?,
    );
    for (name, local) in [
        ("createRoot", "$rb_createRoot"),
        ("hydrateRoot", "$rb_hydrateRoot"),
        ("jsx", "$rb_jsx"),
        ("jsxs", "$rb_jsx"),
        ("jsxDEV", "$rb_jsx"),
    ] {
        exports.insert(name.into(), local.into());
    }
    Ok((joined.body + &more, exports))
}

fn preact_modules(packages: &Packages) -> Result<Vec<(String, String)>, String> {
    let (mut library, exports) = preact(packages)?;
    for (name, local) in &exports {
        library.push_str(&format!("exports.{name}={local};"));
    }
    // What it imports of preact are parameters of a module that stands for it.
    let names = ["Fragment", "h", "isValidElement", "options"];
    let stand_in = format!("var {0};export{{{0}}}", names.join(","));
    let joined = join(&[
        ("preact", &stand_in),
        (
            "preact-render-to-string",
            file(packages, "preact-render-to-string/dist/index.mjs")?,
        ),
    ])
    .map_err(|why| in_folder(packages, &why))?;
    let of_preact = &joined.exports["preact"];
    let mut renders = String::new();
    for name in names {
        renders.push_str(&format!(
            "{} = require(\"preact\").{name};\n",
            of_preact[name]
        ));
    }
    renders.push_str(&joined.body);
    let to_string = joined.exports["preact-render-to-string"].get("renderToString");
    let to_string = to_string
        .ok_or_else(|| in_folder(packages, "preact-render-to-string has no renderToString"))?;
    renders.push_str(&format!("exports.renderToString={to_string};"));
    [("preact", library), ("preact-render-to-string", renders)]
        .into_iter()
        .map(|(name, text)| Ok((name.to_string(), small(packages, name, &text, false)?)))
        .collect()
}

fn preact_client(packages: &Packages) -> Result<Vec<ClientFile>, String> {
    let (mut text, exports) = preact(packages)?;
    let list: Vec<String> = exports
        .iter()
        .map(|(name, local)| format!("{local} as {name}"))
        .collect();
    text.push_str(&format!("export{{{}}};", list.join(",")));
    Ok(vec![ClientFile {
        name: "preact.js".into(),
        text: small(packages, "preact", &text, true)?,
        names: super::PROVIDED.map(String::from).to_vec(),
    }])
}

fn react_modules(packages: &Packages) -> Result<Vec<(String, String)>, String> {
    [
        ("react", "react/cjs/react.production.js"),
        ("react-dom", "react-dom/cjs/react-dom.production.js"),
        (
            "react-dom/server",
            "react-dom/cjs/react-dom-server-legacy.browser.production.js",
        ),
    ]
    .into_iter()
    .map(|(name, path)| {
        let mut text = file(packages, path)?.to_string();
        if name == "react" {
            text.push_str(REACT_JSX);
        }
        Ok((name.to_string(), small(packages, name, &text, false)?))
    })
    .collect()
}

/// What `react/jsx-runtime` exports, in the file of `react`.
const REACT_JSX: &str = "
exports.jsx = exports.jsxs = exports.jsxDEV = (type, props, key) =>
    exports.createElement(type, key === undefined ? props : {...props, key});
";

fn react_client(packages: &Packages) -> Result<Vec<ClientFile>, String> {
    let react = file(packages, "react/cjs/react.production.js")?.to_string() + REACT_JSX;
    let names = commonjs_names(&react).map_err(|why| in_folder(packages, &why))?;
    let text = format!(
        "const $exports = {{}};\n(exports => {{\n{react}\n}})($exports);\n{}",
        exporting(&names),
    );
    let mut files = vec![ClientFile {
        name: "react.js".into(),
        text: small(packages, "react", &text, true)?,
        names: Vec::new(),
    }];

    let dom = file(packages, "react-dom/cjs/react-dom.production.js")?;
    let client = file(packages, "react-dom/cjs/react-dom-client.production.js")?;
    let scheduler = file(packages, "scheduler/cjs/scheduler.production.js")?;
    let mut names = commonjs_names(dom).map_err(|why| in_folder(packages, &why))?;
    names.extend(commonjs_names(client).map_err(|why| in_folder(packages, &why))?);
    names.sort();
    names.dedup();
    let text = format!(
        "import $react from \"react\";
        const $exports = {{}}, $scheduler = {{}};
        const $require = name => name === \"react\" ? $react : name === \"scheduler\" ? $scheduler : $exports;
        (exports => {{\n{scheduler}\n}})($scheduler);
        ((exports, require) => {{\n{dom}\n}})($exports, $require);
        ((exports, require) => {{\n{client}\n}})($exports, $require);\n{}",
        exporting(&names),
    );
    files.push(ClientFile {
        name: "react-dom.js".into(),
        text: small(packages, "react-dom", &text, true)?,
        names: Vec::new(),
    });
    for name in super::PROVIDED {
        let of_dom = name.starts_with("react-dom");
        files[usize::from(of_dom)].names.push(name.to_string());
    }
    Ok(files)
}

/// Exports of what `$exports` has, by name and as a whole.
fn exporting(names: &[String]) -> String {
    format!(
        "export const {{{}}} = $exports;\nexport default $exports;\n",
        names.join(",")
    )
}

fn small(packages: &Packages, name: &str, text: &str, is_module: bool) -> Result<String, String> {
    minify(text, is_module).map_err(|why| in_folder(packages, &format!("{name}: {why}")))
}

fn in_folder(packages: &Packages, why: &str) -> String {
    format!("{}: {why}", packages.folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loader_imports_when_it_needs_something() {
        let loader = loader();
        assert!(
            loader.contains("import(") && loader.contains("data-island"),
            "{loader}"
        );
        assert!(!loader.contains("//") && loader.len() < 2_000, "{loader}");
    }
}
