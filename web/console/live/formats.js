// The transcript as files.
import { pieces } from "../client/results.js";

const width = 42; // characters in a line of subtitles
const lines = 2;
const longest = 6; // seconds of a cue
const shortest = 0.8;

export const text = (store) => [...store].map((s) => s.text).join("\n") + "\n";

export function json(store, about = {}) {
  const segments = [...store].map(({ text, start, end, channel, language, entities, words }) => ({
    start, end, text, channel, language, entities,
    words: words.map(({ text, start, end, confidence, speaker }) => ({ text, start, end, confidence, speaker })),
  }));
  return JSON.stringify({ ...about, duration: store.duration, segments }, null, 2) + "\n";
}

/** Cues: {start, end, text}, at most two lines each, none longer than six seconds, none over the next. */
export function cues(store) {
  const out = [];
  for (const segment of store) {
    let open = null;
    // Marks go with the word before them.
    const parts = [];
    for (const p of pieces(segment)) {
      if (p.word || parts.length === 0) parts.push({ text: p.text, start: p.word?.start ?? segment.start, end: p.word?.end ?? segment.start });
      else parts.at(-1).text += p.text;
    }
    if (segment.words.length === 0 && parts.length > 0) parts[0].end = segment.end;
    for (const part of parts) {
      const whole = open ? open.text + part.text : part.text;
      const full = open && (fold(whole).length > lines || part.end - open.start > longest || part.start - open.end > 1);
      if (!open || full) {
        open = { start: part.start, end: part.end, text: part.text };
        out.push(open);
      } else {
        open.text = whole;
        open.end = part.end;
      }
    }
  }
  out.sort((a, b) => a.start - b.start);
  out.forEach((cue, i) => {
    const next = out[i + 1]?.start ?? Infinity;
    cue.end = Math.max(cue.end, Math.min(cue.start + shortest, next));
    if (cue.end > next && next > cue.start) cue.end = next;
    cue.text = fold(cue.text).join("\n");
  });
  return out.filter((cue) => cue.text !== "");
}

/** A text in lines. What has no spaces is cut anywhere. */
function fold(text) {
  const out = [];
  let line = "";
  for (const word of text.trim().split(/\s+/)) {
    if (line !== "" && line.length + 1 + word.length > width) {
      out.push(line);
      line = "";
    }
    line += (line === "" ? "" : " ") + word;
    while (line.length > width) {
      out.push(line.slice(0, width));
      line = line.slice(width);
    }
  }
  if (line !== "") out.push(line);
  return out;
}

const stamp = (seconds, point) => {
  const ms = Math.round(seconds * 1000);
  const two = (n) => String(Math.floor(n)).padStart(2, "0");
  return `${two(ms / 3600000)}:${two((ms / 60000) % 60)}:${two((ms / 1000) % 60)}${point}${String(ms % 1000).padStart(3, "0")}`;
};

// An arrow within a text would be read as times, an empty line as the end of the cue.
const plain = (text) => text.replaceAll("-->", "→");

export const srt = (store) => cues(store).map((c, i) => `${i + 1}\n${stamp(c.start, ",")} --> ${stamp(c.end, ",")}\n${plain(c.text)}\n\n`).join("");

export const vtt = (store) =>
  "WEBVTT\n\n" + cues(store).map((c) => `${stamp(c.start, ".")} --> ${stamp(c.end, ".")}\n${plain(c.text).replaceAll("&", "&amp;").replaceAll("<", "&lt;")}\n\n`).join("");

const kinds = { text: ["txt", "text/plain", text], json: ["json", "application/json", json], srt: ["srt", "text/plain", srt], vtt: ["vtt", "text/vtt", vtt] };

/** The name of a file with the transcript, what is in it, and its type. */
export function file(format, store, about) {
  const [ending, type, write] = kinds[format];
  const made = new Date().toISOString();
  return [`transcript-${made.slice(0, 16).replace(/[:T]/g, "-")}.${ending}`, write(store, { ...about, made }), type];
}
