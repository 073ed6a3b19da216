//! The short form, and the form for the door that holds it, become the records of a batch.

use serde_json::json;

use super::*;
use crate::forms::submission::{is_same_visit, part_id};

const PERSON: &str = "<person><name>林一</name><relationship>head</relationship><sex>f</sex><birth>1984-05-01</birth><citizen_id>419999198405010024</citizen_id><ethnicity>01</ethnicity><stayed_here>yes</stayed_here><stayed_at>1</stayed_at><registered_at>1</registered_at><time_away>1</time_away><education>7</education><literate>1</literate></person>";
const AWAY: &str = "<person><name>林二</name><relationship>spouse</relationship><sex>m</sex><birth>1983-02-01</birth><citizen_id/><stayed_here>no</stayed_here><stayed_at>5</stayed_at><registered_at>1</registered_at><other_address>郑州</other_address><time_away>4</time_away><reason_away>work</reason_away></person>";

fn household() -> String {
    format!(
        "<respondent>member</respondent><household_type>family</household_type><n_stayed>1</n_stayed><n_registered_absent>1</n_registered_absent><births_m>0</births_m><births_f>0</births_f><deaths_m>0</deaths_m><deaths_f>0</deaths_f><dwelling_kind>1</dwelling_kind><floor_area_m2>89.5</floor_area_m2><rooms>3</rooms><tenure>own</tenure><phone>10012345678</phone><person_count>2</person_count>{PERSON}{AWAY}<address_text>6号楼2单元301</address_text><result>complete</result>"
    )
}

fn clock() -> &'static str {
    "<start>2020-11-03T19:02:11.000+08:00</start><end>2020-11-03T19:20:00.000+08:00</end>"
}

#[test]
fn the_short_form_is_the_interview_of_the_protocol() {
    let model = census();
    let xml = filled(&model, &format!("{}{}", clock(), household()), "");
    let case = Uuid::from_u128(7);
    let done = mapped(&model, &xml, &Given { case_id: Some(case), ..given(FormRole::Main) }).unwrap();
    assert_eq!(done.parts.len(), 1);
    assert_eq!(
        record(&done, PartKind::Interview),
        json!({
            "type": "interview", "id": part_id(U, "interview").to_string(), "case_id": case.to_string(), "revision": 1,
            "result": "complete", "at": "2020-11-03T19:02:11.000+08:00", "respondent": "member", "address_text": "6号楼2单元301",
            "household": {
                "household_type": "family", "n_stayed": 1, "n_registered_absent": 1, "births_m": 0, "births_f": 0, "deaths_m": 0,
                "deaths_f": 0, "dwelling_kind": 1, "floor_area_m2": 89.5, "rooms": 3, "tenure": "own", "phone": "10012345678"
            },
            "persons": [
                {"person_no": 1, "name": "林一", "relationship": "head", "sex": "f", "birth": {"y": 1984, "m": 5, "d": null},
                 "citizen_id": "419999198405010024", "ethnicity": "01", "stayed_here": true, "stayed_at": 1, "registered_at": 1,
                 "time_away": 1, "education": 7, "literate": 1},
                {"person_no": 2, "name": "林二", "relationship": "spouse", "sex": "m", "birth": {"y": 1983, "m": 2, "d": null},
                 "stayed_here": false, "stayed_at": 5, "registered_at": 1, "other_address": "郑州", "time_away": 4,
                 "reason_away": "work"}
            ]
        })
    );
    assert_eq!(done.answers, json!({}));
    assert!(done.has_roster && done.is_complete);
    assert_eq!(done.ended.as_deref(), Some("2020-11-03T19:20:00.000+08:00"));
}

#[test]
fn a_pointer_into_the_record_leads_back_to_the_question() {
    let model = census();
    let xml = filled(&model, &household(), "");
    let done = mapped(&model, &xml, &given(FormRole::Main)).unwrap();
    let part = done.part(PartKind::Interview).unwrap();
    for (pointer, path) in [
        ("/persons/1/sex", "/data/person[2]/sex"),
        ("/persons/1/citizen_id", "/data/person[2]"),
        ("/persons/0/birth/m", "/data/person[1]/birth"),
        ("/persons", "/data/person"),
        ("/household/rooms", "/data/rooms"),
        ("/household/household_no", "/data"),
        ("/revision", "/data"),
    ] {
        assert_eq!(part.place(pointer), Some(path), "{pointer}");
    }
    assert_eq!(model.node_of("/data/person[2]/sex").unwrap().labels["zh"], "性别");
}

fn at_the_door(outcome: &str, more: &str, after: &str) -> String {
    format!(
        "{}<scope>all</scope><building>6</building><door_all>x</door_all><door>0fb1e3f0-1d5c-4e0f-9c84-2ad7e05b91f6</door><door_label>2-301</door_label><outcome>{outcome}</outcome>{more}{after}",
        clock()
    )
}

#[test]
fn the_form_for_the_door_is_a_visit_and_an_interview_that_names_it() {
    let model = door();
    let census = format!("<census>{}</census>", household());
    let after = "<channel>in_person</channel><note>按铃两次 &amp; &lt;门&gt;</note><photo>p1.jpg</photo><position>34.75 112.97 101.5 8.0</position>";
    let xml = filled(&model, &at_the_door("interview_complete", &census, after), "");
    let done = mapped(&model, &xml, &given(FormRole::Visit)).unwrap();
    let kinds: Vec<PartKind> = done.parts.iter().map(|part| part.kind).collect();
    assert_eq!(kinds, [PartKind::Visit, PartKind::Interview]);
    assert_eq!(
        record(&done, PartKind::Visit),
        json!({
            "type": "visit", "id": part_id(U, "visit").to_string(), "at": "2020-11-03T19:02:11.000+08:00",
            "ended_at": "2020-11-03T19:20:00.000+08:00", "outcome": "interview_complete", "channel": "in_person",
            "note": "按铃两次 & <门>", "photo": [part_id(U, "p1.jpg").to_string()],
            "position": {"lon": 112.97, "lat": 34.75, "accuracy_m": 8.0, "datum": "wgs84"}
        })
    );
    assert_eq!(record(&done, PartKind::Interview)["visit_id"], json!(part_id(U, "visit").to_string()));
    assert_eq!(done.part(PartKind::Visit).unwrap().place("/outcome"), Some("/data/outcome"));
    let name = done.door.clone().unwrap();
    assert_eq!(name.case.unwrap().to_string(), "0fb1e3f0-1d5c-5e0f-9c84-2ad7e05b91f6");
    let mut named = done.clone();
    named.set_case(Uuid::from_u128(9));
    assert!(named.parts.iter().all(|part| part.record["case_id"] == json!(Uuid::from_u128(9).to_string())));
}

#[test]
fn a_visit_without_an_interview_has_its_appointment() {
    let model = door();
    let back = "<back_from>2020-11-04T19:00:00.000+08</back_from><back_to/>";
    let xml = filled(&model, &at_the_door("appointment_made", back, ""), "");
    let done = mapped(&model, &xml, &given(FormRole::Visit)).unwrap();
    assert_eq!(done.parts.len(), 1);
    assert_eq!(
        record(&done, PartKind::Visit)["appointment"],
        json!({"from": "2020-11-04T19:00:00.000+08:00"})
    );
}

#[test]
fn what_is_named_beside_the_form_wins_and_suppresses_the_visit() {
    let model = door();
    let xml = filled(
        &model,
        &at_the_door("interview_complete", &format!("<census>{}</census>", household()), ""),
        "",
    );
    let visit = Uuid::from_u128(5);
    let done = mapped(&model, &xml, &Given { visit_id: Some(visit), ..given(FormRole::Visit) }).unwrap();
    assert_eq!(done.parts.len(), 1);
    assert_eq!(record(&done, PartKind::Interview)["visit_id"], json!(visit.to_string()));
    let done = mapped(&model, &xml, &Given { case_id: Some(visit), ..given(FormRole::Visit) }).unwrap();
    assert_eq!((done.parts.len(), record(&done, PartKind::Interview).get("visit_id")), (1, None));
}

#[test]
fn an_edit_hits_the_same_interview_and_tells_whether_the_visit_changed() {
    let model = door();
    let edit = Uuid::from_u128(0x4000_0000_0000_4000_8000_0000_0000_0001);
    let first = filled(
        &model,
        &at_the_door("interview_complete", &format!("<census>{}</census>", household()), ""),
        "",
    );
    let second = first
        .replace(&format!("uuid:{U}"), &format!("uuid:{edit}"))
        .replace("</orx:meta>", &format!("<orx:deprecatedID>uuid:{U}</orx:deprecatedID></orx:meta>"));
    assert_eq!(read_xml(&second).unwrap().deprecated, Some(U));
    let one = mapped(&model, &first, &given(FormRole::Visit)).unwrap();
    let revised = Given { revision: 2, keep_ids: true, ..given(FormRole::Visit) };
    let mut two = mapped(&model, &second, &revised).unwrap();
    assert_eq!(one.part(PartKind::Interview).unwrap().id, two.part(PartKind::Interview).unwrap().id);
    assert_ne!(one.part(PartKind::Visit).unwrap().id, two.part(PartKind::Visit).unwrap().id);
    assert!(is_same_visit(&record(&one, PartKind::Visit), &record(&two, PartKind::Visit)));
    let persons = record(&two, PartKind::Interview)["persons"].clone();
    assert_eq!(persons[1]["citizen_id_from"], json!({"revision": 1, "person_no": 2}));
    assert_eq!(persons[0].get("citizen_id_from"), None);
    two.without_visit(Some(one.part(PartKind::Visit).unwrap().id));
    assert_eq!(record(&two, PartKind::Interview)["visit_id"], json!(part_id(U, "visit").to_string()));
    assert_eq!(two.parts.len(), 1);
}

#[test]
fn a_found_door_has_the_id_of_the_entity_that_the_form_creates() {
    let model = model(include_bytes!("../../../../forms/door_found.xlsx"));
    let inside = "<area>410181001</area><building>6</building><unit>2</unit><floor>3</floor><room>0301</room><kind>residential</kind>";
    let entity = Uuid::from_u128(0x1000_0000_0000_4000_8000_0000_0000_0009);
    let block = format!(
        "<entity xmlns=\"http://www.opendatakit.org/xforms/entities\" dataset=\"doors\" id=\"{entity}\" create=\"1\"><label>2-301</label></entity>"
    );
    let done = mapped(&model, &filled(&model, inside, &block), &given(FormRole::Visit)).unwrap();
    assert_eq!(
        record(&done, PartKind::Dwelling),
        json!({"type": "dwelling", "id": entity.to_string(), "at": "2020-11-03T12:00:00Z", "area": "410181001", "building": "6",
               "unit": "2", "floor": 3, "room": "0301", "kind": "residential"})
    );
    let without = mapped(&model, &filled(&model, inside, ""), &given(FormRole::Visit)).unwrap();
    assert_eq!(without.parts[0].id, part_id(U, "dwelling"));
}

/// As `@getodk/xforms-engine` 0.22 writes it, with the questions left open that nobody answered.
#[test]
fn what_a_web_engine_sends_is_read_like_any_other() {
    let xml = "<data id=\"census_short\" version=\"2026113001\"><start>2026-11-30T23:15:42.045+00:00</start><end>2026-11-30T23:15:42.68+00:00</end><respondent>member</respondent><household_type>family</household_type><n_stayed>1</n_stayed><n_registered_absent>1</n_registered_absent><births_m/><births_f/><deaths_m/><deaths_f/><dwelling_kind/><phone/><person_count>2</person_count><person><name>林一</name><relationship>head</relationship><sex>f</sex><birth>1984-05-01</birth><citizen_id>41999919850307002X</citizen_id><id_differs/><ethnicity/><stayed_here>yes</stayed_here><stayed_at>1</stayed_at><registered_at>1</registered_at><time_away>1</time_away><education/><literate/></person><person><name/><relationship>spouse</relationship><sex/><birth/><citizen_id/><ethnicity/><stayed_here>no</stayed_here><stayed_at>5</stayed_at><registered_at>1</registered_at><other_address/><time_away/></person><address_text/><result>complete</result><meta><instanceID>uuid:df2e41e7-3723-4c78-88a0-7fcdb4a7e0f8</instanceID></meta></data>";
    let done = mapped(&census(), xml, &given(FormRole::Main)).unwrap();
    let interview = record(&done, PartKind::Interview);
    assert_eq!(interview["at"], json!("2026-11-30T23:15:42.045+00:00"));
    assert_eq!(
        interview["persons"][1],
        json!({"person_no": 2, "relationship": "spouse", "stayed_here": false, "stayed_at": 5, "registered_at": 1})
    );
    assert_eq!(
        interview["household"],
        json!({"household_type": "family", "n_stayed": 1, "n_registered_absent": 1})
    );
    assert_eq!((done.answers, done.warnings), (json!({}), Vec::new()));
}
