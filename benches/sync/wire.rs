//! A phone's or a browser's side of HTTP: one kept-open connection, one request at a time.

use std::net::SocketAddr;

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, HOST};
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

/// One connection to a service.
pub struct Line {
    sender: SendRequest<Full<Bytes>>,
    authority: String,
    bearer: String,
}

/// What matters of an answer to a batch.
#[derive(Debug, Deserialize)]
pub struct Answered {
    /// Whether it was stored before.
    pub replayed: bool,
    /// Receipts by status.
    pub counts: Counts,
}

/// Receipts by status.
#[derive(Debug, Deserialize)]
pub struct Counts {
    /// Stored and counted.
    pub accepted: usize,
}

impl Line {
    /// Connects with a token.
    pub async fn open(address: SocketAddr, token: &str) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        // Ends with the sender.
        tokio::spawn(async move { drop(connection.await) });
        Ok(Self { sender, authority: address.to_string(), bearer: format!("Bearer {token}") })
    }

    async fn send(&mut self, request: http::request::Builder, body: Bytes) -> Result<(StatusCode, Bytes)> {
        self.sender.ready().await?;
        let request = request
            .header(HOST, &self.authority)
            .header(AUTHORIZATION, &self.bearer)
            .body(Full::new(body))?;
        let response = self.sender.send_request(request).await?;
        let status = response.status();
        Ok((status, response.into_body().collect().await?.to_bytes()))
    }

    /// Sends any request without the token; returns status and body.
    pub async fn call(
        &mut self,
        method: Method,
        path: &str,
        headers: &HeaderMap,
        body: Bytes,
    ) -> Result<(StatusCode, Bytes)> {
        self.sender.ready().await?;
        let mut request = Request::builder().method(method).uri(path).header(HOST, &self.authority);
        if let Some(all) = request.headers_mut() {
            all.extend(headers.clone());
        }
        let response = self.sender.send_request(request.body(Full::new(body))?).await?;
        let status = response.status();
        Ok((status, response.into_body().collect().await?.to_bytes()))
    }

    /// Sends a batch; anything but 200 is an error.
    pub async fn post(&mut self, packed: Bytes) -> Result<Answered> {
        let request = Request::post("/v1/batches")
            .header(CONTENT_TYPE, "application/json")
            .header(CONTENT_ENCODING, "gzip");
        let (status, body) = self.send(request, packed).await?;
        ensure!(status == StatusCode::OK, "the service answers {status}: {}", String::from_utf8_lossy(&body));
        serde_json::from_slice(&body).context("the answer cannot be read")
    }

    /// Reads a path; anything but 200 is an error. Returns the length of the answer.
    pub async fn get(&mut self, path: &str) -> Result<usize> {
        let (status, body) = self.send(Request::get(path), Bytes::new()).await?;
        ensure!(status == StatusCode::OK, "{path} answers {status}: {}", String::from_utf8_lossy(&body));
        Ok(body.len())
    }
}

/// Begins an upload, sends `part` of its body and hangs up without reading an answer.
pub async fn hang_up(address: SocketAddr, token: &str, packed: &[u8], part: usize) -> Result<()> {
    let mut stream = TcpStream::connect(address).await?;
    let head = format!(
        "POST /v1/batches HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {token}\r\ncontent-type: application/json\r\n\
         content-encoding: gzip\r\ncontent-length: {}\r\n\r\n",
        packed.len()
    );
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(&packed[..part.min(packed.len())]).await?;
    stream.flush().await?;
    Ok(())
}
