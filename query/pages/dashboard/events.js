// The timeline of the span: status changes and deployments, newest first, in pages.

import { agoOf } from "./cells.js";
import { copyOf, element, part, setText } from "./dom.js";
import { signOf, wordsOf } from "./event.js";
import { link } from "./links.js";
import { Pager, isLost } from "./pager.js";
import { Section } from "./section.js";
import { eventsOf, nameOfSpan } from "./span.js";
import { Table } from "./table.js";
import { inUse } from "./zone.js";

const ROWS = 25;
const ASKED = ["range", "from", "to", "tz", "kind", "events", "since"];
const WHEN = { name: "ts", title: "Time", cell: ({ ts }) => agoOf(ts) };
const WHAT = { name: "what", title: "What happened", cell: whatOf };
const WHO = {
  name: "agentId",
  title: "Agent",
  // A deployment may name no agent.
  cell: ({ userId, agentId }, place) => (agentId ? link(place, { user: userId, agent: agentId }, agentId) : "–"),
};
const WHOSE = { name: "userId", title: "User", cell: ({ userId }, place) => link(place, { user: userId }, userId) };
const WHY = { name: "reason", title: "Reason", cell: ({ reason }) => reason || "–" };

export class Events {
  section;
  #node;
  #api;
  #place;
  #visit;
  #table;
  #from = "";
  #pager = new Pager("events", "what happened");

  constructor(node, api, place, visit) {
    this.#node = node;
    this.#api = api;
    this.#visit = visit;
    this.#place = place;
    node.append(copyOf("event-parts"));
    this.#table = new Table(columnsFor(place), keyOf, () => {});
    part(node, "table").append(this.#table.node);
    part(node, "pages").append(this.#pager.node);
    part(node, "kinds").addEventListener("change", ({ target }) => visit.to({ ...this.#place, kind: target.value, events: "" }));
    this.section = new Section(node, (signal) => this.#read(signal), (body) => this.#show(body));
    this.#title();
  }

  /** Switches to another place; returns whether to read again. */
  go(place) {
    const same = ASKED.every((name) => place[name] === this.#place[name]);
    if (ASKED.some((name) => !["events", "since"].includes(name) && place[name] !== this.#place[name])) this.#pager.forget();
    this.#place = place;
    if (same) return false;
    this.#title();
    this.section.wait();
    return true;
  }

  close() {}

  #title() {
    const { kind } = this.#place;
    part(this.#node, "kinds").querySelector(`input[value="${kind}"]`).checked = true;
    part(this.#node, "span").textContent = nameOfSpan(this.#place);
    this.#table.title(`What happened, ${nameOfSpan(this.#place)}, times in ${inUse()}`);
  }

  async #read(signal) {
    const { kind, events: cursor } = this.#place;
    const query = { ...eventsOf(this.#place, this.#api.now), kind, cursor, limit: ROWS };
    this.#from = query.from;
    const parameters = Object.fromEntries(Object.entries(query).filter(([, value]) => value !== ""));
    try {
      return await this.#api.timeline(this.#place, parameters, signal);
    } catch (problem) {
      if (isLost(problem, cursor)) this.#visit.amend({ ...this.#place, events: "" });
      throw problem;
    }
  }

  #show({ events, next }) {
    this.#table.show(events, this.#place);
    this.#table.node.hidden = !events.length;
    this.#pager.show({ ...this.#place, since: this.#from }, events.length, next, null);
    setText(part(this.#node, "none"), events.length ? "" : "No status changed and nothing was deployed.");
  }
}

function columnsFor({ user, agent }) {
  if (agent !== null) return [WHEN, WHAT, WHY];
  return user === null ? [WHEN, WHAT, WHO, WHOSE, WHY] : [WHEN, WHAT, WHO, WHY];
}

function keyOf({ ts, userId, agentId, kind, status, deploymentId }) {
  return [ts, userId, agentId, kind, status, deploymentId].join(" ");
}

function whatOf(event) {
  const sign = element("span", { class: `sign ${event.status}`, "aria-hidden": "true" }, signOf(event.status));
  return element("span", {}, sign, " ", wordsOf(event));
}
