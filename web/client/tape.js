// The audio that has not been answered yet, and when it came.

/**
 * Positions are bytes since the first sample of the stream. Between `base` and `end` the audio is there.
 */
export class Tape {
  /**
   * @param {number} second bytes of a second of audio
   * @param {number} limit bytes that are kept at most
   */
  constructor(second, limit) {
    this.second = second;
    this.limit = limit;
    this.base = 0;
    this.end = 0;
    /** @type {{at: number, bytes: Uint8Array}[]} */
    this.chunks = [];
    /** When audio came: the clock at positions, oldest first. @type {{end: number, time: number}[]} */
    this.marks = [];
  }

  /**
   * Keeps audio. What is before `needed` makes room when there is none.
   * @param {Uint8Array} bytes
   * @param {number} needed a position
   * @param {number} time the clock, in milliseconds
   * @returns {boolean} false when there is no room: nothing is kept then
   */
  append(bytes, needed, time) {
    if (this.end + bytes.length - this.base > this.limit) this.release(Math.min(needed, this.end + bytes.length - this.limit));
    if (this.end + bytes.length - this.base > this.limit) return false;
    if (bytes.length === 0) return true;
    this.chunks.push({ at: this.end, bytes });
    this.end += bytes.length;
    this.marks.push({ end: this.end, time });
    if (this.marks.length > 4096) this.marks.splice(0, 2048);
    return true;
  }

  /** Forgets what is before a position, whole pieces only. @param {number} position */
  release(position) {
    let gone = 0;
    while (gone < this.chunks.length && this.chunks[gone].at + this.chunks[gone].bytes.length <= position) gone++;
    this.chunks.splice(0, gone);
    this.base = this.chunks.length > 0 ? this.chunks[0].at : this.end;
  }

  /**
   * Audio from a position on.
   * @param {number} from
   * @param {number} most bytes
   * @returns {Uint8Array}
   */
  read(from, most) {
    let low = 0;
    for (let high = this.chunks.length; low < high; ) {
      const middle = (low + high) >> 1;
      const c = this.chunks[middle];
      if (c.at + c.bytes.length <= from) low = middle + 1;
      else high = middle;
    }
    const total = Math.min(most, this.end - from);
    const out = new Uint8Array(Math.max(0, total));
    for (let n = 0; n < out.length; low++) {
      const { at, bytes } = this.chunks[low];
      const part = bytes.subarray(from + n - at, from - at + out.length);
      out.set(part, n);
      n += part.length;
    }
    return out;
  }

  /**
   * When the audio at a time had come, by the clock of append; undefined where that is not known.
   * @param {number} seconds
   * @returns {number | undefined}
   */
  when(seconds) {
    const position = seconds * this.second;
    if (this.marks.length === 0 || position > this.end) return undefined;
    let low = 0;
    for (let high = this.marks.length - 1; low < high; ) {
      const middle = (low + high) >> 1;
      if (this.marks[middle].end < position) low = middle + 1;
      else high = middle;
    }
    return this.marks[low].time;
  }
}
