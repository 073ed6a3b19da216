//! Deciding about many held records at once: first what it would change, then the decision, and taking it back.

use askama::Template;
use uuid::Uuid;

use super::figures::thousands;
use super::form::{Form, fault};
use super::frame::{Frame, Tab};
use super::visitor::{Answer, Visitor};
use crate::ingest::bulk::{Fate, MOST, Many, Run};
use crate::ingest::held::{Corrected, Ruling, Verdict};
use crate::net::answer::to_the_end;
use crate::net::problem::Problem;

#[derive(Template)]
#[template(path = "held_many.html")]
struct Page {
    f: Frame,
    title: String,
    changes: String,
    left: Option<String>,
    can: bool,
    items: Vec<String>,
    decision: &'static str,
    note: String,
    shift: String,
}

/// `POST /held/decisions`: `item`s as id:revision:version, `decision`, `note`, `shift` (minutes). Without `go` it shows what
/// would change. Problems: `body-not-valid`, `form-expired`.
pub async fn submit(v: Visitor, form: Form) -> Answer {
    let items: Vec<String> = form.all("item").map(str::to_owned).collect();
    if items.is_empty() || items.len() > MOST {
        return Err(fault("item", "must be 1 to 500 records"));
    }
    let (verdict, decision) = match form.text("decision") {
        Some("accept") => (Verdict::Accept { case: None }, "accept"),
        Some("refuse") => (Verdict::Refuse, "refuse"),
        _ => return Err(fault("decision", "must be accept or refuse")),
    };
    let note = form.required("note", 2_000)?;
    let shift = form.text("shift").unwrap_or_default().to_owned();
    let minutes = match shift.as_str() {
        "" => 0,
        text => text.parse::<i64>().map_err(|_| fault("shift", "must be a whole number of minutes"))?,
    };
    let time = (minutes != 0).then(|| Corrected::Shift(minutes.saturating_mul(60)));
    let rulings: Option<Vec<Ruling>> = items
        .iter()
        .map(|item| {
            let mut parts = item.split(':');
            let id = crate::net::query::uuid(parts.next()?)?;
            let revision = parts.next()?.parse().ok().filter(|n: &i32| *n > 0);
            let version = parts.next()?.parse().ok();
            Some(Ruling { revision, time, version, ..Ruling::new(id, verdict, note.clone()) })
        })
        .collect();
    let rulings = rulings.ok_or_else(|| fault("item", "must name a record"))?;
    let run = if form.text("go").is_some() { Run::Earnest } else { Run::Dry };
    let (app, caller, now) = (v.app.clone(), v.caller.clone(), v.now);
    let many = to_the_end(async move {
        Ok::<_, Problem>(app.ingest.decide_held_many(&caller, rulings, run, now).await?)
    })
    .await?;
    v.app.pages.forget();
    let done = count(&many, |f| matches!(f, Fate::Done(_)));
    if run == Run::Earnest {
        return v.go(&format!("/held?done=held_many&n={done}&call={}", many.id));
    }
    let title =
        v.words.count(if decision == "accept" { "held.will_accept" } else { "held.will_refuse" }, done, &[]);
    let left = i64::try_from(many.fates.len()).unwrap_or_default() - done;
    let page = Page {
        f: v.frame(Tab::Held, title.clone()).await?,
        title,
        changes: changes(&v, &many),
        left: (left > 0).then(|| v.words.count("held.cannot", left, &[])),
        can: done > 0,
        items,
        decision,
        note,
        shift,
    };
    v.show(&page)
}

fn count(many: &Many, is: impl Fn(&Fate) -> bool) -> i64 {
    i64::try_from(many.fates.iter().filter(|f| is(f)).count()).unwrap_or_default()
}

fn changes(v: &Visitor, many: &Many) -> String {
    let number = |n: i64| if n > 0 { format!("+{}", thousands(n)) } else { thousands(n) };
    let c = many.changed;
    let places: [(&str, &(dyn std::fmt::Display + Sync)); 3] =
        [("completed", &number(c.completed)), ("open", &number(c.open)), ("persons", &number(c.persons))];
    v.words.say("held.changes", &places)
}

/// `POST /held/decisions/{id}/undo`: the records of a call wait again. Problems: `not-found`, `form-expired`.
pub async fn undo(v: Visitor, _: Form) -> Answer {
    let call: Uuid = v.request.param_uuid("id")?;
    let (app, caller, now) = (v.app.clone(), v.caller.clone(), v.now);
    let many =
        to_the_end(async move { Ok::<_, Problem>(app.ingest.undo_held_many(&caller, call, now).await?) })
            .await?;
    v.app.pages.forget();
    v.go(&format!("/held?done=held_undone&n={}", count(&many, |f| matches!(f, Fate::Done(_)))))
}
