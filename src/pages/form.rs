//! What a page's form sends: fields in order, names that may stand twice (ticked doors).

use uuid::Uuid;

use crate::net::kind;
use crate::net::problem::{FieldError, Problem};
use crate::net::query::{Plus, percent_decoded, uuid};

/// Most fields of one form: five thousand doors and what goes with them.
const MOST_FIELDS: usize = 6_000;

/// The fields of a form.
#[derive(Clone, Debug, Default)]
pub struct Form(Vec<(String, String)>);

impl Form {
    /// Reads `application/x-www-form-urlencoded`. Problems: `body-not-valid`.
    pub fn parse(body: &[u8]) -> Result<Self, Problem> {
        let unreadable =
            || Problem::not_valid(vec![FieldError::at("", "must be the fields of a form in UTF-8")]);
        let text = std::str::from_utf8(body).map_err(|_| unreadable())?;
        let mut fields = Vec::new();
        for pair in text.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let decoded = |raw: &str| percent_decoded(raw, Plus::Space).filter(|text| !text.contains('\0'));
            fields.push((decoded(name).ok_or_else(unreadable)?, decoded(value).ok_or_else(unreadable)?));
            if fields.len() > MOST_FIELDS {
                return Err(Problem::not_valid(vec![FieldError::at("", "has too many fields")]));
            }
        }
        Ok(Self(fields))
    }

    /// A form with these fields, for tests and for uploads.
    pub fn of(fields: Vec<(String, String)>) -> Self {
        Self(fields)
    }

    /// The value of `name`, trimmed; an empty one counts as not given.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.given(name).map(str::trim).filter(|value| !value.is_empty())
    }

    /// The value of `name` as sent.
    pub fn given(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The value of `name`, which must be there and not be longer than `most` characters.
    pub fn required(&self, name: &str, most: usize) -> Result<String, Problem> {
        match self.text(name) {
            None => Err(fault(name, "is needed")),
            Some(value) if value.chars().count() > most => Err(fault(name, "is too long")),
            Some(value) => Ok(value.to_owned()),
        }
    }

    /// The value of `name` as a UUID, which must be there.
    pub fn uuid(&self, name: &str) -> Result<Uuid, Problem> {
        self.text(name).and_then(uuid).ok_or_else(|| fault(name, "must be a UUID"))
    }

    /// Every value of `name`.
    pub fn all<'f>(&'f self, name: &'f str) -> impl Iterator<Item = &'f str> {
        self.0.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Every value of `name` as UUIDs.
    pub fn uuids(&self, name: &str) -> Result<Vec<Uuid>, Problem> {
        let all = self.0.iter().filter(|(key, _)| key == name);
        all.map(|(_, value)| uuid(value).ok_or_else(|| fault(name, "must be a UUID"))).collect()
    }

    /// Every field but the token, for sending the same form again.
    pub fn fields(&self) -> impl Iterator<Item = &(String, String)> {
        self.0.iter().filter(|(key, _)| key != "csrf")
    }
}

/// 422 at one field of a form.
pub fn fault(name: &str, rule: &str) -> Problem {
    Problem::not_valid(vec![FieldError::at(format!("/{name}"), rule)])
}

/// A path of this site, from a form or a query; anything else is the overview. A browser must never be sent away.
pub fn local_path(text: Option<&str>) -> String {
    let fits = |path: &&str| {
        path.starts_with('/')
            && !path.starts_with("//")
            && !path.contains('\\')
            && path.len() <= 2_000
            && path.bytes().all(|b| b.is_ascii_graphic())
    };
    text.filter(fits).unwrap_or("/").to_owned()
}

/// The form was made for another session.
pub fn expired() -> Problem {
    Problem::plain(&kind::FORM_EXPIRED)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_may_stand_twice_and_values_are_decoded() {
        let form = Form::parse("a=1&a=2&b=%E6%95%B2+%E9%97%A8&c=".as_bytes()).unwrap();
        assert_eq!(form.fields().count(), 4);
        assert_eq!(form.text("b"), Some("敲 门"));
        assert_eq!((form.text("c"), form.given("c")), (None, Some("")));
        assert!(form.uuids("a").is_err());
        assert!(Form::parse(b"a=%ff").is_err());
    }

    #[test]
    fn nobody_is_sent_to_another_site() {
        for away in ["//evil.example", "https://evil.example/", "/\\evil.example", "javascript:1", "/a b", ""]
        {
            assert_eq!(local_path(Some(away)), "/", "{away}");
        }
        assert_eq!(local_path(Some("/areas/41?sort=rate")), "/areas/41?sort=rate");
        assert_eq!(local_path(None), "/");
    }
}
