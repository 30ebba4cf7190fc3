// What the cursor of the charts is at, in words and numbers; without a cursor, the averages.

import { element, part, write } from "./dom.js";
import { FORMATS, utc } from "./format.js";

const { count, decimal, percent } = FORMATS;
const WRITERS = { cpu: percent, memory: percent, messages: count, errors: count };
const AVERAGE_WRITERS = { ...WRITERS, messages: decimal, errors: decimal };
const HEADS = ["Time (UTC)", "CPU", "Memory", "Messages", "Errors"];
const NO_DATA = "no data";
const DAY_S = 86_400;
const DAY = { weekday: "short", month: "short", day: "numeric" };
const TIME = { hour: "2-digit", minute: "2-digit" };

/** `Mon, Nov 23, 14:00–15:00`; the day alone where a bucket is one. */
export function nameOf({ start, end, unfinished }) {
  const hours = [start, end].map((at) => utc(new Date(at * 1000), TIME)).join("–");
  const day = utc(new Date(start * 1000), DAY);
  const name = end - start < DAY_S ? `${day}, ${hours}` : day;
  return unfinished ? `${name}, not finished yet` : name;
}

/** A bucket's value in words. */
export function describe(bucket, name) {
  return `${nameOf(bucket)}: ${textOf(bucket, name)}`;
}

/** Shows a bucket's values; those of all that has data where it is null. */
export function showReadout(root, bucket, averages, each) {
  const when = bucket ? `${nameOf(bucket)} UTC` : `Average; counts per ${each} with data`;
  part(root, "when").textContent = when;
  for (const [name, writer] of Object.entries(AVERAGE_WRITERS)) {
    write(part(root, name), bucket ? textOf(bucket, name) : writer(averages[name]));
  }
}

/** The buckets as a table, newest first. */
export function tableOf(buckets) {
  const head = element("tr", {}, ...HEADS.map((text) => element("th", { scope: "col" }, text)));
  const rows = buckets.toReversed().map((bucket) => {
    const cells = Object.keys(WRITERS).map((name) => element("td", {}, textOf(bucket, name)));
    return element("tr", {}, element("th", { scope: "row" }, nameOf(bucket)), ...cells);
  });
  return element("table", {}, element("thead", {}, head), element("tbody", {}, ...rows));
}

function textOf({ point }, name) {
  return point ? WRITERS[name](point[name]) : NO_DATA;
}
