// The console in headless Chromium, as people use it. E2E_CONSOLE is its address, E2E_LINK the link of the first start, E2E_CHROMIUM the
// browser, E2E_SHOTS a folder for pictures of every page: light ones of a desktop's width and dark ones of a
// telephone's; E2E_PICTURES=all: both of both, and of 4K. Each check writes a line: {"name", "failed", "seconds"}; the last one is {"done"}.
import { mkdir } from "node:fs/promises";
import { join } from "node:path";

import { chromium } from "playwright-core";

import { checks, needed } from "./console_checks.mjs";
import { allPages, looks } from "./console_pages.mjs";

const tell = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);
const patience = 60_000; // ms that anything may take on a busy machine
const base = process.env.E2E_CONSOLE;
const shots = process.env.E2E_SHOTS;
await mkdir(shots, { recursive: true });

const browser = await chromium.launch({
  executablePath: process.env.E2E_CHROMIUM,
  args: ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});

// What the browser says against a page: errors of scripts, refusals of the content security policy, what it could not load.
const complaints = [];

/** visitor opens a window of its own. Complaints about what a check refuses on purpose are its own affair: expected. */
async function visitor({ theme = "light", width = 1280, height = 900, expected = [], ...more } = {}) {
  const context = await browser.newContext({ viewport: { width, height }, colorScheme: theme, reducedMotion: "reduce", acceptDownloads: true, ...more });
  context.setDefaultTimeout(patience);
  const page = await context.newPage();
  const complain = (text) => expected.some((e) => e.test(text)) || complaints.push(`${page.url()}: ${text}`);
  page.on("console", (m) => ["error", "warning"].includes(m.type()) && complain(`${m.type()}: ${m.text()}`));
  page.on("pageerror", (err) => complain(`uncaught: ${err.message}`));
  await page.exposeBinding("violated", (_, text) => complain(`policy: ${text}`));
  await page.addInitScript(() => addEventListener("securitypolicyviolation", (e) => globalThis.violated(`${e.violatedDirective} ${e.blockedURI} ${e.sample}`)));
  return { context, page };
}

const world = { base, link: process.env.E2E_LINK, visitor, shots, patience, all: process.env.E2E_PICTURES === "all" };

let number = 0;
let lost = ""; // what failed that all later checks need
for (const [name, run] of [...checks, ...looks(allPages)]) {
  if (lost) {
    tell({ name, failed: `not reached: ${lost}` });
    continue;
  }
  complaints.length = 0;
  const before = new Set(browser.contexts());
  let failed = "";
  const started = Date.now();
  try {
    await run(world);
    if (complaints.length) failed = `the browser complains:\n${complaints.join("\n")}`;
  } catch (err) {
    failed = `${err.stack ?? err}\n${complaints.join("\n")}`;
    for (const context of browser.contexts()) {
      for (const page of context.pages()) await page.screenshot({ path: join(shots, `failed-${++number}.png`) }).catch(() => {});
    }
  }
  for (const context of browser.contexts()) if (!before.has(context)) await context.close().catch(() => {});
  tell({ name, failed, seconds: (Date.now() - started) / 1000 });
  if (failed && needed.has(name)) lost = `“${name}” failed`;
}
await browser.close();
tell({ done: true });
