// The metrics of a history: the charts, the readout and the table derive from this list.

import { FORMATS, compact } from "./format.js";

const { count, decimal, percent, ms } = FORMATS;
const PERCENT = {
  unit: () => "percent",
  reach: { least: 5, most: 100 },
  label: (mark) => `${mark}%`,
  axis: {},
  format: percent,
  average: percent,
};
const NUMBER = { reach: { least: 5, most: Infinity }, label: compact };
const WHOLE = { axis: { incrs: Array.from({ length: 36 }, (_, n) => [1, 2, 5][n % 3] * 10 ** Math.floor(n / 3)) } };
const COUNT = { bars: true, ...NUMBER, ...WHOLE, format: count, average: decimal };

/** By field of a point, in the order of the readout and the table.
 *
 * `most` is the field of the largest value; `unit(each)`, `reach`, `label` and `axis` are the chart's;
 * `format` writes a value and `average` a mean: without it the readout shows the largest value.
 */
export const METRICS = {
  cpu: { title: "CPU", most: "cpuMax", ...PERCENT },
  memory: { title: "Memory", most: "memoryMax", ...PERCENT },
  messages: { title: "Messages", unit: (each) => `messages per ${each}`, ...COUNT },
  errors: { title: "Errors", unit: (each) => `errors per ${each}`, ...COUNT },
  errorRate: { title: "Error rate", ...PERCENT },
  responseTime: { title: "Response time", brief: "Response", unit: () => "milliseconds", ...NUMBER, axis: {}, format: ms, average: ms },
  agents: { title: "Agents", unit: () => "agents with samples", ...NUMBER, ...WHOLE, format: count },
};

/** Which charts a view has: of many agents, and of one. */
export const CHARTS = {
  fleet: ["cpu", "memory", "messages", "errors", "responseTime", "agents"],
  agent: ["cpu", "memory", "messages", "errors", "errorRate", "responseTime"],
};
