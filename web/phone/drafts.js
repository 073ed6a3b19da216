// Interviews begun and not finished: one row each, stored after every change, removed only when finished or given up.

import { CENSUS } from './forms.js';
import { model, write } from './store.js';
import { uuid } from './uuid.js';

/** Drafts of a door, or all of them, the latest first. A row: `{ id, case_id, form, began_at, changed_at, data, previous }`. */
export const draftsOf = caseId => model.drafts.filter(d => !caseId || d.case_id === caseId).sort((a, b) => b.changed_at - a.changed_at);

/** The draft with that id, or undefined. */
export const draft = id => model.drafts.find(d => d.id === id);

/**
 * Begins a draft: `began_at` is the moment of the tap (milliseconds). The version of the form is kept with it, so that a newer one changes
 * nothing under the answers. Returns its id.
 */
export async function beginDraft({ case_id, form, began_at, visit_id = null, previous = null, replaces }) {
  const id = uuid(), sheet = form === CENSUS.id ? null : model.things.form.get(form) ?? null;
  await write(['drafts'], tx => tx.store.put({ id, case_id, form, sheet, began_at, changed_at: Date.now(), data: null, visit_id, previous, replaces }));
  return id;
}

/** Stores what the form holds now. Resolves when it is on the disk. */
export const saveDraft = (id, data) => write(['drafts'], async tx => {
  const found = await tx.store.get(id);
  if (found) await tx.store.put({ ...found, data, changed_at: Date.now() });
});

/** Removes a draft and returns it, so that it can be put back within the ten seconds of the bar. */
export const dropDraft = id => write(['drafts'], async tx => {
  const found = await tx.store.get(id);
  await tx.store.delete(id);
  return found;
});

/** Puts a dropped draft back. */
export const restoreDraft = row => write(['drafts'], tx => tx.store.put(row));
