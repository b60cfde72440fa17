// Holds every built page against the HTML standard, with the W3C's checker (vnu).
//
//   node html.mjs DIST
//
// Style sheets are left out: the checker's CSS lags behind browsers (nesting, @layer, light-dark()),
// and rbgen parses every style sheet itself.

import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const [dist] = process.argv.slice(2);
if (!dist) {
  console.error("usage: node html.mjs DIST");
  process.exit(2);
}
const pages = readdirSync(dist, { recursive: true }).filter((file) => file.endsWith(".html"));
if (pages.length === 0) {
  console.error(`${dist} has no HTML`);
  process.exit(1);
}
const jar = fileURLToPath(new URL("node_modules/vnu-jar/build/dist/vnu.jar", import.meta.url));
// More pages than a command line holds are no problem: the checker walks the folder itself.
const checker = spawnSync("java", ["-jar", jar, "--errors-only", "--skip-non-html", "--format", "json", dist], {
  encoding: "utf8",
  maxBuffer: 1 << 28,
});
if (checker.error || !checker.stderr.trimStart().startsWith("{")) {
  console.error(checker.error?.message ?? checker.stderr);
  process.exit(1);
}
const { messages } = JSON.parse(checker.stderr);
for (const { url, lastLine, lastColumn, message, extract } of messages) {
  const file = url ? path.relative(dist, fileURLToPath(url)) : "";
  console.log(`  ${file}:${lastLine}:${lastColumn}: ${message}\n    ${JSON.stringify(extract)}`);
}
console.log(`${pages.length} pages checked, ${messages.length} errors`);
process.exit(messages.length === 0 && checker.status === 0 ? 0 : 1);
