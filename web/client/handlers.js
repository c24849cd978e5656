// What an application is told, and what becomes of its mistakes.

/** @import { TranscriptionError } from "./errors.js" */
/** @import { Result } from "./results.js" */

/**
 * @typedef {object} State
 * @property {"connecting" | "open" | "reconnecting" | "finishing" | "closed"} state
 * @property {number} [attempt] which one in a row, from 1, when reconnecting
 * @property {number} [delay] milliseconds until it begins
 * @property {TranscriptionError} [error] why the connection was lost, or the stream failed
 */

/**
 * @typedef {object} Handlers
 * @property {(result: Result) => void} [onPartial] what may still change, and an empty text for what is withdrawn
 * @property {(result: Result) => void} [onFinal] each utterance once
 * @property {(state: State) => void} [onState]
 * @property {(error: TranscriptionError) => void} [onError] once, when the stream has failed for good
 */

/**
 * What an application's handlers throw is reported as an error that nobody caught, and disturbs no stream.
 * @param {Handlers} handlers @returns {Handlers}
 */
export function guarded(handlers) {
  /** @template T @param {((x: T) => void) | undefined} f */
  const call = (f) => f && ((/** @type {T} */ x) => {
    try {
      f.call(handlers, x);
    } catch (err) {
      if (typeof reportError === "function") reportError(err);
      else queueMicrotask(() => { throw err; });
    }
  });
  return { onPartial: call(handlers.onPartial), onFinal: call(handlers.onFinal), onState: call(handlers.onState), onError: call(handlers.onError) };
}
