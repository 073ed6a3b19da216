//! Words for people, in both languages: why a case stands where it stands, and why a door is to be visited again.
//!
//! The words say what the rules found and nothing more; users are named by their user names, households never.

mod reason;
mod words;

use super::case::{Claim, CompletedBy, ConfirmedBy, Standing};
use super::code::{Language, Outcome, State};
use super::rules::Rules;

pub use reason::{Viewed, reason};
use words::{Words, sentence};

/// Why the case is in its state: one sentence, sometimes two.
pub fn why(standing: &Standing, rules: &Rules, language: Language) -> String {
    let words = Words { standing, rules, language };
    let text = match standing.state {
        State::New => words.say("Nobody has been here yet", "尚未入户"),
        State::InProgress => in_progress(&words),
        State::Appointment => appointment(&words),
        State::Proxy => proxy(&words),
        State::Exhausted => exhausted(&words),
        State::Partial => partial(&words),
        State::Refused => refused(&words),
        State::Verify => standing.claim.as_ref().map_or_else(String::new, |claim| verify(&words, claim)),
        State::NotEligible => {
            standing.claim.as_ref().map_or_else(String::new, |claim| not_eligible(&words, claim))
        }
        State::Closed => closed(&words),
        State::Completed => completed(&words),
        State::Merged => words.say(
            "This door was listed twice; the case goes on in the other one",
            "该户重复列入，已并入另一户",
        ),
        State::Cancelled => words.say("Taken out of the survey by a supervisor", "已由普查指导员取消"),
    };
    sentence(&text, language)
}

fn in_progress(words: &Words) -> String {
    let standing = words.standing;
    if let Some(since) = standing.interview_missing_since {
        let day = words.day(since);
        return words.say(
            &format!("Interviewed on {day}, but the form has not arrived yet"),
            &format!("{day}已登记，登记表尚未收到"),
        );
    }
    let (visits, missing) = (words.visits(), words.missing());
    let rule = words.say(
        &format!("{visits}. Still needed before a proxy may be asked: {missing}"),
        &format!("{visits}。代答前还需：{missing}"),
    );
    match standing.last {
        Some((at, outcome)) => {
            let (day, what) = (words.day(at), words.outcome(outcome));
            words
                .say(&format!("{rule}. Last on {day}: {what}"), &format!("{rule}。最近一次（{day}）：{what}"))
        }
        None => rule,
    }
}

fn appointment(words: &Words) -> String {
    let when = words.appointment();
    words.say(&format!("The household asked for {when}"), &format!("住户约定{when}"))
}

fn proxy(words: &Words) -> String {
    let visits = words.visits();
    match words.standing.proxy_now {
        Some(outcome) if !words.standing.unmet.is_empty() => {
            let what = words.outcome(outcome);
            words.say(
                &format!("Found: {what}; a proxy may be asked at once"),
                &format!("情况为“{what}”，可立即找人代答"),
            )
        }
        Some(_) | None => words.say(
            &format!("{visits}; the effort rule is met, a proxy may be asked"),
            &format!("{visits}，已达到入户要求，可找人代答"),
        ),
    }
}

fn exhausted(words: &Words) -> String {
    let (attempts, cap) = (words.standing.counted.attempts, words.standing.cap);
    let start = words.say(
        &format!("{attempts} of {cap} visits are used up"),
        &format!("{cap} 次入户已用完（计 {attempts} 次）"),
    );
    if words.standing.unmet.is_empty() {
        return words.say(&format!("{start}; the effort rule is met"), &format!("{start}；已达到入户要求"));
    }
    let missing = words.missing();
    words.say(&format!("{start}; never tried: {missing}"), &format!("{start}；仍缺{missing}"))
}

fn partial(words: &Words) -> String {
    match &words.standing.partial_by {
        Some(by) => words.say(
            &format!("Part of the form was answered to {by}; the rest is missing"),
            &format!("已向 {by} 答了一部分，其余待补"),
        ),
        None => words.say("Part of the form was answered; the rest is missing", "只答了一部分，其余待补"),
    }
}

fn refused(words: &Words) -> String {
    let standing = words.standing;
    let by = words.names(&standing.refused_by);
    let day = standing.last_refusal.map_or_else(String::new, |at| words.day(at));
    let times = standing.refusals.soft + standing.refusals.break_off;
    if standing.refusals.hard > 0 {
        return words
            .say(&format!("Refused to {by}, last on {day}"), &format!("拒绝 {by} 登记，最近一次为{day}"));
    }
    words.say(
        &format!("{times} soft refusals or break-offs (to {by}), last on {day}"),
        &format!("对 {by} 暂不配合或中途中止 {times} 次，最近一次为{day}"),
    )
}

fn verify(words: &Words, claim: &Claim) -> String {
    let found = claim_found(words, claim);
    let rest = if claim.needs_supervisor && claim.outcome.is_supervisor_kind() {
        words.say("only a supervisor can confirm it", "须由普查指导员确认")
    } else if claim.needs_supervisor {
        words.say(
            "but somebody was met here, so a supervisor decides",
            "但曾有人应门或证实有人居住，须由普查指导员判定",
        )
    } else if claim.outcome.is_vacant_kind() {
        let who = words.confirming();
        words.say(
            &format!("to be confirmed by a visit on another day{}", prefixed(" or by ", &who)),
            &format!("需另日再核实{}", prefixed("，或由", &suffixed(&who, "证实"))),
        )
    } else {
        let who = words.confirming();
        words.say(
            &format!("to be confirmed by a photo{}", prefixed(" or by ", &who)),
            &format!("需照片{}", prefixed("或", &suffixed(&who, "证实"))),
        )
    };
    words.say(&format!("{found}; {rest}"), &format!("{found}；{rest}"))
}

fn prefixed(prefix: &str, text: &str) -> String {
    if text.is_empty() { String::new() } else { format!("{prefix}{text}") }
}

fn suffixed(text: &str, suffix: &str) -> String {
    if text.is_empty() { String::new() } else { format!("{text}{suffix}") }
}

/// "Neighbour said on 2 Nov: empty dwelling", or "Found on 2 Nov: …".
fn claim_found(words: &Words, claim: &Claim) -> String {
    let (day, what) = (words.date(claim.date), words.outcome(claim.outcome));
    match words.informant(claim.informant) {
        Some(who) => words.say(&format!("{who} said on {day}: {what}"), &format!("{day}{who}称：{what}")),
        None => words.say(&format!("Found on {day}: {what}"), &format!("{day}情况：{what}")),
    }
}

fn not_eligible(words: &Words, claim: &Claim) -> String {
    let found = claim_found(words, claim);
    let how = match claim.confirmed_by {
        Some(ConfirmedBy::Days) => words.say("confirmed on more than one day", "经多日核实"),
        Some(ConfirmedBy::Informant) => words.say("confirmed by somebody who knows the door", "经知情人证实"),
        Some(ConfirmedBy::Photo) => words.say("confirmed by a photo", "有照片为证"),
        Some(ConfirmedBy::Supervisor) => words.say("confirmed by a supervisor", "经普查指导员确认"),
        None => words.say("not confirmed", "未核实"),
    };
    words.say(&format!("{found}; {how}"), &format!("{found}；{how}"))
}

fn closed(words: &Words) -> String {
    let standing = words.standing;
    let Some(closing) = &standing.closing else {
        return words.say("Closed", "已结案");
    };
    let (day, by, class) = (words.day(closing.at), &closing.by, closing.class.label(words.language));
    let class = if words.language == Language::En { class.to_lowercase() } else { class.to_owned() };
    let start = words
        .say(&format!("Closed by {by} on {day} as {class}"), &format!("{day}由 {by} 结案，归为“{class}”"));
    if standing.closed_unmet.as_ref().is_none_or(Vec::is_empty) {
        return start;
    }
    words.say(&format!("{start}; the effort rule was not met"), &format!("{start}；当时未达到入户要求"))
}

fn completed(words: &Words) -> String {
    match words.standing.completed_by {
        Some(CompletedBy::Proxy) => {
            words.say("A complete interview was given by a proxy", "已由他人代答，登记完整")
        }
        Some(CompletedBy::SelfResponse) => words.say("The household answered online", "住户已自主填报"),
        Some(CompletedBy::Own) | None => words.say("There is a complete interview", "登记完整"),
    }
}

/// What an outcome is called inside a sentence.
fn spoken(outcome: Outcome, language: Language) -> String {
    let label = outcome.label(language);
    match language {
        Language::Zh => label.to_owned(),
        Language::En if outcome == Outcome::HouseholdAway => "whole household away".to_owned(),
        Language::En if outcome == Outcome::RespondentAway => "nobody able to answer".to_owned(),
        Language::En => {
            let mut chars = label.chars();
            chars.next().map_or_else(String::new, |first| first.to_lowercase().chain(chars).collect())
        }
    }
}

#[cfg(test)]
mod tests;
