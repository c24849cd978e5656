// The sound of the session, kept in memory so that a word can be heard again: the last half an hour, 1.9 MB a minute, in pieces that
// are made as they are needed. Nothing of it is stored anywhere, and it is gone with the page.
const piece = 10; // seconds
export const keeps = 30 * 60; // seconds

export class Recorder {
  constructor(rate, channels) {
    this.rate = rate;
    this.channels = channels;
    this.pieces = new Map(); // by number
    this.length = 0; // samples of each channel
    this.context = null;
    this.playing = null;
  }

  /** Takes samples from -1 to 1, channels in turns. */
  write(samples) {
    const per = piece * this.rate * this.channels;
    let at = this.length * this.channels;
    for (let i = 0; i < samples.length; i++, at++) {
      const n = Math.floor(at / per);
      let part = this.part?.n === n ? this.part.samples : this.pieces.get(n);
      if (!part) {
        part = new Int16Array(per);
        this.pieces.set(n, part);
        this.pieces.delete(n - Math.ceil(keeps / piece) - 1);
      }
      this.part = { n, samples: part };
      part[at - n * per] = Math.max(-32768, Math.min(32767, samples[i] * 32768));
    }
    this.length = at / this.channels;
  }

  /** What is kept between two times, for each channel; null when nothing is. */
  read(start, end) {
    const from = Math.max(0, Math.floor(start * this.rate));
    const to = Math.min(this.length, Math.ceil(end * this.rate));
    const per = piece * this.rate * this.channels;
    if (to <= from || !this.pieces.has(Math.floor((from * this.channels) / per))) return null;
    return Array.from({ length: this.channels }, (_, c) => {
      const out = new Float32Array(to - from);
      for (let i = 0; i < out.length; i++) {
        const at = (from + i) * this.channels + c;
        const n = Math.floor(at / per);
        out[i] = (this.pieces.get(n)?.[at - n * per] ?? 0) / 32768;
      }
      return out;
    });
  }

  /** Plays what was said between two times, with a little around it. Reports whether it is still there. */
  async play(start, end) {
    const channels = this.read(start - 0.08, end + 0.12);
    if (!channels) return false;
    this.stop();
    this.context ??= new AudioContext();
    await this.context.resume();
    const buffer = this.context.createBuffer(channels.length, channels[0].length, this.rate);
    channels.forEach((samples, c) => {
      const edge = Math.min(80, samples.length >> 1); // no clicks
      for (let i = 0; i < edge; i++) {
        samples[i] *= i / edge;
        samples[samples.length - 1 - i] *= i / edge;
      }
      buffer.copyToChannel(samples, c);
    });
    const source = this.context.createBufferSource();
    source.buffer = buffer;
    source.connect(this.context.destination);
    source.start();
    this.playing = source;
    return true;
  }

  stop() {
    try {
      this.playing?.stop();
    } catch {
      // it has ended by itself
    }
    this.playing = null;
  }

  close() {
    this.stop();
    this.pieces.clear();
    this.part = null;
    void this.context?.close();
    this.context = null;
  }
}
