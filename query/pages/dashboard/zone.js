// The time zone of all times on the page, from the address.

export const UTC = "UTC";
const DAY = { month: "short", day: "numeric" };
const MINUTE = { hour: "2-digit", minute: "2-digit" };
const SECOND = { ...MINUTE, second: "2-digit" };
const WALL = {
  year: "numeric",
  month: "numeric",
  day: "numeric",
  hour: "numeric",
  minute: "numeric",
  second: "numeric",
};

let current = UTC;
const formats = new Map();

/** Shows all times in this zone from now on. */
export function use(zone) {
  current = zone;
}

/** The IANA name of the zone in use. */
export function inUse() {
  return current;
}

/** The browser's zone. */
export function ofBrowser() {
  return Intl.DateTimeFormat().resolvedOptions().timeZone ?? UTC;
}

/** Whether the browser knows a zone with this IANA name. */
export function isZone(name) {
  try {
    // Browsers accept offsets such as +01:00 as zones, the service does not.
    return /^[A-Za-z]/.test(name) && Boolean(new Intl.DateTimeFormat("en-US", { timeZone: name }));
  } catch {
    return false;
  }
}

/** A time in the zone, with these parts of `Intl.DateTimeFormat`. */
export function write(moment, parts) {
  return formatOf(parts).format(moment);
}

/** `14:35:02 UTC`, `15:35:02 GMT+1`. */
export function timeOfDay(moment) {
  return write(moment, { ...SECOND, timeZoneName: "short" });
}

/** `Mar 10, 14:35:02 UTC`; with the year if it differs from that of `now`. */
export function fullTime(moment, now) {
  return write(moment, { ...DAY, ...yearOf(moment, now), ...SECOND, timeZoneName: "short" });
}

/** `Tue, Mar 10, 14:35`, for tables with the zone in the header; with the year if not this one. */
export function shortTime(moment, now = new Date()) {
  return write(moment, { weekday: "short", ...DAY, ...yearOf(moment, now), ...MINUTE });
}

/** The year as a part to write, if it differs between two times. */
export function yearOf(moment, now) {
  const [one, other] = [moment, now].map((at) => new Date(wallOf(at.getTime())).getUTCFullYear());
  return one === other ? {} : { year: "numeric" };
}

/** The local time at an instant: both in milliseconds, the local time as if it were UTC. */
export function wallOf(instant, zone = current) {
  const whole = Math.floor(instant / 1000) * 1000;
  const found = Object.fromEntries(formatOf(WALL, zone).formatToParts(whole).map(({ type, value }) => [type, Number(value)]));
  const { year, month, day, hour, minute, second } = found;
  return Date.UTC(year, month - 1, day, hour, minute, second) + instant - whole;
}

/** The instant of a local time: the first if it occurs twice, shifted past the gap if it is skipped. */
export function instantOf(wall, zone = current) {
  const guesses = [-1, 1].map((sign) => {
    const near = wall + sign * 86_400_000;
    return wall - (wallOf(near, zone) - near);
  });
  return guesses.toSorted((one, other) => one - other).find((guess) => wallOf(guess, zone) === wall) ?? Math.max(...guesses);
}

function formatOf(parts, zone = current) {
  const key = zone + JSON.stringify(parts);
  if (!formats.has(key)) {
    const options = { timeZone: zone, hourCycle: "h23", ...parts };
    formats.set(key, new Intl.DateTimeFormat("en-US", options));
  }
  return formats.get(key);
}
