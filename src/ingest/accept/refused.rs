//! Refused records: counted for their device and day. Up to the survey's limit they are kept as received, with their batch;
//! above it they are answered as ever, and `null` stands in their place in the raw copy.

use std::borrow::Cow;

use super::super::Error;
use super::super::classify::Class;
use super::super::json::split_batch;
use super::filled::Fate;
use super::{BIG, Work};
use crate::store::{batch, quota};

/// Packed text, and how long it was before it was packed.
type Raw<'a> = (Cow<'a, [u8]>, i32);

impl Work<'_> {
    /// Counts the refused records of the batch; its raw copy without those that are too many for the day.
    pub(super) async fn raw_to_keep(&self) -> Result<Raw<'_>, Error> {
        let batch = self.batch;
        let whole = (Cow::Borrowed(batch.raw.as_slice()), batch.raw_length);
        let is_refused = |class: &Class| matches!(class, Class::Refused | Class::Reused);
        let sent = self.classes.iter().take(batch.reads.len()).enumerate();
        let mut places: Vec<usize> = sent.filter(|(_, class)| is_refused(class)).map(|(i, _)| i).collect();
        let of_forms = self.filled.iter().filter(|f| matches!(f.fate, Fate::Reused | Fate::Refused(_)));
        places.extend(of_forms.map(|f| f.index));
        places.sort_unstable();
        if places.is_empty() {
            return Ok(whole);
        }
        let (device, day) = (batch.head.device, batch.day);
        let kept = quota::hold_refused(self.tx, self.at.key, device, day).await?;
        let n_kept = batch.survey.rules.policy.limits.refused_kept(kept, places.len());
        let left_out = places.get(n_kept..).unwrap_or_default();
        let counts = (places.len(), left_out.len());
        quota::count_refused(self.tx, self.at.key, device, (day, batch.head.received_at), counts).await?;
        if left_out.is_empty() {
            Ok(whole)
        } else {
            packed_without(&batch.raw, batch.raw_length, left_out).await
        }
    }
}

/// The same text without the records at these places; a large one is worked on elsewhere.
async fn packed_without<'a>(raw: &[u8], length: i32, places: &[usize]) -> Result<Raw<'a>, Error> {
    let (raw, places) = (raw.to_vec(), places.to_vec());
    let work = move || {
        let text = without(&batch::unpacked(&raw)?, &places);
        let length = i32::try_from(text.len()).unwrap_or(i32::MAX);
        Ok::<Raw<'a>, Error>((Cow::Owned(batch::packed(text.as_bytes())?), length))
    };
    if usize::try_from(length).is_ok_and(|length| length <= BIG) {
        return work();
    }
    // What is borrowed for no longer than nothing may leave this thread.
    let done = tokio::task::spawn_blocking(move || work().map(|(raw, length)| (raw.into_owned(), length)));
    let (raw, length) = done.await.map_err(|_| Error::Store(crate::store::Error::Unavailable))??;
    Ok((Cow::Owned(raw), length))
}

/// A batch with `null` for the records at `places`, which rise. Of one that cannot be taken apart any more, since two of its
/// own fields have become one when citizen IDs were taken out, nothing is left: what counts of it stands in its tables.
fn without(text: &str, places: &[usize]) -> String {
    let Ok(parts) = split_batch(text) else {
        return String::new();
    };
    let (mut out, mut copied) = (String::with_capacity(text.len()), 0);
    for record in places.iter().filter_map(|place| parts.records.get(*place)) {
        let start = record.as_ptr().addr() - text.as_ptr().addr();
        out.push_str(&text[copied..start]);
        out.push_str("null");
        copied = start + record.len();
    }
    out.push_str(&text[copied..]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(records: &str) -> String {
        format!(
            r#"{{"batch_id":"01900000-0000-7000-8000-000000000001","survey":"s","device_id":"01900000-0000-7000-8000-000000000002",
            "sent_at":"2020-11-10T12:00:00+08:00","records":[{records}],"x":1}}"#
        )
    }

    #[test]
    fn a_record_that_is_left_out_leaves_its_neighbours_as_they_were() {
        let three = batch(r#" {"a":"门"} , {"b":[{}]},3 "#);
        let table = [
            (&[0][..], batch(r#" null , {"b":[{}]},3 "#)),
            (&[1, 2], batch(r#" {"a":"门"} , null,null "#)),
            (&[7], three.clone()),
            (&[], three.clone()),
        ];
        for (places, want) in table {
            assert_eq!(without(&three, places), want, "{places:?}");
        }
    }

    #[test]
    fn of_a_batch_that_cannot_be_taken_apart_nothing_is_left() {
        let twice = batch("1").replace(r#""x":1"#, r#""x":1,"x":2"#);
        assert_eq!(without(&twice, &[0]), "");
    }
}
