import assert from "node:assert/strict";
import test from "node:test";

import { Client, TranscriptionError } from "./index.js";
import { decode, encode } from "./eventstream.js";

/** A server in memory: `sockets` are its connections, oldest first. Each keeps what it is sent; `came` resolves with the next one. */
function house() {
  const sockets = [];
  let waiting = [];
  class Socket {
    readyState = 0;
    bufferedAmount = 0;
    audio = [];
    said = [];
    constructor(url) {
      this.url = new URL(url);
      sockets.push(this);
      for (const w of waiting.splice(0)) w(this);
    }
    send(data) {
      if (typeof data === "string") this.said.push(JSON.parse(data).type);
      else this.audio.push(...data);
      this.changed();
    }
    changed = () => {};
    until(done) {
      return new Promise((resolve) => {
        const look = () => done(this) && resolve(this);
        this.changed = look;
        look();
      });
    }
    close() {
      this.readyState = 3;
      this.left = true;
    }
    open() {
      this.readyState = 1;
      this.onopen?.({});
      return this;
    }
    tell(message) {
      this.onmessage?.({ data: typeof message === "object" && !(message instanceof Uint8Array) ? JSON.stringify(message) : message.buffer });
    }
    drop(code = 1006, reason = "") {
      this.readyState = 3;
      this.onclose?.({ code, reason });
    }
  }
  return { Socket, sockets, next: () => new Promise((resolve) => waiting.push(resolve)) };
}

const quick = { url: "http://server.example:1234", apiKey: "KEY", firstDelay: 2, mostDelay: 8 };

/** A stream of a house, and what is told of it. */
function begin(options = {}, settings = {}) {
  const h = house();
  const heard = { finals: [], partials: [], states: [], reasons: [], errors: [] };
  const first = h.next();
  const stream = new Client({ ...quick, WebSocket: h.Socket, ...settings }).stream(
    { model: "local.m", ...options },
    {
      onFinal: (r) => heard.finals.push(r),
      onPartial: (r) => heard.partials.push(r),
      onState: (s) => {
        heard.states.push(s.state);
        if (s.state === "reconnecting") heard.reasons.push(s.error.message);
      },
      onError: (e) => heard.errors.push(e),
    },
  );
  void stream.send(new Int16Array(0)); // which connects
  return { ...h, heard, stream, first };
}

const words = (text, start, each = 0.25) => text.split(" ").map((word, i) => ({ word, text: word, start: start + i * each, end: start + (i + 1) * each }));
const utterance = (id, text, start, final = true) => {
  const w = words(text, start);
  return { id, text, is_final: final, words: w, segments: [{ start, end: w.at(-1).end, text }] };
};
/** Samples whose value is their place in hundredths of a second, so that it can be seen which were sent. */
const ramp = (from, seconds) => Int16Array.from({ length: Math.round(seconds * 16000) }, (_, i) => Math.floor((Math.round(from * 16000) + i) / 160));
const samplesOf = (socket) => Array.from(new Int16Array(Uint8Array.from(socket.audio).buffer));

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

test("a socket that is full is not filled further, and send says so", async () => {
  const { stream, first } = begin();
  const s = (await first).open();
  s.bufferedAmount = 1 << 20;
  let ready = false;
  const sent = stream.send(ramp(0, 3)).then(() => (ready = true));
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(s.audio.length, 0);
  assert.equal(ready, false);
  s.bufferedAmount = 0;
  await sent;
  await s.until(() => s.audio.length === 3 * 32000);
  stream.abort();
  await stream.done;
  assert.ok(s.left);
});

test("audio that nobody takes has a bound; what was sent makes room", async () => {
  const { stream, first, heard } = begin({}, { keep: 2 });
  const s = (await first).open();
  for (let i = 0; i < 10; i++) void stream.send(ramp(i, 1));
  assert.equal(s.audio.length, 10 * 32000, "a stream without finals goes on");
  s.bufferedAmount = 1 << 20;
  for (let i = 0; i < 3; i++) void stream.send(ramp(i, 1));
  await assert.rejects(stream.done, { code: "overrun" });
  assert.equal(heard.errors.length, 1);
  await stream.send(ramp(0, 1)); // ignored
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

test("Finalize, and a server without interim results or times", async () => {
  const { stream, first, heard } = begin({ interim: false, terms: ["Earshot", "Go"], speakers: true, parameters: { extra: "1" } });
  const s = (await first).open();
  assert.deepEqual(s.url.searchParams.getAll("custom_vocabulary"), ["Earshot", "Go"]);
  assert.equal(s.url.searchParams.get("diarization"), "true");
  assert.equal(s.url.searchParams.get("extra"), "1");
  assert.equal(s.url.searchParams.has("interim_results"), false);
  void stream.send(ramp(0, 1));
  stream.finalize();
  assert.deepEqual(s.said, ["Finalize"]);
  s.tell({ id: "a", text: "bare" });
  assert.deepEqual(heard.finals.map((r) => [r.text, r.start, r.end, r.words]), [["bare", 0, 1, []]]);
  stream.abort();
});

// ---- Amazon ----

const event = (body, headers = { ":message-type": "event", ":event-type": "TranscriptEvent" }) =>
  encode({ headers: Object.entries(headers).map(([name, value]) => ({ name, type: "string", value })), payload: new TextEncoder().encode(JSON.stringify(body)) });
const amazonResult = (id, text, start, more = {}, channel) => ({
  Alternatives: [{ Transcript: text, Items: words(text, start).map((w) => ({ Content: w.text, StartTime: w.start, EndTime: w.end, Type: "pronunciation", VocabularyFilterMatch: false, ...more.item })).concat({ Content: ".", StartTime: 9, EndTime: 9, Type: "punctuation" }), ...more.alternative }],
  StartTime: start,
  EndTime: words(text, start).at(-1).end,
  IsPartial: Boolean(more.partial),
  ResultId: id,
  ...(channel === undefined ? {} : { ChannelId: `ch_${channel}` }),
});

test("Amazon's protocol", async () => {
  const asked = [];
  const presign = async (p) => {
    asked.push(p);
    return "wss://server.example/stream-transcription-websocket?signed";
  };
  const { stream, first, next, heard } = begin(
    { language: "de-DE", speakers: true, vocabulary: "V", filter: "F", redact: true, entities: ["NAME"], stability: "high" },
    { protocol: "amazon", presign },
  );
  const a = (await first).open();
  assert.deepEqual(asked, [
    {
      "media-encoding": "pcm", "sample-rate": "16000", "language-code": "de-DE", "show-speaker-label": "true", "vocabulary-name": "V",
      "vocabulary-filter-name": "F", "vocabulary-filter-method": "mask", "content-redaction-type": "PII", "pii-entity-types": "NAME",
      "enable-partial-results-stabilization": "true", "partial-results-stability": "high",
    },
  ]);
  void stream.send(Int16Array.of(1, 2, 3));
  const m = decode(Uint8Array.from(a.audio));
  assert.deepEqual(Object.fromEntries(m.headers.map((h) => [h.name, h.value])), { ":message-type": "event", ":event-type": "AudioEvent", ":content-type": "application/octet-stream" });
  assert.deepEqual(Array.from(m.payload), [1, 0, 2, 0, 3, 0]);
  a.tell(event({ Transcript: { Results: [] } }));
  a.tell(event({ Transcript: { Results: [amazonResult("r", "hallo", 0, { partial: true, item: { Stable: true } })] } }));
  a.tell(event({ Transcript: { Results: [amazonResult("r", "hallo welt", 0, { item: { Confidence: 0.9, Speaker: "0" }, alternative: { Entities: [{ Category: "PII", Type: "NAME", Content: "welt", StartTime: 0.25, EndTime: 0.5 }] } })] } }));
  assert.equal(heard.partials[0].words[0].stable, true);
  const { latency, ...final } = heard.finals[0];
  assert.deepEqual(final.words, [{ text: "hallo", start: 0, end: 0.25, confidence: 0.9, speaker: "0" }, { text: "welt", start: 0.25, end: 0.5, confidence: 0.9, speaker: "0" }]);
  assert.deepEqual(final.entities, [{ text: "welt", category: "PII", type: "NAME", start: 0.25, end: 0.5 }]);
  const second = next();
  a.tell(event({ Message: "busy" }, { ":message-type": "exception", ":exception-type": "ServiceUnavailableException" }));
  a.drop(1011);
  const b = (await second).open();
  void stream.finish();
  const messages = Uint8Array.from(b.audio);
  assert.equal(decode(messages.slice(-new DataView(a.audio.length ? Uint8Array.from(b.audio).buffer : null).getUint32(0))).payload.length, 0, "the end is an empty event");
  b.tell(event({ Message: "no" }, { ":message-type": "exception", ":exception-type": "BadRequestException" }));
  b.drop(1008);
  await assert.rejects(stream.done, { code: "BadRequestException", message: "no" });
  assert.equal(asked.length, 2);
});

test("two channels: each is told once, though they are not equally far", async () => {
  const { stream, first, next, heard } = begin({ channels: 2 }, { protocol: "amazon", presign: () => "ws://x/" });
  const a = (await first).open();
  assert.equal(stream.channels, 2);
  void stream.send(new Int16Array(2 * 16000 * 5));
  a.tell(event({ Transcript: { Results: [amazonResult("l", "left one", 1, {}, 0), amazonResult("r", "right", 0.5, {}, 1)] } }));
  const second = next();
  a.drop();
  const b = (await second).open();
  // It begins at 0.75, the end of what was told last of the channel that is behind.
  b.tell(event({ Transcript: { Results: [amazonResult("l", "left one two", 0.25, {}, 0), amazonResult("r", "more", 2, {}, 1)] } }));
  assert.deepEqual(heard.finals.map((r) => [r.channel, r.text, r.start]), [[0, "left one", 1], [1, "right", 0.5], [0, "two", 1.5], [1, "more", 2.75]]);
  stream.abort();
});

test("what is damaged on the way is a reason to connect again", async () => {
  const { stream, first, next } = begin({}, { protocol: "amazon", presign: () => "ws://x/" });
  const a = (await first).open();
  const second = next();
  const bad = event({ Transcript: { Results: [] } });
  bad[bad.length - 1] ^= 1;
  a.tell(bad);
  assert.ok(a.left);
  (await second).open();
  stream.abort();
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

test("finalize comes behind the audio that was sent before it, and before the rest", async () => {
  const { sockets, stream, first } = begin();
  void stream.send(new Int16Array(1600));
  const socket = (await first).open();
  socket.bufferedAmount = 1 << 20; // it takes no more
  void stream.send(new Int16Array(1600));
  stream.finalize();
  void stream.send(new Int16Array(1600));
  assert.deepEqual(socket.said, []);
  const order = [];
  const send = socket.send.bind(socket);
  socket.send = (data) => {
    order.push(typeof data === "string" ? data : data.length);
    send(data);
  };
  socket.bufferedAmount = 0;
  await socket.until((s) => s.audio.length === 9600);
  assert.deepEqual(order, [3200, '{"type":"Finalize"}', 3200]);
  assert.equal(sockets.length, 1);
  stream.abort();
});
