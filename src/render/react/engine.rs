//! Renders components in an engine, QuickJS, whose clock stands still, whose dice are always the same, and
//! whose objects nobody can change: nothing that one rendering does is there in the next one.

mod faults;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use rquickjs::context::{EvalOptions, intrinsic};
use rquickjs::function::Function;
use rquickjs::{Array, Context, Ctx, Error, Object, Persistent, Value};

use super::compile::Compiled;
use super::{Fault, FaultKind, MAX_ENGINE_BYTES, MAX_HTML_BYTES, Rendered, Runtime};
use crate::digest::Digest;
use crate::model::Library;

/// How much stack a thread must have that makes or uses an engine, in bytes.
pub const THREAD_STACK_BYTES: usize = 32 * 1024 * 1024;
/// How much of it the engine takes, in bytes, before it says that there is no more; what it does until it
/// looks takes a little more. It is the most that rquickjs lets be a limit: more would be none at all.
const STACK_BYTES: usize = 16 * 1024 * 1024;

/// How much memory is taken before the collector of cycles first looks, in bytes: few renderings take so
/// much, and each look costs as much as several of them.
const COLLECTED_AFTER: usize = 24 * 1024 * 1024;
/// After how many renderings cycles are collected anyway.
const COLLECTED_EACH: u64 = 256;

/// How many pieces of work, such as what follows an `await`, a rendering may leave behind.
const MOST_LEFT_WORK: usize = 10_000;

/// How many components one machine has before another one takes its place.
const MOST_COMPONENTS: usize = 64;

/// The name of the component's script in the stacks of errors.
const COMPONENT: &str = "component";

const HARNESS: &str = include_str!("engine/harness.js");
const INTL: &str = include_str!("engine/intl.js");
const INTL_DATA: &str = include_str!("engine/intl.data");
/// All that the engine runs of its own, which decides what is rendered as much as the library does.
pub(super) const SCRIPTS: [&str; 3] = [HARNESS, INTL, INTL_DATA];

/// What an engine has that is built in. No `WeakRef`, which shows when something is collected, and no
/// `performance`, which is a clock.
type Intrinsics = (
    intrinsic::Date,
    intrinsic::Eval,
    intrinsic::RegExpCompiler,
    intrinsic::RegExp,
    intrinsic::Json,
    intrinsic::Proxy,
    intrinsic::MapSet,
    intrinsic::TypedArrays,
    intrinsic::Promise,
);

/// A limit that was passed. Code can catch the error that tells it, so it is also noted here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Limit {
    Time,
    Memory,
    Stack,
    Work,
    Text,
}

/// What a component is rendered with.
#[derive(Clone, Copy, Debug)]
pub struct Given<'a> {
    /// A JSON object.
    pub props: &'a str,
    /// What the time is said to be, in milliseconds since 1970.
    pub day: i64,
    /// The key of the block, with which the ids of `useId` begin.
    pub block: &'a str,
}

/// An engine for components. The library and the component are made anew for each rendering, and all else is
/// frozen, so components share nothing in it but its memory.
pub struct Engine {
    runtime: Runtime,
    is_over: Rc<dyn Fn() -> bool>,
    /// It is gone after a limit was passed, which leaves it in no known state.
    machine: Option<Machine>,
}

/// QuickJS with all that a component needs. Functions of QuickJS go before it does.
struct Machine {
    render: Persistent<Function<'static>>,
    /// What makes each component, by the digest of its code.
    components: BTreeMap<Digest, Persistent<Function<'static>>>,
    notes: Rc<Notes>,
    context: Context,
    quickjs: rquickjs::Runtime,
    renderings: u64,
}

/// What is noted while code runs.
#[derive(Default)]
struct Notes {
    /// The limit that was passed first.
    passed: Cell<Option<Limit>>,
    /// Where the stack was when QuickJS was called.
    stack_top: Cell<usize>,
    /// `inspect` of the harness.
    inspect: RefCell<Option<Persistent<Function<'static>>>>,
}

impl Notes {
    fn pass(&self, limit: Limit) {
        if self.passed.get().is_none() {
            self.passed.set(Some(limit));
        }
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        // QuickJS has a function that has the notes.
        self.notes.inspect.take();
    }
}

impl Engine {
    /// An engine that has the library. It asks `is_over` again and again whether time is
    /// up, as far as it can: not while a function of its own, such as a search in a text, runs.
    ///
    /// The thread that makes and uses it must have [`THREAD_STACK_BYTES`] of stack.
    pub fn new(runtime: &Runtime, is_over: Box<dyn Fn() -> bool>) -> Result<Engine, Fault> {
        let is_over: Rc<dyn Fn() -> bool> = is_over.into();
        let machine = Machine::new(runtime, &is_over)?;
        Ok(Engine {
            runtime: runtime.clone(),
            is_over,
            machine: Some(machine),
        })
    }

    /// The HTML of a component, by the digest of its code, with what it is given. It depends on these alone.
    ///
    /// After a fault of [`FaultKind::Limits`] the next rendering begins with a new engine within this one.
    pub fn render(
        &mut self,
        code: &Digest,
        compiled: &Compiled,
        given: &Given<'_>,
    ) -> Result<Rendered, Fault> {
        let kept = self.machine.take();
        let mut machine = match kept.filter(|kept| {
            kept.components.len() < MOST_COMPONENTS || kept.components.contains_key(code)
        }) {
            Some(machine) => machine,
            None => Machine::new(&self.runtime, &self.is_over)?,
        };
        let is_new = machine.renderings == 0;
        let mut rendered = machine.render(code, compiled, given);
        if machine.notes.passed.get() == Some(Limit::Memory) && !is_new {
            // What earlier renderings left may be what was too much.
            machine = Machine::new(&self.runtime, &self.is_over)?;
            rendered = machine.render(code, compiled, given);
        }
        if machine.notes.passed.get().is_none() {
            self.machine = Some(machine);
        }
        rendered
    }
}

impl Machine {
    fn new(runtime: &Runtime, is_over: &Rc<dyn Fn() -> bool>) -> Result<Machine, Fault> {
        let quickjs = rquickjs::Runtime::new().map_err(unexpected)?;
        quickjs.set_memory_limit(MAX_ENGINE_BYTES);
        quickjs.set_max_stack_size(STACK_BYTES);
        quickjs.set_gc_threshold(COLLECTED_AFTER);
        let notes = Rc::new(Notes::default());
        let (noted, is_over) = (notes.clone(), is_over.clone());
        quickjs.set_interrupt_handler(Some(Box::new(move || {
            let over = is_over();
            if over {
                noted.pass(Limit::Time);
            }
            over
        })));
        let context = Context::custom::<Intrinsics>(&quickjs).map_err(unexpected)?;
        notes.stack_top.set(stack_pointer());
        let made = context.with(|ctx| {
            prepare(&ctx, runtime, &notes)
                .map_err(|error| faults::of_error(&ctx, &error, notes.passed.get()))
        });
        Ok(Machine {
            render: made.inspect_err(|_| drop(notes.inspect.take()))?,
            components: BTreeMap::new(),
            notes,
            context,
            quickjs,
            renderings: 0,
        })
    }

    fn render(
        &mut self,
        code: &Digest,
        compiled: &Compiled,
        given: &Given<'_>,
    ) -> Result<Rendered, Fault> {
        self.renderings += 1;
        if self.renderings.is_multiple_of(COLLECTED_EACH) {
            self.quickjs.run_gc();
            self.quickjs.set_gc_threshold(COLLECTED_AFTER);
        }
        self.notes.stack_top.set(stack_pointer());
        let rendered = self.context.with(|ctx| {
            let answered =
                made_by(&mut self.components, &ctx, code, compiled).and_then(|component| {
                    let render = self.render.clone().restore(&ctx)?;
                    let (props, day, block) = (given.props, given.day as f64, given.block);
                    answer(&render.call::<_, Array<'_>>((component, props, day, block))?)
                });
            match answered {
                Ok(answer) => answer.map_err(|told| {
                    if told.is_too_much_text() {
                        self.notes.pass(Limit::Text);
                    }
                    faults::of_told(told, compiled)
                }),
                Err(error) => Err(faults::of_error(&ctx, &error, self.notes.passed.get())),
            }
        });
        self.finish_work();
        match self.notes.passed.get() {
            Some(limit) => Err(faults::of_limit(limit)),
            None => rendered,
        }
    }

    /// Does the work that a rendering left, so that none is done in the next one.
    fn finish_work(&self) {
        for _ in 0..MOST_LEFT_WORK {
            // What fails then has no effect on what was rendered.
            if let Ok(false) = self.quickjs.execute_pending_job() {
                return;
            }
            if self.notes.passed.get().is_some() {
                return;
            }
        }
        self.notes.pass(Limit::Work);
    }
}

/// The function that makes a component, which is read when it is first wanted.
fn made_by<'js>(
    components: &mut BTreeMap<Digest, Persistent<Function<'static>>>,
    ctx: &Ctx<'js>,
    code: &Digest,
    compiled: &Compiled,
) -> Result<Function<'js>, Error> {
    if let Some(known) = components.get(code) {
        return known.clone().restore(ctx);
    }
    let made = evaluate(ctx, COMPONENT, &compiled.server)?;
    components.insert(*code, Persistent::save(ctx, made.clone()));
    Ok(made)
}

/// What the harness gives of a rendering: `["html", text, asked]`, or what went wrong.
fn answer(given: &Array<'_>) -> Result<Result<Rendered, faults::Told>, Error> {
    let kind: String = given.get(0)?;
    if kind != "html" {
        let text = |at: usize| -> Result<String, Error> {
            let text: Option<rquickjs::Coerced<String>> = given.get(at)?;
            Ok(text.map(|text| text.0).unwrap_or_default())
        };
        return Ok(Err(faults::Told {
            kind,
            texts: [text(1)?, text(2)?, text(3)?],
        }));
    }
    let html: String = given.get(1)?;
    if html.len() > MAX_HTML_BYTES {
        return Ok(Err(faults::Told::too_much_text()));
    }
    Ok(Ok(Rendered {
        html,
        asked_time: given.get(2)?,
    }))
}

/// Loads everything, and gives the function that renders.
fn prepare<'js>(
    ctx: &Ctx<'js>,
    runtime: &Runtime,
    notes: &Rc<Notes>,
) -> Result<Persistent<Function<'static>>, Error> {
    let noted = notes.clone();
    let with_stack = Function::new(
        ctx.clone(),
        move |ctx: Ctx<'js>, error: Value<'js>, sites: Value<'js>| {
            inspect(&noted, &ctx, error, sites)
        },
    )?;
    let errors: Object<'_> = ctx.globals().get("Error")?;
    errors.set("prepareStackTrace", with_stack)?;

    let modules = Array::new(ctx.clone())?;
    for (at, (name, text)) in runtime.modules.iter().enumerate() {
        let module = Array::new(ctx.clone())?;
        module.set(0, name.as_str())?;
        let function = format!("(function (require, exports, module) {{{text}\n}})");
        module.set(1, evaluate(ctx, name, &function)?)?;
        modules.set(at, module)?;
    }
    let load_intl = Function::new(ctx.clone(), |ctx: Ctx<'js>| evaluate(&ctx, "intl", INTL))?;
    let intl_data = Function::new(ctx.clone(), || INTL_DATA)?;
    let harness = evaluate(ctx, "harness", HARNESS)?;
    let is_react = runtime.library == Library::React;
    let made: Array<'_> =
        harness.call((modules, is_react, load_intl, intl_data, MAX_HTML_BYTES))?;
    let inspect: Function<'_> = made.get(1)?;
    notes.inspect.replace(Some(Persistent::save(ctx, inspect)));
    made.get::<Function<'_>>(2)?.call::<_, ()>(())?;
    Ok(Persistent::save(ctx, made.get::<Function<'_>>(0)?))
}

/// The function that a script is.
fn evaluate<'js>(ctx: &Ctx<'js>, name: &str, script: &str) -> Result<Function<'js>, Error> {
    let mut options = EvalOptions::default();
    options.filename = Some(name.to_string());
    ctx.eval_with_options(script, options)
}

/// What QuickJS asks for the stack of each error, before any code can catch it; it asks also where no stack
/// and no memory is left, which only a function of the host can stand.
fn inspect<'js>(notes: &Notes, ctx: &Ctx<'js>, error: Value<'js>, sites: Value<'js>) -> Value<'js> {
    let inspect = notes.inspect.borrow().clone();
    let Some(inspect) = inspect else {
        return Value::new_undefined(ctx.clone());
    };
    let seen = inspect
        .restore(ctx)
        .and_then(|inspect| inspect.call::<_, Array<'_>>((error, sites)))
        .and_then(|seen| Ok((seen.get::<String>(0)?, seen.get::<Value<'_>>(1)?)));
    match seen {
        Ok((limit, stack)) => {
            match limit.as_str() {
                "stack" => notes.pass(Limit::Stack),
                "memory" => notes.pass(Limit::Memory),
                _ => {}
            }
            stack
        }
        Err(_) => {
            // It throws nothing by itself: either the stack is used up, or memory is.
            ctx.catch();
            let used = notes.stack_top.get().saturating_sub(stack_pointer());
            match used > STACK_BYTES - STACK_BYTES / 16 {
                true => notes.pass(Limit::Stack),
                false => notes.pass(Limit::Memory),
            }
            Value::new_undefined(ctx.clone())
        }
    }
}

/// About where the stack is, as an address.
#[inline(never)]
fn stack_pointer() -> usize {
    let here = 0_u8;
    std::ptr::from_ref(std::hint::black_box(&here)).addr()
}

/// A fault that is ours or the machine's.
fn unexpected(error: Error) -> Fault {
    Fault::new(FaultKind::Limits, format!("no engine can be made: {error}"))
}
