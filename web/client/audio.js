// Samples in their forms.
import { TranscriptionError } from "./errors.js";

/**
 * Samples from -1 to 1 as signed 16-bit ones; what is beyond is cut.
 * @param {Float32Array} samples
 * @returns {Int16Array}
 */
export function toPcm16(samples) {
  const out = new Int16Array(samples.length);
  for (let i = 0; i < samples.length; i++) {
    const s = samples[i];
    out[i] = Math.max(-32768, Math.min(32767, Math.round(s * 32768)));
  }
  return out;
}

/**
 * Signed 16-bit samples as ones from -1 to 1.
 * @param {Int16Array} samples
 * @returns {Float32Array}
 */
export function fromPcm16(samples) {
  const out = new Float32Array(samples.length);
  for (let i = 0; i < samples.length; i++) out[i] = samples[i] / 32768;
  return out;
}

/**
 * Channels of equal length as one row of samples, in turns. One channel is returned as it is.
 * @param {Float32Array[]} channels
 * @returns {Float32Array}
 */
export function interleave(channels) {
  if (channels.length === 1) return channels[0];
  const n = channels.length;
  const out = new Float32Array(n * channels[0].length);
  channels.forEach((samples, c) => {
    for (let i = 0; i < samples.length; i++) out[i * n + c] = samples[i];
  });
  return out;
}

/**
 * As many channels as are wanted: one is the mean of all, and more than there are repeat the last.
 * @param {Float32Array[]} channels
 * @param {number} wanted
 * @returns {Float32Array[]}
 */
export function mix(channels, wanted) {
  if (channels.length === wanted) return channels;
  if (wanted > 1) return Array.from({ length: wanted }, (_, c) => channels[Math.min(c, channels.length - 1)]);
  const out = new Float32Array(channels[0].length);
  for (const samples of channels) {
    for (let i = 0; i < out.length; i++) out[i] += samples[i] / channels.length;
  }
  return [out];
}

/**
 * The little-endian bytes of what may be given to a stream.
 * @param {Int16Array | Float32Array | ArrayBuffer | Uint8Array} audio
 * @returns {Uint8Array} a copy
 */
export function toBytes(audio) {
  if (audio instanceof Float32Array) audio = toPcm16(audio);
  if (audio instanceof Int16Array) {
    const out = new Uint8Array(audio.length * 2);
    const view = new DataView(out.buffer);
    for (let i = 0; i < audio.length; i++) view.setInt16(2 * i, audio[i], true);
    return out;
  }
  if (audio instanceof ArrayBuffer) return new Uint8Array(audio.slice(0));
  if (ArrayBuffer.isView(audio)) return new Uint8Array(audio.buffer, audio.byteOffset, audio.byteLength).slice();
  throw new TranscriptionError("invalid", "audio is an Int16Array, a Float32Array, or an ArrayBuffer or Uint8Array with 16-bit samples");
}

/**
 * Reads a WAV file: PCM of 8, 16, 24 or 32 bits, or 32-bit float. It is for files whose rate the browser would change while decoding, and for Node.
 * @param {ArrayBuffer} file
 * @returns {{rate: number, channels: Float32Array[]} | null} null for what is no such file
 */
export function parseWav(file) {
  const view = new DataView(file);
  /** @param {number} at */
  const tag = (at) => (at + 4 <= file.byteLength ? view.getUint32(at) : 0);
  if (tag(0) !== 0x52494646 || tag(8) !== 0x57415645) return null; // RIFF, WAVE
  let kind = 0;
  let bits = 0;
  let count = 0;
  let rate = 0;
  for (let at = 12; at + 8 <= file.byteLength; ) {
    const length = view.getUint32(at + 4, true);
    const body = at + 8;
    if (tag(at) === 0x666d7420 && length >= 16 && body + 16 <= file.byteLength) {
      kind = view.getUint16(body, true);
      count = view.getUint16(body + 2, true);
      rate = view.getUint32(body + 4, true);
      bits = view.getUint16(body + 14, true);
      if (kind === 0xfffe && length >= 26 && body + 26 <= file.byteLength) kind = view.getUint16(body + 24, true);
    } else if (tag(at) === 0x64617461) {
      const read = reader(view, kind, bits);
      if (!read || count === 0 || rate === 0) return null;
      const frame = (count * bits) / 8;
      const frames = Math.floor(Math.min(length, file.byteLength - body) / frame);
      const channels = Array.from({ length: count }, () => new Float32Array(frames));
      for (let i = 0; i < frames; i++) {
        for (let c = 0; c < count; c++) channels[c][i] = read(body + i * frame + (c * bits) / 8);
      }
      return { rate, channels };
    }
    at = body + length + (length & 1);
  }
  return null;
}

/** @param {DataView} view @param {number} kind @param {number} bits @returns {((at: number) => number) | null} */
function reader(view, kind, bits) {
  if (kind === 3 && bits === 32) return (at) => view.getFloat32(at, true);
  if (kind !== 1) return null;
  switch (bits) {
    case 8:
      return (at) => (view.getUint8(at) - 128) / 128;
    case 16:
      return (at) => view.getInt16(at, true) / 32768;
    case 24:
      return (at) => (view.getInt16(at + 1, true) * 256 + view.getUint8(at)) / 8388608;
    case 32:
      return (at) => view.getInt32(at, true) / 2147483648;
  }
  return null;
}
