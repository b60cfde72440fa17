// Chromium as all the tests start it.

import { chromium } from "playwright-core";

/** QUIC and background services would only ask the network for what no page needs. */
const ARGUMENTS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Starts the browser of this path; `more` are options of playwright. */
export const launch = (executablePath, more = {}) => chromium.launch({ executablePath, args: ARGUMENTS, ...more });

/** What tells of the policy's reports where a page would see them; runs in the browser. */
export function tellOfPolicy() {
  document.addEventListener("securitypolicyviolation", (event) => {
    console.error(`policy: ${event.effectiveDirective} forbids ${event.blockedURI || "inline code"} (${event.sourceFile}:${event.lineNumber})`);
  });
}
