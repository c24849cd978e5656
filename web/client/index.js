/**
 * Live transcription in browsers and Node: a stream of audio in, words out, by Speechall's protocol or Amazon Transcribe's.
 * README.md has examples.
 * @module
 */
export { Client } from "./client.js";
export { Stream } from "./stream.js";
export { TranscriptionError } from "./errors.js";
export { capture, display, microphone, openDisplay, openMicrophone } from "./capture.js";
export { decodeFile, playFile } from "./file.js";
export { pieces } from "./results.js";
export { presign, presigner } from "./sigv4.js";
export { Resampler } from "./resample.js";
export { fromPcm16, toPcm16 } from "./audio.js";

/** @typedef {import("./client.js").ClientOptions} ClientOptions */
/** @typedef {import("./client.js").FileOptions} FileOptions */
/** @typedef {import("./protocol.js").StreamOptions} StreamOptions */
/** @typedef {import("./handlers.js").Handlers} Handlers */
/** @typedef {import("./handlers.js").State} State */
/** @typedef {import("./results.js").Result} Result */
/** @typedef {import("./results.js").Word} Word */
/** @typedef {import("./results.js").Entity} Entity */
/** @typedef {import("./capture.js").Capture} Capture */
/** @typedef {import("./capture.js").CaptureOptions} CaptureOptions */
