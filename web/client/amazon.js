// Amazon Transcribe's protocol over WebSocket: a signed address, and event-stream messages in both directions.
import { TranscriptionError } from "./errors.js";
import { decode, encode } from "./eventstream.js";

/** @import { Header } from "./eventstream.js" */
/** @import { Connection, Message, Protocol, StreamOptions } from "./protocol.js" */
/** @import { Result } from "./results.js" */

/** Exceptions after which another attempt makes sense. */
const passing = new Set(["InternalFailureException", "ServiceUnavailableException"]);

/**
 * What an address has to ask for.
 * @param {StreamOptions} o
 * @returns {Record<string, string>} the parameters of the query
 */
export function parameters(o) {
  /** @type {Record<string, string>} */
  const p = { "media-encoding": "pcm", "sample-rate": String(o.rate ?? 16000) };
  if (o.language === "auto") {
    p["identify-language"] = "true";
    p["language-options"] = (o.languages ?? []).join(",");
  } else {
    p["language-code"] = o.language ?? "en-US";
  }
  const several = o.language === "auto" ? "s" : "";
  if (o.speakers) p["show-speaker-label"] = "true";
  if ((o.channels ?? 1) > 1) {
    p["enable-channel-identification"] = "true";
    p["number-of-channels"] = String(o.channels);
  }
  if (o.vocabulary) p[`vocabulary-name${several}`] = o.vocabulary;
  if (o.filter) {
    p[`vocabulary-filter-name${several}`] = o.filter;
    p["vocabulary-filter-method"] = o.filterMethod ?? "mask";
  }
  if (o.redact) p["content-redaction-type"] = "PII";
  else if (o.identify) p["content-identification-type"] = "PII";
  if ((o.redact || o.identify) && o.entities?.length) p["pii-entity-types"] = o.entities.join(",");
  if (o.stability) {
    p["enable-partial-results-stabilization"] = "true";
    p["partial-results-stability"] = o.stability;
  }
  return { ...p, ...o.parameters };
}

/** @type {Header[]} */
const audioHeaders = [
  { name: ":message-type", type: "string", value: "event" },
  { name: ":event-type", type: "string", value: "AudioEvent" },
  { name: ":content-type", type: "string", value: "application/octet-stream" },
];

/**
 * @param {(parameters: Record<string, string>) => Promise<string>} presign
 * @param {StreamOptions} o
 * @returns {Protocol}
 */
export function amazon(presign, o) {
  if (o.language === "auto" && (o.languages ?? []).length < 2) {
    throw new TranscriptionError("invalid", 'to identify the language, the option "languages" names two or more to choose from');
  }
  const interim = o.interim !== false;
  const asked = parameters(o);
  return {
    rate: Number(asked["sample-rate"]),
    channels: o.channels ?? 1,
    async connect() {
      return { url: await presign({ ...asked }), ...talk, read: (data) => read(data, interim) };
    },
  };
}

/** @type {Omit<Connection, "url" | "read">} */
const talk = {
  audio: (bytes) => encode({ headers: audioHeaders, payload: bytes }),
  end: () => encode({ headers: audioHeaders, payload: new Uint8Array(0) }),
  retry: (code) => code !== 1008 && code !== 1009 && code !== 1003 && code !== 1007,
};

/** @param {string | ArrayBuffer} data @param {boolean} interim @returns {Message} */
function read(data, interim) {
  if (typeof data === "string") return {};
  let m;
  try {
    m = decode(new Uint8Array(data));
  } catch (err) {
    return { error: /** @type {TranscriptionError} */ (err) };
  }
  /** @param {string} name */
  const header = (name) => m.headers.find((h) => h.name === name)?.value;
  const body = JSON.parse(new TextDecoder().decode(m.payload) || "{}");
  if (header(":message-type") !== "event") {
    const code = String(header(":exception-type") ?? header(":error-code") ?? "InternalFailureException");
    const message = String(body.Message ?? body.message ?? header(":error-message") ?? code);
    return { error: new TranscriptionError(code, message, { retryable: passing.has(code) }) };
  }
  /** @type {any[]} */
  const results = body.Transcript?.Results ?? [];
  return { results: results.filter((r) => interim || !r.IsPartial).map(result) };
}

/** @param {any} r @returns {Result} */
function result(r) {
  const best = r.Alternatives?.[0] ?? { Transcript: "", Items: [] };
  /** @type {any[]} */
  const items = best.Items ?? [];
  return {
    id: r.ResultId,
    final: !r.IsPartial,
    text: best.Transcript,
    start: r.StartTime,
    end: r.EndTime,
    words: items
      .filter((i) => i.Type !== "punctuation")
      .map((i) => ({
        text: i.Content,
        start: i.StartTime,
        end: i.EndTime,
        ...(i.Confidence === undefined ? {} : { confidence: i.Confidence }),
        ...(i.Speaker === undefined ? {} : { speaker: i.Speaker }),
        ...(i.Stable === undefined ? {} : { stable: i.Stable }),
        ...(i.VocabularyFilterMatch ? { match: true } : {}),
      })),
    ...(r.ChannelId === undefined ? {} : { channel: Number(String(r.ChannelId).replace("ch_", "")) }),
    ...(r.LanguageCode === undefined ? {} : { language: r.LanguageCode }),
    ...(best.Entities === undefined
      ? {}
      : {
          entities: best.Entities.map((/** @type {any} */ e) => ({
            text: e.Content,
            category: e.Category,
            ...(e.Type === undefined ? {} : { type: e.Type }),
            start: e.StartTime,
            end: e.EndTime,
          })),
        }),
  };
}
