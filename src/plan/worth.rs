//! What a visit to a door is worth now, and how long it takes.
//! Takes the model's chances and the domain's next action; it must not look at other doors or at staff's positions.

use super::ground::SAME_FLOOR_MIN;
use super::model::Belief;
use super::outlook::{Future, Outlook};
use super::rates::Learnt;
use super::reach::Missing;
use super::sheet::StopAction;
use super::slot::{PerSlot, SLOTS, Slot};
use super::staff::Ahead;
use crate::domain::{Rules, Standing};

/// The planner's constants. Defaults are what was measured best over several invented towns.
#[derive(Clone, Copy, Debug, PartialEq, serde::Deserialize)]
#[serde(default)]
pub struct Tuning {
    /// Part of a door's prospects on later days that is set against a visit now, where all staffed time is to spare.
    pub hold: f64,
    /// The same where none is: the visits that waiting counts on will not all be made.
    pub hold_short: f64,
    /// What a success a day later is worth, against one today.
    pub patience: f64,
    /// Value of a minute saved on a later day.
    pub saving: f64,
    /// What every knock costs that a door takes beyond those it would take at its best hours later; less the fuller
    /// the days left are.
    pub detour: f64,
    /// What a knock costs by itself: visits before the cap are scarce, and people are not to be disturbed for nothing.
    pub toll: f64,
    /// What every attempt already made adds to the toll.
    pub toll_step: f64,
    /// Weight of progress towards the closing rule.
    pub progress: f64,
    /// Value of a proxy or a confirmed empty dwelling, in interviews.
    pub settled: f64,
    /// Part of the chance to find a neighbour at a better hour later that is set against asking one now.
    pub proxy_hold: f64,
    /// Chance left for a door that was missed earlier the same day.
    pub same_day: f64,
    /// Number of last field days in which a neighbour is asked whenever the rule allows it.
    pub proxy_days: f64,
    /// First guess at the value of a minute.
    pub price: f64,
    /// Share of the value achieved per minute below which a door is not worth its minutes.
    pub price_share: f64,
    /// Planned length of a sheet over the shift; the rest is spare.
    pub fill: f64,
}

impl Default for Tuning {
    fn default() -> Self {
        Self {
            hold: 1.0,
            hold_short: 0.3,
            patience: 0.9,
            saving: 0.03,
            detour: 0.35,
            toll: 0.03,
            toll_step: 0.03,
            progress: 0.10,
            settled: 0.5,
            proxy_hold: 0.9,
            same_day: 0.6,
            proxy_days: 4.0,
            price: 0.045,
            price_share: 0.55,
            fill: 1.5,
        }
    }
}

/// Value of a visit that must not be made.
const NEVER: f64 = -10.0;
/// Chance that one claim of emptiness settles a door later on, against being settled today.
const FIRST_CLAIM: f64 = 0.4;
/// What a look at a dwelling said to be empty costs: there is no cap on these.
const CONFIRM_TOLL: f64 = 0.02;
/// Minutes to ask a neighbour in vain, and what an answer adds.
const ASK_MIN: (f64, f64) = (2.0, 3.0);

/// One door that may be visited today.
#[derive(Clone, Debug)]
pub struct Task {
    /// Index of the door.
    pub door: usize,
    /// What to do there.
    pub action: StopAction,
    /// Slots in which a neighbour is worth asking, where the action allows it.
    pub asks: [bool; SLOTS],
    /// Chance per slot that somebody opens.
    pub answered: PerSlot,
    /// Chance per slot that the door is done after the visit, by whatever way.
    pub done: PerSlot,
    /// Value per slot.
    pub value: PerSlot,
    /// Minutes at the door and along its floor, per slot.
    pub minutes: PerSlot,
    /// Enumerators who must not go (they were refused).
    pub not_by: Vec<usize>,
    /// The only enumerator who may go (lease, or partial interview to be finished).
    pub only: Option<usize>,
    /// The enumerator the household knows.
    pub known: Option<usize>,
    /// No visit before this minute (a second visit on one day).
    pub not_before: f64,
    /// Goes before everything else (an appointment missed by us).
    pub first: bool,
    /// Missed three times or more.
    pub hard: bool,
}

impl Task {
    /// What is done there in a slot: after a knock in vain a neighbour is asked at good hours only.
    pub fn action_at(&self, slot: Slot) -> StopAction {
        let holds_back = self.action == StopAction::VisitThenProxy && !self.asks[slot.index()];
        if holds_back { StopAction::Visit } else { self.action }
    }
}

/// What is asked of a door today.
#[derive(Clone, Copy, Debug)]
pub struct Ask {
    /// Action.
    pub action: StopAction,
    /// A second person tries after a refusal.
    pub conversion: bool,
}

/// A door priced for every slot of the day.
#[derive(Clone, Copy, Debug)]
pub struct Priced {
    /// Value of a visit.
    pub value: PerSlot,
    /// Minutes of a visit.
    pub minutes: PerSlot,
    /// Chance that the door is done after it.
    pub done: PerSlot,
    /// Slots in which asking a neighbour now is worth more than keeping the question for later.
    pub asks: [bool; SLOTS],
}

/// What the worth of a door depends on besides the door.
pub struct Scales<'a> {
    /// Constants.
    pub tuning: &'a Tuning,
    /// Success and proxy rates and minutes of this survey.
    pub learnt: &'a Learnt,
    /// The days to come.
    pub future: Future<'a>,
    /// The survey's rules.
    pub rules: &'a Rules,
    /// Share of the staffed minutes left that nobody needs.
    pub slack: f64,
}

impl<'a> Scales<'a> {
    /// Scales of a day already read; `slack` is the share of the staffed minutes left that nobody needs.
    pub fn new(
        tuning: &'a Tuning,
        insight: &'a super::stairwise::Insight,
        rules: &'a Rules,
        slack: f64,
    ) -> Self {
        Self {
            tuning,
            learnt: &insight.learnt,
            future: Future {
                model: &*insight.model,
                ahead: &insight.ahead,
                patience: tuning.patience,
                knock_min: insight.learnt.knock_min,
                talk_min: insight.learnt.interview_min - insight.learnt.knock_min,
            },
            rules,
            slack,
        }
    }

    /// Staffed hours to come.
    pub fn ahead(&self) -> &Ahead {
        self.future.ahead
    }

    /// Value, minutes and chance of being done for every staffed slot of the day; nothing for the others.
    pub fn price(&self, standing: &Standing, belief: &Belief, ask: Ask) -> Priced {
        let left = standing.cap.saturating_sub(standing.counted.attempts).max(1);
        let waiting = self.future.of(belief, left);
        let missing = Missing::of(standing, self.rules);
        let best_proxy = self.proxy_later(ask);
        let mut priced =
            Priced { value: [NEVER; SLOTS], minutes: [1.0; SLOTS], done: [0.0; SLOTS], asks: [false; SLOTS] };
        for slot in Slot::all().filter(|s| self.ahead().today[s.index()] > 0.0) {
            let i = slot.index();
            let asked = self.proxy_gain(standing, ask, slot, best_proxy);
            priced.asks[i] = asked > 0.0;
            let holds_back = ask.action == StopAction::VisitThenProxy && !priced.asks[i];
            let (proxy, asked) = if holds_back { (0.0, 0.0) } else { (self.proxy_chance(ask, slot), asked) };
            let p = if ask.action == StopAction::Proxy { 0.0 } else { belief.answered[i] };
            let empty = self.empty_chance(ask) * belief.empty;
            priced.minutes[i] = self.minutes(ask, p, proxy);
            priced.done[i] = p * self.success(ask) + (1.0 - p) * (proxy + empty).min(1.0);
            if self.spoils_rule(standing, &missing, slot, left) && is_knock(ask) {
                continue;
            }
            let knock = if ask.action == StopAction::Proxy {
                0.0
            } else {
                self.knock(belief, slot, ask, left, waiting) - self.toll(standing, ask)
                    + (1.0 - p) * self.progress(standing, &missing, slot)
            };
            let settle = self.tuning.settled * (empty + asked);
            priced.value[i] = knock + (1.0 - p) * settle;
        }
        priced
    }

    /// An interview now against what waiting would bring, the minutes that a success now saves later, and the knocks
    /// that coming now instead of at better hours adds. With time to spare knocks are what is scarce, else minutes.
    fn knock(&self, belief: &Belief, slot: Slot, ask: Ask, left: u32, waiting: Outlook) -> f64 {
        let p = belief.answered[slot.index()];
        let missed = self.future.of(&self.future.model.after_miss(belief, slot), left - 1);
        let hold = self.tuning.hold_short + (self.tuning.hold - self.tuning.hold_short) * self.slack;
        let chance = p + hold * ((1.0 - p) * missed.chance - waiting.chance);
        let saved = self.tuning.saving * (waiting.minutes - (1.0 - p) * missed.minutes);
        let added = 1.0 + (1.0 - p) * missed.knocks - waiting.knocks;
        self.success(ask) * chance + saved - self.slack * self.tuning.detour * added
    }

    fn success(&self, ask: Ask) -> f64 {
        match (ask.action, ask.conversion) {
            (StopAction::Proxy, _) => 0.0,
            (_, true) => self.learnt.conversion,
            (_, false) => self.learnt.success,
        }
    }

    fn toll(&self, standing: &Standing, ask: Ask) -> f64 {
        if ask.action == StopAction::Confirm {
            return CONFIRM_TOLL;
        }
        self.tuning.toll + self.tuning.toll_step * f64::from(standing.counted.attempts)
    }

    fn minutes(&self, ask: Ask, p: f64, proxy: f64) -> f64 {
        let talk = self.learnt.interview_min - self.learnt.knock_min;
        let talk = if ask.conversion { 0.5 * talk } else { talk };
        let asking = if proxy > 0.0 { ASK_MIN.0 + ASK_MIN.1 * proxy } else { 0.0 };
        let knock = if ask.action == StopAction::Proxy { 0.0 } else { self.learnt.knock_min + p * talk };
        SAME_FLOOR_MIN + knock + (1.0 - p) * asking
    }

    fn proxy_chance(&self, ask: Ask, slot: Slot) -> f64 {
        match ask.action {
            StopAction::Proxy | StopAction::VisitThenProxy => self.learnt.proxy(slot),
            StopAction::Visit | StopAction::VisitAt | StopAction::Confirm => 0.0,
        }
    }

    /// Best chance of a neighbour's answer on a later day; 0 when there is none.
    fn proxy_later(&self, ask: Ask) -> f64 {
        let later = Slot::all().filter(|s| self.ahead().later[s.index()] > 0.0);
        later.map(|s| self.proxy_chance(ask, s)).fold(0.0, f64::max)
    }

    /// Neighbours may be asked a few times only: what asking now adds to asking at the best hours later.
    fn proxy_gain(&self, standing: &Standing, ask: Ask, slot: Slot, best: f64) -> f64 {
        if ask.action != StopAction::Proxy && ask.action != StopAction::VisitThenProxy {
            return 0.0;
        }
        let now = self.proxy_chance(ask, slot);
        let days = self.ahead().kinds[0] + self.ahead().kinds[1];
        let tries = self.rules.policy.proxy.failed_tries.saturating_sub(standing.asked_in_vain).max(1);
        let later = |n: u32| {
            let n = i32::try_from(n.min(days)).unwrap_or(0);
            self.tuning.proxy_hold * (1.0 - (1.0 - best).powi(n))
        };
        now + (1.0 - now) * later(tries - 1) - later(tries)
    }

    /// Chance that a miss at an empty dwelling settles it, now or by the claim it leaves.
    fn empty_chance(&self, ask: Ask) -> f64 {
        match ask.action {
            StopAction::Confirm => self.learnt.looks_empty,
            StopAction::Proxy => 0.0,
            StopAction::Visit | StopAction::VisitAt | StopAction::VisitThenProxy => {
                FIRST_CLAIM * self.learnt.looks_empty
            }
        }
    }

    /// How much a miss in this slot brings the closing rule nearer; 0 when it is met, double when time is short.
    fn progress(&self, standing: &Standing, missing: &Missing, slot: Slot) -> f64 {
        if missing.is_none() {
            return 0.0;
        }
        let then = missing.after(slot, standing, self.rules);
        let gain = |before: u32, after: u32, worth: f64| if after < before { worth } else { 0.0 };
        let parts = 0.4
            + gain(missing.evening, then.evening, 0.6)
            + gain(missing.weekend, then.weekend, 0.6)
            + gain(missing.bands, then.bands, 0.3);
        let urgent = if missing.spare_days(self.ahead(), self.rules) == Some(0) { 2.0 } else { 1.0 };
        parts * urgent * self.tuning.progress * (0.5 + 1.5 * self.ahead().gone)
    }

    /// A visit now would use up the cap before the rule is met, though later days could still meet it.
    fn spoils_rule(&self, standing: &Standing, missing: &Missing, slot: Slot, left: u32) -> bool {
        if missing.is_none() {
            return false;
        }
        let then = missing.after(slot, standing, self.rules);
        let need = |m: &Missing| m.visits(&self.ahead().later, self.rules);
        need(&then) > left - 1 && need(missing) <= left && missing.fits(self.ahead(), self.rules)
    }
}

/// A knock that counts towards the cap.
fn is_knock(ask: Ask) -> bool {
    match ask.action {
        StopAction::Visit | StopAction::VisitAt | StopAction::VisitThenProxy => true,
        StopAction::Proxy | StopAction::Confirm => false,
    }
}
