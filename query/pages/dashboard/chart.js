// One small chart of a value over time, and its cursor.

import uPlot from "../vendor/uplot/uPlot.esm.js";
import { ceiling, momentLabels, moments, unitOf } from "./axis.js";
import { bars, hatchGaps, line } from "./marks.js";

const HEIGHT = 210;
const NOWHERE = { left: -10, top: -10 };

/** A chart in `host`, empty until `draw`. Its colours are the host's `--ink`, `--wash` and so on. */
export class Chart {
  #host;
  #kind;
  #plot;
  #buckets = [];
  #each = "";
  #unit = 1;
  #watch = new ResizeObserver(() => this.#resize());

  /** `kind`: the value's `name` and `unit(each)`, `bars` or a line, the `reach`, `label` and look of its
   * `axis`.
   *
   * The cursors of one `group` go together; `moved(place)` is told at which bucket, or null.
   */
  constructor(host, kind, group, moved) {
    this.#host = host;
    this.#kind = kind;
    this.#plot = new uPlot(this.#options(group, moved), [[], [], []], host);
    this.#plot.over.addEventListener("pointermove", (event) => this.#followTouch(event));
    this.#watch.observe(host);
  }

  /** Shows the buckets of a timeline, `each` of which is so long. */
  draw(buckets, each) {
    const { name, reach, bars: apart } = this.#kind;
    const told = buckets.map(({ point }) => point?.[name] ?? null);
    this.#unit = unitOf(Math.min(reach.most, Math.max(...told)));
    const values = told.map((value) => (value === null ? null : value / this.#unit));
    const last = values.length - 1;
    const finished = values.with(last, null);
    // A line goes on to the unfinished bucket from the one before.
    const rest = values.map((value, place) => (place < last - (apart ? 0 : 1) ? null : value));
    this.#buckets = buckets;
    this.#each = each;
    const middles = buckets.map(({ start, end }) => (start + end) / 2);
    // At once, so that a cursor set next goes by the new scale.
    this.#plot.batch(() => this.#plot.setData([middles, finished, rest]));
    this.#widen();
  }

  /** Puts the cursor of the whole group at a bucket; null: nowhere. */
  point(place) {
    const cursor = place === null ? NOWHERE : { left: this.#middle(place), top: 0 };
    this.#plot.setCursor(cursor, true, true);
  }

  /** Draws anew, in the colours that hold now. */
  redraw() {
    this.#plot.redraw();
  }

  destroy() {
    this.#watch.disconnect();
    this.#plot.destroy();
  }

  #options(group, moved) {
    const color = (name) => () => getComputedStyle(this.#host).getPropertyValue(name);
    const font = `11px ${getComputedStyle(this.#host).fontFamily}`;
    const grid = { stroke: color("--grid"), width: 1 };
    const label = { labelFont: font, labelSize: 16, labelGap: 0 };
    const axis = { stroke: color("--quiet"), font, grid, ticks: { show: false } };
    const { axis: look, bars: apart, label: write, reach, unit } = this.#kind;
    const levels = (_, marks) => marks.map((mark) => write(mark * this.#unit));
    return {
      width: this.#host.clientWidth,
      height: HEIGHT,
      // On the right, half a label of the last mark.
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
        y: { range: (_, __, greatest) => [0, ceiling(greatest, reach)] },
      },
      axes: [
        { ...axis, ...label, label: "UTC", size: 22, splits: moments, values: momentLabels },
        { ...axis, ...label, label: () => unit(this.#each), size: 52, space: 34, values: levels, ...look },
      ],
      series: [{}, ...(apart ? bars(color) : line(color))],
      hooks: {
        drawClear: [(plot) => hatchGaps(plot, this.#buckets, color("--gap")())],
        setCursor: [(plot) => moved(plot.cursor.idx ?? null)],
      },
    };
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
    if (event.pointerType !== "touch") return;
    const left = event.clientX - this.#plot.over.getBoundingClientRect().left;
    this.point(this.#plot.posToIdx(left));
  }

  #resize() {
    const place = this.#plot.cursor.idx ?? null;
    const size = { width: this.#host.clientWidth, height: HEIGHT };
    this.#plot.batch(() => this.#plot.setSize(size));
    this.#widen();
    if (place !== null) this.point(place);
  }

  // The cursor is as wide as a bucket.
  #widen() {
    const width = this.#plot.over.clientWidth / (this.#buckets.length || 1);
    this.#host.style.setProperty("--bucket", `${width}px`);
  }
}
