import assert from "node:assert/strict";
import test from "node:test";

import { Resampler } from "./resample.js";

const tone = (hertz, rate, seconds) => Float32Array.from({ length: rate * seconds }, (_, i) => 0.9 * Math.sin((2 * Math.PI * hertz * i) / rate));

/** The level of the middle of the samples, in dB of the tone's own. */
function level(samples) {
  const middle = samples.subarray(samples.length >> 2, (samples.length * 3) >> 2);
  const power = middle.reduce((sum, s) => sum + s * s, 0) / middle.length;
  return 10 * Math.log10(power / (0.81 / 2) + 1e-20);
}

function whole(from, to, input) {
  const r = new Resampler(from, to);
  const a = r.push(input);
  const b = r.flush();
  const out = new Float32Array(a.length + b.length);
  out.set(a);
  out.set(b, a.length);
  return out;
}

test("what cannot be kept is gone, and folds back nowhere", () => {
  for (const rate of [22050, 44100, 48000, 47999]) {
    for (const hertz of [8100, 9000, 10000, 0.49 * rate, 0.4 * rate]) {
      if (hertz <= 8000) continue;
      const db = level(whole(rate, 16000, tone(hertz, rate, 1)));
      assert.ok(db < -80, `${hertz} Hz at ${rate} is ${db.toFixed(1)} dB afterwards`);
    }
  }
});

test("what can be kept is kept", () => {
  for (const rate of [8000, 44100, 48000]) {
    for (const hertz of [50, 440, 1000, 3000, 6000, 7100]) {
      if (hertz > 0.45 * rate) continue;
      const out = whole(rate, 16000, tone(hertz, rate, 1));
      assert.ok(Math.abs(level(out)) < 0.1, `${hertz} Hz at ${rate}: ${level(out)} dB`);
      const want = tone(hertz, 16000, 1);
      const worst = Math.max(...Array.from(out.subarray(1000, 15000), (s, i) => Math.abs(s - want[i + 1000])));
      assert.ok(worst < 0.01, `${hertz} Hz at ${rate} is off by ${worst}`);
    }
  }
});

test("images of a lower rate are gone", () => {
  const out = whole(8000, 16000, tone(3000, 8000, 1));
  const image = tone(5000, 16000, 1);
  const quadrature = Float32Array.from(image, (_, i) => 0.9 * Math.cos((2 * Math.PI * 5000 * i) / 16000));
  const dot = (a) => a.subarray(2000, 14000).reduce((sum, s, i) => sum + s * out[i + 2000], 0) / 12000 / (0.81 / 2);
  assert.ok(20 * Math.log10(Math.hypot(dot(image), dot(quadrature))) < -80);
});

test("the cuts do not matter, nor does what came before flush", () => {
  for (const rate of [8000, 16000, 44100, 48000, 47999]) {
    const input = tone(440, rate, 0.5).map((s, i) => s * ((i % 997) / 997));
    const want = whole(rate, 16000, input);
    assert.equal(want.length, Math.ceil((input.length * 16000) / rate));
    const r = new Resampler(rate, 16000);
    for (let round = 0; round < 2; round++) {
      const got = [];
      let at = 0;
      for (let n = 1; at < input.length; n = (n * 7 + 3) % 1500) {
        got.push(...r.push(input.subarray(at, at + n)));
        at += n;
      }
      got.push(...r.flush());
      assert.deepEqual(Float32Array.from(got), want, `${rate}`);
    }
  }
});

test("rates are whole numbers", () => {
  for (const [from, to] of [[0, 16000], [48000, 0], [44100.5, 16000], [NaN, 1]]) assert.throws(() => new Resampler(from, to), RangeError);
});
