//! Planning with what is stored: fills the planner's input from rows, keeps published sheets, hours and residents' wishes.
//!
//! What is decided is decided in `plan`; here is only fetching, calling and storing.

pub mod chances;
pub mod evenings;
mod input;
pub mod publish;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;
use uuid::Uuid;

use crate::domain::rules::Span;
use crate::domain::{CaseId, Rules};
use crate::plan::{Brain, DayInput, Insight, Pinned, Sheet, Stairwise, Stop};
use crate::store::survey::AreaRow;
use crate::store::{Error as StoreError, Store};
use crate::surveys::Survey;
use crate::visits::door::Door;

/// Most cases that are planned at once; a larger area is planned part by part.
pub const MOST: i64 = 30_000;

/// Why nothing was planned.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The area holds more cases than are planned at once.
    #[error("the area holds more than 30,000 cases; plan its parts")]
    TooLarge,
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What is to be planned.
#[derive(Clone, Debug)]
pub struct Question {
    /// The area.
    pub area: AreaRow,
    /// The day, local date.
    pub on: Date,
    /// Now; a plan for today is judged by it, any other by the day's start.
    pub now: Timestamp,
    /// Hours to plan with instead of those on file, by user; an empty list is an absence.
    pub hours: HashMap<String, Vec<Span>>,
}

impl Question {
    /// The moment the plan is judged at.
    pub fn as_of(&self, rules: &Rules) -> Timestamp {
        if rules.calendar.local_date(self.now) == self.on {
            self.now
        } else {
            rules.calendar.day_start(self.on)
        }
    }
}

/// What was read for a question: the doors as lists show them, in the order of the planner's doors, and its input's parts.
pub struct Ready {
    survey: Arc<Survey>,
    question: Question,
    doors: Vec<crate::plan::Door>,
    staff: Vec<crate::plan::Enumerator>,
    answering: HashSet<CaseId>,
    shown: HashMap<CaseId, Door>,
}

impl Ready {
    /// Reads what the question needs.
    pub async fn read(store: &Store, survey: Arc<Survey>, question: Question) -> Result<Self, Error> {
        let (doors, shown) = input::doors(store, &survey, &question).await?;
        let mut staff = input::staff(store, &survey, &question).await?;
        if survey.rules.calendar.local_date(question.now) == question.on {
            input::keep_work_in_hand(store, &survey, &question, &doors, &mut staff).await?;
        }
        let answering = input::answering(store, &survey, &question, &doors).await?;
        Ok(Self { survey, question, doors, staff, answering, shown })
    }

    /// The planner's input.
    pub fn input(&self) -> DayInput<'_> {
        DayInput {
            on: self.question.on,
            as_of: self.question.as_of(&self.survey.rules),
            now: self.question.now,
            field: (self.survey.starts_on, self.survey.ends_on),
            rules: &self.survey.rules,
            doors: self.doors.clone(),
            enumerators: self.staff.clone(),
        }
    }

    /// What the visits so far have taught.
    pub fn insight(&self) -> Insight {
        Insight::new(&self.input(), Brain::Types)
    }

    /// The plan of the day.
    pub fn plan(&self) -> DayPlan {
        let mut day = self.input();
        day.doors.retain(|door| !self.answering.contains(&door.case_id));
        let insight = Insight::new(&day, Brain::Types);
        let sheets = Stairwise::default().plan_with(&day, &insight);
        let unmanned = crate::plan::pace::unstaffed(&day);
        DayPlan {
            on: self.question.on,
            plan_id: None,
            made_at: self.question.now,
            rule_version: self.survey.policy_version,
            model_version: insight.version(),
            enumerators: self.staff.iter().map(|e| self.sheet(&e.user, &sheets)).collect(),
            unmanned: unmanned.into_iter().filter_map(|case| self.shown.get(&case).cloned()).collect(),
        }
    }

    /// The pace of the field work as seen from the question's day.
    pub fn pace(&self) -> crate::plan::Pace {
        let day = self.input();
        let insight = Insight::new(&day, Brain::Types);
        crate::plan::pace(&day, &insight, &Stairwise::default())
    }

    /// A door as lists show it.
    pub fn door(&self, case: CaseId) -> Option<&Door> {
        self.shown.get(&case)
    }

    fn sheet(&self, user: &str, sheets: &[Sheet]) -> UserSheet {
        let own: Vec<&Sheet> = sheets.iter().filter(|s| &*s.user == user).collect();
        let stops = own.iter().flat_map(|s| &s.stops);
        UserSheet {
            user: user.to_owned(),
            // The sum of nothing is -0.0.
            minutes: own.iter().map(|s| s.minutes).sum::<f64>().round() + 0.0,
            stops: stops
                .filter_map(|stop| self.shown.get(&stop.case_id).map(|door| (stop, door)))
                .zip(1..)
                .map(|((stop, door), seq)| StopView::of(seq, stop, door))
                .collect(),
        }
    }
}

/// A day's sheets.
#[derive(Clone, Debug, Serialize)]
pub struct DayPlan {
    /// The day.
    pub on: Date,
    /// Id of a published plan; null for one made on the spot.
    pub plan_id: Option<Uuid>,
    /// When it was made.
    pub made_at: Timestamp,
    /// Version of the policy.
    pub rule_version: i32,
    /// What the model had learnt.
    pub model_version: String,
    /// One sheet per enumerator; without stops for who is not on duty.
    pub enumerators: Vec<UserSheet>,
    /// Doors with an appointment for which nobody is on duty.
    pub unmanned: Vec<Door>,
}

/// One enumerator's sheet.
#[derive(Clone, Debug, Serialize)]
pub struct UserSheet {
    /// The enumerator.
    pub user: String,
    /// Planned minutes, spare stops left out.
    pub minutes: f64,
    /// The stops in the order to be walked.
    pub stops: Vec<StopView>,
}

/// One stop.
#[derive(Clone, Debug, Serialize)]
pub struct StopView {
    /// Place on the sheet, from 1.
    pub seq: usize,
    /// The case.
    pub case_id: CaseId,
    /// Address in one line.
    pub address: String,
    /// Area code.
    pub area: String,
    /// Building.
    pub building: String,
    /// Unit.
    pub unit: String,
    /// Storey.
    pub floor: Option<i32>,
    /// Door number.
    pub room: String,
    /// What to do.
    pub action: &'static str,
    /// Not before; null where the hour does not matter.
    pub from: Option<Timestamp>,
    /// Not after.
    pub to: Option<Timestamp>,
    /// An appointment, kept by the clock.
    pub pinned: bool,
    /// Only if time is left.
    pub spare: bool,
    /// About when, if all goes as planned.
    pub expected_at: Timestamp,
    /// Which visit this is.
    pub nth_visit: u32,
    /// Chance that a knock is answered; for supervisors and sheets, never for households.
    pub probability: f64,
    /// Why, in English.
    pub reason: String,
    /// Why, in Chinese.
    pub reason_zh: String,
}

impl StopView {
    fn of(seq: usize, stop: &Stop, door: &Door) -> Self {
        Self {
            seq,
            case_id: stop.case_id,
            address: door.address.clone(),
            area: door.area.clone(),
            building: door.building.clone(),
            unit: door.unit.clone(),
            floor: door.floor,
            room: door.room.clone(),
            action: stop.action.slug(),
            from: stop.from,
            to: stop.to,
            pinned: stop.pinned == Pinned::Yes,
            spare: stop.spare == crate::plan::Spare::Yes,
            expected_at: stop.expected_at,
            nth_visit: stop.nth_visit,
            probability: (stop.probability * 1000.0).round() / 1000.0,
            reason: stop.reason.clone(),
            reason_zh: stop.reason_zh.clone(),
        }
    }
}
