// Links to other views that keep the span and the zone.

import { element } from "./dom.js";
import { elsewhere, hashOf } from "./route.js";

/** A link to a view; `wanted` has `{user, agent}` and other parameters of the place. */
export function link(place, wanted, text) {
  return element("a", { href: hashOf(elsewhere(place, wanted)) }, text);
}

/** Sets the href of each `data-link="list=agents&state=failed"` under `root`, in the same view. */
export function aim(root, place) {
  const { user, agent } = place;
  for (const target of root.querySelectorAll("[data-link]")) {
    const wanted = Object.fromEntries(new URLSearchParams(target.dataset.link));
    target.href = hashOf(elsewhere(place, { ...wanted, user, agent }));
  }
}
