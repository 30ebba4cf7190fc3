// The drawing of a chart: a line or bars, the unfinished bucket in its own style, and hatched gaps.

import uPlot from "../vendor/uplot/uPlot.esm.js";

const DASHES = [3, 3];
const FINE = [1, 2];
const STRIPES = 6;
const MOST_POINTS = 60;

/** A line through the finished buckets, dashed from there to the unfinished one. */
export function line(color) {
  const stroke = color("--ink");
  return [
    { stroke, width: 2, fill: color("--wash"), points: { show: true, size: 4, fill: stroke, filter: apart } },
    {
      stroke,
      width: 2,
      dash: DASHES,
      points: { show: true, size: 7, width: 2, fill: color("--card"), filter: lastOnly },
    },
  ];
}

/** A fine line through the largest value of each bucket. */
export function largest(color) {
  const stroke = color("--ink");
  return { stroke, width: 1, alpha: 0.55, dash: FINE, points: { show: false } };
}

// The points to draw: all, or among many only those without a neighbour.
function apart({ data }, series) {
  const values = data[series];
  const places = [...values.keys()].filter((place) => values[place] !== null);
  if (values.length <= MOST_POINTS) return places;
  return places.filter((place) => [place - 1, place + 1].every((next) => (values[next] ?? null) === null));
}

function lastOnly({ data: [times] }) {
  return [times.length - 1];
}

/** Filled bars, and an outlined one for the unfinished bucket. */
export function bars(color) {
  const paths = uPlot.paths.bars({ size: [0.72, 28], radius: 0.15 });
  const points = { show: false };
  const stroke = color("--ink");
  return [
    { stroke, width: 0, fill: stroke, paths, points },
    { stroke, width: 1.5, dash: DASHES, fill: color("--wash"), paths, points },
  ];
}

/** Hatches the buckets without data, except the unfinished one. */
export function hatchGaps(plot, buckets, color) {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.fillStyle = ctx.createPattern(stripes(color), "repeat");
  for (const { start, end, point, unfinished } of buckets) {
    if (point !== null || unfinished) continue;
    const left = plot.valToPos(start, "x", true);
    ctx.fillRect(left, bbox.top, plot.valToPos(end, "x", true) - left, bbox.height);
  }
  ctx.restore();
}

function stripes(color) {
  const size = STRIPES * devicePixelRatio;
  const tile = new OffscreenCanvas(size, size);
  const ctx = tile.getContext("2d");
  ctx.strokeStyle = color;
  ctx.lineWidth = devicePixelRatio;
  ctx.beginPath();
  // Across the tile and its corners, so that the stripes join at the edges.
  for (const shift of [-size, 0, size]) {
    ctx.moveTo(shift - 1, size + 1);
    ctx.lineTo(shift + size + 1, -1);
  }
  ctx.stroke();
  return tile;
}
