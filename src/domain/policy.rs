//! The policy of a survey as data: every number and list the rules use, with their defaults.
//!
//! Texts (dates, times, code lists) stay texts here, so that a faulty document can be read whole and every fault
//! named at once by [`Policy::faults`]. [`super::rules::Rules`] is what the rules work with. Nothing is enforced here.

mod faults;

use super::code::Language;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use super::rules::{Calendar, Local, Rules, Span};
pub use faults::PolicyFault;
pub(super) use faults::{minute_of_day, spans};

macro_rules! policy_table {
    ($(#[$meta:meta])* $name:ident { $($(#[$fmeta:meta])* $field:ident: $type:ty = $default:expr;)+ }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(deny_unknown_fields, default)]
        pub struct $name { $($(#[$fmeta])* pub $field: $type),+ }

        impl Default for $name {
            fn default() -> Self {
                Self { $($field: $default),+ }
            }
        }
    };
}

/// One band of the day, half-open, local time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Band {
    /// Its name; the band called `evening` is the one the effort rule speaks of.
    pub id: String,
    /// When it begins, `HH:MM`.
    pub from: String,
    /// When it ends, `HH:MM`, up to `24:00`; not part of it.
    pub to: String,
}

policy_table! {
    /// The policy of one survey: the tables of its document beside the survey's own keys.
    Policy {
        /// Extra local dates that count as weekend, `YYYY-MM-DD`.
        weekend_dates: Vec<String> = Vec::new();
        /// Saturdays and Sundays that are working days (调休).
        workday_dates: Vec<String> = Vec::new();
        /// The bands of the day (`[[band]]` in the document).
        #[serde(rename = "band")]
        bands: Vec<Band> = default_bands();
        /// What counts as an attempt.
        attempt: Attempt = Attempt::default();
        /// The effort due before a proxy, and the cap.
        closing: Closing = Closing::default();
        /// Proxies.
        proxy: Proxy = Proxy::default();
        /// Appointments.
        appointment: Appointment = Appointment::default();
        /// Refusals.
        refusal: Refusal = Refusal::default();
        /// Claims that nobody is to be registered.
        vacant: Vacant = Vacant::default();
        /// Interviews that are waited for.
        interview: InterviewPolicy = InterviewPolicy::default();
        /// Linkage thresholds.
        link: Link = Link::default();
        /// The pages.
        pages: Pages = Pages::default();
        /// Hours on duty where a member of staff has none of their own.
        shift: Shift = Shift::default();
        /// Start values of the planner's durations.
        minutes: Minutes = Minutes::default();
        /// How long a door stays lent to a device.
        lease: Lease = Lease::default();
        /// Self-response.
        self_response: SelfResponse = SelfResponse::default();
        /// What one device may send of what could fill the disk for all.
        limits: Limits = Limits::default();
        /// Rates.
        rates: RatesPolicy = RatesPolicy::default();
        /// Privacy.
        privacy: Privacy = Privacy::default();
        /// The planner's limits per door.
        plan: Plan = Plan::default();
        /// Questionnaires.
        forms: Forms = Forms::default();
    }
}

policy_table! {
    /// What counts as an attempt.
    Attempt {
        /// Outcomes after which nobody had stood before the door.
        excludes: Vec<String> = texts(&["no_entry", "not_found", "unsafe", "self_response"]);
        /// Least minutes between two counted attempts.
        min_gap_minutes: u32 = 60;
    }
}

policy_table! {
    /// The effort due before a proxy may be asked (all of it), and the cap.
    Closing {
        /// Counted attempts.
        min_attempts: u32 = 3;
        /// Distinct local days among them.
        min_distinct_days: u32 = 3;
        /// Distinct bands among them.
        min_time_bands: u32 = 2;
        /// Attempts in the band `evening`.
        min_evening: u32 = 1;
        /// Attempts on a weekend.
        min_weekend: u32 = 1;
        /// Attempts after which the visits are used up.
        max_attempts: u32 = 6;
        /// What each reopening adds to the cap.
        reopen_extra_attempts: u32 = 3;
    }
}

policy_table! {
    /// Proxies.
    Proxy {
        /// Outcomes that allow one at once.
        now: Vec<String> = texts(&["household_away", "incapable"]);
        /// Informants asked in vain after which no more are sought.
        failed_tries: u32 = 2;
        /// The attempt from which the planner prefers a proxy.
        prefer_from_attempts: u32 = 5;
        /// Who may answer for a household.
        informants: Vec<String> = texts(&["neighbour", "manager", "relative"]);
    }
}

policy_table! {
    /// Appointments.
    Appointment {
        /// How early a visit may be and still keep it.
        early_minutes: u32 = 10;
        /// How long after its end it is missed.
        grace_minutes: u32 = 30;
        /// What the planner reserves for it.
        reserve_minutes: u32 = 12;
    }
}

policy_table! {
    /// Refusals.
    Refusal {
        /// Soft refusals and break-offs that make a refusal.
        soft_to_refused: u32 = 2;
        /// Days to stay away after the last one.
        cooling_days: u32 = 2;
        /// Tries by another enumerator.
        conversion_tries: u32 = 1;
    }
}

policy_table! {
    /// Claims that nobody is to be registered.
    Vacant {
        /// Distinct local days of visits in person that confirm one.
        confirm_days: u32 = 2;
        /// Whose word confirms one.
        informants: Vec<String> = texts(&["neighbour", "manager"]);
    }
}

policy_table! {
    /// Interviews that are waited for.
    InterviewPolicy {
        /// Days after which a supervisor looks.
        missing_days: u32 = 3;
    }
}

policy_table! {
    /// Linkage thresholds, probabilities. Where a survey states no upper line, that of the linkage model in use holds: it was
    /// set where the model was fitted, with what else the model asks of a merge.
    Link {
        /// From here on a pair is merged.
        #[serde(skip_serializing_if = "Option::is_none")]
        upper: Option<f64> = None;
        /// The same across doors.
        #[serde(skip_serializing_if = "Option::is_none")]
        upper_across_doors: Option<f64> = None;
        /// Whether pairs across doors are merged without review.
        auto_across_doors: bool = true;
        /// From here on a pair is reviewed.
        lower: f64 = 0.05;
    }
}

policy_table! {
    /// The pages.
    Pages {
        /// Hours without contact after which a device is called silent.
        silent_hours: u32 = 24;
    }
}

policy_table! {
    /// Hours on duty, `HH:MM-HH:MM`, several with `;`; empty = never.
    Shift {
        /// Monday to Friday, and working Saturdays and Sundays.
        weekday: String = "18:00-21:30".to_owned();
        /// Saturdays.
        saturday: String = "09:00-12:00;14:00-21:00".to_owned();
        /// Sundays and extra weekend days.
        sunday: String = "09:00-12:00;14:00-21:00".to_owned();
    }
}

policy_table! {
    /// Start values of the planner's durations.
    Minutes {
        /// A knock that nobody answers.
        knock: f64 = 1.6;
        /// An interview.
        interview: f64 = 9.5;
        /// One floor of stairs.
        stairs_per_floor: f64 = 0.4;
        /// Walking speed, metres per minute.
        walk_m_per_min: f64 = 70.0;
    }
}

policy_table! {
    /// How long a door stays lent to a device.
    Lease {
        /// Hours.
        hours: u32 = 72;
    }
}

policy_table! {
    /// Self-response.
    SelfResponse {
        /// The local date before which nobody visits, `YYYY-MM-DD`.
        #[serde(skip_serializing_if = "Option::is_none")]
        until: Option<String> = None;
        /// Hours for which the planner keeps away, once, from a door that began to answer online.
        grace_hours: u32 = 24;
        /// Whom residents may ask.
        #[serde(skip_serializing_if = "Option::is_none")]
        help: Option<SelfHelp> = None;
    }
}

policy_table! {
    /// Whom residents may ask, as cards and pages show it.
    SelfHelp {
        /// Telephone number.
        phone: String = String::new();
        /// Hours at which somebody answers.
        hours: String = String::new();
    }
}

policy_table! {
    /// What one device may send of what could fill the disk for all; days are those of the survey's time zone.
    Limits {
        /// MiB of pictures a day.
        picture_mib: u32 = 500;
        /// MiB of pictures that no visit names yet.
        unnamed_mib: u32 = 100;
        /// Days after which a picture that no visit names is removed.
        unnamed_days: u32 = 7;
        /// Refused records a day of which a copy is kept.
        refused: u32 = 500;
    }
}

policy_table! {
    /// Rates.
    RatesPolicy {
        /// Eligibility fixed by hand, 0 to 1, instead of the estimate.
        #[serde(skip_serializing_if = "Option::is_none")]
        e: Option<f64> = None;
    }
}

policy_table! {
    /// Privacy.
    Privacy {
        /// The local date on which personal data are removed, `YYYY-MM-DD`.
        #[serde(skip_serializing_if = "Option::is_none")]
        purge_on: Option<String> = None;
    }
}

policy_table! {
    /// The planner's limits per door.
    Plan {
        /// Visits to one door on one day.
        max_per_day: u32 = 2;
        /// Least minutes between two of them.
        min_gap_minutes: u32 = 120;
    }
}

policy_table! {
    /// Questionnaires, by their ids.
    Forms {
        /// The survey's form: what a door has to answer.
        main: String = "census_short".to_owned();
        /// Further sheets of a household, in the order in which they are asked.
        extra: Vec<String> = Vec::new();
        /// What ODK Collect is offered; where nothing is said, what role and form suggest.
        #[serde(skip_serializing_if = "Option::is_none")]
        collect: Option<Vec<String>> = None;
        /// Language of messages and labels where nobody asks for another, `zh` or `en`.
        language: String = "zh".to_owned();
        /// Names of languages in spreadsheets and their BCP 47 codes, where the name does not tell.
        languages: BTreeMap<String, String> = BTreeMap::new();
        /// Whether phones with Collect keep what they have sent.
        collect_keep_sent: bool = true;
    }
}

impl Forms {
    /// The language of messages and labels where nobody asks for another.
    pub fn language(&self) -> Language {
        if self.language == "en" { Language::En } else { Language::Zh }
    }
}

fn texts(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

fn default_bands() -> Vec<Band> {
    [("morning", "08:00", "12:00"), ("afternoon", "12:00", "18:00"), ("evening", "18:00", "21:30")]
        .map(|(id, from, to)| Band { id: id.to_owned(), from: from.to_owned(), to: to.to_owned() })
        .into()
}

#[cfg(test)]
mod tests;
