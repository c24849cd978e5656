import assert from "node:assert/strict";
import test from "node:test";

import { after, pieces } from "./results.js";

const word = (text, start) => ({ text, start, end: start + 0.4 });
const result = (text, ...words) => ({ id: "1", final: true, text, words, start: words[0]?.start ?? 0, end: words.at(-1)?.end ?? 0 });

test("pieces make up the text, whatever stands in it", () => {
  for (const [text, words, found] of [
    ["Good morning, everybody.", ["good", "morning", "everybody"], 3],
    ["你好，世界。", ["你好", "世界"], 2],
    ["the the the", ["the", "the", "the"], 3],
    ["Only this", ["something", "this"], 1],
    ["İstanbul'da", ["İstanbul'da"], 1],
    ["", [], 0],
    ["...", ["", ""], 0],
  ]) {
    const got = pieces(result(text, ...words.map((w, i) => word(w, i))));
    assert.equal(got.map((p) => p.text).join(""), text);
    assert.equal(got.filter((p) => p.word).length, found, text);
  }
});

test("of what was told before, only the rest is new", () => {
  const r = result("One, two. Three, four.", word("One", 1), word("two", 2), word("Three", 3), word("four", 4));
  assert.equal(after(r, 0.5), r);
  assert.equal(after(r, 1), r);
  assert.equal(after(r, 2.5).text, "Three, four.");
  assert.deepEqual(after(r, 2.5).words.map((w) => w.text), ["Three", "four"]);
  assert.equal(after(r, 2.5).start, 3);
  assert.equal(after(r, 9), null);
  assert.equal(after({ ...r, words: [], start: 1, end: 2 }, 1.6), null);
  assert.equal(after({ ...r, words: [], start: 1, end: 2 }, 1.4).text, r.text);
});
