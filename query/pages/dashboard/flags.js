// Timeline events as labelled marks along the top of a chart; close events share a mark.

import { element } from "./dom.js";
import { signOf, summaryOf, worstOf } from "./event.js";
import { elsewhere, hashOf } from "./route.js";
import { spanned } from "./span.js";

const LEAST_APART_PX = 44;

/** The marks of one chart. */
export class Flags {
  node = element("ul", { class: "flags" });
  #area;
  #inOrder;
  #shown = "";

  /** Above `area` of the chart `title`; only one of several charts has its marks in the tab order. */
  constructor(area, title, { inOrder }) {
    this.#area = area;
    this.#inOrder = inOrder;
    this.node.setAttribute("aria-label", `What happened, on ${title}`);
  }

  /** Shows the events of the buckets; a single one links to its agent, several to their span. */
  draw(buckets, events, place) {
    const width = this.#area.clientWidth;
    const [first, last] = [buckets[0]?.start, buckets.at(-1)?.end];
    const groups = clustered(events, (at) => ((at - first) / (last - first)) * width, width);
    const key = JSON.stringify([groups, hashOf(place)]);
    // Keeps the focus of unchanged marks.
    if (key === this.#shown) return;
    this.#shown = key;
    this.node.style.setProperty("--from", `${this.#area.offsetLeft}px`);
    this.node.replaceChildren(...groups.map((group) => this.#flag(group, buckets, place)));
    this.node.hidden = !groups.length;
  }

  #flag({ left, events }, buckets, place) {
    const [{ userId, agentId }] = events;
    const { status, many } = worstOf(events);
    const label = summaryOf(events);
    const to = events.length === 1 ? elsewhere(place, { user: userId, agent: agentId || null }) : closer(place, events, buckets);
    const flag = element("a", { class: `flag ${status}`, href: hashOf(to), "aria-label": label, title: label });
    flag.dataset.sign = signOf(status) + (many === 1 ? "" : many);
    if (!this.#inOrder) flag.tabIndex = -1;
    const item = element("li", {}, flag);
    item.style.left = `calc(var(--from) + ${left.toFixed(1)}px)`;
    return item;
  }
}

// Events are newest first; groups are from left to right.
function clustered(events, leftOf, width) {
  const groups = [];
  for (const event of events.toReversed()) {
    const left = leftOf(Date.parse(event.ts) / 1000);
    if (!(left >= 0 && left <= width)) continue;
    const group = groups.at(-1);
    if (group && left - group.left < LEAST_APART_PX) group.events.push(event);
    else groups.push({ left, events: [event] });
  }
  return groups;
}

// The span of the buckets that contain the events.
function closer(place, events, buckets) {
  const times = events.map(({ ts }) => Date.parse(ts) / 1000);
  const start = buckets.findLast((one) => one.start <= Math.min(...times))?.start ?? Math.min(...times);
  const end = buckets.find((one) => one.end > Math.max(...times))?.end ?? Math.max(...times) + 1;
  return spanned(place, start, end);
}
