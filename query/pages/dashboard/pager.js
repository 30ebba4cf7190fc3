// Paging of a list by the cursors of its answers.

import { ApiError } from "./api.js";
import { announce, element } from "./dom.js";
import { FORMATS } from "./format.js";
import { hashOf } from "./route.js";

const { count } = FORMATS;

/** Links to the first, previous and next page, and the range of rows shown. */
export class Pager {
  node;
  #parameter;
  #text = element("span", { class: "quiet" });
  #links = ["First", "Previous", "Next"].map((text) => element("a", { class: "button" }, text));
  // The pages seen, in order, since an answer only names the next one.
  #pages = [{ cursor: "", first: 0 }];

  /** `parameter` of a place holds the cursor; `noun` names the rows. */
  constructor(parameter, noun) {
    this.#parameter = parameter;
    this.node = element("nav", { class: "pager", "aria-label": `Pages of ${noun}` }, this.#text, ...this.#links);
  }

  /** Drops the pages seen, because another list begins. */
  forget() {
    this.#pages.length = 1;
  }

  /** Shows the position of `place` in a list of `many` rows; null if unknown. */
  show(place, rows, next, many) {
    const focused = this.node.contains(document.activeElement);
    const cursor = place[this.#parameter];
    const n = this.#pages.findIndex((page) => page.cursor === cursor);
    const page = this.#pages[n];
    if (page && next) this.#pages.splice(n + 1, Infinity, { cursor: next, first: page.first + rows });
    this.#text.textContent = textOf(page?.first ?? null, rows, many);
    const cursors = [cursor ? "" : undefined, this.#pages[n - 1]?.cursor, next || undefined];
    this.#links.forEach((link, at) => this.#aim(link, place, cursors[at]));
    // A hidden link loses the focus.
    if (focused && !this.node.contains(document.activeElement)) {
      this.#links.find((link) => !link.hidden)?.focus({ preventScroll: true });
    }
    this.node.hidden = !cursor && !next && (rows === 0 || many === null);
  }

  #aim(link, place, cursor) {
    link.hidden = cursor === undefined;
    if (cursor !== undefined) link.href = hashOf({ ...place, [this.#parameter]: cursor });
  }
}

/** Whether the requested page no longer exists, for example from an old link; announces it. */
export function isLost(problem, cursor) {
  const lost = cursor !== "" && problem instanceof ApiError && problem.status === 400;
  if (lost) announce("That page of the list no longer exists: this is the first one.");
  return lost;
}

function textOf(first, rows, many) {
  const shown = first === null ? count(rows) : `${count(rows && first + 1)}–${count(first + rows)}`;
  return many === null ? shown : `${shown} of ${count(many)}`;
}
