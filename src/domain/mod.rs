//! Pure rules of a door-to-door survey: identities, codes, the law of case states, effort, rates, form checks, places.
//!
//! Nothing here reads a clock, a file, a database or the network, and nothing is random: `now` is always an
//! argument, and the same arguments give the same value on every machine. What comes out of [`fold()`] depends on the
//! *set* of evidence alone, never on the order in which it arrived.

pub mod blank;
pub mod card_number;
pub mod case;
pub mod citizen_id;
pub mod code;
pub mod due;
pub mod effort;
pub mod evidence;
mod facts;
pub mod fold;
pub mod form;
pub mod history;
pub mod ids;
pub mod in_force;
pub mod linkage;
pub mod mask;
pub mod next;
pub mod numeral;
pub mod phone;
pub mod place;
pub mod policy;
pub mod quota;
pub mod rates;
pub mod reach;
mod reading;
pub mod residence;
pub mod rules;
pub mod time;
pub mod user;
pub mod why;
pub mod writing;

#[cfg(test)]
mod fold_cases;
#[cfg(test)]
mod fold_props;
#[cfg(test)]
mod script;
#[cfg(test)]
mod worked;
#[cfg(test)]
mod worked_lines;

pub use card_number::{CardNumber, NoCardNumber};
pub use case::{Claim, CompletedBy, ConfirmedBy, Counted, Standing, Tallied, flags};
pub use citizen_id::CitizenId;
pub use code::{
    Channel, Class, Closes, CodeRow, CodeTable, Confirmed, Datum, DwellingKind, EffortPart, Flag, FormRole,
    HouseholdType, Informant, InterviewResult, Language, Outcome, Relationship, Residence, ResidenceStatus,
    Respondent, Role, Sex, State, Tenure,
};
pub use due::{Due, NEVER_VISITED, PRESSING, Urgency, due, urgency_key};
pub use effort::Unmet;
pub use evidence::{Decision, DecisionKind, Evidence, Interview, PersonCounts, Visit, Window};
pub use facts::voided_visits;
pub use fold::fold;
pub use history::{Clock, history, history_since};
pub use ids::{
    BatchId, BuildingId, CaseId, DeviceId, DwellingId, HeldId, InterviewId, LinkId, PlanId, StaffId,
    SurveyNo, VisitId, door_key,
};
pub use in_force::{InForce, interviews_in_force, visits_in_force};
pub use linkage::{HouseholdEventKind, LinkEventKind, LinkState, MergedAs, Proposal, Refusal, Verdict};
pub use next::{Action, Next, next_action, not_before};
pub use policy::{Policy, PolicyFault};
pub use quota::Quota;
pub use reach::{AreaRange, Placed, Reach};
pub use rules::{Calendar, Rules};
pub use user::UserName;
pub use why::{Viewed, reason, why};
pub use writing::Writing;
