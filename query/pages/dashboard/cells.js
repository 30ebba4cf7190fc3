// What stands in the cells of tables: states, times with how long ago, and sums of states.

import { element } from "./dom.js";
import { span } from "./format.js";
import { fullTime, shortTime } from "./zone.js";

const NEVER = 0;

/** A state as a word with its sign; `silent` where an agent sends nothing. */
export function stateOf({ state, silent }) {
  const quiet = silent && state === "active" ? " (silent)" : "";
  return element("span", { class: `chip ${state}` }, state + quiet);
}

/** A figure of messages, where there were any: `write(value)`. */
export function ofMessages({ messages, errors }, value, write) {
  return messages || errors ? write(value) : "–";
}

/** How long ago a moment is, with the moment itself at hand; `never` for the epoch. */
export function ageOf(text, now = Date.now()) {
  const at = new Date(text);
  if (at.getTime() === NEVER) return "never";
  return element("time", { datetime: text, title: fullTime(at, new Date(now)) }, `${span((now - at) / 1000)} ago`);
}

/** A moment, and how long ago that is; `never` for the epoch. */
export function agoOf(text, now = Date.now()) {
  const at = new Date(text);
  if (at.getTime() === NEVER) return "never";
  const time = element("time", { datetime: text }, shortTime(at, new Date(now)));
  return element("span", { class: "ago" }, time, " ", element("small", {}, `${span((now - at) / 1000)} ago`));
}

/** Since when an agent is in its state, and why. */
export function sinceOf({ since, reason }) {
  const when = agoOf(since);
  return reason ? element("span", {}, when, " ", element("span", { class: "why" }, reason)) : when;
}
