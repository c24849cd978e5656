// The audit log: administrative changes, the newest first.
import { query } from "../api.js";
import { field, select } from "../form.js";
import { when } from "../format.js";
import { empty, fail, h, pageHead } from "../ui.js";
import { pages } from "../table.js";
import { admin } from "./parts.js";

// What the server writes down, and of what.
const actions = ["create", "update", "delete", "rotate", "sign-in", "sign-out", "presign", "ticket", "end", "restore"];
const kinds = ["account", "user", "access-key", "api-key", "admin-token", "price", "session", "console-session", "console-link", "vocabulary", "vocabulary-filter", "replacement-ruleset", "master-key", "store"];
const sections = { "access-key": "keys", "api-key": "api-keys", account: "accounts" };

/** mount shows the log, filtered as the address says. */
export async function mount(element, context) {
  const { api, query: asked } = context;
  const filter = Object.fromEntries(["actor", "action", "kind", "target"].map((name) => [name, asked.get(name) ?? ""]));
  const read = () => api.get(`${admin}/audit${query({ ...filter, limit: 50 })}`);
  const place = h("div", {});
  const show = (first) => place.replaceChildren(pages({ api, path: `${admin}/audit`, params: { ...filter, limit: 50 }, first, name: "Audit log", key: (e) => e.revision,
    none: () => Object.values(filter).some(Boolean) ? empty("Nothing found", "No change in the log is like this.") : empty("Nothing yet", "Every change to accounts, users, keys, limits and prices will be here, with who made it and from where."),
    columns: [
      { label: "What", head: true, cell: (e) => [`${verb(e)} ${e.kind}`, h("span", { class: "sub", dir: "auto" }, target(e))] },
      { label: "Who", cell: (e) => [h("span", { dir: "auto" }, e.actor), h("span", { class: "sub mono" }, e.remote ?? "")] },
      { label: "When", cell: (e) => when(e.at, "second") },
      { label: "Change", wide: true, cell: (e) => (e.detail && Object.keys(e.detail).length ? h("details", {}, h("summary", {}, summary(e.detail)), h("pre", { class: "detail", tabindex: 0 }, JSON.stringify(e.detail, null, 2))) : "") },
    ] }));
  show(await read());

  let turn = 0;
  let timer;
  const search = async () => {
    const mine = ++turn;
    history.replaceState(null, "", `#/access/audit${query(filter)}`);
    const page = await read().catch(fail);
    if (page && mine === turn && !context.stale()) show(page);
  };
  const choice = (label, name, options) => select({ label, name, value: filter[name], options: [["", "All"], ...(filter[name] && !options.includes(filter[name]) ? [filter[name]] : []).concat(options).map((o) => (Array.isArray(o) ? o : [o, o]))], onchange: (event) => {
    filter[name] = event.target.value;
    search();
  } });
  const text = (label, name) => field({ label, name, type: "search", plain: true, value: filter[name], attrs: { spellcheck: "false", oninput: (event) => {
    filter[name] = event.target.value.trim();
    clearTimeout(timer);
    timer = setTimeout(search, 250);
  } } });
  const filters = [choice("Action", "action", actions), choice("Of", "kind", kinds), text("Who", "actor"), text("Id or name", "target")];
  element.append(pageHead("Audit log", "Who changed what, and when. Secrets are never in it."), h("div", { class: "filters" }, ...filters.map((f) => f.element)), place);
  return () => clearTimeout(timer);
}

function target(e) {
  const section = sections[e.kind];
  return section && e.action !== "delete" ? h("a", { href: `#/access/${section}/${encodeURIComponent(e.target)}` }, e.target) : e.target;
}

// verb is what was done: to disable and to enable are changes that one looks for.
const verb = ({ action, detail }) => (action !== "update" || Object.keys(detail ?? {}).length !== 1 || !("disabled" in detail) ? action : detail.disabled ? "disable" : "enable");

// summary names what was changed.
function summary(detail) {
  const names = Object.keys(detail);
  return names.slice(0, 3).join(", ") + (names.length > 3 ? " …" : "");
}
