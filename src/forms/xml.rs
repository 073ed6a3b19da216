//! XML before and beside the parser: limits that are kept while a text is walked through once, without building anything, and
//! the few pieces of writing that are needed.

use roxmltree::{Document, Node, ParsingOptions};

/// What an XML text may hold.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Levels of elements.
    pub levels: usize,
    /// Elements.
    pub nodes: usize,
}

/// Why an XML text cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum XmlFault {
    /// It has a document type declaration, which may name entities and files.
    Dtd,
    /// Elements lie deeper than allowed.
    TooDeep,
    /// More elements than allowed.
    TooMany,
    /// Not well-formed, at this line and column.
    Unreadable(u32, u32),
}

/// Parses a text after the limits have been looked at, so that the parser never sees an unreasonable one.
pub fn parse(text: &str, limits: Limits) -> Result<Document<'_>, XmlFault> {
    scan(text, limits)?;
    if let Some(at) = impossible_reference(text) {
        let before = &text[..at];
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        let small = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        return Err(XmlFault::Unreadable(small(line), small(column)));
    }
    let options = ParsingOptions { allow_dtd: false, ..ParsingOptions::default() };
    Document::parse_with_options(text, options).map_err(|error| {
        let pos = error.pos();
        XmlFault::Unreadable(pos.row, pos.col)
    })
}

/// Walks over the tags of a text.
fn scan(text: &str, limits: Limits) -> Result<(), XmlFault> {
    let bytes = text.as_bytes();
    let (mut at, mut depth, mut nodes) = (0, 0_usize, 0_usize);
    while let Some(found) = bytes[at..].iter().position(|b| *b == b'<') {
        at += found;
        let rest = &text[at..];
        at += match bytes.get(at + 1) {
            Some(b'!') if rest.starts_with("<!--") => past(rest, "-->"),
            Some(b'!') if rest.starts_with("<![CDATA[") => past(rest, "]]>"),
            Some(b'!') => return Err(XmlFault::Dtd),
            Some(b'?') => past(rest, "?>"),
            Some(b'/') => {
                depth = depth.saturating_sub(1);
                past(rest, ">")
            }
            Some(_) | None => {
                let length = tag_length(rest);
                nodes += 1;
                if nodes > limits.nodes {
                    return Err(XmlFault::TooMany);
                }
                if depth >= limits.levels {
                    return Err(XmlFault::TooDeep);
                }
                if !rest[..length].ends_with("/>") {
                    depth += 1;
                }
                length
            }
        };
    }
    Ok(())
}

/// Where a character reference stands that means no character, such as half a surrogate pair; parsers differ about them.
fn impossible_reference(text: &str) -> Option<usize> {
    let is_impossible = |at: usize| {
        let code = text[at + 2..].split(';').next().unwrap_or_default();
        let number = match code.strip_prefix('x') {
            Some(hexadecimal) => u32::from_str_radix(hexadecimal, 16),
            None => code.parse(),
        };
        number.is_ok_and(|number| number == 0 || char::from_u32(number).is_none())
    };
    text.match_indices("&#").map(|(at, _)| at).find(|at| is_impossible(*at))
}

fn past(rest: &str, end: &str) -> usize {
    rest.find(end).map_or(rest.len(), |found| found + end.len())
}

/// Bytes of the tag that begins here, to its `>` outside quotes.
pub fn tag_length(rest: &str) -> usize {
    let mut quote = None;
    for (at, byte) in rest.bytes().enumerate() {
        match (quote, byte) {
            (None, b'"' | b'\'') => quote = Some(byte),
            (None, b'>') => return at + 1,
            (Some(open), byte) if open == byte => quote = None,
            (None | Some(_), _) => {}
        }
    }
    rest.len()
}

/// A text as it stands between tags or in double quotes. Characters that XML cannot hold become spaces.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' => out.push_str("&#10;"),
            '\u{0}'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => {
                out.push(' ');
            }
            c => out.push(c),
        }
    }
    out
}

/// All text directly and deeper inside a node.
pub fn text_of(node: Node<'_, '_>) -> String {
    node.descendants().filter(Node::is_text).filter_map(|n| n.text()).collect()
}

/// The child element of a local name, whatever its namespace.
pub fn child<'a, 'i>(node: Node<'a, 'i>, name: &str) -> Option<Node<'a, 'i>> {
    node.children().find(|n| n.is_element() && n.tag_name().name() == name)
}

/// An attribute by its local name, whatever its namespace.
pub fn attribute<'a>(node: Node<'a, '_>, name: &str) -> Option<&'a str> {
    node.attributes().find(|a| a.name() == name).map(|a| a.value())
}

/// Whether a text can be the name of an element without a prefix.
pub fn is_name(text: &str) -> bool {
    let starts = |c: char| c == '_' || c.is_alphabetic();
    let goes_on = |c: char| starts(c) || c.is_numeric() || matches!(c, '-' | '.' | '\u{b7}');
    text.chars().next().is_some_and(starts) && text.chars().all(goes_on)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SMALL: Limits = Limits { levels: 4, nodes: 10 };

    #[test]
    fn limits_hold_before_anything_is_built() {
        assert!(parse("<a x='>'><b/><!-- <c> --><![CDATA[<d><e><f><g>]]></a>", SMALL).is_ok());
        assert_eq!(parse("<a><a><a><a/></a></a></a>", SMALL).err(), None);
        assert_eq!(parse("<a><a><a><a><a/></a></a></a></a>", SMALL).err(), Some(XmlFault::TooDeep));
        assert_eq!(parse(&"<a>".repeat(10_000), SMALL).err(), Some(XmlFault::TooDeep));
        let many = format!("<a>{}</a>", "<b/>".repeat(10));
        assert_eq!(parse(&many, SMALL).err(), Some(XmlFault::TooMany));
        let dtd = "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>";
        assert_eq!(parse(dtd, SMALL).err(), Some(XmlFault::Dtd));
        assert_eq!(
            parse("<a>\n<b></a>", SMALL).err().map(|f| matches!(f, XmlFault::Unreadable(2, _))),
            Some(true)
        );
        assert!(parse("<a>\u{0}</a>", SMALL).is_err());
        assert!(parse("", SMALL).is_err());
    }

    #[test]
    fn names_are_those_of_elements() {
        for good in ["a", "_a-1.b", "门户"] {
            assert!(is_name(good), "{good}");
        }
        for bad in ["", "1a", "a b", "a:b", "a/b", "-a"] {
            assert!(!is_name(bad), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_the_parser_panic(text in "[<>/!\\-\\[\\]a-c\"' &;#x\u{4e00}?]{0,80}") {
            let _ = parse(&text, SMALL);
        }

        #[test]
        fn what_is_escaped_reads_back(text in "[ -~\u{4e00}-\u{4e10}\n]{0,40}") {
            let written = format!("<a b=\"{0}\">{0}</a>", escape(&text));
            let document = parse(&written, SMALL).unwrap();
            prop_assert_eq!(text_of(document.root_element()), text.clone());
            prop_assert_eq!(document.root_element().attribute("b"), Some(text.as_str()));
        }
    }
}
