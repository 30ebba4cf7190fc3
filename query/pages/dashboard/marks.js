// What a chart draws: a line or bars, the unfinished bucket apart from them, and hatched gaps.

import uPlot from "../vendor/uplot/uPlot.esm.js";

const DASHES = [3, 3];
const STRIPES = 6;

/** The finished buckets as a line, and dashed the way from there to the unfinished one. */
export function line(color) {
  const stroke = color("--ink");
  const lastOnly = (plot) => [plot.data[0].length - 1];
  return [
    { stroke, width: 2, fill: color("--wash"), points: { show: true, size: 4, fill: stroke } },
    {
      stroke,
      width: 2,
      dash: DASHES,
      points: { show: true, size: 7, width: 2, fill: color("--card"), filter: lastOnly },
    },
  ];
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
