// What a stream has to know of a protocol. This file has types only.

/** @import { Result } from "./results.js" */
/** @import { TranscriptionError } from "./errors.js" */

/**
 * @typedef {object} StreamOptions
 * @property {string} [model] Speechall only, which needs it: `local.NAME`
 * @property {string} [language] such as `en-US`; `auto` to have it found out
 * @property {string[]} [languages] what `auto` chooses from (Amazon)
 * @property {boolean} [interim] results that may still change; true unless told otherwise
 * @property {boolean} [punctuation] Speechall only; true unless told otherwise
 * @property {boolean} [speakers] tell who spoke
 * @property {number} [speakersExpected] Speechall only
 * @property {1 | 2} [channels] 2: each is transcribed on its own (Amazon)
 * @property {string[]} [terms] words to expect (Speechall)
 * @property {string} [vocabulary] the name of a stored list of words to expect (Amazon)
 * @property {string} [filter] the name of a stored list of words that shall not appear (Amazon)
 * @property {"mask" | "remove" | "tag"} [filterMethod]
 * @property {boolean} [redact] hide personal information (Amazon)
 * @property {boolean} [identify] mark personal information (Amazon)
 * @property {string[]} [entities] which kinds of it, such as `NAME`
 * @property {"high" | "medium" | "low"} [stability] how early words are called stable (Amazon)
 * @property {number} [rate] samples a second of the audio (Amazon); 16000 unless told otherwise
 * @property {string} [ruleset] replacement rules (Speechall)
 * @property {string} [prompt] Speechall only
 * @property {number} [temperature] Speechall only
 * @property {Record<string, string>} [parameters] any others, as the protocol names them
 */

/**
 * @typedef {object} Protocol
 * @property {number} rate samples a second of each channel
 * @property {number} channels
 * @property {() => Promise<Connection>} connect called for each connection, since addresses expire
 * @property {() => Promise<TranscriptionError | null>} [explain] finds out why no connection opens, which a browser does not tell
 */

/**
 * @typedef {object} Connection how to talk on one connection
 * @property {string} url
 * @property {(bytes: Uint8Array) => Uint8Array} audio
 * @property {() => string | Uint8Array} end says that no more audio comes
 * @property {() => string} [keepAlive]
 * @property {() => string} [finalize] asks for finals of what was said so far
 * @property {(data: string | ArrayBuffer) => Message} read
 * @property {(closeCode: number) => boolean} retry whether another attempt makes sense after a Close with this code
 */

/** @typedef {{results?: Result[], error?: TranscriptionError}} Message */

export {};
