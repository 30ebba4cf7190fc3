// Views and their parameters in the address: `#/platform`, `#/users/<id>/agents/<id>?range=7d`.

import { RANGES, STEPS } from "./buckets.js";
import { UTC, isZone } from "./zone.js";

export const DEFAULT_RANGE = "24h";

const ID = "([^/?]+)";
const VIEW = new RegExp(`^#/(?:platform|users/${ID}(?:/agents/${ID})?)(?:\\?(.*))?$`);
// A URL path of the API cannot contain `.` or `..` as a name.
const NO_NAME = /^(\.|%2e){1,2}$/i;
const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,6})?)?Z$/;

const oneOf = (...words) => (text) => words.includes(text);
const matching = (pattern) => (text) => pattern.test(text);

// By parameter: its default, and the check of its values; invalid ones become the default.
const SPAN = {
  range: [DEFAULT_RANGE, (text) => Object.hasOwn(RANGES, text)],
  from: ["", isInstant],
  to: ["", isInstant],
  step: ["", (text) => Object.hasOwn(STEPS, text)],
  tz: [UTC, isZone],
};
const LISTS = {
  list: ["users", oneOf("agents", "users")],
  sort: ["attention", matching(/^[a-zA-Z]{1,20}$/)],
  order: ["", oneOf("asc", "desc")],
  search: ["", matching(/^[\w.~:@-]{1,128}$/)],
  state: ["", oneOf("active", "inactive", "failed", "removed")],
  window: ["15m", oneOf("15m", "1h", "24h")],
  cursor: ["", matching(/^[\w.~=-]{1,4096}$/)],
  kind: ["", oneOf("status", "deployment")],
  events: ["", matching(/^[\w.~=-]{1,4096}$/)],
  // The start of the span that a page of events belongs to.
  since: ["", isInstant],
};
const PARAMETERS = Object.entries({ ...SPAN, ...LISTS });

/** The place in an address: `{user, agent}`, each may be null, and all parameters; null if invalid. */
export function routeOf(hash) {
  const found = VIEW.exec(hash);
  if (!found) return null;
  const [, user, agent, query] = found;
  if ([user, agent].some((id) => NO_NAME.test(id))) return null;
  return placeOf({ ...Object.fromEntries(new URLSearchParams(query)), user: decoded(user), agent: decoded(agent) });
}

/** A complete place: missing and invalid parameters get their defaults. */
export function placeOf({ user = null, agent = null, ...wanted }) {
  const place = { user, agent };
  for (const [name, [fallback, takes]] of PARAMETERS) {
    place[name] = Object.hasOwn(wanted, name) && takes(wanted[name]) ? wanted[name] : fallback;
  }
  if (!place.events) place.since = "";
  const isSpan = place.from && (!place.to || Date.parse(place.from) < Date.parse(place.to));
  return isSpan ? place : { ...place, from: "", to: "", step: "" };
}

/** Another view with the same span and zone. */
export function elsewhere(place, { user = null, agent = null, ...wanted }) {
  const span = Object.fromEntries(Object.keys(SPAN).map((name) => [name, place[name]]));
  return placeOf({ ...span, ...wanted, user, agent });
}

/** The address of a place, without defaults except a user's range. */
export function hashOf(place) {
  const { user, agent } = place;
  const names = [...(user === null ? [] : ["users", user]), ...(agent === null ? [] : ["agents", agent])];
  const path = names.map(encodeURIComponent).join("/") || "platform";
  const isNamed = ([name, [fallback]]) => place[name] !== fallback || (name === "range" && user !== null);
  const named = PARAMETERS.filter(isNamed);
  const query = named.map(([name]) => `${name}=${readable(place[name])}`).join("&");
  return `#/${path}${query && `?${query}`}`;
}

function isInstant(text) {
  return INSTANT.test(text) && !Number.isNaN(Date.parse(text));
}

// Keeps times and zones readable.
function readable(text) {
  return encodeURIComponent(text).replaceAll("%3A", ":").replaceAll("%2F", "/");
}

function decoded(text) {
  if (text === undefined) return null;
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
