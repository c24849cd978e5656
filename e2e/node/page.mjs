// What runs in the browser: the browser build of the SDK, over the browser's own WebSocket, which is what it does by default.
import { transcribe } from "./stream.mjs";

globalThis.run = async (job) => {
  const audio = new Uint8Array(await (await fetch(job.audio)).arrayBuffer());
  const settings = { requestHandler: { connectionTimeout: 60_000 } }; // the SDK's own are 3 s, for which a busy machine may stop
  return transcribe(job, audio, { browser: true, settings, opened: (note) => globalThis.opened(job.id, note) });
};
