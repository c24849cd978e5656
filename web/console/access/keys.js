// Access keys and API keys: the list. One key is in key.js, a new one in newkey.js.
import { query } from "../api.js";
import { field, select } from "../form.js";
import { when } from "../format.js";
import { empty, fail, h, linkButton, pageHead } from "../ui.js";
import { pages } from "../table.js";
import { accountsOf, admin, limitsText, state } from "./parts.js";

/** kinds are the two sorts of keys. */
export const kinds = {
  keys: {
    path: `${admin}/access-keys`, one: "access key", title: "Access keys", create: "Create access key",
    text: "For clients that sign their requests, as Amazon’s SDKs and the AWS CLI do: an id and a secret.",
    none: "An access key is what applications written for Amazon Transcribe use: an id and a secret, in the file that they read already.", cli: "earshot keys create --name studio",
  },
  "api-keys": {
    path: `${admin}/api-keys`, one: "API key", title: "API keys", create: "Create API key",
    text: "For clients that send the key itself, as those for Speechall and OpenAI do.",
    none: "An API key goes with every request, as “Authorization: Bearer”. Programs for Speechall and for OpenAI’s transcriptions use one.", cli: "earshot api-keys create --name portal",
  },
};

/** mount shows the list, or what the address says beyond it. */
export async function mount(element, context) {
  const kind = kinds[context.section];
  if (context.parts[0] === "new") return (await import("./newkey.js")).mount(element, { ...context, kind });
  if (context.parts[0]) return (await import("./key.js")).mount(element, { ...context, kind });
  const { api, query: asked } = context;
  const filter = { text: asked.get("text") ?? "", account: asked.get("account") ?? "" };
  const always = context.section === "keys" ? { temporary: "false", limit: 50 } : { limit: 50 }; // temporary ones are at the key that they derive from
  const [accounts, first] = await Promise.all([accountsOf(api), api.get(kind.path + query({ ...filter, ...always }))]);

  const place = h("div", {});
  const show = (page) => place.replaceChildren(pages({
    api, path: kind.path, params: { ...filter, ...always }, first: page, name: kind.title, none: () => nothing(kind, context, filter),
    columns: [
      { label: "Name", head: true, cell: (k) => [h("a", { class: "row-link", href: `#/access/${context.section}/${k.id}`, dir: "auto" }, k.name), h("span", { class: "sub mono" }, k.prefix ? `${k.prefix}…` : k.id)] },
      { label: "State", cell: (k) => state(k, { accounts }) },
      { label: "Account", cell: (k) => h("span", { dir: "auto" }, accounts.name(k.account)) },
      { label: "Limits", cell: (k) => limitsText(k.limits) },
      { label: "Last used", cell: (k) => when(k.last_used, "ago") },
      { label: "Ends", cell: (k) => when(k.expires, "day") },
    ],
  }));
  show(first);

  let turn = 0;
  const search = async () => {
    const mine = ++turn;
    history.replaceState(null, "", `#/access/${context.section}${query(filter)}`);
    const page = await api.get(kind.path + query({ ...filter, ...always })).catch(fail);
    if (page && mine === turn && !context.stale()) show(page);
  };
  let timer;
  const text = field({ label: "Search", name: "text", type: "search", plain: true, value: filter.text, attrs: { placeholder: "Name or id", oninput: () => {
    filter.text = text.value;
    clearTimeout(timer);
    timer = setTimeout(search, 200);
  } } });
  const account = select({ label: "Account", name: "account", value: filter.account, options: [["", "All"], ...accounts.items.map((a) => [a.id, a.name])], onchange: () => {
    filter.account = account.value;
    search();
  } });
  text.element.classList.add("search");
  const bare = !first.items.length && !filter.text && !filter.account;
  element.append(pageHead(kind.title, kind.text, context.may("operator") && !bare && linkButton(kind.create, `#/access/${context.section}/new`, { kind: "primary", mark: "plus" })),
    bare ? "" : h("div", { class: "filters" }, text.element, accounts.items.length > 1 ? account.element : ""), place);
  return () => clearTimeout(timer);
}

function nothing(kind, context, filter) {
  if (filter.text || filter.account) return empty("Nothing found", "No key has this in its name or id. Fewer letters may find more.");
  const make = context.may("operator") ? linkButton(kind.create, `#/access/${context.section}/new`, { kind: "primary", mark: "plus" }) : h("p", { class: "muted" }, "Ask an operator to make one.");
  return empty(`No ${kind.one}s yet`, kind.none, make, h("p", { class: "muted" }, "Or by command: ", h("code", {}, kind.cli)));
}
