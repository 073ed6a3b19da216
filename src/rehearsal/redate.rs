//! Moves a set-up's survey to other days: the same survey, so that "tonight" is tonight. Only the dates in `survey.toml`
//! change; comments and order stay.

use crate::setup::SurveySetup;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, ToSpan};
use toml::de::{DeTable, DeValue};

/// Days of a re-dated survey before and after today.
const DAYS_AROUND: i64 = 7;

/// The survey as if it had begun a week before the day of `now` and ended a week after it; and the same done to the
/// text it was read from.
///
/// The reference moment, and a first day of visits after online answers, move by as many days.
pub fn redate(survey: &SurveySetup, text: &str, now: Timestamp) -> (SurveySetup, String) {
    let zone = survey.zone();
    let today = zone.to_datetime(now).date();
    let starts_on = today.checked_sub(DAYS_AROUND.days()).unwrap_or(today);
    let ends_on = today.checked_add(DAYS_AROUND.days()).unwrap_or(today);
    let moved = survey.starts_on.until(starts_on).unwrap_or_default();
    let reference_at = move_moment(survey.reference_at, moved, &zone);
    let until = survey.policy.self_response.until.as_ref().map(|until| move_date(until, moved));
    let offset = reference_at.to_zoned(zone).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string();
    let mut new = vec![
        (vec!["starts_on"], starts_on.to_string()),
        (vec!["ends_on"], ends_on.to_string()),
        (vec!["reference_at"], offset),
    ];
    new.extend(until.clone().map(|until| (vec!["self_response", "until"], until)));
    let mut survey = SurveySetup { reference_at, starts_on, ends_on, ..survey.clone() };
    survey.policy.self_response.until = until;
    (survey, replace(text, &new))
}

/// The moment `moved` days on, at the same hour of the wall clock.
fn move_moment(moment: Timestamp, moved: Span, zone: &TimeZone) -> Timestamp {
    let clock = zone.to_datetime(moment).checked_add(moved);
    clock.and_then(|clock| zone.to_timestamp(clock)).unwrap_or(moment)
}

fn move_date(date: &str, moved: Span) -> String {
    let new = date.parse::<Date>().and_then(|date| date.checked_add(moved));
    new.map_or_else(|_| date.to_owned(), |date| date.to_string())
}

/// Puts new values where the text has these keys.
fn replace(text: &str, new: &[(Vec<&str>, String)]) -> String {
    let Ok(table) = DeTable::parse(text) else {
        return text.to_owned();
    };
    let mut edits: Vec<_> = new
        .iter()
        .filter_map(|(path, value)| {
            let (last, tables) = path.split_last()?;
            let mut at = table.get_ref();
            for name in tables {
                at = at.get(*name).and_then(|value| value.get_ref().as_table())?;
            }
            let old = at.get(*last)?;
            let quoted = matches!(old.get_ref(), DeValue::String(_));
            Some((old.span(), if quoted { format!("\"{value}\"") } else { value.clone() }))
        })
        .collect();
    edits.sort_by_key(|(span, _)| std::cmp::Reverse(span.start));
    let mut text = text.to_owned();
    for (span, value) in edits {
        text.replace_range(span, &value);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rehearsal::community;
    use crate::setup;

    #[test]
    fn a_survey_is_moved_so_that_today_is_in_its_middle() {
        let mut files = community::files(1);
        let text = String::from_utf8(files.0["survey.toml"].clone()).unwrap();
        let text = text.replace("starts_on = \"2020-11-01\"", "starts_on = 2020-11-01 # Sunday");
        let text = text + "[self_response]\nuntil = \"2020-11-05\"\n";
        files.put("survey.toml", text.as_str());
        let survey = setup::read(&files, &mut |_| {}).unwrap().survey;
        let now = "2026-03-10T20:00:00+08:00".parse().unwrap();
        let (moved, new) = redate(&survey, &text, now);
        assert!(
            new.contains("starts_on = 2026-03-03 # Sunday") && new.contains("ends_on = \"2026-03-17\""),
            "{new}"
        );
        assert!(
            new.contains("reference_at = \"2026-03-03T00:00:00+08:00\"")
                && new.contains("until = \"2026-03-07\""),
            "{new}"
        );
        files.put("survey.toml", new);
        assert_eq!(setup::read(&files, &mut |_| {}).unwrap().survey, moved);
        let (same, _) = redate(&survey, &text, "2020-11-08T08:00:00+08:00".parse().unwrap());
        assert_eq!(same, survey);
    }
}
