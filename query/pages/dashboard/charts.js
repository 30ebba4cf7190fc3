// The charts of a history, with a shared cursor and selection by pointer, touch or keys.

import { Chart } from "./chart.js";
import { announce, element } from "./dom.js";
import { Flags } from "./flags.js";
import { METRICS } from "./metrics.js";
import { nameOf } from "./readout.js";
import { Selection } from "./selection.js";
import { inUse } from "./zone.js";

const GROUP = "history";
const LEAP = 6;

/** Charts in `host`, each a slider over the buckets for keyboards and screen readers. */
export class Charts {
  #frames;
  #buckets = [];
  #events = [];
  #at = null;
  #place = null;
  #readout;
  #selection;
  #redraw = () => this.#frames.forEach(({ chart }) => chart.redraw());

  /** `names` are the charts; `readout` shows and describes buckets; calls `selected({start, end})`. */
  constructor(host, names, readout, selected) {
    this.#readout = readout;
    this.#selection = new Selection(selected, (span) => span && announce(`Selected: ${nameOf(span)} ${inUse()}. Enter shows it.`));
    this.#frames = names.map((name, place) => this.#frame(host, { name, ...METRICS[name] }, place === 0));
    document.addEventListener("theme", this.#redraw);
  }

  /** Shows the buckets of a span, with `each` as the name of their width, and its timeline events. */
  draw(buckets, each, { events }, place) {
    const at = this.#place === null ? null : this.#buckets[this.#place].start;
    this.#buckets = buckets;
    [this.#events, this.#at] = [events, place];
    this.#selection.take(buckets);
    // The new span may have fewer buckets.
    if (this.#place > this.#last) this.#place = null;
    for (const { kind, slider, chart, flags } of this.#frames) {
      chart.draw(buckets, each);
      flags.draw(buckets, events, place);
      slider.setAttribute("aria-label", `${kind.title}, ${kind.unit(each)}`);
    }
    if (at !== null) this.#frames[0].chart.point(this.#placeOf(at));
    this.#update();
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

  // The cursor stays at its bucket when new ones shift it left, down to the oldest.
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

  // Each chart of the group reports the same move.
  #goTo(place) {
    if (place === this.#place) return;
    this.#place = place;
    this.#update();
  }

  #update() {
    const place = this.#place ?? this.#last;
    for (const { kind, slider } of this.#frames) {
      slider.setAttribute("aria-valuemax", Math.max(0, this.#last));
      slider.setAttribute("aria-valuenow", Math.max(0, place));
      slider.setAttribute("aria-valuetext", place < 0 ? "no data" : this.#readout.describe(place, kind.name));
    }
    this.#readout.show(this.#place);
  }
}
