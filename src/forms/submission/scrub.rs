//! The XML of a submission without citizen IDs: what a bound question holds, and whatever has the shape of one elsewhere.

use std::collections::BTreeSet;

use roxmltree::{Document, Node as Element};

use super::Scrub;
use crate::forms::limits;
use crate::forms::model::FormModel;
use crate::forms::xml::{self, Limits, escape, tag_length, text_of};

/// What stands where a bound question's number stood.
const MARK: &str = "[citizen id]";

/// The text as it may be stored. Without a form nothing is known to be bound, and only shapes are taken out; do it again when the
/// form becomes known. Text that cannot be read as XML is only looked through for shapes.
pub fn scrubbed_xml(text: &str, model: Option<&FormModel>, scrub: Scrub<'_>) -> String {
    let plain = plain_digits(text);
    let most = Limits { levels: limits::LEVELS, nodes: limits::SUBMISSION_NODES };
    let Ok(document) = xml::parse(&plain, most) else {
        return scrub(&plain).into_owned();
    };
    let bound: BTreeSet<&str> = model
        .map(|model| model.walk())
        .unwrap_or_default()
        .into_iter()
        .filter(|node| node.binding.as_deref() == Some("person.citizen_id"))
        .map(|node| node.path.as_str())
        .collect();
    let cut = cut(&plain, &document, &bound, scrub);
    let out = scrub(&cut).into_owned();
    // What was taken out across the borders of tags may not leave broken XML behind.
    if xml::parse(&out, most).is_ok() { out } else { cut }
}

/// Replaces the text of every element that holds one answer with a number in it.
fn cut(text: &str, document: &Document<'_>, bound: &BTreeSet<&str>, scrub: Scrub<'_>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut copied = 0;
    let is_leaf = |n: &Element<'_, '_>| n.is_element() && !n.children().any(|inner| inner.is_element());
    for element in document.descendants().filter(is_leaf) {
        let answer = text_of(element);
        let clean = scrub(&answer);
        let is_bound =
            !bound.is_empty() && !answer.trim().is_empty() && bound.contains(path(element).as_str());
        if clean == answer && !is_bound {
            continue;
        }
        let Some((start, end)) = inside(text, element) else { continue };
        out.push_str(&text[copied..start]);
        out.push_str(&if is_bound { escape(MARK) } else { escape(&clean) });
        copied = end;
    }
    out.push_str(&text[copied..]);
    out
}

fn path(element: Element<'_, '_>) -> String {
    let mut names: Vec<&str> =
        element.ancestors().filter(Element::is_element).map(|n| n.tag_name().name()).collect();
    names.reverse();
    format!("/{}", names.join("/"))
}

/// Bytes between an element's tags.
fn inside(text: &str, element: Element<'_, '_>) -> Option<(usize, usize)> {
    let range = element.range();
    let start = range.start + tag_length(&text[range.start..range.end]);
    let end = range.start + text[range.clone()].rfind("</")?;
    (start <= end).then_some((start, end))
}

/// The text with character references to digits and letters written as those characters, so that nothing hides behind them.
fn plain_digits(text: &str) -> String {
    if !text.contains("&#") {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("&#") {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        match reference(rest) {
            Some((c, length)) if c.is_alphanumeric() || c == ' ' || c == '-' => {
                out.push(c);
                rest = &rest[length..];
            }
            Some(_) | None => {
                out.push_str("&#");
                rest = &rest[2..];
            }
        }
    }
    out.push_str(rest);
    out
}

fn reference(text: &str) -> Option<(char, usize)> {
    let end = text.bytes().take(16).position(|b| b == b';')?;
    let code = &text[2..end];
    let number = match code.strip_prefix('x') {
        Some(hexadecimal) => u32::from_str_radix(hexadecimal, 16).ok()?,
        None => code.parse().ok()?,
    };
    Some((char::from_u32(number)?, end + 1))
}
