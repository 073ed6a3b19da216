//! The policy tables of `survey.toml`: every unknown key, wrong type and broken rule with its own line, all in one go.

use super::finding::{Findings, Place};
use super::rule::Rule;
use super::shown::shown;
use super::source::Source;
use super::survey::OWN_KEYS;
use crate::domain::policy::Policy;
use serde::Deserialize;
use std::borrow::Cow;
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue, Deserializer};

/// Keys nested deeper than this are judged together.
const DEPTH: usize = 2;

/// The policy of the file, or `None` with the faults noted.
pub(super) fn read(table: &DeTable<'_>, source: &Source<'_>, findings: &mut Findings) -> Option<Policy> {
    let own = |key: &str| OWN_KEYS.contains(&key);
    let mut rules: DeTable<'_> = table
        .iter()
        .filter(|(key, _)| !own(key.get_ref()))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    dates_as_text(&mut rules);
    let whole = 0..source.text.len();
    match Policy::deserialize(Deserializer::from(Spanned::new(whole, rules.clone()))) {
        Ok(policy) => {
            let broken = policy.faults();
            let sound = broken.is_empty();
            for one in broken {
                let line = line_of(table, &one.key).map(|span| source.line(span.start));
                let place = Place { line, ..Place::whole(source.file) }.column(one.key);
                findings.add(place, &one.value, Rule::PolicyValue { rule: one.rule });
            }
            sound.then_some(policy)
        }
        Err(error) => {
            let before = findings.bad();
            each_alone(&rules, &mut Vec::new(), source, findings);
            if findings.bad() == before {
                note(&error, "", source, findings);
            }
            None
        }
    }
}

/// Dates may stand without quotation marks; the policy takes them as text.
fn dates_as_text(table: &mut DeTable<'_>) {
    let keys: Vec<_> = table.keys().map(|key| key.get_ref().clone().into_owned()).collect();
    for key in keys {
        if let Some(value) = table.get_mut(key.as_str()) {
            date_as_text(value.get_mut());
        }
    }
}

fn date_as_text(value: &mut DeValue<'_>) {
    match value {
        DeValue::Datetime(moment) => *value = DeValue::String(Cow::Owned(moment.to_string())),
        DeValue::Array(items) => {
            for item in items.iter_mut() {
                date_as_text(item.get_mut());
            }
        }
        DeValue::Table(inner) => dates_as_text(inner),
        DeValue::String(_) | DeValue::Integer(_) | DeValue::Float(_) | DeValue::Boolean(_) => {}
    }
}

/// Reads every key as if it were the only one, so that one bad key does not hide the next.
fn each_alone(
    table: &DeTable<'_>,
    path: &mut Vec<Spanned<Cow<'_, str>>>,
    source: &Source<'_>,
    findings: &mut Findings,
) {
    for (key, value) in table {
        let key = Spanned::new(key.span(), Cow::Owned(key.get_ref().clone().into_owned()));
        path.push(key);
        match value.get_ref() {
            DeValue::Table(inner) if path.len() < DEPTH && !inner.is_empty() => {
                let empty = Spanned::new(value.span(), DeValue::Table(DeTable::new()));
                if alone(path, empty, source, findings) {
                    each_alone(inner, path, source, findings);
                }
            }
            DeValue::Array(items)
                if !items.is_empty() && items.iter().all(|item| item.get_ref().is_table()) =>
            {
                each_item_alone(items, path, source, findings);
            }
            DeValue::Table(_)
            | DeValue::Array(_)
            | DeValue::String(_)
            | DeValue::Integer(_)
            | DeValue::Float(_)
            | DeValue::Boolean(_)
            | DeValue::Datetime(_) => {
                alone(path, value.clone(), source, findings);
            }
        }
        path.pop();
    }
}

/// Reads every table of a list as if it were the only one, up to the first that cannot be read.
fn each_item_alone(
    items: &DeArray<'_>,
    path: &[Spanned<Cow<'_, str>>],
    source: &Source<'_>,
    findings: &mut Findings,
) {
    for item in items {
        let mut one = DeArray::new();
        one.push(item.clone());
        if !alone(path, Spanned::new(item.span(), DeValue::Array(one)), source, findings) {
            return;
        }
    }
}

/// Reads a policy that has nothing but `value` under `path`; whether it can be read.
fn alone(
    path: &[Spanned<Cow<'_, str>>],
    value: Spanned<DeValue<'_>>,
    source: &Source<'_>,
    findings: &mut Findings,
) -> bool {
    let span = value.span();
    let mut inner = value;
    for key in path.iter().rev() {
        let mut table = DeTable::new();
        table.insert(Spanned::new(key.span(), key.get_ref().clone()), inner);
        inner = Spanned::new(span.clone(), DeValue::Table(table));
    }
    let DeValue::Table(table) = inner.into_inner() else {
        return true;
    };
    let read = Policy::deserialize(Deserializer::from(Spanned::new(span, table)));
    if let Err(error) = &read {
        let key = path.iter().map(|key| key.get_ref().as_ref()).collect::<Vec<_>>().join(".");
        note(error, &key, source, findings);
    }
    read.is_ok()
}

/// Notes one error of the reader, met while judging `key`, at the place it names.
fn note(error: &toml::de::Error, key: &str, source: &Source<'_>, findings: &mut Findings) {
    let line = error.span().map(|span| source.line(span.start));
    let message = error.message().split_whitespace().collect::<Vec<_>>().join(" ");
    let unknown = message.strip_prefix("unknown field `").and_then(|rest| rest.split_once('`'));
    let (column, value, rule) = match unknown {
        Some((field, rest)) => {
            let known = rest.trim_start_matches(", expected").trim().replace("one of ", "").replace('`', "");
            let last = key.rsplit('.').next().unwrap_or_default();
            let column =
                if last == field || key.is_empty() { key.to_owned() } else { format!("{key}.{field}") };
            (column, String::new(), Rule::UnknownKey { known })
        }
        None => (
            key.to_owned(),
            text_at(error.span(), source),
            Rule::PolicyValue { rule: message_only(&message) },
        ),
    };
    findings.add(Place { line, ..Place::whole(source.file) }.column(shown(&column)), &value, rule);
}

/// A reader's message without the value it quotes: the value is shown beside it, cut and masked.
fn message_only(message: &str) -> String {
    message
        .split_once(", expected ")
        .map_or_else(|| shown_rule(message), |(_, expected)| format!("expected {expected}"))
}

/// A message of unknown shape, made safe to show.
fn shown_rule(message: &str) -> String {
    let masked: String = message.chars().map(|c| if c.is_numeric() { '#' } else { c }).take(160).collect();
    masked
}

/// What stands in the file at `span`, if it is short enough to be one value.
fn text_at(span: Option<Range<usize>>, source: &Source<'_>) -> String {
    let text = span.and_then(|span| source.text.get(span)).unwrap_or_default();
    shown(text.trim_matches(['"', '\'']).lines().next().unwrap_or_default())
}

/// Where the key of a broken rule stands: itself, or the nearest table above it that the file has.
fn line_of(table: &DeTable<'_>, key: &str) -> Option<Range<usize>> {
    let mut found = None;
    let mut value: Option<&DeValue<'_>> = None;
    for part in key.split(['.', '[', ']']).filter(|part| !part.is_empty()) {
        let next = match value {
            None => table.get_key_value(part).map(|(key, value)| (key.span(), value)),
            Some(DeValue::Table(inner)) => inner.get_key_value(part).map(|(key, value)| (key.span(), value)),
            Some(DeValue::Array(items)) => {
                let item = part.parse::<usize>().ok().and_then(|n| items.get(n));
                item.map(|item| (item.span(), item))
            }
            Some(
                DeValue::String(_)
                | DeValue::Integer(_)
                | DeValue::Float(_)
                | DeValue::Boolean(_)
                | DeValue::Datetime(_),
            ) => None,
        };
        let Some((span, inner)) = next else { break };
        found = Some(span);
        value = Some(inner.get_ref());
    }
    found
}
