//! What was understood of a set-up: how each file was read and what is in the lists, as tables for a command and a page.

use super::dwellings::DwellingRow;
use super::encoding::Encoding;
use super::header::Columns;
use super::said::{Both, both};
use super::{AreaRow, Setup, StaffRow};
use crate::domain::Language;
use crate::domain::code::{DwellingKind, Role};
use crate::domain::policy::Limits;
use crate::domain::rules::Span;
use std::collections::HashSet;

/// How one file was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileRead {
    /// The file's plain name.
    pub file: &'static str,
    /// How its text is encoded.
    pub encoding: Encoding,
    /// What separates its cells, for a CSV file.
    pub separator: Option<Both>,
    /// How its lines end.
    pub ends: Option<Both>,
    /// Rows without the header and without blank ones.
    pub rows: u64,
    /// Blank rows, which are skipped.
    pub blank: u64,
    /// Known columns that are there.
    pub used: Vec<&'static str>,
    /// Names of columns that are not used.
    pub unused: Vec<String>,
}

impl FileRead {
    pub(super) fn new(file: &'static str, encoding: Encoding) -> Self {
        let (used, unused) = (Vec::new(), Vec::new());
        Self { file, encoding, separator: None, ends: None, rows: 0, blank: 0, used, unused }
    }

    pub(super) fn columns(&mut self, columns: &Columns) {
        self.used.clone_from(&columns.used);
        self.unused.clone_from(&columns.unused);
    }
}

/// Rows of text with a heading over each column.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// The headings.
    pub head: Vec<String>,
    /// The rows, each as long as the head.
    pub rows: Vec<Vec<String>>,
}

/// How the files were read.
pub fn files(read: &[FileRead], language: Language) -> Table {
    let heads = [
        both("file", "文件"),
        both("encoding", "编码"),
        both("separator", "分隔符"),
        both("line ends", "换行符"),
        both("rows", "行数"),
        both("blank rows", "空行"),
        both("columns used", "使用的列"),
        both("columns not used", "未使用的列"),
    ];
    let word = |word: Option<Both>| word.map_or_else(|| "–".to_owned(), |word| word.of(language).to_owned());
    let number = |file: &FileRead, n: u64| {
        if file.separator.is_some() { n.to_string() } else { "–".to_owned() }
    };
    let list = |names: Vec<&str>| if names.is_empty() { "–".to_owned() } else { names.join(", ") };
    let row = |file: &FileRead| {
        vec![
            file.file.to_owned(),
            file.encoding.label().of(language).to_owned(),
            word(file.separator),
            word(file.ends),
            number(file, file.rows),
            number(file, file.blank),
            list(file.used.clone()),
            list(file.unused.iter().map(String::as_str).collect()),
        ]
    };
    Table {
        head: heads.map(|head| head.of(language).to_owned()).to_vec(),
        rows: read.iter().map(row).collect(),
    }
}

/// What is in the lists.
pub fn contents(setup: &Setup, language: Language) -> Table {
    let word = |en, zh| both(en, zh).of(language).to_owned();
    let survey = &setup.survey;
    let mut rows = vec![
        vec![word("survey", "调查"), format!("{} ({})", survey.slug, survey.district)],
        vec![
            word("field days", "调查日期"),
            format!("{} – {} ({})", survey.starts_on, survey.ends_on, survey.time_zone),
        ],
        vec![
            word("asked about", "标准时点"),
            survey.reference_at.to_zoned(survey.zone()).datetime().to_string(),
        ],
        vec![word("hours on duty", "值班时间"), hours(setup, language)],
        vec![word("areas", "区域"), areas(&setup.areas, language)],
        vec![word("buildings", "楼栋"), buildings(&setup.dwellings).to_string()],
        vec![word("doors", "住所"), doors(&setup.dwellings, language)],
        vec![word("places", "位置"), places(&setup.dwellings, language)],
        vec![word("staff", "人员"), staff(&setup.staff, language)],
        vec![word("a device may send", "每台设备限额"), limits(&survey.policy.limits, language)],
    ];
    if !setup.forms.is_empty() {
        let named: Vec<&str> = setup.forms.iter().map(|form| form.imported.model.id.as_str()).collect();
        rows.push(vec![word("forms", "表单"), named.join(", ")]);
    }
    for (name, dates) in [
        (word("extra weekend dates", "额外周末日"), &survey.policy.weekend_dates),
        (word("extra working days", "调休工作日"), &survey.policy.workday_dates),
    ] {
        if !dates.is_empty() {
            rows.push(vec![name, dates.join(", ")]);
        }
    }
    Table { head: vec![word("what", "内容"), word("understood", "识别结果")], rows }
}

/// What one device may send.
fn limits(limits: &Limits, language: Language) -> String {
    let Limits { picture_mib, unnamed_mib, unnamed_days, refused } = limits;
    match language {
        Language::En => format!(
            "{picture_mib} MiB of pictures a day; {unnamed_mib} MiB without a visit, for {unnamed_days} days; {refused} refused records a day kept"
        ),
        Language::Zh => format!(
            "图片每日 {picture_mib} MiB；无访问记录的图片 {unnamed_mib} MiB，保留 {unnamed_days} 天；每日留存被拒记录 {refused} 条"
        ),
    }
}

fn areas(rows: &[AreaRow], language: Language) -> String {
    let mut levels: Vec<(&str, usize)> = Vec::new();
    for row in rows {
        match levels.iter_mut().find(|(level, _)| *level == row.level) {
            Some((_, count)) => *count += 1,
            None => levels.push((&row.level, 1)),
        }
    }
    let named = |(level, count): &(&str, usize)| {
        format!(
            "{count} {}",
            if level.is_empty() { both("without a level", "无层级").of(language) } else { level }
        )
    };
    format!("{} ({})", rows.len(), levels.iter().take(16).map(named).collect::<Vec<_>>().join(", "))
}

fn buildings(doors: &[DwellingRow]) -> usize {
    doors.iter().map(|door| door.building_id).collect::<HashSet<_>>().len()
}

fn doors(doors: &[DwellingRow], language: Language) -> String {
    let count = |kind: DwellingKind| doors.iter().filter(|door| door.kind == kind).count();
    let kinds = DwellingKind::ALL.iter().map(|&kind| (count(kind), kind)).filter(|(n, _)| *n > 0);
    let kinds: Vec<_> = kinds.map(|(n, kind)| format!("{n} {}", kind.label(language))).collect();
    if kinds.is_empty() { "0".to_owned() } else { format!("{} ({})", doors.len(), kinds.join(", ")) }
}

fn places(doors: &[DwellingRow], language: Language) -> String {
    let points: Vec<_> = doors.iter().filter_map(|door| door.lon.zip(door.lat)).collect();
    let Some(&first) = points.first() else { return both("none", "无").of(language).to_owned() };
    let bounds = points.iter().fold((first, first), |(low, high), &(lon, lat)| {
        ((low.0.min(lon), low.1.min(lat)), (high.0.max(lon), high.1.max(lat)))
    });
    let ((west, south), (east, north)) = bounds;
    let share = match language {
        Language::En => format!("{} of {} doors", points.len(), doors.len()),
        Language::Zh => format!("{} / {} 个住所", points.len(), doors.len()),
    };
    format!("{share}, lon {west} – {east}, lat {south} – {north}")
}

fn staff(rows: &[StaffRow], language: Language) -> String {
    let count = |role: Role| rows.iter().filter(|person| person.role == role).count();
    let roles = Role::ALL.iter().map(|&role| (count(role), role)).filter(|(n, _)| *n > 0);
    let roles: Vec<_> = roles.map(|(n, role)| format!("{n} {}", role.label(language))).collect();
    if roles.is_empty() { "0".to_owned() } else { format!("{} ({})", rows.len(), roles.join(", ")) }
}

/// The hours of those who have none of their own, and how many have their own.
fn hours(setup: &Setup, language: Language) -> String {
    let shift = &setup.survey.policy.shift;
    let has_own = |person: &&StaffRow| {
        let own = &person.shifts;
        [&own.weekday, &own.saturday, &own.sunday].into_iter().any(Option::is_some)
    };
    let own = setup.staff.iter().filter(has_own).count();
    let written = |text: &str| if text.trim().is_empty() { "–".to_owned() } else { text.to_owned() };
    let (weekday, saturday, sunday) =
        (written(&shift.weekday), written(&shift.saturday), written(&shift.sunday));
    let spans = own_spans(&setup.staff);
    match language {
        Language::En => {
            format!("Mon–Fri {weekday}, Sat {saturday}, Sun {sunday}; {own} with hours of their own{spans}")
        }
        Language::Zh => {
            format!("周一至周五 {weekday}，周六 {saturday}，周日 {sunday}；{own} 人另有安排{spans}")
        }
    }
}

/// The earliest and the latest minute of hours that people have of their own.
fn own_spans(staff: &[StaffRow]) -> String {
    let all = staff.iter().flat_map(|person| {
        let own = &person.shifts;
        [&own.weekday, &own.saturday, &own.sunday].into_iter().flatten().flatten()
    });
    let spans: Vec<&Span> = all.collect();
    let clock = |minute: u16| format!("{:02}:{:02}", minute / 60, minute % 60);
    let bounds = spans.iter().map(|span| span.from).min().zip(spans.iter().map(|span| span.to).max());
    bounds.map_or_else(String::new, |(from, to)| format!(" ({}-{})", clock(from), clock(to)))
}
