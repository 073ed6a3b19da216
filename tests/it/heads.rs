//! Heads that nobody sends by accident, over a bare connection: each is answered with a status, none is served twice, and the
//! service goes on.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{App, Survey};

/// What comes back for these bytes until the service closes; the writing side is closed after them.
async fn answer(app: &App, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(app.address()).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    stream.shutdown().await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

fn status(answer: &str) -> &str {
    answer.split(' ').nth(1).unwrap_or("none")
}

#[tokio::test]
async fn a_target_without_a_path_is_refused_and_an_address_of_the_web_is_served() {
    let app = App::new(Survey::with_dwellings(1)).await;
    for (line, want) in [
        ("CONNECT elsewhere.example:443", "405"),
        ("OPTIONS *", "405"),
        ("GET *", "400"),
        ("GET elsewhere.example:443", "400"),
        ("POST elsewhere.example", "400"),
        ("GET ftp://x/healthz", "400"),
        ("GET http://x/healthz", "200"),
        ("GET http://x", "303"),
        ("GET healthz", "400"),
        ("GET ", "400"),
        ("BREW /healthz", "405"),
        ("get /healthz", "405"),
        ("TRACE /healthz", "405"),
        ("CONNECT /healthz", "405"),
    ] {
        let told = answer(&app, format!("{line} HTTP/1.1\r\nhost: x\r\n\r\n").as_bytes()).await;
        assert_eq!(status(&told), want, "{line}: {told}");
        if want == "405" {
            assert!(told.to_ascii_lowercase().contains("\r\nallow: get"), "{line}: {told}");
        }
    }
    app.anyone().get("/healthz").await.ok();
}

#[tokio::test]
async fn a_request_that_could_be_meant_for_two_hosts_is_refused_and_the_connection_closed() {
    let app = App::new(Survey::with_dwellings(1)).await;
    let next = "GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n";
    for (hosts, want) in [
        ("", "400"),
        ("host: a\r\nhost: b\r\n", "400"),
        ("host: x\r\nHost: x\r\n", "400"),
        ("host: \r\n", "400"),
        ("host: a b\r\n", "400"),
        ("host: a,b\r\n", "400"),
        ("host: user@x\r\n", "400"),
        ("host: [::1]:8080\r\n", "200"),
    ] {
        let told = answer(&app, format!("GET /healthz HTTP/1.1\r\n{hosts}\r\n{next}").as_bytes()).await;
        assert_eq!(status(&told), want, "{hosts:?}: {told}");
        let answers = told.matches("HTTP/1.1 ").count();
        assert_eq!(answers, if want == "200" { 2 } else { 1 }, "{hosts:?}: {told}");
        if want == "400" {
            assert!(told.contains("/problems/bad-request") && told.contains("one Host header"), "{told}");
        }
    }
    let old = answer(&app, b"GET /healthz HTTP/1.0\r\n\r\n").await;
    assert_eq!(status(&old), "200", "{old}");
}

/// Two readers of such a request, a proxy and we, could disagree where it ends.
#[tokio::test]
async fn a_request_that_could_end_in_two_places_serves_no_second_one() {
    let app = App::new(Survey::with_dwellings(1)).await;
    let hidden = "GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n";
    let length = hidden.len();
    for (name, head, body) in [
        ("two lengths", format!("content-length: 0\r\ncontent-length: {length}\r\n"), hidden.to_owned()),
        ("a list of lengths", format!("content-length: 0, {length}\r\n"), hidden.to_owned()),
        ("no number", "content-length: +5\r\n".to_owned(), hidden.to_owned()),
        (
            "chunks and a length",
            format!("content-length: {length}\r\ntransfer-encoding: chunked\r\n"),
            format!("0\r\n\r\n{hidden}"),
        ),
        (
            "a length and chunks",
            format!("transfer-encoding: chunked\r\ncontent-length: {length}\r\n"),
            format!("0\r\n\r\n{hidden}"),
        ),
        (
            "chunks inside",
            "transfer-encoding: chunked, identity\r\n".to_owned(),
            format!("0\r\n\r\n{hidden}"),
        ),
        ("unknown coding", "transfer-encoding: xchunked\r\n".to_owned(), format!("0\r\n\r\n{hidden}")),
        ("folded line", "x-a: 1\r\n content-length: 3\r\n".to_owned(), hidden.to_owned()),
        ("space before the colon", "content-length : 3\r\n".to_owned(), hidden.to_owned()),
        ("NUL in a value", "x-a: a\0b\r\n".to_owned(), hidden.to_owned()),
        ("NUL in a name", "x\0a: b\r\n".to_owned(), hidden.to_owned()),
        ("bare CR", "x-a: a\rb\r\n".to_owned(), hidden.to_owned()),
    ] {
        let asked = format!(
            "POST /v1/login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n{head}\r\n{body}"
        );
        let told = answer(&app, asked.as_bytes()).await;
        assert!(status(&told).starts_with('4'), "{name}: {told}");
        assert!(!told.contains("\"status\":\"up\""), "{name}: a second request was served: {told}");
    }
    app.anyone().get("/healthz").await.ok();
}

#[tokio::test]
async fn heads_without_measure_are_refused() {
    let app = App::new(Survey::with_dwellings(1)).await;
    let many: String = "x-a: 1\r\n".repeat(150);
    for (name, head) in [
        ("long target", format!("GET /{} HTTP/1.1\r\nhost: x\r\n\r\n", "a".repeat(70_000))),
        ("long header", format!("GET / HTTP/1.1\r\nhost: x\r\nx-a: {}\r\n\r\n", "a".repeat(70_000))),
        ("long method", format!("{} / HTTP/1.1\r\nhost: x\r\n\r\n", "A".repeat(70_000))),
        ("many headers", format!("GET / HTTP/1.1\r\nhost: x\r\n{many}\r\n")),
        ("no version", "GET /healthz\r\n\r\n".to_owned()),
        ("version 2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned()),
        ("version 3", "GET / HTTP/3.0\r\nhost: x\r\n\r\n".to_owned()),
        ("garbage", "\x16\x03\x01\x02\r\n\r\n".to_owned()),
    ] {
        let told = answer(&app, head.as_bytes()).await;
        assert!(matches!(status(&told), "none") || status(&told).starts_with('4'), "{name}: {told}");
    }
    let target =
        answer(&app, format!("GET /{} HTTP/1.1\r\nhost: x\r\n\r\n", "a".repeat(60_000)).as_bytes()).await;
    assert_eq!(status(&target), "404");
    app.anyone().get("/healthz").await.ok();
}
