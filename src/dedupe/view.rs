//! A link as a supervisor may see it. Of a side outside the reader's area: the area's name, the building, the matched people's
//! names and birth months, the levels; no phone, no address, no other members. A citizen ID is same, conflict or missing.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::domain::{AreaRange, Language, LinkState, MergedAs, Refusal, Verdict};
use crate::link::codes::{IdLevel, PersonFound};
use crate::link::explain::{Explanation, PersonExplanation, Step};
use crate::store::link::read::{EventRow, LinkDetail, Pair};
use crate::store::link::text::{FormPerson, FormRow};

/// What a reader sees of a side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sight {
    /// Everything but citizen IDs.
    Whole,
    /// What is needed to decide.
    Needed,
}

/// A link in a list.
#[derive(Clone, Debug, Serialize)]
pub struct LinkView {
    /// Its id.
    pub id: Uuid,
    /// Where it stands.
    pub state: LinkState,
    /// What the merge means.
    #[serde(rename = "as")]
    pub merged_as: Option<MergedAs>,
    /// To be sent back with a decision.
    pub version: i32,
    /// Bits.
    pub weight: f64,
    /// The same as a probability.
    pub probability: f64,
    /// A user, or worker.
    pub decided_by: String,
    /// When.
    pub decided_at: Timestamp,
    /// The last decision of a person.
    pub decision: Option<Verdict>,
    /// The evidence changed after that decision.
    pub evidence_changed: bool,
    /// When it was first found.
    pub made_at: Timestamp,
    /// Why a likely merge waits for a person.
    pub refusal: Option<Refusal>,
    /// One side.
    pub a: Value,
    /// The other side.
    pub b: Value,
    /// In words.
    pub summary: String,
    /// The same in Chinese.
    pub summary_zh: String,
}

/// What a reader with this range of areas sees of a form.
pub fn sight(form: &FormRow, range: AreaRange) -> Sight {
    if range.contains(form.area_no) { Sight::Whole } else { Sight::Needed }
}

impl LinkView {
    /// The link as seen by a reader of `range`.
    pub fn of(pair: &Pair, range: AreaRange) -> Self {
        let link = &pair.link;
        let people = people(pair.evidence.as_ref());
        let side = |form: &FormRow, own: fn(&Match) -> u32| side(form, sight(form, range), &people, own);
        let (summary, summary_zh) = summaries(pair, &people);
        Self {
            id: link.id,
            state: link.state,
            merged_as: link.merged_as,
            version: link.version,
            weight: link.weight,
            probability: link.probability,
            decided_by: link.decided_by.clone(),
            decided_at: link.decided_at,
            decision: link.verdict,
            evidence_changed: link.evidence_changed,
            made_at: link.made_at,
            refusal: link.refusal,
            a: side(&pair.a, |m| m.a),
            b: side(&pair.b, |m| m.b),
            summary,
            summary_zh,
        }
    }
}

/// How the citizen IDs of a person compare: all that anybody is told of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum IdSeen {
    /// Both forms give the same one.
    Same,
    /// They give different ones.
    Conflict,
    /// One of them gives none.
    Missing,
    /// The form gives one, and the person is not matched.
    Present,
}

impl From<IdLevel> for IdSeen {
    fn from(level: IdLevel) -> Self {
        match level {
            IdLevel::Same | IdLevel::SameRepaired | IdLevel::Borrowed => Self::Same,
            IdLevel::Conflict | IdLevel::OtherNumber => Self::Conflict,
            IdLevel::Missing => Self::Missing,
        }
    }
}

/// Two people assigned to each other, as the stored evidence tells of them.
struct Match {
    a: u32,
    b: u32,
    is_likely: bool,
    citizen: IdSeen,
}

fn people(evidence: Option<&Explanation>) -> Vec<Match> {
    let told = |p: &PersonExplanation| {
        let level = |s: &Step<PersonFound>| {
            if let PersonFound::Citizen(level) = s.found { Some(level) } else { None }
        };
        let citizen = p.steps.iter().find_map(level).map_or(IdSeen::Missing, IdSeen::from);
        Match { a: p.a, b: p.b, is_likely: p.is_likely(), citizen }
    };
    evidence.iter().flat_map(|e| &e.people).map(told).collect()
}

/// Whether a person of a form is the one that evidence names by number.
fn is_number(p: &FormPerson, number: u32) -> bool {
    u32::try_from(p.person_no) == Ok(number)
}

fn side(form: &FormRow, sight: Sight, people: &[Match], own: fn(&Match) -> u32) -> Value {
    let matched = |p: &&FormPerson| people.iter().find(|m| is_number(p, own(m)) && m.is_likely);
    match sight {
        Sight::Needed => {
            let persons: Vec<Value> = form
                .people
                .iter()
                .filter_map(|p| matched(&p).map(|m| (p, m)))
                .map(|(p, m)| {
                    json!({"person_no": p.person_no, "name": p.name, "birth": {"y": p.birth[0], "m": p.birth[1]},
                        "citizen_id": m.citizen, "matched": true})
                })
                .collect();
            json!({"in_reach": false, "case_id": null, "interview_id": null, "area": null, "area_name": form.area_name,
                "building": form.building, "address": null, "persons": persons})
        }
        Sight::Whole => {
            let persons: Vec<Value> =
                form.people.iter().map(|p| person(p, matched(&p).map(|m| m.citizen))).collect();
            let parts = [form.building.as_str(), form.unit.as_str(), form.room.as_str()];
            let line = parts.iter().filter(|p| !p.is_empty()).copied().collect::<Vec<_>>().join("-");
            let name = form.area_name.clone().unwrap_or_default();
            let text = format!("{name} {line}");
            json!({
                "in_reach": true, "case_id": form.case_id, "interview_id": form.interview, "revision": form.revision,
                "area": form.area, "area_name": form.area_name, "building": form.building,
                "address": {"area": form.area, "area_name": form.area_name, "building": form.building, "unit": form.unit,
                    "floor": form.floor, "room": form.room, "text": text.trim()},
                "at": at_offset(form.at, form.at_offset_min), "enumerator": form.enumerator,
                "respondent": form.respondent, "result": form.result,
                "state": form.state, "counted_elsewhere": form.counted_elsewhere,
                "phone": form.phone, "address_text": form.address_text, "n_persons": form.people.len(), "persons": persons,
            })
        }
    }
}

fn at_offset(at: Timestamp, minutes: i16) -> String {
    let offset = jiff::tz::Offset::from_seconds(i32::from(minutes) * 60).unwrap_or(jiff::tz::Offset::UTC);
    at.display_with_offset(offset).to_string()
}

fn person(p: &FormPerson, citizen: Option<IdSeen>) -> Value {
    let alone = if p.citizen.is_some() { IdSeen::Present } else { IdSeen::Missing };
    let [y, m, d] = p.birth;
    json!({
        "person_no": p.person_no, "name": p.name, "sex": p.sex, "birth": {"y": y, "m": m, "d": d},
        "relationship": p.relationship,
        "residence_status": p.residence_status,
        "other_address": p.other_address, "citizen_id": citizen.unwrap_or(alone), "matched": citizen.is_some(),
    })
}

fn summaries(pair: &Pair, people: &[Match]) -> (String, String) {
    let n = people.iter().filter(|m| m.is_likely).count();
    let percent = (pair.link.probability * 100.0).clamp(0.0, 99.9);
    let common = if n == 1 { "1 person in common".to_owned() } else { format!("{n} people in common") };
    let (mut en, mut zh) = (vec![common], vec![format!("相同人员 {n} 名")]);
    if let Some(door) = pair.evidence.as_ref().and_then(Explanation::door) {
        en.push(format!("door: {}", door.label(Language::En)));
        zh.push(format!("门牌：{}", door.label(Language::Zh)));
    }
    if let Some(refusal) = pair.link.refusal {
        en.push(refusal.label(Language::En).to_owned());
        zh.push(refusal.label(Language::Zh).to_owned());
    }
    en.push(format!("{percent:.1}% one household"));
    zh.push(format!("同户概率 {percent:.1}%"));
    (en.join("; "), zh.join("；"))
}

/// One link with its evidence, its log and the household it makes, as seen by a reader of `range`.
pub fn detail(found: &LinkDetail, range: AreaRange) -> Value {
    let pair = &found.pair;
    let view = LinkView::of(pair, range);
    let mut all = serde_json::to_value(&view).unwrap_or_default();
    let evidence = pair.evidence.as_ref();
    let both = sight(&pair.a, range) == Sight::Whole && sight(&pair.b, range) == Sight::Whole;
    let persons: Vec<Value> = evidence
        .iter()
        .flat_map(|e| &e.people)
        .filter(|p| both || p.is_likely())
        .map(|p| person_pair(p, pair, range))
        .collect();
    let steps: Vec<Value> = evidence.iter().flat_map(|e| &e.steps).map(|s| step(s, None, None)).collect();
    let skipped: Vec<String> = found
        .compared
        .iter()
        .flat_map(|i| &i.skipped)
        .filter_map(|n| super::find::kind_of(*n))
        .map(super::work::kind_slug)
        .collect();
    let more = json!({
        "prior": evidence.map(|e| e.prior), "evidence": steps, "persons": persons, "total": pair.link.weight,
        "thresholds": evidence.map(|e| e.thresholds),
        "proposal": pair.link.proposal, "model_version": pair.link.model_name, "model": pair.link.model_version,
        "policy_version": pair.link.policy_version, "blocks_skipped": skipped, "household": household(found),
        "decisions": found.events.iter().filter(|e| e.kind.is_of_a_person()).map(|e| event(e, both)).collect::<Vec<_>>(),
        "events": found.events.iter().map(|e| event(e, both)).collect::<Vec<_>>(),
    });
    if let (Some(all), Value::Object(more)) = (all.as_object_mut(), more) {
        all.extend(more);
    }
    all
}

fn event(e: &EventRow, both: bool) -> Value {
    let mut changed = e.changed.clone().unwrap_or_default();
    if let (false, Some(object)) = (both, changed.as_object_mut()) {
        // Which cases changed is for readers of both sides.
        object.remove("cases");
        object.remove("taken_in");
    }
    let note = if let Some(why) = e.refusal { why.slug() } else { &e.note };
    json!({"decision": e.kind, "as": e.merged_as, "state": e.state, "by": e.by, "at": e.at, "note": note, "version": e.version,
        "weight": e.weight, "probability": e.probability, "model": e.model_version, "changed": changed})
}

/// The household both interviews stand in, if they do.
fn household(found: &LinkDetail) -> Value {
    let of = |id: Uuid| found.members.iter().find(|m| m.interview == id);
    let (Some(a), Some(b)) = (of(found.pair.link.a), of(found.pair.link.b)) else {
        return Value::Null;
    };
    if a.cluster != b.cluster {
        return Value::Null;
    }
    let n = found.members.iter().filter(|m| m.cluster == a.cluster).count();
    let counted = if a.is_counted {
        "a"
    } else if b.is_counted {
        "b"
    } else {
        "other"
    };
    json!({"id": a.cluster, "interviews": n, "counted": counted})
}

fn step<Found: Serialize>(s: &Step<Found>, a: Option<&Value>, b: Option<&Value>) -> Value {
    let mut all = json!({"m": s.m, "u": s.u, "weight": s.bits, "a": a, "b": b});
    if let (Some(all), Ok(Value::Object(found))) = (all.as_object_mut(), serde_json::to_value(&s.found)) {
        all.extend(found);
    }
    all
}

fn person_pair(p: &PersonExplanation, pair: &Pair, range: AreaRange) -> Value {
    let find = |form: &FormRow, n: u32| form.people.iter().find(|x| is_number(x, n)).cloned();
    let (a, b) = (find(&pair.a, p.a), find(&pair.b, p.b));
    let (see_a, see_b) = (sight(&pair.a, range), sight(&pair.b, range));
    let of = |person: &Option<FormPerson>, found, sight| person.as_ref().and_then(|x| shown(x, found, sight));
    let line =
        |s: &Step<PersonFound>| step(s, of(&a, s.found, see_a).as_ref(), of(&b, s.found, see_b).as_ref());
    json!({"a": p.a, "b": p.b, "weight": p.weight, "probability": p.probability,
        "frequency_weight": p.frequency_bits, "evidence": p.steps.iter().map(line).collect::<Vec<_>>()})
}

/// The value that was compared, as far as the reader may see it.
fn shown(p: &FormPerson, found: PersonFound, sight: Sight) -> Option<Value> {
    let [y, m, d] = p.birth;
    let part = |n: Option<i16>| n.map_or_else(|| "?".to_owned(), |n| format!("{n:02}"));
    match (found, sight) {
        (
            PersonFound::Name(_) | PersonFound::Given(_) | PersonFound::Surname(_) | PersonFound::Order(_),
            Sight::Whole | Sight::Needed,
        ) => Some(json!(p.name)),
        (PersonFound::Birth(_), Sight::Whole) => Some(json!(format!("{}-{}-{}", part(y), part(m), part(d)))),
        (PersonFound::Birth(_), Sight::Needed) => Some(json!(format!("{}-{}", part(y), part(m)))),
        (PersonFound::Sex(_), Sight::Whole) => Some(json!(p.sex)),
        (PersonFound::Role(_), Sight::Whole) => Some(json!(p.relationship)),
        (PersonFound::Sex(_) | PersonFound::Role(_), Sight::Needed)
        | (PersonFound::Citizen(_), Sight::Whole | Sight::Needed) => None,
    }
}
