// How long it takes from a save until Chromium shows it, while `rbgen watch` watches.
//
//   node latency.mjs [--chromium FILE] URL FILE COUNT
//
// Saves FILE, the source of the page at URL, COUNT times with another word in it, and prints the times in
// milliseconds as a JSON list. A save is shown when the page has the word in the frame that is painted.

import { readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { chromium } from "playwright-core";

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { chromium: { type: "string", default: "/usr/bin/chromium" } },
});
const [url, file, count] = positionals;
const browser = await chromium.launch({
  executablePath: options.chromium,
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});
const tab = await browser.newPage({ viewport: { width: 1280, height: 900 } });
let heard = () => {};
await tab.exposeBinding("shownAt", (_, word, at) => heard(word, at));
await tab.addInitScript(() => {
  const look = () => {
    const word = /Word-\d+/.exec(document.body?.innerText ?? "")?.[0];
    if (word && word !== globalThis.lastWord) {
      globalThis.lastWord = word;
      globalThis.shownAt(word, performance.timeOrigin + performance.now());
    }
    requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
});
await tab.goto(url);
const original = readFileSync(file, "utf8");
const times = [];
for (let number = 1; number <= Number(count); number += 1) {
  const word = `Word-${number}`;
  const text = original.replace("text = '''\n", `text = '''\n${word}\n\n`);
  await new Promise((resolve) => setTimeout(resolve, 300));
  const shown = new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`${word} was never shown`)), 30_000);
    heard = (found, at) => {
      if (found !== word) return;
      clearTimeout(timer);
      resolve(at);
    };
  });
  const began = performance.timeOrigin + performance.now();
  writeFileSync(file, text);
  times.push((await shown) - began);
}
writeFileSync(file, original);
await browser.close();
console.log(JSON.stringify(times));
