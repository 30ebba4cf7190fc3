// The bar at the top: where one can go, how fresh the figures are, pause, and the way out.

import { announce, tell } from "./dom.js";
import { elsewhere, hashOf } from "./route.js";
import { timeOfDay } from "./zone.js";

const places = document.getElementById("places");
const toPlatform = document.getElementById("to-platform");
const openUser = document.getElementById("open-user");
const freshness = document.getElementById("freshness");
const pause = document.getElementById("pause");
const signOut = document.getElementById("sign-out");

/** Tells what is wanted: `pause(wanted)`, `signOut()`, `open(user)`. */
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

/** Shows what a session may do, and which view is open; null while there is none. */
export function showSession(session, place) {
  for (const one of [signOut, pause]) one.hidden = session === null;
  places.hidden = session?.scope !== "platform";
  freshness.hidden = true;
  showPlace(place);
}

/** Shows which view is open, and leads to the platform's over the same span. */
export function showPlace(place) {
  openUser.elements.user.value = place?.user ?? "";
  toPlatform.href = place ? hashOf(elsewhere(place, {})) : "#/platform";
  if (place?.user === null) toPlatform.setAttribute("aria-current", "page");
  else toPlatform.removeAttribute("aria-current");
}

/** Tells when the figures were last read, and whether the newest try failed. */
export function showFreshness(readAt, failed) {
  const state = failed ? "outdated" : "fresh";
  if (freshness.dataset.state === "outdated" && !failed) announce("The figures are up to date again.");
  if (freshness.dataset.state !== "outdated" && failed) announce("Some figures could not be read.");
  freshness.dataset.state = state;
  const time = readAt ? timeOfDay(readAt) : "";
  tell(freshness, failed ? `Not up to date${time && `, read ${time}`}` : `Updated ${time}`);
}
