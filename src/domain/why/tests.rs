//! Sentences as people read them.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use uuid::Uuid;

use super::super::code::{Channel, Class, Informant};
use super::super::evidence::{Decision, DecisionKind, Evidence, Visit, Window};
use super::super::ids::VisitId;
use super::super::policy::Policy;
use super::super::{fold, next_action};
use super::*;

fn rules() -> Rules {
    Rules::new(Policy::default(), TimeZone::get("Asia/Shanghai").unwrap())
}

fn at(text: &str) -> Timestamp {
    format!("2020-11-{text}:00+08:00").parse().unwrap()
}

fn visit(n: u128, time: &str, outcome: Outcome, by: &str) -> Visit {
    Visit {
        id: VisitId(Uuid::from_u128(n)),
        at: at(time),
        received_at: at(time),
        outcome,
        enumerator: Arc::from(by),
        channel: Channel::InPerson,
        informant: Informant::None,
        has_photo: false,
        appointment: None,
    }
}

fn both(visits: Vec<Visit>, decisions: Vec<Decision>, now: &str) -> [[String; 2]; 2] {
    both_ahead(visits, decisions, Viewed { at: at(now), now: at(now) })
}

fn both_ahead(visits: Vec<Visit>, decisions: Vec<Decision>, viewed: Viewed) -> [[String; 2]; 2] {
    let rules = rules();
    let standing = fold(&Evidence { visits, interviews: Vec::new(), decisions }, &rules);
    let next = next_action(&standing, &rules, viewed.at);
    [Language::En, Language::Zh].map(|language| {
        [why(&standing, &rules, language), reason(&standing, &next, &rules, viewed, language)]
    })
}

fn assert_words(visits: Vec<Visit>, now: &str, expected: [[&str; 2]; 2]) {
    assert_eq!(both(visits, Vec::new(), now), expected.map(|pair| pair.map(str::to_owned)));
}

#[test]
fn a_door_under_way() {
    assert_words(
        vec![visit(1, "02T10:00", Outcome::NoAnswer, "e01"), visit(2, "03T15:00", Outcome::NoAnswer, "e01")],
        "04T09:00",
        [
            [
                "2 visits. Still needed before a proxy may be asked: 1 more visit, 1 more day, an evening and a weekend. \
                 Last on 3 Nov: nobody home.",
                "2 visits, both weekday daytime; evening and weekend still untried.",
            ],
            [
                "已入户 2 次。代答前还需：再访 1 次、另外 1 天、晚间、周末。最近一次（11月3日）：无人应答。",
                "已入户 2 次，都在工作日白天；晚间和周末都未试过。",
            ],
        ],
    );
}

#[test]
fn an_appointment() {
    let window = Window { from: at("05T19:30"), to: at("05T20:00") };
    let made = Visit { appointment: Some(window), ..visit(1, "02T10:00", Outcome::AppointmentMade, "e01") };
    let [en, zh] = both(vec![made.clone()], Vec::new(), "04T09:00");
    assert_eq!(en[1], "Asked for Thu 5 Nov, 19:30–20:00.");
    assert_eq!(zh[1], "约定11月5日（周四）19:30–20:00。");
    let [en, zh] = both(vec![made.clone()], Vec::new(), "06T09:00");
    assert_eq!(en[1], "We missed the appointment of Thu 5 Nov, 19:30–20:00; go there first.");
    assert_eq!(zh[1], "未按时赴约（11月5日（周四）19:30–20:00），请最先前往。");
    let tomorrow = Viewed { at: at("06T00:00"), now: at("05T18:00") };
    let [en, zh] = both_ahead(vec![made], Vec::new(), tomorrow);
    assert_eq!(en[1], "Asked for Thu 5 Nov, 19:30–20:00; if nobody is met there then, go there first.");
    assert_eq!(zh[1], "约定11月5日（周四）19:30–20:00；届时未遇，请最先前往。");
}

#[test]
fn a_refusal() {
    assert_words(
        vec![visit(1, "03T10:00", Outcome::RefusalHard, "e03")],
        "03T12:00",
        [
            ["Refused to e03, last on 3 Nov.", "Refused to e03 on 3 Nov; another enumerator, from 5 Nov."],
            ["拒绝 e03 登记，最近一次为11月3日。", "11月3日拒绝 e03；11月5日起换人再试。"],
        ],
    );
}

#[test]
fn a_claim() {
    let told = Visit { informant: Informant::Relative, ..visit(1, "02T10:00", Outcome::Vacant, "e01") };
    let [en, zh] = both(vec![told], Vec::new(), "03T09:00");
    assert_eq!(
        en[1],
        "Relative said on 2 Nov: empty dwelling; needs another day, or the word of a neighbour or the property manager."
    );
    assert_eq!(zh[1], "11月2日亲属称：空置房；需另日再看，或由邻居或物业证实。");
}

#[test]
fn only_one_thing_missing() {
    let times = ["02T10:00", "03T13:00", "04T19:00"];
    let visits = times.iter().zip(1..).map(|(time, n)| visit(n, time, Outcome::NoAnswer, "e01")).collect();
    let [en, zh] = both(visits, Vec::new(), "05T09:00");
    assert_eq!(en[1], "Only a weekend visit is missing, then a proxy is allowed.");
    assert_eq!(zh[1], "只差一次周末入户，之后可代答。");
}

#[test]
fn a_closing_says_what_was_missing() {
    let kind = DecisionKind::Close { class: Class::NC };
    let close = Decision { seq: 1, at: at("05T09:00"), by: Arc::from("s1"), kind };
    let [en, zh] = both(vec![visit(1, "02T10:00", Outcome::NoAnswer, "e01")], vec![close], "06T09:00");
    assert_eq!(en[0], "Closed by s1 on 5 Nov as non-contact; the effort rule was not met.");
    assert_eq!(zh[0], "11月5日由 s1 结案，归为“未接触”；当时未达到入户要求。");
}

/// No sentence is empty, ends twice, or mixes the punctuation of the two languages.
#[test]
fn every_outcome_gives_clean_sentences() {
    for outcome in Outcome::ALL {
        for by in ["e01", "e02"] {
            let visits = vec![visit(1, "02T10:00", *outcome, "e01"), visit(2, "03T19:00", *outcome, by)];
            let [en, zh] = both(visits, Vec::new(), "04T09:00");
            for text in &en {
                assert!(text.ends_with('.') && !text.contains("..") && !text.contains("  "), "{text}");
                assert!(text.is_ascii() || text.replace('–', "-").is_ascii(), "{text}");
            }
            for text in &zh {
                assert!(text.ends_with('。') && !text.contains("。。"), "{text}");
                assert!(!text.contains([',', ';', '(', ')', '.']), "{text}");
            }
        }
    }
}
