//! The forms that come with the program: every survey has them, converted once and only when first needed.

use std::sync::LazyLock;

use super::prepare::{Prepared, Upload, pack, read};
use super::write::{Asked, Origin, Work};
use crate::forms::{FormRole, Given};
use crate::ingest::Error;

/// The forms of the repository with their roles, in the order in which they are written.
const FILES: [(&[u8], FormRole); 5] = [
    (include_bytes!("../../../forms/census_short.xlsx"), FormRole::Main),
    (include_bytes!("../../../forms/door.xlsx"), FormRole::Visit),
    (include_bytes!("../../../forms/door_visit.xlsx"), FormRole::Visit),
    (include_bytes!("../../../forms/door_found.xlsx"), FormRole::Visit),
    (include_bytes!("../../../forms/receipts.xlsx"), FormRole::Free),
];

static PREPARED: LazyLock<Vec<(Prepared, FormRole)>> = LazyLock::new(|| {
    let one = |(bytes, role): &(&[u8], FormRole)| {
        let given = Given { bytes: (*bytes).into(), ..Given::default() };
        let upload = Upload { given, ..Upload::default() };
        read(&upload).and_then(|imported| pack(&upload, imported)).map(|prepared| (prepared, *role))
    };
    let all: Result<Vec<_>, Error> = FILES.iter().map(one).collect();
    all.expect("the forms of the repository are checked by its tests")
});

/// Converts them, where that was not done yet; blocks.
pub(super) fn prepare() {
    LazyLock::force(&PREPARED);
}

/// Gives a survey those that it lacks or has in an older version. One under whose id the survey has a form of its own is left.
pub(super) async fn put(work: &mut Work<'_>) -> Result<(), Error> {
    for (prepared, role) in PREPARED.iter() {
        let known = work.find(&prepared.model.id);
        let is_own = known.is_some_and(|form| !form.row.is_built_in);
        let is_there = known.is_some_and(|form| form.version(&prepared.model.version).is_some());
        if is_own || is_there {
            continue;
        }
        let asked = Asked {
            prepared,
            role: Some(*role),
            collect: None,
            publish: true,
            by: "",
            origin: Origin::BuiltIn,
        };
        work.put(&asked).await?;
    }
    Ok(())
}
