//! Policy documents: defaults, round trips, and every fault at once.

use super::faults::{minute_of_day, spans};
use super::*;

fn keys(document: &str) -> Vec<String> {
    let policy: Policy = toml::from_str(document).unwrap();
    policy.faults().into_iter().map(|fault| fault.key).collect()
}

#[test]
fn the_defaults_are_without_fault() {
    assert_eq!(Policy::default().faults(), []);
    assert_eq!(toml::from_str::<Policy>("").unwrap(), Policy::default());
}

#[test]
fn the_policy_survives_json() {
    let policy: Policy = toml::from_str("[rates]\ne = 0.95\n[privacy]\npurge_on = \"2021-06-30\"").unwrap();
    let text = serde_json::to_string(&policy).unwrap();
    assert_eq!(serde_json::from_str::<Policy>(&text).unwrap(), policy);
    assert!(toml::from_str::<Policy>("[closing]\nmin_attempt = 3").is_err(), "unknown keys are refused");
}

#[test]
fn every_fault_is_named_at_once() {
    let document = r#"
        weekend_dates = ["2020-10-01", "2020-02-30"]
        workday_dates = ["2020-10-01", "1 October"]
        [[band]]
        id = "day"
        from = "08:00"
        to = "18:00"
        [[band]]
        id = "late"
        from = "17:00"
        to = "9pm"
        [[band]]
        id = "late"
        from = "17:59"
        to = "21:00"
        [attempt]
        excludes = ["no_entry", "went_well"]
        [closing]
        min_attempts = 4
        min_distinct_days = 5
        min_time_bands = 4
        max_attempts = 3
        [vacant]
        informants = ["none"]
        [link]
        upper = 0.9
        lower = 1.5
        [shift]
        sunday = "12:00-09:00"
        [self_response]
        until = "soon"
    "#;
    assert_eq!(
        keys(document),
        [
            "weekend_dates",
            "workday_dates",
            "self_response.until",
            "band[1].to",
            "band[2].id",
            "band[2].from",
            "attempt.excludes",
            "vacant.informants",
            "closing.max_attempts",
            "closing.min_distinct_days",
            "closing.min_time_bands",
            "closing.min_evening",
            "link.lower",
            "link.lower",
            "shift.sunday"
        ]
    );
}

#[test]
fn times_of_day_are_strict() {
    assert_eq!(minute_of_day("24:00"), Some(1440));
    assert_eq!(minute_of_day("08:30"), Some(510));
    for text in ["24:01", "8:30", "08:60", "0830", "08:3x", ""] {
        assert_eq!(minute_of_day(text), None, "{text}");
    }
    assert_eq!(spans("09:00-12:00;14:00-21:00"), Some(vec![(540, 720), (840, 1260)]));
    assert_eq!(spans(" "), Some(vec![]));
    assert_eq!(spans("09:00"), None);
}
