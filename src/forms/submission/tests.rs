//! Filled-in forms: what becomes of good ones, and that no bad one does harm.

mod answers;
mod bad;
mod census;

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::Value;
use uuid::Uuid;

use super::{Given, Mapped, PartKind, Refused, map, read_xml};
use crate::forms::import::{Options, import};
use crate::forms::model::{FormModel, FormRole};

pub(super) const U: Uuid = Uuid::from_u128(0x1234_5678_9abc_4def_8123_4567_89ab_cdef);

/// The model of one of the repository's forms.
pub(super) fn model(bytes: &[u8]) -> FormModel {
    let languages = BTreeMap::new();
    let options = Options {
        default_version: "1",
        fallback_id: None,
        languages: &languages,
        files: &[],
        previous: None,
    };
    import(bytes, &options).unwrap().model
}

pub(super) fn census() -> FormModel {
    model(include_bytes!("../../../forms/census_short.xlsx"))
}

pub(super) fn door() -> FormModel {
    model(include_bytes!("../../../forms/door.xlsx"))
}

/// Takes 18 digits out; the real rule is richer and stands elsewhere.
pub(super) fn scrub(text: &str) -> Cow<'_, str> {
    let is_id = |window: &[u8]| {
        window[..17].iter().all(u8::is_ascii_digit) && (window[17] == b'X' || window[17].is_ascii_digit())
    };
    match text.as_bytes().windows(18).position(is_id) {
        None => Cow::Borrowed(text),
        Some(at) => Cow::Owned(format!("{}[citizen id]{}", &text[..at], scrub(&text[at + 18..]))),
    }
}

pub(super) fn given(role: FormRole) -> Given<'static> {
    Given {
        role,
        root: U,
        revision: 1,
        case_id: None,
        visit_id: None,
        received_at: "2020-11-03T12:00:00Z",
        paused_s: None,
        keep_ids: false,
    }
}

/// A submission of a form: its inside, and what follows the instanceID.
pub(super) fn filled(model: &FormModel, inside: &str, meta: &str) -> String {
    let (id, version) = (&model.id, &model.version);
    format!(
        "<?xml version='1.0' ?><data id=\"{id}\" version=\"{version}\" xmlns:orx=\"http://openrosa.org/xforms\">{inside}<orx:meta><orx:instanceID>uuid:{U}</orx:instanceID>{meta}</orx:meta></data>"
    )
}

pub(super) fn mapped(model: &FormModel, xml: &str, given: &Given<'_>) -> Result<Mapped, Refused> {
    map(&read_xml(xml)?, model, given, &scrub)
}

pub(super) fn record(mapped: &Mapped, kind: PartKind) -> Value {
    mapped.part(kind).unwrap_or_else(|| panic!("no {kind:?}: {mapped:#?}")).record.clone()
}
