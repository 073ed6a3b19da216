//! What can be wrong with a JSON text, and where: the place in words, lines and pointers, never the text itself.

/// What is wrong at one place of a JSON text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the sentence of each is its documentation")]
pub enum What {
    #[error("the text ends too early")]
    Ends,
    #[error("a value is expected here")]
    Value,
    #[error("a key in quotes is expected here")]
    Key,
    #[error("a colon is expected here")]
    Colon,
    #[error("a comma or the end of the list is expected here")]
    Comma,
    #[error("a closing bracket does not fit its opening one")]
    Bracket,
    #[error("text follows after the end")]
    Trailing,
    #[error("a character that must be escaped stands inside quotes")]
    Control,
    #[error("an escape sequence is not a JSON one")]
    Escape,
    #[error("a NUL character cannot be kept")]
    Nul,
    #[error("half of a surrogate pair stands alone")]
    Surrogate,
    #[error("a number is not written as JSON writes numbers")]
    Number,
    #[error("a number is too long or too large")]
    NumberSize,
    #[error("a text has more than 20,000 characters")]
    LongString,
    #[error("arrays and objects lie more than 64 levels deep")]
    Depth,
    #[error("a key stands twice in one object")]
    KeyTwice,
    #[error("the text is not UTF-8")]
    Utf8,
}

impl What {
    /// Whether this breaks a limit of ours in what is JSON all the same: then the value is at fault, not the document.
    pub const fn is_limit(self) -> bool {
        match self {
            Self::LongString
            | Self::Depth
            | Self::KeyTwice
            | Self::Nul
            | Self::NumberSize
            | Self::Surrogate => true,
            Self::Ends
            | Self::Value
            | Self::Key
            | Self::Colon
            | Self::Comma
            | Self::Bracket
            | Self::Trailing
            | Self::Control
            | Self::Escape
            | Self::Number
            | Self::Utf8 => false,
        }
    }
}

/// The first fault of a text: where, and what. `line` and `column` count from 1, columns in characters.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {what}")]
pub struct Fault {
    /// Line of the fault, from 1.
    pub line: usize,
    /// Character within the line, from 1.
    pub column: usize,
    /// JSON pointer of the value the fault lies in, from the top of this text; foreign keys are shortened.
    pub pointer: String,
    /// What is wrong.
    pub what: What,
}

/// Where reading stopped, before line, column and pointer are worked out.
#[derive(Debug)]
pub(super) struct Stop(Box<Place>);

#[derive(Debug)]
struct Place {
    at: usize,
    what: What,
    /// Pointer segments from the inside out.
    path: Vec<String>,
}

impl Stop {
    pub(super) fn new(at: usize, what: What) -> Self {
        Self(Box::new(Place { at, what, path: Vec::new() }))
    }

    /// What is wrong.
    pub(super) fn what(&self) -> What {
        self.0.what
    }

    /// Works out line, column and pointer; `text` is what was read.
    pub(super) fn fault(&self, text: &str) -> Fault {
        let (line, column) = place(text.as_bytes(), self.0.at);
        let pointer =
            self.0.path.iter().rev().fold(String::new(), |pointer, segment| pointer + "/" + segment);
        Fault { line, column, pointer, what: self.0.what }
    }

    /// The same stop, seen from the value around.
    pub(super) fn inside(mut self, segment: String) -> Self {
        self.0.path.push(segment);
        self
    }
}

/// Line and column (in characters) of a byte offset, both from 1.
pub(super) fn place(bytes: &[u8], at: usize) -> (usize, usize) {
    let before = &bytes[..at.min(bytes.len())];
    let line_start = before.iter().rposition(|b| *b == b'\n').map_or(0, |n| n + 1);
    let line = before.split(|b| *b == b'\n').count();
    // Bytes that continue a character are not counted.
    let column = 1 + before[line_start..].iter().filter(|b| (**b & 0xC0) != 0x80).count();
    (line, column)
}

/// A pointer segment for a key the device chose: escaped, cut short, and without runs of digits.
pub(super) fn segment(key: &str) -> String {
    let mut out = String::new();
    let mut digits = 0;
    for (n, c) in key.chars().enumerate() {
        digits = if c.is_numeric() { digits + 1 } else { 0 };
        if n == 24 || digits > 6 {
            out.push('…');
            break;
        }
        match c {
            '~' => out.push_str("~0"),
            '/' => out.push_str("~1"),
            c if c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ' ') => out.push(c),
            _ => out.push('?'),
        }
    }
    out
}
