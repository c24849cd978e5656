// What a stream is asked for, and who asks. What a model cannot do has no switch here.
import { h, notice } from "../ui.js";

const anything = {
  partials: true, word_times: true, confidence: true, speakers: true, channels: 2, vocabulary: true, vocabulary_filter: true, phrases: true, redaction: true,
  stabilization: true, punctuation: true, language_identification: false,
};

const names = (() => {
  try {
    return new Intl.DisplayNames(undefined, { type: "language" });
  } catch {
    return null;
  }
})();
const languageName = (tag) => {
  if (tag === "auto") return "Find out";
  try {
    return `${names?.of(tag) ?? tag} (${tag})`;
  } catch {
    return tag;
  }
};

const wrongKey = "This API key is wrong: it is none of this server, or not any more.";

const serves = (model, tag) => model.languages.length === 0 || model.languages.some((l) => l.toLowerCase() === tag.toLowerCase() || l.toLowerCase() === tag.split("-")[0].toLowerCase());

export class Settings {
  /** onchange is called when anything has changed. */
  constructor({ context, onchange = () => {} }) {
    this.context = context;
    this.onchange = onchange;
    const { session } = context;
    /** Whether the server signs for who is signed in. */
    this.able = Boolean(session.signed_in) && (session.role === "operator" || session.role === "administrator");
    this.values = {
      as: this.able ? "me" : "key", protocol: "speechall", model: "", language: "", interim: true, punctuation: true, speakers: false, channels: 1,
      terms: "", vocabulary: "", filter: "", filterMethod: "mask", pii: "", stability: "", accessKeyId: "", secretAccessKey: "", sessionToken: "",
      region: session.region ?? "us-east-1", apiKey: "",
    };
    this.models = null;
    this.problem = "";
    this.element = h("form", { class: "l-settings", "aria-label": "Settings", autocomplete: "off", onsubmit: (e) => e.preventDefault() });
    this.draw();
  }

  /** Reads what the models can do, which everybody may know. */
  async load() {
    try {
      const { models, default: first } = await this.context.api.get("/models");
      this.models = models;
      this.values.model ||= first ?? models[0]?.id ?? "";
      this.problem = "";
    } catch (err) {
      if (err.name === "AbortError") return;
      this.problem = `What the models can do is not known: ${err.message}`;
    }
    this.#settle();
    this.draw();
    this.onchange();
  }

  /** The model that will answer, where that is known. Amazon's protocol names none: the server takes the first for the language. */
  get model() {
    if (!this.models?.length) return null;
    const { model, language, protocol } = this.values;
    if (protocol === "speechall") return this.models.find((m) => m.id === model) ?? this.models[0];
    return this.models.find((m) => m.languages.includes(language)) ?? this.models.find((m) => serves(m, language)) ?? this.models[0];
  }

  get can() {
    return this.model?.capabilities ?? anything;
  }

  /** Languages to choose from; null when any will do. */
  get languages() {
    if (!this.models?.length) return null;
    const amazon = this.values.protocol === "amazon";
    const models = amazon ? this.models : [this.model];
    if (models.some((m) => m.languages.length === 0)) return null;
    const tags = [...new Set(models.flatMap((m) => m.languages))];
    const regional = tags.filter((t) => t.includes("-"));
    const list = amazon ? (regional.length ? regional : tags.map((t) => ({ en: "en-US" })[t] ?? t)) : tags;
    return this.can.language_identification && (!amazon || list.length > 1) ? [...list, "auto"] : list;
  }

  // Brings what was chosen to what there is.
  #settle() {
    const v = this.values;
    const { languages } = this;
    if (languages && !languages.includes(v.language)) {
      const mine = navigator.languages ?? [];
      v.language = mine.find((l) => languages.includes(l)) ?? languages.find((l) => mine.some((m) => m.split("-")[0] === l.split("-")[0] && l.includes("-"))) ?? languages.find((l) => l.includes("-")) ?? languages[0];
    }
    if (!v.language) v.language = "en-US";
  }

  /** The options of the client's stream. */
  get options() {
    const v = this.values;
    const { can } = this;
    const amazon = v.protocol === "amazon";
    const o = { language: v.language };
    if (!amazon) o.model = v.model.includes(".") && !this.models?.some((m) => m.id === v.model) ? v.model : `local.${v.model.replace(/^local\./, "")}`;
    if (amazon && v.language === "auto") o.languages = (this.languages ?? []).filter((l) => l !== "auto").slice(0, 5);
    if (!v.interim || !can.partials) o.interim = false;
    if (!amazon && can.punctuation && !v.punctuation) o.punctuation = false;
    if (can.speakers && v.speakers) o.speakers = true;
    if (amazon && can.channels > 1 && v.channels === 2) o.channels = 2;
    const terms = v.terms.split(/[\n,]/).map((t) => t.trim()).filter(Boolean);
    if (!amazon && can.phrases && terms.length) o.terms = terms;
    if (amazon && can.vocabulary && v.vocabulary.trim()) o.vocabulary = v.vocabulary.trim();
    if (amazon && can.vocabulary_filter && v.filter.trim()) Object.assign(o, { filter: v.filter.trim(), filterMethod: v.filterMethod });
    if (amazon && can.redaction && v.pii) o[v.pii] = true;
    if (amazon && can.stabilization && v.stability && o.interim !== false) o.stability = v.stability;
    return o;
  }

  /** What is missing before a stream can begin; an empty text when nothing is. It leads to the field. */
  check() {
    const v = this.values;
    const missing = (key, text) => {
      this.element.querySelector(`[data-key="${key}"]`)?.focus();
      return text;
    };
    if (v.as === "key" && v.protocol === "amazon") {
      if (!v.accessKeyId.trim()) return missing("accessKeyId", "Paste an access key, or sign in.");
      if (!v.secretAccessKey.trim()) return missing("secretAccessKey", "Paste the secret of the access key.");
    }
    if (v.as === "key" && v.protocol === "speechall") {
      if (!v.apiKey.trim()) return missing("apiKey", "Paste an API key, or sign in.");
      if (/^[A-Z0-9]{16,24}$/.test(v.apiKey.trim())) return missing("apiKey", "This looks like the id of an access key, which is for the protocol of Amazon Transcribe. Paste an API key, or choose that protocol.");
      if (this.wrongKey === v.apiKey.trim()) return missing("apiKey", wrongKey);
    }
    if (v.protocol === "speechall" && !v.model.trim()) return missing("model", this.models?.length === 0 ? "This server has no model. On its machine, earshot doctor says what is missing." : "Which model shall answer?");
    return "";
  }

  /**
   * Asks the server what can be known only of it, where something is missing: what the models are, and whether a pasted key is one of its keys, which
   * matters more than what else is missing. It is to be followed by another check.
   */
  async ask() {
    const v = this.values;
    if (!this.models) await this.load();
    if (v.as !== "key" || v.protocol !== "speechall" || !v.apiKey.trim()) return;
    const key = v.apiKey.trim();
    const answer = await fetch("/v1/speech-to-text-models", { headers: { Authorization: `Bearer ${key}` }, cache: "no-store", credentials: "omit" }).catch(() => null);
    if (answer?.status === 401) this.wrongKey = key;
  }

  set disabled(yes) {
    this.locked = yes;
    for (const set of this.element.querySelectorAll("fieldset")) set.disabled = yes;
  }

  // ---- the form ----

  draw() {
    const v = this.values;
    const { can, models, languages } = this;
    const amazon = v.protocol === "amazon";
    const focused = this.element.contains(document.activeElement) ? document.activeElement.dataset.key : null;
    const parts = [
      this.able ? this.#segments("as", "Stream as", [["me", this.context.session.kind === "link" ? "By link" : this.context.session.name || "You"], ["key", "A pasted key"]]) : null,
      this.#segments("protocol", "Protocol", [["speechall", "Speechall"], ["amazon", "Amazon Transcribe"]]),
      v.as === "key" ? this.#keys() : null,
      this.problem ? notice("warn", h("p", {}, this.problem)) : null,
      amazon ? null : models ? this.#select("model", "Model", models.map((m) => [m.id, m.title ? `${m.title} (${m.id})` : m.id])) : this.#text("model", "Model", { placeholder: "local.pocketsphinx-en-us" }),
      languages ? this.#select("language", "Language", languages.map((l) => [l, languageName(l)])) : this.#text("language", "Language", { placeholder: "en-US" }),
      can.partials ? this.#check("interim", "Interim results", "Words appear while they are said.") : null,
      !amazon && can.punctuation ? this.#check("punctuation", "Punctuation") : null,
      can.speakers ? this.#check("speakers", "Speaker labels") : null,
      amazon && can.channels > 1 ? this.#check("channels", "Two channels", "Left and right are transcribed each on its own.", [1, 2]) : null,
      amazon && can.stabilization && v.interim ? this.#select("stability", "Stable words", [["", "Off"], ["high", "Early"], ["medium", "Medium"], ["low", "Late, more accurate"]]) : null,
      !amazon && can.phrases ? this.#area("terms", "Words to expect", "Names and terms, one a line.") : null,
      amazon && can.vocabulary ? this.#text("vocabulary", "Vocabulary", { hint: "The name of a stored list of words to expect." }) : null,
      amazon && can.vocabulary_filter ? this.#text("filter", "Vocabulary filter", { hint: "The name of a stored list of words that shall not appear." }) : null,
      amazon && can.vocabulary_filter && v.filter ? this.#select("filterMethod", "Filtered words are", [["mask", "replaced by ***"], ["remove", "left out"], ["tag", "marked"]]) : null,
      amazon && can.redaction ? this.#select("pii", "Personal information", [["", "As it is said"], ["identify", "Marked"], ["redact", "Hidden"]]) : null,
    ];
    this.element.replaceChildren(h("fieldset", { disabled: this.locked }, h("legend", { class: "visually-hidden" }, "Settings"), ...parts.filter(Boolean)));
    if (focused) this.element.querySelector(`[data-key="${focused}"]`)?.focus({ preventScroll: true });
  }

  #keys() {
    const amazon = this.values.protocol === "amazon";
    const secret = { type: "password", autocomplete: "off", spellcheck: "false" };
    return h("div", { class: "l-keys" },
      ...(amazon
        ? [
            this.#text("accessKeyId", "Access key", { autocomplete: "off", spellcheck: "false" }),
            this.#text("secretAccessKey", "Secret", secret),
            this.#text("sessionToken", "Session token", { ...secret, hint: "Of temporary credentials only." }),
            this.#text("region", "Region"),
          ]
        : [this.#text("apiKey", "API key", secret)]),
      h("p", { class: "hint" }, amazon ? "Addresses are signed in this page. The key stays in its memory and is never sent or stored; use one that may only stream." : "The key stays in this page's memory, is sent to this server only, and is not stored."));
  }

  #set(key, value, redraw = true) {
    this.values[key] = value;
    if (redraw) {
      this.#settle();
      this.draw();
    }
    this.onchange();
  }

  #label(key, label, control, hint) {
    const id = `live-${key}`;
    control.id = id;
    control.dataset.key = key;
    if (hint) control.setAttribute("aria-describedby", `${id}-hint`);
    return h("div", { class: "field" }, h("label", { for: id }, label), control, hint ? h("p", { class: "hint", id: `${id}-hint` }, hint) : null);
  }

  #select(key, label, options) {
    return this.#label(key, label, h("select", { onchange: (e) => this.#set(key, e.target.value) },
      ...options.map(([value, text]) => h("option", { value, selected: value === this.values[key] }, text))));
  }

  #text(key, label, { hint, ...attributes } = {}) {
    return this.#label(key, label, h("input", { type: "text", value: this.values[key], dir: "auto", ...attributes,
      oninput: (e) => this.#set(key, e.target.value, false),
      onchange: () => {
        if (key === "filter") this.draw();
      } }), hint);
  }

  #area(key, label, hint) {
    return this.#label(key, label, h("textarea", { class: "short", rows: 3, value: this.values[key], dir: "auto", oninput: (e) => this.#set(key, e.target.value, false) }), hint);
  }

  #check(key, label, hint, [off, on] = [false, true]) {
    const id = `live-${key}`;
    return h("div", { class: "check" },
      h("input", { type: "checkbox", id, "data-key": key, role: "switch", checked: this.values[key] === on, "aria-describedby": hint ? `${id}-hint` : null, onchange: (e) => this.#set(key, e.target.checked ? on : off) }),
      h("div", {}, h("label", { for: id }, label), hint ? h("p", { class: "hint", id: `${id}-hint` }, hint) : null));
  }

  #segments(key, label, options) {
    return h("div", { class: "field", role: "group", "aria-label": label }, h("span", { class: "l-label", "aria-hidden": "true" }, label),
      h("div", { class: "segments" }, ...options.map(([value, text]) =>
        h("button", { type: "button", "data-key": `${key}-${value}`, "aria-pressed": String(this.values[key] === value), onclick: () => this.#set(key, value) }, text))));
  }
}
