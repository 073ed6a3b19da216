// Whether this phone can work without a network, and what else the browser grants: lasting storage, installing.

import { dayOf } from './clock.js';
import { sheetOf } from './feed.js';
import { formsReady } from './forms.js';
import { model, zone } from './store.js';

/** What the browser said about storage: `persisted` true, false or null where it cannot say; `bytes` used or null. */
export const storage = { persisted: null, bytes: null };
const shell = { isKept: false, areFormsKept: false };
let prompt = null;

const version = new URL(import.meta.url).pathname.split('/')[3];

/** Registers the worker and takes a waiting new version over, before anything is open. Resolves at once where there is none. */
export async function takeShell(isAlone) {
  if (!('serviceWorker' in navigator)) return;
  const registration = await navigator.serviceWorker.register('/phone/sw.js', { scope: '/phone/', updateViaCache: 'none' });
  if (!isAlone || !registration.waiting || !navigator.serviceWorker.controller) return;
  const taken = new Promise(resolve => { navigator.serviceWorker.addEventListener('controllerchange', resolve, { once: true }); });
  registration.waiting.postMessage('take-over');
  await Promise.race([taken, new Promise(resolve => { setTimeout(resolve, 3000); })]);
  location.reload();
  // The page goes away; nothing may be drawn any more.
  await new Promise(() => {});
}

/** Asks the browser to keep what is stored, and how much that is. */
export async function askStorage() {
  if (!navigator.storage?.persist) return;
  storage.persisted = (await navigator.storage.persisted()) || (await navigator.storage.persist());
  storage.bytes = (await navigator.storage.estimate()).usage ?? null;
}

/** Looks whether shell and forms are kept. */
export async function lookReady() {
  if (!('serviceWorker' in navigator) || !('caches' in globalThis)) return;
  const registration = await navigator.serviceWorker.getRegistration('/phone/');
  shell.isKept = Boolean(registration?.active) && await caches.has(`phone-shell-${version}`);
  shell.areFormsKept = await formsReady();
}

/** Shell, forms, sheet and door list are all here. */
export function isReady() {
  const today = dayOf(Date.now(), zone());
  const hasOrder = Boolean(sheetOf(today)) || Boolean(model.meta.plan);
  return shell.isKept && shell.areFormsKept && Boolean(model.meta.pulled_at) && !model.meta.pulling && hasOrder;
}

addEventListener('beforeinstallprompt', event => { event.preventDefault(); prompt = event; });

/** Whether the browser offers to install the page. */
export const isInstallable = () => prompt !== null;

/** Asks to install it. */
export async function install() {
  await prompt?.prompt();
  prompt = null;
}
