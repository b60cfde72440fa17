// Components that are React code, in Chromium: the site of tests/react is built with each library, served
// as a host would, read, used, and broken.
//
//   node react.mjs --rbgen FILE [--chromium FILE] [--keep DIR] [--only NAME] [--deadline MS]

import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { launch, tellOfPolicy } from "./chromium.mjs";
import { attempts, modes, stills } from "./react/pages.mjs";
import { parts } from "./react/parts.mjs";
import { prepare } from "./react/tools.mjs";
import { readNodes, serve } from "./serve.mjs";

const here = path.dirname(fileURLToPath(import.meta.url));
const { values: options } = parseArgs({
  options: {
    rbgen: { type: "string" },
    chromium: { type: "string", default: "/usr/bin/chromium" },
    keep: { type: "string" },
    only: { type: "string" },
    deadline: { type: "string", default: "60000" },
  },
});
if (!options.rbgen) {
  console.error("usage: node react.mjs --rbgen FILE [--chromium FILE] [--keep DIR] [--only NAME] [--deadline MS]");
  process.exit(2);
}

const LIBRARIES = ["preact", "react"];
const tests = path.join(here, "../react");
const work = mkdtempSync(path.join(os.tmpdir(), "rbgen-react-"));
process.on("exit", () => rmSync(work, { recursive: true, force: true }));

/** Builds the site with a library: the folder of its only node. */
function build(library) {
  const root = path.join(work, library);
  const out = path.join(options.keep ?? work, `dist-${library}`);
  mkdirSync(root);
  // A site has its packages within itself.
  cpSync(path.join(tests, "site"), root, { recursive: true });
  cpSync(path.join(tests, "node_modules"), path.join(root, "node_modules"), { recursive: true });
  const config = path.join(root, "robbieblocks.toml");
  const text = readFileSync(config, "utf8");
  if (!/^runtime = "preact"$/m.test(text)) throw new Error("robbieblocks.toml names no library");
  writeFileSync(config, text.replace(/^runtime = "preact"$/m, `runtime = "${library}"`));
  const rbgen = spawnSync(options.rbgen, ["--root", root, "build", "--quiet", "--out", out], { encoding: "utf8" });
  if (rbgen.status !== 0) {
    console.error(rbgen.error?.message ?? rbgen.stderr);
    console.error(`the site is not built with ${library}`);
    process.exit(1);
  }
  const [node] = readNodes(out);
  return node;
}

/**
 * What the stories of one library are told with. `open` gives a tab whose faults are those of its story: all
 * that is said in its console, whatever fails or is not there, and what the policy forbids.
 */
function world(library, origin, browser) {
  const faults = [];
  const contexts = [];
  async function open(settings = {}) {
    const { excuse = () => false, ...context } = settings;
    const opened = await browser.newContext({
      reducedMotion: "reduce",
      viewport: { width: 1100, height: 700 },
      // Not those of the build: what depends on them would change when an island comes to life.
      locale: "de-DE",
      timezoneId: "Pacific/Auckland",
      ...context,
    });
    contexts.push(opened);
    opened.setDefaultTimeout(Number(options.deadline));
    await opened.addInitScript(tellOfPolicy);
    await opened.addInitScript(prepare);
    const page = await opened.newPage();
    const asked = [];
    const fault = (what) => {
      if (!excuse(what)) faults.push(what);
    };
    page.on("console", (message) => fault(`console.${message.type()}: ${message.text().split("\n")[0]}`));
    page.on("pageerror", (error) => fault(`uncaught: ${error.message}`));
    page.on("request", (request) => asked.push(new URL(request.url()).pathname));
    page.on("requestfailed", (request) => fault(`request failed: ${request.url()} (${request.failure()?.errorText})`));
    page.on("response", (response) => {
      if (response.status() >= 400) fault(`${response.status()} for ${response.url()}`);
    });
    return { page, context: opened, scripts: () => asked.filter((name) => name.endsWith(".js")) };
  }
  const end = async () => {
    for (const context of contexts.splice(0)) await context.close();
    return faults.splice(0);
  };
  return { library, origin, open, end, chromium: options.chromium, deadline: Number(options.deadline) };
}

let failed = 0;
const results = [];
const browser = await launch(options.chromium);
try {
  for (const library of LIBRARIES) {
    const node = build(library);
    const server = await serve(node);
    const told = world(library, server.origin, browser);
    const result = { library, texts: {}, size: null };
    results.push(result);
    for (const [name, story] of Object.entries({ ...stills, ...attempts, ...modes, ...parts })) {
      if (options.only && !name.includes(options.only)) continue;
      const began = Date.now();
      const faults = [];
      try {
        await story({ ...told, node, result });
      } catch (error) {
        faults.push(error.message);
      }
      faults.push(...(await told.end()));
      console.log(`${faults.length === 0 ? "ok    " : "FAILED"} ${library}: ${name} (${Date.now() - began} ms)`);
      for (const fault of new Set(faults)) console.log(`         ${fault}`);
      failed += faults.length === 0 ? 0 : 1;
    }
    server.close();
  }
} finally {
  await browser.close();
}

const [one, other] = results;
for (const place of new Set([...Object.keys(one.texts), ...Object.keys(other.texts)])) {
  if (one.texts[place] === other.texts[place]) continue;
  failed += 1;
  console.log(`FAILED ${place} does not say the same with both libraries`);
  for (const { library, texts } of results) console.log(`         ${library}: ${JSON.stringify(texts[place])}`);
}
console.log(`${Object.keys(one.texts).length} blocks say the same with both libraries`);
if (results.every(({ size }) => size)) {
  console.log("\nThe first island of a page, in bytes (gzip):");
  console.table(Object.fromEntries(results.map(({ library, size }) => [library, size])));
}
console.log(`${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
