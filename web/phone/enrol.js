// Enrolment: a code, one button, and then what is still missing until the phone can work without a network.

import { html, nothing } from './lit.js';
import { call, NoAnswer, Refused } from './api.js';
import { nameFor, open, setCurrent } from './db.js';
import { nameOf } from './doors.js';
import { draw } from './draw.js';
import { askStorage, isReady } from './ready.js';
import { enrolment, model, use, waiting, write } from './store.js';
import { kick } from './sync.js';
import { uuid } from './uuid.js';
import { count, has, t } from './words.js';

const view = { code: '', fault: null, isBusy: false, isDone: false };

/** Called when the page is opened; the code may stand behind the address's `#`, which is then taken away. */
export function enterEnrol() {
  const code = decodeURIComponent(location.hash.slice(1));
  Object.assign(view, { code: code || view.code, fault: null, isDone: !code && Boolean(history.state?.isEnrolled) });
  if (code) history.replaceState({}, '', '/phone/enrol');
}

const model_ = () => navigator.userAgentData?.platform ?? navigator.platform ?? 'browser';

async function ask(code) {
  const json = { code, device_id: uuid(), model: model_() }, replaces = enrolment()?.device_id;
  try {
    return (await call('POST', '/v1/enrol', { json: replaces ? { ...json, replaces } : json })).data;
  } catch (error) {
    // The phone was another person's: it stays theirs, and this person gets a device of their own.
    const isOther = error instanceof Refused && error.document.errors?.some(e => e.pointer === '/replaces');
    if (!replaces || !isOther) throw error;
    return (await call('POST', '/v1/enrol', { json })).data;
  }
}

const STORES = ['meta', 'batches', 'outbox'];

/** Stores who carries the phone now. Records that were on their way go in new batches under the new device; the service knows each by its id. */
async function take(tx, told) {
  const outbox = tx.objectStore('outbox');
  await tx.objectStore('batches').clear();
  for (const entry of await outbox.getAll()) await outbox.put({ ...entry, batch: null });
  await tx.objectStore('meta').put(told, 'enrolment');
  await tx.objectStore('meta').delete('stopped');
}

/** Another person: another database, and a page that begins anew, so that nothing under way writes into the wrong one. */
async function become(name, told) {
  const db = await open(name), tx = db.transaction(STORES, 'readwrite', { durability: 'strict' });
  await take(tx, told);
  await tx.done;
  db.close();
  setCurrent(name);
  history.replaceState({ isEnrolled: true }, '', '/phone/enrol');
  location.reload();
}

async function enrol(event) {
  event.preventDefault();
  view.code = event.target.elements.code.value;
  Object.assign(view, { fault: null, isBusy: true });
  draw();
  try {
    const told = await ask(view.code.normalize('NFKC').trim());
    const name = nameFor(told.survey, told.enumerator);
    if (model.name !== null && model.name !== name) { await become(name, told); return; }
    if (model.name === null) await use(name);
    await write(STORES, tx => take(tx, told));
    setCurrent(name);
    Object.assign(view, { isDone: true, code: '' });
    dispatchEvent(new Event('doorknock:enrolled'));
    askStorage();
    kick();
  } catch (error) {
    view.fault = error instanceof NoAnswer ? 'no-answer' : error.slug ?? 'not-stored';
  }
  view.isBusy = false;
  draw();
}

const fault = slug => (slug === 'no-answer' ? t('phone.enrol_no_answer') : has(`problem.${slug}`) ? t(`problem.${slug}`) : t('phone.not_stored'));

function progress() {
  const isSecure = globalThis.isSecureContext;
  return html`<section class="sec" role="status"><h2>${t('phone.enrolled', { name: nameOf(enrolment().enumerator) })}</h2>
    ${isReady() ? html`<p class="notice good" data-offline-ready>${t('phone.ready')}</p>` : html`<p>${t(isSecure ? 'phone.getting_ready' : 'phone.online_only')}</p>`}
    <a class="btn pri big" href="/phone/">${t('phone.to_today')}</a></section>`;
}

/** The page. */
export function enrolPage() {
  return {
    title: t('phone.enrol'),
    body: html`${view.isDone ? progress() : nothing}
      ${waiting().length && !view.isDone ? html`<p class="notice warn">${count('phone.kept', waiting().length)}</p>` : nothing}
      <section class="sec" ?hidden=${view.isDone}><form class="fields roomy-fields" @submit=${enrol}><p>${t('phone.enrol_text')}</p>
        <label for="code">${t('phone.code')}</label><input id="code" name="code" type="text" required autocomplete="off" autocapitalize="characters" spellcheck="false" maxlength="60" .value=${view.code}>
        ${view.fault ? html`<p class="notice bad" role="alert" data-fault=${view.fault}>${fault(view.fault)}</p>` : nothing}
        <button class="btn pri big" data-act="enrol" ?disabled=${view.isBusy}>${t('phone.enrol_button')}</button></form></section>
      ${enrolment() && !view.isDone ? html`<p class="sec"><a href="/phone/">${t('phone.to_today')}</a></p>` : nothing}`,
  };
}
