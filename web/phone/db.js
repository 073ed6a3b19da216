// The database on the phone: one for each enumerator of each survey, so that two people never share one.

import { openDB } from '../vendor/idb-8.0.4/build/index.js';

const CURRENT = 'doorknock.phone';

/** Something could not be stored: the disk is full, or the browser refuses. Nothing of the write happened. */
export class StorageError extends Error {}

/** The name of the database that this phone works with now, or null before the first enrolment. */
export function currentName() {
  try { return localStorage.getItem(CURRENT); } catch { return null; }
}

/** Chooses the database to work with from now on; null signs out. */
export function setCurrent(name) {
  if (name === null) localStorage.removeItem(CURRENT);
  else localStorage.setItem(CURRENT, name);
}

/** The database of a person of a survey. */
export const nameFor = (survey, user) => `doorknock:${survey}:${user.toLowerCase()}`;

/**
 * Opens a database. Its stores:
 *   meta      key -> value: enrolment, cursor, plan and other single things
 *   things    what the feed brought, by kind and id; `gen` tells which full pull it belongs to
 *   outbox    one entry a record, in the order made, until its receipt is stored
 *   batches   batches on their way: id and entries, stored before the first request
 *   sent      what was sent, to send it again after a restore; 14 days
 *   receipts  answers by batch; 30 days
 *   drafts    interviews begun
 *   photos    pictures until they are with the service
 */
export function open(name) {
  return openDB(name, 1, {
    upgrade(db) {
      db.createObjectStore('meta');
      db.createObjectStore('things', { keyPath: ['kind', 'id'] });
      db.createObjectStore('outbox', { keyPath: 'n', autoIncrement: true });
      db.createObjectStore('batches', { keyPath: 'batch_id' });
      db.createObjectStore('sent', { keyPath: 'n', autoIncrement: true });
      db.createObjectStore('receipts', { keyPath: 'batch_id' });
      db.createObjectStore('drafts', { keyPath: 'id' });
      db.createObjectStore('photos', { keyPath: 'id' });
    },
  });
}
