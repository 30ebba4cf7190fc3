// The time span of a place: its request parameters, its buckets, and its name.

import { RANGES, STEPS, bucketsOfRange, bucketsOfSpan } from "./buckets.js";
import { UTC, inUse, instantOf, wallOf, write, yearOf } from "./zone.js";

const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
const DAY = { weekday: "short", month: "short", day: "numeric" };
const TIME = { hour: "2-digit", minute: "2-digit" };

/** Whether a place has a custom span instead of a range. */
export function isCustom({ from }) {
  return from !== "";
}

/** The parameters of `historical` for a place's span; `now` in milliseconds. */
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

// The platform's history is kept in UTC hours: zones without a whole-hour offset get UTC points.
function zoneOf({ user, from, to, tz, range }, now) {
  const begins = from ? Date.parse(from) : now - RANGES[range].buckets * STEPS[RANGES[range].step].widthS * 1000;
  const ends = to ? Date.parse(to) : now;
  const hours = [begins, ends].every((at) => (wallOf(at) - at) % HOUR_MS === 0);
  return user !== null || hours ? tz : UTC;
}

/** The parameters of the timeline for a place's span, or slightly more. */
export function eventsOf(place, now) {
  const { range, from, to, since } = place;
  if (isCustom(place)) return present({ from, to });
  if (since) return { from: since };
  const { step, buckets } = RANGES[range];
  const start = now - buckets * STEPS[step].widthS * 1000;
  return { from: textOf(start) };
}

/** The buckets of an answer of `historical`, with step and zone; `at` is the service's time. */
export function bucketsOf(answer, at) {
  const { metrics, timeRange } = answer;
  if (timeRange === "custom") {
    return { step: answer.step, tz: answer.tz, buckets: bucketsOfSpan(answer, metrics, at.getTime()) };
  }
  return { step: RANGES[timeRange].step, tz: UTC, buckets: bucketsOfRange(timeRange, metrics, at) };
}

/** The place with a custom span in seconds; it keeps the range to go back to. */
export function spanned(place, start, end) {
  const [from, to] = [start, end].map((at) => textOf(at * 1000));
  return { ...place, from, to, step: "", events: "" };
}

/** The place with a range up to now. */
export function ranged(place, range) {
  return { ...place, range, from: "", to: "", step: "", events: "" };
}

/** The name of a place's span: `the last 24 hours`, `Tue, Nov 24, 14:00–16:00 UTC`. */
export function nameOfSpan(place) {
  if (!isCustom(place)) return `the last ${RANGES[place.range].label}`;
  const [start, end] = [place.from, place.to].map((text) => text && new Date(text));
  return end ? `${between(start, end)} ${inUse()}` : `since ${moment(start)} ${inUse()}`;
}

/** A span between two times; names a common day only once. */
export function between(start, end) {
  const whole = [start, end].every((one) => wallOf(one.getTime()) % DAY_MS === 0);
  if (whole && end - start > DAY_MS * 1.5) return `${day(start)} – ${day(new Date(end.getTime() - 1))}`;
  if (whole) return day(start);
  const same = dayOf(start) === dayOf(new Date(end.getTime() - 1));
  return same ? `${moment(start)}–${write(end, TIME)}` : `${moment(start)} – ${moment(end)}`;
}

/** An instant in milliseconds as RFC 3339 in whole seconds, for the API and addresses. */
export function textOf(instant) {
  return new Date(instant).toISOString().replace(/\.\d+Z$/, "Z");
}

/** Converts between instants and the values of `datetime-local` inputs. */
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
