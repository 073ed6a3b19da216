// Records from the tap to the first try: made, resting, changed, taken back. What is sent is in `send.js`.

import { stamp } from './clock.js';
import { uuid } from './uuid.js';
import { model, write, zone } from './store.js';

/** How long a record rests before it may be sent, in milliseconds. */
export const REST = 10_000;

/** Whether an entry may be sent at `now`. */
export const isReady = (entry, now = Date.now()) => entry.status === 'waiting' && entry.rest_until <= now;

function entry(record, rest) {
  const now = Date.now();
  return { record, case_id: record.case_id ?? null, made_at: now, rest_until: now + rest, batch: null, status: 'waiting' };
}

/** A visit that began at `at` (milliseconds), with a new id. Fields that say nothing are left out. */
export function visitOf(caseId, at, outcome, more = {}) {
  const said = Object.entries(more).filter(([, value]) => value !== undefined && value !== null && value !== '');
  return { type: 'visit', id: uuid(), case_id: caseId, at: stamp(at, zone()), outcome, channel: 'in_person', ...Object.fromEntries(said) };
}

/**
 * Stores records in one write and returns their numbers in the outbox. `replaces` is the number of a refused entry that
 * they correct; `draft` the id of a draft that ends with them; `photos` are rows for the store of pictures.
 */
export function addRecords(records, { rest = 0, replaces, draft, photos = [] } = {}) {
  return write(['outbox', 'drafts', 'photos'], async tx => {
    const numbers = [];
    for (const record of records) numbers.push(await tx.objectStore('outbox').add(entry(record, rest)));
    if (replaces !== undefined) await tx.objectStore('outbox').delete(replaces);
    if (draft) await tx.objectStore('drafts').delete(draft);
    for (const photo of photos) await tx.objectStore('photos').put(photo);
    return numbers;
  });
}

/** Changes a record that is not on its way yet. Returns whether it could be changed. */
export function amend(n, change) {
  return write(['outbox'], async tx => {
    const found = await tx.store.get(n);
    if (!found || found.batch || found.status !== 'waiting') return false;
    change(found.record);
    await tx.store.put(found);
    return true;
  });
}

/** Keeps a record resting for `milliseconds` from now, while something is added to it. */
export function hold(n, milliseconds) {
  return write(['outbox'], async tx => {
    const found = await tx.store.get(n);
    if (!found || found.batch) return false;
    found.rest_until = Date.now() + milliseconds;
    await tx.store.put(found);
    return true;
  });
}

/** Takes a resting record back as if it had never been made. Returns whether that was still possible. */
export function takeBack(n) {
  return write(['outbox', 'photos'], async tx => {
    const entries = tx.objectStore('outbox'), found = await entries.get(n);
    if (!found || found.batch) return false;
    await entries.delete(n);
    for (const id of found.record.photo ?? []) await tx.objectStore('photos').delete(id);
    return true;
  });
}

/** Lets every record go that still rests. */
export function releaseAll() {
  const now = Date.now();
  if (!model.outbox.some(e => e.rest_until > now)) return Promise.resolve();
  return write(['outbox'], async tx => {
    for (const found of await tx.store.getAll()) {
      if (found.rest_until > now) await tx.store.put({ ...found, rest_until: now });
    }
  });
}

/** Adds a picture to a visit that is not on its way yet, in one write. Returns whether that was still possible. */
export function addPhoto(n, blob) {
  const id = uuid();
  return write(['outbox', 'photos'], async tx => {
    const entries = tx.objectStore('outbox'), found = await entries.get(n);
    if (!found || found.batch) return false;
    found.record.photo = [...(found.record.photo ?? []), id];
    await entries.put(found);
    await tx.objectStore('photos').put({ id, of: found.record.id, case_id: found.case_id, blob, is_ready: false, made_at: Date.now() });
    return true;
  });
}

/** Removes a refused entry that its maker gives up, with its pictures; a copy of the record is with the service. */
export const discard = n => write(['outbox', 'photos'], async tx => {
  const found = await tx.objectStore('outbox').get(n);
  await tx.objectStore('outbox').delete(n);
  for (const photo of await tx.objectStore('photos').getAll()) {
    if (photo.of === found?.record.id || found?.record.photo?.includes(photo.id)) await tx.objectStore('photos').delete(photo.id);
  }
});
