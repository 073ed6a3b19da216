//! Batches as devices send them, made before the clock runs: fresh ids, gzip, a stated share of interviews.

use std::io::Write as _;

use anyhow::Result;
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use jiff::{SignedDuration, Timestamp};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::world::{self, World};

/// What the records of a batch are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mix {
    /// One record in five is an interview of three people, made at the visit before it.
    Mixed,
    /// Visits alone.
    Visits,
}

/// A batch ready to be sent.
#[derive(Clone, Debug)]
pub struct Body {
    /// gzip of the JSON document.
    pub packed: Bytes,
    /// Records in it.
    pub records: usize,
}

/// Makes batches for one device.
pub struct Maker {
    dice: StdRng,
    world: World,
    device: Uuid,
    token: String,
    first: usize,
    doors: usize,
    /// The door before the next one. Every door is met once before any is met twice.
    at: usize,
    walk: Walk,
    sent: u64,
}

/// In which order a device meets its doors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Walk {
    /// Door after door, as people walk.
    Along,
    /// All over its part of the town, the worst there can be: every door of a batch in another building.
    Scattered,
}

impl Walk {
    /// Doors from one to the next; prime, so that it divides no number of doors.
    fn step(self) -> usize {
        match self {
            Self::Along => 1,
            Self::Scattered => 7919,
        }
    }
}

impl Maker {
    /// One maker for each enumerator.
    pub fn all(world: &World, tokens: &[(Uuid, String)], seed: u64, walk: Walk) -> Vec<Self> {
        let one = |(n, (device, token)): (usize, &(Uuid, String))| {
            Self::new(world, n, (*device, token.clone()), seed, walk)
        };
        tokens.iter().enumerate().map(one).collect()
    }

    /// A maker for the device of an enumerator.
    fn new(world: &World, enumerator: usize, (device, token): (Uuid, String), seed: u64, walk: Walk) -> Self {
        let (first, doors) = world.doors_of(enumerator);
        let mut dice = StdRng::seed_from_u64(seed ^ ((enumerator as u64) << 32));
        let at = dice.random_range(0..doors);
        Self { dice, world: world.clone(), device, token, first, doors, at, walk, sent: 0 }
    }

    /// The device's token.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// A batch of `n` records.
    pub fn batch(&mut self, n: usize, mix: Mix, now: Timestamp) -> Result<Body> {
        let mut records: Vec<Value> = Vec::with_capacity(n);
        while records.len() < n {
            let door = self.next_door();
            let case = self.world.case(door);
            let is_interview = mix == Mix::Mixed && records.len() + 1 < n && records.len() % 5 == 3;
            let visit = self.visit(case, door, is_interview, now);
            if is_interview {
                let interview = self.interview(case, &visit);
                records.push(visit);
                records.push(interview);
            } else {
                records.push(visit);
            }
        }
        self.sent += 1;
        let document = json!({
            "batch_id": self.id(now), "survey": world::SURVEY, "device_id": self.device, "sent_at": now.to_string(),
            "waiting": 0, "seq": self.sent, "records": records,
        });
        let text = serde_json::to_vec(&document)?;
        let mut packer = GzEncoder::new(Vec::new(), Compression::default());
        packer.write_all(&text)?;
        Ok(Body { packed: packer.finish()?.into(), records: n })
    }

    fn next_door(&mut self) -> usize {
        self.at = (self.at + self.walk.step()) % self.doors;
        self.first + self.at
    }

    /// A `UUIDv7` of that moment, as devices make them, from the seeded dice.
    fn id(&mut self, at: Timestamp) -> Uuid {
        let millis = u64::try_from(at.as_millisecond()).unwrap_or_default();
        uuid::Builder::from_unix_timestamp_millis(millis, &self.dice.random()).into_uuid()
    }

    fn visit(&mut self, case: Uuid, door: usize, is_interview: bool, now: Timestamp) -> Value {
        let span = now.duration_since(self.world.opens()).as_secs();
        let at = now - SignedDuration::from_secs(self.dice.random_range(600..span));
        let outcome = if is_interview { "interview_complete" } else { self.outcome() };
        let (lon, lat) = world::position(door);
        let mut visit = json!({
            "type": "visit", "id": self.id(now), "case_id": case, "at": at.to_string(), "outcome": outcome,
            "ended_at": (at + SignedDuration::from_secs(240)).to_string(), "channel": "in_person",
            "position": {"lon": lon + self.dice.random_range(-0.0002..0.0002), "lat": lat, "accuracy_m": 12, "datum": "wgs84"},
        });
        if outcome == "appointment_made" {
            let from = at + SignedDuration::from_hours(20);
            visit["appointment"] =
                json!({"from": from.to_string(), "to": (from + SignedDuration::from_hours(2)).to_string()});
        }
        if self.dice.random_ratio(1, 4) {
            visit["note"] = json!("没有人，邻居说晚上七点以后在家 (a note as people write them)");
        }
        visit
    }

    fn outcome(&mut self) -> &'static str {
        match self.dice.random_range(0..100) {
            0..58 => "no_answer",
            58..70 => "respondent_away",
            70..80 => "appointment_made",
            80..90 => "refusal_soft",
            90..96 => "no_entry",
            _ => "vacant",
        }
    }

    fn interview(&mut self, case: Uuid, visit: &Value) -> Value {
        let phone = format!("1{:010}", self.dice.random_range(3_000_000_000_u64..10_000_000_000));
        let persons: Vec<Value> =
            ["head", "spouse", "child"].iter().zip(1..).map(|(who, n)| self.person(who, n)).collect();
        json!({
            "type": "interview", "id": self.id(Timestamp::now()), "case_id": case, "visit_id": visit["id"], "revision": 1,
            "result": "complete", "at": visit["at"], "respondent": "head",
            "household": {"household_type": "family", "phone": phone, "n_stayed": 3, "n_registered_absent": 0, "births_m": 0,
                "births_f": 0, "deaths_m": 0, "deaths_f": 0, "dwelling_kind": 1, "floor_area_m2": 89.5, "rooms": 3, "tenure": "own"},
            "persons": persons, "answers": {"heating": "electric"},
        })
    }

    fn person(&mut self, relationship: &str, number: u32) -> Value {
        const FAMILY: [&str; 6] = ["李", "王", "张", "刘", "陈", "杨"];
        const GIVEN: [&str; 6] = ["晓莉", "建国", "乐宇", "秀英", "志强", "丽娟"];
        let name = format!("{}{}", FAMILY[self.dice.random_range(0..6)], GIVEN[self.dice.random_range(0..6)]);
        let year = if relationship == "child" { 2008 } else { 1975 } + self.dice.random_range(0..8);
        json!({
            "person_no": number, "name": name, "sex": if number == 1 { "m" } else { "f" }, "relationship": relationship,
            "birth": {"y": year, "m": self.dice.random_range(1..=12), "d": self.dice.random_range(1..=28)},
            "ethnicity": "01", "stayed_here": true, "stayed_at": 1, "registered_at": 1, "time_away": 1,
            "residence_status": "here_registered",
        })
    }
}
