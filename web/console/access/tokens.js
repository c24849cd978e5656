// Administrators' tokens: for programs that administer, such as scripts.
import { confirmDelete, dialog, field, form, select } from "../form.js";
import { when } from "../format.js";
import { button, card, empty, h, notice, pageHead, pill, snippet, toast } from "../ui.js";
import { pages } from "../table.js";
import { admin, expiry, state } from "./parts.js";
import { roles } from "./users.js";

const path = `${admin}/admin-tokens`;

/** mount shows the tokens. */
export async function mount(element, context) {
  const { api } = context;
  const first = await api.get(`${path}?limit=50`);
  const make = () => button("Create token", { kind: "primary", mark: "plus", onclick: () => create(context, element) });
  const change = async (t) => {
    await api.patch(`${path}/${t.id}`, { disabled: !t.disabled });
    toast(`${t.name} is ${t.disabled ? "enabled" : "disabled"}`);
    context.reload();
  };
  const remove = async (t) => {
    const text = notice("danger", h("p", {}, "Whoever has it is refused from now on."));
    if (await confirmDelete({ what: "token", name: t.name, text, run: () => api.delete(`${path}/${t.id}`) })) context.reload();
  };
  element.append(pageHead("Tokens", "For programs that administer over HTTP. People have users and passwords.", first.items.length > 0 && make()),
    pages({ api, path, params: { limit: 50 }, first, name: "Tokens", none: () => empty("No tokens beside the first", "The server printed the first when it started for the first time. Make others for scripts and robots, with no more rights than they need.", make()),
      columns: [
        { label: "Name", head: true, cell: (t) => [h("span", { dir: "auto" }, t.name), h("span", { class: "sub mono" }, t.id)] },
        { label: "State", cell: (t) => state(t) }, { label: "Role", cell: (t) => pill(t.role, "plain") },
        { label: "Created", cell: (t) => when(t.created, "day") }, { label: "Ends", cell: (t) => when(t.expires, "day") },
        { label: "Actions", actions: true, cell: (t) => h("div", { class: "row end" }, button(t.disabled ? "Enable" : "Disable", { kind: "small", "aria-label": `${t.disabled ? "Enable" : "Disable"} ${t.name}`, onclick: () => change(t) }), button("Delete", { kind: "small danger-quiet", "aria-label": `Delete ${t.name}`, onclick: () => remove(t) })) },
      ] }));
}

async function create(context, element) {
  let made;
  await dialog("Create token", (close) => {
    const name = field({ label: "Name", name: "name", required: true, attrs: { maxlength: 128, autocomplete: "off", placeholder: "robot" } });
    const role = select({ label: "Role", name: "role", value: "viewer", options: roles });
    const ends = expiry();
    return form({ parts: [name, role, ends], label: "Create token", cancel: () => close(), onsubmit: async () => {
      made = await context.api.post(path, { name: name.value, role: role.value, ...(ends.value ? { expires: ends.value } : {}) });
      close();
    } });
  });
  if (!made) return;
  element.replaceChildren(pageHead("Your token", h("span", { dir: "auto" }, made.admin_token.name)), h("div", { class: "stack narrow-wide" },
    notice("warn", h("p", {}, h("strong", {}, "Copy it now. "), "It is not shown again.")),
    card("", { "aria-label": "Token" }, h("div", { class: "stack" }, snippet(made.token, "token", { wrap: true }), h("div", {}, button("I have saved it", { kind: "primary", onclick: context.reload })))),
    card("The first call", {}, snippet(`curl -H "Authorization: Bearer ${made.token}" ${location.origin}/admin/v1/system`, "the first call"))));
  element.querySelector("h1").focus();
}
