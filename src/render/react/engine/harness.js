// The world that a component runs in. It makes every rendering depend on the component, its props and the
// day alone: no clock, no dice, no zone, nothing that one rendering could leave for the next.
//
// The value is a function of
//   modules     [name, function (require, exports, module)] for each module of the library,
//   isReact     whether the library is React,
//   loadIntl    a function that gives the function of intl.js,
//   intlData    a function that gives the lines of intl.data,
//   mostHtml    the most UTF-16 units of HTML.
// It gives [render, inspect, seal]: `render(component, props, day, block)`, `inspect(error, callSites)`, and `seal()`, which is
// called once, when all is in place.
(function (modules, isReact, loadIntl, intlData, mostHtml) {
    "use strict";

    const { defineProperty, freeze, getOwnPropertyDescriptor, getPrototypeOf } = Object;
    const { apply, construct, ownKeys } = Reflect;
    const isError = Error.isError;

    // ---- What is not there -------------------------------------------------------------------------
    // Who looks when something is collected, or waits for another thread, sees what is not the same each
    // time. (Also in intrinsics that this engine is not given, should it be given them one day.)
    for (const name of ["WeakRef", "FinalizationRegistry", "SharedArrayBuffer", "Atomics", "navigator"]) {
        delete globalThis[name];
    }

    function define(object, name, value) {
        defineProperty(object, name, { value, writable: true, enumerable: false, configurable: true });
    }

    // ---- The clock ---------------------------------------------------------------------------------
    let day = 0;
    let asked = false;

    function now() {
        asked = true;
        return day;
    }

    const RealDate = Date;
    const dates = RealDate.prototype;
    // Whatever zone the process is in: the zone of a component is UTC.
    for (const part of ["Date", "Day", "FullYear", "Hours", "Milliseconds", "Minutes", "Month", "Seconds"]) {
        for (const verb of ["get", "set"]) {
            const method = dates[verb + "UTC" + part];
            if (method) define(dates, verb + part, method);
        }
    }
    const realParse = RealDate.parse;
    const zoneOf = dates.getTimezoneOffset;
    const timeOf = dates.getTime;

    function parse(text) {
        text = `${text}`;
        const time = realParse(text);
        const offset = apply(zoneOf, new RealDate(time), []);
        // A text that names no zone is taken for one in the zone of the process, unless it is only a date.
        const named = /(?:Z|GMT|UTC|UT|[ECMP][SD]T|[+-]\d\d:?\d\d)\s*(?:\(.*\))?\s*$/i.test(text)
            || /^\s*[+-]?\d{4,6}(?:-\d\d(?:-\d\d)?)?\s*$/.test(text);
        return offset === 0 || named ? time : time - offset * 60000;
    }
    const days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
    const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    const two = number => `${number}`.padStart(2, "0");

    function dateText(date) {
        const year = date.getUTCFullYear();
        const digits = `${Math.abs(year)}`.padStart(4, "0");
        return `${days[date.getUTCDay()]} ${months[date.getUTCMonth()]} ${two(date.getUTCDate())} ${
            year < 0 ? "-" : ""}${digits}`;
    }

    function timeText(date) {
        return `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${
            two(date.getUTCSeconds())} GMT+0000 (Coordinated Universal Time)`;
    }
    const texts = {
        getTimezoneOffset() {
            return apply(timeOf, this, []) === apply(timeOf, this, []) ? 0 : NaN;
        },
        toString() {
            const time = apply(timeOf, this, []);
            return time !== time ? "Invalid Date" : `${dateText(this)} ${timeText(this)}`;
        },
        toDateString() {
            const time = apply(timeOf, this, []);
            return time !== time ? "Invalid Date" : dateText(this);
        },
        toTimeString() {
            const time = apply(timeOf, this, []);
            return time !== time ? "Invalid Date" : timeText(this);
        },
    };
    for (const name of ownKeys(texts)) define(dates, name, texts[name]);

    function StillDate(...parts) {
        if (!new.target) return apply(texts.toString, new RealDate(now()), []);
        if (parts.length === 0) return construct(RealDate, [now()], new.target);
        if (parts.length > 1) return construct(RealDate, [RealDate.UTC(...parts)], new.target);
        let value = parts[0];
        if (typeof value === "object" && value !== null) {
            // ECMA-262, 21.4.2.1: another date gives its time, any other object its primitive.
            try {
                return construct(RealDate, [apply(timeOf, value, [])], new.target);
            } catch {
                value = primitive(value);
            }
        }
        if (typeof value === "string") value = parse(value);
        return construct(RealDate, [value], new.target);
    }

    function primitive(object) {
        const exotic = object[Symbol.toPrimitive];
        if (exotic != null) return apply(exotic, object, ["default"]);
        const value = object.valueOf();
        return typeof value === "object" && value !== null ? object.toString() : value;
    }
    defineProperty(StillDate, "name", { value: "Date", configurable: true });
    defineProperty(StillDate, "length", { value: 7, configurable: true });
    defineProperty(StillDate, "prototype", { value: dates, writable: false });
    define(StillDate, "now", function () { return now(); });
    define(StillDate, "parse", function (text) { return parse(text); });
    define(StillDate, "UTC", RealDate.UTC);
    define(dates, "constructor", StillDate);
    define(globalThis, "Date", StillDate);
    // A page that is built has just begun, always.
    define(globalThis, "performance", {
        now() { return 0; },
        get timeOrigin() { return now(); },
        mark() {},
        measure() {},
    });

    // ---- The dice: mulberry32, by Tommy Ettinger (public domain) -----------------------------------
    const SEED = 0x9e3779b9;
    let dice = SEED;
    define(Math, "random", function () {
        dice = (dice + 0x6d2b79f5) | 0;
        let mixed = Math.imul(dice ^ (dice >>> 15), dice | 1);
        mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
        return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
    });

    // ---- The console -------------------------------------------------------------------------------
    const silent = {};
    for (const name of [
        "assert", "clear", "count", "countReset", "debug", "dir", "dirxml", "error", "group", "groupCollapsed",
        "groupEnd", "info", "log", "profile", "profileEnd", "table", "time", "timeEnd", "timeLog", "timeStamp",
        "trace", "warn",
    ]) silent[name] = function () {};
    define(globalThis, "console", silent);

    // ---- What is written differently in each language ----------------------------------------------
    // It is large and few need it, so it comes when it is first asked for.
    let intl = null;

    function languages() {
        if (intl === null) {
            intl = loadIntl()(now, intlData());
            harden([intl.Intl]);
        }
        return intl;
    }
    defineProperty(globalThis, "Intl", {
        get() { return languages().Intl; },
        enumerable: false,
        configurable: false,
    });
    for (const [kind, owner, name] of [
        ["number", Number.prototype, "toLocaleString"],
        ["number", BigInt.prototype, "toLocaleString"],
        ["date", dates, "toLocaleString"],
        ["date", dates, "toLocaleDateString"],
        ["date", dates, "toLocaleTimeString"],
        ["string", String.prototype, "localeCompare"],
        ["string", String.prototype, "toLocaleUpperCase"],
        ["string", String.prototype, "toLocaleLowerCase"],
    ]) {
        define(owner, name, {
            [name](...parts) { return languages()[kind][name](this, ...parts); },
        }[name]);
    }

    // ---- Stacks ------------------------------------------------------------------------------------
    // What the engine calls whenever an error gets its stack is in the host. Nobody can have it called
    // another way; React tries to, and must not fail.
    for (const name of ["prepareStackTrace", "stackTraceLimit"]) {
        defineProperty(Error, name, {
            get() { return undefined; },
            set() {},
            enumerable: false,
            configurable: false,
        });
    }

    // Which limit an error tells of ("stack", "memory" or nothing), and the text of its stack.
    function inspect(error, sites) {
        let limit = "";
        if (isError(error)) {
            const message = getOwnPropertyDescriptor(error, "message")?.value;
            if (message === "Maximum call stack size exceeded" || message === "stack overflow") limit = "stack";
            if (message === "out of memory") limit = "memory";
        }
        let text = "";
        for (let at = 0; at < sites.length; at++) {
            const site = sites[at];
            const place = site.isNative()
                ? "native"
                : `${site.getFileName()}:${site.getLineNumber()}:${site.getColumnNumber()}`;
            text += `    at ${site.getFunctionName() || "<anonymous>"} (${place})\n`;
        }
        return [limit, text];
    }

    // ---- Nothing can be changed --------------------------------------------------------------------
    function harden(roots) {
        const seen = new Set();
        const next = [];
        function see(value) {
            if ((typeof value === "object" && value !== null) || typeof value === "function") {
                if (!seen.has(value)) {
                    seen.add(value);
                    next.push(value);
                }
            }
        }
        roots.forEach(see);
        while (next.length > 0) {
            const object = next.pop();
            freeze(object);
            see(getPrototypeOf(object));
            const keys = ownKeys(object);
            // Most are functions that have a length and a name.
            if (keys.length === 2 && keys[0] === "length" && keys[1] === "name") continue;
            for (let at = 0; at < keys.length; at++) {
                const property = getOwnPropertyDescriptor(object, keys[at]);
                if ("value" in property) {
                    see(property.value);
                } else {
                    see(property.get);
                    see(property.set);
                }
            }
        }
    }

    // In a frozen world `error.name = "X"` would fail, because the prototype's `name` cannot be written: the
    // "override mistake" of ECMAScript. So what is often overridden is a property that defines another on
    // the object that it is set on. (Agoric's SES has the same: ses/src/enable-property-overrides.js, and
    // the list in enablements.js.)
    function letOverride(object, names) {
        for (const name of names) {
            const property = getOwnPropertyDescriptor(object, name);
            if (property === undefined || !("value" in property)) continue;
            const value = property.value;
            defineProperty(object, name, {
                get() { return value; },
                set(own) {
                    if (this === object) throw new TypeError(`'${name}' is read-only`);
                    defineProperty(this, name, {
                        value: own, writable: true, enumerable: true, configurable: true,
                    });
                },
                enumerable: property.enumerable,
                configurable: false,
            });
        }
    }

    function seal() {
        letOverride(Object.prototype, [
            "constructor", "hasOwnProperty", "isPrototypeOf", "propertyIsEnumerable", "toLocaleString",
            "toString", "valueOf",
        ]);
        letOverride(Function.prototype, ["apply", "bind", "call", "constructor", "toString"]);
        letOverride(Array.prototype, ["constructor", "toString"]);
        letOverride(Promise.prototype, ["constructor"]);
        for (const kind of [
            Error, AggregateError, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError,
        ]) letOverride(kind.prototype, ["constructor", "message", "name", "toString"]);

        const iterators = [
            [][Symbol.iterator](), new Map().keys(), new Set().keys(), ""[Symbol.iterator](),
            "".matchAll(/a/g), [].values().map(one => one), Iterator.from({ next() {} }),
        ];
        if (Iterator.concat) iterators.push(Iterator.concat([]));
        harden([
            globalThis,
            ...iterators.map(getPrototypeOf),
            function* () {}, async function () {}, async function* () {},
            (function* () {})(), (async function* () {})(),
            // %ThrowTypeError%
            getOwnPropertyDescriptor((function () { return arguments; })(), "callee").get,
        ]);
    }

    // ---- Rendering ---------------------------------------------------------------------------------
    // The library is made anew for each rendering, as the component is: whatever it keeps is gone.
    function library() {
        const made = new Map();
        return function load(name) {
            let module = made.get(name);
            if (module === undefined) {
                module = { exports: {} };
                made.set(name, module);
                for (let at = 0; at < modules.length; at++) {
                    if (modules[at][0] === name) {
                        modules[at][1](load, module.exports, module);
                        return module.exports;
                    }
                }
                throw new Error(`the library has no ${name}`);
            }
            return module.exports;
        };
    }

    function provided(load, name) {
        if (!isReact) return load("preact");
        const ofDom = name === "react-dom" || name === "react-dom/client";
        const exports = load(ofDom ? "react-dom" : "react");
        const more = ofDom ? { createRoot: inBrowser, hydrateRoot: inBrowser } : {};
        const whole = { ...exports, ...more };
        whole.default = whole;
        return whole;
    }

    function inBrowser() {
        throw new ReferenceError("document is not defined");
    }

    // `component` is the function that makes a component.
    function render(component, props, today, block) {
        day = today;
        asked = false;
        dice = SEED;
        try {
            const load = library();
            if (isReact) {
                load("react-dom/server");
                // React makes an error as it is loaded, whose stack QuickJS keeps until one is caught. As long
                // as it has one, it does not ask for another of what is no error, such as the null that it
                // throws where not even an error has place in memory.
                try {
                    throw null;
                } catch {}
            }
            const made = component(name => provided(load, name));
            const values = JSON.parse(props);
            let html = (isReact ? withReact : withPreact)(load, made, values, block);
            if (html.length > mostHtml) return ["text", ""];
            return ["html", html.toWellFormed(), asked];
        } catch (thrown) {
            return describe(thrown);
        }
    }

    // What an error says; whatever is thrown, this gives texts.
    function describe(thrown) {
        try {
            if (isError(thrown)) {
                return ["error", `${thrown.name}`, `${thrown.message}`.slice(0, 4000), `${thrown.stack}`];
            }
            if (thrown !== null && typeof thrown === "object" && typeof thrown.then === "function") {
                return ["waits"];
            }
            const said = typeof thrown === "string" ? thrown
                : thrown !== null && typeof thrown === "object" && typeof thrown.message === "string"
                    ? thrown.message
                    : typeof thrown === "object" && thrown !== null ? "an object" : String(thrown);
            return ["thrown", said.slice(0, 4000)];
        } catch {
            return ["thrown", "an object"];
        }
    }

    function keysOf(object) {
        return `object with keys {${Object.keys(object).slice(0, 8).join(", ")}}`;
    }

    function withReact(load, made, values, block) {
        const react = load("react");
        let type = made;
        if (typeof made === "function" && !(made.prototype && made.prototype.isReactComponent)) {
            type = Object.assign(function (...parts) {
                const given = apply(made, this, parts);
                if (given === undefined) throw new TypeError(NOTHING);
                return given;
            }, made);
        }
        const html = load("react-dom/server").renderToString(react.createElement(type, values), {
            identifierPrefix: `${block}-`,
        });
        // Hints for the head of a page, which come before the markup.
        // (Sticky, because this engine would look for `^` at each character.)
        return html.replace(/(?:<link rel="(?:preload|modulepreload|preconnect|dns-prefetch)"[^>]*>)+/y, "");
    }

    const NOTHING = "the component returned nothing: return null to show nothing";

    function withPreact(load, made, values, block) {
        const { createElement, Fragment, isValidElement, options } = load("preact");
        const before = options.__b;

        function check(value) {
            if (typeof value !== "object" || value === null || isValidElement(value)) return;
            if (Array.isArray(value)) {
                for (let at = 0; at < value.length; at++) check(value[at]);
            } else if (typeof value.then === "function") {
                throw new TypeError("a component or a child is a promise, which is rendered only in a browser");
            } else if (typeof value.peek !== "function") {
                throw new TypeError(
                    `objects are not valid as a child (found: ${
                        value instanceof RealDate ? "a Date" : keysOf(value)
                    }): use an array for several children`,
                );
            }
        }
        // Before each element: preact renders as nothing what no browser shows either, such as an object.
        options.__b = function (element) {
            if (before) before(element);
            const type = element.type;
            if (typeof type === "string") {
                if (element.props.dangerouslySetInnerHTML == null) check(element.props.children);
            } else if (typeof type !== "function") {
                throw new TypeError(
                    `an element's type is ${type === null ? "null" : typeof type}: is what it names exported and imported?`,
                );
            } else if (type === Fragment) {
                check(element.props.children);
            } else if (!(type.prototype && typeof type.prototype.render === "function")) {
                const checked = function (props, context) {
                    const given = apply(type, this, [props, context]);
                    if (given === undefined && type === made) throw new TypeError(NOTHING);
                    check(given);
                    return given;
                };
                if (type.contextType != null) checked.contextType = type.contextType;
                element.type = checked;
            }
        };
        const element = createElement(made, values);
        // What preact begins its ids with (`_mask`, in its files `__m`): the loader in the browser does the same.
        element.__m = [`${block}-`, 0];
        return load("preact-render-to-string").renderToString(element);
    }

    return [render, inspect, seal];
})
