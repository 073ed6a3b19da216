//! What this program itself reads in a spreadsheet before the converter does: which row makes which node, the column of
//! bindings, and faults of which an author should hear all at once.

use std::collections::{BTreeMap, BTreeSet};

use unicode_normalization::UnicodeNormalization;

use super::book::{Book, Sheet};
use crate::forms::fault::Fault;
use crate::forms::xml::is_name;

/// Where the nodes of a form stand in its spreadsheet.
#[derive(Clone, Debug, Default)]
pub struct Rows {
    /// The row of each path; a path that two rows make has the first.
    pub of: BTreeMap<String, usize>,
    /// Path and binding of every row that has one, in order.
    pub bindings: Vec<(String, String)>,
    /// Faults found on the way.
    pub faults: Vec<Fault>,
}

/// Headers of the setting that names the form.
const ID_HEADERS: [&str; 3] = ["form_id", "set_form_id", "id_string"];
/// Headers that hold a binding.
const BINDING_HEADERS: [&str; 2] = ["doorknock", "bind::dk:field"];

/// Puts a spreadsheet into the shape the converter wants: types in plain letters, our column taken out, columns of choices that
/// could not become elements left out, the version filled in.
pub fn prepare(book: &mut Book, default_version: &str) {
    if let Some(survey) = book.sheets.get_mut("survey") {
        let types: Vec<String> = survey.headers.iter().filter(|h| is_type(h)).cloned().collect();
        survey.headers.retain(|h| !is_binding(h));
        for (_, row) in &mut survey.rows {
            row.retain(|h, _| !is_binding(h));
            for header in &types {
                if let Some(cell) = row.get_mut(header) {
                    let plain: String = cell.nfkc().collect();
                    plain.trim().clone_into(cell);
                }
            }
        }
    }
    drop_odd_columns(book);
    if book.setting(&["version"]).is_none_or(str::is_empty)
        && let Some(settings) = book.sheets.get_mut("settings")
        && let Some((_, row)) = settings.rows.first_mut()
    {
        let header = settings.headers.iter().find(|h| h.eq_ignore_ascii_case("version")).cloned();
        let header = header.unwrap_or_else(|| {
            settings.headers.push("version".to_owned());
            "version".to_owned()
        });
        row.insert(header, default_version.to_owned());
    }
}

/// Names the form where it does not name itself and a name is given.
pub fn name(book: &mut Book, fallback_id: Option<&str>) {
    let Some(id) = fallback_id.filter(|_| book.setting(&ID_HEADERS).is_none_or(str::is_empty)) else {
        return;
    };
    let settings = book.sheets.entry("settings".to_owned()).or_default();
    settings.headers.retain(|header| !ID_HEADERS.contains(&header.to_lowercase().as_str()));
    settings.headers.push("form_id".to_owned());
    if settings.rows.is_empty() {
        settings.rows.push((2, BTreeMap::new()));
    }
    settings.rows[0].1.insert("form_id".to_owned(), id.to_owned());
}

fn is_type(header: &str) -> bool {
    ["type", "command"].contains(&header.to_lowercase().as_str())
}

fn is_binding(header: &str) -> bool {
    BINDING_HEADERS.contains(&header.to_lowercase().as_str())
}

/// A column of choices becomes an element of each choice; one whose name cannot be an element's could be used by nothing.
fn drop_odd_columns(book: &mut Book) {
    let Some(choices) = book.sheets.get_mut("choices") else { return };
    let is_odd =
        |header: &str| !header.contains(':') && !is_name(header) && !header.eq_ignore_ascii_case("list name");
    let odd: Vec<String> = choices.headers.iter().filter(|h| is_odd(h)).cloned().collect();
    choices.headers.retain(|h| !is_odd(h));
    for (_, row) in &mut choices.rows {
        row.retain(|h, _| !is_odd(h));
    }
    for header in odd {
        let fault = Fault::new(
            "a column whose header has blanks or other signs cannot be used in expressions; it was left out",
            "标题含空格或其他符号的列不能用于表达式，已略去",
        );
        book.warnings.push(fault.sheet("choices").column(&header));
    }
}

/// One cell of a row by any of its headers, trimmed.
pub fn cell<'a>(row: &'a BTreeMap<String, String>, names: &[&str]) -> Option<&'a str> {
    let found = row.iter().find(|(header, _)| names.contains(&header.to_lowercase().as_str()));
    found.map(|(_, value)| value.trim()).filter(|value| !value.is_empty())
}

/// What the type of a row says about the tree.
#[derive(Debug, PartialEq, Eq)]
enum Step {
    Begin,
    BeginRepeat,
    End,
    Question,
}

fn step(kind: &str) -> Step {
    let plain = kind.to_lowercase().replace('_', " ");
    let words: Vec<&str> = plain.split_whitespace().collect();
    match words.as_slice() {
        ["begin", "repeat" | "lgroup" | "looped", ..] => Step::BeginRepeat,
        ["begin", ..] => Step::Begin,
        ["end", _, ..] => Step::End,
        _ => Step::Question,
    }
}

/// Follows the rows of the sheet `survey` and finds what is wrong with them.
pub fn follow(book: &Book) -> Rows {
    let survey = book.sheet("survey");
    let flat = book
        .setting(&["flat"])
        .is_some_and(|v| ["yes", "true", "true()"].contains(&v.to_lowercase().as_str()));
    let root = book.setting(&["name"]).filter(|name| is_name(name)).unwrap_or("data");
    let mut rows = Rows::default();
    let mut open: Vec<Option<String>> = Vec::new();
    for (number, row) in &survey.rows {
        let Some(kind) = cell(row, &["type", "command"]) else { continue };
        let name = cell(row, &["name", "tag", "value"]).unwrap_or_default();
        let step = step(kind);
        if step == Step::End {
            open.pop();
            continue;
        }
        let mut path = format!("/{root}");
        for part in open.iter().flatten() {
            path.push('/');
            path.push_str(part);
        }
        path.push('/');
        path.push_str(name);
        let is_node = !(flat && step == Step::Begin);
        check_name(name, *number, &mut rows);
        if is_node && !name.is_empty() {
            rows.of.entry(path.clone()).or_insert(*number);
            if let Some(binding) = cell(row, &BINDING_HEADERS) {
                rows.bindings.push((path, binding.to_owned()));
            }
        }
        if step != Step::Question {
            open.push(Some(name.to_owned()).filter(|_| is_node));
        }
    }
    if !survey.headers.iter().any(|header| is_type(header)) {
        let en = "the sheet has no column type; its first row must name the columns type, name and label";
        rows.faults
            .push(Fault::new(en, "工作表没有 type 列；首行须为 type、name、label 等列名").sheet("survey"));
    }
    check_settings(book, &mut rows.faults);
    check_choices(&survey, &book.sheet("choices"), &mut rows.faults);
    rows
}

fn check_name(name: &str, number: usize, rows: &mut Rows) {
    if !name.is_empty() && !is_name(name) {
        rows.faults.push(
            Fault::new(
                "a name begins with a letter or _ and has only letters, digits, _, - and points; change it",
                "名称须以字母或 _ 开头，只能含字母、数字、_、- 和点；请修改",
            )
            .sheet("survey")
            .row(number)
            .column("name"),
        );
    }
}

fn check_settings(book: &Book, faults: &mut Vec<Fault>) {
    if book.setting(&ID_HEADERS).is_none_or(str::is_empty) {
        faults.push(
            Fault::new(
                "the form has no form_id; write one on the sheet settings, for example needs",
                "表单没有 form_id；请在 settings 工作表中填写，例如 needs",
            )
            .sheet("settings")
            .column("form_id"),
        );
    }
}

/// Names of choices: a tab or a line end in one is never meant; a blank in one of a list of which several may be chosen would
/// make two of it.
fn check_choices(survey: &Sheet, choices: &Sheet, faults: &mut Vec<Fault>) {
    let several: BTreeSet<&str> = survey
        .rows
        .iter()
        .filter_map(|(_, row)| cell(row, &["type", "command"]))
        .filter(|kind| kind.starts_with("select_multiple ") || kind.starts_with("rank "))
        .filter_map(|kind| kind.split_whitespace().nth(1))
        .collect();
    for (number, row) in &choices.rows {
        let list = cell(row, &["list_name", "list name"]).unwrap_or_default();
        let name = cell(row, &["name", "value"]).unwrap_or_default();
        let is_bad = |c: char| c.is_control() || (c.is_whitespace() && several.contains(list));
        if name.contains(is_bad) {
            faults.push(
                Fault::new(
                    "the name of a choice must hold no blank, tab or line end; put what people read into the label",
                    "选项名称不得含空格、制表符或换行；给人看的文字请写入标签",
                )
                .sheet("choices")
                .row(*number)
                .column("name"),
            );
        }
    }
}

/// Makes a row harmless in which the converter found a fault, so that it goes on to the next. False: nothing can be done.
pub fn defuse(book: &mut Book, fault: &Fault, is_second: bool) -> bool {
    let (Some(sheet), Some(number)) = (fault.sheet.as_deref(), fault.row) else { return false };
    let Some(sheet) = book.sheets.get_mut(sheet) else { return false };
    let Some(place) = sheet.rows.iter().position(|(n, _)| *n == number) else { return false };
    let row = &mut sheet.rows[place].1;
    let is_question = cell(row, &["type", "command"]).is_none_or(|kind| step(kind) == Step::Question);
    if is_second && is_question {
        sheet.rows.remove(place);
        return true;
    }
    let column = fault.column.as_deref().unwrap_or_default().to_lowercase();
    let Some(header) = row.keys().find(|header| header.to_lowercase() == column).cloned() else {
        if is_question {
            sheet.rows.remove(place);
        }
        return is_question;
    };
    match column.as_str() {
        "type" if !is_question => return false,
        "type" => row.insert(header, "text".to_owned()),
        "name" => row.insert(header, format!("row{number}")),
        _ => row.remove(&header),
    };
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_told_in_every_spelling() {
        assert_eq!(step("begin_group"), Step::Begin);
        assert_eq!(step("Begin Repeat"), Step::BeginRepeat);
        assert_eq!(step("end group"), Step::End);
        assert_eq!(step("end"), Step::Question, "the metadata of that name");
        assert_eq!(step("select_one x"), Step::Question);
    }
}
