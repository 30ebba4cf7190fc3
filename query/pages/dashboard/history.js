// A history: its span, the charts with timeline events, the values at their cursor, and a table.

import { ApiError } from "./api.js";
import { STEPS } from "./buckets.js";
import { Charts } from "./charts.js";
import { copyOf, part, setText } from "./dom.js";
import { eventsIn } from "./event.js";
import { Picker } from "./picker.js";
import { Readout } from "./readout.js";
import { Section } from "./section.js";
import { bucketsOf, eventsOf, historyOf, spanned } from "./span.js";

const MOST_EVENTS = 500;
const ASKED = ["range", "from", "to", "step", "tz"];

export class History {
  section;
  #node;
  #place;
  #picker;
  #readout;
  #charts = null;
  #kinds;
  #visit;

  /** `kinds` are the charts; `visit` goes to other places. */
  constructor(node, api, place, kinds, visit) {
    this.#node = node;
    this.#kinds = kinds;
    this.#visit = visit;
    node.append(copyOf("history-parts"));
    this.#picker = new Picker(node, visit);
    this.#readout = new Readout(node);
    // A number of agents makes no sense for one agent.
    part(node, "agents").parentElement.hidden = !kinds.includes("agents");
    this.section = new Section(
      node,
      (signal) => read(api, this.#place, signal),
      (body, at) => this.#show(body, at),
    );
    this.#take(place);
  }

  /** Switches to another place; returns whether its span differs, and then hides the old one. */
  go(place) {
    const same = ASKED.every((name) => place[name] === this.#place[name]);
    if (!same) this.#take(place);
    else this.#place = place;
    return !same;
  }

  close() {
    this.#charts?.destroy();
  }

  #take(place) {
    this.#place = place;
    this.#picker.show(place);
    part(this.#node, "bucket").textContent = "";
    this.section.forget();
  }

  #show({ events, ...answer }, at) {
    const { buckets, step, tz } = bucketsOf(answer, at);
    const { each } = STEPS[step];
    part(this.#node, "bucket").textContent = `each point is ${article(each)}, ${tz}`;
    this.#picker.stands(buckets);
    this.#readout.take(buckets, answer.averages, each, eventsIn(buckets, events.events));
    const select = ({ start, end }) => this.#visit.to(spanned(this.#place, start, end));
    // Created with the first data: before that their width may be unknown.
    this.#charts ??= new Charts(part(this.#node, "charts"), this.#kinds, this.#readout, select);
    this.#charts.draw(buckets, each, events, this.#place);
    setText(part(this.#node, "capped"), events.next ? ` The marks show only the newest ${MOST_EVENTS} events.` : "");
  }
}

async function read(api, place, signal) {
  const now = api.now;
  const query = { ...eventsOf(place, now), limit: MOST_EVENTS };
  const [history, events] = await Promise.all([
    api.historical(place, historyOf(place, now), signal),
    api.timeline(place, query, signal).catch(unmarked),
  ]);
  return { body: { ...history.body, events: events.body }, at: history.at };
}

// The charts then have no marks; the timeline's list shows the error.
function unmarked(problem) {
  if (!(problem instanceof ApiError)) throw problem;
  return { body: { events: [], next: "" } };
}

function article(each) {
  return { hour: "an hour", day: "a day" }[each] ?? each;
}
