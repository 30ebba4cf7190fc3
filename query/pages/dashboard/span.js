// The span of time that a place names: what is asked for it, its buckets, and its name.

import { RANGES, STEPS, bucketsOfRange, bucketsOfSpan } from "./buckets.js";
import { UTC, inUse, instantOf, wallOf, write, yearOf } from "./zone.js";

const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
const DAY = { weekday: "short", month: "short", day: "numeric" };
const TIME = { hour: "2-digit", minute: "2-digit" };

/** Whether a place names a span of its own in place of a range. */
export function isCustom({ from }) {
  return from !== "";
}

/** The parameters that ask `historical` for a place's span; `now` in milliseconds. */
export function historyOf(place, now) {
  const { range, from, to, step } = place;
  const tz = zoneOf(place, now);
  if (isCustom(place)) return present({ from, to, step, tz });
  // The service's ranges are in UTC.
  if (tz === UTC) return { range };
  const { step: each, buckets } = RANGES[range];
  const start = now - (buckets - 1) * STEPS[each].widthS * 1000;
  return { from: textOf(start), step: each, tz };
}

// The platform's history is kept in hours of UTC: other zones have points as UTC has them.
function zoneOf({ user, from, to, tz, range }, now) {
  const begins = from ? Date.parse(from) : now - RANGES[range].buckets * STEPS[RANGES[range].step].widthS * 1000;
  const ends = to ? Date.parse(to) : now;
  const hours = [begins, ends].every((at) => (wallOf(at) - at) % HOUR_MS === 0);
  return user !== null || hours ? tz : UTC;
}

/** The parameters that ask the timeline for a place's span, or a little more. */
export function eventsOf(place, now) {
  const { range, from, to, since } = place;
  if (isCustom(place)) return present({ from, to });
  if (since) return { from: since };
  const { step, buckets } = RANGES[range];
  const start = now - buckets * STEPS[step].widthS * 1000;
  return { from: textOf(start) };
}

/** The buckets of an answer of `historical`, their step and its zone; `at` is the service's time. */
export function bucketsOf(answer, at) {
  const { metrics, timeRange } = answer;
  if (timeRange === "custom") {
    return { step: answer.step, tz: answer.tz, buckets: bucketsOfSpan(answer, metrics, at.getTime()) };
  }
  return { step: RANGES[timeRange].step, tz: UTC, buckets: bucketsOfRange(timeRange, metrics, at) };
}

/** The same place over the seconds from `start` to `end`; it keeps the range, as the way back. */
export function spanned(place, start, end) {
  const [from, to] = [start, end].map((at) => textOf(at * 1000));
  return { ...place, from, to, step: "", events: "" };
}

/** The same place over a range up to now. */
export function ranged(place, range) {
  return { ...place, range, from: "", to: "", step: "", events: "" };
}

/** The name of a place's span: `the last 24 hours`, `Tue, Nov 24, 14:00–16:00 UTC`. */
export function nameOfSpan(place) {
  if (!isCustom(place)) return `the last ${RANGES[place.range].label}`;
  const [start, end] = [place.from, place.to].map((text) => text && new Date(text));
  return end ? `${between(start, end)} ${inUse()}` : `since ${moment(start)} ${inUse()}`;
}

/** Two moments without saying their day twice. */
export function between(start, end) {
  const whole = [start, end].every((one) => wallOf(one.getTime()) % DAY_MS === 0);
  if (whole && end - start > DAY_MS * 1.5) return `${day(start)} – ${day(new Date(end.getTime() - 1))}`;
  if (whole) return day(start);
  const same = dayOf(start) === dayOf(new Date(end.getTime() - 1));
  return same ? `${moment(start)}–${write(end, TIME)}` : `${moment(start)} – ${moment(end)}`;
}

/** The second of an instant in milliseconds, as the API and addresses have it. */
export function textOf(instant) {
  return new Date(instant).toISOString().replace(/\.\d+Z$/, "Z");
}

/** What an input of type `datetime-local` holds for an instant, and the second that it names. */
export const LOCAL = {
  textOf: (instant) => new Date(wallOf(instant)).toISOString().slice(0, 16),
  secondOf: (text) => instantOf(Date.parse(`${text}Z`)) / 1000,
};

function present(parameters) {
  return Object.fromEntries(Object.entries(parameters).filter(([, value]) => value));
}

function moment(at) {
  return `${day(at)}, ${write(at, TIME)}`;
}

function day(at) {
  return write(at, { ...DAY, ...yearOf(at, new Date()) });
}

function dayOf(at) {
  return Math.floor(wallOf(at.getTime()) / DAY_MS);
}
