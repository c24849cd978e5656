import assert from "node:assert/strict";
import test from "node:test";

import { fromPcm16, interleave, mix, parseWav, toBytes, toPcm16 } from "./audio.js";

test("samples", () => {
  assert.deepEqual(toPcm16(Float32Array.of(0, 1, -1, 2, -2, 0.5, NaN)), Int16Array.of(0, 32767, -32768, 32767, -32768, 16384, 0));
  const all = Int16Array.from({ length: 65536 }, (_, i) => i - 32768);
  assert.deepEqual(toPcm16(fromPcm16(all)), all);
});

test("bytes are little-endian, and copies", () => {
  assert.deepEqual(toBytes(Int16Array.of(1, -2)), Uint8Array.of(1, 0, 254, 255));
  assert.deepEqual(toBytes(Float32Array.of(-1)), Uint8Array.of(0, 128));
  const mine = Uint8Array.of(1, 2, 3, 4);
  const copy = toBytes(mine.subarray(1, 3));
  mine.fill(9);
  assert.deepEqual(copy, Uint8Array.of(2, 3));
  assert.throws(() => toBytes("text"), { code: "invalid" });
});

test("channels", () => {
  const [a, b] = [Float32Array.of(1, 0), Float32Array.of(0, 0.5)];
  assert.deepEqual(interleave([a, b]), Float32Array.of(1, 0, 0, 0.5));
  assert.deepEqual(mix([a, b], 1), [Float32Array.of(0.5, 0.25)]);
  assert.deepEqual(mix([a], 2), [a, a]);
  assert.deepEqual(mix([a, b], 2), [a, b]);
});

const wav = (kind, bits, channels, data, extra = []) => {
  const head = new DataView(new ArrayBuffer(36));
  const tag = (at, s) => [...s].forEach((c, i) => head.setUint8(at + i, c.charCodeAt(0)));
  tag(0, "RIFF");
  tag(8, "WAVEfmt ");
  head.setUint32(16, 16, true);
  head.setUint16(20, kind, true);
  head.setUint16(22, channels, true);
  head.setUint32(24, 8000, true);
  head.setUint16(34, bits, true);
  const body = new DataView(new ArrayBuffer(8));
  [..."data"].forEach((c, i) => body.setUint8(i, c.charCodeAt(0)));
  body.setUint32(4, data.length, true);
  return Uint8Array.from([...new Uint8Array(head.buffer), ...extra, ...new Uint8Array(body.buffer), ...data]).buffer;
};

test("WAV", () => {
  for (const [kind, bits, data, want] of [
    [1, 8, [128, 192], [0, 0.5]],
    [1, 16, [0, 64, 0, 192], [0.5, -0.5]],
    [1, 24, [0, 0, 64, 0, 0, 192], [0.5, -0.5]],
    [1, 32, [0, 0, 0, 64, 0, 0, 0, 192], [0.5, -0.5]],
    [3, 32, [0, 0, 0, 63, 0, 0, 0, 191], [0.5, -0.5]],
  ]) {
    assert.deepEqual(parseWav(wav(kind, bits, 1, data)), { rate: 8000, channels: [Float32Array.from(want)] }, `${kind} ${bits}`);
  }
  const odd = [..."LIST"].map((c) => c.charCodeAt(0)).concat([3, 0, 0, 0, 1, 2, 3, 0]);
  assert.deepEqual(parseWav(wav(1, 8, 2, [128, 192, 128, 192], odd)).channels, [Float32Array.of(0, 0), Float32Array.of(0.5, 0.5)]);
});

test("what is no WAV is none, and lengths that lie do no harm", () => {
  for (const bytes of [[], [1, 2, 3], [..."RIFF0000WAVE"].map((c) => c.charCodeAt(0))]) assert.equal(parseWav(Uint8Array.from(bytes).buffer), null);
  assert.equal(parseWav(wav(6, 8, 1, [1, 2])), null);
  const whole = new Uint8Array(wav(1, 16, 1, [0, 64, 0, 192]));
  for (let n = 0; n < whole.length; n++) parseWav(whole.slice(0, n).buffer);
  whole.set([255, 255, 255, 255], 40);
  assert.equal(parseWav(whole.buffer).channels[0].length, 2);
});
