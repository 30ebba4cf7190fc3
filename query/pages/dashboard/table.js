// A table whose rows stay the same elements from one answer to the next, so that focus stays too.

import { element } from "./dom.js";

const ARIA = { asc: "ascending", desc: "descending" };

/** A column: `name`, `title`, `cell(row, place)` returns a text or a node; `order` is the useful one of
 * a column to sort by, `""` where the other makes no sense; without `order` it sorts nothing.
 *
 * Roles are written out: browsers drop those of a table that narrow screens show as cards.
 */
export class Table {
  node;
  #columns;
  #keyOf;
  #caption = element("caption", { class: "unseen" });
  #heads;
  #body = element("tbody", { role: "rowgroup" });
  #rows = new Map();

  /** `keyOf(row)` names a row; `sort(name)` is called when a column's head is pressed. */
  constructor(columns, keyOf, sort) {
    this.#columns = columns;
    this.#keyOf = keyOf;
    this.#heads = columns.map((column) => headOf(column, sort));
    const head = element("thead", { role: "rowgroup" }, element("tr", { role: "row" }, ...this.#heads));
    this.node = element("table", { role: "table", tabindex: "-1" }, this.#caption, head, this.#body);
  }

  /** Names the table, and the column by which its rows are sorted. */
  title(caption, { sort, order } = {}) {
    this.#caption.textContent = caption;
    this.#columns.forEach(({ name, sorts = name }, place) => {
      const head = this.#heads[place];
      if (sorts === sort) head.setAttribute("aria-sort", ARIA[order] ?? "other");
      else head.removeAttribute("aria-sort");
    });
  }

  /** Shows rows in their order. */
  show(rows, place) {
    const focused = this.#body.contains(document.activeElement) ? document.activeElement : null;
    const shown = new Map(rows.map((row) => [this.#keyOf(row), row]));
    for (const [key, line] of this.#rows) if (!shown.has(key)) line.remove();
    this.#rows = new Map([...shown].map(([key, row]) => [key, this.#line(this.#rows.get(key), row, place)]));
    [...this.#rows.values()].forEach((line, n) => {
      const there = this.#body.children[n] ?? null;
      if (there !== line) this.#body.insertBefore(line, there);
    });
    // What is moved loses the focus, and what goes leaves it to the table.
    if (focused && document.activeElement !== focused) {
      (focused.isConnected ? focused : this.node).focus({ preventScroll: true });
    }
  }

  #line(line, row, place) {
    const cells = this.#columns.map((column, n) => cellOf(column, column.cell(row, place), n === 0));
    if (!line) return element("tr", { role: "row" }, ...cells);
    cells.forEach((cell, n) => {
      if (!line.children[n].isEqualNode(cell)) line.children[n].replaceWith(cell);
    });
    return line;
  }
}

function headOf({ name, sorts = name, title, order }, sort) {
  const button = element("button", { type: "button" }, title);
  button.addEventListener("click", () => sort(sorts));
  return element("th", { scope: "col", role: "columnheader", class: name }, order === undefined ? title : button);
}

function cellOf({ name, title }, content, heads) {
  const kind = heads ? "th" : "td";
  const roles = heads ? { scope: "row", role: "rowheader" } : { role: "cell" };
  return element(kind, { ...roles, class: name, "data-label": title }, content);
}
