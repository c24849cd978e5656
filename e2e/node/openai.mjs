// OpenAI's SDK for Node against both places where its routes are. E2E_BASE is the server, E2E_KEY its API key, E2E_AUDIO a WAV file of
// 6 s, E2E_WORDS what is heard in it.
import assert from "node:assert/strict";
import { createReadStream } from "node:fs";

import OpenAI, { toFile } from "openai";

const { E2E_BASE, E2E_KEY, E2E_AUDIO, E2E_WORDS } = process.env;
const file = () => createReadStream(E2E_AUDIO);

for (const root of ["/v1", "/v1/openai-compatible"]) {
  const client = new OpenAI({ apiKey: E2E_KEY, baseURL: E2E_BASE + root, maxRetries: 0 });
  const ask = (more, options) => client.audio.transcriptions.create({ file: file(), model: "whisper-1", ...more }, options);

  assert.equal((await ask({})).text, E2E_WORDS);
  assert.equal((await ask({ response_format: "json", language: "en", temperature: 0.2, prompt: "good morning" })).text, E2E_WORDS);
  assert.equal((await ask({ response_format: "text" })).trim(), E2E_WORDS);
  const srt = await ask({ response_format: "srt" });
  assert.match(srt, /^1\n00:00:00,500 --> 00:00:\d\d,\d{3}\n/);
  const vtt = await ask({ response_format: "vtt" });
  assert.match(vtt, /^WEBVTT\n\n00:00:00\.500 --> /);

  const plain = await ask({ response_format: "verbose_json" });
  assert.equal(plain.text, E2E_WORDS);
  assert.equal(plain.duration, 6);
  assert.equal(plain.language, "en");
  assert.equal(plain.words, undefined);
  assert.equal(plain.segments.map((s) => s.text).join(" "), E2E_WORDS);
  for (const name of ["id", "seek", "start", "end", "text", "tokens", "temperature", "avg_logprob", "compression_ratio", "no_speech_prob"]) {
    assert.ok(name in plain.segments[0], `a segment has no ${name}`);
  }
  const timed = await ask({ response_format: "verbose_json", timestamp_granularities: ["word"] });
  assert.equal(timed.words.map((w) => w.word).join(" "), E2E_WORDS);
  assert.equal(timed.segments, undefined);
  assert.ok(timed.words.every((w, i) => w.end >= w.start && (i === 0 || w.start >= timed.words[i - 1].start)));
  const both = await ask({ response_format: "verbose_json", timestamp_granularities: ["word", "segment"] });
  assert.ok(both.words.length > 0 && both.segments.length > 0);

  let said = "";
  let done;
  for await (const event of await ask({ stream: true })) {
    if (event.type === "transcript.text.delta") said += event.delta;
    else if (event.type === "transcript.text.done") done = event.text;
    else assert.fail(`an event of type ${event.type}`);
  }
  assert.equal(said, E2E_WORDS);
  assert.equal(done, E2E_WORDS);

  const translated = await client.audio.translations.create({ file: file(), model: "whisper-1", response_format: "verbose_json" });
  assert.equal(translated.text, E2E_WORDS);
  assert.equal(translated.duration, "6.0");

  const { response } = await ask({}).withResponse();
  assert.equal(response.headers.get("x-earshot-model"), "script");

  const fails = async (status, type, call, text) => {
    const err = await call.then(() => assert.fail(`no error ${status}`), (err) => err);
    assert.ok(err instanceof type, `${status}: ${err}`);
    assert.equal(err.status, status);
    assert.match(err.message, text);
  };
  await fails(400, OpenAI.BadRequestError, ask({ response_format: "yaml" }), root === "/v1" ? /response_format/ : /400/);
  await fails(400, OpenAI.BadRequestError, ask({ temperature: 3 }), root === "/v1" ? /temperature/ : /400/);
  await fails(400, OpenAI.BadRequestError, ask({ file: await toFile(Buffer.from("#EXTM3U\nfile:///etc/passwd\n".repeat(20)), "a.mp3") }), root === "/v1" ? /no audio file/ : /400/);
  await fails(400, OpenAI.BadRequestError, ask({ file: await toFile(Buffer.alloc(0), "a.wav") }), root === "/v1" ? /empty/ : /400/);
  const stranger = new OpenAI({ apiKey: "a-key-that-is-wrong", baseURL: E2E_BASE + root, maxRetries: 0 });
  await fails(401, OpenAI.AuthenticationError, stranger.audio.transcriptions.create({ file: file(), model: "whisper-1" }), root === "/v1" ? /./ : /401/);
  await assert.rejects(ask({}, { signal: AbortSignal.timeout(1) }), /abort/i);
}
console.log("ok");
