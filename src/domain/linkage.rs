//! The words of linkage that are stored and sent: where a link stands, what the score proposes, what a person decided.

use super::code::closed_set;

closed_set! {
    /// Where a pair of interviews stands.
    LinkState("link_state") {
        Review = 1, "review", "To judge", "待判";
        Merged = 2, "merged", "Merged", "已合并";
        Paired = 3, "paired", "Paired", "已配对";
        Apart = 4, "apart", "Kept apart", "已判不同户";
        Withdrawn = 5, "withdrawn", "Evidence gone", "依据已失效";
    }
}

closed_set! {
    /// What a merge means.
    MergedAs("merged_as") {
        Household = 1, "household", "One household enumerated twice", "同一户重复登记";
        Door = 2, "door", "One door listed twice", "同一门牌重复列入";
    }
}

closed_set! {
    /// What the score of a pair says before clustering and people have their say.
    Proposal("proposal") {
        Merge = 1, "merge", "Merge", "合并";
        Review = 2, "review", "Let somebody look", "交人工判定";
        Pair = 3, "pair", "Pair", "配对";
        Apart = 4, "apart", "Keep apart", "分开";
    }
}

closed_set! {
    /// What a person decided about a pair.
    Verdict("verdict") {
        Merge = 1, "merge", "Merge", "合并";
        Pair = 2, "pair", "Pair", "配对";
        Apart = 3, "apart", "Keep apart", "分开";
        Undo = 4, "undo", "Take back", "撤销";
    }
}

closed_set! {
    /// Why a likely merge waits for a person.
    Refusal("refusal") {
        KeptApart = 1, "kept-apart", "A person keeps two of the interviews apart", "其中两份登记表已由人工判定分开";
        BelowLower = 2, "below-lower", "Two of the interviews would be an unlikely household", "其中两份登记表不像同一户";
        RegistrationOnly = 3, "registration-only", "One form lists only people who live elsewhere", "其中一份只登记了户在人不在的人";
        AcrossDoors = 4, "across-doors", "The survey leaves merges across doors to a person", "本调查规定跨门牌合并须人工判定";
    }
}

closed_set! {
    /// What happened to a link: the first four are the linking job's doings, the others people's.
    LinkEventKind("link_event") {
        Found = 1, "found", "found", "发现";
        Scored = 2, "scored", "weighed again", "重新计算";
        Settled = 3, "settled", "settled with the household it belongs to", "随所属户重新归并";
        Withdrawn = 4, "withdrawn", "evidence gone", "依据失效";
        Merge = 5, "merge", "merged", "合并";
        Pair = 6, "pair", "paired", "配对";
        Apart = 7, "apart", "kept apart", "判为不同户";
        Undo = 8, "undo", "taken back", "撤销";
        Propose = 9, "propose", "proposed", "建议";
    }
}

impl LinkEventKind {
    /// Whether a person did it.
    pub const fn is_of_a_person(self) -> bool {
        match self {
            Self::Merge | Self::Pair | Self::Apart | Self::Undo | Self::Propose => true,
            Self::Found | Self::Scored | Self::Settled | Self::Withdrawn => false,
        }
    }
}

impl From<Verdict> for LinkEventKind {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Merge => Self::Merge,
            Verdict::Pair => Self::Pair,
            Verdict::Apart => Self::Apart,
            Verdict::Undo => Self::Undo,
        }
    }
}

closed_set! {
    /// What happened to a household of several interviews.
    HouseholdEventKind("household_event") {
        Merge = 1, "merge", "interviews came in", "登记表并入";
        Split = 2, "split", "interviews left", "登记表移出";
        Recount = 3, "recount", "another interview counts", "改计另一份登记表";
        Dissolve = 4, "dissolve", "one interview or none is left", "仅余一份或无登记表";
    }
}
