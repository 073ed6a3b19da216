//! Every answer that a test gets is held against the API's own description: the call, its status, and the body's schema.
//!
//! A validator for the part of JSON Schema that the description uses; a keyword it does not know fails the test.

use std::sync::OnceLock;

use serde_json::{Map, Value};

/// The description, read once.
pub fn document() -> &'static Value {
    static DOCUMENT: OnceLock<Value> = OnceLock::new();
    DOCUMENT.get_or_init(|| {
        serde_json::from_str(doorknock::api::openapi::document()).expect("the description is JSON")
    })
}

/// The description of a call, with the path as it is written there.
pub fn operation(method: &str, path: &str) -> Option<(&'static str, &'static Value)> {
    let path = path.split('?').next().unwrap_or_default();
    let paths = document()["paths"].as_object().expect("paths");
    let mut fitting: Vec<(&String, &Value)> =
        paths.iter().filter(|(pattern, _)| fits(pattern, path)).collect();
    // A literal part wins over braces.
    fitting.sort_by_key(|(pattern, _)| pattern.matches('{').count());
    let (pattern, calls) =
        fitting.into_iter().find(|(_, calls)| calls.get(method.to_lowercase()).is_some())?;
    Some((pattern, &calls[method.to_lowercase()]))
}

fn fits(pattern: &str, path: &str) -> bool {
    let (pattern, path): (Vec<&str>, Vec<&str>) = (pattern.split('/').collect(), path.split('/').collect());
    pattern.len() == path.len()
        && pattern.iter().zip(&path).all(|(p, part)| p == part || (p.starts_with('{') && !part.is_empty()))
}

/// What is wrong with an answer; nothing for calls that are no part of the API.
pub fn faults(method: &str, path: &str, status: u16, media: &str, body: &[u8]) -> Vec<String> {
    let method = if method == "HEAD" { "GET" } else { method };
    let Some((pattern, operation)) = operation(method, path) else { return Vec::new() };
    if !(media.ends_with("json") && !body.is_empty() && media != "application/geo+json") {
        return Vec::new();
    }
    let responses = &operation["responses"];
    let Some(response) = responses.get(status.to_string()).or_else(|| responses.get("default")) else {
        return vec![format!("{method} {pattern} does not describe a {status}")];
    };
    let response = followed(response);
    let Some(schema) = response["content"].get(media).map(|content| &content["schema"]) else {
        return vec![format!("{method} {pattern} describes no {media} for {status}")];
    };
    let Ok(value) = serde_json::from_slice(body) else { return vec!["the body is no JSON".to_owned()] };
    let mut found = Vec::new();
    check(schema, &value, "", &mut found);
    found.iter().map(|fault| format!("{method} {pattern} {status}: {fault}")).collect()
}

fn followed(value: &'static Value) -> &'static Value {
    match value.get("$ref").and_then(Value::as_str) {
        Some(target) => {
            document().pointer(target.trim_start_matches('#')).expect("references lead somewhere")
        }
        None => value,
    }
}

fn check(schema: &'static Value, value: &Value, at: &str, found: &mut Vec<String>) {
    let Some(schema) = schema.as_object() else {
        if schema == &Value::Bool(false) {
            found.push(format!("{at} must not be there"));
        }
        return;
    };
    for (keyword, rule) in schema {
        keyword_holds(keyword, rule, schema, value, at, found);
    }
}

fn keyword_holds(
    keyword: &str,
    rule: &'static Value,
    schema: &'static Map<String, Value>,
    value: &Value,
    at: &str,
    found: &mut Vec<String>,
) {
    let number = |v: &Value| v.as_f64();
    let length = || value.as_str().map(|t| t.chars().count() as u64);
    let items = || value.as_array().map(|a| a.len() as u64);
    let is_right = match keyword {
        "description" | "title" | "examples" | "default" | "deprecated" | "pattern" | "contentEncoding" => {
            true
        }
        "$ref" => {
            let target = rule.as_str().expect("a reference");
            check(
                document().pointer(target.trim_start_matches('#')).expect("it leads somewhere"),
                value,
                at,
                found,
            );
            true
        }
        "type" => match rule {
            Value::Array(kinds) => kinds.iter().any(|kind| is_of(kind, value)),
            kind
            @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_)) => {
                is_of(kind, value)
            }
        },
        "enum" => rule.as_array().expect("a list").contains(value),
        "const" => rule == value,
        "required" => {
            for name in rule.as_array().expect("a list").iter().filter_map(Value::as_str) {
                if value.is_object() && value.get(name).is_none() {
                    found.push(format!("{at}/{name} is missing"));
                }
            }
            true
        }
        "properties" => {
            members(rule, schema, value, at, found);
            true
        }
        "additionalProperties" => true,
        "items" => {
            for (i, item) in value.as_array().into_iter().flatten().enumerate() {
                check(rule, item, &format!("{at}/{i}"), found);
            }
            true
        }
        "oneOf" | "anyOf" => {
            let branches: Vec<Vec<String>> = rule
                .as_array()
                .expect("a list")
                .iter()
                .map(|branch| {
                    let mut inner = Vec::new();
                    check(branch, value, at, &mut inner);
                    inner
                })
                .collect();
            let n = branches.iter().filter(|faults| faults.is_empty()).count();
            if n == 0 {
                found.extend(branches.into_iter().next().into_iter().flatten());
            }
            n == 1 || (keyword == "anyOf" && n > 0)
        }
        "allOf" => {
            let branches = rule.as_array().expect("a list");
            let mut inner = Vec::new();
            for branch in branches {
                check(branch, value, at, &mut inner);
            }
            // A member that one branch does not name may be named by another.
            let named: Vec<&str> = branches.iter().flat_map(names).collect();
            let is_named = |fault: &String| {
                let own = fault.strip_prefix(at).and_then(|f| f.strip_prefix('/'));
                own.and_then(|f| f.strip_suffix(" is not described"))
                    .is_some_and(|name| named.contains(&name))
            };
            found.extend(inner.into_iter().filter(|fault| !is_named(fault)));
            true
        }
        "minimum" => number(value).is_none_or(|n| n >= number(rule).expect("a number")),
        "maximum" => number(value).is_none_or(|n| n <= number(rule).expect("a number")),
        "exclusiveMinimum" => number(value).is_none_or(|n| n > number(rule).expect("a number")),
        "minLength" => length().is_none_or(|n| n >= rule.as_u64().expect("a number")),
        "maxLength" => length().is_none_or(|n| n <= rule.as_u64().expect("a number")),
        "minItems" => items().is_none_or(|n| n >= rule.as_u64().expect("a number")),
        "maxItems" => items().is_none_or(|n| n <= rule.as_u64().expect("a number")),
        "format" => value.as_str().is_none_or(|text| is_formed(rule.as_str().expect("a word"), text)),
        other => panic!("the description uses {other}, which this validator does not know"),
    };
    if !is_right {
        let shown: String = value.to_string().chars().take(80).collect();
        found.push(format!("{at} breaks {keyword} {rule}: {shown}"));
    }
}

/// Members against their schemas. One that the description does not name is a fault too: the description is to be true.
fn members(
    rule: &'static Value,
    schema: &'static Map<String, Value>,
    value: &Value,
    at: &str,
    found: &mut Vec<String>,
) {
    let Some(object) = value.as_object() else { return };
    for (name, member) in object {
        match (rule.get(name), schema.get("additionalProperties")) {
            (Some(own), _) => check(own, member, &format!("{at}/{name}"), found),
            (None, Some(other)) => check(other, member, &format!("{at}/{name}"), found),
            (None, None) => found.push(format!("{at}/{name} is not described")),
        }
    }
}

/// The members that a schema names, references followed.
fn names(schema: &'static Value) -> Vec<&'static str> {
    let schema = followed(schema);
    let own = schema["properties"].as_object().into_iter().flat_map(|p| p.keys().map(String::as_str));
    let more = schema["allOf"].as_array().into_iter().flatten().flat_map(names);
    own.chain(more).collect()
}

fn is_of(kind: &Value, value: &Value) -> bool {
    match kind.as_str().expect("a word") {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("the description uses the type {other}"),
    }
}

fn is_formed(format: &str, text: &str) -> bool {
    match format {
        "uuid" => uuid::Uuid::try_parse(text).is_ok() && text.len() == 36,
        "date-time" => text.parse::<jiff::Timestamp>().is_ok(),
        "date" => text.parse::<jiff::civil::Date>().is_ok(),
        "time" => text.parse::<jiff::civil::Time>().is_ok(),
        _ => true,
    }
}
