//! The short form of a case's evidence that stands on the case itself, so that an upload folds a door without reading all that
//! ever came of it. The tables stay the truth: what cannot be read here is read there.

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{person_counts, person_numbers};
use crate::domain::code::{Channel, Informant, InterviewResult, Outcome, Respondent};
use crate::domain::evidence::{Interview, Visit, Window};
use crate::domain::ids::{InterviewId, VisitId};

/// First byte of a pack; another one is of another version of this program, and is not read.
const FORMAT: u8 = 1;
/// Most records packed: the row of a case is to stay inside one page with many others.
const MOST: usize = 64;

/// Accepted visits, and the interviews that count as evidence, of one case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Taken {
    /// Visits.
    pub visits: Vec<Visit>,
    /// Interviews, each with the number of its people who are counted at another household.
    pub interviews: Vec<(Interview, i32)>,
}

/// [`Taken`] in bytes; `None` where a case has too much for it.
pub type Pack = Option<Vec<u8>>;

/// A moment, in microseconds since 1970.
type Micros = i64;

#[derive(Serialize, Deserialize)]
struct Packed<'a> {
    #[serde(borrow)]
    names: Vec<&'a str>,
    visits: Vec<PackedVisit>,
    interviews: Vec<PackedInterview>,
}

/// Id, time, receipt, outcome, place of the enumerator's name, channel, informant, whether there is a picture, appointment.
type PackedVisit = (Uuid, Micros, Micros, i16, usize, i16, i16, bool, Option<(Micros, Micros)>);

/// Id, revision, visit, result, respondent, time, receipt, counted elsewhere, person figures, people counted elsewhere.
type PackedInterview = (Uuid, i32, Option<Uuid>, i16, i16, Micros, Micros, bool, [i32; 6], i32);

impl Taken {
    /// In bytes.
    pub fn pack(&self) -> Pack {
        if self.visits.len() + self.interviews.len() > MOST {
            return None;
        }
        let mut names: Vec<&str> = Vec::new();
        let visits = self
            .visits
            .iter()
            .map(|v| {
                let name = names.iter().position(|n| **n == *v.enumerator).unwrap_or_else(|| {
                    names.push(&v.enumerator);
                    names.len() - 1
                });
                (
                    v.id.0,
                    v.at.as_microsecond(),
                    v.received_at.as_microsecond(),
                    v.outcome.number(),
                    name,
                    v.channel.number(),
                    v.informant.number(),
                    v.has_photo,
                    v.appointment.map(|w| (w.from.as_microsecond(), w.to.as_microsecond())),
                )
            })
            .collect();
        let interviews = self
            .interviews
            .iter()
            .map(|(i, paired)| {
                (
                    i.id.0,
                    i.revision,
                    i.visit_id.map(|v| v.0),
                    i.result.number(),
                    i.respondent.number(),
                    i.at.as_microsecond(),
                    i.received_at.as_microsecond(),
                    i.counted_elsewhere,
                    person_numbers(&i.persons),
                    *paired,
                )
            })
            .collect();
        postcard::to_extend(&Packed { names, visits, interviews }, vec![FORMAT]).ok()
    }

    /// Back from bytes; `None` for those of another version.
    pub fn unpack(bytes: &[u8]) -> Option<Self> {
        let packed: Packed<'_> = postcard::from_bytes(bytes.strip_prefix(&[FORMAT])?).ok()?;
        let names: Vec<Arc<str>> = packed.names.into_iter().map(Arc::from).collect();
        let visits = packed.visits.into_iter().map(|v| visit(v, &names)).collect::<Option<_>>()?;
        let interviews = packed.interviews.into_iter().map(interview).collect::<Option<_>>()?;
        Some(Self { visits, interviews })
    }
}

fn moment(micros: Micros) -> Option<Timestamp> {
    Timestamp::from_microsecond(micros).ok()
}

fn visit(v: PackedVisit, names: &[Arc<str>]) -> Option<Visit> {
    let (id, at, received_at, outcome, name, channel, informant, has_photo, appointment) = v;
    let appointment = match appointment {
        Some((from, to)) => Some(Window { from: moment(from)?, to: moment(to)? }),
        None => None,
    };
    Some(Visit {
        id: VisitId(id),
        at: moment(at)?,
        received_at: moment(received_at)?,
        outcome: Outcome::from_number(outcome)?,
        enumerator: Arc::clone(names.get(name)?),
        channel: Channel::from_number(channel)?,
        informant: Informant::from_number(informant)?,
        has_photo,
        appointment,
    })
}

fn interview(i: PackedInterview) -> Option<(Interview, i32)> {
    let (id, revision, visit_id, result, respondent, at, received_at, counted_elsewhere, figures, paired) = i;
    let interview = Interview {
        id: InterviewId(id),
        revision,
        visit_id: visit_id.map(VisitId),
        result: InterviewResult::from_number(result)?,
        respondent: Respondent::from_number(respondent)?,
        at: moment(at)?,
        received_at: moment(received_at)?,
        counted_elsewhere,
        persons: person_counts(&figures),
    };
    Some((interview, paired))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::evidence::PersonCounts;

    fn time() -> impl Strategy<Value = Timestamp> {
        (0_i64..4_000_000_000_000_000).prop_map(|micros| Timestamp::from_microsecond(micros).unwrap())
    }

    fn window() -> impl Strategy<Value = Window> {
        (time(), time()).prop_map(|(from, to)| Window { from, to })
    }

    prop_compose! {
        fn visits()(
            id in any::<u128>(), at in time(), received_at in time(), outcome in proptest::sample::select(Outcome::ALL),
            name in "[a-z]{0,3}", channel in proptest::sample::select(Channel::ALL),
            informant in proptest::sample::select(Informant::ALL), has_photo in any::<bool>(),
            appointment in proptest::option::of(window()),
        ) -> Visit {
            let id = VisitId(Uuid::from_u128(id));
            Visit { id, at, received_at, outcome, enumerator: Arc::from(name), channel, informant, has_photo, appointment }
        }
    }

    prop_compose! {
        fn interviews()(
            id in any::<u128>(), revision in 1_i32..99, visit in proptest::option::of(any::<u128>()),
            result in proptest::sample::select(InterviewResult::ALL), respondent in proptest::sample::select(Respondent::ALL),
            at in time(), received_at in time(), counted_elsewhere in any::<bool>(), recorded in 0_u32..99,
            here_elsewhere in 0_u32..99, paired in 0_i32..9,
        ) -> (Interview, i32) {
            let persons = PersonCounts { recorded, here_elsewhere, ..PersonCounts::NONE };
            let (id, visit_id) = (InterviewId(Uuid::from_u128(id)), visit.map(|v| VisitId(Uuid::from_u128(v))));
            let interview = Interview { id, revision, visit_id, result, respondent, at, received_at, counted_elsewhere, persons };
            (interview, paired)
        }
    }

    proptest! {
        #[test]
        fn what_is_packed_comes_back(
            visits in proptest::collection::vec(visits(), 0..20),
            interviews in proptest::collection::vec(interviews(), 0..5),
            cut in any::<proptest::sample::Index>(),
        ) {
            let taken = Taken { visits, interviews };
            let bytes = taken.pack().unwrap();
            prop_assert_eq!(Taken::unpack(&bytes), Some(taken.clone()));
            // A pack that was cut off or comes from elsewhere is not believed.
            let mut other = bytes.clone();
            other[0] = FORMAT + 1;
            prop_assert_eq!(Taken::unpack(&other), None);
            prop_assert_eq!(Taken::unpack(&bytes[..cut.index(bytes.len())]), None);
        }
    }

    #[test]
    fn a_busy_door_is_not_packed() {
        let one = Visit {
            id: VisitId(Uuid::nil()),
            at: Timestamp::UNIX_EPOCH,
            received_at: Timestamp::UNIX_EPOCH,
            outcome: Outcome::NoAnswer,
            enumerator: Arc::from("e01"),
            channel: Channel::InPerson,
            informant: Informant::None,
            has_photo: false,
            appointment: None,
        };
        let with = |n: usize| Taken { visits: vec![one.clone(); n], interviews: Vec::new() };
        let size = with(MOST).pack().map(|bytes| bytes.len());
        assert!(size.is_some_and(|n| n < 2900), "{size:?}");
        assert_eq!(with(MOST + 1).pack(), None);
    }
}
