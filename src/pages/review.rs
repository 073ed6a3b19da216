//! Suspected duplicate households: the queue, most certain first, and one pair with its evidence and what each decision
//! would change.

use std::collections::BTreeMap;

use askama::Template;
use jiff::Timestamp;
use uuid::Uuid;

use super::evidence::{Group, Weight, address, groups, signed, weights};
use super::figures::thousands;
use super::form::{Form, fault};
use super::frame::{Frame, Tab, quoted};
use super::panel::{named, names};
use super::visitor::{Answer, Visitor};
use crate::dedupe::Ruling;
use crate::dedupe::effects::{Choice, Effect, Effects};
use crate::dedupe::view::{Sight, sight};
use crate::domain::{CaseId, LinkState};
use crate::link::codes::AbsentLevel;
use crate::net::answer::to_the_end;
use crate::net::kind;
use crate::net::problem::Problem;
use crate::store::link::pair::LinkRow;
use crate::store::link::read::{LinkDetail, Pair};
use crate::store::{Disclosure, Way};

/// Under which name the service itself decides.
const WORKER: &str = "worker";
/// Most pairs in the queue.
const MOST: i64 = 200;

#[derive(Template)]
#[template(path = "review.html")]
struct Page {
    f: Frame,
    found: String,
    state: LinkState,
    states: Vec<(LinkState, String, String)>,
    queue: Vec<Item>,
    chosen: Option<Chosen>,
    stale: Option<String>,
    undo: Option<(Uuid, i32)>,
}

impl Page {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "templates pass references")]
    fn is_state(&self, state: &LinkState) -> bool {
        self.state == *state
    }
}

struct Item {
    id: Uuid,
    title: String,
    line: String,
    is_chosen: bool,
}

struct Chosen {
    id: Uuid,
    version: i32,
    title: String,
    sentence: String,
    bounds: String,
    groups: Vec<Group>,
    weights: Vec<Weight>,
    sum: String,
    cases: (Option<CaseId>, Option<CaseId>),
    residence: Option<String>,
    choices: Vec<Offer>,
    standing: Option<String>,
    events: Vec<String>,
    next: Option<Uuid>,
}

/// A decision that can be taken, or why it cannot.
struct Offer {
    word: &'static str,
    key: &'static str,
    label: String,
    effect: String,
    is_possible: bool,
}

/// The word of a choice in the form, and in the names of its texts.
fn word(choice: Choice) -> &'static str {
    match choice {
        Choice::MergeHousehold => "merge",
        Choice::MergeDoor => "merge_door",
        Choice::Pair => "pair",
        Choice::Apart => "apart",
        Choice::Undo => "undo",
    }
}

/// The key that takes a choice; none where it has none.
fn key(choice: Choice) -> &'static str {
    match choice {
        Choice::MergeHousehold => "m",
        Choice::MergeDoor => "",
        Choice::Pair => "p",
        Choice::Apart => "k",
        Choice::Undo => "u",
    }
}

/// The word by which the next page says what was done.
fn done(choice: Choice) -> &'static str {
    match choice {
        Choice::MergeHousehold | Choice::MergeDoor => "link_merge",
        Choice::Pair => "link_pair",
        Choice::Apart => "link_apart",
        Choice::Undo => "link_undo",
    }
}

/// `GET /review?state=&area=`: the queue with its first pair. Problems: `bad-parameter`, `not-found`.
pub async fn list(v: Visitor) -> Answer {
    let query = v.query()?;
    let words = LinkState::ALL.iter().map(|s| s.slug()).collect::<Vec<_>>();
    let state = query.one_of("state", &words, LinkState::from_slug)?.unwrap_or(LinkState::Review);
    let page = page(&v, state, None, None).await?;
    v.show(&page)
}

/// `GET /review/{id}`: one pair. Problems: `not-found`.
pub async fn show(v: Visitor) -> Answer {
    let id = v.request.param_uuid("id")?;
    let found = find(&v, id).await?;
    let page = page(&v, found.pair.link.state, Some(found), None).await?;
    v.show(&page)
}

/// A link with one side in the reader's area; that it is read is noted.
async fn find(v: &Visitor, id: Uuid) -> Result<LinkDetail, Problem> {
    crate::app::reach::link(&v.app, &v.caller, Way::Page, id).await
}

async fn page(
    v: &Visitor,
    state: LinkState,
    chosen: Option<LinkDetail>,
    overtaken: Option<String>,
) -> Result<Page, Problem> {
    let query = v.query()?;
    let area = v.area(&query).await?;
    let store = v.app.store();
    let from = (Timestamp::UNIX_EPOCH, Uuid::nil());
    let witness = v.witness(Disclosure::Links { state, area: Some(area.code.clone()) }).await?;
    let mut pairs = store.list_links(&witness, v.caller.key, state, area.range, from, MOST).await?;
    pairs.sort_by(|a, b| b.link.probability.total_cmp(&a.link.probability));
    let counts = store.count_links(v.caller.key, area.range).await?;
    let count = |s: LinkState| counts.iter().find(|c| c.0 == s).map_or(0, |c| c.1);
    let chosen = match (chosen, pairs.first()) {
        (Some(chosen), _) => Some(chosen),
        (None, Some(first)) => Some(find(v, first.link.id).await?),
        (None, None) => None,
    };
    let id = chosen.as_ref().map(|c| c.pair.link.id);
    let next = pairs.iter().skip_while(|p| Some(p.link.id) != id).nth(1).or(pairs.first()).map(|p| p.link.id);
    let shown = match &chosen {
        Some(found) => Some(show_pair(v, found, next.filter(|n| Some(*n) != id)).await?),
        None => None,
    };
    let listed = LinkState::ALL.iter().filter(|s| {
        matches!(s, LinkState::Review | LinkState::Merged | LinkState::Paired | LinkState::Apart)
    });
    let mut f = v.frame(Tab::Review, v.words.t("review.title")).await?;
    if area.range == v.caller.range {
        f.waiting.review = count(LinkState::Review);
    }
    if let Some(changed) = changed(v, &query).await? {
        f.done = Some(changed);
    }
    Ok(Page {
        f,
        found: v.words.count("review.found", count(LinkState::Review), &[]),
        state,
        states: listed.map(|s| (*s, s.label(v.words.0).to_owned(), thousands(count(*s)))).collect(),
        queue: pairs.iter().map(|p| item(v, p, id)).collect(),
        chosen: shown,
        stale: overtaken,
        undo: undo(&query)?,
    })
}

/// What the last decision did to the figures, in words; none where nothing was decided a moment ago.
async fn changed(v: &Visitor, query: &crate::net::query::Query) -> Result<Option<String>, Problem> {
    let was = query.text("done").and_then(|said| Choice::ALL.into_iter().find(|c| done(*c) == said));
    let n = query.text("completed").and_then(|n| n.parse::<i64>().ok());
    let (Some(choice), Some(n)) = (was, n) else { return Ok(None) };
    let did = v.words.t(&format!("done.{}", done(choice))).to_owned();
    let own = crate::app::reach::area_by_code(&v.app, &v.caller, v.caller.area.clone()).await?;
    let now = super::overview::ask(v, &own, crate::report::By::Area).await?.total.rates.enumeration.numerator;
    let (from, to) = (thousands(now - n), thousands(now));
    let what = if n == 0 {
        v.words.say("done.completed_stays", &[("to", &to)])
    } else {
        v.words.say("done.completed_changed", &[("from", &from), ("to", &to)])
    };
    Ok(Some(format!("{did}{}{what}", v.words.pick(" ", ""))))
}

/// What the last decision may be taken back by.
fn undo(query: &crate::net::query::Query) -> Result<Option<(Uuid, i32)>, Problem> {
    let was = query.text("done").and_then(|said| Choice::ALL.into_iter().find(|c| done(*c) == said));
    let is_fresh = was.is_some_and(|choice| choice != Choice::Undo);
    let link = query.uuid("link")?.filter(|_| is_fresh);
    Ok(link.zip(query.text("version").and_then(|n| n.parse().ok())))
}

fn item(v: &Visitor, p: &Pair, chosen: Option<Uuid>) -> Item {
    Item {
        id: p.link.id,
        title: title(v, p),
        line: v.words.say(
            "review.line",
            &[("bits", &signed(p.link.weight)), ("percent", &percent(p.link.probability))],
        ),
        is_chosen: chosen == Some(p.link.id),
    }
}

fn title(v: &Visitor, p: &Pair) -> String {
    if p.link.a_case == p.link.b_case {
        v.words.say("review.same_door", &[("door", &address(v, &p.a))])
    } else {
        v.words.say("review.two_doors", &[("a", &address(v, &p.a)), ("b", &address(v, &p.b))])
    }
}

fn percent(p: f64) -> String {
    format!("{:.1}%", (p * 100.0).clamp(0.1, 99.9))
}

async fn show_pair(v: &Visitor, found: &LinkDetail, next: Option<Uuid>) -> Result<Chosen, Problem> {
    let pair = &found.pair;
    let link = &pair.link;
    let names = deciders(v).await?;
    let effects = v.app.dedupe.effects(&v.caller, link.id, v.now).await?;
    let whole = |f: &crate::store::link::text::FormRow| {
        (sight(f, v.caller.range) == Sight::Whole).then_some(f.case_id)
    };
    let is_review = link.state == LinkState::Review;
    let view = crate::dedupe::view::LinkView::of(pair, v.caller.range);
    Ok(Chosen {
        id: link.id,
        version: link.version,
        title: title(v, pair),
        sentence: v.words.pick(view.summary, view.summary_zh),
        bounds: bounds(v, pair),
        groups: groups(v, pair, &names),
        weights: weights(v, pair),
        sum: signed(link.weight),
        cases: (whole(&pair.a), whole(&pair.b)),
        residence: residence(v, pair),
        choices: choices(v, pair, &effects, is_review),
        standing: (!is_review).then(|| {
            v.words.say(
                "review.stands",
                &[
                    ("state", &link.state.label(v.words.0)),
                    ("by", &named(&names, &link.decided_by)),
                    ("time", &v.when().full(link.decided_at)),
                ],
            )
        }),
        events: found.events.iter().map(|e| event(v, &names, e)).collect(),
        next,
    })
}

/// Names of people, and what the service's own decisions are called.
async fn deciders(v: &Visitor) -> Result<BTreeMap<String, String>, Problem> {
    let mut all = names(v).await?;
    all.entry(WORKER.to_owned()).or_insert_with(|| v.words.t("review.worker").to_owned());
    Ok(all)
}

/// Where the sum stands against the two lines.
fn bounds(v: &Visitor, pair: &Pair) -> String {
    let lines = pair.evidence.as_ref().map(|told| told.thresholds).unwrap_or_default();
    let upper = if pair.link.a_case == pair.link.b_case { lines.upper } else { lines.upper_across_doors };
    v.words.say("review.bounds", &[("lower", &percent(lines.lower)), ("upper", &percent(upper))])
}

/// Away at one door and absent at the other is how a pair of residences looks, and no contradiction.
fn residence(v: &Visitor, pair: &Pair) -> Option<String> {
    let absent = pair.evidence.as_ref()?.absent()?;
    (absent == AbsentLevel::One).then(|| v.words.t("review.residence").to_owned())
}

fn event(v: &Visitor, names: &BTreeMap<String, String>, e: &crate::store::link::read::EventRow) -> String {
    let what = e.kind.label(v.words.0);
    let line = v.words.say(
        "review.event_line",
        &[("what", &what), ("by", &named(names, &e.by)), ("time", &v.when().full(e.at))],
    );
    let note = e.refusal.map_or(e.note.as_str(), |why| why.label(v.words.0));
    if note.is_empty() { line } else { format!("{line} — {note}") }
}

fn choices(v: &Visitor, pair: &Pair, effects: &Effects, is_review: bool) -> Vec<Offer> {
    Choice::ALL
        .into_iter()
        .filter(|choice| (*choice != Choice::Undo) == is_review)
        .map(|choice| Offer {
            word: word(choice),
            key: key(choice),
            label: v.words.t(&format!("review.{}", word(choice))).to_owned(),
            effect: effect_words(v, pair, choice, effects.of(choice)),
            is_possible: effects.of(choice).possible,
        })
        .collect()
}

/// What a decision would change, in words.
fn effect_words(v: &Visitor, pair: &Pair, choice: Choice, effect: &Effect) -> String {
    let mut all = vec![v.words.t(&format!("review.{}.effect", word(choice))).to_owned()];
    if !effect.possible {
        let why = effect.why.clone().unwrap_or_default();
        all.push(if effect.beyond_reach > 0 { v.words.t("review.beyond").to_owned() } else { why });
        return all.join(" ");
    }
    if let Some(c) = &effect.changes {
        if c.completed == 0 && c.open == 0 && c.workload == 0 && c.cases.iter().all(|x| x.before == x.after) {
            all.push(v.words.t("review.nothing_changes").to_owned());
        } else {
            let number = |n: i32| match n {
                ..0 => format!("−{}", -n),
                0 => "0".to_owned(),
                1.. => format!("+{n}"),
            };
            all.push(v.words.say(
                "review.numbers",
                &[
                    ("completed", &number(c.completed)),
                    ("open", &number(c.open)),
                    ("due", &number(c.workload)),
                ],
            ));
        }
        for case in c.cases.iter().filter(|case| case.before != case.after) {
            let (from, to) = (case.before.label(v.words.0), case.after.label(v.words.0));
            let side = [&pair.a, &pair.b].into_iter().find(|f| f.case_id == case.case_id);
            let door = side.map_or_else(|| v.words.t("review.other_door").to_owned(), |f| address(v, f));
            all.push(v.words.say("review.case_changes", &[("door", &door), ("from", &from), ("to", &to)]));
        }
    }
    all.join(" ")
}

/// `POST /review/{id}/decision`: `merge`, `merge_door`, `pair`, `apart` or `undo` of the version seen; opens the next pair.
/// Where somebody else was faster, shows what they decided and changes nothing.
/// Problems: `body-not-valid`, `beyond-reach`, `not-found`, `not-possible-now`, `form-expired`.
pub async fn submit(v: Visitor, form: Form) -> Answer {
    let link = v.request.param_uuid("id")?;
    let before = v.app.store().link_in(v.caller.key, link, v.caller.range).await?;
    let (_, before) = before.ok_or_else(Problem::not_found)?;
    let chosen = form.text("decision").and_then(|said| Choice::ALL.into_iter().find(|c| word(*c) == said));
    let choice = chosen.ok_or_else(|| fault("decision", "is not one that can be taken here"))?;
    let (verdict, merged_as) = choice.ruling();
    let version =
        form.text("version").and_then(|n| n.parse().ok()).ok_or_else(|| fault("version", "is needed"))?;
    let note = form.text("note").unwrap_or_default().chars().take(2_000).collect();
    let ruling = Ruling { link, verdict, merged_as, version, note, is_proposal: false };
    let (app, caller, now) = (v.app.clone(), v.caller.clone(), v.now);
    let decided =
        to_the_end(async move { Ok::<_, Problem>(app.dedupe.decide(&caller, ruling, now).await?) }).await;
    v.app.pages.forget();
    match decided {
        Ok(decided) if choice == Choice::Undo => {
            v.go(&format!("/review/{link}?done={}&n={}", done(choice), decided.link.version))
        }
        Ok(decided) => {
            let next = next_after(&v, &before).await?;
            let path = next.map_or_else(|| "/review".to_owned(), |id| format!("/review/{id}"));
            let (version, n) = (decided.link.version, decided.changes.completed);
            v.go(&format!("{path}?done={}&link={link}&version={version}&completed={n}", quoted(done(choice))))
        }
        Err(problem) if problem.kind == &kind::STALE_VERSION => {
            let found = find(&v, link).await?;
            let l = &found.pair.link;
            let names = deciders(&v).await?;
            let overtaken = v.words.say(
                "review.stale",
                &[
                    ("state", &l.state.label(v.words.0)),
                    ("by", &named(&names, &l.decided_by)),
                    ("time", &v.when().full(l.decided_at)),
                ],
            );
            let state = l.state;
            let shown = page(&v, state, Some(found), Some(overtaken)).await?;
            let mut response = v.show(&shown)?;
            *response.status_mut() = http::StatusCode::CONFLICT;
            Ok(response)
        }
        Err(problem) => Err(problem),
    }
}

/// The pair after this one in the queue of those that wait.
async fn next_after(v: &Visitor, before: &LinkRow) -> Result<Option<Uuid>, Problem> {
    let from = (Timestamp::UNIX_EPOCH, Uuid::nil());
    let mut links =
        v.app.store().list_link_rows(v.caller.key, LinkState::Review, v.caller.range, from, MOST).await?;
    links.sort_by(|a, b| b.probability.total_cmp(&a.probability));
    let lower = links.iter().find(|l| l.probability <= before.probability && l.id != before.id);
    Ok(lower.or(links.first()).map(|l| l.id))
}
