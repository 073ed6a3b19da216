//! The table of worked cases: evidence in, state, flags, next action out. Each also shuffled and doubled.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Value, json};
use uuid::Uuid;

use super::*;

const TABLE: &str = include_str!("../../tests/data/visits/cases.json");

fn moment(value: &Value) -> Timestamp {
    value.as_str().unwrap().parse().unwrap()
}

/// Short ids as UUIDs that keep their order: `v2` before `v10`.
fn id(short: &Value) -> Uuid {
    let short = short.as_str().unwrap();
    let (head, number) = short.split_at(1);
    let kind = u128::from(head.as_bytes()[0]);
    Uuid::from_u128(kind << 64 | u128::from(number.parse::<u64>().unwrap_or(0)))
}

fn code<T>(record: &Value, key: &str, default: &str, read: fn(&str) -> Option<T>) -> T {
    read(record[key].as_str().unwrap_or(default)).unwrap()
}

fn visit(record: &Value) -> Visit {
    let window = |w: &Value| Window { from: moment(&w["from"]), to: moment(&w["to"]) };
    let at = moment(&record["at"]);
    Visit {
        id: VisitId(id(&record["id"])),
        at,
        received_at: record.get("received_at").map_or(at, moment),
        outcome: code(record, "outcome", "", Outcome::from_slug),
        enumerator: Arc::from(record["enumerator"].as_str().unwrap()),
        channel: code(record, "channel", "in_person", Channel::from_slug),
        informant: code(record, "informant", "none", Informant::from_slug),
        has_photo: record["photo"] == json!(true),
        appointment: record.get("appointment").map(window),
    }
}

fn interview(record: &Value) -> Interview {
    let at = moment(&record["at"]);
    Interview {
        id: InterviewId(id(&record["id"])),
        revision: i32::try_from(record["revision"].as_i64().unwrap()).unwrap(),
        visit_id: record.get("visit_id").map(|value| VisitId(id(value))),
        result: code(record, "result", "complete", InterviewResult::from_slug),
        respondent: code(record, "respondent", "member", Respondent::from_slug),
        at,
        received_at: record.get("received_at").map_or(at, moment),
        counted_elsewhere: false,
        persons: PersonCounts { recorded: 1, resident: 1, here_registered: 1, ..PersonCounts::default() },
    }
}

fn decision(record: &Value) -> Decision {
    let visit = || VisitId(id(&record["visit"]));
    let yes_no = |is_yes: bool| if is_yes { Confirmed::Yes } else { Confirmed::No };
    let kind = match record["decision"].as_str().unwrap() {
        "close" => DecisionKind::Close { class: code(record, "class", "", Class::from_slug) },
        "reopen" => DecisionKind::Reopen,
        "verify" => DecisionKind::Verify { confirmed: yes_no(record["confirmed"] == json!(true)) },
        "cancel" => DecisionKind::Cancel,
        "uncancel" => DecisionKind::Uncancel,
        "void" => DecisionKind::Void { visit: visit() },
        "unvoid" => DecisionKind::Unvoid { visit: visit() },
        "reject_interview" => DecisionKind::RejectInterview {
            interview: InterviewId(id(&record["interview"])),
            revision: i32::try_from(record["revision"].as_i64().unwrap()).unwrap(),
        },
        "merge" => DecisionKind::Merge { into: CaseId(id(&record["into"])) },
        "unmerge" => DecisionKind::Unmerge,
        other => panic!("unknown decision {other}"),
    };
    Decision { seq: record["seq"].as_i64().unwrap(), at: moment(&record["at"]), by: Arc::from("s1"), kind }
}

/// The records of one case, and of the cases merged into it.
fn evidence(records: &[Value], of: &str) -> Evidence {
    let owner = |record: &Value| record["case_id"].as_str().unwrap_or("A").to_owned();
    let mut merged: Vec<String> = Vec::new();
    for record in records.iter().filter(|r| r["decision"] == "merge" || r["decision"] == "unmerge") {
        merged.retain(|case| *case != owner(record));
        if record["into"] == of {
            merged.push(owner(record));
        }
    }
    let mut evidence = Evidence::default();
    for record in records {
        let is_own = owner(record) == of;
        match record["type"].as_str().unwrap() {
            "visit" if is_own || merged.contains(&owner(record)) => evidence.visits.push(visit(record)),
            "interview" if is_own || merged.contains(&owner(record)) => {
                evidence.interviews.push(interview(record));
            }
            "decision" if is_own => evidence.decisions.push(decision(record)),
            _ => {}
        }
    }
    evidence
}

fn rules(policy: Option<&Value>) -> Rules {
    let mut policy = policy.cloned().unwrap_or_else(|| json!({}));
    let zone = policy.as_object_mut().unwrap().remove("time_zone");
    let zone = zone.as_ref().and_then(Value::as_str).unwrap_or("Asia/Shanghai").to_owned();
    Rules::new(serde_json::from_value(policy).unwrap(), TimeZone::get(&zone).unwrap())
}

/// What a reader sees, in the words of the table.
fn shown(standing: &Standing, rules: &Rules, now: Timestamp) -> Value {
    let mut next = serde_json::to_value(next_action(standing, rules, now)).unwrap();
    for key in ["from", "to"] {
        if let Some(text) = next.get_mut(key) {
            *text = json!(moment(text).to_string());
        }
    }
    json!({
        "state": standing.state, "counted": standing.counted, "unmet": standing.unmet,
        "proxy_allowed": standing.proxy_allowed, "flags": flags(standing, rules, now), "next": next,
        "untried": standing.untried.iter().map(|cell| cell.slug(rules)).collect::<Vec<_>>(),
    })
}

fn shuffled_and_doubled(evidence: &Evidence) -> Evidence {
    let mut twice = evidence.clone();
    twice.visits.extend(evidence.visits.iter().rev().cloned());
    twice.interviews.extend(evidence.interviews.iter().rev().cloned());
    twice.decisions.extend(evidence.decisions.iter().rev().cloned());
    twice.visits.reverse();
    twice.interviews.rotate_left(evidence.interviews.len() / 2);
    twice.decisions.reverse();
    twice
}

#[test]
fn every_worked_case_is_as_the_table_says() {
    let table: Value = serde_json::from_str(TABLE).unwrap();
    let cases = table["cases"].as_array().unwrap();
    let mut faults = Vec::new();
    for case in cases {
        let rules = rules(case.get("policy").filter(|policy| policy.is_object()));
        let evidence = evidence(case["evidence"].as_array().unwrap(), case["case"].as_str().unwrap_or("A"));
        let now = moment(&case["now"]);
        let standing = fold(&evidence, &rules);
        let mut expected = case["expect"].clone();
        for key in ["from", "to"] {
            if let Some(text) = expected["next"].get_mut(key) {
                *text = json!(moment(text).to_string());
            }
        }
        let got = shown(&standing, &rules, now);
        if got != expected {
            faults.push(format!("{}\n  expected {expected}\n  got      {got}", case["id"]));
        }
        assert_eq!(fold(&shuffled_and_doubled(&evidence), &rules), standing, "{}", case["id"]);
        for language in [Language::En, Language::Zh] {
            assert!(!why(&standing, &rules, language).is_empty());
        }
    }
    assert!(cases.len() >= 50, "the table is there");
    assert!(faults.is_empty(), "{} of {} cases differ:\n{}", faults.len(), cases.len(), faults.join("\n"));
}
