//! Forms that are right, unlikely and unusable.

use super::*;

fn asked() -> Asked {
    Asked { result: InterviewResult::Complete, reference: "2020-11-01".parse().unwrap() }
}

fn person(person_no: u32, relationship: Relationship) -> Person {
    Person {
        person_no,
        name: "王小明".to_owned(),
        relationship: Some(relationship),
        citizen_id: None,
        sex: Some(Sex::F),
        birth: Some(Birth { y: Some(1985), m: Some(3), d: None }),
        ethnicity: Some("01".to_owned()),
        stayed_here: Some(true),
        stayed_at: Some(1),
        registered_at: Some(1),
        time_away: Some(1),
        reason_away: None,
        education: Some(5),
        literate: Some(1),
        residence_status: Some(ResidenceStatus::HereRegistered),
    }
}

fn household(stayed: u32, absent: u32) -> Household {
    Household {
        household_type: Some(HouseholdType::Family),
        n_stayed: Some(stayed),
        n_registered_absent: Some(absent),
        dwelling_kind: Some(1),
        floor_area_m2: Some(89.5),
        rooms: Some(3),
        ..Household::default()
    }
}

fn absent(person_no: u32) -> Person {
    Person {
        stayed_here: Some(false),
        stayed_at: Some(5),
        time_away: Some(4),
        residence_status: Some(ResidenceStatus::AbsentRegistered),
        ..person(person_no, Relationship::Child)
    }
}

fn found(household: &Household, persons: &[Person], asked: Asked) -> Vec<(String, &'static str, Severity)> {
    check_form(household, persons, asked).into_iter().map(|i| (i.pointer, i.reason, i.severity)).collect()
}

fn one(household: &Household, persons: &[Person]) -> (String, &'static str, Severity) {
    let mut issues = found(household, persons, asked());
    assert_eq!(issues.len(), 1, "{issues:?}");
    issues.remove(0)
}

#[test]
fn a_plain_form_has_no_issue() {
    let persons = [person(1, Relationship::Head), person(2, Relationship::Spouse), absent(3)];
    assert_eq!(found(&household(2, 1), &persons, asked()), []);
    let counts = PersonCounts::of(&persons);
    let expected = PersonCounts {
        recorded: 3,
        resident: 2,
        here_registered: 2,
        absent_registered: 1,
        ..PersonCounts::default()
    };
    assert_eq!(counts, expected);
    assert!(!counts.lists_only_absent() && PersonCounts::of(&persons[2..]).lists_only_absent());
}

#[test]
fn what_makes_a_form_unusable() {
    let (head, spouse) = (person(1, Relationship::Head), person(2, Relationship::Spouse));
    let error = |pointer: &str, reason| (pointer.to_owned(), reason, Severity::Error);
    assert_eq!(one(&household(0, 0), &[]), error("/persons", "nobody-listed"));
    let two = [head.clone(), person(2, Relationship::Head)];
    assert_eq!(one(&household(2, 0), &two), error("/persons/1/relationship", "two-heads"));
    let twice = [head.clone(), Person { person_no: 1, ..spouse.clone() }];
    assert_eq!(one(&household(2, 0), &twice), error("/persons/1/person_no", "person-no-twice"));
    assert_eq!(one(&household(1, 0), std::slice::from_ref(&spouse)), error("/persons", "no-head"));
    assert_eq!(one(&household(3, 0), &[head.clone(), spouse.clone()]), error("/persons", "counts-differ"));
    let alone = Household { n_registered_absent: None, ..household(1, 0) };
    assert_eq!(one(&alone, &[head.clone(), spouse.clone()]), error("/household/n_stayed", "counts-differ"));
    let split = found(&household(1, 1), &[head.clone(), spouse.clone()], asked());
    assert!(
        split.len() == 2
            && split.iter().all(|issue| issue.1 == "counts-differ" && issue.2 == Severity::Warning)
    );
    let unborn = Person { birth: Some(Birth { y: Some(1984), m: Some(13), d: None }), ..head.clone() };
    assert_eq!(one(&household(1, 0), &[unborn]), error("/persons/0/birth", "birth-impossible"));
    let code = Person { education: Some(12), ..head };
    assert_eq!(one(&household(1, 0), &[code]), error("/persons/0/education", "code-out-of-range"));
}

#[test]
fn what_a_form_may_lack() {
    let died_out = Household { deaths_f: Some(1), household_no: Some(DIED_OUT), ..household(0, 0) };
    assert_eq!(found(&died_out, &[], asked()), []);
    let collective = Household { household_type: Some(HouseholdType::Collective), ..household(2, 0) };
    let persons = [person(1, Relationship::Other), person(2, Relationship::Other)];
    assert_eq!(found(&collective, &persons, asked()), []);
    let partial = Asked { result: InterviewResult::Partial, ..asked() };
    assert!(
        found(&household(3, 0), &persons, partial)
            .iter()
            .all(|(.., severity)| *severity == Severity::Warning)
    );
    assert!(
        found(&Household::default(), &[], partial)
            .iter()
            .all(|(.., severity)| *severity == Severity::Warning)
    );
    let bare = Person { relationship: None, ..person(1, Relationship::Head) };
    assert_eq!(one(&Household::default(), &[bare]).1, "relationship-missing");
}

#[test]
fn what_is_merely_unlikely() {
    let head = person(1, Relationship::Head);
    let warned = |person: Person| {
        let (pointer, reason, severity) = one(&household(1, 0), &[person]);
        assert_eq!(severity, Severity::Warning);
        (pointer.trim_start_matches("/persons/0/").to_owned(), reason)
    };
    let item = |item: &str, reason| (item.to_owned(), reason);
    let later = Person {
        birth: Some(Birth { y: Some(2020), m: Some(11), d: None }),
        education: None,
        literate: None,
        ..head.clone()
    };
    assert_eq!(warned(later), item("birth", "born-after-reference"));
    let moved = Person { stayed_at: Some(4), ..head.clone() };
    assert_eq!(warned(moved), item("stayed_at", "stay-differs"));
    let status = Person { residence_status: Some(ResidenceStatus::HerePending), ..head.clone() };
    assert_eq!(warned(status), item("residence_status", "residence-status-differs"));
    let away = Person { time_away: Some(4), ..head.clone() };
    assert_eq!(warned(away), item("time_away", "time-away-unlikely"));
    let id = super::super::citizen_id::check("419999198503074514").ok();
    assert_eq!(warned(Person { citizen_id: id, ..head.clone() }), item("sex", "sex-differs-from-id"));
    let id = super::super::citizen_id::check("419999194901011262").ok();
    assert_eq!(warned(Person { citizen_id: id, ..head.clone() }), item("birth", "birth-differs-from-id"));
    let child = Person { birth: Some(Birth { y: Some(2018), m: Some(3), d: None }), literate: None, ..head };
    assert_eq!(warned(child), item("education", "not-asked"));
}

#[test]
fn somebody_of_another_door_is_pointed_out() {
    let stray = Person { registered_at: Some(4), residence_status: None, ..absent(2) };
    let persons = [person(1, Relationship::Head), stray];
    assert_eq!(one(&household(1, 1), &persons).1, "not-of-this-door");
}

#[test]
fn a_status_stated_alone_is_used() {
    let bare =
        Person { stayed_here: None, stayed_at: None, registered_at: None, time_away: None, ..absent(1) };
    assert_eq!(bare.stay(), Some(Stay::Away));
    assert_eq!(PersonCounts::of(&[bare]).absent_registered, 1);
    let bare = Person {
        stayed_here: None,
        stayed_at: None,
        registered_at: None,
        time_away: None,
        ..person(1, Relationship::Head)
    };
    assert_eq!(PersonCounts::of(&[bare]).resident, 1);
}
