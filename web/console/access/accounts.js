// Accounts: the teams and customers that own keys, their limits, and what they have used.
import { query } from "../api.js";
import { confirm, confirmDelete, dialog, field, form, toggle } from "../form.js";
import { when } from "../format.js";
import { button, card, empty, facts, h, linkButton, notice, pageHead, pill, toast } from "../ui.js";
import { pages } from "../table.js";
import { limitsDialog } from "./key.js";
import { admin, limitFields, limitsText, quotaMeters } from "./parts.js";
import { copyable } from "./shown.js";

const path = `${admin}/accounts`;

/** mount shows the list, or one account. */
export async function mount(element, context) {
  if (context.parts[0]) return one(element, context);
  const { api } = context;
  const first = await api.get(`${path}?limit=50`);
  const make = () => context.may("operator") && button("Create account", { kind: "primary", mark: "plus", onclick: () => create(context) });
  element.append(pageHead("Accounts", "An account is a team or a customer. It owns keys and vocabularies, and has limits for all its keys together.", first.items.length > 0 && make()),
    pages({ api, path, params: { limit: 50 }, first, name: "Accounts",
      none: () => empty("No accounts yet", "Make one for each team or customer that should have limits and a bill of its own.", make(), h("p", { class: "muted" }, "Or by command: ", h("code", {}, "earshot accounts create radio --streams 10"))),
      columns: [
        { label: "Name", head: true, cell: (a) => [h("a", { class: "row-link", href: `#/access/accounts/${a.id}`, dir: "auto" }, a.name), h("span", { class: "sub mono" }, a.id), a.home ? h("span", { class: "sub" }, "Its users run this server") : ""] },
        { label: "State", cell: (a) => (a.disabled ? pill("Disabled") : pill("Active", "ok")) },
        { label: "Limits", cell: (a) => limitsText(a.limits) },
        { label: "Created", cell: (a) => when(a.created, "day") },
      ] }));
}

function create({ api, navigate }) {
  return dialog("Create account", (close) => {
    const name = field({ label: "Name", name: "name", required: true, attrs: { maxlength: 128, autocomplete: "off", placeholder: "radio" } });
    const limits = limitFields();
    return form({ parts: [name, ...limits.parts], also: limits.fields, label: "Create account", cancel: () => close(), onsubmit: async () => {
      const wanted = Object.fromEntries(Object.entries(limits.value()).filter(([, v]) => v));
      const made = await api.post(path, { name: name.value, ...(Object.keys(wanted).length ? { limits: wanted } : {}) });
      close();
      toast(`${made.name} is made`);
      navigate(`/access/accounts/${made.id}`);
    } });
  }, { wide: true });
}

async function one(element, context) {
  const { api, may, parts: [id] } = context;
  const at = `${path}/${encodeURIComponent(id)}`;
  const read = async () => {
    const [account, quota, keys, apiKeys] = await Promise.all([api.get(at), api.get(`${at}/quota`), api.get(`${admin}/access-keys${query({ account: id, temporary: "false", limit: 1 })}`), api.get(`${admin}/api-keys${query({ account: id, limit: 1 })}`)]);
    draw(account, quota.account, { keys, apiKeys });
  };
  function draw(account, quota, have) {
    const change = async (body, said) => {
      await api.patch(at, body, { seen: account });
      await read();
      toast(said);
    };
    const rename = () => dialog("Rename account", (close) => {
      const name = field({ label: "Name", name: "name", required: true, value: account.name, attrs: { maxlength: 128, autocomplete: "off" } });
      return form({ parts: [name], label: "Save", cancel: () => close(), onsubmit: async () => {
        await change({ name: name.value }, "Saved");
        close();
      } });
    });
    const disable = () => account.disabled ? change({ disabled: false }, `${account.name} is enabled`)
      : confirm({ title: `Disable ${account.name}?`, text: "All its keys are refused until it is enabled again, and its streams end within about a second.", label: "Disable", run: () => change({ disabled: true }, `${account.name} is disabled`) });
    const remove = async () => {
      const all = toggle({ label: "Delete its vocabularies, filters and replacement rulesets too", name: "with_vocabularies" });
      const text = [notice("danger", h("p", {}, "An account can be deleted when it has no users and keys any more. Its usage stays.")), all.element];
      if (!(await confirmDelete({ what: "account", name: account.name, text, run: () => api.delete(at + query({ with_vocabularies: all.value ? "true" : "" }), { seen: account }) }))) return;
      toast(`${account.name} is deleted`);
      context.navigate("/access/accounts", { replace: true });
    };
    const keyLink = (section, label, page) => linkButton(page.items.length ? label : `Create ${label.slice(0, -1).replace(/^A(?=cc)/, "a")}`, `#/access/${section}${page.items.length ? query({ account: id }) : `/new${query({ account: id })}`}`);
    element.replaceChildren(
      pageHead([h("span", { dir: "auto" }, account.name), " ", account.disabled ? pill("Disabled") : pill("Active", "ok")], "", linkButton("Back", "#/access/accounts", { mark: "back" }),
        ...(may("operator") ? [!account.home && button("Rename", { onclick: rename }), (!account.home || account.disabled) && button(account.disabled ? "Enable" : "Disable", { onclick: disable }), !account.home && button("Delete", { kind: "danger-quiet", onclick: remove })] : [])),
      h("div", { class: "stack" },
        account.home && h("p", { class: "muted" }, "The users of this account run this server. So it keeps its name, and cannot be disabled or deleted; its keys and users can, each for itself."),
        card("", { "aria-label": "About this account" }, facts([["Account id", copyable(account.id, "account id")], ["Created", when(account.created)], ["Limits", limitsText(account.limits)]])),
        card("Use of its limits", { text: "All its keys together.", actions: [may("operator") && button("Change limits", { kind: "small", onclick: () => limitsDialog({ title: `Limits of ${account.name}`, limits: account.limits, save: (limits) => change({ limits }, "The limits are changed") }) })] }, quotaMeters(quota)),
        h("div", { class: "row" }, have.keys.items.length || may("operator") ? keyLink("keys", "Access keys", have.keys) : "", have.apiKeys.items.length || may("operator") ? keyLink("api-keys", "API keys", have.apiKeys) : "",
          linkButton("Usage of this account", `#/usage${query({ account: id })}`, { mark: "usage" }), linkButton("Its live streams", `#/access/sessions${query({ account: id })}`, { mark: "live" }))));
  }
  await read();
}
