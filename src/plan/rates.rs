//! What this survey's own visits teach about success, proxies and minutes; start values count as twenty visits.
//! Simple shrunken means; it must not know hours of the day beyond "before or after 18:00".

use super::ground::{Ground, SAME_FLOOR_MIN};
use super::input::DayInput;
use super::knock::{Met, Past, met};
use super::slot::{Slot, wall};
use crate::domain::{Channel, Class, Informant, Outcome};

/// Visits that the start values count for.
const PSEUDO: f64 = 20.0;

/// Rates and minutes as known today.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Learnt {
    /// Chance that an answered knock ends in an interview, now or at the appointment made.
    pub success: f64,
    /// The same at a second try after a refusal, by another person.
    pub conversion: f64,
    /// Chance that a neighbour answers for the household: before 18:00, after.
    pub proxy: (f64, f64),
    /// Chance that an empty dwelling, knocked at, is recognised as such.
    pub looks_empty: f64,
    /// Minutes of a knock in vain.
    pub knock_min: f64,
    /// Minutes of an interview.
    pub interview_min: f64,
}

/// A share with its start value.
#[derive(Clone, Copy)]
struct Share(f64, f64);

impl Share {
    fn start(value: f64) -> Self {
        Self(value * PSEUDO, PSEUDO)
    }

    fn add(&mut self, hit: f64) {
        self.0 += hit;
        self.1 += 1.0;
    }

    fn value(self) -> f64 {
        self.0 / self.1
    }
}

impl Learnt {
    /// Reads the visits of `day`.
    pub fn new(day: &DayInput, ground: &Ground) -> Self {
        let (mut success, mut conversion) = (Share::start(0.85), Share::start(0.35));
        let mut proxy = (Share::start(0.35), Share::start(0.45));
        for door in &day.doors {
            let mut refused = false;
            let mut visits: Vec<_> = door.visits.iter().collect();
            visits.sort_by(|a, b| (a.at, &a.enumerator).cmp(&(b.at, &b.enumerator)));
            for v in visits {
                if v.informant != Informant::None {
                    let late = wall(v.at, &day.rules.calendar).1 >= 1080.0;
                    let share = if late { &mut proxy.1 } else { &mut proxy.0 };
                    if let Some(hit) = proxy_hit(v.outcome) {
                        share.add(hit);
                    }
                } else if v.channel == Channel::InPerson && met(v.outcome) == Some(Met::Somebody) {
                    let share = if refused { &mut conversion } else { &mut success };
                    share.add(worth(v.outcome));
                    refused |= v.outcome.class() == Class::R;
                }
            }
        }
        let (knock_min, interview_min) = minutes(day, ground);
        Self {
            success: success.value(),
            conversion: conversion.value(),
            proxy: (proxy.0.value(), proxy.1.value()),
            looks_empty: 0.45,
            knock_min,
            interview_min,
        }
    }

    /// Chance that a neighbour answers in this slot.
    pub fn proxy(&self, slot: Slot) -> f64 {
        if slot.of_day() < 6 { self.proxy.0 } else { self.proxy.1 }
    }
}

fn proxy_hit(outcome: Outcome) -> Option<f64> {
    if outcome == Outcome::InterviewProxy {
        return Some(1.0);
    }
    matches!(
        outcome,
        Outcome::NoAnswer | Outcome::RespondentAway | Outcome::OccupancyUnknown | Outcome::ScreenFailed
    )
    .then_some(0.0)
}

/// How much of an interview an answered knock brought: an appointment is nearly one.
fn worth(outcome: Outcome) -> f64 {
    if outcome == Outcome::AppointmentMade {
        return 0.85;
    }
    match outcome.class() {
        Class::I => 1.0,
        Class::P | Class::NC => 0.5,
        Class::R => 0.0,
        Class::O | Class::UH | Class::UO | Class::NE => 0.2,
    }
}

/// Mean minutes of a knock and of an interview, from the gaps between visits of one person in one staircase.
fn minutes(day: &DayInput, ground: &Ground) -> (f64, f64) {
    let start = &day.rules.policy.minutes;
    let mut trail: Vec<_> = day
        .doors
        .iter()
        .enumerate()
        .flat_map(|(i, d)| d.visits.iter().map(move |v| (&*v.enumerator, v.at, i, v.outcome)))
        .collect();
    trail.sort_unstable();
    let (mut knock, mut talk) = (Share::start(start.knock), Share::start(start.interview));
    for pair in trail.windows(2) {
        let ((who, at, door, outcome), (next_who, next_at, next, _)) = (pair[0], pair[1]);
        if who != next_who || ground.stair_of[door] != ground.stair_of[next] || door == next {
            continue;
        }
        let walk = SAME_FLOOR_MIN
            + ground
                .building_of(ground.stair_of[door])
                .climb_min((ground.height[door] - ground.height[next]).abs(), start);
        let gap = next_at.duration_since(at).as_secs_f64() / 60.0 - walk;
        if outcome == Outcome::InterviewComplete && (2.0..60.0).contains(&gap) {
            talk.add(gap);
        } else if outcome == Outcome::NoAnswer && (0.0..8.0).contains(&gap) {
            knock.add(gap);
        }
    }
    (knock.value(), talk.value())
}

/// A door's misses are many: three or more since anybody was met.
pub fn is_hard(past: &Past) -> bool {
    past.misses() >= 3
}
