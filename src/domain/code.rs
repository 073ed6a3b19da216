//! Closed sets of codes: the words of the wire, the database's numbers, and the names people read.
//!
//! A code is added, never renamed; its number is never reused. What a code *does* is decided elsewhere, but for the
//! fixed properties of outcomes, which stand beside them.

mod form;
mod outcome;
mod set;
mod state;

pub use form::{
    Datum, DwellingKind, FormRole, HouseholdType, Relationship, Residence, ResidenceStatus, Role, Sex, Tenure,
};
pub use outcome::{Class, Closes, Outcome};
pub use set::{ClosedSet, CodeRow, CodeTable};
pub use state::{Channel, Confirmed, EffortPart, Flag, Informant, InterviewResult, Respondent, State};

pub(crate) use set::closed_set;

closed_set! {
    /// A language of the product.
    Language("language") {
        En = 1, "en", "English", "英文";
        Zh = 2, "zh", "Chinese", "中文";
    }
}

/// Every closed set of codes, for `GET /v1/codes` and for devices.
pub fn tables() -> Vec<CodeTable> {
    vec![
        Outcome::table(),
        CodeTable::plain::<Class>(),
        CodeTable::plain::<State>(),
        CodeTable::plain::<Channel>(),
        CodeTable::plain::<Informant>(),
        CodeTable::plain::<Respondent>(),
        CodeTable::plain::<InterviewResult>(),
        CodeTable::plain::<HouseholdType>(),
        CodeTable::plain::<Sex>(),
        CodeTable::plain::<Relationship>(),
        CodeTable::plain::<Tenure>(),
        CodeTable::plain::<ResidenceStatus>(),
        CodeTable::plain::<DwellingKind>(),
        CodeTable::plain::<Role>(),
        CodeTable::plain::<Datum>(),
        CodeTable::plain::<Flag>(),
        CodeTable::plain::<EffortPart>(),
        CodeTable::plain::<Closes>(),
        CodeTable::plain::<Confirmed>(),
        CodeTable::plain::<crate::domain::next::Action>(),
        CodeTable::plain::<crate::domain::form::FormReason>(),
        CodeTable::plain::<crate::domain::rates::PersonMeasure>(),
        CodeTable::plain::<crate::domain::case::CompletedBy>(),
        CodeTable::plain::<FormRole>(),
        CodeTable::plain::<Language>(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn each<T: ClosedSet + std::fmt::Debug>(
        from_slug: fn(&str) -> Option<T>,
        number: fn(T) -> i16,
        back: fn(i16) -> Option<T>,
    ) {
        for code in T::CODES {
            assert_eq!(from_slug(code.code_slug()), Some(*code));
            assert_eq!(back(number(*code)), Some(*code));
            assert!(number(*code) > 0);
        }
        assert_eq!(from_slug("no-such-code"), None);
        assert_eq!(back(0), None);
    }

    #[test]
    fn every_code_survives_slug_and_number() {
        each(Outcome::from_slug, Outcome::number, Outcome::from_number);
        each(Class::from_slug, Class::number, Class::from_number);
        each(State::from_slug, State::number, State::from_number);
        each(Relationship::from_slug, Relationship::number, Relationship::from_number);
        each(Flag::from_slug, Flag::number, Flag::from_number);
    }

    #[test]
    fn tables_cover_every_set_once_and_have_both_languages() {
        let tables = tables();
        let mut names: Vec<_> = tables.iter().map(|t| t.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), tables.len());
        for row in tables.iter().flat_map(|t| &t.codes) {
            assert!(!row.en.is_empty() && !row.zh.is_empty() && !row.slug.is_empty());
        }
        assert_eq!(tables[0].codes.len(), 29);
        assert!(tables[0].codes.iter().all(|row| row.class.is_some() && row.next_zh.is_some()));
    }

    #[test]
    fn an_unknown_code_is_not_quoted_back() {
        let error = serde_json::from_str::<Outcome>("\"went_well\"").unwrap_err().to_string();
        assert!(error.contains("outcome") && !error.contains("went_well"), "{error}");
    }
}
