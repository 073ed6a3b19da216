//! Interviews that are there already: invented families in the form in which they are compared, with their keys, loaded by
//! COPY. Only what linking looks at is loaded; nobody uploads a million interviews to measure the next one.

use std::pin::pin;

use anyhow::Result;
use doorknock::link::block::{KeyKind, keys};
use doorknock::link::{DigestKey, NORM_VERSION, prepare};
use doorknock::rehearsal::dice::Dice;
use doorknock::rehearsal::number::Numbers;
use doorknock::store::SurveyKey;
use futures_util::SinkExt;
use jiff::Timestamp;
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, NoTls};
use uuid::Uuid;

use crate::town::{area, family, given};

/// Interviews loaded in one COPY.
const PART: usize = 20_000;
/// Interviews of one area.
pub const PER_AREA: usize = 120;

/// Adds interviews until `to` are stored.
pub async fn add(url: &str, key: SurveyKey, from: usize, to: usize) -> Result<()> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    tokio::spawn(async move { drop(connection.await) });
    let mut numbers = Numbers::default();
    let mut at = from;
    while at < to {
        let end = (at + PART).min(to);
        part(&client, key, &mut numbers, at..end).await?;
        at = end;
    }
    client.batch_execute("analyze link_interview; analyze link_key; checkpoint").await?;
    Ok(())
}

async fn part(
    client: &Client,
    key: SurveyKey,
    numbers: &mut Numbers,
    range: std::ops::Range<usize>,
) -> Result<()> {
    let hashing = DigestKey::new([9; 32]);
    let (mut rows, mut all_keys) = (Vec::new(), Vec::new());
    for n in range {
        let mut dice = Dice::of(5, &[&n.to_string()]);
        let id = Uuid::from_u128((0x0170_0000_0000_u128 << 80) | (7 << 76) | (2 << 62) | n as u128);
        let family = family(&mut dice, numbers);
        let interview = given(&family, id, &area(n / PER_AREA), n % PER_AREA, "2020-11-03T10:00:00+08:00");
        let prepared = prepare(&interview, &hashing);
        let own = keys(&prepared);
        let kinds: Vec<i16> = own
            .iter()
            .map(|k| {
                KeyKind::ALL
                    .iter()
                    .position(|x| *x == k.kind)
                    .and_then(|p| i16::try_from(p).ok())
                    .unwrap_or_default()
            })
            .collect();
        let hashes: Vec<i64> = own.iter().map(|k| k.hash).collect();
        all_keys.extend(hashes.iter().copied().zip(kinds.iter().copied()).map(|(h, k)| (h, k, id)));
        let people = i32::try_from(prepared.persons.len())?;
        rows.push((id, people, serde_json::to_string(&prepared)?, hashes, kinds));
    }
    let at: Timestamp = "2020-11-03T10:00:00+08:00".parse()?;
    let sink = client
        .copy_in("copy link_interview (district_id, survey_no, interview, revision, case_id, is_in_force, is_complete, is_proxy,
            recorded, living, at, norm_version, prepared, keys, key_kinds, skipped) from stdin (format binary)")
        .await?;
    let types = [
        Type::INT4,
        Type::INT4,
        Type::UUID,
        Type::INT4,
        Type::UUID,
        Type::BOOL,
        Type::BOOL,
        Type::BOOL,
        Type::INT4,
        Type::INT4,
        Type::TIMESTAMPTZ,
        Type::INT4,
        Type::TEXT,
        Type::INT8_ARRAY,
        Type::INT2_ARRAY,
        Type::INT2_ARRAY,
    ];
    let mut writer = pin!(BinaryCopyInWriter::new(sink, &types));
    let (none, norm): (Vec<i16>, i32) = (Vec::new(), NORM_VERSION.into());
    for (id, people, prepared, hashes, kinds) in &rows {
        let row: [&(dyn ToSql + Sync); 16] = [
            &key.district,
            &key.no,
            id,
            &1_i32,
            id,
            &true,
            &true,
            &false,
            people,
            people,
            &at,
            &norm,
            prepared,
            hashes,
            kinds,
            &none,
        ];
        writer.as_mut().write(&row).await?;
    }
    writer.finish().await?;
    let sink = client
        .copy_in::<_, bytes::Bytes>("copy link_key (district_id, survey_no, key, kind, interview) from stdin")
        .await?;
    let mut sink = pin!(sink);
    all_keys.sort_unstable();
    let mut text = String::new();
    for (hash, kind, id) in all_keys {
        use std::fmt::Write as _;
        writeln!(text, "{}\t{}\t{hash}\t{kind}\t{id}", key.district, key.no)?;
    }
    sink.send(bytes::Bytes::from(text)).await?;
    sink.close().await?;
    Ok(())
}
