import { amazon } from "./amazon.js";
import { TranscriptionError } from "./errors.js";
import { query, speechall } from "./speechall.js";
import { Stream } from "./stream.js";

/** @import { StreamOptions } from "./protocol.js" */
/** @import { Handlers } from "./handlers.js" */
/** @import { Settings } from "./stream.js" */

/**
 * @typedef {object} ClientOptions
 * @property {string | URL} [url] of the server: `https://host`, `http://host:8080`; the page's own where there is one
 * @property {"speechall" | "amazon"} [protocol] `speechall` unless told otherwise
 * @property {string | (() => string | Promise<string>)} [apiKey] Speechall's protocol and files; a function is asked for each connection
 * @property {(parameters: Record<string, string>) => string | Promise<string>} [presign] Amazon's protocol: returns an address that is signed for these
 *   parameters of its query. It is called for each connection. {@link presigner} makes one from an access key.
 * @property {(query: string) => Promise<TranscriptionError | null>} [explain] Speechall's protocol: says why the server has refused a WebSocket with this
 *   query, which browsers do not tell; null: not known. Without it the server is asked with a file that has no sound.
 * @property {typeof WebSocket} [WebSocket] for Node before 22, such as that of the package `ws`
 * @property {typeof fetch} [fetch]
 * @property {number} [keep] seconds of audio that are kept to be sent again when a connection breaks; 120
 * @property {number} [attempts] connections in a row that may fail without a result between them; 8. Before the first result the server is asked twice more at most when it says no
 * @property {number} [firstDelay] milliseconds before the first of them, doubled each time, with jitter; 250
 * @property {number} [mostDelay] milliseconds; 8000
 * @property {number} [openTimeout] milliseconds; 10000
 * @property {number} [finishTimeout] milliseconds that the server may be silent after the end of the audio; 60000
 * @property {number} [stallTimeout] milliseconds in which nothing of what waits is sent; 20000
 * @property {() => number} [random] for tests
 */

/**
 * @typedef {object} FileOptions
 * @property {"json" | "text" | "srt" | "vtt"} [format] `json` unless told otherwise
 * @property {AbortSignal} [signal]
 */

/** A server, and how to be let in. */
export class Client {
  #base;
  /** @type {ClientOptions} */ #options;

  /** @param {ClientOptions} options */
  constructor(options) {
    const url = options.url ?? globalThis.location?.origin;
    if (!url) throw new TranscriptionError("invalid", 'the option "url" is the address of the server, such as http://127.0.0.1:8080');
    const base = new URL(url);
    if (!/^(https?|wss?):$/.test(base.protocol)) throw new TranscriptionError("invalid", `the option "url" begins with https:// or http://, not ${base.protocol}//`);
    const { protocol = "speechall" } = options;
    if (protocol !== "speechall" && protocol !== "amazon") throw new TranscriptionError("invalid", 'the option "protocol" is "speechall" or "amazon"');
    this.#base = base;
    this.#options = { ...options, protocol };
  }

  /**
   * Begins a stream. Audio may be sent at once.
   * @param {StreamOptions} [options]
   * @param {Handlers} [handlers]
   * @returns {Stream}
   */
  stream(options = {}, handlers = {}) {
    const o = this.#options;
    /** @type {Settings} */
    const settings = {
      WebSocket: o.WebSocket ?? globalThis.WebSocket,
      keep: o.keep ?? 120,
      attempts: o.attempts ?? 8,
      firstDelay: o.firstDelay ?? 250,
      mostDelay: o.mostDelay ?? 8000,
      openTimeout: o.openTimeout ?? 10_000,
      finishTimeout: o.finishTimeout ?? 60_000,
      stallTimeout: o.stallTimeout ?? 20_000,
      ...(o.random ? { random: o.random } : {}),
    };
    if (!settings.WebSocket) {
      throw new TranscriptionError("unsupported", 'there is no WebSocket here: Node has one from version 22 on; before, give the option "WebSocket", such as the class of the package "ws"');
    }
    return new Stream(this.#protocol(options), handlers, settings);
  }

  /** @param {StreamOptions} options */
  #protocol(options) {
    const { presign, explain } = this.#options;
    if (this.#options.protocol === "amazon") {
      if (!presign) throw new TranscriptionError("invalid", 'Amazon\'s protocol needs the option "presign", a function that returns a signed address');
      return amazon(async (parameters) => presign(parameters), options);
    }
    const talk = speechall(`${this.#base.protocol.replace("http", "ws")}//${this.#base.host}`, () => this.#key(), options);
    return { ...talk, explain: () => (explain ? explain(talk.query) : this.#explain(options)) };
  }

  async #key() {
    const { apiKey } = this.#options;
    const key = typeof apiKey === "function" ? await apiKey() : apiKey;
    if (!key) throw new TranscriptionError("invalid", 'Speechall\'s protocol needs the option "apiKey"');
    return key;
  }

  /**
   * Transcribes a whole file, by Speechall's REST interface, so it needs an API key whichever protocol the streams have.
   * @param {Blob | ArrayBuffer | Uint8Array} file as it is: WAV, FLAC, Ogg-Opus, and what else the server decodes
   * @param {StreamOptions & FileOptions} [options]
   * @returns {Promise<any>} the text, or for `json` `{id, text, language, segments, words}`
   */
  async transcribeFile(file, { format = "json", signal, ...options } = {}) {
    const answer = await this.#request(`/v1/transcribe?${query(options, { output_format: format })}`, {
      method: "POST",
      body: /** @type {BodyInit} */ (file),
      headers: { "content-type": "application/octet-stream" },
      ...(signal ? { signal } : {}),
    });
    return format === "json" ? answer.json() : answer.text();
  }

  /**
   * The models that there are, by Speechall's REST interface.
   * @param {{signal?: AbortSignal}} [options]
   * @returns {Promise<any[]>}
   */
  async models({ signal } = {}) {
    return (await this.#request("/v1/speech-to-text-models", signal ? { signal } : {})).json();
  }

  /** @param {string} path @param {RequestInit} init @returns {Promise<Response>} */
  async #request(path, init) {
    const url = `${this.#base.protocol.replace("ws", "http")}//${this.#base.host}${path}`;
    const { fetch = globalThis.fetch } = this.#options;
    const key = await this.#key();
    let answer;
    try {
      answer = await fetch(url, { ...init, headers: { ...init.headers, authorization: `Bearer ${key}` } });
    } catch (err) {
      if (init.signal?.aborted) throw new TranscriptionError("aborted", "the request was aborted", { cause: err });
      throw new TranscriptionError("unavailable", "there is no connection to the server", { cause: err, retryable: true });
    }
    if (answer.ok) return answer;
    const body = await answer.json().catch(() => ({}));
    throw new TranscriptionError(String(body.code ?? "unavailable"), String(body.message ?? `the server answered with ${answer.status}`), {
      status: answer.status,
      retryable: answer.status === 429 || answer.status >= 500,
    });
  }

  /**
   * A browser does not say why a WebSocket was refused; the same parameters with a file without sound are refused in words. A key that may
   * only stream is refused the file for a reason of its own, which says nothing.
   * @param {StreamOptions} options
   * @returns {Promise<TranscriptionError | null>}
   */
  async #explain(options) {
    try {
      await this.transcribeFile(soundless(), options);
    } catch (err) {
      const other = err instanceof TranscriptionError && err.code === "permission_denied" && /operation/.test(err.message);
      if (err instanceof TranscriptionError && err.status !== undefined && !other) return err;
    }
    return null;
  }
}

/** A WAV file of 10 ms of silence. */
function soundless() {
  const file = new Uint8Array(44 + 320);
  const view = new DataView(file.buffer);
  const tag = (/** @type {number} */ at, /** @type {string} */ s) => file.set(new TextEncoder().encode(s), at);
  tag(0, "RIFF");
  view.setUint32(4, 36 + 320, true);
  tag(8, "WAVEfmt ");
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true);
  view.setUint16(22, 1, true);
  view.setUint32(24, 16000, true);
  view.setUint32(28, 32000, true);
  view.setUint16(32, 2, true);
  view.setUint16(34, 16, true);
  tag(36, "data");
  view.setUint32(40, 320, true);
  return file;
}
