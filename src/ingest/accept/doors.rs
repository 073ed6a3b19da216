//! Doors that enumerators found: their cases, and what waited for them. Does not judge visits or forms.

use std::collections::{HashMap, HashSet};

use uuid::Uuid;

use super::super::reason::{Reason, sentence};
use super::super::record::{DwellingRecord, Parsed};
use super::super::refold::{At, blank};
use super::super::rows::{self, Standing};
use super::super::{Error, held};
use super::{Trust, Work, held_for, new_ones};
use crate::domain::ids::key_part;
use crate::domain::rates::Baseline;
use crate::domain::{BuildingId, CaseId, DwellingId, door_key};
use crate::store::batch::Status;
use crate::store::case::{self, FoundDoor};
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
            areas.iter().map(|a| (key_part(&a.code), (a.code.as_str(), a.range.0))).collect();
        let doors: Vec<Option<FoundDoor>> = found
            .iter()
            .map(|(_, d)| known.get(&key_part(&d.area)).map(|area| found_door(&batch.survey, d, *area)))
            .map(|door| door.filter(|_| batch.trust == Trust::Usual))
            .collect();
        let why_not = if batch.trust == Trust::Usual { Reason::UnknownArea } else { Reason::RevokedDevice };
        let listed: Vec<FoundDoor> = doors.iter().flatten().cloned().collect();
        let mut targets: Vec<Uuid> = found.iter().map(|f| f.1.id).collect();
        targets.extend(listed.iter().map(|d| d.case_id));
        targets.extend(found.iter().map(|(i, d)| self.sent_id(*i).unwrap_or(d.id)));
        targets.sort_unstable();
        targets.dedup();
        store_held::lock_targets(self.tx, self.at.key, &targets).await?;
        add_doors(self.tx, self.at, &batch.survey, &listed).await?;
        let rows: Vec<NewDwellingRecord> = found
            .iter()
            .zip(&doors)
            .map(|((i, d), door)| {
                dwelling_row(*i, self.reads()[*i].digest.as_ref(), d, door.as_ref(), why_not)
            })
            .collect();
        let stored = evidence::insert_dwelling_records(self.tx, self.at.key, &self.sender(), &rows).await?;
        if stored.len() != rows.len() {
            // Two batches with one record at the same moment: the later one starts over and finds the record known.
            return Err(Error::Store(crate::store::Error::Busy("record_race")));
        }
        for ((i, d), door) in found.iter().zip(&doors) {
            let standing = match door {
                Some(door) => Standing { case_id: door.case_id, status: Status::Accepted, held: None },
                None => held_for(d.id, why_not),
            };
            self.standings.insert(*i, standing);
        }
        self.rename_waiters(&found).await?;
        let freed = held::free_waiters(self.tx, self.at.key, &mut self.cases, &targets).await?;
        self.take_freed(freed);
        self.touched.extend(listed.iter().map(|d| d.case_id));
        Ok(())
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
        self.cases.remember_own_doors(&names);
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
    let mut new: HashSet<Uuid> =
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

/// The door a dwelling record describes, in the area of this code and number.
pub(in crate::ingest) fn found_door(
    survey: &Survey,
    d: &DwellingRecord,
    (area, area_no): (&str, i32),
) -> FoundDoor {
    let district = survey.district();
    let key = door_key(&district, area, &d.building, &d.unit, &d.room);
    let dwelling = DwellingId::of_key(&key);
    FoundDoor {
        dwelling_id: dwelling.0,
        building_id: BuildingId::of(&district, area, &d.building).0,
        case_id: CaseId::of(dwelling, &survey.slug, d.household).0,
        household: i32::try_from(d.household).unwrap_or(1),
        area: area.to_owned(),
        area_no,
        building: d.building.clone(),
        unit: d.unit.clone(),
        floor: d.floor,
        room: d.room.clone(),
        kind: d.kind.slug().to_owned(),
        position: d.position.as_ref().map(|p| (p.lon, p.lat)),
        door_key: key,
    }
}

fn dwelling_row(
    index: usize,
    digest: &[u8],
    d: &DwellingRecord,
    door: Option<&FoundDoor>,
    why_not: Reason,
) -> NewDwellingRecord {
    let held = door.is_none().then(|| sentence(why_not));
    NewDwellingRecord {
        id: d.id,
        status: if door.is_some() { Status::Accepted } else { Status::Held },
        held_reason: held.as_ref().map(|h| h.0.clone()),
        held_detail: held.map(|h| h.1),
        case_id: door.map(|d| d.case_id),
        batch_index: i32::try_from(index).unwrap_or(i32::MAX),
        digest: digest.to_vec(),
        area: d.area.clone(),
        content: rows::dwelling_text(d),
    }
}
