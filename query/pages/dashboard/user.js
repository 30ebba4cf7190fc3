// A user's view: performance now, history, business.

import { copyOf, element, part, tell } from "./dom.js";
import { showEmpty } from "./empty.js";
import { fill } from "./figures.js";
import { fullTime, span } from "./format.js";
import { History } from "./history.js";
import { Section } from "./section.js";

const CHIPS = { ok: "Live", stale: "Stale", no_data: "No data" };

export class UserView {
  node = document.createElement("div");
  sections;
  #user;
  #history;

  constructor(api, user, range, chosen) {
    this.#user = user;
    this.node.append(copyOf("user"));
    part(this.node, "name").textContent = user;
    const [now, history, business] = this.node.querySelectorAll("[data-section]");
    fill(this.node, null);
    this.#history = new History(history, api, user, range, chosen);
    this.sections = [
      new Section(now, (signal) => api.performance(user, signal), (...answer) => this.#showNow(now, history, ...answer)),
      this.#history.section,
      new Section(business, (signal) => api.summary(user, signal), (body) => showBusiness(business, body)),
    ];
  }

  get title() {
    return this.#user;
  }

  set range(range) {
    this.#history.range = range;
  }

  close() {
    this.#history.close();
  }

  #showNow(section, history, performance, at) {
    const { status, asOf } = performance;
    const age = (at - Date.parse(asOf)) / 1000;
    const newest = fullTime(new Date(asOf), at);
    const chip = part(this.node, "chip");
    chip.textContent = CHIPS[status];
    chip.className = `chip ${status}`;
    tell(part(this.node, "newest"), status === "no_data" ? "" : `newest sample ${newest}, ${span(age)} ago`);
    tell(
      part(section, "stale"),
      status === "stale"
        ? `No sample for ${span(age)}: the newest is of ${newest}. What the agents do now is not known.`
        : "",
    );
    showEmpty(part(section, "empty"), status === "no_data", this.#user);
    part(section, "figures").hidden = history.hidden = status === "no_data";
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
