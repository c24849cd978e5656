// What the sections of Access have in common: accounts by id, limits, ends, meters, states.
import { field, select, toggle } from "../form.js";
import { ago, count, length, when } from "../format.js";
import { h, pill } from "../ui.js";

/** admin is where the administration is, below the console's API. */
export const admin = "/admin/v1";

/** accountsOf reads the accounts; name(id) is how one is called. */
export async function accountsOf(api) {
  const { items, next } = await api.get(`${admin}/accounts?limit=1000`);
  const names = new Map(items.map((a) => [a.id, a.name]));
  return { items, more: Boolean(next), name: (id) => names.get(id) ?? id };
}

/** state tells whether a key can be used. accounts are those of accountsOf, where its own counts. */
export function state(key, { accounts, now = Date.now() } = {}) {
  if (key.disabled) return pill("Disabled");
  if (accounts?.items.some((a) => a.id === key.account && a.disabled)) return pill("Account disabled");
  if (key.expires && Date.parse(key.expires) <= now) return pill("Expired", "danger");
  if (key.expires && Date.parse(key.expires) - now < 14 * 86_400_000) return pill("Ends soon", "warn");
  return pill("Active", "ok");
}

/** limitsText writes limits in a line. */
export function limitsText(limits) {
  const parts = [
    limits.streams && `${count(limits.streams)} ${limits.streams === 1 ? "stream" : "streams"}`,
    limits.rate && `${count(limits.rate)} requests/s`,
    limits.day_seconds && `${length(limits.day_seconds)} a day`,
    limits.month_seconds && `${length(limits.month_seconds)} a month`,
  ].filter(Boolean);
  return parts.length ? parts.join(" · ") + (limits.warn_only ? " (warn only)" : "") : "None";
}

const round = (n) => Math.round(n * 100) / 100;

/** limitFields are the fields for limits; value() is what the administration takes. Minutes here are seconds there. */
export function limitFields(limits = {}) {
  const input = (label, name, value, unit, more = {}) => field({ label, name, type: "number", value: value ? String(value) : "", unit, attrs: { min: 0, step: "any", inputmode: "decimal", placeholder: "no limit", ...more },
    read: (c) => (c.value === "" ? 0 : Number(c.value)), check: (v) => (v >= 0 ? (more.step === 1 && !Number.isInteger(v) ? "Please enter a whole number." : "") : "Please enter a number above 0, or nothing.") });
  const streams = input("Streams at once", "streams", limits.streams, "", { step: 1, inputmode: "numeric" });
  const day = input("Audio a day", "day_seconds", round((limits.day_seconds ?? 0) / 60), "minutes");
  const month = input("Audio a month", "month_seconds", round((limits.month_seconds ?? 0) / 60), "minutes");
  const rate = input("Requests", "rate", limits.rate, "a second");
  const warn = toggle({ label: "Warn only", name: "warn_only", value: limits.warn_only, hint: "Audio beyond the limit is logged and not refused." });
  return {
    parts: [h("div", { class: "fields" }, streams.element, rate.element, day.element, month.element), warn],
    fields: [streams, rate, day, month],
    value: () => ({ streams: streams.value, rate: rate.value, day_seconds: Math.round(day.value * 60), month_seconds: Math.round(month.value * 60), warn_only: warn.value }),
  };
}

const day = 86_400_000;

/** expiry is a field for when something ends. value is undefined for never. */
export function expiry({ value, none = "Never", label = "Ends" } = {}) {
  const date = h("input", { type: "date", "aria-label": "Last day", hidden: true, min: new Date(Date.now() + day).toISOString().slice(0, 10) });
  const options = [...(value ? [["keep", `As it is: ${new Date(value).toLocaleDateString()}`]] : []), ["", none], ["7", "In 7 days"], ["30", "In 30 days"], ["90", "In 90 days"], ["365", "In a year"], ["date", "On a day…"]];
  const chosen = select({ label, name: "expires", options, value: value ? "keep" : "", onchange: (event) => {
    date.hidden = event.target.value !== "date";
    if (!date.hidden) date.focus();
  } });
  chosen.control.after(date);
  chosen.check = () => (chosen.control.value === "date" && !date.value ? "Please choose a day." : "");
  return Object.defineProperty(chosen, "value", { get() {
    const v = chosen.control.value;
    if (v === "keep") return value;
    if (v === "") return undefined;
    return v === "date" ? new Date(`${date.value}T23:59:59`).toISOString() : new Date(Date.now() + Number(v) * day).toISOString();
  } });
}

/** meter shows how much of a limit is used. */
export function meter(label, used, limit, write, note) {
  const part = limit ? Math.min(1, used / limit) : 0;
  const said = limit ? `${write(used)} of ${write(limit)}` : `${write(used)}, no limit`;
  const bar = h("div", { class: "meter-bar", role: "meter", "aria-label": label, "aria-valuemin": 0, "aria-valuemax": limit || 1, "aria-valuenow": limit ? Math.min(used, limit) : 0, "aria-valuetext": said }, h("i"));
  bar.firstChild.style.setProperty("--part", String(part));
  return h("div", { class: `meter ${part >= 1 ? "full" : part >= 0.8 ? "warn" : ""}` },
    h("div", { class: "meter-line" }, h("span", {}, label), h("span", {}, said)), limit ? bar : null, note ? h("p", { class: "hint" }, note) : null);
}

/** quotaMeters shows a quota as the administration tells it. */
export function quotaMeters(q) {
  const note = (budget) => (budget.limit_seconds && budget.used_seconds >= budget.limit_seconds ? [q.limits.warn_only ? "Used up; the server warns only. " : "Used up: new streams are refused. ", "Begins anew ", ago(budget.resets), "."] : budget.limit_seconds ? ["Begins anew ", when(budget.resets), "."] : null);
  return h("div", { class: "meters" },
    meter("Streams now", q.streams.used, q.streams.limit, count),
    meter("Audio today (UTC)", q.day.used_seconds, q.day.limit_seconds, length, note(q.day)),
    meter("Audio this month (UTC)", q.month.used_seconds, q.month.limit_seconds, length, note(q.month)));
}

/** accountField chooses an account, or makes one on the way. resolve() is its id. */
export function accountField(accounts, api, value) {
  const fresh = "+";
  const name = field({ label: "Name of the new account", name: "account-name", required: true, value: accounts.items.length ? "" : "default", attrs: { autocomplete: "off" }, hint: "An account is a team or a customer: it owns keys, and has limits for all of them together." });
  const none = accounts.items.length === 0;
  const chosen = select({ label: "Account", name: "account", value: value ?? (accounts.items.find((a) => a.name === "default") ?? accounts.items[0])?.id ?? fresh, onchange: () => (name.element.hidden = chosen.control.value !== fresh),
    options: [...accounts.items.map((a) => [a.id, a.disabled ? `${a.name} (disabled)` : a.name]), [fresh, "A new account…"]] });
  name.element.hidden = chosen.control.value !== fresh;
  chosen.element.hidden = none;
  return {
    parts: [chosen, name],
    async resolve() {
      if (chosen.control.value !== fresh) return chosen.control.value;
      const made = await api.post(`${admin}/accounts`, { name: name.value }).catch((err) => {
        if (err.field === "name") err.field = "account-name";
        throw err;
      });
      chosen.control.prepend(h("option", { value: made.id }, made.name)); // if what follows fails, it is there the next time
      chosen.control.value = made.id;
      chosen.element.hidden = false;
      name.element.hidden = true;
      return made.id;
    },
  };
}
