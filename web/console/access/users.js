// Users: the people who sign in to the console.
import { confirm, confirmDelete, dialog, field, form, select } from "../form.js";
import { when } from "../format.js";
import { button, empty, h, notice, pageHead, pill, toast } from "../ui.js";
import { pages } from "../table.js";
import { accountField, accountsOf, admin } from "./parts.js";

const path = `${admin}/users`;

/** roles: name, and what it means. */
export const roles = [["viewer", "Viewer: sees everything, changes nothing"], ["operator", "Operator: also manages accounts, keys and prices, and ends streams"], ["administrator", "Administrator: may do everything"]];

/** mount shows the users. */
export async function mount(element, context) {
  const { api } = context;
  const may = context.may("administrator");
  const [accounts, first] = await Promise.all([accountsOf(api), api.get(`${path}?limit=50`)]);
  const make = () => may && button("Create user", { kind: "primary", mark: "plus", onclick: () => create(context, accounts) });
  element.append(pageHead("Users", "The people who sign in here. Programs have keys and tokens.", first.items.length > 0 && make()),
    pages({ api, path, params: { limit: 50 }, first, name: "Users",
      none: () => empty("No users yet", "You have come in by link or token. Make a user for yourself and for everybody who should look or manage: a name, a password, a role.", make() || h("p", { class: "muted" }, "Ask an administrator to make some."), h("p", { class: "muted" }, "Or by command: ", h("code", {}, "earshot users create ada --role administrator --with-password"))),
      columns: [
        { label: "Name", head: true, cell: (u) => [h("span", { dir: "auto" }, u.name), u.name === context.session.name && context.session.kind === "user" ? h("span", { class: "muted" }, " (you)") : ""] },
        { label: "State", cell: (u) => (u.disabled ? pill("Disabled") : u.password ? (u.temporary_password ? pill("Has not signed in yet", "warn") : pill("Active", "ok")) : pill("No password", "warn")) },
        { label: "Role", cell: (u) => u.role }, { label: "Account", cell: (u) => h("span", { dir: "auto" }, accounts.name(u.account)) }, { label: "Created", cell: (u) => when(u.created, "day") },
        { label: "Actions", actions: true, hide: !may, cell: (u) => h("div", { class: "row end" }, button("Edit", { kind: "small", "aria-label": `Edit ${u.name}`, onclick: () => edit(context, u) }),
          button(u.disabled ? "Enable" : "Disable", { kind: "small", "aria-label": `${u.disabled ? "Enable" : "Disable"} ${u.name}`, onclick: () => disable(context, u) }),
          button("Delete", { kind: "small danger-quiet", "aria-label": `Delete ${u.name}`, onclick: () => remove(context, u) })) },
      ] }));
}

const passwordField = (label, hint) => field({ label, name: "password", type: "password", hint, attrs: { autocomplete: "new-password" }, read: (c) => c.value });

function create({ api, reload }, accounts) {
  return dialog("Create user", (close) => {
    const name = field({ label: "Name", name: "name", required: true, attrs: { maxlength: 128, autocomplete: "off", autocapitalize: "off", spellcheck: "false" } });
    const role = select({ label: "Role", name: "role", value: "viewer", options: roles });
    const account = accountField(accounts, api);
    const password = passwordField("Password", "To begin with, at least 12 characters: at the first sign-in they choose another.");
    return form({ parts: [name, role, ...account.parts, password], label: "Create user", cancel: () => close(), onsubmit: async () => {
      await api.post(path, { name: name.value, role: role.value, account: await account.resolve(), ...(password.value ? { password: password.value, temporary_password: true } : {}) });
      close();
      toast(`${name.value} is made`);
      reload();
    } });
  });
}

function edit({ api, reload }, user) {
  return dialog(`Edit ${user.name}`, (close) => {
    const name = field({ label: "Name", name: "name", required: true, value: user.name, attrs: { maxlength: 128, autocomplete: "off" } });
    const role = select({ label: "Role", name: "role", value: user.role, options: roles });
    const password = passwordField("New password", "Leave it empty to keep the one of now. A new one is to begin with: they choose another, and are signed out everywhere.");
    return form({ parts: [name, role, password], label: "Save", cancel: () => close(), onsubmit: async () => {
      const body = { ...(name.value !== user.name ? { name: name.value } : {}), ...(role.value !== user.role ? { role: role.value } : {}), ...(password.value ? { password: password.value, temporary_password: true } : {}) };
      if (Object.keys(body).length) await api.patch(`${path}/${user.id}`, body);
      close();
      toast("Saved");
      reload();
    } });
  });
}

async function disable({ api, reload }, user) {
  const run = () => api.patch(`${path}/${user.id}`, { disabled: !user.disabled });
  if (user.disabled) await run();
  else if (!(await confirm({ title: `Disable ${user.name}?`, text: "They are signed out and cannot sign in, and their keys are refused, until they are enabled again.", label: "Disable", run }))) return;
  toast(`${user.name} is ${user.disabled ? "enabled" : "disabled"}`);
  reload();
}

async function remove({ api, reload }, user) {
  const text = notice("danger", h("p", {}, "They are signed out and cannot sign in any more. A user who has keys cannot be deleted: disable them instead."));
  if (await confirmDelete({ what: "user", name: user.name, text, run: () => api.delete(`${path}/${user.id}`) })) reload();
}
