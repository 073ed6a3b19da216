//! What is stored of a pair are codes; a row with one that nobody knows is named, not guessed at.

use doorknock::domain::LinkState;
use doorknock::store::{Disclosure, Error, ReadBy, Way};

use super::family::*;
use crate::support::{App, Survey};

#[tokio::test]
async fn a_code_that_nobody_knows_is_an_error_that_names_table_and_key() {
    let app = App::new(Survey::with_dwellings(12).policy(BY_HAND)).await;
    let forms = [home(app.survey.case(0), &LU, "10:10"), home(app.survey.case(9), &LU, "15:20")];
    app.device("ea1").await.accepted(&forms).await;
    link_all(&app).await;
    let (key, link) = (app.key().await, link_id(&forms[0], &forms[1]));
    let chief = app.staff("sall").await;
    let caller = app.caller(&chief).await;
    let by = ReadBy::caller(&caller, Way::Api);
    let what = Disclosure::Links { state: LinkState::Review, area: None };
    let witness = app.store().witness(&by, what, app.clock.now()).await.unwrap();
    let read = async || app.store().link(&witness, key, link).await;
    assert!(read().await.unwrap().unwrap().pair.evidence.is_some());

    let client = app.db.client().await;
    for (table, column, change) in [
        (
            "link",
            "evidence",
            "update link set evidence = jsonb_set(evidence, '{steps,0,level}', '\"nearby\"')",
        ),
        ("link_event", "state", "update link_event set state = 'lost'"),
        ("link", "proposal", "update link set proposal = 'marry'"),
    ] {
        client.execute(change, &[]).await.unwrap();
        let failure = read().await.unwrap_err();
        let is_named = matches!(&failure, Error::Impossible { table: t, key: k, column: c }
            if *t == table && *k == Some(link) && *c == column);
        assert!(is_named, "{change}: {failure}");
        // The next one is found with this one mended.
        let mend = match column {
            "evidence" => "update link set evidence = '{}'",
            _ => "update link_event set state = 'review'",
        };
        client.execute(mend, &[]).await.unwrap();
    }
}
