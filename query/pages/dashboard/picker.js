// Selects the span of a history (a range, or from and to) and the page's time zone.

import { RANGES } from "./buckets.js";
import { element, part } from "./dom.js";
import { LOCAL, isCustom, nameOfSpan, ranged, spanned } from "./span.js";
import { UTC, inUse, ofBrowser } from "./zone.js";

const CUSTOM = "custom";

export class Picker {
  #ranges;
  #form;
  #zone;
  #span;
  #back;
  #place;
  #visit;
  #shown = null;
  // Whether a custom span is being entered.
  #entering = false;

  constructor(node, visit) {
    [this.#ranges, this.#form, this.#zone, this.#span, this.#back] = ["ranges", "custom", "zone", "span", "back"]
      .map((name) => part(node, name));
    this.#visit = visit;
    this.#ranges.addEventListener("change", ({ target }) => this.#choose(target.value));
    this.#zone.addEventListener("change", () => visit.to({ ...this.#place, tz: this.#zone.value }));
    this.#back.addEventListener("click", () => this.#choose(this.#place.range));
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#apply();
    });
    this.#form.addEventListener("input", () => this.#check());
  }

  /** Shows the span and zone of a place. */
  show(place) {
    const custom = isCustom(place);
    // Another zone does not end the entry of a custom span.
    this.#entering &&= !custom && place.range === this.#place.range;
    this.#place = place;
    const value = custom || this.#entering ? CUSTOM : place.range;
    this.#ranges.querySelector(`input[value="${value}"]`).checked = true;
    this.#form.hidden = value !== CUSTOM;
    this.#span.textContent = custom ? nameOfSpan(place) : "";
    this.#back.textContent = `Back to ${RANGES[place.range].label}`;
    this.#back.hidden = !custom;
    this.#offerZones();
    if (custom) this.#fill(place.from, place.to);
  }

  /** Sets the shown buckets, whose limits are the initial custom span. */
  stands(buckets) {
    if (buckets.length) this.#shown = [buckets[0].start, buckets.at(-1).end].map((at) => at * 1000);
  }

  #choose(value) {
    this.#entering = value === CUSTOM;
    if (value !== CUSTOM) {
      this.#visit.to(ranged(this.#place, value));
      return;
    }
    this.#form.hidden = false;
    const [from, to] = this.#shown ?? [Date.now() - 86_400_000, Date.now()];
    this.#fill(from, Math.min(to, Date.now()));
  }

  #fill(from, to) {
    const { elements } = this.#form;
    elements.from.value = LOCAL.textOf(new Date(from).getTime());
    elements.to.value = to ? LOCAL.textOf(new Date(to).getTime()) : "";
    this.#check();
  }

  #check() {
    const { from, to } = this.#form.elements;
    const wrong = from.value && to.value && from.value >= to.value;
    to.setCustomValidity(wrong ? "The end must be after the start." : "");
  }

  #apply() {
    const { from, to } = this.#form.elements;
    const [start, end] = [from, to].map(({ value }) => LOCAL.secondOf(value));
    this.#visit.to(spanned(this.#place, start, end));
  }

  // UTC, the browser's zone, and that of the address.
  #offerZones() {
    const zones = [...new Set([UTC, ofBrowser(), inUse()])];
    const options = zones.map((zone) => element("option", { value: zone }, zone === ofBrowser() && zone !== UTC ? `${zone} (here)` : zone));
    this.#zone.replaceChildren(...options);
    this.#zone.value = inUse();
  }
}
