//! A message that somebody has read, as sent.

use uuid::Uuid;

use super::fields::Fields;
use super::{Context, Refusal};
use crate::domain::time::SentTime;
use crate::ingest::reason::Reason;

/// A reading that can be stored; whether the message is known is not judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageReadRecord {
    /// The record's id.
    pub id: Uuid,
    /// The message.
    pub message: Uuid,
    /// When it was read.
    pub at: SentTime,
}

pub(super) fn read(fields: &Fields<'_, '_>, context: &Context<'_>) -> Result<MessageReadRecord, Refusal> {
    let at = fields.needed_time("at")?;
    if context.is_ahead(at) {
        fields.notes().warn(Reason::Unlikely, "/at", "lies in the future");
    }
    Ok(MessageReadRecord { id: fields.needed_uuid("id")?, message: fields.needed_uuid("message_id")?, at })
}
