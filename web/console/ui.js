// Building blocks of the pages: elements, icons, buttons, messages, times.
import { ApiError, sentence } from "./api.js";

/** h makes an element. Properties that begin with "on" are listeners; true and false set and remove attributes. */
export function h(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "value" || name === "checked" || name === "selected") element[name] = value;
    else element.setAttribute(name === "class" ? "class" : name, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((c) => c !== null && c !== undefined && c !== false && c !== ""));
  return element;
}

/** change makes the content of an element that of other nodes, in place: what stays keeps the focus, and its listeners. */
export function change(element, nodes) {
  const have = [...element.childNodes];
  nodes.forEach((node, i) => {
    const old = have[i];
    if (!old) element.append(node);
    else if (old.nodeType === Node.TEXT_NODE && node.nodeType === Node.TEXT_NODE) {
      if (old.data !== node.data) old.data = node.data;
    } else if (old.nodeType !== Node.ELEMENT_NODE || old.nodeName !== node.nodeName) old.replaceWith(node);
    else if (!old.isEqualNode(node)) {
      for (const { name } of [...old.attributes]) if (!node.hasAttribute(name)) old.removeAttribute(name);
      for (const { name, value } of node.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
      change(old, [...node.childNodes]);
    }
  });
  for (const old of have.slice(nodes.length)) old.remove();
}

const strokes = {
  live: "M12 4a3 3 0 0 1 3 3v5a3 3 0 0 1-6 0V7a3 3 0 0 1 3-3zM6 11.5a6 6 0 0 0 12 0M12 17.5V21",
  access: "M8 20a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9zM11.2 12.3 19.5 4M15.5 8l3 3",
  usage: "M5 20V11M12 20V4M19 20v-6",
  system: "M5 5h14v6H5zM5 13h14v6H5zM8.5 8h.01M8.5 16h.01",
  copy: "M9 9h10v10H9zM15 9V5H5v10h4",
  check: "M5 12.5 10 17 19 7",
  plus: "M12 5v14M5 12h14",
  close: "M6 6l12 12M18 6 6 18",
  download: "M12 4v11M7.5 11 12 15.5 16.5 11M5 20h14",
  user: "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4.5 20.5a7.5 7.5 0 0 1 15 0",
  theme: "M12 3.5a8.5 8.5 0 1 0 0 17zM12 3.5a8.5 8.5 0 0 1 0 17",
  warn: "M12 4 21 19.5H3zM12 10v4.5M12 17.100h.01",
  info: "M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17zM12 11v5.5M12 7.700h.01",
  back: "M14.5 6 8.5 12l6 6",
  next: "M9.5 6l6 6-6 6",
  search: "M10.5 4a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13zM15.300 15.300 20 20",
  out: "M14 4h5v16h-5M4 12h10.5M8 8l-4 4 4 4",
  refresh: "M19 8a8 8 0 1 0 1 6M19.5 3.5V8H15",
};

// s makes an element of a drawing.
function s(tag, attributes, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** icon returns a drawing that screen readers pass over. */
export const icon = (name) => s("svg", { class: "icon", viewBox: "0 0 24 24", "aria-hidden": "true", focusable: "false" }, s("path", { d: strokes[name] }));

/** mark is the sign of the product. It is drawn here so that nothing has to be loaded for it. */
export const mark = () => s("svg", { class: "mark", viewBox: "0 0 32 32", width: 28, height: 28, "aria-hidden": "true", focusable: "false" },
  s("rect", { width: 32, height: 32, rx: 8, fill: "#08686b" }), s("path", { d: "M8 14v4M13.3 9.5v13M18.700 12v8M24 7v18", fill: "none", stroke: "#fff", "stroke-width": 3, "stroke-linecap": "round" }));

/** button makes a button. While the promise of its onclick is pending it is busy; what fails is shown in a toast. */
export function button(label, { kind = "", mark: drawing, onclick, ...props } = {}) {
  const element = h("button", { type: "button", class: `button ${kind}`, ...props }, drawing && icon(drawing), h("span", {}, label));
  if (onclick) element.addEventListener("click", (event) => busy(element, () => onclick(event)));
  return element;
}

/** busy runs something once at a time for a button. */
export async function busy(element, run) {
  if (element.getAttribute("aria-busy") === "true") return;
  element.setAttribute("aria-busy", "true");
  try {
    await run();
  } catch (err) {
    fail(err);
  } finally {
    element.removeAttribute("aria-busy");
  }
}

/** link makes a link that looks like a button. */
export const linkButton = (label, href, { kind = "", mark: drawing, ...props } = {}) =>
  h("a", { class: `button ${kind}`, href, ...props }, drawing && icon(drawing), h("span", {}, label));

/** copyButton copies a text, or what a function returns. */
export function copyButton(text, label = "Copy", { face = "Copy" } = {}) {
  const word = h("span", { hidden: !face }, face);
  const element = h("button", { type: "button", class: "button quiet small copy", "aria-label": label }, icon("copy"), word);
  element.addEventListener("click", async () => {
    try {
      await copyText(typeof text === "function" ? text() : text);
      element.querySelector("svg").replaceWith(icon("check"));
      word.textContent = "Copied";
      announce("Copied");
    } catch {
      word.hidden = false;
      word.textContent = "Press Ctrl+C";
      element.classList.add("told");
    }
    setTimeout(() => {
      element.classList.remove("told");
      element.querySelector("svg").replaceWith(icon("copy"));
      word.textContent = face;
      word.hidden = !face;
    }, 1600);
  });
  return element;
}

/** copyText also works where the clipboard is closed to pages, as it is over plain HTTP. */
async function copyText(text) {
  if (navigator.clipboard) {
    try {
      await navigator.clipboard.writeText(text);
      return;
    } catch {
      // the old way, then
    }
  }
  const area = h("textarea", { class: "visually-hidden", readonly: true, "aria-hidden": "true" });
  area.value = text;
  const within = document.activeElement?.closest("dialog") ?? document.body;
  const focus = document.activeElement;
  within.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  focus?.focus();
  if (!done) throw new Error("not copied");
}

/** snippet shows text to be copied as it is. */
export function snippet(text, label, { wrap = false } = {}) {
  return h("div", { class: wrap ? "snippet wrap" : "snippet" },
    h("pre", { tabindex: 0, role: "region", "aria-label": label }, h("code", {}, text)), copyButton(text, `Copy ${label}`));
}

/** download saves a text as a file. */
export function download(name, text, type = "text/plain") {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const a = h("a", { href: url, download: name });
  document.body.append(a);
  a.click();
  a.remove();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

const region = (role) => h("div", { class: "visually-hidden", role, "aria-live": "polite" });
const quiet = region("status");
const toasts = h("div", { class: "toasts", role: "region", "aria-label": "Notifications" });

/** messages are the places of toast and announce; the shell puts them into the page. */
export const messages = () => [quiet, toasts];

/** announce has a screen reader say something that others see. */
export function announce(text) {
  quiet.textContent = "";
  requestAnimationFrame(() => (quiet.textContent = text));
}

/** toast shows a message for a while; what went wrong stays until it is closed. kind is "ok", "danger" or "". */
export function toast(text, kind = "ok") {
  const close = h("button", { type: "button", class: "button quiet small only-icon", "aria-label": "Close" }, icon("close"));
  const element = h("div", { class: `toast ${kind}`, role: kind === "danger" ? "alert" : "status" }, icon(kind === "danger" ? "warn" : "check"), h("p", {}, text), close);
  const remove = () => element.remove();
  close.addEventListener("click", remove);
  while (toasts.children.length > 2) toasts.firstChild.remove();
  // A modal dialog is above everything else, and what is outside of it cannot be used.
  const above = [...document.querySelectorAll("dialog[open]")].at(-1) ?? document.getElementById("app") ?? document.body;
  if (toasts.parentNode !== above) above.append(toasts);
  toasts.append(element);
  if (kind !== "danger") setTimeout(remove, 5000);
}

/** fail shows an error that belongs to no field. */
export function fail(err) {
  if (err?.name === "AbortError") return;
  if (!(err instanceof ApiError)) console.error(err);
  toast(err instanceof ApiError ? sentence(err.message) : `Something in this page went wrong: ${err?.message ?? err}`, "danger");
}

/** notice is a message within a page. kind is "", "ok", "warn" or "danger". */
export const notice = (kind, ...children) => h("div", { class: `notice ${kind}` }, icon(kind === "ok" ? "check" : kind ? "warn" : "info"), h("div", {}, ...children));

/** pill is a state in a word. */
export const pill = (text, kind = "") => h("span", { class: `pill ${kind}` }, text);

/** empty says that there is nothing, and what to do about it. */
export const empty = (title, text, ...actions) =>
  h("div", { class: "empty" }, h("h2", {}, title), h("p", {}, text), actions.length ? h("div", { class: "empty-actions" }, ...actions) : null);

/** pageHead is the title of a page, with what can be done there. The shell moves the focus to its heading. */
export const pageHead = (title, text, ...actions) =>
  h("header", { class: "page-head" }, h("div", {}, h("h1", { tabindex: -1 }, title), text && h("p", { class: "muted" }, text)), h("div", { class: "page-actions" }, ...actions));

/** card is a part of a page. */
export const card = (title, { text, actions = [], ...props } = {}, ...children) =>
  h("section", { class: "card", ...props, "aria-label": title }, title && h("header", { class: "card-head" }, h("div", {}, h("h2", {}, title), text && h("p", { class: "muted" }, text)), h("div", { class: "card-actions" }, ...actions)), ...children);

/** loading is shown where something comes late. */
export const loading = (text = "Loading…") => h("p", { class: "loading muted", role: "status" }, text);

/** facts is a list of names and values; values that are undefined are left out. */
export const facts = (pairs) =>
  h("dl", { class: "facts" }, ...pairs.filter((p) => p && p[1] !== undefined).map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))));
