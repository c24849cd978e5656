// Signing in: as a user, or with the administrator's token; again, when a session has ended; and the password.
import { anonymous } from "./api.js";
import { dialog, field, form } from "./form.js";
import { button, h, mark, notice, snippet, toast } from "./ui.js";

/** mount shows the page, and why a link that somebody came by has not let them in. */
export async function mount(element, context) {
  const back = context.query.get("back") ?? "";
  if (context.trouble) return void element.replaceChildren(frame(notice("danger", h("p", {}, context.trouble)), ...ways(context, back, true)));
  if (context.session.signed_in) return void context.entered(context.session, back);
  element.replaceChildren(frame(...ways(context, back)));
  if (context.session.users !== false) element.querySelector("input")?.focus({ preventScroll: true });
}

const frame = (...content) => h("div", { class: "signin" }, h("div", { class: "signin-head" }, mark(), h("h1", { tabindex: -1 }, "Sign in to Earshot")), ...content);

function ways(context, back, help = false) {
  const enter = (next) => context.entered(next, back);
  const command = snippet("earshot console", "the command");
  return [
    // Where nobody has a password yet there is no use in asking for one.
    ...(context.session.users === false ? [
      h("div", { class: "card stack" }, h("h2", {}, "By a link"), h("p", {}, "This server has no users yet. The last line that it printed when it first started is a link that signs you in, once. This prints another, run where the server runs:"), command),
      h("div", { class: "card stack" }, h("h2", {}, "By the administrator’s token"), h("p", {}, "The server printed one as well when it first started."), byToken(enter)),
    ] : [
      h("div", { class: "card" }, credentials(enter)),
      h("details", { class: "signin-help", open: help }, h("summary", {}, "How do I get in?"),
        h("div", { class: "stack" }, h("p", {}, "Run this where the server runs. It prints a link that signs you in."), command, h("p", { class: "muted" }, "The administrator’s token was printed when the server started for the first time."))),
    ]),
    h("p", { class: "signin-else" }, "Only want to speak? ", h("a", { href: "#/live" }, "Open Live with a key")),
  ];
}

// credentials is a form with the two ways, one at a time.
function credentials(done, { user = "", kind = "user" } = {}) {
  const place = h("div", {});
  const choose = (which) => {
    for (const b of tabs.children) b.setAttribute("aria-pressed", String(b.dataset.way === which));
    place.replaceChildren(which === "token" ? byToken(done) : byPassword(done, user));
  };
  const tabs = h("div", { class: "segments", role: "group", "aria-label": "How to sign in" }, ...[["user", "Password"], ["token", "Token"]].map(([way, label]) =>
    h("button", { type: "button", "data-way": way, onclick: () => {
      choose(way);
      place.querySelector("input").focus();
    } }, label)));
  choose(kind === "user" ? "user" : "token");
  return h("div", { class: "stack" }, tabs, place);
}

function byPassword(done, user) {
  const name = field({ label: "User", name: "user", required: true, value: user, attrs: { autocomplete: "username", autocapitalize: "off", spellcheck: "false" } });
  const password = field({ label: "Password", name: "password", type: "password", required: true, attrs: { autocomplete: "current-password" }, read: (c) => c.value });
  return form({ parts: [name, password], label: "Sign in", kind: "primary full", onsubmit: async () => done(await anonymous.post("/signin", { user: name.value, password: password.value })) });
}

function byToken(done) {
  const token = field({ label: "Administrator’s token", name: "token", type: "password", required: true, attrs: { autocomplete: "off", placeholder: "esa_…", spellcheck: "false" } });
  return form({ parts: [token], label: "Sign in", kind: "primary full", onsubmit: async () => done(await anonymous.post("/signin", { token: token.value })) });
}

/** signInAgain asks for credentials over the page as it stands. It resolves to the new session, or to undefined. */
export function signInAgain(before) {
  return dialog("Your session has ended", (close) => h("div", { class: "stack" },
    h("p", { class: "muted" }, "Sign in again and go on where you are: nothing on this page is lost."),
    credentials(close, { user: before.kind === "user" ? before.name : "", kind: before.kind }), h("div", {}, button("Leave this page", { kind: "quiet", onclick: () => close() }))));
}

/** passwordDialog changes the password of who is signed in, which may have to be. */
export function passwordDialog({ api, session, done }) {
  const must = session.must_set_password;
  return dialog(must ? "Choose a password" : "Change password", (close) => {
    const name = h("input", { type: "text", class: "visually-hidden", autocomplete: "username", value: session.name, tabindex: -1, "aria-hidden": "true", readonly: true });
    const old = field({ label: must ? "The password that you were given" : "Old password", name: "old", type: "password", required: true, attrs: { autocomplete: "current-password" }, read: (c) => c.value });
    const fresh = field({ label: "New password", name: "new", type: "password", required: true, attrs: { autocomplete: "new-password" }, read: (c) => c.value, hint: "The longer the better; a few words do well. You stay signed in here and are signed out everywhere else." });
    const again = field({ label: "New password, once more", name: "again", type: "password", required: true, attrs: { autocomplete: "new-password" }, read: (c) => c.value,
      check: (value) => (value === fresh.value ? "" : "The two are not the same.") });
    return form({ parts: [name, old, fresh, again], label: "Set password", cancel: must ? undefined : () => close(), onsubmit: async () => {
      await api.post("/password", { old: old.value, new: fresh.value });
      done?.();
      close(true);
      toast("The password is changed");
    } });
  }, { firm: must });
}
