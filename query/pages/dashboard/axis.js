// The axes of a chart: their ranges, ticks and labels.

import uPlot from "../vendor/uplot/uPlot.esm.js";
import { instantOf, wallOf, write } from "./zone.js";

const MINUTE_S = 60;
const HOUR_S = 3_600;
const DAY_S = 86_400;
const STEPS_S = [5, 15, 30].map((minutes) => minutes * MINUTE_S)
  .concat([1, 3, 6, 12].map((hours) => hours * HOUR_S))
  .concat([1, 2, 3, 5, 10, 30, 60, 180, 365].map((days) => days * DAY_S));
const LABEL_WIDTH = 64;
const MOST_DIGITS = 9;

/** The upper end of an axis that starts at 0: a round number above all values. */
export function ceiling(greatest, { least, most }) {
  const [, round] = uPlot.rangeNum(0, Math.max(greatest ?? 0, least), 0.1, true);
  return Math.min(round, most);
}

/** The divisor of a chart's values: uPlot cannot draw an axis with more than 17 digits. */
export function unitOf(greatest) {
  return 10 ** Math.max(0, Math.floor(Math.log10(greatest)) - MOST_DIGITS);
}

/** The ticks between two times: as many as fit, on round times of the zone. */
export function moments(_, __, first, last, increment, space) {
  // `space` is the width of one increment now; the plot's elements still have the old size.
  const width = (space / increment) * (last - first);
  const room = Math.max(2, Math.floor(width / LABEL_WIDTH));
  const step = STEPS_S.find((one) => (last - first) / one <= room) ?? STEPS_S.at(-1);
  const start = Math.ceil(wallSecond(first) / step) * step;
  const marks = [];
  for (let wall = start; wall <= wallSecond(last); wall += step) marks.push(instantOf(wall * 1000) / 1000);
  // The clock may be set back in between.
  return marks.filter((mark, place) => mark >= first && mark <= last && mark !== marks[place - 1]);
}

/** `06:00`, or the date at midnight. */
export function momentLabels(_, marks) {
  return marks.map((at) => {
    const parts = wallSecond(at) % DAY_S ? { hour: "2-digit", minute: "2-digit" } : { month: "short", day: "numeric" };
    return write(new Date(at * 1000), parts);
  });
}

function wallSecond(at) {
  return wallOf(at * 1000) / 1000;
}
