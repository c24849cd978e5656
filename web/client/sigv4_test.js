import assert from "node:assert/strict";
import test from "node:test";

import { presign, presigner } from "./sigv4.js";

const key = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY" };
const date = new Date(Date.UTC(2026, 0, 2, 3, 4, 5));
const query = "sample-rate=16000&language-code=en-US&media-encoding=pcm&session-id=b4526fcf-5eee-4361-8192-d1cb9e9d6887&pii-entity-types=NAME,ADDRESS";

// The server verifies this very address in its own tests.
test("a known address", async () => {
  const got = await presign({ ...key, url: `wss://localhost:8443/stream-transcription-websocket?${query}`, expires: 60, date });
  assert.equal(
    got,
    "wss://localhost:8443/stream-transcription-websocket?X-Amz-Algorithm=AWS4-HMAC-SHA256" +
      "&X-Amz-Credential=AKIDEXAMPLE%2F20260102%2Fus-east-1%2Ftranscribe%2Faws4_request&X-Amz-Date=20260102T030405Z" +
      "&X-Amz-Expires=60&X-Amz-SignedHeaders=host&language-code=en-US&media-encoding=pcm" +
      "&pii-entity-types=NAME%2CADDRESS&sample-rate=16000&session-id=b4526fcf-5eee-4361-8192-d1cb9e9d6887" +
      "&X-Amz-Signature=004b509c5a1c4430af33b292be96dbcb8aee54fa09c18ae183c87fea12e3748b",
  );
});

test("the order of what is asked does not matter, temporary keys and odd values are signed", async () => {
  const a = await presign({ ...key, sessionToken: "a+b/c==", url: "ws://h/p?b=2&a=x y!'()*~", date });
  const b = await presign({ ...key, sessionToken: "a+b/c==", url: "ws://h/p?a=x%20y%21%27%28%29%2A~&b=2", date });
  assert.equal(a, b);
  assert.match(a, /X-Amz-Security-Token=a%2Bb%2Fc%3D%3D/);
  assert.match(a, /a=x%20y%21%27%28%29%2A~/);
});

test("a presigner", async () => {
  const sign = presigner({ ...key, url: "https://example.com:8443", region: "eu-west-1" });
  const u = new URL(await sign({ "language-code": "en-US" }));
  assert.equal(`${u.protocol}//${u.host}${u.pathname}`, "wss://example.com:8443/stream-transcription-websocket");
  assert.match(u.searchParams.get("X-Amz-Credential"), /^AKIDEXAMPLE\/\d{8}\/eu-west-1\/transcribe\/aws4_request$/);
  assert.equal(u.searchParams.get("language-code"), "en-US");
});

test("a key is needed", () => assert.rejects(presign({ accessKeyId: "", secretAccessKey: "", url: "ws://h/" }), { code: "invalid" }));
