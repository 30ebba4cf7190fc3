// A table that reuses its row elements between answers, so that the focus stays.

import { element } from "./dom.js";

const ARIA = { asc: "ascending", desc: "descending" };

/** A column has a `name`, a `title`, and `cell(row, place)`, which returns a text or a node. `order` is
 * the first order of a sortable column, `""` if only that one makes sense; without it, not sortable.
 *
 * Roles are explicit: browsers drop the implicit ones of a table shown as cards on narrow screens.
 */
export class Table {
  node;
  #columns;
  #keyOf;
  #caption = element("caption", { class: "unseen" });
  #heads;
  #body = element("tbody", { role: "rowgroup" });
  #rows = new Map();

  /** `keyOf(row)` identifies a row; calls `sort(name)` when a column header is pressed. */
  constructor(columns, keyOf, sort) {
    this.#columns = columns;
    this.#keyOf = keyOf;
    this.#heads = columns.map((column) => headOf(column, sort));
    const head = element("thead", { role: "rowgroup" }, element("tr", { role: "row" }, ...this.#heads));
    this.node = element("table", { role: "table", tabindex: "-1" }, this.#caption, head, this.#body);
  }

  /** Sets the table's caption and the column that it is sorted by. */
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
    // A moved element gets its focus back; the focus of a removed one goes to the table.
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
