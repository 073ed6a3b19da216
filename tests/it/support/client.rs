//! A black-box client: one connection of its own for every call, through the real listener.

use std::net::SocketAddr;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, COOKIE};
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

use super::contract;

/// Who calls: an address and what proves the caller's name.
#[derive(Clone, Debug)]
pub struct Client {
    /// Where the service listens.
    pub address: SocketAddr,
    /// Bearer token.
    pub token: Option<String>,
    /// Session cookie, as `name=value`.
    pub cookie: Option<String>,
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Reply {
    /// Status.
    pub status: StatusCode,
    /// Headers.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: Bytes,
    /// What was asked, for messages.
    pub asked: String,
}

impl Reply {
    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|e| panic!("{}: {} is no JSON ({e}): {}", self.asked, self.status, self.text()))
    }

    /// The JSON of an answer that must be a 200.
    #[track_caller]
    pub fn ok(&self) -> Value {
        assert_eq!(self.status, 200, "{}: {}", self.asked, self.text());
        self.json()
    }

    /// The problem document, which must have this status and slug.
    #[track_caller]
    pub fn problem(&self, status: u16, slug: &str) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}: {}", self.asked, self.text());
        let media = self.headers.get(CONTENT_TYPE).and_then(|v| v.to_str().ok());
        assert_eq!(media, Some("application/problem+json"), "{}", self.asked);
        let problem = self.json();
        assert_eq!(problem["type"], format!("/problems/{slug}"), "{}: {problem}", self.asked);
        assert_eq!(problem["status"], status);
        for part in ["title", "detail"] {
            assert!(problem[part].as_str().is_some_and(|t| !t.is_empty()), "{part} of {problem}");
        }
        problem
    }

    /// The bytes of a 200.
    #[track_caller]
    pub fn ok_bytes(&self) -> Bytes {
        assert_eq!(self.status, 200, "{}: {}", self.asked, self.text());
        self.body.clone()
    }

    /// Holds the answer against the API's own description.
    fn must_be_as_described(&self) {
        // A packed body is unpacked and read by the test that asked for it.
        if !self.header("content-encoding").is_empty() {
            return;
        }
        let (method, path) = self.asked.split_once(' ').expect("a method and a path");
        let media = self.header("content-type").split(';').next().unwrap_or_default().trim();
        let faults = contract::faults(method, path, self.status.as_u16(), media, &self.body);
        assert!(faults.is_empty(), "the answer is not as described: {faults:#?}");
    }

    /// A cookie it sets, as `name=value`.
    pub fn cookie(&self, name: &str) -> Option<String> {
        let all = self.headers.get_all("set-cookie").iter().filter_map(|v| v.to_str().ok());
        let mut pairs = all.filter_map(|cookie| cookie.split(';').next());
        pairs.find(|pair| pair.split_once('=').is_some_and(|(key, _)| key == name)).map(str::to_owned)
    }

    /// A header as text, empty when it is not there.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default()
    }
}

impl Client {
    /// Reads a path.
    pub async fn get(&self, path: &str) -> Reply {
        self.call(Method::GET, path, &[], Bytes::new()).await
    }

    /// Posts JSON.
    pub async fn post(&self, path: &str, body: &Value) -> Reply {
        let body = Bytes::from(serde_json::to_vec(body).expect("a value can be written"));
        self.call(Method::POST, path, &[("content-type", "application/json")], body).await
    }

    /// Posts bytes under these headers.
    pub async fn post_raw(&self, path: &str, headers: &[(&str, &str)], body: impl Into<Bytes>) -> Reply {
        self.call(Method::POST, path, headers, body.into()).await
    }

    /// Any call.
    pub async fn call(&self, method: Method, path: &str, headers: &[(&str, &str)], body: Bytes) -> Reply {
        let asked = format!("{method} {path}");
        let mut request =
            Request::builder().method(method).uri(path).header("host", self.address.to_string());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(token) = &self.token {
            request = request.header(AUTHORIZATION, format!("Bearer {token}"));
        }
        if let Some(cookie) = &self.cookie {
            request = request.header(COOKIE, cookie);
        }
        let request = request.body(Full::new(body)).expect("the request can be built");
        let stream = TcpStream::connect(self.address).await.expect("the service listens");
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
            .await
            .expect("the service speaks HTTP");
        tokio::spawn(async move { drop(connection.await) });
        let response =
            sender.send_request(request).await.unwrap_or_else(|e| panic!("{asked}: no answer: {e}"));
        let (head, body) = response.into_parts();
        let body = body.collect().await.unwrap_or_else(|e| panic!("{asked}: broken off: {e}")).to_bytes();
        let reply = Reply { status: head.status, headers: head.headers, body, asked };
        reply.must_be_as_described();
        reply
    }
}
