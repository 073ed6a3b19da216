//! Next actions as they are written on the wire.

use super::super::script::{MET, SIX, next};

#[test]
fn next_actions() {
    let vain = "08T10:00 no_answer neighbour; 09T10:00 occupancy_unknown manager";
    let table = [
        (String::new(), "action:visit"),
        ("02T10:00 interview -".to_owned(), "action:none"),
        ("02T10:00 no_answer; 16T09:00 cancel".to_owned(), "action:none"),
        ("19T10:00 interview_complete".to_owned(), "action:wait"),
        ("16T08:00 interview_complete".to_owned(), "action:supervisor"),
        ("02T10:00 out_of_area".to_owned(), "action:supervisor"),
        ("02T10:00 demolished".to_owned(), "action:confirm"),
        ("18T23:30 vacant".to_owned(), "action:confirm,not_before:2020-11-19"),
        (SIX.to_owned(), "action:supervisor,or:proxy"),
        (format!("{SIX}; {vain}"), "action:supervisor"),
        (MET.to_owned(), "action:visit_then_proxy"),
        (format!("{MET}; {vain}"), "action:visit"),
        ("02T10:00 incapable".to_owned(), "action:proxy"),
        ("02T10:00 interview_partial e05".to_owned(), "action:visit,by:e05"),
        (format!("{SIX}; 10T10:00 interview - partial"), "action:supervisor"),
        ("02T10:00 refusal_hard e03".to_owned(), "action:visit,not_by:[e03],not_before:2020-11-04"),
        (
            "02T10:00 refusal_hard e03; 04T10:00 no_answer e02".to_owned(),
            "action:visit,not_by:[e03],not_before:2020-11-04",
        ),
        ("02T10:00 refusal_hard e03; 05T10:00 refusal_soft e02".to_owned(), "action:supervisor"),
        (
            "02T10:00 refusal_hard e03; 05T10:00 refusal_hard e03".to_owned(),
            "action:visit,not_by:[e03],not_before:2020-11-07",
        ),
        (format!("{SIX}; 10T10:00 refusal_hard"), "action:supervisor"),
        (
            "02T10:00 refusal_soft; 03T10:00 no_entry".to_owned(),
            "action:visit,not_by:[e01],not_before:2020-11-04",
        ),
        ("02T10:00 break_off".to_owned(), "action:visit"),
        ("02T10:00 language e02; 03T10:00 no_answer".to_owned(), "action:visit,not_by:[e02]"),
        ("02T10:00 no_answer; 03T10:00 no_entry".to_owned(), "action:visit,ask:manager"),
        ("02T10:00 occupancy_unknown".to_owned(), "action:visit,ask:neighbour"),
        ("02T10:00 unsafe".to_owned(), "action:supervisor"),
        ("02T10:00 not_found".to_owned(), "action:supervisor"),
        ("02T10:00 not_found; 03T10:00 no_answer".to_owned(), "action:visit"),
    ];
    for (text, expected) in table {
        assert_eq!(next(&text, "19T15:00", ""), expected, "{text}");
    }
}

#[test]
fn more_tries_and_the_promise_of_self_response() {
    let twice = "02T10:00 refusal_soft e03; 05T10:00 refusal_soft e02";
    let policy = "[refusal]\nconversion_tries = 2";
    assert_eq!(next(twice, "06T09:00", policy), "action:visit,not_by:[e02,e03],not_before:2020-11-07");
    let until = "[self_response]\nuntil = \"2020-11-05\"";
    assert_eq!(next("", "02T09:00", until), "action:visit,not_before:2020-11-05");
    assert_eq!(next("", "05T00:00", until), "action:visit");
}
