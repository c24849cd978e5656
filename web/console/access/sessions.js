// The streams that are open now, as they go on, and how to end one.
import { query } from "../api.js";
import { confirm } from "../form.js";
import { clock, count } from "../format.js";
import { button, empty, h, linkButton, pageHead, pill, toast } from "../ui.js";
import { table } from "../table.js";
import { accountsOf, admin } from "./parts.js";

const every = 2000; // ms between two looks

/** mount shows them and looks again until it is unmounted; not while nobody sees the page. */
export async function mount(element, context) {
  const { api } = context;
  const filter = { account: context.query.get("account"), key: context.query.get("key") };
  const [accounts, keys, apiKeys, first] = await Promise.all([accountsOf(api), api.get(`${admin}/access-keys?temporary=false&limit=1000`), api.get(`${admin}/api-keys?limit=1000`), api.get(`${admin}/sessions${query(filter)}`)]);
  const names = new Map([...keys.items.map((k) => [k.id, ["keys", k.name]]), ...apiKeys.items.map((k) => [k.id, ["api-keys", k.name]])]);
  const who = (s) => {
    const [section, name] = names.get(s.key) ?? names.get(s.caller) ?? [];
    return name ? h("a", { href: `#/access/${section}/${s.key ?? s.caller}`, dir: "auto" }, name) : h("span", { class: "mono" }, s.caller);
  };
  const end = async (s) => {
    const text = ["It takes no more audio, gives the results of what was said, and says that it was ended. The client may open it again: to keep it out, disable its key first."];
    const done = await confirm({ title: "End this stream?", text, label: "End stream", run: () => api.delete(`${admin}/sessions/${encodeURIComponent(s.id)}`) });
    if (done) {
      toast("The stream is ending");
      look();
    }
  };
  const list = table({ name: "Live streams", rows: first.items, columns: [
    { label: "Who", head: true, cell: (s) => [who(s), h("span", { class: "sub", dir: "auto" }, s.account ? accounts.name(s.account) : "")] },
    { label: "Model", cell: (s) => [s.model, s.language ? h("span", { class: "sub" }, s.language) : ""] },
    { label: "Protocol", cell: (s) => [s.protocol, h("span", { class: "sub mono" }, s.remote)] },
    { label: "Open for", num: true, cell: (s) => clock((Date.now() - Date.parse(s.since)) / 1000) },
    { label: "Audio", num: true, cell: (s) => clock(s.audio_seconds) },
    { label: "Behind", num: true, cell: (s) => (s.lag_seconds >= 2 ? pill(`${count(s.lag_seconds)} s`, s.lag_seconds >= 10 ? "danger" : "warn") : `${count(s.lag_seconds)} s`) },
    { label: "End", actions: true, hide: !context.may("operator"), cell: (s) => (s.ending ? pill("Ending") : button("End", { kind: "small danger-quiet", "aria-label": `End the stream of ${names.get(s.key)?.[1] ?? s.caller}`, onclick: () => end(s) })) },
  ] });
  const total = h("p", { class: "muted", role: "status" });
  const holder = h("div", { class: "table-card" }, list.element, total);
  const none = h("div", { class: "table-card" }, empty("Nobody is streaming", "Streams appear here as they open: who, with which model, for how long, and how far the engine is behind.", linkButton("Speak yourself", "#/live", { kind: "primary", mark: "live" })));
  const show = (page) => {
    list.update(page.items);
    holder.hidden = page.items.length === 0;
    none.hidden = !holder.hidden;
    total.className = page.total > page.items.length ? "table-foot" : "visually-hidden";
    total.textContent = `${count(page.total)} open`;
  };
  show(first);
  const only = filter.account ? accounts.name(filter.account) : filter.key ? (names.get(filter.key)?.[1] ?? filter.key) : "";
  element.append(pageHead("Live streams", only ? ["Only those of ", h("strong", { dir: "auto" }, only), ". ", h("a", { href: "#/access/sessions" }, "Show all")] : "Open on this server now; looked at every two seconds."), holder, none);

  let busy = false;
  const look = async () => {
    if (busy || document.hidden) return;
    busy = true;
    try {
      const page = await api.get(`${admin}/sessions${query(filter)}`);
      if (!context.stale()) show(page);
    } catch {
      // the next look may succeed; what was seen stays
    } finally {
      busy = false;
    }
  };
  const timer = setInterval(look, every);
  document.addEventListener("visibilitychange", look);
  return () => {
    clearInterval(timer);
    document.removeEventListener("visibilitychange", look);
  };
}
