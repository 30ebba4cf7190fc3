// Selection of a span in the charts: by dragging, for a finger after holding, or by keys with Shift.

import { element } from "./dom.js";

const LEAST_PX = 4;
// A finger that moves sooner moves the cursor or scrolls the page.
const HOLD_MS = 400;
const HOLD_PX = 10;

export class Selection {
  #shades = [];
  #buckets = [];
  #anchor = null;
  #place = null;
  #held = false;
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
    chart.area.addEventListener("pointerdown", (event) => this.#begin(chart, event));
    // Browsers ask a listener whether to scroll only if it was there before the touch.
    const keep = (event) => this.#held && event.preventDefault();
    chart.area.addEventListener("touchmove", keep, { passive: false });
    chart.area.addEventListener("contextmenu", keep);
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

  #begin(chart, down) {
    if (down.button !== 0 || !down.isPrimary || !this.#buckets.length) return;
    if (down.pointerType === "touch") this.#hold(chart, down);
    else this.#drag(chart, down, LEAST_PX);
  }

  #hold(chart, down) {
    const ending = new AbortController();
    const { signal } = ending;
    const end = () => ending.abort();
    const move = ({ isPrimary, clientX, clientY }) => {
      if (isPrimary && Math.hypot(clientX - down.clientX, clientY - down.clientY) >= HOLD_PX) end();
    };
    const timer = setTimeout(() => {
      end();
      this.#held = true;
      const anchor = chart.placeAt(down.clientX);
      this.#extend(anchor, anchor);
      this.#drag(chart, down, HOLD_PX);
    }, HOLD_MS);
    signal.addEventListener("abort", () => clearTimeout(timer));
    addEventListener("pointermove", move, { signal });
    addEventListener("pointerup", end, { signal });
    addEventListener("pointercancel", end, { signal });
  }

  #drag(chart, down, leastPx) {
    const ending = new AbortController();
    const { signal } = ending;
    const anchor = chart.placeAt(down.clientX);
    let moved = false;
    const move = ({ isPrimary, clientX }) => {
      if (!isPrimary) return;
      moved ||= Math.abs(clientX - down.clientX) >= leastPx;
      if (moved) this.#extend(anchor, chart.placeAt(clientX));
    };
    const end = (finish) => ({ isPrimary = true }) => {
      if (!isPrimary) return;
      ending.abort();
      this.#held = false;
      finish();
    };
    const cancel = end(() => this.clear());
    addEventListener("pointermove", move, { signal });
    addEventListener("pointerup", end(() => (moved ? this.#finish() : this.clear())), { signal });
    addEventListener("pointercancel", cancel, { signal });
    addEventListener("keydown", ({ key }) => key === "Escape" && cancel({}), { signal });
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
