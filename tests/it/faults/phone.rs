//! A phone on a bad line: asks again until it has read an answer.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http::header::AUTHORIZATION;
use http_body_util::{BodyExt, Full};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use uuid::Uuid;

use crate::support::Device;

/// A phone as the faults use it.
#[derive(Clone, Debug)]
pub struct Phone {
    /// Where the service listens.
    pub address: SocketAddr,
    /// Its token.
    pub token: String,
    /// Its id.
    pub device: Uuid,
    /// Its survey.
    pub survey: String,
}

impl From<&Device> for Phone {
    fn from(device: &Device) -> Self {
        Self {
            address: device.client.address,
            token: device.client.token.clone().expect("a device has a token"),
            device: device.id,
            survey: device.survey.clone(),
        }
    }
}

/// A batch of visits to these doors, ids made here.
pub fn batch(phone: &Phone, cases: &[Uuid]) -> (Value, Vec<Uuid>) {
    let ids: Vec<Uuid> = cases.iter().map(|_| Uuid::now_v7()).collect();
    let records: Vec<Value> = ids
        .iter()
        .zip(cases)
        .map(|(id, case)| {
            let at = format!(
                "2020-11-09T{:02}:{:02}:00+08:00",
                9 + id.as_bytes()[15] % 12,
                id.as_bytes()[14] % 60
            );
            json!({"type": "visit", "id": id, "case_id": case, "at": at, "outcome": "no_answer"})
        })
        .collect();
    let batch = json!({"batch_id": Uuid::now_v7(), "survey": phone.survey, "device_id": phone.device,
        "sent_at": "2020-11-10T12:00:00+08:00", "records": records});
    (batch, ids)
}

impl Phone {
    /// One try: status and document, or nothing where the line broke.
    pub async fn call(&self, method: &str, path: &str, body: Option<&Value>) -> Option<(u16, Value)> {
        tokio::time::timeout(Duration::from_secs(30), self.try_call(method, path, body)).await.ok()?
    }

    async fn try_call(&self, method: &str, path: &str, body: Option<&Value>) -> Option<(u16, Value)> {
        let stream = TcpStream::connect(self.address).await.ok()?;
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.ok()?;
        let driver = tokio::spawn(async move { drop(connection.await) });
        let bytes =
            body.map_or_else(Bytes::new, |b| serde_json::to_vec(b).expect("a value can be written").into());
        let request = http::Request::builder()
            .method(method)
            .uri(path)
            .header("host", self.address.to_string())
            .header(AUTHORIZATION, format!("Bearer {}", self.token))
            .header("content-type", "application/json")
            .body(Full::new(bytes))
            .expect("the request can be built");
        let answer = sender.send_request(request).await.ok()?;
        let status = answer.status().as_u16();
        let whole = answer.into_body().collect().await.ok()?.to_bytes();
        driver.abort();
        Some((status, serde_json::from_slice(&whole).unwrap_or(Value::Null)))
    }

    /// Sends a batch until a 200 has been read, as a phone does; anything that a phone would not repeat is a failure.
    pub async fn deliver(&self, batch: &Value) -> Value {
        for _ in 0..600 {
            match self.call("POST", "/v1/batches", Some(batch)).await {
                Some((200, answer)) => return answer,
                Some((status, answer)) => {
                    assert!(matches!(status, 429 | 500..=599), "{status}: {answer}");
                    assert_ne!(status, 500, "{answer}");
                }
                None => {}
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("the batch was not taken within 600 tries");
    }

    /// The bytes of a delivery, `part` of them from 0 to 1.
    pub fn request(&self, batch: &Value, part: f64) -> Vec<u8> {
        let body = serde_json::to_vec(batch).expect("a value can be written");
        let head = format!(
            "POST /v1/batches HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\n\
             content-length: {}\r\n\r\n",
            self.token,
            body.len()
        );
        let mut all = head.into_bytes();
        all.extend(&body);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "a share of a short text"
        )]
        let cut = (all.len() as f64 * part) as usize;
        all.truncate(cut);
        all
    }

    /// Sends the beginning of a request and hangs up: `part` from 0 to 1 of its bytes; with 1 everything but the reading.
    pub async fn hang_up(&self, batch: &Value, part: f64) {
        let Ok(mut socket) = TcpStream::connect(self.address).await else { return };
        drop(socket.write_all(&self.request(batch, part)).await);
        drop(socket.flush().await);
    }
}
