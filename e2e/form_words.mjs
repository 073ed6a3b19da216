// The words of the forms for tests without a service: those of web/locales, and the keys themselves for the names of codes.
import { readFileSync } from 'node:fs';

const tables = Object.fromEntries(['zh-CN', 'en'].map(l => [l.slice(0, 2), JSON.parse(readFileSync(new URL(`../web/locales/${l}.json`, import.meta.url)))]));

/** `strings(key, places)` of one language; notes in `missing` what is not there. */
export function wordsOf(language, missing = new Set()) {
  return (key, places = {}) => {
    const text = tables[language][key];
    if (text === undefined && key.startsWith('phone.')) missing.add(key);
    return (text ?? key).replace(/\{(\w+)\}/g, (_, name) => places[name] ?? missing.add(`${key} {${name}}`) ?? '');
  };
}
