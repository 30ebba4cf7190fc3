// Formats numbers and units in en-US.

const count = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });
const decimal = new Intl.NumberFormat("en-US", { maximumFractionDigits: 2 });
const short = new Intl.NumberFormat("en-US", { notation: "compact", maximumFractionDigits: 1 });
const scientific = new Intl.NumberFormat("en-US", { notation: "scientific", maximumFractionDigits: 1 });
// From here on `short` has no letter and would write all digits.
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

/** The formats of `data-format`. Percents are numbers, or text without a percent sign. */
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

/** A short count for axes: `1.2K`, `5E15`. */
export function compact(value) {
  return (value < UNNAMED ? short : scientific).format(value);
}

/** `3 hours`, `1 minute`: in the largest unit that fits, rounded down. */
export function span(seconds) {
  const [size, unit] = SPANS.find(([least]) => seconds >= least) ?? [1, "second"];
  const many = Math.max(0, Math.floor(seconds / size));
  return `${many} ${unit}${many === 1 ? "" : "s"}`;
}
