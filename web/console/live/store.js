// What was said, kept small: a day of speech is some tens of thousands of segments, and as objects they would take hundreds of megabytes.
// Texts are strings, everything else stands in columns of numbers that grow. Segments are numbered from 0 and are never changed.

const unknown = 255; // of a confidence
const nobody = 255; // of a speaker, a channel, a language

/** A column of numbers that grows. */
class Column {
  constructor(Kind) {
    this.values = new Kind(256);
    this.length = 0;
  }
  push(value) {
    if (this.length === this.values.length) {
      const more = new this.values.constructor(this.values.length * 2);
      more.set(this.values);
      this.values = more;
    }
    this.values[this.length++] = value;
  }
}

const milliseconds = (seconds) => Math.max(0, Math.round(seconds * 1000));

export class Store {
  constructor() {
    this.clear();
  }

  clear() {
    this.texts = [];
    this.starts = new Column(Uint32Array); // milliseconds, as all times
    this.ends = new Column(Uint32Array);
    this.firsts = new Column(Uint32Array); // the number of its first word
    this.channels = new Column(Uint8Array);
    this.languages = new Column(Uint8Array);
    this.wordStarts = new Column(Uint32Array);
    this.wordEnds = new Column(Uint32Array);
    this.wordPlaces = new Column(Uint32Array); // in the text of the segment: where it begins, in the upper 20 bits, and its length
    this.confidences = new Column(Uint8Array); // in hundredths
    this.speakers = new Column(Uint8Array);
    this.names = []; // of speakers
    this.tags = []; // of languages
    this.entities = new Map(); // of the segments that have any
    this.wordCount = 0;
  }

  get length() {
    return this.texts.length;
  }

  /** How long what was said is, in seconds. */
  get duration() {
    return this.length === 0 ? 0 : this.ends.values[this.length - 1] / 1000;
  }

  #number(list, value) {
    if (value === undefined || value === null || value === "") return nobody;
    let n = list.indexOf(value);
    if (n < 0 && list.length < nobody) n = list.push(value) - 1;
    return n < 0 ? nobody : n;
  }

  /** The number of a speaker, in the order in which they are first heard; -1: nobody's. */
  speaker(name) {
    const n = this.#number(this.names, name);
    return n === nobody ? -1 : n;
  }

  /** Adds a final result, with the pieces of its text. */
  add(result, pieces) {
    this.texts.push(result.text);
    this.starts.push(milliseconds(result.start));
    this.ends.push(milliseconds(result.end));
    this.firsts.push(this.confidences.length);
    this.channels.push(result.channel ?? nobody);
    this.languages.push(this.#number(this.tags, result.language));
    if (result.entities?.length) this.entities.set(this.length - 1, result.entities);
    let at = 0;
    for (const { text, word } of pieces) {
      if (word && text.length < 4096 && at < 1 << 20) {
        this.wordStarts.push(milliseconds(word.start));
        this.wordEnds.push(milliseconds(word.end));
        this.wordPlaces.push(at * 4096 + text.length);
        this.confidences.push(word.confidence === undefined ? unknown : Math.round(word.confidence * 100));
        this.speakers.push(this.#number(this.names, word.speaker));
      }
      at += text.length;
    }
    this.wordCount = this.confidences.length;
    return this.length - 1;
  }

  /** A segment as an object, made anew each time. */
  get(n) {
    const text = this.texts[n];
    const words = [];
    const last = n + 1 < this.length ? this.firsts.values[n + 1] : this.confidences.length;
    for (let w = this.firsts.values[n]; w < last; w++) {
      const place = this.wordPlaces.values[w];
      const from = Math.floor(place / 4096);
      const confidence = this.confidences.values[w];
      const speaker = this.speakers.values[w];
      words.push({
        from, to: from + (place % 4096), text: text.slice(from, from + (place % 4096)),
        start: this.wordStarts.values[w] / 1000, end: this.wordEnds.values[w] / 1000,
        confidence: confidence === unknown ? undefined : confidence / 100,
        speaker: speaker === nobody ? undefined : this.names[speaker],
      });
    }
    const channel = this.channels.values[n];
    const language = this.languages.values[n];
    return {
      n, text, words, start: this.starts.values[n] / 1000, end: this.ends.values[n] / 1000,
      channel: channel === nobody ? undefined : channel,
      language: language === nobody ? undefined : this.tags[language],
      entities: this.entities.get(n),
    };
  }

  /** All segments, one after the other. */
  *[Symbol.iterator]() {
    for (let n = 0; n < this.length; n++) yield this.get(n);
  }
}
