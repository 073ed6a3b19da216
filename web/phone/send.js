// Sends the outbox. A batch's id and its entries are stored before the first request, and the same batch goes again until an
// answer was read; its receipts are stored in the same transaction that takes its records out of the outbox.

import { call, NoAnswer, Refused } from './api.js';
import { stamp } from './clock.js';
import { isReady } from './outbox.js';
import { canSeal, sealed } from './seal.js';
import { enrolment, mirrorThing, model, photosLeft, survey, waiting, write, zone } from './store.js';
import { uuid } from './uuid.js';

const MOST_RECORDS = 500;
const MOST_CHARACTERS = 4 << 20;
/** A batch is said to be unreadable so often before it is divided. */
const UNREADABLE_TRIES = 3;

const version = () => document.documentElement.dataset.version;

/** Sends everything that may be sent now. Throws what stops it; what is here then stays. */
export async function sendAll(touch) {
  for (;;) {
    const batch = model.batches[0] ?? await makeBatch();
    if (!batch) return;
    await touch();
    await sendBatch(batch);
  }
}

/** Tells the service that nothing waits, so that the supervisor's figures are right, and compares the clocks. */
export async function sendNothing() {
  const { clock_offset_s: offset_s = 0 } = await post({ batch_id: uuid() }, []);
  const at = Date.now();
  await write(['meta'], async tx => {
    await tx.store.put({ offset_s, at }, 'clock');
    await tx.store.put(at, 'said_at');
  });
}

function makeBatch() {
  if (!model.outbox.some(entry => isReady(entry) && !entry.batch)) return null;
  return write(['outbox', 'batches', 'meta'], async tx => {
    const entries = tx.objectStore('outbox'), chosen = [];
    let size = 0;
    for (const entry of await entries.getAll()) {
      if (!isReady(entry) || entry.batch) continue;
      size += JSON.stringify(entry.record).length;
      if (chosen.length === MOST_RECORDS || (chosen.length && size > MOST_CHARACTERS)) break;
      chosen.push(entry);
    }
    if (chosen.length === 0) return null;
    const seq = ((await tx.objectStore('meta').get('seq')) ?? 0) + 1;
    const batch = { batch_id: uuid(), seq, entries: chosen.map(entry => entry.n), tries: 0 };
    for (const entry of chosen) await entries.put({ ...entry, batch: batch.batch_id });
    await tx.objectStore('batches').put(batch);
    await tx.objectStore('meta').put(seq, 'seq');
    return batch;
  });
}

async function post(batch, entries) {
  const { survey: id, device_id, token } = enrolment();
  const json = {
    batch_id: batch.batch_id, survey: id, device_id, sent_at: stamp(Date.now(), zone()),
    waiting: waiting().length - entries.length + photosLeft(), drafts: model.drafts.length, app_version: version(),
    ...(batch.seq ? { seq: batch.seq } : {}), records: entries.map(entry => entry.record),
  };
  const { data } = await call('POST', '/v1/batches', { token, json });
  if (!Array.isArray(data?.receipts) || data.receipts.length !== entries.length) throw new NoAnswer('no receipts');
  return data;
}

async function sendBatch(batch) {
  const entries = batch.entries.map(n => model.outbox.find(entry => entry.n === n)).filter(Boolean);
  let answer;
  try {
    answer = await post(batch, entries);
  } catch (error) {
    if (!(error instanceof Refused) || !await isAtFault(error, batch)) throw error;
    return divide(batch, entries, error);
  }
  return settle(batch, entries, answer);
}

/** Whether the batch itself is refused, so that its parts have to go alone. */
async function isAtFault(error, batch) {
  if ([409, 413, 422].includes(error.status)) return true;
  if (![400, 415].includes(error.status)) return false;
  await write(['batches'], tx => tx.store.put({ ...batch, tries: batch.tries + 1 }));
  return batch.tries + 1 >= UNREADABLE_TRIES;
}

/** Halves a batch; a record that fails alone needs its maker. Neighbours pass. */
function divide(batch, entries, error) {
  return write(['outbox', 'batches'], async tx => {
    const outbox = tx.objectStore('outbox'), batches = tx.objectStore('batches');
    await batches.delete(batch.batch_id);
    const renew = async part => {
      if (part.length === 0) return;
      const next = { batch_id: uuid(), entries: part.map(entry => entry.n), tries: 0, is_renamed: error.slug === 'batch-id-reused' };
      await batches.put(next);
      for (const entry of part) await outbox.put({ ...entry, batch: next.batch_id });
    };
    if (entries.length > 1 || (error.slug === 'batch-id-reused' && !batch.is_renamed)) {
      const half = Math.ceil(entries.length / 2);
      await renew(entries.slice(0, half));
      await renew(entries.slice(half));
      return;
    }
    const detail = error.document.errors?.[0]?.detail ?? error.document.detail;
    for (const entry of entries) {
      await outbox.put({ ...entry, batch: null, status: 'refused', fault: { reason: error.slug, detail, pointer: error.document.errors?.[0]?.pointer } });
    }
  });
}

/** Stores the receipts and takes out of the outbox what they settle. */
async function settle(batch, entries, answer) {
  const at = Date.now();
  const copies = await Promise.all(entries.map(entry => copyOf(entry.record)));
  const cases = [];
  await write(['outbox', 'batches', 'receipts', 'sent', 'photos', 'things', 'meta'], async tx => {
    const outbox = tx.objectStore('outbox'), photos = await tx.objectStore('photos').getAll();
    for (const [i, entry] of entries.entries()) {
      const receipt = answer.receipts[i];
      if (receipt.status === 'refused') {
        await outbox.put({ ...entry, batch: null, status: 'refused', fault: faultOf(receipt) });
        continue;
      }
      await outbox.delete(entry.n);
      if (copies[i]) await tx.objectStore('sent').add(sentRow(entry, receipt, copies[i], at));
      for (const photo of photos.filter(p => p.of === entry.record.id || entry.record.photo?.includes(p.id))) {
        await tx.objectStore('photos').put({ ...photo, is_ready: true });
      }
      if (receipt.case) cases.push([receipt.case, entry.record]);
    }
    const changed = cases.map(([told, record]) => caseAfter(told, record)).filter(Boolean);
    for (const data of changed) await tx.objectStore('things').put({ kind: 'case', id: data.id, gen: model.meta.gen ?? 0, data });
    await tx.objectStore('receipts').put({
      batch_id: batch.batch_id, at, received_at: answer.received_at, counts: answer.counts,
      items: answer.receipts.map((receipt, i) => ({ id: receipt.id, type: receipt.type, status: receipt.status, ...faultOf(receipt), case_id: entries[i].case_id })),
    });
    await tx.objectStore('batches').delete(batch.batch_id);
    await tx.objectStore('meta').put({ offset_s: answer.clock_offset_s ?? 0, at }, 'clock');
    await tx.objectStore('meta').put(at, 'said_at');
    for (const data of changed) mirrorThing('case', data.id, data);
  });
}

const faultOf = ({ reason, detail, pointer }) => ({ reason, detail, pointer });

/** A door as the receipt tells it; the feed brings the rest. */
function caseAfter(told, record) {
  const known = model.things.case.get(told.id) ?? model.things.case.get(record.case_id);
  if (!known) return null;
  const isLater = record.type === 'visit' && (!known.last || Date.parse(record.at) >= Date.parse(known.last.at));
  return { ...known, state: told.state, visits: told.visits ?? known.visits, unmet: told.unmet ?? known.unmet,
    last: isLater ? { at: record.at, outcome: record.outcome } : known.last };
}

/** What is kept of a record to send it again: visits and doors as they are, forms sealed; without a worker nothing. */
async function copyOf(record) {
  if (!globalThis.isSecureContext || record.type === 'sealed') return null;
  if (['visit', 'dwelling', 'message_read'].includes(record.type)) return { copy: record };
  const own = ownOf(record);
  const { seal } = survey();
  try {
    return { copy: canSeal(seal) ? await sealed(record, seal) : null, own };
  } catch {
    return { copy: null, own };
  }
}

/** What its maker may still read: an interview without ID numbers; of a check only that it was made. */
function ownOf(record) {
  if (record.type === 'backcheck') return { backcheck_id: record.backcheck_id };
  return record.type === 'interview' ? withoutIds(record) : null;
}

const withoutIds = record => ({ ...record, persons: (record.persons ?? []).map(({ citizen_id, ...rest }) => rest) });

function sentRow(entry, receipt, { copy, own = null }, at) {
  const { type, id, revision, at: when, outcome } = entry.record;
  return { type, id, revision, at: when, outcome, form: entry.record.form?.id, case_id: entry.case_id, made_at: entry.made_at, sent_at: at, status: receipt.status, reason: receipt.reason,
    detail: receipt.detail, copy, own };
}
