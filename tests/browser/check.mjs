// Opens every page of every node in Chromium, as wide as a desktop and as narrow as two phones, and
// fails on whatever a visitor would see or a developer would find in the console.
//
//   node check.mjs [--chromium FILE] [--site DIR] [--screenshots DIR] DIST

import { mkdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { launch } from "./chromium.mjs";
import { readNodes, resolve, serve } from "./serve.mjs";

const here = path.dirname(fileURLToPath(import.meta.url));
const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    chromium: { type: "string", default: "/usr/bin/chromium" },
    site: { type: "string", default: path.join(here, "../..") },
    screenshots: { type: "string" },
  },
});
const [dist] = positionals;
if (!dist) {
  console.error("usage: node check.mjs [--chromium FILE] [--site DIR] [--screenshots DIR] DIST");
  process.exit(2);
}

const WIDTHS = [1280, 375, 320];
const HEIGHTS = { 1280: 900, 375: 812, 320: 640 };
const MISSING = "/no/such/page";

/** The colour that a node's content gives to `color.primary`: its override, or the token's value. */
function primaryColor(node) {
  const read = (file) => readFileSync(path.join(options.site, file), "utf8");
  const override = /^"color\.primary"\s*=\s*"([^"]+)"/m.exec(read(`content/nodes/${node}.toml`));
  const token = /^(?:color\.)?primary\s*=\s*(?:\{\s*value\s*=\s*)?"([^"]+)"/m.exec(read("content/tokens/color.toml"));
  return (override ?? token)[1];
}

/** The URL paths of a node's pages, from its manifests. */
function routes({ bundles }) {
  const pages = new Set();
  for (const bundle of bundles) {
    for (const file of bundle.files) {
      const page = /^(?:(.*)\/)?index\.html$/.exec(file);
      if (page) pages.add(`/${(page[1] ?? "").split("/").map(encodeURIComponent).join("/")}`);
    }
  }
  return [...pages].sort();
}

/** What can be seen from inside a page; runs in the browser. */
function inspect(primary) {
  const color = (value) => {
    const probe = document.body.appendChild(document.createElement("i"));
    probe.style.color = value;
    const computed = getComputedStyle(probe).color;
    probe.remove();
    return computed;
  };
  return {
    lang: document.documentElement.lang,
    title: document.title,
    h1: document.querySelectorAll("h1").length,
    main: document.querySelectorAll("main, [role=main]").length,
    wanted: color(primary),
    primary: color("var(--color-primary)"),
    ids: [...document.querySelectorAll("[id]")].map((element) => element.id),
    twice: [...document.querySelectorAll("[id]")].filter((element) => document.getElementById(element.id) !== element).map((element) => element.id),
    links: [...document.querySelectorAll("a[href], area[href]")].map((link) => link.href),
    violations: globalThis.policyViolations ?? [],
  };
}

/** By how much a page is wider than its window, and because of what; runs in the browser. */
function overflow() {
  const { scrollWidth, clientWidth } = document.documentElement;
  if (scrollWidth <= clientWidth) return null;
  const wide = [...document.body.querySelectorAll("*")]
    .filter((element) => element.getBoundingClientRect().right > clientWidth + 0.5)
    .map((element) => `${element.localName}${element.id && `#${element.id}`}${[...element.classList].map((name) => `.${name}`).join("")}`);
  return `${scrollWidth} px wide in a window of ${clientWidth} px (${wide.slice(-4).join(", ")})`;
}

const faults = [];
let views = 0;

async function checkNode(browser, node) {
  const server = await serve(node);
  const context = await browser.newContext({ reducedMotion: "reduce", viewport: { width: WIDTHS[0], height: HEIGHTS[WIDTHS[0]] } });
  await context.addInitScript(() => {
    globalThis.policyViolations = [];
    document.addEventListener("securitypolicyviolation", (event) => {
      globalThis.policyViolations.push(`${event.effectiveDirective} forbids ${event.blockedURI || "inline code"} (${event.sourceFile}:${event.lineNumber})`);
    });
  });
  const page = await context.newPage();
  let route = "";
  const fault = (what) => faults.push(`${node.node} ${route}: ${what}`);
  // The page for a path that does not exist is a 404, which Chromium notes in its console.
  const expected = (url) => route === MISSING && new URL(url).pathname === MISSING;

  page.on("console", (message) => {
    const { url } = message.location();
    if (!(url && expected(url))) fault(`console.${message.type()}: ${message.text()}`);
  });
  page.on("pageerror", (error) => fault(`uncaught: ${error.message}`));
  page.on("requestfailed", (request) => fault(`request failed: ${request.url()} (${request.failure()?.errorText})`));
  page.on("response", (response) => {
    if (response.status() >= 400 && !expected(response.url())) fault(`${response.status()} for ${response.url()}`);
  });
  await context.route("**/*", (request) => {
    const url = request.request().url();
    if (url.startsWith(`${server.origin}/`) || url.startsWith("data:") || url.startsWith("blob:")) return request.continue();
    fault(`asks another host: ${url}`);
    return request.abort();
  });

  const ids = new Map();
  const links = [];
  const primary = primaryColor(node.node);
  const pages = routes(node);
  for (route of [...pages, MISSING]) {
    await page.setViewportSize({ width: WIDTHS[0], height: HEIGHTS[WIDTHS[0]] });
    const response = await page.goto(server.origin + route, { waitUntil: "load" });
    if (response.status() !== (route === MISSING ? 404 : 200)) fault(`answers ${response.status()}`);
    if (!response.headers()["content-security-policy"]) fault("comes without a content security policy");
    await page.evaluate(() => document.fonts.ready);
    const seen = await page.evaluate(inspect, primary);
    if (!seen.lang) fault("<html> has no lang");
    if (!seen.title) fault("has no title");
    if (seen.h1 !== 1) fault(`has ${seen.h1} h1`);
    if (seen.main !== 1) fault(`has ${seen.main} main landmarks`);
    if (seen.primary !== seen.wanted) fault(`--color-primary is ${seen.primary}, its content says ${seen.wanted}`);
    for (const id of seen.twice) fault(`has the id \`${id}\` twice`);
    for (const violation of seen.violations) fault(`content security policy: ${violation}`);
    ids.set(decodeURI(route), new Set(seen.ids));
    for (const link of seen.links) links.push([route, link]);
    for (const width of WIDTHS) {
      await page.setViewportSize({ width, height: HEIGHTS[width] });
      const wider = await page.evaluate(overflow);
      if (wider) fault(wider);
      views += 1;
      if (options.screenshots) {
        const name = `${route.slice(1).replaceAll("/", "-") || "index"}-${width}.png`;
        const folder = path.join(options.screenshots, node.node);
        mkdirSync(folder, { recursive: true });
        await page.screenshot({ path: path.join(folder, name), fullPage: true });
      }
    }
  }

  for (const [from, link] of links) {
    route = from;
    const url = new URL(link);
    // On the page for a path that does not exist, `#main` leads to itself.
    if (url.origin !== server.origin || url.pathname === MISSING) continue;
    let answer = resolve(node, url.pathname);
    let target = url.pathname;
    if (answer.location?.startsWith("/")) {
      target = answer.location.split("#")[0];
      answer = resolve(node, target);
    }
    if (answer.status !== 200) {
      fault(`links to ${url.pathname}, which is not there`);
      continue;
    }
    const there = ids.get(decodeURI(target).replace(/(.)\/$/, "$1"));
    const fragment = decodeURIComponent(url.hash.slice(1));
    if (fragment && fragment !== "top" && there && !there.has(fragment)) fault(`links to ${target}#${fragment}, an id that is not there`);
  }
  await context.close();
  server.close();
  return pages.length;
}

const nodes = readNodes(dist);
if (nodes.length === 0) faults.push(`${dist} has no node`);
const browser = await launch(options.chromium);
try {
  const counts = await Promise.all(nodes.map((node) => checkNode(browser, node)));
  nodes.forEach(({ node }, index) => {
    console.log(`${node}: ${counts[index]} pages`);
    if (counts[index] === 0) faults.push(`${node} has no page`);
  });
} finally {
  await browser.close();
}
for (const fault of [...new Set(faults)].sort()) console.log(`  ${fault}`);
console.log(`${views} views in Chromium, ${new Set(faults).size} faults`);
process.exit(faults.length === 0 ? 0 : 1);
