// A live session: sound in, words out, and what the page needs to know between. It is loaded when somebody is about to begin.
import { Client, TranscriptionError, capture, openDisplay, openMicrophone, playFile, presigner } from "../client/index.js";
import { clock } from "../format.js";
import { Recorder } from "./recorder.js";
import { Store } from "./store.js";
import { Transcript } from "./transcript.js";
import { Waveform } from "./waveform.js";

export { Recorder, Store, Transcript, Waveform };

const lasting = 50; // latencies that the median is of
const silence = 0.004; // a peak below which nobody is heard
const rate = 16000;

/** What the console's API has thrown, as the client's kind of error. */
async function through(call) {
  try {
    return await call;
  } catch (err) {
    throw new TranscriptionError(err.code || "unavailable", err.message, { cause: err, retryable: err.status === 0 || err.status >= 500 });
  }
}

const median = (list) => (list.length === 0 ? undefined : [...list].sort((a, b) => a - b)[list.length >> 1]);

export class Session {
  /**
   * on has: state(name, detail), time(seconds), latency({first, final}), problem(text, error), quiet(yes), said(). pace is how many times faster
   * than they are spoken files are played.
   */
  constructor({ api, settings, transcript, waveform, recorder, on, pace = 1 }) {
    Object.assign(this, { api, settings, transcript, waveform, recorder, on, pace });
    this.runs = 0;
    this.stream = null;
  }

  get running() {
    return this.stream !== null;
  }

  /** Begins with "microphone", "display" or a file. It resolves when sound flows, and fails when none can. */
  async start(source) {
    if (this.running) return;
    const { values, options } = this.settings;
    const run = ++this.runs;
    const base = this.recorder.length / this.recorder.rate; // times go on where the last run ended
    const seen = new Map(); // partials by id: when the first of them came
    const latencies = { first: [], final: [] };
    const shifted = (r) => ({
      ...r, id: `${run}/${r.id}`, start: r.start + base, end: r.end + base,
      words: r.words.map((w) => ({ ...w, start: w.start + base, end: w.end + base })),
      ...(r.entities ? { entities: r.entities.map((e) => ({ ...e, start: e.start + base, end: e.end + base })) } : {}),
    });
    const noted = (r) => {
      if (r.text === "" || seen.has(r.id)) return;
      const spoken = this.stream?.when(r.start);
      seen.set(r.id, true);
      if (spoken !== undefined) latencies.first.push(Math.max(0, performance.now() - spoken));
    };
    const tellLatency = () => {
      for (const list of Object.values(latencies)) list.splice(0, list.length - lasting);
      this.on.latency({ first: median(latencies.first), final: median(latencies.final) });
    };
    this.on.state("starting");
    let stream;
    let told = 0; // the end of the last final
    // What nobody will ever read must be said: the transcript shows no gap by itself.
    const lost = () => (stream && told > 0 && stream.duration > told + 1 ? `. What was said from ${clock(base + told)} on was not transcribed` : "");
    try {
      // Who speaks goes on while the server is away, which may be for long: what was said is kept for ten minutes (19 MB).
      const client = new Client({ url: location.origin, protocol: values.protocol, keep: 600, attempts: 90, ...this.#credentials() });
      stream = client.stream(options, {
        onPartial: (r) => {
          if (this.stream !== stream) return;
          noted(r);
          tellLatency();
          this.waveform.mark(shifted(r));
          this.transcript.partial(shifted(r));
        },
        onFinal: (r) => {
          noted(r);
          told = Math.max(told, r.end);
          seen.delete(r.id);
          if (r.latency !== undefined) latencies.final.push(r.latency);
          tellLatency();
          this.waveform.mark(shifted(r));
          this.transcript.final(shifted(r));
          this.on.said();
        },
        onState: (s) => {
          if (s.state === "open") this.on.state(this.played ? "playing" : "live", this.played);
          else if (s.state === "reconnecting") this.on.state("reconnecting", s);
          else if (s.state === "finishing") this.on.state("finishing");
        },
        onError: (err) => this.on.problem(err.message + lost(), err),
      });
    } catch (err) {
      this.on.state("idle");
      throw err;
    }
    this.stream = stream;
    this.away = new AbortController();
    this.played = undefined;
    void stream.done.catch(() => {}).then(() => this.#ended(stream));
    try {
      this.source = await this.#open(source, stream, base);
    } catch (err) {
      stream.abort();
      throw err;
    }
  }

  #credentials() {
    const { values } = this.settings;
    if (values.protocol === "amazon") {
      if (values.as === "me") return { presign: async (parameters) => (await through(this.api.post("/presign", { parameters, region: values.region, medical: false }))).url };
      const { accessKeyId, secretAccessKey, sessionToken, region } = values;
      return { presign: presigner({ url: location.origin, accessKeyId: accessKeyId.trim(), secretAccessKey: secretAccessKey.trim(), region: region.trim() || "us-east-1", ...(sessionToken.trim() ? { sessionToken: sessionToken.trim() } : {}) }) };
    }
    if (values.as === "me") return { apiKey: async () => (await through(this.api.post("/ticket", {}))).api_key, explain: (query) => this.#why(query) };
    return { apiKey: values.apiKey.trim() };
  }

  /** Why the server has refused a stream: browsers are not told, and tickets are for nothing but streams. */
  async #why(query) {
    const { refused, code, message, status } = await this.api.post("/why", { query });
    return refused ? new TranscriptionError(code, message, { status, retryable: status === 429 || status >= 500 }) : null;
  }

  async #open(source, stream, base) {
    let heard = performance.now();
    let quiet = false;
    const onAudio = (samples) => {
      const mono = this.#mono(samples, stream.channels);
      this.recorder.write(mono);
      this.waveform.write(mono);
      this.on.time(base + stream.duration);
      let peak = 0;
      for (let i = 0; i < mono.length; i += 4) peak = Math.max(peak, Math.abs(mono[i]));
      if (peak > silence) heard = performance.now();
      const now = performance.now() - heard > 5000;
      if (now !== quiet) this.on.quiet((quiet = now));
    };
    if (source instanceof Blob) {
      const url = URL.createObjectURL(source);
      const sound = new Audio(url);
      sound.muted = !this.listen;
      this.sound = sound;
      const stop = async () => {
        this.away.abort();
        sound.pause();
        URL.revokeObjectURL(url);
        this.sound = null;
      };
      const onStart = (duration) => {
        this.played = { name: source.name ?? "", duration };
        this.on.state("playing", this.played);
        void sound.play().catch(() => {}); // what the browser cannot play may still be transcribed
      };
      const playing = playFile(stream, source, { rate: this.pace, signal: this.away.signal, onAudio, onStart });
      playing.then(() => this.stop(), (err) => {
        this.on.problem(err.message, err);
        stream.abort();
      });
      return { stop };
    }
    const media = source === "display" ? await openDisplay({ channels: stream.channels }) : await openMicrophone({ channels: stream.channels });
    if (this.stream !== stream) {
      for (const track of media.getTracks()) track.stop();
      return { stop: async () => {} };
    }
    return capture(stream, media, { onAudio, onEnd: () => this.stop() });
  }

  #mono(samples, channels) {
    if (channels === 1) return samples;
    const out = new Float32Array(samples.length / channels);
    for (let i = 0; i < out.length; i++) {
      for (let c = 0; c < channels; c++) out[i] += samples[i * channels + c] / channels;
    }
    return out;
  }

  /** Whether a file can be heard while it is played. */
  hear(yes) {
    this.listen = yes;
    if (this.sound) this.sound.muted = !yes;
  }

  /** Ends the sound; the last words are waited for. */
  async stop() {
    const { stream, source } = this;
    if (!stream) return;
    this.source = null;
    await source?.stop();
    await stream.finish().catch(() => {}); // problem has been called
  }

  /** Ends everything at once. */
  abort() {
    void this.source?.stop();
    this.source = null;
    this.stream?.abort();
  }

  async #ended(stream) {
    if (this.stream !== stream) return;
    this.stream = null;
    this.away.abort();
    const { source } = this;
    this.source = null;
    await source?.stop();
    this.on.quiet(false);
    this.on.state("idle");
  }
}

export const newRecorder = () => new Recorder(rate, 1);
