// One door: its state, every visit known here, drafts, and what can be done there.

import { html, nothing } from './lit.js';
import { called, door, nameOf, own, visitsOf } from './doors.js';
import { draftsOf, dropDraft, restoreDraft } from './drafts.js';
import { sign } from './frame.js';
import { showBar } from './bar.js';
import { openKnock } from './knock.js';
import { dueForms, moreAddress } from './more.js';
import { noteOf, setNote } from './notes.js';
import { timeOf } from './clock.js';
import { zone, model } from './store.js';
import { count, label, named, sayAgo, sayBrief, t } from './words.js';

function facts(d) {
  const { row } = d;
  return html`<dl class="kv">
    <dt>${t('phone.state')}</dt><dd><span class="sw k-${d.look}">${d.look === 'new' ? nothing : sign(d.look)}</span> ${label('state', d.state)}${d.waiting ? html` <span class="tag wait">${t('phone.waits')}</span>` : nothing}</dd>
    ${d.appointment ? html`<dt>${label('state', 'appointment')}</dt><dd>${sayBrief(d.appointment.from, zone())}–${timeOf(d.appointment.to, zone())}</dd>` : nothing}
    ${row.unmet?.length ? html`<dt>${t('phone.unmet')}</dt><dd>${row.unmet.map(part => label('effort', part)).join(' · ')}</dd>` : nothing}
    ${d.holder ? html`<dt>${t('phone.holder')}</dt><dd>${nameOf(d.holder)}</dd>` : nothing}
    ${d.completed ? html`<dt>${label('state', 'completed')}</dt><dd>${t('phone.completed_by', { name: nameOf(d.completed.by), time: sayBrief(d.completed.at, zone()) })}</dd>` : nothing}
    ${(row.wishes ?? []).map(w => html`<dt>${t('phone.wish')}</dt><dd>${sayBrief(w.from, zone())}–${timeOf(w.to, zone())}</dd>`)}
    ${row.self ? html`<dt>${t('phone.online_form')}</dt><dd>${t(row.self.submitted_at ? 'phone.self_done' : 'phone.self_begun', { time: sayBrief(row.self.submitted_at ?? row.self.started_at, zone()) })}</dd>` : nothing}
  </dl>`;
}

function visit(v) {
  const said = [v.channel && v.channel !== 'in_person' ? label('channel', v.channel) : null, v.informant && v.informant !== 'none' ? label('informant', v.informant) : null].filter(Boolean);
  return html`<li data-visit=${v.id ?? nothing}><b>${label('outcome', v.outcome)}</b>${said.length ? ` (${said.join(', ')})` : nothing}${v.is_waiting ? html` <span class="tag wait">${t('phone.waits')}</span>` : nothing}<br>
    <span class="mute small">${sayBrief(v.at, zone())}${v.is_own ? '' : v.by ? ` · ${nameOf(v.by)}` : ''}</span>
    ${v.appointment ? html`<br><span class="small">${label('outcome', 'appointment_made')}: ${sayBrief(v.appointment.from, zone())}</span>` : nothing}
    ${v.note ? html`<br><span class="note">${v.note}</span>` : nothing}</li>`;
}

async function drop(row) {
  await dropDraft(row.id);
  showBar({ words: t('phone.draft_dropped'), isResting: false, undo: async () => { await restoreDraft(row); return true; } });
}

function drafts(d) {
  return draftsOf(d.id).map(row => html`<section class="sec" data-draft=${row.id}><h2>${t('phone.draft')}</h2><p>${t('phone.draft_age', { time: sayBrief(row.changed_at, zone()), ago: sayAgo(Date.now() - row.changed_at) })}</p>
    <div class="row"><a class="btn pri" href=${`/phone/case/${d.id}/interview?draft=${row.id}`}>${t('phone.go_on')}</a>
    <button type="button" class="btn" data-act="drop" @click=${() => drop(row)}>${t('phone.drop')}</button></div></section>`);
}

/** What is typed here goes with the next knock. */
function noteForm(d) {
  return html`<form class="fields" @submit=${event => event.preventDefault()}><label for="note">${t('phone.note_next')}</label>
    <textarea id="note" rows="2" maxlength="2000" .value=${noteOf(d.id)} @input=${event => setNote(d.id, event.target.value)}></textarea></form>`;
}

const WEEK = 7 * 86_400_000;
const correction = (d, id) => html`<a class="btn" data-act="correct" href=${`/phone/case/${d.id}/interview?correct=${id}`}>${t('phone.correct')}</a>`;

/** Own interviews: what this phone still holds can be read; what only the service holds can be corrected for a week. */
function ownInterviews(d) {
  const rows = model.sent.filter(row => row.case_id === d.id && row.type === 'interview' && row.own), here = new Set(rows.map(row => row.id));
  const elsewhere = (d.row.interviews ?? []).filter(({ id, at }) => !here.has(id) && Date.now() - Date.parse(at) < WEEK);
  return html`${rows.map(row => html`<section class="sec"><h2>${t('phone.sent_interview')}</h2><p>${sayBrief(row.sent_at, zone())} · ${count('phone.persons', row.own.persons.length)}: ${row.own.persons.map(p => p.name).join(', ')}</p>
    ${correction(d, row.id)}</section>`)}
    ${elsewhere.map(({ id, at }) => html`<section class="sec"><h2>${t('phone.sent_interview')}</h2><p>${sayBrief(at, zone())}</p>${correction(d, id)}</section>`)}`;
}

/** Forms that the household put off, once its main form is there. */
function furtherForms(d) {
  const due = ['completed', 'partial'].includes(d.state) ? dueForms(d.id) : [];
  return due.length === 0 ? nothing : html`<section class="sec"><h2>${t('phone.more_forms')}</h2><div class="row">${due.map(form => html`<a class="btn" data-form=${form.id}
    href=${moreAddress(d.id, form, null)}>${named(form.title_zh, form.title)}</a>`)}</div></section>`;
}

/** The page of a door. */
export function doorPage(id) {
  const d = door(id);
  if (!d) return { title: t('phone.no_door'), back: '/phone/', body: html`<p class="empty">${t('phone.no_door_text')}</p>` };
  const visits = visitsOf(d.id);
  return {
    title: `${d.place} ${called(d)}`.trim(), back: '/phone/',
    body: html`<section class="sec" data-case=${d.id} data-state=${d.state} data-pending=${d.waiting ? 'true' : nothing}>${facts(d)}
      <div class="row"><button type="button" class="btn pri big" data-act="knock" @click=${() => openKnock(d.id)}>${t('phone.knock')}</button>
        ${d.completed ? html`<button type="button" class="btn big" data-act="interview" @click=${() => openKnock(d.id, { step: 'sure' })}>${t('phone.start')}</button>`
    : html`<a class="btn big" data-act="interview" href=${`/phone/case/${d.id}/interview?at=${Date.now()}`}>${t('phone.start')}</a>`}
        <button type="button" class="btn big" data-act="telephone" @click=${() => openKnock(d.id, { channel: 'telephone' })}>${t('phone.telephoned')}</button></div></section>
      ${drafts(d)}${ownInterviews(d)}${furtherForms(d)}
      <section class="sec">${noteForm(d)}</section>
      <section class="sec"><h2>${count('phone.visits', visits.length)}</h2>${visits.length ? html`<ol class="timeline">${visits.map(visit)}</ol>` : html`<p class="mute">${t('phone.no_visits')}</p>`}
        ${own(d.id).refused ? html`<p><a href="/phone/sync">${t('phone.needs_you')}</a></p>` : nothing}
        ${d.household === 1 && !d.row.is_local ? html`<p><a class="btn" href=${`/phone/add?of=${d.id}`}>${t('phone.second_household')}</a></p>` : nothing}</section>`,
  };
}
