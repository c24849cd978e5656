// The SDK for JavaScript in Node over HTTP/2, its default.
import { readFile } from "node:fs/promises";

import { drive } from "./driver.mjs";
import { transcribe } from "./stream.mjs";

await drive(async (job, opened) => transcribe(job, await readFile(job.audio), { opened }));
