//! `areas.csv`: the tree of areas, judged and put into preorder numbers. Knows nothing of who works where.

use super::cells::is_no_value;
use super::desk::Desk;
use super::finding::{Findings, Place};
use super::line::Line;
use super::rule::Rule;
use super::sheet::{Cells, Meaning, Sheet, column};
use super::shown::shown;
use super::table::{self, Extent};
use crate::domain::ids::key_part;
use std::collections::HashMap;
use std::sync::Arc;

pub(super) const SHEET: Sheet = Sheet {
    file: "areas.csv",
    columns: &[
        column("code", Meaning::Code, Cells::Filled),
        column("parent", Meaning::Parent, Cells::Any),
        column("level", Meaning::Text, Cells::Any),
        column("name", Meaning::Text, Cells::Any),
        column("name_zh", Meaning::Text, Cells::Any),
    ],
    required: 5,
};
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
#[derive(Default)]
pub(super) struct Areas {
    /// In preorder when the tree is sound, else in the order of the file.
    pub rows: Vec<AreaRow>,
    by_code: HashMap<Arc<str>, usize>,
    /// The codes as doors' keys write them: two that differ only in case would give two doors one id.
    keys: HashMap<String, u64>,
    /// The codes without what a spreadsheet changes in them; none where two codes would be one.
    loose: HashMap<String, Option<Arc<str>>>,
    extent: Extent,
}

/// The area that a cell names.
pub(super) enum Named {
    /// This one.
    Area(Arc<str>),
    /// None of the file, or nobody knows as the file could not be read whole.
    Unknown,
}

impl Areas {
    /// The row of the area above that of row `at`.
    fn above(&self, at: usize) -> Option<usize> {
        self.by_code.get(self.rows[at].parent.as_ref()?).copied()
    }

    /// The code as the file has it; the rule says what there is to say of another writing, or that there is no such area.
    pub fn find(&self, code: &str) -> (Named, Option<Rule>) {
        if let Some((known, _)) = self.by_code.get_key_value(code) {
            return (Named::Area(Arc::clone(known)), None);
        }
        if let Some(Some(known)) = self.loose.get(&loose(code)) {
            let rule = Rule::AreaMeant { code: shown(known) };
            return (Named::Area(Arc::clone(known)), Some(rule));
        }
        (Named::Unknown, (self.extent == Extent::Whole).then_some(Rule::NotAnArea))
    }

    /// The area in a cell of another file; what is wrong with it is noted.
    pub fn cell(&self, line: &mut Line<'_>, column: usize, most: usize) -> Option<Arc<str>> {
        let code = line.code(column, most)?;
        let (named, rule) = self.find(&code);
        if let Some(rule) = rule {
            line.note(column, rule);
        }
        match named {
            Named::Area(code) => Some(code),
            Named::Unknown if self.extent == Extent::Part => Some(Arc::from(code)),
            Named::Unknown => None,
        }
    }
}

/// A code without what a spreadsheet changes: leading zeros of its numbers, capitals, spaces, look-alike letters.
fn loose(code: &str) -> String {
    const FOREIGN: [(&str, &str); 2] =
        [("АВЕЅІЈКМНОРСТУХ", "ABESIJKMHOPCTYX"), ("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "ABEZHIKMNOPTYX")];
    let plain = |c: char| {
        let found =
            FOREIGN.iter().find_map(|(from, to)| from.chars().zip(to.chars()).find(|pair| pair.0 == c));
        found.map_or(c, |pair| pair.1)
    };
    let key: String = key_part(code).chars().filter(|c| !c.is_whitespace()).map(plain).collect();
    let mut out = String::with_capacity(key.len());
    let mut in_number = false;
    let mut rest = key.chars().peekable();
    while let Some(c) = rest.next() {
        let is_leading = c == '0' && !in_number && rest.peek().is_some_and(char::is_ascii_digit);
        if !is_leading {
            out.push(c);
        }
        in_number = c.is_ascii_digit() && !is_leading;
    }
    out
}

/// Reads and judges the file.
pub(super) fn read(desk: &mut Desk<'_>) -> Areas {
    let mut areas = Areas::default();
    areas.extent = table::read(desk, &SHEET, &mut |line| read_row(line, &mut areas));
    let before = desk.findings.bad();
    check_parents(&mut areas, &mut desk.findings);
    check_roots(&areas, &mut desk.findings);
    check_cycles(&areas, &mut desk.findings);
    if desk.findings.bad() == before {
        number(&mut areas, &mut desk.findings);
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
        line.note(NAME, Rule::NamesEmpty);
    }
    let Some(code) = code else { return };
    let first = *areas.keys.entry(key_part(&code)).or_insert(line.number());
    if first != line.number() {
        line.note(CODE, Rule::SameCode { first });
        return;
    }
    let code: Arc<str> = Arc::from(code);
    areas.by_code.insert(Arc::clone(&code), areas.rows.len());
    let alike = areas.loose.entry(loose(&code)).or_insert_with(|| Some(Arc::clone(&code)));
    if alike.as_ref() != Some(&code) {
        *alike = None;
    }
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

fn place(row: &AreaRow, column: usize) -> Place {
    Place::line(SHEET.file, row.line).column(SHEET.columns[column].name)
}

/// A parent must be an area of the file; a sign for no value is the root's, unless an area is called so.
fn check_parents(areas: &mut Areas, findings: &mut Findings) {
    for at in 0..areas.rows.len() {
        let row = &areas.rows[at];
        let Some(parent) = &row.parent else { continue };
        let (named, rule) = areas.find(parent);
        let is_none = matches!(named, Named::Unknown) && is_no_value(parent);
        if let Some(rule) = if is_none { Some(Rule::NoValue) } else { rule } {
            findings.add(place(row, PARENT), parent, rule);
        }
        match named {
            Named::Area(code) => areas.rows[at].parent = Some(code),
            Named::Unknown if is_none => areas.rows[at].parent = None,
            Named::Unknown => {}
        }
    }
}

/// Exactly one area has no parent.
fn check_roots(areas: &Areas, findings: &mut Findings) {
    let mut roots = areas.rows.iter().filter(|row| row.parent.is_none());
    let Some(first) = roots.next() else {
        if areas.rows.is_empty() && areas.extent == Extent::Whole {
            findings.add(Place::whole(SHEET.file), "", Rule::NoArea);
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
        findings.add(place(row, PARENT), "", Rule::SecondRoot { first: first.line });
    }
}

/// Nobody is an own ancestor: one fault for each ring, at its first line.
fn check_cycles(areas: &Areas, findings: &mut Findings) {
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
            note_ring(areas, at, findings);
        }
    }
}

/// Notes the ring of areas through `at`, each of which lies in the next.
fn note_ring(areas: &Areas, at: usize, findings: &mut Findings) {
    let mut ring = vec![at];
    while let Some(next) = areas.above(*ring.last().unwrap_or(&at)).filter(|&next| next != at) {
        ring.push(next);
    }
    let first = ring.iter().copied().min_by_key(|&i| areas.rows[i].line).unwrap_or(at);
    let turn = ring.iter().position(|&i| i == first).unwrap_or(0);
    ring.rotate_left(turn);
    let names: Vec<_> = ring.iter().chain([&first]).take(6).map(|&i| shown(&areas.rows[i].code)).collect();
    let row = &areas.rows[first];
    let rule = Rule::InsideItself { ring: names.join(" in ") };
    findings.add(place(row, PARENT), row.parent.as_deref().unwrap_or_default(), rule);
}

/// Gives preorder numbers and depths and sorts the rows by them; too deep a tree is a fault.
fn number(areas: &mut Areas, findings: &mut Findings) {
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
        let parent = row.parent.clone().unwrap_or_default();
        findings.add(place(row, PARENT), &parent, Rule::TooDeep { most: DEPTH_LIMIT });
    }
    areas.rows.sort_by_key(|row| row.lo);
    areas.by_code = areas.rows.iter().enumerate().map(|(at, row)| (Arc::clone(&row.code), at)).collect();
}
