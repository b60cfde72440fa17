// What `rbgen watch` shows, in Chromium: a copy of the example site is watched, its files are edited, and
// the page that is open has to follow.
//
//   node watch.mjs --rbgen FILE [--chromium FILE] [--site DIR] [--only NAME] [--deadline MS]

import { spawn } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { launch, tellOfPolicy } from "./chromium.mjs";

const here = path.dirname(fileURLToPath(import.meta.url));
const { values: options } = parseArgs({
  options: {
    rbgen: { type: "string" },
    chromium: { type: "string", default: "/usr/bin/chromium" },
    site: { type: "string", default: path.join(here, "../..") },
    only: { type: "string" },
    deadline: { type: "string", default: "60000" },
  },
});
if (!options.rbgen) {
  console.error("usage: node watch.mjs --rbgen FILE [--chromium FILE] [--site DIR] [--only NAME] [--deadline MS]");
  process.exit(2);
}

/** How long anything may take on a machine that is busy; nothing waits so long unless it fails. */
const DEADLINE = Number(options.deadline);
const NODE = "vengeance-local";
const OTHER = "collaboration-local";
const PAGE = "/play/blackjack/";
const PAGE_FILE = "content/pages/play/robbie-play-blackjack.toml";
const TEMPLATE = "themes/base/partials/site-nav.html";

const work = mkdtempSync(path.join(os.tmpdir(), "rbgen-watch-"));
const running = new Set();

/** A copy of the site, and what is done to it. */
function copySite(name) {
  const root = path.join(work, name);
  for (const part of ["robbieblocks.toml", "content", "themes"]) {
    cpSync(path.join(options.site, part), path.join(root, part), { recursive: true });
  }
  const read = (file) => readFileSync(path.join(root, file), "utf8");
  // As editors do it: a file is whole or not there.
  const write = (file, text) => {
    writeFileSync(path.join(root, `${file}~`), text);
    renameSync(path.join(root, `${file}~`), path.join(root, file));
  };
  const replace = (file, from, to) => {
    const before = read(file);
    if (!before.includes(from)) throw new Error(`${file} has no ${from}`);
    write(file, before.replace(from, () => to));
  };
  return { root, read, write, replace, remove: (file) => rmSync(path.join(root, file)) };
}

/** Watches a folder: `{ url, events, once(what), stop() }`. */
async function watchSite(root, port = "0") {
  const child = spawn(options.rbgen, ["--root", root, "watch", "--json", "--port", port], { stdio: ["ignore", "pipe", "pipe"] });
  running.add(child);
  const events = [];
  const waiting = new Set();
  let said = "";
  child.stderr.on("data", (text) => (said += text));
  createInterface({ input: child.stdout }).on("line", (line) => {
    events.push(JSON.parse(line));
    for (const look of waiting) look();
  });
  child.on("exit", () => {
    running.delete(child);
    for (const look of waiting) look();
  });
  const once = (what, is) =>
    new Promise((done, fail) => {
      const look = () => {
        const event = events.find(is);
        if (!event && running.has(child)) return;
        waiting.delete(look);
        clearTimeout(timer);
        if (event) done(event);
        else fail(new Error(`rbgen ended before ${what}: ${said}`));
      };
      const timer = setTimeout(() => {
        waiting.delete(look);
        fail(new Error(`waited too long for ${what}: ${JSON.stringify(events)} ${said}`));
      }, DEADLINE);
      waiting.add(look);
      look();
    });
  const { url } = await once("its address", (event) => event.event === "serving");
  const stop = () =>
    new Promise((done) => {
      if (!running.has(child)) return done();
      child.once("exit", done);
      child.kill("SIGTERM");
    });
  return { url: url.replace(/\/$/, ""), events, once, stop, isAlive: () => running.has(child) };
}

function assert(holds, what) {
  if (!holds) throw new Error(what);
}
function assertEqual(is, wanted, what) {
  if (is !== wanted) throw new Error(`${what} is ${JSON.stringify(is)} and not ${JSON.stringify(wanted)}`);
}

const browser = await launch(options.chromium);

/** A tab that notes what a developer would find in its console: `{ page, faults }`. */
async function openTab(viewport = { width: 1100, height: 700 }) {
  const context = await browser.newContext({ reducedMotion: "reduce", viewport });
  context.setDefaultTimeout(DEADLINE);
  await context.addInitScript(tellOfPolicy);
  const page = await context.newPage();
  const faults = [];
  page.on("console", (message) => {
    // A page that is not there yet, and a prop that is wrong, are among the things that are tested.
    const expected = /status of (404|422|503)/.test(message.text());
    if (["error", "warning"].includes(message.type()) && !expected) faults.push(`console: ${message.text()}`);
  });
  page.on("pageerror", (error) => faults.push(`uncaught: ${error.message}`));
  return { context, page, faults };
}

const bar = (page) => page.locator("rbgen-watch nav");
const overlay = (page) => page.locator("rbgen-watch dialog[open]");
/** Waits until a page has heard from the server. */
const connected = (page) => page.locator("rbgen-watch .word", { hasText: /^(watching|broken|waiting for this page)\b/ }).waitFor({ state: "attached" });
const go = async (page, url) => {
  const answer = await page.goto(url, { waitUntil: "load" });
  await connected(page);
  return answer;
};
const titleIs = (page, title) => page.waitForFunction((wanted) => document.title === wanted, title, { timeout: DEADLINE });
/** Marks a window; a reload would lose the mark. */
const mark = (page) => page.evaluate(() => { window.marker = "here"; });
const isMarked = (page) => page.evaluate(() => window.marker === "here");

const stories = {
  async "an edited page is loaded again where it was"({ site, url }) {
    const { page, faults, context } = await openTab({ width: 900, height: 500 });
    await go(page, `${url}/${NODE}${PAGE}`);
    const most = await page.evaluate(() => document.documentElement.scrollHeight - innerHeight);
    assert(most > 300, `the page is only ${most} px higher than its window`);
    const top = Math.min(371, most);
    await page.evaluate((to) => {
      document.getElementById("page-main").focus({ preventScroll: true });
      scrollTo({ top: to, behavior: "instant" });
    }, top);
    await mark(page);
    site.replace(PAGE_FILE, "Blackjack at Robbie's", "Blackjack, edited");
    await titleIs(page, "Blackjack, edited");
    await connected(page);
    assert(!(await isMarked(page)), "the page was not loaded again");
    await page.waitForFunction((wanted) => document.readyState === "complete" && scrollY === wanted && history.scrollRestoration === "auto", top, { timeout: DEADLINE });
    assertEqual(await page.evaluate(() => document.activeElement.id), "page-main", "what has the focus");
    site.replace(PAGE_FILE, "Blackjack, edited", "Blackjack at Robbie's");
    await titleIs(page, "Blackjack at Robbie's");
    await page.waitForFunction((wanted) => scrollY === wanted, top, { timeout: DEADLINE });
    await context.close();
    return faults;
  },

  async "what others keep in the storage of a tab does no harm"({ url }) {
    const { page, faults, context } = await openTab();
    for (const garbage of ["{", "null", "7", '["a", {}, 3, null, 5]']) {
      await page.goto(`${url}/${NODE}${PAGE}`, { waitUntil: "load" });
      await page.evaluate((text) => sessionStorage.setItem(`rbgen.place ${location.href}`, text), garbage);
      await page.reload({ waitUntil: "load" });
      await connected(page);
    }
    await context.close();
    return faults;
  },

  async "styles swap without a reload"({ site, url }) {
    const { page, faults, context } = await openTab();
    await go(page, `${url}/${NODE}${PAGE}`);
    await mark(page);
    const style = (name) => page.evaluate((property) => getComputedStyle(document.querySelector("h1"))[property] + getComputedStyle(document.documentElement).getPropertyValue("--color-primary"), name);
    const before = await style("outlineColor");
    const tokens = "content/tokens/color.toml";
    site.replace(tokens, 'primary = { value = "#8B5CF6"', 'primary = { value = "#00AA55"');
    await page.waitForFunction(() => /#0a5|#00aa55|rgb\(0, 170, 85\)/i.test(getComputedStyle(document.documentElement).getPropertyValue("--color-primary")), null, { timeout: DEADLINE });
    assert(await isMarked(page), "a token made the page load again");
    const component = "content/components/page-header.css";
    site.write(component, `${site.read(component)}\nh1 { outline: 3px solid rgb(1, 2, 3); }\n`);
    await page.waitForFunction(() => getComputedStyle(document.querySelector("h1")).outlineColor === "rgb(1, 2, 3)", null, { timeout: DEADLINE });
    assert(await isMarked(page), "a style sheet of a component made the page load again");
    site.write(component, site.read(component).replace(/\nh1 \{ outline[^\n]*\n$/, ""));
    site.replace(tokens, "#00AA55", "#8B5CF6");
    const links = () => [...document.querySelectorAll("link[rel=stylesheet]")].length;
    const count = await page.evaluate(links);
    await page.waitForFunction((wanted) => getComputedStyle(document.querySelector("h1")).outlineColor + getComputedStyle(document.documentElement).getPropertyValue("--color-primary") === wanted, before, { timeout: DEADLINE });
    assert(await isMarked(page), "going back made the page load again");
    await page.waitForFunction((most) => document.querySelectorAll("link[rel=stylesheet]").length <= most, count, { timeout: DEADLINE });
    await context.close();
    return faults;
  },

  async "a hidden tab hears nothing, and catches up"({ site, url, watching }) {
    const { page, faults, context } = await openTab();
    await go(page, `${url}/${NODE}${PAGE}`);
    await mark(page);
    const turn = (hidden) => page.evaluate((value) => {
      Object.defineProperty(document, "hidden", { configurable: true, get: () => value });
      document.dispatchEvent(new Event("visibilitychange"));
    }, hidden);
    const primary = () => page.evaluate(() => getComputedStyle(document.documentElement).getPropertyValue("--color-primary"));
    const before = await primary();
    await turn(true);
    const last = Math.max(...watching.events.map((event) => event.round ?? 0));
    site.replace("content/tokens/color.toml", "#8B5CF6", "#00AA55");
    await watching.once("the next round", (event) => event.event === "built" && event.round > last);
    assertEqual(await primary(), before, "the colour of a hidden tab");
    await turn(false);
    await page.waitForFunction((old) => getComputedStyle(document.documentElement).getPropertyValue("--color-primary") !== old, before, { timeout: DEADLINE });
    assert(await isMarked(page), "the page was loaded again");
    site.replace("content/tokens/color.toml", "#00AA55", "#8B5CF6");
    await page.waitForFunction((old) => getComputedStyle(document.documentElement).getPropertyValue("--color-primary") === old, before, { timeout: DEADLINE });
    await context.close();
    return faults;
  },

  async "warnings are a number in the toolbar, which shows them"({ site, url }) {
    const { page, faults, context } = await openTab();
    await go(page, `${url}/${NODE}${PAGE}`);
    const file = "content/tokens/color.toml";
    const good = site.read(file);
    site.write(file, good.replace(/^text = .*$/m, 'text = "light-dark(#F8FAFC, #0F172A)"'));
    const button = bar(page).getByRole("button", { name: /^\d+ warnings?$/ });
    await button.waitFor();
    assertEqual(await overlay(page).count(), 0, "the number of overlays");
    await button.click();
    await overlay(page).getByText("contrast").first().waitFor();
    await page.keyboard.press("Escape");
    // The small toolbar says it, too, to all.
    const toggle = bar(page).locator(".toggle");
    await toggle.click();
    assertEqual(await toggle.getAttribute("aria-expanded"), "false", "whether it is expanded");
    const words = bar(page).locator(".word");
    const box = await words.boundingBox();
    assert(box.width > 20, `the words of the small toolbar are ${box.width} px wide`);
    assert(/^watching, \d+ warnings?$/.test(await words.innerText()), `it says ${await words.innerText()}`);
    assertEqual(await bar(page).getByRole("status").textContent(), await words.textContent(), "the status");
    assert(/: show the whole toolbar$/.test(await toggle.getAttribute("aria-label")), "the name of the toggle");
    assertEqual(await bar(page).locator(`#${await toggle.getAttribute("aria-controls")}`).isHidden(), true, "whether what it controls is hidden");
    await toggle.click();
    await button.click();
    site.write(file, good);
    await overlay(page).waitFor({ state: "hidden" });
    await button.waitFor({ state: "hidden" });
    await context.close();
    return faults;
  },

  async "a broken template shows over the last good page, and goes when it is mended"({ site, url, watching }) {
    const { page, faults, context } = await openTab();
    await go(page, `${url}/${NODE}${PAGE}`);
    await page.locator("a[href]").first().focus();
    await mark(page);
    const good = site.read(TEMPLATE);
    const line = good.split("\n").findIndex((text) => text.includes("<ul>")) + 1;
    site.write(TEMPLATE, good.replace("<ul>", "<ul>{{ nonsense }}"));
    await overlay(page).waitFor();
    const text = await overlay(page).innerText();
    for (const wanted of [`${TEMPLATE}:${line}`, "nonsense", "rbgen explain RB", "included from", "layouts/"]) {
      assert(text.includes(wanted), `the overlay does not say ${wanted}: ${text}`);
    }
    assertEqual(await overlay(page).locator(".here").first().innerText().then((shown) => shown.includes("{{ nonsense }}")), true, "the line in the overlay");
    assert((await overlay(page).locator("mark").first().innerText()).includes("nonsense"), "the range is not underlined");
    assertEqual(await overlay(page).getAttribute("aria-labelledby"), "heading", "its label");
    assert(await page.locator("h1").first().isVisible(), "the last good page is not behind it");
    assert(await isMarked(page), "the page was loaded again");
    // It is used by keyboard, and the focus comes back.
    assert(await page.evaluate(() => document.activeElement.localName === "rbgen-watch"), "the focus is not in the overlay");
    await page.keyboard.press("Escape");
    await overlay(page).waitFor({ state: "hidden" });
    assertEqual(await page.evaluate(() => document.activeElement.localName), "a", "what has the focus afterwards");
    await bar(page).getByRole("button", { name: /^\d+ error/ }).click();
    await overlay(page).waitFor();
    await page.keyboard.press("Escape");
    await overlay(page).waitFor({ state: "hidden" });
    // Another error brings it back.
    site.write(TEMPLATE, good.replace("<ul>", "<ul>{{ humbug }}"));
    await overlay(page).getByText("humbug").first().waitFor();
    site.write(TEMPLATE, good.replace("<ul>", '<ul data-mended="yes">'));
    await overlay(page).waitFor({ state: "hidden" });
    await page.locator("[data-mended]").first().waitFor({ state: "attached" });
    assert(watching.isAlive(), "rbgen ended");
    site.write(TEMPLATE, good);
    await page.locator("[data-mended]").first().waitFor({ state: "detached" });
    await context.close();
    return faults;
  },

  async "a first build that fails shows why, and then the page"() {
    const site = copySite("broken");
    const good = site.read(TEMPLATE);
    site.write(TEMPLATE, good.replace("<ul>", "<ul>{{ nonsense }}"));
    const watching = await watchSite(site.root);
    const { page, faults, context } = await openTab();
    await go(page, `${watching.url}/${NODE}${PAGE}`);
    await overlay(page).getByText("nonsense").first().waitFor();
    site.write(TEMPLATE, good);
    await titleIs(page, "Blackjack at Robbie's");
    assertEqual(await overlay(page).count(), 0, "the number of overlays");
    assert(watching.isAlive(), "rbgen ended");
    await context.close();
    await watching.stop();
    return faults;
  },

  async "nodes and apps are switched in the toolbar"({ url }) {
    const { page, faults, context } = await openTab();
    await go(page, `${url}/${NODE}${PAGE}`);
    await bar(page).locator("summary").first().click();
    await bar(page).locator(`a[href="/${OTHER}${PAGE}"]`).click();
    await page.waitForURL(`${url}/${OTHER}${PAGE}`);
    await connected(page);
    assertEqual(await page.title(), "Blackjack at Robbie's", "the title on the other node");
    // The links of the page stay on its node.
    await page.locator("header a[href]", { hasText: /^code$/i }).first().click();
    await page.waitForURL(`${url}/${OTHER}/code/`);
    await connected(page);
    await bar(page).locator("summary").nth(1).click();
    await bar(page).getByRole("link", { name: "play", exact: true }).click();
    await page.waitForURL((address) => address.pathname.startsWith(`/${OTHER}/play`));
    await connected(page);
    // It gets out of the way, and remembers that.
    await bar(page).locator(".toggle").click();
    assert(await bar(page).locator("summary").first().isHidden(), "it is not collapsed");
    await page.reload();
    await connected(page);
    assert(await bar(page).locator("summary").first().isHidden(), "it is not collapsed any more");
    await page.emulateMedia({ media: "print" });
    assert(await bar(page).isHidden(), "it is printed");
    await context.close();
    return faults;
  },

  async "the start page shows every node alive"({ site, url }) {
    const { page, faults, context } = await openTab({ width: 1280, height: 1600 });
    await page.goto(`${url}/`, { waitUntil: "load" });
    const frames = page.locator("iframe");
    assertEqual(await frames.count(), 4, "the number of thumbnails");
    const box = await frames.first().boundingBox();
    const card = await page.locator(".thumb").first().boundingBox();
    assert(Math.abs(box.width - card.width) < 3 && box.height < 700, `a thumbnail of ${box.width} px is in ${card.width} px`);
    const shown = page.frameLocator(`iframe[src^="/${NODE}/"]`);
    await shown.locator("h1").first().waitFor();
    assertEqual(await shown.locator("rbgen-watch").count(), 0, "the number of toolbars in a thumbnail");
    await mark(page);
    const frame = page.frames().find((one) => one.url().startsWith(`${url}/${NODE}/`));
    await page.waitForFunction(() => document.querySelector("[data-live]"), null, { timeout: DEADLINE });
    const file = TEMPLATE;
    const good = site.read(file);
    site.write(file, good.replace("<ul>", '<ul data-alive="yes">'));
    await frame.waitForSelector("[data-alive]", { state: "attached", timeout: DEADLINE });
    assert(await isMarked(page), "the start page itself was loaded again");
    await page.waitForFunction(() => !/Round 1\b/.test(document.querySelector("#state").textContent), null, { timeout: DEADLINE });
    site.write(file, good);
    await frame.waitForSelector("[data-alive]", { state: "detached", timeout: DEADLINE });
    site.write(file, good.replace("<ul>", "<ul>{{ nonsense }}"));
    await overlay(page).waitFor();
    await page.keyboard.press("Escape");
    await page.locator("#state", { hasText: "nonsense" }).waitFor();
    site.write(file, good);
    await page.locator("#state", { hasNotText: "nonsense" }).waitFor();
    await page.locator(".thumb a").first().click();
    await page.waitForURL((address) => address.pathname !== "/");
    await context.close();
    return faults;
  },

  async "a page that is not there has near ones, and comes when it is made"({ site, url }) {
    const { page, faults, context } = await openTab();
    const answer = await go(page, `${url}/${NODE}/play/blackjak/`);
    assertEqual(answer.status(), 404, "the status");
    await page.locator(`a[href="/${NODE}${PAGE}"]`).first().waitFor();
    const file = "content/pages/play/blackjak.toml";
    site.write(file, site.read(PAGE_FILE).replace('route = "/play/blackjack"', 'route = "/play/blackjak"').replace("Blackjack at Robbie's", "Blackjak").replace(/^aliases.*$/m, ""));
    await titleIs(page, "Blackjak");
    await connected(page);
    await mark(page);
    site.remove(file);
    // It is gone, and stays to be read.
    await page.locator("rbgen-watch .word", { hasText: "this page is gone" }).waitFor({ state: "attached" });
    assert(await isMarked(page), "a page that is gone was loaded again");
    await context.close();
    return faults;
  },

  async "what is served is the file and the script"({ site, url }) {
    for (const route of [PAGE, "/code/", "/play/house-rules/"]) {
      const answer = await fetch(`${url}/${NODE}${route}`, { headers: { "accept-encoding": "identity" } });
      if (answer.status === 404) continue;
      const html = await answer.text();
      const app = route.split("/")[1];
      const file = readFileSync(path.join(site.root, "dist", NODE, app, route.slice(1), "index.html"), "utf8");
      assert(html.startsWith(file), `${route} is not its file`);
      assert(/^<script src="\/_rb\/watch\.js" data-page="[^"]*" data-digest="[0-9a-f]+" data-shape="[0-9a-f]+"><\/script>\s*$/.test(html.slice(file.length)), `${route} ends in ${html.slice(file.length)}`);
    }
    return [];
  },

  async "the pages of rbgen show each round"({ site, url }) {
    const all = [];
    const open = async (address) => {
      const tab = await openTab({ width: 1280, height: 1000 });
      await tab.page.goto(url + address, { waitUntil: "load" });
      return tab;
    };
    const close = async ({ context, faults }) => {
      await context.close();
      all.push(...faults);
    };
    const tokens = "content/tokens/color.toml";
    const file = site.read(tokens);
    let tab = await open("/_rb/tokens");
    await tab.page.locator("#filter").fill("primary");
    site.write(tokens, file.replace('primary = { value = "#8B5CF6"', 'primary = { value = "#00AA55"'));
    await tab.page.locator("#tokens", { hasText: /#00aa55/i }).waitFor();
    assertEqual(await tab.page.locator("#filter").inputValue(), "primary", "what was typed in the filter");
    assert(await tab.page.locator("#tokens tr[data-text][hidden]").count() > 0, "the filter does not hold any more");
    site.write(tokens, file);
    await tab.page.locator("#tokens", { hasText: /#8b5cf6/i }).waitFor();
    await close(tab);

    tab = await open("/_rb/gallery?component=game-grid");
    const inFrames = (wanted) => tab.page.waitForFunction((pattern) => [...document.querySelectorAll("iframe")].some((frame) => new RegExp(pattern).test(frame.contentDocument?.documentElement?.outerHTML)), wanted, { timeout: DEADLINE });
    const field = tab.page.locator("#props input[type=text], #props textarea").first();
    await field.fill("Typed before the round");
    await inFrames("Typed before the round");
    const component = "content/components/game-grid.css";
    const good = site.read(component);
    site.write(component, `${good}\nh2 { outline: 3px solid rgb(9, 8, 7); }\n`);
    await inFrames("outline: ?3px solid");
    await inFrames("Typed before the round");
    assertEqual(await field.inputValue(), "Typed before the round", "what was typed in the form");
    site.write(component, good);
    await close(tab);

    tab = await open(`/_rb/graph?path=/${NODE}${PAGE}`);
    const round = () => tab.page.evaluate(() => Number(document.querySelector("#told").dataset.live));
    const before = await round();
    await mark(tab.page);
    site.replace(PAGE_FILE, "Blackjack at Robbie's", "Blackjack, in the graph");
    await tab.page.waitForFunction((old) => Number(document.querySelector("#told").dataset.live) > old, before, { timeout: DEADLINE });
    await tab.page.locator("#made", { hasText: "Rendered because" }).waitFor();
    assert(await isMarked(tab.page), "the graph was loaded again");
    // What is open stays open, and what has the focus keeps it.
    const readers = tab.page.locator("#told details").first();
    await readers.locator("summary").click();
    const second = await round();
    site.replace(PAGE_FILE, "Blackjack, in the graph", "Blackjack, again in the graph");
    await tab.page.waitForFunction((old) => Number(document.querySelector("#told").dataset.live) > old, second, { timeout: DEADLINE });
    await tab.page.locator("#told", { hasText: `in round ${await round()}` }).waitFor();
    assert(await readers.evaluate((element) => element.open), "what was open is closed");
    assertEqual(await tab.page.evaluate(() => document.activeElement.localName), "summary", "what has the focus");
    assertEqual(await readers.evaluate((element) => element.querySelector("summary") === document.activeElement), true, "whether the same has the focus");
    site.replace(PAGE_FILE, "Blackjack, again in the graph", "Blackjack at Robbie's");
    await close(tab);
    return all;
  },

  async "a prop is edited in the gallery by keyboard"({ url }) {
    const { page, faults, context } = await openTab({ width: 1280, height: 1000 });
    await page.goto(`${url}/_rb/gallery?component=game-grid`, { waitUntil: "load" });
    const field = page.locator("#props input[type=text], #props textarea").first();
    await field.focus();
    await page.keyboard.press("ControlOrMeta+A");
    await page.keyboard.type("Typed by hand");
    const shows = async (text) => {
      await page.waitForFunction((wanted) => [...document.querySelectorAll("iframe")].some((frame) => frame.contentDocument?.body?.textContent.includes(wanted)), text, { timeout: DEADLINE });
    };
    await shows("Typed by hand");
    await page.reload({ waitUntil: "load" });
    await shows("Typed by hand");
    // What is wrong is said at its field, and what was typed stays.
    const number = page.locator("#props input[type=number]").first();
    await number.focus();
    await page.keyboard.press("ControlOrMeta+A");
    await page.keyboard.type("0");
    await page.locator("#props [aria-invalid=true]").first().waitFor();
    await page.locator("#problems", { hasText: /RB\d{4}/ }).waitFor();
    assertEqual(await number.inputValue(), "0", "the number that was typed");
    await shows("Typed by hand");
    await context.close();
    return faults;
  },

  async "the pages of rbgen are sound, narrow and wide, and by keyboard"({ url }) {
    const all = [];
    for (const address of ["/", "/_rb/tokens", "/_rb/deploys", "/_rb/graph", `/_rb/graph?path=/${NODE}${PAGE}`, "/_rb/gallery"]) {
      const { page, faults, context } = await openTab({ width: 375, height: 812 });
      const answer = await page.goto(url + address, { waitUntil: "load" });
      assertEqual(answer.status(), 200, `the status of ${address}`);
      assert(answer.headers()["content-security-policy"], `${address} has no policy`);
      const { scrollWidth, clientWidth } = await page.evaluate(() => document.documentElement);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      assert(wide <= 0, `${address} is ${wide} px too wide (${scrollWidth}, ${clientWidth})`);
      await reachable(page, address);
      await context.close();
      all.push(...faults.map((fault) => `${address}: ${fault}`));
    }
    // The toolbar, too.
    const { page, faults, context } = await openTab();
    await go(page, `${url}/${NODE}${PAGE}`);
    const seen = [];
    for (let press = 0; press < 200 && !seen.includes("Move to another corner"); press += 1) {
      await page.keyboard.press("Tab");
      seen.push(await page.evaluate(() => {
        const inside = document.querySelector("rbgen-watch").shadowRoot.activeElement;
        return inside ? inside.getAttribute("aria-label") ?? inside.textContent : "";
      }));
    }
    for (const wanted of ["Start", "Gallery", "Tokens", "Deploys", "Why", "Move to another corner"]) {
      assert(seen.includes(wanted), `Tab does not reach ${wanted} in the toolbar`);
    }
    await context.close();
    return [...all, ...faults];
  },

  async "a server that starts again is found again"() {
    const site = copySite("again");
    let watching = await watchSite(site.root);
    const { port } = new URL(watching.url);
    const { page, context } = await openTab();
    await go(page, `${watching.url}/${NODE}${PAGE}`);
    await titleIs(page, "Blackjack at Robbie's");
    await connected(page);
    await watching.stop();
    await page.locator("rbgen-watch .word", { hasText: "disconnected" }).waitFor({ state: "attached" });
    site.replace(PAGE_FILE, "Blackjack at Robbie's", "Blackjack, meanwhile");
    watching = await watchSite(site.root, port);
    await titleIs(page, "Blackjack, meanwhile");
    await context.close();
    await watching.stop();
    // That it asks while there is no server is in the console, and must be.
    return [];
  },
};

/** Fails unless Tab reaches all that can be used, each with a focus that is seen. */
async function reachable(page, address) {
  const wanted = await page.evaluate(() => {
    const usable = [...document.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex='0']")];
    const seen = usable.filter((element) => element.checkVisibility({ visibilityProperty: true }) && !element.disabled && element.tabIndex >= 0 && !element.closest("[inert]"));
    // Of a group of radio buttons, Tab reaches one.
    const alone = seen.filter((element) => element.type !== "radio" || element.checked);
    alone.forEach((element, index) => (element.dataset.tested = index));
    return alone.length;
  });
  const reached = new Set();
  await page.evaluate(() => document.activeElement?.blur());
  for (let press = 0; press < wanted + 20 && reached.size < wanted; press += 1) {
    await page.keyboard.press("Tab");
    const { name, index, isSeen } = await page.evaluate(() => {
      const element = document.activeElement;
      const style = getComputedStyle(element);
      const isSeen = (style.outlineStyle !== "none" && Number.parseFloat(style.outlineWidth) > 0) || style.boxShadow !== "none";
      return { name: element.outerHTML.slice(0, 120), index: element.dataset.tested, isSeen };
    });
    if (index === undefined) continue;
    reached.add(index);
    assert(isSeen, `${address}: the focus of ${name} is not seen`);
  }
  const missed = await page.evaluate((indices) => [...document.querySelectorAll("[data-tested]")].filter((element) => !indices.includes(element.dataset.tested)).map((element) => element.outerHTML.slice(0, 120)), [...reached]);
  assertEqual(missed.length, 0, `${address}: Tab does not reach ${missed.slice(0, 3).join(" ")}: the number of these`);
}

let failed = 0;
try {
  let site = null;
  let watching = null;
  for (const [name, story] of Object.entries(stories)) {
    if (options.only && !name.includes(options.only)) continue;
    const began = Date.now();
    let faults;
    try {
      if (!watching) {
        site = copySite(`site ${began}`);
        watching = await watchSite(site.root);
        await watching.once("the first build", (event) => event.round === 1);
      }
      faults = await story({ site, url: watching.url, watching });
    } catch (error) {
      faults = [error.message];
      for (const context of browser.contexts()) await context.close();
      // The next story does not begin in the middle of this one.
      await watching?.stop();
      watching = null;
    }
    console.log(`${faults.length === 0 ? "ok    " : "FAILED"} ${name} (${Date.now() - began} ms)`);
    for (const fault of new Set(faults)) console.log(`         ${fault}`);
    failed += faults.length === 0 ? 0 : 1;
  }
  await watching?.stop();
} finally {
  await browser.close();
  for (const child of running) child.kill("SIGKILL");
  rmSync(work, { recursive: true, force: true });
}
console.log(`${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
