//! Who calls: the key in the address.

use std::net::IpAddr;

use crate::app::odk::Served;
use crate::app::{App, auth};
use crate::net::kind;
use crate::net::problem::Problem;
use crate::net::request::{Carriage, Request};
use crate::store::access::{Caller, TokenKind};

/// The person and device of the key. Problems (all 403): a key that is unknown, revoked, expired or of another face; plain HTTP.
pub(super) async fn caller(app: &App, request: &Request) -> Result<Caller, Problem> {
    if request.connection.carriage == Carriage::Plain && !may_be_plain(&app.odk, request.client()) {
        return Err(refused("Collect has to use HTTPS here.", "此处须通过 HTTPS 使用 Collect。"));
    }
    let key = Some(request.param("key")).filter(|key| key.len() == 43).ok_or_else(unknown)?;
    let hash = auth::hash(key);
    auth::take_turn(app, request, &hash).await?;
    let found = app.store().caller(&hash, app.now()).await?;
    let caller = found.filter(|c| c.kind == TokenKind::Odk && c.device.is_some()).ok_or_else(unknown)?;
    if let Some(device) = caller.device {
        request.device.set(device);
    }
    Ok(caller)
}

fn refused(en: &str, zh: &str) -> Problem {
    Problem::new(&kind::DEVICE_REVOKED, en).in_chinese(zh)
}

/// A key that opens nothing, or no longer.
pub(super) fn unknown() -> Problem {
    refused("This key is not valid any more; ask for a new QR code.", "密钥无效，请重新获取二维码。")
}

/// Whether plain HTTP is let in from there.
fn may_be_plain(served: &Served, from: IpAddr) -> bool {
    served.without_tls && is_private(from.to_canonical())
}

fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_private() || v4.is_loopback() || v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local(),
    }
}

/// The address of the face under this key, as the caller wrote it.
pub(super) fn base(request: &Request) -> String {
    format!("{}/odk/{}", request.origin(), request.param("key"))
}
