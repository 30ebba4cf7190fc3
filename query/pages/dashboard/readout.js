// The values and events at the charts' cursor; without a cursor, the averages.

import { element, part, write } from "./dom.js";
import { summaryOf } from "./event.js";
import { FORMATS } from "./format.js";
import { METRICS } from "./metrics.js";
import { between } from "./span.js";
import { inUse } from "./zone.js";

const { count } = FORMATS;
const NO_DATA = "no data";
// A bucket's figures, for the readout and the table.
const COLUMNS = Object.entries(METRICS).flatMap(([name, { title, most, format }]) => [
  [title, (point) => format(point[name])],
  ...(most ? [["largest", (point) => format(point[most])]] : []),
]);

/** `Mon, Nov 23, 14:00–15:00`; only the day if the bucket is a day. */
export function nameOf({ start, end, unfinished }) {
  const name = between(new Date(start * 1000), new Date(end * 1000));
  return unfinished ? `${name}, not finished yet` : name;
}

/** The line above the charts and the table below them. */
export class Readout {
  #node;
  #buckets = [];
  #averages;
  #each;
  #events;

  constructor(node) {
    this.#node = node;
    const figures = Object.entries(METRICS).map(([name, metric]) => figureOf(name, metric));
    part(node, "happened").parentElement.before(...figures);
    part(node, "table").closest("details").addEventListener("toggle", () => this.#fillTable());
  }

  /** Takes an answer; `events` are by index of their bucket. */
  take(buckets, averages, each, events) {
    this.#buckets = buckets;
    this.#averages = { ...averages, ...meansOf(buckets) };
    this.#each = each;
    this.#events = events;
    this.#fillTable();
  }

  /** Shows a bucket's values, or the averages over all data if `place` is null. */
  show(place) {
    const bucket = place === null ? null : this.#buckets[place];
    const when = bucket ? `${nameOf(bucket)} ${inUse()}` : `Average; counts per ${this.#each} with data`;
    part(this.#node, "when").textContent = when;
    for (const name of Object.keys(METRICS)) {
      write(part(this.#node, name), bucket ? valueOf(bucket, name) : this.#average(name));
    }
    part(this.#node, "happened").textContent = place === null ? "" : this.#happened(place);
  }

  /** A bucket's value and its events, in words. */
  describe(place, name) {
    const bucket = this.#buckets[place];
    const value = `${nameOf(bucket)}: ${valueOf(bucket, name)}`;
    const happened = this.#happened(place);
    return happened ? `${value}; ${happened}` : value;
  }

  #happened(place) {
    const events = this.#events.get(place);
    return events ? summaryOf(events) : "";
  }

  // The maximum for the number of agents: its mean says little.
  #average(name) {
    const { average } = METRICS[name];
    if (average) return average(this.#averages[name]);
    const most = Math.max(0, ...this.#buckets.map(({ point }) => point?.[name] ?? 0));
    return `at most ${count(most)}`;
  }

  // Hundreds of rows are only created when the table is open.
  #fillTable() {
    const target = part(this.#node, "table");
    const { open } = target.closest("details");
    target.replaceChildren(...(open ? [tableOf(this.#buckets)] : []));
  }
}

/** The buckets as a table, newest first. */
function tableOf(buckets) {
  const heads = [`Time (${inUse()})`, ...COLUMNS.map(([title]) => title)];
  const head = element("tr", {}, ...heads.map((text) => element("th", { scope: "col" }, text)));
  const rows = buckets.toReversed().map((bucket) => {
    const cells = COLUMNS.map(([, writer]) => element("td", {}, textOf(bucket, writer)));
    return element("tr", {}, element("th", { scope: "row" }, nameOf(bucket)), ...cells);
  });
  const caption = element("caption", { class: "unseen" }, "History");
  return element("table", {}, caption, element("thead", {}, head), element("tbody", {}, ...rows));
}

// Averages that the answer does not have: over its points, weighted by messages.
function meansOf(buckets) {
  const points = buckets.map(({ point }) => point).filter((point) => point !== null);
  const sum = (of) => points.reduce((total, point) => total + of(point), 0);
  const messages = sum((point) => point.messages);
  const errors = sum((point) => point.errors);
  const rate = messages ? Math.min(1, errors / messages) : Math.min(1, errors);
  return {
    errorRate: 100 * rate,
    responseTime: messages ? sum((point) => point.responseTime * point.messages) / messages : 0,
  };
}

function figureOf(name, { title, brief = title }) {
  const key = element("i", { class: `key ${name}`, "aria-hidden": "true" });
  return element("div", {}, element("dt", {}, key, brief), element("dd", { "data-part": name }));
}

function valueOf(bucket, name) {
  return textOf(bucket, (point) => METRICS[name].format(point[name]));
}

function textOf({ point }, writer) {
  return point ? writer(point) : NO_DATA;
}
