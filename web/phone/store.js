// What this phone holds: the database, its mirror in memory that pages draw from, and the one way to change both.

import { open, setCurrent, StorageError } from './db.js';

const SMALL = ['outbox', 'batches', 'sent', 'receipts', 'drafts', 'photos'];
const KINDS = ['survey', 'person', 'dwelling', 'case', 'assignment', 'receipt', 'sheet', 'message', 'form', 'backcheck'];

const empty = () => ({
  meta: {}, things: Object.fromEntries(KINDS.map(kind => [kind, new Map()])),
  ...Object.fromEntries(SMALL.map(name => [name, []])),
});

/** The mirror. Read it freely; change it by `write` alone. */
export const model = { db: null, name: null, version: 0, ...empty() };

const listeners = new Set();
let channel = null;

/** Calls `listener` after every change, also after those of another tab. */
export function onChange(listener) { listeners.add(listener); }

function tell() {
  model.version += 1;
  for (const listener of listeners) listener();
}

/** Opens the database of that name, or closes the present one for null. */
export async function use(name) {
  model.db?.close();
  channel?.close();
  channel = null;
  Object.assign(model, { db: null, name }, empty());
  if (name !== null) {
    model.db = await open(name);
    // Another tab that signs out deletes the database; it must not wait for this one.
    model.db.addEventListener('versionchange', () => model.db?.close());
    if ('BroadcastChannel' in globalThis) {
      channel = new BroadcastChannel(name);
      channel.onmessage = async ({ data }) => { await mirror(data); tell(); };
    }
    await mirror(['meta', 'things', ...SMALL]);
  }
  tell();
}

async function mirror(names) {
  const { db } = model;
  if (!db) return;
  for (const name of names) {
    if (name === 'meta') {
      const [keys, values] = await Promise.all([db.getAllKeys('meta'), db.getAll('meta')]);
      model.meta = Object.fromEntries(keys.map((key, i) => [key, values[i]]));
    } else if (name === 'things') {
      const things = empty().things;
      for (const thing of await db.getAll('things')) things[thing.kind]?.set(thing.id, thing.data);
      model.things = things;
    } else {
      model[name] = await db.getAll(name);
    }
  }
}

/**
 * Runs `work` in one transaction over `names` and returns its result; it is on the disk when this resolves. `work` may do
 * nothing but IndexedDB. Throws `StorageError` when nothing could be stored.
 */
export async function write(names, work) {
  let result;
  try {
    const tx = model.db.transaction(names, 'readwrite', { durability: 'strict' });
    // A failed request aborts the transaction; the reason is told once, below.
    tx.done.catch(() => {});
    result = await work(tx);
    await tx.done;
  } catch (error) {
    throw new StorageError(String(error?.name ?? error));
  }
  // Things are many: whoever writes them keeps the mirror himself, by `mirrorThing`.
  await mirror(names.filter(name => name !== 'things'));
  channel?.postMessage(names);
  tell();
  return result;
}

/** Brings one thing of the feed into the mirror; undefined removes it. */
export function mirrorThing(kind, id, data) {
  if (data === undefined) model.things[kind]?.delete(id);
  else model.things[kind]?.set(id, data);
}

/** Stores one value of `meta`. */
export const setMeta = (key, value) => write(['meta'], tx => tx.objectStore('meta').put(value, key));

/** The survey of this phone as the feed tells it; before that only what enrolling told. */
export function survey() {
  const [known] = model.things.survey.values();
  return known ?? { id: model.meta.enrolment?.survey ?? '', time_zone: Intl.DateTimeFormat().resolvedOptions().timeZone };
}

/** The survey's time zone. */
export const zone = () => survey().time_zone;

/** Who carries this phone, and how it is known to the service; undefined before enrolling. */
export const enrolment = () => model.meta.enrolment;

/** Records that wait to be sent. */
export const waiting = () => model.outbox.filter(entry => entry.status === 'waiting');

/** Pictures that are not with the service yet. */
export const photosLeft = () => model.photos.length;

/** Removes everything of this person from the phone. The caller makes sure that nothing waits. */
export async function forget() {
  const { name } = model;
  await use(null);
  setCurrent(null);
  await new Promise(resolve => {
    const request = indexedDB.deleteDatabase(name);
    request.onsuccess = request.onerror = request.onblocked = resolve;
  });
}
