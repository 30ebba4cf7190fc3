// Numbers, units and times as people read them: en-US, UTC.

const count = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });
const decimal = new Intl.NumberFormat("en-US", { maximumFractionDigits: 2 });
const short = new Intl.NumberFormat("en-US", { notation: "compact", maximumFractionDigits: 1 });
const scientific = new Intl.NumberFormat("en-US", { notation: "scientific", maximumFractionDigits: 1 });
// From here on `short` has no letter, and writes all digits.
const UNNAMED = 1e15;
const MEGABYTES = [
  [1e6, "TB"],
  [1e3, "GB"],
  [1, "MB"],
];
const SPANS = [
  [86_400, "day"],
  [3_600, "hour"],
  [60, "minute"],
  [1, "second"],
];

/** What `data-format` in the page names. Percents come as numbers or as text without a sign. */
export const FORMATS = {
  count: (value) => count.format(value),
  decimal: (value) => decimal.format(value),
  percent: (value) => `${typeof value === "string" ? value : decimal.format(value)}%`,
  ms: (value) => `${decimal.format(value)} ms`,
  megabytes,
  text: String,
};

function megabytes(value) {
  const [size, unit] = MEGABYTES.find(([least]) => value >= least) ?? [1, "MB"];
  return `${decimal.format(value / size)} ${unit}`;
}

/** A count with few letters, for axes: `1.2K`, `5E15`. */
export function compact(value) {
  return (value < UNNAMED ? short : scientific).format(value);
}

/** `3 hours`, `1 minute`: the greatest unit that fits, rounded down. */
export function span(seconds) {
  const [size, unit] = SPANS.find(([least]) => seconds >= least) ?? [1, "second"];
  const many = Math.max(0, Math.floor(seconds / size));
  return `${many} ${unit}${many === 1 ? "" : "s"}`;
}

const writers = new Map();

/** A moment in UTC, with the parts that `Intl.DateTimeFormat` names. */
export function utc(moment, parts) {
  const key = JSON.stringify(parts);
  if (!writers.has(key)) {
    const options = { timeZone: "UTC", hourCycle: "h23", ...parts };
    writers.set(key, new Intl.DateTimeFormat("en-US", options));
  }
  return writers.get(key).format(moment);
}

const TIME = { hour: "2-digit", minute: "2-digit", second: "2-digit" };
const DAY = { month: "short", day: "numeric" };

/** `14:35:02 UTC`. */
export function timeOfDay(moment) {
  return `${utc(moment, TIME)} UTC`;
}

/** `Mar 10, 14:35:02 UTC`; with its year where that is not the other moment's. */
export function fullTime(moment, now) {
  const year = moment.getUTCFullYear() === now.getUTCFullYear() ? {} : { year: "numeric" };
  return `${utc(moment, { ...DAY, ...year, ...TIME })} UTC`;
}
