// Shows the programs of code.js, one at a time.
import { copyButton, h } from "../ui.js";
import { programs } from "./code.js";

/** Where the programs have their key from, and where that comes from. */
function keyed(protocol, { signed_in: known }, able) {
  const [names, one, section] = protocol === "amazon" ? [["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"], "an access key", "keys"] : [["EARSHOT_API_KEY"], "an API key", "api-keys"];
  const link = (text, href) => h("a", { href }, text);
  return h("p", {}, "The key is read from the environment: ", h("code", {}, names[0]), ...names.slice(1).flatMap((name) => [" and ", h("code", {}, name)]), ". ",
    able ? link(`Make ${one}`, `#/access/${section}/new`) : known ? `An operator can make ${one}` : link(`Sign in to make ${one}`, `#/signin?back=${encodeURIComponent(`access/${section}/new`)}`), ".");
}

/** Fills an element; returns the id of the program that is shown. session is of who looks, able whether that is an operator. */
export function codePanel(element, { chosen, onchoose, session, able, ...settings }) {
  let all;
  try {
    all = programs(settings);
  } catch (err) {
    element.replaceChildren(h("p", { class: "muted" }, err.message));
    return chosen;
  }
  const program = all.find((p) => p.id === chosen) ?? all.find((p) => p.id === "javascript") ?? all[0];
  const keys = { ArrowRight: 1, ArrowLeft: -1 };
  const tabs = h("div", { class: "segments", role: "tablist", "aria-label": "Language", onkeydown: (e) => {
    const step = keys[e.key];
    if (!step) return;
    e.preventDefault();
    onchoose(all[(all.indexOf(program) + step + all.length) % all.length].id);
  } }, ...all.map((p) => h("button", {
    type: "button", role: "tab", id: `code-${p.id}`, "aria-selected": String(p === program), "aria-controls": "code-panel", tabindex: p === program ? 0 : -1, onclick: () => onchoose(p.id),
  }, p.label)));
  element.replaceChildren(
    h("header", { class: "card-head" }, h("div", {}, h("h2", {}, "The same in code"), h("p", { class: "muted" }, "With the settings of this page.")), tabs),
    h("div", { id: "code-panel", role: "tabpanel", "aria-labelledby": `code-${program.id}` },
      h("div", { class: "l-code-head" }, h("div", { class: "hint" }, keyed(settings.protocol, session, able), h("p", {}, program.note)), copyButton(program.code, `Copy the ${program.label} program`)),
      h("div", { class: "snippet" }, h("pre", { tabindex: 0, "aria-label": `${program.label} program`, role: "region" }, h("code", {}, program.code)))));
  return program.id;
}
