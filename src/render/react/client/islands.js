// Brings the islands of a page to life: blocks whose component is React code that does something in a
// browser. The page maps the names of the library to files, which are asked for with the first island.

const begin = async (island) => {
  const { island: file, hydrate, props } = island.dataset;
  const say = (error) => console.error(`${file.replace(/\.\w+\.js$/, "")}:`, error);
  let before;
  const fail = (error) => {
    // React takes away what it could not render; what the page came with is better than nothing.
    if (before) island.replaceChildren(...before.childNodes);
    island.dataset.islandState = "failed";
    say(error);
  };
  try {
    // Whatever stands on the page: modules come from beside this one.
    if (!/^[\w.-]+\.js$/.test(file)) throw new Error("no module of this site");
    const [{ createElement }, { createRoot, hydrateRoot }, { default: component }] = await Promise.all([
      import("react"),
      import("react-dom/client"),
      import(new URL(file, import.meta.url)),
    ]);
    before = island.cloneNode(true);
    const element = createElement(component, JSON.parse(props));
    // Ids begin with the key of the block, as they did while the site was built. Preact keeps that here (`_mask`).
    const identifierPrefix = `${island.id}-`;
    element.__m = [identifierPrefix, 0];
    const options = { identifierPrefix, onRecoverableError: say, onUncaughtError: fail };
    if (hydrate === "only") createRoot(island, options).render(element);
    else hydrateRoot(island, element, options);
    // React may have failed at once, and has said so.
    if (island.dataset.islandState === "waiting") island.dataset.islandState = "live";
  } catch (error) {
    fail(error);
  }
};

const whenSeen = (island) => {
  const observer = new IntersectionObserver(
    (entries) => {
      if (!entries.some((entry) => entry.isIntersecting)) return;
      observer.disconnect();
      begin(island);
    },
    { rootMargin: "200px" },
  );
  // With `display: contents`, or where all of it floats, the island itself is nowhere.
  for (const element of [island, ...island.children]) observer.observe(element);
};

// The state also keeps a second run away from what a first one has begun.
for (const island of document.querySelectorAll("[data-island]:not([data-island-state])")) {
  island.dataset.islandState = "waiting";
  const { hydrate } = island.dataset;
  if (hydrate === "visible") whenSeen(island);
  // Safari has no idle callbacks.
  else if (hydrate === "idle") (self.requestIdleCallback ?? setTimeout)(() => begin(island));
  else begin(island);
}
