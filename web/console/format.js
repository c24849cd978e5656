// Numbers, lengths and times as people read them.

const locale = undefined; // the browser's
const number = new Intl.NumberFormat(locale, { maximumFractionDigits: 1 });
const day = new Intl.DateTimeFormat(locale, { dateStyle: "medium" });
const full = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "short" });
const second = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "medium" });
const exact = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "long" });
const relative = new Intl.RelativeTimeFormat(locale, { numeric: "auto" });

/** count writes a number. */
export const count = (n) => number.format(n);

/** tick writes a number beside an axis whose lines are a step apart, with as many decimals as the step has. */
export function tick(n, step) {
  let digits = 0;
  for (let whole = step; digits < 6 && Math.abs(whole - Math.round(whole)) > 1e-6; whole *= 10) digits++;
  return n.toLocaleString(locale, { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** length writes seconds of audio: "42 s", "3 min 20 s", "5 h 12 min", "1,204 h". */
export function length(seconds) {
  const s = Math.max(0, Math.round(seconds));
  if (s < 60) return `${s} s`;
  const m = Math.floor(s / 60);
  if (m < 60) return s % 60 ? `${m} min ${s % 60} s` : `${m} min`;
  const hours = Math.floor(m / 60);
  if (hours >= 100) return `${count(Math.round(m / 60))} h`;
  return m % 60 ? `${hours} h ${m % 60} min` : `${hours} h`;
}

/** minutes writes seconds as minutes. */
export const minutes = (seconds) => number.format(seconds / 60);

/** money writes an amount that the server sent as text, in at least two decimals. What had no audio, and so no price, has no currency. */
export function money(text, currency) {
  const amount = Number(text);
  if (!currency) return "–";
  const digits = amount !== 0 && Math.abs(amount) < 0.1 ? 4 : 2;
  try {
    return new Intl.NumberFormat(locale, { style: "currency", currency, minimumFractionDigits: digits, maximumFractionDigits: digits }).format(amount);
  } catch {
    return `${amount.toFixed(digits)} ${currency}`;
  }
}

const steps = [["year", 31_536_000], ["month", 2_592_000], ["day", 86_400], ["hour", 3600], ["minute", 60]];

/** ago writes how far a time is from now: "3 hours ago", "in 2 days". */
export function ago(iso, now = Date.now()) {
  const seconds = (new Date(iso).getTime() - now) / 1000;
  for (const [unit, size] of steps) if (Math.abs(seconds) >= size) return relative.format(Math.trunc(seconds / size), unit);
  return Math.abs(seconds) < 5 ? "now" : relative.format(Math.trunc(seconds), "second");
}

/** when makes an element for a time; pointing at it shows the time in full. style is "ago", "day", "full" or, to the second, "second". */
export function when(iso, style = "full", none = "never") {
  if (!iso) return none;
  const at = new Date(iso);
  const element = document.createElement("time");
  element.dateTime = iso;
  element.title = exact.format(at);
  element.textContent = style === "ago" ? ago(iso) : ({ day, second }[style] ?? full).format(at);
  return element;
}

/** since writes how long ago a time is, as a clock does: "4:05", "1:02:09". */
export function clock(seconds) {
  const s = Math.max(0, Math.floor(seconds));
  const two = (n) => String(n).padStart(2, "0");
  return s >= 3600 ? `${Math.floor(s / 3600)}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)}` : `${Math.floor(s / 60)}:${two(s % 60)}`;
}

/** zone names the time zone of the browser. */
export const zone = () => Intl.DateTimeFormat().resolvedOptions().timeZone ?? "local time";
