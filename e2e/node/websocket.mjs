// The SDK for JavaScript in Node over WebSocket. The SDK forces port 8443 upon every address, so the servers' real ports are put
// in where the connection is made: E2E_PORTS has them by host name, as {"name": port}. What is signed and sent stays the SDK's.
import { readFile } from "node:fs/promises";
import { connect } from "node:tls";

import { WebSocketFetchHandler } from "@aws-sdk/middleware-websocket";
import { WebSocket } from "ws";

import { drive } from "./driver.mjs";
import { transcribe } from "./stream.mjs";

const ports = JSON.parse(process.env.E2E_PORTS ?? "{}");

const sockets = new Map(); // those that are open, by session id

globalThis.WebSocket = class extends WebSocket {
  constructor(url, protocols) {
    super(url, protocols, {
      createConnection: ({ host }) => connect({ host: "127.0.0.1", port: ports[host], servername: "localhost" }),
      closeTimeout: 120_000, // the SDK closes at the end of the audio; the last words may take a while
    });
    const session = new URL(url).searchParams.get("session-id");
    sockets.set(session, this);
    // A connection that fails before it is open is told to nobody by the SDK, which then gives it up: that is one stream's affair.
    this.on("error", (err) => process.stderr.write(`${session}: ${err.message}\n`));
    this.on("close", () => sockets.delete(session));
  }
};

await drive(async (job, opened) =>
  transcribe(job, await readFile(job.audio), {
    opened,
    settings: { requestHandler: new WebSocketFetchHandler({ connectionTimeout: 60_000 }) }, // its own are 3 s, for which a busy machine may stop
    // What the SDK does when it is told to stop is an orderly Close; a lost connection has none.
    lose: () => sockets.get(job.session)?.terminate(),
  }),
);
process.exit(0); // sockets that a cancelled stream has left behind do not keep it alive
