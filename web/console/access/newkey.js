// A new key: what it is called, whose it is, what it may do, and the secret that is shown once.
import { ApiError } from "../api.js";
import { field, form, radios } from "../form.js";
import { card, h, linkButton, pageHead } from "../ui.js";
import { accountField, accountsOf, admin, expiry, limitFields } from "./parts.js";
import { shown } from "./shown.js";
import { operations, pretty, templates } from "./templates.js";

/** mount shows the form. */
export async function mount(element, context) {
  const { api, kind, section } = context;
  const signed = section === "keys";
  const [accounts, models] = await Promise.all([accountsOf(api), signed ? [] : api.get(`${admin}/system`).then((s) => s.models ?? [])]);
  const back = () => context.navigate(`/access/${section}`);
  const name = field({ label: "Name", name: "name", required: true, hint: "For people: the application or the place that uses it.", attrs: { autocomplete: "off", maxlength: 128, placeholder: signed ? "studio" : "portal" } });
  const account = accountField(accounts, api, context.query.get("account") || undefined);
  const ends = expiry();
  const limits = limitFields();
  const rights = signed ? policyFields() : scopeFields(models);
  const more = h("details", { class: "more" }, h("summary", {}, "Limits of its own"), h("div", { class: "stack" }, h("p", { class: "hint" }, "Beside those of its account. They can be changed at any time."), ...limits.parts.map((p) => p.element ?? p)));
  const doubt = doubtful(api);
  const make = async () => {
    if (rights.written?.()) await doubt(rights.value().policy);
    const body = { name: name.value, account: await account.resolve(), ...rights.value() };
    const wanted = Object.fromEntries(Object.entries(limits.value()).filter(([, v]) => v));
    if (Object.keys(wanted).length) body.limits = wanted;
    if (ends.value) body.expires = ends.value;
    const made = await api.post(kind.path, body);
    context.announce(`The ${kind.one} is made`);
    element.replaceChildren(...shown(made, { context, signed, models, done: () => context.navigate(`/access/${section}/${(made.access_key ?? made.api_key).id}`, { replace: true }) }));
    scrollTo(0, 0);
    element.querySelector("h1").focus();
  };
  element.append(pageHead(kind.create, kind.text, linkButton("Back", `#/access/${section}`, { mark: "back" })),
    card("", { class: "card narrow", "aria-label": kind.create }, form({ parts: [name, ...account.parts, ...rights.parts, ends, more], also: limits.fields, label: kind.create, onsubmit: make, cancel: back })));
}

function policyFields() {
  const text = field({ label: "Policy", name: "policy", type: "textarea", required: true, value: pretty(templates[0].policy), attrs: { class: "code", rows: 12, spellcheck: "false", dir: "ltr" }, check: readable });
  text.element.hidden = true;
  const choice = radios({ label: "What it may do", name: "template", value: "stream", options: templates.map((t) => [t.name, t.label, t.hint]), onchange: (v) => (text.element.hidden = v !== "custom") });
  return {
    parts: [choice, text],
    written: () => choice.value === "custom",
    value() {
      const t = templates.find((one) => one.name === choice.value);
      const policy = t.name === "custom" ? JSON.parse(text.value) : t.policy;
      return policy ? { policy } : {};
    },
  };
}

/** doubtful returns what asks the server about a policy before it is stored, and objects once to what is most likely a slip in it. */
export function doubtful(api) {
  let told = "";
  return async (policy) => {
    const { notes = [] } = await api.post(`${admin}/policy:check`, { policy });
    if (!notes.length || told === JSON.stringify(policy)) return;
    told = JSON.stringify(policy);
    throw new ApiError(400, { field: "policy", message: `${notes.join("; ")}. If that is meant, press the button again.` });
  };
}

/** readable says what is wrong with a text that should be JSON. */
export function readable(text) {
  try {
    JSON.parse(text);
    return "";
  } catch (err) {
    return `This is not JSON: ${err.message}`;
  }
}

const boxes = (legend, hint, options, chosen = []) => {
  const inputs = options.map(([value, label]) => [h("input", { type: "checkbox", value, checked: chosen.includes(value) }), label]);
  return { values: () => inputs.filter(([i]) => i.checked).map(([i]) => i.value),
    element: h("fieldset", { class: "field" }, h("legend", {}, legend, h("span", { class: "optional" }, " none chosen: all")), hint && h("p", { class: "hint" }, hint), h("div", { class: "boxes" }, ...inputs.map(([i, label]) => h("label", {}, i, h("span", {}, label))))) };
};

/** scopeFields are what an API key is bound to. */
export function scopeFields(models, key = {}) {
  const ids = [...new Set([...models.map((m) => m.id), ...(key.models ?? [])])];
  const of = boxes("Models", "", ids.map((id) => [id, id]), key.models);
  const what = boxes("Operations", "", operations, key.operations);
  const origins = field({ label: "Web pages that may use it", name: "origins", type: "textarea", value: (key.origins ?? []).join("\n"), hint: "Their origins, one a line, such as https://portal.example.com. None: all, and programs that are no pages.", attrs: { rows: 2, class: "short", spellcheck: "false", dir: "ltr" },
    read: (c) => c.value.split(/\s+/).filter(Boolean) });
  return { parts: [ids.length ? of.element : null, what.element, origins], value: ({ all = false } = {}) => {
    const v = { models: of.values(), operations: what.values(), origins: origins.value };
    return Object.fromEntries(Object.entries(v).filter(([, list]) => all || list.length).map(([name, list]) => [name, list.length ? list : null]));
  } };
}
