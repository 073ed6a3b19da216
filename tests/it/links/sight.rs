//! Who sees what of a pair, and who may decide it.

use serde_json::json;

use super::family::*;
use crate::support::survey::{A, B, B1};
use crate::support::{App, Survey};

/// A family whose mother is also listed, with her sister, in the other community.
async fn across() -> (App, uuid::Uuid) {
    let app = App::new(Survey::with_dwellings(8).doors(B1, 4).policy(BY_HAND)).await;
    let near = home(app.survey.case(0), &LU, "10:10");
    let mut there = people(&LU[..2]);
    there.extend(people(&[("苑红霞", "f", (1990, 7, 1), "sibling")]));
    there[2]["person_no"] = json!(3);
    let far = form(app.survey.case(8), there, "16:00");
    app.device("ea1").await.accepted(std::slice::from_ref(&near)).await;
    app.device("eb1").await.accepted(std::slice::from_ref(&far)).await;
    link_all(&app).await;
    (app, link_id(&near, &far))
}

#[tokio::test]
async fn of_a_side_out_of_reach_only_what_is_needed_is_shown() {
    let (app, link) = across().await;
    for (user, own) in [("sa", app.survey.case(0)), ("sb", app.survey.case(8))] {
        let seen = read(&app.staff(user).await, link).await;
        let (near, far) =
            if seen["a"]["in_reach"] == true { (&seen["a"], &seen["b"]) } else { (&seen["b"], &seen["a"]) };
        assert_eq!(near["case_id"], json!(own));
        assert!(near["phone"].is_string() && near["address"].is_object());
        assert_eq!(
            (&far["case_id"], &far["interview_id"], &far["address"], &far["phone"]),
            (&json!(null), &json!(null), &json!(null), &json!(null))
        );
        assert!(far["area_name"].is_string() && far["building"].is_string());
        let persons = far["persons"].as_array().unwrap();
        assert_eq!(persons.len(), 2, "only the matched ones: {far}");
        for p in persons {
            assert_eq!(p["birth"].as_object().unwrap().keys().collect::<Vec<_>>(), ["m", "y"]);
            assert_eq!(p["citizen_id"], "same");
            assert!(p.get("sex").is_none() && p.get("relationship").is_none());
        }
        let text = seen.to_string();
        for secret in ["苑红霞", "阚思齐", "1984-05-17", "419999"] {
            let is_own = user == "sa" && secret == "阚思齐"
                || user == "sb" && secret == "苑红霞"
                || secret == "1984-05-17";
            assert!(is_own || !text.contains(secret), "{user} reads {secret}");
        }
    }
}

#[tokio::test]
async fn links_are_listed_for_either_side_and_for_nobody_else() {
    let (app, link) = across().await;
    for (user, area, n) in [("sa", A, 1), ("sb", B, 1), ("sall", A, 1), ("sall", B, 1)] {
        let client = app.staff(user).await;
        let list = client.get(&format!("/v1/links?state=review&area={area}")).await.ok();
        assert_eq!(list["items"].as_array().unwrap().len(), n, "{user} {area}");
        assert_eq!(list["items"][0]["id"], json!(link));
    }
    let phone = app.device("ea1").await;
    phone.client.get("/v1/links").await.problem(403, "wrong-role");
    phone.client.get(&format!("/v1/links/{link}")).await.problem(403, "wrong-role");
    let chief = app.staff("sall").await;
    chief.get("/v1/links?state=withdrawn").await.problem(400, "bad-parameter");
    chief.get("/v1/links?after=garbage").await.problem(400, "bad-parameter");
    chief.get(&format!("/v1/links/{}", uuid::Uuid::max())).await.problem(404, "not-found");
}

#[tokio::test]
async fn a_link_within_another_community_does_not_exist() {
    let app = App::new(Survey::with_dwellings(12).policy(AUTO)).await;
    let forms = [home(app.survey.case(0), &LU, "10:10"), home(app.survey.case(9), &LU, "15:20")];
    app.device("ea1").await.accepted(&forms).await;
    link_all(&app).await;
    let (other, link) = (app.staff("sb").await, link_id(&forms[0], &forms[1]));
    other.get(&format!("/v1/links/{link}")).await.problem(404, "not-found");
    let body = json!({"decision": "undo", "version": 1});
    other.post(&format!("/v1/links/{link}/decision"), &body).await.problem(404, "not-found");
    assert!(other.get("/v1/links?state=merged").await.ok()["items"].as_array().unwrap().is_empty());
}

#[tokio::test]
async fn a_merge_that_changes_a_door_out_of_reach_needs_somebody_over_both() {
    let (app, link) = across().await;
    let (near, chief) = (app.staff("sa").await, app.staff("sall").await);
    let before = rows(&app).await;
    let seen = read(&near, link).await;
    let door = &seen["effects"]["merge_household"];
    // The larger form counts, so the other community's door would fold again.
    assert_eq!((&door["possible"], &door["beyond_reach"]), (&json!(false), &json!(1)), "{door}");
    let path = format!("/v1/links/{link}/decision");
    let body = json!({"decision": "merge", "as": "household", "version": seen["version"]});
    near.post(&path, &body).await.problem(403, "beyond-reach");
    assert_eq!(rows(&app).await, before);
    let proposed =
        json!({"decision": "merge", "version": seen["version"], "propose": true, "note": "same family"});
    near.post(&path, &proposed).await.ok();
    let asked = read(&chief, link).await;
    assert_eq!((&asked["state"], &asked["decisions"][0]["decision"]), (&json!("review"), &json!("propose")));
    assert_eq!(decide(&chief, link, "merge", "household").await["state"], "merged");
    // And neither may one of them alone take it back.
    let version = read(&near, link).await["version"].clone();
    near.post(&path, &json!({"decision": "undo", "version": version})).await.problem(403, "beyond-reach");
}
