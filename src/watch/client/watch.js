// What a page runs while `rbgen watch` shows it: it hears of each round, swaps style sheets, reloads, and
// tells what is wrong. The server sends whole states, so that nothing depends on what was missed.
"use strict";
(() => {
  const script = document.currentScript;
  const { page } = script.dataset;
  const mine = { digest: script.dataset.digest ?? "", shape: script.dataset.shape ?? "", styles: null };
  const FIRST_DELAY = 250;
  const LAST_DELAY = 4000;
  const MOST_PAGES = 64;
  // By the referrer, the address of a node that is called like one of its apps would be that of the app.
  const ITSELF = { cache: "no-store", referrerPolicy: "no-referrer" };

  // Storage may be forbidden, and full.
  const stored = (store, key) => {
    try { return window[store].getItem(`rbgen.${key}`); } catch { return null; }
  };
  const keep = (store, key, value) => {
    try { window[store].setItem(`rbgen.${key}`, value); } catch { /* it is only a comfort */ }
  };

  // What somebody typed and opened, by names that a page has again after a round.
  const FREE_TEXT = "textarea:focus, input:is([type=text], [type=search], [type=url], [type=email]):focus, input[data-filter]";
  const typed = () => [...document.querySelectorAll(FREE_TEXT)].map(({ id, value }) => [id, value]);
  const named = (root) => {
    const seen = new Map();
    return [...root.querySelectorAll("details")].map((element) => {
      const name = element.id || element.querySelector("summary")?.textContent || "";
      seen.set(name, (seen.get(name) ?? 0) + 1);
      return { element, name: `${seen.get(name)} ${name}` };
    });
  };
  const opened = (root) => named(root).filter(({ element }) => element.open).map(({ name }) => name);
  function reopen(root, names) {
    for (const { element, name } of named(root)) if (names.includes(name)) element.open = true;
  }

  // What is on the screen stays where it is.
  let reloading = false;
  function reload() {
    if (reloading) return;
    reloading = true;
    const { scrollRestoration } = history;
    // A page of a site may mean something else by its forms after the edit; those of rbgen's own stay.
    const own = page === undefined ? [typed(), opened(document)] : [];
    keep("sessionStorage", `place ${location.href}`, JSON.stringify([scrollX, scrollY, document.activeElement?.id, scrollRestoration, ...own]));
    history.scrollRestoration = "manual";
    location.reload();
  }
  function restore() {
    const place = stored("sessionStorage", `place ${location.href}`);
    if (!place) return;
    keep("sessionStorage", `place ${location.href}`, "");
    const [left, top, focus, scrollRestoration, texts, details] = JSON.parse(place);
    if (details) reopen(document, details);
    for (const [id, value] of texts ?? []) {
      const control = document.getElementById(id);
      if (!control || control.value === value) continue;
      control.value = value;
      control.dispatchEvent(new Event("input", { bubbles: true }));
    }
    let touched = false;
    const scroll = () => touched || scrollTo({ left, top, behavior: "instant" });
    for (const name of ["wheel", "touchstart", "keydown", "pointerdown"]) {
      addEventListener(name, () => (touched = true), { once: true, passive: true });
    }
    if (focus) document.getElementById(focus)?.focus({ preventScroll: true });
    scroll();
    // Images and fonts that come later move what is below them.
    addEventListener("load", () => requestAnimationFrame(() => {
      scroll();
      history.scrollRestoration = scrollRestoration;
    }), { once: true });
  }

  // The style sheets that the page came with, in its order, and what their links say in the HTML.
  const linksOf = (root) => [...root.querySelectorAll("link[rel~=stylesheet]")].filter((link) => !link.closest("noscript"));
  const sheets = linksOf(document).map((link) => ({ link, href: link.getAttribute("href") }));
  function swap(sheet, href) {
    const old = sheet.link;
    const next = old.cloneNode();
    next.href = href;
    sheet.link = next;
    // Both hold for a moment, so that there is none without styles.
    next.onload = next.onerror = () => old.remove();
    old.after(next);
  }
  async function swapAll(entry) {
    const answer = await fetch(location.href, ITSELF);
    const links = linksOf(new DOMParser().parseFromString(await answer.text(), "text/html"));
    if (links.length !== sheets.length) return reload();
    links.forEach((link, index) => {
      const href = link.getAttribute("href");
      const sheet = sheets[index];
      const before = mine.styles?.[sheet.href];
      const now = entry.styles[href];
      if (href !== sheet.href) swap(sheet, href);
      else if (before && now && now !== before) swap(sheet, `${href}${href.includes("?") ? "&" : "?"}rb=${now}`);
      sheet.href = href;
    });
    Object.assign(mine, entry);
  }

  let gone = false;
  let swapping = Promise.resolve();
  function see(state) {
    const entry = state.pages[page];
    if (entry === undefined) return;
    gone = entry === null && mine.digest !== "";
    if (!entry) return;
    if (entry.digest === mine.digest) keep("sessionStorage", `tried ${page}`, "");
    else if (!mine.digest || entry.shape !== mine.shape) {
      // What loading it again does not bring, loading it once more will not.
      if (stored("sessionStorage", `tried ${page}`) === entry.digest) return;
      keep("sessionStorage", `tried ${page}`, entry.digest);
      return reload();
    }
    mine.styles ??= entry.styles;
    const changed = entry.digest !== mine.digest || Object.keys(entry.styles).some((href) => entry.styles[href] !== mine.styles[href]);
    // Where the server has gone meanwhile, its next state tells the same again.
    if (changed) swapping = swapping.then(() => swapAll(entry)).catch(() => {});
  }

  // Others may write there, too.
  try { restore(); } catch { /* What is kept is no place of ours. */ }
  if (window.parent !== window) {
    let above;
    try { above = window.parent.rbgenWatch; } catch { /* a page of somebody else has us in a frame */ }
    if (!above) return;
    window.rbgenWatch = above;
    if (page === undefined) return;
    let leave = above.follow(page, see);
    addEventListener("pagehide", () => leave());
    addEventListener("pageshow", (event) => event.persisted && (leave = above.follow(page, see)));
    return;
  }

  // One connection for this page and all that is framed in it: browsers allow six to a host.
  const followers = new Map();
  let source = null;
  let state = null;
  let timer = 0;
  let delay = FIRST_DELAY;
  let connected = false;
  function follow(followed, handler) {
    followers.set(handler, followed);
    clearTimeout(timer);
    timer = setTimeout(connect, 20);
    return () => followers.delete(handler);
  }
  function disconnect() {
    clearTimeout(timer);
    source?.close();
    source = null;
  }
  function connect() {
    disconnect();
    if (document.hidden) return;
    const pages = [...new Set(followers.values())].slice(0, MOST_PAGES);
    const query = pages.map((followed) => `page=${encodeURIComponent(followed)}`);
    // A page of rbgen's own shows what is in no page of a site.
    if (page === undefined) query.push("rounds");
    source = new EventSource(`/_rb/events?${query.join("&")}`);
    source.addEventListener("state", (message) => {
      delay = FIRST_DELAY;
      connected = true;
      state = JSON.parse(message.data);
      for (const handler of [...followers.keys()]) {
        // The window of a handler may have gone.
        try { handler(state); } catch { followers.delete(handler); }
      }
      show();
    });
    source.onerror = () => {
      connected = false;
      disconnect();
      timer = setTimeout(connect, delay);
      delay = Math.min(delay * 2, LAST_DELAY);
      paint();
    };
  }
  document.addEventListener("visibilitychange", connect);
  addEventListener("pagehide", disconnect);
  addEventListener("pageshow", (event) => event.persisted && connect());
  window.rbgenWatch = { follow };

  const FOCUSABLE = "a[href], button, input, select, textarea, summary, [tabindex]";
  const partsOf = (root) => [...root.querySelectorAll("[data-live][id]")];
  // As the server said it: what people open changes the page, and is no news.
  const written = new Map(partsOf(document).map((part) => [part.id, part.innerHTML]));
  let renewing = Promise.resolve();
  // A page of rbgen's own is loaded again, or renews the parts that ask for it, when the round is not
  // theirs any more.
  async function renew() {
    const { reload: round } = script.dataset;
    if (round !== undefined && round !== String(state.round)) return reload();
    const parts = partsOf(document);
    if (parts.every((part) => part.dataset.live === String(state.round))) return;
    const answer = await fetch(location.href, ITSELF);
    const next = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = partsOf(next);
    if (fresh.map((part) => part.id).join(" ") !== parts.map((part) => part.id).join(" ")) return reload();
    parts.forEach((part, index) => {
      part.dataset.live = fresh[index].dataset.live;
      const now = fresh[index].innerHTML;
      if (written.get(part.id) === now) return;
      written.set(part.id, now);
      replace(part, fresh[index]);
    });
  }
  /** Gives a part other content; what is open in it stays open, and the focus stays where it is. */
  function replace(part, next) {
    const names = opened(part);
    const focused = part.contains(document.activeElement) ? document.activeElement : null;
    const index = [...part.querySelectorAll(FOCUSABLE)].indexOf(focused);
    part.replaceChildren(...next.childNodes);
    reopen(part, names);
    if (!focused || focused === part) return;
    const usable = [...part.querySelectorAll(FOCUSABLE)];
    const again = (focused.id && usable.find((one) => one.id === focused.id)) || usable[Math.min(index, usable.length - 1)];
    again?.focus({ preventScroll: true });
  }

  /** An element; data only ever becomes text or an attribute. */
  function make(name, attributes = {}, ...children) {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) {
      if (typeof value === "function") element.addEventListener(key, value);
      else if (value !== null && value !== false) element.setAttribute(key, value);
    }
    element.append(...children.filter((child) => child !== null));
    return element;
  }
  const count = (number, noun) => `${number} ${noun}${number === 1 ? "" : "s"}`;

  const host = make("rbgen-watch");
  const root = host.attachShadow({ mode: "open" });
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(`
    :host { all: initial !important; }
    @media print { :host { display: none !important; } }
    * { box-sizing: border-box; }
    .bar, dialog { font: 13px/1.5 system-ui, sans-serif; color: #f4f4f5; background: #18181b; color-scheme: dark; }
    a, button, summary { color: inherit; font: inherit; background: none; border: 0; border-radius: 6px; padding: 4px 8px; cursor: pointer; text-decoration: none; white-space: nowrap; }
    a:hover, button:hover, summary:hover { background: #3f3f46; }
    :focus-visible { outline: 2px solid #93c5fd; outline-offset: 1px; }
    .bar { position: fixed; z-index: 2147483647; display: flex; flex-wrap: wrap; align-items: center; gap: 2px; max-width: calc(100vw - 16px); padding: 3px; border: 1px solid #52525b; border-radius: 10px; box-shadow: 0 2px 10px #0006; }
    .bar[data-corner="0"] { right: 8px; bottom: 8px; } .bar[data-corner="1"] { left: 8px; bottom: 8px; }
    .bar[data-corner="2"] { left: 8px; top: 8px; } .bar[data-corner="3"] { right: 8px; top: 8px; }
    .menus, #whole { display: contents; } .bar.small #whole { display: none; }
    .unseen, .bar.small:is(.fine, .away) .word { position: absolute; clip-path: inset(50%); width: 1px; height: 1px; overflow: hidden; }
    .mark { color: #4ade80; } .warned .mark { color: #fbbf24; } .wrong .mark, .problems { color: #fca5a5; } .away .mark { color: #d4d4d8; }
    details { position: relative; } summary { list-style: none; } summary::after { content: " ▾"; }
    details ul { position: absolute; bottom: calc(100% + 6px); left: 0; margin: 0; padding: 4px; list-style: none; background: #18181b; border: 1px solid #52525b; border-radius: 8px; max-height: 60vh; max-width: 80vw; overflow: auto; }
    [data-corner="2"] ul, [data-corner="3"] ul { bottom: auto; top: calc(100% + 6px); }
    li a { display: block; } [aria-current] { font-weight: 700; }
    dialog { width: min(60rem, calc(100vw - 24px)); max-height: calc(100dvh - 32px); margin: auto; padding: 0; border: 1px solid #7f1d1d; border-top: 4px solid #ef4444; border-radius: 10px; overflow: auto; font-size: 15px; }
    dialog.mild { border-color: #52525b; border-top-color: #fbbf24; } dialog::backdrop { background: #000a; }
    header { position: sticky; top: 0; display: flex; justify-content: space-between; gap: 16px; align-items: center; padding: 12px 20px; background: inherit; border-bottom: 1px solid #3f3f46; }
    h2, h3, p { margin: 0; font: inherit; overflow-wrap: anywhere; } h2 { font-size: 18px; font-weight: 600; }
    header button { border: 1px solid #71717a; }
    article { padding: 16px 20px; border-bottom: 1px solid #3f3f46; } article > * + * { margin-top: 8px; }
    h3 { font-weight: 600; } .error b { color: #fca5a5; } .warning b { color: #fbbf24; }
    .quiet { color: #a1a1aa; } code, pre { font: 13px/1.6 ui-monospace, monospace; }
    pre { margin: 4px 0 0; padding: 8px 0; background: #09090b; border-radius: 6px; overflow-x: auto; }
    pre div { padding: 0 12px; width: max-content; min-width: 100%; } pre .here { background: #27272a; } pre i { font-style: normal; color: #a1a1aa; user-select: none; }
    mark { color: #fecaca; background: none; text-decoration: underline wavy #f87171; text-underline-offset: 3px; }`);
  root.adoptedStyleSheets = [sheet];

  function excerpt(source) {
    const wide = String(source.first_line + source.lines.length - 1).length;
    return make("pre", { tabindex: "0", role: "region", "aria-label": `${source.path}, line ${source.line}` }, ...source.lines.map((text, index) => {
      const number = source.first_line + index;
      const line = make("div", {}, make("i", {}, `${String(number).padStart(wide)} │ `));
      if (number !== source.line) line.append(text || " ");
      else {
        // Columns count characters, and strings of a browser count halves of some.
        const characters = [...text, " "];
        const from = Math.min(source.from, characters.length - 1);
        const to = Math.max(Math.min(source.to, characters.length), from + 1);
        line.className = "here";
        line.append(characters.slice(0, from).join(""), make("mark", {}, characters.slice(from, to).join("")), characters.slice(to).join(""));
      }
      return line;
    }));
  }
  const placeOf = ({ path, line, column }) => [path, line, column].filter((part) => part != null).join(":");
  function problem(one) {
    return make("article", { class: one.severity },
      make("h3", {}, make("b", {}, `${one.severity} ${one.code}`), ` ${one.message}`),
      one.path ? make("p", {}, make("code", {}, placeOf(one))) : null,
      one.source ? excerpt(one.source) : null,
      ...one.hints.map((hint) => make("p", {}, `hint: ${hint}`)),
      ...one.related.map((other) => make("div", {}, make("p", {}, `${other.label} `, make("code", {}, placeOf(other))), other.source ? excerpt(other.source) : "")),
      make("p", { class: "quiet" }, "more about it: ", make("code", {}, `rbgen explain ${one.code}`)));
  }

  const heading = make("h2", { id: "heading" });
  const list = make("div");
  const dialog = make("dialog", { role: "dialog", "aria-modal": "true", "aria-labelledby": "heading", close: () => closed() },
    make("header", {}, heading, make("button", { type: "button", click: () => dialog.close() }, "Close")), list);
  let byHand = false;
  let filled = "";
  const wrong = () => state.diagnostics.filter((one) => one.severity === "error");
  const told = () => JSON.stringify(wrong());
  function closed() {
    if (!mending && state) keep("sessionStorage", "dismissed", told());
    byHand = mending = false;
    paint();
  }
  let mending = false;
  function open() {
    const errors = wrong();
    const others = state.diagnostics.filter((one) => one.severity !== "error");
    const all = JSON.stringify(state.diagnostics);
    if (all !== filled) {
      heading.textContent = [errors.length && count(errors.length, "error"), others.length && count(others.length, "warning")].filter(Boolean).join(", ") || "Something is wrong";
      list.replaceChildren(...[...errors, ...others].map(problem), ...(state.more ? [make("p", { class: "quiet" }, `and ${state.more} more`)] : []));
      dialog.classList.toggle("mild", errors.length === 0);
      dialog.scrollTop = 0;
      filled = all;
    }
    if (!dialog.open) dialog.showModal();
  }
  function show() {
    const wanted = state.broken && told() !== stored("sessionStorage", "dismissed");
    if (!state.broken) keep("sessionStorage", "dismissed", "");
    if (wanted || (byHand && state.diagnostics.length > 0)) open();
    else if (dialog.open) {
      mending = true;
      dialog.close();
    }
    paint();
    // One after the other, so that the answer that comes last is the newest.
    if (page === undefined) renewing = renewing.then(renew).catch(() => {});
  }

  // The toolbar.
  const word = make("span", { class: "word" });
  // What is inside a button is only its name.
  const status = make("span", { class: "unseen", role: "status" });
  const sign = make("span", { class: "mark", "aria-hidden": "true" });
  const toggle = make("button", { type: "button", class: "toggle", "aria-controls": "whole", click: () => collapse(!bar.classList.contains("small")) }, sign, " ", word);
  const problems = make("button", { type: "button", class: "problems", hidden: "", click: () => { byHand = true; open(); } });
  const menus = make("span", { class: "menus" });
  const bar = make("nav", { class: "bar", "aria-label": "rbgen watch" }, toggle, status, make("span", { id: "whole" }, problems, menus,
    ...[["/", "Start"], ["/_rb/gallery", "Gallery"], ["/_rb/tokens", "Tokens"], ["/_rb/deploys", "Deploys"], [`/_rb/graph?path=${encodeURIComponent(page ?? "")}`, "Why"]].map(([href, text]) => make("a", { href, referrerpolicy: "no-referrer" }, text)),
    make("button", { type: "button", "aria-label": "Move to another corner", title: "Move to another corner", click: () => move((Number(bar.dataset.corner) + 1) % 4) }, "⤢")));
  function collapse(small) {
    bar.classList.toggle("small", small);
    toggle.setAttribute("aria-expanded", String(!small));
    nameToggle();
    keep("localStorage", "small", small ? "1" : "0");
  }
  // Its name begins with what is seen of it, for those who say it to use it.
  function nameToggle() {
    const name = `${word.textContent}: ${bar.classList.contains("small") ? "show the whole toolbar" : "make the toolbar small"}`;
    toggle.setAttribute("aria-label", name);
    toggle.title = `rbgen ${name}`;
  }
  function move(corner) {
    bar.dataset.corner = corner;
    keep("localStorage", "corner", corner);
  }
  function menu(name, label, entries) {
    // A page of another node must not be taken for one of this node by the referrer.
    const links = entries.map(([href, text, current]) => make("li", {}, make("a", { href, referrerpolicy: "no-referrer", "aria-current": current && "page" }, text)));
    return make("details", { name: "menu", keydown: (event) => {
      if (event.key !== "Escape") return;
      event.currentTarget.open = false;
      event.currentTarget.querySelector("summary").focus();
    } }, make("summary", { "aria-label": `${name}: ${label}` }, label), make("ul", {}, ...links));
  }
  let nodes = "";
  function paint() {
    const errors = state ? wrong().length : 0;
    const others = state ? state.diagnostics.length + (state.more ?? 0) - errors : 0;
    const [kind, symbol, text] = !connected ? ["away", "○", state ? "disconnected" : "connecting"]
      : gone ? ["wrong", "✕", "this page is gone"]
      : state.broken ? ["wrong", "✕", "broken"]
      : [others ? "warned" : "fine", others ? "▲" : "●", mine.digest ? "watching" : "waiting for this page"];
    bar.classList.remove("away", "wrong", "warned", "fine");
    bar.classList.add(kind);
    sign.textContent = symbol;
    const counts = [errors && count(errors, "error"), others && count(others, "warning")].filter(Boolean).join(", ");
    const said = [text, counts].filter(Boolean).join(", ");
    word.textContent = said;
    if (status.textContent !== said) status.textContent = said;
    nameToggle();
    problems.hidden = errors + others === 0;
    problems.textContent = counts;
    const now = JSON.stringify(state?.nodes);
    if (!state || page === undefined || now === nodes) return;
    nodes = now;
    const [, own, ...rest] = page.split("/");
    const here = state.nodes.find((one) => one.node === decodeURIComponent(own));
    menus.replaceChildren(menu("Node", here?.name ?? "Nodes", state.nodes.map((one) => [`/${encodeURIComponent(one.node)}/${rest.join("/")}`, one.name, one === here])));
    if (here) {
      const app = here.apps.find((one) => one.app === rest[0]);
      menus.append(menu("App", app?.app ?? "Apps", here.apps.filter((one) => one.home).map((one) => [one.home, one.app, one === app])));
    }
  }

  root.append(dialog);
  if (page !== undefined) {
    root.append(bar);
    move(Number(stored("localStorage", "corner") ?? 0) % 4 || 0);
    collapse((stored("localStorage", "small") ?? (innerWidth < 700 ? "1" : "0")) === "1");
    paint();
    follow(page, see);
  } else connect();
  document.documentElement.append(host);
})();
