// Access: who may use the server, who does, and who changed what.
import { h } from "../ui.js";

export const deferred = true;

const sections = [
  ["keys", "Access keys", () => import("./keys.js")],
  ["api-keys", "API keys", () => import("./keys.js")],
  ["accounts", "Accounts", () => import("./accounts.js")],
  ["policies", "Policies", () => import("./policies.js")],
  ["users", "Users", () => import("./users.js")],
  ["tokens", "Tokens", () => import("./tokens.js"), "administrator"],
  ["sessions", "Live streams", () => import("./sessions.js")],
  ["audit", "Audit log", () => import("./audit.js")],
];

/** mount shows one section; the first part of the address says which. */
export async function mount(element, context) {
  const visible = sections.filter(([, , , role]) => !role || context.may(role));
  const at = visible.find(([name]) => name === context.parts[0]);
  if (!at) return void context.navigate("/access/keys", { replace: true });
  const place = h("div", { class: "grow" });
  const [name, , load] = at;
  const unmount = await (await load()).mount(place, { ...context, section: name, parts: context.parts.slice(1) });
  const nav = h("nav", { class: "section-nav", "aria-label": "Access" }, ...visible.map(([n, label]) => h("a", { href: `#/access/${n}`, "aria-current": n === name ? "page" : null }, label)));
  element.append(h("div", { class: "sections" }, nav, place));
  // On small screens it is a row that may be scrolled: it begins where one is. That can be known as soon as the page is shown, which is deferred.
  requestAnimationFrame(() => {
    const here = nav.querySelector("[aria-current]");
    nav.scrollLeft += here.getBoundingClientRect().left - nav.getBoundingClientRect().left - (nav.clientWidth - here.clientWidth) / 2;
  });
  return unmount;
}
