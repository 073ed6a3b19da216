//! The family of damages that spreadsheets, editors and statistics programs do to the files, each tried on the files to
//! which it applies: it is undone and told, asked about once by name, or refused once.

use super::{AREAS, DWELLINGS, Memory, STAFF, SURVEY, Setup, good, outcome, reading};
use crate::setup::{Accepted, Class};
use encoding_rs::GBK;

/// What must become of a damage.
#[derive(Clone, Copy, Debug)]
enum Then {
    /// Undone: the set-up is the good one, and this is told.
    Undone(&'static str),
    /// Told, and the set-up is another one than the good.
    Told(&'static str),
    /// Asked under that name, once; with the answer the set-up is read.
    Asked(&'static str),
    /// Refused, once.
    Bad(&'static str),
}
use Then::{Asked, Bad, Told, Undone};

type Edit = fn(&str) -> Vec<u8>;

const CSV: [&str; 3] = ["areas.csv", "dwellings.csv", "staff.csv"];

fn text_of(file: &str) -> &'static str {
    match file {
        "areas.csv" => AREAS,
        "dwellings.csv" => DWELLINGS,
        "staff.csv" => STAFF,
        _ => SURVEY,
    }
}

/// The set-up without line numbers, which a damage may move.
fn plain(mut setup: Setup) -> Setup {
    setup.areas.iter_mut().for_each(|row| row.line = 0);
    setup.dwellings.iter_mut().for_each(|row| row.line = 0);
    setup.staff.iter_mut().for_each(|row| row.line = 0);
    setup
}

/// Reads the good set-up with these files in place of its own, and holds what became of it against `then`.
fn holds(what: &str, files: &Memory, then: Then) {
    let read = reading(files);
    let codes = |class: Class| -> Vec<(String, &'static str)> {
        let listed = read.faults(&Accepted::default()).map(|faults| faults.listed().to_vec()).unwrap_or_default();
        let all = listed.into_iter().chain(read.told().cloned()).filter(|one| one.column != "colour");
        all.filter(|one| one.class() == class).map(|one| (one.name(), one.rule.code())).collect()
    };
    let (bad, asked, told) = (codes(Class::Bad), codes(Class::Asked), codes(Class::Told));
    let all = format!("{what}: {then:?}\nbad {bad:?}\nasked {asked:?}\ntold {told:?}");
    match then {
        Undone(code) | Told(code) => {
            assert!(bad.is_empty() && asked.is_empty(), "{all}");
            assert!(told.iter().any(|one| one.1 == code), "{all}");
            assert!(told.iter().all(|one| told.iter().filter(|other| one.0 == other.0).count() == 1), "{all}");
            let setup = plain(read.answered(&Accepted::default()).unwrap());
            assert_eq!(setup == plain(outcome(&good()).unwrap()), matches!(then, Undone(_)), "{all}");
        }
        Asked(name) => {
            assert!(bad.is_empty(), "{all}");
            assert_eq!(asked.iter().filter(|one| one.0 == name).count(), 1, "{all}");
            assert_eq!(asked.len(), 1, "{all}");
            assert!(read.answered(&Accepted::of([name])).is_ok(), "{all}");
        }
        Bad(code) => {
            let listed = read.faults(&Accepted::default()).unwrap();
            let found: Vec<_> = listed.listed().iter().filter(|one| one.rule.code() == code).collect();
            assert!(!found.is_empty(), "{all}");
            assert!(found.iter().all(|one| found.iter().filter(|other| one.name() == other.name()).count() == 1), "{all}");
            assert!(bad.len() <= 2, "{all}");
        }
    }
}

fn with(file: &str, edit: impl Fn(&str) -> Vec<u8>) -> Memory {
    let mut files = good();
    files.put(file, edit(text_of(file)));
    files
}

fn utf16(text: &str, has_mark: bool, is_big: bool) -> Vec<u8> {
    let units = has_mark.then_some(0xfeff).into_iter().chain(text.encode_utf16());
    units.flat_map(|unit| if is_big { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect()
}

/// Every line changed, the header too.
fn each_line(text: &str, change: impl Fn(usize, &str) -> String) -> Vec<u8> {
    text.lines().enumerate().map(|(at, line)| change(at, line) + "\n").collect::<String>().into_bytes()
}

/// The text with another separator; cells of these files have none of them but `;` in hours.
fn separated(text: &str, sign: &str) -> String {
    let quoted = text.replace("09:00-12:00;14:00-21:00", "\"09:00-12:00;14:00-21:00\"");
    quoted.replace(',', sign)
}

/// What is done to a whole file of rows, whichever it is.
#[rustfmt::skip]
const WHOLE: &[(&str, Edit, Then)] = &[
    ("semicolons", |t| separated(t, ";").into(), Undone("separator")),
    ("tabs", |t| separated(t, "\t").into(), Undone("separator")),
    ("bars", |t| separated(t, "|").into(), Undone("separator")),
    ("full-width commas", |t| separated(t, "，").into(), Undone("separator")),
    ("sep=,", |t| format!("sep=,\n{t}").into(), Undone("separator-line")),
    ("sep=; and semicolons", |t| format!("sep=;\r\n{}", separated(t, ";")).into(), Undone("separator-line")),
    ("quoted sep=", |t| format!("\"sep=\t\"\n{}", separated(t, "\t")).into(), Undone("separator-line")),
    ("Excel's Unicode text", |t| utf16(&separated(t, "\t").replace('\n', "\r\n"), true, false), Undone("encoding")),
    ("UTF-16 big end first", |t| utf16(t, true, true), Undone("encoding")),
    ("UTF-16 without a mark", |t| utf16(t, false, false), Undone("encoding")),
    ("CR line ends", |t| t.replace('\n', "\r").into(), Undone("line-ends")),
    ("CR without the last", |t| t.trim_end().replace('\n', "\r").into(), Undone("line-ends")),
    ("CR CR LF line ends", |t| t.replace('\n', "\r\r\n").into(), Undone("line-ends")),
    ("mixed line ends", |t| t.replacen('\n', "\r", 2).into(), Undone("line-ends")),
    ("U+2028 line ends", |t| t.replace('\n', "\u{2028}").into(), Undone("line-ends")),
    ("NEL line ends", |t| t.replace('\n', "\u{85}").into(), Undone("line-ends")),
    ("two files put together", |t| format!("\u{feff}{}\n\u{feff}{}", t.lines().next().unwrap(), t).into(), Undone("marks-inside")),
    ("the header again", |t| format!("{t}{}\n", t.lines().next().unwrap()).into(), Undone("header-again")),
    ("the header again in capitals", |t| format!("{t}{}\n", t.lines().next().unwrap().to_uppercase()).into(), Undone("header-again")),
    ("Ctrl-Z at the end", |t| format!("{t}\u{1a}").into(), Undone("end-mark")),
    ("a title above the header", |t| format!("List of 2020,,,\nmade by,the office\n\n{t}").into(), Undone("title-lines")),
    ("lines quoted as a whole", |t| each_line(t, |_, line| format!("\"{}\"", line.replace('"', "\"\""))), Undone("wrapped-lines")),
    ("R's row numbers", |t| each_line(t, |at, line| if at == 0 { line.to_owned() } else { format!("\"{at}\",{line}") }), Undone("index-column")),
    ("R's row numbers under an empty name", |t| each_line(t, |at, line| format!("\"{}\",{line}", if at == 0 { String::new() } else { at.to_string() })), Undone("unnamed-column")),
    ("pandas' index", |t| each_line(t, |at, line| if at == 0 { format!(",{line}") } else { format!("{},{line}", at - 1) }), Undone("unnamed-column")),
    ("pandas' index read back", |t| each_line(t, |at, line| if at == 0 { format!("Unnamed: 0,{line}") } else { format!("{},{line}", at - 1) }), Undone("unused-column")),
    ("empty cells past the end", |t| each_line(t, |at, line| if at == 0 { line.to_owned() } else { format!("{line},,,") }), Undone("spare-cells")),
    ("a column of remarks", |t| each_line(t, |at, line| format!("{line},{}", if at == 0 { "remark" } else { "x" })), Undone("unused-column")),
    ("an xlsx under another name", |_| b"PK\x03\x04[Content_Types].xml".into(), Bad("not-text")),
    ("an xls under another name", |_| b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".into(), Bad("not-text")),
    ("a web page", |_| b"<html><table><tr><td>code</td></tr></table>".into(), Bad("not-text")),
    ("no header", |t| t.lines().skip(1).collect::<Vec<_>>().join("\n").into(), Bad("no-header")),
    ("a quote that is never closed", |t| { let last = t.trim_end().rfind('\n').unwrap() + 1; format!("{}\"{}", &t[..last], &t[last..]).into() }, Bad("endless")),
    ("zero bytes", |t| format!("{t}\0\0\0\0").into(), Bad("zero-bytes")),
    ("a column twice", |t| each_line(t, |at, line| format!("{line},{}", if at == 0 { t.split(',').next().unwrap() } else { "x" })), Bad("column-twice")),
    ("nothing", |_| Vec::new(), Bad("file-empty")),
    ("blanks", |_| b" \r\n \r\n".into(), Bad("file-empty")),
];

#[test]
fn what_is_done_to_a_whole_file_is_undone_asked_or_refused_once() {
    for file in CSV {
        for (what, edit, then) in WHOLE {
            holds(&format!("{file}: {what}"), &with(file, edit), *then);
        }
        let gbk = |text: &str| GBK.encode(text).0.into_owned();
        if file != "dwellings.csv" {
            let name = format!("{}.encoding", file.split('.').next().unwrap());
            holds(&format!("{file}: GBK"), &with(file, gbk), Asked(Box::leak(name.into_boxed_str())));
        }
    }
}

#[test]
fn what_changes_nothing_is_not_worth_a_word() {
    let edits: &[(&str, Edit)] = &[
        ("a mark and CRLF", |t| format!("\u{feff}{}", t.replace('\n', "\r\n")).into()),
        ("blank lines", |t| t.replacen('\n', "\n\n ,,\n", 2).into()),
        ("everything quoted", |t| each_line(t, |_, line| line.split(',').map(|cell| format!("\"{cell}\"")).collect::<Vec<_>>().join(","))),
        ("spaces before quotes", |t| each_line(t, |_, line| line.split(',').map(|cell| format!(" \"{cell}\" ")).collect::<Vec<_>>().join(","))),
        ("no line end at the end", |t| t.trim_end().into()),
        ("capitals in the header", |t| each_line(t, |at, line| if at == 0 { line.to_uppercase() } else { line.to_owned() })),
        ("zero-width and wide signs in the header", |t| t.replacen(',', "\u{200b},\u{a0}", 2).replacen("name", "ｎａｍｅ", 1).into()),
        ("empty columns at the end", |t| each_line(t, |_, line| format!("{line},,,"))),
    ];
    let expected = plain(outcome(&good()).unwrap());
    for file in CSV {
        for (what, edit) in edits {
            let read = reading(&with(file, edit));
            let told: Vec<_> = read.told().filter(|one| one.rule.code() != "unused-column").cloned().collect();
            assert!(told.is_empty(), "{file}: {what}: {told:?}");
            assert_eq!(plain(read.answered(&Accepted::default()).unwrap()), expected, "{file}: {what}");
        }
    }
}

/// File, what is replaced in it, by what, and what becomes of it.
#[rustfmt::skip]
const CELLS: &[(&str, &str, &str, Then)] = &[
    // Marks that keep a value as it is.
    ("dwellings.csv", ",0103,", ",\"=\"\"0103\"\"\",", Undone("text-mark")),
    ("dwellings.csv", ",0103,", ",'0103,", Undone("text-mark")),
    ("dwellings.csv", ",0103,", ",’0103,", Undone("text-mark")),
    ("dwellings.csv", ",0103,", ",“0103”,", Undone("text-mark")),
    ("dwellings.csv", ",0103,", ",\"\"\"0103\"\"\",", Undone("text-mark")),
    ("areas.csv", "\nc1,", "\n\"=\"\"c1\"\"\",", Undone("text-mark")),
    ("areas.csv", ",East,", ",\"=\"\"East\"\"\",", Undone("text-mark")),
    ("staff.csv", "\ns01,", "\n's01,", Undone("text-mark")),
    // Signs that cannot be seen or look like others.
    ("dwellings.csv", ",102,", ",1\u{200b}02\u{200e},", Undone("unseen")),
    ("dwellings.csv", ",102,", ",102_x000D_,", Undone("unseen")),
    ("areas.csv", ",West,", ",We\u{ad}st,", Undone("unseen")),
    ("staff.csv", "\ns01,", "\n\u{202a}s01\u{202c},", Undone("unseen")),
    ("dwellings.csv", ",102,", ",１０２,", Undone("full-width")),
    ("dwellings.csv", "e2,6,2,-1,", "ｅ２,6,2,-1,", Undone("full-width")),
    ("areas.csv", "e2,c1,", "e2,ｃ１,", Undone("full-width")),
    ("staff.csv", "09:00-12:00;14:00-21:00", "09：00－12：00；14：00－21：00", Undone("full-width")),
    ("dwellings.csv", ",-1,", ",\u{2212}1,", Undone("dash")),
    ("staff.csv", "09:00-12:00", "09:00–12:00", Undone("dash")),
    ("staff.csv", "s01,Zhang", "s–01,Zhang", Told("dash")),
    ("dwellings.csv", ",102,", ",1\u{a0}02,", Told("spaces")),
    ("dwellings.csv", ",102,", ",\u{a0}102\u{3000},", Undone("")),
    ("dwellings.csv", ",102,", ",1O2,", Asked("dwellings.room.look-alike")),
    ("dwellings.csv", "e2,6,", "e2,А,", Asked("dwellings.building.look-alike")),
    ("areas.csv", "e2,c1,", "е2,c1,", Asked("areas.code.look-alike")),
    ("dwellings.csv", "e2,6,", "Е2,6,", Undone("area-meant")),
    ("staff.csv", "\ns01,", "\ns01а,", Asked("staff.user.look-alike")),
    ("areas.csv", "西", "", Undone("")),
    // Numbers.
    ("dwellings.csv", "e2,6,2,-1,101,", "e2,6.0,2,-1.0,101,", Asked("dwellings.building.point-zero")),
    ("dwellings.csv", ",-1,", ",-1.0,", Undone("point-zero")),
    ("dwellings.csv", ",102,", ",1.02E+02,", Asked("dwellings.room.exponent")),
    ("dwellings.csv", ",102,", ",1e+05,", Asked("dwellings.room.exponent")),
    ("dwellings.csv", ",x1,", ",4.10181E+17,", Asked("dwellings.external_id.exponent")),
    ("dwellings.csv", ",102,", ",\"1,002\",", Asked("dwellings.room.thousands")),
    ("dwellings.csv", "112.98,34.76", "\"112,98\",\"34,76\"", Undone("decimal-comma")),
    ("dwellings.csv", "112.98,34.76", "112.98°,34.76°", Undone("degree-sign")),
    ("dwellings.csv", "112.98,34.76", "112.98E,N 34.76", Undone("degree-sign")),
    ("dwellings.csv", "112.98,34.76", "112°58′48″E,34°45'36\"N", Undone("degree-sign")),
    ("dwellings.csv", "112.98,34.76", "112度58分48秒,34度45分36秒", Undone("degree-sign")),
    ("dwellings.csv", "112.98,34.76", "１１２．９８,34.76", Undone("full-width")),
    ("dwellings.csv", "112.98,34.76", "112.975.231,34.76", Bad("no-point")),
    ("dwellings.csv", "112.98,34.76", "112975231,34.76", Bad("no-point")),
    ("dwellings.csv", "112.98,34.76", "38412345.5,3846123.5", Bad("no-point")),
    ("dwellings.csv", "112.98,34.76", "34.76,112.98", Asked("dwellings.lon.exchanged")),
    ("dwellings.csv", "112.98,34.76", "0,0.0", Asked("dwellings.lon.zero-place")),
    ("dwellings.csv", "112.98,34.76", "1.1298E+02,34.76", Asked("dwellings.lon.exponent")),
    // Dates and truths.
    ("dwellings.csv", ",102,", ",1月2日,", Asked("dwellings.room.date")),
    ("dwellings.csv", ",102,", ",2-Jan,", Asked("dwellings.room.date")),
    ("dwellings.csv", ",102,", ",Jan-02,", Asked("dwellings.room.date")),
    ("dwellings.csv", ",102,", ",02. Jan,", Asked("dwellings.room.date")),
    ("dwellings.csv", ",102,", ",02-janv,", Asked("dwellings.room.date")),
    ("dwellings.csv", ",102,", ",2021/1/2,", Asked("dwellings.room.date")),
    ("dwellings.csv", ",102,", ",2021-01-02 00:00:00,", Asked("dwellings.room.date")),
    ("dwellings.csv", "e2,6,2,", "e2,6,2月1日,", Asked("dwellings.unit.date")),
    ("dwellings.csv", ",102,", ",TRUE,", Asked("dwellings.room.true-false")),
    ("areas.csv", "\ne2,", "\nFALSE,", Bad("not-an-area")),
    // Errors, formulas, signs for no value.
    ("dwellings.csv", ",102,", ",#N/A,", Bad("error-cell")),
    ("dwellings.csv", "112.98,34.76", "#DIV/0!,34.76", Bad("error-cell")),
    ("dwellings.csv", ",102,", ",#BEZUG!,", Bad("error-cell")),
    ("dwellings.csv", ",102,", ",Err:502,", Bad("error-cell")),
    ("dwellings.csv", ",102,", ",#####,", Bad("error-cell")),
    ("areas.csv", ",East,", ",#REF!,", Bad("error-cell")),
    ("staff.csv", "Zhang Min 张敏", "#VALUE!", Bad("error-cell")),
    ("staff.csv", ",supervisor,", ",#NAME?,", Bad("error-cell")),
    ("dwellings.csv", ",102,", ",=A2&B2,", Bad("formula")),
    ("areas.csv", ",East,", ",\"=VLOOKUP(A2,B:C,2)\",", Bad("formula")),
    ("dwellings.csv", "102,residential,,", "102,residential,NA,NA", Undone("no-value")),
    ("dwellings.csv", "102,residential,,", "102,residential,-,-", Undone("no-value")),
    ("dwellings.csv", "e1,1,,,0103", "e1,1,NULL,NaN,0103", Undone("no-value")),
    ("dwellings.csv", "e1,1,,,0103", "e1,1,-,,0103", Asked("dwellings.unit.no-value")),
    ("dwellings.csv", ",102,", ",NA,", Asked("dwellings.room.no-value")),
    ("areas.csv", "410181,,", "410181,NA,", Undone("no-value")),
    ("areas.csv", ",West,", ",West,NULL", Undone("no-value")),
    ("staff.csv", "张敏,supervisor,c1,,", "张敏,supervisor,c1,NA,", Asked("staff.shift_weekend.no-value")),
    ("staff.csv", "Zhang Min 张敏", "NULL", Asked("staff.name.no-value")),
    // Texts in the wrong encoding.
    ("areas.csv", "东苑", "??", Asked("areas.name_zh.lost-signs")),
    ("areas.csv", "东苑", "东\u{fffd}", Asked("areas.name_zh.lost-signs")),
    ("areas.csv", "东苑", "锟斤拷", Asked("areas.name_zh.lost-signs")),
    ("areas.csv", "永新路社区", "æ°¸æ–°è·¯", Asked("areas.name_zh.garbled")),
    ("areas.csv", "East", "CafÃ©", Asked("areas.name.garbled")),
    ("staff.csv", "Zhang Min 张敏", "Zhang Min ??", Asked("staff.name.lost-signs")),
    // Words and hours.
    ("dwellings.csv", "business", "Business", Undone("letter-case")),
    ("dwellings.csv", "business", "under construction", Told("letter-case")),
    ("staff.csv", "supervisor", "SUPERVISOR", Undone("letter-case")),
    ("staff.csv", "09:00-12:00;14:00-21:00", "9:00 AM - 12:00 PM / 2:00 PM - 9:00 PM", Undone("hours-written")),
    ("staff.csv", "09:00-12:00;14:00-21:00", "\"09:00-12:00\n14:00-21:00\"", Undone("hours-written")),
    ("staff.csv", "10:00-12:00", "0.416666667", Bad("hours-number")),
    ("staff.csv", "09:00-12:00;14:00-21:00", "\"09:00:00-12:00:00;14:00:00-21:00:00\"", Undone("hours-written")),
    // References whose zeros or capitals were lost.
    ("dwellings.csv", "e2,6,", "E2,6,", Undone("area-meant")),
    ("staff.csv", "supervisor,c1", "supervisor,C01", Undone("area-meant")),
    ("areas.csv", "e2,c1,", "e2,C1,", Undone("area-meant")),
    // Columns.
    ("dwellings.csv", "external_id", "external id", Undone("renamed-column")),
    ("staff.csv", "shift_sunday", "shift_sundays", Asked("staff.shift_sundays.near-column")),
    ("staff.csv", "shift_sunday", "Shift sunnday", Asked("staff.Shift-sunnday.near-column")),
    ("dwellings.csv", "external_id", "external_ids", Asked("dwellings.external_ids.near-column")),
    ("dwellings.csv", ",room,", ",romm,", Bad("column-meant")),
    ("dwellings.csv", ",lon,", ",longitude,", Bad("column-meant")),
    ("areas.csv", ",level,", ",kind of,", Bad("column-missing")),
    // Rows.
    ("dwellings.csv", ",102,residential,,,,", ",102,residential", Asked("dwellings.short-row")),
    ("dwellings.csv", ",102,residential,,,,", ",102", Bad("ragged")),
    ("areas.csv", "e2,c1,estate,West,", "e2,c1,estate,West,West, old", Bad("long-row")),
    ("dwellings.csv", "112.98,34.76", "112,98,34,76", Bad("lat-range")),
    ("dwellings.csv", "102,residential,,,,", "102,residential,,,,,,", Asked("dwellings.spare-cells")),
    ("dwellings.csv", "112.98,34.76,,", "112,98,34,76,x3,", Bad("long-row")),
    // Keys twice.
    ("dwellings.csv", "102,residential,,,,", "102,residential,,,x1,", Asked("dwellings.external_id.twice")),
    ("dwellings.csv", "e1,1,1,1,102", "e1,1,1,1,101", Bad("same-door")),
    ("staff.csv", "\ns01,", "\nE01,", Bad("same-user-written")),
    ("areas.csv", "e2,c1", "E1,c1", Bad("same-code")),
    // Zeros.
    ("dwellings.csv", "e1,1,1,1,102", "e1,1,1,1,0102", Asked("dwellings.room.lost-zeros")),
];

#[test]
fn what_is_done_to_a_cell_is_undone_asked_or_refused_once() {
    for (file, from, to, then) in CELLS {
        let text = text_of(file);
        let what = format!("{file}: {from:?} -> {to:?}");
        if matches!(then, Undone("")) {
            assert!(outcome(&with(file, |t| t.replacen(from, to, 1).into())).is_ok(), "{what}");
            continue;
        }
        assert!(text.contains(from), "{what}");
        holds(&what, &with(file, |t| t.replacen(from, to, 1).into()), *then);
    }
}

/// Doors of two areas, four buildings each, eight rooms each, with a place.
fn list(line: impl Fn(usize, [&str; 8]) -> String) -> Memory {
    let mut text = "area,building,unit,floor,room,kind,lon,lat,external_id\n".to_owned();
    for n in 0..64 {
        let (area, building, floor) = (["e1", "e2"][n / 32], n / 8 % 4 + 1, n % 8 / 2 + 1);
        let (room, lon) = (format!("{floor}0{}", n % 2 + 1), format!("112.97{building}{}", n % 8));
        let (building, floor) = (building.to_string(), floor.to_string());
        text += &line(n, [area, &building, "1", &floor, &room, "residential", &lon, "34.7512"]);
        text += &format!(",{n}\n");
    }
    let mut files = good();
    files.put("dwellings.csv", text);
    files
}

fn joined(cells: [&str; 8]) -> String {
    cells.join(",")
}

fn with_cell<'a>(mut cells: [&'a str; 8], at: usize, value: &'a str) -> String {
    cells[at] = value;
    joined(cells)
}

#[test]
fn what_only_the_list_as_a_whole_shows_is_asked_once() {
    assert!(outcome(&list(|_, cells| joined(cells))).is_ok());
    let then = |what: &str, files: Memory, then: Then| holds(what, &files, then);
    then("one place in another province", list(|n, cells| if n == 5 { with_cell(cells, 6, "121.47") } else { joined(cells) }), Asked("dwellings.lon.far-place"));
    then("places typed with a digit too many", list(|n, cells| if n > 60 { with_cell(cells, 7, "37.7512") } else { joined(cells) }), Asked("dwellings.lon.far-place"));
    then("merged buildings", list(|n, cells| if n % 8 == 0 { joined(cells) } else { with_cell(cells, 1, "") }), Asked("dwellings.building.merged"));
    then("merged units", list(|n, cells| if n % 8 == 0 { joined(cells) } else { with_cell(cells, 2, "") }), Asked("dwellings.unit.gaps"));
    then("rooms like 2-1 become dates and one a number of days", list(|n, cells| with_cell(cells, 4, &if n == 9 { "44228".to_owned() } else { format!("{}-{}", n % 8 + 1, n % 3 + 1) })), Asked("dwellings.room.date"));
    then("every place exchanged", list(|_, mut cells| { cells.swap(6, 7); joined(cells) }), Asked("dwellings.lon.exchanged"));
    then("pandas' numbers", list(|_, cells| with_cell(cells, 4, &format!("{}.0", cells[4]))), Told("point-zero"));
    then("numbers cut at fifteen digits", list(|n, cells| with_cell(cells, 4, &format!("4101810040060{n:02}000"))), Asked("dwellings.room.cut-digits"));
    then("no room has its number", list(|_, cells| with_cell(cells, 4, "")), Bad("empty"));
    then("an area that is not there", list(|_, cells| with_cell(cells, 0, "e9")), Bad("not-an-area"));
    then("semicolons in half of the rows", list(|n, cells| if n % 2 == 0 { joined(cells) } else { cells.join(";") }), Bad("ragged"));
}

#[test]
fn a_list_as_long_as_a_sheet_may_be_cut_off() {
    let door = |n: usize| format!("e1,1,{n},,101,residential,,,,\n");
    for (rows, then) in [(65_535, Some(Asked("dwellings.row-limit"))), (65_534, None)] {
        let text = DWELLINGS.lines().next().unwrap().to_owned() + "\n" + &(0..rows).map(door).collect::<String>();
        let mut files = good();
        files.put("dwellings.csv", text);
        match then {
            Some(then) => holds("a full sheet", &files, then),
            None => assert!(outcome(&files).is_ok()),
        }
    }
}

/// What is done to the file of settings.
#[rustfmt::skip]
const TOML: &[(&str, Edit, Then)] = &[
    ("UTF-16", |t| utf16(t, true, false), Undone("encoding")),
    ("GBK", |t| GBK.encode(t).0.into_owned(), Asked("survey.encoding")),
    ("CR line ends", |t| t.replace('\n', "\r").into(), Undone("line-ends")),
    ("typographic quotes", |t| t.replacen("\"census-2020\"", "“census-2020”", 1).into(), Undone("toml-signs")),
    ("full-width equals", |t| t.replacen("id =", "id ＝", 1).into(), Undone("toml-signs")),
    ("full-width brackets", |t| t.replace("[closing]", "［closing］").into(), Undone("toml-signs")),
    ("no-break spaces", |t| t.replacen("name = ", "name\u{a0}=\u{a0}", 1).into(), Undone("toml-signs")),
    ("a date with slashes", |t| t.replace("starts_on = \"2020-11-01\"", "starts_on = \"2020/11/1\"").into(), Undone("date-written")),
    ("a Chinese date", |t| t.replace("starts_on = \"2020-11-01\"", "starts_on = \"2020年11月1日\"").into(), Undone("date-written")),
    ("a date with the day first", |t| t.replace("starts_on = \"2020-11-01\"", "starts_on = \"01.11.2020\"").into(), Bad("no-date")),
    ("a workbook", |_| b"PK\x03\x04xl/workbook.xml".into(), Bad("not-text")),
    ("zero bytes", |t| format!("{t}\0").into(), Bad("zero-bytes")),
    ("a key twice", |t| format!("id = \"x\"\n{t}").into(), Bad("toml")),
    ("a number in place of the district", |t| t.replace("\"410181\"", "410181").into(), Bad("in-quotes")),
];

#[test]
fn what_an_editor_does_to_the_settings_is_undone_asked_or_refused_once() {
    for (what, edit, then) in TOML {
        holds(what, &with("survey.toml", edit), *then);
    }
}

#[test]
fn a_file_under_another_name_is_found_or_named() {
    for file in ["areas.csv", "dwellings.csv", "staff.csv", "survey.toml"] {
        let stem = file.split('.').next().unwrap();
        let renamed = |name: &str| {
            let mut files = good();
            let bytes = files.0.remove(file).unwrap();
            files.put(name, bytes);
            files
        };
        holds(file, &renamed(&file.to_uppercase()), Undone("file-name"));
        holds(file, &renamed(&format!("{file}.txt")), Undone("file-name"));
        holds(file, &renamed(&file.replace('.', " (1).")), Undone("file-name"));
        holds(file, &renamed(&format!("{stem}.doc")), Bad("file-missing"));
        let mut files = good();
        files.put(&file.replace('.', " (1)."), "");
        holds(file, &files, Asked(Box::leak(format!("{stem}.other-file").into_boxed_str())));
        let mut files = good();
        files.receive(file, Vec::new());
        holds(file, &files, Bad("file-twice"));
    }
    let mut files = good();
    files.0.remove("areas.csv");
    files.put("areas.xlsx", "PK");
    holds("areas.xlsx", &files, Bad("file-of-other-kind"));
}
