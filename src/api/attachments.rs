//! Pictures and signatures: sent in pieces by a device, opened by supervisors, never shown as a page.
//!
//! A plain PUT with ranges, not tus: the device has made the id already, so nothing has to be created first, a lost answer
//! leaves no orphan, and HEAD tells where to go on. `docs/adr` says more.

use crate::domain::CaseId;
use crate::net::answer::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{CONTENT_DISPOSITION, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use http::{HeaderName, HeaderValue, Method};
use serde_json::json;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::app::App;
use crate::app::allowance;
use crate::app::auth;
use crate::net::answer::{self, to_the_end};
use crate::net::body;
use crate::net::kind;
use crate::net::problem::Problem;
use crate::net::request::Request;
use crate::shelf;
use crate::store::Disclosure;
use crate::store::access::Caller;
use crate::store::attachment::{Allowance, AttachmentRow, Piece, Taken};

/// Largest attachment: 10 MiB.
pub const LIMIT: usize = 10 << 20;

const CONTENT_RANGE: HeaderName = http::header::CONTENT_RANGE;
/// RFC 9530.
const REPR_DIGEST: HeaderName = HeaderName::from_static("repr-digest");
/// As in the IETF's draft on resumable uploads.
const UPLOAD_OFFSET: HeaderName = HeaderName::from_static("upload-offset");
const UPLOAD_LENGTH: HeaderName = HeaderName::from_static("upload-length");
const UPLOAD_COMPLETE: HeaderName = HeaderName::from_static("upload-complete");
const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// What a request says about the piece it carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Span {
    at: u64,
    /// Bytes of the piece; `None` where only its end will tell.
    len: Option<u64>,
    /// Bytes of the whole.
    total: Option<u64>,
}

impl Span {
    /// The byte behind its last one.
    fn end(self) -> Option<u64> {
        self.len.map(|len| self.at.saturating_add(len))
    }
}

/// `PUT /v1/attachments/{id}`: the whole, or with `Content-Range: bytes a-b/total` a piece. The same piece again changes
/// nothing; a piece that begins too late is answered with the offset wanted. What arrives before a connection breaks is
/// kept. `Repr-Digest: sha-256=:…:` over the whole is compared at the end. A device that has sent its share is told so before
/// its body is read. Problems: `wrong-offset`, `other-content`, `digest-mismatch`, `unsupported-picture`, `body-too-large`,
/// `device-quota`, `busy`, `not-found`, `wrong-role`.
pub async fn put(app: App, mut request: Request) -> Result<Response, Problem> {
    let caller = auth::device(&app, &request).await?;
    let device = caller.device.ok_or_else(Problem::not_found)?;
    let id = request.param_uuid("id")?;
    if id.is_nil() {
        return Err(Problem::not_found());
    }
    if request.header(&CONTENT_ENCODING).is_some_and(|word| !word.eq_ignore_ascii_case("identity")) {
        return Err(Problem::new(
            &kind::UNSUPPORTED_ENCODING,
            "Pictures are packed already and are sent as they are.",
        ));
    }
    let span = span(&request)?;
    if span.total.is_some_and(|total| total > LIMIT as u64) {
        return Err(body::too_large(LIMIT));
    }
    let digest = request.header(&REPR_DIGEST).map(sha256_of).transpose()?;
    if app.room.as_ref().is_some_and(|room| !room.is_left()) {
        return Err(Problem::plain(&kind::NO_ROOM));
    }
    let allowance = allowance::look(&app, &caller, device, id, span.end()).await?;
    request.turn.take();
    // A task of its own: what a device has sent is kept also when the device has gone.
    let done = to_the_end(async move {
        let mut share = app.pictures.share(device);
        let arrived = body::read_what_comes(&mut request, LIMIT, &mut share).await?;
        let slot = app.pictures.take(device).await?;
        let sent = Sent { id, span, bytes: arrived.bytes, is_cut: arrived.broke.is_some() };
        let taken = take(&app, &caller, device, sent, allowance).await;
        drop((slot, share));
        match arrived.broke {
            Some(problem) => Err(problem),
            None => finish(&app, &caller, taken?, digest).await,
        }
    })
    .await?;
    let mut response = answer::json(&shown(id, &done));
    progress_headers(&mut response, &done);
    Ok(response)
}

fn shown(id: Uuid, row: &AttachmentRow) -> serde_json::Value {
    json!({
        "id": id, "offset": row.stored, "length": row.length, "complete": row.complete_at.is_some(),
        "media_type": row.media_type, "sha256": row.sha256.as_deref().map(|sum| data_encoding::HEXLOWER.encode(sum)),
    })
}

fn progress_headers(response: &mut Response, row: &AttachmentRow) {
    let headers = response.headers_mut();
    headers.insert(UPLOAD_OFFSET, HeaderValue::from(row.stored));
    headers.insert(UPLOAD_LENGTH, HeaderValue::from(row.length));
    let word = if row.complete_at.is_some() { "?1" } else { "?0" };
    headers.insert(UPLOAD_COMPLETE, HeaderValue::from_static(word));
}

/// Where the piece belongs, by `Content-Range` and `Content-Length`.
fn span(request: &Request) -> Result<Span, Problem> {
    let announced = request.header(&http::header::CONTENT_LENGTH).and_then(|text| text.parse::<u64>().ok());
    let Some(text) = request.header(&CONTENT_RANGE) else {
        return Ok(Span { at: 0, len: announced, total: announced });
    };
    let read = || {
        let (range, total) = text.strip_prefix("bytes ")?.split_once('/')?;
        let (first, last) = range.split_once('-')?;
        let number =
            |word: &str| word.bytes().all(|b| b.is_ascii_digit()).then(|| word.parse::<u64>().ok()).flatten();
        let (first, last, total) = (number(first)?, number(last)?, number(total)?);
        (first <= last && last < total).then(|| Span {
            at: first,
            len: Some(last - first + 1),
            total: Some(total),
        })
    };
    let span = read().ok_or_else(|| bad("Content-Range must be like \"bytes 0-65535/183402\"."))?;
    if announced.is_some_and(|n| Some(n) != span.len) {
        return Err(bad("Content-Range and Content-Length do not agree."));
    }
    Ok(span)
}

fn bad(detail: &str) -> Problem {
    Problem::new(&kind::BAD_REQUEST, detail)
}

/// The SHA-256 of a `Repr-Digest` header.
fn sha256_of(text: &str) -> Result<Vec<u8>, Problem> {
    let wrong = || bad("Repr-Digest must be like \"sha-256=:<base64>:\".");
    let value = text.split(',').find_map(|part| part.trim().strip_prefix("sha-256=:")).ok_or_else(wrong)?;
    let bytes = STANDARD.decode(value.trim_end_matches(':')).map_err(|_| wrong())?;
    if bytes.len() == 32 { Ok(bytes) } else { Err(wrong()) }
}

/// What arrived of a piece.
struct Sent {
    id: Uuid,
    span: Span,
    bytes: Bytes,
    is_cut: bool,
}

/// Stores what arrived. A piece that broke off is stored as far as it came.
async fn take(
    app: &App,
    caller: &Caller,
    device: Uuid,
    Sent { id, span, bytes, is_cut }: Sent,
    allowance: Allowance,
) -> Result<AttachmentRow, Problem> {
    let came = bytes.len() as u64;
    let total = match span.total {
        Some(total) => total,
        None if is_cut => return Err(Problem::plain(&kind::BODY_CUT_SHORT)),
        None => came,
    };
    if !is_cut && span.len.is_some_and(|len| len != came) {
        return Err(bad("The body is not as long as announced."));
    }
    let mut media_type = None;
    if span.at == 0 {
        if bytes.len() < shelf::ENOUGH && came < total {
            return Err(bad("The first piece has to hold at least 12 bytes."));
        }
        media_type =
            Some(shelf::media_type(&bytes).ok_or_else(|| Problem::plain(&kind::UNSUPPORTED_PICTURE))?);
    }
    let whole = (came == total).then(|| Sha256::digest(&bytes).to_vec());
    let signed = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    let stand_in = app.ingest.keys.stand_in(id, &caller.user);
    let piece = Piece { id, stand_in, media_type, length: signed(total), at: signed(span.at), bytes };
    match app.store().take_piece(caller, device, piece, allowance.clone(), app.now()).await? {
        Taken::Yes(row) => match (&row.sha256, whole) {
            (Some(known), Some(sent)) if *known != sent => Err(Problem::plain(&kind::OTHER_CONTENT)),
            (Some(_) | None, _) => Ok(row),
        },
        Taken::WrongOffset(wanted) => Err(wrong_offset(wanted)),
        Taken::Unknown => Err(wrong_offset(0)),
        Taken::OtherLength(_) => Err(Problem::plain(&kind::OTHER_CONTENT)),
        Taken::Going => Err(Problem::plain(&kind::BUSY)),
        Taken::Over(quota, spent, wanted) => {
            Err(allowance::over(app, caller, device, &allowance, (quota, spent, wanted)).await?)
        }
    }
}

fn wrong_offset(wanted: i64) -> Problem {
    Problem::new(&kind::WRONG_OFFSET, format!("The next byte wanted is number {wanted}."))
        .with("offset", wanted)
}

/// When every byte is here: compares the digest, puts the whole in its place, then notes that it is complete. Broken off
/// anywhere, it is done again by the next call.
async fn finish(
    app: &App,
    caller: &Caller,
    row: AttachmentRow,
    announced: Option<Vec<u8>>,
) -> Result<AttachmentRow, Problem> {
    let differs = |sha256: &[u8]| announced.as_deref().is_some_and(|wanted| wanted != sha256);
    if let Some(sha256) = &row.sha256 {
        return if differs(sha256) { Err(Problem::plain(&kind::OTHER_CONTENT)) } else { Ok(row) };
    }
    if row.stored < row.length {
        return Ok(row);
    }
    let whole = app.store().attachment_bytes(caller.key, row.id).await?;
    let sha256 = Sha256::digest(&whole).to_vec();
    if whole.len() as u64 != row.length.unsigned_abs() {
        // Somebody else has just completed it.
        return app.store().attachment(caller.key, row.id).await?.ok_or_else(Problem::not_found);
    }
    if differs(&sha256) {
        app.store().drop_attachment(caller.key, row.id).await?;
        return Err(Problem::plain(&kind::DIGEST_MISMATCH).with("offset", 0));
    }
    let now = app.now();
    app.shelf.put(caller.key, row.id, whole.into()).await?;
    if !app.store().complete_attachment(caller.key, row.id, sha256.clone(), now).await? {
        // It was old and nobody had named it: it went at this very moment, and the phone begins anew.
        app.shelf.remove(caller.key, row.id).await?;
        return Err(wrong_offset(0));
    }
    Ok(AttachmentRow { sha256: Some(sha256), complete_at: Some(now), ..row })
}

/// `HEAD /v1/attachments/{id}` for its device: how far the upload has come, in `Upload-Offset` and `Upload-Length`.
/// `GET` and `HEAD` for supervisors of the visit's door: the picture, as a download. Problems: `not-found`, `wrong-role`.
pub async fn get(app: App, request: Request) -> Result<Response, Problem> {
    let caller = auth::caller(&app, &request).await?;
    let id = request.param_uuid("id")?;
    match caller.device {
        Some(device) if request.method == Method::HEAD => progress(&app, &caller, device, id).await,
        Some(_) => Err(Problem::plain(&kind::WRONG_ROLE)),
        None => picture(&app, &caller, id).await,
    }
}

async fn progress(app: &App, caller: &Caller, device: Uuid, id: Uuid) -> Result<Response, Problem> {
    let stand_in = app.ingest.keys.stand_in(id, &caller.user);
    let found = app.store().own_attachment(caller, device, [id, stand_in]).await?;
    let found = found.filter(|row| row.swept_at.is_none());
    let mut row = found.ok_or_else(Problem::not_found)?;
    if row.complete_at.is_some() && row.purged_at.is_none() && !app.shelf.has(caller.key, row.id).await? {
        // The database came back from a backup, the file did not: the device sends it once more.
        app.store().drop_attachment(caller.key, row.id).await?;
        return Err(Problem::not_found());
    }
    row = finish(app, caller, row, None).await?;
    let mut response = answer::empty();
    *response.status_mut() = http::StatusCode::OK;
    progress_headers(&mut response, &row);
    Ok(response)
}

async fn picture(app: &App, caller: &Caller, id: Uuid) -> Result<Response, Problem> {
    if !auth::is_supervisor(caller) {
        return Err(Problem::plain(&kind::WRONG_ROLE));
    }
    let (stored, area, case) = readable(app, caller, id).await?.ok_or_else(Problem::not_found)?;
    let row = app
        .store()
        .attachment(caller.key, stored)
        .await?
        .filter(|row| row.complete_at.is_some() && row.swept_at.is_none());
    let row = row.ok_or_else(Problem::not_found)?;
    if !app.shelf.has(caller.key, stored).await? {
        return Err(Problem::not_found());
    }
    let witness = auth::witness(app, caller, Disclosure::Picture { id, area, case }).await?;
    let bytes = app.shelf.get(&witness, caller.key, stored).await?.ok_or_else(Problem::not_found)?;
    let ending = row.media_type.rsplit('/').next().unwrap_or("bin").to_owned();
    let mut response = Response::new(bytes.into());
    let headers = response.headers_mut();
    let internal = |_| Problem::plain(&kind::INTERNAL);
    headers.insert(CONTENT_TYPE, HeaderValue::try_from(&row.media_type).map_err(internal)?);
    let name = format!("attachment; filename=\"{id}.{ending}\"");
    headers.insert(CONTENT_DISPOSITION, HeaderValue::try_from(name).map_err(internal)?);
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; sandbox"));
    headers.insert(RESOURCE_POLICY, HeaderValue::from_static("same-origin"));
    Ok(response)
}

/// Which picture an id means to a supervisor: the one stored under it, or one of somebody whose id it was too; the area it belongs
/// to, and its case.
async fn readable(
    app: &App,
    caller: &Caller,
    id: Uuid,
) -> Result<Option<(Uuid, String, Option<CaseId>)>, Problem> {
    let (store, key, range) = (app.store(), caller.key, caller.range);
    if let Some(found) = store.may_read_attachment(key, (id, &[id]), range).await? {
        return Ok(Some(found));
    }
    let senders = store.attachment_senders(key, id, range).await?;
    let ids: Vec<Uuid> = senders.iter().map(|user| app.ingest.keys.stand_in(id, user)).collect();
    Ok(store.may_read_attachment(key, (id, &ids), range).await?)
}

/// What the `OpenAPI` document says of this file.
pub(super) mod described {
    use crate::api::openapi::prelude::*;

    /// The calls of this file.
    pub fn calls() -> Vec<Call> {
        vec![
            put("/v1/attachments/{id}", "putAttachment", "Keeps a picture, whole or in pieces")
                .about(
                    "For devices. The device makes the id; it is what `photo` of a visit names, before or \
                after. Without `Content-Range` the body is the whole; with it a piece, taken in order. \
                The same piece again changes nothing; one that begins too late is a 409 `wrong-offset` \
                whose `offset` is the next byte wanted, which HEAD tells too. What arrives before a \
                connection breaks is kept. At most 10 MiB; JPEG, PNG, WebP and HEIC only, told by the \
                first bytes. `Repr-Digest: sha-256=:…:` over the whole is compared when the last byte \
                is here. What one device may send is limited by the survey (`policy.limits` of the \
                feed's `survey`): 429 `device-quota` with `quota`, `goes_on_at` and `Retry-After`, \
                before the body is read where its length is announced. `picture_mib`: bytes a day of \
                the survey's time zone, counted as they come, a piece as 4 KiB at least; what was sent \
                before costs nothing. `unnamed_mib`: bytes of pictures that no visit here names; \
                sending the visits frees them at once. After `unnamed_days` such a picture is removed \
                and may be sent again.",
                )
                .who(Who::Token)
                .shared(&["id"])
                .header(
                    "Content-Range?",
                    "`bytes first-last/total`.",
                    text().pattern(r"^bytes [0-9]{1,8}-[0-9]{1,8}/[0-9]{1,8}$"),
                )
                .header(
                    "Repr-Digest?",
                    "RFC 9530, SHA-256 over the whole.",
                    text().pattern(r"^sha-256=:[A-Za-z0-9+/]{43}=:$"),
                )
                .takes_as("application/octet-stream", bytes())
                .gives(
                    "What is kept so far.",
                    object([
                        ("id", uuid()),
                        ("offset", count().about("Bytes kept.")),
                        ("length", count()),
                        ("complete", flag()),
                        ("media_type", text()),
                        ("sha256", text().or_null().about("Of the whole, in hexadecimal.")),
                    ]),
                )
                .gives_header("Upload-Offset", "Bytes kept.", count())
                .gives_header("Upload-Length", "Bytes of the whole.", count())
                .gives_header("Upload-Complete", "?1 once the whole is there.", text())
                .fails(&[409]),
            get("/v1/attachments/{id}", "attachment", "The picture, or how much of it is there")
                .about(
                    "For supervisors of the door whose visit names it, or, while none does, of its sender's \
                area; the read is noted in the audit log. HEAD with a device's token tells how far the \
                device's own upload has come, in `Upload-Offset`, `Upload-Length` and \
                `Upload-Complete`.",
                )
                .who(Who::Reader)
                .shared(&["id"])
                .gives_as(
                    "The picture. Never to be shown as a page: `Content-Disposition: attachment`, \
                `nosniff`, a sandbox.",
                    [
                        ("image/jpeg", bytes()),
                        ("image/png", bytes()),
                        ("image/webp", bytes()),
                        ("image/heic", bytes()),
                    ],
                ),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::request::tests::request;

    #[test]
    fn a_range_is_read_or_refused() {
        let table = [
            (
                &[("content-range", "bytes 0-9/100")][..],
                Some(Span { at: 0, len: Some(10), total: Some(100) }),
            ),
            (
                &[("content-range", "bytes 90-99/100"), ("content-length", "10")],
                Some(Span { at: 90, len: Some(10), total: Some(100) }),
            ),
            (&[("content-length", "7")], Some(Span { at: 0, len: Some(7), total: Some(7) })),
            (&[], Some(Span { at: 0, len: None, total: None })),
            (&[("content-range", "bytes 5-4/100")], None),
            (&[("content-range", "bytes 0-100/100")], None),
            (&[("content-range", "bytes 0-9/*")], None),
            (&[("content-range", "bytes +0-9/100")], None),
            (&[("content-range", "bytes 0-9/100"), ("content-length", "11")], None),
            (&[("content-range", "lines 0-9/100")], None),
        ];
        for (headers, want) in table {
            assert_eq!(span(&request(headers)).ok(), want, "{headers:?}");
        }
    }

    #[test]
    fn a_digest_is_read_or_refused() {
        let good = format!("sha-256=:{}:", STANDARD.encode([7; 32]));
        assert_eq!(sha256_of(&good).unwrap(), vec![7; 32]);
        for text in ["", "sha-256=abc", "sha-256=:abc:", "md5=:AAAA:"] {
            assert!(sha256_of(text).is_err(), "{text}");
        }
    }
}
