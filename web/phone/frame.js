// What stands around every page: title, the line on network and waiting records, the four places, and what others say to it.

import { contact } from './api.js';
import { html, nothing, svg } from './lit.js';
import { enrolment, model, photosLeft, waiting, zone } from './store.js';
import { count, language, sayAgo, sayBrief, t } from './words.js';
import { bar } from './bar.js';
import { nameOf } from './doors.js';

/** A sign of the sprite; words always stand beside it. */
export function sign(name) {
  const symbol = name === 'appointment' ? `appointment-${language}` : name;
  return svg`<svg class="sign" aria-hidden="true"><use href=${`#s-${symbol}`}></use></svg>`;
}

/** Goes to a place of the page. `isSilent` changes the address alone. */
export function go(path, { replace = false, isSilent = false } = {}) {
  history[replace ? 'replaceState' : 'pushState']({}, '', path);
  if (!isSilent) dispatchEvent(new Event('doorknock:moved'));
}

const STOPPED = { 'device-revoked': 'phone.revoked', 'unknown-survey': 'phone.survey_gone' };
const lastReceipt = () => model.receipts.reduce((last, row) => Math.max(last, row.at), 0);

function line() {
  const n = waiting().length, at = lastReceipt(), { stopped } = model.meta;
  const isBad = Boolean(stopped), isCalm = contact.online && n === 0 && !isBad;
  const words = isBad ? t(STOPPED[stopped] ?? 'phone.enrol_again') : t(contact.online ? 'phone.online' : 'phone.offline');
  return html`<a class="sync ${isBad ? 'bad' : isCalm ? 'calm' : ''}" href=${isBad && stopped !== 'device-revoked' ? '/phone/enrol' : '/phone/sync'}>
    <span><b>${words}</b>${n ? html` · <b>${count('phone.waiting', n)}</b>` : nothing}${photosLeft() ? html` · ${count('phone.photos', photosLeft())}` : nothing}<br>
    <span class="small">${at ? t('phone.last_receipt', { time: sayBrief(at, zone()), ago: sayAgo(Date.now() - at) }) : t('phone.no_receipt')}</span></span>
    <span class="go">${t('phone.details')}</span></a>`;
}

function places(here) {
  const needsYou = model.outbox.filter(e => e.status === 'refused').length;
  const all = [['/phone/', 'phone.today', 'list'], ['/phone/booked', 'phone.booked', 'clock'], ['/phone/add', 'phone.add', 'plus'], ['/phone/sync', 'phone.sync', 'arrows']];
  return html`<nav class="bot" aria-label=${t('phone.places')}>${all.map(([path, key, name]) => html`<a href=${path}
    aria-current=${here === path ? 'page' : nothing}>${icon(name)}<span>${t(key)}${path === '/phone/sync' && waiting().length + needsYou ? ` ${waiting().length + needsYou}` : nothing}</span></a>`)}</nav>`;
}

const ICONS = {
  list: 'M3 4h10M3 8h10M3 12h10', clock: 'M8 2.2a5.8 5.8 0 1 0 .01 0M8 4.8V8l2.4 1.6', plus: 'M8 3v10M3 8h10',
  arrows: 'M5 13V3M2.4 5.6L5 3l2.6 2.6M11 3v10M8.4 10.4L11 13l2.6-2.6', back: 'M10 3L5 8l5 5',
};
/** A small picture drawn with lines. */
export const icon = name => svg`<svg class="sign" viewBox="0 0 16 16" aria-hidden="true"><path d=${ICONS[name]} fill="none" stroke="currentColor" stroke-width="1.8" stroke-linecap="round" stroke-linejoin="round"></path></svg>`;

/** The whole page: `page` is `{ title, body, back? }`, `here` the address of the place that is marked. */
export function frame({ title, body, back }, here, isSecond) {
  const who = enrolment();
  return html`<a class="skip" href="#main">${t('phone.skip')}</a>
  <div class="ph">
    <header class="head"><div class="h1">${back ? html`<a class="btn back" href=${back} data-act="back">${icon('back')}<span class="vh">${t('phone.back')}</span></a>` : nothing}<h1 tabindex="-1">${title}</h1>
      ${who ? html`<span class="mute small who">${nameOf(who.enumerator)}</span>` : nothing}</div>${who ? line() : nothing}</header>
    ${isSecond ? html`<p class="notice warn" role="status">${t('phone.second_tab')}</p>` : nothing}
    ${globalThis.isSecureContext ? nothing : html`<p class="notice warn" data-insecure>${t('phone.insecure')}</p>`}
    <main id="main" tabindex="-1">${body}</main>
    ${bar()}
    ${who ? places(here) : nothing}
  </div>`;
}
