//! Lines of a text file by byte position, for faults of the TOML file.

/// A text with the positions of its lines.
pub(super) struct Source<'a> {
    /// The file's plain name.
    pub file: &'static str,
    /// The text itself.
    pub text: &'a str,
    starts: Vec<usize>,
}

impl<'a> Source<'a> {
    pub fn new(file: &'static str, text: &'a str) -> Self {
        let breaks = text.bytes().enumerate().filter(|&(_, byte)| byte == b'\n').map(|(at, _)| at + 1);
        Self { file, text, starts: std::iter::once(0).chain(breaks).collect() }
    }

    /// The line, from 1, of the byte at `offset`.
    pub fn line(&self, offset: usize) -> u64 {
        u64::try_from(self.starts.partition_point(|&start| start <= offset)).unwrap_or(u64::MAX)
    }
}
