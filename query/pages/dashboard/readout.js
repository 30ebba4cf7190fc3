// What the cursor of the charts is at, in words and numbers; without a cursor, the averages.

import { element, part, write } from "./dom.js";
import { summaryOf } from "./event.js";
import { FORMATS } from "./format.js";
import { METRICS } from "./metrics.js";
import { between } from "./span.js";
import { inUse } from "./zone.js";

const { count } = FORMATS;
const NO_DATA = "no data";
// The figures of a bucket as the readout has them, and as the table has them.
const COLUMNS = Object.entries(METRICS).flatMap(([name, { title, most, format }]) => [
  [title, (point) => format(point[name])],
  ...(most ? [["largest", (point) => format(point[most])]] : []),
]);

/** `Mon, Nov 23, 14:00–15:00`; the day alone where a bucket is one. */
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

  /** Takes an answer; `events` are those of each bucket, by its place. */
  take(buckets, averages, each, events) {
    this.#buckets = buckets;
    this.#averages = { ...averages, ...meansOf(buckets) };
    this.#each = each;
    this.#events = events;
    this.#fillTable();
  }

  /** Shows a bucket's values; those of all that has data where `place` is null. */
  show(place) {
    const bucket = place === null ? null : this.#buckets[place];
    const when = bucket ? `${nameOf(bucket)} ${inUse()}` : `Average; counts per ${this.#each} with data`;
    part(this.#node, "when").textContent = when;
    for (const name of Object.keys(METRICS)) {
      write(part(this.#node, name), bucket ? valueOf(bucket, name) : this.#average(name));
    }
    part(this.#node, "happened").textContent = place === null ? "" : this.#happened(place);
  }

  /** A bucket's value in words, and what happened in it. */
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

  // Of how many agents sent, the most: a mean of those means little.
  #average(name) {
    const { average } = METRICS[name];
    if (average) return average(this.#averages[name]);
    const most = Math.max(0, ...this.#buckets.map(({ point }) => point?.[name] ?? 0));
    return `at most ${count(most)}`;
  }

  // Hundreds of rows are made for those alone who look at them.
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

// What the answer has no average of, over its points: each weighs as many messages as it had.
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
