//! The family of damages that spreadsheets, editors and statistics programs do to the files, each tried on the files to
//! which it applies: it is undone and told, asked about once by name, or refused once.

mod cells;
mod lists;

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
        let listed =
            read.faults(&Accepted::default()).map(|faults| faults.listed().to_vec()).unwrap_or_default();
        let all = listed.into_iter().chain(read.told().cloned()).filter(|one| one.column != "colour");
        all.filter(|one| one.class() == class).map(|one| (one.name(), one.rule.code())).collect()
    };
    let (bad, asked, told) = (codes(Class::Bad), codes(Class::Asked), codes(Class::Told));
    let all = format!("{what}: {then:?}\nbad {bad:?}\nasked {asked:?}\ntold {told:?}");
    match then {
        Undone(code) | Told(code) => {
            assert!(bad.is_empty() && asked.is_empty(), "{all}");
            assert!(told.iter().any(|one| one.1 == code), "{all}");
            assert!(
                told.iter().all(|one| told.iter().filter(|other| one.0 == other.0).count() == 1),
                "{all}"
            );
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
            assert!(
                found.iter().all(|one| found.iter().filter(|other| one.name() == other.name()).count() == 1),
                "{all}"
            );
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
        ("everything quoted", |t| {
            each_line(t, |_, line| {
                line.split(',').map(|cell| format!("\"{cell}\"")).collect::<Vec<_>>().join(",")
            })
        }),
        ("spaces before quotes", |t| {
            each_line(t, |_, line| {
                line.split(',').map(|cell| format!(" \"{cell}\" ")).collect::<Vec<_>>().join(",")
            })
        }),
        ("no line end at the end", |t| t.trim_end().into()),
        ("capitals in the header", |t| {
            each_line(t, |at, line| if at == 0 { line.to_uppercase() } else { line.to_owned() })
        }),
        ("zero-width and wide signs in the header", |t| {
            t.replacen(',', "\u{200b},\u{a0}", 2).replacen("name", "ｎａｍｅ", 1).into()
        }),
        ("empty columns at the end", |t| each_line(t, |_, line| format!("{line},,,"))),
    ];
    let expected = plain(outcome(&good()).unwrap());
    for file in CSV {
        for (what, edit) in edits {
            let read = reading(&with(file, edit));
            let told: Vec<_> =
                read.told().filter(|one| one.rule.code() != "unused-column").cloned().collect();
            assert!(told.is_empty(), "{file}: {what}: {told:?}");
            assert_eq!(plain(read.answered(&Accepted::default()).unwrap()), expected, "{file}: {what}");
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
