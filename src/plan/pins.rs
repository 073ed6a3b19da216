//! Appointments: hard windows, given out before anything else.
//! It places them; what else the day holds does not concern it.

use super::input::DayInput;
use super::staff::{Turn, may_work};
use super::tasks::{Agreed, moment};

/// Minutes on the way to an appointment that are set aside with it.
pub const WAY_MIN: f64 = 4.0;

/// An appointment with its enumerator.
#[derive(Clone, Debug, PartialEq)]
pub struct Pin {
    /// Index of the door.
    pub door: usize,
    /// Index of the turn.
    pub turn: usize,
    /// Planned start inside the window, wall-clock minute.
    pub at: f64,
    /// End of the window.
    pub to: f64,
}

/// Appointments placed, and those nobody can keep.
#[derive(Clone, Debug, Default)]
pub struct Pins {
    /// By start.
    pub kept: Vec<Pin>,
    /// Indices of doors whose appointment falls into nobody's shift.
    pub unkept: Vec<usize>,
}

/// Gives every appointment to one turn: the person the household knows if on shift then, else whoever is free
/// at the agreed hour with the fewest appointments (ties by shift order).
pub fn place(agreed: &[Agreed], turns: &[Turn], day: &DayInput) -> Pins {
    let reserve = f64::from(day.rules.policy.appointment.reserve_minutes) + WAY_MIN;
    let mut pins = Pins::default();
    for a in agreed {
        let best = (0..turns.len())
            .filter(|&t| may_go(a.door, turns[t].who, day))
            .filter_map(|t| {
                let at = earliest(a, t, &turns[t], &pins.kept, reserve)?;
                let late = at - a.from;
                let load = pins.kept.iter().filter(|p| turns[p.turn].who == turns[t].who).count();
                let known = is_known(a.door, turns[t].who, day);
                Some(((late > 0.5, !known, load, t), at, t))
            })
            .min_by(|x, y| x.0.cmp(&y.0));
        match best {
            Some((_, at, turn)) => pins.kept.push(Pin { door: a.door, turn, at, to: a.to }),
            None => pins.unkept.push(a.door),
        }
    }
    pins.kept.sort_by(|a, b| a.at.total_cmp(&b.at).then(a.door.cmp(&b.door)));
    pins
}

/// The household knows the person, or the appointment is already on that person's sheet.
fn is_known(door: usize, who: usize, day: &DayInput) -> bool {
    let (d, e) = (&day.doors[door], &day.enumerators[who]);
    let has_it = e.doing.as_ref().is_some_and(|doing| doing.keep.contains(&d.case_id));
    has_it || d.assigned.as_deref() == Some(&*e.user)
}

/// Whether the door is within the person's areas, not lent to somebody else, and the person was not refused there.
pub fn may_go(door: usize, who: usize, day: &DayInput) -> bool {
    let (d, e) = (&day.doors[door], &day.enumerators[who]);
    let lent = d.lease.as_ref().is_some_and(|l| l.until > moment(day) && l.user != e.user);
    !lent && may_work(e, &d.area)
}

/// First start inside the window and the turn that stays clear of the turn's other appointments.
fn earliest(a: &Agreed, turn: usize, span: &Turn, kept: &[Pin], reserve: f64) -> Option<f64> {
    let last = a.to.min(span.to - 1.0);
    let mut at = a.from.max(span.from);
    let mut taken: Vec<f64> = kept.iter().filter(|p| p.turn == turn).map(|p| p.at).collect();
    taken.sort_by(f64::total_cmp);
    for t in taken {
        if (at - t).abs() < reserve {
            at = t + reserve;
        }
    }
    (at <= last).then_some(at)
}
