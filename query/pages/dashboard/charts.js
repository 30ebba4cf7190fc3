// The charts of a history, with one cursor for all: by pointer, touch or keys.

import { Chart } from "./chart.js";
import { element } from "./dom.js";
import { compact } from "./format.js";

const GROUP = "history";
const LEAP = 6;
const PERCENT = {
  unit: () => "percent",
  reach: { least: 5, most: 100 },
  label: (mark) => `${mark}%`,
  axis: {},
};
const COUNT = {
  bars: true,
  reach: { least: 5, most: Infinity },
  label: compact,
  axis: { incrs: Array.from({ length: 36 }, (_, n) => [1, 2, 5][n % 3] * 10 ** Math.floor(n / 3)) },
};
const KINDS = [
  { name: "cpu", title: "CPU", ...PERCENT },
  { name: "memory", title: "Memory", ...PERCENT },
  { name: "messages", title: "Messages", unit: (each) => `messages per ${each}`, ...COUNT },
  { name: "errors", title: "Errors", unit: (each) => `errors per ${each}`, ...COUNT },
];

/** Four charts in `host`, each a slider over the buckets to a keyboard or a screen reader. */
export class Charts {
  #frames;
  #buckets = [];
  #place = null;
  #describe;
  #moved;
  #redraw = () => this.#frames.forEach(({ chart }) => chart.redraw());

  /** `describe(bucket, name)` puts a bucket's value in words; `moved(bucket)` is told, or null. */
  constructor(host, describe, moved) {
    this.#describe = describe;
    this.#moved = moved;
    this.#frames = KINDS.map((kind) => this.#frame(host, kind));
    document.addEventListener("theme", this.#redraw);
  }

  /** Shows the buckets of a timeline, `each` of which is so long, in all charts. */
  draw(buckets, each) {
    const at = this.#place === null ? null : this.#buckets[this.#place].start;
    this.#buckets = buckets;
    // Another range may have fewer.
    if (this.#place > this.#last) this.#place = null;
    for (const { kind, slider, chart } of this.#frames) {
      chart.draw(buckets, each);
      slider.setAttribute("aria-label", `${kind.title}, ${kind.unit(each)}`);
    }
    if (at !== null) this.#frames[0].chart.point(this.#placeOf(at));
    this.#tell();
  }

  destroy() {
    document.removeEventListener("theme", this.#redraw);
    for (const { chart } of this.#frames) chart.destroy();
  }

  #frame(host, kind) {
    const slider = element("div", {
      class: `plot ${kind.name}`,
      role: "slider",
      tabindex: "0",
      "aria-label": kind.title,
      "aria-valuemin": "0",
      "aria-valuemax": "0",
      "aria-valuenow": "0",
    });
    host.append(element("figure", {}, element("figcaption", {}, kind.title), slider));
    const chart = new Chart(slider, kind, GROUP, (place) => this.#goTo(place));
    slider.addEventListener("keydown", (event) => this.#press(event, chart));
    slider.addEventListener("focus", () => this.#place ?? chart.point(this.#last));
    slider.addEventListener("blur", () => chart.point(null));
    return { kind, slider, chart };
  }

  // The cursor stays at its bucket when a new one pushes that aside; the oldest is as far as it goes.
  #placeOf(at) {
    return Math.max(0, this.#buckets.findIndex(({ start, end }) => start <= at && at < end));
  }

  get #last() {
    return this.#buckets.length - 1;
  }

  #press(event, chart) {
    const at = this.#place ?? this.#last;
    const places = {
      ArrowLeft: at - 1,
      ArrowDown: at - 1,
      ArrowRight: at + 1,
      ArrowUp: at + 1,
      PageDown: at - LEAP,
      PageUp: at + LEAP,
      Home: 0,
      End: this.#last,
    };
    if (!Object.hasOwn(places, event.key)) return;
    event.preventDefault();
    chart.point(Math.min(this.#last, Math.max(0, places[event.key])));
  }

  // Each chart of the group tells the same.
  #goTo(place) {
    if (place === this.#place) return;
    this.#place = place;
    this.#tell();
  }

  #tell() {
    const place = this.#place ?? this.#last;
    for (const { kind, slider } of this.#frames) {
      slider.setAttribute("aria-valuemax", this.#last);
      slider.setAttribute("aria-valuenow", place);
      slider.setAttribute("aria-valuetext", this.#describe(this.#buckets[place], kind.name));
    }
    this.#moved(this.#place === null ? null : this.#buckets[place]);
  }
}
