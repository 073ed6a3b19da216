// Today: the doors of this evening in walking order, to do, all, or done tonight; a tap opens the sheet of a door.

import { html, nothing, repeat } from './lit.js';
import { dayOf, eveningBegan, timeOf } from './clock.js';
import { called, door, doors, nameOf, own } from './doors.js';
import { draw } from './draw.js';
import { sign } from './frame.js';
import { addRecords } from './outbox.js';
import { formsOf } from './forms.js';
import { isOpen } from './outcome.js';
import { inOrder, stairs } from './order.js';
import { openKnock } from './knock.js';
import { draftsOf } from './drafts.js';
import { sheetOf } from './feed.js';
import { model, zone } from './store.js';
import { stamp } from './clock.js';
import { uuid } from './uuid.js';
import { label, language, named, sayAgo, sayBrief, sayDay, t } from './words.js';

/** So many rows are drawn at first, and so many more each time the end of the list comes near. */
const ROWS = 300;
const view = { tab: 'todo', find: '', order: null, tabOf: null, onSheet: 0, most: ROWS };
const SOON = 90 * 60_000;

/** Called whenever the page is opened: only then may doors change their places. */
export function enterToday() {
  Object.assign(view, { order: null, find: '', most: ROWS });
}

function stops() {
  const day = dayOf(Date.now(), zone()), sheet = sheetOf(day);
  if (sheet) return sheet.stops ?? sheet.sheet?.stops ?? [];
  return model.meta.plan?.on === day ? model.meta.plan.stops : [];
}

/** The ids to show, fixed until the page is opened again or another tab is chosen; doors that come later follow at the end. */
function settle() {
  const planned = stops(), onSheet = new Set(planned.map(stop => stop.case_id)), began = eveningBegan(Date.now(), zone());
  const doneTonight = d => own(d.id).visits.some(visit => Date.parse(visit.at) >= began);
  const all = doors(), isMine = d => onSheet.has(d.id) || !d.holder;
  const stay = view.order && view.tabOf === view.tab ? view.order : [];
  const fits = {
    todo: d => isMine(d) && isOpen(d.state) && !doneTonight(d), all: () => true, done: doneTonight,
  };
  const open = all.filter(fits.todo), tonight = open.filter(d => onSheet.has(d.id));
  const counts = { todo: (onSheet.size ? tonight : open).length, all: all.length, done: all.filter(doneTonight).length };
  const kept = new Set(stay);
  const fresh = inOrder(all.filter(d => fits[view.tab](d) && !kept.has(d.id)), planned).map(d => d.id);
  view.order = [...stay.filter(id => door(id)), ...fresh];
  view.tabOf = view.tab;
  view.onSheet = view.order.findIndex(id => !onSheet.has(id));
  return counts;
}

const HEAD = { todo: 'phone.todo', all: 'phone.all', done: 'phone.done_tonight' };

function tabs(counts) {
  return html`<nav class="tabs" aria-label=${t('phone.filter')}>${Object.keys(HEAD).map(tab => html`<button type="button" data-tab=${tab}
    aria-pressed=${view.tab === tab} @click=${() => { Object.assign(view, { tab, order: null, most: ROWS }); draw(); }}>${t(HEAD[tab])} <b>${counts[tab]}</b></button>`)}</nav>`;
}

function what(d) {
  const words = [t(`look.${d.look}`)];
  if (d.appointment) words.push(`${sayBrief(d.appointment.from, zone())}–${timeOf(d.appointment.to, zone())}`);
  else if (d.completed) words.push(nameOf(d.completed.by), sayBrief(d.completed.at, zone()));
  else if (d.last) words.push(`${sayBrief(d.last.at, zone())} ${label('outcome', d.last.outcome)}`);
  if (d.holder) words.push(t('phone.now_with', { name: nameOf(d.holder) }));
  return words.join(' · ');
}

function mark(d) {
  if (d.refused) return html`<span class="tag bad">${t('phone.needs_you')}</span>`;
  if (d.waiting) return html`<span class="tag wait">${t('phone.waits')}</span>`;
  const ahead = d.appointment ? Date.parse(d.appointment.from) - Date.now() : Infinity;
  if (ahead < SOON && Date.parse(d.appointment.to) > Date.now()) return html`<span class="tag warn">${ahead > 0 ? t('phone.in', { time: sayAgo(ahead) }) : t('phone.now')}</span>`;
  return draftsOf(d.id).length ? html`<span class="tag">${t('phone.draft')}</span>` : nothing;
}

const rows = new WeakMap();

/** One door of a list: a button that opens its sheet. Made anew only when the door has changed, or its time comes nearer. */
export function row(id) {
  const d = door(id), key = `${language} ${draftsOf(d.id).length} ${d.appointment ? Math.floor(Date.now() / 30_000) : dayOf(Date.now(), zone())}`;
  if (rows.get(d)?.key !== key) rows.set(d, { key, shown: drawn(d) });
  return rows.get(d).shown;
}

function drawn(d) {
  return html`<li><button type="button" data-case=${d.id} data-state=${d.state} data-pending=${d.waiting ? 'true' : nothing} @click=${() => openKnock(d.id)}>
    <span class="g k-${d.look}">${d.look === 'new' ? nothing : sign(d.look)}${d.look === 'again' && d.visits ? html`<b>${d.visits}</b>` : nothing}</span>
    <span class="w"><strong>${d.room}${d.household > 1 ? `#${d.household}` : nothing}</strong> <span class="mute small">${what(d)}</span></span><span class="r">${mark(d)}</span></button></li>`;
}

function stair({ first, doors: here }) {
  const floors = here.map(d => d.floor).filter(f => f !== null && f !== undefined);
  const span = floors.length ? `${t('phone.floors', { from: floors[0], to: floors.at(-1) })} · ` : '';
  return html`<h2 class="stair">${t(first.unit ? 'phone.stair' : 'phone.building', { place: first.place, building: first.building, unit: first.unit })}<span>${span}${t('phone.n_doors', { n: here.length })}</span></h2>`;
}

/** Lists of doors by stairway. */
export function listed(ids) {
  return repeat(stairs(ids.map(door)), (s, i) => `${s.key}${i}`, s => html`<section>${stair(s)}<ul class="doors">${repeat(s.doors, d => d.id, d => row(d.id))}</ul></section>`);
}

const more = () => { view.most += ROWS; draw(); };
const end = new IntersectionObserver(seen => { if (seen.some(e => e.isIntersecting)) more(); }, { rootMargin: '800px' });

/** Tonight's sheet first; what is not on it stands under a heading of its own. Of a long list the beginning. */
function parted(all) {
  const ids = all.slice(0, view.most), cut = view.find || view.tab !== 'todo' ? 0 : view.onSheet;
  const list = cut > 0 ? html`${listed(ids.slice(0, cut))}<h2 class="rest">${t('phone.not_on_sheet')}</h2>${listed(ids.slice(cut))}` : listed(ids);
  return html`${list}${ids.length < all.length ? html`<p class="sec"><button type="button" class="btn wide" data-act="more" @click=${more}>${t('phone.more', { n: all.length - ids.length })}</button></p>` : nothing}`;
}

/** Watches for the end of the list; called after each draw. */
export function watchEnd() {
  end.disconnect();
  const button = document.querySelector('[data-act=more]');
  if (button) end.observe(button);
}

function read(message) {
  addRecords([{ type: 'message_read', id: uuid(), message_id: message.id, at: stamp(Date.now(), zone()) }]).catch(() => {});
}

const isRead = message => [...model.outbox.map(e => e.record), ...model.sent.map(row_ => row_.copy)]
  .some(record => record?.type === 'message_read' && record.message_id === message.id);

function messages() {
  const all = [...model.things.message.values()].filter(m => !isRead(m) && !(m.until && Date.parse(m.until) < Date.now()));
  return all.map(m => html`<article class="notice warn message" data-message=${m.id}><p><b>${m.from_name ?? nameOf(m.from)}</b> <span class="small">${sayBrief(m.sent_at, zone())}</span></p><p class="text">${m.text}</p>
    <div class="row">${m.needs === 'correction' ? html`<a class="btn pri" data-act="correct" href=${`/phone/case/${m.case_id}/interview?correct=${m.interview_id}`}>${t('phone.correct')}</a>` : nothing}
      ${m.case_id && m.needs !== 'correction' ? html`<a class="btn" href=${`/phone/case/${m.case_id}`}>${t('phone.door_page')}</a>` : nothing}
      <button type="button" class="btn" data-act="read" @click=${() => read(m)}>${t('phone.read')}</button></div></article>`);
}

function found() {
  const sought = view.find.normalize('NFKC').trim().toLowerCase();
  if (!sought) return view.order;
  const fits = sought.includes('-') ? d => called(d).toLowerCase().includes(sought) : d => d.room.toLowerCase().startsWith(sought);
  return inOrder(doors().filter(fits), stops()).map(d => d.id);
}

/** The page. */
export function today() {
  const counts = settle(), ids = found();
  const free = formsOf('free');
  return {
    title: t('phone.today_title', { day: sayDay(dayOf(Date.now(), zone())) }),
    body: html`${messages()}${model.meta.reassigned && Date.now() - model.meta.reassigned.at < 12 * 3_600_000 ? html`<p class="notice warn">${t('phone.reassigned', { door: model.meta.reassigned.door })}</p>` : nothing}
      ${tabs(counts)}
      <form class="find" role="search" @submit=${event => event.preventDefault()}><label><span class="vh">${t('phone.find')}</span><input type="search" inputmode="search" name="find" autocomplete="off"
        placeholder=${t('phone.find')} .value=${view.find} @input=${event => { view.find = event.target.value; draw(); }}></label>
        ${[...model.things.backcheck.keys()].length ? html`<a class="btn" href="/phone/checks">${t('phone.checks')}</a>` : nothing}</form>
      ${ids.length ? parted(ids) : html`<p class="empty">${t(view.find ? 'phone.none_found' : model.meta.pulled_at ? 'phone.none' : 'phone.loading')}</p>`}
      ${free.length ? html`<section class="sec"><h2>${t('phone.more_forms')}</h2>${free.map(form => html`<a class="btn" href=${`/phone/form?form=${encodeURIComponent(form.id)}`}>${named(form.title_zh, form.title)}</a>`)}</section>` : nothing}`,
  };
}
