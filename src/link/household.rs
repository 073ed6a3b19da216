//! The household comparisons as data: their levels, in order, and the class of door that selects the weights.
//! How a level is reached stands in `household_compare`.

use serde::{Deserialize, Serialize};

use super::levels::levels;

levels! {
    /// Whether the two doors are one: by the code and the address together.
    pub enum DoorLevel {
        CodeAndAddress = "same code, same address",
        CodeOnly = "same code, address not known",
        AddressOnly = "same address, code not known",
        AddressOtherCode = "same address, other code",
        CodeOtherAddress = "same code, other address",
        NearAddress = "address a slip apart",
        Building = "same building",
        Elsewhere = "elsewhere",
        Unknown = "not known",
    }
}

levels! {
    /// Sum of the weights of matched people, each capped.
    pub enum StrengthLevel {
        Nobody = "nobody",
        To3 = "up to 3 bits",
        To6 = "up to 6 bits",
        To9 = "up to 9 bits",
        To12 = "up to 12 bits",
        To16 = "up to 16 bits",
        To20 = "up to 20 bits",
        To25 = "up to 25 bits",
        To32 = "up to 32 bits",
        To45 = "up to 45 bits",
        Over45 = "over 45 bits",
    }
}

levels! {
    /// Share of the people living there who are matched: matched / union.
    pub enum OverlapLevel {
        Nobody = "nobody",
        UnderThird = "under a third",
        UnderHalf = "under a half",
        UnderTwoThirds = "under two thirds",
        Most = "most",
        All = "all",
    }
}

levels! {
    /// Clearly named people living there who have no counterpart.
    pub enum LeftLevel {
        Nobody = "nobody",
        OneSideOne = "one, on one side",
        OneSideMore = "more, on one side",
        BothOne = "one on each side",
        BothMore = "more on each side",
    }
}

levels! {
    /// Contact number.
    pub enum PhoneLevel {
        Missing = "missing",
        Same = "same",
        Different = "different",
    }
}

levels! {
    /// Records whose people all live elsewhere.
    pub enum AbsentLevel {
        Neither = "people live at both",
        One = "one lists only people living elsewhere",
        Both = "both list only people living elsewhere",
    }
}

levels! {
    /// Who spoke.
    pub enum SpeakerLevel {
        Own = "both own answers",
        OneProxy = "one proxy",
        BothProxy = "both proxies",
    }
}

levels! {
    /// Citizen IDs among matched people.
    pub enum IdsLevel {
        NoneGiven = "none to compare",
        Several = "two or more the same",
        One = "one the same",
        Mixed = "same and conflicting",
        Conflict = "conflicting",
    }
}

levels! {
    /// How well the names of matched people agree, the best two of them.
    pub enum NamesLevel {
        Several = "two or more the same",
        One = "one the same",
        Similar = "only similar ones",
        Vague = "only vague ones",
        Nobody = "nobody",
    }
}

levels! {
    /// Time between the interviews.
    pub enum GapLevel {
        Unknown = "not known",
        Days3 = "up to 3 days",
        Days14 = "up to 14 days",
        More = "more",
    }
}

levels! {
    /// Owner or tenant.
    pub enum TenureLevel {
        Missing = "missing",
        Same = "same",
        Different = "different",
    }
}

levels! {
    /// Matched people who live at one door and are absent from the other.
    pub enum ChangedLevel {
        Nobody = "nobody",
        One = "one",
        More = "more",
    }
}

levels! {
    /// A person's other address names the door of the other interview.
    pub enum RefersLevel {
        No = "no",
        Yes = "yes",
    }
}

levels! {
    /// Where the head of one interview is in the other.
    pub enum HeadLevel {
        Same = "one head, strong match",
        SameWeak = "one head, weak match",
        Member = "head is a member of the other",
        Vague = "head is named vaguely",
        Gone = "head is not in the other",
    }
}

levels! {
    /// Number of people living there.
    pub enum SizeLevel {
        Same = "same",
        OneOff = "one off",
        More = "more than one off",
    }
}

/// The level of every household comparison for one pair of interviews.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HouseholdLevels {
    /// Door.
    pub door: DoorLevel,
    /// Strength of the people.
    pub strength: StrengthLevel,
    /// Share of the people.
    pub overlap: OverlapLevel,
    /// People left over.
    pub left: LeftLevel,
    /// Phone.
    pub phone: PhoneLevel,
    /// Records of absent people.
    pub absent: AbsentLevel,
    /// Respondents.
    pub speaker: SpeakerLevel,
    /// IDs.
    pub ids: IdsLevel,
    /// Names.
    pub names: NamesLevel,
    /// Time.
    pub gap: GapLevel,
    /// Tenure.
    pub tenure: TenureLevel,
    /// Status changes.
    pub changed: ChangedLevel,
    /// Other address.
    pub refers: RefersLevel,
    /// Heads.
    pub head: HeadLevel,
    /// Sizes.
    pub size: SizeLevel,
}

/// Number of household comparisons.
pub const COMPARISONS: usize = 15;

impl HouseholdLevels {
    /// Name and level names of each comparison, in the order of [`Self::indexes`].
    pub const TABLE: [(&'static str, &'static [&'static str]); COMPARISONS] = [
        ("door", DoorLevel::NAMES),
        ("strength", StrengthLevel::NAMES),
        ("overlap", OverlapLevel::NAMES),
        ("left", LeftLevel::NAMES),
        ("phone", PhoneLevel::NAMES),
        ("absent", AbsentLevel::NAMES),
        ("speaker", SpeakerLevel::NAMES),
        ("ids", IdsLevel::NAMES),
        ("names", NamesLevel::NAMES),
        ("gap", GapLevel::NAMES),
        ("tenure", TenureLevel::NAMES),
        ("changed", ChangedLevel::NAMES),
        ("refers", RefersLevel::NAMES),
        ("head", HeadLevel::NAMES),
        ("size", SizeLevel::NAMES),
    ];

    /// Level positions in the order of [`Self::TABLE`].
    pub fn indexes(&self) -> [usize; COMPARISONS] {
        [
            self.door.index(),
            self.strength.index(),
            self.overlap.index(),
            self.left.index(),
            self.phone.index(),
            self.absent.index(),
            self.speaker.index(),
            self.ids.index(),
            self.names.index(),
            self.gap.index(),
            self.tenure.index(),
            self.changed.index(),
            self.refers.index(),
            self.head.index(),
            self.size.index(),
        ]
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
