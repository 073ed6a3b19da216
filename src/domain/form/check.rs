//! Checks of a form: what makes the answers unusable is an error, what is merely unlikely a warning.
//!
//! No issue quotes an answer; a pointer says where to look.

use jiff::ToSpan;
use jiff::civil::Date;
use serde::Serialize;

use super::super::blank::is_blank;
use super::super::code::{HouseholdType, InterviewResult, Language, Relationship, closed_set};
use super::super::residence::Stay;
use super::{Asked, DIED_OUT, Household, Person};

closed_set! {
    /// What can be wrong with a form.
    FormReason("form_reason") {
        NobodyListed = 1, "nobody-listed", "Nobody is listed and no death is recorded", "未登记任何人，也无死亡人口";
        PersonTwice = 2, "person-no-twice", "A person number stands twice", "人员序号重复";
        NoHead = 3, "no-head", "A family household needs a head", "家庭户缺少户主";
        TwoHeads = 4, "two-heads", "A family household has one head", "家庭户只能有一位户主";
        CountsDiffer = 5, "counts-differ", "The counts of H2 contradict the list of persons", "户人数与登记名单不符";
        CodeUnknown = 6, "code-out-of-range", "The form has no such code", "表中没有该代码";
        BirthImpossible = 7, "birth-impossible", "There is no such date", "没有这个日期";
        HeadNotFirst = 8, "head-not-first", "The head is listed first", "户主应登记在第一位";
        RelationshipMissing = 9, "relationship-missing", "Nobody is called the head; relationships are missing", "缺少与户主关系，无法确定户主";
        NotOfThisDoor = 10, "not-of-this-door", "Neither slept here nor is registered here", "既不在此居住，户口也不在此";
        StayDiffers = 11, "stay-differs", "Slept here and D7 contradict each other", "是否在此居住与 D7 矛盾";
        AwayNotRegistered = 12, "away-not-registered", "Slept elsewhere and is not registered here", "不在此居住，户口也不在此";
        StatusDiffers = 13, "residence-status-differs", "The residence status differs from the one derived", "居住状况与推算不符";
        TimeAwayDiffers = 14, "time-away-unlikely", "D9 does not fit the places of D7 and D8", "D9 与 D7、D8 不符";
        BornLater = 15, "born-after-reference", "Born at or after the reference moment", "出生在标准时点或之后";
        VeryOld = 16, "very-old", "Older than 115 years", "年龄超过 115 岁";
        BirthDiffers = 17, "birth-differs-from-id", "The birth differs from the citizen ID", "出生年月与身份证号不符";
        SexDiffers = 18, "sex-differs-from-id", "The sex differs from the citizen ID", "性别与身份证号不符";
        NotAsked = 19, "not-asked", "This item is not asked here", "此项不应填写";
        NameEmpty = 21, "name-empty", "The name is empty", "姓名为空";
        NumberMisused = 22, "household-no-999", "999 is kept for households that died out", "户编号 999 仅用于成员全部死亡的户";
        PersonNoImpossible = 23, "person-no-impossible", "A person number counts from 1 to 9,999", "人员序号应在 1 到 9999 之间";
        VeryMany = 24, "very-many", "An unusually large figure for one household", "对一户而言数值异常大";
    }
}

/// The highest number in a list of persons.
const MOST_PERSONS: u32 = 9_999;

/// How grave an issue is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Unlikely; the form counts.
    Warning,
    /// Unusable as it is; a higher revision corrects it.
    Error,
}

/// One thing wrong with a form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FormIssue {
    /// Where, relative to the interview: `/persons/1/relationship`.
    pub pointer: String,
    /// The slug of the [`FormReason`].
    pub reason: &'static str,
    /// In words, for the enumerator.
    pub detail: String,
    /// How grave.
    pub severity: Severity,
}

/// Checks a form; errors first, each group in the order of the form.
pub fn check_form(household: &Household, persons: &[Person], asked: Asked) -> Vec<FormIssue> {
    let mut list = Issues { asked, issues: Vec::new() };
    list.persons_listed(household, persons);
    list.heads(household, persons);
    list.counts(household, persons);
    list.household_items(household);
    for (n, person) in persons.iter().enumerate() {
        list.person(n, person);
    }
    list.issues.sort_by_key(|issue| std::cmp::Reverse(issue.severity));
    list.issues
}

struct Issues {
    asked: Asked,
    issues: Vec<FormIssue>,
}

impl Issues {
    fn add(&mut self, severity: Severity, pointer: impl Into<String>, reason: FormReason) {
        self.issues.push(FormIssue {
            pointer: pointer.into(),
            reason: reason.slug(),
            detail: reason.label(Language::En).to_owned(),
            severity,
        });
    }

    fn error(&mut self, pointer: impl Into<String>, reason: FormReason) {
        self.add(Severity::Error, pointer, reason);
    }

    fn warn(&mut self, pointer: impl Into<String>, reason: FormReason) {
        self.add(Severity::Warning, pointer, reason);
    }

    /// What a complete form must have is only a warning on a partial one.
    fn lack(&mut self, pointer: impl Into<String>, reason: FormReason) {
        let severity = match self.asked.result {
            InterviewResult::Complete => Severity::Error,
            InterviewResult::Partial => Severity::Warning,
        };
        self.add(severity, pointer, reason);
    }

    fn persons_listed(&mut self, household: &Household, persons: &[Person]) {
        let deaths = household.deaths_m.unwrap_or(0) + household.deaths_f.unwrap_or(0);
        if persons.is_empty() && deaths == 0 {
            self.lack("/persons", FormReason::NobodyListed);
        }
        if household.household_no == Some(DIED_OUT) && (!persons.is_empty() || deaths == 0) {
            self.warn("/household/household_no", FormReason::NumberMisused);
        }
        for (n, person) in persons.iter().enumerate() {
            if persons[..n].iter().any(|earlier| earlier.person_no == person.person_no) {
                self.error(format!("/persons/{n}/person_no"), FormReason::PersonTwice);
            }
            if !(1..=MOST_PERSONS).contains(&person.person_no) {
                self.error(format!("/persons/{n}/person_no"), FormReason::PersonNoImpossible);
            }
            if is_blank(&person.name) {
                self.lack(format!("/persons/{n}/name"), FormReason::NameEmpty);
            }
        }
    }

    fn heads(&mut self, household: &Household, persons: &[Person]) {
        if household.household_type == Some(HouseholdType::Collective) || persons.is_empty() {
            return;
        }
        let is_head = |person: &Person| person.relationship == Some(Relationship::Head);
        let mut heads = persons.iter().enumerate().filter(|(_, person)| is_head(person)).map(|(n, _)| n);
        let first = heads.next();
        for another in heads {
            self.error(format!("/persons/{another}/relationship"), FormReason::TwoHeads);
        }
        match first {
            Some(0) => {}
            Some(n) => self.warn(format!("/persons/{n}/relationship"), FormReason::HeadNotFirst),
            None if persons.iter().all(|person| person.relationship.is_some()) => {
                self.lack("/persons", FormReason::NoHead);
            }
            None => self.warn("/persons", FormReason::RelationshipMissing),
        }
    }

    /// Persons listed = H2a + H2b, else the list is not the household's; on a partial form it may be short. Where only the
    /// split differs, the list tells who slept here.
    fn counts(&mut self, household: &Household, persons: &[Person]) {
        let count = |stay: Stay| persons.iter().filter(|person| person.stay() == Some(stay)).count();
        let unknown = persons.iter().filter(|person| person.stay().is_none()).count();
        let given = |number: Option<u32>| number.map(|n| usize::try_from(n).unwrap_or(usize::MAX));
        let (here, absent) = (given(household.n_stayed), given(household.n_registered_absent));
        let total = here.zip(absent).map(|(here, absent)| here.saturating_add(absent));
        if let Some(total) = total.filter(|total| *total != persons.len()) {
            self.differ("/persons", total, persons.len());
            return;
        }
        let pairs = [
            ("/household/n_stayed", here, count(Stay::Here)),
            ("/household/n_registered_absent", absent, count(Stay::Away)),
        ];
        for (pointer, stated, listed) in pairs {
            let Some(stated) = stated.filter(|stated| *stated < listed || *stated > listed + unknown) else {
                continue;
            };
            match total {
                Some(_) => self.warn(pointer, FormReason::CountsDiffer),
                None => self.differ(pointer, stated, listed),
            }
        }
    }

    fn differ(&mut self, pointer: &str, stated: usize, listed: usize) {
        if listed > stated {
            self.error(pointer, FormReason::CountsDiffer);
        } else {
            self.lack(pointer, FormReason::CountsDiffer);
        }
    }

    fn household_items(&mut self, household: &Household) {
        self.code("/household/dwelling_kind", household.dwelling_kind, 1, 5);
        if matches!(household.dwelling_kind, Some(2..=5)) {
            if household.floor_area_m2.is_some() {
                self.warn("/household/floor_area_m2", FormReason::NotAsked);
            }
            if household.rooms.is_some() {
                self.warn("/household/rooms", FormReason::NotAsked);
            }
        } else if household.household_type != Some(HouseholdType::Collective) {
            self.sizes(household);
        }
    }

    /// Figures that a family may have, but hardly any has: mostly a digit too many or a lost decimal point.
    fn sizes(&mut self, household: &Household) {
        let counts = [
            ("births_m", household.births_m, 10),
            ("births_f", household.births_f, 10),
            ("deaths_m", household.deaths_m, 10),
            ("deaths_f", household.deaths_f, 10),
            ("rooms", household.rooms, 50),
        ];
        let large = counts.into_iter().filter(|(_, count, usual)| count.is_some_and(|count| count > *usual));
        for (item, ..) in large {
            self.warn(format!("/household/{item}"), FormReason::VeryMany);
        }
        if household.floor_area_m2.is_some_and(|area| area > 1_000.0) {
            self.warn("/household/floor_area_m2", FormReason::VeryMany);
        }
    }

    fn code(&mut self, pointer: impl Into<String>, code: Option<u8>, least: u8, most: u8) {
        if code.is_some_and(|code| !(least..=most).contains(&code)) {
            self.error(pointer, FormReason::CodeUnknown);
        }
    }

    fn person(&mut self, n: usize, person: &Person) {
        let at = |item: &str| format!("/persons/{n}/{item}");
        self.code(at("stayed_at"), person.stayed_at, 1, 6);
        self.code(at("registered_at"), person.registered_at, 1, 5);
        self.code(at("time_away"), person.time_away, 1, 9);
        self.code(at("education"), person.education, 1, 9);
        self.code(at("literate"), person.literate, 1, 2);
        let is_ethnicity = |text: &str| {
            let number: Option<u8> = (text.len() == 2).then(|| text.parse().ok()).flatten();
            matches!(number, Some(1..=56 | 97 | 98))
        };
        if person.ethnicity.as_deref().is_some_and(|text| !is_ethnicity(text)) {
            self.warn(at("ethnicity"), FormReason::CodeUnknown);
        }
        self.residence(&at, person);
        self.time_away(&at, person);
        self.birth(&at, person);
        if let Some(id) = &person.citizen_id {
            if !id.agrees(person.birth.and_then(super::Birth::year_month), None) {
                self.warn(at("birth"), FormReason::BirthDiffers);
            }
            if !id.agrees(None, person.sex) {
                self.warn(at("sex"), FormReason::SexDiffers);
            }
        }
    }

    fn residence(&mut self, at: &impl Fn(&str) -> String, person: &Person) {
        let (d7, d8) = (person.stayed_at, person.registered_at);
        let is_elsewhere = |code: Option<u8>| code.is_some_and(|code| code != 1);
        match person.stay() {
            Some(Stay::Here) if is_elsewhere(d7) => self.warn(at("stayed_at"), FormReason::StayDiffers),
            Some(Stay::Away) if d7 == Some(1) => self.warn(at("stayed_at"), FormReason::StayDiffers),
            Some(Stay::Away) if is_elsewhere(d7) && is_elsewhere(d8) => {
                self.warn(at("registered_at"), FormReason::NotOfThisDoor);
            }
            Some(Stay::Away) if is_elsewhere(d8) => {
                self.warn(at("registered_at"), FormReason::AwayNotRegistered);
            }
            Some(Stay::Here | Stay::Away) | None => {}
        }
        let differs = person
            .derived_status()
            .zip(person.residence_status)
            .is_some_and(|(derived, stated)| derived != stated);
        if differs {
            self.warn(at("residence_status"), FormReason::StatusDiffers);
        }
    }

    /// D9 = 1 exactly where stay and registration lie in one township; not asked where the registration is
    /// undetermined. D10 is asked of those who left.
    fn time_away(&mut self, at: &impl Fn(&str) -> String, person: &Person) {
        if person.registered_at == Some(5) {
            if person.time_away.is_some() {
                self.warn(at("time_away"), FormReason::NotAsked);
            }
            return;
        }
        let is_same_township = match person.stay() {
            Some(Stay::Here) => person.registered_at.map(|d8| d8 <= 2),
            Some(Stay::Away) => person.stayed_at.map(|d7| d7 <= 3),
            None => None,
        };
        if let (Some(is_same), Some(d9)) = (is_same_township, person.time_away)
            && is_same != (d9 == 1)
        {
            self.warn(at("time_away"), FormReason::TimeAwayDiffers);
        }
        if person.time_away == Some(1) && person.reason_away.is_some() {
            self.warn(at("reason_away"), FormReason::NotAsked);
        }
    }

    /// D11 is asked of those of 3 years and more, D12 of those of 15 and more.
    fn birth(&mut self, at: &impl Fn(&str) -> String, person: &Person) {
        let Some(birth) = person.birth else { return };
        if !birth.is_possible() {
            self.error(at("birth"), FormReason::BirthImpossible);
            return;
        }
        let Some(born) = birth.earliest() else { return };
        let reference = self.asked.reference;
        if born >= reference {
            self.warn(at("birth"), FormReason::BornLater);
        }
        if born < years_before(reference, 115) {
            self.warn(at("birth"), FormReason::VeryOld);
        }
        if person.education.is_some() && born >= years_before(reference, 3) {
            self.warn(at("education"), FormReason::NotAsked);
        }
        if person.literate.is_some() && born >= years_before(reference, 15) {
            self.warn(at("literate"), FormReason::NotAsked);
        }
    }
}

fn years_before(date: Date, years: i64) -> Date {
    date.checked_sub(years.years()).unwrap_or(Date::MIN)
}
