// A part of a view that is read from one endpoint: loading, shown, out of date, or failed.

import { ApiError } from "./api.js";
import { element, tell } from "./dom.js";
import { timeOfDay } from "./format.js";

// Those say something of the token, so of the whole view.
const OF_THE_TOKEN = [401, 403];
const UNSHOWABLE = "The service's answer cannot be shown.";

export class Section {
  /** The service's time when what is shown was read; null where nothing is. */
  shownAt = null;
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

  /** Reads anew; the error where it failed, else null. One about the token is thrown. */
  async refresh(signal) {
    try {
      const { body, at } = await this.#read(signal);
      signal.throwIfAborted();
      this.#become("shown");
      this.#show(body, at);
      this.shownAt = at;
      return null;
    } catch (problem) {
      if (signal.aborted || OF_THE_TOKEN.includes(problem.status)) throw problem;
      if (!(problem instanceof ApiError)) reportError(problem);
      const sentence = problem instanceof ApiError ? problem.message : UNSHOWABLE;
      this.#become(this.shownAt ? "outdated" : "failed", sentence);
      return problem;
    }
  }

  #become(state, sentence = "") {
    const since = this.shownAt ? ` Shown is what it was at ${timeOfDay(this.shownAt)}.` : "";
    this.#node.dataset.state = state;
    this.#node.setAttribute("aria-busy", String(state === "loading"));
    this.#notice.hidden = !sentence;
    tell(this.#sentence, sentence && sentence.replace(/\.?$/, ".") + since);
  }
}
