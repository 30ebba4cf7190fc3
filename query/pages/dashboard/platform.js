// The platform's view: all agents of all users, those that need attention, and lists of them.

import { agents } from "./agents.js";
import { Attention } from "./attention.js";
import { copyOf, part } from "./dom.js";
import { showEmpty } from "./empty.js";
import { Events } from "./events.js";
import { fill } from "./figures.js";
import { History } from "./history.js";
import { aim } from "./links.js";
import { List } from "./list.js";
import { CHARTS } from "./metrics.js";
import { Section } from "./section.js";
import { users } from "./users.js";

export class PlatformView {
  title = "Platform";
  node = document.createElement("div");
  sections;
  #parts;
  #place;

  constructor(api, place, visit) {
    this.#place = place;
    this.node.append(copyOf("platform"));
    const [now, attention, history, list, events] = this.node.querySelectorAll("[data-section]");
    fill(this.node, null);
    aim(this.node, place);
    this.#parts = [
      new Attention(attention, api, place),
      new History(history, api, place, CHARTS.fleet, visit),
      new List(list, { users: users(api), agents: agents(api, null) }, place, visit),
      new Events(events, api, place, visit),
    ];
    const section = new Section(now, (signal) => api.platform(signal), ({ metrics }) => this.#show(now, metrics));
    this.sections = [section, ...this.#parts.map((one) => one.section)];
    this.node.addEventListener("click", ({ target }) => this.#lead(target.closest("[data-leads]")));
    this.#current();
  }

  /** Switches to another place; returns the sections to read for it. */
  go(place) {
    this.#place = place;
    aim(this.node, place);
    this.#current();
    return this.#parts.filter((one) => one.go(place)).map(({ section }) => section);
  }

  close() {
    for (const one of this.#parts) one.close();
  }

  // Marks the tab of the list shown.
  #current() {
    for (const tab of part(this.node, "tabs").children) {
      if (tab.dataset.list === this.#place.list) tab.setAttribute("aria-current", "true");
      else tab.removeAttribute("aria-current");
    }
  }

  // A number links to its list further down.
  #lead(found) {
    if (found) this.node.querySelector(`[data-section="${found.dataset.leads}"] h2`).focus();
  }

  #show(section, { deployments, ...others }) {
    const pending = deployments.total - deployments.successful - deployments.failed;
    const empty = others.agents.total === 0 && others.messages.thisMonth === 0;
    showEmpty(part(section, "empty"), empty, null);
    for (const one of [part(section, "figures"), ...this.node.querySelectorAll("[data-section]:not([data-section=platform])")]) {
      one.hidden = empty;
    }
    fill(section, { ...others, deployments: { ...deployments, pending } });
  }
}
