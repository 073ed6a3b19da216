//! Blocking: the keys two interviews must share, at least one of them, to be compared at all.

use serde::{Deserialize, Serialize};

use super::address::Address;
use super::name::{Name, NameForm};
use super::person::{PreparedPerson, Sex};
use super::prepared::{Prepared, Script};
use super::text::hash;

/// A block with more interviews than this is skipped; it would be noise, and quadratic.
pub const LARGEST_BLOCK: usize = 200;

/// What a key is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyKind {
    /// Citizen ID digest.
    Citizen,
    /// Sound of the full name and birth year.
    NameYear,
    /// Sound of the full name and area.
    NameArea,
    /// Register code of the door.
    Code,
    /// Area, building and room as read from the address; estate names vary too much to be in a key.
    Address,
    /// Contact number.
    Phone,
    /// Surname's sound, year and month of birth, area.
    SurnameMonth,
    /// Full birth date, sex, area.
    BirthSex,
    /// Full birth date and surname's sound.
    BirthSurname,
    /// Full birth date, Latin names only (surnames are misspelt too often there).
    BirthLatin,
    /// Sound of the full name, Latin names only (post codes and years are mistyped too often there).
    NameLatin,
    /// Start of given name and surname, year and month of birth, Latin names only.
    StartMonth,
    /// Start of given name and surname, area, Latin names only.
    StartArea,
    /// Estate, building and room of the door itself; meets only [`KeyKind::OtherAddress`].
    DoorName,
    /// The same of the other address of a person listed; meets only [`KeyKind::DoorName`].
    OtherAddress,
}

impl KeyKind {
    /// All kinds.
    pub const ALL: [Self; 15] = [
        Self::Citizen,
        Self::NameYear,
        Self::NameArea,
        Self::Code,
        Self::Address,
        Self::Phone,
        Self::SurnameMonth,
        Self::BirthSex,
        Self::BirthSurname,
        Self::BirthLatin,
        Self::NameLatin,
        Self::StartMonth,
        Self::StartArea,
        Self::DoorName,
        Self::OtherAddress,
    ];

    fn tag(self) -> &'static str {
        match self {
            Self::Citizen => "citizen",
            Self::NameYear => "name-year",
            Self::NameArea => "name-area",
            Self::Code => "code",
            Self::Address => "address",
            Self::Phone => "phone",
            Self::SurnameMonth => "surname-month",
            Self::BirthSex => "birth-sex",
            Self::BirthSurname => "birth-surname",
            Self::BirthLatin => "birth-latin",
            Self::NameLatin => "name-latin",
            Self::StartMonth => "start-month",
            Self::StartArea => "start-area",
            Self::DoorName | Self::OtherAddress => "door-name",
        }
    }

    /// Whether two interviews that share a hash become a candidate pair by it. A name of a door says that
    /// somebody listed here lives there, not that two doors of one name (in two areas) are one.
    pub fn meets(self, other: Self) -> bool {
        !matches!((self, other), (Self::DoorName, Self::DoorName) | (Self::OtherAddress, Self::OtherAddress))
    }

    /// Keys worth a lock while an interview is being linked: few interviews share them, duplicates do.
    pub fn is_strong(self) -> bool {
        matches!(self, Self::Citizen | Self::Code | Self::Address)
    }
}

/// One key of one interview.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Key {
    /// Hash of kind and values; fits a signed 64-bit column.
    pub hash: i64,
    /// Kind.
    pub kind: KeyKind,
}

impl Key {
    fn new(kind: KeyKind, parts: &[&str]) -> Self {
        let mut all = vec![kind.tag()];
        all.extend_from_slice(parts);
        Self { hash: hash(&all).cast_signed(), kind }
    }
}

/// The keys of an interview, sorted, each once.
pub fn keys(interview: &Prepared) -> Vec<Key> {
    let mut out = Vec::with_capacity(4 + interview.persons.len() * 6);
    let area = interview.area.as_str();
    if interview.code != 0 {
        out.push(Key::new(KeyKind::Code, &[&interview.code.to_string()]));
    }
    if interview.address.is_door() {
        let address = &interview.address;
        if interview.script == Script::Han {
            out.push(Key::new(KeyKind::Address, &[area, &address.building, &address.room]));
        } else {
            push_latin_door(&mut out, address);
        }
    }
    let others = interview.persons.iter().filter_map(|p| p.elsewhere.as_ref());
    let named =
        others.map(|door| (KeyKind::OtherAddress, door)).chain([(KeyKind::DoorName, &interview.address)]);
    for (kind, door) in named.filter(|(_, d)| d.is_door() && interview.script == Script::Han) {
        out.push(Key::new(kind, &[&door.estate, &door.building, &door.room]));
    }
    if interview.phone != 0 {
        out.push(Key::new(KeyKind::Phone, &[&interview.phone.to_string()]));
    }
    for person in &interview.persons {
        push_person_keys(&mut out, person, area);
    }
    out.sort_unstable();
    out.dedup();
    out
}

/// Number and the start of the street's or the house's name: post codes and spellings vary.
fn push_latin_door(out: &mut Vec<Key>, address: &Address) {
    for place in [&address.building, &address.unit].into_iter().filter(|p| !p.is_empty()) {
        let start: String = place.chars().filter(|c| *c != ' ').take(4).collect();
        out.push(Key::new(KeyKind::Address, &[&start, &address.room]));
    }
}

/// The keys of one person of an interview of `area`.
pub fn person_keys(person: &PreparedPerson, area: &str) -> Vec<Key> {
    let mut out = Vec::new();
    push_person_keys(&mut out, person, area);
    out
}

fn push_person_keys(out: &mut Vec<Key>, person: &PreparedPerson, area: &str) {
    if let Some(citizen) = person.citizen {
        out.push(Key::new(KeyKind::Citizen, &[&format!("{:032x}", citizen.digest.0)]));
    }
    let name = &person.name;
    let sound = name.sound.to_string();
    if name.is_full() {
        out.push(Key::new(KeyKind::NameArea, &[&sound, area]));
    }
    if let Some(start) = latin_start(name) {
        out.push(Key::new(KeyKind::StartArea, &[&start, area]));
        if name.is_full() {
            out.push(Key::new(KeyKind::NameLatin, &[&sound]));
        }
    }
    if let Some(year) = person.birth.year {
        let year = year.to_string();
        if name.is_full() {
            out.push(Key::new(KeyKind::NameYear, &[&sound, &year]));
        }
        push_birth_keys(out, person, area, &year);
    }
}

/// Keys that need the month of birth, and those that need the day.
fn push_birth_keys(out: &mut Vec<Key>, person: &PreparedPerson, area: &str, year: &str) {
    let Some(month) = person.birth.month.map(|m| m.to_string()) else {
        return;
    };
    let (start, surname) = (latin_start(&person.name), surname_key(&person.name));
    if let Some(start) = &start {
        out.push(Key::new(KeyKind::StartMonth, &[start, year, &month]));
    }
    if let Some(surname) = &surname {
        out.push(Key::new(KeyKind::SurnameMonth, &[surname, year, &month, area]));
    }
    let Some(day) = person.birth.day.map(|d| d.to_string()) else {
        return;
    };
    let sex = match person.sex {
        Some(Sex::Male) => "m",
        Some(Sex::Female) => "f",
        None => "",
    };
    out.push(Key::new(KeyKind::BirthSex, &[year, &month, &day, sex, area]));
    if let Some(surname) = &surname {
        out.push(Key::new(KeyKind::BirthSurname, &[year, &month, &day, surname]));
    }
    if person.name.form == NameForm::Latin {
        out.push(Key::new(KeyKind::BirthLatin, &[year, &month, &day]));
    }
}

/// First two letters of both parts, in alphabetical order.
fn latin_start(name: &Name) -> Option<String> {
    let first = |text: &str, n: usize| text.chars().take(n).collect::<String>();
    (name.form == NameForm::Latin && name.is_full()).then(|| {
        let (x, y) = (first(&name.given, 2), first(&name.surname, 2));
        if x < y { format!("{x}{y}") } else { format!("{y}{x}") }
    })
}

fn surname_key(name: &Name) -> Option<String> {
    match name.form {
        NameForm::Full | NameForm::Latin | NameForm::SurnameOnly if name.surname_sound != 0 => {
            Some(name.surname_sound.to_string())
        }
        NameForm::Full
        | NameForm::Latin
        | NameForm::SurnameOnly
        | NameForm::Nickname
        | NameForm::Unnamed
        | NameForm::Unknown => None,
    }
}

/// Candidate pairs and what was left out.
#[derive(Debug, Default)]
pub struct Candidates {
    /// Positions `(i, j)`, `i < j`, sorted, each once.
    pub pairs: Vec<(u32, u32)>,
    /// Blocks over [`LARGEST_BLOCK`], by kind.
    pub skipped: Vec<(KeyKind, usize)>,
}

/// All pairs of positions that share a key.
pub fn candidates(interviews: &[Prepared]) -> Candidates {
    let mut rows: Vec<(Key, u32)> = Vec::new();
    for (i, interview) in (0_u32..).zip(interviews) {
        rows.extend(keys(interview).into_iter().map(|k| (k, i)));
    }
    rows.sort_unstable();
    let mut out = Candidates::default();
    for block in rows.chunk_by(|a, b| a.0.hash == b.0.hash) {
        let limit = if block[0].0.kind == KeyKind::Phone { super::phone::MOST_USES } else { LARGEST_BLOCK };
        if block.len() > limit {
            out.skipped.push((block[0].0.kind, block.len()));
            continue;
        }
        for (n, (key, i)) in block.iter().enumerate() {
            let meeting = block[n + 1..].iter().filter(|(other, j)| key.kind.meets(other.kind) && i != j);
            out.pairs.extend(meeting.map(|(_, j)| (*i.min(j), *i.max(j))));
        }
    }
    out.pairs.sort_unstable();
    out.pairs.dedup();
    out
}
