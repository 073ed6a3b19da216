//! Cursors of the feed: opaque on the wire, with a keyed check by which we know our own. So nobody can feign a cursor from
//! behind the last change, which would mean that changes were lost.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::domain::{AreaRange, CaseId};
use crate::ingest::digest::Keys;
use crate::store::case::CasePlace;
use crate::store::feed::Place;

/// A cursor that this service did not make.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the cursor is none that this service gave out")]
pub struct BadCursor;

/// Parts of a full pull, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Part {
    /// Policy and codes.
    #[serde(rename = "s")]
    Survey,
    /// Forms.
    #[serde(rename = "f")]
    Forms,
    /// Colleagues and supervisors.
    #[serde(rename = "p")]
    People,
    /// Doors of the own area.
    #[serde(rename = "c")]
    Cases,
    /// Doors lent from elsewhere.
    #[serde(rename = "l")]
    Lent,
    /// Open assignments.
    #[serde(rename = "a")]
    Assignments,
    /// Published sheets in force.
    #[serde(rename = "h")]
    Sheets,
    /// Messages that stand.
    #[serde(rename = "m")]
    Messages,
    /// Records that were held or came by hand.
    #[serde(rename = "r")]
    Receipts,
}

/// A place in a full pull.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FullAt {
    /// The feed's number when the pull began; the deltas go on from there.
    #[serde(rename = "q")]
    pub(super) seq: i64,
    /// Which part.
    #[serde(rename = "p")]
    pub(super) part: Part,
    /// Area number of the last thing sent.
    #[serde(rename = "n")]
    pub(super) area_no: i32,
    /// Building of the last case sent.
    #[serde(rename = "b", default)]
    pub(super) building: Uuid,
    /// Id of the last thing sent.
    #[serde(rename = "i")]
    pub(super) id: Uuid,
    /// The door of the next case has been sent, its case not yet.
    #[serde(rename = "h")]
    pub(super) is_half: bool,
}

impl FullAt {
    /// The beginning.
    pub(super) fn start(seq: i64) -> Self {
        let CasePlace { area_no, building, id } = CasePlace::START;
        Self { seq, part: Part::Survey, area_no, building, id: id.0, is_half: false }
    }

    /// The beginning of another part.
    pub(super) fn next(self, part: Part) -> Self {
        Self { part, ..Self::start(self.seq) }
    }

    /// After one thing of the same part.
    pub(super) fn after(self, id: Uuid) -> Self {
        Self { id, is_half: false, ..self }
    }

    /// After one case of the own area.
    pub(super) fn after_case(self, CasePlace { area_no, building, id }: CasePlace) -> Self {
        Self { area_no, building, id: id.0, is_half: false, ..self }
    }

    /// The place among the cases of the own area.
    pub(super) fn case(&self) -> CasePlace {
        CasePlace { area_no: self.area_no, building: self.building, id: CaseId(self.id) }
    }

    /// Between a door and its case.
    pub(super) fn half(self) -> Self {
        Self { is_half: true, ..self }
    }
}

/// Where a device stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Cursor {
    /// In a full pull.
    #[serde(rename = "f")]
    Full {
        /// The feed's epoch.
        #[serde(rename = "e")]
        epoch: Uuid,
        /// The place.
        #[serde(rename = "a")]
        at: FullAt,
        /// The area the pull is for; a person who has moved pulls everything again.
        #[serde(rename = "w")]
        range: AreaRange,
    },
    /// In the feed.
    #[serde(rename = "d")]
    Delta {
        /// The feed's epoch.
        #[serde(rename = "e")]
        epoch: Uuid,
        /// The place.
        #[serde(rename = "a")]
        place: Place,
        /// The area the device's picture is of.
        #[serde(rename = "w")]
        range: AreaRange,
    },
}

/// Bytes of the keyed check, which stand first.
const CHECK: usize = 16;

impl Cursor {
    /// Reads a cursor that [`Cursor::text`] wrote under the same key.
    pub fn parse(text: &str, keys: &Keys) -> Result<Self, BadCursor> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| BadCursor)?;
        let (check, body) = bytes.split_at_checked(CHECK).ok_or(BadCursor)?;
        if check != keys.cursor_proof(body) {
            return Err(BadCursor);
        }
        serde_json::from_slice(body).map_err(|_| BadCursor)
    }

    /// As it goes over the wire.
    pub fn text(&self, keys: &Keys) -> String {
        let body = serde_json::to_vec(self).unwrap_or_default();
        URL_SAFE_NO_PAD.encode([keys.cursor_proof(&body).as_slice(), &body].concat())
    }

    /// Epoch and number of the feed that it speaks of.
    pub(super) fn stand(&self) -> (Uuid, i64) {
        match self {
            Self::Full { epoch, at, .. } => (*epoch, at.seq),
            Self::Delta { epoch, place, .. } => (*epoch, place.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_comes_back_as_it_went() {
        let full = Cursor::Full {
            epoch: Uuid::max(),
            at: FullAt::start(7).after(Uuid::max()),
            range: (1, 4).into(),
        };
        let delta = Cursor::Delta { epoch: Uuid::nil(), place: (9, 2, Uuid::nil()), range: AreaRange::ALL };
        let keys = Keys::new(&[7; 32]);
        for cursor in [full, delta] {
            let text = cursor.text(&keys);
            assert_eq!(Cursor::parse(&text, &Keys::new(&[8; 32])), Err(BadCursor));
            assert_eq!(Cursor::parse(&text, &keys), Ok(cursor));
        }
    }

    #[test]
    fn what_we_did_not_make_is_refused() {
        let keys = Keys::new(&[7; 32]);
        for text in ["", "garbage", "-1", "99999999999999999999999", "\u{0}", "💥", "eyJmIjp7fX0"] {
            assert_eq!(Cursor::parse(text, &keys), Err(BadCursor), "{text:?}");
        }
        let delta = Cursor::Delta { epoch: Uuid::nil(), place: (9, 2, Uuid::nil()), range: AreaRange::ALL };
        let forged = serde_json::to_vec(&delta).unwrap();
        assert_eq!(Cursor::parse(&URL_SAFE_NO_PAD.encode(&forged), &keys), Err(BadCursor));
        let forged = [&[0; CHECK], forged.as_slice()].concat();
        assert_eq!(Cursor::parse(&URL_SAFE_NO_PAD.encode(forged), &keys), Err(BadCursor));
    }
}
