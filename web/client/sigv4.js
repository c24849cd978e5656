// Addresses signed with an access key (AWS Signature Version 4, in the query), by WebCrypto. In a browser, a secret belongs here only when its
// user has typed it in for this moment; otherwise let a server of yours sign.
import { TranscriptionError } from "./errors.js";

const utf8 = new TextEncoder();

/** @param {string} s percent-encoded as the signature wants it: all but letters, digits and -._~ */
const escape = (s) => encodeURIComponent(s).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);

/** @param {ArrayBuffer} b */
const hex = (b) => Array.from(new Uint8Array(b), (n) => n.toString(16).padStart(2, "0")).join("");

function subtle() {
  const found = globalThis.crypto?.subtle;
  if (!found) throw new TranscriptionError("unsupported", "signing needs WebCrypto, which browsers have on https:// and on localhost only");
  return found;
}

/** @param {string} s */
const sha256 = async (s) => hex(await subtle().digest("SHA-256", utf8.encode(s)));

/** @param {BufferSource} key @param {string} s */
async function hmac(key, s) {
  const k = await subtle().importKey("raw", key, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  return subtle().sign("HMAC", k, utf8.encode(s));
}

/**
 * Signs an address with what identifies the caller in its query.
 * @param {object} o
 * @param {string | URL} o.url with its query, not percent-encoded twice; `ws`, `wss`, `http` or `https`
 * @param {string} o.accessKeyId
 * @param {string} o.secretAccessKey
 * @param {string} [o.sessionToken] of temporary credentials
 * @param {string} [o.region]
 * @param {string} [o.service]
 * @param {number} [o.expires] seconds for which the address may be used to connect, 1 to 300
 * @param {Date} [o.date] now, unless told
 * @returns {Promise<string>}
 */
export async function presign({ url, accessKeyId, secretAccessKey, sessionToken, region = "us-east-1", service = "transcribe", expires = 300, date = new Date() }) {
  if (!accessKeyId || !secretAccessKey) throw new TranscriptionError("invalid", "signing needs an access key and its secret");
  const u = new URL(url);
  const stamp = date.toISOString().replace(/[-:]|\.\d+/g, "");
  const scope = `${stamp.slice(0, 8)}/${region}/${service}/aws4_request`;
  /** @type {[string, string][]} */
  const pairs = [
    ...u.searchParams,
    ["X-Amz-Algorithm", "AWS4-HMAC-SHA256"],
    ["X-Amz-Credential", `${accessKeyId}/${scope}`],
    ["X-Amz-Date", stamp],
    ["X-Amz-Expires", String(expires)],
    ["X-Amz-SignedHeaders", "host"],
  ];
  if (sessionToken) pairs.push(["X-Amz-Security-Token", sessionToken]);
  const query = pairs
    .map(([name, value]) => [escape(name), escape(value)])
    .sort((a, b) => (a[0] < b[0] || (a[0] === b[0] && a[1] < b[1]) ? -1 : 1))
    .map((pair) => pair.join("="))
    .join("&");
  const request = ["GET", u.pathname, query, `host:${u.host}`, "", "host", await sha256("")].join("\n");
  const toSign = ["AWS4-HMAC-SHA256", stamp, scope, await sha256(request)].join("\n");
  /** @type {BufferSource} */
  let key = utf8.encode(`AWS4${secretAccessKey}`);
  for (const part of scope.split("/")) key = await hmac(key, part);
  return `${u.protocol}//${u.host}${u.pathname}?${query}&X-Amz-Signature=${hex(await hmac(key, toSign))}`;
}

/**
 * Makes the option `presign` of a client from an access key.
 * @param {object} o
 * @param {string | URL} o.url of the server
 * @param {string} o.accessKeyId
 * @param {string} o.secretAccessKey
 * @param {string} [o.sessionToken]
 * @param {string} [o.region]
 * @param {boolean} [o.medical]
 * @returns {(parameters: Record<string, string>) => Promise<string>}
 */
export function presigner({ url, medical = false, ...key }) {
  const path = `/${medical ? "medical-" : ""}stream-transcription-websocket`;
  return (parameters) => {
    const u = new URL(path, url);
    u.protocol = u.protocol.replace("http", "ws");
    u.search = new URLSearchParams(parameters).toString();
    return presign({ ...key, url: u });
  };
}
