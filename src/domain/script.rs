//! Evidence written as lines, for tests: `02T10:00 no_answer`, `04T09:00 close NC`, `02T10:10 interview v1`.
//!
//! Times are in November 2020 (the 1st is a Sunday), Shanghai. Visits and interviews are numbered in the order written.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use uuid::Uuid;

use super::*;

/// The effort rule met by the third visit.
pub(super) const MET: &str = "02T10:00 no_answer; 04T19:00 no_answer; 07T15:00 no_answer";
/// Six weekday mornings.
pub(super) const SIX: &str = "02T10:00 no_answer; 03T10:00 no_answer; 04T10:00 no_answer; 05T10:00 no_answer; 06T10:00 no_answer; \
                   09T10:00 no_answer";

/// The rules of a policy document, in Shanghai.
pub(super) fn rules(document: &str) -> Rules {
    Rules::new(toml::from_str(document).unwrap(), TimeZone::get("Asia/Shanghai").unwrap())
}

/// `02T10:00` as a moment.
pub(super) fn at(text: &str) -> Timestamp {
    format!("2020-11-{text}:00+08:00").parse().unwrap()
}

pub(super) fn visit_id(n: usize) -> VisitId {
    VisitId(Uuid::from_u128(0x1000 + n as u128))
}

pub(super) fn interview_id(n: usize) -> InterviewId {
    InterviewId(Uuid::from_u128(0x2000 + n as u128))
}

fn index(word: &str) -> usize {
    word[1..].parse().unwrap()
}

/// Reads lines separated by `;` or line ends. Words after the outcome: `tel`, `online`, an informant, `photo`, `e02`
/// (e01 if left out), `rec=06T08:00`, `appt=04T19:00/04T19:30`. An interview: `interview v1` or `-`, then `partial`,
/// `rev=2`, `id=1`, a respondent, `elsewhere`, `absent`.
pub(super) fn evidence(text: &str) -> Evidence {
    let mut evidence = Evidence::default();
    for line in text.split([';', '\n']).map(str::trim).filter(|line| !line.is_empty()) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let (when, rest) = (at(words[0]), &words[2..]);
        match words[1] {
            "interview" => add_interview(&mut evidence, when, rest),
            word => match Outcome::from_slug(word) {
                Some(outcome) => add_visit(&mut evidence, when, outcome, rest),
                None => add_decision(&mut evidence, when, word, rest),
            },
        }
    }
    evidence
}

fn add_visit(evidence: &mut Evidence, when: Timestamp, outcome: Outcome, words: &[&str]) {
    let mut visit = Visit {
        id: visit_id(evidence.visits.len() + 1),
        at: when,
        received_at: when,
        outcome,
        enumerator: Arc::from("e01"),
        channel: Channel::InPerson,
        informant: Informant::None,
        has_photo: false,
        appointment: None,
    };
    for word in words {
        match *word {
            "tel" => visit.channel = Channel::Telephone,
            "online" => visit.channel = Channel::Online,
            "photo" => visit.has_photo = true,
            word if word.starts_with("rec=") => visit.received_at = at(&word[4..]),
            word if word.starts_with("appt=") => {
                let (from, to) = word[5..].split_once('/').unwrap();
                visit.appointment = Some(Window { from: at(from), to: at(to) });
            }
            word => match Informant::from_slug(word) {
                Some(informant) => visit.informant = informant,
                None => visit.enumerator = Arc::from(word),
            },
        }
    }
    evidence.visits.push(visit);
}

fn add_interview(evidence: &mut Evidence, when: Timestamp, words: &[&str]) {
    let persons = PersonCounts { recorded: 2, resident: 2, here_registered: 2, ..PersonCounts::default() };
    let mut text = Interview {
        id: interview_id(evidence.interviews.len() + 1),
        revision: 1,
        visit_id: (words[0] != "-").then(|| visit_id(index(words[0]))),
        result: InterviewResult::Complete,
        respondent: Respondent::Member,
        at: when,
        received_at: when,
        counted_elsewhere: false,
        persons,
    };
    for word in &words[1..] {
        match *word {
            "partial" => text.result = InterviewResult::Partial,
            "elsewhere" => text.counted_elsewhere = true,
            "absent" => {
                text.persons = PersonCounts { recorded: 2, absent_registered: 2, ..PersonCounts::default() }
            }
            word if word.starts_with("rev=") => text.revision = word[4..].parse().unwrap(),
            word if word.starts_with("id=") => text.id = interview_id(word[3..].parse().unwrap()),
            word if word.starts_with("rec=") => text.received_at = at(&word[4..]),
            word => text.respondent = Respondent::from_slug(word).unwrap(),
        }
    }
    evidence.interviews.push(text);
}

fn add_decision(evidence: &mut Evidence, when: Timestamp, word: &str, words: &[&str]) {
    let visit = || visit_id(index(words[0]));
    let kind = match word {
        "close" => DecisionKind::Close { class: Class::from_slug(words[0]).unwrap() },
        "reopen" => DecisionKind::Reopen,
        "verify" => DecisionKind::Verify { confirmed: Confirmed::from_slug(words[0]).unwrap() },
        "cancel" => DecisionKind::Cancel,
        "uncancel" => DecisionKind::Uncancel,
        "void" => DecisionKind::Void { visit: visit() },
        "unvoid" => DecisionKind::Unvoid { visit: visit() },
        "reject" => DecisionKind::RejectInterview {
            interview: interview_id(index(words[0])),
            revision: words.get(1).map_or(1, |n| n.parse().unwrap()),
        },
        "merge" => DecisionKind::Merge { into: CaseId(Uuid::from_u128(9)) },
        "unmerge" => DecisionKind::Unmerge,
        other => panic!("no such word: {other}"),
    };
    let seq = i64::try_from(evidence.decisions.len()).unwrap() + 1;
    evidence.decisions.push(Decision { seq, at: when, by: Arc::from("s1"), kind });
}

/// `verify occupancy_conflict` … : the state and the flags at a moment.
pub(super) fn state_and_flags(text: &str, now: &str) -> String {
    let rules = rules("");
    let standing = fold(&evidence(text), &rules);
    let flags: Vec<_> = flags(&standing, &rules, at(now)).iter().map(|flag| flag.slug()).collect();
    [vec![standing.state.slug()], flags].concat().join(" ")
}

/// The unmet parts of the effort rule.
pub(super) fn unmet(text: &str) -> String {
    let standing = fold(&evidence(text), &rules(""));
    standing.unmet.iter().map(|part| part.slug()).collect::<Vec<_>>().join(" ")
}

/// The next action as it is written on the wire, without its braces and quotes.
pub(super) fn next(text: &str, now: &str, document: &str) -> String {
    let rules = rules(document);
    let standing = fold(&evidence(text), &rules);
    let json = serde_json::to_string(&next_action(&standing, &rules, at(now))).unwrap();
    json.trim_matches(['{', '}']).replace('"', "")
}
