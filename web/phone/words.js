// The words of the page in the reader's language, and times in those words.

import { dayOf, timeOf, wall, weekdayOf } from './clock.js';
import { cookie } from './cookie.js';

let words = {};
/** `zh` or `en`. */
export let language = 'zh';

function chosen() {
  const kept = cookie('doorknock_language');
  if (kept === 'zh' || kept === 'en') return kept;
  const wish = navigator.languages.map(tag => tag.slice(0, 2).toLowerCase()).find(tag => tag === 'zh' || tag === 'en');
  return wish ?? 'zh';
}

/** Reads the words of the chosen language; call it again after another choice. */
export async function loadWords() {
  language = chosen();
  const answer = await fetch(new URL(`./strings/${language}.json`, import.meta.url));
  words = await answer.json();
  document.documentElement.lang = language === 'zh' ? 'zh-CN' : 'en';
}

/** The text of `key` with its places filled; an unknown key shows as itself. */
export function t(key, places = {}) {
  return (words[key] ?? key).replace(/\{(\w+)\}/g, (_, name) => places[name] ?? name);
}

/** The text of `key` for `n` things; `{n}` is the number. */
export const count = (key, n, places = {}) => t(`${key}.${n === 1 && language === 'en' ? 'one' : 'other'}`, { n, ...places });

/** Whether there is a text for `key`. */
export const has = key => key in words;

/** The name of a code of one of the tables; an unknown code shows as itself. */
export const label = (table, slug) => words[`${table}.${slug}`] ?? slug;

/** `Thu 5 Nov` or its Chinese form, of a date. */
export function sayDay(day) {
  const [, month, date] = day.split('-').map(Number);
  return t('when.day', { weekday: t(`weekday.${weekdayOf(day)}`), day: date, month: t(`month.${month}`) });
}

/** As short as it is clear now: the time today, weekday and time within six days, else the date. */
export function sayBrief(at, zone, now = Date.now()) {
  const day = dayOf(at, zone), time = timeOf(at, zone);
  if (day === dayOf(now, zone)) return time;
  const days = Math.abs(new Date(at) - now) / 86_400_000;
  if (days < 6) return `${t(`weekday.${weekdayOf(day)}`)} ${time}`;
  const w = wall(at, zone);
  return `${t('when.short', { day: w.day, month: t(`month.${w.month}`) })} ${time}`;
}

/** How long ago or ahead, in the largest whole unit. */
export function sayAgo(milliseconds) {
  const minutes = Math.floor(Math.abs(milliseconds) / 60_000), hours = Math.floor(minutes / 60);
  if (hours >= 48) return count('when.days', Math.floor(hours / 24));
  return hours >= 1 ? count('when.hours', hours) : count('when.minutes', minutes);
}

/** A name in the reader's language where there are two. */
export const named = (zh, other) => (language === 'zh' ? zh || other : other || zh) ?? '';
