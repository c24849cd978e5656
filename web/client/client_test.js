import assert from "node:assert/strict";
import test from "node:test";

import { Client, playFile } from "./index.js";

test("options that are wrong say so", () => {
  for (const [options, message] of [
    [{}, /"url"/],
    [{ url: "ftp://x" }, /https/],
    [{ url: "http://x", protocol: "other" }, /"protocol"/],
  ]) {
    assert.throws(() => new Client(options), { code: "invalid", message });
  }
  class WebSocket {}
  const c = (o) => new Client({ url: "http://x", WebSocket, ...o });
  assert.throws(() => c({ protocol: "amazon" }).stream(), { message: /"presign"/ });
  assert.throws(() => c({ protocol: "amazon", presign: () => "" }).stream({ language: "auto", languages: ["en-US"] }), { message: /"languages"/ });
  assert.throws(() => c({ apiKey: "k" }).stream(), { message: /"model"/ });
  assert.throws(() => c({ apiKey: "k" }).stream({ model: "m", channels: 2 }), { code: "unsupported" });
});

test("where there is no WebSocket, it says where to get one", { skip: globalThis.WebSocket ? "this Node has a WebSocket" : false }, () => {
  assert.throws(() => new Client({ url: "http://x", apiKey: "k" }).stream({ model: "m" }), { code: "unsupported", message: /package "ws"/ });
});

test("files", async () => {
  const seen = [];
  const fetch = async (url, init) => {
    seen.push([url, init.method, init.headers.authorization, init.body]);
    return new Response(url.includes("=srt") ? "1\n" : '{"text":"hello"}');
  };
  const c = new Client({ url: "wss://host:8443/", apiKey: async () => "K", fetch });
  const file = new Blob(["x"]);
  assert.deepEqual(await c.transcribeFile(file, { model: "local.m", language: "en" }), { text: "hello" });
  assert.equal(await c.transcribeFile(file, { model: "local.m", format: "srt" }), "1\n");
  assert.deepEqual(seen, [
    ["https://host:8443/v1/transcribe?model=local.m&language=en&output_format=json", "POST", "Bearer K", file],
    ["https://host:8443/v1/transcribe?model=local.m&output_format=srt", "POST", "Bearer K", file],
  ]);
});

test("refusals of files", async () => {
  const c = (fetch) => new Client({ url: "http://h", apiKey: "K", fetch });
  const answer = (status, body) => async () => new Response(body, { status });
  await assert.rejects(c(answer(402, '{"message":"used up","code":"payment_required"}')).models(), { code: "payment_required", status: 402, message: "used up", retryable: false });
  await assert.rejects(c(answer(503, "<html>")).models(), { code: "unavailable", status: 503, retryable: true });
  await assert.rejects(c(() => Promise.reject(new TypeError("fetch failed"))).models(), { code: "unavailable", retryable: true });
  await assert.rejects(c(() => Promise.reject(new Error())).models({ signal: AbortSignal.abort() }), { code: "aborted" });
});

const wav = (rate, channels, samples) => {
  const file = new DataView(new ArrayBuffer(44 + samples.length * 2));
  [..."RIFF....WAVEfmt "].forEach((c, i) => file.setUint8(i, c.charCodeAt(0)));
  file.setUint32(16, 16, true);
  file.setUint16(20, 1, true);
  file.setUint16(22, channels, true);
  file.setUint32(24, rate, true);
  file.setUint16(34, 16, true);
  [..."data"].forEach((c, i) => file.setUint8(36 + i, c.charCodeAt(0)));
  file.setUint32(40, samples.length * 2, true);
  samples.forEach((s, i) => file.setInt16(44 + 2 * i, s, true));
  return new Blob([file]);
};

test("a file is played: all of it, at the stream's rate and channels, at its pace", async () => {
  const got = [];
  const sink = { rate: 16000, channels: 2, send: async (s) => void got.push(...s) };
  let duration = 0;
  const began = performance.now();
  await playFile(sink, wav(8000, 1, new Array(4001).fill(16384)), { rate: 5, onStart: (d) => (duration = d) });
  assert.equal(duration, 4001 / 8000);
  assert.equal(got.length, 2 * 8002);
  assert.ok(Math.abs(got[8000] - 0.5) < 0.01 && got[8000] === got[8001]);
  assert.ok(performance.now() - began >= 95, "half a second five times as fast");
  got.length = 0;
  const away = new AbortController();
  await playFile(sink, wav(16000, 1, new Array(32000).fill(0)), { signal: away.signal, onAudio: () => away.abort() });
  assert.equal(got.length, 2 * 1600);
  await assert.rejects(playFile(sink, new Blob(["no sound"])), { code: "unsupported" });
});
