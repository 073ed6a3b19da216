//! The strict reader: text to [`Json`], or the place and kind of the first fault. It never quotes the text.

use std::borrow::Cow;
use std::collections::HashSet;

use super::fault::{Fault, Stop, What, segment};
use super::{Json, MAX_DEPTH, MAX_NUMBER_CHARS, MAX_STRING_CHARS};

/// Reads a whole text as one JSON value: at most [`MAX_DEPTH`] levels, strings of at most [`MAX_STRING_CHARS`].
pub fn parse(text: &str) -> Result<Json<'_>, Fault> {
    parse_with(text, MAX_STRING_CHARS)
}

/// The same with strings of at most `most_chars`, for texts that hold whole documents.
pub fn parse_with(text: &str, most_chars: usize) -> Result<Json<'_>, Fault> {
    let mut reader = Reader { most_chars, ..Reader::new(text, 0) };
    let value = reader.value(1).and_then(|value| {
        reader.skip_space();
        if reader.at == text.len() { Ok(value) } else { Err(reader.stop(What::Trailing)) }
    });
    value.map_err(|stop| stop.fault(text))
}

/// A reader standing somewhere in a text.
pub(super) struct Reader<'a> {
    text: &'a str,
    bytes: &'a [u8],
    pub at: usize,
    most_chars: usize,
}

type Read<T> = Result<T, Stop>;

impl<'a> Reader<'a> {
    pub(super) fn new(text: &'a str, at: usize) -> Self {
        Self { text, bytes: text.as_bytes(), at, most_chars: MAX_STRING_CHARS }
    }

    pub(super) fn stop(&self, what: What) -> Stop {
        self.stop_at(self.at, what)
    }

    fn stop_at(&self, at: usize, what: What) -> Stop {
        let what = if at >= self.bytes.len() && what != What::Trailing { What::Ends } else { what };
        Stop::new(at, what)
    }

    /// The whole text, as bytes.
    pub(super) fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The text ended inside something.
    pub(super) fn stop_at_end(&self) -> Stop {
        self.stop_at(self.bytes.len(), What::Ends)
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    pub(super) fn skip_space(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.peek() {
            self.at += 1;
        }
    }

    /// Skips white space and takes `byte`, or stops with `what`.
    pub(super) fn expect(&mut self, byte: u8, what: What) -> Read<()> {
        self.skip_space();
        if self.peek() == Some(byte) {
            self.at += 1;
            Ok(())
        } else {
            Err(self.stop(what))
        }
    }

    /// Skips white space and takes `byte` if it stands there.
    pub(super) fn takes(&mut self, byte: u8) -> bool {
        self.skip_space();
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    /// Reads one value; `depth` is the level an array or object here would have.
    pub(super) fn value(&mut self, depth: usize) -> Read<Json<'a>> {
        self.skip_space();
        match self.peek() {
            Some(b'{' | b'[') if depth > MAX_DEPTH => Err(self.stop(What::Depth)),
            Some(b'{') => self.object(depth),
            Some(b'[') => self.array(depth),
            Some(b'"') => self.string().map(Json::Str),
            Some(b'-' | b'0'..=b'9') => self.number().map(Json::Num),
            Some(b't') => self.word("true", Json::Bool(true)),
            Some(b'f') => self.word("false", Json::Bool(false)),
            Some(b'n') => self.word("null", Json::Null),
            _ => Err(self.stop(What::Value)),
        }
    }

    fn word(&mut self, word: &str, value: Json<'a>) -> Read<Json<'a>> {
        if !self.bytes[self.at..].starts_with(word.as_bytes()) {
            return Err(self.stop(What::Value));
        }
        self.at += word.len();
        Ok(value)
    }

    fn array(&mut self, depth: usize) -> Read<Json<'a>> {
        self.at += 1;
        let mut items = Vec::new();
        if self.takes(b']') {
            return Ok(Json::Arr(items));
        }
        loop {
            let item = self.value(depth + 1).map_err(|stop| stop.inside(items.len().to_string()))?;
            items.push(item);
            if self.takes(b']') {
                return Ok(Json::Arr(items));
            }
            self.expect(b',', What::Comma)?;
        }
    }

    fn object(&mut self, depth: usize) -> Read<Json<'a>> {
        self.at += 1;
        let mut seen = Seen::default();
        if self.takes(b'}') {
            return Ok(Json::Obj(Vec::new()));
        }
        // A record has about so many fields; what stands inside is smaller.
        let mut members: Vec<(Cow<'a, str>, Json<'a>)> = Vec::with_capacity(if depth == 0 { 16 } else { 4 });
        loop {
            self.skip_space();
            let start = self.at;
            let key = self.key()?;
            if !seen.is_new(&members, &key) {
                return Err(self.stop_at(start, What::KeyTwice).inside(segment(&key)));
            }
            let value = self.value(depth + 1).map_err(|stop| stop.inside(segment(&key)))?;
            members.push((key, value));
            if self.takes(b'}') {
                return Ok(Json::Obj(members));
            }
            self.expect(b',', What::Comma)?;
        }
    }

    /// Reads a key and its colon.
    pub(super) fn key(&mut self) -> Read<Cow<'a, str>> {
        self.skip_space();
        if self.peek() != Some(b'"') {
            return Err(self.stop(What::Key));
        }
        let key = self.string()?;
        self.expect(b':', What::Colon)?;
        Ok(key)
    }

    /// Reads a string; stands on its opening quote.
    fn string(&mut self) -> Read<Cow<'a, str>> {
        self.at += 1;
        let start = self.at;
        let end = plain_end(self.bytes, start);
        let text = match self.bytes.get(end) {
            Some(b'"') => Cow::Borrowed(&self.text[start..end]),
            Some(b'\\') => Cow::Owned(self.escaped(start)?),
            _ => return Err(self.stop_at(end, What::Control)),
        };
        if text.len() > self.most_chars && text.chars().count() > self.most_chars {
            return Err(self.stop_at(start, What::LongString));
        }
        if matches!(text, Cow::Borrowed(_)) {
            self.at = end + 1;
        }
        Ok(text)
    }

    /// Reads a string that has escapes, from its first character to behind its closing quote.
    fn escaped(&mut self, start: usize) -> Read<String> {
        let mut out = String::new();
        self.at = start;
        loop {
            let end = plain_end(self.bytes, self.at);
            out.push_str(&self.text[self.at..end]);
            self.at = end;
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(out);
                }
                Some(b'\\') => out.push(self.escape()?),
                _ => return Err(self.stop(What::Control)),
            }
        }
    }

    /// Reads one escape sequence; stands on its backslash.
    fn escape(&mut self) -> Read<char> {
        let start = self.at;
        self.at += 2;
        let c = match self.bytes.get(start + 1) {
            Some(c @ (b'"' | b'\\' | b'/')) => char::from(*c),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.code_point(start),
            _ => return Err(self.stop_at(start + 1, What::Escape)),
        };
        Ok(c)
    }

    /// Reads the digits of `\uXXXX`, and the second half of a pair; stands behind the first `u`.
    fn code_point(&mut self, start: usize) -> Read<char> {
        let first = self.hex4()?;
        if first == 0 {
            return Err(self.stop_at(start, What::Nul));
        }
        if !(0xD800..0xE000).contains(&first) {
            return char::from_u32(first).ok_or_else(|| self.stop_at(start, What::Escape));
        }
        let paired = first < 0xDC00 && self.bytes[self.at..].starts_with(b"\\u");
        if !paired {
            return Err(self.stop_at(start, What::Surrogate));
        }
        self.at += 2;
        let second = self.hex4()?;
        if !(0xDC00..0xE000).contains(&second) {
            return Err(self.stop_at(start, What::Surrogate));
        }
        char::from_u32(0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00))
            .ok_or_else(|| self.stop_at(start, What::Surrogate))
    }

    fn hex4(&mut self) -> Read<u32> {
        let mut value = 0;
        for _ in 0..4 {
            let digit = self.peek().and_then(|b| char::from(b).to_digit(16));
            value = value * 16 + digit.ok_or_else(|| self.stop(What::Escape))?;
            self.at += 1;
        }
        Ok(value)
    }

    fn number(&mut self) -> Read<&'a str> {
        let start = self.at;
        self.at += usize::from(self.peek() == Some(b'-'));
        let whole = self.digits()?;
        if whole > 1 && self.bytes[self.at - whole] == b'0' {
            return Err(self.stop_at(start, What::Number));
        }
        let is_integer = !matches!(self.peek(), Some(b'.' | b'e' | b'E'));
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.at += 1;
            self.at += usize::from(matches!(self.peek(), Some(b'+' | b'-')));
            self.digits()?;
        }
        let text = &self.text[start..self.at];
        if (is_integer && text.len() <= 18) || fits(text) {
            Ok(text)
        } else {
            Err(self.stop_at(start, What::NumberSize))
        }
    }

    /// Takes a run of digits and says how many; none is a fault.
    fn digits(&mut self) -> Read<usize> {
        let start = self.at;
        while let Some(b'0'..=b'9') = self.peek() {
            self.at += 1;
        }
        if self.at == start { Err(self.stop(What::Number)) } else { Ok(self.at - start) }
    }
}

/// Whether a well-formed number has a finite value that is not lost to zero.
fn fits(text: &str) -> bool {
    if text.len() > MAX_NUMBER_CHARS {
        return false;
    }
    let mantissa = text.split(['e', 'E']).next().unwrap_or(text);
    let is_zero = !mantissa.bytes().any(|b| b.is_ascii_digit() && b != b'0');
    text.parse::<f64>().is_ok_and(|value| value.is_finite() && (value != 0.0 || is_zero))
}

/// Which keys an object already has: a plain search while there are few, a set once there are many.
#[derive(Default)]
struct Seen(HashSet<String>);

impl Seen {
    const FEW: usize = 32;

    fn is_new(&mut self, members: &[(Cow<'_, str>, Json<'_>)], key: &str) -> bool {
        if members.len() < Self::FEW {
            return members.iter().all(|(known, _)| known != key);
        }
        if self.0.is_empty() {
            self.0.extend(members.iter().map(|(known, _)| known.clone().into_owned()));
        }
        self.0.insert(key.to_owned())
    }
}

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = 0x8080_8080_8080_8080;

/// The first place from `at` on that is a quote, a backslash or a control character, eight bytes at a time; the
/// length of `bytes` when there is none.
pub(in crate::ingest) fn plain_end(bytes: &[u8], mut at: usize) -> usize {
    while let Some(chunk) = bytes.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
        let word = u64::from_le_bytes(*chunk);
        let zero_where = |x: u64| x.wrapping_sub(ONES) & !x & HIGHS;
        let quote = zero_where(word ^ (ONES * u64::from(b'"')));
        let backslash = zero_where(word ^ (ONES * u64::from(b'\\')));
        let control = word.wrapping_sub(ONES * 0x20) & !word & HIGHS;
        let found = quote | backslash | control;
        if found != 0 {
            return at + found.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    while at < bytes.len() && !matches!(bytes[at], b'"' | b'\\' | 0..0x20) {
        at += 1;
    }
    at
}
