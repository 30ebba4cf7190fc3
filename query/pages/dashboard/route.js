// Which view the address names, and what of it: `#/platform`, `#/users/<id>/agents/<id>?range=7d`.

import { RANGES, STEPS } from "./buckets.js";
import { UTC, isZone } from "./zone.js";

export const DEFAULT_RANGE = "24h";

const ID = "([^/?]+)";
const VIEW = new RegExp(`^#/(?:platform|users/${ID}(?:/agents/${ID})?)(?:\\?(.*))?$`);
// No address of the API can hold a dot or two as a name.
const NO_NAME = /^(\.|%2e){1,2}$/i;
const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,6})?)?Z$/;

const oneOf = (...words) => (text) => words.includes(text);
const matching = (pattern) => (text) => pattern.test(text);

// By parameter: its default, and what it takes; anything else is the default.
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
  // A page of events is of the span that began then.
  since: ["", isInstant],
};
const PARAMETERS = Object.entries({ ...SPAN, ...LISTS });

/** A place: `{user, agent}` with null for none, and all parameters; null where it names no view. */
export function routeOf(hash) {
  const found = VIEW.exec(hash);
  if (!found) return null;
  const [, user, agent, query] = found;
  if ([user, agent].some((id) => NO_NAME.test(id))) return null;
  return placeOf({ ...Object.fromEntries(new URLSearchParams(query)), user: decoded(user), agent: decoded(agent) });
}

/** A whole place of what is wanted: what is not named, or not taken, is the default. */
export function placeOf({ user = null, agent = null, ...wanted }) {
  const place = { user, agent };
  for (const [name, [fallback, takes]] of PARAMETERS) {
    place[name] = Object.hasOwn(wanted, name) && takes(wanted[name]) ? wanted[name] : fallback;
  }
  if (!place.events) place.since = "";
  const isSpan = place.from && (!place.to || Date.parse(place.from) < Date.parse(place.to));
  return isSpan ? place : { ...place, from: "", to: "", step: "" };
}

/** Another view over the same span and in the same zone. */
export function elsewhere(place, { user = null, agent = null, ...wanted }) {
  const span = Object.fromEntries(Object.keys(SPAN).map((name) => [name, place[name]]));
  return placeOf({ ...span, ...wanted, user, agent });
}

/** The part of the address that names a place: defaults are left out, but a user's range. */
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

// Times and zones are to be read.
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
