// Dates and times by the clock of the survey's zone, never the browser's.

const formats = new Map();

function format(zone) {
  if (!formats.has(zone)) {
    formats.set(zone, new Intl.DateTimeFormat('en-GB', {
      timeZone: zone, hourCycle: 'h23', year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric',
      second: 'numeric',
    }));
  }
  return formats.get(zone);
}

/** The wall clock of `zone` at an instant: `{ year, month, day, hour, minute, second }`. */
export function wall(at, zone) {
  const all = {};
  for (const { type, value } of format(zone).formatToParts(new Date(at))) if (type !== 'literal') all[type] = Number(value);
  return all;
}

/** Minutes by which `zone` is ahead of UTC at an instant. */
function offset(at, zone) {
  const w = wall(at, zone);
  const whole = Math.floor(new Date(at).getTime() / 1000) * 1000;
  return Math.round((Date.UTC(w.year, w.month - 1, w.day, w.hour, w.minute, w.second) - whole) / 60_000);
}

/** The instant, in milliseconds, at which the clock of `zone` shows `day` (`2020-11-05`) and `time` (`18:30`). */
export function instant(day, time, zone) {
  const [year, month, date] = day.split('-').map(Number);
  const [hour, minute] = time.split(':').map(Number);
  const guess = Date.UTC(year, month - 1, date, hour, minute);
  const first = guess - offset(guess, zone) * 60_000;
  // Where the zone changes its offset in between, the second look is right.
  return guess - offset(first, zone) * 60_000;
}

const two = n => String(n).padStart(2, '0');

/** RFC 3339 to the second, with the zone's offset. */
export function stamp(at, zone) {
  const w = wall(at, zone), minutes = offset(at, zone);
  const ahead = `${minutes < 0 ? '-' : '+'}${two(Math.floor(Math.abs(minutes) / 60))}:${two(Math.abs(minutes) % 60)}`;
  return `${w.year}-${two(w.month)}-${two(w.day)}T${two(w.hour)}:${two(w.minute)}:${two(w.second)}${ahead}`;
}

/** The date of an instant: `2020-11-05`. */
export function dayOf(at, zone) {
  const w = wall(at, zone);
  return `${w.year}-${two(w.month)}-${two(w.day)}`;
}

/** The time of day of an instant: `20:41`. */
export function timeOf(at, zone) {
  const w = wall(at, zone);
  return `${two(w.hour)}:${two(w.minute)}`;
}

/** A date `n` days after another one. */
export function daysAfter(day, n) {
  return new Date(Date.parse(`${day}T12:00:00Z`) + n * 86_400_000).toISOString().slice(0, 10);
}

/** Day of the week of a date: 1 is Monday, 7 Sunday. */
export const weekdayOf = day => new Date(`${day}T12:00:00Z`).getUTCDay() || 7;

/** When the present field evening began: the last 04:00 in `zone`. */
export function eveningBegan(now, zone) {
  const today = dayOf(now, zone), begin = instant(today, '04:00', zone);
  return begin <= now ? begin : instant(daysAfter(today, -1), '04:00', zone);
}
