// The form that is made from a component's JSON Schema, and the frames that follow it. What is typed
// is in the address behind `#`, so that nothing is lost when the page is loaded again.
"use strict";
(() => {
  const root = document.querySelector("[data-gallery]");
  if (!root) return;
  const schema = JSON.parse(root.dataset.schema);
  const component = root.dataset.component;
  const form = document.querySelector("#props");
  const begin = document.querySelector("#begin");
  const json = document.querySelector("#json");
  const jsonProblem = document.querySelector("#json-problem");
  const problemBox = document.querySelector("#problems");
  const live = [...document.querySelectorAll("iframe[data-live]")];
  const MAX_DEPTH = 8;
  const examples = [...begin.options].map((option) => JSON.parse(option.dataset.props));
  const copyOf = (value) => JSON.parse(JSON.stringify(value));
  let props = {};
  let problems = [];

  // Elements, made without markup: what comes from the site is text wherever it stands.
  const make = (tag, attributes = {}, ...children) => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
      else if (value === true) element.setAttribute(name, "");
      else if (value !== false && value != null) element.setAttribute(name, value);
    }
    element.append(...children.filter((child) => child != null));
    return element;
  };

  const isObject = (value) => value !== null && typeof value === "object" && !Array.isArray(value);
  const has = (object, key) => Object.prototype.hasOwnProperty.call(object, key);
  const own = (object, key) => (isObject(object) && has(object, key) ? object[key] : undefined);
  // A key such as `__proto__` is a key like every other.
  const put = (object, key, value) => {
    if (Array.isArray(object)) object[key] = value;
    else Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });
  };

  // Paths are lists of keys and indices; as JSON pointers (RFC 6901) they name fields and problems.
  const pointer = (path) => path.map((step) => "/" + String(step).replace(/~/g, "~0").replace(/\//g, "~1")).join("");
  const idOf = (path) => "prop" + encodeURIComponent(pointer(path)).replace(/'/g, "%27");
  const at = (path) => path.reduce((value, step) => (value == null ? undefined : Array.isArray(value) ? value[step] : own(value, step)), props);
  const set = (path, value) => {
    if (path.length === 0) { props = value; return; }
    let here = props;
    for (const step of path.slice(0, -1)) {
      const inner = Array.isArray(here) ? here[step] : own(here, step);
      if (inner === null || typeof inner !== "object") put(here, step, {});
      here = here[step];
    }
    const last = path.at(-1);
    if (value === undefined) delete here[last];
    else put(here, last, value);
  };

  // What a schema is, for the form. What the form does not know is edited as JSON.
  const resolve = (schema) => {
    let here = schema;
    for (let hops = 0; hops < 16 && isObject(here); hops += 1) {
      const reference = own(here, "$ref");
      if (typeof reference !== "string") return here;
      if (!reference.startsWith("#")) return null;
      let target = rootSchema;
      for (const part of reference.slice(1).split("/").slice(1)) {
        target = own(target, decodeURIComponent(part).replace(/~1/g, "/").replace(/~0/g, "~"));
      }
      here = target;
    }
    return null;
  };
  const rootSchema = schema;
  const understand = (raw, hops = 0) => {
    let found = null;
    try { found = hops < 16 ? resolve(raw) : null; } catch { /* A reference that is no text of an address. */ }
    if (!found) return { kind: "json", schema: {}, nullable: false };
    let nullable = false;
    const choices = own(found, "anyOf") ?? own(found, "oneOf");
    if (Array.isArray(choices) && choices.length === 2) {
      const other = choices.filter((choice) => own(choice, "type") !== "null");
      if (other.length === 1) {
        const inner = understand({ ...other[0] }, hops + 1);
        const words = { description: own(found, "description"), default: own(found, "default") };
        return { ...inner, schema: { ...inner.schema, ...clean(words) }, nullable: true };
      }
    }
    const known = ["oneOf", "anyOf", "allOf", "not", "if", "patternProperties", "prefixItems", "dependentSchemas"];
    if (known.some((key) => has(found, key))) return { kind: "json", schema: found, nullable };
    if (has(found, "const")) return { kind: "const", schema: found, nullable };
    let type = own(found, "type");
    if (Array.isArray(type)) {
      nullable = type.includes("null");
      const others = type.filter((name) => name !== "null");
      type = others.length === 1 ? others[0] : "json";
    }
    if (Array.isArray(own(found, "enum"))) return { kind: "enum", schema: found, nullable: false };
    if (type === undefined && isObject(own(found, "properties"))) type = "object";
    if (type === "object" && !isObject(own(found, "properties"))) type = "json";
    if (type === "array" && !isObject(own(found, "items"))) type = "json";
    const kinds = ["object", "array", "string", "integer", "number", "boolean"];
    return { kind: kinds.includes(type) ? type : "json", schema: found, nullable };
  };
  const clean = (object) => Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));
  const fits = (kind, value) => ({
    object: isObject(value), array: Array.isArray(value), string: typeof value === "string",
    integer: typeof value === "number", number: typeof value === "number", boolean: typeof value === "boolean",
  })[kind] ?? true;

  // The value of something that is added: as the server makes it for components without examples.
  const first = (raw, depth = 0, budget = { left: 500 }) => {
    budget.left -= 1;
    const { kind, schema } = understand(raw);
    const given = own(schema, "default") ?? own(own(schema, "examples"), 0) ?? own(schema, "const");
    if (given !== undefined) return copyOf(given);
    if (Array.isArray(schema.examples) && schema.examples.length) return copyOf(schema.examples[0]);
    if (kind === "enum") return copyOf(schema.enum[0] ?? null);
    if (kind === "string") return "";
    if (kind === "integer" || kind === "number") return own(schema, "minimum") ?? 0;
    if (kind === "boolean") return false;
    if (kind === "array") return [];
    const value = {};
    if (kind === "object" && depth < 4) {
      for (const name of own(schema, "required") ?? []) {
        const property = own(schema.properties, name);
        if (property !== undefined && budget.left > 0) put(value, name, first(property, depth + 1, budget));
      }
    }
    return value;
  };

  // A field: a label, the control, a note and what is wrong, tied together for those who cannot see it.
  const field = (raw, path, { label, required, depth }) => {
    const { kind, schema, nullable } = understand(raw);
    const value = at(path);
    const id = idOf(path);
    const description = own(raw, "description") ?? own(schema, "description");
    const noteId = `${id}-note`;
    const problemId = `${id}-problem`;
    const notes = [typeof description === "string" ? description : null, hintOf(kind, schema)].filter(Boolean).join(" · ");
    const shared = {
      id, "data-pointer": pointer(path), "aria-describedby": notes ? `${noteId} ${problemId}` : problemId,
      "aria-required": required && kind !== "object" && kind !== "array" ? "true" : null,
    };
    const note = () => (notes ? make("p", { class: "note", id: noteId }, notes) : null);
    const problem = make("p", { class: "problem", id: problemId, "data-problem-of": pointer(path) });
    const need = make("span", { class: "need" }, required ? " required" : "");
    const tools = make("div", { class: "tools" });
    if (nullable && value !== null) tools.append(button(`Set ${label} to null`, "null", () => structure(path, null, id)));
    const wrap = (control, labelFor = true) => make("div", { class: "prop" },
      labelFor ? make("label", { for: id }, label, need) : make("span", { class: "label" }, label, need),
      control, note(), problem, tools.childNodes.length ? tools : null);

    if (value === null && nullable) {
      return wrap(make("p", {}, make("code", {}, "null"), " ",
        button(`Give ${label} a value`, "Give it a value", () => structure(path, first(raw), id), { id })), false);
    }
    const composite = kind === "object" || kind === "array";
    if (composite && value === undefined) {
      return wrap(button(`Add ${label}`, "Add", () => structure(path, first(raw), id), shared), false);
    }
    if (value !== undefined && !fits(kind, value) || kind === "json" || (composite && depth >= MAX_DEPTH)) {
      return wrap(jsonArea(path, shared, required));
    }
    if (kind === "object") return group(schema, path, { label, required, depth, shared, note, problem, tools });
    if (kind === "array") return list(schema, path, { label, required, depth, shared, note, problem, tools });
    return wrap(control(kind, schema, path, value, required, shared));
  };

  const hintOf = (kind, schema) => {
    const parts = [];
    if (own(schema, "contentMediaType") === "text/markdown") parts.push("Markdown");
    if (has(schema, "default") && kind !== "const") parts.push(`default: ${short(JSON.stringify(schema.default))}`);
    if (typeof own(schema, "pattern") === "string") parts.push(`pattern: ${short(schema.pattern)}`);
    return parts.join(" · ");
  };
  const short = (text) => (text.length > 80 ? text.slice(0, 80) + "…" : text);

  const button = (name, text, onclick, attributes = {}) =>
    make("button", { type: "button", "aria-label": name, ...attributes, onclick }, text);

  const control = (kind, schema, path, value, required, shared) => {
    const change = (next) => { set(path, next); changed(); };
    if (kind === "const" || kind === "enum" || kind === "boolean") {
      const values = kind === "const" ? [schema.const] : kind === "enum" ? schema.enum.slice(0, 1000) : [true, false];
      const texts = values.map((option) => JSON.stringify(option));
      const current = value === undefined ? -1 : texts.indexOf(JSON.stringify(value));
      const select = make("select", { ...shared, onchange: (event) => {
        const chosen = Number(event.target.value);
        change(chosen < 0 ? undefined : copyOf(values[chosen]));
      } });
      if (!required || current < 0) select.append(make("option", { value: "-1" }, value === undefined || !required ? "left out" : "something else"));
      values.forEach((option, index) => select.append(make("option", { value: index, selected: index === current },
        typeof option === "string" ? option : texts[index])));
      if (current < 0) select.value = "-1";
      return select;
    }
    if (kind === "integer" || kind === "number") {
      return make("input", { ...shared, type: "number", value: value ?? "", min: own(schema, "minimum"), max: own(schema, "maximum"),
        step: own(schema, "multipleOf") ?? (kind === "integer" ? 1 : "any"),
        oninput: (event) => {
          if (event.target.validity.badInput) { local(path, "this is no number"); return; }
          change(event.target.value === "" ? undefined : Number(event.target.value));
        } });
    }
    const isLong = own(schema, "contentMediaType") || (own(schema, "maxLength") ?? 0) > 120
      || (typeof value === "string" && (value.length > 60 || value.includes("\n")));
    const oninput = (event) => change(event.target.value === "" && !required ? undefined : event.target.value);
    if (isLong) {
      const area = make("textarea", { ...shared, rows: "4", oninput });
      area.value = value ?? "";
      return area;
    }
    const format = own(schema, "format");
    const isColour = format === "color" && (value === undefined || /^#[0-9a-f]{6}$/i.test(value));
    const isDate = format === "date" && (value === undefined || /^\d{4}-\d\d-\d\d$/.test(value) || value === "");
    const type = isColour ? "color" : isDate ? "date" : { uri: "url", url: "url", email: "email" }[format] ?? "text";
    const input = make("input", { ...shared, type, maxlength: null, oninput });
    input.value = value ?? "";
    return input;
  };

  const jsonArea = (path, shared, required) => {
    const area = make("textarea", { ...shared, class: "mono", rows: "3", spellcheck: "false", oninput: (event) => {
      if (event.target.value.trim() === "" && !required) { set(path, undefined); changed(); return; }
      try { set(path, JSON.parse(event.target.value)); } catch (error) { local(path, `this is no JSON: ${error.message}`); return; }
      changed();
    } });
    const value = at(path);
    area.value = value === undefined ? "" : JSON.stringify(value, null, 2);
    return area;
  };

  const members = (schema, path, depth) => {
    const required = own(schema, "required") ?? [];
    const declared = Object.keys(own(schema, "properties") ?? {});
    const names = [...declared.filter((name) => required.includes(name)), ...declared.filter((name) => !required.includes(name))];
    const value = at(path);
    const others = isObject(value) ? Object.keys(value).filter((name) => !declared.includes(name)) : [];
    const fields = names.map((name) => field(schema.properties[name], [...path, name], { label: name, required: required.includes(name), depth: depth + 1 }));
    for (const name of others) {
      const here = [...path, name];
      const shown = field({}, here, { label: name, required: false, depth: depth + 1 });
      shown.append(button(`Remove ${name}`, "Remove", () => structure(here, undefined, idOf(path))));
      fields.push(shown);
    }
    return fields;
  };

  const group = (schema, path, { label, required, depth, shared, note, problem, tools }) => {
    if (!required) tools.append(button(`Remove ${label}`, "Remove", () => structure(path, undefined, idOf(path))));
    return make("fieldset", { ...shared, tabindex: "-1", class: "prop stack" },
      make("legend", {}, label, make("span", { class: "need" }, required ? " required" : "")),
      note(), problem, ...members(schema, path, depth), tools.childNodes.length ? tools : null);
  };

  const list = (schema, path, { label, required, depth, shared, note, problem, tools }) => {
    const items = at(path);
    const most = own(schema, "maxItems") ?? Infinity;
    const shown = items.slice(0, 200);
    const entries = shown.map((_, index) => {
      const here = [...path, index];
      const name = `${label} ${index + 1}`;
      const move = (to) => {
        const moved = [...items];
        [moved[index], moved[to]] = [moved[to], moved[index]];
        structure(path, moved, `${idOf([...path, to])}-${to < index ? "up" : "down"}`);
      };
      return make("div", { class: "item" },
        field(schema.items, here, { label: name, required: true, depth: depth + 1 }),
        make("div", { class: "tools" },
          button(`Move ${name} up`, "Up", () => move(index - 1), { id: `${idOf(here)}-up`, disabled: index === 0 }),
          button(`Move ${name} down`, "Down", () => move(index + 1), { id: `${idOf(here)}-down`, disabled: index === items.length - 1 }),
          button(`Remove ${name}`, "Remove", () => structure(path, items.filter((_, other) => other !== index), `${idOf(path)}-add`))));
    });
    tools.append(button(`Add to ${label}`, "Add", () => {
      structure(path, [...items, first(schema.items)], idOf([...path, items.length]));
    }, { id: `${idOf(path)}-add`, disabled: items.length >= most }));
    if (!required) tools.append(button(`Leave out ${label}`, "Leave out", () => structure(path, undefined, idOf(path))));
    return make("fieldset", { ...shared, tabindex: "-1", class: "prop" },
      make("legend", {}, label, make("span", { class: "need" }, required ? " required" : "")),
      note(), problem, ...entries,
      shown.length < items.length ? make("p", { class: "note" }, `${items.length - shown.length} more: edit them as JSON`) : null, tools);
  };

  // The form anew, where it has other fields than before; the focus goes to the field of that id.
  const structure = (path, value, focus) => { set(path, value); build(focus); changed(); };
  const build = (focus) => {
    const { kind, schema: top } = understand(schema);
    const fields = kind === "object" ? members(top, [], 0) : [];
    if (kind !== "object" && Object.keys(props).length) fields.push(...members({}, [], 0));
    form.replaceChildren(...(fields.length ? fields : [make("p", { class: "quiet" }, "There is no field for it: its props are JSON.")]));
    const target = focus && (enabled(document.getElementById(focus)) ?? form.querySelector("button, input, select, textarea"));
    const inner = target?.matches("fieldset") && target.querySelector("input, select, textarea, button");
    if (target) (inner || target).focus();
    showProblems();
  };
  const enabled = (element) => {
    if (!element || !element.disabled) return element;
    return [...element.parentElement.querySelectorAll("button")].find((other) => !other.disabled);
  };

  // What is wrong: beside its field where there is one, and all of it above the frames.
  const local = (path, message) => {
    problems = [{ code: "", message, hints: "", field: pointer(path), nodes: [] }];
    showProblems();
  };
  const showProblems = () => {
    for (const slot of form.querySelectorAll("[data-problem-of]")) slot.textContent = "";
    for (const control of form.querySelectorAll("[aria-invalid]")) control.removeAttribute("aria-invalid");
    for (const problem of problems) {
      if (problem.field == null) continue;
      const slot = [...form.querySelectorAll("[data-problem-of]")].find((slot) => slot.dataset.problemOf === problem.field);
      if (!slot) continue;
      slot.append(...(slot.textContent ? [make("br")] : []), `${problem.code} ${problem.message}`.trim());
      const control = [...form.querySelectorAll("[data-pointer]")].find((control) => control.dataset.pointer === problem.field);
      if (control) control.setAttribute("aria-invalid", "true");
    }
    if (problems.length === 0) { problemBox.replaceChildren(); return; }
    problemBox.replaceChildren(make("div", { class: "problems" }, make("ul", {}, ...problems.map((problem) => make("li", {},
      problem.code ? make("strong", {}, problem.code + " ") : null,
      problem.field ? make("code", {}, problem.field.slice(1)) : null, problem.field ? ": " : null, problem.message,
      problem.hints ? ` (${problem.hints})` : null,
      problem.nodes.length && problem.nodes.length < live.length ? make("span", { class: "quiet" }, ` on ${problem.nodes.join(", ")}`) : null)))));
  };

  // What changes is kept in the address, shown as TOML and JSON, and asked of the server.
  let timer = 0;
  const changed = () => { remember(); writeTexts(); clearTimeout(timer); timer = setTimeout(ask, 150); };
  const remember = () => {
    const state = new URLSearchParams();
    const width = document.querySelector("input[name=width]:checked").value;
    if (width !== "phone") state.set("width", width);
    if (begin.selectedIndex > 0) state.set("example", begin.selectedIndex);
    const text = JSON.stringify(props);
    if (text !== JSON.stringify(examples[begin.selectedIndex] ?? {}) && text.length < 60000) state.set("props", text);
    const hash = state.toString();
    history.replaceState(null, "", location.pathname + location.search + (hash ? "#" + hash : ""));
  };
  const writeTexts = () => {
    document.querySelector("#toml").textContent = blockText();
    if (document.activeElement !== json) { json.value = JSON.stringify(props, null, 2); jsonProblem.textContent = ""; }
  };

  let asked = new AbortController();
  const ask = async () => {
    asked.abort();
    const mine = asked = new AbortController();
    const body = (node) => JSON.stringify({ node, component, props });
    const answers = await Promise.all(live.map(async (frame) => {
      try {
        const answer = await fetch("/_rb/sample", { method: "POST", headers: { "Content-Type": "application/json" }, body: body(frame.dataset.live), signal: mine.signal });
        return { frame, ok: answer.ok, html: await answer.text() };
      } catch (error) {
        return { frame, ok: false, html: "", lost: error.name !== "AbortError" };
      }
    }));
    if (mine.signal.aborted) return;
    const found = new Map();
    for (const { frame, ok, html, lost } of answers) {
      const entries = ok ? [] : [...parse(frame, html).querySelectorAll("[data-problem]")].map(({ dataset }) => ({ code: dataset.code, message: dataset.message, hints: dataset.hints, field: dataset.field }));
      if (lost) entries.push({ code: "", message: "the server does not answer", hints: "is rbgen watch still running?" });
      for (const entry of entries) {
        const key = JSON.stringify([entry.code, entry.message, entry.field]);
        if (!found.has(key)) found.set(key, { ...entry, nodes: [] });
        found.get(key).nodes.push(frame.dataset.live);
      }
      stale(frame, !ok && shows(frame, "sample"));
      if (ok) show(frame, html);
    }
    problems = [...found.values()];
    showProblems();
  };
  const shows = (frame, what) => frame.contentDocument?.querySelector(`meta[name=rbgen][content=${what}]`) != null;
  const stale = (frame, is) => {
    const figure = frame.closest("figure");
    figure.classList.toggle("stale", is);
    figure.querySelector("[data-stale]").hidden = !is;
  };

  // The sample takes the place of the one before within the frame's own document, so that it keeps the
  // policy that it was served with, under which its styles count. (A `srcdoc` would have this page's.)
  const parse = (frame, html) => {
    let Parser = DOMParser;
    // The parser of the frame, because a document has the policy of whoever parsed it.
    try { Parser = frame.contentWindow.DOMParser; } catch { /* Somebody followed a link to another host. */ }
    return new Parser().parseFromString(html, "text/html");
  };
  const show = (frame, html) => {
    const target = frame.contentDocument;
    if (target && target.readyState === "complete" && target.querySelector("meta[name=rbgen]")) {
      const y = frame.contentWindow.scrollY;
      target.replaceChild(target.adoptNode(parse(frame, html).documentElement), target.documentElement);
      frame.contentWindow.scrollTo(0, y);
      follow(frame);
    } else {
      frame.addEventListener("load", () => { if (frame.contentDocument?.querySelector("meta[name=rbgen]")) show(frame, html); }, { once: true });
      if (!target || target.readyState === "complete") frame.src = frame.getAttribute("src");
    }
  };

  // Frames are as high as what is in them.
  const sizes = new WeakMap();
  const measure = (frame) => {
    const block = frame.contentDocument?.getElementById("sample");
    if (!block) return;
    const bottom = block.getBoundingClientRect().bottom + frame.contentWindow.scrollY;
    const content = Math.max(bottom + 16, block.scrollHeight + 16);
    const height = Math.round(Math.min(Math.max(content, 56), 1400));
    // What is as high as the frame itself, and a little more, would never come to rest.
    const before = sizes.get(frame) ?? [];
    if (before.length > 3 && before.every((other) => other < height)) return;
    sizes.set(frame, [...before, height].slice(-5));
    frame.style.blockSize = `${height}px`;
  };
  const follow = (frame) => {
    sizes.delete(frame);
    measure(frame);
    const block = frame.contentDocument?.getElementById("sample");
    if (!block) return;
    frame.rbgenObserver?.disconnect();
    frame.rbgenObserver = new ResizeObserver(() => measure(frame));
    frame.rbgenObserver.observe(block);
  };
  for (const frame of document.querySelectorAll(".port iframe")) {
    frame.addEventListener("load", () => {
      follow(frame);
      // The example itself is wrong: the form says where.
      if (live.includes(frame) && shows(frame, "problems")) { clearTimeout(timer); timer = setTimeout(ask, 150); }
    });
    if (frame.contentDocument?.readyState === "complete") follow(frame);
  }
  const setWidth = (width) => {
    document.body.dataset.width = width;
    for (const frame of document.querySelectorAll(".port iframe")) follow(frame);
  };

  // TOML 1.0, as rbgen reads it: `$$x` is the key `$x`, and null is a table of one key.
  const tomlKey = (key) => (key.startsWith("$") ? tomlText("$" + key) : /^[A-Za-z0-9_-]+$/.test(key) ? key : tomlText(key));
  const tomlText = (text) => JSON.stringify(text).replace(/\u007f/g, "\\u007F");
  const tomlValue = (value) => {
    if (value === null) return '{ "$null" = true }';
    if (typeof value === "string") {
      if (!value.includes("\n") || value.includes("\r")) return tomlText(value);
      const lines = value.split("\n").map((line) => tomlText(line).slice(1, -1));
      return `"""\n${lines.join("\n")}"""`;
    }
    if (Array.isArray(value)) return value.length === 0 ? "[]" : value.some((item) => item !== null && typeof item === "object")
      ? `[\n${value.map((item) => `  ${tomlValue(item)},\n`).join("")}]` : `[${value.map(tomlValue).join(", ")}]`;
    if (isObject(value)) {
      const [key, only] = Object.entries(value).length === 1 ? Object.entries(value)[0] : [];
      // What JSON carries in a table of one key is plain in TOML.
      if (typeof only === "string" && (key === "$datetime" || key === "$float")) return only;
      const entries = Object.entries(value).map(([key, inner]) => `${tomlKey(key)} = ${tomlValue(inner)}`);
      return entries.length ? `{ ${entries.join(", ")} }` : "{}";
    }
    return String(value);
  };
  const blockText = () => {
    const entries = Object.entries(props).map(([key, value]) => `${tomlKey(key)} = ${tomlValue(value)}\n`);
    return `[[blocks]]\ncomponent = ${tomlText(component)}\n` + (entries.length ? `\n[blocks.props]\n${entries.join("")}` : "");
  };

  // Beginnings.
  const start = (index) => { begin.selectedIndex = index; props = copyOf(examples[index] ?? {}); problems = []; };
  begin.addEventListener("change", () => { start(begin.selectedIndex); build(); changed(); });
  form.addEventListener("submit", (event) => event.preventDefault());
  for (const other of document.querySelectorAll("[data-begin]")) {
    other.addEventListener("click", () => {
      start(Number(other.dataset.begin));
      build();
      changed();
      root.scrollIntoView();
      begin.focus({ preventScroll: true });
    });
  }
  json.addEventListener("input", () => {
    let typed;
    try { typed = JSON.parse(json.value); } catch (error) { jsonProblem.textContent = `This is no JSON: ${error.message}`; return; }
    if (!isObject(typed)) { jsonProblem.textContent = "Props are an object."; return; }
    jsonProblem.textContent = "";
    props = typed;
    build();
    changed();
  });
  document.querySelector("#widths").addEventListener("change", (event) => { setWidth(event.target.value); remember(); });
  for (const link of document.querySelectorAll("a[data-keep-hash]")) {
    link.addEventListener("click", () => { link.hash = location.hash; });
  }
  const state = new URLSearchParams(location.hash.slice(1));
  const index = Number(state.get("example") ?? 0);
  start(Number.isInteger(index) && index >= 0 && index < examples.length ? index : 0);
  try {
    const kept = JSON.parse(state.get("props"));
    if (isObject(kept)) props = kept;
  } catch { /* Somebody else's address. */ }
  const radio = [...document.querySelectorAll("input[name=width]")].find((radio) => radio.value === state.get("width"));
  if (radio) radio.checked = true;
  setWidth(document.querySelector("input[name=width]:checked").value);
  build();
  writeTexts();
  if (state.has("props") || index > 0) ask();
})();
