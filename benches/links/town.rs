//! The survey whose interviews are measured, and the invented families of it and of everything stored before.

use std::fmt::Write as _;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use doorknock::domain::{CaseId, DwellingId, door_key};
use doorknock::ingest::Ingest;
use doorknock::ingest::setup::Mode;
use doorknock::link::IdGiven;
use doorknock::link::interview::{BirthGiven, DwellingGiven, HouseholdGiven, Interview, PersonGiven};
use doorknock::rehearsal::dice::Dice;
use doorknock::rehearsal::family::{Family, Shape, Wanted, invent};
use doorknock::rehearsal::number::Numbers;
use doorknock::setup::{self, Memory};
use doorknock::store::SurveyKey;
use doorknock::store::access::{Caller, NewToken, TokenKind};
use doorknock::surveys::Survey;
use jiff::{SignedDuration, Timestamp, civil::date};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::stored::PER_AREA;

const DISTRICT: &str = "410181";
const SLUG: &str = "census-2020";
/// Areas whose doors get measured interviews; the same areas hold stored ones.
const AREAS: usize = 40;

/// Code of the n-th area.
pub fn area(n: usize) -> String {
    format!("{DISTRICT}{n:07}")
}

/// An invented family of the usual shapes.
pub fn family(dice: &mut Dice, numbers: &mut Numbers) -> Family {
    let shape = dice.weighted(&[
        (Shape::Single, 0.16),
        (Shape::Couple, 0.16),
        (Shape::OneChild, 0.24),
        (Shape::Children, 0.14),
        (Shape::ThreeGenerations, 0.14),
        (Shape::OldCouple, 0.10),
        (Shape::OldSingle, 0.06),
    ]);
    invent(dice, &Wanted { shape, surname: None, head_born: None, reference: date(2020, 11, 1) }, numbers)
}

/// Building, unit and room of the n-th door of an area.
fn door(n: usize) -> (String, String, String) {
    ((n / 24 + 1).to_string(), (n % 24 / 12 + 1).to_string(), format!("{}{:02}", n % 12 / 2 + 1, n % 2 + 1))
}

/// The family's form as the linker reads it.
pub fn given(family: &Family, id: Uuid, area: &str, at: usize, time: &str) -> Interview {
    let (building, unit, room) = door(at);
    Interview {
        interview_id: id.to_string(),
        device_time: Some(time.to_owned()),
        respondent: None,
        dwelling: DwellingGiven {
            area: Some(area.to_owned()),
            code: Some(format!("{area}-{building}-{unit}-{room}")),
            building: Some(building),
            unit: Some(unit),
            room: Some(room),
            ..DwellingGiven::default()
        },
        household: HouseholdGiven { phone: family.phone.clone(), persons_living_here: None, tenure: None },
        persons: (1..)
            .zip(&family.persons)
            .map(|(person_no, p)| PersonGiven {
                person_no,
                name: Some(p.name.full()),
                sex: Some(p.sex.slug().to_owned()),
                birth: Some(BirthGiven {
                    y: Some(p.birth.year().into()),
                    m: Some(p.birth.month().into()),
                    d: Some(p.birth.day().into()),
                }),
                citizen_id: p.citizen_id.clone().map(IdGiven::Plain),
                relationship: Some(p.relationship.slug().to_owned()),
                residence_status: Some(p.stay.status.slug().to_owned()),
                other_address: p.stay.other_address.clone(),
                ..PersonGiven::default()
            })
            .collect(),
    }
}

/// A survey with a phone in it.
pub struct Town {
    /// Its key.
    pub key: SurveyKey,
    /// It.
    pub survey: Arc<Survey>,
    caller: Caller,
    next: usize,
    numbers: Numbers,
    families: Vec<Family>,
}

impl Town {
    /// Founds it with doors for so many interviews.
    pub async fn found(ingest: &Ingest, doors: usize) -> Result<Self> {
        let per_area = doors.div_ceil(AREAS).max(PER_AREA);
        let files = files(per_area)?;
        let read = setup::read(&files, &mut |_| {}).map_err(|f| anyhow::anyhow!("{f}"))?;
        let now: Timestamp = "2020-11-01T00:00:00Z".parse()?;
        ingest.load_setup(Arc::new(read), Mode::Apply, now, Arc::new(|_| {})).await?;
        let survey = ingest.surveys.all().await?.into_iter().next().context("a survey")?;
        let (device, hash) = (Uuid::from_u128(77), vec![1; 32]);
        let token = NewToken {
            hash: hash.clone(),
            key: survey.key,
            user: "e1".to_owned(),
            device: Some(device),
            kind: TokenKind::Device,
            csrf: None,
            made_by: None,
            created_at: now,
            expires_at: now + SignedDuration::from_hours(24 * 90),
        };
        ingest.store.add_token(token, None).await?;
        let caller = ingest.store.caller(&hash, now).await?.context("a phone")?;
        Ok(Self {
            key: survey.key,
            survey,
            caller,
            next: 0,
            numbers: Numbers::default(),
            families: Vec::new(),
        })
    }

    /// Uploads `n` interviews; every fifth is a family already met at another door.
    pub async fn send(&mut self, ingest: &Ingest, n: usize) -> Result<()> {
        for _ in 0..n.div_ceil(100) {
            let records: Vec<Value> = (0..100.min(n)).map(|_| self.record()).collect();
            let body = json!({"batch_id": Uuid::now_v7(), "survey": SLUG, "device_id": self.caller.device,
                "sent_at": "2020-11-04T20:00:00+08:00", "records": records});
            let now: Timestamp = "2020-11-04T12:00:00Z".parse()?;
            let answer = ingest
                .accept(&self.caller, Bytes::from(serde_json::to_vec(&body)?), "http", now)
                .await?
                .answer;
            ensure!(answer.counts.accepted == records.len(), "not accepted: {}", json!(answer.receipts));
        }
        Ok(())
    }

    fn record(&mut self) -> Value {
        let n = self.next;
        self.next += 1;
        let mut dice = Dice::of(11, &[&n.to_string()]);
        let family = if n % 5 == 4 && !self.families.is_empty() {
            let which = dice.below(self.families.len());
            self.families[which].clone()
        } else {
            family(&mut dice, &mut self.numbers)
        };
        self.families.push(family.clone());
        let (in_area, at) = (area(n % AREAS), n / AREAS);
        let (building, unit, room) = door(at);
        let dwelling = DwellingId::of_key(&door_key(DISTRICT, &in_area, &building, &unit, &room));
        let form = given(&family, Uuid::now_v7(), &in_area, at, "2020-11-04T18:00:00+08:00");
        let persons: Vec<Value> = form
            .persons
            .iter()
            .zip(&family.persons)
            .map(|(p, own)| {
                json!({"person_no": p.person_no, "name": p.name, "sex": p.sex, "birth": p.birth, "citizen_id": own.citizen_id,
                    "relationship": p.relationship, "stayed_here": own.stay.here, "residence_status": p.residence_status,
                    "other_address": p.other_address})
            })
            .collect();
        let stayed = family.persons.iter().filter(|p| p.stay.here).count();
        json!({"type": "interview", "id": form.interview_id, "case_id": CaseId::of(dwelling, SLUG, 1), "revision": 1,
            "result": "complete", "at": "2020-11-04T18:00:00+08:00", "respondent": "head", "persons": persons,
            "household": {"household_type": "family", "phone": family.phone, "n_stayed": stayed,
                "n_registered_absent": family.persons.len() - stayed, "births_m": 0, "births_f": 0, "deaths_m": 0, "deaths_f": 0,
                "dwelling_kind": 1, "floor_area_m2": 80.0, "rooms": 3, "tenure": "own"}})
    }
}

fn files(per_area: usize) -> Result<Memory> {
    let toml = format!(
        "id = \"{SLUG}\"\nname = \"Links\"\nname_zh = \"关联\"\ndistrict = \"{DISTRICT}\"\ntime_zone = \"Asia/Shanghai\"\n\
         starts_on = \"2020-11-01\"\nends_on = \"2020-12-31\"\n[link]\nupper = 0.95\nupper_across_doors = 0.95\n"
    );
    let mut areas = format!("code,parent,level,name,name_zh\n{DISTRICT},,district,Gongyi,巩义市\n");
    let mut doors = String::from("area,building,unit,floor,room,kind,lon,lat\n");
    for n in 0..AREAS {
        let code = area(n);
        writeln!(areas, "{code},{DISTRICT},area,Area {n},第{n}小区")?;
        for at in 0..per_area {
            let (building, unit, room) = door(at);
            writeln!(doors, "{code},{building},{unit},1,{room},residential,112.97,34.75")?;
        }
    }
    let mut files = Memory::default();
    let staff = format!("user,name,role,area\ne1,Enumerator,enumerator,{DISTRICT}\n");
    for (name, text) in
        [("survey.toml", toml), ("areas.csv", areas), ("dwellings.csv", doors), ("staff.csv", staff)]
    {
        files.put(name, text);
    }
    Ok(files)
}
