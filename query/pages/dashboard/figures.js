// Writes an answer's values to the page's figures, meters and stacked bars.

import { element, write } from "./dom.js";
import { FORMATS } from "./format.js";

const UNKNOWN = "–";

/** Fills every `data-figure`, `data-meter` and `data-stack` under `root`.
 *
 * `figures` is an answer's object; names in the page are paths in it. Null means unknown.
 */
export function fill(root, figures) {
  for (const target of root.querySelectorAll("[data-figure]")) {
    const { figure, format } = target.dataset;
    const value = figures ? at(figures, figure) : null;
    const text = value === null ? UNKNOWN : FORMATS[format](value);
    write(target, text);
    if (format === "text") target.dataset.trend = trendOf(text);
  }
  for (const meter of root.querySelectorAll("[data-meter]")) {
    const percent = figures ? at(figures, meter.dataset.meter) : 0;
    meter.style.setProperty("--share", `${Math.min(100, Math.max(0, percent))}%`);
  }
  for (const bar of root.querySelectorAll("[data-stack]")) stack(bar, figures);
}

// Only percents of change have a sign.
function trendOf(text) {
  const [, sign, size] = /^([+-])([0-9.]+)%$/.exec(text) ?? [];
  return { "+": "up", "-": "down" }[Number(size) && sign] ?? "none";
}

function stack(bar, figures) {
  const names = bar.dataset.stack.split(" ");
  if (!bar.childElementCount) bar.append(...names.map(() => element("span")));
  names.forEach((name, place) => {
    const many = figures ? at(figures, name) : 0;
    bar.children[place].style.flexGrow = many;
    bar.children[place].hidden = many === 0;
  });
}

function at(figures, path) {
  return path.split(".").reduce((value, name) => value[name], figures);
}
