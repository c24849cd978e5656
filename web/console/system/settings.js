// The configuration in force: every value, and where it was set.
import { field, toggle } from "../form.js";
import { count } from "../format.js";
import { card, h } from "../ui.js";
import { table } from "../table.js";

/** settingsCard shows the settings; without a search only those that somebody has set. */
export function settingsCard(settings) {
  const set = settings.filter((s) => s.source !== "default");
  const list = table({ name: "Configuration", key: (s) => s.key, columns: [
    { label: "Setting", head: true, cell: (s) => h("code", {}, s.key) },
    { label: "Value", cell: (s) => (s.secret ? h("em", { class: "muted" }, "set, not shown") : s.value === "" ? h("span", { class: "muted" }, "empty") : h("code", { dir: "ltr" }, s.value)) },
    { label: "From", cell: (s) => (s.source === "default" ? h("span", { class: "muted" }, "default") : s.source) },
  ] });
  const foot = h("p", { class: "table-foot", role: "status" });
  const text = field({ label: "Search", name: "settings", type: "search", plain: true, attrs: { placeholder: "Such as limits or tls", oninput: () => draw() } });
  text.element.classList.add("search");
  const all = toggle({ label: "Show defaults too", name: "all" });
  all.control.addEventListener("change", () => draw());
  const draw = () => {
    const word = text.value.toLowerCase();
    const found = (all.value || word ? settings : set).filter((s) => !word || s.key.toLowerCase().includes(word) || (!s.secret && s.value.toLowerCase().includes(word)) || s.source.toLowerCase().includes(word));
    list.update(found);
    foot.textContent = `${count(found.length)} of ${count(settings.length)} settings. They are read when the server starts: change the file, the variable or the flag, and start it again.`;
  };
  draw();
  list.element.classList.add("settings");
  return card("Configuration", { text: "What is in force, and where each value comes from. Secrets are hidden." }, h("div", { class: "filters" }, text.element, all.element), list.element, foot);
}
