// A part of a view that is read from one endpoint: loading, shown, out of date, or failed.

import { ApiError } from "./api.js";
import { element, tell } from "./dom.js";
import { timeOfDay } from "./zone.js";

// Those are about the token or the address, so about the whole view.
const OF_THE_VIEW = [401, 403, 404];
const UNSHOWABLE = "The service's answer cannot be shown.";

export class Section {
  /** The service's time when what is shown was read; null where nothing is. */
  shownAt = null;
  /** Why the newest reading failed; null where it did not. */
  problem = null;
  #reading = new AbortController();
  #node;
  #read;
  #show;
  #sentence = element("span");
  #notice;

  /** `read(signal)` asks the service, `show(body, at)` shows what it answers. */
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

  /** Back to where nothing has been shown yet. */
  forget() {
    this.shownAt = null;
    this.#become("loading");
  }

  /** What is shown is about to be replaced. */
  wait() {
    this.#node.setAttribute("aria-busy", "true");
  }

  /** Reads anew, in place of a reading that is under way. An error about the view is thrown. */
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
    const since = this.shownAt ? ` Shown is what it was at ${timeOfDay(this.shownAt)}.` : "";
    this.#node.dataset.state = state;
    this.#node.setAttribute("aria-busy", String(state === "loading"));
    this.#notice.hidden = !sentence;
    tell(this.#sentence, sentence && sentence.replace(/\.?$/, ".") + since);
  }
}
