//! Signs that word processors and Chinese input methods put into `survey.toml` in place of the plain ones: typographic
//! quotation marks around a value, a full-width equals sign, comma or bracket. What stands in quotation marks stays.

/// The text with plain signs outside quotation marks, and the lines that were changed. No line is added or taken away.
pub(super) fn plain(text: &str) -> (String, Vec<u64>) {
    let mut out = String::with_capacity(text.len());
    let mut changed = Vec::new();
    let mut quote = None;
    for (line, number) in text.split_inclusive('\n').zip(1..) {
        let before = out.len();
        quote = plain_line(line, quote, &mut out);
        if out[before..] != *line {
            changed.push(number);
        }
    }
    (out, changed)
}

/// What closes the value that stands open.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Open {
    /// A plain sign: `"`, `'`.
    Plain(char),
    /// Three of a plain sign, over several lines.
    Block(char),
    /// A typographic sign.
    Curly,
}

/// Appends one line; gives back the value that stays open over its end.
fn plain_line(line: &str, open: Option<Open>, out: &mut String) -> Option<Open> {
    let mut open = open.filter(|open| matches!(open, Open::Block(_)));
    let mut rest = line;
    while let Some(c) = rest.chars().next() {
        let block = ["\"\"\"", "'''"].into_iter().find(|mark| rest.starts_with(mark));
        let (next, taken) = match (open, block) {
            (Some(Open::Block(quote)), Some(mark)) if mark.starts_with(quote) => (None, mark),
            (None, Some(mark)) => (Some(Open::Block(c)), mark),
            (_, _) => {
                let (next, is_done) = step(c, rest, open, out);
                if is_done {
                    return next;
                }
                open = next;
                rest = &rest[c.len_utf8()..];
                continue;
            }
        };
        out.push_str(taken);
        open = next;
        rest = &rest[taken.len()..];
    }
    open
}

/// Takes one sign; whether the rest of the line was taken with it.
fn step(c: char, rest: &str, open: Option<Open>, out: &mut String) -> (Option<Open>, bool) {
    match open {
        Some(Open::Plain(quote)) if c == quote => {
            out.push(c);
            (None, false)
        }
        Some(Open::Curly) if is_curly(c) => {
            out.push('"');
            (None, false)
        }
        Some(Open::Curly) if matches!(c, '"' | '\\') => {
            out.push('\\');
            out.push(c);
            (open, false)
        }
        Some(_) => {
            out.push(c);
            (open, false)
        }
        None if c == '#' => {
            out.push_str(rest);
            (None, true)
        }
        None if is_curly(c) => {
            out.push('"');
            (Some(Open::Curly), false)
        }
        None => {
            out.extend(plain_sign(c));
            (matches!(c, '"' | '\'').then_some(Open::Plain(c)), false)
        }
    }
}

fn is_curly(c: char) -> bool {
    matches!(c, '“' | '”' | '„' | '‟' | '″' | '＂' | '«' | '»' | '「' | '」' | '‘' | '’' | '‚' | '＇')
}

/// The plain sign for one outside quotation marks; none for a sign that cannot be seen.
fn plain_sign(c: char) -> Option<char> {
    match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0),
        '、' => Some(','),
        '。' => Some('.'),
        '【' => Some('['),
        '】' => Some(']'),
        '\u{2010}'..='\u{2015}' | '\u{2212}' => Some('-'),
        c if super::cells::is_unseen(c) => None,
        c if c.is_whitespace() && !c.is_ascii() => Some(' '),
        other => Some(other),
    }
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn signs_of_a_word_processor_become_plain_ones() {
        for (text, expected, lines) in [
            ("id = “census”\n", "id = \"census\"\n", &[1][..]),
            ("a = 1\nid ＝ ＂x＂\n", "a = 1\nid = \"x\"\n", &[2]),
            ("name = \"永新“东”苑\"\n", "name = \"永新“东”苑\"\n", &[]),
            ("name = “say \"x\"”\n", "name = \"say \\\"x\\\"\"\n", &[1]),
            ("［shift］\n", "[shift]\n", &[1]),
            ("d = [“2020-10-01”，“2020-10-02”]\n", "d = [\"2020-10-01\",\"2020-10-02\"]\n", &[1]),
            ("a\u{a0}=\u{a0}1 # “x” ＝\n", "a = 1 # “x” ＝\n", &[1]),
            ("t = \"\"\"a “\nb ＝\"\"\"\nc ＝ 1", "t = \"\"\"a “\nb ＝\"\"\"\nc = 1", &[3]),
            ("x = \"\"\ny ＝ ''\n", "x = \"\"\ny = ''\n", &[2]),
            ("d = 2020–11–01\n", "d = 2020-11-01\n", &[1]),
        ] {
            assert_eq!(plain(text), (expected.to_owned(), lines.to_vec()), "{text:?}");
        }
    }
}
