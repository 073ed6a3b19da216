//! The one line beside a door on a sheet: why it is to be visited, made from the same facts that made it due.

use jiff::Timestamp;

use super::super::case::{Claim, Standing};
use super::super::code::{EffortPart, Informant, Language, Outcome, State};
use super::super::next::{Action, Next};
use super::super::rules::Rules;
use super::words::{Words, sentence};

/// When a door is looked at.
#[derive(Clone, Copy, Debug)]
pub struct Viewed {
    /// The moment judged from, perhaps one to come.
    pub at: Timestamp,
    /// Now: what was agreed for later has not been missed yet, even seen from a later day.
    pub now: Timestamp,
}

/// The one-line reason of a return visit: "2 visits, both weekday daytime; evening and weekend still untried."
pub fn reason(standing: &Standing, next: &Next, rules: &Rules, viewed: Viewed, language: Language) -> String {
    let words = Words { standing, rules, language };
    let text = match next.action {
        Action::None => return super::why(standing, rules, language),
        Action::VisitAt => asked_for(&words),
        Action::Visit if next.first && !standing.is_appointment_missed(rules, viewed.now) => {
            agreed_before(&words)
        }
        Action::Visit if next.first => missed(&words),
        Action::Wait => waiting(&words),
        Action::Supervisor if standing.interview_missing_since.is_some() => waiting(&words),
        Action::Supervisor => supervisor(&words, next),
        Action::Confirm => confirm(&words),
        Action::Proxy => proxy_now(&words),
        Action::VisitThenProxy => {
            let visits = words.visits();
            words.say(
                &format!("{visits}, the rule is met; one more knock, then ask {}", words.proxies()),
                &format!("{visits}，已达到要求；再敲一次门，不遇即找{}代答", words.proxies()),
            )
        }
        Action::Visit => visit(&words, next, viewed.at),
    };
    sentence(&text, language)
}

fn asked_for(words: &Words) -> String {
    let when = words.appointment();
    words.say(&format!("Asked for {when}"), &format!("约定{when}"))
}

fn agreed_before(words: &Words) -> String {
    let when = words.appointment();
    words.say(
        &format!("Asked for {when}; if nobody is met there then, go there first"),
        &format!("约定{when}；届时未遇，请最先前往"),
    )
}

fn missed(words: &Words) -> String {
    let when = words.appointment();
    words.say(
        &format!("We missed the appointment of {when}; go there first"),
        &format!("未按时赴约（{when}），请最先前往"),
    )
}

fn waiting(words: &Words) -> String {
    let day = words.standing.interview_missing_since.map_or_else(String::new, |at| words.day(at));
    words.say(
        &format!("The form of {day} is still on the device; have it sent"),
        &format!("{day}的登记表仍在设备上，请上传"),
    )
}

fn supervisor(words: &Words, next: &Next) -> String {
    let why = super::why(words.standing, words.rules, words.language);
    let why = why.trim_end_matches(['.', '。']);
    match (next.or, words.standing.state) {
        (Some(_), _) => words.say(
            &format!("{why}; a supervisor decides, or ask {}", words.proxies()),
            &format!("{why}；由普查指导员决定，或找{}代答", words.proxies()),
        ),
        (None, State::Verify) => why.to_owned(),
        (None, _) => words.say(&format!("{why}; a supervisor decides"), &format!("{why}；由普查指导员决定")),
    }
}

fn confirm(words: &Words) -> String {
    let Some(claim) = &words.standing.claim else {
        return String::new();
    };
    let found = super::claim_found(words, claim);
    let needed = needed(words, claim);
    words.say(&format!("{found}; {needed}"), &format!("{found}；{needed}"))
}

fn needed(words: &Words, claim: &Claim) -> String {
    let who = words.confirming();
    match (claim.outcome.is_vacant_kind(), who.is_empty()) {
        (true, true) => words.say("needs another day", "需另日再看"),
        (true, false) => words
            .say(&format!("needs another day, or the word of {who}"), &format!("需另日再看，或由{who}证实")),
        (false, true) => words.say("needs a photo", "需拍照"),
        (false, false) => {
            words.say(&format!("needs a photo, or the word of {who}"), &format!("需拍照，或由{who}证实"))
        }
    }
}

fn proxy_now(words: &Words) -> String {
    let what = words.standing.proxy_now.map_or_else(String::new, |outcome| words.outcome(outcome));
    words.say(
        &format!("Found: {what}; ask {}", words.proxies()),
        &format!("情况为“{what}”；可找{}代答", words.proxies()),
    )
}

fn visit(words: &Words, next: &Next, now: Timestamp) -> String {
    let standing = words.standing;
    match standing.state {
        State::Partial => partial(words),
        State::Refused => refused(words, next, now),
        State::InProgress if standing.refusals.soft > 0 => refused(words, next, now),
        State::InProgress if standing.refusals.break_off > 0 => {
            let day = standing.last_refusal.map_or_else(String::new, |at| words.day(at));
            words.say(
                &format!("Stopped midway on {day}; return within 3 days"),
                &format!("{day}中途中止；三天内再访"),
            )
        }
        State::InProgress if !standing.language_by.is_empty() => {
            let by = words.names(&standing.language_by);
            words.say(
                &format!("Language barrier with {by}; another enumerator"),
                &format!("与 {by} 语言不通；换人前往"),
            )
        }
        State::New => words.say("First visit", "首次入户"),
        State::InProgress
        | State::Appointment
        | State::Proxy
        | State::Exhausted
        | State::Verify
        | State::NotEligible
        | State::Closed
        | State::Completed
        | State::Merged
        | State::Cancelled => ask(words, next).unwrap_or_else(|| effort(words)),
    }
}

fn partial(words: &Words) -> String {
    match &words.standing.partial_by {
        Some(by) => words.say(
            &format!("Part answered to {by}, who returns for the rest"),
            &format!("已向 {by} 答了一部分，由其再访补全"),
        ),
        None => words.say("Part answered; return for the rest", "只答了一部分，再访补全"),
    }
}

fn refused(words: &Words, next: &Next, now: Timestamp) -> String {
    let by = words.names(&next.not_by);
    let day = words.standing.last_refusal.map_or_else(String::new, |at| words.day(at));
    let is_later = next.not_before.is_some_and(|date| words.rules.calendar.local_date(now) < date);
    let from = next.not_before.filter(|_| is_later).map(|date| words.date(date));
    let what = if words.standing.refusals.hard > 0 {
        words.say(&format!("Refused to {by} on {day}"), &format!("{day}拒绝 {by}"))
    } else {
        words.say(&format!("Put {by} off on {day}"), &format!("{day}对 {by} 暂不配合"))
    };
    match from {
        Some(from) => words
            .say(&format!("{what}; another enumerator, from {from}"), &format!("{what}；{from}起换人再试")),
        None => words.say(&format!("{what}; another enumerator tries"), &format!("{what}；换人再试")),
    }
}

/// Where somebody else can help.
fn ask(words: &Words, next: &Next) -> Option<String> {
    let (at, outcome) = words.standing.last?;
    let (day, who) = (words.day(at), words.who(next.ask?));
    Some(match (outcome, next.ask?) {
        (Outcome::NoEntry, _) => words.say(
            &format!("Could not enter the building on {day}; ask {who}"),
            &format!("{day}无法进楼；请联系{who}"),
        ),
        (_, Informant::None | Informant::Neighbour | Informant::Manager | Informant::Relative) => words.say(
            &format!("Not clear on {day} whether anybody lives here; ask {who}"),
            &format!("{day}是否有人居住不明；请询问{who}"),
        ),
    })
}

/// What was tried and what was not.
fn effort(words: &Words) -> String {
    let (standing, visits) = (words.standing, words.visits());
    let rest = match standing.unmet.as_slice() {
        [] => words.say("the rule is met", "已达到入户要求"),
        [one] => return only(words, *one),
        parts => untried(words, parts),
    };
    let tried = tried(words).map_or(visits.clone(), |tried| {
        words.say(&format!("{visits}, {tried}"), &format!("{visits}，{tried}"))
    });
    words.say(&format!("{tried}; {rest}"), &format!("{tried}；{rest}"))
}

fn only(words: &Words, part: EffortPart) -> String {
    let (en, zh) = match part {
        EffortPart::Attempts => ("Only one or more visits are", "只差入户次数"),
        EffortPart::Days => ("Only a visit on another day is", "只差换一天入户"),
        EffortPart::Bands => ("Only another time of day is", "只差另一时段"),
        EffortPart::Evening => ("Only an evening visit is", "只差一次晚间入户"),
        EffortPart::Weekend => ("Only a weekend visit is", "只差一次周末入户"),
    };
    words.say(&format!("{en} missing, then a proxy is allowed"), &format!("{zh}，之后可代答"))
}

fn untried(words: &Words, parts: &[EffortPart]) -> String {
    let is_missing = |part| parts.contains(&part);
    match (is_missing(EffortPart::Evening), is_missing(EffortPart::Weekend)) {
        (true, true) => words.say("evening and weekend still untried", "晚间和周末都未试过"),
        (true, false) => words.say("evening still untried", "晚间未试过"),
        (false, true) => words.say("weekend still untried", "周末未试过"),
        (false, false) => {
            words.say(&format!("still missing: {}", words.missing()), &format!("还缺{}", words.missing()))
        }
    }
}

/// "both weekday daytime": when the counted visits fell, where they fell alike.
fn tried(words: &Words) -> Option<String> {
    let counted = words.standing.counted;
    let all_or_none = |n: u32| (n == 0 || n == counted.attempts).then_some(n > 0);
    let (en, zh) = match (all_or_none(counted.weekend), all_or_none(counted.evening)) {
        (Some(false), Some(false)) => ("weekday daytime", "工作日白天"),
        (Some(false), Some(true)) => ("weekday evening", "工作日晚间"),
        (Some(true), Some(false)) => ("weekend daytime", "周末白天"),
        (Some(true), Some(true)) => ("weekend evening", "周末晚间"),
        (Some(false), None) => ("on weekdays", "工作日"),
        (Some(true), None) => ("at weekends", "周末"),
        (None, Some(false)) => ("in the daytime", "白天"),
        (None, Some(true)) => ("in the evening", "晚间"),
        (None, None) => return None,
    };
    match counted.attempts {
        0 => None,
        1 => Some(words.say(en, &format!("在{zh}"))),
        2 => Some(words.say(&format!("both {en}"), &format!("都在{zh}"))),
        _ => Some(words.say(&format!("all {en}"), &format!("都在{zh}"))),
    }
}
