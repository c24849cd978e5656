// What runs in the browser: the browser build of the SDK, over the browser's own WebSocket, which is what it does by default.
import { transcribe } from "./stream.mjs";

globalThis.run = async (job) => {
  const audio = new Uint8Array(await (await fetch(job.audio)).arrayBuffer());
  return transcribe(job, audio, { browser: true, opened: (note) => globalThis.opened(job.id, note) });
};
