//! Doors that enumerators found: their cases, and what waited for them. Does not judge visits or forms.

use std::collections::{HashMap, HashSet};

use uuid::Uuid;

use super::super::reason::{Reason, sentence};
use super::super::record::{DwellingRecord, Parsed};
use super::super::refold::{At, blank};
use super::super::rows::{self, Standing};
use super::super::{Error, held};
use super::place::{Looks, Place, place_doors};
use super::{Trust, Work, held_for, new_ones};
use crate::domain::CaseId;
use crate::domain::ids::key_part;
use crate::domain::rates::Baseline;
use crate::store::batch::Status;
use crate::store::case::{self, DoorAlias, FoundDoor};
use crate::store::evidence::{self, NewDwellingRecord};
use crate::store::feed::{ChangeKind, Mark};
use crate::store::held as store_held;
use crate::store::survey::{Areas, find_areas};
use crate::store::{Tx, completion, feed};
use crate::surveys::Survey;

impl Work<'_> {
    /// Stores doors found in the field, gives them their cases, and frees what waited for them.
    pub(super) async fn take_dwellings(&mut self) -> Result<(), Error> {
        let batch = self.batch;
        let found = new_ones(self.reads(), &self.classes, |p| {
            if let Parsed::Dwelling(d) = p { Some(&**d) } else { None }
        });
        if found.is_empty() {
            return Ok(());
        }
        let areas = find_areas(self.tx, self.at.key, &Areas::Subtree(batch.reach.range)).await?;
        let known: HashMap<String, (&str, i32)> =
            areas.iter().map(|a| (key_part(&a.code), (a.code.as_str(), a.range.lo))).collect();
        let places = self.place(&found, &known).await?;
        let listed: Vec<FoundDoor> = places.iter().filter_map(Place::door).cloned().collect();
        let mut targets: Vec<CaseId> = found.iter().map(|f| CaseId(f.1.id)).collect();
        targets.extend(listed.iter().flat_map(|d| [d.case_id, d.written_case]));
        targets.extend(found.iter().map(|(i, d)| CaseId(self.sent_id(*i).unwrap_or(d.id))));
        targets.sort_unstable();
        targets.dedup();
        store_held::lock_targets(self.tx, self.at.key, &targets).await?;
        add_doors(self.tx, self.at, &batch.survey, &listed).await?;
        let rows: Vec<NewDwellingRecord> = found
            .iter()
            .zip(&places)
            .map(|((i, d), place)| {
                dwelling_row(self.place_in_batch(*i), self.reads()[*i].digest.as_ref(), d, place)
            })
            .collect();
        let stored = evidence::insert_dwelling_records(self.tx, self.at.key, &self.sender(), &rows).await?;
        if stored.len() != rows.len() {
            // Two batches with one record at the same moment: the later one starts over and finds the record known.
            return Err(Error::Store(crate::store::Error::Busy("record_race")));
        }
        for ((i, d), place) in found.iter().zip(&places) {
            let standing = if let Some(reason) = place.why_not() {
                held_for(CaseId(d.id), reason)
            } else {
                let case_id = place.door().map_or(CaseId(d.id), |door| door.case_id);
                Standing { case_id, status: Status::Accepted, held: None }
            };
            self.standings.insert(*i, standing);
        }
        self.rename_waiters(&found).await?;
        let freed = held::free_waiters(self.tx, self.at.key, &mut self.cases, &targets).await?;
        self.take_freed(freed);
        self.touched.extend(listed.iter().map(|d| d.case_id));
        Ok(())
    }

    /// Where each reported door belongs.
    async fn place(
        &self,
        found: &[(usize, &DwellingRecord)],
        areas: &HashMap<String, (&str, i32)>,
    ) -> Result<Vec<Place>, Error> {
        if self.batch.trust == Trust::Review {
            return Ok(found.iter().map(|_| Place::Held(Reason::RevokedDevice)).collect());
        }
        let area = |d: &DwellingRecord| areas.get(&key_part(&d.area)).copied();
        let reported: Vec<_> = found.iter().filter_map(|(_, d)| Some((*d, area(d)?))).collect();
        let (survey, range) = (&self.batch.survey, self.batch.reach.range);
        let mut placed = place_doors(self.tx, survey, range, &reported, Looks::Judged).await?.into_iter();
        let unknown = || Place::Held(Reason::UnknownArea);
        Ok(found.iter().map(|(_, d)| area(d).and_then(|_| placed.next()).unwrap_or_else(unknown)).collect())
    }
}

impl Work<'_> {
    /// The sender's records that wait for a door whose id is somebody else's wait for the sender's own.
    async fn rename_waiters(&mut self, found: &[(usize, &DwellingRecord)]) -> Result<(), Error> {
        let names: Vec<(Uuid, Uuid)> = found
            .iter()
            .filter_map(|(i, d)| Some((self.sent_id(*i)?, d.id)).filter(|n| n.0 != n.1))
            .collect();
        if names.is_empty() {
            return Ok(());
        }
        let doors: Vec<(CaseId, CaseId)> = names.iter().map(|n| (CaseId(n.0), CaseId(n.1))).collect();
        self.cases.remember_own_doors(&doors);
        store_held::rename_waiters(self.tx, self.at.key, &self.batch.head.user, &names).await?;
        Ok(())
    }
}

/// Adds doors with their cases, counts the cases and marks them for the feed.
pub(in crate::ingest) async fn add_doors(
    tx: &Tx,
    at: At,
    survey: &Survey,
    doors: &[FoundDoor],
) -> Result<(), Error> {
    if doors.is_empty() {
        return Ok(());
    }
    let blank = blank(&survey.rules, Baseline::Out);
    note_keys(tx, at, doors).await?;
    let mut new: HashSet<CaseId> =
        case::add_found(tx, at.key, at.now, blank, doors).await?.into_iter().collect();
    // One door may be reported by several records: it is counted and told of once.
    let added: Vec<&FoundDoor> = doors.iter().filter(|d| new.remove(&d.case_id)).collect();
    let deltas: Vec<completion::Delta> = added
        .iter()
        .map(|d| completion::Delta {
            area: d.area.clone(),
            building: d.building_id,
            holder: String::new(),
            changes: vec![(blank.cell, 1)],
        })
        .collect();
    completion::append_deltas(tx, at.key, &deltas).await?;
    let marks: Vec<Mark> = added
        .iter()
        .map(|d| Mark { id: d.dwelling_id, area_no: Some(d.area_no), device: None, user: None })
        .collect();
    feed::mark(tx, at.key, at.tag, ChangeKind::Dwelling, &marks).await?;
    Ok(())
}

/// Notes the keys under which doors were reported that are known by another one, and the case ids computed from them.
pub(in crate::ingest) async fn note_keys(tx: &Tx, at: At, doors: &[FoundDoor]) -> Result<(), Error> {
    let other: Vec<&FoundDoor> = doors.iter().filter(|d| d.written_id != d.dwelling_id).collect();
    if other.is_empty() {
        return Ok(());
    }
    let alias = |d: &&FoundDoor| DoorAlias {
        id: d.written_id,
        dwelling_id: d.dwelling_id,
        case_id: d.first_case,
        door_key: d.door_key.clone(),
        parts: [&d.written_area, &d.building, &d.unit, &d.room].map(String::clone),
    };
    case::add_door_aliases(tx, at.key, &other.iter().map(alias).collect::<Vec<_>>(), at.now).await?;
    let cases: Vec<(CaseId, CaseId)> = other.iter().map(|d| (d.written_case, d.case_id)).collect();
    Ok(case::add_case_aliases(tx, at.key, &cases).await?)
}

fn dwelling_row(index: usize, digest: &[u8], d: &DwellingRecord, place: &Place) -> NewDwellingRecord {
    let held = place.why_not().map(sentence);
    NewDwellingRecord {
        id: d.id,
        status: if held.is_none() { Status::Accepted } else { Status::Held },
        held_reason: held.as_ref().map(|h| h.0.clone()),
        held_detail: held.map(|h| h.1),
        case_id: place.door().map(|d| d.case_id),
        batch_index: i32::try_from(index).unwrap_or(i32::MAX),
        digest: digest.to_vec(),
        area: d.area.clone(),
        content: rows::dwelling_text(d),
        looks_like: place.looks_like(),
    }
}
