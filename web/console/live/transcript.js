// The transcript: a list of which only what can be seen is in the page, however long it is.
import { h } from "../ui.js";
import { pieces } from "../client/results.js";
import { Heights } from "./heights.js";

const beyond = 4; // rows above and below what can be seen that are there too, for the keyboard and for quick scrolling
const mostRows = 60;
const lineHeight = 1.65;

/** A time as people write it: 1:02.3, 1:02:03. */
export function clock(seconds, tenths = false) {
  const whole = Math.floor(seconds);
  const two = (n) => String(n).padStart(2, "0");
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor(whole / 60) % 60;
  const text = hours > 0 ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
  return tenths ? `${text}.${Math.floor((seconds % 1) * 10)}` : text;
}

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
const speakerName = (name) => (/^\d+$/.test(name) ? `Speaker ${Number(name) + 1}` : name.replace(/^spk_(\d+)$/, (_, n) => `Speaker ${Number(n) + 1}`));

/**
 * Who speaks. The label has a direction of its own, so that the text alone decides which way it runs; what parts them is a space, which lies
 * on the right side of the label in either direction, as a margin of its own would not.
 */
const label = (colour, name) => [h("b", { dir: "auto", class: `t-who s${colour}` }, name), "\u2002"];

export class Transcript {
  /**
   * store is where finals are; onPlay(start, end) is called for what somebody wants to hear, onWord(text) for what there is to know of
   * the word that is looked at.
   */
  constructor({ store, onPlay = () => {}, onWord = () => {} }) {
    this.store = store;
    this.onPlay = onPlay;
    this.onWord = onWord;
    this.heights = new Heights();
    this.partials = new Map();
    this.shown = new Map(); // rows in the page, by number
    this.follow = true; // stays at the end while something is added
    this.cursor = null; // {n, w}: the word that Tab leads to
    this.before = h("div", { class: "t-space", "aria-hidden": "true" });
    this.rows = h("div", { class: "t-rows" });
    this.after = h("div", { class: "t-space", "aria-hidden": "true" });
    this.open = h("div", { class: "t-open" });
    this.box = h("div", { class: "t-box", role: "region", "aria-label": "Transcript", tabindex: 0 }, this.before, this.rows, this.after, this.open);
    this.latest = h("button", { type: "button", class: "button small t-latest", hidden: true, onclick: () => this.toEnd() }, "Jump to latest");
    this.log = h("div", { class: "visually-hidden", role: "log", "aria-live": "polite", "aria-label": "Captions" });
    this.element = h("div", { class: "transcript" }, this.box, this.latest, this.log);
    this.box.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    this.box.addEventListener("click", (event) => this.#clicked(event));
    this.box.addEventListener("keydown", (event) => this.#pressed(event));
    this.box.addEventListener("focusin", (event) => this.#looked(event.target));
    this.box.addEventListener("mouseover", (event) => this.#looked(event.target));
    this.watch = new ResizeObserver(() => this.#resized());
    this.watch.observe(this.box);
    this.frame = 0;
    this.width = 0;
  }

  unmount() {
    this.watch.disconnect();
    cancelAnimationFrame(this.frame);
  }

  /** The element is about to leave the page: where it stands is noted, since an element that is nowhere has no place. */
  leave() {
    this.left = this.box.scrollTop;
  }

  /** The element is in the page again. */
  back() {
    if (!this.follow && this.left !== undefined) {
      this.after.style.height = `${this.heights.total}px`; // until it is drawn
      this.#scroll(this.left);
    }
    this.left = undefined;
    this.draw();
  }

  clear() {
    this.heights.clear();
    this.partials.clear();
    this.shown.clear();
    this.rows.replaceChildren();
    this.open.replaceChildren();
    this.log.replaceChildren();
    this.cursor = null;
    this.follow = true;
    this.draw();
  }

  /** A result that may still change; an empty text withdraws it. */
  partial(result) {
    if (result.text === "") this.partials.delete(result.id);
    else this.partials.set(result.id, result);
    this.soon();
  }

  /** A result that stays. */
  final(result) {
    this.partials.delete(result.id);
    this.store.add(result, pieces(result));
    this.heights.push(this.#guess(result.text));
    this.#say(result);
    this.soon();
  }

  /** Draws with the next frame, however much comes until then. */
  soon() {
    this.frame ||= requestAnimationFrame(() => {
      this.frame = 0;
      this.draw();
    });
  }

  // Screen readers read finals, each once; partials would be read again with every word.
  #say(result) {
    const line = h("p", { lang: result.language ?? null }, result.text);
    this.log.append(line);
    while (this.log.children.length > 3) this.log.firstChild.remove();
  }

  #guess(text) {
    const perLine = Math.max(20, (this.width - 96) / 8.2);
    return Math.ceil(text.length / perLine) * this.#line() + 14;
  }

  #line() {
    this.lineOf ??= parseFloat(getComputedStyle(this.box).fontSize) * lineHeight || 26;
    return this.lineOf;
  }

  #resized() {
    if (!this.box.isConnected) return;
    if (this.box.clientWidth === this.width) return this.soon();
    this.width = this.box.clientWidth;
    this.lineOf = undefined;
    for (let n = 0; n < this.heights.length; n++) this.heights.set(n, this.#guess(this.store.texts[n]));
    this.shown.clear();
    this.rows.replaceChildren();
    this.soon();
  }

  #scrolled() {
    if (!this.box.isConnected || this.left !== undefined) return;
    const { scrollTop, scrollHeight, clientHeight } = this.box;
    if (scrollTop !== this.placed) this.follow = scrollHeight - scrollTop - clientHeight < 24;
    this.latest.hidden = this.follow;
    this.soon();
  }

  toEnd() {
    this.follow = true;
    this.latest.hidden = true;
    this.draw();
    this.box.focus({ preventScroll: true });
  }

  /** Brings what can be seen into the page, and nothing else. */
  draw() {
    if (!this.box.isConnected) return; // there is nothing to measure; back draws
    this.#drawOpen();
    const { heights, box } = this;
    const view = box.clientHeight;
    const top = this.follow ? Math.max(0, heights.total - view) : Math.min(box.scrollTop, heights.total);
    if (heights.length > 0) {
      const first = Math.max(0, heights.at(top) - beyond);
      const last = Math.min(heights.length, Math.min(first + mostRows, heights.at(top + view) + 1 + beyond));
      this.#drawRows(first, last);
      this.#measure(first, last, top);
    } else {
      this.#drawRows(0, 0);
      this.#space(0, 0);
    }
    if (this.follow && box.scrollHeight > view) this.#scroll(box.scrollHeight - view);
  }

  #scroll(place) {
    this.box.scrollTop = place;
    this.placed = this.box.scrollTop;
  }

  #space(before, after) {
    this.before.style.height = `${before}px`;
    this.after.style.height = `${after}px`;
  }

  #drawRows(first, last) {
    for (const [n, row] of this.shown) {
      if (n >= first && n < last) continue;
      if (row.contains(document.activeElement)) this.box.focus({ preventScroll: true });
      row.remove();
      this.shown.delete(n);
    }
    let next = this.rows.firstChild;
    for (let n = first; n < last; n++) {
      let row = this.shown.get(n);
      if (!row) {
        row = this.#row(this.store.get(n));
        this.shown.set(n, row);
        this.rows.insertBefore(row, next);
      } else {
        next = row.nextSibling;
      }
    }
    this.#tabStop();
  }

  // What was guessed becomes known; what is looked at stays where it is.
  #measure(first, last, top) {
    const anchor = this.heights.at(top);
    const offset = top - this.heights.top(anchor);
    for (let n = first; n < last; n++) this.heights.set(n, this.shown.get(n).offsetHeight);
    const before = this.heights.top(first);
    let inside = 0;
    for (let n = first; n < last; n++) inside += this.heights.values[n];
    this.#space(before, Math.max(0, this.heights.total - before - inside));
    const place = this.heights.top(anchor) + offset;
    if (!this.follow && Math.abs(place - this.box.scrollTop) > 1 && Math.abs(this.box.scrollTop - top) <= 1) this.#scroll(place);
  }

  #drawOpen() {
    const rows = [...this.partials.values()].map((result) => {
      const stable = result.words.findLastIndex((w) => w.stable);
      const settled = stable < 0 ? 0 : endOf(result, stable);
      return h("div", { class: "t-row open" }, h("span", { class: "t-time", "aria-hidden": "true" }, clock(result.start)),
        h("p", { class: "t-text", dir: "auto", lang: result.language ?? null },
          ...(result.channel === undefined ? [] : label(result.channel, `Channel ${result.channel + 1}`)),
          settled > 0 ? h("span", { class: "t-stable" }, result.text.slice(0, settled)) : null, result.text.slice(settled)));
    });
    this.open.replaceChildren(...rows);
  }

  #row(segment) {
    const { text, words, entities = [], n } = segment;
    const parts = [];
    let at = 0;
    let speaker;
    words.forEach((word, w) => {
      if (word.speaker !== undefined && word.speaker !== speaker) {
        speaker = word.speaker;
        parts.push(...label(this.store.speaker(speaker) % 8, speakerName(speaker)));
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
    const colour = first !== undefined ? this.store.speaker(first) % 8 : segment.channel;
    return h("div", { class: `t-row${colour === undefined ? "" : ` s${colour}`}`, "data-n": n },
      h("button", { type: "button", class: "t-time", "aria-label": `Play from ${clock(segment.start)}`, tabindex: -1 }, clock(segment.start)),
      h("p", { class: "t-text", dir: "auto", lang: segment.language ?? null },
        segment.language && this.store.tags.length > 1 ? h("span", { dir: "auto", class: "tag t-lang" }, segment.language) : null,
        ...(segment.channel === undefined ? [] : label(segment.channel % 8, `Channel ${segment.channel + 1}`)),
        ...parts));
  }

  // ---- words ----

  #place(target) {
    const row = target.closest?.(".t-row[data-n]");
    if (!row) return null;
    const word = target.closest(".t-word");
    return { n: Number(row.dataset.n), w: word ? Number(word.dataset.w) : null };
  }

  #word({ n, w }) {
    const segment = this.store.get(n);
    const word = segment.words[w];
    const middle = (word.start + word.end) / 2;
    const entity = segment.entities?.find((e) => middle >= e.start && middle <= e.end);
    return { ...word, who: word.speaker === undefined ? "" : speakerName(word.speaker), entity: entity ? (entity.type ?? entity.category) : "" };
  }

  #looked(target) {
    const place = this.#place(target);
    if (!place || place.w === null) return;
    const word = this.#word(place);
    this.onWord(`“${word.text}” ${describe(word)}`);
  }

  #play(place) {
    const { start, end } = place.w === null ? this.store.get(place.n) : this.#word(place);
    this.onPlay(start, end);
  }

  #clicked(event) {
    const place = this.#place(event.target);
    if (!place || (place.w === null && !event.target.closest(".t-time"))) return;
    if (!getSelection().isCollapsed && event.detail > 0) return; // somebody is marking text
    if (place.w !== null) this.#goto(place, false);
    this.#play(place);
  }

  // The arrows lead from word to word, Enter and the space bar play it: one stop of Tab for the whole transcript.
  #pressed(event) {
    const place = this.#place(event.target);
    if (event.target === this.box && event.key === "Enter" && this.store.length > 0) {
      const n = this.heights.at(this.box.scrollTop);
      return this.#goto({ n, w: 0 });
    }
    if (!place || event.altKey || event.ctrlKey || event.metaKey) return;
    const rtl = getComputedStyle(event.target.closest(".t-text") ?? event.target).direction === "rtl";
    const step = { ArrowRight: rtl ? -1 : 1, ArrowLeft: rtl ? 1 : -1 }[event.key];
    if (step) {
      event.preventDefault();
      const words = this.store.get(place.n).words.length;
      const w = (place.w ?? -1) + step;
      if (w >= 0 && w < words) this.#goto({ n: place.n, w });
      else this.#next(place.n, step, step > 0 ? 0 : Infinity);
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      this.#next(place.n, event.key === "ArrowDown" ? 1 : -1, place.w ?? 0);
    } else if ((event.key === "Enter" || event.key === " ") && place.w !== null) {
      event.preventDefault();
      this.#play(place);
    }
  }

  #next(from, step, w) {
    for (let n = from + step; n >= 0 && n < this.store.length; n += step) {
      const words = this.store.get(n).words.length;
      if (words > 0) return this.#goto({ n, w: Math.min(w, words - 1) });
    }
  }

  #goto({ n, w }, focus = true) {
    this.cursor = { n, w };
    if (!this.shown.has(n)) {
      this.follow = false;
      this.#scroll(Math.max(0, this.heights.top(n) - this.box.clientHeight / 3));
      this.draw();
    }
    this.#tabStop();
    const element = this.shown.get(n)?.querySelector(`[data-w="${w}"]`);
    if (!focus || !element) return;
    element.focus({ preventScroll: true });
    element.scrollIntoView({ block: "nearest" });
  }

  #tabStop() {
    for (const old of this.rows.querySelectorAll('.t-word[tabindex="0"]')) old.tabIndex = -1;
    const row = this.cursor && this.shown.get(this.cursor.n);
    const word = row?.querySelector(`[data-w="${this.cursor.w}"]`) ?? this.rows.querySelector(".t-word");
    if (word) word.tabIndex = 0;
  }
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
