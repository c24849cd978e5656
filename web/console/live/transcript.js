// The transcript: a list of which only what can be seen is in the page, however long it is.
import { h } from "../ui.js";
import { pieces } from "../client/results.js";
import { Heights } from "./heights.js";
import { describe, openRow, rowOf, speakerName } from "./rows.js";

const beyond = 4; // rows above and below what can be seen that are there too, for the keyboard and for quick scrolling
const mostRows = 60;
const lineHeight = 1.65;

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
    this.watch = new ResizeObserver(() => this.#laidOut());
    for (const part of [this.box, this.rows, this.open]) this.watch.observe(part);
    this.frame = 0;
    this.anchor = { n: 0, offset: 0 }; // what is looked at while the end is not followed: a row, and how far into it
    this.drawn = {}; // how everything was laid out when it was drawn last
    this.width = 0; // that heights are guessed for, with lines of this height
    this.line = 0;
  }

  unmount() {
    this.watch.disconnect();
    cancelAnimationFrame(this.frame);
  }

  /** The element is about to leave the page: an element that is nowhere has no place, and what scrolls it then is nobody. */
  leave() {
    this.gone = true;
  }

  /** The element is in the page again. */
  back() {
    this.gone = false;
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
    this.anchor = { n: 0, offset: 0 };
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
    return Math.ceil(text.length / perLine) * this.line + 14;
  }

  // Guesses anew where lines have another length or height.
  #guessAnew() {
    const width = this.box.clientWidth;
    const line = parseFloat(getComputedStyle(this.box).fontSize) * lineHeight || 26;
    if (width === this.width && line === this.line) return;
    Object.assign(this, { width, line });
    for (let n = 0; n < this.heights.length; n++) this.heights.set(n, this.#guess(this.store.texts[n]));
    if (this.heights.length > 0) this.anchor.offset = Math.min(this.anchor.offset, this.heights.values[this.anchor.n]);
  }

  // How everything is laid out: while it stays so, a scroll is somebody's doing, and after a change it may be nobody's.
  #layout() {
    const { scrollHeight, clientHeight, clientWidth } = this.box;
    return { scrollHeight, clientHeight, clientWidth };
  }

  #asDrawn() {
    return Object.entries(this.#layout()).every(([name, value]) => Math.abs(value - this.drawn[name]) <= 1); // they are rounded
  }

  // Something has another size, and it is not by drawing: the window, the letters, what stands beside. Who was at the end stays there, and
  // who was not keeps what is looked at, before anything of it is painted.
  #laidOut() {
    if (!this.box.isConnected || this.gone || this.#asDrawn()) return;
    const row = this.shown.get(this.anchor.n);
    if (this.follow) this.#toEnd();
    else if (row) this.#scroll(row.offsetTop - this.before.offsetTop + this.anchor.offset);
    this.soon();
  }

  #scrolled() {
    if (!this.box.isConnected || this.gone) return;
    if (this.box.scrollTop !== this.placed && this.#asDrawn()) {
      const { scrollTop, scrollHeight, clientHeight } = this.box;
      this.follow = scrollHeight - scrollTop - clientHeight < 24;
      this.#look();
    }
    this.latest.hidden = this.follow;
    this.soon();
  }

  // What stands at the upper edge is what is looked at.
  #look() {
    if (this.heights.length === 0) return;
    const n = this.heights.at(this.box.scrollTop);
    this.anchor = { n, offset: this.box.scrollTop - this.heights.top(n) };
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
    this.#guessAnew();
    const { heights, box } = this;
    const view = box.clientHeight;
    const anchored = () => heights.top(this.anchor.n) + this.anchor.offset;
    if (heights.length > 0) {
      const top = this.follow ? Math.max(0, heights.total - view) : Math.min(anchored(), heights.total);
      const first = Math.max(0, heights.at(top) - beyond);
      const last = Math.min(heights.length, Math.min(first + mostRows, heights.at(top + view) + 1 + beyond));
      this.#drawRows(first, last);
      this.#measure(first, last);
    } else {
      this.#drawRows(0, 0);
      this.#space(0, 0);
    }
    if (this.follow) this.#toEnd();
    else if (heights.length > 0 && Math.abs(anchored() - box.scrollTop) > 1) this.#scroll(anchored());
    this.placed = box.scrollTop;
    this.drawn = this.#layout();
  }

  #scroll(place) {
    this.box.scrollTop = place;
    this.placed = this.box.scrollTop;
  }

  #toEnd() {
    this.#scroll(Math.max(0, this.box.scrollHeight - this.box.clientHeight));
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
        row = rowOf(this.store.get(n), this.store);
        this.shown.set(n, row);
        this.rows.insertBefore(row, next);
      } else {
        next = row.nextSibling;
      }
    }
    this.#tabStop();
  }

  // What was guessed becomes known.
  #measure(first, last) {
    for (let n = first; n < last; n++) this.heights.set(n, this.shown.get(n).offsetHeight);
    const before = this.heights.top(first);
    let inside = 0;
    for (let n = first; n < last; n++) inside += this.heights.values[n];
    this.#space(before, Math.max(0, this.heights.total - before - inside));
  }

  #drawOpen() {
    this.open.replaceChildren(...[...this.partials.values()].map(openRow));
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
      const place = Math.max(0, this.heights.top(n) - this.box.clientHeight / 3);
      const at = this.heights.at(place);
      this.anchor = { n: at, offset: place - this.heights.top(at) };
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
