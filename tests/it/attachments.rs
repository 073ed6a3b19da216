//! Pictures: sent in pieces over bad lines, whole or not at all, seen by supervisors of the door and by nobody else.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::Method;
use serde_json::json;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::support::record::with;
use crate::support::survey::B1;
use crate::support::{App, Client, Device, Reply, Survey, id, visit};

/// A picture of so many bytes, as far as its first bytes tell.
fn picture(n: usize) -> Bytes {
    let mut all = vec![0xff, 0xd8, 0xff, 0xe0];
    all.extend((0..n.saturating_sub(4)).map(|i| u8::try_from(i * 7 % 251).unwrap()));
    all.into()
}

fn digest(bytes: &[u8]) -> String {
    format!("sha-256=:{}:", STANDARD.encode(Sha256::digest(bytes)))
}

async fn put(phone: &Device, id: Uuid, headers: &[(&str, &str)], body: Bytes) -> Reply {
    phone.client.call(Method::PUT, &format!("/v1/attachments/{id}"), headers, body).await
}

async fn piece(phone: &Device, id: Uuid, whole: &Bytes, from: usize, to: usize) -> Reply {
    let range = format!("bytes {from}-{}/{}", to - 1, whole.len());
    put(phone, id, &[("content-range", &range)], whole.slice(from..to)).await
}

async fn head(client: &Client, id: Uuid) -> Reply {
    client.call(Method::HEAD, &format!("/v1/attachments/{id}"), &[], Bytes::new()).await
}

async fn world() -> (App, Device, Client) {
    let app = App::with(
        Survey::with_dwellings(2).doors(B1, 1),
        |s| s,
        |shared| {
            let dir = std::env::temp_dir().join(format!(
                "doorknock-test-{}-shelf-{}",
                std::process::id(),
                Uuid::new_v4()
            ));
            shared.shelf = doorknock::shelf::Shelf::directory(dir);
        },
    )
    .await;
    let (phone, staff) = (app.device("ea1").await, app.staff("sa").await);
    (app, phone, staff)
}

#[tokio::test]
async fn a_picture_in_pieces_is_whole_at_the_end_whatever_came_twice() {
    let (app, phone, staff) = world().await;
    let (whole, photo) = (picture(100_000), id());
    assert_eq!(head(&phone.client, photo).await.status, 404);
    assert_eq!(piece(&phone, photo, &whole, 0, 40_000).await.ok()["offset"], 40_000);
    // The answer was lost: the same piece once more, then one that overlaps.
    assert_eq!(piece(&phone, photo, &whole, 0, 40_000).await.ok()["offset"], 40_000);
    let problem = piece(&phone, photo, &whole, 60_000, 80_000).await.problem(409, "wrong-offset");
    assert_eq!(problem["offset"], 40_000);
    let told = head(&phone.client, photo).await;
    assert_eq!(
        (told.header("upload-offset"), told.header("upload-length"), told.header("upload-complete")),
        ("40000", "100000", "?0")
    );
    assert_eq!(piece(&phone, photo, &whole, 30_000, 80_000).await.ok()["offset"], 80_000);
    let range = format!("bytes 80000-99999/{}", whole.len());
    let sum = digest(&whole);
    let last = put(&phone, photo, &[("content-range", &range), ("repr-digest", &sum)], whole.slice(80_000..))
        .await
        .ok();
    assert_eq!((&last["complete"], &last["media_type"]), (&json!(true), &json!("image/jpeg")));
    assert_eq!(head(&phone.client, photo).await.header("upload-complete"), "?1");
    assert_eq!(app.count("select count(*) from attachment_part").await, 0);

    phone.accepted(&[with(visit(app.survey.case(0), "no_answer"), "photo", json!([photo]))]).await;
    let got = staff.get(&format!("/v1/attachments/{photo}")).await;
    assert_eq!((got.status.as_u16(), &got.body), (200, &whole));
}

#[tokio::test]
async fn what_arrived_before_the_line_broke_is_kept() {
    use tokio::io::AsyncWriteExt;
    let (app, phone, _) = world().await;
    let (whole, photo) = (picture(50_000), id());
    let token = phone.client.token.clone().unwrap();
    let mut socket = tokio::net::TcpStream::connect(app.address()).await.unwrap();
    let head_text = format!(
        "PUT /v1/attachments/{photo} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\ncontent-length: 50000\r\n\r\n"
    );
    socket.write_all(head_text.as_bytes()).await.unwrap();
    socket.write_all(&whole[..20_000]).await.unwrap();
    socket.flush().await.unwrap();
    socket.shutdown().await.unwrap();
    drop(socket);
    // The service stores it once it has seen the end of the line.
    let mut offset = 0;
    for _ in 0..200 {
        let told = head(&phone.client, photo).await;
        offset = told.header("upload-offset").parse().unwrap_or_default();
        if offset > 0 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert!((1..=20_000).contains(&offset), "{offset}");
    let done = piece(&phone, photo, &whole, offset, 50_000).await.ok();
    assert_eq!(done["complete"], true);
}

#[tokio::test]
async fn it_is_linked_to_its_visit_also_when_it_comes_first() {
    let (app, phone, staff) = world().await;
    let (first, later, whole) = (id(), id(), picture(2_000));
    put(&phone, first, &[], whole.clone()).await.ok();
    let photo = json!([first, later]);
    phone.accepted(&[with(visit(app.survey.case(0), "no_answer"), "photo", photo.clone())]).await;
    let seen = async || {
        let door = staff.get(&format!("/v1/cases/{}", app.survey.case(0))).await.ok();
        let visit = &door["visits"][0];
        (visit["photo"].clone(), visit["pictures"].as_array().map_or(0, Vec::len))
    };
    assert_eq!(seen().await, (photo.clone(), 1));
    put(&phone, later, &[], whole).await.ok();
    assert_eq!(seen().await, (photo, 2));
}

#[tokio::test]
async fn nothing_but_pictures_is_taken_and_nothing_is_shown_as_a_page() {
    let (app, phone, staff) = world().await;
    for bad in [
        &b"<!doctype html><script>alert(1)</script>"[..],
        b"<svg xmlns='http://www.w3.org/2000/svg'>",
        b"%PDF-1.7 aaaaaaaaaa",
        b"x",
        b"",
    ] {
        put(&phone, id(), &[("content-type", "image/jpeg")], Bytes::copy_from_slice(bad))
            .await
            .problem(415, "unsupported-picture");
    }
    let photo = id();
    put(&phone, photo, &[("content-type", "text/html")], picture(500)).await.ok();
    let got = staff.get(&format!("/v1/attachments/{photo}")).await;
    assert_eq!(got.header("content-type"), "image/jpeg");
    assert!(got.header("content-disposition").starts_with("attachment; filename=\""));
    assert_eq!(got.header("x-content-type-options"), "nosniff");
    assert!(got.header("content-security-policy").contains("sandbox"));
    assert_eq!(app.count("select count(*) from audit where action = 'read_attachment'").await, 1);
}

#[tokio::test]
async fn limits_and_contradictions_are_refused_and_leave_nothing() {
    let (app, phone, _) = world().await;
    let (photo, whole) = (id(), picture(1_000));
    let range = format!("bytes 0-999/{}", 11 << 20);
    put(&phone, photo, &[("content-range", &range)], whole.clone()).await.problem(413, "body-too-large");
    put(&phone, photo, &[("content-range", "bytes 0-9/1000")], whole.clone())
        .await
        .problem(400, "bad-request");
    put(&phone, photo, &[("content-range", "bytes 100-1099/2000")], whole.clone())
        .await
        .problem(409, "wrong-offset");
    put(&phone, photo, &[("content-encoding", "gzip")], whole.clone())
        .await
        .problem(415, "unsupported-encoding");
    put(&phone, photo, &[("repr-digest", &digest(b"x"))], whole.clone())
        .await
        .problem(422, "digest-mismatch");
    assert_eq!(
        app.count("select (select count(*) from attachment) + (select count(*) from attachment_part)").await,
        0
    );
    put(&phone, photo, &[], whole.clone()).await.ok();
    put(&phone, photo, &[], whole).await.ok();
    put(&phone, photo, &[], picture(999)).await.problem(409, "other-content");
    put(&phone, Uuid::nil(), &[], picture(999)).await.problem(404, "not-found");
}

#[tokio::test]
async fn who_has_no_business_with_it_is_told_that_it_does_not_exist() {
    let (app, phone, staff) = world().await;
    let (photo, whole) = (id(), picture(1_000));
    put(&phone, photo, &[], whole.clone()).await.ok();
    phone.accepted(&[with(visit(app.survey.case(0), "no_answer"), "photo", json!([photo]))]).await;
    let path = format!("/v1/attachments/{photo}");
    app.staff("sb").await.get(&path).await.problem(404, "not-found");
    app.staff("sall").await.get(&path).await.ok_bytes();
    app.anyone().get(&path).await.problem(401, "not-signed-in");
    phone.client.get(&path).await.problem(403, "wrong-role");
    let other = app.device("ea2").await;
    assert_eq!(head(&other.client, photo).await.status, 404);
    // The id means nothing to another phone: what it sends under it is a picture of its own.
    assert_eq!(put(&other, photo, &[], picture(700)).await.ok()["length"], 700);
    assert_eq!(staff.get(&path).await.ok_bytes(), whole);
    staff.call(Method::PUT, &path, &[], Bytes::new()).await.problem(403, "wrong-role");
}

#[tokio::test]
async fn a_file_that_was_lost_is_asked_for_again() {
    let (app, phone, staff) = world().await;
    let (photo, whole) = (id(), picture(1_000));
    put(&phone, photo, &[], whole.clone()).await.ok();
    app.shared.shelf.remove(app.key().await, photo).await.unwrap();
    staff.get(&format!("/v1/attachments/{photo}")).await.problem(404, "not-found");
    assert_eq!(head(&phone.client, photo).await.status, 404);
    put(&phone, photo, &[], whole).await.ok();
    assert_eq!(head(&phone.client, photo).await.header("upload-complete"), "?1");
}
