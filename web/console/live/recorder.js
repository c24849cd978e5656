// The sound of the session, kept so that a word can be heard again: the last half an hour, 1.9 MB a minute. What is older than some seconds is
// kept as Blobs, which browsers hold outside of the page's memory. Nothing of it is stored anywhere, and it is gone with the page.
const piece = 10; // seconds
export const keeps = 30 * 60; // seconds

export class Recorder {
  constructor(rate, channels) {
    this.rate = rate;
    this.channels = channels;
    this.pieces = new Map(); // those that are full, by number
    this.part = new Int16Array(piece * rate * channels); // the one that is being filled
    this.length = 0; // samples of each channel
    this.context = null;
    this.playing = null;
  }

  /** Takes samples from -1 to 1, channels in turns. */
  write(samples) {
    const per = this.part.length;
    let at = this.length * this.channels;
    for (let i = 0; i < samples.length; i++) {
      this.part[at % per] = Math.max(-32768, Math.min(32767, samples[i] * 32768));
      if (++at % per !== 0) continue;
      const n = at / per - 1;
      this.pieces.set(n, new Blob([this.part]));
      this.pieces.delete(n - Math.ceil(keeps / piece));
    }
    this.length = at / this.channels;
  }

  /** Resolves to what is kept between two times, for each channel; null when nothing is. */
  async read(start, end) {
    const per = this.part.length;
    const from = Math.max(0, Math.floor(start * this.rate)) * this.channels;
    const to = Math.min(this.length, Math.ceil(end * this.rate)) * this.channels;
    const open = Math.floor((this.length * this.channels) / per);
    const first = Math.floor(from / per);
    if (to <= from || (first !== open && !this.pieces.has(first))) return null;
    // While Blobs are read more may come, and what is open now be full.
    const parts = Array.from({ length: Math.floor((to - 1) / per) - first + 1 }, (_, i) => (first + i === open ? this.part.slice() : this.pieces.get(first + i)));
    const sound = await Promise.all(parts.map(async (p) => (p instanceof Blob ? new Int16Array(await p.arrayBuffer()) : p)));
    return Array.from({ length: this.channels }, (_, c) =>
      Float32Array.from({ length: (to - from) / this.channels }, (_, i) => {
        const at = from + i * this.channels + c - first * per;
        return sound[Math.floor(at / per)][at % per] / 32768;
      }));
  }

  /** Plays what was said between two times, with a little around it. Resolves to whether it is still there. */
  async play(start, end) {
    const channels = await this.read(start - 0.08, end + 0.12);
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
    void this.context?.close();
    this.context = null;
  }
}
