// Spans of time for the usage page. The server sums by hours, days and months of UTC, and so do these.

const hour = 3_600_000;
const day = 24 * hour;

/** ranges: name, label, and the steps that make sense in them, the usual one first. */
export const ranges = [
  ["24h", "Last 24 hours", ["hour"]],
  ["7d", "Last 7 days", ["day", "hour"]],
  ["30d", "Last 30 days", ["day"]],
  ["month", "This month", ["day", "hour"]],
  ["12m", "Last 12 months", ["month", "day"]],
  ["custom", "From … to …", ["day", "hour", "month"]],
];

const startOf = { hour: (t) => Math.floor(t / hour) * hour, day: (t) => Math.floor(t / day) * day, month: (t) => Date.UTC(new Date(t).getUTCFullYear(), new Date(t).getUTCMonth()) };

/** next returns the beginning of the step after the one that begins at t. */
export const next = (t, by) => (by === "month" ? Date.UTC(new Date(t).getUTCFullYear(), new Date(t).getUTCMonth() + 1) : t + (by === "hour" ? hour : day));

/** span returns the times { from, to }, in ms, of a range; to is not included. Days of a custom range are "2026-11-21", the last one included. */
export function span(range, { from, to } = {}, now = Date.now()) {
  const tomorrow = startOf.day(now) + day;
  switch (range) {
    case "24h": return { from: startOf.hour(now) - 23 * hour, to: startOf.hour(now) + hour };
    case "7d": return { from: tomorrow - 7 * day, to: tomorrow };
    case "month": return { from: startOf.month(now), to: tomorrow };
    case "12m": return { from: Date.UTC(new Date(now).getUTCFullYear(), new Date(now).getUTCMonth() - 11), to: tomorrow };
    case "custom": {
      const first = Date.parse(`${from}T00:00:00Z`);
      const last = Date.parse(`${to}T00:00:00Z`);
      if (first <= last) return { from: first, to: last + day };
    } // falls through: what is no span is the usual one
    default: return { from: tomorrow - 30 * day, to: tomorrow };
  }
}

/** steps returns the beginnings of all steps of a span, at most 1000, the last ones where there are more. */
export function steps({ from, to }, by) {
  const all = [];
  for (let t = startOf[by](from); t < to && all.length < 20_000; t = next(t, by)) all.push(t);
  return all.slice(-1000);
}

/** label writes the beginning of a step, in UTC. */
export function label(t, by) {
  const options = { hour: { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" }, day: { day: "numeric", month: "short", year: "numeric" }, month: { month: "long", year: "numeric" } };
  return new Intl.DateTimeFormat(undefined, { ...options[by], timeZone: "UTC" }).format(t);
}
