// A part of a view, read from one endpoint: loading, shown, outdated or failed.

import { ApiError } from "./api.js";
import { element, setText } from "./dom.js";
import { timeOfDay } from "./zone.js";

// These concern the token or the address, so the whole view.
const OF_THE_VIEW = [401, 403, 404];
const UNSHOWABLE = "The service's answer cannot be shown.";

export class Section {
  /** The service's time of the data shown; null without data. */
  shownAt = null;
  /** The error of the last read; null if it succeeded. */
  problem = null;
  #reading = new AbortController();
  #node;
  #read;
  #show;
  #sentence = element("span");
  #notice;

  /** `read(signal)` calls the service, `show(body, at)` shows its answer. */
  constructor(node, read, show) {
    this.#node = node;
    this.#read = read;
    this.#show = show;
    const retry = element("button", { type: "button" }, "Try again");
    retry.addEventListener("click", () => node.dispatchEvent(new Event("retry", { bubbles: true })));
    this.#notice = element("div", { class: "notice problem" }, this.#sentence, retry);
    this.#notice.hidden = true;
    node.firstElementChild.after(this.#notice);
    this.forget();
  }

  /** Resets the section to loading. */
  forget() {
    this.shownAt = null;
    this.#become("loading");
  }

  /** Marks the data shown as about to be replaced. */
  wait() {
    this.#node.setAttribute("aria-busy", "true");
  }

  /** Reads again, and aborts a read in progress. Throws errors that concern the whole view. */
  async refresh(signal) {
    this.#reading.abort();
    this.#reading = new AbortController();
    const own = this.#reading.signal;
    try {
      const { body, at } = await this.#read(AbortSignal.any([signal, own]));
      signal.throwIfAborted();
      own.throwIfAborted();
      this.#become("shown");
      this.#show(body, at);
      this.shownAt = at;
      this.problem = null;
    } catch (problem) {
      if (signal.aborted || (!own.aborted && OF_THE_VIEW.includes(problem.status))) throw problem;
      if (!own.aborted) this.#fail(problem);
    }
  }

  #fail(problem) {
    if (!(problem instanceof ApiError)) reportError(problem);
    const sentence = problem instanceof ApiError ? problem.message : UNSHOWABLE;
    this.problem = problem;
    this.#become(this.shownAt ? "outdated" : "failed", sentence);
  }

  #become(state, sentence = "") {
    const since = this.shownAt ? ` Showing data from ${timeOfDay(this.shownAt)}.` : "";
    this.#node.dataset.state = state;
    this.#node.setAttribute("aria-busy", String(state === "loading"));
    this.#notice.hidden = !sentence;
    setText(this.#sentence, sentence && sentence.replace(/\.?$/, ".") + since);
  }
}
