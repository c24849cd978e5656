import assert from "node:assert/strict";
import test from "node:test";

import { Client, TranscriptionError } from "./index.js";
import { begin, house, quick, ramp, samplesOf, utterance } from "./testdata/house.js";

test("audio before the connection is there is sent when it is; the end is said, and waited for", async () => {
  const { stream, first, heard } = begin();
  void stream.send(ramp(0, 0.5));
  const s = (await first).open();
  void stream.send(ramp(0.5, 0.5));
  assert.equal(s.url.href.split("?")[0], "ws://server.example:1234/v1/transcribe");
  assert.deepEqual(Object.fromEntries(s.url.searchParams), { model: "local.m", output_format: "json", interim_results: "true", api_key: "KEY" });
  assert.deepEqual(samplesOf(s), Array.from(ramp(0, 1)));
  s.tell(utterance("a", "good", 0.2, false));
  const end = stream.finish();
  assert.deepEqual(s.said, ["CloseStream"]);
  s.tell(utterance("a", "good morning", 0.2));
  s.drop(1000);
  await end;
  assert.deepEqual(heard.partials.map((r) => r.text), ["good"]);
  assert.deepEqual(heard.finals.map((r) => [r.id, r.text, r.start, r.end, r.words.length]), [["a", "good morning", 0.2, 0.7, 2]]);
  assert.deepEqual(heard.states, ["connecting", "open", "finishing", "closed"]);
  assert.ok(heard.finals[0].latency >= 0);
  await stream.send(ramp(0, 1)); // ignored
});

test("a connection that breaks: audio since the last final is sent again, times go on, nothing is told twice", async () => {
  const { stream, first, next, heard, sockets } = begin();
  const a = (await first).open();
  void stream.send(ramp(0, 4));
  a.tell(utterance("u1", "one two", 0.5)); // ends at 1.0
  a.tell(utterance("u2", "three", 2, false));
  const second = next();
  a.drop();
  assert.deepEqual(heard.partials.map((r) => r.text), ["three", ""], "what will be said again is withdrawn");
  void stream.send(ramp(4, 1));
  const b = (await second).open();
  assert.deepEqual(samplesOf(b), Array.from(ramp(1, 4)), "from the end of the last final on");
  b.tell(utterance("u1", "three four", 1.0));
  void stream.finish();
  b.tell(utterance("u2", "five", 3.5));
  b.drop(1000);
  await stream.done;
  assert.deepEqual(heard.finals.map((r) => [r.text, r.start]), [["one two", 0.5], ["three four", 2], ["five", 4.5]]);
  assert.equal(new Set(heard.finals.map((r) => r.id)).size, 3, "ids of several connections differ");
  assert.equal(sockets.length, 2);
  assert.deepEqual(heard.states, ["connecting", "open", "reconnecting", "open", "finishing", "closed"]);
});

test("a connection that breaks while the last words are waited for", async () => {
  const { stream, first, next, heard } = begin();
  const a = (await first).open();
  void stream.send(ramp(0, 2));
  void stream.finish();
  const second = next();
  a.drop(1011, "shutting down");
  const b = (await second).open();
  assert.deepEqual(samplesOf(b), Array.from(ramp(0, 2)));
  assert.deepEqual(b.said, ["CloseStream"]);
  b.tell(utterance("x", "last words", 1));
  b.drop(1000);
  await stream.done;
  assert.deepEqual(heard.finals.map((r) => r.text), ["last words"]);
});

test("any moment of breaking gives each word once", async () => {
  // The server says word n when it has 1 s more than its end; the connection breaks after every possible number of bytes that were sent.
  const spoken = ["zero", "one", "two", "three", "four", "five"];
  for (let cut = 0.1; cut < 7; cut += 0.37) {
    const { stream, first, next, heard, sockets } = begin();
    const serve = (s, origin) => {
      let told = 0;
      return () => {
        const have = origin + s.audio.length / 32000;
        spoken.forEach((w, n) => {
          if (n + 0.5 >= origin - 0.01 && n + 1.5 <= have && n >= told) {
            told = n + 1;
            s.tell({ id: w, text: w, is_final: true, words: [{ word: w, start: n + 0.25 - origin, end: n + 0.75 - origin }], segments: [{ start: n + 0.25 - origin, end: n + 0.75 - origin }] });
          }
        });
      };
    };
    const a = (await first).open();
    const sayA = serve(a, 0);
    const second = next();
    let b = null;
    void second.then((s) => (b = s));
    for (let at = 0; at < 7; at += 0.1) {
      void stream.send(ramp(at, 0.1));
      if (sockets.length === 1) sayA();
      if (at >= cut && a.readyState === 1) a.drop();
    }
    await second;
    b.open();
    const from = samplesOf(b)[0] / 100;
    const sayB = serve(b, from);
    sayB();
    void stream.finish();
    b.drop(1000);
    await stream.done;
    assert.deepEqual(heard.finals.map((r) => r.text), spoken, `cut at ${cut}`);
    heard.finals.forEach((r, n) => assert.ok(Math.abs(r.start - n - 0.25) < 1e-9, `${r.text} at ${r.start}`));
  }
});

test("what cannot be mended is told at once", async () => {
  for (const [how, code, message] of [
    [(s) => s.tell({ message: "no budget", code: "payment_required" }), "payment_required", /no budget/],
    [() => {}, "unavailable", /gone away/],
  ]) {
    const { stream, first, heard, sockets } = begin();
    const s = (await first).open();
    how(s);
    s.drop(1008, "gone away");
    await assert.rejects(stream.done, { code, message });
    assert.equal(heard.errors.length, 1);
    assert.equal(sockets.length, 1);
  }
  const { stream, first } = begin();
  (await first).open().drop(1000);
  await assert.rejects(stream.done, { code: "closed" });
});

test("attempts end, and progress begins them anew", async () => {
  const { stream, first, next, sockets } = begin({}, { attempts: 3 });
  let s = (await first).open();
  for (let i = 0; i < 3; i++) {
    const n = next();
    s.drop();
    s = (await n).open();
  }
  s.tell(utterance("a", "hello", 0));
  for (let i = 0; i < 3; i++) {
    const n = next();
    s.drop();
    s = (await n).open();
  }
  s.drop();
  await assert.rejects(stream.done, { code: "unavailable", status: 1006 });
  assert.equal(sockets.length, 7);
});

test("delays grow, with jitter, up to a bound", async () => {
  const delays = [];
  const h = house();
  const first = h.next();
  const stream = new Client({ ...quick, WebSocket: h.Socket, attempts: 5, firstDelay: 1, mostDelay: 6, random: () => 0.5 }).stream(
    { model: "m" },
    { onState: (s) => s.delay && delays.push(s.delay) },
  );
  void stream.send(new Int16Array(0));
  let s = (await first).open();
  for (let i = 0; i < 5; i++) {
    const n = h.next();
    s.drop();
    s = (await n).open();
  }
  s.drop();
  await assert.rejects(stream.done);
  assert.deepEqual(delays, [0.75, 1.5, 3, 4.5, 4.5]);
});

test("a server that was never there is given up soon, with the reason that REST tells", async () => {
  for (const [code, message, tries, want] of [
    ["unauthenticated", "no such key", 1, { code: "unauthenticated", message: "no such key", status: 401 }],
    ["permission_denied", 'this API key is not good for the model "m"', 1, { code: "permission_denied" }],
    ["permission_denied", 'this API key is not good for the operation "transcribe"', 3, { code: "unavailable", message: /no connection/ }], // which is not what was asked for
  ]) {
    const answers = [];
    const fetch = async (url, init) => {
      answers.push([init.method, new URL(url).pathname, init.headers.authorization]);
      return new Response(JSON.stringify({ message, code }), { status: 401 });
    };
    const { stream, first, next, heard, sockets } = begin({}, { fetch });
    let s = await first;
    for (let i = 0; i < tries - 1; i++) {
      const n = next();
      s.drop();
      s = await n;
    }
    s.drop();
    await assert.rejects(stream.done, want);
    assert.deepEqual(answers, Array(tries).fill(["POST", "/v1/transcribe", "Bearer KEY"]));
    assert.deepEqual([heard.errors.length, sockets.length], [1, tries]);
  }
});

test("why a socket is refused can be asked elsewhere, once while it is, and is told with each attempt", async () => {
  const asked = [];
  const explain = async (query) => {
    asked.push(query);
    return new TranscriptionError("service_unavailable", "all slots are taken", { status: 503, retryable: true });
  };
  const { stream, first, next, heard } = begin({ language: "en" }, { explain, attempts: 3 });
  let s = (await first).open();
  s.tell(utterance("a", "hello", 0));
  for (let i = 0; i < 3; i++) {
    const n = next();
    s.drop();
    s = await n;
  }
  s.drop();
  await assert.rejects(stream.done, { message: "all slots are taken", status: 503 });
  assert.deepEqual(asked, ["model=local.m&language=en&output_format=json&interim_results=true"]);
  assert.deepEqual(heard.reasons, ["the connection was lost", "all slots are taken", "all slots are taken"]);
});

test("a server that says no before the first result is asked twice more, and its reason is told each time", async () => {
  const { first, next, heard, stream, sockets } = begin();
  let s = (await first).open();
  for (let i = 0; i < 3; i++) {
    const n = i < 2 ? next() : null;
    s.tell({ type: "error", code: "service_unavailable", message: "all 2 slots are taken" });
    s.drop(1013);
    if (n) s = (await n).open();
  }
  await assert.rejects(stream.done, { message: "all 2 slots are taken" });
  assert.equal(sockets.length, 3);
  assert.deepEqual(heard.reasons, ["all 2 slots are taken", "all 2 slots are taken"]);
});

test("send after finish is a mistake; abort ends everything quietly", async () => {
  const { stream, first, heard } = begin();
  const s = (await first).open();
  s.tell(utterance("a", "well", 0, false));
  void stream.finish();
  assert.throws(() => stream.send(ramp(0, 1)), { code: "closed" });
  stream.abort();
  stream.abort();
  await stream.done;
  assert.deepEqual([heard.errors.length, heard.finals.length, heard.partials.at(-1).text], [0, 0, ""]);
});

test("a stream without audio connects nowhere", async () => {
  const h = house();
  for (const end of ["finish", "abort"]) {
    const stream = new Client({ ...quick, WebSocket: h.Socket }).stream({ model: "m" });
    stream[end]();
    await stream.done;
  }
  assert.equal(h.sockets.length, 0);
});

test("abort before there is a connection", async () => {
  const { stream, sockets } = begin({}, { apiKey: () => new Promise(() => {}) });
  stream.abort();
  await stream.done;
  assert.equal(sockets.length, 0);
});

test("a key is asked for again at each connection; one that is refused is the end", async () => {
  let n = 0;
  const { stream, first, next } = begin({}, { apiKey: async () => `KEY${++n}` });
  const a = (await first).open();
  assert.equal(a.url.searchParams.get("api_key"), "KEY1");
  const second = next();
  a.drop();
  assert.equal((await second).url.searchParams.get("api_key"), "KEY2");
  stream.abort();
  const failed = begin({}, { apiKey: () => Promise.reject(Object.assign(new Error("sign in first"), { code: "unauthenticated" })) });
  await assert.rejects(failed.stream.done, { code: "unauthenticated", message: "sign in first" });
});

test("a handler that throws disturbs no stream, and its error is reported", async () => {
  const caught = [];
  const { reportError } = globalThis;
  globalThis.reportError = (err) => caught.push(err.message);
  try {
    const h = house();
    const first = h.next();
    const stream = new Client({ ...quick, WebSocket: h.Socket }).stream({ model: "m" }, {
      onPartial: () => { throw new Error("in onPartial"); },
      onState: ({ state }) => { if (state !== "open") throw new Error(`in onState ${state}`); },
    });
    void stream.send(new Int16Array(1600));
    const socket = (await first).open();
    socket.tell({ id: "a", text: "hello", is_final: false, words: [], segments: [{ start: 0, end: 0.1, text: "hello" }] });
    const second = h.next();
    socket.drop(); // the partial is withdrawn, and the stream reconnects
    const done = stream.finish();
    await (await second).open().until((s) => s.said.length > 0);
    h.sockets[1].drop(1000);
    await done;
  } finally {
    globalThis.reportError = reportError;
  }
  assert.deepEqual(caught, ["in onState connecting", "in onPartial", "in onPartial", "in onState finishing", "in onState reconnecting", "in onState finishing", "in onState closed"]);
});
