//! What counts as blank: a text in which nothing can be seen, whatever it is made of.
//!
//! Spreadsheets, keyboards and form libraries leave more than spaces behind: full-width and non-breaking spaces, byte
//! order marks, joiners and other signs without a shape. None of them is an answer.

/// Whether there is nothing to be seen in a text.
pub fn is_blank(text: &str) -> bool {
    text.chars().all(is_blank_char)
}

/// Whether a character shows nothing: white space, a control character, or a sign that only steers how others look.
pub fn is_blank_char(c: char) -> bool {
    c.is_whitespace()
        || c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{2800}' | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}' | '\u{ffa0}'
            | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_to_be_seen_is_blank() {
        for text in [
            "",
            " ",
            "\t\r\n",
            "\u{a0}",
            "\u{3000}\u{3000}",
            "\u{200b}",
            "\u{feff} \u{2060}",
            "\u{202e}\u{202c}",
        ] {
            assert!(is_blank(text), "{text:?}");
        }
        for text in ["0", "-", "无", " x ", "\u{200b}王"] {
            assert!(!is_blank(text), "{text:?}");
        }
    }
}
