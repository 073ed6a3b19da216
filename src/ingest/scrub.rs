//! Takes citizen IDs out of text before anything is stored: from whole JSON texts in one walk, and from plain strings.
//!
//! Taken out are every value under a key named `citizen_id`, and everything shaped like a number of that kind
//! wherever it stands: 18 characters with a possible birth date, or the 15 digits of the old form, also with
//! full-width digits, with gaps, escaped, as a key, or as a bare number. All other text comes back byte for byte. The
//! walk judges nothing: text that is no JSON is gone through all the same.

mod glyph;
mod shape;
mod spans;

use std::borrow::Cow;
use std::ops::Range;

use super::json::plain_end;
use shape::is_number_shaped;
use spans::{Source, spans};

/// What stands where a citizen ID stood.
pub const MARK: &str = "[citizen id]";
const QUOTED_MARK: &str = "\"[citizen id]\"";

/// `text` without citizen IDs; for notes, error details, whatever is not JSON.
pub fn scrub_text(text: &str) -> Cow<'_, str> {
    let mut cut = Cut::new(text);
    if spans::may_hold(text, Source::Plain) {
        for span in spans(text, Source::Plain, Old::Too) {
            cut.replace(span, MARK);
        }
    }
    cut.finish()
}

/// An area's code without citizen IDs of the present form; those of the old form look like codes of areas.
pub fn scrub_code(code: &str) -> Cow<'_, str> {
    let mut cut = Cut::new(code);
    for span in spans(code, Source::Plain, Old::Not) {
        cut.replace(span, MARK);
    }
    cut.finish()
}

/// A JSON text without citizen IDs. It stays JSON if it was; IDs written as numbers become strings.
pub fn scrub_json(text: &str) -> Cow<'_, str> {
    let mut walk = Walk { text, bytes: text.as_bytes(), at: 0, cut: Cut::new(text), old: Old::Too };
    while walk.at < text.len() {
        walk.step();
    }
    walk.cut.finish()
}

/// Whether the old 15-digit form is looked for. Area codes of census districts have 15 digits too.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Old {
    Too,
    Not,
}

/// The text copied so far, with parts replaced; nothing is copied before the first replacement.
struct Cut<'a> {
    text: &'a str,
    out: Option<String>,
    copied: usize,
}

impl<'a> Cut<'a> {
    fn new(text: &'a str) -> Self {
        Self { text, out: None, copied: 0 }
    }

    /// Replaces a span that begins at or behind the end of the last one.
    fn replace(&mut self, span: Range<usize>, by: &str) {
        let out = self.out.get_or_insert_with(|| String::with_capacity(self.text.len()));
        out.push_str(&self.text[self.copied..span.start]);
        out.push_str(by);
        self.copied = span.end;
    }

    fn finish(self) -> Cow<'a, str> {
        match self.out {
            None => Cow::Borrowed(self.text),
            Some(mut out) => {
                out.push_str(&self.text[self.copied..]);
                Cow::Owned(out)
            }
        }
    }
}

struct Walk<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    cut: Cut<'a>,
    /// How the next string is to be read; set by the key before it.
    old: Old,
}

impl Walk<'_> {
    fn step(&mut self) {
        match self.bytes[self.at] {
            b'"' => self.string(),
            b'{' | b'}' | b'[' | b']' | b',' | b':' | b' ' | b'\n' | b'\r' | b'\t' => self.at += 1,
            _ => self.word(),
        }
    }

    fn string(&mut self) {
        let inside = self.at + 1..string_end(self.bytes, self.at + 1);
        self.at = (inside.end + 1).min(self.bytes.len());
        let raw = &self.text[inside.clone()];
        let colon = skip_space(self.bytes, self.at);
        let is_key = self.bytes.get(colon) == Some(&b':');
        let old = std::mem::replace(&mut self.old, Old::Too);
        if is_key {
            self.at = colon + 1;
            if raw == "area" || raw == "district" {
                self.old = Old::Not;
            }
        }
        if spans::may_hold(raw, Source::Escaped) {
            for span in spans(raw, Source::Escaped, old) {
                self.cut.replace(inside.start + span.start..inside.start + span.end, MARK);
            }
        }
        if is_key && is_id_key(raw) {
            self.drop_value();
        }
    }

    /// Replaces the value that stands here, whatever it is; `null` stays.
    fn drop_value(&mut self) {
        let start = skip_space(self.bytes, self.at);
        let end = value_end(self.bytes, start);
        // In JSON only white space can follow before the comma or bracket; a stray quote may have cut the value in two.
        let next =
            self.bytes[end..].iter().position(|b| b",}]".contains(b)).map_or(self.bytes.len(), |n| end + n);
        self.at = if skip_space(self.bytes, end) == next { end } else { next };
        let value = &self.text[start..self.at];
        if !value.is_empty() && value != "null" && value != QUOTED_MARK {
            self.cut.replace(start..self.at, QUOTED_MARK);
        }
    }

    /// A number or a word outside quotes; in text that is no JSON also several with spaces between.
    fn word(&mut self) {
        let start = self.at;
        let length = self.bytes[start..].iter().position(|b| b"{}[],:\"\n".contains(b));
        self.at = length.map_or(self.bytes.len(), |n| start + n);
        let word = self.text[start..self.at].trim_end();
        if word.len() < shape::SHORTEST {
            return;
        }
        if is_number_shaped(word) {
            self.cut.replace(start..start + word.len(), QUOTED_MARK);
        } else if !shape::is_decimal(word) && spans::may_hold(word, Source::Plain) {
            for span in spans(word, Source::Plain, Old::Too) {
                self.cut.replace(start + span.start..start + span.end, MARK);
            }
        }
    }
}

/// Whether a key, as written, names the citizen ID: `citizen_id` in any case, escaped or not, also `citizenId`.
fn is_id_key(raw: &str) -> bool {
    if raw.len() < "citizenid".len() || raw.len() > "citizen_id".len() * 6 {
        return false;
    }
    if !raw.contains('\\') && !matches!(raw.as_bytes()[0], b'c' | b'C') {
        return false;
    }
    let mut letters = glyph::chars(raw, Source::Escaped)
        .map(|(c, _)| c)
        .filter(|c| !matches!(c, '_' | '-' | ' '))
        .map(|c| c.to_ascii_lowercase());
    let mut wanted = "citizenid".chars();
    wanted.all(|c| letters.next() == Some(c)) && letters.next().is_none()
}

fn skip_space(bytes: &[u8], mut at: usize) -> usize {
    while let Some(b' ' | b'\n' | b'\r' | b'\t') = bytes.get(at) {
        at += 1;
    }
    at
}

/// The closing quote of a string whose inside begins at `at`; the end of the text if there is none.
fn string_end(bytes: &[u8], mut at: usize) -> usize {
    loop {
        at = plain_end(bytes, at);
        match bytes.get(at) {
            None => return bytes.len(),
            Some(b'"') => return at,
            Some(b'\\') => at += 2,
            Some(_) => at += 1,
        }
    }
}

/// The end of the value that begins at `at`, by quotes and brackets alone; a stray closing bracket ends it too.
fn value_end(bytes: &[u8], mut at: usize) -> usize {
    let mut depth = 0_usize;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => {
                at = (string_end(bytes, at + 1) + 1).min(bytes.len());
                if depth == 0 {
                    return at;
                }
            }
            b'{' | b'[' => {
                depth += 1;
                at += 1;
            }
            b'}' | b']' if depth <= 1 => return if depth == 0 { at } else { at + 1 },
            b'}' | b']' => {
                depth -= 1;
                at += 1;
            }
            b',' | b' ' | b'\n' | b'\r' | b'\t' if depth == 0 => return at,
            _ => at += 1,
        }
    }
    bytes.len()
}

#[cfg(test)]
mod tests;
