//! Answers out: one row for each submission in force, the same answers in every shape, nothing that a spreadsheet would run.

use std::io::Read;

use serde_json::{Value, json};
use uuid::Uuid;

use super::{upload, xform};
use crate::support::picture::Picture;
use crate::support::survey::{A, A1, B1};
use crate::support::{App, Client, Device, Survey};

/// A sheet with a group, several answers to one question, a number and a repeat.
fn sheet() -> String {
    let nodes = "<door/><home><needs/><rooms/></home><remark/><child><nick/><age/></child>";
    let choice = |name: &str, zh: &str| format!("<item><label>{zh}</label><value>{name}</value></item>");
    let plain = xform("needs", "1", &[]);
    plain
        .replace("<data id=\"needs\" version=\"1\">", &format!("<data id=\"needs\" version=\"1\">{nodes}"))
        .replace(
            "<bind nodeset=\"/data/meta",
            "<bind nodeset=\"/data/door\" type=\"string\" dk:field=\"case\"/><bind nodeset=\"/data/home/needs\" type=\"string\"/>\
             <bind nodeset=\"/data/home/rooms\" type=\"int\"/><bind nodeset=\"/data/remark\" type=\"string\"/>\
             <bind nodeset=\"/data/child/nick\" type=\"string\"/><bind nodeset=\"/data/child/age\" type=\"int\"/><bind nodeset=\"/data/meta",
        )
        .replace(
            "<h:body>",
            &format!(
                "<h:body><input ref=\"/data/door\"><label>门户</label></input><group ref=\"/data/home\"><label>住房</label>\
                 <select ref=\"/data/home/needs\"><label>需求</label>{}{}{}</select>\
                 <input ref=\"/data/home/rooms\"><label>间数</label></input></group>\
                 <input ref=\"/data/remark\"><label>备注</label></input><group ref=\"/data/child\"><label>儿童</label>\
                 <repeat nodeset=\"/data/child\"><input ref=\"/data/child/nick\"><label>小名</label></input>\
                 <input ref=\"/data/child/age\"><label>年龄</label></input></repeat></group>",
                choice("lift", "电梯"),
                choice("park", "停车"),
                choice("care", "养老")
            ),
        )
}

/// A filled-in sheet; `replaces` is the instance it corrects.
fn filled(case: Uuid, id: Uuid, rooms: &str, remark: &str, replaces: Option<Uuid>) -> Value {
    let replaces = replaces.map_or_else(String::new, |id| format!("<deprecatedID>uuid:{id}</deprecatedID>"));
    let xml = format!(
        "<data id=\"needs\" version=\"1\"><door>{case}</door><home><needs>lift park</needs><rooms>{rooms}</rooms></home>\
         <remark>{remark}</remark><child><nick>a,b</nick><age>4</age></child><child><nick>丙</nick><age>7</age></child>\
         <meta><instanceID>uuid:{id}</instanceID>{replaces}</meta></data>"
    );
    json!({"type": "submission", "id": id, "form": {"id": "needs", "version": "1"}, "xml": xml})
}

struct World {
    app: App,
    phone: Device,
    office: Client,
    id: Uuid,
}

async fn world() -> World {
    let app = App::new(Survey::with_dwellings(3).doors(B1, 1)).await;
    let root = app.staff("root").await;
    assert_eq!(upload(&root, "publish=true&role=extra", &sheet()).await.status, 201);
    let (phone, office, id) = (app.device("ea1").await, app.staff("sall").await, Uuid::new_v4());
    phone.accepted(&[filled(app.survey.case(0), id, "-3", "=1+1", None)]).await;
    World { app, phone, office, id }
}

/// The lines of a table without the byte order mark, by cells.
async fn table(who: &Client, path: &str) -> Vec<Vec<String>> {
    let text = who.get(&format!("/v1/export/forms/{path}")).await.ok_bytes();
    let text = text.strip_prefix("\u{feff}".as_bytes()).expect("a byte order mark");
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text);
    reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect()
}

#[tokio::test]
async fn a_row_has_its_door_and_its_answers_by_path() {
    let w = world().await;
    let all = table(&w.office, "needs.csv").await;
    let head = "KEY revision version case_id area building unit room enumerator started ended received status \
                home/needs home/rooms remark";
    assert_eq!(all[0], head.split_whitespace().collect::<Vec<_>>());
    let row = &all[1];
    assert_eq!(
        (all.len(), row[0].clone(), row[3].clone()),
        (2, w.id.to_string(), w.app.survey.case(0).to_string())
    );
    assert_eq!(row[4..9], [A1, "1", "1", "101", "ea1"].map(str::to_owned));
    assert_eq!(row[12..], ["accepted", "lift park", "-3", "'=1+1"].map(str::to_owned));
    let split = table(&w.office, "needs.csv?split=1").await;
    assert_eq!(
        split[0][14..17],
        ["home/needs/lift", "home/needs/park", "home/needs/care"].map(str::to_owned)
    );
    assert_eq!(split[1][14..17], ["1", "1", "0"].map(str::to_owned));
    let labels = table(&w.office, "needs.csv?values=labels&lang=zh").await;
    assert_eq!(labels[1][13], "电梯; 停车");
    let children = table(&w.office, "needs/child.csv").await;
    assert_eq!(children[0], ["PARENT_KEY", "KEY", "position", "nick", "age"]);
    assert_eq!(
        children[2],
        [w.id.to_string(), format!("{}/child[2]", w.id), "2".into(), "丙".into(), "7".into()]
    );
    w.office.get("/v1/export/forms/needs/nothing.csv").await.problem(404, "not-found");
    w.office.get("/v1/export/forms/nothing.csv").await.problem(404, "not-found");
    w.office.get("/v1/export/forms/needs.csv?values=x").await.problem(400, "bad-parameter");
    w.phone.client.get("/v1/export/forms/needs.csv").await.problem(403, "wrong-role");
}

#[tokio::test]
async fn a_correction_takes_the_place_of_what_it_corrects() {
    let w = world().await;
    let next = Uuid::new_v4();
    w.phone.accepted(&[filled(w.app.survey.case(0), next, "6", "", Some(w.id))]).await;
    let all = table(&w.office, "needs.csv").await;
    let cells: Vec<_> =
        all[1..].iter().map(|row| (row[0].clone(), row[1].clone(), row[14].clone())).collect();
    assert_eq!(cells, [(next.to_string(), "2".to_owned(), "6".to_owned())]);
    let text = w.office.get("/v1/export/forms/needs.jsonl").await.text();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 1);
    assert_eq!((&lines[0]["key"], &lines[0]["answers"]["child"][1]["age"]), (&json!(next), &json!(7)));
    assert_eq!(lines[0]["answers"]["home"], json!({"needs": ["lift", "park"], "rooms": 6}));
    // What waits is not in force.
    w.phone.send(&[filled(Uuid::new_v4(), Uuid::new_v4(), "1", "", None)]).await;
    assert_eq!(table(&w.office, "needs.csv").await.len(), 2);
}

#[tokio::test]
async fn a_supervisor_gets_the_answers_of_the_own_area() {
    let w = world().await;
    let other = w.app.device("eb1").await;
    other.accepted(&[filled(w.app.survey.case(3), Uuid::new_v4(), "2", "", None)]).await;
    let rows = async |user: &str, path: &str| table(&w.app.staff(user).await, path).await.len() - 1;
    assert_eq!(
        (rows("sall", "needs.csv").await, rows("sa", "needs.csv").await, rows("sb", "needs.csv").await),
        (2, 1, 1)
    );
    assert_eq!(rows("sall", &format!("needs.csv?area={A}")).await, 1);
    w.app
        .staff("sb")
        .await
        .get(&format!("/v1/export/forms/needs.csv?area={A}"))
        .await
        .problem(404, "not-found");
    let noted = "select count(*) from audit where action = 'read_export' and detail ->> 'form' = 'needs'";
    assert_eq!(w.app.count(noted).await, 4);
}

#[tokio::test]
async fn the_archive_holds_every_table_the_codebook_and_the_forms() {
    let w = world().await;
    let bytes = w.office.get("/v1/export/forms/needs.zip").await.ok_bytes();
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
    let mut names: Vec<String> = archive.file_names().map(str::to_owned).collect();
    names.sort();
    assert_eq!(names, ["child.csv", "codebook.csv", "forms/1.xml", "needs.csv", "needs.jsonl"]);
    let mut read = |name: &str| {
        let mut text = String::new();
        archive.by_name(name).unwrap().read_to_string(&mut text).unwrap();
        text
    };
    assert!(read("child.csv").contains("\"a,b\",4"));
    assert!(read("codebook.csv").contains("home/needs,select_multiple"));
    assert_eq!(read("forms/1.xml"), w.office.get("/v1/forms/needs/1.xml").await.text());
}

#[tokio::test]
async fn a_phone_hears_which_extra_forms_a_household_has_answered() {
    let w = world().await;
    let seen = Picture::full(&w.phone, 500).await;
    let forms = |case| seen.get("case", case).unwrap()["forms_done"].clone();
    assert_eq!(forms(w.app.survey.case(0)), json!(["needs"]));
    assert_eq!(forms(w.app.survey.case(1)), json!([]));
}
