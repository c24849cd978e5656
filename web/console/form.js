// Forms and dialogs: labels, hints, errors beside the field that they belong to, confirmations.
import { ApiError, sentence } from "./api.js";
import { busy, button, h, icon, notice } from "./ui.js";

let serial = 0;
const nextId = () => `f${++serial}`;

/**
 * field is a control with its label, hint and error. options: label, name (as errors of the server call it), hint, required, plain
 * (it is not said to be optional), input (an
 * element; else one is made of type, value and attrs), read (from the control to the value), check (value → what is wrong with it).
 */
export function field({ label, name, hint, required = false, plain = required, input, type = "text", value = "", attrs = {}, read, check, unit }) {
  const id = nextId();
  const control = input ?? h(type === "textarea" ? "textarea" : "input", { ...(type === "textarea" ? {} : { type }), value, dir: type === "text" || type === "textarea" ? "auto" : null, ...attrs });
  control.id = id;
  control.name ||= name;
  if (required) control.setAttribute("aria-required", "true");
  const help = hint && h("p", { class: "hint", id: `${id}h` }, hint);
  const wrong = h("p", { class: "field-error", id: `${id}e`, hidden: true });
  control.setAttribute("aria-describedby", [help && `${id}h`, `${id}e`].filter(Boolean).join(" "));
  const self = {
    name, control,
    element: h("div", { class: "field" }, h("label", { for: id }, label, plain ? null : h("span", { class: "optional" }, " optional")), help,
      unit ? h("div", { class: "with-unit" }, control, h("span", { class: "muted" }, unit)) : control, wrong),
    get value() {
      return read ? read(control) : control.value.trim();
    },
    error(message) {
      wrong.hidden = !message;
      wrong.replaceChildren(...(message ? [icon("warn"), message] : []));
      if (message) control.setAttribute("aria-invalid", "true");
      else control.removeAttribute("aria-invalid");
    },
    check() {
      if (control.validity && !control.validity.valid && control.validity.badInput) return "Please enter a number.";
      const is = self.value;
      if (required && (is === "" || is === undefined || is === null)) return `${label} is needed.`;
      return check?.(is) ?? "";
    },
  };
  control.addEventListener("input", () => self.error(""));
  return self;
}

/** select makes a field of choices: [value, label] each. */
export const select = ({ options, value, onchange, ...rest }) =>
  field({ plain: true, ...rest, input: h("select", { onchange }, ...options.map(([v, label]) => h("option", { value: v, selected: v === value }, label))) });

/** toggle makes a field that is on or off. */
export function toggle({ label, name, hint, value = false }) {
  const id = nextId();
  const control = h("input", { type: "checkbox", id, name, checked: value, "aria-describedby": hint ? `${id}h` : null });
  return {
    name, control, check: () => "", error() {},
    get value() {
      return control.checked;
    },
    element: h("div", { class: "field check" }, control, h("div", {}, h("label", { for: id }, label), hint && h("p", { class: "hint", id: `${id}h` }, hint))),
  };
}

/** radios makes a field of few choices that need explaining: [value, label, hint] each. */
export function radios({ label, name, options, value, onchange }) {
  const group = nextId();
  const wrong = h("p", { class: "field-error", hidden: true });
  const inputs = options.map(([v]) => h("input", { type: "radio", name: group, id: `${group}${v}`, value: v, checked: v === value, "aria-describedby": `${group}${v}h`, onchange: () => onchange?.(v) }));
  return {
    name, control: inputs[0], check: () => "",
    get value() {
      return inputs.find((i) => i.checked)?.value;
    },
    error(message) {
      wrong.hidden = !message;
      wrong.textContent = message;
    },
    element: h("fieldset", { class: "field radios" }, h("legend", {}, label), ...options.map(([v, text, hint], i) =>
      h("div", { class: "choice" }, inputs[i], h("div", {}, h("label", { for: `${group}${v}` }, text), h("p", { class: "hint", id: `${group}${v}h` }, hint ?? "")))), wrong),
  };
}

/**
 * form puts fields and a button together. onsubmit is called when all fields are right; an error of the server's that names a field
 * is shown there, and any other above the button. Parts may be fields or elements; also are fields
 * that stand within such elements.
 */
export function form({ parts, also = [], label, kind = "primary", onsubmit, cancel, extra = [] }) {
  const fields = [...parts.flat(Infinity).filter((p) => p?.check), ...also];
  const wrong = h("div", { class: "form-error", role: "alert" });
  const submit = h("button", { type: "submit", class: `button ${kind}` }, h("span", {}, label));
  const element = h("form", { class: "form", novalidate: true, onsubmit: (event) => {
    event.preventDefault();
    busy(submit, async () => {
      wrong.replaceChildren();
      const bad = fields.filter((f) => visible(f) && (f.error(f.check()), f.check()));
      if (bad.length) return void point(bad[0]);
      try {
        await onsubmit();
      } catch (err) {
        if (!(err instanceof ApiError)) throw err;
        const about = err.field || (err.status === 409 ? "name" : ""); // what exists already, has a name that is taken
        const at = fields.find((f) => f.name && visible(f) && (about === f.name || about.split(".").at(-1) === f.name));
        if (at) {
          at.error(sentence(err.message));
          point(at);
        } else wrong.replaceChildren(notice("danger", h("p", {}, sentence(err.message))));
      }
    });
  } }, ...parts.flat(Infinity).filter(Boolean).map((p) => p.element ?? p), wrong,
  h("div", { class: "form-actions" }, submit, cancel && button("Cancel", { onclick: cancel }), ...extra));
  return element;
}

// point leads to a field, which may be in a part that is closed.
function point(f) {
  const closed = f.element.closest("details");
  if (closed) closed.open = true;
  f.control.focus();
}

const visible = (f) => !f.element.closest("[hidden]");

/**
 * dialog opens a modal dialog with a title and what build(close) returns. It resolves to what close was called with; Escape closes it,
 * unless it is firm.
 */
export function dialog(title, build, { firm = false, wide = false } = {}) {
  return new Promise((resolve) => {
    let result; // undefined where the dialog is closed otherwise
    const id = nextId();
    const element = h("dialog", { class: ["dialog", wide && "wide", firm && "firm"].filter(Boolean).join(" "), "aria-labelledby": id });
    const close = (value) => {
      result = value;
      element.close();
    };
    element.append(h("header", { class: "dialog-head" }, h("h2", { id }, title),
      firm ? null : h("button", { type: "button", class: "button quiet only-icon", "aria-label": "Close", onclick: () => close() }, icon("close"))), h("div", { class: "dialog-body" }, build(close)));
    element.addEventListener("cancel", (event) => firm && event.preventDefault());
    element.addEventListener("close", () => {
      document.getElementById("app").append(...element.querySelectorAll(":scope > .toasts"));
      element.remove();
      resolve(result);
    });
    document.activeElement?.removeAttribute("aria-busy"); // what opened it has done its part
    document.body.append(element);
    element.showModal();
    (element.querySelector("[autofocus]") ?? element.querySelector(".dialog-body input, .dialog-body select, .dialog-body textarea, .dialog-body button"))?.focus();
  });
}

/** confirm asks before something that matters. It resolves to whether it was done; what fails is shown in the dialog. */
export const confirm = ({ title, text, label, kind = "danger", run }) =>
  dialog(title, (close) => form({ parts: [h("p", {}, text)], label, kind, cancel: () => close(false), onsubmit: async () => {
    await run();
    close(true);
  } }));

/** confirmDelete asks for the name of what is deleted for good. */
export const confirmDelete = ({ what, name, text, run }) =>
  dialog(`Delete ${what}?`, (close) => form({
    parts: [h("p", {}, text), field({ label: `To confirm, type ${name}`, name: "confirm", required: true, attrs: { autocomplete: "off", autocapitalize: "off", spellcheck: "false" },
      check: (value) => (value === name ? "" : `This is not “${name}”.`) })],
    label: "Delete", kind: "danger", cancel: () => close(false), onsubmit: async () => {
      await run();
      close(true);
    },
  }));
