//! Linking one interview: from a line of the queue to links, households and cases, in one transaction.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use uuid::Uuid;

use super::apply::{self, Cause};
use super::component::{Component, Node, load};
use super::find::{candidates, drop_own_answers, drop_shared_phones, kind_of, stored_keys};
use super::judge::Judge;
use super::score::score;
use super::settle::{WORKER, Work, settle};
use super::{Dedupe, Error, form};
use crate::domain::{CaseId, InForce, InterviewId, LinkId, LinkState, Proposal, interviews_in_force};
use crate::ingest::refold::At;
use crate::link::NORM_VERSION;
use crate::link::block::KeyKind;
use crate::store::evidence::load_evidence;
use crate::store::link::pair::{self, LinkRow};
use crate::store::link::queue::{self, Line};
use crate::store::link::text::{self, LinkedInterview};
use crate::store::{Outcome, SurveyKey, Tx, link};
use crate::surveys::Survey;

/// Lines looked at for further lines of the same interview.
const LOOK_AHEAD: i64 = 50;

/// What one step did.
#[derive(Clone, Debug)]
pub enum Step {
    /// Nothing waits.
    Idle,
    /// Another process is linking this survey.
    Elsewhere,
    /// An interview was linked.
    Linked(Linked),
    /// An interview could not be linked now and was put back.
    Postponed,
}

/// An interview that was linked.
#[derive(Clone, Debug, Default)]
pub struct Linked {
    /// Interviews it was compared with.
    pub compared: usize,
    /// Its links by state, withdrawn ones left out.
    pub links: BTreeMap<LinkState, usize>,
    /// Kinds of keys whose block was too large to be searched.
    pub skipped: Vec<String>,
    /// Cases were folded again.
    pub folded: bool,
    /// Time from the lock to before the commit.
    pub took: Duration,
}

/// What came of settling what an interview touches.
struct Settled {
    /// The links as they stand.
    links: Links,
    /// Cases were folded again.
    folded: bool,
}

/// Links by their id.
type Links = BTreeMap<Uuid, LinkRow>;

impl Dedupe {
    /// Links the next interview of the queue. Safe to call from several tasks and processes: one at a time works on a survey.
    pub async fn step(&self, survey: &Arc<Survey>, now: Timestamp) -> Result<Step, Error> {
        let (own, key, survey) = (self.clone(), survey.key, Arc::clone(survey));
        let worked = self
            .ingest
            .store
            .retrying("link_interview", move |tx| {
                let (own, survey) = (own.clone(), Arc::clone(&survey));
                Box::pin(async move { own.step_in(tx, &survey, now).await })
            })
            .await;
        match worked {
            Ok(step) => Ok(step),
            Err(Error::Store(error)) if !error.is_outage() => {
                tracing::error!(%error, "an interview could not be linked; it will be tried again");
                self.postpone(key).await?;
                Ok(Step::Postponed)
            }
            Err(error) => Err(error),
        }
    }

    async fn step_in(&self, tx: &Tx, survey: &Survey, now: Timestamp) -> Result<Outcome<Step>, Error> {
        let key = survey.key;
        if !link::try_lock(tx, key).await? {
            return Ok(Outcome::Rollback(Step::Elsewhere));
        }
        let began = Instant::now();
        let lines = queue::next(tx, key, LOOK_AHEAD).await?;
        let Some(first) = lines.first().copied() else { return Ok(Outcome::Rollback(Step::Idle)) };
        let at = At::new(key, now);
        let judge = self.judge(tx, survey).await?;
        let mut linked = self.link(tx, at, survey, &judge, first.interview).await?;
        let done: Vec<i64> =
            lines.iter().filter(|l| l.interview == first.interview).map(|l: &Line| l.id).collect();
        queue::done(tx, key, &done).await?;
        linked.took = began.elapsed();
        let folded = linked.folded;
        let step = Step::Linked(linked);
        // The feed's number is drawn only where there is something to tell.
        Ok(if folded { Outcome::Stamp(step, key, at.tag) } else { Outcome::Commit(step) })
    }

    /// Puts the first line back, so that the others do not wait for it.
    async fn postpone(&self, key: SurveyKey) -> Result<(), Error> {
        self.ingest
            .store
            .retrying("postpone_link", move |tx| {
                Box::pin(async move {
                    let lines: Vec<i64> = queue::next(tx, key, 1).await?.iter().map(|l| l.id).collect();
                    queue::postpone(tx, key, &lines).await?;
                    Ok::<_, Error>(Outcome::Commit(()))
                })
            })
            .await
    }

    /// Links one interview, whatever it was before: new, revised, rejected, voided or unchanged.
    pub(super) async fn link(
        &self,
        tx: &Tx,
        at: At,
        survey: &Survey,
        judge: &Judge,
        interview: Uuid,
    ) -> Result<Linked, Error> {
        let stored = text::load(tx, at.key, &[interview]).await?.into_iter().next();
        let known_keys = stored.as_ref().map(keys_of).unwrap_or_default();
        let case = text::case_of(tx, at.key, interview).await?;
        let in_force = match case {
            Some(case) => in_force(tx, at.key, survey, case, interview).await?,
            None => None,
        };
        // A revision that names another door moves its interview; the links were made at the door before.
        let cases: Vec<CaseId> = case.into_iter().chain(stored.as_ref().map(|s| s.case_id)).collect();
        let before = links_of(tx, at.key, &cases, interview).await?;
        let Some(in_force) = in_force else {
            if stored.is_some_and(|s| s.is_in_force) {
                text::end(tx, at.key, interview, &known_keys).await?;
            }
            return self.leave(tx, at, survey, judge, interview, before).await;
        };
        let mut node = read(tx, at.key, &in_force, self.ingest.keys.key_id()).await?;
        let found = candidates(tx, at.key, interview, &node.row.keys, &node.row.key_kinds).await?;
        node.row.skipped.clone_from(&found.skipped);
        if stored.is_none_or(|s| !is_same(&s, &node.row)) {
            text::put(tx, at.key, &node.row, &known_keys).await?;
        }
        let mut with = found.interviews;
        with.extend(before.values().map(|l| l.other(interview)));
        with.sort_unstable();
        with.dedup();
        let mut nodes = load(tx, at.key, &with, &HashMap::new()).await?;
        drop_own_answers(tx, at.key, &node, &mut nodes).await?;
        nodes.push(node);
        drop_shared_phones(tx, at.key, &mut nodes).await?;
        let node = nodes.pop().ok_or(crate::store::Error::Corrupt("linked interview"))?;
        let mut linked = self.compare(tx, at, survey, judge, (node, nodes), before).await?;
        linked.skipped = found.skipped.iter().filter_map(|n| kind_of(*n)).map(kind_slug).collect();
        Ok(linked)
    }

    /// Scores an interview against others and settles what follows.
    async fn compare(
        &self,
        tx: &Tx,
        at: At,
        survey: &Survey,
        judge: &Judge,
        (node, others): (Node, Vec<Node>),
        before: BTreeMap<Uuid, LinkRow>,
    ) -> Result<Linked, Error> {
        let interview = node.row.interview;
        let (mut fresh, mut evidence) = (BTreeMap::new(), HashMap::new());
        for other in &others {
            let (a, b) = if interview < other.row.interview { (&node, other) } else { (other, &node) };
            let id = LinkId::of(InterviewId(a.row.interview), InterviewId(b.row.interview)).0;
            if let Some((row, told)) = score(judge, at.now, (id, a, b), before.get(&id)) {
                evidence.extend(told.map(|text| (id, text)));
                fresh.insert(id, row);
            }
        }
        // Links whose other end is out of force stay as they are.
        for (id, link) in &before {
            let kept = fresh.entry(*id).or_insert_with(|| link.clone());
            let own = if kept.a == interview { &mut kept.a_case } else { &mut kept.b_case };
            *own = node.row.case_id;
        }
        let compared = others.len();
        let mut known: HashMap<Uuid, Node> = others.into_iter().map(|n| (n.row.interview, n)).collect();
        known.insert(interview, node.clone());
        let mut roots = vec![node];
        let lost = before.values().filter(|l| l.is_edge()).map(|l| l.other(interview)).collect::<Vec<_>>();
        roots.extend(lost.iter().filter_map(|id| known.get(id)).cloned());
        let pairs = (before, fresh, &evidence);
        let Settled { links, folded } =
            self.settle_around(tx, at, survey, judge, (roots, &known), pairs, interview).await?;
        let mut by_state: BTreeMap<LinkState, usize> = BTreeMap::new();
        for link in links.values().filter(|l| l.has(interview) && l.state != LinkState::Withdrawn) {
            *by_state.entry(link.state).or_default() += 1;
        }
        Ok(Linked { compared, links: by_state, folded, ..Linked::default() })
    }

    /// An interview that is evidence no more: its links are withdrawn, those a person decided on are marked.
    async fn leave(
        &self,
        tx: &Tx,
        at: At,
        survey: &Survey,
        judge: &Judge,
        interview: Uuid,
        before: BTreeMap<Uuid, LinkRow>,
    ) -> Result<Linked, Error> {
        let mut fresh = before.clone();
        for link in fresh.values_mut() {
            if link.verdict.is_some() {
                link.evidence_changed = true;
            } else {
                link.proposal = Proposal::Apart;
                link.refusal = None;
            }
        }
        let lost: Vec<Uuid> = before.values().filter(|l| l.is_edge()).map(|l| l.other(interview)).collect();
        let roots = load(tx, at.key, &lost, &HashMap::new()).await?;
        let told = HashMap::new();
        let pairs = (before, fresh, &told);
        let settled =
            self.settle_around(tx, at, survey, judge, (roots, &HashMap::new()), pairs, interview).await?;
        Ok(Linked { folded: settled.folded, ..Linked::default() })
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "one place where everything about one interview comes together"
    )]
    async fn settle_around(
        &self,
        tx: &Tx,
        at: At,
        survey: &Survey,
        judge: &Judge,
        (roots, known): (Vec<Node>, &HashMap<Uuid, Node>),
        (before, fresh, evidence): (Links, Links, &HashMap<Uuid, String>),
        interview: Uuid,
    ) -> Result<Settled, Error> {
        let component = Component::grow(tx, at.key, roots, &fresh, known).await?;
        let found = component.households(judge);
        let mut stored = component.stored.clone();
        stored.extend(before);
        let mut links = component.links.clone();
        links.extend(fresh);
        let work = Work {
            component: &component,
            found: &found,
            before: stored,
            links,
            evidence,
            also: &[interview],
            decided: None,
        };
        let facts = apply::facts(tx, at.key, &work).await?;
        let plan = settle(work, &facts, at.now);
        let cause = Cause { by: WORKER.to_owned(), id: interview };
        let folded = apply::write(tx, at, survey, &plan, &cause).await?;
        Ok(Settled { links: plan.links, folded })
    }
}

/// Kind of a key on the wire and in metrics.
pub(super) fn kind_slug(kind: KeyKind) -> String {
    serde_json::to_value(kind).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default()
}

fn keys_of(row: &LinkedInterview) -> Vec<(i64, i16)> {
    row.keys.iter().copied().zip(row.key_kinds.iter().copied()).collect()
}

fn is_same(stored: &LinkedInterview, now: &LinkedInterview) -> bool {
    stored.is_in_force
        && stored.revision == now.revision
        && stored.is_complete == now.is_complete
        && stored.is_proxy == now.is_proxy
        && stored.norm_version == now.norm_version
        && stored.prepared == now.prepared
        && stored.keys == now.keys
        && stored.key_kinds == now.key_kinds
        && stored.skipped == now.skipped
}

/// How an interview speaks for its case now; `None` when it is no evidence.
async fn in_force(
    tx: &Tx,
    key: SurveyKey,
    survey: &Survey,
    case: CaseId,
    interview: Uuid,
) -> Result<Option<InForce>, Error> {
    let evidence = load_evidence(tx, key, &[case]).await?;
    let found = evidence.values().flat_map(|e| interviews_in_force(e, &survey.rules));
    Ok(found.into_iter().find(|f| f.id.0 == interview))
}

/// The form of an interview in force, normalised.
async fn read(tx: &Tx, key: SurveyKey, in_force: &InForce, key_id: &str) -> Result<Node, Error> {
    let forms = text::forms(tx, key, &[(in_force.id.0, in_force.revision)]).await?;
    let stored = forms.into_iter().next().ok_or(crate::store::Error::Corrupt("interview"))?;
    let prepared = form::prepared(&stored, key_id);
    let (keys, key_kinds) = stored_keys(&prepared);
    let row = LinkedInterview {
        interview: stored.interview,
        revision: stored.revision,
        case_id: stored.case_id,
        is_in_force: true,
        is_complete: in_force.is_complete,
        is_proxy: in_force.is_proxy,
        recorded: i32::try_from(prepared.persons.len()).unwrap_or(i32::MAX),
        living: i32::try_from(prepared.living()).unwrap_or(i32::MAX),
        at: stored.at,
        norm_version: i32::from(NORM_VERSION),
        prepared: serde_json::to_string(&prepared)
            .map_err(|_| crate::store::Error::Corrupt("linked interview"))?,
        keys,
        key_kinds,
        skipped: Vec::new(),
    };
    Ok(Node { row, prepared })
}

async fn links_of(
    tx: &Tx,
    key: SurveyKey,
    cases: &[CaseId],
    interview: Uuid,
) -> Result<BTreeMap<Uuid, LinkRow>, Error> {
    let all = pair::of_cases(tx, key, cases).await?;
    Ok(all.into_iter().filter(|l| l.has(interview)).map(|l| (l.id, l)).collect())
}
