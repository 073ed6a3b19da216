//! What is counted, and who may see it.

use super::*;

#[test]
fn what_is_counted_stands_in_the_text() {
    let metrics = Metrics::new();
    metrics.request_begun();
    metrics.request_ended(&Method::POST, "/v1/batches", 200, Duration::from_millis(7));
    metrics.count_receipts("accepted", 3);
    metrics.observe_step("parse", 0.002);
    metrics.observe_batch(100);
    metrics.recount_difference(0);
    metrics.watch_pool(|| PoolFigures { open: 4, idle: 3, waiting: 0, most: 6 });
    let running = metrics.upload_begun();
    let text = metrics.text();
    for line in [
        "# TYPE doorknock_http_requests_total counter",
        "doorknock_http_requests_total{method=\"POST\",route=\"/v1/batches\",status=\"200\"} 1",
        "doorknock_http_requests_running 0",
        "doorknock_receipts_total{status=\"accepted\"} 3",
        "doorknock_ingest_step_seconds_count{step=\"parse\"} 1",
        "doorknock_batch_records_bucket{le=\"100\"} 1",
        "doorknock_uploads_running 1",
        "doorknock_pool_connections{state=\"idle\"} 3",
        "doorknock_completion_recount_difference 0",
    ] {
        assert!(text.lines().any(|have| have == line), "{line} is not in\n{text}");
    }
    drop(running);
    assert!(metrics.text().contains("doorknock_uploads_running 0"));
}

#[test]
fn an_invented_method_makes_no_label_of_its_own() {
    let metrics = Metrics::new();
    metrics.request_ended(&Method::from_bytes(b"BREW").unwrap(), "unmatched", 405, Duration::ZERO);
    assert!(metrics.text().contains("method=\"other\""));
}

#[test]
fn only_the_machine_itself_sees_them_without_rights() {
    for (peer, open) in [
        ("127.0.0.1", true),
        ("127.8.8.8", true),
        ("::1", true),
        ("::ffff:127.0.0.1", true),
        ("192.168.1.5", false),
        ("2001:db8::1", false),
        ("0.0.0.0", false),
    ] {
        assert_eq!(open_to(peer.parse().unwrap(), &HeaderMap::new()), open, "{peer}");
    }
    let mut headers = HeaderMap::new();
    headers.insert("x-forwarded-for", "203.0.113.9".parse().unwrap());
    assert!(!open_to("127.0.0.1".parse().unwrap(), &headers));
}
