// After a restore the service asks for what was sent since: every record goes into the outbox again as it was, or sealed.

import { model, write } from './store.js';

const KEPT = 14 * 86_400_000;

/** Puts what was sent since `since` (RFC 3339) into the outbox again, once for each epoch. */
export async function resendSince(epoch, since) {
  const mark = `${epoch} ${since}`;
  if (model.meta.resent === mark) return;
  await write(['sent', 'outbox', 'meta'], async tx => {
    for (const row of await tx.objectStore('sent').getAll()) {
      if (row.sent_at < Date.parse(since) || !row.copy) continue;
      await tx.objectStore('outbox').add({
        record: row.copy, case_id: row.case_id, made_at: row.made_at, rest_until: 0, batch: null, status: 'waiting', is_again: true,
      });
      await tx.objectStore('sent').delete(row.n);
    }
    await tx.objectStore('meta').put(mark, 'resent');
  });
}

/** Removes what was sent and received too long ago, and the names of interviews accepted a day ago. */
export async function tidy(now = Date.now()) {
  const old = model.sent.some(row => row.sent_at < now - KEPT || (row.own && row.sent_at < now - 86_400_000));
  const oldReceipts = model.receipts.some(row => row.at < now - 30 * 86_400_000);
  if (!old && !oldReceipts) return;
  await write(['sent', 'receipts'], async tx => {
    for (const row of await tx.objectStore('sent').getAll()) {
      if (row.sent_at < now - KEPT) await tx.objectStore('sent').delete(row.n);
      else if (row.own && row.sent_at < now - 86_400_000) await tx.objectStore('sent').put({ ...row, own: null });
    }
    for (const row of await tx.objectStore('receipts').getAll()) {
      if (row.at < now - 30 * 86_400_000) await tx.objectStore('receipts').delete(row.batch_id);
    }
  });
}
