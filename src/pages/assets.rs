//! Style sheet, scripts, sprite and icon: compiled in, served under a name that holds the hash of them all, so that a
//! browser may keep them for ever and a new version is a new name.

use std::io::Write;
use std::sync::LazyLock;

use crate::net::answer::Response;
use data_encoding::HEXLOWER;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::header::{CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY};
use http::{HeaderValue, StatusCode};
use sha2::{Digest, Sha256};

use super::frame::takes_gzip;
use crate::app::App;
use crate::net::problem::Problem;
use crate::net::request::Request;

/// One file: name, media type, content.
struct Asset {
    name: &'static str,
    media_type: &'static str,
    plain: &'static [u8],
}

macro_rules! assets {
    ($($name:literal $media_type:literal;)+) => {
        &[$(Asset {
            name: $name,
            media_type: $media_type,
            plain: include_bytes!(concat!("../../web/", $name)),
        }),+]
    };
}

static ALL: &[Asset] = assets! {
    "app.css" "text/css; charset=utf-8";
    "icon.svg" "image/svg+xml";
    "js/app.js" "text/javascript; charset=utf-8";
    "js/grid.js" "text/javascript; charset=utf-8";
    "js/keys.js" "text/javascript; charset=utf-8";
    "js/refresh.js" "text/javascript; charset=utf-8";
    "js/swap.js" "text/javascript; charset=utf-8";
};

/// The hash of all files together, twelve hexadecimal digits.
static VERSION: LazyLock<String> = LazyLock::new(|| {
    let mut all = Sha256::new();
    for asset in ALL {
        all.update(asset.name.as_bytes());
        all.update(asset.plain);
    }
    HEXLOWER.encode(&all.finalize()[..6])
});

static PACKED: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| ALL.iter().map(|a| packed(a.plain)).collect());

/// gzip of `plain`; empty where that cannot be made, and then the plain bytes are sent.
pub fn packed(plain: &[u8]) -> Vec<u8> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::new(6));
    match packer.write_all(plain) {
        Ok(()) => packer.finish().unwrap_or_default(),
        Err(_) => Vec::new(),
    }
}

/// The address of a file of these.
pub fn address(name: &str) -> String {
    format!("/static/{}/{name}", *VERSION)
}

/// `GET /static/{version}/{name}`: one file. An old version's name gets the present file, which is not to be kept.
/// Problems: `not-found`.
pub async fn get(_: App, request: Request) -> Result<Response, Problem> {
    let name = request.param("name");
    let (index, asset) =
        ALL.iter().enumerate().find(|(_, a)| a.name == name).ok_or_else(Problem::not_found)?;
    let tag = format!("\"{}\"", *VERSION);
    let is_current = request.param("version") == VERSION.as_str();
    let is_known = request.header(&IF_NONE_MATCH).is_some_and(|known| known.contains(&tag));
    let mut response = if is_known {
        Response::new(Vec::new().into())
    } else {
        let packed = &PACKED[index];
        let is_packed = takes_gzip(&request.headers) && !packed.is_empty();
        let bytes = if is_packed { packed.clone() } else { asset.plain.to_vec() };
        let mut response = Response::new(bytes.into());
        if is_packed {
            response.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        response
    };
    if is_known {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    }
    let keep = if is_current { "public, max-age=31536000, immutable" } else { "no-cache" };
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(asset.media_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(keep));
    headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
    if let Ok(tag) = HeaderValue::try_from(tag) {
        headers.insert(ETAG, tag);
    }
    Ok(response)
}

/// Bytes of the scripts and of the style sheet as they travel, for the budgets.
#[cfg(test)]
pub fn packed_sizes() -> Vec<(&'static str, usize)> {
    ALL.iter().zip(PACKED.iter()).map(|(a, p)| (a.name, p.len())).collect()
}
