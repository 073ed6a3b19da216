//! The pages of forms: bringing one in, looking at it, publishing, closing, reading answers.

use serde_json::json;

use super::{DAILY, SHEET, seen, xform};
use crate::support::pages::{Pages, field, zipped};
use crate::support::{App, Survey};

/// Sends a form with its role; the answer.
async fn choose(pages: &Pages, form: &str, role: &str) -> crate::support::client::Reply {
    let token = field(&pages.0.get("/forms").await.text(), "csrf");
    let part = |name: &str, text: &str| {
        format!("--x\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{text}\r\n")
    };
    let file = |name: &str, file: &str, text: &str| {
        format!(
            "--x\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"{file}\"\r\n\r\n{text}\r\n"
        )
    };
    // A browser sends an empty part for files that nobody chose.
    let parts =
        [part("csrf", &token), part("role", role), file("form", "daily.xml", form), file("media", "", "")];
    let body = format!("{}--x--\r\n", parts.concat());
    pages.0.post_raw("/forms", &[("content-type", "multipart/form-data; boundary=x")], body).await
}

#[tokio::test]
async fn a_form_is_looked_at_before_it_is_published() {
    let app = App::new(Survey::with_dwellings(2)).await;
    let pages = Pages::of(&app).await;
    let bad = choose(&pages, &xform("daily", "1", &[("a", "int", "visit.mood")]), "").await.text();
    assert!(bad.contains("/data/a: doorknock: there is no binding visit.mood"), "{bad}");
    let taken = choose(&pages, &xform("daily", "1", &DAILY), "free").await;
    assert_eq!((taken.status.as_u16(), taken.header("location")), (303, "/forms/daily/versions/1"));
    let preview = pages.0.get("/forms/daily/versions/1").await.text();
    assert!(
        preview.contains("knocks") && preview.contains("remark") && preview.contains("Publish"),
        "{preview}"
    );
    let phone = app.device("ea1").await.client;
    assert!(!seen(&phone).await.contains_key("daily"));
    let body = format!("csrf={}", field(&preview, "csrf"));
    let head = [("content-type", "application/x-www-form-urlencoded")];
    let done = pages.0.post_raw("/forms/daily/versions/1/publish", &head, body.clone()).await;
    assert_eq!(done.header("location"), "/forms?done=form_published");
    assert!(seen(&phone).await.contains_key("daily"));
    let list = pages.0.get("/forms?done=form_published").await.text();
    assert!(list.contains("The version is published.") && list.contains("/forms/daily/answers"), "{list}");
    pages.0.post_raw("/forms/daily/close", &head, body.clone()).await;
    assert!(!seen(&phone).await.contains_key("daily"));
    pages.0.post_raw("/forms/daily/open", &head, body.clone()).await;
    assert!(seen(&phone).await.contains_key("daily"));
    let kept = pages.0.post_raw("/forms/census_short/close", &head, body).await.text();
    assert!(kept.contains("main form and doors are still open"), "{kept}");
    let again = choose(&pages, &xform("daily", "1", &[DAILY[0]]), "").await.text();
    assert!(again.contains("published version of a form never changes"), "{again}");
}

#[tokio::test]
async fn answers_are_read_as_a_table_and_one_by_one() {
    let app = App::new(Survey::with_dwellings(2)).await;
    let pages = Pages::speaking(&app, "zh").await;
    let root = app.staff("root").await;
    assert_eq!(
        super::upload(&root, "publish=true&role=extra", &xform("lift", "1", &SHEET)).await.status,
        201
    );
    let empty = pages.0.get("/forms/lift/answers").await.text();
    assert!(empty.contains("尚无答案"), "{empty}");
    let (phone, id, case) = (app.device("ea1").await, uuid::Uuid::new_v4(), app.survey.case(1));
    let xml = format!(
        "<data id=\"lift\" version=\"1\"><door>{case}</door><lift>赞成 &lt;b&gt;</lift><meta><instanceID>uuid:{id}</instanceID></meta></data>"
    );
    phone
        .accepted(&[
            json!({"type": "submission", "id": id, "form": {"id": "lift", "version": "1"}, "xml": xml}),
        ])
        .await;
    let table = pages.0.get("/forms/lift/answers").await.text();
    assert!(table.contains("赞成 &#60;b&#62;") || table.contains("赞成 &lt;b&gt;"), "{table}");
    assert!(
        table.contains(&format!("/forms/lift/answers/{id}")) && table.contains(&format!("/cases/{case}"))
    );
    let one = pages.0.get(&format!("/forms/lift/answers/{id}")).await.text();
    assert!(one.contains("赞成") && one.contains("ea1"), "{one}");
    assert_eq!(pages.0.get(&format!("/forms/lift/answers/{}", uuid::Uuid::new_v4())).await.status, 404);
}

#[tokio::test]
async fn the_page_of_set_ups_takes_forms_in_its_archive() {
    let survey = Survey::with_dwellings(2);
    let app = App::new(survey.clone()).await;
    let pages = Pages::of(&app).await;
    let files = survey.files();
    let form = xform("daily", "1", &DAILY).into_bytes();
    let mut all: Vec<(String, &[u8])> =
        files.0.iter().map(|(name, bytes)| (format!("census/{name}"), bytes.as_slice())).collect();
    all.push(("census/forms/daily.xml".to_owned(), &form));
    let named: Vec<(&str, &[u8])> = all.iter().map(|(name, bytes)| (name.as_str(), *bytes)).collect();
    let page = pages.send_files(&[("census.zip", &zipped(&named))]).await;
    assert!(page.contains("Form daily, version 1: new"), "{page}");
    let done = pages.send("/setup/apply", &page, "").await;
    assert!(done.contains("Form daily, version 1: new"), "{done}");
    assert!(seen(&app.device("ea1").await.client).await.contains_key("daily"));
}
