// The values and events at the charts' cursor; without a cursor, the averages.

import { element, part, write } from "./dom.js";
import { summaryOf } from "./event.js";
import { FORMATS } from "./format.js";
import { between } from "./span.js";
import { inUse } from "./zone.js";

const { count, decimal, percent, ms } = FORMATS;
const NO_DATA = "no data";
// Formats of a bucket's figures, for the readout and the table.
const WRITERS = {
  cpu: (point) => percent(point.cpu),
  memory: (point) => percent(point.memory),
  messages: (point) => count(point.messages),
  errors: (point) => count(point.errors),
  errorRate: (point) => percent(point.errorRate),
  responseTime: (point) => ms(point.responseTime),
  agents: (point) => count(point.agents),
};
const AVERAGES = { cpu: percent, memory: percent, messages: decimal, errors: decimal, errorRate: percent, responseTime: ms };
const COLUMNS = [
  ["CPU", WRITERS.cpu],
  ["largest", (point) => percent(point.cpuMax)],
  ["Memory", WRITERS.memory],
  ["largest", (point) => percent(point.memoryMax)],
  ["Messages", WRITERS.messages],
  ["Errors", WRITERS.errors],
  ["Error rate", WRITERS.errorRate],
  ["Response time", WRITERS.responseTime],
  ["Agents", WRITERS.agents],
];

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
    for (const [name, writer] of Object.entries(WRITERS)) {
      write(part(this.#node, name), bucket ? textOf(bucket, writer) : this.#average(name));
    }
    part(this.#node, "happened").textContent = place === null ? "" : this.#happened(place);
  }

  /** A bucket's value and its events, in words. */
  describe(place, name) {
    const bucket = this.#buckets[place];
    const value = `${nameOf(bucket)}: ${textOf(bucket, WRITERS[name])}`;
    const happened = this.#happened(place);
    return happened ? `${value}; ${happened}` : value;
  }

  #happened(place) {
    const events = this.#events.get(place);
    return events ? summaryOf(events) : "";
  }

  // The maximum for the number of agents: its mean says little.
  #average(name) {
    if (name in AVERAGES) return AVERAGES[name](this.#averages[name]);
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

function textOf({ point }, writer) {
  return point ? writer(point) : NO_DATA;
}
