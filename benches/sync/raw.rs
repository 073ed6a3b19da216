//! Plain PostgreSQL doing the least that a sync service must: the yardstick, what is faster, and the floor.

use std::pin::pin;
use std::sync::Arc;
use std::time::Instant;

use anyhow::Result;
use bytes::Bytes;
use doorknock::embedded::Connection;
use futures_util::future::{try_join, try_join4};
use jiff::{SignedDuration, Timestamp};
use rand::Rng;
use rand::rngs::StdRng;
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::types::{Json, ToSql, Type};
use tokio_postgres::{Client, Statement};
use uuid::Uuid;

use crate::figures::Timing;
use crate::house::connect;

/// How rows are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Binary COPY: no conflict handling.
    Copy,
    /// One set-based insert per batch, begin and commit in the same round trip: the yardstick.
    Unnest,
    /// One transaction per row: the floor.
    RowByRow,
}

/// Columns of a batch of visits.
#[derive(Clone, Debug, Default)]
pub struct Rows {
    batch: Uuid,
    ids: Vec<Uuid>,
    cases: Vec<Uuid>,
    ats: Vec<Timestamp>,
    outcomes: Vec<i16>,
    lons: Vec<f64>,
    lats: Vec<f64>,
    data: Vec<Json<serde_json::Value>>,
}

const TABLES: &str = "
    create table raw_batch (id uuid primary key, body bytea not null);
    alter table raw_batch alter column body set storage external;
    create table raw_visit (id uuid primary key, case_id uuid not null, at timestamptz not null, outcome smallint not null,
        lon float8, lat float8, data jsonb not null);
    create index raw_visit_by_case on raw_visit (case_id, at)";

const INSERT: &str = "
    insert into raw_visit (id, case_id, at, outcome, lon, lat, data)
    select * from unnest($1::uuid[], $2::uuid[], $3::timestamptz[], $4::int2[], $5::float8[], $6::float8[], $7::jsonb[])
    on conflict do nothing returning id";

const INSERT_ONE: &str = "
    insert into raw_visit (id, case_id, at, outcome, lon, lat, data) values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing";

const INSERT_BODY: &str = "insert into raw_batch (id, body) values ($1, $2)";

/// Makes the tables.
pub async fn create(connection: &Connection) -> Result<()> {
    connect(connection).await?.batch_execute(TABLES).await?;
    Ok(())
}

/// `n` rows with about 600 bytes of JSON each.
pub fn rows(dice: &mut StdRng, n: usize, cases: &[Uuid], now: Timestamp) -> Rows {
    let millis = u64::try_from(now.as_millisecond()).unwrap_or_default();
    let id =
        |dice: &mut StdRng| uuid::Builder::from_unix_timestamp_millis(millis, &dice.random()).into_uuid();
    let mut rows = Rows { batch: id(dice), ..Rows::default() };
    for _ in 0..n {
        rows.ids.push(id(dice));
        rows.cases.push(cases[dice.random_range(0..cases.len())]);
        rows.ats.push(now - SignedDuration::from_secs(dice.random_range(600..500_000)));
        rows.outcomes.push(dice.random_range(1..30));
        rows.lons.push(dice.random_range(112.9..113.1));
        rows.lats.push(dice.random_range(34.7..34.8));
        let note = (0..56).map(|_| format!("{:08x}", dice.random::<u32>())).collect::<Vec<_>>().concat();
        rows.data.push(Json(serde_json::json!({"accuracy_m": 12, "datum": "wgs84", "channel": "in_person", "ended_at": now.to_string(),
            "note": note, "photo": [], "informant": "none"})));
    }
    rows
}

/// Writes `work` on as many connections as it has lists, all at once.
pub async fn write(connection: &Connection, way: Way, work: Vec<Vec<(Rows, Bytes)>>) -> Result<Timing> {
    let mut writers = Vec::new();
    for list in work {
        writers.push((Writer::open(connection, way).await?, list));
    }
    let gate = Arc::new(tokio::sync::Barrier::new(writers.len() + 1));
    let tasks: Vec<_> = writers
        .into_iter()
        .map(|(writer, list)| {
            let gate = Arc::clone(&gate);
            tokio::spawn(async move {
                gate.wait().await;
                writer.all(list).await
            })
        })
        .collect();
    gate.wait().await;
    let began = Instant::now();
    let mut timing = Timing::default();
    for task in tasks {
        let (records, latencies) = task.await??;
        timing.add(records, latencies);
    }
    timing.took = began.elapsed();
    Ok(timing)
}

/// One connection with its statements prepared.
struct Writer {
    client: Client,
    way: Way,
    insert: Statement,
    insert_one: Statement,
    insert_body: Statement,
}

impl Writer {
    async fn open(connection: &Connection, way: Way) -> Result<Self> {
        let client = connect(connection).await?;
        let insert = client.prepare(INSERT).await?;
        let insert_one = client.prepare(INSERT_ONE).await?;
        let insert_body = client.prepare(INSERT_BODY).await?;
        Ok(Self { client, way, insert, insert_one, insert_body })
    }

    async fn all(self, list: Vec<(Rows, Bytes)>) -> Result<(usize, Vec<f64>)> {
        let (mut records, mut latencies) = (0, Vec::with_capacity(list.len()));
        for (rows, body) in list {
            let began = Instant::now();
            match self.way {
                Way::Copy => self.copy(&rows, &body).await?,
                Way::Unnest => self.unnest(&rows, &body).await?,
                Way::RowByRow => self.row_by_row(&rows).await?,
            }
            latencies.push(began.elapsed().as_secs_f64() * 1000.0);
            records += rows.ids.len();
        }
        Ok((records, latencies))
    }

    async fn unnest(&self, r: &Rows, body: &[u8]) -> Result<()> {
        let body_row: [&(dyn ToSql + Sync); 2] = [&r.batch, &body];
        let rows: [&(dyn ToSql + Sync); 7] =
            [&r.ids, &r.cases, &r.ats, &r.outcomes, &r.lons, &r.lats, &r.data];
        try_join4(
            self.client.batch_execute("begin"),
            self.client.execute(&self.insert_body, &body_row),
            self.client.query(&self.insert, &rows),
            self.client.batch_execute("commit"),
        )
        .await?;
        Ok(())
    }

    async fn copy(&self, r: &Rows, body: &[u8]) -> Result<()> {
        let body_row: [&(dyn ToSql + Sync); 2] = [&r.batch, &body];
        try_join(self.client.batch_execute("begin"), self.client.execute(&self.insert_body, &body_row))
            .await?;
        let sink = self.client.copy_in("copy raw_visit from stdin (format binary)").await?;
        let types =
            [Type::UUID, Type::UUID, Type::TIMESTAMPTZ, Type::INT2, Type::FLOAT8, Type::FLOAT8, Type::JSONB];
        let mut writer = pin!(BinaryCopyInWriter::new(sink, &types));
        for i in 0..r.ids.len() {
            let row: [&(dyn ToSql + Sync); 7] =
                [&r.ids[i], &r.cases[i], &r.ats[i], &r.outcomes[i], &r.lons[i], &r.lats[i], &r.data[i]];
            writer.as_mut().write(&row).await?;
        }
        writer.as_mut().finish().await?;
        self.client.batch_execute("commit").await?;
        Ok(())
    }

    async fn row_by_row(&self, r: &Rows) -> Result<()> {
        for i in 0..r.ids.len() {
            let row: [&(dyn ToSql + Sync); 7] =
                [&r.ids[i], &r.cases[i], &r.ats[i], &r.outcomes[i], &r.lons[i], &r.lats[i], &r.data[i]];
            self.client.execute(&self.insert_one, &row).await?;
        }
        Ok(())
    }
}
