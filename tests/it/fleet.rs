//! A fleet of Collect phones and the same field work as batches: whatever is cut, sent twice, shuffled, sent late or corrected, both
//! end in the same doors, states and rates, and every phone's copy of its list in the labels of the service.

use std::collections::{BTreeMap, HashMap};

use bytes::Bytes;
use doorknock::forms::submission::{entity_of_case, part_id};
use doorknock::rehearsal::dice::Dice;
use http::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use uuid::Uuid;

use crate::collect::{key, multipart, over_tls};
use crate::forms::upload;
use crate::support::survey::A;
use crate::support::{App, Client, Device, Survey};

/// A visit and, where somebody answered, a household with its persons.
const FORM: &str = "<?xml version=\"1.0\"?><h:html xmlns:h=\"http://www.w3.org/1999/xhtml\" xmlns=\"http://www.w3.org/2002/xforms\" \
    xmlns:jr=\"http://openrosa.org/javarosa\" xmlns:dk=\"urn:doorknock:xforms\"><h:head><h:title>Fleet</h:title><model><instance>\
    <data id=\"fleet\" version=\"1\"><start/><door/><outcome/><kind/><stayed/><rooms/>\
    <person jr:template=\"\"><name/><sex/><rel/><here/></person><meta><instanceID/></meta></data></instance>\
    <bind nodeset=\"/data/start\" type=\"dateTime\" dk:field=\"visit.at\"/><bind nodeset=\"/data/door\" type=\"string\" dk:field=\"case\"/>\
    <bind nodeset=\"/data/outcome\" type=\"string\" dk:field=\"visit.outcome\"/>\
    <bind nodeset=\"/data/kind\" type=\"string\" dk:field=\"household.household_type\"/>\
    <bind nodeset=\"/data/stayed\" type=\"int\" dk:field=\"household.n_stayed\"/>\
    <bind nodeset=\"/data/rooms\" type=\"int\" dk:field=\"household.rooms\"/><bind nodeset=\"/data/person\" dk:field=\"persons\"/>\
    <bind nodeset=\"/data/person/name\" type=\"string\" dk:field=\"person.name\"/>\
    <bind nodeset=\"/data/person/sex\" type=\"string\" dk:field=\"person.sex\"/>\
    <bind nodeset=\"/data/person/rel\" type=\"string\" dk:field=\"person.relationship\"/>\
    <bind nodeset=\"/data/person/here\" type=\"string\" dk:field=\"person.stayed_here\"/>\
    <bind nodeset=\"/data/meta/instanceID\" type=\"string\"/></model></h:head><h:body>\
    <input ref=\"/data/start\"><label>s</label></input><input ref=\"/data/door\"><label>d</label></input>\
    <select1 ref=\"/data/outcome\"><label>o</label>OUTCOMES</select1>\
    <select1 ref=\"/data/kind\"><label>k</label><item><label>f</label><value>family</value></item></select1>\
    <input ref=\"/data/stayed\"><label>n</label></input><input ref=\"/data/rooms\"><label>r</label></input>\
    <group ref=\"/data/person\"><label>p</label><repeat nodeset=\"/data/person\"><input ref=\"/data/person/name\"><label>n</label></input>\
    <select1 ref=\"/data/person/sex\"><label>s</label><item><label>f</label><value>f</value></item><item><label>m</label><value>m</value></item></select1>\
    <select1 ref=\"/data/person/rel\"><label>r</label><item><label>h</label><value>head</value></item><item><label>c</label><value>child</value></item></select1>\
    <select1 ref=\"/data/person/here\"><label>h</label><item><label>y</label><value>yes</value></item><item><label>n</label><value>no</value></item></select1>\
    </repeat></group></h:body></h:html>";
const OUTCOMES: [(&str, f64); 5] = [
    ("no_answer", 5.0),
    ("interview_complete", 3.0),
    ("refusal_soft", 1.0),
    ("refusal_hard", 0.4),
    ("vacant", 0.6),
];

/// How large a fleet: phones, doors of each, evenings. `DOORKNOCK_FLEET=20x300x3` is the whole.
fn size() -> (usize, usize, u32) {
    let text = std::env::var("DOORKNOCK_FLEET").unwrap_or_else(|_| "4x24x3".to_owned());
    let numbers: Vec<usize> = text.split('x').map(|n| n.parse().expect("like 4x24x3")).collect();
    (numbers[0], numbers[1], u32::try_from(numbers[2]).unwrap())
}

/// What happened at a door.
#[derive(Clone, Debug)]
struct Knock {
    id: Uuid,
    case: Uuid,
    at: String,
    outcome: &'static str,
    rooms: i64,
    persons: usize,
    /// The one that it corrects, and the first of the chain.
    corrects: Option<(Uuid, Uuid)>,
}

impl Knock {
    fn is_interview(&self) -> bool {
        self.outcome == "interview_complete"
    }

    /// As Collect sends it.
    fn xml(&self) -> String {
        let person = |n: usize| {
            let (sex, rel) = if n == 0 { ("f", "head") } else { ("m", "child") };
            format!("<person><name>王秀{n}</name><sex>{sex}</sex><rel>{rel}</rel><here>yes</here></person>")
        };
        let household = if self.is_interview() {
            let people: String = (0..self.persons).map(person).collect();
            format!(
                "<kind>family</kind><stayed>{}</stayed><rooms>{}</rooms>{people}",
                self.persons, self.rooms
            )
        } else {
            String::new()
        };
        let corrects =
            self.corrects.map_or_else(String::new, |c| format!("<deprecatedID>uuid:{}</deprecatedID>", c.0));
        format!(
            "<data id=\"fleet\" version=\"1\"><start>{}</start><door>{}</door><outcome>{}</outcome>{household}<meta><instanceID>uuid:{}\
             </instanceID>{corrects}</meta></data>",
            self.at,
            entity_of_case(self.case).unwrap(),
            self.outcome,
            self.id
        )
    }

    /// The same as records of a batch.
    fn records(&self) -> Vec<Value> {
        let mut records = Vec::new();
        let root = self.corrects.map_or(self.id, |c| c.1);
        let visit = part_id(root, "visit");
        if self.corrects.is_none() {
            records.push(json!({"type": "visit", "id": visit, "case_id": self.case, "at": self.at, "outcome": self.outcome}));
        }
        if self.is_interview() {
            let person = |n: usize| {
                let (sex, rel) = if n == 0 { ("f", "head") } else { ("m", "child") };
                json!({"person_no": n + 1, "name": format!("王秀{n}"), "sex": sex, "relationship": rel, "stayed_here": true})
            };
            let revision = if self.corrects.is_some() { 2 } else { 1 };
            records.push(json!({
                "type": "interview", "id": part_id(root, "interview"), "case_id": self.case, "visit_id": visit, "revision": revision,
                "at": self.at, "result": "complete", "respondent": "member",
                "household": {"household_type": "family", "n_stayed": self.persons, "rooms": self.rooms},
                "persons": (0..self.persons).map(person).collect::<Vec<_>>(),
            }));
        }
        records
    }
}

/// One row of a phone's copy of its list.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Entity {
    version: i64,
    label: String,
    /// The phone changed it since it last took ours.
    is_changed: bool,
}

/// A phone with Collect: its copy of the list, kept by Collect's own rules, and what it has not sent.
struct Phone {
    key: String,
    client: Client,
    copy: HashMap<Uuid, Entity>,
    outbox: Vec<Knock>,
}

impl Phone {
    /// Finishing a form shows its outcome on the phone at once.
    fn finish(&mut self, knock: Knock) {
        let entity = entity_of_case(knock.case).unwrap();
        if let Some(own) = self.copy.get_mut(&entity) {
            own.version += 1;
            own.is_changed = true;
            knock.outcome.clone_into(&mut own.label);
        }
        self.outbox.push(knock);
    }

    async fn list(&self) -> BTreeMap<Uuid, (i64, String, String)> {
        let path = format!("/odk/{}/lists/doors.csv", self.key);
        let reply = self.client.call(Method::GET, &path, &over_tls(), Bytes::new()).await;
        assert_eq!(reply.status, StatusCode::OK, "{}", reply.text());
        let text = reply.text();
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let rows = reader.records().map(|row| {
            let row = row.unwrap();
            let rest: Vec<&str> = row.iter().skip(4).collect();
            (row[0].parse().unwrap(), (row[2].parse().unwrap(), row[1].to_owned(), rest.join("|")))
        });
        rows.collect()
    }

    /// Takes the list: a lower version is older than what the phone did, a higher one or an equal one over a change of its own wins.
    async fn pull(&mut self) {
        let list = self.list().await;
        self.copy.retain(|id, _| list.contains_key(id));
        for (id, (version, label, _)) in list {
            let ours = Entity { version, label, is_changed: false };
            match self.copy.get(&id) {
                Some(own) if version < own.version || (version == own.version && !own.is_changed) => {}
                _ => drop(self.copy.insert(id, ours)),
            }
        }
    }

    /// Sends everything in some order, some of it twice, some only after a connection that broke in the middle.
    async fn send(&mut self, dice: &mut Dice, address: std::net::SocketAddr) {
        let mut left = std::mem::take(&mut self.outbox);
        while !left.is_empty() {
            let knock = left.swap_remove(dice.below(left.len()));
            let body = multipart(&knock.xml(), &[]);
            if dice.chance(0.1) {
                self.cut(address, &body).await;
            }
            for _ in 0..if dice.chance(0.1) { 2 } else { 1 } {
                let head = [
                    ("content-type", "multipart/form-data; boundary=xYz"),
                    ("x-openrosa-version", "1.0"),
                    over_tls()[0],
                ];
                let path = format!("/odk/{}/submission", self.key);
                let reply = self.client.call(Method::POST, &path, &head, body.clone()).await;
                assert_eq!(reply.status, StatusCode::CREATED, "{}", reply.text());
            }
        }
    }

    async fn cut(&self, address: std::net::SocketAddr, body: &[u8]) {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let head = format!(
            "POST /odk/{}/submission HTTP/1.1\r\nHost: x\r\nX-Forwarded-Proto: https\r\nContent-Type: multipart/form-data; boundary=xYz\r\nContent-Length: {}\r\n\r\n",
            self.key,
            body.len()
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(&body[..body.len() / 2]).await.unwrap();
    }
}

fn survey(phones: usize, doors: usize) -> Survey {
    let mut survey = Survey::with_dwellings(0);
    for n in 0..phones {
        let area = format!("{A}-1{n:02}");
        survey.areas.push((area.clone(), A.to_owned(), "estate".to_owned(), format!("Court {n}")));
        survey.staff.push((format!("f{n:02}"), "enumerator".to_owned(), area.clone()));
        survey = survey.doors(&area, doors);
    }
    survey
}

/// What a service holds of every case, apart from when it came.
async fn cases(app: &App) -> Vec<String> {
    let sql = "select (to_jsonb(c) - array['received_at', 'received_cell', 'received_persons', 'changed_tag', 'list_version', 'evidence',
        'created_at', 'due_at'])::text from survey_case c order by c.id";
    app.db.client().await.query(sql, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
}

/// One evening of a phone's owner at the doors that are not done.
fn evening(dice: &mut Dice, day: u32, cases: &[Uuid], done: &mut Vec<Knock>) -> Vec<Knock> {
    let mut made = Vec::new();
    for (n, case) in cases.iter().enumerate() {
        if done.iter().any(|knock| knock.case == *case) || dice.chance(0.4) {
            continue;
        }
        let knock = Knock {
            id: Uuid::from_u64_pair(dice.bits(), dice.bits()),
            case: *case,
            at: format!("2020-11-{day:02}T{:02}:{:02}:00+08:00", 18 + n / 60 % 4, n % 60),
            outcome: dice.weighted(&OUTCOMES),
            rooms: dice.range(1, 5),
            persons: 1 + dice.below(4),
            corrects: None,
        };
        if knock.is_interview() {
            done.push(knock.clone());
            if dice.chance(0.2) {
                let id = Uuid::from_u64_pair(dice.bits(), dice.bits());
                let corrects = Some((knock.id, knock.id));
                made.push(Knock { id, rooms: knock.rooms + 1, corrects, ..knock.clone() });
            }
        }
        made.push(knock);
    }
    made
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn collect_phones_and_batches_end_in_the_same_doors_states_rates_and_labels() {
    let (phones, doors, evenings) = size();
    let (odk, batches) = (App::new(survey(phones, doors)).await, App::new(survey(phones, doors)).await);
    for app in [&odk, &batches] {
        let choice =
            |(slug, _): &(&str, f64)| format!("<item><label>{slug}</label><value>{slug}</value></item>");
        let form = FORM.replace("OUTCOMES", &OUTCOMES.iter().map(choice).collect::<String>());
        let reply = upload(&app.staff("root").await, "role=visit&collect=true&publish=true", &form).await;
        assert!(reply.status.is_success(), "{}", reply.text());
    }
    let mut fleet = Vec::new();
    let mut twins: Vec<(Device, Phone)> = Vec::new();
    for n in 0..phones {
        let user = format!("f{n:02}");
        let phone = async |app: &App| Phone {
            key: key(app, &user).await,
            client: app.anyone(),
            copy: HashMap::new(),
            outbox: Vec::new(),
        };
        fleet.push((phone(&odk).await, Vec::new()));
        twins.push((batches.device(&user).await, phone(&batches).await));
    }
    let all = odk.survey.cases();
    let mut dice = Dice::of(7, &["fleet"]);
    let mut sent = 0;
    for day in 2..2 + evenings {
        for (n, (phone, done)) in fleet.iter_mut().enumerate() {
            phone.pull().await;
            let knocks = evening(&mut dice, day, &all[n * doors..(n + 1) * doors], done);
            sent += knocks.len();
            let mut records: Vec<Value> = knocks.iter().flat_map(Knock::records).collect();
            for k in (1..records.len()).rev() {
                records.swap(k, dice.below(k + 1));
            }
            for some in records.chunks(500) {
                twins[n].0.send(some).await;
            }
            for knock in knocks {
                phone.finish(knock);
            }
            // One in four has no signal this evening.
            if day == 1 + evenings || !dice.chance(0.25) {
                phone.send(&mut dice, odk.address()).await;
            }
        }
    }
    assert!(sent > phones * doors, "{sent} forms");

    assert_eq!(cases(&odk).await, cases(&batches).await);
    let total = async |app: &App| app.staff("sa").await.get("/v1/completion").await.ok()["total"].clone();
    let (ours, theirs) = (total(&odk).await, total(&batches).await);
    assert!(ours["states"]["completed"].as_i64().unwrap() > 0, "{ours}");
    // The twins have two devices each.
    for (name, figure) in ours.as_object().unwrap().iter().filter(|figure| figure.0 != "devices") {
        assert_eq!(figure, &theirs[name], "{name}");
    }
    assert_eq!(odk.staff("sa").await.get("/v1/held").await.ok()["items"], json!([]));
    for ((phone, _), (_, twin)) in fleet.iter_mut().zip(&twins) {
        phone.pull().await;
        let (list, same) = (phone.list().await, twin.list().await);
        assert_eq!(phone.copy.len(), list.len());
        for (id, (_, label, rest)) in &list {
            assert_eq!(&phone.copy[id].label, label, "the phone shows what the service knows");
            assert_eq!((label, rest), (&same[id].1, &same[id].2), "so does one whose work came in batches");
        }
    }
    odk.recount().await;
    batches.recount().await;
}
