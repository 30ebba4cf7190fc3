// The list of users: its columns and its request.

import { ageOf, ofMessages } from "./cells.js";
import { FORMATS } from "./format.js";
import { link } from "./links.js";

const { count, ms, percent } = FORMATS;
const COLUMNS = [
  { name: "userId", title: "User", order: "asc", cell: ({ userId }, place) => link(place, { user: userId }, userId) },
  {
    name: "failed",
    sorts: "attention",
    title: "Failed agents",
    order: "",
    cell: ({ userId, agents: { failed } }, place) =>
      failed ? link(place, { user: userId, state: "failed" }, count(failed)) : "0",
  },
  { name: "agents", title: "Agents", order: "desc", cell: ({ agents }) => count(known(agents)) },
  { name: "cpu", title: "CPU", order: "desc", cell: ({ cpu }) => percent(cpu) },
  { name: "memory", title: "Memory", order: "desc", cell: ({ memory }) => percent(memory) },
  { name: "messages", title: "Messages", order: "desc", cell: ({ messages }) => count(messages) },
  { name: "errors", title: "Errors", order: "desc", cell: ({ errors }) => count(errors) },
  { name: "errorRate", title: "Error rate", order: "desc", cell: (row) => ofMessages(row, row.errorRate, percent) },
  { name: "responseTime", title: "Response", order: "desc", cell: (row) => ofMessages(row, row.responseTime, ms) },
  { name: "lastSeen", title: "Last sample", order: "asc", cell: ({ lastSeen }) => ageOf(lastSeen) },
];

/** All users. */
export function users(api) {
  return {
    noun: "users",
    title: "Users",
    searched: "User id begins with",
    columns: COLUMNS,
    keyOf: ({ userId }) => userId,
    read: (query, signal) => api.users(query, signal),
    states: null,
    total: (counts) => Object.values(counts).reduce((sum, many) => sum + many, 0),
  };
}

function known({ active, inactive, failed }) {
  return active + inactive + failed;
}
