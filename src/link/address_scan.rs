//! Cuts address text into the estate's name and numbered parts. Only the marks of buildings, units, floors
//! and rooms are known here; what the parts mean together is for `address`.

use super::text::is_han;
use crate::domain::numeral::{is_numeral, value};

/// What a number's mark says it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// 号楼 栋 幢 # 排 行 座 组
    Building,
    /// 单元 门
    Unit,
    /// 室 号 户 房, or floor and side
    Room,
    /// No mark: by position.
    Loose,
}

/// The result of [`scan`].
#[derive(Debug, Default)]
pub struct Scanned {
    /// Name before (or between) the numbers.
    pub estate: String,
    /// Numbers in the order written.
    pub parts: Vec<(Part, String)>,
}

const BUILDING_MARKS: [&str; 15] =
    ["号楼", "#楼", "号栋", "号幢", "栋楼", "栋", "幢", "#", "排", "行", "座", "组", "队", "斋", "楼"];
const UNIT_MARKS: [&str; 6] = ["号单元", "单元", "号门", "门", "梯", "单"];
const ROOM_MARKS: [&str; 6] = ["号房", "号户", "室", "户", "房", "号"];
const FLOOR_MARKS: [&str; 4] = ["楼", "层", "f", "l"];
/// Sides of a landing with two doors.
const SIDES: [(&str, u32); 6] = [("东户", 1), ("西户", 2), ("东", 1), ("西", 2), ("左户", 1), ("右户", 2)];
/// A number before one of these belongs to a street or a gate, not to the door.
const STREET_MARKS: [&str; 4] = ["号院", "弄", "巷", "期"];
/// Endings of what stands before the estate's name.
const PLACE_ENDINGS: [&str; 14] =
    ["省", "市", "县", "镇", "乡", "街道办", "街道", "社区", "居委会", "大道", "路", "街", "胡同", "自治区"];

/// Words that name no estate by themselves.
const GENERAL: [&str; 10] = ["", "小区", "花园", "家园", "公寓", "家属院", "家属楼", "新村", "大院", "院"];

/// Cuts cleaned text.
pub fn scan(text: &str) -> Scanned {
    let mut out = Scanned::default();
    let mut rest = text;
    let mut words = String::new();
    while let Some(c) = rest.chars().next() {
        if let Some((raw, after)) = take_number(rest) {
            let (used, parts) = read_number(&raw, after, &words);
            if let Some(parts) = parts {
                out.parts.extend(parts);
                rest = &after[used..];
                flush(&mut out, &mut words);
                continue;
            }
            if used > 0 {
                words.clear();
                rest = &after[used..];
                continue;
            }
            words.push_str(&rest[..rest.len() - after.len()]);
            rest = after;
            continue;
        }
        if is_han(c) || c.is_ascii_alphabetic() {
            words.push(c);
        }
        rest = &rest[c.len_utf8()..];
    }
    flush(&mut out, &mut words);
    number_the_building(&mut out);
    out
}

/// 6号2单元301: a 号 before a unit or another room was the building.
fn number_the_building(out: &mut Scanned) {
    let has_building = out.parts.iter().any(|(p, _)| *p == Part::Building);
    let rooms = out.parts.iter().filter(|(p, _)| *p == Part::Room).count();
    if has_building || rooms == 0 {
        return;
    }
    let first_is_room = out.parts.first().is_some_and(|(p, _)| *p == Part::Room);
    let more_follow = out.parts.len() > 1 && !out.parts.iter().skip(1).all(|(p, _)| *p == Part::Building);
    if first_is_room
        && more_follow
        && out.parts.iter().skip(1).any(|(p, _)| matches!(p, Part::Room | Part::Loose))
    {
        out.parts[0].0 = Part::Building;
    }
}

fn flush(out: &mut Scanned, words: &mut String) {
    let name = estate_name(words);
    if out.estate.is_empty() {
        out.estate = name;
    }
    words.clear();
}

/// What is left of a name after province, city, street and community are cut off. Nothing is cut where only
/// a general word would be left (文化路小区).
fn estate_name(words: &str) -> String {
    let mut name = words.trim_start_matches('第').trim_end_matches('第');
    loop {
        let cut = PLACE_ENDINGS
            .iter()
            .filter_map(|e| name.find(e).map(|at| (at, at + e.len())))
            .filter(|(_, end)| !GENERAL.contains(&&name[*end..]))
            .min_by_key(|(at, end)| (*at, usize::MAX - end));
        match cut {
            Some((_, end)) => name = &name[end..],
            None => return name.to_owned(),
        }
    }
}

/// A leading run of digits (perhaps with a letter: 6a) or of Chinese numerals, and the text after it.
fn take_number(text: &str) -> Option<(String, &str)> {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    if digits > 0 {
        let mut end = digits;
        let after = &text[digits..];
        if let Some(letter) = after.chars().next().filter(char::is_ascii_alphabetic) {
            let lone = !after[1..].starts_with(|c: char| c.is_ascii_alphanumeric());
            if lone && !matches!(letter, 'f' | 'l') {
                end += 1;
            }
        }
        let raw = text[..end].trim_start_matches('0');
        return Some((if raw.is_empty() { "0".into() } else { raw.to_owned() }, &text[end..]));
    }
    let numerals = text.len() - text.trim_start_matches(is_numeral).len();
    if numerals > 0 {
        return value(&text[..numerals]).map(|v| (v.to_string(), &text[numerals..]));
    }
    lettered(text)
}

/// A座, B栋: one letter that carries a building mark.
fn lettered(text: &str) -> Option<(String, &str)> {
    let letter = text.chars().next().filter(char::is_ascii_lowercase)?;
    let after = &text[1..];
    starts_with_any(after, &["座", "栋", "幢", "区", "号楼"]).map(|_| (letter.to_string(), after))
}

fn starts_with_any(text: &str, marks: &[&str]) -> Option<usize> {
    marks.iter().find(|m| text.starts_with(**m)).map(|m| m.len())
}

/// Reads a number by what follows it. `(bytes used of after, parts)`; no parts and bytes used: a street
/// number, to be dropped with the words before it; neither: part of a name (八一路, 三里).
fn read_number(raw: &str, after: &str, words: &str) -> (usize, Option<Vec<(Part, String)>>) {
    let part = |p: Part| Some(vec![(p, raw.to_owned())]);
    if let Some(used) = starts_with_any(after, &STREET_MARKS) {
        return (used, None);
    }
    if ends_in_street(words)
        && after.starts_with('号')
        && starts_with_any(after, &["号楼", "号单元"]).is_none()
    {
        return ("号".len(), None);
    }
    if let Some((used, room)) = read_floor(raw, after) {
        return (used, Some(vec![(Part::Room, room)]));
    }
    if let Some(used) = starts_with_any(after, &UNIT_MARKS) {
        return (used, part(Part::Unit));
    }
    if let Some(used) = starts_with_any(after, &BUILDING_MARKS) {
        return (used, part(Part::Building));
    }
    if let Some(used) = starts_with_any(after, &ROOM_MARKS) {
        return (used, part(Part::Room));
    }
    let inside_a_name = after.starts_with(is_han) && !raw_is_long(raw);
    if inside_a_name { (0, None) } else { (0, part(Part::Loose)) }
}

fn raw_is_long(raw: &str) -> bool {
    raw.len() >= 3
}

fn ends_in_street(words: &str) -> bool {
    ["路", "街", "大道", "巷", "胡同"].iter().any(|e| words.ends_with(e))
}

/// 3楼东户 = 301, 3楼西户 = 302, 3层1号 = 301; a floor before a full room number (3楼301) says nothing more.
fn read_floor(raw: &str, after: &str) -> Option<(usize, String)> {
    let mark = starts_with_any(after, &FLOOR_MARKS)?;
    let tail = after[mark..].trim_start_matches(['-', ' ']);
    let skipped = after.len() - tail.len();
    for (side, door) in SIDES {
        if tail.starts_with(side) {
            return Some((skipped + side.len(), format!("{raw}{door:02}")));
        }
    }
    if let Some(after_mid) = tail.strip_prefix("中户").or_else(|| tail.strip_prefix('中')) {
        return Some((after.len() - after_mid.len(), format!("{raw}中")));
    }
    let (door, rest) = take_number(tail)?;
    let mark = starts_with_any(rest, &["室", "号", "户", "房"]).unwrap_or(0);
    if mark == 0 && !rest.is_empty() {
        return None;
    }
    let end = after.len() - rest.len() + mark;
    let number: u32 = door.parse().ok()?;
    if number < 20 && door.len() <= 2 {
        return Some((end, format!("{raw}{number:02}")));
    }
    door.starts_with(raw).then_some((end, door))
}
