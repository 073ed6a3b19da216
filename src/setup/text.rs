//! A file's bytes as lines of UTF-8: decoded, with every kind of line end as a line feed, and without the signs that
//! belong to no cell (byte order marks, Ctrl-Z, zero bytes). Counts what it changed; knows no separator and no quote.

use super::encoding::Encoding;
use super::said::{Both, both};
use encoding_rs::{Decoder, DecoderResult};
use std::io::{self, BufRead, Read};

/// Bytes decoded in one go.
const PIECE: usize = 1 << 16;

/// Line ends by kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LineEnds {
    /// LF.
    pub lf: u64,
    /// CR LF.
    pub crlf: u64,
    /// CR alone.
    pub cr: u64,
    /// NEL and the separators U+2028 and U+2029, where a file has no other.
    pub other: u64,
}

impl LineEnds {
    /// Their name, and whether they are worth a word.
    pub fn label(self) -> (Both, bool) {
        match (self.lf > 0, self.crlf > 0, self.cr > 0, self.other > 0) {
            (_, false, false, false) => (both("LF", "LF"), false),
            (false, true, false, false) => (both("CRLF", "CRLF"), false),
            (false, false, true, false) => (both("CR", "CR"), true),
            (false, false, false, true) => (both("NEL or U+2028", "NEL 或 U+2028"), true),
            _ => (both("mixed", "混合"), self.cr > 0),
        }
    }
}

/// What was dropped, and line ends met.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Dropped {
    pub ends: LineEnds,
    /// Byte order marks after the first place.
    pub marks: u64,
    /// Ctrl-Z.
    pub end_marks: u64,
    /// Lines with zero bytes: the first, and how many bytes.
    pub zeros: Option<(u64, u64)>,
}

/// A decoder that can be read line by line.
pub(super) struct Text<R> {
    input: R,
    decoder: Decoder,
    raw: Vec<u8>,
    /// Decoded bytes, of which those before `at` are consumed.
    out: String,
    at: usize,
    line: u64,
    after_cr: bool,
    has_begun: bool,
    other_ends: bool,
    state: State,
    pub dropped: Dropped,
    /// Bytes read of the file.
    pub bytes: u64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Reading,
    Ended,
    /// A byte that the encoding does not have came; everything before it is still given out.
    Broken,
}

/// The error of a byte that does not belong to the encoding.
#[derive(Debug, thiserror::Error)]
#[error("not text of the file's encoding")]
pub(super) struct NotDecoded;

impl<R: Read> Text<R> {
    pub fn new(input: R, encoding: Encoding) -> Self {
        Self {
            input,
            decoder: encoding.table().new_decoder_with_bom_removal(),
            raw: vec![0; PIECE],
            out: String::new(),
            at: 0,
            line: 1,
            after_cr: false,
            has_begun: false,
            other_ends: false,
            state: State::Reading,
            dropped: Dropped::default(),
            bytes: 0,
        }
    }

    /// Decodes the next piece into `out`.
    fn refill(&mut self) -> io::Result<()> {
        let length = loop {
            match self.input.read(&mut self.raw) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => break other?,
            }
        };
        self.bytes += length as u64;
        let raw = &self.raw[..length];
        let most = self.decoder.max_utf8_buffer_length_without_replacement(length).unwrap_or(4 * PIECE);
        let mut piece = String::with_capacity(most);
        let (result, _) = self.decoder.decode_to_string_without_replacement(raw, &mut piece, length == 0);
        match result {
            DecoderResult::Malformed(..) => self.state = State::Broken,
            DecoderResult::InputEmpty | DecoderResult::OutputFull if length == 0 => self.state = State::Ended,
            DecoderResult::InputEmpty | DecoderResult::OutputFull => {}
        }
        self.out.clear();
        self.at = 0;
        if !self.has_begun && !piece.is_empty() {
            self.has_begun = true;
            self.other_ends = !piece.contains(['\n', '\r']) && piece.contains(is_other_end);
        }
        self.tidy(&piece);
        Ok(())
    }

    /// Appends a piece with plain line ends and without what belongs to no cell.
    fn tidy(&mut self, piece: &str) {
        let special = |c: char| {
            matches!(c, '\n' | '\r' | '\0' | '\u{1a}' | '\u{feff}') || (self.other_ends && is_other_end(c))
        };
        let mut rest = piece;
        while let Some(at) = rest.find(special) {
            let (plain, tail) = rest.split_at(at);
            self.after_cr &= plain.is_empty();
            self.out.push_str(plain);
            let Some(c) = tail.chars().next() else { break };
            rest = &tail[c.len_utf8()..];
            self.after_cr = take(c, self.after_cr, &mut self.line, &mut self.out, &mut self.dropped);
        }
        self.after_cr &= rest.is_empty();
        self.out.push_str(rest);
    }
}

/// Takes one special character; whether a line feed that follows belongs to it.
fn take(c: char, after_cr: bool, line: &mut u64, out: &mut String, dropped: &mut Dropped) -> bool {
    let mut end = |out: &mut String| {
        out.push('\n');
        *line += 1;
    };
    match c {
        '\n' if after_cr => {
            dropped.ends.cr -= 1;
            dropped.ends.crlf += 1;
        }
        '\n' => {
            dropped.ends.lf += 1;
            end(out);
        }
        '\r' => {
            dropped.ends.cr += 1;
            end(out);
        }
        '\u{feff}' => dropped.marks += 1,
        '\u{1a}' => dropped.end_marks += 1,
        '\0' => {
            let (first, count) = dropped.zeros.unwrap_or((*line, 0));
            dropped.zeros = Some((first, count + 1));
        }
        _ => {
            dropped.ends.other += 1;
            end(out);
        }
    }
    c == '\r'
}

fn is_other_end(c: char) -> bool {
    matches!(c, '\u{85}' | '\u{2028}' | '\u{2029}')
}

impl<R: Read> Read for Text<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let ready = self.fill_buf()?;
        let length = ready.len().min(into.len());
        into[..length].copy_from_slice(&ready[..length]);
        self.consume(length);
        Ok(length)
    }
}

impl<R: Read> BufRead for Text<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        while self.at == self.out.len() {
            match self.state {
                State::Reading => self.refill()?,
                State::Ended => break,
                State::Broken => return Err(io::Error::new(io::ErrorKind::InvalidData, NotDecoded)),
            }
        }
        Ok(&self.out.as_bytes()[self.at..])
    }

    fn consume(&mut self, length: usize) {
        self.at += length;
    }
}

#[cfg(test)]
mod tests {
    use super::{Encoding, LineEnds, Text};
    use std::io::Read;

    /// A reader that gives a few bytes at a time, so that every cut falls somewhere.
    struct Drip<'a>(&'a [u8], usize);

    impl Read for Drip<'_> {
        fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
            let length = self.1.min(self.0.len()).min(into.len());
            into[..length].copy_from_slice(&self.0[..length]);
            self.0 = &self.0[length..];
            Ok(length)
        }
    }

    fn text(bytes: &[u8], encoding: Encoding, step: usize) -> (String, LineEnds) {
        let mut text = Text::new(Drip(bytes, step), encoding);
        let mut out = String::new();
        text.read_to_string(&mut out).unwrap();
        (out, text.dropped.ends)
    }

    #[test]
    fn every_line_end_becomes_a_line_feed() {
        let ends = |lf, crlf, cr, other| LineEnds { lf, crlf, cr, other };
        for (raw, expected, counted) in [
            ("a\nb", "a\nb", ends(1, 0, 0, 0)),
            ("a\r\nb\r\n", "a\nb\n", ends(0, 2, 0, 0)),
            ("a\rb\r", "a\nb\n", ends(0, 0, 2, 0)),
            ("a\r\r\nb", "a\n\nb", ends(0, 1, 1, 0)),
            ("a\n\rb", "a\n\nb", ends(1, 0, 1, 0)),
            ("a\u{2028}b\u{2028}", "a\nb\n", ends(0, 0, 0, 2)),
            ("a\u{2028}b\n", "a\u{2028}b\n", ends(1, 0, 0, 0)),
        ] {
            let (out, found) = text(raw.as_bytes(), Encoding::Utf8, 1000);
            assert_eq!((out.as_str(), found), (expected, counted), "{raw:?}");
        }
        for step in 1..6 {
            let (out, found) = text("永\r\nb\rc".as_bytes(), Encoding::Utf8, step);
            assert_eq!((out.as_str(), found), ("永\nb\nc", ends(0, 1, 1, 0)), "{step}");
        }
    }

    #[test]
    fn what_belongs_to_no_cell_is_dropped_and_counted() {
        let mut reading = Text::new("\u{feff}a\n\u{feff}b\0\0\n\u{1a}".as_bytes(), Encoding::Utf8);
        let mut out = String::new();
        reading.read_to_string(&mut out).unwrap();
        assert_eq!(out, "a\nb\n");
        let dropped = &reading.dropped;
        assert_eq!((dropped.marks, dropped.end_marks, dropped.zeros), (1, 1, Some((2, 2))));
    }

    #[test]
    fn a_byte_of_another_encoding_stops_after_what_was_right() {
        let mut reading = Text::new(&b"a,b\n1,\xc7\xf8\n"[..], Encoding::Utf8);
        let mut out = Vec::new();
        assert!(reading.read_to_end(&mut out).is_err());
        assert_eq!(out, b"a,b\n1,");
        let utf16: Vec<u8> = "x,永\r\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        for step in 1..4 {
            assert_eq!(text(&utf16, Encoding::Utf16Le, step).0, "x,永\n");
        }
        assert!(Text::new(&utf16[..5], Encoding::Utf16Le).read_to_string(&mut String::new()).is_err());
    }
}
