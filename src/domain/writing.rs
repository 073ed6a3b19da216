//! How a door is written: two writings that mean one door have the same normal form. Spreadsheets drop leading zeros, offices
//! write `6号楼` and phones `6`; none of that is another door. What might be another door (`A01` beside `A1`, `1-01` beside
//! `11-1`, `-1` beside `1`) keeps a form of its own.

use unicode_normalization::UnicodeNormalization;

use super::numeral;

/// Marks before and behind a building's number.
const BUILDING: Marks = Marks {
    before: &["第", "#", "NO.", "NO", "BUILDING", "BLDG.", "BLDG", "BLOCK"],
    behind: &["楼", "樓", "号", "號", "栋", "棟", "幢", "座", "#"],
};
/// Marks before and behind a unit's number.
const UNIT: Marks = Marks {
    before: &["第", "#", "NO.", "NO", "UNIT"],
    behind: &["单元", "單元", "门", "門", "梯", "号", "號", "#"],
};
/// Marks before and behind a room's number.
const ROOM: Marks = Marks {
    before: &["第", "#", "NO.", "NO", "ROOM", "RM.", "RM", "APT.", "APT", "FLAT"],
    behind: &["室", "房间", "房", "号", "號", "户", "戶", "#"],
};

struct Marks {
    before: &'static [&'static str],
    behind: &'static [&'static str],
}

/// The normal form of a door's writing inside its area.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Writing {
    building: String,
    unit: String,
    /// The room without its storey.
    room: String,
    /// The room with its storey: room 1 on floor 3 is 301.
    full: String,
}

impl Writing {
    /// The form of what is written in the columns building, unit, floor and room.
    pub fn of(building: &str, unit: &str, floor: Option<i32>, room: &str) -> Self {
        let (building, unit) = (building_form(building), part(&plain(unit), &UNIT));
        let room = room_form(&building, &unit, room);
        let full = with_storey(floor, &room).unwrap_or_else(|| room.clone());
        Self { building, unit, room, full }
    }

    /// Whether both may be one door.
    pub fn is_like(&self, other: &Self) -> bool {
        self.building == other.building
            && self.unit == other.unit
            && (self.room == other.room || self.full == other.full)
    }

    /// Whether these are two places: neither the building nor the room is the same.
    pub fn is_elsewhere(&self, other: &Self) -> bool {
        self.building != other.building && self.room != other.room && self.full != other.full
    }

    /// The texts by which doors that are alike find each other: two are alike when they share one.
    pub fn keys(&self) -> impl Iterator<Item = String> {
        let key = |kind: char, room: &str| format!("{}|{}|{kind}{room}", self.building, self.unit);
        [key('r', &self.room), key('f', &self.full)].into_iter()
    }
}

/// The normal form of a building's name or number.
pub fn building_form(text: &str) -> String {
    part(&plain(text), &BUILDING)
}

/// One width, upper case, no spaces, one kind of dash.
fn plain(text: &str) -> String {
    let one_dash = |c: char| if is_dash(c) { '-' } else { c };
    let seen = |c: &char| !c.is_whitespace() && !matches!(c, '\u{200b}'..='\u{200f}' | '\u{feff}' | '\u{ad}');
    if text.is_ascii() {
        return text.chars().filter(seen).map(|c| one_dash(c.to_ascii_uppercase())).collect();
    }
    text.nfkc().flat_map(char::to_uppercase).filter(seen).map(one_dash).collect()
}

fn is_dash(c: char) -> bool {
    matches!(c, '-' | '/' | '_' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{2500}' | '\u{2501}' | '\u{30fc}')
}

/// A part without the marks around its number. `红楼` has no number and is a name.
fn part(text: &str, marks: &Marks) -> String {
    let (sign, bare) = stripped(text, marks);
    if is_designator(&bare) { format!("{sign}{}", without_zeros(&bare)) } else { text.to_owned() }
}

/// Sign, and what stands between the marks, Chinese numerals as digits.
fn stripped(text: &str, marks: &Marks) -> (&'static str, String) {
    // A word is a mark before digits only: `NORTH` does not begin with `NO`.
    let is_mark = |mark: &str, rest: &str| {
        !mark.ends_with(|c: char| c.is_ascii_alphabetic()) || rest.starts_with(|c: char| c.is_ascii_digit())
    };
    let unmarked = marks.before.iter().find_map(|m| text.strip_prefix(m).filter(|rest| is_mark(m, rest)));
    let bare = unmarked.unwrap_or(text);
    let (sign, mut bare) = bare.strip_prefix(['-', '负']).map_or(("", bare), |rest| ("-", rest));
    while let Some(rest) = marks.behind.iter().find_map(|mark| bare.strip_suffix(mark)) {
        bare = rest;
    }
    (sign, numeral(bare))
}

/// What can stand as a number: digits, letters, dashes.
fn is_designator(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
}

/// Chinese numerals as digits.
fn numeral(text: &str) -> String {
    let is_written = !text.is_empty() && text.chars().all(numeral::is_numeral);
    let value = if is_written { numeral::value(text) } else { None };
    value.map_or_else(|| text.to_owned(), |n| n.to_string())
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// A plain number without its leading zeros, which spreadsheets drop; anything else keeps them.
fn without_zeros(text: &str) -> &str {
    if !is_number(text) {
        return text;
    }
    let bare = text.trim_start_matches('0');
    if bare.is_empty() { "0" } else { bare }
}

fn room_form(building: &str, unit: &str, text: &str) -> String {
    let plain = plain(text);
    let (sign, bare) = stripped(&plain, &ROOM);
    match storey_and_door(&bare).or_else(|| without_place(building, unit, &bare)) {
        Some(door) => format!("{sign}{}", without_zeros(&door)),
        None => part(&plain, &ROOM),
    }
}

/// `3-01` and `3层1` are door 01 of floor 3: 301. `11-1` is no such writing.
fn storey_and_door(room: &str) -> Option<String> {
    if let Some((storey, door)) = room.split_once(['层', '層', '楼', '樓']) {
        let (storey, door) = (numeral(storey), numeral(door.trim_start_matches('-')));
        let is_short = is_number(&storey) && is_number(&door) && door.len() <= 2;
        return is_short.then(|| format!("{storey}{door:0>2}"));
    }
    let (storey, door) = room.split_once('-')?;
    (is_number(storey) && is_number(door) && door.len() == 2).then(|| format!("{storey}{door}"))
}

/// `6-2-301` in building 6, unit 2 is room 301.
fn without_place(building: &str, unit: &str, room: &str) -> Option<String> {
    let (place, door) = room.rsplit_once('-')?;
    let is_here = match place.split_once('-') {
        Some((first, second)) => without_zeros(first) == building && without_zeros(second) == unit,
        None if unit.is_empty() => without_zeros(place) == building,
        None => without_zeros(place) == unit,
    };
    (is_here && is_number(door) && door.len() >= 3).then(|| door.to_owned())
}

/// Room 1 or 01 on floor 3 is 301, on floor -1 it is -101.
fn with_storey(floor: Option<i32>, room: &str) -> Option<String> {
    let floor = floor.filter(|floor| *floor != 0)?;
    let door: u32 = room.parse().ok().filter(|door| is_number(room) && (1..100).contains(door))?;
    Some(format!("{floor}{door:02}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn room(text: &str) -> Writing {
        Writing::of("6", "2", None, text)
    }

    fn at(building: &str, unit: &str) -> Writing {
        Writing::of(building, unit, None, "301")
    }

    #[test]
    fn writings_of_one_room_are_alike() {
        let same = [
            "301",
            "0301",
            "00301",
            "３０１",
            "301室",
            "301号",
            "301房",
            "第301户",
            "#301",
            "NO.301",
            "Room 301",
            "3-01",
            "3－01",
            "3—01",
            "3/01",
            "三〇一",
            "三零一室",
            "3层01",
            "三楼1室",
            " 301 ",
            "2-301",
            "6-2-301",
            "06-02-0301",
        ];
        for text in same {
            assert!(room(text).is_like(&room("301")), "{text}: {:?}", room(text));
        }
    }

    #[test]
    fn writings_of_one_building_and_unit_are_alike() {
        for text in [
            "6",
            "06",
            "６",
            "6号楼",
            "6號樓",
            "6栋",
            "6 幢",
            "6座",
            "6#",
            "#6",
            "6#楼",
            "六号楼",
            "第6栋",
            "No.6",
            "Building 6",
        ] {
            assert!(at(text, "2").is_like(&at("6", "2")), "{text}: {:?}", at(text, "2"));
        }
        for text in ["2", "02", "2单元", "二单元", "第二单元", "2門", "Unit 2", "2#"] {
            assert!(at("6", text).is_like(&at("6", "2")), "{text}: {:?}", at("6", text));
        }
        assert!(at("a座", "").is_like(&at("A", "")));
        assert!(at("十二号楼", "").is_like(&at("12", "")));
    }

    #[test]
    fn what_may_be_another_door_stays_apart() {
        let apart = [
            ("1-01", "11-1"),
            ("1-01", "11-01"),
            ("A", "B"),
            ("-1", "1"),
            ("-101", "101"),
            ("A01", "A1"),
            ("301A", "301B"),
            ("301", "3010"),
            ("101", "1001"),
            ("10", "1"),
            ("301", "302"),
            ("3-1", "301"),
            ("0", ""),
            ("1-001", "101"),
            ("负一", "一"),
            ("101东", "101西"),
        ];
        for (a, b) in apart {
            assert!(!room(a).is_like(&room(b)), "{a} {b}: {:?} {:?}", room(a), room(b));
        }
        for (a, b) in [
            ("红楼", "红"),
            ("东座", "西座"),
            ("NORTH", "RTH"),
            ("6A", "6B"),
            ("1-2", "12"),
            ("", "0"),
            ("甲", "乙"),
        ] {
            assert!(!at(a, "1").is_like(&at(b, "1")), "{a} {b}");
        }
        assert!(!at("6", "").is_like(&at("6", "1")));
    }

    #[test]
    fn a_short_room_is_told_by_its_storey() {
        let door = |floor, room| Writing::of("6", "2", Some(floor), room);
        assert!(door(3, "01").is_like(&room("301")));
        assert!(door(3, "1").is_like(&door(3, "301")));
        assert!(door(-1, "02").is_like(&room("-102")));
        assert!(door(3, "7").is_like(&room("07")), "the storey may be left out");
        assert!(!door(3, "01").is_like(&door(4, "401")));
    }

    #[test]
    fn another_building_and_another_room_are_elsewhere() {
        let door = |building, room| Writing::of(building, "1", None, room);
        assert!(door("6", "301").is_elsewhere(&door("7", "302")));
        assert!(!door("6", "301").is_elsewhere(&door("6号楼", "302")));
        assert!(!door("6", "301").is_elsewhere(&door("甲", "0301")));
    }

    proptest! {
        /// Every door of an ordinary building has a form of its own, however it is written.
        #[test]
        fn doors_of_a_building_are_never_mixed_up(
            a in (1_u32..40, 1_u32..40), b in (1_u32..40, 1_u32..40), how in (0_usize..5, 0_usize..5),
        ) {
            let write = |(floor, door): (u32, u32), how| match how {
                0 => format!("{floor}{door:02}"),
                1 => format!("{floor:02}{door:02}"),
                2 => format!("{floor}-{door:02}"),
                3 => format!("{floor:02}{door:02}室"),
                _ => format!("{floor}层{door}"),
            };
            prop_assert_eq!(room(&write(a, how.0)).is_like(&room(&write(b, how.1))), a == b);
        }

        /// Being alike goes both ways, and whatever is written finds itself by its keys.
        #[test]
        fn a_form_is_its_own(building in "\\PC{0,8}", unit in "\\PC{0,4}", room in "\\PC{0,8}", floor in prop::option::of(-3_i32..40)) {
            let one = Writing::of(&building, &unit, floor, &room);
            let two = Writing::of(&building, &unit, floor, &room);
            prop_assert!(one.is_like(&two) && !one.is_elsewhere(&two));
            prop_assert!(one.keys().eq(two.keys()));
        }
    }
}
