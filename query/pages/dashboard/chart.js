// One small chart of a value over time, and its cursor.

import uPlot from "../vendor/uplot/uPlot.esm.js";
import { ceiling, momentLabels, moments, unitOf } from "./axis.js";
import { bars, hatchGaps, largest, line } from "./marks.js";
import { inUse } from "./zone.js";

const HEIGHT = 210;
const NOWHERE = { left: -10, top: -10 };

/** A chart in `host`, empty until `draw`. Its colours are the host's `--ink`, `--wash` etc. */
export class Chart {
  #host;
  #kind;
  #plot;
  #buckets = [];
  #each = "";
  #unit = 1;
  #resized;
  #watch = new ResizeObserver(() => this.#resize());

  /** `kind`: the value's `name`, `unit(each)` and optional maximum `most`, whether it has `bars` or a
   * line, and the `reach`, `label` and style of its `axis`.
   *
   * The cursors of one `group` move together. Calls `moved(place)` with the cursor's bucket or null,
   * and `resized()` when the plot's size has changed.
   */
  constructor(host, kind, group, moved, resized) {
    this.#host = host;
    this.#kind = kind;
    this.#resized = resized;
    this.#plot = new uPlot(this.#options(group, moved), [[], ...this.#series().map(() => [])], host);
    this.#plot.over.addEventListener("pointermove", (event) => this.#followTouch(event));
    this.#watch.observe(host);
  }

  /** The plotting area. */
  get area() {
    return this.#plot.over;
  }

  /** Shows the buckets of a span; `each` names their width. */
  draw(buckets, each) {
    const { name, most, reach, bars: apart } = this.#kind;
    const valuesOf = (field) => buckets.map(({ point }) => point?.[field] ?? null);
    const raw = valuesOf(name);
    this.#unit = unitOf(Math.min(reach.most, Math.max(0, ...raw)));
    const values = raw.map((value) => (value === null ? null : value / this.#unit));
    const open = buckets.findIndex(({ unfinished }) => unfinished);
    const finished = values.map((value, place) => (place === open ? null : value));
    // A line connects the unfinished bucket to the one before.
    const first = open < 0 ? Infinity : open - (apart ? 0 : 1);
    const rest = values.map((value, place) => (place < first ? null : value));
    this.#buckets = buckets;
    this.#each = each;
    const middles = buckets.map(({ start, end }) => (start + end) / 2);
    const data = [middles, finished, rest, ...(most ? [valuesOf(most)] : [])];
    // Synchronous, so that a cursor set next uses the new scale.
    this.#plot.batch(() => this.#plot.setData(data));
    this.#widen();
  }

  /** Moves the cursor of the whole group to a bucket; null hides it. */
  point(place) {
    const cursor = place === null ? NOWHERE : { left: this.#middle(place), top: 0 };
    this.#plot.setCursor(cursor, true, true);
  }

  /** The bucket nearest to a screen position. */
  placeAt(clientX) {
    return this.#plot.posToIdx(clientX - this.area.getBoundingClientRect().left);
  }

  /** Redraws in the current colours. */
  redraw() {
    this.#plot.redraw();
  }

  destroy() {
    this.#watch.disconnect();
    this.#plot.destroy();
  }

  #series() {
    const color = (name) => () => getComputedStyle(this.#host).getPropertyValue(name);
    const { bars: apart, most } = this.#kind;
    return [...(apart ? bars(color) : line(color)), ...(most ? [largest(color)] : [])];
  }

  #options(group, moved) {
    const color = (name) => () => getComputedStyle(this.#host).getPropertyValue(name);
    return {
      width: this.#host.clientWidth,
      height: HEIGHT,
      // Room on the right for half a label of the last tick.
      padding: [10, 22, 0, 0],
      legend: { show: false },
      cursor: {
        y: false,
        drag: { x: false, y: false },
        sync: { key: group, setSeries: false },
        points: { size: 8, width: 2, fill: color("--card"), stroke: color("--ink") },
        move: (_, left, top) => [this.#snapped(left), top],
      },
      scales: {
        x: { time: false, range: () => this.#window() },
        y: { range: (_, __, greatest) => [0, ceiling(greatest, this.#kind.reach)] },
      },
      axes: this.#axes(color),
      series: [{}, ...this.#series()],
      hooks: {
        drawClear: [(plot) => hatchGaps(plot, this.#buckets, color("--gap")())],
        setCursor: [(plot) => moved(plot.cursor.idx ?? null)],
      },
    };
  }

  #axes(color) {
    const font = `11px ${getComputedStyle(this.#host).fontFamily}`;
    const grid = { stroke: color("--grid"), width: 1 };
    const label = { labelFont: font, labelSize: 16, labelGap: 0 };
    const axis = { stroke: color("--quiet"), font, grid, ticks: { show: false }, ...label };
    const { axis: look, label: write, unit } = this.#kind;
    const levels = (_, marks) => marks.map((mark) => write(mark * this.#unit));
    return [
      { ...axis, label: inUse, size: 22, splits: moments, values: momentLabels },
      { ...axis, label: () => unit(this.#each), size: 52, space: 34, values: levels, ...look },
    ];
  }

  #window() {
    const buckets = this.#buckets;
    return buckets.length ? [buckets[0].start, buckets.at(-1).end] : [0, 1];
  }

  #middle(place) {
    return this.#plot.valToPos(this.#plot.data[0][place], "x");
  }

  #snapped(left) {
    return left < 0 || !this.#buckets.length ? left : this.#middle(this.#plot.posToIdx(left));
  }

  #followTouch(event) {
    if (event.pointerType === "touch") this.point(this.placeAt(event.clientX));
  }

  #resize() {
    const place = this.#plot.cursor.idx ?? null;
    const size = { width: this.#host.clientWidth, height: HEIGHT };
    this.#plot.batch(() => this.#plot.setSize(size));
    this.#widen();
    if (place !== null) this.point(place);
    this.#resized();
  }

  // The cursor is as wide as a bucket, with a visible minimum.
  #widen() {
    const width = this.area.clientWidth / (this.#buckets.length || 1);
    this.#host.style.setProperty("--bucket", `${Math.max(2, width)}px`);
  }
}
