// A user's history: the range, the charts, what their cursor is at, and the same as a table.

import { Charts } from "./charts.js";
import { part } from "./dom.js";
import { describe, showReadout, tableOf } from "./readout.js";
import { Section } from "./section.js";
import { RANGES, timeline } from "./timeline.js";

export class History {
  section;
  #node;
  #range;
  #averages = null;
  #charts;

  /** `chosen(range)` is told when another range is wanted. */
  constructor(node, api, user, range, chosen) {
    this.#node = node;
    this.section = new Section(
      node,
      (signal) => api.historical(user, this.#range, signal),
      (body, at) => this.#show(body, at),
    );
    part(node, "ranges").addEventListener("change", ({ target }) => chosen(target.value));
    this.range = range;
  }

  /** Takes another range: what is shown is of the old one no more. */
  set range(range) {
    if (range === this.#range) return;
    this.#range = range;
    this.#node.querySelector(`input[value="${range}"]`).checked = true;
    part(this.#node, "bucket").textContent = `each point is ${article(RANGES[range].each)}, UTC`;
    this.section.forget();
  }

  close() {
    this.#charts?.destroy();
  }

  #show({ metrics, averages, timeRange }, at) {
    const buckets = timeline(timeRange, metrics, at);
    this.#averages = averages;
    // Not before there is something to show: until then it may not be known how wide they are.
    this.#charts ??= new Charts(part(this.#node, "charts"), describe, (bucket) => this.#tell(bucket));
    this.#charts.draw(buckets, RANGES[timeRange].each);
    part(this.#node, "table").replaceChildren(tableOf(buckets));
  }

  #tell(bucket) {
    showReadout(part(this.#node, "readout"), bucket, this.#averages, RANGES[this.#range].each);
  }
}

function article(each) {
  return { hour: "an hour", day: "a day" }[each] ?? each;
}
