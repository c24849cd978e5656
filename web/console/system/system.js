// System: whether the server is well, what it serves with, how it is set, and what to do where something is not as it should be.
import { count, when } from "../format.js";
import { button, card, change, empty, facts, h, notice, pageHead, pill, snippet } from "../ui.js";
import { table } from "../table.js";
import { admin, meter } from "../access/parts.js";
import { settingsCard } from "./settings.js";

export const deferred = true;

const every = 3000; // ms between two looks

const states = {
  ready: ["Ready", "ok", null],
  warming: ["Warming up", "warn", "The engine reads its models. New streams are refused with 503 and /readyz says so, and load balancers send nobody here. Usually it takes seconds; where it takes minutes, look at the log for the model that is being read, and at the disk."],
  impaired: ["Impaired", "danger", "Something under the server is not as it was opened: the database file was taken away or replaced, or the master key was rotated and the new one cannot be read. Who is known is served; nobody new is, and nothing can be changed. The log says which it is, and it goes on by itself when that is put right."],
  draining: ["Draining", "warn", "The server was asked to end. It takes no new streams, gives the open ones time to finish (“grace”), and then ends. Nothing needs to be done; whoever wants it back starts it again."],
};

/** mount shows the page, and looks again at what changes. */
export async function mount(element, context) {
  const { api } = context;
  const read = async () => {
    const [system, sessions] = await Promise.all([api.get(`${admin}/system`), api.get(`${admin}/sessions?limit=1000`)]);
    return { system, sessions: sessions.items, alive: await probe("/healthz"), ready: await probe("/readyz") };
  };
  const [view, config] = await Promise.all([read(), api.get(`${admin}/system/config`)]);
  const now = h("div", { class: "stack" });
  const models = modelTable(view);
  const draw = (v) => {
    change(now, head(v));
    models.update(modelRows(v));
  };
  draw(view);
  element.append(pageHead("System", "This server: its health, its engine and models, and the configuration in force."), h("div", { class: "stack" }, now,
    card("Models", { text: `What the engine “${view.system.engine}” serves.` }, view.system.models.length ? models.element : empty("No models", "The engine has none. Earshot’s doctor says what is missing and how to mend it.", snippet("earshot doctor", "the command"))),
    h("div", { class: "grid" }, metricsCard(config.settings), storeCard(context, config.settings)), settingsCard(config.settings)));

  let busy = false;
  const look = async () => {
    if (busy || document.hidden) return;
    busy = true;
    try {
      const next = await read();
      if (!context.stale()) draw(next);
    } catch (err) {
      if (context.stale() || now.querySelector(".lost")) return;
      now.firstElementChild.hidden = false;
      now.firstElementChild.append(h("div", { class: "lost" }, notice("danger", h("p", {}, `${err.message} What is shown below is of before.`))));
    } finally {
      busy = false;
    }
  };
  const timer = setInterval(look, every);
  return () => clearInterval(timer);
}

// probe asks one of the paths that load balancers ask.
async function probe(path) {
  try {
    const response = await fetch(path, { cache: "no-store" });
    return { ok: response.ok, text: (await response.text()).trim().slice(0, 80) };
  } catch {
    return { ok: false, text: "no answer" };
  }
}

// head is always of three parts, so that what is in the second keeps the focus whatever the first says.
function head({ system, sessions, alive, ready }) {
  const [word, kind, advice] = states[system.state] ?? [system.state, "", null];
  const lag = sessions.reduce((n, s) => Math.max(n, s.lag_seconds), 0);
  const tile = (name, figure, note) => h("div", { class: "tile" }, h("p", { class: "label" }, name), h("div", { class: "figure" }, figure), note && h("p", {}, note));
  const slots = system.slots;
  const notices = [
    advice && notice("warn", h("p", {}, h("strong", {}, `${word}. `), advice)),
    lag >= 5 && notice("warn", h("p", {}, h("strong", {}, `An engine is ${count(lag)} s behind. `), "It decodes more slowly than people speak: more is asked of this machine than it can do. Fewer streams (“limits.streams”), more cores, or a smaller model help. ", h("a", { href: "#/access/sessions" }, "See which streams"), ".")),
    slots?.most > 0 && slots.taken >= slots.most && notice("warn", h("p", {}, h("strong", {}, "All slots are taken. "), "New streams are refused with 503 until one ends.")),
  ].filter(Boolean);
  return [
    h("div", { class: "stack", hidden: !notices.length }, ...notices),
    h("div", { class: "tiles" },
      tile("State", h("span", { class: "state-now" }, pill(word, kind)), h("span", {}, "since ", when(system.started, "full"))),
      tile("Open streams", h("a", { href: "#/access/sessions" }, count(system.streams)), slots ? (slots.most ? `of ${count(slots.most)} slots` : "no limit of the engine") : "on this server"),
      tile("Behind", `${count(lag)} s`, "the slowest stream"),
      tile("Health", h("span", { class: "state-now" }, pill(alive.ok ? "Alive" : "Not alive", alive.ok ? "ok" : "danger"), pill(ready.ok ? "Serving" : "Not serving", ready.ok ? "ok" : "warn")), h("span", {}, h("a", { href: "/healthz" }, "/healthz"), " ", h("a", { href: "/readyz" }, "/readyz")))),
    card("", { "aria-label": "About this server" }, h("div", { class: "stack" }, facts([["Version", system.version], ["Engine", system.engine], ["Started", when(system.started, "ago")], ["Changes to accounts and keys", count(system.revision)]]), slots?.most ? meter("Slots of the engine", slots.taken, slots.most, count) : "")),
  ];
}

function modelRows({ system, sessions }) {
  return system.models.map((m) => {
    const of = sessions.filter((s) => s.model === m.id);
    return { ...m, open: of.length, lag: of.reduce((n, s) => Math.max(n, s.lag_seconds), 0) };
  });
}

const modelTable = (view) => table({ name: "Models", rows: modelRows(view), columns: [
  { label: "Model", head: true, cell: (m) => [m.id, m.title && m.title !== m.id ? h("span", { class: "sub" }, m.title) : ""] },
  { label: "Languages", cell: (m) => (m.languages?.length ? h("span", { class: "row" }, ...m.languages.slice(0, 12).map((l) => h("span", { class: "tag" }, l)), m.languages.length > 12 ? `and ${m.languages.length - 12} more` : "") : "Any") },
  { label: "Open streams", num: true, cell: (m) => count(m.open) },
  { label: "Behind", num: true, cell: (m) => (m.lag >= 2 ? pill(`${count(m.lag)} s`, m.lag >= 10 ? "danger" : "warn") : `${count(m.lag)} s`) },
] });

function metricsCard(settings) {
  const listen = settings.find((s) => s.key === "admin_listen")?.value;
  const text = listen ? ["Prometheus reads them at ", h("code", {}, `http://${listen}/metrics`), ", without credentials."] : ["Prometheus reads them at ", h("code", {}, "/metrics"), " of this address, with an administrator’s token. A listener of their own, without credentials, is ", h("code", {}, "admin_listen"), "."];
  const target = listen || location.host;
  const job = `scrape_configs:\n  - job_name: earshot\n${location.protocol === "https:" && !listen ? "    scheme: https\n" : ""}${listen ? "" : "    authorization: { credentials_file: earshot-token }\n"}    static_configs:\n      - targets: ["${target}"]`;
  return card("Metrics", {}, h("div", { class: "stack" }, h("p", {}, ...text), snippet(job, "the configuration of Prometheus"), h("p", { class: "hint" }, "deploy/ has alerts and a dashboard for Grafana; docs/operating.md says what each figure means.")));
}

// where is what a command must be given to find the store of this server, which need not be the one of whoever runs it.
function where(settings) {
  const one = (key) => settings.find((s) => s.key === key) ?? { source: "default" };
  const [data, store] = [one("data"), one("store")];
  const quoted = (text) => (/^[\w./:-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`);
  return `${data.source !== "default" && data.value ? ` --data ${quoted(data.value)}` : ""}${store.secret || store.source !== "default" ? " --store …" : ""}`;
}

function storeCard({ api, may }, settings) {
  const result = h("div", { "aria-live": "polite" });
  const check = button("Check the store", { onclick: async () => {
    const report = await api.post(`${admin}/store:check`);
    const rows = Object.entries(report.rows);
    result.replaceChildren(h("div", { class: "stack" }, report.findings.length ? notice("danger", h("ul", {}, ...report.findings.map((f) => h("li", {}, f)))) : notice("ok", h("p", {}, `All is well: ${count(rows.reduce((n, [, c]) => n + c, 0))} rows were looked at.`)), h("details", {}, h("summary", {}, "Rows by table"), facts(rows.map(([name, c]) => [name, count(c)])))));
  } });
  return card("Store", { text: "Accounts, keys, usage and the audit log." }, h("div", { class: "stack" }, h("p", {}, "A backup is made beside the running server. It has no master key in it: keep a copy of that elsewhere."), snippet(`earshot store backup backup.earshot${where(settings)}`, "the command"), may("administrator") ? h("div", {}, check) : "", result));
}
