//! Patterns of paths: what they say and what fits them.

use crate::net::query::{Plus, percent_decoded};

/// What stood at a pattern's braces, by name.
pub(super) type Params = Vec<(&'static str, String)>;

/// A pattern such as `/v1/cases/{id}`.
pub(super) struct Pattern {
    text: &'static str,
    parts: Vec<Part>,
}

/// One part of a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    /// Stands as it is. Orders before the others: the most literal pattern wins.
    Literal(&'static str),
    /// `{name}`: any one part that is not empty.
    One(&'static str),
    /// `{*name}`: all that is left, at least one part.
    Rest(&'static str),
}

impl Pattern {
    /// Reads a pattern; it starts with `/`.
    pub(super) fn new(text: &'static str) -> Self {
        Self { text, parts: parts(text) }
    }

    /// The pattern as written.
    pub(super) const fn text(&self) -> &'static str {
        self.text
    }

    /// Orders patterns that fit one path: the smaller is the more literal.
    pub(super) fn rank(&self) -> &[Part] {
        &self.parts
    }

    /// What stands at the braces when the parts of a path fit, decoded.
    pub(super) fn matched(&self, segments: &[&str]) -> Option<Params> {
        let mut params = Vec::new();
        for (at, part) in self.parts.iter().enumerate() {
            match part {
                Part::Literal(text) => (segments.get(at) == Some(text)).then_some(())?,
                Part::One(name) => params.push((*name, decoded(segments.get(at)?)?)),
                Part::Rest(name) => {
                    let rest: Option<Vec<String>> =
                        segments.get(at..)?.iter().map(|text| decoded(text)).collect();
                    params.push((*name, rest.filter(|list| !list.is_empty())?.join("/")));
                    return Some(params);
                }
            }
        }
        (self.parts.len() == segments.len()).then_some(params)
    }
}

fn parts(pattern: &'static str) -> Vec<Part> {
    let part = |text: &'static str| match text.strip_prefix('{').and_then(|inner| inner.strip_suffix('}')) {
        Some(name) => name.strip_prefix('*').map_or(Part::One(name), Part::Rest),
        None => Part::Literal(text),
    };
    pattern.strip_prefix('/').unwrap_or(pattern).split('/').map(part).collect()
}

/// One part of a path as text; nothing fits a part that is empty, a step upwards or hides a separator.
fn decoded(segment: &str) -> Option<String> {
    let text = percent_decoded(segment, Plus::AsItIs)?;
    let harmless =
        !text.is_empty() && text != "." && !text.starts_with("..") && !text.contains(['/', '\\', '\0']);
    harmless.then_some(text)
}
