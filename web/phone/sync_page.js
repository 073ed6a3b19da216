// Sync: what waits, what needs its maker, receipts, and how this phone stands.

import { html, nothing } from './lit.js';
import { contact } from './api.js';
import { stamp, timeOf } from './clock.js';
import { called, door, doors, nameOf } from './doors.js';
import { draw } from './draw.js';
import { go } from './frame.js';
import { keep } from './cookie.js';
import { openKnock } from './knock.js';
import { discard, releaseAll } from './outbox.js';
import { draftsOf, beginDraft } from './drafts.js';
import { install, isInstallable, isReady, storage } from './ready.js';
import { enrolment, forget, model, photosLeft, survey, waiting, write, zone } from './store.js';
import { kick, sync } from './sync.js';
import { uuid } from './uuid.js';
import { count, has, label, language, loadWords, sayAgo, sayBrief, t } from './words.js';

const view = { fault: null, isAsking: false };

const doorName = id => { const d = id && door(id); return d ? called(d) : '—'; };

/** What a record is, in words. */
function what({ type, outcome, persons }) {
  if (type === 'visit') return t('phone.record.visit', { outcome: label('outcome', outcome) });
  if (type === 'interview') return `${t('phone.record.interview')}: ${count('phone.persons', persons?.length ?? 0)}`;
  return t(`phone.record.${['dwelling', 'submission', 'message_read', 'backcheck', 'sealed'].includes(type) ? type : 'unknown'}`);
}

/** Why, in words: the reason's own sentence, else what the service wrote, with its code. */
function why({ reason, detail }) {
  for (const head of ['reason', 'problem']) if (has(`${head}.${reason}`)) return t(`${head}.${reason}`);
  return [detail, reason].filter(Boolean).join(' · ');
}

const roomOf = entry => doorName(entry.case_id ?? (entry.record.type === 'dwelling' ? entry.record.id : null));

/** Every record that is still here, as a batch that `doorknock upload` reads. */
function file() {
  const { survey: id, device_id } = enrolment();
  const entries = model.outbox;
  const batch = { batch_id: uuid(), survey: id, device_id, sent_at: stamp(Date.now(), zone()), waiting: 0, app_version: document.documentElement.dataset.version,
    records: entries.map(e => e.record) };
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([JSON.stringify(batch, null, 1)], { type: 'application/json' }));
  link.download = `doorknock-${id}-${enrolment().enumerator}-${stamp(Date.now(), zone()).slice(0, 16).replace(/[-:]/g, '')}.json`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

async function sendNow() {
  await releaseAll();
  await kick();
  draw();
}

function outbox() {
  const all = waiting();
  return html`<section class="sec"><h2>${count('phone.records', all.length)}</h2><p class="small">${t('phone.records_text')}</p>
    <div class="row"><button type="button" class="btn pri big" data-act="send" ?disabled=${sync.busy} @click=${sendNow}>${t('phone.send')}</button>
      <button type="button" class="btn big" data-act="save" ?disabled=${model.outbox.length === 0} @click=${file}>${t('phone.save')}</button></div>
    ${sync.fault ? html`<p class="notice warn" role="status" data-fault=${sync.fault}>${t(sync.fault === 'no-answer' ? 'phone.no_answer_yet' : 'phone.told', { why: why({ reason: sync.fault }) })} ${t('phone.again_at', { time: timeOf(sync.next_at, zone()) })}</p>` : nothing}
    ${all.length ? html`<table class="t small after"><thead><tr><th scope="col">${t('phone.col.door')}</th><th scope="col">${t('phone.col.what')}</th><th scope="col" class="n">${t('phone.col.when')}</th></tr></thead>
      <tbody>${all.map(entry => html`<tr data-record=${entry.record.id} data-status="waiting"><th scope="row">${roomOf(entry)}</th><td>${what(entry.record)}</td><td class="n">${sayBrief(entry.made_at, zone())}</td></tr>`)}</tbody></table>` : nothing}
    ${photosLeft() ? html`<p class="small">${count('phone.photos', photosLeft())}${(model.meta.pictures_wait_until ?? 0) > Date.now() ? ` · ${why({ reason: 'device-quota' })} ${t('phone.again_at', { time: sayBrief(model.meta.pictures_wait_until, zone()) })}` : nothing}</p>` : nothing}</section>`;
}

/** Opens a refused record again: the new one takes its place. */
async function correct(entry) {
  const { record } = entry;
  if (record.type === 'visit') return openKnock(record.case_id, { correcting: entry });
  if (record.type === 'dwelling') return go(`/phone/add?correct=${entry.n}`);
  const previous = record.type === 'interview' ? { id: null, revision: 0, record } : null;
  const draft = await beginDraft({ case_id: entry.case_id, form: record.form?.id ?? 'census_short', began_at: Date.parse(record.at ?? entry.made_at), previous, replaces: entry.n });
  return go(`/phone/case/${entry.case_id}/interview?draft=${draft}`);
}

function refused(entry) {
  const { fault = {}, record } = entry;
  const isKnown = ['visit', 'dwelling', 'interview', 'submission'].includes(record.type);
  return html`<li data-record=${record.id} data-status="refused" data-reason=${fault.reason ?? nothing}><p><span class="tag bad">${t('phone.status.refused')}</span> <b>${roomOf(entry)}</b> ${what(record)} · ${sayBrief(entry.made_at, zone())}<br>
    <span class="small">${why(fault)}${fault.pointer ? html` <code>${fault.pointer}</code>` : nothing}</span></p>
    <div class="row">${isKnown ? html`<button type="button" class="btn pri" data-act="correct" @click=${() => correct(entry)}>${t('phone.correct')}</button>` : nothing}
      <button type="button" class="btn" data-act="discard" @click=${() => discard(entry.n)}>${t('phone.discard')}</button></div></li>`;
}

/** What was held, as the feed or else the receipt tells it; what was freed meanwhile is left out. */
function held() {
  const all = [];
  for (const row of model.receipts) {
    for (const item of row.items.filter(i => i.status === 'held')) {
      const now = model.things.receipt.get(item.id) ?? item;
      if (now.status !== 'accepted') all.push({ ...item, ...now, at: row.at });
    }
  }
  return all;
}

function heldItem(item) {
  const sent = model.sent.find(row => row.id === item.id);
  const isForm = item.reason === 'form-error' && sent?.own;
  return html`<li data-record=${item.id} data-status=${item.status} data-reason=${item.reason ?? nothing}><p><span class="tag warn">${t(`phone.status.${item.status}`)}</span> <b>${doorName(item.case_id)}</b> ${t(`phone.record.${item.type === 'visit' ? 'a_visit' : item.type}`)} · ${sayBrief(item.at, zone())}<br><span class="small">${why(item)}</span></p>
    ${isForm ? html`<a class="btn pri" data-act="correct" href=${`/phone/case/${item.case_id}/interview?correct=${item.id}`}>${t('phone.correct')}</a>` : nothing}</li>`;
}

function needsYou() {
  const refusedOnes = model.outbox.filter(e => e.status === 'refused'), waits = held();
  const faulty = model.photos.filter(p => p.fault);
  return html`${refusedOnes.length || faulty.length ? html`<section class="sec"><h2>${count('phone.needs', refusedOnes.length + faulty.length)}</h2><ul class="plain">${refusedOnes.map(refused)}
      ${faulty.map(photo => html`<li data-status="refused" data-reason=${photo.fault}><p>${t('phone.photo')} · ${doorName(photo.case_id)}<br><span class="small">${why({ reason: photo.fault })}</span></p>
        <button type="button" class="btn" data-act="discard" @click=${() => write(['photos'], tx => tx.store.delete(photo.id))}>${t('phone.discard')}</button></li>`)}</ul></section>` : nothing}
    ${waits.length ? html`<section class="sec"><h2>${count('phone.held', waits.length)}</h2><p class="small">${t('phone.held_text')}</p><ul class="plain">${waits.map(heldItem)}</ul></section>` : nothing}`;
}

function receipts() {
  const rows = [...model.receipts].sort((a, b) => b.at - a.at).slice(0, 30);
  return html`<section class="sec"><h2>${t('phone.receipts')}</h2>${rows.length ? html`<table class="t small"><thead><tr><th scope="col">${t('phone.col.received')}</th>${['accepted', 'held', 'refused'].map(s => html`<th scope="col" class="n">${t(`phone.status.${s}`)}</th>`)}</tr></thead>
    <tbody>${rows.map(row => html`<tr data-batch=${row.batch_id}><th scope="row">${sayBrief(row.at, zone())}</th>${['accepted', 'held', 'refused'].map(s => html`<td class="n" data-status=${s}>${row.counts?.[s] ?? 0}</td>`)}</tr>`)}</tbody></table>` : html`<p class="mute">${t('phone.no_receipts')}</p>`}</section>`;
}

function sentList() {
  const rows = model.sent.filter(row => Date.now() - row.sent_at < 86_400_000).sort((a, b) => b.sent_at - a.sent_at);
  if (rows.length === 0) return nothing;
  return html`<section class="sec"><h2>${t('phone.sent_today')}</h2><table class="t small"><tbody>${rows.map(row => html`<tr data-record=${row.id} data-status=${row.status} data-reason=${row.reason ?? nothing}>
    <th scope="row">${doorName(row.case_id ?? row.id)}</th><td>${what({ type: row.type, outcome: row.outcome, persons: row.own?.persons })}</td><td class="n">${sayBrief(row.sent_at, zone())}</td><td>${t(`phone.status.${row.status}`)}</td></tr>`)}</tbody></table></section>`;
}

function clock() {
  const { clock: known } = model.meta;
  if (!known) return t('phone.clock_unknown');
  const seconds = Math.round(known.offset_s), ago = `${Math.floor(Math.abs(seconds) / 60)}:${String(Math.abs(seconds) % 60).padStart(2, '0')}`;
  if (Math.abs(seconds) < 2) return t('phone.clock_right');
  return t(seconds < 0 ? 'phone.clock_behind' : 'phone.clock_ahead', { time: ago });
}

async function takeLanguage(to) {
  keep('doorknock_language', to);
  await loadWords();
  draw();
}

async function signOut() {
  view.fault = null;
  if (waiting().length + photosLeft() > 0) view.fault = 'waits';
  else if (model.drafts.length > 0 && !view.isAsking) view.isAsking = true;
  else {
    await forget();
    location.assign('/phone/enrol');
    return;
  }
  draw();
}

function thisPhone() {
  const { persisted, bytes } = storage, who = enrolment();
  const setTheme = to => { keep('doorknock_theme', to); document.documentElement.dataset.theme = to === 'auto' ? '' : to; };
  return html`<section class="sec"><h2>${t('phone.this')}</h2><dl class="kv">
      <dt>${t('phone.person')}</dt><dd>${nameOf(who.enumerator)} · ${who.enumerator}</dd>
      <dt>${t('phone.storage')}</dt><dd data-storage=${persisted === null ? 'unknown' : String(persisted)}><span class="tag ${persisted ? 'good' : 'warn'}">${t(persisted ? 'phone.protected' : 'phone.unprotected')}</span>${bytes === null ? nothing : ` ${(bytes / 1e6).toFixed(1)} MB`}${persisted ? nothing : html`<br><span class="small">${t('phone.unprotected_text')}</span>`}</dd>
      <dt>${t('phone.clock')}</dt><dd data-clock=${model.meta.clock?.offset_s ?? nothing}>${clock()}</dd>
      <dt>${t('phone.offline_ready')}</dt><dd><span class="tag ${isReady() ? 'good' : 'warn'}">${t(isReady() ? 'phone.yes' : 'phone.no')}</span> ${t('phone.version', { version: document.documentElement.dataset.version })}</dd>
      <dt>${t('phone.on_phone')}</dt><dd>${t('phone.n_doors', { n: doors().length })} · ${count('phone.drafts', draftsOf().length)}${model.meta.pulled_at ? html`<br><span class="small">${t('phone.pulled', { time: sayBrief(model.meta.pulled_at, zone()), ago: sayAgo(Date.now() - model.meta.pulled_at) })}</span>` : nothing}</dd></dl>
    <div class="row">${isInstallable() ? html`<button type="button" class="btn" data-act="install" @click=${install}>${t('phone.install')}</button>` : nothing}
      <button type="button" class="btn" data-act="language" lang=${language === 'zh' ? 'en' : 'zh-CN'} @click=${() => takeLanguage(language === 'zh' ? 'en' : 'zh')}>${t('phone.other_language')}</button>
      ${['light', 'dark', 'auto'].map(to => html`<button type="button" class="btn" data-theme-to=${to} @click=${() => setTheme(to)}>${t(`phone.theme.${to}`)}</button>`)}</div>
    ${view.fault ? html`<p class="notice bad" role="alert" data-fault="waits">${count('phone.sign_out_no', waiting().length + photosLeft())}</p>` : nothing}
    ${view.isAsking ? html`<p class="notice warn" role="alert">${count('phone.sign_out_drafts', model.drafts.length)}</p>` : nothing}
    <div class="row"><button type="button" class="btn" data-act="sign-out" @click=${signOut}>${t(view.isAsking ? 'phone.sign_out_sure' : 'phone.sign_out')}</button><a class="btn" href="/phone/enrol">${t('phone.enrol')}</a></div>
    <p class="mute small">${survey().name ? `${language === 'zh' ? survey().name_zh || survey().name : survey().name} · ` : nothing}${contact.at ? t('phone.heard', { time: sayBrief(contact.at, zone()) }) : nothing}</p></section>`;
}

/** The page. */
export function syncPage() {
  const offset = model.meta.clock?.offset_s ?? 0;
  return {
    title: t('phone.sync'),
    body: html`${Math.abs(offset) > 300 ? html`<p class="notice bad" role="alert" data-clock-wrong>${t('phone.clock_wrong', { clock: clock() })}</p>` : nothing}
      ${model.meta.stopped === 'device-revoked' ? html`<p class="notice bad" role="alert" data-revoked>${t('phone.revoked_text')}</p>` : nothing}
      ${outbox()}${needsYou()}${sentList()}${receipts()}${thisPhone()}`,
  };
}
