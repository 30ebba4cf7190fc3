// A list of agents or users: search, filters, a sorted table, and its pages.

import { copyOf, part, setText } from "./dom.js";
import { Pager, isLost } from "./pager.js";
import { placeOf } from "./route.js";
import { Section } from "./section.js";
import { Table } from "./table.js";
import { inUse } from "./zone.js";

const ROWS = 25;
const TYPING_MS = 250;
const ASKED = ["list", "sort", "order", "search", "state", "window", "cursor", "tz"];
// The parameter that is reset when another list begins.
const OF_A_PAGE = "cursor";

export class List {
  section;
  #node;
  #kinds;
  #kind;
  #place;
  #visit;
  #table;
  #pager;
  #typing;

  /** `kinds` are the lists that `place.list` selects from, as defined by agents.js and users.js. */
  constructor(node, kinds, place, visit) {
    this.#node = node;
    this.#kinds = kinds;
    this.#visit = visit;
    part(node, "list").append(copyOf("list-parts"));
    this.section = new Section(node, (signal) => this.#read(signal), (body) => this.#show(body));
    part(node, "filters").addEventListener("submit", (event) => event.preventDefault());
    part(node, "search").addEventListener("input", () => this.#type());
    part(node, "states").addEventListener("change", ({ target }) => this.#go({ state: target.value }));
    part(node, "window").addEventListener("change", ({ target }) => this.#go({ window: target.value }));
    this.#take(place);
  }

  /** Switches to another place; returns whether to read again. */
  go(place) {
    const same = ASKED.every((name) => place[name] === this.#place[name]);
    if (same) this.#place = place;
    else this.#take(place);
    return !same;
  }

  close() {
    clearTimeout(this.#typing);
  }

  #take(place) {
    const kind = this.#kinds[place.list] ?? Object.values(this.#kinds)[0];
    const before = this.#place;
    this.#place = place;
    if (kind === this.#kind) this.section.wait();
    else this.#become(kind);
    if (before && !samePages(before, place)) this.#pager.forget();
    const search = part(this.#node, "search");
    if (document.activeElement !== search) search.value = place.search;
    part(this.#node, "window").value = place.window;
    for (const input of part(this.#node, "states").querySelectorAll("input")) input.checked = input.value === place.state;
    this.#table.title(`${kind.title}, times in ${inUse()}`, this.#sorting);
  }

  #become(kind) {
    this.#kind = kind;
    this.#pager = new Pager(OF_A_PAGE, kind.noun);
    this.#table = new Table(kind.columns, kind.keyOf, (name) => this.#sort(name));
    part(this.#node, "table").replaceChildren(this.#table.node);
    part(this.#node, "pages").replaceChildren(this.#pager.node);
    part(this.#node, "searched").textContent = kind.searched;
    part(this.#node, "states").hidden = !kind.states;
    this.section.forget();
  }

  get #sorting() {
    const { sort, order } = this.#place;
    const column = this.#kind.columns.find(({ name, sorts = name, order: useful }) => sorts === sort && useful !== undefined);
    if (!column) return { sort: "attention", order: "" };
    return { sort, order: column.order && (order || column.order) };
  }

  async #read(signal) {
    const { search, state, window, cursor } = this.#place;
    const query = { search, ...(this.#kind.states ? { state } : {}), window, cursor, ...this.#sorting, limit: ROWS };
    const parameters = Object.fromEntries(Object.entries(query).filter(([, value]) => value !== ""));
    try {
      return await this.#kind.read(parameters, signal);
    } catch (problem) {
      if (isLost(problem, cursor)) this.#visit.amend({ ...this.#place, cursor: "" });
      throw problem;
    }
  }

  #show(body) {
    const { counts, next } = body;
    const rows = body[this.#kind.noun];
    this.#table.show(rows, this.#place);
    this.#pager.show(this.#place, rows.length, next, this.#kind.total(counts, this.#place));
    this.#kind.states?.forEach((state) => {
      const many = part(this.#node, "states").querySelector(`input[value="${state}"] ~ span small`);
      many.textContent = this.#kind.total(counts, { ...this.#place, state }).toLocaleString("en-US");
    });
    setText(part(this.#node, "none"), rows.length ? "" : this.#none());
  }

  #none() {
    const { search, state } = this.#place;
    const which = [state, this.#kind.noun].filter(Boolean).join(" ");
    return search ? `No ${which} whose id begins with “${search}”.` : `No ${which}.`;
  }

  #sort(name) {
    const { order } = this.#kind.columns.find((column) => (column.sorts ?? column.name) === name && column.order !== undefined);
    const now = this.#sorting;
    const turned = { asc: "desc", desc: "asc" }[now.order];
    const wanted = now.sort === name && order ? turned : order;
    this.#go({ sort: name, order: wanted === order ? "" : wanted });
  }

  // Typed letters do not add to the browser's history.
  #type() {
    clearTimeout(this.#typing);
    this.#typing = setTimeout(() => {
      const field = part(this.#node, "search");
      const { search } = placeOf({ search: field.value.trim() });
      field.setCustomValidity(search === field.value.trim() ? "" : "Letters, digits and . _ ~ : @ -");
      field.reportValidity();
      if (field.validity.valid) this.#visit.amend({ ...this.#place, search, cursor: "" });
    }, TYPING_MS);
  }

  #go(wanted) {
    this.#visit.to({ ...this.#place, cursor: "", ...wanted });
  }
}

function samePages(one, other) {
  return ASKED.every((name) => [OF_A_PAGE, "tz"].includes(name) || one[name] === other[name]);
}
