// The token from the sign-in form, kept only for this tab.

const KEY = "fleetgauge.token";
// Three parts of base64url, with the maximum size of a header.
const TOKEN = /^(?=.{5,16384}$)[\w-]+\.([\w-]+)\.[\w-]+$/;

/** The claims of a token: `{token, sub, scope, endsAt}`; throws an Error with a sentence to show.
 *
 * Verifies nothing: the service checks the token with each request.
 */
export function sessionOf(text) {
  const token = text.trim();
  const { sub, scope, exp } = claimsOf(token);
  const granted = typeof scope === "string" ? scope.split(" ") : [];
  const widest = ["platform", "user"].find((one) => granted.includes(one));
  if (typeof sub !== "string" || !sub || !widest) {
    throw new Error("This token is for another service: it names no user or no scope.");
  }
  return { token, sub, scope: widest, endsAt: new Date(exp * 1000) };
}

function claimsOf(token) {
  try {
    const [, payload] = TOKEN.exec(token);
    const json = new TextDecoder().decode(bytesOf(payload.replaceAll("-", "+").replaceAll("_", "/")));
    return Object(JSON.parse(json));
  } catch {
    throw new Error("This is not a token: a token has three parts with dots between them.");
  }
}

/** The session of this tab; null without one. */
export function kept() {
  try {
    const pad = bytesOf(window.name);
    const token = xor(bytesOf(sessionStorage.getItem(KEY)), pad);
    return sessionOf(String.fromCharCode(...token));
  } catch {
    return null;
  }
}

/** Keeps a session across reloads of this tab; only until the first reload if storage is blocked.
 *
 * Browsers write `sessionStorage` to disk, and it may remain there after the session. So it holds
 * the token xor random bytes, which are in `window.name` and stay in memory.
 */
export function keep({ token }) {
  const bytes = Uint8Array.from(token, (one) => one.charCodeAt(0));
  const pad = crypto.getRandomValues(new Uint8Array(bytes.length));
  try {
    sessionStorage.setItem(KEY, base64(xor(bytes, pad)));
    window.name = base64(pad);
  } catch (problem) {
    console.warn(problem);
  }
}

export function forget() {
  window.name = "";
  try {
    sessionStorage.removeItem(KEY);
  } catch (problem) {
    console.warn(problem);
  }
}

function xor(bytes, pad) {
  return bytes.map((one, place) => one ^ pad[place]);
}

function bytesOf(text) {
  return Uint8Array.from(atob(text), (one) => one.charCodeAt(0));
}

function base64(bytes) {
  return btoa(String.fromCharCode(...bytes));
}
