//! Bodies of every make: packed, broken, slow, too large.

use std::io::Write;

use futures_util::stream;
use proptest::prelude::*;
use tokio::sync::watch;

use super::*;
use crate::net::limit::Turns;
use crate::net::request::tests::request;

fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    packer.write_all(plain).unwrap();
    packer.finish().unwrap()
}

fn zstd(plain: &[u8]) -> Vec<u8> {
    zstd::encode_all(plain, 3).unwrap()
}

async fn sent(encoding: &str, bytes: Vec<u8>, limit: usize) -> Result<Bytes, &'static str> {
    let mut it = request(&[("content-type", "application/json"), ("content-encoding", encoding)]);
    it.body = bytes.into();
    read_json(&mut it, limit).await.map_err(|problem| problem.kind.slug)
}

#[tokio::test]
async fn a_body_comes_out_as_it_was_however_packed() {
    let plain = "[\"李秀英\", 1]".repeat(9_000).into_bytes();
    for (encoding, bytes) in [("identity", plain.clone()), ("gzip", gzip(&plain)), ("zstd", zstd(&plain))] {
        assert_eq!(sent(encoding, bytes, BATCH_LIMIT).await.unwrap(), plain, "{encoding}");
    }
    let two = [gzip(b"[1,"), gzip(b"2]")].concat();
    assert_eq!(sent("gzip", two, 100).await.unwrap(), "[1,2]");
}

#[tokio::test]
async fn the_limit_holds_to_the_byte_sent_and_unpacked() {
    let plain = vec![b' '; 1_000];
    for (encoding, bytes) in [("identity", plain.clone()), ("gzip", gzip(&plain)), ("zstd", zstd(&plain))] {
        assert!(sent(encoding, bytes.clone(), 1_000).await.is_ok(), "{encoding}");
        assert_eq!(sent(encoding, bytes, 999).await, Err("body-too-large"), "{encoding}");
    }
}

#[tokio::test]
async fn a_bomb_is_stopped_at_the_limit() {
    for (encoding, bytes) in [("gzip", gzip(&vec![0; 64 << 20])), ("zstd", zstd(&vec![0; 64 << 20]))] {
        assert!(bytes.len() < 128 << 10, "{encoding}");
        assert_eq!(sent(encoding, bytes, 1 << 20).await, Err("body-too-large"), "{encoding}");
    }
}

#[tokio::test]
async fn what_is_damaged_or_mislabelled_is_a_400() {
    let (packed, other) = (gzip(&[b'x'; 500]), zstd(&[b'x'; 500]));
    for (encoding, bytes) in [
        ("gzip", packed[..packed.len() - 12].to_vec()),
        ("gzip", packed[..packed.len() - 4].to_vec()),
        ("gzip", b"[1]".to_vec()),
        ("gzip", other.clone()),
        ("zstd", other[..other.len() - 3].to_vec()),
        ("zstd", [b"\x28\xb5\x2f\xfd".to_vec(), vec![7; 64]].concat()),
        ("zstd", packed),
    ] {
        assert_eq!(sent(encoding, bytes, 1_000).await, Err("not-unpacked"), "{encoding}");
    }
}

#[tokio::test]
async fn other_types_and_packings_are_415() {
    for encoding in ["br", "deflate", "gzip, zstd", "snappy"] {
        assert_eq!(sent(encoding, b"[]".to_vec(), 10).await, Err("unsupported-encoding"), "{encoding}");
    }
    for (content_type, fits) in [
        ("application/json", true),
        ("Application/JSON; charset=UTF-8", true),
        ("application/json;charset=\"utf-8\"", true),
        ("application/json; charset=gbk", false),
        ("application/jsonp", false),
        ("text/plain", false),
        ("", false),
    ] {
        let it = request(&[("content-type", content_type)]);
        assert_eq!(need_json(&it.headers).is_ok(), fits, "{content_type}");
    }
    assert!(need_json(&request(&[]).headers).is_err());
}

#[tokio::test]
async fn a_length_over_the_limit_is_refused_before_reading() {
    let mut it = request(&[("content-type", "application/json"), ("content-length", "11")]);
    it.body = Body::new(stream::pending::<Result<Bytes, CutShort>>());
    assert_eq!(read_json(&mut it, 10).await.unwrap_err().kind, &kind::BODY_TOO_LARGE);
}

#[tokio::test]
async fn a_broken_connection_is_told_apart_from_the_end() {
    let mut it = request(&[("content-type", "application/json")]);
    it.body = Body::new(stream::iter([Ok(Bytes::from_static(b"[1,")), Err("reset")]));
    assert_eq!(read_json(&mut it, 10).await.unwrap_err().kind, &kind::BODY_CUT_SHORT);
}

fn drops(every: Duration, size: usize) -> Body {
    Body::new(Box::pin(stream::unfold((), move |()| async move {
        tokio::time::sleep(every).await;
        Some((Ok::<_, CutShort>(Bytes::from(vec![b' '; size])), ()))
    })))
}

#[tokio::test(start_paused = true)]
async fn a_trickle_is_cut_after_ten_seconds_and_a_slow_line_is_not() {
    let mut it = known().await;
    it.body = drops(Duration::from_millis(500), 100);
    let begun = Instant::now();
    assert_eq!(read_json(&mut it, 1 << 20).await.unwrap_err().kind, &kind::TOO_SLOW);
    assert_eq!(begun.elapsed().as_secs(), 10);
    it.body = drops(Duration::from_millis(900), 1_024);
    assert_eq!(read_json(&mut it, 100 << 10).await.unwrap_err().kind, &kind::BODY_TOO_LARGE);
    assert!(begun.elapsed().as_secs() > 90);
}

/// A request whose token was looked at.
async fn known() -> Request {
    let it = request(&[("content-type", "application/json")]);
    it.turn.set(Turns::of(1).wait([0; 32]).await).unwrap();
    it
}

#[tokio::test(start_paused = true)]
async fn somebody_without_a_token_has_half_a_minute() {
    let mut it = request(&[("content-type", "application/json")]);
    it.body = drops(Duration::from_millis(900), 1_024);
    let begun = Instant::now();
    assert_eq!(read_json(&mut it, 1 << 20).await.unwrap_err().kind, &kind::TOO_SLOW);
    assert_eq!(begun.elapsed().as_secs(), 30);
}

#[tokio::test(start_paused = true)]
async fn silence_after_a_good_start_is_cut_too() {
    let mut it = request(&[("content-type", "application/json")]);
    let start = stream::iter([Ok::<_, CutShort>(Bytes::from(vec![b' '; 500_000]))]);
    it.body = Body::new(start.chain(stream::pending()));
    let begun = Instant::now();
    assert_eq!(read_json(&mut it, 1 << 20).await.unwrap_err().kind, &kind::TOO_SLOW);
    assert_eq!(begun.elapsed().as_secs(), 20);
}

#[tokio::test(start_paused = true)]
async fn a_half_sent_body_does_not_hold_the_stop() {
    let (sender, receiver) = watch::channel(false);
    let mut it = request(&[("content-type", "application/json")]);
    it.connection.stop = Stop::new(receiver);
    it.body = Body::new(stream::pending::<Result<Bytes, CutShort>>());
    sender.send(true).unwrap();
    let begun = Instant::now();
    assert_eq!(read_json(&mut it, 10).await.unwrap_err().kind, &kind::STOPPING);
    assert_eq!(begun.elapsed().as_secs(), 2);
}

proptest! {
    #[test]
    fn no_bytes_make_the_unpackers_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), magic in 0..3_usize) {
        let head: &[u8] = [&b""[..], b"\x1f\x8b\x08\x00", b"\x28\xb5\x2f\xfd"][magic];
        let all = [head, &bytes].concat();
        for packing in [Packing::Gzip, Packing::Zstd] {
            if let Ok(plain) = unpacked(&all, packing, 1_000) {
                prop_assert!(plain.len() <= 1_000);
            }
        }
    }
}
