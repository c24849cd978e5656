// Uses the console's Live page in headless Chromium, with a recording as the microphone, and tells what was seen. The job comes on
// standard input: {task, url, token, apiKey, key, secret, mic, file, shots}. E2E_CHROMIUM is the browser.
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
    if (m.type() === "error" && !/status of 401/.test(m.text())) note.errors.push(`console: ${m.text()}`);
  });
  await { speak, pasted, long }[job.task](page, context);
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
  await page.getByRole("button", { name: "Stop" }).click();
  await ready(page);
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

// How it looks, and what axe says, in both themes and at several widths.
async function looks(page) {
  const axe = await readFile(new URL("node_modules/axe-core/axe.min.js", import.meta.url), "utf8").catch(() => "");
  await page.getByRole("button", { name: "Show the code" }).click();
  await page.waitForSelector("#code-panel");
  await page.emulateMedia({ reducedMotion: "reduce" });
  note.axe = [];
  note.wide = [];
  for (const theme of ["light", "dark"]) {
    await page.evaluate((t) => globalThis.earshotTheme.choose(t), theme);
    for (const [width, height] of [[360, 740], [1280, 800], [2560, 1440]]) {
      await page.setViewportSize({ width, height });
      await page.evaluate(() => (scrollTo(0, 0), new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))));
      await shot(page, `done-${theme}-${width}`);
      const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      if (over > 0) note.wide.push(`${over} px beyond ${width}`);
      if (!axe || width === 2560) continue;
      await page.evaluate(axe); // as the browser's own tools do, which the page's policy does not concern
      const { violations } = await page.evaluate(() => globalThis.axe.run());
      for (const v of violations) note.axe.push(`${theme}, ${width}: ${v.id}: ${v.nodes.map((n) => n.html.slice(0, 120)).join(" ")}`);
    }
  }
  await page.evaluate(() => (document.documentElement.dir = "rtl"));
  await page.setViewportSize({ width: 1280, height: 800 });
  await shot(page, "done-rtl");
  await page.evaluate(() => (document.documentElement.dir = "ltr"));
}

// Nobody is signed in: an access key is pasted, a file is played, with Amazon's protocol. Nothing of the key is left anywhere.
async function pasted(page) {
  await page.goto(`${job.url}/#/live`);
  await page.getByRole("button", { name: "Start speaking" }).click();
  note.missing = await page.locator(".l-trouble").innerText();
  await page.getByRole("button", { name: "Amazon Transcribe" }).click();
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
}

// Forty thousand segments, as the page would be given them in a very long day.
async function long(page, context) {
  await page.goto(`${job.url}/#/live`);
  await page.waitForSelector(".live");
  const cdp = await context.newCDPSession(page);
  const heap = async () => {
    await cdp.send("HeapProfiler.enable");
    await cdp.send("HeapProfiler.collectGarbage");
    await cdp.send("HeapProfiler.collectGarbage");
    return (await cdp.send("Runtime.getHeapUsage")).usedSize;
  };
  await page.evaluate(async () => {
    const { Store, Transcript, Waveform } = await import("/console/live/session.js");
    const store = new Store();
    const view = new Transcript({ store });
    document.querySelector(".l-stage").replaceChildren(view.element);
    const wave = new Waveform(document.querySelector(".l-wave"));
    const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
    let said = 0;
    const result = (n, final) => {
      const list = `this is number ${n} of what was said`.split(" ");
      const words = list.map((t, i) => ({ text: t, start: n * 2 + i * 0.2, end: n * 2 + i * 0.2 + 0.2, confidence: ((n * 7 + i * 13) % 100) / 100, speaker: String(n % 3) }));
      return { id: `s${n}`, final, text: `${list.join(" ")}.`, words, start: n * 2, end: n * 2 + 1.6 };
    };
    globalThis.more = async (count) => {
      for (let i = 0; i < count; i++, said++) {
        if (said % 10 === 0) {
          view.partial(result(said, false));
          wave.mark(result(said, false));
        }
        view.final(result(said, true));
        wave.mark(result(said, true));
        if (said % 400 === 399) await frame();
      }
      await frame();
      await frame();
    };
    globalThis.view = view;
    await globalThis.more(200); // what is made once is made now
  });
  const before = await heap();
  await page.evaluate(() => globalThis.more(39_800));
  note.grown = (await heap()) - before;
  note.nodes = (await cdp.send("Memory.getDOMCounters")).nodes;
  note.rows = await page.locator(".t-row").count();
  note.last = await page.locator(".t-row").last().innerText();
  // Anywhere in it is a scroll away, and what is looked at stays where it is while more is said.
  const look = () => page.evaluate(() => {
    const box = document.querySelector(".t-box");
    const top = box.getBoundingClientRect().top;
    const row = [...box.querySelectorAll(".t-row")].find((r) => r.getBoundingClientRect().bottom > top + 1);
    return { n: Number(row.dataset.n), at: Math.round(row.getBoundingClientRect().top - top) };
  });
  await page.evaluate(async () => {
    const box = document.querySelector(".t-box");
    box.scrollTop = box.scrollHeight / 2;
    for (let i = 0; i < 5; i++) await new Promise((resolve) => requestAnimationFrame(resolve));
  });
  note.middle = await look();
  await page.evaluate(() => globalThis.more(100));
  note.stayed = await look();
  note.offered = await page.getByRole("button", { name: "Jump to latest" }).isVisible();
  await page.getByRole("button", { name: "Jump to latest" }).click();
  await page.waitForFunction(() => [...document.querySelectorAll(".t-row")].some((r) => r.dataset.n === "40099"));
  await heap();
  note.nodesAfter = (await cdp.send("Memory.getDOMCounters")).nodes;
}
