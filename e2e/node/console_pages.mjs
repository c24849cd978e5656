// Every page, in light and dark: nothing that axe or the browser objects to, nothing wider than the screen, and a picture of each.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

import { api, go, settled, signedIn } from "./console_people.mjs";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** allPages: name, route (or what finds it), who looks. */
export const allPages = [
  ["signin", "signin", null], ["live", "live"], ["keys", "access/keys"], ["key-new", "access/keys/new"], ["key", async (page) => `access/keys/${(await first(page, "/access-keys")).id}`],
  ["api-keys", "access/api-keys"], ["api-key-new", "access/api-keys/new"], ["api-key", async (page) => `access/api-keys/${(await first(page, "/api-keys")).id}`],
  ["accounts", "access/accounts"], ["account", async (page) => `access/accounts/${(await first(page, "/accounts")).id}`], ["policies", "access/policies"],
  ["policy-of-key", async (page) => `access/policies?key=${(await first(page, "/access-keys")).id}`], ["users", "access/users"], ["tokens", "access/tokens"], ["sessions", "access/sessions"], ["audit", "access/audit"],
  ["usage", "usage?range=24h&group=key"], ["usage-empty", "usage?range=custom&from=2001-01-01&to=2001-01-31"], ["system", "system"], ["not-found", "access/keys/nobody", "administrator", [/status of 404/]],
];

const first = async (page, list) => (await api(page, "GET", `/admin/v1${list}?limit=1`)).data.items[0];

const sizes = [[360, 780], [1280, 900], [2560, 1440]];
const judged = { light: 1280, dark: 360 }; // the width at which axe looks: what changes with it is the same in both themes

/** looks makes a check of each page in each theme. */
export const looks = (pages) => ["light", "dark"].map((theme) => [`every page in ${theme}`, async (world) => {
  const expected = pages.flatMap(([, , , e]) => e ?? []);
  const stranger = await world.visitor({ theme });
  const known = await signedIn(world, "administrator", { theme, expected });
  await go(known.page, world.base, "live"); // so that pages can ask the API
  const wrong = [];
  for (const [name, where, who = "administrator"] of pages) {
    const { page } = who ? known : stranger;
    const route = typeof where === "function" ? await where(page) : where;
    await go(page, world.base, route);
    for (const [width, height] of sizes) {
      if (!world.all && theme === "dark" && width !== judged.dark) continue; // nothing is wider for being dark
      await page.setViewportSize({ width, height });
      await settled(page);
      const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      if (over > 0) wrong.push(`${name}: ${over} px wider than ${width}`);
      if (world.all || width === judged[theme]) await page.screenshot({ path: join(world.shots, `${name}-${theme}-${width}.png`), fullPage: true });
      if (width === judged[theme]) wrong.push(...(await judge(page)).map((v) => `${name} at ${width}: ${v}`));
    }
  }
  assert.deepEqual(wrong, []);
}]);

// judge has axe look at a page, and returns what it finds.
async function judge(page) {
  if (!(await page.evaluate(() => Boolean(globalThis.axe)))) await page.evaluate(axe);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
  return violations.map((v) => `${v.id}: ${v.help}: ${v.nodes.map((n) => `${n.html.slice(0, 200)} (${n.any[0]?.message ?? n.all[0]?.message ?? ""})`).join("; ")}`);
}
