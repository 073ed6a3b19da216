//! Sealed records: a phone keeps copies that it cannot read, and the service takes them as the records inside.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use p256::SecretKey;
use p256::ecdh::diffie_hellman;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::support::record::{id_of, interview, reasons, with};
use crate::support::{App, Device, Picture, Survey, visit};

/// Seals a record as a phone does, step by step: HKDF is written out here.
fn sealed(record: &Value, seal: &Value) -> Value {
    let theirs = URL_SAFE_NO_PAD.decode(seal["p256"].as_str().unwrap()).unwrap();
    let theirs = p256::PublicKey::from_sec1_bytes(&theirs).unwrap();
    let own = SecretKey::from_slice(&[9; 32]).unwrap();
    let shared = diffie_hellman(own.to_nonzero_scalar(), theirs.as_affine());
    let mac = |key: &[u8], text: &[u8]| -> Vec<u8> {
        let mac = Hmac::<Sha256>::new_from_slice(key).unwrap().chain_update(text);
        mac.finalize().into_bytes().to_vec()
    };
    let key = mac(&mac(&[0; 32], shared.raw_secret_bytes().as_slice()), &[1]);
    let id = record["id"].as_str().unwrap();
    let mut text = record.to_string().into_bytes();
    LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &key).unwrap())
        .seal_in_place_append_tag(Nonce::assume_unique_for_key([5; 12]), Aad::from(id.as_bytes()), &mut text)
        .unwrap();
    json!({"type": "sealed", "id": id, "key": seal["key"], "epk": URL_SAFE_NO_PAD.encode(own.public_key().to_sec1_bytes()),
        "box": URL_SAFE_NO_PAD.encode([[5; 12].as_slice(), &text].concat())})
}

async fn world() -> (App, Device, Value) {
    let app = App::new(Survey::with_dwellings(4)).await;
    let phone = app.device("ea1").await;
    let picture = Picture::full(&phone, 500).await;
    let seal = picture.get("survey", "census-test").unwrap()["seal"].clone();
    (app, phone, seal)
}

#[tokio::test]
async fn a_sealed_record_is_taken_as_the_record_inside() {
    let (app, phone, seal) = world().await;
    let (knock, form) = (visit(app.survey.case(0), "no_answer"), interview(app.survey.case(1)));
    let answer = phone.accepted(&[sealed(&knock, &seal), sealed(&form, &seal)]).await;
    let receipts = answer["receipts"].as_array().unwrap();
    assert_eq!((&receipts[0]["type"], &receipts[0]["id"]), (&json!("visit"), &knock["id"]));
    assert_eq!(
        (&receipts[1]["type"], &receipts[1]["case"]["state"]),
        (&json!("interview"), &json!("completed"))
    );
    // The records themselves are replays of it, and the other way round.
    for records in [[knock.clone(), form.clone()], [sealed(&knock, &seal), sealed(&form, &seal)]] {
        let again = phone.send(&records).await;
        assert!(again["receipts"].as_array().unwrap().iter().all(|r| r["replayed"] == true), "{again}");
    }
    assert_eq!(app.count("select count(*) from visit").await, 1);
    assert_eq!(app.count("select count(*) from interview").await, 1);
    app.recount().await;
}

#[tokio::test]
async fn the_same_batch_sealed_and_open_is_one_batch() {
    let (app, phone, seal) = world().await;
    let knock = visit(app.survey.case(0), "no_answer");
    let batch = phone.batch(std::slice::from_ref(&knock));
    phone.post(&batch).await.ok();
    let again = phone.post(&with(batch, "records", json!([sealed(&knock, &seal)]))).await.ok();
    assert_eq!(again["replayed"], true);
}

#[tokio::test]
async fn what_cannot_be_opened_is_refused_and_harms_nobody() {
    let (app, phone, seal) = world().await;
    let knock = visit(app.survey.case(0), "no_answer");
    let closed = sealed(&knock, &seal);
    let long = "A".repeat(30_000);
    let bad = [
        with(closed.clone(), "box", "AAAA"),
        with(closed.clone(), "box", long.as_str()),
        with(closed.clone(), "key", "00000000"),
        with(closed.clone(), "id", json!(crate::support::id())),
        json!({"type": "sealed", "id": id_of(&knock)}),
        sealed(&closed, &seal),
    ];
    let answer = phone.send(&[bad.as_slice(), &[visit(app.survey.case(1), "no_answer")]].concat()).await;
    assert_eq!(reasons(&answer)[..6], ["sealed-unreadable"; 6], "{answer}");
    assert_eq!(answer["receipts"][0]["type"], "sealed");
    assert_eq!(answer["receipts"][6]["status"], "accepted");
}

/// Whoever has the key file could read what is kept beside the records: no citizen ID may stand there, sealed or not.
#[tokio::test]
async fn what_is_kept_of_a_sealed_record_is_open_and_without_citizen_ids() {
    let (app, phone, seal) = world().await;
    let mut form = interview(app.survey.case(0));
    form["persons"][0]["citizen_id"] = json!("419999198405030027");
    let batch = phone.batch(&[sealed(&form, &seal)]);
    phone.post(&batch).await.ok();
    let row = app.db.client().await.query_one("select raw from batch_content", &[]).await.unwrap();
    let raw = doorknock::store::batch::unpacked(row.get(0)).unwrap();
    assert!(
        raw.contains("王秀英") && !raw.contains("419999198405030027") && !raw.contains("\"box\""),
        "{raw}"
    );
    let kept: Value = serde_json::from_str(&raw).unwrap();
    assert_eq!(kept["records"][0]["id"], form["id"]);
}
