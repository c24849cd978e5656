// How much of the limits is used: of the account or key that is looked at, else of all accounts that have any.
import { card, empty, h, linkButton } from "../ui.js";
import { admin, quotaMeters } from "../access/parts.js";

const most = 6; // accounts at once

/** limitsCard shows it. */
export async function limitsCard({ api, choice, accounts, nameOf, names }) {
  if (choice.key && names.key.has(choice.key)) {
    const quota = await api.get(`${admin}/access-keys/${choice.key}/quota`).catch((err) => (err.status === 404 ? api.get(`${admin}/api-keys/${choice.key}/quota`) : Promise.reject(err)));
    return card("Limits", { text: nameOf("key", choice.key) }, quotaMeters(quota.key));
  }
  const limited = accounts.items.filter((a) => (choice.account ? a.id === choice.account : a.limits.day_seconds || a.limits.month_seconds || a.limits.streams));
  if (!limited.length) {
    return card("Limits", {}, empty("No account has a limit", "A limit ends streams when a day’s or a month’s audio is used up, so that no bill surprises anybody.", linkButton("Open accounts", "#/access/accounts")));
  }
  const some = limited.slice(0, most);
  const quotas = await Promise.all(some.map((a) => api.get(`${admin}/accounts/${a.id}/quota`)));
  return card("Limits", { text: limited.length > most ? `The first ${most} of ${limited.length} accounts that have some.` : "Of accounts, with all their keys.", actions: [linkButton("Accounts", "#/access/accounts", { kind: "small" })] },
    h("div", { class: "limit-list" }, ...some.map((a, i) => h("section", { "aria-label": a.name }, h("h3", { dir: "auto" }, h("a", { href: `#/access/accounts/${a.id}` }, a.name)), quotaMeters(quotas[i].account)))));
}
