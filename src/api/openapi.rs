//! The `OpenAPI` 3.1 document of the API, kept as a file beside this one.
//!
//! It is written by hand and is part of the contract: a test holds its paths and methods against the routes.

/// The document as JSON text.
pub fn document() -> &'static str {
    include_str!("openapi.json")
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use serde_json::Value;

    use super::*;

    fn every_reference<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
        match value {
            Value::Object(members) => {
                found.extend(members.get("$ref").and_then(Value::as_str));
                members.values().for_each(|member| every_reference(member, found));
            }
            Value::Array(items) => items.iter().for_each(|item| every_reference(item, found)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    #[test]
    fn every_reference_leads_somewhere_and_every_component_is_used() {
        let document: Value = serde_json::from_str(document()).unwrap();
        let mut found = Vec::new();
        every_reference(&document, &mut found);
        for target in &found {
            assert!(document.pointer(target.strip_prefix('#').unwrap()).is_some(), "{target}");
        }
        for family in ["schemas", "parameters", "responses"] {
            for name in document["components"][family].as_object().unwrap().keys() {
                let target = format!("#/components/{family}/{name}");
                assert!(found.contains(&target.as_str()), "{target} is not used");
            }
        }
    }

    #[test]
    fn every_call_has_a_name_of_its_own_and_says_who_may_use_it() {
        let document: Value = serde_json::from_str(document()).unwrap();
        assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
        let mut names = HashSet::new();
        for (path, calls) in document["paths"].as_object().unwrap() {
            for (method, call) in calls.as_object().unwrap() {
                assert!(names.insert(call["operationId"].as_str().unwrap().to_owned()), "{method} {path}");
                assert!(call["security"].is_array(), "{method} {path}");
                assert!(call["responses"]["200"].is_object(), "{method} {path}");
                let braces = path.matches('{').count();
                let listed = call["parameters"].as_array().into_iter().flatten().filter(|parameter| {
                    parameter["in"] == "path" || parameter["$ref"] == "#/components/parameters/id"
                });
                assert_eq!(listed.count(), braces, "{method} {path}");
            }
        }
    }
}
