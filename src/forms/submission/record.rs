//! The records that a submission becomes, in the shapes a batch's records have.

use serde_json::{Map, Value as Json, json};
use uuid::Uuid;

use super::bound::{Bound, Person, Value};
use super::typed::{moment, position};
use super::{Envelope, Given, Part, PartKind, part_id};
use crate::forms::binding::Want;
use crate::forms::model::{FormRole, Node};

/// Makes the parts of one submission.
pub struct Maker<'a> {
    /// What was sent.
    pub envelope: &'a Envelope,
    /// What is known beside.
    pub given: &'a Given<'a>,
    /// Values of bound questions.
    pub found: &'a Bound<'a>,
}

/// A record under construction, with the nodes that gave its fields.
struct Draft {
    kind: PartKind,
    id: Uuid,
    record: Map<String, Json>,
    places: Vec<(String, String)>,
}

impl Draft {
    fn new(kind: PartKind, id: Uuid) -> Self {
        let mut record = Map::new();
        record.insert("type".to_owned(), Json::from(kind.slug()));
        record.insert("id".to_owned(), Json::from(id.to_string()));
        Self { kind, id, record, places: Vec::new() }
    }

    fn set(&mut self, key: &str, value: impl Into<Json>) {
        self.record.insert(key.to_owned(), value.into());
    }

    /// A field from a bound question.
    fn take(&mut self, value: &Value<'_>) {
        let key = value.field.key();
        self.set(key, field(value));
        self.places.push((format!("/{key}"), value.path.clone()));
    }

    fn done(mut self, root: &str) -> Part {
        self.places.push((String::new(), format!("/{root}")));
        Part { kind: self.kind, id: self.id, record: Json::Object(self.record), places: self.places }
    }
}

impl Maker<'_> {
    fn root(&self) -> &str {
        &self.envelope.data.name
    }

    /// When it happened: as bound, else when the form was begun, else when it came.
    fn at(&self) -> (String, Option<String>) {
        if let Some(value) = self.found.value("visit.at") {
            return (instant(value.text), Some(value.path.clone()));
        }
        let started = self.found.started.as_deref().and_then(moment);
        (started.unwrap_or_else(|| self.given.received_at.to_owned()), None)
    }

    fn name_case(&self, draft: &mut Draft) {
        let bound = self.found.value("case");
        if let Some(case) = self.given.case_id {
            draft.set("case_id", case.to_string());
        } else if let Some(value) = bound {
            draft.places.push(("/case_id".to_owned(), value.path.clone()));
        } else if let Some(door) = self.dwelling_id() {
            draft.set("case_id", door.to_string());
        }
    }

    fn dwelling_id(&self) -> Option<Uuid> {
        self.found.family("dwelling").next()?;
        let entity = self.envelope.entity.as_ref().filter(|entity| entity.creates);
        Some(entity.and_then(|entity| entity.id).unwrap_or_else(|| part_id(self.given.root, "dwelling")))
    }

    /// A found door, where one is described.
    pub fn dwelling(&self) -> Option<Part> {
        let mut draft = Draft::new(PartKind::Dwelling, self.dwelling_id()?);
        let (at, path) = self.at();
        draft.set("at", at);
        draft.places.extend(path.map(|path| ("/at".to_owned(), path)));
        for value in self.found.family("dwelling") {
            draft.take(value);
        }
        if let Some(value) = self.found.value("visit.position") {
            draft.take(value);
        }
        Some(draft.done(self.root()))
    }

    /// Whether a visit of the form's own arises.
    fn visit_id(&self) -> Option<Uuid> {
        let is_suppressed = self.given.case_id.is_some() || self.given.visit_id.is_some();
        self.found.value("visit.outcome").filter(|_| !is_suppressed)?;
        Some(part_id(self.envelope.instance, "visit"))
    }

    /// The visit, where an outcome was noted.
    pub fn visit(&self) -> Option<Part> {
        let mut draft = Draft::new(PartKind::Visit, self.visit_id()?);
        self.name_case(&mut draft);
        let (at, path) = self.at();
        draft.set("at", at);
        draft.places.extend(path.map(|path| ("/at".to_owned(), path)));
        if let Some(ended) = self.found.ended.as_deref().and_then(moment) {
            draft.set("ended_at", ended);
        }
        let mut photos = Vec::new();
        let mut window = Map::new();
        for value in self.found.family("visit") {
            match value.field.key() {
                "at" => {}
                "photo" => {
                    photos.push(Json::from(part_id(self.given.root, value.text.trim()).to_string()));
                    draft.places.push(("/photo".to_owned(), value.path.clone()));
                }
                key @ ("appointment.from" | "appointment.to") => {
                    let key = key.trim_start_matches("appointment.");
                    window.insert(key.to_owned(), Json::from(instant(value.text)));
                    draft.places.push((format!("/appointment/{key}"), value.path.clone()));
                    draft.places.push(("/appointment".to_owned(), value.path.clone()));
                }
                _ => draft.take(value),
            }
        }
        if !photos.is_empty() {
            draft.set("photo", photos);
        }
        if !window.is_empty() {
            draft.set("appointment", window);
        }
        Some(draft.done(self.root()))
    }

    fn has_interview(&self) -> bool {
        let is_said = !self.found.persons.is_empty()
            || self.found.family("household").next().is_some()
            || self.found.family("interview").next().is_some();
        is_said || (self.given.role == FormRole::Main && self.found.value("visit.outcome").is_none())
    }

    /// The interview, where there is one.
    pub fn interview(&self, answers: &Json) -> Option<Part> {
        if !self.has_interview() || self.given.role == FormRole::Free {
            return None;
        }
        let mut draft = Draft::new(PartKind::Interview, part_id(self.given.root, "interview"));
        self.name_case(&mut draft);
        let (at, path) = self.at();
        draft.set("at", at);
        draft.places.extend(path.map(|path| ("/at".to_owned(), path)));
        draft.set("revision", self.given.revision);
        draft.set("result", "complete");
        draft.set("respondent", "member");
        if let Some(visit) = self.given.visit_id.or_else(|| self.visit_id()) {
            draft.set("visit_id", visit.to_string());
        }
        if let Some(seconds) = self.given.paused_s {
            draft.set("paused_s", seconds);
        }
        for value in self.found.family("interview") {
            draft.take(value);
        }
        self.household(&mut draft);
        if self.found.has_roster {
            self.roster(&mut draft);
        }
        if answers.as_object().is_some_and(|answers| !answers.is_empty()) {
            draft.set("answers", answers.clone());
        }
        Some(draft.done(self.root()))
    }

    fn household(&self, draft: &mut Draft) {
        let mut household = Map::new();
        for value in self.found.family("household") {
            let key = value.field.key();
            household.insert(key.to_owned(), field(value));
        }
        if !household.is_empty() {
            draft.set("household", household);
        }
        // Also of questions without an answer: a check may miss it.
        let nodes =
            self.found.nodes.iter().filter_map(|(name, path)| Some((name.strip_prefix("household.")?, path)));
        for (n, (key, path)) in nodes.enumerate() {
            draft.places.push((format!("/household/{key}"), path.clone()));
            if n == 0 {
                let above = path.rsplit_once('/').map_or(path.as_str(), |(above, _)| above);
                draft.places.push(("/household".to_owned(), above.to_owned()));
            }
        }
    }

    fn roster(&self, draft: &mut Draft) {
        let roster = self.found.roster.clone().or_else(|| self.found.nodes.get("persons").cloned());
        draft.places.extend(roster.map(|path| ("/persons".to_owned(), path)));
        let persons: Vec<Json> =
            self.found.persons.iter().enumerate().map(|(n, person)| self.person(draft, n, person)).collect();
        draft.set("persons", persons);
    }

    fn person(&self, draft: &mut Draft, n: usize, person: &Person<'_>) -> Json {
        let mut fields = Map::new();
        fields.insert("person_no".to_owned(), Json::from(person.position));
        let at = format!("/persons/{n}");
        draft.places.push((at.clone(), person.path.clone()));
        for value in &person.values {
            let key = value.field.key();
            let given = if key == "birth" { birth(value) } else { field(value) };
            fields.insert(key.to_owned(), given);
            draft.places.push((format!("{at}/{key}"), value.path.clone()));
        }
        let asks_id = self.found.nodes.contains_key("person.citizen_id");
        if self.given.keep_ids && asks_id && self.given.revision > 1 && !fields.contains_key("citizen_id") {
            let number = fields.get("person_no").cloned().unwrap_or_default();
            let from = json!({"revision": self.given.revision - 1, "person_no": number});
            fields.insert("citizen_id_from".to_owned(), from);
        }
        Json::Object(fields)
    }

    /// The sheet of answers of an extra or a free form.
    pub fn answers(&self, answers: &Json, is_complete: bool) -> Part {
        let mut draft = Draft::new(PartKind::Answers, part_id(self.given.root, "answers"));
        if self.given.role != FormRole::Free {
            self.name_case(&mut draft);
        }
        draft.set("at", self.at().0);
        draft.set("revision", self.given.revision);
        draft.set("form", json!({"id": self.envelope.form_id, "version": self.envelope.version}));
        draft.set("result", if is_complete { "complete" } else { "partial" });
        draft.set("answers", answers.clone());
        draft.done(self.root())
    }
}

/// A moment with a full offset; what is none stays as it is, for the record to be refused at its place.
fn instant(text: &str) -> String {
    moment(text).unwrap_or_else(|| text.trim().to_owned())
}

/// The value of a field. What does not fit its type stays text, so that it is refused or warned of where all records are.
fn field(value: &Value<'_>) -> Json {
    let text = value.text.trim();
    match value.field.want {
        Want::YesNo => match text {
            "yes" | "OK" | "true" | "1" => Json::Bool(true),
            "no" | "false" | "0" => Json::Bool(false),
            _ => Json::from(text),
        },
        Want::Count | Want::Number(_) => text.parse::<i64>().map_or_else(|_| Json::from(text), Json::from),
        Want::Decimal => {
            let number = text.parse::<f64>().ok().filter(|number| number.is_finite());
            number.map_or_else(|| Json::from(text), Json::from)
        }
        Want::Instant => Json::from(instant(text)),
        Want::Position => place(text),
        Want::Text => Json::from(value.text),
        Want::Door
        | Want::Chosen(_)
        | Want::Code(_)
        | Want::Label
        | Want::Date
        | Want::Picture
        | Want::Roster => Json::from(text),
    }
}

fn place(text: &str) -> Json {
    let Some(numbers) = position(text) else { return Json::from(text) };
    let mut place = json!({"lon": numbers[1], "lat": numbers[0], "datum": "wgs84"});
    if let Some(accuracy) = numbers.get(3) {
        place["accuracy_m"] = json!(accuracy);
    }
    place
}

/// A date of birth as its parts; an appearance that asks for month or year alone drops what it made up.
fn birth(value: &Value<'_>) -> Json {
    let text = value.text.trim();
    let parts: Vec<Option<i64>> = text.split('-').map(|part| part.parse().ok()).collect();
    let [Some(year), Some(month), Some(day)] = parts[..] else { return Json::from(text) };
    let shown = |word: &str| has_word(value.node, word);
    let month = Some(month).filter(|_| !shown("year"));
    let day = Some(day).filter(|_| !shown("year") && !shown("month-year"));
    json!({"y": year, "m": month, "d": day})
}

fn has_word(node: &Node, word: &str) -> bool {
    node.appearance.as_deref().is_some_and(|words| words.split_whitespace().any(|found| found == word))
}
