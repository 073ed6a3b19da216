//! One pair of interviews under one model and one policy: the score, and what the survey makes of it.

use crate::domain::policy::Link as LinkPolicy;
use crate::domain::{Proposal, Refusal};
use crate::link::codes::DoorClass;
use crate::link::explain::explain;
use crate::link::model::ModelFile;
use crate::link::resolve::{bar, person_probability};
use crate::link::{Decision, Frequencies, Model, PersonMatch, Prepared, Scored, score_pair};

/// A model with the thresholds of a survey's policy.
#[derive(Debug)]
pub(super) struct Judge {
    /// Version of the stored model.
    pub(super) version: i32,
    /// Its name.
    pub(super) name: String,
    /// Version of the policy.
    pub(super) policy_version: i32,
    model: Model,
    auto_across_doors: bool,
}

/// A judged pair.
#[derive(Clone, Debug)]
pub(super) struct Judged {
    /// The score.
    pub(super) scored: Scored,
    /// What the score says.
    pub(super) proposal: Proposal,
    /// Why a likely merge was proposed for review.
    pub(super) refusal: Option<Refusal>,
    /// Why the two may not stand in one household by themselves.
    pub(super) bar: Option<Refusal>,
    /// People of the first interview who are counted at the second, should the two be paired.
    pub(super) a_away: Vec<i32>,
    /// People of the second who are counted at the first.
    pub(super) b_away: Vec<i32>,
}

impl Judge {
    /// A judge by `file` and the tables it is frozen with, under a policy. Errors: a file this program cannot use.
    pub(super) fn new(
        (version, file, frequencies): (i32, &ModelFile, Frequencies),
        (policy_version, policy): (i32, &LinkPolicy),
    ) -> Result<Self, super::Error> {
        let mut file = file.clone();
        for part in [&mut file.han, &mut file.latin] {
            let lines = &mut part.thresholds;
            lines.lower = policy.lower;
            // The model's own lines give way where the survey asks for more in review.
            lines.upper = policy.upper.unwrap_or(lines.upper.max(policy.lower));
            lines.upper_across_doors =
                policy.upper_across_doors.unwrap_or(lines.upper_across_doors.max(policy.lower));
        }
        let model = Model::from_file(&file).map_err(|e| super::Error::Model(e.to_string()))?;
        Ok(Self {
            version,
            name: file.version.clone(),
            policy_version,
            model: model.with_frequencies(frequencies),
            auto_across_doors: policy.auto_across_doors,
        })
    }

    /// Judges a pair; `a` is the interview with the lower id.
    pub(super) fn judge(&self, a: &Prepared, b: &Prepared) -> Judged {
        let scored = score_pair(&self.model, a, b);
        let (proposal, refusal) = self.proposal(a, b, &scored);
        let bar = self.bar_of(a, b, &scored);
        let (a_away, b_away) = self.away(a, b, &scored);
        Judged { scored, proposal, refusal, bar, a_away, b_away }
    }

    /// Why these two may not stand in one household by themselves.
    pub(super) fn bar(&self, a: &Prepared, b: &Prepared) -> Option<Refusal> {
        self.bar_of(a, b, &score_pair(&self.model, a, b))
    }

    fn bar_of(&self, a: &Prepared, b: &Prepared, scored: &Scored) -> Option<Refusal> {
        bar(&self.model.parameters(a.script, b.script).thresholds, scored)
    }

    fn proposal(&self, a: &Prepared, b: &Prepared, scored: &Scored) -> (Proposal, Option<Refusal>) {
        let is_other_door = scored.levels.door.class() == DoorClass::Other;
        match scored.decision {
            Decision::Merge if is_other_door && !self.auto_across_doors => {
                (Proposal::Review, Some(Refusal::AcrossDoors))
            }
            Decision::Merge => (Proposal::Merge, None),
            Decision::Review | Decision::Pair if self.is_declared(a, b, scored) => (Proposal::Pair, None),
            // Nobody is shared for sure. Otherwise somebody lives at both doors, and a person must look.
            Decision::Pair if self.sure(a, b, scored).next().is_none() => (Proposal::Apart, None),
            Decision::Pair | Decision::Review => (Proposal::Review, None),
            Decision::Apart => (Proposal::Apart, None),
        }
    }

    /// The matches that are one person, as far as the household and the person tell together.
    fn sure<'s>(
        &'s self,
        a: &'s Prepared,
        b: &'s Prepared,
        scored: &'s Scored,
    ) -> impl Iterator<Item = &'s PersonMatch> {
        let parameters = self.model.parameters(a.script, b.script);
        scored
            .people
            .iter()
            .filter(move |m| person_probability(parameters, scored, m, false) >= parameters.thresholds.person)
    }

    /// The records themselves say where everybody they share lives: at one door and not at the other.
    fn is_declared(&self, a: &Prepared, b: &Prepared, scored: &Scored) -> bool {
        let declares = |m: &PersonMatch| a.persons[m.a].presence != b.persons[m.b].presence;
        let mut sure = self.sure(a, b, scored).peekable();
        scored.levels.door.class() == DoorClass::Other
            && scored.shares_a_person()
            && sure.peek().is_some()
            && sure.all(declares)
    }

    /// Who is counted on the other side: people absent here and living there; else those of the later interview.
    fn away(&self, a: &Prepared, b: &Prepared, scored: &Scored) -> (Vec<i32>, Vec<i32>) {
        let (mut of_a, mut of_b) = (Vec::new(), Vec::new());
        let mut shared: Vec<&PersonMatch> = self.sure(a, b, scored).collect();
        if shared.is_empty() {
            shared = scored.people.iter().filter(|m| m.is_evidence).collect();
        }
        for m in shared {
            let (p, q) = (&a.persons[m.a], &b.persons[m.b]);
            let number = |n: u32| i32::try_from(n).unwrap_or_default();
            let is_of_a = match (p.is_living(), q.is_living()) {
                (false, true) => true,
                (true, false) => false,
                (true, true) | (false, false) => a.order() > b.order(),
            };
            if is_of_a {
                of_a.push(number(p.person_no));
            } else {
                of_b.push(number(q.person_no));
            }
        }
        of_a.sort_unstable();
        of_b.sort_unstable();
        (of_a, of_b)
    }

    /// The waterfall of a judged pair as JSON.
    pub(super) fn evidence(&self, a: &Prepared, b: &Prepared, judged: &Judged) -> String {
        let told = explain(&self.model, a, b, &judged.scored);
        serde_json::to_string(&told).unwrap_or_else(|_| "{}".to_owned())
    }
}
