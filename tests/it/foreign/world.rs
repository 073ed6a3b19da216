//! A community whose work is foreign to the other one's people.

use bytes::Bytes;
use http::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::links::family::{BY_HAND, LU, home, link_all, link_id};
use crate::support::record::{dwelling, id_of, with};
use crate::support::survey::B1;
use crate::support::{App, Client, Device, Survey, id, visit};

/// When everything is asked.
pub const NOW: &str = "2020-11-10T12:30:00+08:00";

/// Doors of the own estate; those after them are foreign.
pub const OWN: usize = 140;

/// Who asks, and what is foreign to them.
pub struct World {
    pub app: App,
    /// A phone of the own community.
    pub phone: Device,
    pub own_case: Uuid,
    pub own_building: Uuid,
    /// A record of the own phone that waits.
    pub own_held: Uuid,
    /// The phone of the foreign community, and its supervisor.
    pub theirs: Device,
    pub office: Client,
    pub case: Uuid,
    pub building: Uuid,
    pub visit: Value,
    pub interview: Value,
    /// The record of a door they found.
    pub door: Uuid,
    /// A record of theirs that waits.
    pub held: Uuid,
    pub photo: Uuid,
    pub picture: Bytes,
    pub upload: Uuid,
    pub batch: Uuid,
    pub link: Uuid,
    /// What their supervisor read at first.
    before: Vec<Value>,
}

/// A picture of so many bytes, as far as its first bytes tell; `seed` makes it another.
pub fn picture(n: usize, seed: u8) -> Bytes {
    let mut all = vec![0xff, 0xd8, 0xff, 0xe0];
    all.extend((4..n).map(|i| u8::try_from(i % 200).unwrap() ^ seed));
    all.into()
}

pub async fn put(phone: &Device, id: Uuid, headers: &[(&str, &str)], body: Bytes) -> crate::support::Reply {
    phone.client.call(Method::PUT, &format!("/v1/attachments/{id}"), headers, body).await
}

pub async fn world() -> World {
    let dir =
        std::env::temp_dir().join(format!("doorknock-test-{}-shelf-{}", std::process::id(), Uuid::new_v4()));
    let app = App::with(
        Survey::with_dwellings(OWN).doors(B1, 6).policy(BY_HAND),
        |store| store,
        |shared| shared.shelf = doorknock::shelf::Shelf::directory(dir),
    )
    .await;
    let (phone, theirs) = (app.device("ea1").await, app.device("eb1").await);
    let office = app.staff("sb").await;
    let case = app.survey.case(OWN);
    let (photo, upload, whole) = (id(), id(), picture(3_000, 1));
    let knock = with(visit(case, "interview_complete"), "photo", json!([photo]));
    let interview = with(home(case, &LU, "10:10"), "visit_id", json!(id_of(&knock)));
    let again = home(app.survey.case(OWN + 1), &LU, "16:10");
    let found = dwelling(B1, "901");
    let sent = [knock.clone(), interview.clone(), again.clone(), found.clone()];
    let batch = theirs.accepted(&sent).await["batch_id"].as_str().unwrap().parse().unwrap();
    let waiting = visit(id(), "no_answer");
    theirs.send(std::slice::from_ref(&waiting)).await;
    put(&theirs, photo, &[], whole.clone()).await.ok();
    let range = format!("bytes 0-999/{}", whole.len());
    put(&theirs, upload, &[("content-range", &range)], whole.slice(..1_000)).await.ok();
    link_all(&app).await;
    let own_held = visit(id(), "no_answer");
    phone.send(std::slice::from_ref(&own_held)).await;
    let mut world = World {
        own_case: app.survey.case(0),
        own_building: app.survey.doors[0].building_id(),
        own_held: id_of(&own_held),
        building: app.survey.doors[OWN].building_id(),
        door: id_of(&found),
        held: id_of(&waiting),
        link: link_id(&interview, &again),
        before: Vec::new(),
        picture: whole,
        visit: knock,
        app,
        phone,
        theirs,
        office,
        case,
        interview,
        photo,
        upload,
        batch,
    };
    world.remember().await;
    world
}

impl World {
    pub fn visit_id(&self) -> Uuid {
        id_of(&self.visit)
    }

    pub fn interview_id(&self) -> Uuid {
        id_of(&self.interview)
    }

    /// Takes what is theirs now as what must stay.
    pub async fn remember(&mut self) {
        self.before = self.picture_of_theirs().await;
    }

    /// What their people read of what is theirs.
    async fn picture_of_theirs(&self) -> Vec<Value> {
        let mut all = Vec::new();
        for path in [
            format!("cases/{}", self.case),
            format!("cases/{}", self.app.survey.case(OWN + 1)),
            format!("batches/{}", self.batch),
            format!("links/{}", self.link),
            "cases".to_owned(),
            "held".to_owned(),
            "links".to_owned(),
            "assignments".to_owned(),
        ] {
            all.push(self.office.get(&format!("/v1/{path}")).await.ok());
        }
        all.push(self.theirs.get(&format!("/v1/batches/{}", self.batch)).await);
        all
    }

    /// Their doors, forms, receipts, pictures and devices are as they were, and the figures are right.
    #[track_caller]
    pub fn must_be_untouched(&self) -> impl Future<Output = ()> {
        let place = std::panic::Location::caller();
        async move {
            for (was, is) in self.before.iter().zip(self.picture_of_theirs().await) {
                assert_eq!(*was, is, "{place}");
            }
            let got = self.office.get(&format!("/v1/attachments/{}", self.photo)).await.ok_bytes();
            assert_eq!(got, self.picture, "{place}");
            let path = format!("/v1/attachments/{}", self.upload);
            let told = self.theirs.client.call(Method::HEAD, &path, &[], Bytes::new()).await;
            assert_eq!(told.header("upload-offset"), "1000", "{place}");
            self.theirs.get("/v1/changes").await;
            self.app.recount().await;
        }
    }
}
