// A static host in miniature: serves the bundles of one node merged at the root, as a deploy puts
// them, and does what their `_headers` and `_redirects` say, so that the content security policy
// that visitors get is the one that is tested.

import { readFileSync, readdirSync, statSync } from "node:fs";
import http from "node:http";
import path from "node:path";

const TYPES = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".ico": "image/x-icon",
  ".jpg": "image/jpeg",
  ".js": "text/javascript; charset=utf-8",
  ".json": "application/json",
  ".png": "image/png",
  ".svg": "image/svg+xml",
  ".txt": "text/plain; charset=utf-8",
  ".webp": "image/webp",
  ".woff2": "font/woff2",
  ".xml": "application/xml",
};

/** The nodes of an output folder, each with its bundles: `{ node, bundles: [{ app, root, files }] }`. */
export function readNodes(dist) {
  const folders = (dir) => readdirSync(dir).filter((name) => statSync(path.join(dir, name)).isDirectory());
  return folders(dist)
    .sort()
    .map((node) => {
      const manifests = readdirSync(path.join(dist, node)).filter((name) => name.endsWith(".json"));
      const bundles = manifests.sort().map((name) => {
        const manifest = JSON.parse(readFileSync(path.join(dist, node, name), "utf8"));
        const root = path.join(dist, node, manifest.app);
        return {
          app: manifest.app,
          root,
          files: new Set(Object.keys(manifest.files)),
          headers: readRules(path.join(root, "_headers")),
          redirects: readRedirects(path.join(root, "_redirects")),
        };
      });
      return { node, bundles };
    })
    .filter(({ bundles }) => bundles.length > 0);
}

function readLines(file) {
  let text = "";
  try {
    text = readFileSync(file, "utf8");
  } catch {
    return [];
  }
  return text.split("\n").filter((line) => line.trim() !== "" && !line.trim().startsWith("#"));
}

/** `_headers`: a pattern on a line of its own, its headers indented below it. */
function readRules(file) {
  const rules = [];
  for (const line of readLines(file)) {
    if (/^\s/.test(line)) {
      const [name, ...value] = line.trim().split(":");
      rules.at(-1).headers.push([name.trim(), value.join(":").trim()]);
    } else {
      const source = line.trim().replace(/[.+?^${}()|[\]\\]/g, "\\$&").replace(/\*/g, ".*").replace(/:\w+/g, "[^/]+");
      rules.push({ pattern: new RegExp(`^${source}$`), headers: [] });
    }
  }
  return rules;
}

/** `_redirects`: from, to, status. */
function readRedirects(file) {
  return new Map(
    readLines(file).map((line) => {
      const [from, to, status] = line.trim().split(/\s+/);
      return [from, { to, status: Number.parseInt(status ?? "301", 10) }];
    }),
  );
}

/** What a host answers to a path: `{ status, file, bundle }` or `{ status, location }`. */
export function resolve({ bundles }, requested) {
  let route;
  try {
    route = decodeURIComponent(requested);
  } catch {
    return { status: 400 };
  }
  const candidates = route.endsWith("/")
    ? [`${route.slice(1)}index.html`]
    : [route.slice(1), `${route.slice(1)}/index.html`, `${route.slice(1)}.html`];
  // The bundle of the app that the path names comes first, for files that every bundle has.
  const first = (bundle) => (route.startsWith(`/${bundle.app}/`) || route === `/${bundle.app}` ? 0 : 1);
  const ordered = [...bundles].sort((a, b) => first(a) - first(b));
  for (const bundle of ordered) {
    for (const file of candidates) {
      if (bundle.files.has(file) && !["_headers", "_redirects"].includes(file)) return { status: 200, file, bundle };
    }
  }
  for (const bundle of ordered) {
    const redirect = bundle.redirects.get(route) ?? bundle.redirects.get(encodeURI(route));
    if (redirect) return { status: redirect.status, location: redirect.to, bundle };
  }
  const missing = ordered.find((bundle) => bundle.files.has("404.html"));
  return missing ? { status: 404, file: "404.html", bundle: missing } : { status: 404 };
}

/** Serves a node on a free port of this machine: `{ origin, close }`. */
export async function serve(node) {
  const server = http.createServer((request, response) => {
    const { pathname } = new URL(request.url, "http://localhost");
    const answer = resolve(node, pathname);
    if (answer.location) {
      response.writeHead(answer.status, { location: answer.location }).end();
      return;
    }
    const headers = new Map();
    for (const rule of answer.bundle?.headers ?? []) {
      if (!rule.pattern.test(decodeURI(pathname))) continue;
      // A header that two rules give is sent twice, as hosts do.
      for (const [name, value] of rule.headers) headers.set(name, [...(headers.get(name) ?? []), value]);
    }
    if (!answer.file) {
      response.writeHead(answer.status, { "content-type": "text/plain" }).end("not found");
      return;
    }
    headers.set("content-type", TYPES[path.extname(answer.file)] ?? "application/octet-stream");
    response.writeHead(answer.status, Object.fromEntries(headers));
    response.end(readFileSync(path.join(answer.bundle.root, answer.file)));
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  return {
    origin: `http://127.0.0.1:${server.address().port}`,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
