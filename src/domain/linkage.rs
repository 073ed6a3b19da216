//! The words of linkage that are stored and sent: where a link stands, what the score proposes, what a person decided.

use super::code::closed_set;

closed_set! {
    /// Where a pair of interviews stands.
    LinkState("link_state") {
        Review = 1, "review", "To be decided", "待裁定";
        Merged = 2, "merged", "One household", "同一户";
        Paired = 3, "paired", "Two households, one person", "两户同人";
        Apart = 4, "apart", "Not the same", "并非同一户";
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
        Review = 2, "review", "Let somebody look", "交人工裁定";
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
        KeptApart = 1, "kept-apart", "A person keeps two of the interviews apart", "其中两份登记表已由人工裁定分开";
        BelowLower = 2, "below-lower", "Two of the interviews would be an unlikely household", "其中两份登记表不像同一户";
        RegistrationOnly = 3, "registration-only", "One form lists only people who live elsewhere", "其中一份只登记了户在人不在的人";
        AcrossDoors = 4, "across-doors", "The survey leaves merges across doors to a person", "本调查规定跨门牌合并须人工裁定";
    }
}
