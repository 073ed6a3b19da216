//! Which stored record the id of a record means.
//!
//! To whoever sends it, an id means a record that the sender may know of: the own one, or one at a door within reach. An id under
//! which somebody else's record is stored means nothing to the sender. What is sent with it is stored under an id of its own
//! instead, made from the id and the sender, and found again by it: so it is answered like a record with any new id, and the
//! other record stays as it is.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use uuid::Uuid;

use super::Error;
use super::classify;
use super::digest::Keys;
use super::record::{Parsed, Read};
use crate::store::batch::{self, Known};
use crate::store::{Sight, SurveyKey, Tx, Whose};

/// A batch's records under the ids they have here.
pub(super) struct Meant<'a> {
    /// As sent, unless an id is somebody else's.
    pub(super) reads: Cow<'a, [Read]>,
    /// What is stored of them.
    pub(super) known: Vec<Known>,
}

impl<'a> Meant<'a> {
    /// Looks the records up with the eyes of their sender.
    pub(super) async fn of(
        (tx, key): (&Tx, SurveyKey),
        keys: &Keys,
        sight: &Sight,
        reads: &'a [Read],
    ) -> Result<Self, Error> {
        let ids = classify::ids(reads);
        let named = named_visits(reads, &ids);
        let mut known = batch::known_records(tx, key, &[ids.as_slice(), &named].concat(), sight).await?;
        let mut stand_ins: HashMap<Uuid, Uuid> =
            foreign(&known).into_iter().map(|id| (id, keys.stand_in(id, &sight.user))).collect();
        let is_named = |id: &Uuid| named.binary_search(id).is_ok();
        known.retain(|k| !stand_ins.contains_key(&k.id) && !is_named(&k.id));
        if stand_ins.is_empty() {
            return Ok(Self { reads: Cow::Borrowed(reads), known });
        }
        let made: Vec<Uuid> = stand_ins.values().copied().collect();
        let own = batch::known_records(tx, key, &made, sight).await?;
        // A named visit that is somebody else's, while there is no own one of that id, is one that has not come.
        stand_ins.retain(|id, made| !is_named(id) || own.iter().any(|k| k.id == *made));
        let renamed = reads.iter().map(|read| renamed(read, &stand_ins)).collect();
        let records: HashSet<Uuid> = ids.iter().filter_map(|id| stand_ins.get(id).copied()).collect();
        known.extend(own.into_iter().filter(|k| records.contains(&k.id)));
        Ok(Self { reads: Cow::Owned(renamed), known })
    }
}

/// The visits that interviews name, without those that are in `ids` anyway.
fn named_visits(reads: &[Read], ids: &[Uuid]) -> Vec<Uuid> {
    let of = |read: &Read| if let Parsed::Interview(r) = &read.parsed { r.visit.map(|v| v.0) } else { None };
    let mut named: Vec<Uuid> =
        reads.iter().filter_map(of).filter(|id| ids.binary_search(id).is_err()).collect();
    named.sort_unstable();
    named.dedup();
    named
}

/// Ids under which nothing is stored that the sender may know of.
fn foreign(known: &[Known]) -> HashSet<Uuid> {
    let seen: HashSet<Uuid> = known.iter().filter(|k| k.whose != Whose::Foreign).map(|k| k.id).collect();
    known.iter().map(|k| k.id).filter(|id| !seen.contains(id)).collect()
}

/// A record under the ids it has here.
fn renamed(read: &Read, stand_ins: &HashMap<Uuid, Uuid>) -> Read {
    let mut read = read.clone();
    let rename = |id: &mut Uuid| *id = stand_ins.get(id).copied().unwrap_or(*id);
    match &mut read.parsed {
        Parsed::Visit(v) => rename(&mut v.id.0),
        Parsed::Interview(r) => {
            rename(&mut r.id.0);
            if let Some(visit) = &mut r.visit {
                rename(&mut visit.0);
            }
        }
        Parsed::Dwelling(d) => rename(&mut d.id),
        Parsed::MessageRead(m) => rename(&mut m.id),
        Parsed::Submission(_) | Parsed::Refused(_) => {}
    }
    read
}
