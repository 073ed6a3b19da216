//! Calls in few words: what one takes, what it gives, and which problems may come instead.

use serde_json::{Map, Value, json};

use super::schema::Schema;

/// A call under way.
#[derive(Clone, Debug)]
pub struct Call {
    pub(super) method: &'static str,
    pub(super) path: &'static str,
    operation: Value,
    fails: Vec<u16>,
}

/// Who may call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// Anybody, without a token.
    Anybody,
    /// A bearer token: a phone's, or a supervisor's program.
    Token,
    /// A bearer token, or the session cookie of the pages.
    Reader,
    /// Anybody on this machine; from elsewhere an admin.
    Operator,
}

/// `GET path`; `id` names the call for programs, `summary` for people.
pub fn get(path: &'static str, id: &str, summary: &str) -> Call {
    call("get", path, id, summary)
}

/// `POST path`.
pub fn post(path: &'static str, id: &str, summary: &str) -> Call {
    call("post", path, id, summary)
}

/// `PUT path`.
pub fn put(path: &'static str, id: &str, summary: &str) -> Call {
    call("put", path, id, summary)
}

/// `DELETE path`.
pub fn delete(path: &'static str, id: &str, summary: &str) -> Call {
    call("delete", path, id, summary)
}

fn call(method: &'static str, path: &'static str, id: &str, summary: &str) -> Call {
    let operation = json!({"operationId": id, "summary": summary});
    Call { method, path, operation, fails: vec![500] }
}

/// The statuses that every call of somebody signed in may end in.
const SIGNED_IN: [u16; 6] = [400, 401, 403, 404, 429, 503];
/// The statuses that every call with a body may end in.
const WITH_BODY: [u16; 4] = [408, 413, 415, 422];

impl Call {
    /// What it does, in sentences.
    #[must_use]
    pub fn about(mut self, text: &str) -> Self {
        self.operation["description"] = text.into();
        self
    }

    /// Who may call. For those signed in the usual problems are added.
    #[must_use]
    pub fn who(mut self, who: Who) -> Self {
        self.operation["security"] = match who {
            Who::Anybody => json!([]),
            Who::Token => json!([{"token": []}]),
            Who::Reader => json!([{"token": []}, {"session": []}]),
            Who::Operator => json!([{}, {"token": []}, {"session": []}]),
        };
        if matches!(who, Who::Token | Who::Reader) { self.fails(&SIGNED_IN) } else { self }
    }

    /// A parameter that several calls share, by its name in the list of shared ones.
    #[must_use]
    pub fn shared(self, names: &[&str]) -> Self {
        names.iter().fold(self, |call, name| {
            call.parameter(json!({"$ref": format!("#/components/parameters/{name}")}))
        })
    }

    /// A parameter of the query; one whose name ends in `?` may be left out.
    #[must_use]
    pub fn query(self, name: &str, about: &str, schema: Schema) -> Self {
        self.placed("query", name, about, schema)
    }

    /// A header that is looked at.
    #[must_use]
    pub fn header(self, name: &str, about: &str, schema: Schema) -> Self {
        self.placed("header", name, about, schema)
    }

    /// A part of the path.
    #[must_use]
    pub fn part(self, name: &str, about: &str, schema: Schema) -> Self {
        self.placed("path", name, about, schema)
    }

    fn placed(self, place: &str, name: &str, about: &str, schema: Schema) -> Self {
        let bare = name.trim_end_matches('?');
        let mut parameter = json!({"name": bare, "in": place});
        parameter["schema"] = schema.0;
        if !about.is_empty() {
            parameter["description"] = about.into();
        }
        if bare == name {
            parameter["required"] = true.into();
        }
        self.parameter(parameter)
    }

    fn parameter(mut self, parameter: Value) -> Self {
        if let Some(list) = self.operation.get_mut("parameters").and_then(Value::as_array_mut) {
            list.push(parameter);
        } else {
            self.operation["parameters"] = json!([parameter]);
        }
        self
    }

    /// The JSON body it takes. The usual problems of bodies are added.
    #[must_use]
    pub fn takes(self, schema: Schema) -> Self {
        self.takes_as("application/json", schema)
    }

    /// A body of another media type.
    #[must_use]
    pub fn takes_as(mut self, media_type: &str, schema: Schema) -> Self {
        let body = &mut self.operation["requestBody"];
        body["required"] = true.into();
        body["content"][media_type]["schema"] = schema.0;
        self.fails(&WITH_BODY)
    }

    /// Its answer of 200 as JSON.
    #[must_use]
    pub fn gives(self, about: &str, schema: Schema) -> Self {
        self.gives_as(about, [("application/json", schema)])
    }

    /// Its answer of 200 in one of several media types.
    #[must_use]
    pub fn gives_as<'t>(mut self, about: &str, types: impl IntoIterator<Item = (&'t str, Schema)>) -> Self {
        let content: Map<String, Value> = types
            .into_iter()
            .map(|(media, schema)| (media.to_owned(), json!({"schema": schema.0})))
            .collect();
        let ok = &mut self.operation["responses"]["200"];
        ok["description"] = about.into();
        ok["content"] = content.into();
        self
    }

    /// Another success, as JSON.
    #[must_use]
    pub fn also_gives(mut self, status: u16, about: &str, schema: Schema) -> Self {
        let answer = &mut self.operation["responses"][status.to_string()];
        answer["description"] = about.into();
        answer["content"]["application/json"]["schema"] = schema.0;
        self
    }

    /// A header of the answer of 200.
    #[must_use]
    pub fn gives_header(mut self, name: &str, about: &str, schema: Schema) -> Self {
        let mut header = json!({});
        header["schema"] = schema.0;
        if !about.is_empty() {
            header["description"] = about.into();
        }
        self.operation["responses"]["200"]["headers"][name] = header;
        self
    }

    /// Further statuses it may end in.
    #[must_use]
    pub fn fails(mut self, statuses: &[u16]) -> Self {
        self.fails.extend(statuses);
        self
    }

    /// Statuses it never ends in, of those that are usual.
    #[must_use]
    pub fn never(mut self, statuses: &[u16]) -> Self {
        self.fails.retain(|status| !statuses.contains(status));
        self
    }

    /// The operation as the document holds it, filed under `tag`.
    pub(super) fn operation(mut self, tag: &str, answer: impl Fn(u16) -> Value) -> Value {
        for status in self.fails {
            self.operation["responses"][status.to_string()] = answer(status);
        }
        self.operation["tags"] = json!([tag]);
        self.operation
    }
}
