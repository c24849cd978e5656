// Files as if they were spoken now.
import { interleave, mix, parseWav } from "./audio.js";
import { TranscriptionError } from "./errors.js";
import { Resampler } from "./resample.js";

/** @import { Stream } from "./stream.js" */

/**
 * The samples of a file: WAV everywhere, in browsers whatever they play.
 * @param {Blob} file
 * @returns {Promise<{rate: number, channels: Float32Array[]}>}
 */
export async function decodeFile(file) {
  const bytes = await file.arrayBuffer();
  const wav = parseWav(bytes);
  if (wav) return wav;
  const Context = globalThis.OfflineAudioContext;
  if (!Context) throw new TranscriptionError("unsupported", "here, only WAV files can be decoded; transcribeFile sends others to the server as they are");
  try {
    const sound = await new Context(1, 1, 48000).decodeAudioData(bytes);
    return { rate: sound.sampleRate, channels: Array.from({ length: sound.numberOfChannels }, (_, c) => sound.getChannelData(c)) };
  } catch (err) {
    throw new TranscriptionError("invalid", "the file has no sound that this browser can decode", { cause: err });
  }
}

/**
 * Sends the sound of a file at its pace. It does not finish the stream.
 * @param {Stream} stream
 * @param {Blob} file
 * @param {object} [options]
 * @param {number} [options.rate] how many times faster than it is spoken; Infinity: as fast as the server takes it
 * @param {AbortSignal} [options.signal] ends it
 * @param {(samples: Float32Array) => void} [options.onAudio] what is sent
 * @param {(duration: number) => void} [options.onStart] how many seconds it has, when it is decoded
 * @returns {Promise<void>} resolves when all of it has been sent
 */
export async function playFile(stream, file, { rate = 1, signal, onAudio, onStart } = {}) {
  const sound = await decodeFile(file);
  const total = sound.channels[0].length;
  onStart?.(total / sound.rate);
  const resamplers = Array.from({ length: stream.channels }, () => new Resampler(sound.rate, stream.rate));
  const channels = mix(sound.channels, stream.channels);
  const step = Math.ceil(sound.rate / 10);
  const began = performance.now();
  for (let at = 0; at < total; at += step) {
    const early = began + (at / sound.rate / rate) * 1000 - performance.now();
    if (early > 0) await pause(early, signal);
    if (signal?.aborted) return;
    const last = at + step >= total;
    const samples = interleave(
      resamplers.map((r, c) => {
        const out = r.push(channels[c].subarray(at, at + step));
        return last ? join(out, r.flush()) : out;
      }),
    );
    onAudio?.(samples);
    await stream.send(samples);
  }
}

/** @param {Float32Array} a @param {Float32Array} b */
function join(a, b) {
  const out = new Float32Array(a.length + b.length);
  out.set(a);
  out.set(b, a.length);
  return out;
}

/** @param {number} ms @param {AbortSignal} [signal] @returns {Promise<void>} */
function pause(ms, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(end, ms);
    function end() {
      clearTimeout(timer);
      signal?.removeEventListener("abort", end);
      resolve();
    }
    if (signal?.aborted) end();
    else signal?.addEventListener("abort", end);
  });
}
