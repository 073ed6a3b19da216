//! Everything once more under a new model: first what would be different, then, if wanted, the change itself.
//!
//! The change is one row (the new model) and every interview queued again; from then on the linking job does what it always
//! does, so a kill at any moment leaves a queue that is worked off by whoever runs next, and arrivals go on meanwhile.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use jiff::Timestamp;
use uuid::Uuid;

use super::household::{Tie, households};
use super::judge::Judge;
use super::{Dedupe, Error, Step, form};
use crate::domain::{CaseId, InterviewId, LinkId, LinkState, Proposal};
use crate::link::block::candidates;
use crate::link::model::ModelFile;
use crate::link::phone::MOST_USES;
use crate::link::{Frequencies, NORM_VERSION, Prepared};
use crate::store::link::model::{self, ModelHead, ModelRow};
use crate::store::link::pair::{self, LinkRow};
use crate::store::link::{lock, queue, text};
use crate::store::{Outcome, SurveyKey};
use crate::surveys::Survey;

/// Interviews read at once.
const PAGE: i64 = 2000;
/// Pairs shown one by one.
const EXAMPLES: usize = 10;

/// A pair that would stand elsewhere.
#[derive(Clone, Debug)]
pub struct Example {
    /// The link.
    pub link: Uuid,
    /// Its interviews.
    pub interviews: (Uuid, Uuid),
    /// State now; `None`: no link.
    pub before: Option<LinkState>,
    /// State under the new model; `None`: no link.
    pub after: Option<LinkState>,
    /// Probability now and then, where there is one.
    pub probability: (Option<f64>, Option<f64>),
}

/// What a new model would change.
#[derive(Clone, Debug, Default)]
pub struct Difference {
    /// Interviews in force.
    pub interviews: usize,
    /// Pairs compared.
    pub compared: usize,
    /// Blocks too large to be searched.
    pub skipped: usize,
    /// Name of the model in force and of the new one.
    pub models: (String, String),
    /// Pairs by state now and then.
    pub moves: BTreeMap<(Option<LinkState>, Option<LinkState>), usize>,
    /// Households of several interviews now and then.
    pub households: (usize, usize),
    /// Pairs that would stand elsewhere, the surest first.
    pub examples: Vec<Example>,
}

impl Difference {
    /// Pairs that would stand elsewhere.
    pub fn moved(&self) -> usize {
        self.moves.iter().filter(|((was, is), _)| was != is).map(|(_, n)| n).sum()
    }
}

/// A model to be tried: its file, and whether its tables are counted over the survey's own interviews.
#[derive(Clone, Debug)]
pub struct NewModel {
    /// The parameters.
    pub file: ModelFile,
    /// Tables of the survey, or those of a nominal round.
    pub tables: Tables,
}

/// Which tables of names a model is frozen with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tables {
    /// Counted over the survey's interviews.
    Own,
    /// None: a nominal round.
    Nominal,
}

/// A survey read into memory.
struct Round {
    interviews: Vec<Prepared>,
    head: Option<ModelHead>,
    links: BTreeMap<Uuid, LinkRow>,
    households: usize,
}

impl Dedupe {
    /// What `new` would change. Reads the whole survey into memory (about 3 kB an interview) and writes nothing.
    pub async fn difference(&self, survey: &Survey, new: &NewModel) -> Result<Difference, Error> {
        let round = self.read_round(survey.key).await?;
        let policy = (survey.policy_version, &survey.rules.policy.link);
        let frequencies = tables(new.tables, &round.interviews);
        let version = round.head.as_ref().map_or(0, |h| h.version) + 1;
        let judge = Judge::new((version, &new.file, frequencies), policy)?;
        let old = round.head.as_ref().map(|h| h.name.clone()).unwrap_or_default();
        let mut found = compare(&judge, &round);
        found.models = (old, new.file.version.clone());
        Ok(found)
    }

    /// Brings `new` into force and queues every interview; returns how many. [`Dedupe::drain`] does the work, here or in a
    /// running service.
    pub async fn apply(&self, survey: &Survey, new: &NewModel) -> Result<u64, Error> {
        let key = survey.key;
        let round = self.read_round(key).await?;
        let frequencies = tables(new.tables, &round.interviews);
        let text = serde_json::to_vec(&frequencies).map_err(|e| Error::Model(e.to_string()))?;
        let packed = zstd::bulk::compress(&text, 3).map_err(|e| Error::Model(e.to_string()))?;
        let document = serde_json::to_string(&new.file).map_err(|e| Error::Model(e.to_string()))?;
        let row = Arc::new(ModelRow {
            head: ModelHead {
                version: 0,
                name: new.file.version.clone(),
                norm_version: i32::from(NORM_VERSION),
                interviews: i64::try_from(round.interviews.len()).unwrap_or(i64::MAX),
            },
            document,
            frequencies: (new.tables == Tables::Own).then_some(packed),
        });
        self.ingest
            .store
            .retrying("apply_link_model", move |tx| {
                let mut row = (*row).clone();
                Box::pin(async move {
                    lock(tx, key).await?;
                    row.head.version = model::current(tx, key).await?.map_or(0, |h| h.version) + 1;
                    model::insert(tx, key, &row).await?;
                    Ok::<_, Error>(Outcome::Commit(queue::add_all(tx, key).await?))
                })
            })
            .await
    }

    /// Links until nothing waits any more, each step at the time `clock` tells; `progress` hears how many lines are left.
    pub async fn drain(
        &self,
        survey: &Arc<Survey>,
        clock: impl Fn() -> Timestamp,
        mut progress: impl FnMut(i64),
    ) -> Result<(), Error> {
        let mut done: u64 = 0;
        loop {
            match self.step(survey, clock()).await? {
                Step::Idle | Step::Elsewhere | Step::Postponed => {
                    let (left, _) = self.ingest.store.links_waiting(survey.key).await?;
                    progress(left);
                    if left == 0 {
                        return Ok(());
                    }
                    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
                }
                Step::Linked(_) => {
                    done += 1;
                    if done.is_multiple_of(200) {
                        progress(self.ingest.store.links_waiting(survey.key).await?.0);
                    }
                }
            }
        }
    }

    async fn read_round(&self, key: SurveyKey) -> Result<Round, Error> {
        let key_id = self.ingest.keys.key_id().to_owned();
        let store = &self.ingest.store;
        let mut round = Round { interviews: Vec::new(), head: None, links: BTreeMap::new(), households: 0 };
        let mut after = Uuid::nil();
        loop {
            let (rows, forms, links) = store
                .reading("relink_page", move |tx| {
                    Box::pin(async move {
                        let rows = text::page(tx, key, after, PAGE).await?;
                        let wanted: Vec<(Uuid, i32)> =
                            rows.iter().map(|r| (r.interview, r.revision)).collect();
                        let mut cases: Vec<CaseId> = rows.iter().map(|r| r.case_id).collect();
                        cases.sort_unstable();
                        cases.dedup();
                        let forms = text::forms(tx, key, &wanted).await?;
                        Ok::<_, Error>((rows, forms, pair::of_cases(tx, key, &cases).await?))
                    })
                })
                .await?;
            let Some(last) = rows.last() else { break };
            after = last.interview;
            round.interviews.extend(forms.iter().map(|f| form::prepared(f, &key_id)));
            round.links.extend(links.into_iter().map(|l| (l.id, l)));
        }
        let (head, households) = store
            .reading("relink_head", move |tx| {
                Box::pin(async move {
                    let households = crate::store::link::cluster::count(tx, key).await?;
                    Ok::<_, Error>((model::current(tx, key).await?, households))
                })
            })
            .await?;
        round.interviews.sort_by(|x, y| x.order().cmp(&y.order()));
        drop_shared_phones(&mut round.interviews);
        (round.head, round.households) = (head, usize::try_from(households).unwrap_or_default());
        Ok(round)
    }
}

/// A contact number that too many interviews gave is no evidence.
fn drop_shared_phones(interviews: &mut [Prepared]) {
    let mut uses: HashMap<u64, usize> = HashMap::new();
    for p in interviews.iter() {
        *uses.entry(p.phone).or_default() += 1;
    }
    for p in interviews.iter_mut().filter(|p| uses[&p.phone] > MOST_USES) {
        p.phone = 0;
    }
}

fn tables(which: Tables, interviews: &[Prepared]) -> Frequencies {
    match which {
        Tables::Own => Frequencies::of(interviews),
        Tables::Nominal => Frequencies::default(),
    }
}

/// Where a pair would stand.
struct Would {
    ends: (usize, usize),
    proposal: Proposal,
    probability: f64,
}

/// The pairs of a round under another model.
struct Tried<'a> {
    judge: &'a Judge,
    round: &'a Round,
    ids: Vec<Uuid>,
    would: HashMap<Uuid, Would>,
    ties: Vec<Tie>,
}

fn compare(judge: &Judge, round: &Round) -> Difference {
    let ids: Vec<Uuid> =
        round.interviews.iter().map(|p| Uuid::try_parse(&p.id).unwrap_or_default()).collect();
    let mut tried = Tried { judge, round, ids, would: HashMap::new(), ties: Vec::new() };
    let found = candidates(&round.interviews);
    let pairs = tried.pairs(&found.pairs);
    for (x, y) in &pairs {
        tried.take(*x, *y);
    }
    let of = households(round.interviews.len(), &tried.ties, |x, y| {
        let (a, b) = tried.in_order(x, y);
        judge.bar(&round.interviews[a], &round.interviews[b])
    })
    .of;
    let mut size: HashMap<usize, usize> = HashMap::new();
    for head in &of {
        *size.entry(*head).or_default() += 1;
    }
    let mut told = Difference {
        interviews: round.interviews.len(),
        compared: pairs.len(),
        skipped: found.skipped.len(),
        households: (round.households, size.values().filter(|n| **n > 1).count()),
        ..Difference::default()
    };
    tried.tell(&of, &mut told);
    told
}

impl Tried<'_> {
    /// Candidates and pairs that people decided, as positions, each once.
    fn pairs(&self, found: &[(u32, u32)]) -> Vec<(usize, usize)> {
        let place: HashMap<Uuid, usize> = self.ids.iter().enumerate().map(|(n, id)| (*id, n)).collect();
        let decided = self.round.links.values().filter(|l| l.verdict.is_some());
        let decided = decided.filter_map(|l| Some((*place.get(&l.a)?, *place.get(&l.b)?)));
        let mut pairs: Vec<(usize, usize)> =
            found.iter().map(|(x, y)| (*x as usize, *y as usize)).chain(decided).collect();
        for p in &mut pairs {
            *p = (p.0.min(p.1), p.0.max(p.1));
        }
        pairs.sort_unstable();
        pairs.dedup();
        pairs
    }

    /// Two positions, the interview with the lower id first.
    fn in_order(&self, x: usize, y: usize) -> (usize, usize) {
        if self.ids[x] < self.ids[y] { (x, y) } else { (y, x) }
    }

    fn take(&mut self, x: usize, y: usize) {
        let (a, b) = self.in_order(x, y);
        let judged = self.judge.judge(&self.round.interviews[a], &self.round.interviews[b]);
        let id = LinkId::of(InterviewId(self.ids[x]), InterviewId(self.ids[y])).0;
        let verdict = self.round.links.get(&id).and_then(|l| l.verdict);
        if judged.proposal == Proposal::Apart && verdict.is_none() {
            return;
        }
        let (weight, probability) = (judged.scored.weight, judged.scored.probability);
        let (proposal, bar) = (judged.proposal, judged.bar);
        self.ties.push(Tie { a: x, b: y, weight, proposal, verdict, bar });
        self.would.insert(id, Would { ends: (x, y), proposal, probability });
    }

    /// Where a pair would stand; what people decided stands.
    fn after(&self, id: Uuid, of: &[usize]) -> Option<LinkState> {
        let link = self.round.links.get(&id);
        if let Some(link) = link.filter(|l| l.verdict.is_some()) {
            return Some(link.state);
        }
        let w = self.would.get(&id)?;
        if of[w.ends.0] == of[w.ends.1] { Some(LinkState::Merged) } else { state_of(w.proposal) }
    }

    fn tell(&self, of: &[usize], told: &mut Difference) {
        let all: BTreeSet<Uuid> = self.round.links.keys().chain(self.would.keys()).copied().collect();
        for id in all {
            let was = self.round.links.get(&id).filter(|l| l.state != LinkState::Withdrawn);
            let (before, after) = (was.map(|l| l.state), self.after(id, of));
            *told.moves.entry((before, after)).or_default() += 1;
            if before != after {
                let would = self.would.get(&id);
                let ends = would.map(|w| (self.ids[w.ends.0], self.ids[w.ends.1]));
                let interviews = ends.or(was.map(|l| (l.a, l.b))).unwrap_or_default();
                let probability = (was.map(|l| l.probability), would.map(|w| w.probability));
                told.examples.push(Example { link: id, interviews, before, after, probability });
            }
        }
        let surest = |e: &Example| e.probability.0.into_iter().chain(e.probability.1).fold(0.0, f64::max);
        told.examples.sort_by(|x, y| surest(y).total_cmp(&surest(x)).then(x.link.cmp(&y.link)));
        told.examples.truncate(EXAMPLES);
    }
}

fn state_of(proposal: Proposal) -> Option<LinkState> {
    match proposal {
        Proposal::Merge | Proposal::Review => Some(LinkState::Review),
        Proposal::Pair => Some(LinkState::Paired),
        Proposal::Apart => None,
    }
}
