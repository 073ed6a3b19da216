// Checks: doors that were drawn to be asked again by somebody else. Questions only; nothing of the first answers is here.

import { html, nothing } from './lit.js';
import { stamp } from './clock.js';
import { called, door } from './doors.js';
import { addRecords } from './outbox.js';
import { model, zone } from './store.js';
import { uuid } from './uuid.js';
import { named, t } from './words.js';

function send(check, event) {
  event.preventDefault();
  const answers = Object.fromEntries([...new FormData(event.target)].filter(([, value]) => value !== ''));
  addRecords([{ type: 'backcheck', id: uuid(), check_id: check.id, case_id: check.case_id, at: stamp(Date.now(), zone()), answers }]);
}

const isDone = check => [...model.outbox.map(e => e.record), ...model.sent.map(row => row.copy)].some(r => r?.type === 'backcheck' && r.check_id === check.id);

function one(check) {
  const d = door(check.case_id);
  return html`<section class="sec" data-check=${check.id}><h2>${d ? `${d.place} ${called(d)}` : check.address ?? '—'}</h2>${isDone(check) ? html`<p>${t('phone.check_done')}</p>` : html`<form class="fields roomy-fields" @submit=${event => send(check, event)}>
    ${(check.questions ?? []).map((q, i) => html`<label for="q-${check.id}-${i}">${named(q.zh, q.en) || q.name}</label><input id="q-${check.id}-${i}" name=${q.name} type="text" autocomplete="off">`)}
    <button class="btn pri big">${t('phone.ok')}</button></form>`}</section>`;
}

/** The page. */
export function checks() {
  const all = [...model.things.backcheck.values()];
  return { title: t('phone.checks'), back: '/phone/', body: html`${all.map(one)}${all.length ? nothing : html`<p class="empty">${t('phone.none')}</p>`}` };
}
