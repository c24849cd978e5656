// The rows of the transcript: words with all that is known of them, as shades, colours and marks, and in words for who sees none of these.
import { pieces } from "../client/results.js";
import { clock } from "../format.js";
import { h } from "../ui.js";

/** What there is to know of a word, as a sentence for everybody: shades and colours are not for all. */
export function describe(word) {
  const facts = [`${word.start.toFixed(2)}–${word.end.toFixed(2)} s`];
  if (word.confidence !== undefined) facts.push(`confidence ${Math.round(word.confidence * 100)} %`);
  if (word.who) facts.push(word.who);
  if (word.entity) facts.push(word.entity.toLowerCase().replaceAll("_", " "));
  return facts.join(" · ");
}

const shade = (confidence) => (confidence === undefined ? 4 : confidence >= 0.9 ? 4 : confidence >= 0.75 ? 3 : confidence >= 0.55 ? 2 : confidence >= 0.35 ? 1 : 0);

/** The name of a speaker for people. */
export const speakerName = (name) => (/^\d+$/.test(name) ? `Speaker ${Number(name) + 1}` : name.replace(/^spk_(\d+)$/, (_, n) => `Speaker ${Number(n) + 1}`));

/**
 * Who speaks. The label has a direction of its own, so that the text alone decides which way it runs; what parts them is a space, which lies
 * on the right side of the label in either direction, as a margin of its own would not.
 */
const label = (colour, name) => [h("b", { dir: "auto", class: `t-who s${colour}` }, name), "\u2002"];

/** A row of what stays. store knows the speakers and the languages. */
export function rowOf(segment, store) {
  const { text, words, entities = [], n } = segment;
  const parts = [];
  let at = 0;
  let speaker;
  words.forEach((word, w) => {
    if (word.speaker !== undefined && word.speaker !== speaker) {
      speaker = word.speaker;
      parts.push(...label(store.speaker(speaker) % 8, speakerName(speaker)));
    }
    const entity = entities.find((e) => (word.start + word.end) / 2 >= e.start && (word.start + word.end) / 2 <= e.end);
    const until = w + 1 < words.length ? words[w + 1].from : text.length;
    const uncertain = word.confidence !== undefined && word.confidence < 0.55;
    const what = entity?.type ?? entity?.category;
    if (word.from > at) parts.push(text.slice(at, word.from));
    parts.push(h("span", {
      class: `t-word c${shade(word.confidence)}${entity ? " entity" : ""}`, "data-w": w, role: "button", tabindex: -1,
      "aria-label": uncertain || entity ? `${word.text}${entity ? `, ${what.toLowerCase()}` : ""}${uncertain ? `, uncertain, ${Math.round(word.confidence * 100)} percent` : ""}` : null,
    }, word.text));
    if (until > word.to) parts.push(text.slice(word.to, until));
    at = until;
  });
  if (at < text.length) parts.push(text.slice(at));
  const first = words.find((w) => w.speaker !== undefined)?.speaker;
  const colour = first !== undefined ? store.speaker(first) % 8 : segment.channel;
  return h("div", { class: `t-row${colour === undefined ? "" : ` s${colour}`}`, "data-n": n },
    h("button", { type: "button", class: "t-time", "aria-label": `Play from ${clock(segment.start)}`, tabindex: -1 }, clock(segment.start)),
    h("p", { class: "t-text", dir: "auto", lang: segment.language ?? null },
      segment.language && store.tags.length > 1 ? h("span", { dir: "auto", class: "tag t-lang" }, segment.language) : null,
      ...(segment.channel === undefined ? [] : label(segment.channel % 8, `Channel ${segment.channel + 1}`)),
      ...parts));
}

/** A row of what may still change. */
export function openRow(result) {
  const stable = result.words.findLastIndex((w) => w.stable);
  const settled = stable < 0 ? 0 : endOf(result, stable);
  return h("div", { class: "t-row open" }, h("span", { class: "t-time", "aria-hidden": "true" }, clock(result.start)),
    h("p", { class: "t-text", dir: "auto", lang: result.language ?? null },
      ...(result.channel === undefined ? [] : label(result.channel, `Channel ${result.channel + 1}`)),
      settled > 0 ? h("span", { class: "t-stable" }, result.text.slice(0, settled)) : null, result.text.slice(settled)));
}

/** Where in the text a word ends. */
function endOf(result, index) {
  let at = 0;
  let n = -1;
  for (const { text, word } of pieces(result)) {
    at += text.length;
    if (word && ++n === index) return at;
  }
  return 0;
}
