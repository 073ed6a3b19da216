// Booked: appointments by day, the next first; those that have passed at the end.

import { html } from './lit.js';
import { dayOf } from './clock.js';
import { doors } from './doors.js';
import { row } from './today.js';
import { zone } from './store.js';
import { sayDay, t } from './words.js';

/** The page. */
export function booked() {
  const now = Date.now();
  const all = doors().filter(d => d.appointment).sort((a, b) => Date.parse(a.appointment.from) - Date.parse(b.appointment.from));
  const ahead = all.filter(d => Date.parse(d.appointment.to) >= now), past = all.filter(d => Date.parse(d.appointment.to) < now);
  const list = (title, some) => html`<section><h2 class="stair">${title}<span>${t('phone.n_doors', { n: some.length })}</span></h2><ul class="doors">${some.map(d => row(d.id))}</ul></section>`;
  return {
    title: t('phone.booked'),
    body: html`${all.length ? '' : html`<p class="empty">${t('phone.none_booked')}</p>`}
      ${grouped(ahead).map(([day, some]) => list(sayDay(day), some))}${past.length ? list(t('phone.passed'), past) : ''}`,
  };
}

/** `[[day, doors]]`, in the order given. */
function grouped(all) {
  const days = new Map();
  for (const d of all) {
    const day = dayOf(d.appointment.from, zone());
    days.set(day, [...(days.get(day) ?? []), d]);
  }
  return [...days];
}
