// What people, and others, do in the console. Later checks use what earlier ones have made.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";

import { transcribe } from "./stream.mjs";
import { api, code, createKey, csrfOf, fillSignIn, go, people, settled, signedIn, signIn } from "./console_people.mjs";

const refused = [/status of 4\d\d/]; // what the browser logs for an answer that a check wants
const seconds = (n) => new Uint8Array(n * 32_000); // silence; the scripted engine speaks whatever it hears

// stream runs the SDK for JavaScript with a key, and returns what came of it.
const stream = (world, key, secret, length, pause = 0) =>
  transcribe({ endpoint: world.base, key, secret, language: "en-US", encoding: "pcm", rate: 16_000, chunk: 3200, pause, skip: 0, cut: 0, cancel: 0, skew: 0, channels: 1 }, seconds(length), { opened: () => {} });

// light opens a page in a window that has seen nothing yet, and counts what the browser asks for until there is no more.
async function light(page, address) {
  const devtools = await page.context().newCDPSession(page);
  const sizes = new Map(); // by request
  await devtools.send("Network.enable");
  devtools.on("Network.requestWillBeSent", ({ requestId, request }) => /^https?:/.test(request.url) && sizes.set(requestId, [request.url, 0]));
  devtools.on("Network.loadingFinished", ({ requestId, encodedDataLength }) => sizes.has(requestId) && (sizes.get(requestId)[1] = encodedDataLength));
  await page.goto(address);
  await page.locator(".page-live").waitFor();
  await settled(page);
  await page.waitForLoadState("networkidle");
  const total = [...sizes.values()].reduce((n, [, v]) => n + v, 0);
  assert.ok(sizes.size <= 15 && sizes.size > 3, `${sizes.size} requests; at most 15:\n${[...sizes.values()].map(([url]) => url.replace(/code=.*/, "")).join("\n")}`);
  assert.ok(total <= 150 * 1024 && total > 10 * 1024, `${total} bytes; at most 150 KB`);
}

const keys = {}; // made by checks, by name: id and secret

// others runs another server, which lets pages of everybody read what it says. asked are the paths that came from 127.0.0.1.
async function others(run) {
  const asked = [];
  const image = '<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>';
  const bodies = { "/page": ["text/html", "<!doctype html><title>Another</title><link rel=icon href=data:,><body>"], "/image": ["image/svg+xml", image], "/script": ["text/javascript", "globalThis.loaded = true"] };
  const server = createServer((request, response) => {
    if (request.headers.host.startsWith("127.")) asked.push(request.url);
    const [type, body] = bodies[request.url] ?? ["text/plain", "hello"];
    response.writeHead(200, { "Content-Type": type, "Access-Control-Allow-Origin": "*" }).end(body);
  });
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
  try {
    await run(server.address().port, asked);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

/** needed are the checks without which no other makes sense. */
export const needed = new Set(["the link of the first start signs in, once", "users sign in, choose a password, and sign out"]);

/** checks: name, and what is checked. */
export const checks = [
  ["first load is light", async ({ base, visitor }) => {
    const { page } = await visitor();
    await light(page, `${base}/#/live`);
  }],

  ["a new server asks for no password that nobody has", async ({ base, visitor, shots }) => {
    const { page } = await visitor();
    await go(page, base, "signin");
    await page.getByText("This server has no users yet.").waitFor();
    assert.equal(await page.getByRole("region", { name: "the command" }).innerText(), "earshot console");
    await page.getByLabel("Administrator’s token").waitFor();
    assert.equal(await page.getByLabel("Password", { exact: true }).count(), 0);
    await page.screenshot({ path: join(shots, "signin-new-light-1280.png") });
  }],

  ["the link of the first start signs in, once", async ({ base, link, visitor }) => {
    const { page } = await visitor();
    await light(page, link); // it is the first page that anybody sees, and leads to the heaviest of the first ones
    await page.locator("#account").waitFor({ state: "attached" });
    assert.ok(!page.url().includes("code="), "the code is still in the address");
    assert.match(page.url(), /#\/live/);
    const other = await visitor({ expected: refused });
    await other.page.goto(link);
    await other.page.getByText("This link does not work any more.").waitFor();
    // An administrator who came in by link makes the users that the other checks are.
    for (const [role, { name, given }] of Object.entries(people)) {
      await go(page, base, "access/users");
      await page.getByRole("button", { name: "Create user" }).click();
      const dialog = page.getByRole("dialog");
      await dialog.getByLabel("Name", { exact: true }).fill(name);
      await dialog.getByLabel("Role").selectOption(role);
      await dialog.getByLabel("Password").fill(given);
      await dialog.getByRole("button", { name: "Create user" }).click();
      await page.getByRole("rowheader", { name }).waitFor();
    }
  }],

  ["users sign in, choose a password, and sign out", async ({ base, visitor }) => {
    for (const [role, { name, given, chosen }] of Object.entries(people)) {
      const { page } = await visitor({ expected: refused });
      await page.goto(`${base}/#/signin`);
      await fillSignIn(page.locator("main"), name, "not the password");
      await page.locator("main").getByRole("alert").getByText("not right").waitFor();
      await fillSignIn(page.locator("main"), name, given);
      await page.locator("#account").waitFor({ state: "attached" });
      const dialog = page.getByRole("dialog", { name: /password/i });
      if (!(await dialog.isVisible())) {
        await page.getByRole("button", { name: `Account: ${name}` }).click();
        await page.getByRole("button", { name: "Change password" }).click();
      }
      await dialog.getByLabel(/given|Old/).fill(given);
      await dialog.getByLabel("New password", { exact: true }).fill(chosen);
      await dialog.getByLabel("New password, once more").fill("something else");
      await dialog.getByRole("button", { name: "Set password" }).click();
      await dialog.getByText("The two are not the same.").waitFor();
      await dialog.getByLabel("New password, once more").fill(chosen);
      await dialog.getByRole("button", { name: "Set password" }).click();
      await page.getByText("The password is changed").waitFor();
      await page.getByRole("button", { name: `Account: ${name}` }).click();
      await page.getByRole("button", { name: "Sign out" }).click();
      await page.getByRole("heading", { name: "Sign in to Earshot" }).waitFor();
      assert.equal((await api(page, "GET", "/admin/v1/system")).status, 401);
      await signIn(page, base, role);
    }
  }],

  ["a key is created, saved, and used by an SDK", async (world) => {
    const { page } = await signedIn(world, "operator");
    await createKey(page, world.base, { name: "studio", template: "Stream only" });
    const waiting = page.waitForEvent("download");
    await page.getByRole("button", { name: "Download credentials file" }).click();
    const file = await readFile(await (await waiting).path(), "utf8");
    const [, id] = /^aws_access_key_id = (\S+)$/m.exec(file);
    const [, secret] = /^aws_secret_access_key = (\S+)$/m.exec(file);
    keys.studio = { id, secret };
    assert.equal(await code(page, "Access key id"), id);
    const note = await stream(world, id, secret, 6);
    assert.equal(note.error, undefined, JSON.stringify(note.error));
    assert.match(note.finals.map((f) => f.text).join(" "), /good morning/i);
    await page.getByRole("button", { name: "I have saved it" }).click();
    await page.getByRole("heading", { name: "studio" }).waitFor();
    assert.ok(!(await page.content()).includes(secret), "the secret is shown again");
    await go(page, world.base, `usage?range=24h&group=key`);
    await page.getByRole("table", { name: "Usage by key" }).getByText("studio").waitFor();
  }],

  ["an API key is created and used", async (world) => {
    const { page } = await signedIn(world, "operator");
    await createKey(page, world.base, { name: "portal", section: "api-keys", button: "Create API key" });
    const token = await code(page, "API key");
    const good = async (key) => (await fetch(`${world.base}/v1/speech-to-text-models`, { headers: { Authorization: `Bearer ${key}` } })).status === 200;
    assert.ok(await good(token));
    // Another takes its place, with the same rights; both are good for a while.
    await page.getByRole("button", { name: "I have saved it" }).click();
    await page.getByRole("button", { name: "Change", exact: true }).click();
    await page.getByRole("dialog").getByLabel("The list of models").check();
    await page.getByRole("dialog").getByRole("button", { name: "Save" }).click();
    await page.getByText("Saved").waitFor();
    await page.getByRole("button", { name: "Replace" }).click();
    await page.getByRole("dialog").getByLabel("The key of now").selectOption({ label: "Stays good for an hour" });
    await page.getByRole("dialog").getByRole("button", { name: "Replace" }).click();
    await page.getByRole("heading", { name: "The new key" }).waitFor();
    const next = await code(page, "API key");
    assert.ok(next !== token && (await good(next)) && (await good(token)));
    await page.getByRole("button", { name: "I have saved it" }).click();
    await page.getByRole("heading", { name: "portal Active", exact: true }).waitFor();
    const [fresh, old] = (await api(page, "GET", "/admin/v1/api-keys?text=portal")).data.items;
    assert.deepEqual([fresh.name, fresh.operations, fresh.expires, old.name, old.operations], ["portal", ["models"], undefined, "portal (replaced)", ["models"]]);
    const hour = Date.parse(old.expires) - Date.now();
    assert.ok(hour > 0 && hour <= 3_600_000, old.expires);
  }],

  ["a limit that is reached ends streams, and shows", async (world) => {
    const { page } = await signedIn(world, "operator");
    const { id, secret } = keys.studio;
    await go(page, world.base, `access/keys/${id}`);
    await page.getByRole("button", { name: "Change limits" }).click();
    await page.getByRole("dialog").getByLabel(/Audio a day/).fill("0.05");
    await page.getByRole("dialog").getByRole("button", { name: "Save limits" }).click();
    await page.getByText("The limits are changed").waitFor();
    let note;
    const until = Date.now() + world.patience; // the server learns of the limit within a second or so
    do note = await stream(world, id, secret, 6);
    while (!note.error && Date.now() < until);
    assert.equal(note.error?.name, "LimitExceededException", JSON.stringify(note));
    await go(page, world.base, `access/keys/${id}`);
    await page.reload();
    await page.getByText(/Used up: new streams are refused/).first().waitFor();
  }],

  ["a stream shows while it is open, and can be ended", async (world) => {
    const { page } = await signedIn(world, "operator");
    await createKey(page, world.base, { name: "speaker", template: "Stream only" });
    const [id, secret] = [await code(page, "Access key id"), await code(page, "Secret access key")];
    await go(page, world.base, "access/sessions");
    await page.getByText("Nobody is streaming").waitFor();
    const system = await signedIn(world, "viewer");
    await go(system.page, world.base, "system");
    const ready = system.page.getByRole("link", { name: "/readyz" });
    await ready.focus();
    const running = stream(world, id, secret, 60, 100); // at the pace of speech, for longer than anybody waits
    await page.getByRole("link", { name: "speaker" }).waitFor();
    await system.page.locator(".tile", { hasText: "Open streams" }).locator(".figure", { hasText: /^1$/ }).waitFor();
    assert.ok(await ready.evaluate((e) => e === document.activeElement), "the focus is lost when the figures change");
    await page.getByRole("button", { name: "End the stream of speaker" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "End stream" }).click();
    await page.getByText("Nobody is streaming").waitFor();
    assert.ok((await running).error, "the client was not told");
  }],

  ["secrets are rotated, keys disabled and deleted", async (world) => {
    const { page } = await signedIn(world, "operator");
    const { id } = keys.studio;
    await go(page, world.base, `access/keys/${id}`);
    await page.getByRole("button", { name: "Rotate secret" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Rotate", exact: true }).click();
    await page.getByText("Copy or save it now.").waitFor();
    assert.notEqual(await code(page, "Secret access key"), keys.studio.secret);
    await page.getByRole("button", { name: "I have saved it" }).click();
    await page.getByRole("button", { name: "Disable" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Disable" }).click();
    await page.getByRole("heading", { name: /studio\s+Disabled/ }).waitFor();
    await page.getByRole("button", { name: "Delete" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel(/type studio/).fill("studi");
    await dialog.getByRole("button", { name: "Delete" }).click();
    await dialog.getByText("This is not “studio”.").waitFor();
    await dialog.getByLabel(/type studio/).fill("studio");
    await dialog.getByRole("button", { name: "Delete" }).click();
    await page.getByText("studio is deleted").waitFor();
  }],

  ["errors stand at the field that they belong to", async (world) => {
    const { page } = await signedIn(world, "administrator", { expected: refused });
    await go(page, world.base, "access/accounts");
    for (const again of [false, true]) {
      await page.getByRole("button", { name: "Create account" }).click();
      const dialog = page.getByRole("dialog");
      await dialog.getByRole("button", { name: "Create account" }).click();
      await dialog.getByText("Name is needed.").waitFor();
      await dialog.getByLabel("Name", { exact: true }).fill("radio");
      await dialog.getByRole("button", { name: "Create account" }).click();
      if (again) await dialog.getByText(/already/).waitFor();
      else await page.getByRole("heading", { name: "radio" }).waitFor();
      await go(page, world.base, "access/accounts");
    }
    await go(page, world.base, "access/keys/new");
    await page.getByLabel("Name", { exact: true }).fill("broken");
    await page.getByLabel("Your own policy").check();
    await page.getByLabel("Policy", { exact: true }).fill('{"Version": "2012-10-17", "Statement": {"effect": "Allow"}}');
    await page.getByRole("button", { name: "Create access key" }).click();
    await page.locator("#content .field", { has: page.locator("textarea") }).getByText(/expected "Effect"/).waitFor();
    await page.getByLabel("Policy", { exact: true }).fill('{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "transcribe:StartStream", "Resource": "*"}}');
    await page.getByRole("button", { name: "Create access key" }).click();
    await page.locator("#content .field", { has: page.locator("textarea") }).getByText(/"transcribe:StartStream" is none of the actions of this server/).waitFor();
  }],

  ["an account goes with its vocabularies where that is asked for", async (world) => {
    const { page } = await signedIn(world, "administrator", { expected: refused });
    await go(page, world.base, "access/accounts");
    const csrf = await csrfOf(page);
    const ask = async (method, path, body) => (await api(page, method, `/admin/v1${path}`, { body, csrf })).data;
    const account = await ask("POST", "/accounts", { name: "gone" });
    await ask("PATCH", `/accounts/${account.id}`, { disabled: true });
    const key = await ask("POST", "/access-keys", { account: account.id, name: "in the way" });
    await go(page, world.base, "access/audit");
    await page.getByText("disable account").first().waitFor();
    await go(page, world.base, "access/keys");
    await page.getByRole("row", { name: /in the way/ }).getByText("Account disabled").waitFor();
    await go(page, world.base, `access/accounts/${account.id}`);
    await page.getByRole("button", { name: "Delete" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel(/vocabularies/).check();
    await dialog.getByLabel(/To confirm/).fill("gone");
    await dialog.getByRole("button", { name: "Delete" }).click();
    await dialog.getByText(/still has 1 access key/).waitFor();
    await ask("DELETE", `/access-keys/${key.access_key.id}`);
    await dialog.getByRole("button", { name: "Delete" }).click();
    await dialog.waitFor({ state: "detached" });
    assert.equal((await api(page, "GET", `/admin/v1/accounts/${account.id}`)).status, 404);
  }],

  ["requests without audio have no model and no price", async (world) => {
    const { page } = await signedIn(world, "viewer");
    const today = new Date(Date.now() - (Date.now() % 86_400_000)).toISOString();
    await page.route("**/admin/v1/usage?*", (route) => {
      const by = new URL(route.request().url()).searchParams.get("by");
      return route.fulfill({ json: { items: [{ ...(by ? { start: today } : {}), audio_seconds: 0, streams: 0, requests: 3, errors: 1, cost: "0.00" }] } });
    });
    await go(page, world.base, "usage");
    await page.getByRole("row", { name: /no model/ }).first().waitFor();
    const text = await page.locator("#content").innerText();
    assert.doesNotMatch(text, /undefined|not known|NaN/);
  }],

  ["the policy checker says yes, no, and why", async (world) => {
    const { page } = await signedIn(world, "viewer");
    await go(page, world.base, "access/policies");
    await page.getByRole("button", { name: "Check", exact: true }).click();
    await page.locator(".verdict").getByText("Allowed").waitFor();
    await page.getByLabel("Action").fill("transcribe:CreateVocabulary");
    await page.getByRole("button", { name: "Check", exact: true }).click();
    await page.locator(".verdict").getByText("Denied").waitFor();
    await page.getByText(/Action does not have/).waitFor();
  }],

  ["a viewer looks and cannot touch", async (world) => {
    const { page } = await signedIn(world, "viewer", { expected: refused });
    for (const route of ["access/keys", "access/api-keys", "access/accounts", "access/users", "access/sessions", "usage", "system"]) {
      await go(page, world.base, route);
      const touching = page.getByRole("button", { name: /^(Create|Delete|Disable|Enable|Rotate|Edit|End|Set a price|Check the store)/ });
      assert.deepEqual(await touching.allTextContents(), [], route);
    }
    assert.equal(await page.getByRole("link", { name: "Tokens" }).count(), 0);
    const csrf = await csrfOf(page);
    assert.equal((await api(page, "POST", "/admin/v1/accounts", { csrf, body: { name: "mine" } })).status, 403);
    assert.equal((await api(page, "POST", "/presign", { csrf, body: { parameters: {} } })).status, 403);
    await go(page, world.base, "access/keys/new"); // by address: the server has the last word
    await page.getByLabel("Name", { exact: true }).fill("mine");
    await page.getByRole("button", { name: "Create access key" }).click();
    await page.locator("form [role=alert]").getByText(/viewer|operator|may not|role/i).waitFor();
  }],

  ["what changes something needs the token of the session", async (world) => {
    const { page } = await signedIn(world, "administrator", { expected: refused });
    const other = await signedIn(world, "operator", { expected: refused });
    const body = { name: "forged" };
    for (const one of [page, other.page]) await go(one, world.base, "access/accounts");
    for (const csrf of [undefined, "", "0".repeat(43), await csrfOf(other.page)]) {
      assert.equal((await api(page, "POST", "/admin/v1/accounts", { body, csrf })).status, 403, `token ${csrf}`);
    }
    const csrf = await csrfOf(page);
    const foreign = await fetch(`${world.base}/console/api/admin/v1/accounts`, { method: "POST", headers: { Origin: "https://evil.example", "Content-Type": "application/json", "X-CSRF-Token": csrf, Cookie: (await page.context().cookies(`${world.base}/console`)).map((c) => `${c.name}=${c.value}`).join("; ") }, body: JSON.stringify(body) });
    assert.equal(foreign.status, 403);
    const { data } = await api(page, "GET", "/admin/v1/accounts");
    assert.ok(!data.items.some((a) => a.name === "forged"));
    const cookies = await page.context().cookies(`${world.base}/console`);
    assert.ok(cookies.length > 0 && cookies.every((c) => c.httpOnly && c.sameSite === "Strict"), JSON.stringify(cookies));
  }],

  ["the page allows no script, style or host of others", async ({ base, visitor }) => {
    const { page } = await visitor({ expected: [/policy:/, /Content Security Policy/] });
    const attempt = async (port) => {
      const script = document.createElement("script");
      script.textContent = "globalThis.inline = true";
      document.body.append(script);
      document.body.insertAdjacentHTML("beforeend", '<p id="styled" style="color: rgb(1, 2, 3)" onclick="globalThis.clicked = true">x</p>');
      document.getElementById("styled").click();
      const elsewhere = "http://127.0.0.1:" + port;
      const image = new Image();
      const drawn = new Promise((done) => Object.assign(image, { onload: () => done(true), onerror: () => done(false) }));
      image.src = `${elsewhere}/image`;
      const loaded = document.createElement("script");
      loaded.src = `${elsewhere}/script`;
      const run = new Promise((done) => Object.assign(loaded, { onload: () => done(true), onerror: () => done(false) }));
      document.body.append(loaded);
      const outside = [await fetch(elsewhere).then(() => true, () => false), await drawn, await run];
      return { inline: Boolean(globalThis.inline), clicked: Boolean(globalThis.clicked), styled: getComputedStyle(document.getElementById("styled")).color === "rgb(1, 2, 3)", outside };
    };
    await others(async (port, asked) => {
      await page.goto(`${base}/`);
      await settled(page);
      assert.deepEqual(await page.evaluate(attempt, port), { inline: false, clicked: false, styled: false, outside: [false, false, false] });
      assert.deepEqual(asked, []);
      // The same on a page without a policy: what is kept out above is kept out by ours, and by nothing else.
      await page.goto(`http://localhost:${port}/page`);
      assert.deepEqual(await page.evaluate(attempt, port), { inline: true, clicked: true, styled: true, outside: [true, true, true] });
    });
  }],

  ["names are text, in every writing", async (world) => {
    const { page } = await signedIn(world, "operator");
    const names = ["<img src=x onerror=alert(1)>", "استوديو الأخبار", "'; DROP TABLE accounts; --"];
    for (const name of names) await createKey(page, world.base, { name, template: "Stream only" });
    await go(page, world.base, "access/keys");
    for (const name of names) await page.getByRole("link", { name, exact: true }).waitFor();
    assert.equal(await page.locator("td img, th img").count(), 0);
    assert.equal(await page.getByRole("link", { name: names[1] }).evaluate((e) => getComputedStyle(e).direction), "rtl");
  }],

  ["figures change where they stand", async (world) => {
    const { page } = await signedIn(world, "viewer");
    let looks = 0; // more is used each time
    await page.route("**/admin/v1/usage?**", (route) => {
      const asked = new URL(route.request().url()).searchParams;
      if (!asked.has("by")) looks++;
      const row = (more) => ({ audio_seconds: 60 * (1 + looks), streams: 1, requests: 1, errors: 0, ...more });
      const days = asked.has("by") ? Array.from({ length: 30 }, (_, i) => ({ start: new Date(Date.now() - (29 - i) * 86_400_000).toISOString().slice(0, 10) + "T00:00:00Z" })) : [{}];
      const models = asked.has("group") ? ["a", "b", "c", "d", "e"].map((model) => ({ model })) : [{}];
      route.fulfill({ json: { items: days.flatMap((d) => models.map((m) => row({ ...d, ...m }))) } });
    });
    await go(page, world.base, "usage?range=30d&group=model");
    const list = page.getByRole("table", { name: "Every day" });
    const more = page.getByRole("button", { name: "Show more of 150 rows" });
    await more.focus();
    await page.keyboard.press("Enter");
    const seen = await list.innerText();
    assert.equal(await list.getByRole("row").count(), 1 + 114);
    const figure = page.locator(".tile", { hasText: "Audio" }).locator(".figure");
    const before = await figure.innerText();
    await page.waitForFunction((text) => document.querySelector(".tile .figure").textContent !== text, before);
    assert.equal(await list.getByRole("row").count(), 1 + 114, "what was asked for is hidden again");
    assert.notEqual(await list.innerText(), seen);
    assert.ok(await more.evaluate((e) => e === document.activeElement), "the focus is lost when the figures change");
    // Numbers beside an axis say what their lines are at.
    assert.deepEqual(await page.evaluate(async () => {
      const { tick } = await import("/console/format.js");
      return [[1.25, 0.25], [1.5, 0.25], [2, 0.25], [5, 5], [0.3, 0.1], [1000, 500], [0, NaN]].map(([n, step]) => tick(n, step));
    }), ["1.25", "1.50", "2.00", "5", "0.3", "1,000", "0"]);
  }],

  ["on a small screen one sees where one is", async (world) => {
    const { page } = await signedIn(world, "administrator");
    await page.setViewportSize({ width: 360, height: 740 });
    for (const [section, label] of [["audit", "Audit log"], ["keys", "Access keys"], ["users", "Users"]]) {
      await go(page, world.base, `access/${section}`);
      await page.waitForFunction((text) => {
        const at = document.querySelector(".section-nav [aria-current=page]");
        if (at?.textContent !== text) return false; // the page before is still shown
        const { left, right } = at.getBoundingClientRect();
        return left >= 0 && right <= innerWidth;
      }, label);
    }
  }],

  ["the account that runs the server stays", async (world) => {
    const { page } = await signedIn(world, "operator", { expected: refused });
    await go(page, world.base, "access/accounts");
    await page.getByRole("row", { name: /default/ }).getByText("Its users run this server").waitFor();
    await page.getByRole("link", { name: "default" }).click();
    await page.getByText("The users of this account run this server").waitFor();
    assert.equal(await page.getByRole("button", { name: /Rename|Disable|Delete/ }).count(), 0);
    const { data } = await api(page, "GET", "/admin/v1/accounts");
    const { id } = data.items.find((a) => a.home);
    assert.equal((await api(page, "PATCH", `/admin/v1/accounts/${id}`, { csrf: await csrfOf(page), body: { name: "old" } })).status, 409);
  }],

  ["who was signed out goes on where they were", async (world) => {
    const { page, context } = await signedIn(world, "operator", { expected: refused, fresh: true });
    await go(page, world.base, "access/keys/new");
    await page.getByLabel("Name", { exact: true }).fill("kept");
    const second = await context.newPage();
    await second.goto(`${world.base}/#/live`);
    assert.equal((await api(second, "POST", "/signout", { csrf: await csrfOf(second) })).status, 204);
    await page.locator("form").getByRole("button", { name: "Create access key" }).click();
    const dialog = page.getByRole("dialog", { name: "Your session has ended" });
    await fillSignIn(dialog, people.operator.name, people.operator.chosen);
    await page.getByText("Copy or save it now.").waitFor();
    // In another tab somebody signs in anew: this one goes on with the token of before, and gets another.
    await go(page, world.base, "access/accounts");
    assert.equal((await api(second, "POST", "/signout", { csrf: await csrfOf(second) })).status, 204);
    await second.evaluate((who) => fetch("/console/api/signin", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(who) }), { user: people.operator.name, password: people.operator.chosen });
    await page.getByRole("button", { name: "Create account" }).click();
    await page.getByRole("dialog").getByLabel("Name", { exact: true }).fill("made in the first tab");
    await page.getByRole("dialog").getByRole("button", { name: "Create account" }).click();
    await page.getByRole("heading", { name: "made in the first tab" }).waitFor();
  }],

  ["a page that needs signing in comes after it", async ({ base, visitor }) => {
    const { page } = await visitor();
    await page.goto(`${base}/#/usage?range=7d&group=model`);
    await fillSignIn(page.locator("main"), people.viewer.name, people.viewer.chosen);
    await page.getByRole("heading", { name: "Usage" }).waitFor();
    assert.match(page.url(), /#\/usage\?range=7d&group=model/);
  }],

  ["the keyboard alone is enough", async (world) => {
    const { page } = await signedIn(world, "operator");
    await go(page, world.base, "access/accounts");
    await page.evaluate(() => document.activeElement.blur());
    await page.reload();
    await settled(page);
    await page.keyboard.press("Tab");
    assert.equal(await page.evaluate(() => document.activeElement.textContent), "Skip to content");
    await page.keyboard.press("Enter");
    assert.equal(await page.evaluate(() => document.activeElement.id), "content");
    await page.getByRole("button", { name: "Appearance" }).focus();
    await page.keyboard.press("Enter");
    await page.getByLabel("Dark").focus();
    await page.keyboard.press("Space");
    assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), "dark");
    await page.keyboard.press("Escape");
    assert.equal(await page.locator("#appearance:popover-open").count(), 0);
    const create = page.getByRole("button", { name: "Create account" });
    await create.focus();
    await page.keyboard.press("Enter");
    await page.getByRole("dialog").waitFor();
    assert.equal(await page.evaluate(() => document.activeElement.name), "name");
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    assert.ok(await create.evaluate((e) => e === document.activeElement), "the focus is lost when a dialog closes");
    await page.reload();
    assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), "dark", "the choice is forgotten");
  }],

  ["the audit log can be searched for whatever is in it", async (world) => {
    const { page } = await signedIn(world, "viewer");
    await go(page, world.base, "access/audit");
    const options = (label) => page.getByLabel(label, { exact: true }).locator("option").evaluateAll((all) => all.map((o) => o.value));
    const [actions, kinds] = [await options("Action"), await options("Of")];
    const { data } = await api(page, "GET", "/admin/v1/audit?limit=1000");
    assert.ok(data.items.length > 20, `${data.items.length} entries`);
    for (const e of data.items) assert.ok(actions.includes(e.action) && kinds.includes(e.kind), `${e.action} ${e.kind}`);
    for (const action of ["presign", "ticket", "end"]) assert.ok(actions.includes(action), action);
  }],
];
