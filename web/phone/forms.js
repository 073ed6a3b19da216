// The survey's own forms: which there are, and their files, kept under their hashes so that an old version stays readable.

import { enrolment, model } from './store.js';

const KEPT = 'doorknock-forms';
const isOwn = form => !form.is_built_in && Boolean(form.hash);

/** The built-in short form. */
export const CENSUS = { id: 'census_short', version: '', role: 'main' };

/** Forms of a role, in their order. */
export const formsOf = role => [...model.things.form.values()].filter(f => f.role === role && isOwn(f)).sort((a, b) => (a.place ?? 0) - (b.place ?? 0));

/** The main form of the survey: its own, else the short form. */
export const mainForm = () => formsOf('main')[0] ?? CENSUS;

const needed = () => [...model.things.form.values()].filter(isOwn);
const address = hash => `/phone/kept/${encodeURIComponent(hash)}`;
const pathOf = ({ id, version }) => `/v1/forms/${encodeURIComponent(id)}/${encodeURIComponent(version)}`;

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
export const xformOf = async form => (await read(`${pathOf(form)}.xml`, form.hash)).text();

/** A file that a form names, or null where it has none of that name. */
export async function fileOf(form, name) {
  const file = form.media?.find(m => m.name === name);
  return file ? (await read(`${pathOf(form)}/media/${encodeURIComponent(name)}`, file.hash)).blob() : null;
}

/** Whether every form and file is on this phone. */
export async function formsReady() {
  for (const form of needed()) {
    for (const hash of [form.hash, ...(form.media ?? []).map(m => m.hash)]) if (!await kept(hash)) return false;
  }
  return true;
}

/** Fetches the forms and files that are not here yet. */
export async function fetchForms() {
  if (!('caches' in globalThis)) return;
  for (const form of needed()) {
    if (!await kept(form.hash)) await xformOf(form);
    for (const { name, hash } of form.media ?? []) if (!await kept(hash)) await fileOf(form, name);
  }
}
