import assert from "node:assert/strict";
import test from "node:test";

import { decode, encode } from "./eventstream.js";
import { begin, words } from "./testdata/house.js";

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
