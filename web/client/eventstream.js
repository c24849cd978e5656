// Amazon's event-stream encoding: messages with typed headers and two checksums. Numbers are big-endian; a message is
// its length, the length of its headers, the checksum of those eight bytes, the headers, the payload, the checksum of all.
import { TranscriptionError } from "./errors.js";

/**
 * @typedef {{name: string, type: "bool", value: boolean}
 *   | {name: string, type: "int8" | "int16" | "int32", value: number}
 *   | {name: string, type: "int64", value: bigint}
 *   | {name: string, type: "bytes", value: Uint8Array}
 *   | {name: string, type: "string" | "uuid", value: string}
 *   | {name: string, type: "timestamp", value: Date}} Header
 */

/** @typedef {{headers: Header[], payload: Uint8Array}} Message */

const table = Uint32Array.from({ length: 256 }, (_, n) => {
  for (let k = 0; k < 8; k++) n = n & 1 ? (n >>> 1) ^ 0xedb88320 : n >>> 1;
  return n >>> 0;
});

/**
 * CRC-32 as in Ethernet and gzip.
 * @param {Uint8Array} bytes
 * @returns {number}
 */
export function crc32(bytes) {
  let c = 0xffffffff;
  for (let i = 0; i < bytes.length; i++) c = table[(c ^ bytes[i]) & 0xff] ^ (c >>> 8);
  return (c ^ 0xffffffff) >>> 0;
}

const mostHeaders = 128 << 10; // bytes of headers that a message may have
const mostPayload = 24 << 20;
const utf8 = new TextEncoder();
const text = new TextDecoder("utf-8", { fatal: true });

/**
 * Encodes a message.
 * @param {Message} message
 * @returns {Uint8Array<ArrayBuffer>}
 */
export function encode({ headers, payload }) {
  const parts = headers.map(encodeHeader);
  const length = parts.reduce((sum, p) => sum + p.length, 0);
  if (length > mostHeaders || payload.length > mostPayload) throw new TranscriptionError("invalid", "the message is too long to be encoded");
  const out = new Uint8Array(16 + length + payload.length);
  const view = new DataView(out.buffer);
  view.setUint32(0, out.length);
  view.setUint32(4, length);
  view.setUint32(8, crc32(out.subarray(0, 8)));
  let at = 12;
  for (const p of parts) {
    out.set(p, at);
    at += p.length;
  }
  out.set(payload, at);
  view.setUint32(out.length - 4, crc32(out.subarray(0, out.length - 4)));
  return out;
}

/** @param {Header} header @returns {Uint8Array} */
function encodeHeader(header) {
  const name = utf8.encode(header.name);
  if (name.length === 0 || name.length > 255) throw new TranscriptionError("invalid", "the name of a header has 1 to 255 bytes");
  const [type, value] = encodeValue(header);
  const out = new Uint8Array(2 + name.length + value.length);
  out[0] = name.length;
  out.set(name, 1);
  out[1 + name.length] = type;
  out.set(value, 2 + name.length);
  return out;
}

/** @param {Header} h @returns {[number, Uint8Array]} the type's number, and the bytes behind it */
function encodeValue(h) {
  switch (h.type) {
    case "bool":
      return [h.value ? 0 : 1, new Uint8Array(0)];
    case "int8":
      return [2, bytesOf(1, (v) => v.setInt8(0, h.value))];
    case "int16":
      return [3, bytesOf(2, (v) => v.setInt16(0, h.value))];
    case "int32":
      return [4, bytesOf(4, (v) => v.setInt32(0, h.value))];
    case "int64":
      return [5, bytesOf(8, (v) => v.setBigInt64(0, h.value))];
    case "bytes":
      return [6, counted(h.value)];
    case "string":
      return [7, counted(utf8.encode(h.value))];
    case "timestamp":
      return [8, bytesOf(8, (v) => v.setBigInt64(0, BigInt(h.value.getTime())))];
    case "uuid":
      return [9, Uint8Array.from(h.value.replaceAll("-", "").match(/../g) ?? [], (pair) => parseInt(pair, 16))];
  }
}

/** @param {number} n @param {(view: DataView) => void} fill */
function bytesOf(n, fill) {
  const out = new Uint8Array(n);
  fill(new DataView(out.buffer));
  return out;
}

/** @param {Uint8Array} value */
function counted(value) {
  if (value.length > 65535) throw new TranscriptionError("invalid", "the value of a header has 65535 bytes at most");
  const out = new Uint8Array(2 + value.length);
  new DataView(out.buffer).setUint16(0, value.length);
  out.set(value, 2);
  return out;
}

/** @param {string} why @returns {never} */
function refuse(why) {
  throw new TranscriptionError("malformed", `a message of the server cannot be read: ${why}`, { retryable: true });
}

/**
 * Decodes a message. The payload is a part of what is given, not a copy.
 * @param {Uint8Array} bytes one whole message
 * @returns {Message}
 */
export function decode(bytes) {
  if (bytes.length < 16) refuse("it is too short");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const length = view.getUint32(4);
  if (view.getUint32(8) !== crc32(bytes.subarray(0, 8))) refuse("the checksum of its lengths is wrong");
  if (view.getUint32(0) !== bytes.length || length > mostHeaders || length > bytes.length - 16) refuse("its length is another");
  if (view.getUint32(bytes.length - 4) !== crc32(bytes.subarray(0, bytes.length - 4))) refuse("its checksum is wrong");
  return { headers: decodeHeaders(bytes.subarray(12, 12 + length)), payload: bytes.subarray(12 + length, bytes.length - 4) };
}

/** @param {Uint8Array} bytes @returns {Header[]} */
function decodeHeaders(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  /** @type {Header[]} */
  const headers = [];
  let at = 0;
  /** @param {number} n @returns {number} where the next n bytes are */
  const take = (n) => {
    if (at + n > bytes.length) refuse("a header ends too early");
    at += n;
    return at - n;
  };
  const rest = () => {
    const n = view.getUint16(take(2));
    const from = take(n);
    return bytes.subarray(from, from + n);
  };
  while (at < bytes.length) {
    const n = bytes[take(1)];
    if (n === 0) refuse("a header has no name");
    const from = take(n);
    const name = words(bytes.subarray(from, from + n));
    switch (bytes[take(1)]) {
      case 0:
        headers.push({ name, type: "bool", value: true });
        break;
      case 1:
        headers.push({ name, type: "bool", value: false });
        break;
      case 2:
        headers.push({ name, type: "int8", value: view.getInt8(take(1)) });
        break;
      case 3:
        headers.push({ name, type: "int16", value: view.getInt16(take(2)) });
        break;
      case 4:
        headers.push({ name, type: "int32", value: view.getInt32(take(4)) });
        break;
      case 5:
        headers.push({ name, type: "int64", value: view.getBigInt64(take(8)) });
        break;
      case 6:
        headers.push({ name, type: "bytes", value: rest().slice() });
        break;
      case 7:
        headers.push({ name, type: "string", value: words(rest()) });
        break;
      case 8:
        headers.push({ name, type: "timestamp", value: new Date(Number(view.getBigInt64(take(8)))) });
        break;
      case 9: {
        const start = take(16);
        const hex = Array.from(bytes.subarray(start, start + 16), (b) => b.toString(16).padStart(2, "0")).join("");
        headers.push({ name, type: "uuid", value: hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-") });
        break;
      }
      default:
        refuse("a header has a type that is not known");
    }
  }
  return headers;
}

/** @param {Uint8Array} bytes */
function words(bytes) {
  try {
    return text.decode(bytes);
  } catch {
    return refuse("a header is not UTF-8");
  }
}
