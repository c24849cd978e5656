// The browser build of the SDK for JavaScript in headless Chromium. E2E_CHROMIUM is the browser, E2E_PORTS the servers' ports by
// host name, E2E_PINS the hashes of their public keys, which the browser takes in place of an authority it knows.
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";

import { build } from "esbuild";
import { chromium } from "playwright-core";

import { drive } from "./driver.mjs";

const bundle = await build({
  entryPoints: [new URL("page.mjs", import.meta.url).pathname],
  bundle: true,
  write: false,
  platform: "browser",
  format: "iife",
  define: { global: "globalThis" },
});

// The page comes from a server of its own, as an application's would; so does the audio, by the path of its file.
const pages = createServer(async (request, response) => {
  const { pathname } = new URL(request.url, "http://localhost");
  if (pathname === "/") {
    response.setHeader("content-type", "text/html");
    response.end("<!doctype html><title>e2e</title><script src='/page.js'></script>");
  } else if (pathname === "/page.js") {
    response.setHeader("content-type", "text/javascript");
    response.end(bundle.outputFiles[0].contents);
  } else if (audio.has(pathname)) {
    response.end(await readFile(audio.get(pathname)));
  } else {
    response.writeHead(404).end();
  }
});
const audio = new Map(); // files that jobs have asked for, by path on the server
await new Promise((resolve) => pages.listen(0, "127.0.0.1", resolve));

const ports = Object.entries(JSON.parse(process.env.E2E_PORTS ?? "{}"));
const browser = await chromium.launch({
  executablePath: process.env.E2E_CHROMIUM,
  args: [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    `--ignore-certificate-errors-spki-list=${process.env.E2E_PINS ?? ""}`,
    `--host-resolver-rules=${ports.map(([name, port]) => `MAP ${name}:8443 127.0.0.1:${port}`).join(", ")}`,
  ],
});
const page = await browser.newPage();
page.on("pageerror", (err) => process.stderr.write(`page: ${err}\n`));

const waiting = new Map(); // what to call when a job's stream has been handed over
await page.exposeFunction("opened", (id, note) => waiting.get(id)?.(note));
await page.goto(`http://localhost:${pages.address().port}/`);

await drive(async (job, opened) => {
  waiting.set(job.id, opened);
  const path = `/audio/${job.id}`;
  audio.set(path, job.audio);
  return page.evaluate((job) => globalThis.run(job), { ...job, audio: path });
});
await browser.close();
pages.close();
