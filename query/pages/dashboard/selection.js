// Selection of a span in the charts: by dragging, or by keys with Shift.

import { element } from "./dom.js";

const LEAST_PX = 4;

export class Selection {
  #shades = [];
  #buckets = [];
  #anchor = null;
  #place = null;
  #selected;
  #changed;

  /** Calls `selected({start, end})` with a span in seconds; before, `changed(span)`, with null at the end. */
  constructor(selected, changed) {
    this.#selected = selected;
    this.#changed = changed;
  }

  /** Adds a chart: dragging in it selects, and the selection is shaded. */
  add(chart) {
    const shade = element("div", { class: "selected" });
    shade.hidden = true;
    chart.area.append(shade);
    this.#shades.push(shade);
    chart.area.addEventListener("pointerdown", (event) => this.#drag(chart, event));
  }

  /** Takes new buckets; clears the selection if its buckets changed. */
  take(buckets) {
    const [first, last] = [this.#anchor, this.#place].map((place) => this.#buckets[place]?.start);
    const same = first === buckets[this.#anchor]?.start && last === buckets[this.#place]?.start;
    this.#buckets = buckets;
    if (!same) this.clear();
  }

  /** Handles Shift with a move from `before` to `after`, Enter and Escape; returns whether it used the key. */
  press({ key, shiftKey }, before, after) {
    if (after !== null) {
      if (shiftKey) this.#extend(this.#anchor ?? before, after);
      else this.clear();
      return false;
    }
    if (this.#anchor === null || !["Enter", "Escape"].includes(key)) return false;
    if (key === "Enter") this.#finish();
    else this.clear();
    return true;
  }

  clear() {
    this.#extend(null, null);
  }

  #drag(chart, down) {
    if (down.button !== 0 || down.pointerType === "touch" || !this.#buckets.length) return;
    const ending = new AbortController();
    const { signal } = ending;
    const anchor = chart.placeAt(down.clientX);
    const move = ({ clientX }) => {
      if (Math.abs(clientX - down.clientX) >= LEAST_PX) this.#extend(anchor, chart.placeAt(clientX));
    };
    const end = (finish) => () => {
      ending.abort();
      finish();
    };
    addEventListener("pointermove", move, { signal });
    addEventListener("pointerup", end(() => this.#finish()), { signal });
    addEventListener("pointercancel", end(() => this.clear()), { signal });
    addEventListener("keydown", ({ key }) => key === "Escape" && end(() => this.clear())(), { signal });
  }

  #extend(anchor, place) {
    if (anchor === this.#anchor && place === this.#place) return;
    [this.#anchor, this.#place] = [anchor, place];
    this.#shade();
    this.#changed(this.#span);
  }

  #finish() {
    const span = this.#span;
    this.clear();
    if (span) this.#selected(span);
  }

  get #span() {
    if (this.#anchor === null) return null;
    const [first, last] = [this.#anchor, this.#place].toSorted((one, other) => one - other);
    return { start: this.#buckets[first].start, end: this.#buckets[last].end };
  }

  #shade() {
    const span = this.#span;
    const first = this.#buckets[0]?.start;
    const whole = this.#buckets.at(-1)?.end - first;
    for (const shade of this.#shades) {
      shade.hidden = span === null;
      if (span === null) continue;
      shade.style.left = `${((span.start - first) / whole) * 100}%`;
      shade.style.width = `${((span.end - span.start) / whole) * 100}%`;
    }
  }
}
