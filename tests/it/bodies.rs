//! Bodies on the wire: packed or not, sized or chunked, and every one that cannot be read answered with a clear problem.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::support::record::{at, visit_at, with};
use crate::support::{App, Device, Reply, Survey, visit};

const JSON: (&str, &str) = ("content-type", "application/json");

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
    packer.write_all(bytes).unwrap();
    packer.finish().unwrap()
}

fn zstd_of(bytes: &[u8]) -> Vec<u8> {
    zstd::bulk::compress(bytes, 3).unwrap()
}

async fn post(phone: &Device, encoding: &str, body: Vec<u8>) -> Reply {
    let headers = [JSON, ("content-encoding", encoding)];
    phone
        .client
        .post_raw("/v1/batches", if encoding.is_empty() { &headers[..1] } else { &headers }, body)
        .await
}

#[tokio::test]
async fn a_body_may_be_packed_with_gzip_or_zstd() {
    let app = App::new(Survey::with_dwellings(1)).await;
    let phone = app.device("ea1").await;
    let case = app.survey.case(0);
    for (i, encoding) in ["gzip", "zstd", "GZIP", "identity", ""].into_iter().enumerate() {
        let day = u32::try_from(i).unwrap() + 2;
        let body = phone.batch(&[visit_at(case, "no_answer", &at(day, "10:00"))]).to_string().into_bytes();
        let packed = match encoding {
            "gzip" | "GZIP" => gzip(&body),
            "zstd" => zstd_of(&body),
            _ => body,
        };
        let answer = post(&phone, encoding, packed).await.ok();
        assert_eq!(answer["receipts"][0]["case"]["visits"], day - 1, "{encoding}");
    }
}

/// One request over a bare connection; the answer's whole text.
async fn raw(app: &App, parts: &[&[u8]]) -> String {
    let mut stream = tokio::net::TcpStream::connect(app.address()).await.unwrap();
    for part in parts {
        stream.write_all(part).await.unwrap();
        stream.flush().await.unwrap();
    }
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn a_body_may_come_in_chunks() {
    let app = App::new(Survey::with_dwellings(1)).await;
    let phone = app.device("ea1").await;
    let body = gzip(phone.batch(&[visit(app.survey.case(0), "no_answer")]).to_string().as_bytes());
    let head = format!(
        "POST /v1/batches HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\n\
         content-encoding: gzip\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n",
        phone.client.token.as_deref().unwrap()
    );
    let mut chunks = Vec::new();
    for piece in body.chunks(50) {
        write!(chunks, "{:x}\r\n", piece.len()).unwrap();
        chunks.extend_from_slice(piece);
        chunks.extend_from_slice(b"\r\n");
    }
    chunks.extend_from_slice(b"0\r\n\r\n");

    let answer = raw(&app, &[head.as_bytes(), &chunks]).await;

    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(answer.contains("\"accepted\":1"), "{answer}");
}

#[tokio::test]
async fn a_body_that_is_no_json_is_refused_with_line_and_column() {
    let app = App::new(Survey::with_dwellings(1)).await;
    let phone = app.device("ea1").await;
    let whole = phone.batch(&[visit(app.survey.case(0), "no_answer")]).to_string();
    let cases: [(&[u8], &str); 8] = [
        (b"", "not-json"),
        (b"{\n \"batch_id\": nope }", "not-json"),
        (&whole.as_bytes()[..whole.len() - 9], "not-json"),
        (b"\xff\xfe\x00", "not-json"),
        (b"{\"a\": NaN}", "not-json"),
        (b"{} trailing", "not-json"),
        (&[b'['; 100_000], "not-json"),
        (b"{\"batch_id\":\"a\xbd\"}", "not-json"),
    ];
    for (body, slug) in cases {
        let problem = post(&phone, "", body.to_vec()).await.problem(400, slug);
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains("line") && detail.contains("column"), "{detail}");
    }
    let second = post(&phone, "", b"{\n \"batch_id\": nope }".to_vec()).await.json();
    assert!(second["detail"].as_str().unwrap().contains("line 2"), "{second}");
}

#[tokio::test]
async fn json_that_is_no_batch_is_refused_with_pointers_to_every_fault() {
    let app = App::new(Survey::with_dwellings(1)).await;
    let phone = app.device("ea1").await;
    let pointers = |problem: &Value| -> Vec<String> {
        let errors = problem["errors"].as_array().unwrap();
        errors.iter().map(|e| e["pointer"].as_str().unwrap().to_owned()).collect()
    };
    let empty = phone.client.post("/v1/batches", &json!({})).await.problem(422, "body-not-valid");
    for part in ["/batch_id", "/survey", "/device_id", "/sent_at", "/records"] {
        assert!(pointers(&empty).iter().any(|p| p == part), "{part} in {empty}");
    }
    for body in [json!([]), json!(7), json!("batch"), json!(null)] {
        phone.client.post("/v1/batches", &body).await.problem(422, "body-not-valid");
    }
    let good = phone.batch(&[]);
    for (field, value) in [
        ("batch_id", json!("00000000-0000-0000-0000-000000000000")),
        ("batch_id", json!("12")),
        ("sent_at", json!("today")),
        ("waiting", json!(-1)),
        ("records", json!({})),
    ] {
        let problem = phone.post(&with(good.clone(), field, value)).await.problem(422, "body-not-valid");
        assert_eq!(pointers(&problem), [format!("/{field}")]);
    }
}

#[tokio::test]
async fn a_key_given_twice_in_the_document_is_refused() {
    let app = App::new(Survey::with_dwellings(1)).await;
    let phone = app.device("ea1").await;
    let text = phone.batch(&[]).to_string().replacen('{', "{\"records\":[],", 1);
    let problem = post(&phone, "", text.into_bytes()).await.problem(422, "body-not-valid");
    assert_eq!(problem["errors"][0]["pointer"], "/records");
}

#[tokio::test]
async fn unknown_types_and_encodings_are_named_as_such() {
    let app = App::new(Survey::with_dwellings(1)).await;
    let phone = app.device("ea1").await;
    let body = phone.batch(&[]).to_string();
    for headers in [&[("content-type", "text/plain")][..], &[]] {
        phone.client.post_raw("/v1/batches", headers, body.clone()).await.problem(415, "unsupported-type");
    }
    let charset = [("content-type", "application/json; charset=utf-8")];
    phone.client.post_raw("/v1/batches", &charset, body.clone()).await.ok();
    let reply = post(&phone, "br", body.clone().into_bytes()).await;
    reply.problem(415, "unsupported-encoding");
    assert!(reply.header("accept-encoding").contains("zstd"));
    for encoding in ["gzip", "zstd"] {
        post(&phone, encoding, b"not packed at all".to_vec()).await.problem(400, "not-unpacked");
        let mut cut = if encoding == "gzip" { gzip(body.as_bytes()) } else { zstd_of(body.as_bytes()) };
        cut.truncate(cut.len() / 2);
        let reply = post(&phone, encoding, cut).await;
        assert_eq!(reply.status, 400, "{}", reply.text());
    }
}

#[tokio::test]
async fn five_thousand_records_fit_and_one_more_does_not() {
    let app = App::new(Survey::with_dwellings(1)).await;
    let phone = app.device("ea1").await;
    let records: Vec<Value> = (0..5001).map(|_| json!({"type": "none"})).collect();

    let fit = post(&phone, "gzip", gzip(phone.batch(&records[..5000]).to_string().as_bytes())).await.ok();
    assert_eq!(fit["counts"]["refused"], 5000);
    phone.post(&phone.batch(&records)).await.problem(413, "too-many-records");
}

#[tokio::test]
async fn sixteen_mebibytes_are_the_limit_also_of_what_unpacks() {
    let app = App::new(Survey::with_dwellings(1)).await;
    let phone = app.device("ea1").await;
    let mut body = phone.batch(&[]).to_string().into_bytes();
    body.resize(16 << 20, b' ');
    post(&phone, "gzip", gzip(&body)).await.ok();
    body.push(b' ');
    for packed in [("gzip", gzip(&body)), ("zstd", zstd_of(&body))] {
        post(&phone, packed.0, packed.1).await.problem(413, "body-too-large");
    }
    assert_eq!(app.count("select count(*) from batch").await, 1);
}

#[tokio::test]
async fn the_token_is_asked_for_before_the_body_is_read() {
    let app = App::new(Survey::with_dwellings(1)).await;
    let head = b"POST /v1/batches HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 9999999\r\n\
        connection: close\r\n\r\n";
    let answer = raw(&app, &[head]).await;
    assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
}

#[tokio::test]
async fn head_answers_like_get_and_foreign_methods_and_origins_are_turned_away() {
    let app = App::new(Survey::with_dwellings(1)).await;
    let client = app.staff("sa").await;
    let head = client.call(http::Method::HEAD, "/v1/cases", &[], bytes::Bytes::new()).await;
    assert_eq!((head.status.as_u16(), head.body.len()), (200, 0));
    assert_eq!(head.header("content-length"), client.get("/v1/cases").await.body.len().to_string());
    for (method, path, allow) in
        [("DELETE", "/v1/cases", "GET"), ("GET", "/v1/batches", "POST"), ("OPTIONS", "/v1/batches", "POST")]
    {
        let headers = [("origin", "https://elsewhere.example"), ("access-control-request-method", "POST")];
        let reply = client.call(method.parse().unwrap(), path, &headers, bytes::Bytes::new()).await;
        reply.problem(405, "method-not-allowed");
        assert!(reply.header("allow").contains(allow), "{method} {path}: {}", reply.header("allow"));
        assert_eq!(reply.header("access-control-allow-origin"), "");
    }
    for path in ["/v1/nothing", "/v1/cases/", "/v1/../etc/passwd", "/v1/cases/%2e%2e"] {
        client.get(path).await.problem(404, "not-found");
    }
    for path in ["/healthz", "/v1/cases", "/v1/nothing"] {
        let reply = client.get(path).await;
        assert_eq!(reply.header("cache-control"), "no-store", "{path}");
        assert_eq!(reply.header("x-content-type-options"), "nosniff", "{path}");
    }
}

#[tokio::test]
async fn every_problem_has_a_page_of_its_own() {
    let app = App::new(Survey::with_dwellings(1)).await;
    for kind in doorknock::net::kind::ALL {
        let reply = app.anyone().get(&format!("/problems/{}", kind.slug)).await;
        assert_eq!(reply.status, 200, "{}", kind.slug);
        assert!(reply.text().contains(kind.title) && reply.text().contains(kind.title_zh), "{}", kind.slug);
    }
    app.anyone().get("/problems/no-such").await.problem(404, "not-found");
}

#[tokio::test]
async fn the_code_tables_are_open_and_bilingual() {
    let app = App::new(Survey::with_dwellings(1)).await;
    let codes = app.anyone().get("/v1/codes").await.ok();
    let tables = codes["tables"].as_array().unwrap();
    for table in tables {
        for code in table["codes"].as_array().unwrap() {
            for part in ["slug", "en", "zh"] {
                assert!(
                    code[part].as_str().is_some_and(|t| !t.is_empty()),
                    "{part} of {code} in {}",
                    table["name"]
                );
            }
        }
    }
    let outcomes = tables.iter().find(|t| t["name"] == "outcome").unwrap()["codes"].as_array().unwrap();
    assert_eq!(outcomes.len(), doorknock::domain::Outcome::ALL.len());
    assert!(outcomes.iter().all(|o| o["class"].is_string() && o["aapor"].is_string()));
}
