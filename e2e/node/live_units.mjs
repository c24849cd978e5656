// Tests of what the Live page is made of that needs no page. LIVE is a folder laid out as the server lays it out: live/ and client/.
import assert from "node:assert/strict";
import test from "node:test";
import { pathToFileURL } from "node:url";

const from = (path) => import(pathToFileURL(`${process.env.LIVE}/${path}`).href);
const { Store } = await from("live/store.js");
const { Heights } = await from("live/heights.js");
const { Recorder } = await from("live/recorder.js");
const { cues, json, srt, text, vtt } = await from("live/formats.js");
const { pieces } = await from("client/results.js");

const said = (sentence, start, each = 0.4, more = {}) => {
  const words = sentence.split(/\s+/).map((w, i) => ({ text: w.replace(/[.,!?]/g, ""), start: start + i * each, end: start + (i + 1) * each, confidence: 0.9 }));
  return { id: sentence, final: true, text: sentence, words, start, end: words.at(-1).end, ...more };
};
function filled(...results) {
  const store = new Store();
  for (const r of results) store.add(r, pieces(r));
  return store;
}

test("what is kept comes back", () => {
  const store = new Store();
  const results = Array.from({ length: 1000 }, (_, n) => {
    const r = said(`Segment number ${n}, with words.`, n * 3, 0.4, { channel: n % 2 ? 1 : undefined, language: n % 3 ? "en-US" : undefined });
    r.words.forEach((w, i) => (w.speaker = i % 2 ? `spk_${n % 5}` : undefined));
    if (n % 7 === 0) r.entities = [{ text: String(n), category: "PII", start: n * 3, end: n * 3 + 1 }];
    return r;
  });
  for (const r of results) store.add(r, pieces(r));
  assert.equal(store.length, 1000);
  [...store].forEach((s, n) => {
    const r = results[n];
    assert.deepEqual([s.text, s.channel, s.language, s.entities], [r.text, r.channel, r.language, r.entities]);
    assert.ok(Math.abs(s.start - r.start) < 0.001 && Math.abs(s.end - r.end) < 0.001);
    assert.deepEqual(s.words.map((w) => [w.text, w.confidence, w.speaker]), r.words.map((w) => [w.text, w.confidence, w.speaker]));
    for (const w of s.words) assert.equal(s.text.slice(w.from, w.to), w.text);
  });
  store.clear();
  assert.deepEqual([store.length, store.duration, [...store].length], [0, 0, 0]);
});

test("what is not known stays so; odd texts do no harm", () => {
  const store = filled({ id: "a", final: true, text: "", words: [], start: 0, end: 0 }, { ...said("你好，世界", 1), words: [{ text: "你好", start: 1, end: 2 }, { text: "none", start: 2, end: 3 }] },
    { ...said("x".repeat(5000), 3) });
  assert.deepEqual(store.get(1).words.map((w) => [w.text, w.confidence, w.speaker]), [["你好", undefined, undefined]]);
  assert.equal(store.get(0).text, "");
  assert.equal(store.get(2).words.length, 0);
});

test("heights: sums and places agree with a plain list", () => {
  let seed = 7;
  const random = (n) => (seed = (seed * 48271) % 2147483647) % n;
  const heights = new Heights();
  const plain = [];
  for (let i = 0; i < 3000; i++) {
    const h = 20 + random(60);
    heights.push(h);
    plain.push(h);
    if (i % 3 === 0) {
      const n = random(plain.length);
      plain[n] = 10 + random(100);
      heights.set(n, plain[n]);
    }
  }
  assert.equal(heights.total, plain.reduce((a, b) => a + b));
  for (let i = 0; i < 200; i++) {
    const n = random(3000);
    const top = plain.slice(0, n).reduce((a, b) => a + b, 0);
    assert.equal(heights.top(n), top);
    assert.equal(heights.at(top), n);
    assert.equal(heights.at(top + plain[n] - 1), n);
  }
  assert.deepEqual([heights.at(-5), heights.at(1e9), new Heights().at(10)], [0, 2999, 0]);
});

test("sound: what was said can be heard, what is long ago is gone", async () => {
  for (const channels of [1, 2]) {
    const r = new Recorder(100, channels);
    const all = Float32Array.from({ length: 4500 * channels }, (_, i) => (i % 200) / 200);
    for (let at = 0; at < all.length; at += 77 * channels) r.write(all.subarray(at, at + 77 * channels));
    assert.equal(r.length, 4500);
    for (const [start, end] of [[9.5, 31.25], [0, 45], [10, 20], [40, 45], [44.98, 45], [39.99, 40.01]]) {
      const reading = r.read(start, end);
      r.part.fill(7, 0, 1); // what comes meanwhile changes nothing of what was read
      const got = await reading;
      r.part[0] = all[4000 * channels] * 32768;
      assert.equal(got.length, channels);
      got.forEach((samples, c) => {
        assert.equal(samples.length, Math.round((end - start) * 100));
        samples.forEach((s, i) => assert.ok(Math.abs(s - all[(Math.floor(start * 100) + i) * channels + c]) < 0.001, `${start}: ${i}`));
      });
    }
    assert.equal(await r.read(46, 47), null);
    assert.equal(await r.read(5, 5), null);
    for (let i = 0; i < 2000; i++) r.write(new Float32Array(100 * channels));
    assert.equal(await r.read(1, 2), null);
    assert.ok(await r.read(2000, 2001));
    assert.ok(r.pieces.size <= 181, `${r.pieces.size} pieces`);
    for (const p of r.pieces.values()) assert.ok(p instanceof Blob); // which browsers keep elsewhere
    r.close();
  }
});

const store = filled(
  said("Good morning, everybody.", 0.5), said("This is a long sentence that goes on and on, and has far more words in it than two lines of subtitles can hold at once.", 3),
  said("Then --> this & <that>.", 60), said(`A ${"very".repeat(30)} long word.`, 70),
);

test("subtitles", () => {
  const list = cues(store);
  assert.equal(list.map((c) => c.text).join(" ").replace(/\s+/g, " ").slice(0, 60), "Good morning, everybody. This is a long sentence that goes o");
  list.forEach((c, i) => {
    assert.ok(c.end > c.start, JSON.stringify(c));
    if (i > 0) assert.ok(c.start >= list[i - 1].end, `${c.start} is before ${list[i - 1].end}`);
    assert.ok(c.text.split("\n").every((line) => line.length <= 42), c.text);
    if (!c.text.includes("veryvery")) assert.ok(c.text.split("\n").length <= 2 && c.end - c.start <= 6.01, JSON.stringify(c));
  });
  assert.match(srt(store), /^1\n00:00:00,500 --> 00:00:01,700\nGood morning, everybody\.\n\n2\n/);
  assert.match(vtt(store), /^WEBVTT\n\n00:00:00\.500 --> 00:00:01\.700\n/);
  assert.equal(srt(store).match(/-->/g).length, list.length);
  assert.match(vtt(store), /Then → this &amp; &lt;that>\./);
  assert.deepEqual([srt(new Store()), vtt(new Store())], ["", "WEBVTT\n\n"]);
});

test("text and JSON", () => {
  assert.equal(text(store).split("\n")[0], "Good morning, everybody.");
  const all = JSON.parse(json(store, { language: "en-US" }));
  assert.deepEqual([all.language, all.segments.length, all.segments[0].words[0]], ["en-US", 4, { text: "Good", start: 0.5, end: 0.9, confidence: 0.9 }]);
});
