// The page: who is signed in, which view is open, and when it is read anew.

import { Api, ApiError } from "./api.js";
import * as bar from "./bar.js";
import { door, refusal } from "./door.js";
import { fullTime } from "./format.js";
import { PlatformView } from "./platform.js";
import { Refresher } from "./refresher.js";
import { DEFAULT_RANGE, hashOf, routeOf } from "./route.js";
import { forget, keep, kept } from "./session.js";
import { UserView } from "./user.js";

const EVERY_MS = 10_000;
const CLOCK_STEP_MS = 2_000;

const content = document.getElementById("content");
const refresher = new Refresher(refresh, EVERY_MS);
let session = null;
let view = null;
let route = null;
let reading = new AbortController();

bar.listen({
  pause: (wanted) => (refresher.paused = wanted),
  signOut: () => leave(""),
  open: (user) => goTo({ user }),
});
content.addEventListener("retry", () => refresher.start());
document.getElementById("skip").addEventListener("click", (event) => {
  // The address is the view's.
  event.preventDefault();
  content.focus();
});
addEventListener("hashchange", () => session && arrive());
const found = kept();
if (found) enter(found);
else leave("");

function enter(entered) {
  session = entered;
  keep(session);
  arrive();
}

// The address is data: what names no view leads home, and nothing in it begins or ends a session.
function arrive() {
  const asked = routeOf(location.hash) ?? home();
  history.replaceState(null, "", hashOf(asked));
  open(asked);
}

function leave(why) {
  close();
  forget();
  session = null;
  if (routeOf(location.hash) === null) history.replaceState(null, "", location.pathname + location.search);
  show(door(why, enter), "Sign in");
  bar.showSession(null, undefined);
  content.querySelector("input").focus();
}

function open(asked) {
  const same = view !== null && route.user === asked.user;
  route = asked;
  if (same) {
    view.range = asked.range;
  } else {
    const moved = view !== null;
    close();
    const api = new Api(session.token);
    view = asked.user === null ? new PlatformView(api) : new UserView(api, asked.user, asked.range, choose);
    show(view.node, view.title);
    bar.showSession(session, asked.user);
    if (moved) content.querySelector("h1").focus();
  }
  refresher.start();
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
  return { user: session.scope === "platform" ? null : session.sub, range: DEFAULT_RANGE };
}

function goTo(wanted) {
  location.hash = hashOf(wanted);
}

function choose(range) {
  goTo({ ...route, range });
}

async function refresh() {
  reading.abort();
  reading = new AbortController();
  const { signal } = reading;
  try {
    const { sections } = view;
    const problems = await Promise.all(sections.map((section) => section.refresh(signal)));
    const failed = problems.filter((problem) => problem !== null);
    const readAt = Math.max(...sections.map(({ shownAt }) => shownAt));
    bar.showFreshness(readAt ? new Date(readAt) : null, failed.length > 0);
    return Math.max(0, ...failed.map(({ retryAfterS }) => (retryAfterS ?? 0) * (1000 + 200 * Math.random())));
  } catch (problem) {
    if (signal.aborted) return 0;
    if (problem instanceof ApiError) turnAway(problem);
    else reportError(problem);
    return 0;
  }
}

function turnAway({ status, message, at }) {
  if (status === 401) return leave(whyNot(session, at));
  close();
  show(refusal(message, hashOf(home())), "Not yours to see");
}

// By the service's clock, which answers give in whole seconds: this machine's may be wrong.
function whyNot({ endsAt }, at) {
  return endsAt - at < CLOCK_STEP_MS
    ? `Your token ended on ${fullTime(endsAt, at)}. Sign in with a new one.`
    : "The service does not take this token. Sign in with another one.";
}
