// Pulls what this phone should hold, page by page, each page and its cursor in one transaction.

import { call, Refused } from './api.js';
import { dayOf } from './clock.js';
import { enrolment, mirrorThing, model, setMeta, write, zone } from './store.js';
import { called, door } from './doors.js';
import { foundHere } from './found.js';
import { resendSince } from './resend.js';

const PLAN_EVERY = 30 * 60_000;

/** Pulls until nothing more is there. Throws what `call` throws. */
export async function pull() {
  for (;;) {
    const page = await next();
    await store(page);
    if (page.resend_since) await resendSince(page.epoch, page.resend_since);
    if (!page.more) return;
  }
}

async function next() {
  const { cursor } = model.meta;
  const path = `/v1/changes?limit=1000${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ''}`;
  try {
    return (await call('GET', path, { token: enrolment().token })).data;
  } catch (error) {
    // A cursor that the service does not know: everything anew.
    if (!(error instanceof Refused) || error.status !== 400 || !cursor) throw error;
    return { ...(await call('GET', '/v1/changes?limit=1000', { token: enrolment().token })).data, reset: true };
  }
}

async function store(page) {
  const isFull = page.reset || !model.meta.cursor;
  const gen = (model.meta.gen ?? 0) + (isFull ? 1 : 0);
  const isPulling = isFull || model.meta.pulling;
  const mirrored = [];
  await write(['things', 'meta'], async tx => {
    const things = tx.objectStore('things'), meta = tx.objectStore('meta');
    const asked = [];
    for (const { kind, op, data } of page.changes) {
      const id = data.id ?? data.user;
      asked.push(op === 'drop' ? things.delete([kind, id]) : things.put({ kind, id, gen, data }));
      mirrored.push([kind, id, op === 'drop' ? undefined : data]);
      if (op === 'drop' && kind === 'case' && data.why === 'reassigned') asked.push(meta.put({ door: goneDoor(id), at: Date.now() }, 'reassigned'));
    }
    // All at once: one after the other would wait for the disk's answer a thousand times.
    await Promise.all(asked);
    const found = foundHere(page.changes), aliases = found.filter(local => local.alias).map(local => [local.id, local.alias]);
    for (const local of found) {
      await things.delete([local.kind, local.id]);
      mirrored.push([local.kind, local.id, undefined]);
    }
    if (aliases.length) await meta.put({ ...model.meta.aliases, ...Object.fromEntries(aliases) }, 'aliases');
    // The end of a full pull: what did not come again is no longer ours. Doors found here stay until they come.
    if (isPulling && !page.more) {
      for (const thing of await things.getAll()) {
        if (thing.gen === gen || thing.data.is_local) continue;
        await things.delete([thing.kind, thing.id]);
        mirrored.push([thing.kind, thing.id, undefined]);
      }
    }
    await meta.put(page.cursor, 'cursor');
    await meta.put(gen, 'gen');
    await meta.put(isPulling && page.more, 'pulling');
    if (!page.more) await meta.put(Date.now(), 'pulled_at');
  });
  for (const [kind, id, data] of mirrored) mirrorThing(kind, id, data);
}

const goneDoor = id => { const d = door(id); return d ? called(d) : ''; };

/** The published sheet of today, or undefined. */
export function sheetOf(day) {
  return [...model.things.sheet.values()].filter(s => s.on === day).sort((a, b) => (a.made_at < b.made_at ? 1 : -1))[0];
}

/** Asks for the person's own plan of today where no sheet was published, at most every half hour. */
export async function askPlan() {
  const day = dayOf(Date.now(), zone());
  const { plan } = model.meta;
  if (sheetOf(day) || (plan?.on === day && Date.now() - plan.asked_at < PLAN_EVERY)) return;
  const { data } = await call('GET', `/v1/plan?on=${day}`, { token: enrolment().token });
  const own = (data.enumerators ?? []).find(e => e.user.toLowerCase() === enrolment().enumerator.toLowerCase());
  await setMeta('plan', { on: day, asked_at: Date.now(), stops: own?.stops ?? [] });
}
