// The console's shell: who is signed in, which page is shown, and what stands around it.
import { ApiError, anonymous, base, createApi, sentence } from "./api.js";
import { announce, button, fail, h, icon, linkButton, loading, mark, messages, notice, toast } from "./ui.js";

// Pages are modules that export mount(element, context), which returns how to unmount, or a promise of it. Those with "deferred" are
// shown when their promise resolves, so that the page before stays until there is something to see.
const pages = {
  live: { title: "Live", load: () => import("./live/live.js"), open: true },
  access: { title: "Access", load: () => import("./access/access.js") },
  usage: { title: "Usage", load: () => import("./usage/usage.js") },
  system: { title: "System", load: () => import("./system/system.js") },
  signin: { title: "Sign in", load: () => import("./signin.js"), open: true, hidden: true },
};
const ranks = { viewer: 1, operator: 2, administrator: 3 };

let session = { signed_in: false };
let renewing = null; // the dialog that asks somebody to sign in again
let shown = null; // { name, role } of the page's session, section and unmount
let trouble = ""; // why a link has not let anybody in; told once
let turn = 0; // counts navigations: what a former one still loads is thrown away

const api = createApi({ session: () => session, renew, reread: () => readSession().then(() => session.signed_in) });
const main = h("main", { id: "content", tabindex: -1 });
const progress = h("div", { class: "progress", "aria-hidden": "true" });
const header = h("header", { class: "bar" });

/** may reports whether who is signed in has a role, or more. */
const may = (role) => (ranks[session.role] ?? 0) >= ranks[role];

const here = () => {
  const [path, search = ""] = decodeHash().split("?");
  const parts = path.split("/").filter(Boolean).map(decodePart);
  return { name: parts[0] ?? "", parts: parts.slice(1), query: new URLSearchParams(search) };
};
const decodeHash = () => location.hash.replace(/^#\/?/, "");
function decodePart(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part; // a broken escape is no reason for a broken page
  }
}

const isLink = (at) => at.name === "signin" && at.query.has("code");

/** navigate goes to a page, such as "/access/keys". With replace the back button does not come back here. */
function navigate(to, { replace = false } = {}) {
  const hash = `#${to.startsWith("/") ? to : `/${to}`}`;
  if (replace) history.replaceState(null, "", hash);
  else if (location.hash !== hash) history.pushState(null, "", hash);
  return route();
}

async function readSession() {
  const response = await fetch(`${base}/session`, { headers: { Accept: "application/json" }, cache: "no-store", credentials: "same-origin" });
  if (!response.ok) throw new ApiError(response.status);
  session = await response.json();
}

// renew asks somebody whose session has ended to sign in again, over the page as it stands. All requests wait for the one dialog.
function renew() {
  renewing ??= (async () => {
    const before = session;
    const { signInAgain } = await import("./signin.js");
    const next = await signInAgain(before);
    if (!next) {
      session = { signed_in: false, version: before.version };
      drawHeader();
      navigate(`/signin?back=${encodeURIComponent(decodeHash())}`, { replace: true });
      return false;
    }
    setSession(next);
    if (next.name !== before.name || next.role !== before.role) route();
    return true;
  })().finally(() => (renewing = null));
  return renewing;
}

function setSession(next) {
  session = next;
  drawHeader();
}

/** entered is called by the sign-in page. */
function entered(next, back) {
  setSession(next);
  navigate(back ? `/${back}` : "/live", { replace: true });
  if (next.must_set_password) changePassword();
}

// byLink signs in by the code of a link, which is taken out of the address before anything else happens. It needs no more than that, so that the
// first page that anybody sees is light.
async function byLink({ query }) {
  const back = query.get("back") ?? "";
  history.replaceState(null, "", back ? `#/signin?back=${encodeURIComponent(back)}` : "#/signin");
  trouble = "";
  try {
    return entered(await anonymous.post("/signin", { code: query.get("code") }), back);
  } catch (err) {
    if (!(err instanceof ApiError)) throw err;
    trouble = err.status === 401 ? "This link does not work any more. Each works once, and for a short time." : sentence(err.message);
  }
  await readSession();
  drawHeader();
  return route();
}

async function changePassword() {
  const { passwordDialog } = await import("./signin.js");
  passwordDialog({ api, session, done: () => (session = { ...session, must_set_password: false }) });
}

async function signOut() {
  await api.post("/signout");
  session = { signed_in: false, version: session.version };
  drawHeader();
  navigate("/signin", { replace: true });
  announce("Signed out");
}

async function route() {
  const mine = ++turn;
  const at = here();
  if (isLink(at)) return byLink(at);
  if (!pages[at.name]) return navigate(session.signed_in ? "/live" : "/signin", { replace: true });
  if (!session.signed_in && !pages[at.name].open) return navigate(`/signin?back=${encodeURIComponent(decodeHash())}`, { replace: true });
  const page = pages[at.name];
  const slow = setTimeout(() => progress.classList.add("on"), 150);
  const section = h("div", { class: `page page-${at.name}` });
  const context = {
    api, session, navigate, announce, toast, may, entered, trouble, parts: at.parts, query: at.query,
    stale: () => mine !== turn, reload: route,
  };
  trouble = "";
  let unmount;
  try {
    const module = await page.load();
    if (mine !== turn) return;
    if (!module.deferred) show(section, at, page);
    unmount = await module.mount(section, context);
  } catch (err) {
    if (mine !== turn || err?.name === "AbortError") return;
    section.replaceChildren(broken(err));
  } finally {
    clearTimeout(slow);
    if (mine === turn) progress.classList.remove("on");
  }
  if (mine !== turn) return void unmount?.();
  if (section.parentNode !== main) show(section, at, page);
  shown.unmount = unmount;
}

// show puts a page in place of the one before.
function show(section, at, page) {
  const first = !shown;
  try {
    shown?.unmount?.();
  } catch (err) {
    console.error(err);
  }
  // What was asked on a page is of no use on the next; but for those questions that are about the session.
  if (!renewing) for (const open of document.querySelectorAll("dialog[open]:not(.firm)")) open.close();
  const same = shown?.at.name === at.name && shown.at.parts.join() === at.parts.join();
  shown = { section, at, unmount: null };
  main.replaceChildren(section);
  for (const a of header.querySelectorAll("nav a")) {
    if (a.dataset.page === at.name) a.setAttribute("aria-current", "page");
    else a.removeAttribute("aria-current");
  }
  const heading = section.querySelector("h1");
  document.title = `${heading?.textContent || page.title} · Earshot`;
  if (same || first) return;
  scrollTo(0, 0);
  if (heading?.hasAttribute("tabindex")) heading.focus({ preventScroll: true });
  else main.focus({ preventScroll: true });
}

// broken is shown in place of a page that could not be.
function broken(err) {
  const known = err instanceof ApiError;
  if (!known) console.error(err);
  const text = known ? sentence(err.message) : `It is not your fault: ${err?.message ?? err}`;
  const title = known && err.status === 403 ? "Not for your role" : known && err.status === 404 ? "Not found" : "This page could not be shown";
  return h("div", { class: "stack" }, h("h1", { tabindex: -1 }, title), notice("danger", h("p", {}, text)),
    h("p", {}, button("Try again", { mark: "refresh", onclick: route })));
}

function drawHeader() {
  const nav = h("nav", { "aria-label": "Main" }, ...Object.entries(pages).filter(([, p]) => !p.hidden && (p.open || session.signed_in)).map(([name, p]) =>
    h("a", { href: `#/${name}`, "data-page": name, "aria-current": shown?.at.name === name ? "page" : null }, icon(name), h("span", {}, p.title))));
  header.replaceChildren(
    h("a", { class: "brand", href: session.signed_in ? "#/live" : "#/signin" }, mark(), h("span", {}, "Earshot")),
    nav, h("div", { class: "bar-end" }, appearance(), session.signed_in ? account() : linkButton("Sign in", "#/signin", { kind: "small" })));
}

// popup is a button and what it opens. Escape and clicks elsewhere close it.
function popup(id, label, face, ...content) {
  return [h("button", { type: "button", class: "button quiet", popovertarget: id, "aria-label": label }, face),
    h("div", { class: "menu", id, popover: "auto" }, ...content)];
}

function appearance() {
  const options = [["system", "As the system"], ["light", "Light"], ["dark", "Dark"]].map(([value, label]) =>
    h("label", { class: "menu-item" }, h("input", { type: "radio", name: "theme", value, checked: earshotTheme.choice === value, onchange: () => earshotTheme.choose(value) }), label));
  return popup("appearance", "Appearance", icon("theme"), h("fieldset", {}, h("legend", { class: "menu-title" }, "Appearance"), ...options));
}

const roleTexts = { viewer: "sees everything, changes nothing", operator: "manages keys, accounts and streams", administrator: "may do everything" };

function account() {
  const called = session.kind === "link" ? "By link" : session.name; // a link has no name that anybody knows
  const how = { link: "signed in by link", token: "signed in by token", user: "signed in" }[session.kind] ?? "signed in";
  const item = (label, drawing, onclick) => h("button", { type: "button", class: "menu-item", onclick: () => {
    document.getElementById("account").hidePopover();
    Promise.resolve(onclick()).catch(fail);
  } }, icon(drawing), label);
  return popup("account", `Account: ${called}`, [icon("user"), h("span", { class: "bar-name", dir: "auto" }, called)],
    h("div", { class: "menu-who" }, h("strong", { dir: "auto" }, called), h("span", { class: "muted" }, `${session.role}, ${how}`), h("small", { class: "muted" }, roleTexts[session.role] ?? "")),
    session.kind === "user" ? item("Change password", "access", changePassword) : null, item("Sign out", "out", signOut),
    h("small", { class: "menu-foot muted" }, `Earshot ${session.version ?? ""}`));
}

async function start() {
  const root = document.getElementById("app");
  root.append(h("a", { class: "skip", href: "#content", onclick: (event) => {
    event.preventDefault(); // the fragment is the page's address
    main.focus();
  } }, "Skip to content"), header, progress, main, ...messages());
  addEventListener("hashchange", route);
  addEventListener("unhandledrejection", (event) => fail(event.reason));
  try {
    if (isLink(here())) {
      main.replaceChildren(h("div", { class: "page" }, loading("Signing in…")));
      return await byLink(here());
    }
    void pages[here().name]?.load().catch(() => {}); // meanwhile; whoever shows the page says what is wrong with it
    await readSession();
  } catch (err) {
    main.replaceChildren(h("div", { class: "page" }, broken(err instanceof ApiError ? err : new ApiError(0, { message: "The server cannot be reached. Is it running?" }))));
    main.querySelector("button").addEventListener("click", () => location.reload());
    return;
  }
  drawHeader();
  await route();
  if (session.must_set_password) changePassword();
}

start();
