// Repeats a job after a pause; not while the page is hidden or paused.

export class Refresher {
  #job;
  #everyMs;
  #timer;
  #round = 0;
  #dueAt = Infinity;
  #paused = false;

  /** `job()` never fails; it returns the minimum of milliseconds to wait. */
  constructor(job, everyMs) {
    this.#job = job;
    this.#everyMs = everyMs;
    document.addEventListener("visibilitychange", () => this.#plan());
  }

  get paused() {
    return this.#paused;
  }

  set paused(paused) {
    this.#paused = paused;
    this.#plan();
  }

  /** Runs the job now, and repeats it from then on. */
  async start() {
    this.stop();
    const round = this.#round;
    const leastMs = await this.#job();
    if (this.#round !== round) return;
    // Monotonic: the system clock may be set back.
    this.#dueAt = performance.now() + Math.max(this.#everyMs, leastMs);
    this.#plan();
  }

  stop() {
    clearTimeout(this.#timer);
    this.#round += 1;
    this.#dueAt = Infinity;
  }

  #plan() {
    if (this.#dueAt === Infinity) return;
    clearTimeout(this.#timer);
    if (this.#paused || document.hidden) return;
    this.#timer = setTimeout(() => this.start(), Math.max(0, this.#dueAt - performance.now()));
  }
}
