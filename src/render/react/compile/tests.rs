//! Tests of the compiler: what it makes runs in the engine with a library of some lines, as a script and as
//! a module, and must give the same.

mod interactive;
mod modules;
mod places;
mod refused;
mod rendered;

use rquickjs::loader::{BuiltinLoader, BuiltinResolver};
use rquickjs::{CatchResultExt, CaughtError, Context, Ctx, Module, Runtime};

use super::super::{Fault, FaultKind, MAX_CODE_BYTES, PROVIDED};
use super::{Compiled, compile};

/// As much of React as a test needs: elements are objects, and `html` walks them.
const LIBRARY: &str = r#"
export const createElement = (type, attributes, ...children) => ({ type, attributes, children });
export const h = createElement;
export const cloneElement = (element, more) => ({ ...element, attributes: { ...element.attributes, ...more } });
export const Fragment = "fragment";
export class Component { constructor(props) { this.props = props; } setState() {} }
export const memo = (component) => component;
export const forwardRef = (render) => (props) => render(props, null);
export const createContext = (value) => ({ value });
export const useContext = (context) => context.value;
export const useState = (value) => [typeof value === "function" ? value() : value, () => {}];
export const useReducer = (reducer, value) => [value, () => {}];
export const useRef = (current) => ({ current });
export const useMemo = (make) => make();
export const useCallback = (callback) => callback;
export const useId = () => "id";
export const useEffect = () => {};
export const jsx = (type, { children, ...attributes }) => ({ type, attributes, children: [children] });
export const jsxs = jsx;
const all = { createElement, h, cloneElement, Fragment, Component, memo, forwardRef, createContext,
  useContext, useState, useReducer, useRef, useMemo, useCallback, useId, useEffect, jsx, jsxs };
export default all;
globalThis.all = { ...all, default: all };
globalThis.html = (node) => {
  if (Array.isArray(node)) return node.map(html).join("");
  if (node == null || typeof node === "boolean") return "";
  if (typeof node !== "object") return String(node);
  const { type, attributes, children } = node;
  const props = { ...attributes };
  if (children.length) props.children = children.length < 2 ? children[0] : children;
  if (type === "fragment") return html(children);
  if (typeof type !== "function") {
    const texts = Object.entries(attributes ?? {}).filter(([, value]) => typeof value !== "function");
    return `<${type}${texts.map(([name, value]) => ` ${name}="${value}"`).join("")}>${html(children)}</${type}>`;
  }
  return html(type.prototype?.render ? new type(props).render() : type(props));
};
globalThis.shown = (component, props) => html(createElement(component, props));
"#;

/// What is shown of a component with these props, by the code of the engine; that of browsers gives the
/// same.
fn shown(code: &str, props: &str) -> String {
    let compiled = compile(code).unwrap_or_else(|faults| panic!("{code}\n{faults:#?}"));
    let script = run(|ctx| {
        let call = format!("shown({}(() => all), {props})", compiled.server);
        ctx.eval(call)
    })
    .unwrap_or_else(|failure| panic!("{failure}\n{}", compiled.server));
    let module = run(|ctx| {
        let (module, done) =
            Module::declare(ctx.clone(), "client", &*compiled.outline.client)?.eval()?;
        done.finish::<()>()?;
        ctx.globals()
            .set("client", module.get::<_, rquickjs::Value>("default")?)?;
        ctx.eval(format!("shown(client, {props})"))
    })
    .unwrap_or_else(|failure| panic!("{failure}\n{}", compiled.outline.client));
    assert_eq!(script, module, "{code}");
    script
}

/// What comes of some work in an engine that has the library, or the error that it threw.
fn run(work: impl for<'js> FnOnce(Ctx<'js>) -> rquickjs::Result<String>) -> Result<String, String> {
    let runtime = Runtime::new().unwrap();
    let mut resolver = BuiltinResolver::default();
    let mut loader = BuiltinLoader::default();
    for name in PROVIDED {
        resolver.add_module(name);
        loader.add_module(name, LIBRARY);
    }
    runtime.set_loader(resolver, loader);
    let context = Context::full(&runtime).unwrap();
    context.with(|ctx| {
        Module::evaluate(ctx.clone(), "library", LIBRARY)
            .unwrap()
            .finish::<()>()
            .unwrap();
        work(ctx.clone()).catch(&ctx).map_err(|error| match error {
            CaughtError::Exception(exception) => format!(
                "{}\n{}",
                exception.message().unwrap_or_default(),
                exception.stack().unwrap_or_default()
            ),
            other => other.to_string(),
        })
    })
}

/// The faults of code that is refused.
fn faults(code: &str) -> Vec<Fault> {
    match compile(code) {
        Ok(compiled) => panic!("{code}\nis compiled:\n{}", compiled.server),
        Err(faults) => faults,
    }
}
