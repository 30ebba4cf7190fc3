// The page: the session, the open view, and its refreshes.

import { AgentView } from "./agent.js";
import { Api, ApiError } from "./api.js";
import * as bar from "./bar.js";
import { door, refusal } from "./door.js";
import { PlatformView } from "./platform.js";
import { Refresher } from "./refresher.js";
import { elsewhere, hashOf, placeOf, routeOf } from "./route.js";
import { forget, keep, kept } from "./session.js";
import { UserView } from "./user.js";
import { fullTime, use } from "./zone.js";

const EVERY_MS = 10_000;
const CLOCK_STEP_MS = 2_000;

const visit = { to: goTo, amend };
const content = document.getElementById("content");
const refresher = new Refresher(refresh, EVERY_MS);
let session = null;
let view = null;
let place = null;
let reading = new AbortController();

bar.listen({
  pause: (wanted) => (refresher.paused = wanted),
  signOut: () => leave(""),
  open: (user) => goTo(elsewhere(place, { user })),
});
content.addEventListener("retry", () => refresher.start());
document.getElementById("skip").addEventListener("click", (event) => {
  // The address belongs to the view.
  event.preventDefault();
  content.focus();
});
document.addEventListener("click", follow);
addEventListener("hashchange", () => session && arrive());
const found = kept();
if (found) enter(found);
else leave("");

function enter(entered) {
  session = entered;
  keep(session);
  arrive();
}

// The address is untrusted: an unknown view leads home, and no address starts or ends a session.
function arrive() {
  const requested = routeOf(location.hash) ?? home();
  setAddress(requested);
  open(requested);
}

function leave(why) {
  close();
  forget();
  session = null;
  setAddress(routeOf(location.hash));
  show(door(why, enter), "Sign in");
  bar.showSession(null, null);
  content.querySelector("input").focus();
}

// Removes whatever else the address has: it may be a token.
function setAddress(requested) {
  const address = new URL(location.href);
  address.search = "";
  address.hash = requested ? hashOf(requested) : "";
  history.replaceState(null, "", address);
}

function open(requested) {
  use(requested.tz);
  const same = view !== null && ["user", "agent"].every((name) => place[name] === requested[name]);
  place = requested;
  if (same) {
    bar.showPlace(place);
    read(view.go(place));
    return;
  }
  const moved = view !== null;
  close();
  view = viewOf(new Api(session.token));
  show(view.node, view.title);
  bar.showSession(session, place);
  if (moved) {
    scrollTo(0, 0);
    content.querySelector("h1").focus({ preventScroll: true });
  }
  refresher.start();
}

function viewOf(api) {
  if (place.user === null) return new PlatformView(api, place, visit);
  return place.agent === null ? new UserView(api, place, visit) : new AgentView(api, place, visit);
}

function close() {
  refresher.stop();
  reading.abort();
  view?.close();
  view = null;
}

function show(node, title) {
  content.replaceChildren(node);
  document.title = `${title} · Fleetgauge`;
}

function home() {
  return placeOf({ user: session.scope === "platform" ? null : session.sub });
}

function goTo(wanted) {
  const hash = hashOf(wanted);
  if (hash === location.hash) return;
  history.pushState(null, "", hash);
  open(wanted);
}

// When a browser follows a link within the page, the link loses the focus.
function follow(event) {
  const found = event.target.closest('a[href^="#/"]');
  const elsewhere = event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey;
  if (!found || elsewhere || session === null) return;
  event.preventDefault();
  goTo(routeOf(found.hash) ?? home());
}

// Like goTo, but replaces the entry in the browser's history.
function amend(wanted) {
  history.replaceState(null, "", hashOf(wanted));
  open(wanted);
}

async function refresh() {
  reading.abort();
  reading = new AbortController();
  await read(view.sections);
  const waits = view?.sections.map(({ problem }) => problem?.retryAfterS ?? 0) ?? [];
  return Math.max(0, ...waits) * (1000 + 200 * Math.random());
}

async function read(sections) {
  const { signal } = reading;
  try {
    await Promise.all(sections.map((section) => section.refresh(signal)));
    if (!signal.aborted) showFreshness();
  } catch (problem) {
    if (signal.aborted) return;
    if (problem instanceof ApiError) turnAway(problem);
    else reportError(problem);
  }
}

function showFreshness() {
  const { sections } = view;
  const readAt = Math.max(...sections.map(({ shownAt }) => shownAt));
  bar.showFreshness(readAt ? new Date(readAt) : null, sections.some(({ problem }) => problem !== null));
}

function turnAway({ status, message, at }) {
  if (status === 401) return leave(whyNot(session, at));
  close();
  if (status === 404) show(refusal("Not found", message, hashOf(elsewhere(place, { user: place.user })), place.user), "Not found");
  else show(refusal("Access denied", message, hashOf(home()), "Your own view"), "Access denied");
}

// Uses the service's clock, in whole seconds, since this machine's may be wrong.
function whyNot({ endsAt }, at) {
  return endsAt - at < CLOCK_STEP_MS
    ? `Your token expired on ${fullTime(endsAt, at)}. Sign in with a new one.`
    : "The service rejects this token. Sign in with another one.";
}
