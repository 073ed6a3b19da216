//! Schemas in few words: what a value of the API looks like, in JSON Schema 2020-12 as `OpenAPI` 3.1 takes it.

use serde_json::{Map, Value, json};

use crate::domain::code::ClosedSet;

/// A schema under way.
#[derive(Clone, Debug)]
pub struct Schema(pub(super) Value);

/// A text.
pub fn text() -> Schema {
    of("string")
}

/// A text of a known format, such as `uri-reference`.
pub fn format(format: &str) -> Schema {
    text().with("format", format)
}

/// A UUID.
pub fn uuid() -> Schema {
    format("uuid")
}

/// An instant, RFC 3339.
pub fn time() -> Schema {
    format("date-time")
}

/// A day, `YYYY-MM-DD`.
pub fn date() -> Schema {
    format("date")
}

/// Bytes as they are.
pub fn bytes() -> Schema {
    format("binary")
}

/// A whole number.
pub fn int() -> Schema {
    of("integer")
}

/// A whole number that is not negative.
pub fn count() -> Schema {
    int().least(0)
}

/// A number.
pub fn number() -> Schema {
    of("number")
}

/// True or false.
pub fn flag() -> Schema {
    of("boolean")
}

/// One of these texts.
pub fn words<'w>(words: impl IntoIterator<Item = &'w str>) -> Schema {
    text().with("enum", words.into_iter().collect::<Vec<_>>())
}

/// One code of a closed set.
pub fn codes<C: ClosedSet>() -> Schema {
    words(C::CODES.iter().map(|code| code.code_slug()))
}

/// This text and no other.
pub fn only(text: &str) -> Schema {
    Schema(json!({"const": text}))
}

/// Anything that JSON can say.
pub fn anything() -> Schema {
    Schema(json!({}))
}

/// A list.
pub fn list(items: Schema) -> Schema {
    of("array").with("items", items.0)
}

/// The component of this name.
pub fn refer(name: &str) -> Schema {
    Schema(json!({"$ref": format!("#/components/schemas/{name}")}))
}

/// The component of this name, or null.
pub fn refer_or_null(name: &str) -> Schema {
    one_of([refer(name), of("null")])
}

/// Exactly one of these.
pub fn one_of(schemas: impl IntoIterator<Item = Schema>) -> Schema {
    Schema(json!({"oneOf": schemas.into_iter().map(|s| s.0).collect::<Vec<_>>()}))
}

/// At least one of these.
pub fn any_of(schemas: impl IntoIterator<Item = Schema>) -> Schema {
    Schema(json!({"anyOf": schemas.into_iter().map(|s| s.0).collect::<Vec<_>>()}))
}

/// Each of these at once: what one promises and what the other adds.
pub fn all_of(schemas: impl IntoIterator<Item = Schema>) -> Schema {
    Schema(json!({"allOf": schemas.into_iter().map(|s| s.0).collect::<Vec<_>>()}))
}

/// A value of a JSON type, null included.
pub fn of(kind: &str) -> Schema {
    Schema(json!({"type": kind}))
}

/// An object of these members. One whose name ends in `?` may be left out; others may stand beside them.
pub fn object<'n>(members: impl IntoIterator<Item = (&'n str, Schema)>) -> Schema {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for (name, schema) in members {
        let bare = name.trim_end_matches('?');
        if bare == name {
            required.push(bare);
        }
        properties.insert(bare.to_owned(), schema.0);
    }
    let object = of("object").with("properties", properties);
    if required.is_empty() { object } else { object.with("required", required) }
}

/// An object of which nothing more is promised.
pub fn any_object() -> Schema {
    of("object").open()
}

/// An object of any names, each with a value of this kind.
pub fn map(values: Schema) -> Schema {
    of("object").with("additionalProperties", values.0)
}

/// One page of a list: its items, and where the next page starts.
pub fn page(items: Schema) -> Schema {
    let after = text().or_null().about("Where the next page starts; null at the end.");
    object([("items", list(items)), ("after", after)])
}

impl Schema {
    /// The same with another keyword of JSON Schema.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.0[key] = value.into();
        self
    }

    /// The schema as JSON.
    pub(super) fn value(self) -> Value {
        self.0
    }

    /// What it means.
    #[must_use]
    pub fn about(self, text: &str) -> Self {
        self.with("description", text)
    }

    /// It, or null.
    #[must_use]
    pub fn or_null(mut self) -> Self {
        if let Some(words) = self.0.get_mut("enum").and_then(Value::as_array_mut) {
            words.push(Value::Null);
        }
        let kind = self.0["type"].take();
        self.with("type", json!([kind, "null"]))
    }

    /// The least value.
    #[must_use]
    pub fn least(self, least: i64) -> Self {
        self.with("minimum", least)
    }

    /// The greatest value.
    #[must_use]
    pub fn most(self, most: i64) -> Self {
        self.with("maximum", most)
    }

    /// Least and greatest value.
    #[must_use]
    pub fn within(self, least: i64, most: i64) -> Self {
        self.least(least).most(most)
    }

    /// A text of at most so many characters.
    #[must_use]
    pub fn up_to(self, characters: u32) -> Self {
        self.with("maxLength", characters)
    }

    /// A text that is not empty, of at most so many characters.
    #[must_use]
    pub fn filled(self, characters: u32) -> Self {
        self.with("minLength", 1).up_to(characters)
    }

    /// A text of this shape.
    #[must_use]
    pub fn pattern(self, pattern: &str) -> Self {
        self.with("pattern", pattern)
    }

    /// A list of at most so many items.
    #[must_use]
    pub fn at_most(self, items: u32) -> Self {
        self.with("maxItems", items)
    }

    /// A list of at least one and at most so many items.
    #[must_use]
    pub fn some_of(self, items: u32) -> Self {
        self.with("minItems", 1).at_most(items)
    }

    /// An object that may hold more than its members.
    #[must_use]
    pub fn open(self) -> Self {
        self.with("additionalProperties", true)
    }
}
