// The Live page: press, speak, read. What a stream needs is loaded when somebody is about to begin one.
import { sentence } from "../api.js";
import { announce as say, button, download, h, icon, notice, toast } from "../ui.js";
import { Settings } from "./settings.js";

/** The shell waits for mount before it shows the page. */
export const deferred = true;

const clock = (s) => `${Math.floor(s / 60)}:${String(Math.floor(s % 60)).padStart(2, "0")}`;
const milliseconds = (ms) => (ms === undefined ? "–" : ms < 995 ? `${Math.round(ms / 10) * 10} ms` : `${(ms / 1000).toFixed(1)} s`);

let page = null; // as it was left: what was said is not lost because somebody looks at another page
const who = ({ signed_in: known, kind, account, name }) => (known ? [kind, account, name].join("/") : "");

const leaving = () => /^#\/signin/.test(location.hash); // who signs in, or has signed out

/** mount shows the page in an element, and returns how to leave it. */
export function mount(element, context) {
  const person = who(context.session);
  // What somebody has said is for nobody else; who signs in has been nobody before.
  if (page && page.person !== person && page.person !== "") page.end();
  if (!page || page.gone) page = new Page(context);
  else if (page.person !== person || page.context.session.role !== context.session.role) page.adopt(context);
  page.person = person;
  return page.show(element);
}

class Page {
  constructor(context) {
    this.state = "idle";
    this.parts = null; // what a session needs, once it is loaded
    this.unsaved = false; // something was said since it was saved
    this.shows = 0;
    this.canvas = h("canvas", { class: "l-wave", role: "img", "aria-label": "The sound of the last seconds, with what was recognised below it" });
    this.leave = (event) => {
      if (this.session?.running || this.unsaved) event.preventDefault();
    };
    addEventListener("beforeunload", this.leave);
    this.adopt(context);
  }

  /** Belongs to somebody from now on. */
  adopt(context) {
    this.context = context;
    this.announce = context.announce ?? say;
    this.settings = new Settings({ context, onchange: () => this.#changed() });
    if (this.session) Object.assign(this.session, { api: context.api, settings: this.settings });
    this.#build();
    void this.settings.load();
  }

  /** Puts the page into an element, and returns how to take it away again. */
  show(element) {
    const turn = ++this.shows;
    this.away?.close();
    this.away = null;
    if (this.root.isConnected) this.transcript?.leave();
    element.replaceChildren(this.root);
    requestAnimationFrame(() => this.transcript?.back()); // the shell shows the element a little later
    this.#drops();
    return () => turn === this.shows && this.#hide();
  }

  // Somebody goes elsewhere. The stream goes on, where everybody can see it; for who goes to sign in, or out, it ends.
  #hide() {
    if (this.gone) return;
    this.undrop?.();
    this.transcript?.leave();
    if (!this.session?.running && this.state === "idle" && !this.store?.length) return this.end();
    if (!this.session?.running) return;
    if (leaving()) return void this.session.stop();
    void import("./away.js").then(({ Away }) => {
      if (this.root.isConnected || !this.session?.running) return;
      this.away = new Away({ time: this.time.textContent, onstop: () => this.session.stop() });
    });
  }

  /** Ends everything, and forgets it. */
  end() {
    this.gone = true;
    removeEventListener("beforeunload", this.leave);
    this.undrop?.();
    this.away?.close();
    this.session?.abort();
    this.recorder?.close();
    this.transcript?.unmount();
    this.waveform?.unmount();
  }

  #build() {
    const { context } = this;
    this.begin = h("button", { type: "button", class: "button primary l-begin", onclick: () => this.#toggle() }, icon("live"), h("span", {}, "Start speaking"));
    this.screen = button("Screen or tab", { kind: "l-source", onclick: () => this.#start("display") });
    this.screen.hidden = !navigator.mediaDevices?.getDisplayMedia;
    this.file = h("input", { type: "file", class: "visually-hidden", tabindex: -1, "aria-hidden": "true", accept: "audio/*,video/*,.wav,.flac,.ogg,.opus,.mp3,.m4a,.webm", onchange: (e) => {
      const [file] = e.target.files;
      e.target.value = "";
      if (file) void this.#start(file);
    } });
    this.open = button("A file", { kind: "l-source", onclick: () => this.file.click() });
    this.hear = h("label", { class: "l-hear", hidden: true }, h("input", { type: "checkbox", onchange: (e) => this.session?.hear(e.target.checked) }), "Hear it");
    this.status = h("span", { class: "pill", role: "status" }, "Ready");
    this.time = h("span", { class: "l-clock", role: "timer", "aria-label": "Time" }, "0:00");
    this.first = h("dd", {}, "–");
    this.finals = h("dd", {}, "–");
    this.trouble = h("div", { class: "l-trouble", role: "alert" });
    this.stage = h("div", { class: "l-stage" }, this.#welcome());
    this.word = h("p", { class: "l-word muted", "aria-live": "off" });
    this.exports = h("div", { class: "l-exports", role: "group", "aria-label": "Save the transcript", hidden: true },
      ...[["text", "Text"], ["json", "JSON"], ["srt", "SRT"], ["vtt", "VTT"]].map(([format, label]) =>
        button(label, { kind: "quiet small", mark: format === "text" ? "download" : undefined, "aria-label": `Save as ${label}`, onclick: () => this.#save(format) })),
      (this.forget = button("Clear", { kind: "quiet small", onclick: () => this.#clear() })));
    this.codeButton = button("Show the code", { kind: "quiet small", "aria-expanded": "false", "aria-controls": "live-code", onclick: () => this.#code() });
    this.codeBox = h("section", { class: "card l-code", id: "live-code", "aria-label": "The code", hidden: true });
    const settings = h("details", { class: "card l-side", open: matchMedia("(min-width: 60.001rem)").matches || !this.settings.able },
      h("summary", {}, h("h2", {}, "Settings")), this.settings.element);
    this.root = h("div", { class: "live" },
      h("h1", { class: "visually-hidden", tabindex: -1 }, "Live"),
      h("section", { class: "card l-main", "aria-label": "Live transcription" },
        h("div", { class: "l-bar" }, this.begin, this.screen, this.open, this.file, this.hear,
          h("div", { class: "l-facts" }, this.status, this.time,
            h("dl", { class: "l-latency" }, h("div", { title: "From when a word begins until its first text is here; the middle of the last fifty" }, h("dt", {}, "first words"), this.first),
              h("div", { title: "From the end of what was said until its final text is here; the middle of the last fifty" }, h("dt", {}, "final"), this.finals)))),
        this.canvas, this.trouble, this.stage,
        h("footer", { class: "l-foot" }, this.word, this.exports, this.codeButton)),
      settings, this.codeBox,
      h("div", { class: "l-drop", hidden: true, "aria-hidden": "true" }, h("p", {}, "Drop a recording to hear and read it")));
    for (const source of [this.begin, this.screen, this.open]) {
      source.addEventListener("pointerenter", () => void this.#load(), { once: true });
      source.addEventListener("focus", () => void this.#load(), { once: true });
    }
    if (!this.store?.length) return;
    this.stage.replaceChildren(this.transcript.element);
    this.time.textContent = clock(this.recorder.length / this.recorder.rate);
    this.#state(this.state, this.session.played);
  }

  #welcome() {
    const { signed_in: known, role } = this.context.session;
    const hints = [];
    if (!isSecureContext) hints.push(notice("warn", h("p", {}, "Browsers give the microphone to pages on https:// and on localhost only. Open this console by one of those addresses; files work here as well.")));
    if (known && !this.settings.able) hints.push(notice("", h("p", {}, `As a ${role} you may not stream by yourself: paste a key under Settings.`)));
    if (!known) hints.push(notice("", h("p", {}, "Paste a key under Settings, or ", h("a", { href: "#/signin" }, "sign in"), ".")));
    return h("div", { class: "l-welcome" }, h("p", { class: "l-big" }, "Speak, and read what you say."),
      h("p", { class: "muted" }, "Press the button, or drop a recording anywhere on this page."), ...hints);
  }

  /** Loads what a session needs, once. */
  #load() {
    this.loading ??= import("./session.js").then((parts) => {
      if (this.gone) return;
      this.parts = parts;
      this.store = new parts.Store();
      this.recorder = parts.newRecorder();
      this.transcript = new parts.Transcript({
        store: this.store,
        onWord: (text) => (this.word.textContent = text),
        onPlay: async (start, end) => {
          if (!(await this.recorder.play(start, end))) this.announce("The sound of this is not kept any more");
        },
      });
      this.waveform = new parts.Waveform(this.canvas);
      this.session = new parts.Session({
        api: this.context.api, settings: this.settings, transcript: this.transcript, waveform: this.waveform, recorder: this.recorder,
        on: {
          state: (name, detail) => this.#state(name, detail),
          time: (seconds) => {
            this.time.textContent = clock(seconds);
            this.away?.tell(this.time.textContent);
            if (this.away && leaving()) void this.session.stop();
          },
          said: () => {
            this.unsaved = true;
            this.exports.hidden = false;
          },
          latency: ({ first, final }) => {
            this.first.textContent = milliseconds(first);
            this.finals.textContent = milliseconds(final);
          },
          problem: (text) => this.#problem(text),
          quiet: (yes) => this.#quiet(yes),
        },
      });
    }).catch((err) => {
      this.loading = null;
      throw err;
    });
    return this.loading;
  }

  #tell(kind, level, ...content) {
    this.trouble.dataset.kind = kind;
    this.trouble.replaceChildren(notice(level, ...content));
  }

  #untell(kind) {
    if (this.trouble.dataset.kind === kind) this.trouble.replaceChildren();
  }

  #quiet(yes) {
    if (!yes) this.#untell("quiet");
    else if (this.state === "live") this.#tell("quiet", "warn", h("p", {}, "There is no sound. Is the right microphone chosen, and not muted?"));
  }

  #problem(text) {
    const [line, ...rest] = String(text).trim().split(/\n\n/);
    this.#tell("problem", "danger", h("p", {}, sentence(line)), rest.length ? h("details", {}, h("summary", {}, "More"), h("pre", { tabindex: 0 }, rest.join("\n\n"))) : null);
    if (this.away) toast(sentence(line), "danger");
  }

  async #toggle() {
    if (this.state === "finishing") return;
    if (this.session?.running) await this.session.stop();
    else await this.#start("microphone");
  }

  async #start(source) {
    if (this.state !== "idle") return;
    this.trouble.replaceChildren();
    let missing = this.settings.check();
    if (missing) {
      await this.settings.ask();
      if (this.state !== "idle") return;
      missing = this.settings.check();
    }
    if (missing) {
      this.root.querySelector(".l-side").open = true;
      this.settings.check(); // leads to the field, which is visible now
      return this.#problem(missing);
    }
    this.state = "loading";
    try {
      await this.#load();
      if (this.gone) return;
      if (!this.transcript.element.isConnected) this.stage.replaceChildren(this.transcript.element);
      this.transcript.back();
      this.session.listen = this.hear.querySelector("input").checked;
      this.hear.hidden = !(source instanceof Blob);
      await this.session.start(source);
    } catch (err) {
      this.#state("idle");
      this.#problem(err.message);
    }
  }

  #state(name, detail = {}) {
    this.state = name;
    const texts = {
      idle: ["Ready", ""], starting: ["Starting", ""], live: ["Live", "ok"], playing: ["Playing", "ok"], finishing: ["Last words", ""],
      reconnecting: ["Reconnecting", "warn"],
    };
    const [text, kind] = texts[name];
    this.status.textContent = text;
    this.status.className = `pill ${kind}`;
    if (name === "playing") {
      this.status.textContent = `Playing ${clock(detail.duration)}`;
      this.status.title = detail.name;
    }
    const running = name !== "idle";
    this.begin.classList.toggle("on", running);
    this.begin.querySelector("span").textContent = running ? "Stop" : "Start speaking";
    this.begin.setAttribute("aria-disabled", String(name === "finishing")); // a button that is disabled would lose the focus
    if ([this.screen, this.open].includes(document.activeElement) && running) this.begin.focus();
    this.screen.disabled = this.open.disabled = running;
    this.settings.disabled = running;
    this.exports.hidden = !this.store?.length;
    this.forget.disabled = running;
    if (name === "reconnecting" && detail.error) this.#tell("reconnecting", "warn", h("p", {}, `${sentence(detail.error.message)} Trying again.`));
    else if (name !== "finishing") this.#untell("reconnecting");
    if (!running && this.away) {
      if (this.away.element.contains(document.activeElement)) document.getElementById("content").focus({ preventScroll: true });
      this.away.close();
      this.away = null;
      if (this.trouble.childElementCount === 0) toast("The stream has ended. Live has what was said.");
    }
    if (["live", "idle", "reconnecting"].includes(name) && this.said !== name) this.announce({ live: "Listening", idle: "Stopped", reconnecting: "The connection was lost; connecting again" }[name]);
    this.said = name;
  }

  async #clear() {
    if (this.session?.running) return;
    this.store.clear();
    this.transcript.clear();
    this.recorder.close();
    this.session.recorder = this.recorder = this.parts.newRecorder();
    this.waveform.reset(16000, 1);
    this.unsaved = false;
    this.exports.hidden = true;
    this.word.textContent = "";
    this.time.textContent = "0:00";
    this.stage.replaceChildren(this.#welcome());
    this.begin.focus();
  }

  async #save(format) {
    const { file } = await import("./formats.js");
    const { options, values } = this.settings;
    download(...file(format, this.store, { server: location.origin, protocol: values.protocol, model: options.model, language: options.language }));
    this.unsaved = false;
  }

  // ---- the code ----

  async #code() {
    const open = this.codeBox.hidden;
    this.codeBox.hidden = !open;
    this.codeButton.setAttribute("aria-expanded", String(open));
    this.codeButton.querySelector("span:last-child").textContent = open ? "Hide the code" : "Show the code";
    if (!open) return;
    await this.#drawCode();
    this.codeBox.scrollIntoView({ block: "nearest" });
  }

  #changed() {
    if (this.codeBox && !this.codeBox.hidden) void this.#drawCode();
  }

  async #drawCode() {
    const [{ codePanel }, { tlsOf }] = await Promise.all([import("./codepanel.js"), import("./tls.js")]);
    this.tls ??= await tlsOf(this.context);
    const { values, options } = this.settings;
    const focused = this.codeBox.contains(document.activeElement);
    this.chosen = codePanel(this.codeBox, { protocol: values.protocol, server: location.origin, options, region: values.region, tls: this.tls, session: this.context.session, able: this.settings.able, chosen: this.chosen, onchoose: (id) => {
      this.chosen = id;
      void this.#drawCode();
    } });
    if (focused) this.codeBox.querySelector('[aria-selected="true"]')?.focus();
  }

  // ---- dropping files ----

  #drops() {
    const curtain = this.root.querySelector(".l-drop");
    const files = (e) => e.dataTransfer?.types.includes("Files");
    const over = (e) => {
      if (!files(e)) return;
      e.preventDefault();
      curtain.hidden = this.state !== "idle";
    };
    const leave = (e) => {
      if (!e.relatedTarget) curtain.hidden = true;
    };
    const drop = (e) => {
      if (!files(e)) return;
      e.preventDefault();
      curtain.hidden = true;
      const [file] = e.dataTransfer.files;
      if (file) void this.#start(file);
    };
    const listeners = { dragover: over, dragleave: leave, drop };
    for (const [name, run] of Object.entries(listeners)) document.addEventListener(name, run);
    this.undrop = () => {
      for (const [name, run] of Object.entries(listeners)) document.removeEventListener(name, run);
    };
  }
}
