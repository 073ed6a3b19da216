//! Doors of a list that look alike: one door may stand there under two writings. They are told of and stay two doors, since
//! only somebody who knows the house can say.

use super::dwellings::{DwellingRow, ROOM, SHEET};
use super::finding::{Findings, Place};
use super::line::joined;
use super::lines::Lines;
use super::rule::Rule;
use crate::domain::Writing;
use std::collections::HashMap;
use std::collections::hash_map::{DefaultHasher, Entry};
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// So many pairs are named.
const PAIRS: usize = 5;

/// Tells of doors that look alike.
pub(super) fn judge(rows: &[DwellingRow], findings: &mut Findings) {
    let (mut lines, mut pairs) = (Lines::default(), Vec::new());
    for (first, second) in find(rows) {
        lines.add(Some(second.line));
        if pairs.len() < PAIRS {
            pairs.push(format!("{} {} = {} {}", first.line, shown(first), second.line, shown(second)));
        }
    }
    let Some(line) = lines.first() else { return };
    let value = rows.iter().find(|row| row.line == line).map(shown).unwrap_or_default();
    let place = Place::line(SHEET.file, line).column(SHEET.columns[ROOM].name);
    let rest = if lines.count() > PAIRS as u64 { ", …" } else { "" };
    let rule = Rule::DoorsAlike { pairs: pairs.join(", ") + rest };
    findings.add_lines(place, &lines, &value, rule);
}

fn shown(row: &DwellingRow) -> String {
    joined([&row.building, &row.unit, &row.room])
}

fn writing(row: &DwellingRow) -> Writing {
    Writing::of(&row.building, &row.unit, row.floor, &row.room)
}

/// Doors of one area that look alike: an earlier one and a later one, by the line of the later one.
fn find(rows: &[DwellingRow]) -> Vec<(&DwellingRow, &DwellingRow)> {
    let mut seen: HashMap<u64, &DwellingRow> = HashMap::with_capacity(rows.len());
    let mut alike = Vec::new();
    for row in rows {
        let written = writing(row);
        let mut other = None;
        for key in written.keys() {
            match seen.entry(digest(&row.area, &key)) {
                Entry::Vacant(entry) => drop(entry.insert(row)),
                Entry::Occupied(entry) if entry.get().line != row.line => other = Some(*entry.get()),
                Entry::Occupied(_) => {}
            }
        }
        // Digests are compared only to find what is worth comparing.
        if let Some(first) = other.filter(|first| first.area == row.area && writing(first).is_like(&written))
        {
            alike.push((first, row));
        }
    }
    alike
}

fn digest(area: &Arc<str>, key: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    (area, key).hash(&mut hasher);
    hasher.finish()
}
