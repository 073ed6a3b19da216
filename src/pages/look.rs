//! How a state looks: nine looks, each a colour, a sign and words. A look follows the state alone, so legends add up.

use std::collections::BTreeMap;

use super::words::Words;
use crate::domain::State;

/// A look of doors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Look {
    /// An interview was taken.
    Completed,
    /// A time was agreed.
    Appointment,
    /// Tried, to be tried again.
    Again,
    /// Refused.
    Refused,
    /// No tries left.
    Exhausted,
    /// Somebody says nobody lives there; to be checked.
    Verify,
    /// Closed by a supervisor.
    Closed,
    /// Nobody has been there.
    New,
    /// Not in the denominator: not eligible, merged or cancelled.
    Out,
}

impl Look {
    /// Every look, in the order of legends.
    pub const ALL: [Self; 9] = [
        Self::Completed,
        Self::Appointment,
        Self::Again,
        Self::Refused,
        Self::Exhausted,
        Self::Verify,
        Self::Closed,
        Self::New,
        Self::Out,
    ];

    /// The look of a state.
    pub fn of(state: State) -> Self {
        match state {
            State::Completed => Self::Completed,
            State::Appointment => Self::Appointment,
            State::InProgress | State::Partial | State::Proxy => Self::Again,
            State::Refused => Self::Refused,
            State::Exhausted => Self::Exhausted,
            State::Verify => Self::Verify,
            State::Closed => Self::Closed,
            State::New => Self::New,
            State::NotEligible | State::Merged | State::Cancelled => Self::Out,
        }
    }

    /// Its word in URLs, classes and the sprite.
    pub fn slug(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Appointment => "appointment",
            Self::Again => "again",
            Self::Refused => "refused",
            Self::Exhausted => "exhausted",
            Self::Verify => "verify",
            Self::Closed => "closed",
            Self::New => "new",
            Self::Out => "out",
        }
    }

    /// The look of that word.
    pub fn from_slug(slug: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|l| l.slug() == slug)
    }

    /// The states that look so.
    pub fn states(self) -> Vec<State> {
        State::ALL.iter().copied().filter(|s| Self::of(*s) == self).collect()
    }

    /// The states that look so, as the filter of a list of doors.
    pub fn filter(self) -> String {
        self.states().iter().map(|s| s.slug()).collect::<Vec<_>>().join(",")
    }

    /// The filter of all doors due.
    pub fn due_filter() -> String {
        Self::ALL.iter().filter(|l| **l != Self::Out).map(|l| l.filter()).collect::<Vec<_>>().join(",")
    }

    /// Its name.
    pub fn label(self, words: Words) -> String {
        words.t(&format!("look.{}", self.slug())).to_owned()
    }

    /// The sign in the sprite; none for a door nobody has been to.
    pub fn sign(self, words: Words) -> Option<&'static str> {
        match self {
            Self::Completed => Some("completed"),
            Self::Appointment => Some(words.pick("appointment-en", "appointment-zh")),
            Self::Again => Some("again"),
            Self::Refused => Some("refused"),
            Self::Exhausted => Some("exhausted"),
            Self::Verify => Some("verify"),
            Self::Closed => Some("closed"),
            Self::New => None,
            Self::Out => Some("out"),
        }
    }
}

/// The sign of one door: two states of the same look have a sign of their own.
pub fn sign_of(state: State, words: Words) -> Option<&'static str> {
    match state {
        State::Partial => Some("partial"),
        State::Proxy => Some("proxy"),
        State::New
        | State::InProgress
        | State::Appointment
        | State::Exhausted
        | State::Refused
        | State::Verify
        | State::NotEligible
        | State::Closed
        | State::Completed
        | State::Merged
        | State::Cancelled => Look::of(state).sign(words),
    }
}

/// How many doors have each look.
pub fn looks(states: &BTreeMap<&'static str, i64>) -> BTreeMap<Look, i64> {
    let mut all: BTreeMap<Look, i64> = Look::ALL.into_iter().map(|l| (l, 0)).collect();
    for (slug, n) in states {
        if let Some(state) = State::from_slug(slug) {
            *all.entry(Look::of(state)).or_default() += n;
        }
    }
    all
}

/// One entry of a legend.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The look.
    pub look: Look,
    /// Its name.
    pub label: String,
    /// Its sign.
    pub sign: Option<&'static str>,
    /// How many doors.
    pub n: i64,
    /// The same, with its thousands set apart.
    pub shown: String,
    /// The states behind it, as a filter.
    pub filter: String,
}

/// Entries of a legend; looks without a door are left out.
pub fn legend(counts: &BTreeMap<Look, i64>, words: Words) -> Vec<Entry> {
    counts
        .iter()
        .filter(|(_, n)| **n != 0)
        .map(|(look, n)| Entry {
            look: *look,
            label: look.label(words),
            sign: look.sign(words),
            n: *n,
            shown: super::figures::thousands(*n),
            filter: look.filter(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_has_one_look_and_every_look_its_states() {
        let all: usize = Look::ALL.iter().map(|l| l.states().len()).sum();
        assert_eq!(all, State::ALL.len());
        assert!(Look::ALL.iter().all(|l| Look::from_slug(l.slug()) == Some(*l)));
    }

    #[test]
    fn what_is_due_is_everything_but_the_look_that_is_not_counted() {
        let due: Vec<State> = State::ALL.iter().copied().filter(|s| Look::of(*s) != Look::Out).collect();
        assert!(due.iter().all(|s| s.is_active() && *s != State::NotEligible));
    }
}
