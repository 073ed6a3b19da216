//! `areas.csv`: the tree of areas, judged and put into preorder numbers. Knows nothing of who works where.

use super::Progress;
use super::fault::Faults;
use super::fault::{Fault, shown};
use super::files::Files;
use super::table::{self, Extent, Line, Sheet};
use crate::domain::ids::key_part;
use std::collections::HashMap;
use std::sync::Arc;

pub(super) const SHEET: Sheet =
    Sheet { file: "areas.csv", columns: &["code", "parent", "level", "name", "name_zh"], required: 5 };
const CODE: usize = 0;
const PARENT: usize = 1;
const LEVEL: usize = 2;
const NAME: usize = 3;
const NAME_ZH: usize = 4;

/// Longest area code in characters.
const CODE_CHARS: usize = 40;
/// Longest name in characters.
const NAME_CHARS: usize = 200;
/// Deepest tree.
const DEPTH_LIMIT: u16 = 16;

/// One area with its place in the tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AreaRow {
    /// The code other files name it by.
    pub code: Arc<str>,
    /// Code of the area above; `None` for the root.
    pub parent: Option<Arc<str>>,
    /// What kind of area it is (`district`, `community`, `estate`, …): free text, may be empty.
    pub level: String,
    /// Name in Latin script; the Chinese one where none was given.
    pub name: String,
    /// Name in Chinese; the other one where none was given.
    pub name_zh: String,
    /// Number of the area in preorder, from 1; children come in the order of the file.
    pub lo: i32,
    /// The largest `lo` inside the area: `a` holds `b` when `a.lo <= b.lo && b.lo <= a.hi`.
    pub hi: i32,
    /// Steps below the root, which has 0.
    pub depth: u16,
    /// Where it stands in the file.
    pub line: u64,
}

impl AreaRow {
    /// Whether `other` lies in this area or is it.
    pub fn holds(&self, other: &Self) -> bool {
        self.lo <= other.lo && other.lo <= self.hi
    }
}

/// The areas by code.
pub(super) struct Areas {
    /// In preorder when the tree is sound, else in the order of the file.
    pub rows: Vec<AreaRow>,
    by_code: HashMap<Arc<str>, usize>,
    /// The codes as doors' keys write them: two that differ only in case would give two doors one id.
    keys: HashMap<String, u64>,
    extent: Extent,
}

impl Areas {
    /// The row of the area above that of row `at`.
    fn above(&self, at: usize) -> Option<usize> {
        self.by_code.get(self.rows[at].parent.as_ref()?).copied()
    }

    /// The area called `code`; `Err` when there is surely none, `Ok(None)` when the file could not be read whole.
    pub fn find(&self, code: &str) -> Result<Option<&AreaRow>, ()> {
        match (self.by_code.get(code), self.extent) {
            (Some(&at), _) => Ok(Some(&self.rows[at])),
            (None, Extent::Whole) => Err(()),
            (None, Extent::Part) => Ok(None),
        }
    }
}

/// Reads and judges the file.
pub(super) fn read(files: &dyn Files, faults: &mut Faults, progress: &mut dyn FnMut(Progress)) -> Areas {
    let mut areas =
        Areas { rows: Vec::new(), by_code: HashMap::new(), keys: HashMap::new(), extent: Extent::Whole };
    areas.extent = table::read(files, &SHEET, faults, progress, &mut |line| {
        read_row(line, &mut areas);
    });
    let before = faults.total();
    check_parents(&areas, faults);
    check_roots(&areas, faults);
    check_cycles(&areas, faults);
    if faults.total() == before {
        number(&mut areas, faults);
    }
    areas
}

/// Takes one row, also one with a fault, so that its code is known to the other files.
fn read_row(line: &mut Line<'_>, areas: &mut Areas) {
    let code = line.code(CODE, CODE_CHARS);
    let parent = line.code_or_none(PARENT, CODE_CHARS);
    let level = line.text(LEVEL, NAME_CHARS).unwrap_or_default();
    let (given, given_zh) = (line.text(NAME, NAME_CHARS), line.text(NAME_ZH, NAME_CHARS));
    if line.cell(NAME).is_none() && line.cell(NAME_ZH).is_none() && line.has(NAME) && line.has(NAME_ZH) {
        line.fault(NAME, "may not be empty where name_zh is empty too");
    }
    let Some(code) = code else { return };
    let first = *areas.keys.entry(key_part(&code)).or_insert(line.number());
    if first != line.number() {
        line.fault(CODE, format!("the same code as line {first}"));
        return;
    }
    let code: Arc<str> = Arc::from(code);
    areas.by_code.insert(Arc::clone(&code), areas.rows.len());
    areas.rows.push(AreaRow {
        code,
        parent: parent.map(Arc::from),
        level,
        name: given.clone().or_else(|| given_zh.clone()).unwrap_or_default(),
        name_zh: given_zh.or(given).unwrap_or_default(),
        lo: 0,
        hi: 0,
        depth: 0,
        line: line.number(),
    });
}

fn fault(row: &AreaRow, column: usize, value: &str, rule: String) -> Fault {
    let column = SHEET.columns[column].to_owned();
    Fault { file: SHEET.file, line: Some(row.line), column, value: shown(value), rule }
}

/// A parent must be an area of the file.
fn check_parents(areas: &Areas, faults: &mut Faults) {
    for row in &areas.rows {
        let Some(parent) = &row.parent else { continue };
        if areas.find(parent).is_err() {
            faults.push(fault(row, PARENT, parent, "not an area of areas.csv".to_owned()));
        }
    }
}

/// Exactly one area has no parent.
fn check_roots(areas: &Areas, faults: &mut Faults) {
    let mut roots = areas.rows.iter().filter(|row| row.parent.is_none());
    let Some(first) = roots.next() else {
        if areas.rows.is_empty() && areas.extent == Extent::Whole {
            let rule = "there is no area; one without a parent is needed".to_owned();
            let (column, value) = (String::new(), String::new());
            faults.push(Fault { file: SHEET.file, line: None, column, value, rule });
        }
        return;
    };
    if areas.rows.len() > 1
        && areas.rows.iter().all(|row| row.parent.is_none())
        && areas.extent == Extent::Part
    {
        return; // The column is missing, which was said already.
    }
    for row in roots {
        let rule = format!("may not be empty: the area without a parent is that of line {}", first.line);
        faults.push(fault(row, PARENT, "", rule));
    }
}

/// Nobody is an own ancestor: one fault for each ring, at its first line.
fn check_cycles(areas: &Areas, faults: &mut Faults) {
    // 0 = not seen, else the number of the walk that came by.
    let mut seen = vec![0_usize; areas.rows.len()];
    for start in 0..areas.rows.len() {
        let mut at = start;
        while seen[at] == 0 {
            seen[at] = start + 1;
            let Some(above) = areas.above(at) else { break };
            at = above;
        }
        if seen[at] == start + 1 && areas.above(at).is_some() {
            note_ring(areas, at, faults);
        }
    }
}

/// Notes the ring of areas through `at`, each of which lies in the next.
fn note_ring(areas: &Areas, at: usize, faults: &mut Faults) {
    let mut ring = vec![at];
    while let Some(next) = areas.above(*ring.last().unwrap_or(&at)).filter(|&next| next != at) {
        ring.push(next);
    }
    let first = ring.iter().copied().min_by_key(|&i| areas.rows[i].line).unwrap_or(at);
    let turn = ring.iter().position(|&i| i == first).unwrap_or(0);
    ring.rotate_left(turn);
    let names: Vec<_> = ring.iter().chain([&first]).take(6).map(|&i| shown(&areas.rows[i].code)).collect();
    let row = &areas.rows[first];
    let rule = format!("the area would lie inside itself ({})", names.join(" in "));
    faults.push(fault(row, PARENT, row.parent.as_deref().unwrap_or_default(), rule));
}

/// Gives preorder numbers and depths and sorts the rows by them; too deep a tree is a fault.
fn number(areas: &mut Areas, faults: &mut Faults) {
    let mut children: HashMap<Option<Arc<str>>, Vec<usize>> = HashMap::new();
    for (at, row) in areas.rows.iter().enumerate() {
        children.entry(row.parent.clone()).or_default().push(at);
    }
    let below = |of: &Option<Arc<str>>| children.get(of).map(Vec::as_slice).unwrap_or_default();
    let mut next = 1;
    // (row, depth, whether its subtree is done)
    let mut open: Vec<_> = below(&None).iter().rev().map(|&at| (at, 0, false)).collect();
    while let Some((at, depth, done)) = open.pop() {
        let row = &mut areas.rows[at];
        if done {
            row.hi = next - 1;
            continue;
        }
        (row.lo, row.depth) = (next, depth);
        next += 1;
        open.push((at, depth, true));
        if depth < DEPTH_LIMIT {
            open.extend(below(&Some(Arc::clone(&row.code))).iter().rev().map(|&at| (at, depth + 1, false)));
            continue;
        }
        let rule = format!("deeper than {DEPTH_LIMIT} levels");
        let parent = row.parent.clone().unwrap_or_default();
        faults.push(fault(row, PARENT, &parent, rule));
    }
    areas.rows.sort_by_key(|row| row.lo);
    areas.by_code = areas.rows.iter().enumerate().map(|(at, row)| (Arc::clone(&row.code), at)).collect();
}
