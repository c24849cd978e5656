// Speechall's protocol: the parameters in the query, audio in binary messages, an object in JSON for each result.
import { TranscriptionError } from "./errors.js";

/** @import { Connection, Message, Protocol, StreamOptions } from "./protocol.js" */

const lasting = new Set(["invalid_request_error", "unauthenticated", "permission_denied", "payment_required", "not_found", "rate_limit_exceeded"]);

/**
 * The query of a request.
 * @param {StreamOptions} o
 * @param {Record<string, string>} [more]
 * @returns {URLSearchParams}
 */
export function query(o, more = {}) {
  const q = new URLSearchParams();
  /** @param {string} name @param {unknown} value */
  const set = (name, value) => {
    if (value !== undefined && value !== null && value !== "") q.set(name, String(value));
  };
  if (!o.model) throw new TranscriptionError("invalid", 'Speechall\'s protocol needs the option "model", such as "local.NAME"');
  set("model", o.model);
  set("language", o.language);
  if (o.punctuation === false) set("punctuation", "false");
  if (o.speakers) set("diarization", "true");
  set("speakers_expected", o.speakersExpected);
  set("ruleset_id", o.ruleset);
  set("initial_prompt", o.prompt);
  set("temperature", o.temperature);
  for (const term of o.terms ?? []) q.append("custom_vocabulary", term);
  for (const [name, value] of Object.entries({ ...more, ...o.parameters })) set(name, value);
  return q;
}

/**
 * @param {string} base `ws:` or `wss:`, without a path
 * @param {(() => Promise<string>)} apiKey
 * @param {StreamOptions} o
 * @returns {Protocol & {query: string}} with the query of its address, but for the key
 */
export function speechall(base, apiKey, o) {
  if ((o.channels ?? 1) !== 1) throw new TranscriptionError("unsupported", "Speechall's protocol has one channel; two need Amazon's");
  const interim = o.interim !== false;
  const q = query(o, { output_format: "json", ...(interim ? { interim_results: "true" } : {}) });
  return {
    rate: 16000,
    channels: 1,
    query: q.toString(),
    async connect() {
      const asked = new URLSearchParams(q);
      asked.set("api_key", await apiKey());
      return { url: `${base}/v1/transcribe?${asked}`, ...talk };
    },
  };
}

const control = (/** @type {string} */ type) => JSON.stringify({ type });

/** @type {Omit<Connection, "url">} */
const talk = {
  audio: (bytes) => bytes,
  end: () => control("CloseStream"),
  keepAlive: () => control("KeepAlive"),
  finalize: () => control("Finalize"),
  retry: (code) => code !== 1008 && code !== 1009 && code !== 1003 && code !== 1007,
  read: (data) => (typeof data === "string" ? read(data) : {}),
};

/** @param {string} data @returns {Message} */
function read(data) {
  let m;
  try {
    m = JSON.parse(data);
  } catch {
    return { error: new TranscriptionError("malformed", "a message of the server is not JSON", { retryable: true }) };
  }
  if (typeof m?.text !== "string") {
    if (typeof m?.message !== "string") return {};
    const code = typeof m.code === "string" ? m.code : "unavailable";
    return { error: new TranscriptionError(code, m.message, { retryable: !lasting.has(code) }) };
  }
  /** @type {any[]} */
  const list = Array.isArray(m.words) ? m.words : [];
  const words = list.map((w) => ({
    text: String(w.word ?? w.text),
    start: Number(w.start),
    end: Number(w.end),
    ...(w.confidence === undefined ? {} : { confidence: w.confidence }),
    ...(w.speaker === undefined ? {} : { speaker: w.speaker }),
  }));
  /** @type {any[]} */
  const segments = Array.isArray(m.segments) ? m.segments : [];
  /** @type {unknown[]} */
  const starts = [...segments.map((s) => s.start), ...words.map((w) => w.start)];
  /** @type {unknown[]} */
  const ends = [...segments.map((s) => s.end), ...words.map((w) => w.end)];
  const known = (/** @type {unknown[]} */ times) => /** @type {number[]} */ (times.filter((t) => typeof t === "number" && Number.isFinite(t)));
  return {
    results: [
      {
        id: String(m.id),
        final: m.is_final !== false, // only who asked for interim results sees the member
        text: m.text,
        words,
        start: known(starts).length > 0 ? Math.min(...known(starts)) : NaN,
        end: known(ends).length > 0 ? Math.max(...known(ends)) : NaN,
        ...(m.language === undefined ? {} : { language: m.language }),
      },
    ],
  };
}
