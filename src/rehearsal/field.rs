//! The field work of a rehearsal, day by day: enumerators walk staircases, keep agreed visits, try again, and fill
//! their devices with records. What they send, and when, is `outbox`.

use super::crew::{self, Enumerator, Pin};
use super::dice::Dice;
use super::knock::{self, Log, Moment};
use super::sheet;
use super::world::World;
use crate::domain::code::Outcome;
use crate::domain::rules::{Calendar, Span};
use crate::forms::model::FormModel;
use crate::setup::Setup;
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp, ToSpan};

/// How long a knock that nobody answers takes, with the way to the next door, seconds.
const KNOCK_S: i64 = 110;
/// How long a staircase more takes, seconds.
const NEXT_STAIRCASE_S: i64 = 170;
/// Days between a refusal and the next try.
const COOLING_DAYS: i64 = 2;
/// Attempts after which a door is left to the supervisor.
const MOST_ATTEMPTS: u8 = 6;

/// The field and everything that happened in it so far.
pub struct Field<'a> {
    /// The truth.
    pub world: World<'a>,
    /// The people.
    pub crew: Vec<Enumerator>,
    /// What was seen of each home.
    pub logs: Vec<Log>,
    /// The survey's wall clock.
    pub calendar: Calendar,
    /// Nothing happens from this moment on.
    pub until: Timestamp,
    /// Last day on which visits are agreed for.
    pub ends_on: Date,
    /// The seed.
    pub seed: u64,
    /// Forms that are filled in behind every door after the census form.
    pub extra_forms: Vec<&'a FormModel>,
}

/// One stretch of work.
pub(super) struct Shift {
    /// Index of the crew.
    pub member: usize,
    /// The day.
    pub date: Date,
    /// The present moment.
    pub now: Timestamp,
    /// When it ends.
    pub end: Timestamp,
    /// Draws of this stretch.
    pub dice: Dice,
    /// Added to the device's clock while it is wrong, seconds.
    pub jump_s: i64,
}

impl<'a> Field<'a> {
    /// The field before the first visit.
    pub fn new(setup: &'a Setup, seed: u64, until: Timestamp, ends_on: Date) -> Self {
        let world = World::new(setup, seed);
        let crew = crew::muster(&world, seed);
        let logs = vec![Log::default(); world.homes.len()];
        let calendar = Calendar::new(&setup.survey.policy, setup.survey.zone());
        let extra_forms = sheet::extra_forms(setup);
        Self { world, crew, logs, calendar, until, ends_on, seed, extra_forms }
    }

    /// One member's work in one stretch of a day; when it ended, or `None` when it was not begun.
    pub fn work(&mut self, member: usize, date: Date, day: i64, span: Span) -> Option<Timestamp> {
        let window = self.calendar.window(date, span);
        let mut dice = Dice::of(self.seed, &["shift", &self.crew[member].user, &window.from.to_string()]);
        let now = later(window.from, dice.range(0, 900));
        let end = window.to.min(self.until);
        if now >= end {
            return None;
        }
        let mut shift = Shift { member, date, now, end, dice, jump_s: 0 };
        self.take_up_later_records(member, date);
        self.begin_with_wrong_clock(&mut shift, day);
        let mut walked = Vec::new();
        while shift.now < shift.end {
            self.keep_pins(&mut shift);
            let Some(stair) = self.best_staircase(&shift, &walked) else {
                break;
            };
            walked.push(stair);
            self.walk(&mut shift, stair);
        }
        self.try_conversions(&mut shift);
        self.stray_to_a_finished_door(&mut shift);
        self.revisit_found_doors(&mut shift);
        if day % 4 == 2 && member % 2 == usize::try_from(day / 4 % 2).unwrap_or(0) {
            self.ask_the_manager(&mut shift);
        }
        Some(shift.now)
    }

    /// Records that were to wait until today.
    fn take_up_later_records(&mut self, member: usize, date: Date) {
        let me = &mut self.crew[member];
        let (due, waiting) = std::mem::take(&mut me.later).into_iter().partition(|(from, _)| *from <= date);
        me.later = waiting;
        me.outbox.extend::<Vec<_>>(due.into_iter().map(|(_, record): (Date, _)| record).collect());
    }

    /// Now and then a device comes up a day ahead, or years behind, and is set right after a few doors.
    fn begin_with_wrong_clock(&mut self, shift: &mut Shift, day: i64) {
        let turn = (i64::try_from(shift.member).unwrap_or(0) * 5 + day * 7) % 31;
        shift.jump_s = match turn {
            9 => 26 * 3600,
            22 => -(365 * 6 * 86_400),
            _ => return,
        };
        for _ in 0..3 {
            let Some(stair) = self.best_staircase(shift, &[]) else {
                break;
            };
            let due = self.crew[shift.member].stairs[stair]
                .homes
                .iter()
                .copied()
                .find(|&home| self.is_due(shift, home));
            let Some(home) = due else { break };
            self.knock(shift, home, false);
        }
        shift.jump_s = 0;
    }

    /// Goes wherever a visit was agreed for about now; drops what has passed.
    fn keep_pins(&mut self, shift: &mut Shift) {
        loop {
            let early = later(shift.now, 600);
            let pins = &self.crew[shift.member].pins;
            let Some(at) = pins.iter().position(|pin| pin.from <= early) else {
                return;
            };
            let Pin { home, to, .. } = self.crew[shift.member].pins.swap_remove(at);
            if shift.now <= to && !self.logs[home].closed && shift.dice.chance(0.92) {
                self.knock(shift, home, true);
            }
        }
    }

    /// The staircase that promises most now, of those not walked in this stretch.
    fn best_staircase(&self, shift: &Shift, walked: &[usize]) -> Option<usize> {
        let stairs = &self.crew[shift.member].stairs;
        let count = |n: usize| f64::from(u32::try_from(n).unwrap_or(u32::MAX));
        let worth = |stair: usize| {
            let open = stairs[stair].homes.iter().filter(|&&home| self.is_due(shift, home));
            let worth: f64 = open.map(|&home| self.worth(shift, home)).sum();
            // The first staircases are liked a little better, so that the work starts at one end.
            let place = 1.0 - 0.3 * count(stair) / count(stairs.len());
            let mut mood = Dice::of(self.seed, &["mood", &shift.now.to_string(), &stair.to_string()]);
            worth * place * (0.8 + 0.4 * mood.unit())
        };
        let best =
            (0..stairs.len()).filter(|stair| !walked.contains(stair)).map(|stair| (stair, worth(stair)));
        best.filter(|&(_, worth)| worth > 0.0).max_by(|a, b| a.1.total_cmp(&b.1)).map(|(stair, _)| stair)
    }

    /// What a visit to a due home is worth: new doors, and old ones at a new hour.
    fn worth(&self, shift: &Shift, home: usize) -> f64 {
        let log = &self.logs[home];
        let Some(last) = log.days.last() else { return 1.0 };
        let days = f64::from(last.until(shift.date).map_or(0, |span| span.get_days()));
        let local = self.calendar.local(shift.now);
        let fresh = u8::from(!log.evening && local.band == self.calendar.evening())
            + u8::from(!log.weekend && local.is_weekend);
        0.25 + 0.3 * days.min(3.0) + 0.5 * f64::from(fresh)
    }

    /// Whether a home is to be visited in this stretch by this member.
    pub(super) fn is_due(&self, shift: &Shift, home: usize) -> bool {
        let log = &self.logs[home];
        let today = log.days.last().is_some_and(|&last| last >= shift.date);
        let agreed = self.crew[shift.member].pins.iter().any(|pin| pin.home == home);
        !log.closed && !today && !agreed && log.refused_by.is_empty() && log.attempts < MOST_ATTEMPTS
    }

    /// Walks one staircase from below, as long as the stretch lasts.
    fn walk(&mut self, shift: &mut Shift, stair: usize) {
        shift.now = later(shift.now, NEXT_STAIRCASE_S + shift.dice.range(-60, 120));
        let homes: Vec<_> = self.crew[shift.member].stairs[stair].homes.clone();
        let lift = homes.iter().any(|&home| self.world.row(home).floor.is_some_and(|floor| floor > 7));
        let locked = shift.dice.chance(if lift { 0.05 } else { 0.01 });
        for home in homes {
            self.keep_pins(shift);
            if shift.now >= shift.end {
                return;
            }
            if !self.is_due(shift, home) {
                continue;
            }
            if locked {
                let closed_door = knock::plain(Outcome::NoEntry);
                self.note_down(shift, home, &closed_door, None);
                return;
            }
            self.knock(shift, home, false);
        }
        if shift.dice.chance(0.04) {
            self.find_a_door(shift, stair);
        }
    }

    /// Tries those that refused to somebody else.
    fn try_conversions(&mut self, shift: &mut Shift) {
        let open = std::mem::take(&mut self.crew[shift.member].conversions);
        for home in open {
            let log = &self.logs[home];
            let cooled = log.days.last().is_none_or(|last| {
                last.until(shift.date).is_ok_and(|span| i64::from(span.get_days()) >= COOLING_DAYS)
            });
            if log.closed {
                continue;
            }
            if !cooled || shift.now >= later(shift.end, 1200) {
                self.crew[shift.member].conversions.push(home);
                continue;
            }
            self.knock(shift, home, false);
            if self.logs[home].refused_by.len() > 1 {
                self.logs[home].closed = true;
            } else if !self.logs[home].closed {
                self.crew[shift.member].conversions.push(home);
            }
        }
    }

    /// One visit in person with everything that follows from it.
    pub(super) fn knock(&mut self, shift: &mut Shift, home: usize, agreed: bool) {
        let local = self.calendar.tz.to_datetime(shift.now);
        let minute = u16::from(local.hour().unsigned_abs()) * 60 + u16::from(local.minute().unsigned_abs());
        let is_weekend = self.calendar.is_weekend(shift.now);
        let moment = Moment { member: shift.member, minute, is_weekend, agreed };
        let log = &self.logs[home];
        let mut dice = self.world.dice(home, &format!("visit {} {}", log.visits, log.refused_by.len()));
        let mut result = knock::visit(&mut dice, &self.world.homes[home], log, moment);
        let window = if result.outcome == Outcome::AppointmentMade { self.agree(shift, home) } else { None };
        if result.outcome == Outcome::AppointmentMade && window.is_none() {
            result = knock::plain(Outcome::RespondentAway);
        }
        self.remember(shift, home, &result);
        self.note_down(shift, home, &result, window);
    }

    /// Agrees a visit on one of the next days, mostly on hours this member works.
    fn agree(&mut self, shift: &mut Shift, home: usize) -> Option<(Timestamp, Timestamp)> {
        let dice = &mut shift.dice;
        let days = dice.weighted(&[(1, 0.55), (2, 0.3), (3, 0.15)]);
        let date = shift.date.checked_add(days.days()).ok().filter(|&date| date <= self.ends_on)?;
        let hours = self.crew[shift.member].hours(date, &self.calendar);
        let off_duty = Span { from: 600, to: 720 };
        let span = if hours.is_empty() || dice.chance(0.06) { off_duty } else { dice.pick(&hours) };
        let latest = (i64::from(span.to) - i64::from(span.from) - 45).max(0) / 15;
        let from = i64::from(span.from) + 15 * dice.range(0, latest);
        let start = self.calendar.moment(date, u16::try_from(from).unwrap_or(span.from));
        let window = (start, later(start, 60 * dice.pick(&[30, 45, 60])));
        self.crew[shift.member].pins.retain(|pin| pin.home != home);
        self.crew[shift.member].pins.push(Pin { home, from: window.0, to: window.1 });
        Some(window)
    }

    /// What the field now knows about the door.
    fn remember(&mut self, shift: &Shift, home: usize, result: &knock::Result) {
        let local = self.calendar.local(shift.now);
        let (evening, date) = (self.calendar.evening(), shift.date);
        let log = &mut self.logs[home];
        log.visits += 1;
        log.note(result, date);
        if log.counts(result) {
            log.attempts = log.attempts.saturating_add(1);
            log.evening |= local.band.is_some() && local.band == evening;
            log.weekend |= local.is_weekend;
        }
        if matches!(result.outcome, Outcome::RefusalSoft | Outcome::RefusalHard) {
            log.refused_by.push(shift.member);
            let is_first = log.refused_by.len() == 1;
            let partner =
                crew::colleague(&self.crew, shift.member, self.world.area(home)).filter(|_| is_first);
            if let Some(partner) = partner {
                self.crew[partner].conversions.push(home);
            }
        }
        if self.logs[home].closed && result.outcome == Outcome::InterviewComplete {
            self.logs[home].done_by = Some(shift.member);
        }
    }
}

/// `seconds` after `moment`.
pub(super) fn later(moment: Timestamp, seconds: i64) -> Timestamp {
    moment.checked_add(SignedDuration::from_secs(seconds)).unwrap_or(moment)
}

/// How long a visit takes, seconds.
pub(super) fn lasts_s(dice: &mut Dice, result: &knock::Result, persons: i64) -> i64 {
    match result.form {
        Some(_) => 240 + 110 * persons + dice.range(-60, 240),
        None if result.outcome == Outcome::NoAnswer => KNOCK_S + dice.range(-30, 60),
        None => KNOCK_S + dice.range(20, 150),
    }
}
