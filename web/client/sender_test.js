import assert from "node:assert/strict";
import test from "node:test";

import { begin, ramp } from "./testdata/house.js";

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
