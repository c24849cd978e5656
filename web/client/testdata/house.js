// What the tests of streams have in common: a server in memory, streams to it, and what is said in them.
import { Client } from "../index.js";

/** A server in memory: `sockets` are its connections, oldest first. Each keeps what it is sent; `came` resolves with the next one. */
export function house() {
  const sockets = [];
  let waiting = [];
  class Socket {
    readyState = 0;
    bufferedAmount = 0;
    audio = [];
    said = [];
    constructor(url) {
      this.url = new URL(url);
      sockets.push(this);
      for (const w of waiting.splice(0)) w(this);
    }
    send(data) {
      if (typeof data === "string") this.said.push(JSON.parse(data).type);
      else this.audio.push(...data);
      this.changed();
    }
    changed = () => {};
    until(done) {
      return new Promise((resolve) => {
        const look = () => done(this) && resolve(this);
        this.changed = look;
        look();
      });
    }
    close() {
      this.readyState = 3;
      this.left = true;
    }
    open() {
      this.readyState = 1;
      this.onopen?.({});
      return this;
    }
    tell(message) {
      this.onmessage?.({ data: typeof message === "object" && !(message instanceof Uint8Array) ? JSON.stringify(message) : message.buffer });
    }
    drop(code = 1006, reason = "") {
      this.readyState = 3;
      this.onclose?.({ code, reason });
    }
  }
  return { Socket, sockets, next: () => new Promise((resolve) => waiting.push(resolve)) };
}

export const quick = { url: "http://server.example:1234", apiKey: "KEY", firstDelay: 2, mostDelay: 8 };

/** A stream of a house, and what is told of it. */
export function begin(options = {}, settings = {}) {
  const h = house();
  const heard = { finals: [], partials: [], states: [], reasons: [], errors: [] };
  const first = h.next();
  const stream = new Client({ ...quick, WebSocket: h.Socket, ...settings }).stream(
    { model: "local.m", ...options },
    {
      onFinal: (r) => heard.finals.push(r),
      onPartial: (r) => heard.partials.push(r),
      onState: (s) => {
        heard.states.push(s.state);
        if (s.state === "reconnecting") heard.reasons.push(s.error.message);
      },
      onError: (e) => heard.errors.push(e),
    },
  );
  void stream.send(new Int16Array(0)); // which connects
  return { ...h, heard, stream, first };
}

export const words = (text, start, each = 0.25) => text.split(" ").map((word, i) => ({ word, text: word, start: start + i * each, end: start + (i + 1) * each }));
export const utterance = (id, text, start, final = true) => {
  const w = words(text, start);
  return { id, text, is_final: final, words: w, segments: [{ start, end: w.at(-1).end, text }] };
};
/** Samples whose value is their place in hundredths of a second, so that it can be seen which were sent. */
export const ramp = (from, seconds) => Int16Array.from({ length: Math.round(seconds * 16000) }, (_, i) => Math.floor((Math.round(from * 16000) + i) / 160));
export const samplesOf = (socket) => Array.from(new Int16Array(Uint8Array.from(socket.audio).buffer));
