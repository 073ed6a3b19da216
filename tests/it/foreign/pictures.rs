//! Pictures: an id that somebody else has used means, to everybody else, the own picture.

use http::Method;
use serde_json::json;

use super::world::{picture, put, world};
use crate::support::record::with;
use crate::support::{id, visit};

#[tokio::test]
async fn naming_a_foreign_picture_lets_nobody_see_it() {
    let w = world().await;
    let staff = w.app.staff("sa").await;
    let path = format!("/v1/attachments/{}", w.photo);

    w.phone.accepted(&[with(visit(w.own_case, "no_answer"), "photo", json!([w.photo]))]).await;

    staff.get(&path).await.problem(404, "not-found");
    let door = staff.get(&format!("/v1/cases/{}", w.own_case)).await.ok();
    assert_eq!(door["visits"][0].get("pictures"), None, "its size and kind are not told either: {door}");
    w.must_be_untouched().await;
}

#[tokio::test]
async fn a_name_given_elsewhere_hides_no_picture_from_those_who_may_see_it() {
    let w = world().await;
    let (photo, whole) = (id(), picture(900, 3));
    put(&w.theirs, photo, &[], whole.clone()).await.ok();
    w.phone.accepted(&[with(visit(w.own_case, "no_answer"), "photo", json!([photo]))]).await;
    // No visit of theirs names it yet: it belongs to the area of who sent it.
    let path = format!("/v1/attachments/{photo}");
    assert_eq!(w.office.get(&path).await.ok_bytes(), whole);
    w.app.staff("sa").await.get(&path).await.problem(404, "not-found");
}

#[tokio::test]
async fn a_picture_under_a_foreign_id_is_taken_like_any_other() {
    let w = world().await;
    let (staff, whole) = (w.app.staff("sa").await, picture(2_500, 9));
    let mut answers = Vec::new();
    for photo in [w.photo, w.upload, id()] {
        let mut told = Vec::new();
        let head = async || {
            let path = format!("/v1/attachments/{photo}");
            let reply = w.phone.client.call(Method::HEAD, &path, &[], bytes::Bytes::new()).await;
            (reply.status.as_u16(), reply.header("upload-offset").to_owned())
        };
        told.push(format!("{:?}", head().await));
        let late = [("content-range", "bytes 1000-2499/2500")];
        let early = put(&w.phone, photo, &late, whole.slice(1_000..)).await;
        told.push(early.problem(409, "wrong-offset")["offset"].to_string());
        let first = [("content-range", "bytes 0-999/2500")];
        told.push(put(&w.phone, photo, &first, whole.slice(..1_000)).await.text());
        told.push(format!("{:?}", head().await));
        told.push(put(&w.phone, photo, &late, whole.slice(1_000..)).await.text());
        // The own supervisor sees it, before and after a visit names it.
        let path = format!("/v1/attachments/{photo}");
        assert_eq!(staff.get(&path).await.ok_bytes(), whole);
        let case = w.app.survey.case(answers.len());
        w.phone.accepted(&[with(visit(case, "no_answer"), "photo", json!([photo]))]).await;
        assert_eq!(staff.get(&path).await.ok_bytes(), whole);
        let door = staff.get(&format!("/v1/cases/{case}")).await.ok();
        told.push(door["visits"][0]["pictures"].to_string());
        answers.push(told.join("\n").replace(&photo.to_string(), "~"));
    }
    assert_eq!(answers[0], answers[2]);
    assert_eq!(answers[1], answers[2]);
    w.must_be_untouched().await;
}
