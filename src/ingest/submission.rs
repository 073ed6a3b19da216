//! Filled-in forms that waited for something.

use super::Error;
use super::refold::At;
use crate::store::Tx;
use crate::surveys::Survey;

/// Takes what waited for a form that was published or opened. Runs in the transaction that did it.
#[expect(clippy::unused_async, reason = "submissions are taken from here")]
pub(super) async fn free_form(_tx: &Tx, _at: At, _survey: &Survey, _form_id: &str) -> Result<(), Error> {
    Ok(())
}
