// What a chart draws: a line or bars, the unfinished bucket apart from them, and hatched gaps.

import uPlot from "../vendor/uplot/uPlot.esm.js";

const DASHES = [3, 3];
const FINE = [1, 2];
const STRIPES = 6;
const MOST_POINTS = 60;

/** The finished buckets as a line, and dashed the way from there to the unfinished one. */
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

/** The largest value of each bucket, as a fine line. */
export function largest(color) {
  const stroke = color("--ink");
  return { stroke, width: 1, alpha: 0.55, dash: FINE, points: { show: false } };
}

// Of many points, those that no line leads to.
function apart({ data }, series) {
  const values = data[series];
  const places = [...values.keys()].filter((place) => values[place] !== null);
  if (values.length <= MOST_POINTS) return places;
  return places.filter((place) => [place - 1, place + 1].every((next) => (values[next] ?? null) === null));
}

function lastOnly({ data: [times] }) {
  return [times.length - 1];
}

/** Full bars, and an outlined one for the unfinished bucket. */
export function bars(color) {
  const paths = uPlot.paths.bars({ size: [0.72, 28], radius: 0.15 });
  const points = { show: false };
  const stroke = color("--ink");
  return [
    { stroke, width: 0, fill: stroke, paths, points },
    { stroke, width: 1.5, dash: DASHES, fill: color("--wash"), paths, points },
  ];
}

/** Hatches the buckets that have no data, but for the unfinished one, whose may yet come. */
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
  // Across the tile, and its corners, so that the stripes meet at the edges.
  for (const shift of [-size, 0, size]) {
    ctx.moveTo(shift - 1, size + 1);
    ctx.lineTo(shift + size + 1, -1);
  }
  ctx.stroke();
  return tile;
}
