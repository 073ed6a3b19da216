// Reading what people type: full-width digits, dates with gaps, identity numbers. Shared by both models; no page, no words.

const isPlain = v => typeof v === 'object' && Object.getPrototypeOf(v) === Object.prototype;
/** Whether nothing was answered: absent, blank text, empty list, an object whose parts are all blank. */
export function isBlank(v) {
  if (v === undefined || v === null) return true;
  if (typeof v === 'string') return v.trim() === '';
  return Array.isArray(v) ? v.length === 0 : isPlain(v) && Object.values(v).every(isBlank);
}

/** Text as a program compares it: full-width characters become plain ones, blanks at the ends go. */
export const plain = text => String(text ?? '').normalize('NFKC').trim();

/** The number that was typed, null where it is none. Thousands may be grouped by commas or blanks. */
export function readNumber(text, whole) {
  const digits = plain(text).replace(/(\d)[, ](?=\d{3}(?!\d))/g, '$1').replace(/^(-?)[.。]/, '$10.').replace('。', '.');
  return (whole ? /^-?\d{1,15}$/ : /^-?\d{1,15}(\.\d{1,9})?$/).test(digits) ? Number(digits) : null;
}

/** Parts of a date as numbers; what is not a number is null. `{y, m, d}` in, `{y, m, d}` out. */
export const readDate = ({ y, m, d } = {}) => ({ y: readNumber(y, true), m: readNumber(m, true), d: readNumber(d, true) });

/** Whether the parts given belong to one real date; a leap year stands in for a missing year. */
export function isDate({ y, m, d }) {
  const [year, month, day] = [y ?? 2000, m ?? 1, d ?? 1];
  if (year < 1000 || year > 2999) return false;
  const date = new Date(Date.UTC(year, month - 1, day));
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
}

const two = n => String(n).padStart(2, '0');
/** The first day a date with gaps can be, as `2020-11-01`; null without a year. */
export const earliest = ({ y, m, d }) => (y ? `${y}-${two(m ?? 1)}-${two(d ?? 1)}` : null);
/** The parts that are known, as `1985-03`. */
export const written = ({ y, m, d }) => [y, m && two(m), m && d && two(d)].filter(Boolean).join('-');

/** `date` (`2020-11-01`) moved by years and days. */
export function moved(date, { years = 0, days = 0 }) {
  const [y, m, d] = date.split('-').map(Number);
  return new Date(Date.UTC(y + years, m - 1, d + days)).toISOString().slice(0, 10);
}

const WEIGHTS = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
/**
 * Reads a citizen ID number (GB 11643-1999). Returns `{ number, birth: {y, m, d}, sex: 'm'|'f' }` or
 * `{ fault: 'id_shape' | 'id_check' | 'id_date' }`. Nobody born on `reference` (`2020-11-01`) or later has one here.
 */
export function readCitizenId(text, reference) {
  const number = plain(text).replace(/\s/g, '').toUpperCase();
  if (!/^\d{17}[\dX]$/.test(number)) return { fault: 'id_shape' };
  const sum = WEIGHTS.reduce((s, w, i) => s + w * Number(number[i]), 0);
  if ('10X98765432'[sum % 11] !== number[17]) return { fault: 'id_check' };
  const birth = { y: Number(number.slice(6, 10)), m: Number(number.slice(10, 12)), d: Number(number.slice(12, 14)) };
  if (birth.y < 1800 || !birth.m || !birth.d || !isDate(birth) || earliest(birth) >= reference) return { fault: 'id_date' };
  return { number, birth, sex: Number(number[16]) % 2 ? 'm' : 'f' };
}
