// The survey's own forms: which there are, and their files, kept under their hashes so that an old version stays readable.

import { enrolment, model, survey } from './store.js';

const KEPT = 'doorknock-forms';
/** Runs forms of the survey's own; the worker keeps it when it is first asked for. */
const LIBRARY = new URL('../vendor/xforms-engine-0.22.0/xforms-engine.js', import.meta.url);
/** Forms that came with the program: the short form has a model of its own here, the others are for ODK Collect. */
const BUILT_IN = ['census_short', 'door', 'door_visit', 'door_found', 'receipts'];
const isOwn = form => !BUILT_IN.includes(form.id);

/** The built-in short form. */
export const CENSUS = { id: 'census_short', version: '', role: 'main' };

/** The survey's own forms of a role, in the order in which it asks them. */
export function formsOf(role) {
  const order = survey().forms?.extra ?? [], rank = form => (order.indexOf(form.id) + 1 || Infinity);
  return needed().filter(form => form.role === role).sort((a, b) => (rank(a) === rank(b) ? 0 : rank(a) - rank(b)));
}

/** The main form of the survey: its own, else the short form. */
export const mainForm = () => formsOf('main')[0] ?? CENSUS;

const needed = () => [...model.things.form.values()].filter(isOwn);
const address = hash => `/phone/kept/${encodeURIComponent(hash)}`;
const pathOf = ({ id, version }) => `/v1/forms/${encodeURIComponent(id)}/${encodeURIComponent(version)}`;

const hasLibrary = async () => Boolean(await (await caches.open('phone-libraries')).match(LIBRARY.pathname.replace(/^\/phone\/f\/[^/]+/, '')));

async function kept(hash) {
  if (!('caches' in globalThis)) return null;
  return (await caches.open(KEPT)).match(address(hash));
}

async function fetched(path, hash) {
  const response = await fetch(path, { headers: { authorization: `Bearer ${enrolment().token}` }, cache: 'no-store', credentials: 'omit' });
  if (!response.ok) throw new Error(`form ${response.status}`);
  if ('caches' in globalThis) await (await caches.open(KEPT)).put(address(hash), response.clone());
  return response;
}

const read = async (path, hash) => (await kept(hash)) ?? fetched(path, hash);

/** The text of a form's XML. */
const xformOf = async form => (await read(`${pathOf(form)}.xml`, form.hash)).text();

/** A file that a form names, or null where it has none of that name. */
async function fileOf(form, name) {
  const file = form.media?.find(m => m.name === name);
  return file ? (await read(`${pathOf(form)}/media/${encodeURIComponent(name)}`, file.hash)).blob() : null;
}

/** Whether every form and file is on this phone, and the library that runs them. */
export async function formsReady() {
  if (needed().length > 0 && !await hasLibrary()) return false;
  for (const form of needed()) {
    for (const hash of [form.hash, ...(form.media ?? []).map(m => m.hash)]) if (!await kept(hash)) return false;
  }
  return true;
}

/** Fetches the forms and files that are not here yet, and the library where there are any. */
export async function fetchForms() {
  if (!('caches' in globalThis)) return;
  for (const form of needed()) {
    if (!await kept(form.hash)) await xformOf(form);
    for (const { name, hash } of form.media ?? []) if (!await kept(hash)) await fileOf(form, name);
  }
  if (needed().length > 0 && !await hasLibrary()) await (await fetch(LIBRARY)).arrayBuffer();
}

/** A form with the functions that read its files, as `form/index.js` takes it. */
export const withFiles = form => (form === CENSUS ? form : { ...form, xform: () => xformOf(form), file: name => fileOf(form, name) });

/** Whether this phone has the memory to keep forms ready that nobody opened yet. */
const hasRoom = () => (navigator.deviceMemory ?? 2) >= 2;

/** Loads library and forms while the phone is idle, so that opening one is quick. A phone with little memory is left alone. */
export async function warmUp(forms = [...formsOf('main'), ...formsOf('extra')], door = null) {
  const own = forms.filter(form => form !== CENSUS);
  if (own.length === 0 || !hasRoom()) return;
  await (await import('./form/index.js')).warmUp(own.map(withFiles), door);
}

/** The same at a door where an interview is about to begin: forms that look up their door are read with that door alone. */
export function warmUpAt(forms, door) {
  (globalThis.requestIdleCallback ?? setTimeout)(() => warmUp(forms, door).catch(() => {}));
}
