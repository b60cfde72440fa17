// What the stories of components share: islands that are held back, watched and waited for.

export function assert(holds, what) {
  if (!holds) throw new Error(what);
}
export function assertEqual(is, wanted, what) {
  if (JSON.stringify(is) !== JSON.stringify(wanted)) throw new Error(`${what} is ${JSON.stringify(is)} and not ${JSON.stringify(wanted)}`);
}

/** The loader of islands, by its path. */
export const LOADER = /\/islands\.[^/]*\.js$/;

/** Every page of the site, with its islands. */
export const PAGES = ["broken", "idle", "live", "never", "one", "only", "seen", "still", "twice"];

export const address = (origin, name) => `${origin}/show/${name}/`;

/** Goes to a page. */
export async function go(tab, origin, name) {
  const answer = await tab.page.goto(address(origin, name), { waitUntil: "load" });
  assertEqual(answer.status(), 200, `the status of ${name}`);
  assert(answer.headers()["content-security-policy"], `${name} has no policy`);
}

/** Waits until every island that a selector finds has come to life. */
export const alive = (page, selector = "[data-island]") =>
  page.waitForFunction(
    (wanted) => {
      // React takes over a tree later than it is asked to, and leaves its mark on what it has taken over.
      const isReact = (node) => Object.keys(node).some((key) => key.startsWith("__reactFiber"));
      const isTaken = (island) => !Object.keys(island).some((key) => key.startsWith("__reactContainer")) || !island.firstChild || [...island.childNodes].some(isReact);
      const islands = [...document.querySelectorAll(wanted)];
      return islands.length > 0 && islands.every((island) => island.dataset.islandState === "live" && isTaken(island));
    },
    selector,
  );

/** Waits until a function in the page is true of something; says what it waited for. */
export async function until(page, what, holds, argument) {
  try {
    await page.waitForFunction(holds, argument);
  } catch (error) {
    throw new Error(`waited for ${what}: ${error.message.split("\n")[0]}`);
  }
}

/** Holds back what a pattern names: `{ seen, release }`. */
export async function hold(context, pattern) {
  let release;
  let told;
  const gate = new Promise((open) => (release = open));
  const seen = new Promise((tell) => (told = tell));
  await context.route(pattern, async (route) => {
    told();
    await gate;
    await route.continue();
  });
  return { seen, release };
}

/** Puts into a page what `remember` and `changes` need; runs in the browser. */
export function prepare() {
  const attributesOf = (node) => [...(node.attributes ?? [])].map(({ name, value }) => `${name}=${value}`).sort().join(" ");
  // The text in a textarea is what it begins with; afterwards its value counts, and the text may go.
  const isValue = (node) => node.parentNode.localName === "textarea";
  const nodesOf = (island) => {
    const walker = document.createTreeWalker(island, NodeFilter.SHOW_ALL);
    const nodes = [];
    while (walker.nextNode()) if (!isValue(walker.currentNode)) nodes.push(walker.currentNode);
    return nodes;
  };
  const said = (island) => {
    const texts = nodesOf(island).filter((node) => node.nodeType === Node.TEXT_NODE);
    const controls = [...island.querySelectorAll("input, select, textarea")];
    return [texts.map(({ data }) => data).join(""), ...controls.map(({ value, checked }) => `${value} ${checked}`)].join("\n");
  };
  window.remember = () => {
    window.shifted = 0;
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) window.shifted += entry.value;
    }).observe({ type: "layout-shift" });
    window.remembered = [...document.querySelectorAll("[data-island]")].map((island) => ({
      island,
      text: said(island),
      nodes: nodesOf(island).map((node) => ({ node, parent: node.parentNode, name: node.nodeName, attributes: attributesOf(node) })),
    }));
    return window.remembered.reduce((count, { nodes }) => count + nodes.length, 0);
  };
  window.changes = () => {
    const found = [];
    for (const { island, text, nodes } of window.remembered) {
      if (said(island) !== text) found.push(`#${island.id} said ${text} and says ${said(island)}`);
      for (const { node, parent, name, attributes } of nodes) {
        if (!island.contains(node) || node.parentNode !== parent) found.push(`#${island.id} lost a ${name}`);
        else if (attributesOf(node) !== attributes) found.push(`#${island.id}: a ${name} had ${attributes} and has ${attributesOf(node)}`);
      }
    }
    if (window.shifted > 0) found.push(`the layout shifted by ${window.shifted}`);
    return found;
  };
}

/** Remembers every node of every island, and what it has: how many there are. */
export const remember = (page) => page.evaluate(() => window.remember());

/** What is no longer as it was remembered. */
export const changes = (page) => page.evaluate(() => window.changes());

/** What each block of a page says, by its id; runs in the browser. */
export const textsOf = () => Object.fromEntries([...document.querySelectorAll("main .rb")].map((block) => [block.id, block.textContent.trimEnd()]));
