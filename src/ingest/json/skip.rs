//! Walks over JSON by quotes and brackets alone, without recursion: what cannot be read can still be passed over, and
//! asked for its label.

use super::fault::{Stop, What};
use super::read::{Reader, plain_end};

/// Best effort: the `id` and `type` strings of a record that could not be read, as it wrote them. Strings with escapes
/// are passed over.
pub fn label(record: &str) -> (Option<&str>, Option<&str>) {
    let mut found = (None, None);
    let mut reader = Reader::new(record, 0);
    if !reader.takes(b'{') {
        return found;
    }
    while let Ok(key) = reader.key() {
        reader.skip_space();
        let start = reader.at;
        if skip_value(&mut reader).is_err() {
            break;
        }
        let value = record[start..reader.at].strip_prefix('"').and_then(|v| v.strip_suffix('"'));
        let value = value.filter(|v| !v.contains('\\'));
        match &*key {
            "id" if found.0.is_none() => found.0 = value,
            "type" if found.1.is_none() => found.1 = value,
            _ => {}
        }
        if !reader.takes(b',') {
            break;
        }
    }
    found
}

/// Skips one value by quotes and brackets alone; what it says is judged later.
pub(super) fn skip_value(reader: &mut Reader<'_>) -> Result<(), Stop> {
    let bytes = reader.bytes();
    // Closing brackets still owed, innermost last.
    let mut owed: Vec<u8> = Vec::new();
    loop {
        match reader.peek() {
            None => return Err(reader.stop(What::Ends)),
            Some(b'"') => reader.at = string_end(bytes, reader.at).ok_or_else(|| reader.stop_at_end())?,
            Some(b'{') => {
                owed.push(b'}');
                reader.at += 1;
            }
            Some(b'[') => {
                owed.push(b']');
                reader.at += 1;
            }
            Some(close @ (b'}' | b']')) => match owed.pop() {
                Some(wanted) if wanted == close => reader.at += 1,
                Some(_) => return Err(reader.stop(What::Bracket)),
                None => return Err(reader.stop(What::Value)),
            },
            Some(b',' | b':' | b' ' | b'\t' | b'\r' | b'\n') if !owed.is_empty() => reader.at += 1,
            Some(_) => {
                let word = bytes[reader.at..].iter().position(|b| b" \t\r\n,:\"[]{}".contains(b));
                let length = word.unwrap_or(bytes.len() - reader.at);
                if length == 0 {
                    return Err(reader.stop(What::Value));
                }
                reader.at += length;
            }
        }
        if owed.is_empty() {
            return Ok(());
        }
    }
}

/// The place behind the closing quote of the string that opens at `at`.
fn string_end(bytes: &[u8], at: usize) -> Option<usize> {
    let mut at = at + 1;
    loop {
        at = plain_end(bytes, at);
        match bytes.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}
