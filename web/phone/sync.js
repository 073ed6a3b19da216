// When to send and pull: one round at a time on the whole phone, more often when something waits, less often after faults.

import { contact, NoAnswer, Refused, setContact } from './api.js';
import { draw } from './draw.js';
import { askPlan, pull } from './feed.js';
import { fetchForms } from './forms.js';
import { isReady } from './outbox.js';
import { sendPictures } from './pictures.js';
import { tidy } from './resend.js';
import { sendAll, sendNothing } from './send.js';
import { enrolment, model, onChange, setMeta, waiting, write } from './store.js';
import { uuid } from './uuid.js';

const EVERY = 60_000, FIRST_PAUSE = 5_000, LONGEST_PAUSE = 300_000, SAY_EVERY = 600_000, FLAG = 90_000;

/** What the pages show of it: `busy`, `fault` (a slug or null), `next_at`. */
export const sync = { busy: false, fault: null, next_at: 0 };

const me = uuid();
let failures = 0, timer = null, again = false, leads = false;

/** Begins: called once, by the tab that leads. */
export function startSync() {
  leads = true;
  addEventListener('online', () => { failures = 0; kick(); });
  addEventListener('offline', () => setContact(false));
  document.addEventListener('visibilitychange', () => { if (!document.hidden) kick(); });
  setInterval(() => { if (!document.hidden || waiting().length > 0) kick({ gently: true }); }, EVERY);
  onChange(plan);
  kick();
}

/** Runs a round soon after the next record has rested. */
function plan() {
  const times = model.outbox.filter(e => e.status === 'waiting' && !e.batch).map(e => e.rest_until);
  if (times.length === 0) return;
  clearTimeout(timer);
  timer = setTimeout(() => kick({ gently: true }), Math.max(50, Math.min(...times) - Date.now() + 20, sync.next_at - Date.now()));
}

/** Asks for a round now; `gently` waits for the pause after a fault to end. */
export async function kick({ gently = false } = {}) {
  if (!leads || !enrolment() || model.meta.stopped) return;
  if (gently && Date.now() < sync.next_at) return;
  if (sync.busy) { again = true; return; }
  sync.busy = true;
  draw();
  try {
    do {
      again = false;
      await alone(round);
    } while (again && sync.fault === null);
  } finally {
    sync.busy = false;
    model.version += 1;
    draw();
    plan();
  }
}

/** Runs `work` if no other tab is at it: a lock where the browser has them, and a flag in the database. */
async function alone(work) {
  const { name } = model;
  if (navigator.locks) {
    await navigator.locks.request(`${name}:send`, { ifAvailable: true }, async lock => {
      if (!lock) return;
      await touch();
      await work();
    });
  } else if (await takeFlag(false)) {
    try { await work(); } finally { await write(['meta'], tx => tx.store.delete('sender')); }
  }
}

/** Says in the database that this tab is at it. Where a full disk takes no mark, the lock still holds. */
const touch = () => takeFlag(true).catch(() => {});

function takeFlag(isForced) {
  return write(['meta'], async tx => {
    const held = await tx.store.get('sender');
    if (!isForced && held && held.tab !== me && held.until > Date.now()) return false;
    await tx.store.put({ tab: me, until: Date.now() + FLAG }, 'sender');
    return true;
  });
}

async function round() {
  let fault = null;
  for (const step of [() => sendAll(touch), () => sendPictures(touch), pull, askPlan, fetchForms, sayNothingWaits, tidy]) {
    try {
      await step();
    } catch (error) {
      fault = error;
      if (!(error instanceof Refused) || await stops(error)) break;
    }
  }
  if (fault === null) {
    failures = 0;
    Object.assign(sync, { fault: null, next_at: 0 });
  } else {
    pause(fault);
  }
}

function pause(error) {
  failures += 1;
  const grown = Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (failures - 1));
  const wait = Math.max(error.retryAfter ?? 0, grown * (0.75 + Math.random() / 4));
  Object.assign(sync, { fault: error instanceof NoAnswer ? 'no-answer' : error.slug ?? error.message, next_at: Date.now() + wait });
  clearTimeout(timer);
  timer = setTimeout(() => kick({ gently: true }), wait + 20);
}

async function sayNothingWaits() {
  if (waiting().length > 0 || Date.now() - (model.meta.said_at ?? 0) < SAY_EVERY) return;
  await sendNothing();
}

/** Whether the answer ends all work until somebody enrols again. Nothing recorded is removed. */
async function stops(error) {
  if (error.slug === 'device-revoked') {
    await write(['things', 'sent', 'receipts', 'batches', 'outbox', 'meta'], async tx => {
      for (const name of ['things', 'sent', 'receipts', 'batches']) await tx.objectStore(name).clear();
      for (const entry of await tx.objectStore('outbox').getAll()) await tx.objectStore('outbox').put({ ...entry, batch: null });
      for (const key of ['cursor', 'plan', 'pulled_at']) await tx.objectStore('meta').delete(key);
      await tx.objectStore('meta').put(error.slug, 'stopped');
    });
    for (const kind of Object.keys(model.things)) if (kind !== 'survey') model.things[kind].clear();
    return true;
  }
  if (error.status === 401 || ['foreign-device', 'unknown-survey'].includes(error.slug)) {
    await setMeta('stopped', error.slug);
    return true;
  }
  return false;
}

/** Whether something is ready to go and nobody has tried yet. */
export const isDue = () => contact.online && model.outbox.some(entry => isReady(entry));
