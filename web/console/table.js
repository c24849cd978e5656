// Tables: rows that become cards on small screens, lists that come in pages, rows that change while they are looked at.
import { query } from "./api.js";
import { button, fail, h } from "./ui.js";

/** cells are the columns of a row: { label, cell(row), num, head, actions, hide }. */
function fill(tr, columns, row) {
  tr.replaceChildren(...columns.map((c) => {
    const content = c.cell(row);
    const props = { class: [c.num && "num", c.actions && "actions", c.class].filter(Boolean).join(" ") || null };
    if (c.head) return h("th", { ...props, scope: "row", role: "rowheader" }, content);
    return h("td", { ...props, role: "cell", "data-label": c.actions || c.wide ? null : c.label }, c.actions ? content : h("div", {}, content));
  }));
  return tr;
}

/** table makes a table with a name for screen readers. update(rows) changes it in place, by key, without moving the focus; add(rows) adds some at the end. */
export function table({ name, columns, rows = [], key = (row) => row.id, cards = true }) {
  const shown = columns.filter((c) => !c.hide);
  const body = h("tbody", { role: "rowgroup" });
  const known = new Map(); // key → { tr, text }
  // Roles are said again because a table that is shown as cards is none to a screen reader.
  const element = h("div", { class: "table-wrap", ...(cards ? {} : { role: "region", "aria-label": `${name}, may be scrolled`, tabindex: 0 }) },
    h("table", { class: cards ? "cards" : null, role: "table", "aria-label": name },
      h("thead", { role: "rowgroup" }, h("tr", { role: "row" }, ...shown.map((c) => h("th", { scope: "col", role: "columnheader", class: c.num ? "num" : null }, c.actions ? h("span", { class: "visually-hidden" }, c.label) : c.label)))), body));
  const update = (next) => {
    const seen = new Set();
    let place = body.firstElementChild;
    for (const row of next) {
      const id = key(row);
      seen.add(id);
      const text = JSON.stringify(row);
      let have = known.get(id);
      if (!have) known.set(id, (have = { tr: h("tr", { role: "row" }) }));
      if (have.text !== text && !have.tr.contains(document.activeElement)) {
        fill(have.tr, shown, row);
        have.text = text;
      } else if (have.text !== text) {
        // Somebody is using a control of this row: only what it says changes.
        const fresh = fill(h("tr"), shown, row);
        [...have.tr.cells].forEach((cell, i) => cell.contains(document.activeElement) || cell.replaceChildren(...fresh.cells[i].childNodes));
        have.text = text;
      }
      if (have.tr !== place) body.insertBefore(have.tr, place);
      else place = place.nextElementSibling;
    }
    for (const [id, { tr }] of known) if (!seen.has(id)) {
      tr.remove();
      known.delete(id);
    }
  };
  update(rows);
  const add = (more) => {
    for (const row of more) {
      const tr = fill(h("tr", { role: "row" }), shown, row);
      known.set(key(row), { tr, text: JSON.stringify(row) });
      body.append(tr);
    }
  };
  return { element, update, add };
}

/**
 * pages shows a list of the administration that comes in pages. first is its first page; none makes what is shown where
 * there is nothing. */
export function pages({ api, path, params = {}, first, none, ...options }) {
  if (!first.items.length) return h("div", { class: "table-card" }, none());
  const list = table({ ...options, rows: first.items });
  const foot = h("div", { class: "table-foot" });
  let next = first.next;
  const more = button("Show more", { kind: "small", onclick: async () => {
    const page = await api.get(path + query({ ...params, after: next })).catch(fail);
    if (!page) return;
    list.add(page.items);
    next = page.next;
    foot.hidden = !next;
  } });
  foot.append(more);
  foot.hidden = !next;
  return h("div", { class: "table-card" }, list.element, foot);
}
