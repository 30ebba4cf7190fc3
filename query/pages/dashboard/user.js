// A user's view: current performance, history, agents, timeline, business.

import { agents } from "./agents.js";
import { copyOf, element, part, setText } from "./dom.js";
import { showEmpty } from "./empty.js";
import { Events } from "./events.js";
import { fill } from "./figures.js";
import { span } from "./format.js";
import { History } from "./history.js";
import { List } from "./list.js";
import { CHARTS } from "./metrics.js";
import { Section } from "./section.js";
import { fullTime } from "./zone.js";

const CHIPS = { ok: "Live", stale: "Stale", no_data: "No data" };

export class UserView {
  node = document.createElement("div");
  sections;
  #place;
  #parts;
  #history;

  constructor(api, place, visit) {
    const { user } = place;
    this.#place = place;
    this.node.append(copyOf("user"));
    part(this.node, "name").textContent = user;
    const [now, history, list, events, business] = this.node.querySelectorAll("[data-section]");
    fill(this.node, null);
    this.#history = history;
    this.#parts = [
      new History(history, api, place, CHARTS.fleet, visit),
      new List(list, { agents: agents(api, user) }, place, visit),
      new Events(events, api, place, visit),
    ];
    this.sections = [
      new Section(now, (signal) => api.performance(user, signal), (...answer) => this.#showNow(now, ...answer)),
      ...this.#parts.map((one) => one.section),
      new Section(business, (signal) => api.summary(user, signal), (body) => showBusiness(business, body)),
    ];
  }

  get title() {
    return this.#place.user;
  }

  /** Switches to another place of the same user; returns the sections to read for it. */
  go(place) {
    const zoned = place.tz !== this.#place.tz;
    this.#place = place;
    const others = this.#parts.filter((one) => one.go(place)).map(({ section }) => section);
    return zoned ? this.sections : others;
  }

  close() {
    for (const one of this.#parts) one.close();
  }

  #showNow(section, performance, at) {
    const { status, asOf } = performance;
    const age = (at - Date.parse(asOf)) / 1000;
    const newest = fullTime(new Date(asOf), at);
    const chip = part(this.node, "chip");
    chip.textContent = CHIPS[status];
    chip.className = `chip ${status}`;
    setText(part(this.node, "newest"), status === "no_data" ? "" : `newest sample ${newest}, ${span(age)} ago`);
    setText(
      part(section, "stale"),
      status === "stale"
        ? `No sample for ${span(age)}: the newest is from ${newest}. The agents' current state is unknown.`
        : "",
    );
    const empty = status === "no_data";
    showEmpty(part(section, "empty"), empty, this.title);
    part(section, "figures").hidden = this.#history.hidden = empty;
    fill(section, status === "ok" ? performance : null);
  }
}

function showBusiness(section, summary) {
  fill(section, summary);
  const others = summary.revenue.others.map(({ currency, month, total }) =>
    element("div", {}, element("dt", {}, `${currency}, this month`), element("dd", {}, month)),
  );
  part(section, "others").replaceChildren(...others);
}
