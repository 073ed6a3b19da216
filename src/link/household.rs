//! The household comparisons as data: their levels, in order, and the class of door that selects the weights.
//! How a level is reached stands in `household_compare`.

use serde::{Deserialize, Serialize};

use super::levels::{comparisons, levels};

levels! {
    /// Whether the two doors are one: by the code and the address together.
    pub enum DoorLevel {
        CodeAndAddress = "same code, same address", "same code, same address", "编码与地址均相同";
        CodeOnly = "same code, address not known", "same code, address not known", "编码相同，地址不详";
        AddressOnly = "same address, code not known", "same address, code not known", "地址相同，编码不详";
        AddressOtherCode = "same address, other code", "same address, other code", "地址相同，编码不同";
        CodeOtherAddress = "same code, other address", "same code, other address", "编码相同，地址不同";
        NearAddress = "address a slip apart", "address a slip apart", "地址相差一字";
        Building = "same building", "same building", "同一栋楼";
        Elsewhere = "elsewhere", "elsewhere", "另一处";
        Unknown = "not known", "not known", "不详";
    }
}

levels! {
    /// Sum of the weights of matched people, each capped.
    pub enum StrengthLevel {
        Nobody = "nobody", "nobody", "无";
        To3 = "up to 3 bits", "up to 3 points", "至多 3 分";
        To6 = "up to 6 bits", "up to 6 points", "至多 6 分";
        To9 = "up to 9 bits", "up to 9 points", "至多 9 分";
        To12 = "up to 12 bits", "up to 12 points", "至多 12 分";
        To16 = "up to 16 bits", "up to 16 points", "至多 16 分";
        To20 = "up to 20 bits", "up to 20 points", "至多 20 分";
        To25 = "up to 25 bits", "up to 25 points", "至多 25 分";
        To32 = "up to 32 bits", "up to 32 points", "至多 32 分";
        To45 = "up to 45 bits", "up to 45 points", "至多 45 分";
        Over45 = "over 45 bits", "over 45 points", "超过 45 分";
    }
}

levels! {
    /// Share of the people living there who are matched: matched / union.
    pub enum OverlapLevel {
        Nobody = "nobody", "nobody", "无";
        UnderThird = "under a third", "under a third", "不足三分之一";
        UnderHalf = "under a half", "under a half", "不足一半";
        UnderTwoThirds = "under two thirds", "under two thirds", "不足三分之二";
        Most = "most", "most", "多数";
        All = "all", "all", "全部";
    }
}

levels! {
    /// Clearly named people living there who have no counterpart.
    pub enum LeftLevel {
        Nobody = "nobody", "nobody", "无";
        OneSideOne = "one, on one side", "one, on one side", "一侧一人";
        OneSideMore = "more, on one side", "more, on one side", "一侧多人";
        BothOne = "one on each side", "one on each side", "两侧各一人";
        BothMore = "more on each side", "more on each side", "两侧各多人";
    }
}

levels! {
    /// Contact number.
    pub enum PhoneLevel {
        Missing = "missing", "missing", "缺";
        Same = "same", "same", "相同";
        Different = "different", "different", "不同";
    }
}

levels! {
    /// Records whose people all live elsewhere.
    pub enum AbsentLevel {
        Neither = "people live at both", "people live at both", "两处都有人居住";
        One = "one lists only people living elsewhere", "one lists only people living elsewhere", "一处只登记外出人员";
        Both = "both list only people living elsewhere", "both list only people living elsewhere", "两处都只登记外出人员";
    }
}

levels! {
    /// Who spoke.
    pub enum SpeakerLevel {
        Own = "both own answers", "both own answers", "均为本户应答";
        OneProxy = "one proxy", "one proxy", "一处代答";
        BothProxy = "both proxies", "both proxies", "两处代答";
    }
}

levels! {
    /// Citizen IDs among matched people.
    pub enum IdsLevel {
        NoneGiven = "none to compare", "none to compare", "无可比较";
        Several = "two or more the same", "two or more the same", "两个以上相同";
        One = "one the same", "one the same", "一个相同";
        Mixed = "same and conflicting", "same and conflicting", "有相同也有矛盾";
        Conflict = "conflicting", "conflicting", "矛盾";
    }
}

levels! {
    /// How well the names of matched people agree, the best two of them.
    pub enum NamesLevel {
        Several = "two or more the same", "two or more the same", "两个以上相同";
        One = "one the same", "one the same", "一个相同";
        Similar = "only similar ones", "only similar ones", "仅相近";
        Vague = "only vague ones", "only vague ones", "仅模糊";
        Nobody = "nobody", "nobody", "无";
    }
}

levels! {
    /// Time between the interviews.
    pub enum GapLevel {
        Unknown = "not known", "not known", "不详";
        Days3 = "up to 3 days", "up to 3 days", "3 天以内";
        Days14 = "up to 14 days", "up to 14 days", "14 天以内";
        More = "more", "more", "更多";
    }
}

levels! {
    /// Owner or tenant.
    pub enum TenureLevel {
        Missing = "missing", "missing", "缺";
        Same = "same", "same", "相同";
        Different = "different", "different", "不同";
    }
}

levels! {
    /// Matched people who live at one door and are absent from the other.
    pub enum ChangedLevel {
        Nobody = "nobody", "nobody", "无";
        One = "one", "one", "一人";
        More = "more", "more", "更多";
    }
}

levels! {
    /// A person's other address names the door of the other interview.
    pub enum RefersLevel {
        No = "no", "no", "否";
        Yes = "yes", "yes", "是";
    }
}

levels! {
    /// Where the head of one interview is in the other.
    pub enum HeadLevel {
        Same = "one head, strong match", "one head, strong match", "同一户主，高度吻合";
        SameWeak = "one head, weak match", "one head, weak match", "同一户主，勉强吻合";
        Member = "head is a member of the other", "head is a member of the other", "户主是另一户成员";
        Vague = "head is named vaguely", "head is named vaguely", "户主姓名模糊";
        Gone = "head is not in the other", "head is not in the other", "户主不在另一户";
    }
}

levels! {
    /// Number of people living there.
    pub enum SizeLevel {
        Same = "same", "same", "相同";
        OneOff = "one off", "one off", "差一人";
        More = "more than one off", "more than one off", "差一人以上";
    }
}

comparisons! {
    /// The level of every household comparison for one pair of interviews.
    pub struct HouseholdLevels;
    /// One household comparison and the level it reached.
    pub enum HouseholdFound {
        door: Door(DoorLevel) = "door", "Door", "门牌";
        strength: Strength(StrengthLevel) = "strength", "People in common", "共同人员";
        overlap: Overlap(OverlapLevel) = "overlap", "Share of people in common", "共同人员占比";
        left: Left(LeftLevel) = "left", "People left over", "其余人员";
        phone: Phone(PhoneLevel) = "phone", "Phone", "电话";
        absent: Absent(AbsentLevel) = "absent", "Residence", "居住";
        speaker: Speaker(SpeakerLevel) = "speaker", "Who answered", "应答人";
        ids: Ids(IdsLevel) = "ids", "ID numbers", "证件号";
        names: Names(NamesLevel) = "names", "Names", "姓名";
        gap: Gap(GapLevel) = "gap", "Days between", "间隔";
        tenure: Tenure(TenureLevel) = "tenure", "Tenure", "住房来源";
        changed: Changed(ChangedLevel) = "changed", "People who moved", "变动人员";
        refers: Refers(RefersLevel) = "refers", "One form names the other door", "提及另一门";
        head: Head(HeadLevel) = "head", "Head of household", "户主";
        size: Size(SizeLevel) = "size", "Persons", "人数";
    }
}

/// Whether two interviews were made at one door; it selects the weights and the upper threshold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DoorClass {
    /// Code or address say so.
    Same,
    /// Neither does.
    Other,
}

impl DoorLevel {
    /// The class this level belongs to.
    pub fn class(self) -> DoorClass {
        match self {
            Self::CodeAndAddress
            | Self::CodeOnly
            | Self::AddressOnly
            | Self::AddressOtherCode
            | Self::CodeOtherAddress => DoorClass::Same,
            Self::NearAddress | Self::Building | Self::Elsewhere | Self::Unknown => DoorClass::Other,
        }
    }
}
