// The way out of a stream: the audio that is kept, how far it has been given to the connection of now, and when there is room for more.
import { Tape } from "./tape.js";

/** @import { Connection, Protocol } from "./protocol.js" */

const queued = 128 << 10; // bytes that may wait in the socket; what waits here can still go elsewhere
const ahead = 2; // seconds of audio that may wait before its giver has to
const poll = 20; // milliseconds between two looks at a full socket, which has no event for this
const alive = 5000; // milliseconds without audio after which a stream says that it is still there

/** Sends the audio of a stream by one connection after the other. Times are seconds since the first sample. */
export class Sender {
  /** @type {Tape} */ #tape;
  #frame; // bytes of a sample of all channels
  #later;
  #told;

  /** @type {WebSocket | null} */ #socket = null; // it is open
  /** @type {Connection | null} */ #talk = null;
  #cursor = 0; // the audio before it has been given to the socket
  #finalizeAt = -1; // the position in the audio that is to be finalised when it has been sent; -1: none
  #ended = false; // no more audio comes
  #endSent = 0; // when the connection was told so, by performance.now(); 0: it was not
  #pumping = false;
  #waiting = /** @type {(() => void)[]} */ ([]); // for room
  #lastSent = 0;

  /**
   * @param {Protocol} protocol
   * @param {number} keep seconds of audio that are kept to be sent again
   * @param {() => number} told until when everything has been said
   * @param {(run: () => void, delay: number) => void} later a timer that ends with the stream
   */
  constructor(protocol, keep, told, later) {
    this.#frame = 2 * protocol.channels;
    const second = protocol.rate * this.#frame;
    this.#tape = new Tape(second, keep * second);
    this.#told = told;
    this.#later = later;
  }

  /** How much audio there has been. */
  get duration() {
    return this.#tape.end / this.#tape.second;
  }

  /** How much of it the server of now can know, all before included. */
  get sent() {
    return this.#cursor / this.#tape.second;
  }

  /** When the connection was told that there is no more, by `performance.now()`; 0: it was not yet. */
  get endSent() {
    return this.#endSent;
  }

  /** When the audio at a time came, by `performance.now()`. @param {number} seconds */
  when(seconds) {
    return this.#tape.when(seconds);
  }

  /** Takes audio, if there is room to keep it. @param {Uint8Array} bytes @returns {boolean} */
  take(bytes) {
    if (!this.#tape.append(bytes, this.#socket ? this.#cursor : this.#needed(), performance.now())) return false;
    this.pump();
    return true;
  }

  /** Resolves when there is room for more. @returns {Promise<void>} */
  room() {
    if (!this.#full()) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Nobody has to wait any more. */
  close() {
    this.detach();
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  /** Forgets what has been said. */
  release() {
    this.#tape.release(this.#needed());
  }

  /** Goes on by a connection that has just opened. @param {WebSocket} socket @param {Connection} talk @returns {number} where its audio begins */
  attach(socket, talk) {
    this.#socket = socket;
    this.#talk = talk;
    this.#cursor = this.#needed();
    this.#lastSent = performance.now();
    return this.sent;
  }

  /** The connection is gone. */
  detach() {
    this.#socket = this.#talk = null;
    this.#endSent = 0;
  }

  /** Asks for finals when the audio of so far has been sent. */
  finalize() {
    this.#finalizeAt = this.#tape.end;
    this.pump();
  }

  /** Says that there is no more, when all has been sent. */
  end() {
    this.#ended = true;
    this.pump();
  }

  /** Says that the stream is still there, where nothing else has for long. @param {number} now by `performance.now()` */
  keepAlive(now) {
    if (this.#endSent || !this.#talk?.keepAlive || now - this.#lastSent <= alive) return;
    this.#lastSent = now;
    this.#socket?.send(this.#talk.keepAlive());
  }

  /** Gives the socket what it takes. */
  pump() {
    const [socket, talk] = [this.#socket, this.#talk];
    if (!socket || !talk || this.#endSent || socket.readyState !== 1) return;
    const most = Math.ceil(this.#tape.second / 5 / this.#frame) * this.#frame;
    while (this.#cursor < this.#tape.end && socket.bufferedAmount < queued) {
      const bytes = this.#tape.read(this.#cursor, this.#finalizeAt > this.#cursor ? Math.min(most, this.#finalizeAt - this.#cursor) : most);
      socket.send(/** @type {Uint8Array<ArrayBuffer>} */ (talk.audio(bytes)));
      this.#cursor += bytes.length;
      this.#lastSent = performance.now();
      this.#settle(socket, talk);
    }
    this.#settle(socket, talk);
    if (!this.#full()) for (const resolve of this.#waiting.splice(0)) resolve();
    if (this.#cursor < this.#tape.end) {
      if (this.#pumping) return;
      this.#pumping = true;
      this.#later(() => {
        this.#pumping = false;
        this.pump();
      }, poll);
    } else if (this.#ended) {
      this.#endSent = performance.now();
      socket.send(/** @type {string} */ (talk.end()));
    }
  }

  /** Asks for finals where finalize wanted them. @param {WebSocket} socket @param {Connection} talk */
  #settle(socket, talk) {
    if (this.#finalizeAt < 0 || this.#cursor < this.#finalizeAt) return;
    this.#finalizeAt = -1;
    if (talk.finalize) socket.send(talk.finalize());
  }

  /** Where a new connection has to begin: behind the last final, or as far back as there is audio. */
  #needed() {
    const position = Math.min(Math.round((this.#told() * this.#tape.second) / this.#frame) * this.#frame, this.#tape.end);
    return Math.max(position, this.#tape.base);
  }

  #full() {
    return this.#tape.end - (this.#socket ? this.#cursor : this.#needed()) > ahead * this.#tape.second;
  }
}
