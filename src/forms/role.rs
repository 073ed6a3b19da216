//! Which role a form has and whether Collect is offered it, where nobody says so for this form.

use super::model::{FormModel, FormRole};
use crate::domain::policy::Forms;

/// The role that `survey.toml` gives a form.
pub fn said(policy: &Forms, id: &str) -> Option<FormRole> {
    if policy.main == id {
        Some(FormRole::Main)
    } else {
        policy.extra.iter().any(|extra| extra == id).then_some(FormRole::Extra)
    }
}

/// The role of a form that nobody has named: what it binds tells.
pub fn guessed(model: &FormModel) -> FormRole {
    if model.binds("visit.") || model.binds("dwelling.") { FormRole::Visit } else { FormRole::Free }
}

/// A form as far as the offer to Collect depends on it.
#[derive(Clone, Copy, Debug)]
pub struct Offered<'a> {
    /// Its id.
    pub id: &'a str,
    /// Its role.
    pub role: FormRole,
    /// Whether it came with the program.
    pub is_built_in: bool,
    /// Whether the survey has a main form of its own.
    pub has_own_main: bool,
}

/// Whether Collect is offered a form: as `survey.toml` says, else found doors, extra forms, receipts, and `door`, which holds the
/// short form; beside a main form of the survey's own that form and `door_visit` instead.
pub fn is_offered(policy: &Forms, form: Offered<'_>) -> bool {
    if let Some(collect) = &policy.collect {
        return collect.iter().any(|id| id == form.id);
    }
    match (form.is_built_in, form.id) {
        (true, "door") => !form.has_own_main,
        (true, "door_visit") => form.has_own_main,
        (true, "door_found" | "receipts") => true,
        (true, _) => false,
        (false, _) => form.role.is_sheet(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offered(policy: &Forms, id: &str, role: FormRole, is_built_in: bool, has_own_main: bool) -> bool {
        is_offered(policy, Offered { id, role, is_built_in, has_own_main })
    }

    #[test]
    fn a_main_form_of_ones_own_stands_beside_the_door_form_without_one() {
        let policy = Forms::default();
        for (id, without, with) in [
            ("door", true, false),
            ("door_visit", false, true),
            ("door_found", true, true),
            ("receipts", true, true),
            ("census_short", false, false),
        ] {
            assert_eq!(offered(&policy, id, FormRole::Visit, true, false), without, "{id}");
            assert_eq!(offered(&policy, id, FormRole::Visit, true, true), with, "{id}");
        }
        assert!(offered(&policy, "needs", FormRole::Extra, false, false));
        assert!(!offered(&policy, "daily", FormRole::Free, false, false));
    }

    #[test]
    fn the_list_of_the_survey_decides_where_there_is_one() {
        let policy = Forms { collect: Some(vec!["daily".to_owned()]), ..Forms::default() };
        assert!(offered(&policy, "daily", FormRole::Free, false, false));
        assert!(!offered(&policy, "door", FormRole::Visit, true, false));
    }

    #[test]
    fn the_survey_names_its_main_and_extra_forms() {
        let policy = Forms { extra: vec!["needs".to_owned()], ..Forms::default() };
        assert_eq!(said(&policy, "census_short"), Some(FormRole::Main));
        assert_eq!(said(&policy, "needs"), Some(FormRole::Extra));
        assert_eq!(said(&policy, "door"), None);
    }
}
