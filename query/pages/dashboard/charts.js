// The charts of a history, with one cursor and one selection for all: by pointer, touch or keys.

import { Chart } from "./chart.js";
import { announce, element } from "./dom.js";
import { Flags } from "./flags.js";
import { METRICS } from "./metrics.js";
import { nameOf } from "./readout.js";
import { Selection } from "./selection.js";
import { inUse } from "./zone.js";

const GROUP = "history";
const LEAP = 6;

/** Charts in `host`, each a slider over the buckets to a keyboard or a screen reader. */
export class Charts {
  #frames;
  #buckets = [];
  #events = [];
  #at = null;
  #place = null;
  #readout;
  #selection;
  #redraw = () => this.#frames.forEach(({ chart }) => chart.redraw());

  /** `names`: which charts; `readout` shows and describes buckets; `selected({start, end})` is called. */
  constructor(host, names, readout, selected) {
    this.#readout = readout;
    this.#selection = new Selection(selected, (span) => span && announce(`Selected: ${nameOf(span)} ${inUse()}. Enter shows it.`));
    this.#frames = names.map((name, place) => this.#frame(host, { name, ...METRICS[name] }, place === 0));
    document.addEventListener("theme", this.#redraw);
  }

  /** Shows the buckets of a span, `each` of which is so long, and the events of the timeline there. */
  draw(buckets, each, { events }, place) {
    const at = this.#place === null ? null : this.#buckets[this.#place].start;
    this.#buckets = buckets;
    [this.#events, this.#at] = [events, place];
    this.#selection.take(buckets);
    // Another span may have fewer.
    if (this.#place > this.#last) this.#place = null;
    for (const { kind, slider, chart, flags } of this.#frames) {
      chart.draw(buckets, each);
      flags.draw(buckets, events, place);
      slider.setAttribute("aria-label", `${kind.title}, ${kind.unit(each)}`);
    }
    if (at !== null) this.#frames[0].chart.point(this.#placeOf(at));
    this.#tell();
  }

  destroy() {
    document.removeEventListener("theme", this.#redraw);
    for (const { chart } of this.#frames) chart.destroy();
  }

  #frame(host, kind, inOrder) {
    const slider = element("div", {
      class: `plot ${kind.name}`,
      role: "slider",
      tabindex: "0",
      "aria-label": kind.title,
      "aria-valuemin": "0",
      "aria-valuemax": "0",
      "aria-valuenow": "0",
    });
    const figure = element("figure", {}, element("figcaption", {}, kind.title), slider);
    host.append(figure);
    const frame = { kind, slider };
    frame.chart = new Chart(slider, kind, GROUP, (place) => this.#goTo(place), () => this.#flag(frame));
    frame.flags = new Flags(frame.chart.area, kind.title, { inOrder });
    figure.append(frame.flags.node);
    this.#selection.add(frame.chart);
    slider.addEventListener("keydown", (event) => this.#press(event, frame.chart));
    slider.addEventListener("focus", () => this.#place ?? frame.chart.point(this.#last));
    slider.addEventListener("blur", () => {
      this.#selection.clear();
      frame.chart.point(null);
    });
    return frame;
  }

  #flag({ flags }) {
    if (this.#at) flags.draw(this.#buckets, this.#events, this.#at);
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
    const moves = Object.hasOwn(places, event.key);
    const place = moves ? Math.min(this.#last, Math.max(0, places[event.key])) : null;
    if (this.#selection.press(event, at, place) || moves) event.preventDefault();
    if (moves) chart.point(place);
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
      slider.setAttribute("aria-valuemax", Math.max(0, this.#last));
      slider.setAttribute("aria-valuenow", Math.max(0, place));
      slider.setAttribute("aria-valuetext", place < 0 ? "no data" : this.#readout.describe(place, kind.name));
    }
    this.#readout.show(this.#place);
  }
}
