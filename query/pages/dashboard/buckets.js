// The buckets of a span of time, including those without data.

import { instantOf, wallOf } from "./zone.js";

/** By range: its step, its number of buckets, and its name. */
export const RANGES = {
  "24h": { step: "1h", buckets: 24, label: "24 hours" },
  "7d": { step: "6h", buckets: 28, label: "7 days" },
  "30d": { step: "1d", buckets: 30, label: "30 days" },
};

/** By step: its width in seconds, and its name. */
export const STEPS = {
  "5m": { widthS: 300, each: "5 minutes" },
  "15m": { widthS: 900, each: "15 minutes" },
  "1h": { widthS: 3_600, each: "hour" },
  "6h": { widthS: 21_600, each: "6 hours" },
  "1d": { widthS: 86_400, each: "day" },
};

const HOUR_S = 3_600;

/** All buckets of a range up to the current one, in time order: `[{start, end, point, unfinished}]`.
 *
 * Times are seconds since the Unix epoch, half-open. `point` is the answer's, null without data.
 * The newest bucket, which contains `now`, is `unfinished`.
 */
export function bucketsOfRange(range, points, now) {
  const { step, buckets } = RANGES[range];
  const { widthS } = STEPS[step];
  // An answer may be newer than `now`, which is in whole seconds.
  const current = Math.floor(now / 1000 / widthS) * widthS;
  const newest = Math.max(current, ...points.map(startOf));
  const starts = Array.from({ length: buckets }, (_, place) => newest - (buckets - 1 - place) * widthS);
  return joined(starts, newest + widthS, points, newest);
}

/** All buckets of an answer's custom span that begin before `now`. */
export function bucketsOfSpan({ from, to, step, tz }, points, now) {
  const [first, last] = [from, to].map((text) => Date.parse(text) / 1000);
  const latest = Math.max(now / 1000, ...points.map(startOf));
  const starts = startsBetween(first, last, STEPS[step].widthS, tz);
  // The service's buckets take precedence over the computed ones.
  const all = [...new Set([...starts, ...points.map(startOf)])].toSorted((one, other) => one - other);
  const begun = all.filter((start) => start <= latest);
  return joined(begun, all[begun.length] ?? last, points, latest);
}

function joined(starts, end, points, latest) {
  const found = new Map(points.map((point) => [startOf(point), point]));
  return starts.map((start, place) => {
    const stop = starts[place + 1] ?? end;
    return { start, end: stop, point: found.get(start) ?? null, unfinished: start <= latest && latest < stop };
  });
}

// Steps below an hour have a fixed length; longer ones follow the local clock.
function startsBetween(first, last, widthS, zone) {
  const starts = [];
  if (widthS < HOUR_S) {
    for (let start = first; start < last; start += widthS) starts.push(start);
    return starts;
  }
  const width = widthS * 1000;
  let wall = Math.floor(wallOf(first * 1000, zone) / width) * width;
  for (let start = first; start < last; wall += width, start = instantOf(wall, zone) / 1000) starts.push(start);
  return starts;
}

function startOf({ timestamp }) {
  return Date.parse(timestamp) / 1000;
}
