// A resampler for live audio: polyphase, with a windowed sinc (Kaiser). What is above the new Nyquist frequency is 85 dB down and more before
// samples are dropped, so nothing folds back into speech, which leaving out samples, or averaging them, does.

const attenuation = 90; // dB, of the design
const pass = 0.9; // of the Nyquist frequency, up to which nothing is lost
const mostPhases = 1024; // beyond it, filters between two phases are interpolated

/** @param {number} a @param {number} b @returns {number} */
const gcd = (a, b) => (b === 0 ? a : gcd(b, a % b));

/** The modified Bessel function of order zero, by its series. @param {number} x */
function bessel(x) {
  let sum = 1;
  let term = 1;
  for (let k = 1; term > sum * 1e-12; k++) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}

/**
 * Changes the sample rate of one channel. However its input is cut into pieces, the output is the same; the first sample of the output
 * is the first of the input.
 */
export class Resampler {
  /**
   * @param {number} from samples a second that come
   * @param {number} to samples a second that are wanted
   */
  constructor(from, to) {
    if (!(Number.isInteger(from) && Number.isInteger(to) && from > 0 && to > 0)) {
      throw new RangeError(`sample rates are whole numbers above 0, not ${from} and ${to}`);
    }
    const g = gcd(from, to);
    this.up = to / g;
    this.down = from / g;
    this.phases = Math.min(this.up, mostPhases);
    const stop = Math.min(from, to) / 2 / from; // in cycles for each sample of the input
    const width = stop * (1 - pass);
    const half = Math.ceil((attenuation - 8) / (2.285 * 2 * Math.PI * width) / 2);
    this.half = half;
    this.taps = 2 * half;
    this.bank = filters(this.phases, half, stop - width / 2, 0.1102 * (attenuation - 8.7));
    /** What has come and is still needed; it begins with the silence before the first sample. @type {Float32Array} */
    this.kept = new Float32Array(half - 1);
    this.at = 0; // whole samples between the beginning of kept and the filter of the next output
    this.part = 0; // of a sample, in 1/up
    this.came = 0;
    this.gave = 0;
  }

  /**
   * Takes the next samples and returns what can be told of the output.
   * @param {Float32Array} input
   * @returns {Float32Array}
   */
  push(input) {
    this.came += input.length;
    if (this.up === this.down) {
      this.gave += input.length;
      return input.slice();
    }
    return this.#run(input);
  }

  /** Returns the rest of the output, as if silence followed, and begins anew. @returns {Float32Array} */
  flush() {
    const due = Math.ceil((this.came * this.up) / this.down) - this.gave;
    const rest = this.up === this.down ? new Float32Array(0) : this.#run(new Float32Array(this.taps + this.down)).slice(0, due);
    this.kept = new Float32Array(this.half - 1);
    this.at = this.part = this.came = this.gave = 0;
    return rest;
  }

  /** @param {Float32Array} input */
  #run(input) {
    const all = new Float32Array(this.kept.length + input.length);
    all.set(this.kept);
    all.set(input, this.kept.length);
    const out = new Float32Array(Math.ceil(((all.length - this.at) * this.up) / this.down) + 1);
    let n = 0;
    for (; this.at + this.taps <= all.length; n++) {
      out[n] = this.#sample(all);
      this.part += this.down;
      this.at += Math.floor(this.part / this.up);
      this.part %= this.up;
    }
    const gone = Math.min(this.at, all.length);
    this.kept = all.slice(gone);
    this.at -= gone;
    this.gave += n;
    return out.slice(0, n);
  }

  /** @param {Float32Array} x */
  #sample(x) {
    const { taps, bank, at } = this;
    const place = (this.part * this.phases) / this.up;
    const phase = Math.floor(place);
    const rest = place - phase;
    const row = phase * taps;
    let sum = 0;
    for (let k = 0; k < taps; k++) sum += x[at + k] * bank[row + k];
    if (rest === 0) return sum;
    let next = 0;
    for (let k = 0; k < taps; k++) next += x[at + k] * bank[row + taps + k];
    return sum + (next - sum) * rest;
  }
}

/**
 * The filters of all phases, one behind the other, and one more to interpolate towards. Each lets the same of a constant through.
 * @param {number} phases @param {number} half taps on each side @param {number} cutoff in cycles for each sample @param {number} beta of the window
 */
function filters(phases, half, cutoff, beta) {
  const taps = 2 * half;
  const bank = new Float32Array((phases + 1) * taps);
  const norm = bessel(beta);
  for (let p = 0; p <= phases; p++) {
    let sum = 0;
    const row = new Float64Array(taps);
    for (let k = 0; k < taps; k++) {
      const t = k - (half - 1) - p / phases; // distance from the middle, in samples of the input
      const w = t / half;
      if (Math.abs(w) >= 1) continue;
      const a = 2 * Math.PI * cutoff * t;
      row[k] = (a === 0 ? 1 : Math.sin(a) / a) * (bessel(beta * Math.sqrt(1 - w * w)) / norm);
      sum += row[k];
    }
    for (let k = 0; k < taps; k++) bank[p * taps + k] = row[k] / sum;
  }
  return bank;
}
