// The token: it comes from the form or the address, and is kept for this tab's session only.

const KEY = "fleetgauge.token";
const SCOPES = ["user", "platform"];

/** Who a token says it is for: `{token, sub, scope, endsAt}`; an Error whose message is for people.
 *
 * Nothing is verified here: what may be read, the service decides with each request.
 */
export function sessionOf(token) {
  const { sub, scope, exp } = claimsOf(token.trim());
  if (typeof sub !== "string" || !SCOPES.includes(scope)) {
    throw new Error("This token is meant for something else: it names no user or no scope.");
  }
  return { token: token.trim(), sub, scope, endsAt: new Date(exp * 1000) };
}

function claimsOf(token) {
  try {
    const [, payload, signature] = token.split(".");
    if (!signature) throw new Error("three parts are needed");
    const bytes = atob(payload.replaceAll("-", "+").replaceAll("_", "/"));
    const text = new TextDecoder().decode(Uint8Array.from(bytes, (one) => one.charCodeAt(0)));
    return Object(JSON.parse(text));
  } catch {
    throw new Error("This is not a token: a token has three parts with dots between them.");
  }
}

/** The session of this tab; null without one. */
export function kept() {
  const token = sessionStorage.getItem(KEY);
  return token === null ? null : sessionOf(token);
}

export function keep(session) {
  sessionStorage.setItem(KEY, session.token);
}

export function forget() {
  sessionStorage.removeItem(KEY);
}

/** The token in the address (`#token=…`), null without one; it is no longer there afterwards. */
export function takeFromAddress() {
  const given = /^#token=(.*)$/.exec(location.hash);
  if (given === null) return null;
  history.replaceState(null, "", location.pathname + location.search);
  return given[1];
}
