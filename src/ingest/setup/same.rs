//! Which doors the rows of a list are. The office's number finds the door; where number and address contradict each other, and where
//! a new row only looks like a door that the list lacks, somebody has to say. A door found so keeps its ids, its visits and its
//! earlier keys.

use std::collections::{BTreeSet, HashMap, HashSet};

use uuid::Uuid;

use super::super::refold::At;
use crate::domain::writing::building_form;
use crate::domain::{CaseId, DwellingId, Writing};
use crate::ingest::Error;
use crate::setup::{Answer, Answered, Question, Setup};
use crate::store::load::{self, Chosen, Doubtful, Elsewhere, Further, Written};
use crate::store::{Tx, case};

/// So many doors are named as examples.
const EXAMPLES: usize = 5;

/// Ids computed from keys, with the door and the case that they lead to.
pub(super) type Known = HashMap<Uuid, (Uuid, CaseId)>;

/// Doors that have had several keys, by each of them.
pub(super) async fn known(tx: &Tx, at: At) -> Result<Known, Error> {
    let all = load::door_aliases(tx, at.key).await?;
    Ok(all.into_iter().map(|(id, door, case)| (id, (door, case))).collect())
}

/// Gives every row of the copied list its door; returns how many doors of the survey get another writing.
pub(super) async fn match_doors(
    tx: &Tx,
    at: At,
    setup: &Setup,
    known: &Known,
    asked: &mut Answered,
) -> Result<usize, Error> {
    let elsewhere = load::numbers_elsewhere(tx, at.key).await?;
    let mut chosen = by_number(setup, &elsewhere, asked);
    load::choose(tx, &chosen).await?;
    if !known.is_empty() || !elsewhere.is_empty() {
        let apart = apart(setup, &load::doubtful_rows(tx, at.key).await?)?;
        load::choose(tx, &apart).await?;
    }
    let (rows, doors) = load::unmatched(tx, at.key).await?;
    let alike = by_looks(setup, &rows, &doors, asked);
    load::choose(tx, &alike).await?;
    chosen.extend(alike);
    if !elsewhere.is_empty() {
        load::free_numbers(tx, at.key).await?;
    }
    let further = load::note_keys(tx, at.key, at.now).await?;
    case::add_case_aliases(tx, at.key, &case_keys(setup, &further)).await?;
    if !known.is_empty() || !chosen.is_empty() {
        load::move_cases(tx, at.key).await?;
    }
    Ok(chosen.len())
}

fn choice(setup: &Setup, row: Uuid, door: Uuid) -> Chosen {
    (row, door, CaseId::of(DwellingId(door), &setup.survey.slug, 1))
}

/// The ids that the keys of rows give to further households behind their doors.
fn case_keys(setup: &Setup, further: &[Further]) -> Vec<(CaseId, CaseId)> {
    let of = |(row, case, household): &Further| {
        let household = u32::try_from(*household).unwrap_or(1);
        (CaseId::of(DwellingId(*row), &setup.survey.slug, household), *case)
    };
    further.iter().map(of).collect()
}

/// Rows that are the door of their number. Asks where another door has a claim on the row's address or on the number's door, and
/// where the door would come to stand elsewhere.
fn by_number(setup: &Setup, all: &[Elsewhere], asked: &mut Answered) -> Vec<Chosen> {
    let unclear: Vec<&Elsewhere> = all.iter().filter(|e| is_unclear(e)).collect();
    if !unclear.is_empty() {
        let address = |w: &Written| format!("{} {}", w.area, in_one(w));
        let example = |e: &&Elsewhere| [e.number.clone(), address(&e.door), address(&e.row)];
        asked.ask(Question::NumbersElsewhere {
            doors: unclear.len(),
            examples: unclear.iter().take(EXAMPLES).map(example).collect(),
        });
    }
    let by_address = asked.has(Answer::ByAddress) && !asked.has(Answer::ByNumber);
    let kept = all.iter().filter(|e| !(by_address && is_unclear(e)));
    kept.map(|e| choice(setup, e.row.id, e.door.id)).collect()
}

fn is_unclear(e: &Elsewhere) -> bool {
    let is_moved =
        e.row.area != e.door.area || building_form(&e.row.building) != building_form(&e.door.building);
    e.is_taken || e.is_claimed || is_moved
}

fn in_one(w: &Written) -> String {
    [&w.building, &w.unit, &w.room]
        .into_iter()
        .filter(|p| !p.is_empty())
        .cloned()
        .collect::<Vec<_>>()
        .join("-")
}

/// Rows that cannot be the door they seem to be, since another row is: doors of their own where the office has a number for them
/// or has said so. Their key's own id is that of the other door, so they get one of key and number.
fn apart(setup: &Setup, rows: &[Doubtful]) -> Result<Vec<Chosen>, Error> {
    let (mut all, mut faults) = (Vec::new(), Vec::new());
    for group in rows.chunk_by(|a, b| a.door == b.door) {
        let keeper = group.iter().filter(|r| r.is_twice).max_by_key(|r| (r.is_chosen, r.is_current));
        let is_by_number = keeper.is_some_and(|k| k.is_chosen);
        for row in group.iter().filter(|r| keeper.is_none_or(|k| k.row != r.row)) {
            if row.number.is_none() && !is_by_number {
                faults.push(twice(setup, row, keeper));
            }
            let key = format!("{}|#{}", row.door_key, row.number.as_deref().unwrap_or_default());
            all.push(choice(setup, row.row, DwellingId::of_key(&key).0));
        }
    }
    if faults.is_empty() { Ok(all) } else { Err(Error::Setup(faults)) }
}

fn twice(setup: &Setup, row: &Doubtful, keeper: Option<&Doubtful>) -> String {
    let line = |id: Uuid| setup.dwellings.iter().find(|d| d.id.0 == id).map_or(0, |d| d.line);
    format!(
        "dwellings.csv:{}: room: another writing of the door on line {}; leave one of them out, or give each an external_id",
        line(row.row),
        keeper.map_or(0, |k| line(k.row)),
    )
}

/// New rows that are doors the list lacks, under another writing: asked about, and taken as the same unless somebody said that
/// they are new.
fn by_looks(setup: &Setup, rows: &[Written], doors: &[Written], asked: &mut Answered) -> Vec<Chosen> {
    let (pairs, unclear) = pairs(rows, doors);
    let address = |w: &Written| format!("{} {}", w.area, in_one(w));
    if !unclear.is_empty() {
        let example = |(row, like): &(&Written, Vec<&Written>)| {
            (like.iter().take(EXAMPLES).map(|door| in_one(door)).collect(), address(row))
        };
        let examples = unclear.iter().take(EXAMPLES).map(example).collect();
        asked.ask(Question::LooksLikeSeveral { doors: unclear.len(), examples });
    }
    if pairs.is_empty() {
        return Vec::new();
    }
    let examples = pairs.iter().take(EXAMPLES).map(|(row, door)| [address(door), in_one(row)]);
    asked.ask(Question::LooksLike { doors: pairs.len(), examples: examples.collect() });
    if asked.has(Answer::NewDoors) && !asked.has(Answer::SameDoors) {
        return Vec::new();
    }
    pairs.iter().map(|(row, door)| choice(setup, row.id, door.id)).collect()
}

fn writing(w: &Written) -> Writing {
    Writing::of(&w.building, &w.unit, w.floor, &w.room)
}

/// A row and the door it looks like.
type Pair<'a> = (&'a Written, &'a Written);

/// A row and the doors, more than one or claimed by more rows, that it looks like.
type Unclear<'a> = (&'a Written, Vec<&'a Written>);

/// Each row with the one door of its area that it looks like, where no other row looks like that door; and the rows that look like
/// a door, but not so clearly. Two numbers that differ are two doors.
fn pairs<'a>(rows: &'a [Written], doors: &'a [Written]) -> (Vec<Pair<'a>>, Vec<Unclear<'a>>) {
    let mut by_key: HashMap<(&str, String), Vec<usize>> = HashMap::new();
    for (at, door) in doors.iter().enumerate() {
        for key in writing(door).keys().collect::<HashSet<_>>() {
            by_key.entry((&door.area, key)).or_default().push(at);
        }
    }
    let mut likes: Vec<(&Written, BTreeSet<usize>)> = Vec::new();
    let mut suitors: HashMap<usize, usize> = HashMap::new();
    for row in rows {
        let keys = writing(row).keys().collect::<HashSet<_>>();
        let found = keys.into_iter().filter_map(|key| by_key.get(&(row.area.as_str(), key))).flatten();
        let found: BTreeSet<usize> =
            found.copied().filter(|door| !(row.has_number && doors[*door].has_number)).collect();
        for door in &found {
            *suitors.entry(*door).or_default() += 1;
        }
        if !found.is_empty() {
            likes.push((row, found));
        }
    }
    let (mut pairs, mut unclear) = (Vec::new(), Vec::new());
    for (row, found) in likes {
        match found.first().filter(|door| found.len() == 1 && suitors.get(door) == Some(&1)) {
            Some(door) => pairs.push((row, &doors[*door])),
            None => unclear.push((row, found.into_iter().map(|door| &doors[door]).collect())),
        }
    }
    (pairs, unclear)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn door(n: u128, area: &str, room: &str, has_number: bool) -> Written {
        Written {
            id: Uuid::from_u128(n),
            area: area.to_owned(),
            building: "6".to_owned(),
            unit: "2".to_owned(),
            floor: None,
            room: room.to_owned(),
            has_number,
        }
    }

    /// Pairs, and rows with the doors they may be.
    type Found = (Vec<(u128, u128)>, Vec<(u128, Vec<u128>)>);

    fn found(rows: &[Written], doors: &[Written]) -> Found {
        let id = |w: &Written| w.id.as_u128();
        let (pairs, unclear) = pairs(rows, doors);
        (
            pairs.iter().map(|(row, door)| (id(row), id(door))).collect(),
            unclear.iter().map(|(row, like)| (id(row), like.iter().map(|d| id(d)).collect())).collect(),
        )
    }

    #[test]
    fn a_row_finds_the_one_door_it_looks_like() {
        let rows = [door(1, "a", "301", false), door(2, "a", "302", false), door(3, "b", "301", false)];
        let doors = [door(11, "a", "0301", true), door(12, "a", "303", false)];
        assert_eq!(found(&rows, &doors), (vec![(1, 11)], vec![]));
    }

    #[test]
    fn two_numbers_are_two_doors() {
        let (row, stored) = ([door(1, "a", "301", true)], [door(11, "a", "0301", true)]);
        assert_eq!(found(&row, &stored), (vec![], vec![]));
    }

    #[test]
    fn several_candidates_on_either_side_are_told() {
        let one = [door(11, "a", "0301", true)];
        let two = [door(1, "a", "301", false), door(2, "a", "3-01", false)];
        assert_eq!(found(&two, &one), (vec![], vec![(1, vec![11]), (2, vec![11])]));
        assert_eq!(found(&one, &two), (vec![], vec![(11, vec![1, 2])]));
    }
}
