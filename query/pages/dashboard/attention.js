// Needs attention: agents that failed or are silent, and users with the highest error rates.

import { agoOf, stateOf } from "./cells.js";
import { part, setText } from "./dom.js";
import { FORMATS } from "./format.js";
import { aim, link } from "./links.js";
import { Section } from "./section.js";
import { Table } from "./table.js";
import { inUse } from "./zone.js";

const ROWS = 8;
const { count, percent } = FORMATS;
const AGENTS = [
  {
    name: "agentId",
    title: "Agent",
    cell: ({ userId, agentId }, place) => link(place, { user: userId, agent: agentId }, agentId),
  },
  { name: "userId", title: "User", cell: ({ userId }, place) => link(place, { user: userId }, userId) },
  { name: "state", title: "State", cell: stateOf },
  { name: "since", title: "Since", cell: ({ since }) => agoOf(since) },
  { name: "reason", title: "Reason", cell: ({ reason }) => reason || "–" },
];
const USERS = [
  { name: "userId", title: "User", cell: ({ userId }, place) => link(place, { user: userId }, userId) },
  { name: "errorRate", title: "Error rate", cell: ({ errorRate }) => percent(errorRate) },
  { name: "errors", title: "Errors", cell: ({ errors }) => count(errors) },
  { name: "failed", title: "Failed agents", cell: ({ agents }) => count(agents.failed) },
];

export class Attention {
  section;
  #node;
  #place;
  #agents = new Table(AGENTS, ({ userId, agentId }) => `${userId}/${agentId}`, () => {});
  #users = new Table(USERS, ({ userId }) => userId, () => {});

  constructor(node, api, place) {
    this.#node = node;
    this.#place = place;
    part(node, "agents").append(this.#agents.node);
    part(node, "users").append(this.#users.node);
    this.#users.title("Users with the highest error rates of the last 15 minutes");
    this.section = new Section(node, (signal) => read(api, signal), (body) => this.#show(body));
  }

  /** Switches to another place; returns whether to read again, for times in another zone. */
  go(place) {
    const same = place.tz === this.#place.tz;
    this.#place = place;
    aim(this.#node, place);
    return !same;
  }

  close() {}

  #show({ agents, counts, users }) {
    this.#agents.title(`Failed and silent agents, times in ${inUse()}`);
    const affected = agents.filter(({ state }) => state !== "active");
    const failing = users.filter(({ errors }) => errors > 0);
    this.#agents.show(affected, this.#place);
    this.#users.show(failing, this.#place);
    this.#agents.node.hidden = !affected.length;
    this.#users.node.hidden = !failing.length;
    setText(part(this.#node, "no-agents"), affected.length ? "" : "No agent has failed, stopped or fallen silent.");
    setText(part(this.#node, "no-users"), failing.length ? "" : "No user has an error in the last 15 minutes.");
    for (const state of ["failed", "inactive"]) {
      const leads = part(this.#node, `all-${state}`);
      setText(leads, counts[state] ? `All ${state} agents (${count(counts[state])})` : "");
    }
  }
}

async function read(api, signal) {
  const [agents, users] = await Promise.all([
    api.agents(null, { sort: "attention", limit: ROWS }, signal),
    api.users({ sort: "errorRate", order: "desc", limit: ROWS }, signal),
  ]);
  return { body: { ...agents.body, users: users.body.users }, at: agents.at };
}
