// The pages of a list, whose answers name the next one by a cursor.

import { ApiError } from "./api.js";
import { announce, element } from "./dom.js";
import { FORMATS } from "./format.js";
import { hashOf } from "./route.js";

const { count } = FORMATS;

/** Links to the first, the previous and the next page, and which rows are shown. */
export class Pager {
  node;
  #parameter;
  #text = element("span", { class: "quiet" });
  #links = ["First", "Previous", "Next"].map((text) => element("a", { class: "button" }, text));
  // The pages seen, in order: how one gets back from a page of which only the next is named.
  #pages = [{ cursor: "", first: 0 }];

  /** `parameter` of a place holds the cursor; `noun` says what the pages are of. */
  constructor(parameter, noun) {
    this.#parameter = parameter;
    this.node = element("nav", { class: "pager", "aria-label": `Pages of ${noun}` }, this.#text, ...this.#links);
  }

  /** Another list begins: pages seen are of the old one. */
  forget() {
    this.#pages.length = 1;
  }

  /** Shows where `place` is in a list of `many` rows; null: not known. */
  show(place, rows, next, many) {
    const focused = this.node.contains(document.activeElement);
    const cursor = place[this.#parameter];
    const n = this.#pages.findIndex((page) => page.cursor === cursor);
    const page = this.#pages[n];
    if (page && next) this.#pages.splice(n + 1, Infinity, { cursor: next, first: page.first + rows });
    this.#text.textContent = textOf(page?.first ?? null, rows, many);
    const cursors = [cursor ? "" : undefined, this.#pages[n - 1]?.cursor, next || undefined];
    this.#links.forEach((link, at) => this.#aim(link, place, cursors[at]));
    // What is hidden loses the focus.
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

/** Whether a page was asked for that is there no more, as of an old link; it is announced. */
export function isLost(problem, cursor) {
  const lost = cursor !== "" && problem instanceof ApiError && problem.status === 400;
  if (lost) announce("That page of the list is no longer there: this is the first one.");
  return lost;
}

function textOf(first, rows, many) {
  const shown = first === null ? count(rows) : `${count(rows && first + 1)}–${count(first + rows)}`;
  return many === null ? shown : `${shown} of ${count(many)}`;
}
