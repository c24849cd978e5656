import assert from "node:assert/strict";
import test from "node:test";

import { crc32, decode, encode } from "./eventstream.js";

const unhex = (s) => Uint8Array.from(s.replaceAll(" ", "").match(/../g), (b) => parseInt(b, 16));
const utf8 = (s) => new TextEncoder().encode(s);
const fooBar = utf8("{'foo':'bar'}");

// Published with Amazon's SDKs, or recorded from the service. The server's codec is held to the same ones.
const vectors = {
  "an empty message": ["00000010 00000000 05c248eb 7d98c8ff", [], utf8("")],
  "a payload": ["0000001d 00000000 fd528c5a 7b27666f6f273a27626172277d c3653936", [], fooBar],
  "a number": ["0000002d 00000010 41c424b8 0a6576656e742d74797065 04 0000a00c 7b27666f6f273a27626172277d 36f480a0", [{ name: "event-type", type: "int32", value: 40972 }], fooBar],
  "all types": [
    "000000cc 000000af 0fae64ca 0a6576656e742d74797065040000a00c 0c636f6e74656e742d747970650700106170706c69636174696f6e2f6a736f6e" +
      "0a626f6f6c2066616c736501 09626f6f6c207472756500 046279746502cf 08627974652062756606001449276d2061206c6974746c6520746561706f7421" +
      "0974696d657374616d70080000000000845fed 05696e74313603002a 05696e7436340500000000028757b2 0475756964090102030405060708090a0b0c0d0e0f10" +
      "7b27666f6f273a27626172277d aba5f10c",
    [
      { name: "event-type", type: "int32", value: 40972 },
      { name: "content-type", type: "string", value: "application/json" },
      { name: "bool false", type: "bool", value: false },
      { name: "bool true", type: "bool", value: true },
      { name: "byte", type: "int8", value: -49 },
      { name: "byte buf", type: "bytes", value: utf8("I'm a little teapot!") },
      { name: "timestamp", type: "timestamp", value: new Date(8675309) },
      { name: "int16", type: "int16", value: 42 },
      { name: "int64", type: "int64", value: 42424242n },
      { name: "uuid", type: "uuid", value: "01020304-0506-0708-090a-0b0c0d0e0f10" },
    ],
    fooBar,
  ],
};

for (const [name, [hex, headers, payload]] of Object.entries(vectors)) {
  test(`${name}, both ways`, () => {
    assert.deepEqual(encode({ headers, payload }), unhex(hex));
    assert.deepEqual(decode(unhex(hex)), { headers, payload });
  });
}

test("the checksum", () => assert.equal(crc32(utf8("123456789")), 0xcbf43926));

test("every changed bit is found", () => {
  const good = unhex(vectors["all types"][0]);
  for (let bit = 0; bit < good.length * 8; bit++) {
    const bad = good.slice();
    bad[bit >> 3] ^= 1 << (bit & 7);
    assert.throws(() => decode(bad), { code: "malformed" });
  }
  for (let n = 0; n < good.length; n++) assert.throws(() => decode(good.subarray(0, n)), { code: "malformed" });
});

test("headers that lie are refused, whatever their checksums", () => {
  const lie = (headers) => {
    const m = encode({ headers: [{ name: "x", type: "bytes", value: new Uint8Array(headers.length - 4) }], payload: new Uint8Array(0) });
    const view = new DataView(m.buffer);
    m.set(headers, 12);
    view.setUint32(m.length - 4, crc32(m.subarray(0, m.length - 4)));
    return m;
  };
  for (const headers of ["00 07 0001 41 00", "01 61 07 00ff 41", "01 61 0a 000000", "09 61 00 00 00", "01 ff 07 0000 00", "01 61 05 000000"]) {
    assert.throws(() => decode(lie(unhex(headers))), { code: "malformed" }, headers);
  }
});

test("what cannot be said is refused", () => {
  const none = new Uint8Array(0);
  assert.throws(() => encode({ headers: [{ name: "", type: "bool", value: true }], payload: none }), { code: "invalid" });
  assert.throws(() => encode({ headers: [{ name: "x".repeat(256), type: "bool", value: true }], payload: none }), { code: "invalid" });
  assert.throws(() => encode({ headers: [{ name: "x", type: "string", value: "y".repeat(65536) }], payload: none }), { code: "invalid" });
});
