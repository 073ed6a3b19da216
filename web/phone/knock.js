// A knock: the sheet from below with one button for each thing a knock can end with. The second tap stores it.

import { html, nothing } from './lit.js';
import { daysAfter, dayOf, instant, stamp, timeOf, weekdayOf } from './clock.js';
import { called, door, doorForForm, nameOf } from './doors.js';
import { draftsOf } from './drafts.js';
import { draw } from './draw.js';
import { go, sign } from './frame.js';
import { hideBar, showBar, undoing } from './bar.js';
import { addRecords, amend, REST, visitOf } from './outbox.js';
import { noteOf, setNote } from './notes.js';
import { OTHER } from './outcome.js';
import { locate } from './position.js';
import { formsOf, mainForm, warmUpAt } from './forms.js';
import { survey, zone } from './store.js';
import { label, named, sayBrief, sayDay, t } from './words.js';

const HALF_HOUR = 1_800_000;
const HOURS = ['18:30', '19:00', '19:30', '20:00', '20:30', '21:00'];
let open = null;

/**
 * Opens the sheet of a door. The time of the visit is that of this tap; `correcting` is a refused
 * entry of the outbox whose place the new visit takes.
 */
export async function openKnock(caseId, { correcting, channel, step = 'buttons' } = {}) {
  await hideBar();
  open = { id: caseId, at: correcting ? Date.parse(correcting.record.at) : Date.now(), step, fix: locate(), fault: null, isBusy: false, correcting, channel };
  draw();
  document.getElementById('knock').showModal();
  warmUpAt([mainForm()], doorForForm(caseId));
}

/** Closes the sheet; nothing is recorded by that. */
export function closeKnock() {
  document.getElementById('knock')?.close();
}

function closed() {
  const from = open?.id;
  open = null;
  draw();
  // The list may have been drawn anew meanwhile; the focus goes back to the door.
  if (from) document.querySelector(`[data-case="${CSS.escape(from)}"]`)?.focus({ preventScroll: true });
}

/** Stores the visit; the sheet stays open and says so where that fails. */
async function record(outcome, more = {}, { isLast = true } = {}) {
  if (open.isBusy) return;
  const knock = open;
  knock.isBusy = true;
  const d = door(knock.id);
  const kept = knock.correcting?.record.photo;
  const visit = visitOf(d.id, knock.at, outcome, { ...more, channel: knock.channel ?? 'in_person', note: noteOf(knock.id), photo: kept });
  try {
    const [n] = await addRecords([visit], { rest: REST, replaces: knock.correcting?.n });
    setNote(knock.id, '');
    const words = t('phone.recorded', { door: called(d), outcome: named_(outcome, more), time: timeOf(knock.at, zone()) });
    showBar({ words, n, outcome, undo: undoing(n) });
    knock.fix.then(position => position && amend(n, known => { known.position = position; })).catch(() => {});
    knock.n = n;
    if (isLast) closeKnock();
  } catch {
    knock.fault = t('phone.not_stored');
  }
  knock.isBusy = false;
  draw();
}

const named_ = (outcome, { appointment }) => (appointment
  ? `${label('outcome', outcome)}, ${sayDay(dayOf(appointment.from, zone()))} ${timeOf(appointment.from, zone())}` : label('outcome', outcome));

/** "Home, not now": stored at once; the chips stay for a time that may still be agreed. */
async function callBack() {
  await record('appointment_made', {}, { isLast: false });
  if (open?.n) { open.step = 'chips'; draw(); }
}

async function agree(from) {
  const appointment = { from: stamp(from, zone()), to: stamp(from + HALF_HOUR, zone()) };
  if (open.n === undefined) return record('appointment_made', { appointment });
  const d = door(open.id), { n } = open;
  const isDone = await amend(n, known => { known.appointment = appointment; }).catch(() => false);
  if (!isDone) { open.fault = t('phone.too_late'); draw(); return undefined; }
  showBar({ words: t('phone.recorded', { door: called(d), outcome: named_('appointment_made', { appointment }), time: timeOf(open.at, zone()) }), n, outcome: 'appointment_made', undo: undoing(n) });
  return closeKnock();
}

/** Begins the interview. A door that a colleague completed asks once. */
function interview() {
  const d = door(open.id);
  if (d.completed && !open.isSure) { open.step = 'sure'; draw(); return; }
  const { id, at } = open;
  closeKnock();
  go(`/phone/case/${id}/interview?at=${at}`);
}

/** Days for the chips: today, tomorrow, the next Saturday and Sunday, within the survey. */
function days() {
  const today = dayOf(Date.now(), zone()), { ends_on: last } = survey();
  const wanted = [0, 1, 6, 7].map(n => (n < 2 ? daysAfter(today, n) : daysAfter(today, (n - weekdayOf(today) + 7) % 7)));
  return [...new Set(wanted)].filter(day => !last || day <= last).sort();
}

const dayName = (day, today) => (day === today ? t('phone.today_short') : day === daysAfter(today, 1) ? t('phone.tomorrow') : sayDay(day));

function chips() {
  const now = Date.now(), today = dayOf(now, zone()), { ends_on: last } = survey();
  const rows = days().map(day => [day, HOURS.map(hour => [hour, instant(day, hour, zone())]).filter(([, at]) => at > now)]).filter(([, all]) => all.length);
  return html`<h3>${t(open.n === undefined ? 'phone.when' : 'phone.when_maybe')}</h3>
    ${rows.map(([day, hours]) => html`<div class="chips" role="group" aria-label=${dayName(day, today)}><span class="day">${dayName(day, today)}</span>
      ${hours.map(([hour, at]) => html`<button type="button" class="chip" data-from=${stamp(at, zone())} @click=${() => agree(at)}>${hour}</button>`)}</div>`)}
    <form class="row" @submit=${event => { event.preventDefault(); const { day, hour } = event.target.elements; pick(day.value, hour.value); }}>
      <label>${t('phone.day')} <input type="date" name="day" required min=${today} max=${last ?? nothing} .value=${daysAfter(today, 1)}></label>
      <label>${t('phone.hour')} <input type="time" name="hour" required step="300" value="19:00"></label>
      <button class="btn pri">${t('phone.agree')}</button></form>`;
}

function pick(day, hour) {
  const from = instant(day, hour, zone());
  if (from <= Date.now()) { open.fault = t('phone.past'); draw(); return; }
  agree(from);
}

const button = (outcome, key, name, tone, act, isWide = false) => html`<button type="button" class=${isWide ? 'wide' : ''} data-outcome=${outcome} @click=${act}>
  <span class="sw ${tone}">${sign(name)}</span><span>${key}</span></button>`;

function buttons() {
  return html`<div class="outs">
    ${button('interview', t('phone.start'), 'completed', '', interview, true)}
    ${button('no_answer', t('phone.no_answer'), 'again', 'k-again', () => record('no_answer'))}
    ${button('appointment_made', t('phone.appointment'), 'appointment', 'k-appointment', () => { open.step = 'chips'; draw(); })}
    ${button('home_not_now', t('phone.not_now'), 'clock', 'k-again', callBack, true)}
    <div class="both" role="group" aria-labelledby="k-refused"><span id="k-refused" class="sub">${t('phone.refused')}</span>
      ${button('refusal_soft', t('phone.reluctant'), 'refused', 'k-refused', () => record('refusal_soft'))}
      ${button('refusal_hard', t('phone.firm'), 'refused', 'k-refused', () => record('refusal_hard'))}</div>
    ${button('vacant', t('phone.vacant'), 'out', 'k-out', () => record('vacant'))}
    ${button('other', t('phone.something_else'), 'near', 'k-out', () => { open.step = 'other'; draw(); })}
  </div>`;
}

function other() {
  return html`<div class="outs list">${OTHER.map(outcome => html`<button type="button" class="wide" data-outcome=${outcome} @click=${() => record(outcome)}>${label('outcome', outcome)}</button>`)}
    ${formsOf('visit').map(form => html`<a class="btn wide" href=${`/phone/case/${open.id}/interview?form=${encodeURIComponent(form.id)}&at=${open.at}`} @click=${closeKnock}>${named(form.title_zh, form.title)}</a>`)}</div>`;
}

function sure() {
  const { completed } = door(open.id);
  return html`<p class="notice warn">${t('phone.completed_by', { name: nameOf(completed.by), time: sayBrief(completed.at, zone()) })}</p>
    <button type="button" class="btn pri big" data-act="confirm" @click=${() => { open.isSure = true; interview(); }}>${t('phone.interview_anyway')}</button>`;
}

const STEPS = { buttons, chips, other, sure };

/** The sheet; it is in the page always and open for one door at a time. */
export function knock() {
  const d = open && door(open.id);
  return html`<dialog id="knock" class="knock" aria-labelledby="kh" @close=${closed}>${d ? html`
    <div class="kh"><h2 id="kh">${called(d)}</h2><span class="mute">${t('phone.nth', { n: d.visits + (open.n === undefined ? 1 : 0) })} · ${timeOf(open.at, zone())}</span>
      <a href=${`/phone/case/${d.id}`} @click=${closeKnock}>${t('phone.door_page')}</a></div>
    ${open.fault ? html`<p class="notice bad" role="alert">${open.fault}</p>` : nothing}
    ${open.channel ? html`<p class="notice warn">${label('channel', open.channel)}</p>` : nothing}
    ${open.correcting ? html`<p class="notice warn">${t('phone.correcting')}</p>` : nothing}
    ${open.step === 'buttons' ? draftsOf(d.id).map(row => html`<a class="btn wide draft" href=${`/phone/case/${d.id}/interview?draft=${row.id}`} @click=${closeKnock}>${t('phone.draft_go_on', { time: timeOf(row.changed_at, zone()) })}</a>`) : nothing}
    ${STEPS[open.step]()}
    <button type="button" class="btn wide" data-act="cancel" @click=${closeKnock}>${t(open.n === undefined ? 'phone.cancel' : 'phone.close')}</button>` : html`<h2 id="kh" class="vh">${t('phone.today')}</h2>`}
  </dialog>`;
}
