// Links to other views, over the same span and in the same zone.

import { element } from "./dom.js";
import { elsewhere, hashOf } from "./route.js";

/** A link to a view: `{user, agent}`, and what else of a place is wanted there. */
export function link(place, wanted, text) {
  return element("a", { href: hashOf(elsewhere(place, wanted)) }, text);
}

/** Aims each `data-link="list=agents&state=failed"` under `root` at that within the same view. */
export function aim(root, place) {
  const { user, agent } = place;
  for (const target of root.querySelectorAll("[data-link]")) {
    const wanted = Object.fromEntries(new URLSearchParams(target.dataset.link));
    target.href = hashOf(elsewhere(place, { ...wanted, user, agent }));
  }
}
