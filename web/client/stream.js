import { toBytes } from "./audio.js";
import { TranscriptionError, wrap } from "./errors.js";
import { guarded } from "./handlers.js";
import { Sender } from "./sender.js";
import { Told } from "./told.js";

/** @import { Handlers, State } from "./handlers.js" */
/** @import { Connection, Protocol } from "./protocol.js" */
/** @import { Result } from "./results.js" */

/**
 * @typedef {object} Settings
 * @property {typeof WebSocket} WebSocket
 * @property {number} keep seconds of audio that are kept to be sent again
 * @property {number} attempts connections in a row that may fail without a result between them; before the first result, two that the server refuses
 * @property {number} firstDelay milliseconds before the first of them, about
 * @property {number} mostDelay milliseconds
 * @property {number} openTimeout milliseconds that a connection may take to open
 * @property {number} finishTimeout milliseconds that the server may be silent after the end of the audio
 * @property {number} stallTimeout milliseconds in which nothing of what waits is sent
 * @property {() => number} [random] from 0 to 1, for tests
 */

const steady = 10_000; // milliseconds after which a connection counts as one that had worked

/**
 * One stream of audio and what is said in it. It connects with the first audio. Connections may break: the audio since the last final is kept, sent again on
 * another connection, and times go on as if nothing had been.
 */
export class Stream {
  /** @type {Protocol} */ #protocol;
  /** @type {Handlers} */ #handlers;
  /** @type {Settings} */ #settings;
  /** @type {Sender} */ #sender;

  /** @type {WebSocket | null} */ #socket = null;
  /** @type {Connection | null} */ #talk = null;
  /** @type {Told} */ #told;
  #failures = 0;
  #everOpen = false;
  #worked = false; // something was recognised, or a connection has lasted
  #refused = false; // the server has said why it ended the last connection
  #unopened = false; // the last connection never opened

  #begun = false; // audio has come
  #ended = false; // no more audio comes
  #over = false;
  #timers = /** @type {Set<ReturnType<typeof setTimeout>>} */ (new Set());
  #heard = 0; // when the server said something last
  #moved = 0; // when the socket had less to send last
  #queue = 0; // what it had then
  /** @type {(why?: TranscriptionError) => void} */ #drop = () => {};
  /** @type {() => void} */ #wake = () => {};
  /** @type {() => void} */ #resolve = () => {};
  /** @type {(err: TranscriptionError) => void} */ #reject = () => {};

  /**
   * Use {@link Client.stream}.
   * @param {Protocol} protocol
   * @param {Handlers} handlers
   * @param {Settings} settings
   */
  constructor(protocol, handlers, settings) {
    this.#protocol = protocol;
    this.#handlers = guarded(handlers);
    this.#settings = settings;
    this.#told = new Told(protocol.channels);
    this.#sender = new Sender(protocol, settings.keep, () => this.#told.end, (run, delay) => this.#later(run, delay));
    /**
     * Resolves when everything has been said, or the stream was aborted; rejects with what onError is given.
     * @type {Promise<void>}
     */
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.done.catch(() => {}); // who listens to onError need not listen here
  }

  /** Samples a second that {@link send} takes. */
  get rate() {
    return this.#protocol.rate;
  }

  /** Channels that {@link send} takes, in turns. */
  get channels() {
    return this.#protocol.channels;
  }

  /** Seconds of audio that have been given to {@link send}. */
  get duration() {
    return this.#sender.duration;
  }

  /**
   * When the audio at a time was given to {@link send}, by `performance.now()`; undefined where that is not known any more.
   * @param {number} seconds
   */
  when(seconds) {
    return this.#sender.when(seconds);
  }

  /**
   * Sends audio: 16-bit samples, or ones from -1 to 1. The first time connects, so that no server waits while somebody is asked for a
   * microphone; until the connection is there the audio is kept. A stream that has failed ignores it.
   * @param {Int16Array | Float32Array | ArrayBuffer | Uint8Array} audio bytes are little-endian samples
   * @returns {Promise<void>} resolves when there is room for more, for who has audio that came not at the pace of speech
   */
  send(audio) {
    if (this.#over) return Promise.resolve();
    if (this.#ended) throw new TranscriptionError("closed", "audio was sent after finish()");
    if (!this.#sender.take(toBytes(audio))) {
      this.#fail(new TranscriptionError("overrun", `more than ${this.#settings.keep} seconds of audio wait to be sent`));
      return Promise.resolve();
    }
    if (!this.#begun) {
      this.#begun = true;
      void this.#live();
    }
    return this.#sender.room();
  }

  /**
   * Asks for the finals of the audio that {@link send} has been given so far; the stream goes on. Speechall's protocol only.
   */
  finalize() {
    if (this.#talk && !this.#talk.finalize) throw new TranscriptionError("unsupported", "this protocol has no message that finalises");
    if (!this.#begun || this.#ended || this.#over) return; // nothing was said, or all of it becomes final anyway
    this.#sender.finalize();
  }

  /**
   * Ends the audio.
   * @returns {Promise<void>} as `done`: resolves after the last final
   */
  finish() {
    if (!this.#ended && !this.#over) {
      this.#ended = true;
      if (!this.#begun) {
        this.#close();
        return this.done;
      }
      this.#tell({ state: "finishing" });
      this.#sender.end();
    }
    return this.done;
  }

  /** Ends everything at once; what has not been said yet is lost. */
  abort() {
    this.#close();
  }

  // ---- connections ----

  /** Connects, again and again. It ends with the stream. */
  async #live() {
    this.#tell({ state: "connecting" });
    /** @type {TranscriptionError | null} */
    let why = null; // no connection opens, where that is known
    for (;;) {
      let error = await this.#connection();
      if (this.#over) return;
      if (!error) return this.#close();
      this.#failures++;
      if (!this.#unopened) why = null;
      else if (!why) why = (await this.#protocol.explain?.().catch(() => null)) ?? null;
      if (this.#over) return;
      error = why ?? error;
      // Before anything was recognised, what the server refuses is soon told to whoever waits; a connection that was lost is worth more patience.
      const patient = this.#worked || (this.#everOpen && !this.#refused);
      const allowed = patient ? this.#settings.attempts : Math.min(2, this.#settings.attempts);
      if (!error.retryable || this.#failures > allowed) {
        return this.#fail(error);
      }
      const { firstDelay, mostDelay, random = Math.random } = this.#settings;
      const delay = Math.min(mostDelay, firstDelay * 2 ** (this.#failures - 1)) * (0.5 + random() / 2);
      this.#tell({ state: "reconnecting", attempt: this.#failures, delay, error });
      await new Promise((resolve) => {
        this.#wake = () => resolve(undefined);
        this.#later(() => resolve(undefined), delay);
      });
      if (this.#over) return;
    }
  }

  /** Has one connection, and returns why it ended; undefined after a regular end. @returns {Promise<TranscriptionError | undefined>} */
  async #connection() {
    /** @type {Connection} */
    let talk;
    this.#refused = this.#unopened = false;
    try {
      talk = await this.#protocol.connect();
    } catch (err) {
      return wrap(err);
    }
    if (this.#over) return undefined;
    let socket;
    try {
      socket = new this.#settings.WebSocket(talk.url);
    } catch (err) {
      return new TranscriptionError("invalid", `the address cannot be connected to: ${/** @type {Error} */ (err).message}`, { cause: err });
    }
    socket.binaryType = "arraybuffer";
    this.#talk = talk;
    this.#socket = socket;
    return this.#conversation(socket, talk);
  }

  /** @param {WebSocket} socket @param {Connection} talk @returns {Promise<TranscriptionError | undefined>} */
  #conversation(socket, talk) {
    return new Promise((resolve) => {
      /** @type {TranscriptionError | undefined} */
      let said; // by the server, before it closes
      let opened = 0;
      const leave = (/** @type {TranscriptionError | undefined} */ why) => {
        socket.onopen = socket.onmessage = socket.onclose = null;
        socket.onerror = () => {}; // some implementations throw when nobody listens
        clearTimeout(timer);
        clearInterval(watch);
        if (socket.readyState < 2) socket.close();
        if (opened > 0 && performance.now() - opened > steady) {
          this.#failures = 0;
          this.#worked = true;
        }
        this.#unopened = opened === 0;
        this.#drop = () => {};
        this.#sender.detach();
        this.#socket = null;
        if (!this.#over) this.#withdraw();
        resolve(why);
      };
      const timer = setTimeout(() => {
        leave(new TranscriptionError("unavailable", "the server did not answer in time", { retryable: true }));
      }, this.#settings.openTimeout);
      const watch = setInterval(() => {
        const why = opened > 0 ? this.#look() : undefined;
        if (why) leave(why);
      }, 1000);
      this.#drop = (why) => leave(why);
      socket.onopen = () => {
        clearTimeout(timer);
        opened = performance.now();
        this.#begin(socket, talk);
      };
      socket.onmessage = ({ data }) => {
        this.#heard = performance.now();
        const { results = [], error } = talk.read(data);
        if (error) said ??= error;
        for (const r of results) this.#result(r);
        if (error?.code === "malformed") leave(error);
      };
      socket.onerror = () => {}; // a Close follows, and says more
      socket.onclose = ({ code, reason }) => {
        this.#refused = Boolean(said || reason);
        if (said) return leave(said);
        if (opened === 0) return leave(new TranscriptionError("unavailable", "there is no connection to the server", { retryable: true, status: code }));
        if (code === 1000 && this.#sender.endSent) return leave(undefined);
        const message = reason ? `the server closed the stream: ${reason}` : code === 1006 ? "the connection was lost" : `the server closed the stream with ${code}`;
        leave(new TranscriptionError(code === 1000 ? "closed" : "unavailable", message, { retryable: code !== 1000 && talk.retry(code), status: code }));
      };
    });
  }

  /** Begins the audio of a connection that has just opened. @param {WebSocket} socket @param {Connection} talk */
  #begin(socket, talk) {
    this.#everOpen = true;
    this.#told.begin(this.#sender.attach(socket, talk));
    this.#heard = this.#moved = performance.now();
    this.#queue = 0;
    this.#tell({ state: this.#ended ? "finishing" : "open" });
    this.#sender.pump();
  }

  /** Looks after an open connection once a second. @returns {TranscriptionError | undefined} why it is given up */
  #look() {
    const now = performance.now();
    const { stallTimeout, finishTimeout } = this.#settings;
    const waits = this.#socket?.bufferedAmount ?? 0;
    if (waits < this.#queue || waits === 0) this.#moved = now;
    this.#queue = waits;
    if (now - this.#moved > stallTimeout) return new TranscriptionError("unavailable", "the connection takes no more audio", { retryable: true });
    const { endSent } = this.#sender;
    if (endSent && now - Math.max(endSent, this.#heard) > finishTimeout) return new TranscriptionError("unavailable", "the last results did not come in time");
    this.#sender.keepAlive(now);
    return undefined;
  }

  // ---- results ----

  /** @param {Result} raw with the times and ids of its connection */
  #result(raw) {
    const result = this.#told.take(raw, this.#sender.sent);
    if (raw.final) this.#sender.release();
    if (!result) return;
    if (result.text !== "") {
      this.#failures = 0;
      this.#worked = true;
    }
    const heard = this.#sender.when(result.end);
    if (heard !== undefined) result.latency = Math.round(performance.now() - heard);
    const shown = this.#told.keep(result);
    if (shown?.final) this.#handlers.onFinal?.(shown);
    else if (shown) this.#handlers.onPartial?.(shown);
  }

  /** Takes back what will be said again. */
  #withdraw() {
    for (const gone of this.#told.withdraw()) this.#handlers.onPartial?.(gone);
  }

  // ---- the end ----

  /** @param {TranscriptionError} error */
  #fail(error) {
    this.#close(error);
  }

  /** @param {TranscriptionError} [error] */
  #close(error) {
    if (this.#over) return;
    this.#over = true;
    for (const t of this.#timers) clearTimeout(t);
    this.#timers.clear();
    this.#drop();
    this.#wake();
    this.#sender.close();
    this.#withdraw();
    this.#tell(error ? { state: "closed", error } : { state: "closed" });
    if (!error) return this.#resolve();
    this.#reject(error);
    this.#handlers.onError?.(error);
  }

  /** @param {State} state */
  #tell(state) {
    this.#handlers.onState?.(state);
  }

  /** @param {() => void} run @param {number} delay */
  #later(run, delay) {
    const t = setTimeout(() => {
      this.#timers.delete(t);
      run();
    }, delay);
    this.#timers.add(t);
  }
}
