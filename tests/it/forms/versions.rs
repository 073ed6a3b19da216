//! Versions of forms: drafts, publishing, what never changes, who gives way to whom.

use serde_json::json;

use super::{DAILY, Question, SHEET, post, seen, upload, xform};
use crate::support::record::visit_at;
use crate::support::{App, Client, Survey};

async fn world() -> (App, Client) {
    let app = App::new(Survey::with_dwellings(2)).await;
    let root = app.staff("root").await;
    (app, root)
}

/// A household form under an id of its own.
const MAIN: [Question<'_>; 2] = [("door", "string", "case"), ("stayed", "int", "household.n_stayed")];

#[tokio::test]
async fn every_survey_has_the_forms_of_the_program() {
    let (app, _) = world().await;
    let forms = seen(&app.device("ea1").await.client).await;
    let roles: Vec<_> = forms.iter().map(|(id, f)| (id.as_str(), f["role"].as_str().unwrap())).collect();
    let expected = [
        ("census_short", "main"),
        ("door", "visit"),
        ("door_found", "visit"),
        ("door_visit", "visit"),
        ("receipts", "free"),
    ];
    assert_eq!(roles, expected);
    let offered: Vec<&str> =
        forms.iter().filter(|(_, f)| f["collect"] == true).map(|(id, _)| id.as_str()).collect();
    assert_eq!(offered, ["door", "door_found", "receipts"]);
    // Another start of the service changes nothing.
    app.store().number_changes(app.key().await).await.unwrap();
    let before = app.count("select last_seq from feed").await;
    app.shared.ingest.renew_built_in_forms(app.clock.now()).await.unwrap();
    app.store().number_changes(app.key().await).await.unwrap();
    assert_eq!(app.count("select last_seq from feed").await, before);
    assert_eq!(app.count("select count(*) from form_version").await, 5);
}

#[tokio::test]
async fn a_survey_of_an_earlier_program_gets_the_forms_when_the_service_starts() {
    let (app, _) = world().await;
    let client = app.db.client().await;
    client.batch_execute("delete from form_file; delete from form_version; delete from form").await.unwrap();
    assert!(seen(&app.device("ea1").await.client).await.is_empty());
    app.shared.ingest.renew_built_in_forms(app.clock.now()).await.unwrap();
    assert_eq!(seen(&app.device("ea1").await.client).await.len(), 5);
    // One that the survey replaced by its own stays its own.
    let root = app.staff("root").await;
    assert_eq!(upload(&root, "publish=true&collect=false", &xform("door", "mine", &SHEET)).await.status, 201);
    client
        .batch_execute("delete from form_version where form_id = 'door' and version <> 'mine'")
        .await
        .unwrap();
    app.shared.ingest.renew_built_in_forms(app.clock.now()).await.unwrap();
    assert_eq!(seen(&root).await["door"]["version"], "mine");
}

#[tokio::test]
async fn a_draft_is_nobodys_until_it_is_published() {
    let (app, root) = world().await;
    let (phone, office) = (app.device("ea1").await.client, app.staff("sall").await);
    let made = upload(&root, "", &xform("daily", "1", &DAILY)).await;
    assert_eq!(made.status, 201);
    assert_eq!((&made.json()["id"], &made.json()["version"]), (&json!("daily"), &json!("1")));
    for who in [&phone, &office] {
        assert!(!seen(who).await.contains_key("daily"));
        for path in ["/v1/forms/daily", "/v1/forms/daily/1.xml", "/v1/forms/daily/1/model"] {
            who.get(path).await.problem(404, "not-found");
        }
    }
    assert_eq!(seen(&root).await["daily"]["published_at"], json!(null));
    // The next upload of the version takes its place.
    let more = xform("daily", "1", &[DAILY[0]]);
    assert_eq!(upload(&root, "", &more).await.status, 201);
    assert_eq!(upload(&root, "", &more).await.status, 200);
    assert_eq!(app.count("select count(*) from form_version where form_id = 'daily'").await, 1);
    let row = post(&root, "/v1/forms/daily/1/publish").await.ok();
    assert_eq!((&row["version"], &row["is_open"], &row["questions"]), (&json!("1"), &json!(true), &json!(1)));
    let told = phone.get("/v1/forms/daily/1.xml").await;
    assert_eq!((told.status.as_u16(), told.text().matches("<bind").count()), (200, 2));
    post(&root, "/v1/forms/daily/9/publish").await.problem(404, "not-found");
}

#[tokio::test]
async fn a_published_version_never_changes() {
    let (app, root) = world().await;
    let phone = app.device("ea1").await.client;
    let first = xform("daily", "1", &DAILY);
    assert_eq!(upload(&root, "publish=true", &first).await.status, 201);
    let served = phone.get("/v1/forms/daily/1.xml").await;
    assert_eq!(upload(&root, "publish=true", &first).await.status, 200);
    upload(&root, "publish=true", &xform("daily", "1", &[DAILY[0]]))
        .await
        .problem(409, "form-version-exists");
    let second = upload(&root, "publish=true", &xform("daily", "2", &[DAILY[0]])).await;
    assert_eq!(second.json()["changes"], json!([{"path": "/data/remark", "what": "removed"}]));
    assert_eq!(phone.get("/v1/forms/daily/1.xml").await.body, served.body);
    let whole = root.get("/v1/forms/daily").await.ok();
    let versions: Vec<_> =
        whole["versions"].as_array().unwrap().iter().map(|v| v["version"].clone()).collect();
    assert_eq!((&whole["version"], versions), (&json!("2"), vec![json!("2"), json!("1")]));
    let tag = served.header("etag").to_owned();
    assert_eq!(whole["versions"][1]["hash"], format!("md5:{}", tag.trim_matches('"')));
    for known in [tag.clone(), format!("W/{tag}"), format!("\"x\", {tag}"), "*".to_owned()] {
        let headers = [("if-none-match", known.as_str())];
        let again =
            phone.call(http::Method::GET, "/v1/forms/daily/1.xml", &headers, bytes::Bytes::new()).await;
        assert_eq!((again.status.as_u16(), again.body.len()), (304, 0), "{known}");
    }
}

#[tokio::test]
async fn a_form_without_a_version_gets_one_and_is_known_again() {
    let (_app, root) = world().await;
    let form = xform("daily", "", &DAILY);
    let version = async |form: &str| upload(&root, "publish=true", form).await.json()["version"].clone();
    assert_eq!(version(&form).await, "2020111001");
    assert_eq!(upload(&root, "publish=true", &form).await.status, 200);
    assert_eq!(version(&xform("daily", "", &[DAILY[0]])).await, "2020111002");
    let whole = root.get("/v1/forms/daily").await.ok();
    assert_eq!(whole["versions"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn only_administrators_change_forms() {
    let (app, root) = world().await;
    let form = xform("daily", "1", &DAILY);
    assert_eq!(upload(&root, "publish=true", &form).await.status, 201);
    for who in [app.device("ea1").await.client, app.staff("sall").await] {
        upload(&who, "", &form).await.problem(403, "wrong-role");
        for path in ["/v1/forms/daily/close", "/v1/forms/daily/open", "/v1/forms/daily/1/publish"] {
            post(&who, path).await.problem(403, "wrong-role");
        }
    }
    upload(&app.anyone(), "", &form).await.problem(401, "not-signed-in");
    let lines = root.get("/v1/audit?action=change_form").await.ok();
    assert_eq!(lines["items"].as_array().unwrap().len(), 1, "{lines}");
}

#[tokio::test]
async fn what_cannot_be_used_is_told_with_its_places_and_nothing_is_stored() {
    let (app, root) = world().await;
    let bad = xform("x", "1/2", &[("a", "int", "visit.mood"), ("b", "int", "visit.position")]);
    let told = upload(&root, "role=visit", &bad).await.problem(422, "form-faults");
    let places: Vec<_> = told["errors"].as_array().unwrap().iter().map(|e| e["path"].clone()).collect();
    assert!(places.contains(&json!("/data/a")) && places.contains(&json!("/data/b")), "{told}");
    upload(&root, "role=boss", &bad).await.problem(400, "bad-parameter");
    let json = [("content-type", "application/json")];
    root.post_raw("/v1/forms", &json, "{}").await.problem(415, "unsupported-type");
    let large = vec![b' '; (5 << 20) + 1];
    let xml = [("content-type", "text/xml")];
    root.post_raw("/v1/forms", &xml, large).await.problem(413, "body-too-large");
    // A form for Collect names its door.
    let sheet = xform("x", "1", &[SHEET[1]]);
    upload(&root, "role=extra&collect=true", &sheet).await.problem(422, "form-faults");
    assert_eq!(app.count("select count(*) from form where not is_built_in").await, 0);
}

#[tokio::test]
async fn files_come_with_their_form_and_are_served_by_hash() {
    let (app, root) = world().await;
    let phone = app.device("ea1").await.client;
    let part = |name: &str, file: &str, text: &str| {
        format!(
            "--xYz\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"{file}\"\r\n\r\n{text}\r\n"
        )
    };
    let form = xform("daily", "1", &DAILY);
    let headers = [("content-type", "multipart/form-data; boundary=xYz")];
    let send = async |parts: &[String]| {
        let body = format!("{}--xYz--\r\n", parts.concat());
        root.post_raw("/v1/forms?publish=true&role=free", &headers, body).await
    };
    let (main, file) = (part("form", "daily.xml", &form), part("f", "streets.csv", "name,label\n"));
    send(std::slice::from_ref(&file)).await.problem(422, "body-not-valid");
    send(&[main.clone(), file.clone(), file.clone()]).await.problem(422, "form-faults");
    assert_eq!(send(&[main.clone(), file]).await.status, 201);
    let media = &seen(&phone).await["daily"]["media"];
    assert_eq!((&media[0]["name"], &media[0]["length"]), (&json!("streets.csv"), &json!(11)));
    let got = phone.get("/v1/forms/daily/1/media/streets.csv").await;
    assert_eq!((got.text().as_str(), got.header("content-type")), ("name,label\n", "text/csv"));
    assert_eq!(media[0]["hash"], format!("md5:{}", got.header("etag").trim_matches('"')));
    phone.get("/v1/forms/daily/1/media/..%2F1.xml").await.problem(404, "not-found");
    // Another file under the same version is another content.
    let other = part("f", "streets.csv", "name,label\na,b\n");
    send(&[main, other]).await.problem(409, "form-version-exists");
}

#[tokio::test]
async fn the_programs_main_form_gives_way_and_a_second_one_is_refused() {
    let (app, root) = world().await;
    assert_eq!(upload(&root, "publish=true&role=main", &xform("own", "1", &MAIN)).await.status, 201);
    let forms = seen(&root).await;
    assert_eq!((&forms["census_short"]["is_open"], &forms["own"]["collect"]), (&json!(false), &json!(true)));
    assert_eq!((&forms["door"]["collect"], &forms["door_visit"]["collect"]), (&json!(false), &json!(true)));
    upload(&root, "publish=true&role=main", &xform("other", "1", &MAIN)).await.problem(409, "form-in-use");
    post(&root, "/v1/forms/census_short/open").await.problem(409, "form-in-use");
    let refused = post(&root, "/v1/forms/own/close").await.problem(409, "form-in-use");
    assert!(refused["detail_zh"].as_str().unwrap().contains("主表"));
    assert_eq!(post(&root, "/v1/forms/own/close?force=true").await.ok()["is_open"], false);
    assert_eq!(post(&root, "/v1/forms/census_short/open").await.ok()["is_open"], true);
    assert_eq!(seen(&root).await["door"]["collect"], true);
    assert!(!seen(&app.device("ea1").await.client).await.contains_key("own"));
    assert!(seen(&app.staff("sall").await).await.contains_key("own"), "supervisors see closed forms");
}

#[tokio::test]
async fn an_extra_form_keeps_its_bit_for_ever_and_there_are_eight() {
    let (app, root) = world().await;
    for n in 0..8 {
        let form = xform(&format!("sheet{n}"), "1", &SHEET);
        assert_eq!(upload(&root, "publish=true&role=extra", &form).await.status, 201, "{n}");
    }
    assert_eq!(post(&root, "/v1/forms/sheet3/close").await.ok()["is_open"], false);
    let ninth = xform("sheet8", "1", &SHEET);
    upload(&root, "publish=true&role=extra", &ninth).await.problem(409, "form-in-use");
    upload(&root, "publish=true&role=free", &xform("sheet3", "2", &DAILY)).await.problem(409, "form-in-use");
    // A new version, or another draft, takes no further bit.
    let again = xform("sheet5", "2", &[SHEET[0]]);
    assert_eq!(upload(&root, "publish=true", &again).await.status, 201);
    let sql = "select count(distinct place) * 100 + sum(place) from form where role = 'extra'";
    assert_eq!(app.count(sql).await, 800 + 28);
}

#[tokio::test]
async fn what_waited_for_a_form_is_taken_when_it_is_published_or_opened() {
    let (app, root) = world().await;
    let phone = app.device("ea1").await;
    let filled = |version: &str| {
        let id = uuid::Uuid::new_v4();
        let xml = format!(
            "<data id=\"daily\" version=\"{version}\"><knocks>4</knocks><meta><instanceID>uuid:{id}</instanceID></meta></data>"
        );
        json!({"type": "submission", "id": id, "form": {"id": "daily", "version": version}, "xml": xml})
    };
    let standing = "select count(*) from submission where status = 0";
    phone.send(&[filled("1"), visit_at(app.survey.case(0), "no_answer", "2020-11-08T10:00:00+08:00")]).await;
    assert_eq!(app.count(standing).await, 0);
    assert_eq!(upload(&root, "role=free", &xform("daily", "1", &DAILY)).await.status, 201);
    assert_eq!(app.count(standing).await, 0, "a draft frees nothing");
    post(&root, "/v1/forms/daily/1/publish").await.ok();
    assert_eq!(app.count(standing).await, 1);
    post(&root, "/v1/forms/daily/close").await.ok();
    phone.send(&[filled("1")]).await;
    assert_eq!(app.count(standing).await, 1);
    post(&root, "/v1/forms/daily/open").await.ok();
    assert_eq!(app.count(standing).await, 2);
    app.recount().await;
}
