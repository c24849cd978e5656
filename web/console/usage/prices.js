// What a minute of audio costs.
import { confirm, dialog, field, form } from "../form.js";
import { money } from "../format.js";
import { button, card, empty, h, toast } from "../ui.js";
import { table } from "../table.js";
import { admin } from "../access/parts.js";

const millionths = 1_000_000;

/** pricesCard shows the prices and changes them. */
export async function pricesCard({ api, may, reload }) {
  const { items } = await api.get(`${admin}/prices`);
  const operator = may("operator");
  const set = async (price) => priceDialog({ api, reload, price, models: (await api.get("/models")).models.map((m) => m.id) });
  const remove = async (p) => {
    const done = await confirm({ title: "Delete this price?", text: `Usage of ${called(p)} has no cost then, unless there is a price for all other models.`, label: "Delete", run: () => api.delete(`${admin}/prices/${encodeURIComponent(p.model)}`) });
    if (done) reload();
  };
  if (!items.length) return card("Prices", {}, empty("No prices yet", "Give a minute of audio a price, and usage becomes a bill.", operator && button("Set a price", { kind: "primary", onclick: () => set() }), h("p", { class: "muted" }, "Or by command: ", h("code", {}, "earshot usage price '*' 0.024 EUR"))));
  return card("Prices", { text: "Of now; what was used before costs what it costs today.", actions: [operator && button("Set a price", { kind: "small", onclick: () => set() })] },
    table({ name: "Prices", rows: items, key: (p) => p.model, columns: [
      { label: "Model", head: true, cell: called }, { label: "A minute", num: true, cell: (p) => exact(p) }, { label: "An hour", num: true, cell: (p) => money((p.per_minute_micros * 60) / millionths, p.currency) },
      { label: "Actions", actions: true, hide: !operator, cell: (p) => h("div", { class: "row end" }, button("Change", { kind: "small", "aria-label": `Change the price of ${called(p)}`, onclick: () => set(p) }), button("Delete", { kind: "small danger-quiet", "aria-label": `Delete the price of ${called(p)}`, onclick: () => remove(p) })) },
    ] }).element);
}

const called = (p) => (p.model === "*" ? "All other models" : p.model);
const exact = (p) => `${(p.per_minute_micros / millionths).toLocaleString(undefined, { minimumFractionDigits: 2, maximumFractionDigits: 6 })} ${p.currency}`;

function priceDialog({ api, reload, price, models }) {
  return dialog(price ? `Price of ${called(price)}` : "Set a price", (close) => {
    const list = h("datalist", { id: "priced" }, ...models.map((m) => h("option", { value: m })));
    const model = field({ label: "Model", name: "model", required: true, value: price?.model ?? "*", hint: "The name of a model, or * for all that have no price of their own.", attrs: { list: "priced", autocomplete: "off", readonly: Boolean(price) } });
    const amount = field({ label: "Price of a minute", name: "per_minute_micros", required: true, value: price ? String(price.per_minute_micros / millionths) : "", attrs: { inputmode: "decimal", placeholder: "0.024", autocomplete: "off" },
      read: (c) => c.value.trim().replace(",", "."), check: (v) => (/^\d+(\.\d{1,6})?$/.test(v) ? "" : "Please enter an amount such as 0.024, with six decimals at most.") });
    const currency = field({ label: "Currency", name: "currency", required: true, value: price?.currency ?? "EUR", attrs: { maxlength: 3, autocomplete: "off" }, read: (c) => c.value.trim().toUpperCase() });
    return form({ parts: [model, h("div", { class: "fields" }, amount.element, currency.element), list], also: [amount, currency], label: "Save price", cancel: () => close(), onsubmit: async () => {
      await api.put(`${admin}/prices/${encodeURIComponent(model.value)}`, { per_minute_micros: Math.round(Number(amount.value) * millionths), currency: currency.value });
      close();
      toast("The price is set");
      reload();
    } });
  });
}
