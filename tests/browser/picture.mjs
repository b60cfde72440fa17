// The picture of the README: one page in four nodes, from the screenshots of check.mjs.
//
//   KEEP=DIR tests/run browser
//   node tests/browser/picture.mjs DIR/screenshots code-1280.png docs/static/four-nodes.png

import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { chromium } from "playwright-core";

const [screenshots, page, target] = process.argv.slice(2);
const cards = readdirSync(screenshots)
  .map((node) => [node, join(screenshots, node, page)])
  .filter(([, file]) => existsSync(file))
  .map(([node, file]) => {
    const image = readFileSync(file).toString("base64");
    return `<figure><img src="data:image/png;base64,${image}"><figcaption>${node}</figcaption></figure>`;
  });
const html = `<!doctype html><style>
  body { margin: 0; padding: 24px; width: 1232px; background: #fff; font: 20px system-ui, sans-serif;
    display: grid; grid-template-columns: 1fr 1fr; gap: 24px }
  figure { margin: 0 } figcaption { color: #57606a; padding-block-start: 6px }
  img { width: 100%; height: 400px; object-fit: cover; object-position: top;
    border: 1px solid #d0d7de; border-radius: 10px; display: block }
</style>${cards.join("")}`;

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});
const tab = await browser.newPage({ viewport: { width: 1280, height: 100 } });
await tab.setContent(html);
await tab.screenshot({ path: target, fullPage: true });
await browser.close();
