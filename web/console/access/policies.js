// Policies: a checker that says what a policy, or that of a key, makes of a request, and why.
import { query } from "../api.js";
import { field, form, select } from "../form.js";
import { button, card, fail, h, icon, notice, pageHead, pill } from "../ui.js";
import { admin } from "./parts.js";
import { readable } from "./newkey.js";
import { actions, contexts, pretty, templates } from "./templates.js";

/** mount shows the checker; the address may name a key. */
export async function mount(element, context) {
  const { api } = context;
  const keys = (await api.get(`${admin}/access-keys?temporary=false&limit=1000`)).items;
  const asked = context.query.get("key") ?? "";
  if (asked && !keys.some((k) => k.id === asked)) keys.unshift({ id: asked, name: asked });

  const text = field({ label: "Policy", name: "policy", type: "textarea", value: pretty(templates[1].policy), required: true, attrs: { class: "code", rows: 13, spellcheck: "false", dir: "ltr" }, check: readable });
  const fill = h("div", { class: "row" }, ...templates.filter((t) => t.policy).map((t) => button(t.label, { kind: "small", onclick: () => {
    text.control.value = pretty(t.policy);
    text.error("");
  } })));
  const written = h("div", { class: "stack", hidden: Boolean(asked) }, fill, text.element);
  const whose = select({ label: "Whose policy", name: "access_key", value: asked, options: [["", "Written below"], ...keys.map((k) => [k.id, `${k.name} (${k.id})`])], onchange: () => (written.hidden = whose.value !== "") });
  const list = h("datalist", { id: "actions" }, ...actions.map((a) => h("option", { value: a })));
  const action = field({ label: "Action", name: "action", required: true, value: actions[0], attrs: { list: "actions", spellcheck: "false", dir: "ltr" } });
  const resource = field({ label: "Resource", name: "resource", value: "*", hint: "Streams and lists have none: leave the star.", attrs: { spellcheck: "false", dir: "ltr" } });
  const values = contextRows();
  const result = h("div", { class: "result", "aria-live": "polite" }, h("p", { class: "muted" }, "The answer appears here: yes or no, and what each statement says about it."));

  const check = async () => {
    const body = { action: action.value, context: values.read(), ...(resource.value ? { resource: resource.value } : {}), ...(whose.value ? { access_key: whose.value } : { policy: JSON.parse(text.value) }) };
    const answer = await api.post(`${admin}/policy:check`, body);
    if (!answer.valid && !whose.value) {
      text.error(answer.error ?? "This policy cannot be stored.");
      text.control.focus();
    }
    result.replaceChildren(...verdict(answer));
  };
  element.append(pageHead("Policies", "A policy says what an access key may do, in the JSON of AWS’s IAM. It belongs to its key; here you see what it decides before anybody relies on it."),
    h("div", { class: "grid checker" },
      card("Question", {}, form({ parts: [whose, written, action, resource, values.element, list], also: [text], label: "Check", onsubmit: check })),
      card("Answer", {}, result)));
  if (asked) check().catch(fail);
}

function contextRows() {
  const rows = h("div", { class: "stack" });
  const add = (name = contexts[0][0]) => {
    const value = h("input", { type: "text", "aria-label": "Value", dir: "ltr", placeholder: contexts.find(([n]) => n === name)?.[1] ?? "" });
    const key = h("select", { "aria-label": "Condition key", onchange: () => (value.placeholder = contexts.find(([n]) => n === key.value)?.[1] ?? "") }, ...contexts.map(([n]) => h("option", { value: n, selected: n === name }, n)));
    const row = h("div", { class: "context-row" }, key, value, h("button", { type: "button", class: "button quiet only-icon", "aria-label": `Remove ${name}`, onclick: () => row.remove() }, icon("close")));
    rows.append(row);
    key.focus();
  };
  const unused = () => contexts.map(([n]) => n).find((n) => ![...rows.querySelectorAll("select")].some((s) => s.value === n));
  return {
    element: h("div", { class: "field" }, h("span", { class: "group-label" }, "What else is known of the request", h("span", { class: "optional" }, " optional")), rows, h("div", {}, button("Add a condition key", { kind: "small", mark: "plus", onclick: () => add(unused()) }))),
    read: () => Object.fromEntries([...rows.children].map((row) => [row.querySelector("select").value, row.querySelector("input").value.trim()]).filter(([, v]) => v)),
  };
}

function verdict(answer) {
  if (!answer.valid) return [h("p", { class: "verdict" }, pill("Not a policy", "danger")), h("p", {}, answer.error)];
  const notes = answer.notes?.length ? notice("warn", ...answer.notes.map((n) => h("p", {}, n))) : "";
  const statements = (answer.statements ?? []).map((s) => h("li", {},
    h("div", { class: "row" }, h("strong", { dir: "auto" }, s.sid || `Statement ${s.number + 1}`), pill(s.effect, "plain"), s.applies ? pill("applies", s.effect === "Deny" ? "danger" : "ok") : pill("does not apply"), s.policy === "parent" ? h("small", { class: "muted" }, "of the key that this derives from") : ""),
    s.why ? h("p", { class: "muted" }, s.why) : ""));
  return [h("p", { class: "verdict" }, pill(answer.allowed ? "Allowed" : "Denied", answer.allowed ? "ok" : "danger")), h("p", {}, answer.reason ? answer.reason[0].toUpperCase() + answer.reason.slice(1) : ""), notes, statements.length ? h("ol", { class: "statements" }, ...statements) : ""];
}
