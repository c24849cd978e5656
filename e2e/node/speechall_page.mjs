// The code of Speechall's documentation page about streaming, as printed, in headless Chromium with a recording as the microphone.
// E2E_PAGE is the text of the page, E2E_CHROMIUM the browser, E2E_AUDIO a WAV file, E2E_TLS the server's host:port, E2E_PINS the
// hash of its public key, E2E_KEY its API key. It ends when the page prints what begins like E2E_UNTIL. What the page's code prints goes to the standard output, a JSON object a line.
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";

import { chromium } from "playwright-core";

const { E2E_PAGE, E2E_CHROMIUM, E2E_AUDIO, E2E_TLS, E2E_PINS, E2E_KEY, E2E_UNTIL } = process.env;
const page = await readFile(E2E_PAGE, "utf8");
const between = (from, to) => {
  const at = page.indexOf(from);
  const end = page.indexOf(to, at);
  if (at < 0 || end < 0) throw new Error(`the page has no ${JSON.stringify(from)}`);
  return page.slice(at, end);
};
// Only the key is another.
const basic = between("// Establish WebSocket connection", "Audio Capture Example").replace("YOUR_API_KEY", E2E_KEY);
const capture = between("async function startAudioCapture()", "Response Formats");
const errors = between("ws.onerror = (error) => {\nconsole.error('WebSocket error:', error);\n// Implement", "SDK Support");

const pages = createServer((_, response) => {
  response.setHeader("content-type", "text/html");
  // The page says where a reconnection is to be put and leaves it to the reader.
  response.end(`<!doctype html><title>e2e</title><script>function reconnectWebSocket() { console.log('Reconnecting'); }
${capture}\n${basic}\n${process.env.E2E_ERRORS ? errors : ""}</script>`);
});
await new Promise((resolve) => pages.listen(0, "127.0.0.1", resolve));
const browser = await chromium.launch({
  executablePath: E2E_CHROMIUM,
  args: [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--autoplay-policy=no-user-gesture-required",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    `--use-file-for-fake-audio-capture=${E2E_AUDIO}%noloop`,
    `--ignore-certificate-errors-spki-list=${E2E_PINS}`,
    `--host-resolver-rules=MAP api.speechall.com:443 ${E2E_TLS}`,
  ],
});
try {
  const tab = await browser.newPage();
  let closed;
  const end = new Promise((resolve) => (closed = resolve));
  tab.on("console", async (message) => {
    const text = message.text();
    process.stdout.write(JSON.stringify({ kind: message.type(), text }) + "\n");
    if (text.startsWith(E2E_UNTIL)) closed();
  });
  tab.on("pageerror", (err) => process.stdout.write(JSON.stringify({ kind: "exception", text: String(err) }) + "\n"));
  await tab.goto(`http://127.0.0.1:${pages.address().port}/`);
  const bound = setTimeout(closed, 90_000);
  await end;
  clearTimeout(bound);
} finally {
  await browser.close();
  pages.close();
}
