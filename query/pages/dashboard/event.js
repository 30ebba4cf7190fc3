// Timeline events as words and signs, and grouped by buckets.

import { shortTime } from "./zone.js";

const SIGNS = {
  failed: "✕",
  stopped: "■",
  removed: "−",
  running: "▶",
  succeeded: "▲",
  pending: "△",
};
const STATUS_WORDS = { failed: "failed", stopped: "stopped", removed: "was removed", running: "is running" };
// Worst first: the worst status represents several events.
const ORDER = ["failed", "stopped", "removed", "pending", "succeeded", "running"];

/** The sign of a status; a dot for an unknown one. */
export function signOf(status) {
  return SIGNS[status] ?? "•";
}

/** An event in words: `failed`, `deployment d-1 succeeded`. */
export function wordsOf({ kind, status, deploymentId }) {
  return kind === "deployment" ? `deployment ${deploymentId} ${status}` : (STATUS_WORDS[status] ?? status);
}

/** An event as a sentence with time, agent, status and reason. */
export function sentenceOf(event) {
  const { ts, userId, agentId, reason } = event;
  const who = agentId ? `${agentId} of ${userId}` : userId;
  return `${shortTime(new Date(ts))}: ${who}, ${wordsOf(event)}${reason && `: ${reason}`}`;
}

/** Several events in few words: `7 events: 4 failed, 2 running, 1 deployment succeeded`. */
export function summaryOf(events) {
  if (events.length === 1) return sentenceOf(events[0]);
  const counts = new Map();
  for (const { kind, status } of events.toSorted(byWorst)) {
    const key = `${kind} ${status}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return `${events.length} events: ${[...counts].map(countOf).join(", ")}`;
}

function countOf([key, many]) {
  const [kind, status] = key.split(" ");
  const noun = many === 1 ? "deployment" : "deployments";
  return kind === "deployment" ? `${many} ${noun} ${status}` : `${many} ${status}`;
}

/** The worst status of several events, and how many have it: `{status, many}`. */
export function worstOf(events) {
  const [{ status }] = events.toSorted(byWorst);
  return { status, many: events.filter((event) => event.status === status).length };
}

/** Events by index of their bucket; events outside all buckets are left out. */
export function eventsIn(buckets, events) {
  const found = new Map();
  for (const event of events) {
    const at = Date.parse(event.ts) / 1000;
    const place = placeOf(buckets, at);
    if (place === null) continue;
    if (!found.has(place)) found.set(place, []);
    found.get(place).push(event);
  }
  return found;
}

function placeOf(buckets, at) {
  let [low, high] = [0, buckets.length - 1];
  while (low <= high) {
    const middle = (low + high) >> 1;
    const { start, end } = buckets[middle];
    if (at < start) high = middle - 1;
    else if (at >= end) low = middle + 1;
    else return middle;
  }
  return null;
}

function byWorst(one, other) {
  const [first, second] = [one, other].map(({ status }) => ORDER.indexOf(status) + 1 || ORDER.length + 1);
  return first - second || other.kind.localeCompare(one.kind);
}
