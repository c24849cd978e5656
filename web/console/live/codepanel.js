// Shows the programs of code.js, one at a time.
import { copyButton, h } from "../ui.js";
import { programs } from "./code.js";

/** Fills an element; returns the id of the program that is shown. */
export function codePanel(element, { chosen, onchoose, ...settings }) {
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
      h("p", { class: "hint" }, program.note),
      h("div", { class: "snippet" }, h("pre", { tabindex: 0, "aria-label": `${program.label} program`, role: "region" }, h("code", {}, program.code)), copyButton(program.code, `Copy the ${program.label} program`))));
  return program.id;
}
