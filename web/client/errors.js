/**
 * What goes wrong with a transcription. `code` is for programs, `message` for people.
 *
 * Codes that this client makes itself are `unsupported` (this browser or Node lacks something), `invalid` (an argument), `unavailable`
 * (no connection, and no attempt is left), `overrun` (more audio waits than is kept), `closed` (used after its end), `permission` (the user or the
 * browser refused a device) and `aborted`. All others are the server's: `unauthenticated` and so on of Speechall's protocol, or the
 * names of Amazon's exceptions, such as `BadRequestException`.
 */
export class TranscriptionError extends Error {
  /**
   * @param {string} code
   * @param {string} message
   * @param {{cause?: unknown, status?: number, retryable?: boolean}} [more]
   */
  constructor(code, message, { cause, status, retryable = false } = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = "TranscriptionError";
    this.code = code;
    /** The HTTP status or the code of the Close, where there was one. */
    this.status = status;
    /** Whether the same request may succeed a little later. */
    this.retryable = retryable;
  }
}

/** What an application's own function has thrown: no network is worth another attempt. @param {unknown} err @returns {TranscriptionError} */
export function wrap(err) {
  if (err instanceof TranscriptionError) return err;
  const { message = String(err), code, retryable = err instanceof TypeError } = /** @type {any} */ (err ?? {});
  return new TranscriptionError(typeof code === "string" ? code : "unavailable", message, { cause: err, retryable: Boolean(retryable) });
}
