//! What `POST /v1/batches` promises.

use serde_json::json;

use crate::support::{App, Survey, visit};

#[tokio::test]
async fn a_batch_is_answered_with_one_receipt_per_record_in_the_order_sent() {
    let app = App::new(Survey::with_dwellings(2)).await;
    let phone = app.device("ea1").await;
    let records = [visit(app.survey.case(1), "no_answer"), visit(app.survey.case(0), "vacant")];

    let answer = phone.accepted(&records).await;

    let receipts = answer["receipts"].as_array().unwrap();
    let ids: Vec<_> = receipts.iter().map(|r| r["id"].clone()).collect();
    assert_eq!(ids, [records[0]["id"].clone(), records[1]["id"].clone()]);
    assert_eq!(receipts[0]["case"]["state"], "in_progress");
    assert_eq!(receipts[1]["case"], json!({"id": app.survey.case(0), "state": "verify", "visits": 1,
        "unmet": ["attempts", "days", "bands", "evening", "weekend"]}));
    assert_eq!(answer["replayed"], false);
    app.recount().await;
}
