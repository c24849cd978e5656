// Uses the console's Live page in headless Chromium, with a recording as the microphone, and tells what was seen. The job comes on
// standard input: {task, url, token, apiKey, key, secret, mic, file, seconds, shots}. E2E_CHROMIUM is the browser.
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { json } from "node:stream/consumers";

import { chromium } from "playwright-core";

const job = await json(process.stdin);
const note = { errors: [] };
const patience = 120_000; // milliseconds, on a machine that has other things to do

const browser = await chromium.launch({
  executablePath: process.env.E2E_CHROMIUM,
  args: [
    "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream", "--js-flags=--expose-gc",
    ...(job.mic ? [`--use-file-for-fake-audio-capture=${job.mic}%noloop`] : []),
  ],
});
try {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, acceptDownloads: true });
  const page = await context.newPage();
  page.setDefaultTimeout(patience);
  page.on("pageerror", (err) => note.errors.push(`error of the page: ${err.message}`));
  page.on("console", (m) => {
    if (m.type() === "error" && !/status of 401|handshake: Unexpected response code: 503/.test(m.text())) note.errors.push(`console: ${m.text()}`);
  });
  await { speak, stay, full, layout, lines, pasted, long }[job.task](page, context);
} finally {
  await browser.close();
}
process.stdout.write(JSON.stringify(note));

async function shot(page, name) {
  if (!job.shots) return;
  await mkdir(job.shots, { recursive: true });
  await page.evaluate(() => document.fonts.ready);
  await page.screenshot({ path: join(job.shots, `live-${name}.png`), animations: "disabled" });
}

async function ready(page) {
  await page.waitForFunction(() => document.querySelector(".l-bar .pill")?.textContent === "Ready");
}
async function text(page) {
  return (await page.locator(".t-text").allTextContents()).join(" ");
}
async function focused(page) {
  return page.evaluate(() => document.activeElement.innerText);
}
async function signIn(page) {
  await page.goto(`${job.url}/#/live`);
  await page.evaluate(async (token) => {
    const answer = await fetch("/console/api/signin", { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ token }) });
    if (!answer.ok) throw new Error(await answer.text());
  }, job.token);
}

// Signed in, by the microphone, with Speechall's protocol. The page may ask for so and so much before anybody has pressed anything.
async function speak(page, context) {
  await signIn(page);
  const asked = [];
  page.on("request", (r) => asked.push(new URL(r.url()).pathname));
  await page.reload();
  await page.waitForSelector("#live-model", { state: "attached" });
  await page.waitForLoadState("networkidle");
  note.requests = asked.length;
  note.asked = asked;
  await shot(page, "ready-light");
  await page.getByRole("button", { name: "Start speaking" }).click();
  await page.waitForSelector(".t-row.open");
  note.sawPartial = true;
  await page.waitForSelector(".t-word");
  await shot(page, "speaking-light");
  // The recording is over when the finals are as many as its sentences, or when nothing has come for long.
  await page.waitForFunction((seconds) => {
    const [m, s] = document.querySelector(".l-clock").textContent.split(":").map(Number);
    return m * 60 + s >= seconds;
  }, job.seconds);
  await page.getByRole("button", { name: "Stop" }).focus();
  await page.keyboard.press("Enter");
  await ready(page);
  note.focused = await focused(page);
  note.text = await text(page);
  note.latency = await page.locator(".l-latency").innerText();
  note.announced = await page.locator(".transcript [role=log]").innerText();
  note.trouble = await page.locator(".l-trouble").innerText();

  // Words can be reached by the keyboard alone, and heard.
  await page.locator(".t-box").focus();
  await page.keyboard.press("Enter");
  await page.keyboard.press("ArrowRight");
  note.word = await page.evaluate(() => document.activeElement.textContent);
  note.about = await page.locator(".l-word").innerText();
  await page.evaluate(() => {
    const { createBufferSource } = AudioContext.prototype;
    globalThis.played = 0;
    AudioContext.prototype.createBufferSource = function () {
      globalThis.played++;
      return createBufferSource.call(this);
    };
  });
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => globalThis.played > 0);
  note.files = {};
  for (const format of ["Text", "JSON", "SRT", "VTT"]) {
    const [saved] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: `Save as ${format}` }).click()]);
    note.files[format] = await readFile(await saved.path(), "utf8");
  }
  await looks(page);
  await context.clearCookies();
}

// What axe says of the page as it is.
async function judge(page, where) {
  const axe = await readFile(new URL("node_modules/axe-core/axe.min.js", import.meta.url), "utf8").catch(() => "");
  note.axe ??= [];
  if (!axe) return;
  await page.evaluate(axe); // as the browser's own tools do, which the page's policy does not concern
  const { violations } = await page.evaluate(() => globalThis.axe.run());
  for (const v of violations) note.axe.push(`${where}: ${v.id}: ${v.nodes.map((n) => n.html.slice(0, 120)).join(" ")}`);
}

// How it looks, and what axe says, in both themes and at several widths.
async function looks(page) {
  await page.getByRole("button", { name: "Show the code" }).click();
  await page.waitForSelector("#code-panel");
  await page.emulateMedia({ reducedMotion: "reduce" });
  note.wide = [];
  for (const theme of ["light", "dark"]) {
    await page.evaluate((t) => globalThis.earshotTheme.choose(t), theme);
    for (const [width, height] of [[360, 740], [1280, 800], [2560, 1440]]) {
      await page.setViewportSize({ width, height });
      await page.evaluate(() => (scrollTo(0, 0), new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))));
      await shot(page, `done-${theme}-${width}`);
      const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      if (over > 0) note.wide.push(`${over} px beyond ${width}`);
      if (width !== 2560) await judge(page, `${theme}, ${width}`);
    }
  }
  await page.evaluate(() => (document.documentElement.dir = "rtl"));
  await page.setViewportSize({ width: 1280, height: 800 });
  await shot(page, "done-rtl");
  await page.evaluate(() => (document.documentElement.dir = "ltr"));
}

// What somebody has said stays while other pages are looked at; nobody is told "Reconnecting" for long by a server that says no.
async function stay(page) {
  await signIn(page);
  await page.reload();
  await page.waitForSelector("#live-model");
  note.me = await page.locator('[data-key="as-me"]').innerText();
  await page.getByRole("button", { name: "A file" }).focus();
  await page.locator("input[type=file]").setInputFiles(job.file);
  await page.waitForSelector(".t-word");
  note.focused = await focused(page);
  const [early] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Save as Text" }).click()]);
  note.playing = await page.locator(".l-bar .pill").innerText();
  note.early = await readFile(await early.path(), "utf8");
  await page.getByRole("link", { name: "Access" }).click();
  await page.waitForSelector(".l-away");
  note.away = await page.locator(".l-away").innerText();
  await page.locator(".l-away a").click();
  await page.waitForSelector(".t-word");
  note.running = await page.locator(".l-begin").innerText();
  await page.getByRole("link", { name: "Usage" }).click();
  await page.waitForSelector(".page-usage");
  await page.waitForFunction(() => !document.querySelector(".l-away")); // the file is over
  await page.getByRole("link", { name: "Live", exact: true }).first().click();
  await page.waitForSelector(".t-word");
  note.text = await text(page);
  note.asks = await page.evaluate(() => !dispatchEvent(new Event("beforeunload", { cancelable: true })));
  await page.getByRole("button", { name: "Save as JSON" }).click();
  await page.waitForFunction(() => dispatchEvent(new Event("beforeunload", { cancelable: true })));
  await page.evaluate(async () => {
    const { Away } = await import("/console/live/away.js");
    new Away({ time: "0:02" }); // as it stood there, for as long as it is looked at
  });
  await judge(page, "beside the sign of a stream");
  await page.evaluate(() => document.querySelector(".l-away").remove());
  // Who signs out, on whichever page, ends the stream, and nobody else reads what was said.
  await page.locator("input[type=file]").setInputFiles(job.file);
  await page.waitForFunction(() => document.querySelector(".l-bar .pill").textContent.startsWith("Playing"));
  await page.getByRole("link", { name: "Usage" }).click();
  await page.waitForSelector(".l-away");
  await page.getByRole("button", { name: "Account" }).click();
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.waitForFunction(() => location.hash.startsWith("#/signin") && !document.querySelector(".l-away"));
  await page.evaluate(() => (location.hash = "#/live"));
  await page.waitForSelector(".l-welcome");
}

// A server that has no room for anybody.
async function full(page) {
  await signIn(page);
  await page.reload();
  await page.waitForSelector("#live-model");
  note.reasons = [];
  for (const protocol of ["Speechall", "Amazon Transcribe"]) {
    await page.getByRole("button", { name: protocol, exact: true }).click();
    await page.evaluate(() => {
      globalThis.told = new Set();
      new MutationObserver(() => globalThis.told.add(document.querySelector(".l-trouble").innerText)).observe(document.querySelector(".l-trouble"), { childList: true });
    });
    const began = Date.now();
    await page.locator("input[type=file]").setInputFiles(job.file);
    await page.waitForSelector(".l-trouble .notice.danger");
    note.meanwhile = [...(note.meanwhile ?? []), ...(await page.evaluate(() => [...globalThis.told].filter((t) => t.includes("Trying again"))))];
    note.reasons.push(await page.locator(".l-trouble").innerText());
    note.took = Math.max(note.took ?? 0, (Date.now() - began) / 1000);
    await ready(page);
  }
}

// The row at the upper edge of the transcript, and where it stands.
function look(page) {
  return page.evaluate(() => {
    const box = document.querySelector(".t-box");
    const top = box.getBoundingClientRect().top;
    const row = [...box.querySelectorAll(".t-row")].find((r) => r.getBoundingClientRect().bottom > top + 1);
    return { n: Number(row.dataset.n), at: Math.round(row.getBoundingClientRect().top - top) };
  });
}

// Sixty rows, and words that come: the newest can be seen, whatever the size of the window and of the letters, and so can what is looked at.
async function layout(page) {
  await page.goto(`${job.url}/#/live`);
  await page.waitForSelector(".live");
  await page.evaluate(async () => {
    const { Store, Transcript } = await import("/console/live/session.js");
    const view = new Transcript({ store: new Store() });
    document.querySelector(".l-stage").replaceChildren(view.element);
    document.querySelector(".l-exports").hidden = false;
    const result = (n, list, more) => ({ id: `s${n}`, final: true, text: list.join(" "), start: n, end: n + 1, words: list.map((t, i) => ({ text: t, start: n + i / 10, end: n + i / 10 + 0.1, ...more })) });
    for (let n = 0; n < 60; n++) view.final(result(n, `this is sentence number ${n} of all that was said`.split(" "), { confidence: 0.9, speaker: String(n % 3) }));
    globalThis.rtl = () => view.final(result(60, ["שלום", "עולם"], { speaker: "0" }));
    view.partial({ ...result(99, ["and", "these", "are", "the", "newest", "words"]), final: false });
  });
  const frames = () => page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
  const letters = (size) => page.evaluate((px) => (document.querySelector(".t-box").style.fontSize = px && `${px}px`), size);
  note.hidden = [];
  const sizes = [[360, 740], [390, 844], [768, 1024], [1280, 720], [1920, 1080], [3840, 2160]];
  for (const [width, height, motion = "no-preference", size = ""] of [...sizes, [1280, 720, "reduce"], [360, 740, "reduce"], [768, 1024, "reduce", 26]]) {
    await page.emulateMedia({ reducedMotion: motion });
    await page.setViewportSize({ width, height });
    await letters(size);
    await frames();
    await frames();
    await shot(page, `rows-${width}`);
    const bad = await page.evaluate(() => {
      const seen = (e, name) => {
        const r = e.getBoundingClientRect();
        return [r.top + 2, r.bottom - 2].every((y) => e.contains(document.elementFromPoint(r.left + Math.min(20, r.width / 2), y))) ? [] : [`${name}, from ${Math.round(r.top)} to ${Math.round(r.bottom)}`];
      };
      const rows = [...document.querySelectorAll(".t-row")];
      return [...seen(rows.at(-1).querySelector(".t-text"), "the newest words"), ...seen(rows.at(-2).querySelector(".t-text"), "those before"), ...seen(document.querySelector('.l-exports button[aria-label="Save as Text"]'), "the button to save")];
    });
    if ((await page.locator(".t-box").boundingBox()).height < 130) bad.push("the room for some rows");
    await page.evaluate(() => (document.querySelector(".t-box").scrollTop = 0));
    await frames();
    const latest = await page.evaluate(() => {
      const b = document.querySelector(".t-latest");
      const r = b.getBoundingClientRect();
      return !b.hidden && b.contains(document.elementFromPoint(r.left + r.width / 2, r.top + r.height / 2));
    });
    if (!latest) bad.push("the way back to the newest words");
    await page.evaluate(() => document.querySelector(".t-latest").click());
    for (const b of bad) note.hidden.push(`${width}x${height}, ${motion}: ${b}`);
  }
  await page.evaluate(() => (document.querySelector(".t-box").scrollTop = 900));
  await frames();
  note.places = [];
  for (const [width, height, size] of [[768, 1024, 26], [360, 740, 26], [1280, 720, 26], [1280, 720, 16], [1280, 900, 16], [768, 1024, 26]]) {
    await page.setViewportSize({ width, height });
    await letters(size);
    await frames();
    note.places.push((await look(page)).n);
  }
  await page.evaluate(() => document.querySelector(".t-latest").click());
  await letters("");
  // A label stands apart from the words beside it, whichever way they run.
  await page.evaluate(() => globalThis.rtl());
  await frames();
  note.gaps = await page.evaluate(() => [...document.querySelectorAll(".t-row[data-n]")].slice(-2).map((row) => {
    const [who, word] = [row.querySelector(".t-who"), row.querySelector(".t-word")].map((e) => e.getBoundingClientRect());
    return Math.round(Math.max(word.left - who.right, who.left - word.right));
  }));
}

// The lines that a new access key comes with.
async function lines(page) {
  await signIn(page);
  await page.goto(`${job.url}/#/access/keys/new`);
  await page.reload();
  await page.getByLabel("Name", { exact: true }).fill("studio");
  await page.getByRole("button", { name: "Create access key" }).click();
  await page.getByRole("heading", { name: "Your access key" }).waitFor();
  note.files = {};
  for (const tab of ["Environment", "Credentials file", "First call"]) {
    await page.getByRole("button", { name: tab, exact: true }).click();
    note.files[tab] = (await page.locator('section[aria-label="Use it"] pre').allTextContents()).join("\n");
  }
  // With the port that TLS has: this server was told to find one.
  const { id, secret } = Object.fromEntries([["id", /KEY_ID=(.+)/], ["secret", /SECRET_ACCESS_KEY=(.+)/]].map(([name, form]) => [name, form.exec(note.files.Environment)[1]]));
  note.files.TLS = await page.evaluate(async ([id, secret, port]) => {
    const { lines } = await import("/console/access/shown.js");
    return lines([["AWS_ACCESS_KEY_ID", id], ["AWS_SECRET_ACCESS_KEY", secret]], { region: "us-east-1", tls: { port, own: true } });
  }, [id, secret, job.tls]);
  // Nobody leaves it by accident.
  await page.getByRole("link", { name: "Usage" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Cancel" }).click();
  const [saved] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Download credentials file" }).click()]);
  note.files.saved = await readFile(await saved.path(), "utf8");
  await page.getByRole("link", { name: "Usage" }).click();
  await page.waitForSelector(".page-usage");
}

// Nobody is signed in: an access key is pasted, a file is played, with Amazon's protocol. Nothing of the key is left anywhere.
async function pasted(page) {
  // A server without a model, and a key that is wrong: that comes first, since whoever has no key can do nothing about models.
  await page.route("**/console/api/models", (route) => route.fulfill({ json: { models: [], default: "" } }));
  await page.goto(`${job.url}/#/live`);
  await page.waitForSelector("select#live-model");
  note.reasons = [];
  for (const key of ["AKIAIOSFODNN7EXAMPLE", "esk_of_another_server", job.apiKey]) {
    await page.getByLabel("API key").fill(key);
    await page.getByRole("button", { name: "Start speaking" }).click();
    await page.waitForFunction((before) => ![...before, ""].includes(document.querySelector(".l-trouble").innerText), note.reasons);
    note.reasons.push(await page.locator(".l-trouble").innerText());
  }
  await page.unroute("**/console/api/models");
  await page.reload();
  await page.waitForSelector("select#live-model option", { state: "attached" }); // what the models can do is known without signing in
  note.fields = await page.locator(".l-settings [data-key]").evaluateAll((list) => list.map((e) => e.dataset.key));
  await page.getByRole("button", { name: "Start speaking" }).click();
  note.missing = await page.locator(".l-trouble").innerText();
  await page.getByRole("button", { name: "Amazon Transcribe" }).click();
  note.fields.push(...(await page.locator(".l-settings [data-key]").evaluateAll((list) => list.map((e) => e.dataset.key))));
  await page.getByLabel("Access key").fill(job.key);
  await page.getByLabel("Secret").fill("not the secret");
  const sent = [];
  page.on("request", (r) => sent.push(r.url() + (r.postData() ?? "")));
  page.on("websocket", (w) => sent.push(w.url()));
  await page.locator("input[type=file]").setInputFiles(job.file);
  await page.waitForSelector(".l-trouble .notice");
  note.refused = await page.locator(".l-trouble").innerText();
  await ready(page);
  await page.getByLabel("Secret").fill(job.secret);
  await page.locator("input[type=file]").setInputFiles(job.file);
  await page.waitForSelector(".t-word");
  await ready(page);
  note.text = await text(page);
  note.leaks = sent.filter((s) => s.includes(job.secret)).length;
  note.stored = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie]));
  // Who signs in afterwards still has what was said.
  await page.getByRole("link", { name: "Sign in" }).last().click();
  await page.getByLabel("Administrator’s token").fill(job.token);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await page.waitForSelector('[data-key="as-me"]');
  await page.waitForSelector(".t-word");
  note.early = await text(page);
}

// Forty thousand segments: a server that says them, with the audio as fast as it takes it, the client, the session and the page's own view.
async function long(page, context) {
  await page.goto(`${job.url}/#/live`);
  await page.waitForSelector(".live");
  const cdp = await context.newCDPSession(page);
  await cdp.send("HeapProfiler.enable");
  const heap = async () => {
    await cdp.send("HeapProfiler.collectGarbage");
    await cdp.send("HeapProfiler.collectGarbage");
    const { usedSize, backingStorageSize } = await cdp.send("Runtime.getHeapUsage");
    return { used: usedSize, backing: backingStorageSize };
  };
  await page.evaluate(async (key) => {
    const { Session, Store, Transcript, Waveform, newRecorder } = await import("/console/live/session.js");
    const store = new Store();
    const transcript = new Transcript({ store });
    document.querySelector(".l-stage").replaceChildren(transcript.element);
    const waveform = new Waveform(document.querySelector(".l-wave"));
    const recorder = newRecorder();
    const told = { problems: [] };
    const session = new Session({
      transcript, waveform, recorder, pace: Infinity,
      settings: { values: { protocol: "speechall", as: "key", apiKey: key }, options: { model: "local.script", language: "en-US" } },
      on: {
        state: (name) => name === "idle" && told.idle?.(), time() {}, latency() {}, quiet() {}, said() {}, problem: (text) => told.problems.push(text),
      },
    });
    const wav = (seconds) => {
      const head = new DataView(new ArrayBuffer(44));
      const bytes = seconds * 32000;
      [["RIFF", 0], ["WAVE", 8], ["fmt ", 12], ["data", 36]].forEach(([tag, at]) => [...tag].forEach((c, i) => head.setUint8(at + i, c.charCodeAt(0))));
      [[4, 36 + bytes], [16, 16], [24, 16000], [28, 32000], [40, bytes]].forEach(([at, n]) => head.setUint32(at, n, true));
      [[20, 1], [22, 1], [32, 2], [34, 16]].forEach(([at, n]) => head.setUint16(at, n, true));
      return new Blob([head, ...Array(seconds).fill(new Uint8Array(32000))]);
    };
    globalThis.say = async (seconds) => {
      const idle = new Promise((resolve) => (told.idle = resolve));
      await session.start(wav(seconds));
      await idle;
      await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
      return { segments: store.length, sound: recorder.length / recorder.rate, problems: told.problems };
    };
  }, job.apiKey);
  await page.evaluate(() => globalThis.say(4)); // what is made once is made now
  const before = await heap();
  const began = Date.now();
  Object.assign(note, await page.evaluate((seconds) => globalThis.say(seconds), job.seconds));
  note.took = (Date.now() - began) / 1000;
  const after = await heap();
  note.grown = after.used - before.used;
  note.backing = after.backing - before.backing;
  note.nodes = (await cdp.send("Memory.getDOMCounters")).nodes;
  note.rows = await page.locator(".t-row").count();
  note.last = await page.locator(".t-row").last().innerText();
  // Anywhere in it is a scroll away, and what is looked at stays where it is while more is said.
  await page.evaluate(async () => {
    const box = document.querySelector(".t-box");
    box.scrollTop = box.scrollHeight / 2;
    for (let i = 0; i < 5; i++) await new Promise((resolve) => requestAnimationFrame(resolve));
  });
  note.middle = await look(page);
  await page.evaluate(() => globalThis.say(1));
  note.stayed = await look(page);
  note.offered = await page.getByRole("button", { name: "Jump to latest" }).isVisible();
  await page.getByRole("button", { name: "Jump to latest" }).click();
  await page.waitForFunction((said) => [...document.querySelectorAll(".t-row")].some((r) => Number(r.dataset.n) > said), Math.round(job.seconds * 100));
  await heap();
  note.nodesAfter = (await cdp.send("Memory.getDOMCounters")).nodes;
}
