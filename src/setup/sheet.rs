//! What a CSV file of the set-up should look like: its columns, what their cells mean, and how a header's names are
//! recognised whatever a spreadsheet did to them.

use strsim::damerau_levenshtein;
use unicode_normalization::UnicodeNormalization;

/// What the cells of a column mean, which decides what is undone in them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// Identifies something: a number at a door, a code.
    Code,
    /// The code of an area of areas.csv: whether it is right is seen there.
    Area,
    /// The code of an area's parent, which may be empty or called NA.
    Parent,
    /// A login name.
    User,
    /// Free text.
    Text,
    /// A person's name, which is never shown.
    Person,
    /// A whole number.
    Whole,
    /// Degrees.
    Degrees,
    /// Hours on duty.
    Hours,
    /// A word of a closed set.
    Word,
}

/// One known column.
pub(super) struct Column {
    /// Its name.
    pub name: &'static str,
    /// What its cells mean.
    pub meaning: Meaning,
    /// What a spreadsheet's habits may do to the column as a whole.
    pub cells: Cells,
}

/// Whether cells may be empty, and what an empty one may be after merged cells were saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cells {
    /// May not be empty.
    Filled,
    /// May not be empty; often one merged cell for many lines.
    FilledOrMerged,
    /// May be empty.
    Any,
    /// May be empty; often one merged cell for many lines.
    AnyOrMerged,
}

impl Cells {
    /// Whether a cell may be empty.
    pub fn may_be_empty(self) -> bool {
        matches!(self, Self::Any | Self::AnyOrMerged)
    }
}

/// One known column.
pub(super) const fn column(name: &'static str, meaning: Meaning, cells: Cells) -> Column {
    Column { name, meaning, cells }
}

/// What a file should look like.
pub(super) struct Sheet {
    /// Plain file name.
    pub file: &'static str,
    /// Known columns; the first `required` of them must be in the header.
    pub columns: &'static [Column],
    /// How many of `columns` must be there.
    pub required: usize,
}

impl Sheet {
    /// The names of the columns that must be there.
    pub fn needed(&self) -> String {
        let names: Vec<_> = self.columns[..self.required].iter().map(|column| column.name).collect();
        names.join(",")
    }

    /// The column that a header's name means, and whether it is written just so.
    pub fn find(&self, name: &str) -> Option<(usize, bool)> {
        let plain = plain_name(name);
        if let Some(at) = self.columns.iter().position(|column| column.name == plain) {
            return Some((at, true));
        }
        let bare: String = plain.chars().filter(|c| c.is_alphanumeric()).collect();
        let is_bare = |known: &str| known.chars().filter(|&c| c != '_').eq(bare.chars());
        self.columns.iter().position(|column| is_bare(column.name)).map(|at| (at, false))
    }

    /// The column that an unknown name may mean, of those `wanted`.
    pub fn near(&self, name: &str, wanted: impl Fn(usize) -> bool) -> Option<usize> {
        let name = plain_name(name);
        (0..self.columns.len()).filter(|&at| wanted(at)).find(|&at| is_near(self.columns[at].name, &name))
    }
}

/// A header's name without what is not part of it: capitals, full-width letters, quotation marks, invisible signs.
pub(super) fn plain_name(name: &str) -> String {
    let name = name.strip_prefix("ï»¿").unwrap_or(name);
    if name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
        return name.to_ascii_lowercase();
    }
    let folded: String = name.nfkc().filter(|&c| !super::cells::is_unseen(c)).collect();
    let is_mark = |c: char| c.is_whitespace() || "\"'`“”„‘’‚«»".contains(c);
    let words: Vec<_> = folded.trim_matches(is_mark).split_whitespace().collect();
    words.join(" ").to_lowercase()
}

/// Whether `name` is probably a slip for `known`: a letter or two, an ending more or less, or its words in another order.
fn is_near(known: &str, name: &str) -> bool {
    let length = name.chars().count();
    if length < 2 {
        return false;
    }
    let most = match known.len() {
        0..=3 => usize::from(length >= 3),
        4..=5 => 1,
        _ => 2,
    };
    if (known, name) == ("lon", "lng") {
        return true;
    }
    let words = |text: &str| {
        let mut words: Vec<_> = text.split(['_', ' ', '-', '.']).map(str::to_owned).collect();
        words.sort_unstable();
        words
    };
    damerau_levenshtein(known, name) <= most
        || (length >= 3 && (name.starts_with(known) || known.starts_with(name)))
        || (length >= 5 && known.contains(name))
        || words(known) == words(name)
}

#[cfg(test)]
mod tests {
    use super::super::{areas, dwellings, staff};

    #[test]
    fn a_name_is_recognised_whatever_was_done_to_it() {
        for name in [
            "building_name",
            " Building_Name ",
            "\u{feff}building_name",
            "“building_name”",
            "ＢＵＩＬＤＩＮＧ＿ＮＡＭＥ",
            "building\u{200b}_name",
            "ï»¿building_name",
        ] {
            assert_eq!(dwellings::SHEET.find(name), Some((8, true)), "{name}");
        }
        for name in [
            "building name",
            "building\nname",
            "Building-Name",
            "buildingname",
            "building_name*",
            "buildingName",
        ] {
            assert_eq!(dwellings::SHEET.find(name), Some((8, false)), "{name}");
        }
        for name in ["", "*", "buildings_name", "name", "房号"] {
            assert_eq!(dwellings::SHEET.find(name), None, "{name}");
        }
    }

    #[test]
    fn a_slip_is_near_and_another_word_is_not() {
        let near = |name| staff::SHEET.near(name, |_| true).map(|at| staff::SHEET.columns[at].name);
        for (name, known) in [
            ("shift_weekdays", Some("shift_weekday")),
            ("shift_wekday", Some("shift_weekday")),
            ("weekday_shift", Some("shift_weekday")),
            ("weekday", Some("shift_weekday")),
            ("username", Some("user")),
            ("rol", Some("role")),
            ("phone", None),
            ("remark", None),
            ("colour", None),
            ("x", None),
            ("", None),
        ] {
            assert_eq!(near(name), known, "{name}");
        }
        let doors =
            |name| dwellings::SHEET.near(name, |at| at >= 6).map(|at| dwellings::SHEET.columns[at].name);
        for (name, known) in [
            ("longitude", Some("lon")),
            ("lng", Some("lon")),
            ("latitude", Some("lat")),
            ("households", Some("households_expected")),
            ("building_no", None),
        ] {
            assert_eq!(doors(name), known, "{name}");
        }
        assert_eq!(areas::SHEET.near("nam_zh", |_| true), Some(4));
    }
}
