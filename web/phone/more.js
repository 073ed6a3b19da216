// Which further forms are due at a door after the main one, and how they are reached.

import { draftsOf } from './drafts.js';
import { formsOf } from './forms.js';
import { model, setMeta } from './store.js';

const refused = caseId => model.meta.refused_forms?.[caseId] ?? [];

/** Extra forms that nobody answered here yet, begun or refused: what the feed says, and what this phone knows beyond it. */
export function dueForms(caseId) {
  const known = [...model.outbox.map(entry => [entry.case_id, entry.record.form?.id]), ...model.sent.map(row => [row.case_id, row.form])];
  const answered = [
    ...(model.things.case.get(caseId)?.forms_done ?? []), ...draftsOf(caseId).map(draft => draft.form), ...refused(caseId),
    ...known.filter(([id]) => id === caseId).map(([, form]) => form),
  ];
  return formsOf('extra').filter(form => !answered.includes(form.id));
}

/** Where a further form begins; `visit` is the id of the visit that it belongs to, if there is one. */
export const moreAddress = (caseId, form, visit) => `/phone/case/${caseId}/interview?form=${encodeURIComponent(form.id)}&at=${Date.now()}&visit=${visit ?? ''}`;

/** The household does not want to answer this form: it is not offered again on this phone. */
export const refuseForm = (caseId, form) => setMeta('refused_forms', { ...model.meta.refused_forms, [caseId]: [...refused(caseId), form.id] });
