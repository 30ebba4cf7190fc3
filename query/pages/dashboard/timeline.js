// The buckets of a range, those without data among them.

/** By range: a bucket's width in seconds, how many there are, and what one is called. */
export const RANGES = {
  "24h": { widthS: 3_600, buckets: 24, each: "hour" },
  "7d": { widthS: 21_600, buckets: 28, each: "6 hours" },
  "30d": { widthS: 86_400, buckets: 30, each: "day" },
};

/** All buckets of a range up to that of `now`, in time order: `[{start, end, point}]`.
 *
 * Times are seconds since the epoch, half-open. `point` is the answer's, null without data. The
 * newest bucket is `unfinished`: `now` lies in it.
 */
export function timeline(range, points, now) {
  const { widthS, buckets } = RANGES[range];
  const found = new Map(points.map((point) => [Date.parse(point.timestamp) / 1000, point]));
  // An answer may be newer than its `now`, which comes in whole seconds.
  const newest = Math.max(Math.floor(now / 1000 / widthS) * widthS, ...found.keys());
  return Array.from({ length: buckets }, (_, place) => {
    const start = newest - (buckets - 1 - place) * widthS;
    const unfinished = place === buckets - 1;
    return { start, end: start + widthS, point: found.get(start) ?? null, unfinished };
  });
}
