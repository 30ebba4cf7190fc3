// An agent's view: its state and why, figures now, history, deployments and what happened.

import { agoOf, stateOf } from "./cells.js";
import { copyOf, part, tell } from "./dom.js";
import { Events } from "./events.js";
import { fill } from "./figures.js";
import { span } from "./format.js";
import { History } from "./history.js";
import { link } from "./links.js";
import { CHARTS } from "./metrics.js";
import { Section } from "./section.js";
import { Table } from "./table.js";
import { fullTime, inUse } from "./zone.js";

const DEPLOYMENTS = [
  { name: "deploymentId", title: "Deployment", cell: ({ deploymentId }) => deploymentId },
  { name: "status", title: "Status", cell: ({ status }) => status },
  { name: "ts", title: "Since", cell: ({ ts }) => agoOf(ts) },
];

export class AgentView {
  node = document.createElement("div");
  parts;
  sections;
  #place;
  #deployments = new Table(DEPLOYMENTS, ({ deploymentId }) => deploymentId, () => {});

  constructor(api, place, visit) {
    this.#place = place;
    this.node.append(copyOf("agent"));
    part(this.node, "name").textContent = place.agent;
    const [now, history, events] = this.node.querySelectorAll("[data-section]");
    fill(this.node, null);
    part(now, "deployments").append(this.#deployments.node);
    this.parts = [new History(history, api, place, CHARTS.agent, visit), new Events(events, api, place, visit)];
    const section = new Section(now, (signal) => api.agent(place, signal), (...answer) => this.#show(now, ...answer));
    this.sections = [section, ...this.parts.map((one) => one.section)];
    this.#owner();
  }

  get title() {
    return `${this.#place.agent} of ${this.#place.user}`;
  }

  /** Takes another place of the same agent; the sections that have to be read for it. */
  go(place) {
    const zoned = place.tz !== this.#place.tz;
    this.#place = place;
    this.#owner();
    const others = this.parts.filter((one) => one.go(place)).map(({ section }) => section);
    return zoned ? this.sections : others;
  }

  close() {
    for (const one of this.parts) one.close();
  }

  #owner() {
    part(this.node, "owner").replaceChildren(link(this.#place, { user: this.#place.user }, this.#place.user));
  }

  #show(section, agent, at) {
    const { since, reason, silent, lastSeen, firstSeen, deployments } = agent;
    part(this.node, "chip").replaceChildren(stateOf(agent));
    part(this.node, "since").replaceChildren("since ", agoOf(since, at));
    tell(part(this.node, "reason"), reason);
    const age = span((at - Date.parse(lastSeen)) / 1000);
    const newest = fullTime(new Date(lastSeen), at);
    tell(part(section, "stale"), silent ? `No sample for ${age}: what is shown is of ${newest}.` : "");
    fill(section, sentOf(agent));
    part(section, "firstSeen").replaceChildren(agoOf(firstSeen, at));
    part(section, "lastSeen").replaceChildren(agoOf(lastSeen, at));
    this.#deployments.title(`The newest deployments, times in ${inUse()}`);
    this.#deployments.show(deployments, this.#place);
    this.#deployments.node.hidden = !deployments.length;
    tell(part(section, "none"), deployments.length ? "" : "Nothing has been deployed to this agent.");
  }
}

// Of what sent no message in 15 minutes, nothing is known there.
function sentOf(agent) {
  return agent.messages || agent.errors ? agent : { ...agent, errorRate: null, responseTime: null };
}
