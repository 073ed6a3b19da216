//! Sending a batch to a running service, as a device does: gzip, one request, waiting when told to.

use std::io::Write as _;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, HOST, RETRY_AFTER};
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

use crate::api::batches::CARRIED;

/// The service answered nothing but "later".
#[derive(Debug, thiserror::Error)]
#[error("the service is too busy; try again later")]
pub(super) struct Busy;

/// A service reached by plain HTTP.
#[derive(Clone, Debug)]
pub(super) struct Target {
    authority: String,
}

impl Target {
    /// Reads `http://host:port`.
    pub(super) fn parse(url: &str) -> Result<Self> {
        let rest = url.strip_prefix("http://").context("--url must begin with http://")?;
        let authority = rest.trim_end_matches('/').to_owned();
        if authority.is_empty() || authority.contains('/') {
            bail!("--url must be http://host:port");
        }
        Ok(Self { authority: if authority.contains(':') { authority } else { format!("{authority}:80") } })
    }

    /// Sends a batch and returns the answer; obeys 429 and 503 up to ten times.
    pub(super) async fn post_batch(&self, token: &str, batch: &[u8]) -> Result<Value> {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
        gzip.write_all(batch)?;
        let packed = Bytes::from(gzip.finish()?);
        for _ in 0..10 {
            let (status, wait, body) = self.try_post(token, packed.clone()).await?;
            let answer: Value = serde_json::from_slice(&body).unwrap_or_default();
            match status {
                StatusCode::OK => return Ok(answer),
                StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
                    tokio::time::sleep(wait).await;
                }
                _ => {
                    let detail = answer.get("detail").and_then(Value::as_str).unwrap_or("no detail given");
                    bail!("the service answers {}: {detail}", status.as_u16());
                }
            }
        }
        Err(Busy.into())
    }

    async fn try_post(&self, token: &str, packed: Bytes) -> Result<(StatusCode, Duration, Bytes)> {
        let stream = TcpStream::connect(&self.authority)
            .await
            .with_context(|| format!("no service at {}", self.authority))?;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(async move {
            // Ends with the request; its fault is the request's.
            drop(connection.await);
        });
        let request = Request::post("/v1/batches")
            .header(HOST, &self.authority)
            .header(AUTHORIZATION, format!("Bearer {token}"))
            .header(CONTENT_TYPE, "application/json")
            .header(CONTENT_ENCODING, "gzip")
            .header(CARRIED, "1")
            .body(Full::new(packed))?;
        let response = sender.send_request(request).await?;
        let status = response.status();
        let wait = response
            .headers()
            .get(RETRY_AFTER)
            .and_then(|v| v.to_str().ok()?.parse().ok())
            .map_or(Duration::from_secs(1), Duration::from_secs);
        let body = response.into_body().collect().await?.to_bytes();
        Ok((status, wait, body))
    }
}
