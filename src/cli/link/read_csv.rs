//! Interviews from CSV: one row a person, rows of one interview told by their id. A mapping file says which
//! column holds which field; without one the columns are named as the fields.

use std::collections::HashMap;
use std::io::BufRead;
use std::path::Path;

use anyhow::{Context as _, bail};

use crate::link::IdGiven;
use crate::link::interview::{BirthGiven, DwellingGiven, HouseholdGiven, Interview, PersonGiven, Respondent};

/// Fields a column may hold.
const FIELDS: [&str; 30] = [
    "interview_id",
    "device_time",
    "respondent",
    "area",
    "code",
    "provisional",
    "estate",
    "building",
    "unit",
    "room",
    "text",
    "phone",
    "persons_living_here",
    "tenure",
    "person_no",
    "name",
    "given_name",
    "surname",
    "sex",
    "birth",
    "birth_year",
    "birth_month",
    "birth_day",
    "citizen_id",
    "relationship",
    "residence_status",
    "other_address",
    "enumerator",
    "device",
    "age",
];

/// Column position of each field that the file has.
struct Columns(HashMap<&'static str, usize>);

/// Reads the rows.
pub fn read(input: Box<dyn BufRead>, path: &Path, columns: Option<&Path>) -> anyhow::Result<Vec<Interview>> {
    let mut reader = csv::ReaderBuilder::new().flexible(false).trim(csv::Trim::All).from_reader(input);
    let header = reader.headers().with_context(|| format!("{}: no header", path.display()))?.clone();
    let columns = Columns::of(&header, columns, path)?;
    let mut found: Vec<Interview> = Vec::new();
    let mut at: HashMap<String, usize> = HashMap::new();
    for record in reader.records() {
        let record = match record {
            Ok(record) => record,
            Err(e) => bail!(
                "{}: line {} has another number of columns or is not UTF-8",
                path.display(),
                line_of(&e)
            ),
        };
        let line = record.position().map_or(0, csv::Position::line);
        let Some(id) = columns.text(&record, "interview_id") else {
            bail!("{} line {line}: interview_id is empty", path.display());
        };
        let n = *at.entry(id).or_insert_with_key(|id| {
            found.push(columns.interview(&record, id));
            found.len() - 1
        });
        let listed = u32::try_from(found[n].persons.len()).unwrap_or(u32::MAX);
        let person = columns.person(&record, listed + 1);
        found[n].persons.extend(person);
    }
    Ok(found)
}

fn line_of(e: &csv::Error) -> u64 {
    e.position().map_or(0, csv::Position::line)
}

impl Columns {
    fn of(header: &csv::StringRecord, mapping: Option<&Path>, path: &Path) -> anyhow::Result<Self> {
        let names = match mapping {
            Some(file) => read_mapping(file)?,
            None => HashMap::new(),
        };
        let mut found = HashMap::new();
        for field in FIELDS {
            let column = names.get(field).map_or(field, String::as_str);
            let position = header.iter().position(|h| h.trim_start_matches('\u{feff}') == column);
            match position {
                Some(position) => {
                    found.insert(field, position);
                }
                None if names.contains_key(field) => {
                    bail!("{}: the mapping names column \"{column}\", which the file has not", path.display())
                }
                None => {}
            }
        }
        if !found.contains_key("interview_id") {
            bail!("{}: no column for interview_id", path.display());
        }
        Ok(Self(found))
    }

    fn text(&self, record: &csv::StringRecord, field: &str) -> Option<String> {
        let text = record.get(*self.0.get(field)?)?;
        (!text.is_empty()).then(|| text.to_owned())
    }

    fn number<T: std::str::FromStr>(&self, record: &csv::StringRecord, field: &str) -> Option<T> {
        self.text(record, field)?.parse().ok()
    }

    fn interview(&self, record: &csv::StringRecord, id: &str) -> Interview {
        let text = |field: &str| self.text(record, field);
        Interview {
            interview_id: id.to_owned(),
            device_time: text("device_time"),
            respondent: text("respondent").map(|r| match r.as_str() {
                "head" => Respondent::Head,
                "member" => Respondent::Member,
                "neighbour" => Respondent::Neighbour,
                "manager" => Respondent::Manager,
                "relative" => Respondent::Relative,
                _ => Respondent::Unknown,
            }),
            dwelling: DwellingGiven {
                area: text("area"),
                code: text("code"),
                provisional: text("provisional").map(|p| matches!(p.as_str(), "true" | "1" | "yes")),
                estate: text("estate"),
                building: text("building"),
                unit: text("unit"),
                room: text("room"),
                text: text("text"),
            },
            household: HouseholdGiven {
                phone: text("phone"),
                persons_living_here: self.number(record, "persons_living_here"),
                tenure: text("tenure"),
            },
            persons: Vec::new(),
        }
    }

    /// The row's person; `None` when the row lists nobody.
    fn person(&self, record: &csv::StringRecord, next: u32) -> Option<PersonGiven> {
        let text = |field: &str| self.text(record, field);
        let parts = ["name", "given_name", "surname", "birth", "birth_year", "citizen_id", "person_no"];
        if parts.iter().all(|field| text(field).is_none()) {
            return None;
        }
        Some(PersonGiven {
            person_no: self.number(record, "person_no").unwrap_or(next),
            name: text("name").or_else(|| joined(text("given_name"), text("surname"))),
            given_name: text("given_name"),
            surname: text("surname"),
            sex: text("sex"),
            birth: Some(self.birth(record)),
            citizen_id: text("citizen_id").map(IdGiven::Plain),
            relationship: text("relationship"),
            residence_status: text("residence_status"),
            other_address: text("other_address"),
        })
    }

    fn birth(&self, record: &csv::StringRecord) -> BirthGiven {
        let whole = self.text(record, "birth").map(|b| read_date(&b)).unwrap_or_default();
        BirthGiven {
            y: self.number(record, "birth_year").or(whole.y),
            m: self.number(record, "birth_month").or(whole.m),
            d: self.number(record, "birth_day").or(whole.d),
        }
    }
}

fn joined(given: Option<String>, surname: Option<String>) -> Option<String> {
    match (given, surname) {
        (Some(given), Some(surname)) => Some(format!("{given} {surname}")),
        (one, other) => one.or(other),
    }
}

/// 1985-03-07, 1985/3/7, 1985.3, 1985年3月7日, 19850307, 1985: year first.
fn read_date(text: &str) -> BirthGiven {
    let numbers: Vec<&str> = text.split(|c: char| !c.is_ascii_digit()).filter(|p| !p.is_empty()).collect();
    let part = |n: Option<&&str>| n.and_then(|n| n.parse().ok());
    match numbers.as_slice() {
        [whole] if whole.len() == 8 => {
            BirthGiven { y: whole[..4].parse().ok(), m: whole[4..6].parse().ok(), d: whole[6..].parse().ok() }
        }
        [whole] if whole.len() == 6 => {
            BirthGiven { y: whole[..4].parse().ok(), m: whole[4..].parse().ok(), d: None }
        }
        parts => BirthGiven { y: part(parts.first()), m: part(parts.get(1)), d: part(parts.get(2)) },
    }
}

fn read_mapping(file: &Path) -> anyhow::Result<HashMap<String, String>> {
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let names: HashMap<String, String> = toml::from_str(&text)
        .with_context(|| format!("{}: expected lines field = \"column\"", file.display()))?;
    if let Some(unknown) = names.keys().find(|k| !FIELDS.contains(&k.as_str())) {
        bail!("{}: \"{unknown}\" is no field; fields are {}", file.display(), FIELDS.join(", "));
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_in_several_writings() {
        let at = |y, m, d| BirthGiven { y, m, d };
        for (text, want) in [
            ("1985-03-07", at(Some(1985), Some(3), Some(7))),
            ("1985年3月7日", at(Some(1985), Some(3), Some(7))),
            ("19850307", at(Some(1985), Some(3), Some(7))),
            ("1985/3", at(Some(1985), Some(3), None)),
            ("198503", at(Some(1985), Some(3), None)),
            ("1985", at(Some(1985), None, None)),
            ("", at(None, None, None)),
        ] {
            assert_eq!(read_date(text), want, "{text}");
        }
    }

    #[test]
    fn rows_of_one_interview_are_joined() {
        let text = "id,who,dob,interview_sex\nA,王伟,1985-03-07,男\nB,李妹,1990,女\nA,王小宝,2015-01-02,男\n";
        let header: csv::StringRecord = text.lines().next().unwrap().split(',').collect();
        let columns = Columns::of(&header, None, Path::new("x.csv"));
        assert!(columns.is_err());
        let plain = text.replace("id,who,dob,interview_sex", "interview_id,name,birth,sex");
        let found = read(Box::new(std::io::Cursor::new(plain)), Path::new("x.csv"), None).unwrap();
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].persons.len(), 2);
        assert_eq!((found[0].persons[1].person_no, found[0].persons[1].name.as_deref()), (2, Some("王小宝")));
    }
}
