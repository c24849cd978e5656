// Sound of a browser: the microphone, and what a screen or tab plays.
import { interleave, mix } from "./audio.js";
import { TranscriptionError } from "./errors.js";
import { Resampler } from "./resample.js";

/** @import { Stream } from "./stream.js" */

/**
 * @typedef {object} CaptureOptions
 * @property {MediaTrackConstraints} [audio] more wishes, such as `{deviceId}` or `{echoCancellation: true}`
 * @property {(samples: Float32Array) => void} [onAudio] what is sent, as samples from -1 to 1, channels in turns: for meters and waveforms
 * @property {() => void} [onEnd] the device is gone, or the user has ended the sharing
 */

/**
 * @typedef {object} Capture
 * @property {MediaStream} media
 * @property {() => Promise<void>} stop sends what has been heard, and lets the device go; the stream goes on
 */

// What browsers do to sound for those who listen to it takes from speech what recognizers hear: measured, one word in ten.
const raw = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };

/**
 * Asks for the microphone. It must be called where the user has just pressed something. The sound comes as it is: where loudspeakers play
 * what shall not be transcribed, ask for `audio: {echoCancellation: true}`.
 * @param {{channels?: number, audio?: MediaTrackConstraints}} [options]
 * @returns {Promise<MediaStream>} for {@link capture}
 */
export function openMicrophone({ channels = 1, audio } = {}) {
  return ask((devices) => devices.getUserMedia({ audio: { channelCount: channels, ...raw, ...audio } }));
}

/**
 * Asks for what a screen, window or tab plays, which the user chooses.
 * @param {{channels?: number, audio?: MediaTrackConstraints}} [options]
 * @returns {Promise<MediaStream>} for {@link capture}
 */
export async function openDisplay({ channels = 1, audio } = {}) {
  const wishes = { channelCount: channels, ...raw, ...audio };
  // Browsers share sound together with a picture only.
  const media = await ask((devices) => devices.getDisplayMedia({ video: true, audio: wishes }));
  if (media.getAudioTracks().length === 0) {
    for (const track of media.getTracks()) track.stop();
    throw new TranscriptionError("permission", "what was chosen shares no sound: choose a tab, and allow its audio");
  }
  return media;
}

/**
 * Sends what the microphone hears until `stop()`. It must be called where the user has just pressed something.
 * @param {Stream} stream
 * @param {CaptureOptions} [options]
 * @returns {Promise<Capture>}
 */
export async function microphone(stream, options = {}) {
  return capture(stream, await openMicrophone({ channels: stream.channels, ...options }), options);
}

/**
 * Sends what a screen, window or tab plays, until `stop()`.
 * @param {Stream} stream
 * @param {CaptureOptions} [options]
 * @returns {Promise<Capture>}
 */
export async function display(stream, options = {}) {
  return capture(stream, await openDisplay({ channels: stream.channels, ...options }), options);
}

/** @param {(devices: MediaDevices) => Promise<MediaStream>} how @returns {Promise<MediaStream>} */
async function ask(how) {
  const devices = globalThis.navigator?.mediaDevices;
  if (!devices) throw new TranscriptionError("unsupported", "a browser gives sound to pages on https:// and on localhost only");
  try {
    return await how(devices);
  } catch (err) {
    const { name, message } = /** @type {Error} */ (err);
    const why =
      name === "NotAllowedError" ? "the browser does not let this page listen: allow it beside the page's address, then begin again" : name === "NotFoundError" ? "there is no microphone" : name === "NotReadableError" ? "the device is used by another program" : message;
    throw new TranscriptionError(name === "NotSupportedError" ? "unsupported" : "permission", why, { cause: err });
  }
}

/**
 * Sends the sound of a MediaStream.
 * @param {Stream} stream
 * @param {MediaStream} media is stopped in the end
 * @param {CaptureOptions} [options]
 * @returns {Promise<Capture>}
 */
export async function capture(stream, media, { onAudio, onEnd } = {}) {
  const context = new AudioContext({ latencyHint: "balanced" });
  /** @type {AudioWorkletNode} */
  let node;
  try {
    await context.audioWorklet.addModule(new URL("./capture-worklet.js", import.meta.url));
    node = new AudioWorkletNode(context, "earshot-capture", { numberOfOutputs: 0, channelCount: stream.channels, channelCountMode: stream.channels > 1 ? "explicit" : "max" });
    await context.resume();
  } catch (err) {
    for (const track of media.getTracks()) track.stop();
    void context.close();
    throw new TranscriptionError("unsupported", "this browser cannot capture sound", { cause: err });
  }
  const resamplers = Array.from({ length: stream.channels }, () => new Resampler(context.sampleRate, stream.rate));
  let over = false;
  /** @type {() => void} */
  let last = () => {};
  const posted = new Promise((resolve) => (last = () => resolve(undefined)));
  const give = (/** @type {Float32Array[]} */ channels) => {
    const samples = interleave(channels);
    if (samples.length === 0) return;
    void stream.send(samples);
    onAudio?.(samples);
  };
  node.port.onmessage = ({ data }) => {
    if (!data) return last();
    give(mix(data, stream.channels).map((samples, c) => resamplers[c].push(samples)));
  };
  const source = context.createMediaStreamSource(media);
  source.connect(node);
  const stop = async () => {
    if (over) return;
    over = true;
    node.port.postMessage("stop");
    // A context that is suspended never answers.
    const timer = setTimeout(last, 500);
    await posted;
    clearTimeout(timer);
    node.port.onmessage = null;
    source.disconnect();
    for (const track of media.getTracks()) track.stop();
    await context.close();
    give(resamplers.map((r) => r.flush()));
  };
  for (const track of media.getAudioTracks()) {
    track.addEventListener("ended", () => {
      if (over) return;
      void stop().finally(() => onEnd?.());
    });
  }
  return { media, stop };
}
