// The page: who is signed in, which view is open, and when it is read anew.

import { Api } from "./api.js";
import * as bar from "./bar.js";
import { door, refusal } from "./door.js";
import { fullTime } from "./format.js";
import { PlatformView } from "./platform.js";
import { Refresher } from "./refresher.js";
import { hashOf, routeOf } from "./route.js";
import { forget, keep, kept, sessionOf, takeFromAddress } from "./session.js";
import { UserView } from "./user.js";

const EVERY_MS = 10_000;

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
addEventListener("hashchange", arrive);
arrive();

function arrive() {
  try {
    const given = takeFromAddress();
    const found = given === null ? (session ?? kept()) : sessionOf(given);
    if (found) enter(found);
    else leave("");
  } catch (problem) {
    leave(problem.message);
  }
}

function enter(found) {
  // What another session has read is not this one's.
  if (found !== session) close();
  session = found;
  keep(session);
  const asked = routeOf(location.hash) ?? routeOf(home());
  history.replaceState(null, "", hashOf(asked));
  open(asked);
}

function leave(why) {
  close();
  forget();
  session = null;
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
  return hashOf({ user: session.scope === "platform" ? null : session.sub });
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
    if (!signal.aborted) turnAway(problem);
    return 0;
  }
}

function turnAway({ status, message }) {
  if (status === 401) return leave(whyNot(session));
  close();
  show(refusal(message, home()), "Not yours to see");
}

function whyNot({ endsAt }) {
  const now = new Date();
  return endsAt <= now
    ? `Your token ended on ${fullTime(endsAt, now)}. Sign in with a new one.`
    : "The service does not take this token. Sign in with another one.";
}
