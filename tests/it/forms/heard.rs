//! Devices hear of forms by the feed: what is published and open, in its current version, and the survey's sheets in order.

use serde_json::{Value, json};

use super::{DAILY, SHEET, post, upload, xform};
use crate::support::{App, Client, Picture, Survey};

/// Everything that can happen to a form, one after the other.
async fn happens(root: &Client, n: usize) {
    let add = async |query: &str, form: String| {
        let reply = upload(root, query, &form).await;
        assert!(reply.status.is_success(), "{n}: {}", reply.text());
    };
    let sheet = |id: &str, version: &str| xform(id, version, &SHEET);
    match n {
        0 => add("", xform("daily", "1", &DAILY)).await,
        1 => drop(post(root, "/v1/forms/daily/1/publish").await.ok()),
        2 => add("publish=true", xform("daily", "2", &[DAILY[0]])).await,
        3 => drop(post(root, "/v1/forms/daily/close").await.ok()),
        4 => add("publish=true&role=extra", sheet("b", "1")).await,
        5 => add("publish=true&role=extra", sheet("a", "1")).await,
        6 => drop(post(root, "/v1/forms/b/close").await.ok()),
        7 => add("publish=true&role=main", sheet("own", "1")).await,
        8 => drop(post(root, "/v1/forms/b/open").await.ok()),
        9 => add("publish=true", sheet("own", "2")).await,
        _ => drop(post(root, "/v1/forms/daily/open").await.ok()),
    }
}

fn sheets(picture: &Picture) -> Value {
    let survey = picture.things.iter().find(|((kind, _), _)| kind == "survey").expect("the survey is there");
    survey.1["forms"].clone()
}

#[tokio::test]
async fn a_chain_of_deltas_holds_the_forms_of_a_full_pull() {
    let app = App::new(Survey::with_dwellings(2)).await;
    let (phone, root) = (app.device("ea1").await, app.staff("root").await);
    let mut chains = vec![(1, Picture::full(&phone, 1).await), (500, Picture::full(&phone, 500).await)];
    assert_eq!(chains[0].1.count("form"), 5);
    assert_eq!(sheets(&chains[0].1), json!({"main": "census_short", "extra": []}));
    for n in 0..=10 {
        happens(&root, n).await;
        let whole = Picture::full(&phone, 500).await;
        Picture::full(&phone, 2).await.assert_equals(&whole, &format!("after {n}, in pages of 2"));
        for (limit, chain) in &mut chains {
            chain.pull(&phone, *limit).await;
            chain.assert_equals(&whole, &format!("after {n}, limit {limit}"));
        }
    }
    let end = &chains[1].1;
    assert_eq!(end.get("form", "daily").unwrap()["version"], "2");
    assert!(end.get("form", "census_short").is_none(), "closed beside the survey's own");
    assert_eq!(sheets(end), json!({"main": "own", "extra": ["b", "a"]}));
}

#[tokio::test]
async fn a_draft_and_the_same_again_are_no_news() {
    let app = App::new(Survey::with_dwellings(2)).await;
    let (phone, root) = (app.device("ea1").await, app.staff("root").await);
    happens(&root, 0).await;
    happens(&root, 1).await;
    let mut picture = Picture::full(&phone, 500).await;
    let taken = picture.taken;
    for form in [xform("daily", "1", &DAILY), xform("daily", "2", &DAILY)] {
        assert!(upload(&root, "", &form).await.status.is_success());
    }
    post(&root, "/v1/forms/daily/1/publish").await.ok();
    post(&root, "/v1/forms/daily/open").await.ok();
    picture.pull(&phone, 500).await;
    assert_eq!(picture.taken, taken);
}
