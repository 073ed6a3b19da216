//! The short form as a resident fills it in: screens, their questions, and the answers so far.
//!
//! Nothing is kept on the resident's device: the answers travel as a hidden field of the page's form, under a keyed check and with the
//! time of the last step.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::form::Form;
use super::words::Words;
use crate::domain::code::ClosedSet;
use crate::domain::{Relationship, Sex, Tenure};
use crate::ingest::self_response::{Answer, TypedDoor};

/// How long somebody may leave the page alone.
const IDLE: SignedDuration = SignedDuration::from_mins(30);
/// Most people of one answer.
const MOST_PEOPLE: usize = 60;
/// Longest answer to one question, characters.
const LONGEST: usize = 200;

/// What is asked.
#[derive(Clone, Copy, Debug)]
enum Kind {
    /// A text.
    Text,
    /// A whole number.
    Whole,
    /// A number.
    Number,
    /// One of a closed set.
    Code(fn(Words) -> Vec<(String, String)>),
    /// One of the form's own numbers, from 1; the words stand under the question's key.
    Numbered(u8),
    /// Yes or no.
    Flag,
}

/// A question of the form.
#[derive(Clone, Copy, Debug)]
struct Question {
    /// Its field in the record.
    field: &'static str,
    kind: Kind,
    is_needed: bool,
}

const fn asked(field: &'static str, kind: Kind) -> Question {
    Question { field, kind, is_needed: false }
}

const fn needed(field: &'static str, kind: Kind) -> Question {
    Question { field, kind, is_needed: true }
}

fn codes<T: ClosedSet>(words: Words) -> Vec<(String, String)> {
    T::CODES.iter().map(|code| (code.code_slug().to_owned(), code.code_label(words.0).to_owned())).collect()
}

/// The door, for a card that was not reported yet.
const DOOR: [Question; 3] =
    [needed("building", Kind::Text), asked("unit", Kind::Text), needed("room", Kind::Text)];

/// The household's questions.
const HOUSEHOLD: [Question; 8] = [
    asked("births_m", Kind::Whole),
    asked("births_f", Kind::Whole),
    asked("deaths_m", Kind::Whole),
    asked("deaths_f", Kind::Whole),
    asked("dwelling_kind", Kind::Numbered(5)),
    asked("floor_area_m2", Kind::Number),
    asked("rooms", Kind::Whole),
    asked("tenure", Kind::Code(codes::<Tenure>)),
];

/// A person's questions.
const PERSON: [Question; 13] = [
    needed("name", Kind::Text),
    needed("sex", Kind::Code(codes::<Sex>)),
    needed("relationship", Kind::Code(codes::<Relationship>)),
    needed("birth_y", Kind::Whole),
    asked("birth_m", Kind::Whole),
    asked("citizen_id", Kind::Text),
    needed("stayed_here", Kind::Flag),
    asked("stayed_at", Kind::Numbered(6)),
    asked("registered_at", Kind::Numbered(5)),
    asked("time_away", Kind::Numbered(9)),
    asked("education", Kind::Numbered(9)),
    asked("literate", Kind::Numbered(2)),
    asked("other_address", Kind::Text),
];

/// A screen of the form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Screen {
    /// Building, unit, room.
    Door,
    /// The household.
    Household,
    /// A person, from 0.
    Person(usize),
    /// The end: save or send.
    End,
}

/// The answers so far.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Filling {
    /// Which household behind the door.
    pub household: u32,
    /// Whether the door has to be asked.
    pub asks_door: bool,
    door: Map<String, Value>,
    home: Map<String, Value>,
    persons: Vec<Map<String, Value>>,
    /// The screen shown.
    pub screen: Screen,
    at: Timestamp,
}

/// A question as the page shows it.
pub struct Shown {
    /// Name of the field.
    pub name: &'static str,
    /// What is asked.
    pub label: String,
    /// The answer so far.
    pub value: String,
    /// Value, words, chosen; empty for a field to write in.
    pub options: Vec<(String, String, bool)>,
    /// Whether digits are typed.
    pub is_number: bool,
    /// Whether it has to be answered.
    pub is_needed: bool,
    /// The path by which tests find it.
    pub path: String,
    /// Whether what stands there cannot be taken.
    pub is_wrong: bool,
}

impl Filling {
    /// The beginning.
    pub fn new(household: u32, asks_door: bool, now: Timestamp) -> Self {
        let screen = if asks_door { Screen::Door } else { Screen::Household };
        let (door, home) = (Map::new(), Map::new());
        Self { household, asks_door, door, home, persons: vec![Map::new()], screen, at: now }
    }

    /// As it travels with the page.
    pub fn text(&self, now: Timestamp) -> String {
        serde_json::to_string(&Self { at: now, ..self.clone() }).unwrap_or_default()
    }

    /// Back from the page, unless it was left alone too long.
    pub fn read(text: &str, now: Timestamp) -> Option<Self> {
        let filling: Self = serde_json::from_str(text).ok()?;
        (now.duration_since(filling.at) <= IDLE).then_some(filling)
    }

    /// Back from a draft, whenever it was saved.
    pub fn of_draft(draft: &Value, now: Timestamp) -> Option<Self> {
        let filling: Self = serde_json::from_value(draft.clone()).ok()?;
        Some(Self { at: now, ..filling })
    }

    fn questions(&self) -> &'static [Question] {
        match self.screen {
            Screen::Door => &DOOR,
            Screen::Household => &HOUSEHOLD,
            Screen::Person(_) => &PERSON,
            Screen::End => &[],
        }
    }

    fn answers(&mut self) -> Option<&mut Map<String, Value>> {
        match self.screen {
            Screen::Door => Some(&mut self.door),
            Screen::Household => Some(&mut self.home),
            Screen::Person(n) => self.persons.get_mut(n),
            Screen::End => None,
        }
    }

    /// Takes what was typed on the screen; the fields that cannot be taken, all of them.
    pub fn take(&mut self, form: &Form) -> Vec<&'static str> {
        let mut wrong = Vec::new();
        let questions = self.questions();
        let Some(answers) = self.answers() else { return wrong };
        for question in questions {
            let typed = form.text(question.field).filter(|text| text.chars().count() <= LONGEST);
            match typed.map(|text| read(question.kind, text)) {
                Some(Some(value)) => drop(answers.insert(question.field.to_owned(), value)),
                Some(None) => wrong.push(question.field),
                None => {
                    answers.remove(question.field);
                    if question.is_needed {
                        wrong.push(question.field);
                    }
                }
            }
        }
        wrong
    }

    /// Goes on to the next screen.
    pub fn next(&mut self) {
        self.screen = match self.screen {
            Screen::Door => Screen::Household,
            Screen::Household => Screen::Person(0),
            Screen::Person(n) if n + 1 < self.persons.len() => Screen::Person(n + 1),
            Screen::Person(_) | Screen::End => Screen::End,
        };
    }

    /// Goes back by one screen.
    pub fn back(&mut self) {
        self.screen = match self.screen {
            Screen::End => Screen::Person(self.persons.len().saturating_sub(1)),
            Screen::Person(0) => Screen::Household,
            Screen::Person(n) => Screen::Person(n - 1),
            Screen::Household if self.asks_door => Screen::Door,
            Screen::Household | Screen::Door => self.screen,
        };
    }

    /// One person more, whose screen comes next.
    pub fn add_person(&mut self) {
        if self.persons.len() < MOST_PEOPLE {
            self.persons.push(Map::new());
        }
        self.screen = Screen::Person(self.persons.len() - 1);
    }

    /// Takes the person of the screen out again; one always stays.
    pub fn remove_person(&mut self) {
        if let Screen::Person(n) = self.screen
            && self.persons.len() > 1
        {
            self.persons.remove(n);
            self.screen = Screen::Person(n.min(self.persons.len() - 1));
        }
    }

    /// The names of the people so far, empty where none is written yet.
    pub fn people(&self) -> Vec<String> {
        let name =
            |p: &Map<String, Value>| p.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
        self.persons.iter().map(name).collect()
    }

    /// The questions of the screen.
    pub fn shown(&self, words: Words, wrong: &[&str]) -> Vec<Shown> {
        let none = Map::new();
        let (answers, place) = match self.screen {
            Screen::Door => (&self.door, "door".to_owned()),
            Screen::Household => (&self.home, "household".to_owned()),
            Screen::Person(n) => (self.persons.get(n).unwrap_or(&none), format!("person.{}", n + 1)),
            Screen::End => (&none, String::new()),
        };
        self.questions().iter().map(|q| shown(q, answers, &place, words, wrong)).collect()
    }

    /// What is sent: the record's household and persons, made from the screens.
    pub fn answer(&self) -> Answer {
        let persons: Vec<Value> = self.persons.iter().enumerate().map(|(n, p)| person(n, p)).collect();
        let stayed = self.persons.iter().filter(|p| p.get("stayed_here") != Some(&json!(false))).count();
        let mut home = self.home.clone();
        home.insert("household_type".to_owned(), json!("family"));
        home.insert("n_stayed".to_owned(), json!(stayed));
        home.insert("n_registered_absent".to_owned(), json!(persons.len() - stayed));
        let word = |key: &str| self.door.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let door = self.asks_door.then(|| TypedDoor {
            building: word("building"),
            unit: word("unit"),
            room: word("room"),
        });
        let interview = json!({"household": home, "persons": persons});
        Answer { interview, household: self.household, door }
    }

    /// The screen on which a pointer into the answer lies.
    pub fn screen_of(&self, pointer: &str) -> Screen {
        let number = pointer.strip_prefix("/interview/persons/").and_then(|rest| rest.split('/').next());
        match number.and_then(|n| n.parse().ok()) {
            Some(n) if n < self.persons.len() => Screen::Person(n),
            _ if pointer.starts_with("/door") => Screen::Door,
            _ if pointer.starts_with("/interview/household") => Screen::Household,
            _ => Screen::Person(0),
        }
    }
}

fn read(kind: Kind, text: &str) -> Option<Value> {
    let digits: String = text.chars().map(half_width).collect();
    match kind {
        Kind::Text => Some(text.into()),
        Kind::Whole => digits.parse::<u32>().ok().filter(|n| *n < 10_000).map(Into::into),
        Kind::Number => digits.parse::<f64>().ok().filter(|n| n.is_finite() && *n > 0.0).map(Into::into),
        Kind::Code(all) => {
            let known = all(Words(crate::domain::Language::En));
            known.iter().any(|(slug, _)| slug == text).then(|| text.into())
        }
        Kind::Numbered(most) => text.parse::<u8>().ok().filter(|n| (1..=most).contains(n)).map(Into::into),
        Kind::Flag => match text {
            "yes" => Some(true.into()),
            "no" => Some(false.into()),
            _ => None,
        },
    }
}

/// A full-width digit or point as an ordinary one.
fn half_width(c: char) -> char {
    match c {
        '０'..='９' => char::from_u32(u32::from(c) - 0xff10 + u32::from('0')).unwrap_or(c),
        '．' => '.',
        _ => c,
    }
}

fn shown(q: &Question, answers: &Map<String, Value>, place: &str, words: Words, wrong: &[&str]) -> Shown {
    let value = match answers.get(q.field) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Bool(flag)) => if *flag { "yes" } else { "no" }.to_owned(),
        Some(other) => other.to_string(),
        None => String::new(),
    };
    let options: Vec<(String, String)> = match q.kind {
        Kind::Code(all) => all(words),
        Kind::Numbered(most) => (1..=most)
            .map(|n| (n.to_string(), words.t(&format!("fill.{}.{n}", q.field)).to_owned()))
            .collect(),
        Kind::Flag => {
            ["yes", "no"].map(|v| (v.to_owned(), words.t(&format!("fill.{v}")).to_owned())).to_vec()
        }
        Kind::Text | Kind::Whole | Kind::Number => Vec::new(),
    };
    Shown {
        name: q.field,
        label: words.t(&format!("fill.{}", q.field)).to_owned(),
        options: options.into_iter().map(|(slug, label)| (slug.clone(), label, slug == value)).collect(),
        is_number: matches!(q.kind, Kind::Whole | Kind::Number),
        is_needed: q.is_needed,
        path: format!("{place}.{}", q.field),
        is_wrong: wrong.contains(&q.field),
        value,
    }
}

/// A person's screen as the record has it: birth in one object; who stayed here stayed in this small area.
fn person(n: usize, answers: &Map<String, Value>) -> Value {
    let mut record = answers.clone();
    let birth = json!({"y": record.remove("birth_y"), "m": record.remove("birth_m"), "d": null});
    record.insert("birth".to_owned(), birth);
    record.insert("person_no".to_owned(), json!(n + 1));
    if record.get("stayed_here") == Some(&json!(true)) {
        record.insert("stayed_at".to_owned(), json!(1));
    }
    Value::Object(record)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Language;

    fn form(fields: &[(&str, &str)]) -> Form {
        Form::of(fields.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect())
    }

    #[test]
    fn answers_travel_and_time_out() {
        let now = Timestamp::UNIX_EPOCH;
        let mut filling = Filling::new(1, true, now);
        assert_eq!(filling.take(&form(&[("building", "6")])), ["room"]);
        assert!(filling.take(&form(&[("building", "6"), ("room", "301")])).is_empty());
        filling.next();
        assert_eq!(filling.screen, Screen::Household);
        assert_eq!(filling.take(&form(&[("rooms", "three"), ("births_m", "２")])), ["rooms"]);
        let text = filling.text(now);
        assert_eq!(Filling::read(&text, now + IDLE), Some(filling.clone()));
        assert_eq!(Filling::read(&text, now + IDLE + SignedDuration::from_secs(1)), None);
        assert_eq!(filling.answer().interview["household"]["births_m"], 2);
        assert_eq!(filling.answer().door.map(|d| d.room).as_deref(), Some("301"));
    }

    #[test]
    fn people_are_added_and_counted_by_where_they_stayed() {
        let mut filling = Filling::new(1, false, Timestamp::UNIX_EPOCH);
        filling.next();
        let head = [
            ("name", "王秀英"),
            ("sex", "f"),
            ("relationship", "head"),
            ("birth_y", "1984"),
            ("stayed_here", "yes"),
        ];
        assert!(filling.take(&form(&head)).is_empty());
        filling.add_person();
        assert_eq!(filling.screen, Screen::Person(1));
        let away = [
            ("name", "李雷"),
            ("sex", "m"),
            ("relationship", "spouse"),
            ("birth_y", "1983"),
            ("stayed_here", "no"),
        ];
        assert!(filling.take(&form(&away)).is_empty());
        filling.next();
        assert_eq!(filling.screen, Screen::End);
        let interview = filling.answer().interview;
        assert_eq!(
            (&interview["household"]["n_stayed"], &interview["household"]["n_registered_absent"]),
            (&json!(1), &json!(1))
        );
        assert_eq!(
            (&interview["persons"][0]["stayed_at"], &interview["persons"][1]["person_no"]),
            (&json!(1), &json!(2))
        );
        assert_eq!(filling.screen_of("/interview/persons/1/name"), Screen::Person(1));
        filling.back();
        filling.remove_person();
        assert_eq!(filling.people(), ["王秀英"]);
    }

    #[test]
    fn every_question_has_words_in_both_languages() {
        for language in [Language::En, Language::Zh] {
            let words = Words(language);
            for screen in [Screen::Door, Screen::Household, Screen::Person(0)] {
                let filling = Filling { screen, ..Filling::new(1, true, Timestamp::UNIX_EPOCH) };
                for q in filling.shown(words, &[]) {
                    assert!(!q.label.starts_with("fill."), "{}", q.label);
                    assert!(q.options.iter().all(|o| !o.1.starts_with("fill.")), "{}", q.name);
                }
            }
        }
    }
}
