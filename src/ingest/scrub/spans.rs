//! Finds the stretches of one string that are shaped like citizen IDs, in one pass and in bounded memory.

use std::ops::Range;

use super::Old;
use super::glyph::{Glyph, Script, char_at};
use super::shape::{
    Break, Digit, LONGEST, SHORTEST, is_new_form, is_new_grouping, is_old_form, is_old_grouping,
};

/// How a string is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// As it is.
    Plain,
    /// Between the quotes of a JSON string.
    Escaped,
}

/// Separating characters that a number may have in one place.
const WIDEST_GAP: usize = 3;
/// Digits gathered before the first of them are judged.
const GATHERED: usize = 4096;

/// Whether a string can hold a shape at all: [`SHORTEST`] digits with nothing but gaps between. Cheap, and right for all but
/// a few strings.
pub(super) fn may_hold(text: &str, source: Source) -> bool {
    if text.len() < SHORTEST || is_uuid(text.as_bytes()) || is_time(text.as_bytes()) {
        return false;
    }
    let mut digits = 0;
    for byte in text.bytes() {
        match BYTES[usize::from(byte)] {
            Byte::Digit => digits += 1,
            Byte::Gap => {}
            Byte::Other => digits = 0,
            Byte::Look => return may_hold_chars(text, source),
        }
        if digits == SHORTEST {
            return true;
        }
    }
    false
}

/// The same, by characters.
fn may_hold_chars(text: &str, source: Source) -> bool {
    if source == Source::Plain || !text.contains('\\') {
        return has_run(text.chars());
    }
    has_run(super::glyph::chars(text, source).map(|(c, _)| c))
}

fn has_run(mut chars: impl Iterator<Item = char>) -> bool {
    let mut digits = 0;
    chars.any(|c| {
        match Glyph::of(c) {
            Glyph::Digit(..) => digits += 1,
            Glyph::Gap | Glyph::Mark | Glyph::Unseen => {}
            Glyph::Other => digits = 0,
        }
        digits == SHORTEST
    })
}

#[derive(Clone, Copy)]
enum Byte {
    Digit,
    Gap,
    Other,
    Look,
}

const BYTES: [Byte; 256] = {
    let mut table = [Byte::Other; 256];
    let mut byte = 0_u8;
    while byte < u8::MAX {
        table[byte as usize] = match byte {
            b'0'..=b'9' | b'x' | b'X' => Byte::Digit,
            b' ' | b'\t' | b'\n' | b'\r' | b'-' | b'_' | b'/' | b'~' | b'.' | b',' | b':' | b';' | b'|' => {
                Byte::Gap
            }
            b'\\' | 0x80.. => Byte::Look,
            _ => Byte::Other,
        };
        byte += 1;
    }
    table
};

/// The shapes in `text`, as spans of its bytes in order.
pub(super) fn spans(text: &str, source: Source, old: Old) -> Vec<Range<usize>> {
    let mut run = Run {
        digits: Vec::new(),
        script: Script::Digits,
        gap: Break::None,
        width: 0,
        old,
        found: Vec::new(),
    };
    let mut at = 0;
    let mut is_word_start = true;
    while let Some((c, length)) = char_at(text, at, source) {
        if is_word_start && let Some(length) = identifier(&text.as_bytes()[at..]) {
            run.end();
            at += length;
            is_word_start = false;
            continue;
        }
        is_word_start = !c.is_ascii_alphanumeric();
        run.take(Glyph::of(c), at, at + length);
        at += length;
    }
    run.end();
    run.found
}

/// The length of a UUID, or of a digest in hexadecimal (32 characters or more, a letter among them), that stands here as
/// a whole word. Digits inside those are no numbers.
fn identifier(bytes: &[u8]) -> Option<usize> {
    let is_end = |at: usize| !bytes.get(at).is_some_and(u8::is_ascii_alphanumeric);
    if bytes.get(..36).is_some_and(is_uuid) && is_end(36) {
        return Some(36);
    }
    let length = bytes.iter().take(129).take_while(|b| b.is_ascii_hexdigit()).count();
    let has_letter = bytes[..length].iter().any(u8::is_ascii_alphabetic);
    ((32..=128).contains(&length) && has_letter && is_end(length)).then_some(length)
}

/// Whether this is a date and time such as `2020-11-01T08:00:00.123456+08:00`, all of it.
fn is_time(bytes: &[u8]) -> bool {
    let Some((second, rest)) = bytes.split_at_checked(19) else { return false };
    let is_second = second.iter().zip(b"0000-00-00T00:00:00").all(|(b, like)| match like {
        b'0' => b.is_ascii_digit(),
        like => b == like,
    });
    let fraction = match rest.split_first() {
        Some((b'.', digits)) => 1 + digits.iter().take(9).take_while(|b| b.is_ascii_digit()).count(),
        Some(_) | None => 0,
    };
    is_second
        && match &rest[fraction..] {
            [] | [b'Z'] => true,
            [b'+' | b'-', h, i, b':', m, n] => [h, i, m, n].into_iter().all(u8::is_ascii_digit),
            _ => false,
        }
}

/// Whether these are the 36 characters of a UUID.
fn is_uuid(bytes: &[u8]) -> bool {
    bytes.len() == 36
        && bytes.iter().enumerate().all(|(at, b)| match at {
            8 | 13 | 18 | 23 => *b == b'-',
            _ => b.is_ascii_hexdigit(),
        })
}

/// Digits that follow one another, and what was found among those before.
struct Run {
    digits: Vec<Digit>,
    script: Script,
    /// What stands since the last digit.
    gap: Break,
    width: usize,
    old: Old,
    found: Vec<Range<usize>>,
}

impl Run {
    fn take(&mut self, glyph: Glyph, start: usize, end: usize) {
        match glyph {
            Glyph::Digit(value, script) => self.digit(value, script, start, end),
            Glyph::Gap => self.widen(Break::Gap),
            Glyph::Mark => self.widen(Break::Mark),
            Glyph::Unseen => {}
            Glyph::Other => self.end(),
        }
    }

    fn widen(&mut self, gap: Break) {
        if self.digits.is_empty() {
            return;
        }
        self.width += 1;
        if self.width > WIDEST_GAP {
            self.end();
        } else if self.gap != Break::Mark {
            self.gap = gap;
        }
    }

    fn digit(&mut self, value: u8, script: Script, start: usize, end: usize) {
        if script == Script::X {
            if !self.digits.is_empty() {
                self.push(value, start, end);
                self.end();
            }
            return;
        }
        if script != self.script {
            self.end();
            self.script = script;
        }
        self.push(value, start, end);
        if self.digits.len() >= GATHERED {
            self.judge(2 * LONGEST);
        }
    }

    fn push(&mut self, value: u8, start: usize, end: usize) {
        let before = if self.digits.is_empty() { Break::Gap } else { self.gap };
        self.digits.push(Digit { value, before, start, end });
        self.gap = Break::None;
        self.width = 0;
    }

    fn end(&mut self) {
        self.judge(0);
        self.digits.clear();
        self.gap = Break::None;
        self.width = 0;
    }

    /// Looks for shapes beginning at each digit but the last `kept`, and forgets those digits.
    fn judge(&mut self, kept: usize) {
        if self.digits.len() < SHORTEST {
            return;
        }
        let mut at = 0;
        while at + kept.max(SHORTEST) <= self.digits.len() {
            match self.shape_at(at) {
                Some(length) => {
                    let (first, last) = (self.digits[at], self.digits[at + length - 1]);
                    self.found.push(first.start..last.end);
                    at += length;
                    if let Some(next) = self.digits.get_mut(at) {
                        // What follows an ID directly begins a number of its own.
                        next.before = Break::Gap;
                    }
                }
                None => at += 1,
            }
        }
        self.digits.drain(..at.min(self.digits.len()));
    }

    /// The number of characters of the shape that begins at digit `at`.
    fn shape_at(&self, at: usize) -> Option<usize> {
        let rest = &self.digits[at..];
        let is_first = rest[0].before != Break::None;
        let ends = |length: usize| {
            rest.get(length).is_none_or(|next| next.before != Break::None || next.value == 10)
        };
        let whole = |length: usize| rest[1..length].iter().all(|d| d.before == Break::None);
        if let Some(window) = rest.get(..LONGEST)
            && is_new_form(window)
            && (whole(LONGEST) || (is_first && ends(LONGEST) && is_new_grouping(window)))
        {
            return Some(LONGEST);
        }
        if !is_first {
            return None;
        }
        // Seventeen digits alone: the check character was left out.
        if let Some(window) = rest.get(..17)
            && whole(17)
            && ends(17)
            && is_new_form(window)
        {
            return Some(17);
        }
        let window = rest.get(..SHORTEST).filter(|_| self.old == Old::Too && ends(SHORTEST))?;
        (is_old_form(window) && (whole(SHORTEST) || is_old_grouping(window))).then_some(SHORTEST)
    }
}
