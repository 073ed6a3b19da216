//! Outcomes of one contact attempt, their classes and fixed properties.
//!
//! Classes and numbers follow AAPOR's Standard Definitions (2015/2016). Which outcomes count as attempts or allow a
//! proxy at once is policy, not fixed here.

use super::{CodeRow, CodeTable, Language, closed_set};

closed_set! {
    /// AAPOR's classes of dispositions.
    Class("class") {
        I = 1, "I", "Interview", "完成";
        P = 2, "P", "Partial interview", "部分完成";
        R = 3, "R", "Refusal or break-off", "拒绝或中止";
        NC = 4, "NC", "Non-contact", "未接触";
        O = 5, "O", "Other, eligible", "其他（应登记）";
        UH = 6, "UH", "Unknown if a household", "是否有住户不明";
        UO = 7, "UO", "Unknown, other", "其他不明";
        NE = 8, "NE", "Not eligible", "无需登记";
    }
}

closed_set! {
    /// Whether an outcome closes its case.
    Closes("closes") {
        ByItself = 1, "yes", "By itself", "直接结案";
        AfterConfirmation = 2, "conf", "After confirmation", "核实后结案";
        BySupervisor = 3, "sup", "By a supervisor", "由普查指导员结案";
        No = 4, "no", "No", "不结案";
    }
}

closed_set! {
    /// What came of one contact attempt.
    Outcome("outcome") {
        InterviewComplete = 1, "interview_complete", "Interview complete", "完成登记";
        InterviewProxy = 2, "interview_proxy", "Complete by proxy", "代答完成";
        SelfResponse = 3, "self_response", "Answered online", "自主填报";
        InterviewPartial = 4, "interview_partial", "Partial interview", "部分完成";
        RefusalSoft = 5, "refusal_soft", "Not now / reluctant", "暂不配合";
        RefusalHard = 6, "refusal_hard", "Refuses", "拒绝登记";
        BreakOff = 7, "break_off", "Stopped midway", "中途中止";
        NoAnswer = 8, "no_answer", "Nobody home", "无人应答";
        RespondentAway = 9, "respondent_away", "Someone home, nobody able to answer", "知情人不在";
        HouseholdAway = 10, "household_away", "Whole household away for the field period / registered only", "全户外出（户在人不在）";
        NoEntry = 11, "no_entry", "Cannot enter building", "无法进楼";
        AppointmentMade = 12, "appointment_made", "Call-back agreed", "预约再访";
        Language = 13, "language", "Language barrier", "语言不通";
        Incapable = 14, "incapable", "Ill, incapable", "因病不能应答";
        Unsafe = 15, "unsafe", "Unsafe / sealed off", "不安全、封控";
        NotFound = 16, "not_found", "Address not found", "查无此址";
        OccupancyUnknown = 17, "occupancy_unknown", "Cannot tell if lived in", "是否有人居住不明";
        ScreenFailed = 18, "screen_failed", "Lived in, composition unknown", "情况不明";
        Vacant = 19, "vacant", "Empty dwelling", "空置房";
        Seasonal = 20, "seasonal", "Second or seasonal home", "季节性住所";
        VacantOther = 21, "vacant_other", "New, unsold, being refitted", "未入住新房";
        NonResidential = 22, "non_residential", "Business or office, nobody lives there", "非居住用房";
        Institution = 23, "institution", "Institution", "机构";
        Collective = 24, "collective", "Collective quarters", "集体住所";
        Demolished = 25, "demolished", "Demolished, unfit", "已拆除";
        UnderConstruction = 26, "under_construction", "Not yet a dwelling", "在建";
        DuplicateAddress = 27, "duplicate_address", "Same door listed twice", "重复地址";
        OutOfArea = 28, "out_of_area", "Belongs to another area", "不属本小区";
        NoEligiblePerson = 29, "no_eligible_person", "Nobody to register", "无应登记人员";
    }
}

/// What is fixed about one outcome: class, AAPOR number, closing, next action in English and Chinese.
type Fixed = (Class, &'static str, Closes, &'static str, &'static str);

impl Outcome {
    const fn fixed(self) -> Fixed {
        use Class::{I, NC, NE, O, P, R, UH, UO};
        use Closes::{AfterConfirmation as Conf, ByItself as Yes, BySupervisor as Sup, No};
        match self {
            Self::InterviewComplete => (I, "1.10", Yes, "none", "无"),
            Self::InterviewProxy => (I, "1.10", Yes, "sample for back-check", "抽样复核"),
            Self::SelfResponse => (I, "1.10", Yes, "recall the door from the device", "从设备撤回该户"),
            Self::InterviewPartial => (P, "1.20", No, "return, same enumerator", "由同一普查员再访"),
            Self::RefusalSoft => {
                (R, "2.11", No, "another enumerator, 2 days later or more", "两天后换人再访")
            }
            Self::RefusalHard => (
                R,
                "2.11",
                Sup,
                "one try by another enumerator, then supervisor",
                "换人再试一次，再交普查指导员",
            ),
            Self::BreakOff => (R, "2.12", No, "return within 3 days", "三天内再访"),
            Self::NoAnswer => {
                (NC, "2.24", No, "return at another time of day, leave a card", "换时段再访，留通知单")
            }
            Self::RespondentAway => (NC, "2.25", No, "appointment", "预约"),
            Self::HouseholdAway => (NC, "2.25", No, "proxy or telephone now", "即可代答或电话询问"),
            Self::NoEntry => (NC, "2.23", No, "property manager", "联系物业"),
            Self::AppointmentMade => (O, "2.36", No, "appointment", "按预约上门"),
            Self::Language => (O, "2.33", No, "reassign", "改派"),
            Self::Incapable => (O, "2.32", No, "proxy now", "即可代答"),
            Self::Unsafe => (UH, "3.17", No, "supervisor", "交普查指导员"),
            Self::NotFound => (UH, "3.18", No, "map check", "核对地图"),
            Self::OccupancyUnknown => (UH, "3.10", No, "neighbour, manager", "询问邻居、物业"),
            Self::ScreenFailed => (UO, "3.20", No, "return", "再访"),
            Self::Vacant => (NE, "4.61", Conf, "verify", "核实"),
            Self::Seasonal => (NE, "4.62", Conf, "verify", "核实"),
            Self::VacantOther => (NE, "4.63", Conf, "verify", "核实"),
            Self::NonResidential => (NE, "4.51", Conf, "verify that nobody sleeps here", "核实确无人居住"),
            Self::Institution => (NE, "4.52", Conf, "move to the collective list", "转入集体户名单"),
            Self::Collective => (NE, "4.53", Conf, "new case as a collective household", "按集体户新建"),
            Self::Demolished | Self::UnderConstruction => (NE, "4.54", Conf, "photo", "拍照"),
            Self::DuplicateAddress => (NE, "4.10", Sup, "merge", "合并"),
            Self::OutOfArea => (NE, "4.10", Sup, "move the case", "移交"),
            Self::NoEligiblePerson => (NE, "4.70", Conf, "verify", "核实"),
        }
    }

    /// The class of the outcome.
    pub const fn class(self) -> Class {
        self.fixed().0
    }

    /// AAPOR's final disposition number, as `2.24`.
    pub const fn aapor(self) -> &'static str {
        self.fixed().1
    }

    /// Whether and how the outcome closes a case.
    pub const fn closes(self) -> Closes {
        self.fixed().2
    }

    /// What usually follows, for people; the binding next action comes from the whole case.
    pub const fn next_hint(self, language: Language) -> &'static str {
        match language {
            Language::En => self.fixed().3,
            Language::Zh => self.fixed().4,
        }
    }

    /// Whether somebody of the household, or who knows that there is one, was met: evidence against "nobody lives here".
    pub const fn is_contact(self) -> bool {
        let says_somebody_lives_here =
            matches!(self, Self::RespondentAway | Self::HouseholdAway | Self::ScreenFailed);
        says_somebody_lives_here || matches!(self.class(), Class::I | Class::P | Class::R | Class::O)
    }

    /// Whether the claim is that a dwelling has nobody to register now.
    pub const fn is_vacant_kind(self) -> bool {
        matches!(self, Self::Vacant | Self::Seasonal | Self::VacantOther | Self::NoEligiblePerson)
    }

    /// Whether the claim is that there is no private dwelling.
    pub const fn is_structural_kind(self) -> bool {
        matches!(
            self,
            Self::NonResidential
                | Self::Institution
                | Self::Collective
                | Self::Demolished
                | Self::UnderConstruction
        )
    }

    /// Whether the claim is about the list of doors itself, which only a supervisor confirms.
    pub const fn is_supervisor_kind(self) -> bool {
        matches!(self, Self::DuplicateAddress | Self::OutOfArea)
    }

    /// Whether the outcome claims that nobody is to be registered here.
    pub const fn is_not_eligible(self) -> bool {
        matches!(self.class(), Class::NE)
    }

    /// Whether the outcome means that answers were taken at the door: an interview should come with it.
    pub const fn is_interview(self) -> bool {
        matches!(self.class(), Class::I)
    }

    /// The outcome's table row for clients.
    fn row(self) -> CodeRow {
        CodeRow {
            class: Some(self.class()),
            aapor: Some(self.aapor()),
            closes: Some(self.closes()),
            next_en: Some(self.next_hint(Language::En)),
            next_zh: Some(self.next_hint(Language::Zh)),
            ..CodeRow::plain(self)
        }
    }

    /// The table of all outcomes for clients.
    pub(super) fn table() -> CodeTable {
        CodeTable { name: "outcome", codes: Self::ALL.iter().map(|outcome| outcome.row()).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every outcome with its class and AAPOR number, written down a second time.
    const EXPECTED: &str = "interview_complete I 1.10 yes|interview_proxy I 1.10 yes|self_response I 1.10 yes|\
        interview_partial P 1.20 no|refusal_soft R 2.11 no|refusal_hard R 2.11 sup|break_off R 2.12 no|no_answer NC 2.24 no|\
        respondent_away NC 2.25 no|household_away NC 2.25 no|no_entry NC 2.23 no|appointment_made O 2.36 no|language O 2.33 no|\
        incapable O 2.32 no|unsafe UH 3.17 no|not_found UH 3.18 no|occupancy_unknown UH 3.10 no|screen_failed UO 3.20 no|\
        vacant NE 4.61 conf|seasonal NE 4.62 conf|vacant_other NE 4.63 conf|non_residential NE 4.51 conf|\
        institution NE 4.52 conf|collective NE 4.53 conf|demolished NE 4.54 conf|under_construction NE 4.54 conf|\
        duplicate_address NE 4.10 sup|out_of_area NE 4.10 sup|no_eligible_person NE 4.70 conf";

    #[test]
    fn classes_numbers_and_closings_are_as_listed() {
        let rows: Vec<String> = Outcome::ALL
            .iter()
            .map(|o| format!("{} {} {} {}", o.slug(), o.class().slug(), o.aapor(), o.closes().slug()))
            .collect();
        assert_eq!(rows.join("|"), EXPECTED);
    }

    #[test]
    fn every_claim_of_no_eligibility_is_of_exactly_one_kind() {
        for outcome in Outcome::ALL {
            let kinds =
                [outcome.is_vacant_kind(), outcome.is_structural_kind(), outcome.is_supervisor_kind()];
            let held = kinds.iter().filter(|kind| **kind).count();
            assert_eq!(held, usize::from(outcome.is_not_eligible()), "{outcome}");
        }
    }

    #[test]
    fn contact_is_what_speaks_against_an_empty_dwelling() {
        let contact: Vec<_> = Outcome::ALL.iter().filter(|o| o.is_contact()).map(|o| o.slug()).collect();
        assert_eq!(
            contact.join(" "),
            "interview_complete interview_proxy self_response interview_partial refusal_soft refusal_hard break_off \
             respondent_away household_away appointment_made language incapable screen_failed"
        );
    }
}
