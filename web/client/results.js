// What results look like, whichever protocol they came by.

/**
 * @typedef {object} Word
 * @property {string} text without the marks around it
 * @property {number} start seconds of audio since the stream's first sample
 * @property {number} end
 * @property {number} [confidence] 0 to 1
 * @property {string} [speaker]
 * @property {boolean} [stable] it will not change any more
 * @property {boolean} [match] a vocabulary filter has found it
 */

/**
 * @typedef {object} Entity something that was asked to be found or hidden, such as a name
 * @property {string} text
 * @property {string} category
 * @property {string} [type]
 * @property {number} start
 * @property {number} end
 */

/**
 * One revision of one utterance. Revisions of the same have the same `id`; the last one is final, or has no text: nothing is left of it then.
 * @typedef {object} Result
 * @property {string} id
 * @property {boolean} final it will not change any more
 * @property {string} text
 * @property {number} start seconds of audio since the stream's first sample, also across connections
 * @property {number} end
 * @property {Word[]} words
 * @property {number} [channel] from 0, with channels on their own
 * @property {string} [language]
 * @property {Entity[]} [entities]
 * @property {number} [latency] milliseconds from when the audio at `end` was given to `send` until the result came
 */

/**
 * The text of a result in pieces: words, and what stands between them. Words that are not found in the text have no piece.
 * @param {{text: string, words: Word[]}} result
 * @returns {{text: string, word?: Word}[]} that make up the text
 */
export function pieces({ text, words }) {
  /** @type {{text: string, word?: Word}[]} */
  const out = [];
  const lower = text.toLowerCase();
  const whole = lower.length === text.length ? lower : text; // some letters are two in lower case
  let at = 0;
  for (const word of words) {
    const sought = whole === text ? word.text : word.text.toLowerCase();
    const from = sought === "" ? -1 : whole.indexOf(sought, at);
    if (from < 0) continue;
    if (from > at) out.push({ text: text.slice(at, from) });
    at = from + sought.length;
    out.push({ text: text.slice(from, at), word });
  }
  if (at < text.length) out.push({ text: text.slice(at) });
  return out;
}

/**
 * What of a final is new when the audio before a time has been answered already; null when nothing is.
 * @param {Result} result
 * @param {number} until seconds
 * @returns {Result | null}
 */
export function after(result, until) {
  if (result.start >= until - 0.02) return result;
  /** @param {{start: number, end: number}} w */
  const isNew = (w) => (w.start + w.end) / 2 > until;
  if (result.words.length === 0) return isNew(result) ? result : null;
  const words = result.words.filter(isNew);
  if (words.length === result.words.length) return result;
  if (words.length === 0) return null;
  const all = pieces(result);
  const first = all.findIndex((p) => p.word !== undefined && isNew(p.word));
  const text = (first < 0 ? words.map((w) => w.text).join(" ") : all.slice(first).map((p) => p.text).join("")).trim();
  return { ...result, text, words, start: words[0].start, entities: result.entities?.filter(isNew) };
}
