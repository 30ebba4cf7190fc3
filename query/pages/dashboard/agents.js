// The list of agents: its columns and its request.

import { ageOf, ofMessages, sinceOf, stateOf } from "./cells.js";
import { FORMATS } from "./format.js";
import { link } from "./links.js";

const { count, megabytes, ms, percent } = FORMATS;
const OWNER = {
  name: "userId",
  title: "User",
  cell: ({ userId }, place) => link(place, { user: userId }, userId),
};
const COLUMNS = [
  {
    name: "agentId",
    title: "Agent",
    order: "asc",
    cell: ({ userId, agentId }, place) => link(place, { user: userId, agent: agentId }, agentId),
  },
  { name: "state", sorts: "attention", title: "State", order: "", cell: stateOf },
  { name: "since", title: "Since, reason", cell: sinceOf },
  { name: "lastSeen", title: "Last sample", order: "asc", cell: ({ lastSeen }) => ageOf(lastSeen) },
  { name: "cpu", title: "CPU", order: "desc", cell: ({ cpu }) => percent(cpu) },
  { name: "memory", title: "Memory", order: "desc", cell: ({ memory }) => percent(memory) },
  { name: "storage", title: "Storage", order: "desc", cell: ({ storageUsed }) => megabytes(storageUsed) },
  { name: "messages", title: "Messages", order: "desc", cell: ({ messages }) => count(messages) },
  { name: "errorRate", title: "Error rate", order: "desc", cell: (row) => ofMessages(row, row.errorRate, percent) },
  { name: "responseTime", title: "Response", order: "desc", cell: (row) => ofMessages(row, row.responseTime, ms) },
];

/** The agents of a user, or of all users if `user` is null. */
export function agents(api, user) {
  const [agent, ...others] = COLUMNS;
  return {
    noun: "agents",
    title: user === null ? "Agents of all users" : `Agents of ${user}`,
    searched: user === null ? "Agent or user id begins with" : "Agent id begins with",
    columns: user === null ? [agent, OWNER, ...others] : COLUMNS,
    keyOf: ({ userId, agentId }) => `${userId}/${agentId}`,
    read: (query, signal) => api.agents(user, query, signal),
    states: ["", "failed", "inactive", "active", "removed"],
    total: ({ active, inactive, failed, ...others }, { state }) =>
      state ? { active, inactive, failed, ...others }[state] : active + inactive + failed,
  };
}
