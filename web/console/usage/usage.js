// Usage: how much audio, by whom, with what, for how much; limits and prices. The address has all of the choice.
import { base, query } from "../api.js";
import { field, select } from "../form.js";
import { count, length, minutes, money } from "../format.js";
import { button, card, change, empty, fail, h, linkButton, notice, pageHead } from "../ui.js";
import { table } from "../table.js";
import { accountsOf, admin } from "../access/parts.js";
import { chart, swatch } from "./chart.js";
import { limitsCard } from "./limits.js";
import { pricesCard } from "./prices.js";
import { label, ranges, span, steps } from "./ranges.js";

export const deferred = true;

/** measures: name, label, what it is in a row of the administration, how it is written. */
const measures = [
  ["audio", "Audio minutes", (r) => r.audio_seconds / 60, (v) => length(v * 60)],
  ["streams", "Streams", (r) => r.streams, count], ["requests", "Requests", (r) => r.requests, count], ["errors", "Errors", (r) => r.errors, count],
];
const groups = [["", "Nothing"], ["key", "Key"], ["account", "Account"], ["model", "Model"], ["protocol", "Protocol"], ["language", "Language"]];
const every = 5000; // ms between two looks at what has been used meanwhile
const most = 7; // series in the chart; what is less is one more

/** mount shows the page as the address has it. */
export async function mount(element, context) {
  const { api, query: asked } = context;
  const choice = { range: "30d", group: "model", measure: "audio", by: "", from: "", to: "", account: "", key: "", model: "", ...Object.fromEntries([...asked].filter(([name]) => name !== "")) };
  if (!ranges.some(([name]) => name === choice.range)) choice.range = "30d";
  const [accounts, keys, apiKeys] = await Promise.all([accountsOf(api), api.get(`${admin}/access-keys?temporary=false&limit=1000`), api.get(`${admin}/api-keys?limit=1000`)]);
  const names = { account: new Map(accounts.items.map((a) => [a.id, a.name])), key: new Map([...keys.items, ...apiKeys.items].map((k) => [k.id, k.name])) };
  const nameOf = (dimension, id) => names[dimension]?.get(id) ?? (id || (dimension === "key" ? "no key" : dimension === "account" ? "no account" : dimension === "protocol" ? "not known" : `no ${dimension}`));
  const env = { ...context, choice, accounts, names, nameOf };

  const place = h("div", { class: "stack" });
  const rows = h("div", {});
  let drawn = null; // the chart, to be destroyed
  let turn = 0;
  let seen = ""; // the figures that are shown
  const update = async ({ quietly = false } = {}) => {
    const mine = ++turn;
    if (!quietly) element.setAttribute("aria-busy", "true");
    try {
      const view = await read(env);
      if (mine !== turn || context.stale() || (quietly && JSON.stringify(view) === seen)) return;
      seen = JSON.stringify(view);
      if (quietly && drawn.fits(view)) return await drawn.renew(view);
      const next = await report(env, view);
      if (mine !== turn || context.stale()) return void next.destroy();
      drawn?.destroy();
      drawn = next;
      place.replaceChildren(...next.parts);
      rows.replaceChildren(...next.rows);
    } finally {
      if (mine === turn) element.removeAttribute("aria-busy");
    }
  };
  const changed = (more) => {
    Object.assign(choice, more);
    history.replaceState(null, "", `#/usage${query(choice)}`);
    return update().catch(fail);
  };
  const bar = controls(env, changed);
  await update();
  const below = h("div", { class: "grid" });
  element.append(pageHead("Usage", "What the recognizers have taken. Hours, days and months are those of UTC; costs are by the prices of now.", ...exports(choice)), bar, place, below, rows);
  Promise.all([limitsCard(env), pricesCard(env)]).then((cards) => below.replaceChildren(...cards), fail);
  const timer = setInterval(() => document.hidden || update({ quietly: true }).catch(() => {}), every);
  return () => {
    clearInterval(timer);
    drawn?.destroy();
  };
}

function stepOf(choice) {
  const allowed = ranges.find(([name]) => name === choice.range)[2];
  return allowed.includes(choice.by) ? choice.by : allowed[0];
}

function request(choice) {
  const { from, to } = span(choice.range, choice);
  return { from: new Date(from).toISOString(), to: new Date(to).toISOString(), account: choice.account, key: choice.key, model: choice.model };
}

const address = (choice, format) => `${admin}/usage${query({ ...request(choice), by: stepOf(choice), group: choice.group, format, ...(format ? {} : top(choice)) })}`;
const top = (choice) => (choice.group ? { top: greatest } : {});
const greatest = 100; // of keys or accounts, of which there may be thousands

async function read({ api, choice }) {
  const all = request(choice);
  const whole = () => api.get(`${admin}/usage${query(all)}`).catch((err) => {
    if (err.status !== 400) throw err;
    return api.get(`${admin}/usage${query({ ...all, group: "model" })}`); // prices in several currencies have no sum
  });
  const [rows, sums] = await Promise.all([api.get(address(choice)), choice.group ? api.get(`${admin}/usage${query({ ...all, group: choice.group, ...top(choice) })}`) : whole()]);
  // What all groups have used is the sum of theirs, where these are all.
  const total = choice.group && sums.items.length >= greatest ? await whole() : sums;
  const mixed = new Set(total.items.map((r) => r.currency).filter(Boolean)).size > 1;
  return { rows: rows.items, sums: choice.group ? sums.items : null, total: total.items, mixed };
}

function controls(env, changed) {
  const { choice, accounts, names } = env;
  const pick = (text, name, options) => {
    const f = select({ label: text, name, value: choice[name], options, onchange: () => changed({ [name]: f.control.value }) });
    return f.element;
  };
  const dates = h("div", { class: "row dates", hidden: choice.range !== "custom" });
  const dateField = (text, name) => field({ label: text, name, type: "date", required: true, value: choice[name], attrs: { onchange: (event) => changed({ [name]: event.target.value }) } });
  const today = new Date().toISOString().slice(0, 10);
  const from = dateField("From (UTC)", "from");
  const to = dateField("To, included", "to");
  dates.append(from.element, to.element);
  const step = h("div", { class: "field" });
  const drawStep = () => {
    const allowed = ranges.find(([name]) => name === choice.range)[2];
    step.replaceChildren(...(allowed.length > 1 ? pick("By", "by", allowed.map((b) => [b, { hour: "Hour", day: "Day", month: "Month" }[b]])).childNodes : []));
    step.hidden = allowed.length < 2;
    if (allowed.length > 1) step.querySelector("select").value = stepOf(choice);
  };
  drawStep();
  const range = select({ label: "Time", name: "range", value: choice.range, options: ranges, onchange: () => {
    const custom = range.control.value === "custom";
    dates.hidden = !custom;
    if (custom && !choice.from) {
      from.control.value = choice.from = `${today.slice(0, 8)}01`;
      to.control.value = choice.to = today;
    }
    choice.range = range.control.value;
    drawStep();
    changed({});
  } });
  const keyName = [...names.key].map(([id, name]) => [id, name]);
  if (choice.key && !names.key.has(choice.key)) keyName.unshift([choice.key, choice.key]);
  return h("div", { class: "filters usage-filters" }, range.element, dates, step, pick("Split by", "group", groups), pick("Show", "measure", measures.map(([name, text]) => [name, text])),
    accounts.items.length > 1 ? pick("Account", "account", [["", "All"], ...accounts.items.map((a) => [a.id, a.name])]) : "", keyName.length > 1 || choice.key ? pick("Key", "key", [["", "All"], ...keyName]) : "");
}

const exports = (choice) => [["CSV", "csv"], ["JSON", "json"]].map(([text, format]) =>
  linkButton(text, "#", { mark: "download", "aria-label": `Download as ${text}`, download: `usage.${format}`, onclick: (event) => (event.currentTarget.href = base + address(choice, format)) }));

const sum = (rows, of) => rows.reduce((n, r) => n + of(r), 0);

// costs adds up what the server has added up already, by currency; "" where there is no price for all of it.
function costs(rows) {
  if (!rows.length || rows.some((r) => r.cost === undefined)) return "–";
  const by = new Map();
  const priced = rows.filter((r) => r.currency); // the others had no audio
  for (const r of priced.length ? priced : rows) by.set(r.currency, (by.get(r.currency) ?? 0) + Number(r.cost));
  return [...by].map(([currency, amount]) => money(amount, currency)).join(" + ");
}

// report is what is shown of a view.
async function report(env, view) {
  const { choice, nameOf } = env;
  const bare = (v) => !sum(v.total, (r) => r.requests + r.streams);
  const kind = (v) => JSON.stringify([bare(v), Boolean(v.mixed), v.sums?.length >= greatest]);
  const fits = (v) => kind(v) === kind(view);
  if (bare(view)) return { fits, async renew() {}, rows: [], destroy() {}, parts: [h("div", { class: "table-card" }, empty("No audio in this time", "Whatever is streamed or transcribed is here within a second. Choose another time, or make a first call.", linkButton("Speak in Live", "#/live", { kind: "primary", mark: "live" }), linkButton("Create an access key", "#/access/keys/new")))] };
  const by = stepOf(choice);
  const [, title, of, write] = measures.find(([name]) => name === choice.measure) ?? measures[0];
  const [tiles, plot, when] = [h("div", { class: "tiles" }), h("div", {}), h("span", {})];
  const key = choice.group ? h("ul", { class: "legend" }) : null;
  const sums = view.sums ? sumTable(choice.group, nameOf) : null;
  const list = stepTable(by, choice.group, nameOf);
  let drawn = null;
  // renew shows other figures of the same kind in place, so that nobody who reads or uses them loses their place.
  const renew = async (v) => {
    const times = steps(span(choice.range, choice), by);
    const series = seriesOf(v.rows, { group: choice.group, times, of, nameOf, title });
    const said = `${title} by ${by}${choice.group ? ` and ${choice.group}` : ""}, ${label(times[0], by)} to ${label(times.at(-1), by)}, in UTC: ${write(sum(v.total, of))} in all. The same figures are in the table below.`;
    const next = await chart({ times, by, series, write, describe: said }).catch((err) => ({ element: notice("warn", h("p", {}, `The chart cannot be shown: ${err.message}. The figures are below.`)), destroy() {} }));
    drawn?.destroy();
    drawn = next;
    plot.replaceChildren(next.element);
    when.textContent = `${label(times[0], by)} – ${label(times.at(-1), by)}, UTC`;
    change(tiles, totals(v.total));
    if (key) change(key, legend(series, write));
    sums?.update([...v.sums].sort((a, b) => b.audio_seconds - a.audio_seconds));
    list.update(v.rows);
  };
  await renew(view);
  return {
    parts: [
      view.mixed ? notice("", h("p", {}, "Prices are in several currencies: sums are shown for each.")) : "",
      tiles, card(`${title} by ${by}`, { text: when }, plot, key),
      sums ? card(`By ${choice.group}`, { text: view.sums.length >= greatest ? `The ${greatest} with the most audio; the files to download have all.` : "" }, sums.element) : "",
    ].filter(Boolean),
    rows: [list.element], fits, renew, destroy: () => drawn.destroy(),
  };
}

function totals(total) {
  const tile = (name, figure, note) => h("div", { class: "tile" }, h("p", { class: "label" }, name), h("p", { class: "figure" }, figure), note && h("p", {}, note));
  const [audio, streams, requests, errors] = ["audio_seconds", "streams", "requests", "errors"].map((name) => sum(total, (r) => r[name]));
  const priced = costs(total);
  return [tile("Audio", length(audio), `${minutes(audio)} minutes`), tile("Streams", count(streams), `${count(requests)} ${requests === 1 ? "request" : "requests"}`),
    tile("Errors", count(errors), requests ? `${count((100 * errors) / requests)} % of requests` : ""), tile("Cost", priced, priced === "–" ? "not every model has a price" : "by the prices of now")];
}

// seriesOf makes series of rows, the greatest first, and one of all that are too small.
function seriesOf(rows, { group, times, of, nameOf, title }) {
  const index = new Map(times.map((t, i) => [t, i]));
  const by = new Map();
  for (const r of rows) {
    const id = group ? (r[group] ?? "") : "";
    const i = index.get(Date.parse(r.start));
    if (!by.has(id)) by.set(id, { name: group ? nameOf(group, id) : title, values: new Array(times.length).fill(0), total: 0 });
    if (i === undefined) continue;
    by.get(id).values[i] += of(r);
    by.get(id).total += of(r);
  }
  const all = [...by.values()].sort((a, b) => b.total - a.total);
  if (all.length <= most + 1) return all;
  const rest = all.splice(most);
  return [...all, { name: `${rest.length} others`, total: sum(rest, (s) => s.total), values: times.map((_, i) => sum(rest, (s) => s.values[i])) }];
}

const legend = (series, write) => series.map((s, i) => h("li", {}, swatch(i), h("span", { dir: "auto" }, s.name), h("b", {}, write(s.total))));

const figures = [
  { label: "Audio", num: true, cell: (r) => length(r.audio_seconds) }, { label: "Minutes", num: true, cell: (r) => minutes(r.audio_seconds) }, { label: "Streams", num: true, cell: (r) => count(r.streams) },
  { label: "Requests", num: true, cell: (r) => count(r.requests) }, { label: "Errors", num: true, cell: (r) => count(r.errors) }, { label: "Cost", num: true, cell: (r) => (r.cost === undefined ? "–" : money(r.cost, r.currency)) },
];
const title = (group) => groups.find(([name]) => name === group)?.[1] ?? group;
const idOf = (r, group) => JSON.stringify([r.start, r[group], r.currency]);

function named(group, nameOf) {
  return { label: title(group), head: true, cell: (r) => [h("span", { dir: "auto" }, nameOf(group, r[group])), (group === "key" || group === "account") && nameOf(group, r[group]) !== r[group] ? h("span", { class: "sub mono" }, r[group]) : ""] };
}

const sumTable = (group, nameOf) => table({ name: `Usage by ${group}`, key: (r) => idOf(r, group), columns: [named(group, nameOf), ...figures] });

const shown = 14; // rows to begin with
const further = 100; // and at a time

// stepTable has every row, the newest first. update gives it its rows, and leaves as many shown as were asked for.
function stepTable(by, group, nameOf) {
  const word = { hour: "hour", day: "day", month: "month" }[by];
  const list = table({ name: `Every ${word}`, key: (r) => idOf(r, group), columns: [
    { label: `${word[0].toUpperCase()}${word.slice(1)} (UTC)`, head: true, cell: (r) => label(Date.parse(r.start), by) }, ...(group ? [{ ...named(group, nameOf), head: false }] : []), ...figures] });
  let newest = [];
  let at = shown;
  const text = h("span", {});
  const more = button(text, { kind: "small", onclick: () => {
    at += further;
    draw();
  } });
  const foot = h("div", { class: "table-foot" }, more);
  const draw = () => {
    list.update(newest.slice(0, at));
    text.textContent = `Show more of ${count(newest.length)} rows`;
    foot.hidden = at >= newest.length;
  };
  const update = (rows) => {
    newest = [...rows].reverse();
    draw();
  };
  return { element: card(`Every ${word}`, { text: "What was used, row by row, the newest first." }, list.element, foot), update };
}
