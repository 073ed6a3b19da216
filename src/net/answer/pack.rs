//! Packing answers: JSON above a kilobyte, with zstd or gzip as the client likes.
//!
//! Pages and downloads are left as they are: a page's form token beside reflected words must not be packed with them
//! (BREACH), pictures are packed already, exports are streamed.

use std::io::Write;

use bytes::Bytes;
use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, ETAG, VARY};
use http::{HeaderMap, HeaderValue};
use hyper::body::Body as _;
use warp::reply::Response;

use super::bytes;

/// Shorter answers gain nothing.
const LEAST: u64 = 1024;
/// Longer ones are packed off the async threads.
const ELSEWHERE: usize = 128 << 10;

/// How an answer may be packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packing {
    /// Not at all.
    Plain,
    /// gzip.
    Gzip,
    /// zstd.
    Zstd,
}

impl Packing {
    /// What the client likes best of what we can do (RFC 9110, 12.5.3): zstd before gzip where it likes both the same.
    pub fn wanted(headers: &HeaderMap) -> Self {
        let lines = headers.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
        let mut best = (Self::Plain, 0.0);
        for item in lines.flat_map(|line| line.split(',')) {
            let mut parts = item.split(';').map(str::trim);
            let packing = match parts.next().map(str::to_ascii_lowercase).as_deref() {
                Some("zstd") => Self::Zstd,
                Some("gzip" | "x-gzip") => Self::Gzip,
                Some(_) | None => continue,
            };
            let weight =
                parts.find_map(|part| part.strip_prefix("q=")).map_or(Some(1.0), |q| q.parse::<f32>().ok());
            let weight = weight.unwrap_or_default();
            if weight > best.1 || (weight > 0.0 && weight >= best.1 && packing == Self::Zstd) {
                best = (packing, weight);
            }
        }
        best.0
    }

    fn word(self) -> &'static str {
        match self {
            Self::Plain => "identity",
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        }
    }
}

/// The answer, packed where that is worth it. An `ETag` becomes a weak one: the packed bytes are others.
pub(super) async fn packed(mut response: Response, packing: Packing) -> Response {
    let is_long = response.body().size_hint().exact().is_some_and(|length| length >= LEAST);
    if !is_long || !is_json(response.headers()) || response.headers().contains_key(CONTENT_ENCODING) {
        return response;
    }
    response.headers_mut().append(VARY, HeaderValue::from_static("accept-encoding"));
    if packing == Packing::Plain {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let plain = bytes(Response::new(body)).await;
    let short = if plain.len() < ELSEWHERE {
        pack(&plain, packing)
    } else {
        let whole = plain.clone();
        tokio::task::spawn_blocking(move || pack(&whole, packing)).await.ok().flatten()
    };
    let Some(short) = short else {
        return Response::from_parts(parts, plain.into());
    };
    parts.headers.remove(CONTENT_LENGTH);
    parts.headers.insert(CONTENT_ENCODING, HeaderValue::from_static(packing.word()));
    let weak = parts.headers.get(ETAG).and_then(|tag| tag.to_str().ok()).filter(|tag| !tag.starts_with("W/"));
    if let Some(weak) = weak.and_then(|tag| HeaderValue::try_from(format!("W/{tag}")).ok()) {
        parts.headers.insert(ETAG, weak);
    }
    Response::from_parts(parts, short.into())
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    kind == "application/json" || kind == "application/problem+json"
}

/// `None` where it cannot be packed; nothing is lost by that.
fn pack(plain: &[u8], packing: Packing) -> Option<Bytes> {
    match packing {
        Packing::Plain => None,
        Packing::Gzip => {
            let room = Vec::with_capacity(plain.len() / 4);
            let mut packer = flate2::write::GzEncoder::new(room, flate2::Compression::new(6));
            packer.write_all(plain).ok()?;
            packer.finish().ok().map(Bytes::from)
        }
        Packing::Zstd => zstd::bulk::compress(plain, 3).ok().map(Bytes::from),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::super::json;
    use super::*;

    fn wanted(text: &'static str) -> Packing {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static(text));
        Packing::wanted(&headers)
    }

    #[test]
    fn what_the_client_likes_best_is_taken() {
        let table = [
            ("gzip", Packing::Gzip),
            ("gzip, deflate, br, zstd", Packing::Zstd),
            ("zstd;q=0.5, gzip", Packing::Gzip),
            ("gzip;q=0", Packing::Plain),
            ("gzip;q=0.1, zstd;q=0", Packing::Gzip),
            ("br", Packing::Plain),
            ("", Packing::Plain),
            ("GZIP;q=x", Packing::Plain),
        ];
        for (text, want) in table {
            assert_eq!(wanted(text), want, "{text}");
        }
        assert_eq!(Packing::wanted(&HeaderMap::new()), Packing::Plain);
    }

    #[tokio::test]
    async fn long_json_is_packed_and_comes_back_the_same() {
        let long = "敲门".repeat(1000);
        let plain = bytes(json(&long)).await;
        let mut answer = json(&long);
        answer.headers_mut().insert(ETAG, HeaderValue::from_static("\"x\""));
        let answer = packed(answer, Packing::Gzip).await;
        assert_eq!(answer.headers()[CONTENT_ENCODING], "gzip");
        assert_eq!(answer.headers()[VARY], "accept-encoding");
        assert_eq!(answer.headers()[ETAG], "W/\"x\"");
        let mut back = Vec::new();
        flate2::read::GzDecoder::new(&bytes(answer).await[..]).read_to_end(&mut back).unwrap();
        assert_eq!(back, plain);
        let answer = bytes(packed(json(&long), Packing::Zstd).await).await;
        assert_eq!(zstd::bulk::decompress(&answer, plain.len()).unwrap(), plain);
    }

    #[tokio::test]
    async fn short_answers_and_other_kinds_are_left_alone() {
        let answer = packed(json("x"), Packing::Zstd).await;
        assert!(!answer.headers().contains_key(CONTENT_ENCODING));
        let page = super::super::text("text/html", "x".repeat(5000));
        assert!(!packed(page, Packing::Zstd).await.headers().contains_key(CONTENT_ENCODING));
    }
}
