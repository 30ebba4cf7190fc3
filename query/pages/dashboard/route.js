// Which view the address names: `#/platform`, `#/users/<id>?range=7d`.

import { RANGES } from "./timeline.js";

export const DEFAULT_RANGE = "24h";

/** `{user, range}`, with null for the platform's `user`; null where the address names no view. */
export function routeOf(hash) {
  if (hash === "#/platform") return { user: null };
  const [, id, query] = /^#\/users\/([^/?]+)(?:\?(.*))?$/.exec(hash) ?? [];
  // No address of the API can hold a dot or two as a name.
  if (!id || /^(\.|%2e){1,2}$/i.test(id)) return null;
  const range = new URLSearchParams(query).get("range");
  return { user: decoded(id), range: Object.hasOwn(RANGES, range) ? range : DEFAULT_RANGE };
}

/** The part of the address that names a view. */
export function hashOf({ user, range = DEFAULT_RANGE }) {
  return user === null ? "#/platform" : `#/users/${encodeURIComponent(user)}?range=${range}`;
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
