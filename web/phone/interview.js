// The frame around a form: finds the form and the draft, hands both to `form/index.js`, stores what comes back.
//
// form/index.js exports
//
//   mountForm({ root, form, door, draft, language, strings, previous, onDraft, onFinish, onLeave }) -> { close(), wentBack() }
//
//   root      an empty element; everything below it belongs to the form. `close()` empties it and stops all timers.
//   form      { id, version, role, title?, title_zh?, xform(), file(name) }
//             The built-in short form is { id: 'census_short', version: '', role: 'main' } and has no xform.
//             `xform()` -> Promise<string>, `file(name)` -> Promise<Blob|null>: stored copies, offline too.
//   door      { case_id, area, area_name, building, building_name, unit, floor, room, address, household, state,
//               survey: { id, reference_at, time_zone, district } }
//   draft     null, or exactly what the last `onDraft` got (structured clone: Blobs and Dates survive)
//   language  'zh' or 'en'
//   strings   (key, places?) -> text, from web/locales (`phone.*` and the code tables' labels)
//   previous  null, or { id, revision, record } of the interview that is corrected: the next revision starts from it;
//             `record` has no citizen ids: a person left without one gets `citizen_id_from: { revision, person_no }`
//   onDraft(data)    -> Promise; resolves when `data` is on disk, rejects (StorageError) when it could not be stored.
//                       Call it 300 ms after the last change and on `pagehide`/`visibilitychange`. `data` is opaque here.
//   onFinish(result) -> Promise; freezes visit and record in one write and removes the draft. Rejects and keeps the draft
//                       when it could not be stored. `result` is one of
//     { kind: 'interview', result: 'complete'|'partial', respondent: 'head'|'member'|'neighbour'|'manager'|'relative',
//       outcome?: 'break_off', address_text?, household: {}, persons: [], answers?: {}, paused_s? }
//       (protocol: the fields of an interview record; id, case_id, visit_id, revision, at are added here)
//     { kind: 'submission', result: 'complete'|'partial', respondent?, outcome?: 'break_off', id, form: { id, version },
//       xml, keep_ids?, paused_s?, files: [{ id, name, blob }] }
//       (id = the UUID of the instanceID; case_id and visit_id are added here)
//   onLeave(why) -> 'keep' (the draft stays) or 'nothing' (the visit did not happen; the draft is removed, undo 10 s).
//                   "They stopped" is onFinish with outcome 'break_off' and result 'partial'.
//
// The whole page is in one `<main>`; the form sets `data-screen` on its screen, `data-path` and `data-problem` on questions
// and `data-act` on its buttons. `lit.js` gives html, nothing, render, svg, repeat, live.

import { html, nothing } from './lit.js';
import { call, NoAnswer } from './api.js';
import { stamp } from './clock.js';
import { StorageError } from './db.js';
import { called, door, doorForForm as doorOf } from './doors.js';
import { beginDraft, draft, dropDraft, restoreDraft, saveDraft } from './drafts.js';
import { draw } from './draw.js';
import { go } from './frame.js';
import { showBar } from './bar.js';
import { CENSUS, mainForm, warmUpAt, withFiles } from './forms.js';
import { dueForms, moreAddress, refuseForm } from './more.js';
import { addRecords, visitOf } from './outbox.js';
import { locate } from './position.js';
import { enrolment, model, zone } from './store.js';
import { kick } from './sync.js';
import { uuid } from './uuid.js';
import { language, t } from './words.js';

const view = { mounted: null, row: null, fault: null, fix: null };
const PROXIES = ['neighbour', 'manager', 'relative'];

/** The form with that id as it is now, else the main form. */
const formOf = id => (id === CENSUS.id ? CENSUS : model.things.form.get(id) ?? mainForm());

/** The interview that is corrected: what this phone sent, else what the service still shows its maker. */
async function previousOf(caseId, id) {
  const row = model.sent.filter(r => r.id === id && r.own).sort((a, b) => (b.revision ?? 1) - (a.revision ?? 1))[0];
  if (row) return { id, revision: row.revision ?? 1, record: row.own };
  const { data } = await call('GET', `/v1/cases/${caseId}`, { token: enrolment().token });
  const known = data.interviews.filter(i => i.id === id).sort((a, b) => b.revision - a.revision)[0];
  if (!known?.household) throw new Error('no interview of this person');
  const { revision, at, respondent, result, household, persons, address_text, answers } = known;
  return { id, revision, record: { type: 'interview', id, revision, at, respondent, result, household, persons: persons.map(({ citizen_id, ...rest }) => rest), address_text, answers } };
}

/** Begins the draft of a page that names none, or only the interview that is corrected. Returns its id, or null where that fails. */
async function begin(caseId, query) {
  const correct = query.get('correct');
  try {
    return await beginDraft({
      case_id: caseId, form: query.get('form') ?? mainForm().id, began_at: Number(query.get('at')) || Date.now(), visit_id: query.get('visit') || null,
      previous: correct ? await previousOf(caseId, correct) : null,
    });
  } catch (error) {
    view.fault = t(error instanceof StorageError ? 'phone.not_stored' : error instanceof NoAnswer ? 'phone.no_answer_yet' : 'phone.no_previous');
    draw();
    return null;
  }
}

/** Called when the page is opened: finds or begins the draft, then the form is mounted. `caseId` is null for a form of no door. */
export async function enterInterview(caseId, query) {
  leaveInterview();
  const id = query.get('draft') ?? await begin(caseId, query);
  if (id === null) return;
  if (!query.get('draft')) history.replaceState({}, '', `${location.pathname}?draft=${id}`);
  view.row = draft(id) ?? null;
  view.fix = locate();
  if (view.row) await mount(view.row);
  else go('/phone/', { replace: true });
}

/** Back was pressed: whether the form has taken it for itself. */
export const wentBack = () => Boolean(view.mounted?.wentBack());

/** Closes the form; the draft stays. */
export function leaveInterview() {
  view.mounted?.close();
  Object.assign(view, { mounted: null, row: null, fault: null });
}

async function mount(row) {
  try {
    const { mountForm } = await import('./form/index.js');
    const root = document.getElementById('form');
    if (view.row !== row || !root) return;
    const form = row.sheet ?? formOf(row.form);
    view.mounted = mountForm({
      root, door: row.case_id ? doorOf(row.case_id) : null, draft: row.data, language, strings: t, previous: row.previous,
      form: withFiles(form),
      onDraft: data => saveDraft(row.id, data),
      onFinish: result => finish(row, result),
      onLeave: why => leave(row, why),
    });
    // While the people are asked, what is asked after them is made ready.
    if (row.case_id) warmUpAt(dueForms(row.case_id), doorOf(row.case_id));
  } catch (error) {
    console.error(error);
    view.fault = t('phone.form_fault');
    draw();
  }
}

/** Which outcome a finished main form gives its visit. */
function outcomeOf({ outcome, result, respondent }) {
  if (outcome) return outcome;
  if (result === 'partial') return 'interview_partial';
  return PROXIES.includes(respondent) ? 'interview_proxy' : 'interview_complete';
}

/** The visit of a finished form: only a main form that is new has one; other forms name one, or make their own. */
function visitFor(row, result, position) {
  if (formOf(row.form).role !== 'main' || row.previous?.id) return null;
  const informant = PROXIES.includes(result.respondent) ? result.respondent : undefined;
  return visitOf(row.case_id, row.began_at, outcomeOf(result), { ended_at: stamp(Date.now(), zone()), informant, position });
}

/** Freezes visit and record in one write; the draft ends with it. Returns the visit. Throws `StorageError`, and then the draft stays. */
async function freeze(row, result, position) {
  const { kind, files = [], outcome: _, ...said } = result;
  const visit = visitFor(row, result, position), visit_id = visit?.id ?? row.visit_id;
  const link = { ...(row.case_id ? { case_id: row.case_id } : {}), ...(visit_id ? { visit_id } : {}) };
  const record = kind === 'submission'
    ? { type: 'submission', ...said, ...link }
    : { type: 'interview', id: row.previous?.id ?? uuid(), ...link, revision: (row.previous?.id ? row.previous.revision : 0) + 1, at: stamp(row.began_at, zone()), ...said };
  const photos = files.map(({ id, blob }) => ({ id, of: record.id, case_id: row.case_id, blob, is_ready: false, made_at: Date.now() }));
  await addRecords([...(visit ? [visit] : []), record], { draft: row.id, replaces: row.replaces, photos });
  return visit;
}

const nameOf = row => (row.case_id ? called(door(row.case_id)) : formOf(row.form).title);

async function finish(row, result) {
  const position = await Promise.race([view.fix, Promise.resolve(null)]);
  const visit = await freeze(row, result, position);
  leaveInterview();
  showBar({ words: t('phone.interview_stored', { door: nameOf(row) }), isResting: false });
  kick();
  go(asksMore(row, result) ? `/phone/case/${row.case_id}/more?visit=${visit?.id ?? row.visit_id ?? ''}` : '/phone/', { replace: true });
}

/** Whether further forms are due at the door. They follow a new main form and one another, and no form that broke off. */
function asksMore(row, { outcome }) {
  const { role } = formOf(row.form), follows = role === 'extra' || (role === 'main' && !row.previous?.id);
  return Boolean(row.case_id) && follows && !outcome && dueForms(row.case_id).length > 0;
}

async function leave(row, why) {
  leaveInterview();
  if (why === 'nothing') {
    const kept = await dropDraft(row.id);
    showBar({ words: t('phone.draft_dropped'), isResting: false, undo: async () => { await restoreDraft(kept ?? row); return true; } });
  }
  go('/phone/', { replace: true });
}

/** Called when the page of further forms is opened: asks for each that is due whether it is asked now. */
export async function enterMore(caseId, query, left = dueForms(caseId)) {
  const [form] = left, visit = query.get('visit');
  if (!form) { go('/phone/', { replace: true }); return; }
  const { offerMore } = await import('./form/index.js');
  const root = document.getElementById('form');
  const next = async answer => {
    if (answer === 'now') { go(moreAddress(caseId, form, visit), { replace: true }); return; }
    if (answer === 'refused') await refuseForm(caseId, form).catch(() => {});
    await enterMore(caseId, query, left.slice(1));
  };
  if (root) offerMore({ root, forms: left, language, strings: t, onAnswer: next });
}

/** The page: the form draws below `#form` by itself. */
export function interview(caseId) {
  const d = caseId && door(caseId);
  if (caseId && !d) return { title: t('phone.no_door'), back: '/phone/', body: html`<p class="empty">${t('phone.no_door_text')}</p>` };
  return {
    title: d ? t('phone.interview', { door: called(d) }) : t('phone.more_forms'),
    body: html`${view.fault ? html`<p class="notice bad" role="alert">${view.fault}</p>` : nothing}<div id="form" data-draft=${view.row?.id ?? nothing}></div>`,
  };
}
