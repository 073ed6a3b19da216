//! Cells one at a time: what must stay as it is, and that nothing makes the cleaning panic.

use super::super::sheet::{Cells, Meaning, column};
use super::clean;
use proptest::prelude::*;

const MEANINGS: [Meaning; 10] = [
    Meaning::Code,
    Meaning::Area,
    Meaning::Parent,
    Meaning::User,
    Meaning::Text,
    Meaning::Person,
    Meaning::Whole,
    Meaning::Degrees,
    Meaning::Hours,
    Meaning::Word,
];

/// Numbers at doors, codes and names as they really are: none is touched or asked about.
#[test]
fn what_is_right_is_left_alone() {
    let codes = [
        "101",
        "0101",
        "1-101",
        "3-1-2001",
        "A-1",
        "A座",
        "12号楼",
        "1#",
        "B1",
        "10A",
        "1E5",
        "E12",
        "1E-1",
        "101/102",
        "南楼",
        "East wing",
        "410181004006-01",
        "410181004006-01/1-1-101",
        "2-1",
        "1.5",
        "12.3",
        "S01",
        "I",
        "O",
        "l",
        "10/12",
        "May",
        "Т-34 танк",
        "1月",
        "é1",
        "1–",
        "No. 5",
        "5 bis",
        "1A-0",
        "(3)",
        "20000",
        "44228",
        "NAN'AN",
        "true house",
    ];
    for text in codes {
        let cell = clean(text, &column("room", Meaning::Code, Cells::Filled));
        let asked: Vec<_> = cell.rules.iter().map(super::Rule::code).collect();
        let is_dash = text == "1–";
        let is_month = text == "1月";
        assert!(asked.is_empty() || is_dash || is_month, "{text}: {asked:?}");
        assert!(cell.text == text || is_dash, "{text}: {}", cell.text);
    }
    for text in [
        "Na",
        "Nan",
        "None Lee",
        "王伟",
        "Ó Súilleabháin",
        "O'Brien",
        "نور",
        "Müller",
        "欧阳\u{e0100}娜",
        "Jean-Luc",
        "林",
        "李 娜",
    ] {
        let cell = clean(text, &column("name", Meaning::Person, Cells::Filled));
        assert_eq!((&*cell.text, cell.rules.len()), (text, 0), "{text}: {:?}", cell.rules);
    }
    for text in [
        "Café de la gare",
        "永新路社区",
        "东苑（北区）",
        "Block \"C\"",
        "= sign",
        "Nr. 5–7",
        "1/2",
        "TRUE North",
        "目",
        "联通大厦",
    ] {
        let cell = clean(text, &column("name", Meaning::Text, Cells::Any));
        let is_formula = text.starts_with('=');
        assert!(cell.rules.is_empty() || is_formula, "{text}: {:?}", cell.rules);
    }
}

proptest! {
    #[test]
    fn no_cell_makes_it_panic_and_blanks_are_gone(text in "(\\PC|[0-9.,eE+=\"'#/-]){0,12}") {
        for meaning in MEANINGS {
            for cells in [Cells::Filled, Cells::Any] {
                let cell = clean(&text, &column("x", meaning, cells));
                prop_assert_eq!(cell.text.trim(), &*cell.text);
            }
        }
    }
}
