//! What comes of one visit: drawn from the truth behind the door, from what was tried before and from who knocks.
//! Decides only; writes no record and keeps no state.

use super::dice::Dice;
use super::home::{Behind, Home, Temper};
use super::interview::Care;
use crate::domain::code::{Channel, Informant, Outcome, Respondent};
use jiff::civil::Date;

/// What the field has seen of a door so far.
#[expect(
    clippy::struct_excessive_bools,
    reason = "four independent things seen at a door, no states of one machine"
)]
#[derive(Clone, Debug, Default)]
pub struct Log {
    /// Visits in person that count as attempts.
    pub attempts: u8,
    /// All visits.
    pub visits: u32,
    /// The days of the attempts.
    pub days: Vec<Date>,
    /// Whether one fell in the evening.
    pub evening: bool,
    /// Whether one fell on a weekend.
    pub weekend: bool,
    /// Who was refused, by index of the crew; the last one last.
    pub refused_by: Vec<usize>,
    /// Days on which the door was said to be empty.
    pub empty_on: Vec<Date>,
    /// Informants asked in vain.
    pub vain: u8,
    /// Nothing more is to be done.
    pub closed: bool,
    /// A whole interview was taken, by this member of the crew.
    pub done_by: Option<usize>,
    /// The last visit found that all are away, or nobody can answer.
    pub proxy_now: bool,
}

impl Log {
    /// Whether the effort before a proxy has been made (the usual rule: three attempts on three days, one in the
    /// evening, one at a weekend).
    pub fn effort_made(&self) -> bool {
        self.attempts >= 3 && self.days.len() >= 3 && self.evening && self.weekend
    }

    /// Whether a visit counts as an attempt.
    pub fn counts(&self, result: &Result) -> bool {
        result.channel == Channel::InPerson
            && !matches!(
                result.outcome,
                Outcome::NoEntry | Outcome::NotFound | Outcome::Unsafe | Outcome::SelfResponse
            )
    }

    /// Notes what a visit on `date` showed, but for whose it was.
    pub fn note(&mut self, result: &Result, date: Date) {
        if self.days.last() != Some(&date) {
            self.days.push(date);
        }
        let sure = matches!(result.informant, Informant::Neighbour | Informant::Manager) || result.photo;
        match result.outcome {
            Outcome::InterviewComplete | Outcome::InterviewProxy | Outcome::SelfResponse => {
                self.closed = true;
            }
            Outcome::Vacant | Outcome::Seasonal | Outcome::VacantOther => {
                self.empty_on.push(date);
                self.empty_on.dedup();
                self.closed = sure || self.empty_on.len() > 1;
            }
            Outcome::NonResidential | Outcome::NotFound => self.closed = true,
            Outcome::HouseholdAway | Outcome::Incapable => self.proxy_now = true,
            Outcome::OccupancyUnknown => self.vain = self.vain.saturating_add(1),
            Outcome::InterviewPartial
            | Outcome::RefusalSoft
            | Outcome::RefusalHard
            | Outcome::BreakOff
            | Outcome::NoAnswer
            | Outcome::RespondentAway
            | Outcome::NoEntry
            | Outcome::AppointmentMade
            | Outcome::Language
            | Outcome::Unsafe
            | Outcome::ScreenFailed
            | Outcome::Institution
            | Outcome::Collective
            | Outcome::Demolished
            | Outcome::UnderConstruction
            | Outcome::DuplicateAddress
            | Outcome::OutOfArea
            | Outcome::NoEligiblePerson => {}
        }
    }
}

/// A form taken at a visit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken {
    /// Who answered.
    pub respondent: Respondent,
    /// How well.
    pub care: Care,
}

/// What came of a visit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Result {
    /// The outcome.
    pub outcome: Outcome,
    /// Who else was asked.
    pub informant: Informant,
    /// How.
    pub channel: Channel,
    /// Whether a picture was taken.
    pub photo: bool,
    /// The form, if one was filled in.
    pub form: Option<Taken>,
}

impl Result {
    fn plain(outcome: Outcome) -> Self {
        Self { outcome, informant: Informant::None, channel: Channel::InPerson, photo: false, form: None }
    }

    fn told(outcome: Outcome, informant: Informant) -> Self {
        Self { informant, ..Self::plain(outcome) }
    }

    fn taken(outcome: Outcome, respondent: Respondent, care: Care) -> Self {
        Self { form: Some(Taken { respondent, care }), ..Self::plain(outcome) }
    }
}

/// A visit of which there is nothing more to say.
pub fn plain(outcome: Outcome) -> Result {
    Result::plain(outcome)
}

/// A visit whose outcome somebody else told.
pub fn told(outcome: Outcome, informant: Informant) -> Result {
    Result::told(outcome, informant)
}

/// A whole interview.
pub fn complete(respondent: Respondent) -> Result {
    Result::taken(Outcome::InterviewComplete, respondent, Care::Usual)
}

/// A whole interview with a household that gave one before.
pub fn again(respondent: Respondent) -> Result {
    Result::taken(Outcome::InterviewComplete, respondent, Care::Again)
}

/// Who knocks, and when.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// Index of the crew.
    pub member: usize,
    /// Minute of the day.
    pub minute: u16,
    /// Weekend or holiday.
    pub is_weekend: bool,
    /// An agreed visit.
    pub agreed: bool,
}

/// One visit in person.
pub fn visit(dice: &mut Dice, home: &Home, log: &Log, moment: Moment) -> Result {
    match home.behind {
        Behind::Empty(outcome) => at_empty(dice, outcome, log),
        Behind::NoHome(Outcome::NotFound) => Result::plain(Outcome::NotFound),
        Behind::NoHome(outcome) => at_no_home(dice, outcome),
        Behind::AllAway(_) => at_all_away(dice, log),
        Behind::Lived(_) | Behind::AlsoAt(_) => {
            if log.visits == 0 && dice.chance(0.003) {
                return Result { channel: Channel::Online, ..Result::plain(Outcome::SelfResponse) };
            }
            let p = home.rhythm.chance_in(moment.minute, moment.is_weekend);
            if dice.chance(if moment.agreed { 0.92 } else { p }) {
                let again = matches!(home.behind, Behind::AlsoAt(_));
                at_door(dice, home.temper, log, moment, if again { Care::Again } else { Care::Usual })
            } else {
                nobody_in(dice, log)
            }
        }
    }
}

/// An empty dwelling: it shows, or somebody says so, or it is only silent.
fn at_empty(dice: &mut Dice, outcome: Outcome, log: &Log) -> Result {
    if log.visits > 0 && dice.chance(0.4) {
        let informant = dice.weighted(&[
            (Informant::Neighbour, 5.0),
            (Informant::Manager, 2.0),
            (Informant::Relative, 0.5),
        ]);
        return Result::told(outcome, informant);
    }
    match dice.range(0, 99) {
        0..=41 => Result::plain(outcome),
        42..=44 => Result::told(Outcome::OccupancyUnknown, Informant::Neighbour),
        _ => Result::plain(Outcome::NoAnswer),
    }
}

/// Not a home: a shop or office in a flat.
fn at_no_home(dice: &mut Dice, outcome: Outcome) -> Result {
    match dice.range(0, 9) {
        0..=2 => Result { photo: true, ..Result::plain(outcome) },
        3..=4 => Result::told(outcome, Informant::Manager),
        5..=6 => Result::plain(outcome),
        _ => Result::plain(Outcome::NoAnswer),
    }
}

/// A household of which only the registration is here: a neighbour says so, later somebody answers for it.
fn at_all_away(dice: &mut Dice, log: &Log) -> Result {
    if log.proxy_now {
        let respondent = dice.pick(&[Respondent::Relative, Respondent::Neighbour]);
        return if dice.chance(0.6) {
            Result::taken(Outcome::InterviewProxy, respondent, Care::Hearsay)
        } else {
            Result::told(Outcome::OccupancyUnknown, Informant::Neighbour)
        };
    }
    if dice.chance(if log.visits == 0 { 0.2 } else { 0.5 }) {
        return Result::told(Outcome::HouseholdAway, dice.pick(&[Informant::Neighbour, Informant::Manager]));
    }
    Result::plain(Outcome::NoAnswer)
}

/// Nobody opens.
fn nobody_in(dice: &mut Dice, log: &Log) -> Result {
    let due = log.effort_made() || log.proxy_now || log.attempts >= 5;
    if due && log.vain < 2 {
        return match dice.range(0, 9) {
            0..=4 => {
                let respondent =
                    dice.pick(&[Respondent::Neighbour, Respondent::Neighbour, Respondent::Manager]);
                Result::taken(Outcome::InterviewProxy, respondent, Care::Hearsay)
            }
            5..=7 => Result::told(Outcome::OccupancyUnknown, Informant::Neighbour),
            _ => Result::plain(Outcome::NoAnswer),
        };
    }
    if log.attempts > 0 && dice.chance(0.03) {
        // Asked before it was time.
        return Result::taken(Outcome::InterviewProxy, Respondent::Neighbour, Care::Hearsay);
    }
    if log.attempts >= 2 && dice.chance(0.04) {
        return Result { channel: Channel::Telephone, ..Result::plain(Outcome::NoAnswer) };
    }
    Result::plain(Outcome::NoAnswer)
}

/// Somebody opens.
fn at_door(dice: &mut Dice, temper: Temper, log: &Log, moment: Moment, care: Care) -> Result {
    let by_me = log.refused_by.contains(&moment.member);
    let refuses = match (temper, log.refused_by.len()) {
        (Temper::Willing, _) => 0.02,
        (Temper::Reluctant, 0) => 0.7,
        (Temper::Reluctant, _) if by_me => 0.6,
        (Temper::Reluctant, _) => 0.3,
        (Temper::Unwilling, 0) => 0.95,
        (Temper::Unwilling, _) => 0.75,
    };
    if dice.chance(refuses) {
        let hard = match temper {
            Temper::Willing => 0.0,
            Temper::Reluctant => 0.05,
            Temper::Unwilling => 0.7,
        };
        return Result::plain(if dice.chance(hard) { Outcome::RefusalHard } else { Outcome::RefusalSoft });
    }
    let respondent = dice.pick(&[Respondent::Head, Respondent::Head, Respondent::Member]);
    let complete = Result::taken(Outcome::InterviewComplete, respondent, care);
    if moment.agreed && dice.chance(0.8) {
        return complete;
    }
    match dice.range(0, 999) {
        0..=129 => Result::plain(Outcome::AppointmentMade),
        130..=179 => Result::plain(Outcome::RespondentAway),
        180..=191 => Result::taken(Outcome::InterviewPartial, respondent, Care::Partial),
        192..=201 => Result::plain(Outcome::BreakOff),
        202..=205 => Result::plain(Outcome::Language),
        206..=211 => Result::plain(Outcome::Incapable),
        212..=214 => Result::plain(Outcome::ScreenFailed),
        _ => complete,
    }
}
