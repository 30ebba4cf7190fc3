// An agent's view: its state with the reason, current figures, history, deployments and timeline.

import { agoOf, stateOf } from "./cells.js";
import { copyOf, part, setText } from "./dom.js";
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

  /** Switches to another place of the same agent; returns the sections to read for it. */
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
    setText(part(this.node, "reason"), reason);
    const age = span((at - Date.parse(lastSeen)) / 1000);
    const newest = fullTime(new Date(lastSeen), at);
    setText(part(section, "stale"), silent ? `No sample for ${age}: these figures are from ${newest}.` : "");
    fill(section, sentOf(agent));
    part(section, "firstSeen").replaceChildren(agoOf(firstSeen, at));
    part(section, "lastSeen").replaceChildren(agoOf(lastSeen, at));
    this.#deployments.title(`The newest deployments, times in ${inUse()}`);
    this.#deployments.show(deployments, this.#place);
    this.#deployments.node.hidden = !deployments.length;
    setText(part(section, "none"), deployments.length ? "" : "Nothing has been deployed to this agent.");
  }
}

// Without messages in 15 minutes, the error rate and the response time are unknown.
function sentOf(agent) {
  return agent.messages || agent.errors ? agent : { ...agent, errorRate: null, responseTime: null };
}
