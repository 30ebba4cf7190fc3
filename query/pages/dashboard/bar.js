// The bar at the top: navigation, freshness of the figures, pause and sign-out.

import { announce, setText } from "./dom.js";
import { elsewhere, hashOf } from "./route.js";
import { timeOfDay } from "./zone.js";

const places = document.getElementById("places");
const toPlatform = document.getElementById("to-platform");
const openUser = document.getElementById("open-user");
const freshness = document.getElementById("freshness");
const pause = document.getElementById("pause");
const signOut = document.getElementById("sign-out");

/** Registers the callbacks: `pause(wanted)`, `signOut()`, `open(user)`. */
export function listen(wants) {
  pause.addEventListener("click", () => {
    const wanted = pause.getAttribute("aria-pressed") !== "true";
    pause.setAttribute("aria-pressed", String(wanted));
    wants.pause(wanted);
  });
  signOut.addEventListener("click", wants.signOut);
  openUser.addEventListener("submit", (event) => {
    event.preventDefault();
    wants.open(openUser.elements.user.value);
  });
}

/** Shows the controls for a session and the open view; null without a session. */
export function showSession(session, place) {
  for (const one of [signOut, pause]) one.hidden = session === null;
  places.hidden = session?.scope !== "platform";
  freshness.hidden = true;
  showPlace(place);
}

/** Shows which view is open, and sets the link to the platform's view to the same span. */
export function showPlace(place) {
  openUser.elements.user.value = place?.user ?? "";
  toPlatform.href = place ? hashOf(elsewhere(place, {})) : "#/platform";
  if (place?.user === null) toPlatform.setAttribute("aria-current", "page");
  else toPlatform.removeAttribute("aria-current");
}

/** Shows when the figures were last read, and whether the last attempt failed. */
export function showFreshness(readAt, failed) {
  const state = failed ? "outdated" : "fresh";
  if (freshness.dataset.state === "outdated" && !failed) announce("The figures are up to date again.");
  if (freshness.dataset.state !== "outdated" && failed) announce("Some figures could not be read.");
  freshness.dataset.state = state;
  const time = readAt ? timeOfDay(readAt) : "";
  setText(freshness, failed ? `Not up to date${time && `, read ${time}`}` : `Updated ${time}`);
}
