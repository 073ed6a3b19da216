//! Keeping a file that came whole: in the database until it lies in its place, then there.

use bytes::Bytes;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{App, allowance};
use crate::net::problem::Problem;
use crate::shelf;
use crate::store::access::Caller;
use crate::store::attachment::{AttachmentRow, Piece, Taken};

/// What a file is served as that is no picture.
const ANY: &str = "application/octet-stream";

/// Keeps a whole file of a device under an id; one that is here already stays as it is. `None` where the device has sent its share,
/// or is sending the same one at this moment.
pub async fn keep_whole(
    app: &App,
    caller: &Caller,
    device: Uuid,
    id: Uuid,
    bytes: Bytes,
) -> Result<Option<AttachmentRow>, Problem> {
    let length = bytes.len() as u64;
    let Ok(allowance) = allowance::look(app, caller, device, id, Some(length)).await else { return Ok(None) };
    let piece = Piece {
        id,
        stand_in: app.ingest.keys.stand_in(id, &caller.user),
        media_type: Some(shelf::media_type(&bytes).unwrap_or(ANY)),
        length: i64::try_from(length).unwrap_or(i64::MAX),
        at: 0,
        bytes: bytes.clone(),
    };
    let row = match app.store().take_piece(caller, device, piece, allowance, app.now()).await? {
        Taken::Yes(row) => row,
        Taken::OtherLength(_) => return Ok(app.store().attachment(caller.key, id).await?),
        Taken::WrongOffset(_) | Taken::Unknown | Taken::Going | Taken::Over(..) => return Ok(None),
    };
    if row.sha256.is_some() {
        return Ok(Some(row));
    }
    let sha256 = Sha256::digest(&bytes).to_vec();
    app.shelf.put(caller.key, row.id, bytes).await?;
    let now = app.now();
    if app.store().complete_attachment(caller.key, row.id, sha256.clone(), now).await? {
        return Ok(Some(AttachmentRow { sha256: Some(sha256), complete_at: Some(now), ..row }));
    }
    app.shelf.remove(caller.key, row.id).await?;
    Ok(None)
}
