// What people do on every page of the console, so that the checks read as what they are about.
import assert from "node:assert/strict";

/** people are made by the first checks: name, first password, the one they choose. */
export const people = {
  administrator: { name: "ada", given: "a password to begin with", chosen: "four words of Ada's own" },
  operator: { name: "olga", given: "a password to begin with", chosen: "four words of Olga's own" },
  viewer: { name: "vera", given: "a password to begin with", chosen: "four words of Vera's own" },
};

/** go opens a page and waits until it stands. */
export async function go(page, base, route) {
  const to = `${base}/#/${route}`;
  if (page.url() === to) await page.reload();
  else await page.goto(to);
  await settled(page);
}

/** settled waits until a page is shown and nothing is loaded any more. */
export async function settled(page) {
  await page.locator("main .page h1").first().waitFor();
  await page.waitForFunction(() => !document.querySelector(".progress.on") && !document.querySelector("[aria-busy=true]") && !document.querySelector(".loading"));
}

/** signIn signs a person in with a password. */
export async function signIn(page, base, role, password = people[role].chosen) {
  await page.goto(`${base}/#/signin`);
  await fillSignIn(page.locator("main"), people[role].name, password);
  await page.locator("#account").waitFor({ state: "attached" });
}

/** fillSignIn fills the form wherever it is. */
export async function fillSignIn(within, name, password) {
  await within.getByLabel("User", { exact: true }).fill(name);
  await within.getByLabel("Password", { exact: true }).fill(password);
  await within.locator("form").getByRole("button", { name: "Sign in" }).click();
}

const sessions = {}; // cookies of those who have signed in, by role: it is not what most checks are about

/** signedIn opens a window with a person signed in; with fresh in a session of its own. */
export async function signedIn(world, role, { fresh = false, ...options } = {}) {
  const { page, context } = await world.visitor(options);
  if (!fresh && sessions[role]) {
    await context.addCookies(sessions[role]);
    return { page, context };
  }
  await signIn(page, world.base, role);
  if (!fresh) sessions[role] = await context.cookies(`${world.base}/console`);
  return { page, context };
}

/** createKey makes an access key on the page and returns what it shows. */
export async function createKey(page, base, { name, template, section = "keys", button = "Create access key" }) {
  await go(page, base, `access/${section}/new`);
  await page.getByLabel("Name", { exact: true }).fill(name);
  if (template) await page.getByLabel(template).check();
  await page.locator("form").getByRole("button", { name: button }).click();
  await page.getByText("Copy or save it now.").waitFor();
}

/** code returns a text that is shown to be copied. */
export const code = async (page, label) => (await page.getByRole("region", { name: label, exact: true }).textContent()).trim();

/** api calls the console's API as a script of the page would. */
export const api = (page, method, path, { body, csrf, headers = {} } = {}) =>
  page.evaluate(async ({ method, path, body, csrf, headers }) => {
    const response = await fetch(`/console/api${path}`, { method, headers: { ...(body ? { "Content-Type": "application/json" } : {}), ...(csrf ? { "X-CSRF-Token": csrf } : {}), ...headers }, body: body ? JSON.stringify(body) : undefined });
    const text = await response.text();
    let data = text;
    try {
      data = JSON.parse(text);
    } catch {
      // no JSON
    }
    return { status: response.status, data };
  }, { method, path, body, csrf, headers });

/** csrfOf is the token of who is signed in. */
export async function csrfOf(page) {
  const { data } = await api(page, "GET", "/session");
  assert.ok(data.csrf, "nobody is signed in");
  return data.csrf;
}
