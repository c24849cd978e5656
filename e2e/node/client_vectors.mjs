// Holds the codec and the signatures of web/client to vectors of the server's own tests, and tells what is wrong.
import { json } from "node:stream/consumers";

import { decode, encode } from "../../web/client/eventstream.js";
import { presign } from "../../web/client/sigv4.js";

const { messages, query, signature } = await json(process.stdin);
const wrong = [];
for (const hex of messages) {
  try {
    const again = Buffer.from(encode(decode(Buffer.from(hex, "hex")))).toString("hex");
    if (again !== hex) wrong.push(`${hex} becomes ${again}`);
  } catch (err) {
    wrong.push(`${hex}: ${err.message}`);
  }
}
const address = await presign({
  url: `wss://localhost:8443/stream-transcription-websocket?${query}`, accessKeyId: "AKIDEXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
  expires: 60, date: new Date(Date.UTC(2026, 0, 2, 3, 4, 5)),
});
if (!address.endsWith(`&X-Amz-Signature=${signature}`)) wrong.push(`${address} is not signed with ${signature}`);
process.stdout.write(JSON.stringify(wrong));
