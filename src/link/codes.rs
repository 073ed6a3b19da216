//! Everything that is compared of a pair, and the levels of each comparison, in order: the one table of what linkage says.
//! Each line holds the name, which is the code in model files, in stored evidence and in answers and never changes, and what
//! people read in English and in Chinese. How a level is reached stands beside the comparison: `compare`, `compare_latin`,
//! `birth`, `household_compare`.

use serde::{Deserialize, Serialize};

use super::levels::{comparisons, levels};

levels! {
    /// How two names agree when at least one is Han, best first.
    pub enum NameLevel {
        Missing = "missing", "missing", "缺";
        Same = "same characters", "same characters", "同字";
        SameSound = "same sound", "same sound", "同音";
        SwappedGiven = "given characters swapped", "given characters swapped", "名字两字颠倒";
        NearSound = "nearly the same sound", "nearly the same sound", "近音";
        GivenSame = "same given name, other surname", "same given name, other surname", "名同姓不同";
        OneOfTwo = "same surname, one of two given characters", "same surname, one of two given characters", "姓同，名有一字同";
        Contained = "same surname, a given character lost", "same surname, a given character lost", "姓同，名缺一字";
        Nickname = "nickname fits the given name", "nickname fits the given name", "小名与名相符";
        Spouse = "named by the spouse", "named by the spouse", "以配偶称呼";
        VagueSurname = "vague, same surname", "vague, same surname", "模糊，姓同";
        SurnameOnly = "same surname only", "same surname only", "仅姓同";
        GivenShort = "same one-character given name, other surname", "same one-character given name, other surname", "单名同，姓不同";
        VagueOther = "vague, other surname", "vague, other surname", "模糊，姓不同";
        Other = "different", "different", "不同";
    }
}

levels! {
    /// How one part of two Latin names agrees, best first.
    pub enum LatinLevel {
        Missing = "missing", "missing", "缺";
        Same = "same letters", "same letters", "字母相同";
        Close = "a slip apart", "a slip apart", "相差一处";
        Similar = "similar", "similar", "相近";
        Initial = "initial or shortened", "initial or shortened", "首字母或缩写";
        Other = "different", "different", "不同";
    }
}

levels! {
    /// Whether given name and surname stand in the same order in two Latin names.
    pub enum OrderLevel {
        Missing = "missing", "missing", "缺";
        Straight = "same order", "same order", "顺序相同";
        Crossed = "given name and surname exchanged", "given name and surname exchanged", "姓名颠倒";
    }
}

levels! {
    /// How two citizen IDs agree.
    pub enum IdLevel {
        Missing = "missing", "missing", "缺";
        Same = "same", "same", "相同";
        SameRepaired = "same, one repaired", "same, one repaired", "相同（一处更正）";
        Borrowed = "same, but name and birth differ", "same, but name and birth differ", "相同，但姓名和出生不同";
        Conflict = "conflict", "conflict", "矛盾";
        OtherNumber = "other number without a check digit", "other number without a check digit", "号码不同且无校验位";
    }
}

levels! {
    /// Sex.
    pub enum SexLevel {
        Missing = "missing", "missing", "缺";
        Same = "same", "same", "相同";
        Different = "different", "different", "不同";
    }
}

levels! {
    /// Relationship to the two heads, who may be different people.
    pub enum RoleLevel {
        Missing = "missing", "missing", "缺";
        Same = "same", "same", "相同";
        Compatible = "possible under another head", "possible under another head", "户主不同时可能";
        Unlikely = "unlikely", "unlikely", "不太可能";
    }
}

levels! {
    /// How two birth dates agree, best first.
    pub enum BirthLevel {
        Missing = "missing", "missing", "缺";
        SameDay = "same day", "same day", "同日";
        SameMonthDayMissing = "same month, a day missing", "same month, a day missing", "同月，缺日";
        Swapped = "day and month swapped", "day and month swapped", "日月颠倒";
        Lunar = "one is the lunar date of the other", "one is the lunar date of the other", "一为另一的农历";
        SameMonth = "same month, other day", "same month, other day", "同月不同日";
        SameDayOtherYear = "other year, same day and month", "other year, same day and month", "年不同，月日相同";
        SameDayOtherMonth = "same year and day, other month", "same year and day, other month", "年日相同，月不同";
        SameYearMonthMissing = "same year, a month missing", "same year, a month missing", "同年，缺月";
        MonthNear = "same year, month one off", "same year, month one off", "同年，月差一";
        YearNearMonthSame = "year up to 3 off, same month, a day missing", "year up to 3 off, same month, a day missing", "年差三以内，同月，缺日";
        GuessNear = "only years, 1 off", "only years, 1 off", "仅年份，差一";
        SameYear = "same year only", "same year only", "仅年份相同";
        GuessFar = "only years, 2 to 5 off", "only years, 2 to 5 off", "仅年份，差二至五";
        YearNear = "year 1 off, the rest differs", "year 1 off, the rest differs", "年差一，其余不同";
        YearFar = "year 2 to 5 off, the rest differs", "year 2 to 5 off, the rest differs", "年差二至五，其余不同";
        Other = "different", "different", "不同";
    }
}

comparisons! {
    /// The level of every person comparison for one pair. The given name, the surname and their order are compared where both
    /// names are Latin, the name as one where they are not. The first level of each says that a value is missing.
    pub struct PersonLevels;
    /// One person comparison and the level it reached.
    pub enum PersonFound {
        name: Name(NameLevel) = "name", "name", "姓名";
        given: Given(LatinLevel) = "given name", "given name", "名";
        surname: Surname(LatinLevel) = "surname", "surname", "姓";
        order: Order(OrderLevel) = "name order", "order of the name", "姓名顺序";
        birth: Birth(BirthLevel) = "birth", "birth", "出生";
        citizen: Citizen(IdLevel) = "citizen id", "ID number", "证件号";
        sex: Sex(SexLevel) = "sex", "sex", "性别";
        role: Role(RoleLevel) = "relationship", "relationship", "与户主关系";
    }
}

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
