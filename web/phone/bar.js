// The bar after a knock: what was recorded, undo for ten seconds, and what may still be added to it.

import { html, nothing } from './lit.js';
import { addPhoto, amend, hold, releaseAll, REST, takeBack } from './outbox.js';
import { extras } from './outcome.js';
import { scaled } from './pictures.js';
import { kick } from './sync.js';
import { StorageError } from './db.js';
import { draw } from './draw.js';
import { label, t } from './words.js';
import { cardProblem } from './card.js';

/** While something is added the record rests so long, in milliseconds. */
const BUSY = 180_000;
let shown = null, timer = null;

/**
 * Shows the bar: `words`; `undo` a function that takes back and returns whether it could; `n` and `outcome` of a visit that
 * may be added to.
 */
export function showBar({ words, undo, n, outcome, isResting = true }) {
  clearTimeout(timer);
  shown = { words, undo, n, outcome, isResting, said: {}, fault: null };
  timer = setTimeout(hideBar, REST);
  draw();
}

/** Hides the bar and lets what rests go. */
export async function hideBar() {
  clearTimeout(timer);
  if (shown === null) return;
  const { isResting } = shown;
  shown = null;
  draw();
  if (!isResting) return;
  // A full disk must not keep the next door shut: the record then goes when its rest has passed.
  await releaseAll().catch(() => {});
  kick({ gently: true });
}

async function undo() {
  const { undo: work } = shown;
  clearTimeout(timer);
  const done = await work();
  shown = done ? null : { ...shown, fault: t('phone.too_late'), undo: null };
  if (!done) timer = setTimeout(hideBar, REST);
  draw();
}

/** Adds something to the visit of a bar, also where the bar went away while that was chosen. */
async function add(held, change) {
  if (shown === held) clearTimeout(timer);
  try {
    const isDone = await change(held.n);
    held.fault = isDone ? null : t('phone.too_late');
  } catch (error) {
    held.fault = t(error instanceof StorageError ? 'phone.not_stored' : 'phone.photo_fault');
  }
  if (held.fault) shown ??= held;
  if (shown === held) timer = setTimeout(hideBar, REST);
  draw();
}

/** Stops the clock while somebody types or takes a picture. */
function busy() {
  clearTimeout(timer);
  hold(shown.n, BUSY).catch(() => {});
  timer = setTimeout(hideBar, BUSY);
}

function informants(held) {
  return html`<span class="bar-set" role="group" aria-label=${t('phone.who_said')}><span>${t('phone.who_said')}</span>${['neighbour', 'manager', 'relative'].map(who => html`
    <button type="button" class="btn sm" data-informant=${who} aria-pressed=${held.said.informant === who}
      @click=${() => { held.said.informant = who; add(held, n => amend(n, record => { record.informant = who; })); }}>${label('informant', who)}</button>`)}</span>`;
}

/** Making a picture small takes a while: the visit rests until it is done. */
async function attach(held, n, file) {
  if (!await hold(n, BUSY)) return false;
  const isStored = await addPhoto(n, await scaled(file));
  if (isStored) held.said.photos = (held.said.photos ?? 0) + 1;
  await hold(n, REST);
  return isStored;
}

function photo(held) {
  return html`<label class="btn sm file"><input class="vh" type="file" accept="image/*" capture="environment" @click=${busy}
    @change=${event => { const [file] = event.target.files; if (file) add(held, n => attach(held, n, file)); }}>
    ${t(held.said.photos ? 'phone.photo_more' : 'phone.photo_add')}</label>`;
}

function card(held) {
  return html`<form class="bar-set" @submit=${event => {
    event.preventDefault();
    const number = event.target.elements.card.value.normalize('NFKC').replace(/\D/g, '');
    const problem = cardProblem(number);
    if (problem) { held.fault = t(problem); draw(); return; }
    held.said.card = number;
    add(held, n => amend(n, record => { record.card = number; }));
  }}><label>${t('phone.card_left')} <input name="card" type="text" inputmode="numeric" autocomplete="off" size="8" maxlength="9" @focus=${busy} .value=${held.said.card ?? ''}></label>
    <button class="btn sm">${t('phone.ok')}</button></form>`;
}

/** The bar, or nothing. */
export function bar() {
  if (shown === null) return html`<div class="undo" role="status"></div>`;
  const offered = shown.n === undefined || !shown.isResting ? {} : extras(shown.outcome);
  return html`<div class="undo on" role="status"><div class="bar-set"><p>${shown.words}</p>
    ${shown.undo ? html`<button type="button" class="btn" data-act="undo" @click=${undo}>${t('phone.undo')}</button>` : nothing}
    <button type="button" class="btn" data-act="dismiss" @click=${hideBar}>${t('phone.done')}</button></div>
    ${shown.fault ? html`<p class="badtext" role="alert">${shown.fault}</p>` : nothing}
    ${offered.informant ? informants(shown) : nothing}${offered.photo || offered.card ? html`<div class="bar-set">${offered.photo ? photo(shown) : nothing}${offered.card ? card(shown) : nothing}</div>` : nothing}
  </div>`;
}

/** Takes back one record of the outbox. */
export const undoing = n => () => takeBack(n);
