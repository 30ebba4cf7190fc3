// Contents of table cells: states, figures, and times with their age.

import { element } from "./dom.js";
import { span } from "./format.js";
import { fullTime, shortTime } from "./zone.js";

const NEVER = 0;

/** A state as a word with its sign, and `(silent)` for an active agent without samples. */
export function stateOf({ state, silent }) {
  const quiet = silent && state === "active" ? " (silent)" : "";
  return element("span", { class: `chip ${state}` }, state + quiet);
}

/** `write(value)` for a figure of messages; a dash without messages. */
export function ofMessages({ messages, errors }, value, write) {
  return messages || errors ? write(value) : "–";
}

/** The age of a time, with the time as tooltip; `never` for the Unix epoch. */
export function ageOf(text, now = Date.now()) {
  const at = new Date(text);
  if (at.getTime() === NEVER) return "never";
  return element("time", { datetime: text, title: fullTime(at, new Date(now)) }, `${span((now - at) / 1000)} ago`);
}

/** A time with its age; `never` for the Unix epoch. */
export function agoOf(text, now = Date.now()) {
  const at = new Date(text);
  if (at.getTime() === NEVER) return "never";
  const time = element("time", { datetime: text }, shortTime(at, new Date(now)));
  return element("span", { class: "ago" }, time, " ", element("small", {}, `${span((now - at) / 1000)} ago`));
}

/** When an agent's state began, with the reason. */
export function sinceOf({ since, reason }) {
  const when = agoOf(since);
  return reason ? element("span", {}, when, " ", element("span", { class: "why" }, reason)) : when;
}
