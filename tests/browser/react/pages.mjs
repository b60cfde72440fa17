// Stories of whole pages: what they load, what they keep when their islands come to life, and what is left
// where something fails.

import { readFileSync } from "node:fs";
import path from "node:path";
import { gzipSync } from "node:zlib";
import { launch } from "../chromium.mjs";
import { LOADER, PAGES, address, alive, assert, assertEqual, changes, go, hold, remember, textsOf, until } from "./tools.mjs";

const WITHOUT_ISLANDS = ["never", "still"];
const FAILS = "broken";
/** Without JavaScript, Chromium calls it the policy that what a page wants beforehand is not loaded. */
const WITHOUT_SCRIPTS = { javaScriptEnabled: false, excuse: (fault) => /\.js \(csp\)$/.test(fault) };
const count = (page) => page.locator("#counter output").textContent();

/** Pages as they are served. */
export const stills = {
  async "a page without islands has no script"({ origin, open }) {
    for (const name of WITHOUT_ISLANDS) {
      const tab = await open();
      await go(tab, origin, name);
      assertEqual(await tab.page.locator("script, [rel=modulepreload], [data-island]").count(), 0, `the scripts of ${name}`);
      assertEqual(tab.scripts(), [], `what ${name} loads`);
    }
  },

  async "a page with islands has one map of names, and then one loader"({ origin, open }) {
    for (const name of PAGES.filter((one) => !WITHOUT_ISLANDS.includes(one))) {
      const { page } = await open(WITHOUT_SCRIPTS);
      await go({ page }, origin, name);
      const scripts = await page.locator("script, [rel=modulepreload]").evaluateAll((found) => found.map((script) => script.type || script.rel));
      assertEqual(scripts[0], "importmap", `the first script of ${name}`);
      assertEqual(scripts.filter((type) => type !== "modulepreload"), ["importmap", "module"], `the scripts of ${name}`);
    }
  },

  async "everything can be read without JavaScript"({ origin, open, result }) {
    for (const name of PAGES) {
      const { page } = await open(WITHOUT_SCRIPTS);
      await go({ page }, origin, name);
      const texts = await page.evaluate(textsOf);
      for (const [block, text] of Object.entries(texts)) {
        const isEmpty = block === "only-window" || block === "empty";
        assertEqual(text.trim() === "", isEmpty, `whether #${block} of ${name} is empty`);
        result.texts[`#${block} of /show/${name}/`] = text;
      }
      assert(Object.keys(texts).length > 0, `${name} has no block`);
    }
  },

  async "no page is wider than a phone"({ origin, open }) {
    const tab = await open({ viewport: { width: 375, height: 812 } });
    for (const name of PAGES.filter((one) => one !== FAILS)) {
      await go(tab, origin, name);
      const wide = await tab.page.evaluate(() => {
        const { scrollWidth, clientWidth } = document.documentElement;
        const isWide = (element) => element.getBoundingClientRect().right > clientWidth + 0.5;
        return scrollWidth > clientWidth ? [...document.querySelectorAll("main *")].filter(isWide).map((element) => element.outerHTML.slice(0, 80)) : null;
      });
      assertEqual(wide, null, `what is too wide on ${name}`);
      // Whoever leaves while something is loaded ends it.
      const begins = "[data-island]:not([data-hydrate=visible])";
      if ((await tab.page.locator(begins).count()) > 0) await alive(tab.page, begins);
    }
  },

  async "what a first island costs"({ origin, open, node, result }) {
    const tab = await open();
    await go(tab, origin, "one");
    await alive(tab.page);
    const [bundle] = node.bundles;
    const { island } = await tab.page.locator("#counter").evaluate((element) => element.dataset);
    const size = { loader: 0, library: 0, island: 0, "all three": 0, page: 0 };
    const bytes = (file) => gzipSync(readFileSync(path.join(bundle.root, file)), { level: 9 }).length;
    const scripts = [...new Set(tab.scripts())];
    for (const script of scripts) {
      const part = LOADER.test(script) ? "loader" : script.endsWith(`/${island}`) ? "island" : "library";
      size[part] += bytes(script.slice(1));
      size["all three"] += bytes(script.slice(1));
    }
    size.page = bytes("show/one/index.html");
    result.size = size;
    assert(size.loader > 0 && size.island > 0 && size.library > 0, `it loads ${scripts.join(", ")}`);
    assert(size.loader <= 700, `the loader has ${size.loader} bytes`);
  },
};

/** Pages whose islands come to life, more than once, late, and not at all. */
export const attempts = {
  async "islands keep their nodes, their attributes and their text"({ origin, open }) {
    for (const name of ["live", "one", "twice"]) {
      const tab = await open();
      const loader = await hold(tab.context, LOADER);
      await tab.page.goto(address(origin, name), { waitUntil: "commit" });
      await loader.seen;
      await tab.page.waitForFunction(() => document.readyState !== "loading");
      assert((await remember(tab.page)) > 5, `${name} has nothing to remember`);
      loader.release();
      await alive(tab.page);
      assertEqual(await changes(tab.page), [], `what has changed on ${name}`);
    }
  },

  async "two of a kind have ids of their own"({ origin, open }) {
    const tab = await open();
    await go(tab, origin, "twice");
    await alive(tab.page);
    const twice = () => [...document.querySelectorAll("[id]")].filter((element) => document.getElementById(element.id) !== element).map((element) => element.id);
    assertEqual(await tab.page.evaluate(twice), [], "the ids that are there twice");
    await tab.page.locator("#again label", { hasText: "Name" }).click();
    assertEqual(await tab.page.evaluate(() => document.activeElement.closest(".rb")?.id), "again", "where the label leads to");
  },

  async "two of a kind do not share what they keep"({ origin, open }) {
    const { page } = await open();
    await go({ page }, origin, "twice");
    await alive(page);
    await page.locator("#more").getByRole("button", { name: "More" }).click();
    await until(page, "the second counter", () => document.querySelector("#more output").textContent === "15");
    assertEqual(await count(page), "10", "the first counter");
  },

  async "a loader that runs twice does nothing twice"({ origin, open }) {
    const tab = await open();
    await go(tab, origin, "one");
    await alive(tab.page);
    await tab.page.getByRole("button", { name: "More" }).click();
    await until(tab.page, "one count", () => document.querySelector("output").textContent === "15");
    const touched = await tab.page.evaluate(
      () =>
        new Promise((done, fail) => {
          let changed = 0;
          new MutationObserver((records) => (changed += records.length)).observe(document.querySelector("main"), { attributes: true, characterData: true, childList: true, subtree: true });
          const script = document.createElement("script");
          script.type = "module";
          // Another address is another module.
          script.src = `${document.querySelector("script[src*='islands.']").src}?again`;
          script.onload = () => done(changed);
          script.onerror = fail;
          document.body.append(script);
        }),
    );
    assertEqual(touched, 0, "how much it touches");
    await tab.page.getByRole("button", { name: "More" }).click();
    await until(tab.page, "one more", () => document.querySelector("output").textContent === "20");
  },

  async "an island that fails keeps its HTML, says so once, and stops no other"({ origin, open, library }) {
    const said = [];
    const tab = await open({ excuse: (fault) => fault.includes("own-mind:") || said.push(fault) });
    await go(tab, origin, FAILS);
    await alive(tab.page, "#fragile-island, #own-mind, #counter");
    await until(tab.page, "the failure", () => document.querySelector("#broken-island").dataset.islandState === "failed");
    assertEqual(await tab.page.locator("#broken-island").textContent(), "What the server said", "what is left of it");
    await tab.page.locator("#counter").getByRole("button", { name: "More" }).click();
    await until(tab.page, "the counter beside it", () => document.querySelector("#counter output").textContent === "15");
    assertEqual(said.length, 1, `how often it is said (${said.join("; ")})`);
    assert(said[0].startsWith("console.error: broken-island:") && said[0].includes("no such thing in a browser"), said[0]);
    // One that fails when it is used says again what it said first.
    await Promise.all([tab.page.waitForEvent(library === "react" ? "console" : "pageerror"), tab.page.getByRole("button", { name: "Shout" }).click()]);
    await until(tab.page, "its first words", () => document.querySelector("#fragile-island").textContent.includes("HELLO"));
    assertEqual(said.length, 2, `how often both are said (${said.join("; ")})`);
  },

  async "an island that says something else in a browser comes to life all the same"({ origin, open, library }) {
    const said = [];
    const tab = await open({ excuse: (fault) => fault.includes("own-mind:") ? said.push(fault) : /: (broken|fragile)-island:|such thing/.test(fault) });
    await go(tab, origin, FAILS);
    await alive(tab.page, "#own-mind");
    await tab.page.getByRole("button", { name: "Louder" }).click();
    await until(tab.page, "what it says in a browser", () => document.querySelector("#own-mind").textContent.startsWith("Rendered in a browser!"));
    // preact takes it as it is.
    assertEqual(said.length, library === "react" ? 1 : 0, `how often it is said (${said.join("; ")})`);
  },

  async "an island that cannot be loaded keeps its HTML and what was typed"({ origin, open }) {
    const said = [];
    const tab = await open({ excuse: (fault) => said.push(fault) });
    let release;
    const gate = new Promise((open) => (release = open));
    await tab.context.route(/\/chat-panel\.[^/]*\.js$/, async (route) => {
      await gate;
      await route.abort();
    });
    await tab.page.goto(address(origin, "live"), { waitUntil: "commit" });
    const field = tab.page.getByRole("textbox", { name: "Message" });
    await field.fill("half a sen");
    release();
    await until(tab.page, "the failure", () => document.querySelector("#chat-panel").dataset.islandState === "failed");
    assertEqual(await field.inputValue(), "half a sen", "what was typed");
    await alive(tab.page, "[data-island]:not(#chat-panel)");
    assert((await tab.page.locator("#chat-panel").textContent()).includes("printer paper"), "its messages are gone");
    assertEqual(said.filter((fault) => fault.includes("chat-panel:")).length, 1, `how often it is said (${said.join("; ")})`);
  },

  async "a page that the browser kept goes on where it was"({ origin, chromium }) {
    const browser = await launch(chromium, { ignoreDefaultArgs: ["--disable-back-forward-cache"] });
    try {
      const page = await browser.newPage();
      await page.goto(address(origin, "one"));
      await alive(page);
      await page.getByRole("button", { name: "More" }).click();
      await page.evaluate(() => { window.kept = true; });
      await page.goto(address(origin, "still"));
      await page.goBack({ waitUntil: "commit" });
      await until(page, "the page that was kept", () => window.kept === true && document.querySelector("output").textContent === "15");
      await page.getByRole("button", { name: "More" }).click();
      await until(page, "the next count", () => document.querySelector("output").textContent === "20");
    } finally {
      await browser.close();
    }
  },
};

/** Islands that wait, and those that do not. */
export const modes = {
  async "an island that waits to be seen loads nothing before"({ origin, open }) {
    const tab = await open();
    await go(tab, origin, "seen");
    const { page } = tab;
    const states = () => page.evaluate(() => Object.fromEntries([...document.querySelectorAll("[data-island]")].map((island) => [island.id, island.dataset.islandState])));
    const waiting = { folded: "waiting", boxed: "waiting", below: "waiting", floating: "waiting", empty: "waiting" };
    await until(page, "the loader", () => document.querySelectorAll("[data-island-state]").length === 5);
    // Two frames: whatever was seen would have been told by then.
    const frames = () => page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done)))));
    await frames();
    assertEqual(await states(), waiting, "what the islands do");
    assertEqual(tab.scripts().filter((script) => !LOADER.test(script)), [], "what is loaded");

    await page.locator("#fold summary").click();
    await alive(page, "#folded");
    await frames();
    assertEqual(await states(), { ...waiting, folded: "live" }, "what the islands do");
    await page.locator("#folded").getByRole("button", { name: "All 4" }).click();
    await until(page, "the whole list", () => document.querySelectorAll("#folded li").length === 4);

    await page.evaluate(() => document.querySelector("#box").showModal());
    await alive(page, "#boxed");
    await frames();
    assertEqual(await states(), { ...waiting, folded: "live", boxed: "live" }, "what the islands do");
    await page.evaluate(() => document.querySelector("#box").close());

    await page.evaluate(() => scrollTo({ top: document.documentElement.scrollHeight, behavior: "instant" }));
    await alive(page);
    await until(page, "the note that was nothing", () => document.querySelector("#empty").textContent.includes("You came this far."));
    await page.locator("#floating").getByRole("button", { name: "All 4" }).click();
    await until(page, "the whole list", () => document.querySelectorAll("#floating li").length === 4);
  },

  async "an island comes to life before it is seen"({ origin, open }) {
    const { page } = await open();
    await go({ page }, origin, "seen");
    // Its edge is 150 px below the window.
    await page.evaluate(() => scrollTo({ top: scrollY + document.querySelector("#below").getBoundingClientRect().top - innerHeight - 150, behavior: "instant" }));
    await alive(page, "#below");
  },

  async "an island waits until the browser is idle"({ origin, open }) {
    const tab = await open();
    await tab.context.addInitScript(() => {
      window.requestIdleCallback = (callback) => { window.whenIdle = callback; };
    });
    await go(tab, origin, "idle");
    await until(tab.page, "the loader", () => window.whenIdle);
    assertEqual(tab.scripts().filter((script) => !LOADER.test(script)), [], "what is loaded");
    await tab.page.evaluate(() => window.whenIdle());
    await alive(tab.page);
    await tab.page.getByRole("button", { name: "Next" }).click();
    await until(tab.page, "the next tip", () => document.querySelector("#idle-tip").textContent.startsWith("Tip 2/2: Always split aces."));
  },

  async "an island comes to life in a browser that does not tell when it is idle"({ origin, open }) {
    const tab = await open();
    await tab.context.addInitScript(() => { delete window.requestIdleCallback; });
    await go(tab, origin, "idle");
    await alive(tab.page);
    assertEqual(await tab.page.evaluate(() => "requestIdleCallback" in window), false, "whether it tells");
  },

  async "a component that never comes to life is as it was served"({ origin, open }) {
    const { page } = await open();
    await go({ page }, origin, "never");
    const before = await page.locator("#never-like").innerHTML();
    await page.locator("#never-like button").click();
    assertEqual(await page.locator("#never-like").innerHTML(), before, "its HTML");
  },

  async "an island that is rendered in the browser alone"({ origin, open, result }) {
    const { page } = await open();
    await go({ page }, origin, "only");
    await alive(page);
    await until(page, "what it says", () => document.querySelector("#only-window").textContent === `Your window: ${innerWidth} px wide`);
    result.texts["#only-window, rendered"] = await page.locator("#only-window").textContent();
  },
};
