// What a knock can end with, in the order of the sheet, and what a door probably is afterwards, until the service says.

/** Behind "other", in the order in which they are offered. */
export const OTHER = ['respondent_away', 'no_entry', 'household_away', 'occupancy_unknown', 'language', 'incapable', 'break_off',
  'unsafe', 'not_found', 'screen_failed', 'seasonal', 'vacant_other', 'non_residential', 'institution', 'collective', 'demolished',
  'under_construction', 'duplicate_address', 'out_of_area', 'no_eligible_person'];

const EMPTY = ['vacant', 'seasonal', 'vacant_other', 'non_residential', 'institution', 'collective', 'demolished', 'under_construction',
  'duplicate_address', 'out_of_area', 'no_eligible_person'];
const COMPLETE = ['interview_complete', 'interview_proxy', 'self_response'];

/** Whether the outcome claims that nobody is to be registered at the door. */
export const isEmpty = outcome => EMPTY.includes(outcome);

/** What the bar offers after a knock, beside undo. */
export const extras = outcome => ({
  informant: isEmpty(outcome) || ['occupancy_unknown', 'household_away'].includes(outcome),
  photo: isEmpty(outcome),
  card: isEmpty(outcome) || ['no_answer', 'respondent_away', 'no_entry', 'household_away', 'occupancy_unknown'].includes(outcome),
});

/** States from the strongest to the weakest: a visit never weakens what stronger evidence said. */
const STRENGTH = ['completed', 'closed', 'not_eligible', 'verify', 'partial', 'refused', 'appointment', 'exhausted', 'proxy', 'in_progress', 'new'];

/** The state that a visit alone would give. */
function stateOf(visit) {
  if (COMPLETE.includes(visit.outcome)) return 'completed';
  if (visit.outcome === 'interview_partial') return 'partial';
  if (visit.outcome === 'refusal_hard') return 'refused';
  if (visit.outcome === 'appointment_made' && visit.appointment) return 'appointment';
  return isEmpty(visit.outcome) ? 'verify' : 'in_progress';
}

/** What a door in `state` probably is after visits that the service does not know yet. */
export function foreseen(state, visits) {
  return visits.reduce((known, visit) => {
    const next = stateOf(visit);
    // A new visit ends an appointment: it was kept, or missed.
    if (known === 'appointment' && next === 'in_progress') return next;
    return STRENGTH.indexOf(next) < STRENGTH.indexOf(known) ? next : known;
  }, state);
}

/** How a state looks: colour, sign and word, as on the supervisors' pages. */
export function look(state) {
  if (['in_progress', 'partial', 'proxy'].includes(state)) return 'again';
  if (['not_eligible', 'merged', 'cancelled'].includes(state)) return 'out';
  return state;
}

/** Whether a door in this state is still work. */
export const isOpen = state => !['not_eligible', 'closed', 'completed', 'merged', 'cancelled'].includes(state);
