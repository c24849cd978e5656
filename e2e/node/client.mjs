// Streams a recording with web/client in Node, three times as fast as it was spoken, and tells what was heard. The job comes on standard input.
import { openAsBlob } from "node:fs";
import { json } from "node:stream/consumers";

import { WebSocket } from "ws";

import { Client, playFile, presigner } from "../../web/client/index.js";

const job = await json(process.stdin);
const note = { finals: [], partials: 0, states: [], error: "", file: "" };
const client = new Client({
  url: job.url, protocol: job.protocol, apiKey: job.apiKey, WebSocket,
  presign: presigner({ url: job.url, accessKeyId: job.key, secretAccessKey: job.secret }),
});
const stream = client.stream(
  { model: job.model, language: "en-US" },
  {
    onFinal: ({ text, start, end }) => note.finals.push({ text, start, end }),
    onPartial: () => note.partials++,
    onState: ({ state }) => note.states.push(state),
    onError: (err) => (note.error = `${err.code}: ${err.message}`),
  },
);
const file = await openAsBlob(job.audio);
await playFile(stream, file, { rate: 3 });
await stream.finish().catch(() => {});
if (job.protocol === "speechall") note.file = (await client.transcribeFile(file, { model: job.model })).text;
process.stdout.write(JSON.stringify(note));
