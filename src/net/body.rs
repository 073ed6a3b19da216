//! Reading a request's body within limits, packed or not.
//!
//! The bytes are counted as they arrive and again as they are unpacked; both stop at the limit, so neither a
//! bomb nor an endless body costs more memory than that. Content is not judged here.

use std::fmt;
use std::io::Read;
use std::pin::Pin;
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use futures_util::{Stream, StreamExt};
use http::HeaderMap;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use tokio::time::{Instant, timeout, timeout_at};

use super::kind;
use super::limit::{Share, room_for_strangers};
use super::problem::Problem;
use super::request::{Request, Stop};

/// Largest batch, as sent and unpacked: 16 MiB.
pub const BATCH_LIMIT: usize = 16 << 20;
/// Largest body of any other call: 1 MiB.
pub const FORM_LIMIT: usize = 1 << 20;

/// How long one stretch of reading is.
const STRETCH: Duration = Duration::from_secs(10);
/// What has to arrive in one stretch: 1 KiB for each second of it.
const LEAST_PER_STRETCH: usize = 10 << 10;
/// How long a body may take in all while nobody has looked at a token of its sender.
const STRANGER: Duration = Duration::from_secs(30);
/// How much longer a body may take once the service is being stopped.
const AFTER_STOP: Duration = Duration::from_secs(2);
/// Packed bodies from this size on are unpacked off the async threads.
const UNPACK_ELSEWHERE: usize = 64 << 10;

type Chunks = Pin<Box<dyn Stream<Item = Result<Bytes, CutShort>> + Send + Sync>>;

/// The connection failed before the body was complete.
#[derive(Debug)]
struct CutShort;

/// A body that has not been read yet.
pub struct Body(Option<Chunks>);

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Body(unread)" } else { "Body(taken)" })
    }
}

impl Body {
    /// The body that arrives as `stream`.
    pub fn new<S, B, E>(stream: S) -> Self
    where
        S: Stream<Item = Result<B, E>> + Send + Sync + 'static,
        B: Buf,
    {
        Self(Some(Box::pin(stream.map(|chunk| match chunk {
            Ok(mut buffer) => Ok(buffer.copy_to_bytes(buffer.remaining())),
            Err(_) => Err(CutShort),
        }))))
    }

    /// No body.
    pub fn empty() -> Self {
        Self(None)
    }
}

impl From<Vec<u8>> for Body {
    fn from(bytes: Vec<u8>) -> Self {
        Self::new(futures_util::stream::iter([Ok::<_, CutShort>(Bytes::from(bytes))]))
    }
}

/// How a body is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Packing {
    Plain,
    Gzip,
    Zstd,
}

/// Reads a JSON body whole and unpacks it; `limit` in bytes holds for what is sent and for what comes out.
///
/// To be called after the token was checked. Problems: `unsupported-type`, `unsupported-encoding`,
/// `body-too-large`, `too-slow`, `body-cut-short`, `not-unpacked`, `stopping`.
pub async fn read_json(request: &mut Request, limit: usize) -> Result<Bytes, Problem> {
    need_json(&request.headers)?;
    read(request, limit).await
}

/// The same for a body of any type; the handler judges `Content-Type`. Where no token was looked at before, the body has 30 s
/// and shares its room with all such bodies. Problems: `busy` too.
pub async fn read(request: &mut Request, limit: usize) -> Result<Bytes, Problem> {
    if request.turn.get().is_some() {
        return receive(request, limit, None).await?.unpack().await;
    }
    let received = timeout(STRANGER, receive(request, limit, Some(room_for_strangers()))).await;
    received.map_err(|_elapsed| Problem::plain(&kind::TOO_SLOW))??.unpack().await
}

/// A body as it was sent; what it takes of the room for arriving bodies is given back with it.
#[derive(Debug)]
pub struct Sent {
    bytes: Bytes,
    packing: Packing,
    limit: usize,
    share: Option<Share>,
}

/// Reads a JSON body whole and leaves it packed: memory is taken out of `share` as it arrives.
/// Problems: those of [`read_json`] and `too-many-uploads`.
pub async fn receive_json(request: &mut Request, limit: usize, share: Share) -> Result<Sent, Problem> {
    need_json(&request.headers)?;
    receive(request, limit, Some(share)).await
}

async fn receive(request: &mut Request, limit: usize, mut share: Option<Share>) -> Result<Sent, Problem> {
    let packing = packing(&request.headers)?;
    if announced(&request.headers).is_some_and(|length| length > limit as u64) {
        return Err(too_large(limit));
    }
    let mut sent = BytesMut::new();
    if let Body(Some(chunks)) = std::mem::replace(&mut request.body, Body::empty()) {
        collect(chunks, limit, &request.connection.stop, &mut sent, share.as_mut()).await?;
        return Ok(Sent { bytes: sent.freeze(), packing, limit, share });
    }
    // What was never sent is not unpacked either.
    Ok(Sent { bytes: Bytes::new(), packing: Packing::Plain, limit, share })
}

impl Sent {
    /// The content. Problems: `body-too-large`, `not-unpacked`.
    pub async fn unpack(self) -> Result<Bytes, Problem> {
        let Self { bytes, packing, limit, share } = self;
        let _until_done = share;
        match packing {
            Packing::Plain => Ok(bytes),
            Packing::Gzip | Packing::Zstd if bytes.len() < UNPACK_ELSEWHERE => {
                unpacked(&bytes, packing, limit)
            }
            Packing::Gzip | Packing::Zstd => {
                let work = tokio::task::spawn_blocking(move || unpacked(&bytes, packing, limit));
                work.await.unwrap_or_else(|_panic| Err(Problem::plain(&kind::INTERNAL)))
            }
        }
    }
}

/// What arrived of a body that need not arrive whole.
#[derive(Debug)]
pub struct Arrived {
    /// The bytes.
    pub bytes: Bytes,
    /// Why no more came.
    pub broke: Option<Problem>,
}

/// Reads a body that is not packed as far as it comes: what arrived before the connection broke or grew too slow is
/// returned beside the problem. Problems: `body-too-large`. Memory is taken out of `share`.
pub async fn read_what_comes(
    request: &mut Request,
    limit: usize,
    share: &mut Share,
) -> Result<Arrived, Problem> {
    if announced(&request.headers).is_some_and(|length| length > limit as u64) {
        return Err(too_large(limit));
    }
    let Body(Some(chunks)) = std::mem::replace(&mut request.body, Body::empty()) else {
        return Ok(Arrived { bytes: Bytes::new(), broke: None });
    };
    let mut sent = BytesMut::new();
    match collect(chunks, limit, &request.connection.stop, &mut sent, Some(share)).await {
        Err(problem) if problem.kind == &kind::BODY_TOO_LARGE => Err(problem),
        outcome => Ok(Arrived { bytes: sent.freeze(), broke: outcome.err() }),
    }
}

/// Whether the body is announced as JSON; 415 when not.
fn need_json(headers: &HeaderMap) -> Result<(), Problem> {
    let mut types = headers.get_all(CONTENT_TYPE).iter();
    let only = types.next().filter(|_| types.next().is_none()).and_then(|value| value.to_str().ok());
    let mut parts = only.unwrap_or("").split(';').map(str::trim);
    let json = parts.next().is_some_and(|kind| kind.eq_ignore_ascii_case("application/json"));
    let utf8 = parts.all(|part| match part.split_once('=') {
        Some((name, value)) if name.trim().eq_ignore_ascii_case("charset") => {
            value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8")
        }
        _ => true,
    });
    if json && utf8 { Ok(()) } else { Err(Problem::plain(&kind::UNSUPPORTED_TYPE)) }
}

fn packing(headers: &HeaderMap) -> Result<Packing, Problem> {
    let mut packings = headers.get_all(CONTENT_ENCODING).iter();
    let Some(first) = packings.next() else {
        return Ok(Packing::Plain);
    };
    let only = first.to_str().ok().filter(|_| packings.next().is_none());
    match only.map(|word| word.trim().to_ascii_lowercase()).as_deref() {
        Some("" | "identity") => Ok(Packing::Plain),
        Some("gzip" | "x-gzip") => Ok(Packing::Gzip),
        Some("zstd") => Ok(Packing::Zstd),
        _ => Err(Problem::plain(&kind::UNSUPPORTED_ENCODING)),
    }
}

fn announced(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// Adds all that is sent to `whole`, at most `limit` bytes, at no less than the slowest rate we wait for.
async fn collect(
    mut chunks: Chunks,
    limit: usize,
    stop: &Stop,
    whole: &mut BytesMut,
    mut share: Option<&mut Share>,
) -> Result<(), Problem> {
    let mut stretch_ends = Instant::now() + STRETCH;
    let mut wanted = LEAST_PER_STRETCH;
    let stopping = stopped_for(stop, AFTER_STOP);
    tokio::pin!(stopping);
    loop {
        let next = tokio::select! {
            biased;
            next = timeout_at(stretch_ends, chunks.next()) => next,
            () = &mut stopping => return Err(Problem::plain(&kind::STOPPING)),
        };
        match next {
            Ok(None) => return Ok(()),
            Ok(Some(Err(CutShort))) => return Err(Problem::plain(&kind::BODY_CUT_SHORT)),
            Ok(Some(Ok(chunk))) if whole.len() + chunk.len() > limit => return Err(too_large(limit)),
            Ok(Some(Ok(chunk))) => {
                share.as_mut().map_or(Ok(()), |share| share.grow(chunk.len()))?;
                if whole.is_empty() {
                    *whole = chunk.into();
                } else {
                    whole.extend_from_slice(&chunk);
                }
            }
            Err(_elapsed) if whole.len() < wanted => return Err(Problem::plain(&kind::TOO_SLOW)),
            Err(_elapsed) => {
                stretch_ends = Instant::now() + STRETCH;
                wanted = whole.len() + LEAST_PER_STRETCH;
            }
        }
    }
}

/// Ends `more` after the stop has come.
async fn stopped_for(stop: &Stop, more: Duration) {
    stop.wait().await;
    tokio::time::sleep(more).await;
}

/// The content of a packed body, at most `limit` bytes.
fn unpacked(packed: &[u8], packing: Packing, limit: usize) -> Result<Bytes, Problem> {
    let mut plain = Vec::with_capacity(packed.len().saturating_mul(4).min(limit));
    // One byte more than allowed tells "full" from "too large"; the unpacker is not asked for a second one.
    let most = limit as u64 + 1;
    let outcome = match packing {
        Packing::Plain => return Ok(Bytes::copy_from_slice(packed)),
        Packing::Gzip => flate2::read::MultiGzDecoder::new(packed).take(most).read_to_end(&mut plain),
        Packing::Zstd => zstd::stream::read::Decoder::new(packed)
            .and_then(|unpacker| unpacker.take(most).read_to_end(&mut plain)),
    };
    match outcome {
        Ok(_) if plain.len() > limit => Err(too_large(limit)),
        Ok(_) => Ok(plain.into()),
        Err(_) => Err(Problem::plain(&kind::NOT_UNPACKED)),
    }
}

/// 413 with the limit in words.
pub fn too_large(limit: usize) -> Problem {
    let shown =
        if limit >= 1 << 20 { format!("{} MiB", limit >> 20) } else { format!("{} KiB", limit >> 10) };
    Problem::new(&kind::BODY_TOO_LARGE, format!("The body is larger than {shown}, as sent or unpacked."))
}

#[cfg(test)]
mod tests;
