// Rewrites cases.tsv: `node tests/zones/cases.mjs`.
//
// Each row is a zone, a step, and the times at which the steps begin, around days on which clocks change
// or skip a day. The times come from Node's Intl, minute by minute: for 6h and 1d the first minute of
// each part of the local day, for 1h also every minute at which the clock shows a full hour.
import { writeFileSync } from "node:fs";

const DAYS = {
  UTC: ["2026-03-29"],
  "Europe/Berlin": ["2026-03-29", "2026-10-25"],
  "Europe/London": ["2026-03-29", "2026-10-25"],
  "America/New_York": ["2026-03-08", "2026-11-01"],
  "Asia/Kolkata": ["2026-03-29"],
  "Asia/Kathmandu": ["2026-03-29"],
  "Australia/Lord_Howe": ["2026-04-05", "2026-10-04"],
  "Pacific/Chatham": ["2026-04-05", "2026-09-27"],
  "Pacific/Apia": ["2011-12-30"],
  "America/Sao_Paulo": ["2018-02-18", "2018-11-04"],
  "Africa/Cairo": ["2025-04-25", "2025-10-31"],
  "America/Havana": ["2025-03-09", "2025-11-02"],
  "Antarctica/Troll": ["2025-03-30", "2025-10-26"],
  "Asia/Pyongyang": ["2015-08-15", "2018-05-05"],
  "America/Caracas": ["2007-12-09", "2016-05-01"],
  "America/Toronto": ["1919-03-31"],
};
const HOURS = { "1h": 1, "6h": 6, "1d": 24 };
const MINUTE = 60_000;
const DAY = 1_440 * MINUTE;

function clockOf(zone) {
  const format = new Intl.DateTimeFormat("en-CA", {
    timeZone: zone,
    hourCycle: "h23",
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
  });
  return (moment) => {
    const parts = Object.fromEntries(format.formatToParts(moment).map(({ type, value }) => [type, value]));
    return { day: `${parts.year}-${parts.month}-${parts.day}`, hour: +parts.hour, minute: +parts.minute };
  };
}

function edges(zone, hours, day) {
  const read = clockOf(zone);
  const found = [];
  let newest = "";
  const middle = Date.parse(day);
  for (let moment = middle - 2 * DAY; moment <= middle + 2 * DAY; moment += MINUTE) {
    const { day, hour, minute } = read(moment);
    const part = `${day} ${String(Math.floor(hour / hours)).padStart(2, "0")}`;
    if (newest && (part > newest || (hours === 1 && minute === 0))) {
      found.push(new Date(moment).toISOString().replace(":00.000Z", "Z"));
    }
    newest = part > newest ? part : newest;
  }
  return found;
}

const rows = Object.entries(DAYS).flatMap(([zone, days]) =>
  days.flatMap((day) =>
    Object.entries(HOURS).map(([step, hours]) => [zone, step, edges(zone, hours, day).join(" ")].join("\t")),
  ),
);
writeFileSync(new URL("cases.tsv", import.meta.url), `${rows.join("\n")}\n`);
