// What has been said in a stream, over all of its connections.
import { after } from "./results.js";

/** @import { Result } from "./results.js" */

export class Told {
  #channels;
  #ends = /** @type {Map<number, number>} */ (new Map()); // of the last final, by channel, in seconds
  #before = /** @type {Map<number, number>} */ (new Map()); // as #ends was when this connection began
  #pending = /** @type {Map<string, Result>} */ (new Map()); // partials without their finals
  #connections = 0;
  #origin = 0; // where the audio of this connection begins, in seconds

  /** @param {number} channels */
  constructor(channels) {
    this.#channels = channels;
  }

  /** Until when everything has been said, on all channels, in seconds. */
  get end() {
    let seconds = Infinity;
    for (let c = 0; c < this.#channels; c++) seconds = Math.min(seconds, this.#ends.get(c) ?? 0);
    return seconds;
  }

  /** A connection begins, whose audio begins at so many seconds. @param {number} origin */
  begin(origin) {
    this.#origin = origin;
    this.#before = new Map(this.#ends);
    this.#connections++;
  }

  /**
   * What is new in a result.
   * @param {Result} raw with the times and ids of its connection
   * @param {number} sent seconds of audio that the server can know
   * @returns {Result | null} with those of the stream
   */
  take(raw, sent) {
    const shift = this.#origin;
    const channel = raw.channel ?? 0;
    const told = this.#ends.get(channel) ?? 0;
    const start = Number.isFinite(raw.start) ? raw.start + shift : told;
    const end = Number.isFinite(raw.end) ? raw.end + shift : sent;
    if (raw.final) this.#ends.set(channel, Math.max(told, Math.min(end, sent)));
    /** @type {Result} */
    const whole = {
      ...raw,
      id: this.#connections > 1 ? `${raw.id}~${this.#connections}` : raw.id,
      start,
      end,
      words: raw.words.map((w) => ({ ...w, start: w.start + shift, end: w.end + shift })),
      ...(raw.entities ? { entities: raw.entities.map((e) => ({ ...e, start: e.start + shift, end: e.end + shift })) } : {}),
    };
    return after(whole, this.#before.get(channel) ?? 0);
  }

  /** Notes a result that take has given. @param {Result} result @returns {Result | null} what there is to show of it */
  keep(result) {
    if (result.text.trim() === "") return this.#pending.delete(result.id) ? { ...result, final: false, text: "", words: [] } : null;
    if (result.final) this.#pending.delete(result.id);
    else this.#pending.set(result.id, result);
    return result;
  }

  /** What will be said again, as results without a text. */
  withdraw() {
    const gone = [...this.#pending.values()].map((result) => ({ ...result, text: "", words: [] }));
    this.#pending.clear();
    return gone;
  }
}
