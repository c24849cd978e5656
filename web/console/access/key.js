// One key: what it is, how much of its limits is used, what it may do, and everything that can be done to it.
import { ApiError, query } from "../api.js";
import { confirm, confirmDelete, dialog, field, form, select } from "../form.js";
import { length, when } from "../format.js";
import { button, card, facts, fail, h, linkButton, notice, pageHead, snippet, toast } from "../ui.js";
import { table } from "../table.js";
import { accountsOf, expiry, limitFields, limitsText, quotaMeters, state } from "./parts.js";
import { doubtful, readable, scopeFields } from "./newkey.js";
import { copyable, shown } from "./shown.js";
import { operations, pretty, templates } from "./templates.js";

/** mount shows a key and draws it anew after each change. */
export async function mount(element, context) {
  const { api, kind, section, parts: [id] } = context;
  const path = `${kind.path}/${encodeURIComponent(id)}`;
  const signed = section === "keys";
  const accounts = await accountsOf(api);
  let key;
  const read = async () => {
    const [k, quota, derived] = await Promise.all([api.get(path), api.get(`${path}/quota`), signed ? api.get(kind.path + query({ parent: id, limit: 100 })) : { items: [] }]);
    key = k;
    draw(quota, derived.items);
  };
  const change = async (body, said) => {
    await api.patch(path, body, { seen: key });
    await read();
    toast(said);
  };
  const again = () => {
    element.replaceChildren();
    read().catch(fail);
  };
  const secret = (made, title, { done = again, models } = {}) => {
    element.replaceChildren(...shown(made, { context, signed, title, done, models }));
    scrollTo(0, 0);
    element.querySelector("h1").focus();
  };
  const env = { ...context, signed, path, change, secret, get key() {
    return key;
  } };

  function draw(quota, derived) {
    const may = context.may("operator");
    element.replaceChildren(
      pageHead([h("span", { dir: "auto" }, key.name), " ", state(key, { accounts })], "", linkButton("Back", `#/access/${section}`, { mark: "back" }),
        may && button("Edit", { onclick: () => edit(env) }), may && signed && !key.parent && button("Rotate secret", { onclick: () => rotate(env) }),
        may && signed && !key.parent && button("Temporary credentials", { onclick: () => derive(env) }),
        may && !signed && button("Replace", { onclick: () => replace(env) }),
        may && button(key.disabled ? "Enable" : "Disable", { onclick: () => disable(env) }), may && button("Delete", { kind: "danger-quiet", onclick: () => remove(env) })),
      h("div", { class: "stack" },
        card("", { "aria-label": "About this key" }, facts([
          [signed ? "Access key id" : "Begins with", copyable(signed ? key.id : key.prefix, signed ? "access key id" : "prefix")],
          ["Account", h("a", { href: `#/access/accounts/${key.account}`, dir: "auto" }, accounts.name(key.account))], key.user && ["User", key.user], key.parent && ["Derived from", h("a", { href: `#/access/keys/${key.parent}` }, key.parent)],
          ["Created", when(key.created)], ["Last used", when(key.last_used, "ago")], ["Ends", when(key.expires)], ["Limits", limitsText(key.limits)]])),
        h("div", { class: "grid" },
          card("Use of its limits", { actions: [may && button("Change limits", { kind: "small", onclick: () => limitsDialog({ title: `Limits of ${key.name}`, limits: key.limits, save: (limits) => change({ limits }, "The limits are changed") }) })] }, quota.key ? quotaMeters(quota.key) : ""),
          card("Use of its account’s limits", { actions: [linkButton("Open account", `#/access/accounts/${key.account}`, { kind: "small" })] }, quotaMeters(quota.account))),
        signed ? policyCard(env) : scopeCard(env),
        derived.length ? derivedCard(env, derived) : "",
        h("div", { class: "row" }, linkButton("Usage of this key", `#/usage${query({ key: key.id })}`, { mark: "usage" }), linkButton("Its live streams", `#/access/sessions${query({ key: key.id })}`, { mark: "live" }), linkButton("What was changed", `#/access/audit${query({ target: key.id })}`))));
  }
  await read();
}

function policyCard(env) {
  const { key, may } = env;
  const text = key.parent ? (key.policy ? "What both this policy and that of the key that it derives from allow; all else is denied." : "No policy of its own: it may do what the key that it derives from may.")
    : key.policy ? "This policy decides; what it does not allow is denied." : "No policy of its own: it streams, and manages the vocabularies of its account.";
  return card("What it may do", { text,
    actions: [linkButton("Check a request", `#/access/policies${query({ key: key.id })}`, { kind: "small" }), may("operator") && button("Change policy", { kind: "small", onclick: () => editPolicy(env) })] },
  key.policy ? snippet(pretty(key.policy), "the policy") : "");
}

function derivedCard(env, derived) {
  const remove = async (k) => {
    const run = () => env.api.delete(`${env.kind.path}/${encodeURIComponent(k.id)}`);
    if (await confirm({ title: "End these credentials?", text: "Whoever has them is refused from now on, and their streams end.", label: "End", run })) env.reload();
  };
  return card("Temporary credentials", { text: "They derive from this key and end with it." }, table({ name: "Temporary credentials", rows: derived, columns: [
    { label: "Access key id", head: true, cell: (k) => [h("span", { class: "mono" }, k.id), h("span", { class: "sub", dir: "auto" }, k.name)] }, { label: "State", cell: (k) => state(k) },
    { label: "Made", cell: (k) => when(k.created, "ago") }, { label: "Ends", cell: (k) => when(k.expires, "ago") },
    { label: "End", actions: true, hide: !env.may("operator"), cell: (k) => h("div", { class: "row end" }, button("End", { kind: "small danger-quiet", "aria-label": `End ${k.id}`, onclick: () => remove(k) })) },
  ] }).element);
}

function scopeCard(env) {
  const { key, may } = env;
  const words = new Map(operations);
  return card("What it may do", { actions: [may("operator") && button("Change", { kind: "small", onclick: () => editScope(env) })] }, facts([
    ["Models", key.models?.join(", ") ?? "All"], ["Operations", key.operations?.map((o) => words.get(o) ?? o).join(", ") ?? "All"], ["Web pages that may use it", key.origins?.join(", ") ?? "All, and programs"]]));
}

function edit(env) {
  const { key, change, kind } = env;
  return dialog(`Edit ${kind.one}`, (close) => {
    const name = field({ label: "Name", name: "name", required: true, value: key.name, attrs: { maxlength: 128, autocomplete: "off" } });
    const ends = expiry({ value: key.expires });
    return form({ parts: [name, ends], label: "Save", cancel: () => close(), onsubmit: async () => {
      await change({ name: name.value, expires: ends.value ?? null }, "Saved");
      close();
    } });
  });
}

/** limitsDialog changes limits of whatever has some. */
export function limitsDialog({ title, limits, save }) {
  return dialog(title, (close) => {
    const fields = limitFields(limits);
    return form({ parts: fields.parts, also: fields.fields, label: "Save limits", cancel: () => close(), onsubmit: async () => {
      await save(fields.value());
      close();
    } });
  }, { wide: true });
}

function editPolicy({ key, change, api }) {
  return dialog("Change policy", (close) => {
    const doubt = doubtful(api);
    const text = field({ label: "Policy", name: "policy", type: "textarea", value: key.policy ? pretty(key.policy) : "", hint: "Leave it empty for the default: streams, and the vocabularies of the account.", attrs: { class: "code", rows: 14, spellcheck: "false", dir: "ltr" }, check: (v) => (v ? readable(v) : "") });
    const fill = h("div", { class: "row" }, h("span", { class: "hint" }, "Begin with:"), ...templates.filter((t) => t.policy).map((t) => button(t.label, { kind: "small", onclick: () => {
      text.control.value = pretty(t.policy);
      text.error("");
    } })));
    return form({ parts: [fill, text], label: "Save policy", cancel: () => close(), onsubmit: async () => {
      if (text.value) await doubt(JSON.parse(text.value));
      await change({ policy: text.value ? JSON.parse(text.value) : null }, "The policy is changed");
      close();
    } });
  }, { wide: true });
}

function editScope({ key, change, api }) {
  return api.get("/admin/v1/system").then((system) => dialog("What it may do", (close) => {
    const scope = scopeFields(system.models ?? [], key);
    return form({ parts: scope.parts.filter(Boolean), label: "Save", cancel: () => close(), onsubmit: async () => {
      await change(scope.value({ all: true }), "Saved");
      close();
    } });
  }, { wide: true }));
}

const hour = 3600;

// graceful chooses how long what is of now stays good beside what comes after it.
const graceful = (label) => select({ label, name: "grace_seconds", value: String(24 * hour), options: [["0", "Ends at once"], [String(hour), "Stays good for an hour"], [String(24 * hour), "Stays good for a day"], [String(7 * 24 * hour), "Stays good for a week"], [String(30 * 24 * hour), "Stays good for 30 days"]] });

async function rotate({ key, api, path, secret }) {
  let made;
  await dialog("Rotate the secret", (close) => {
    const grace = graceful("The secret of now");
    return form({ parts: [h("p", {}, h("strong", { dir: "auto" }, key.name), " gets a new secret, which is shown once. Until the old one ends both are good, so that applications can be changed one by one."), grace], label: "Rotate", cancel: () => close(), onsubmit: async () => {
      made = await api.post(`${path}/rotate`, { grace_seconds: Number(grace.value) }, { seen: key });
      close();
    } });
  });
  if (made) secret(made, "The new secret");
}

// replace does for an API key, which is its own secret, what rotating does for an access key: it makes another with the same rights, and has
// the old one end. The new one comes first, so that nobody is without one whatever fails.
async function replace({ key, api, path, kind, secret, navigate, section }) {
  let made;
  await dialog("Replace the API key", (close) => {
    const grace = graceful("The key of now");
    const ends = expiry({ label: "The new key ends", value: Date.parse(key.expires) > Date.now() ? key.expires : undefined });
    return form({ parts: [h("p", {}, h("strong", { dir: "auto" }, key.name), " gets a successor with the same rights and limits, which is shown once. Until the old one ends both are good, so that applications can be changed one by one; what each uses is counted for itself."), grace, ends],
      label: "Replace", cancel: () => close(), onsubmit: async () => {
        const { account, user, name, limits, models, operations, origins } = key;
        made = await api.post(kind.path, { account, name, limits, ...(user && { user }), ...(models && { models }), ...(operations && { operations }), ...(origins && { origins }), ...(ends.value && { expires: ends.value }) });
        close();
        const seconds = Number(grace.value);
        const until = Date.now() + seconds * 1000;
        const end = seconds === 0 ? { disabled: true } : Date.parse(key.expires) <= until ? {} : { expires: new Date(until).toISOString() };
        await api.patch(path, { ...end, name: `${[...name].slice(0, 110).join("")} (replaced)` }).catch((err) => fail(new ApiError(err.status, { message: `The new key is made, and the old one is as it was: ${err.message}` })));
      } });
  });
  if (!made) return;
  const { models } = await api.get("/models").catch(() => ({})); // for the first call that is shown with it
  secret(made, "The new key", { models, done: () => navigate(`/access/${section}/${made.api_key.id}`) });
}

async function derive({ key, api, path, secret }) {
  let made;
  await dialog("Temporary credentials", (close) => {
    const ttl = select({ label: "Good for", name: "ttl_seconds", value: "3600", options: [["900", "15 minutes"], ["3600", "An hour"], ["43200", "12 hours"], ["129600", "36 hours"]] });
    return form({ parts: [h("p", {}, "For places where a secret would not be safe, such as a web page. They may do what ", h("strong", { dir: "auto" }, key.name), " may, count as its use, and end with it."), ttl], label: "Create", cancel: () => close(), onsubmit: async () => {
      made = await api.post(`${path}/temporary`, { ttl_seconds: Number(ttl.value) });
      close();
    } });
  });
  if (made) secret(made, `Good for ${length((Date.parse(made.access_key.expires) - Date.now()) / 1000)}`);
}

function disable({ key, change, kind }) {
  if (key.disabled) return change({ disabled: false }, `${key.name} is enabled`);
  return confirm({ title: `Disable ${key.name}?`, text: `It is refused until it is enabled again, and its streams end within about a second. Nothing of the ${kind.one} is lost.`, label: "Disable", run: () => change({ disabled: true }, `${key.name} is disabled`) });
}

async function remove({ key, api, path, kind, navigate, section }) {
  const done = await confirmDelete({ what: kind.one, name: key.name, text: notice("danger", h("p", {}, "It is refused from now on, and cannot be brought back. Its streams end. Its usage stays. To shut it out for a while, disable it instead.")), run: () => api.delete(path, { seen: key }) });
  if (!done) return;
  toast(`${key.name} is deleted`);
  navigate(`/access/${section}`, { replace: true });
}
