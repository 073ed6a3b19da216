//! Query strings, read strictly: what cannot be understood is a 400 that names the parameter.
//!
//! Parameters nobody asks for are passed over, so that a newer client may send more than we know.

use jiff::Timestamp;
use jiff::civil::Date;
use uuid::Uuid;

use super::kind;
use super::problem::Problem;

/// Longest value of one parameter, in bytes after decoding.
const LONGEST_VALUE: usize = 2_000;

/// What `+` stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plus {
    /// A space, as forms send it.
    Space,
    /// Itself, as in paths.
    AsItIs,
}

/// The parameters of one request: each name at most once, each value UTF-8 without NUL.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query(Vec<(String, String)>);

impl Query {
    /// Takes a query string (without `?`) apart. Problems: `bad-parameter`.
    pub fn parse(raw: &str) -> Result<Self, Problem> {
        let mut pairs: Vec<(String, String)> = Vec::new();
        for pair in raw.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let name = clean(name).filter(|name| !name.is_empty()).ok_or_else(unreadable_name)?;
            let value =
                clean(value).ok_or_else(|| Problem::parameter(&shown(&name), "must be UTF-8 without NUL"))?;
            if value.len() > LONGEST_VALUE {
                return Err(Problem::parameter(&shown(&name), "is too long"));
            }
            if pairs.iter().any(|(other, _)| *other == name) {
                return Err(Problem::parameter(&shown(&name), "must not be given twice"));
            }
            pairs.push((name, value));
        }
        Ok(Self(pairs))
    }

    /// The value of `name`; an empty one counts as not given.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.given(name).filter(|value| !value.is_empty())
    }

    /// The value of `name`, also when it is empty.
    pub fn given(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The value of `name`, which must be there.
    pub fn required(&self, name: &str) -> Result<&str, Problem> {
        self.text(name).ok_or_else(|| Problem::parameter(name, "is needed"))
    }

    /// What `read` makes of the value of `name`; `rule` ("must be …") says what it accepts.
    pub fn parsed<T>(
        &self,
        name: &str,
        rule: &str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, Problem> {
        match self.text(name) {
            None => Ok(None),
            Some(value) => read(value).map(Some).ok_or_else(|| Problem::parameter(name, rule)),
        }
    }

    /// A page size: a whole number of at least 1; above `most` it is lowered to `most`.
    pub fn limit(&self, usual: u32, most: u32) -> Result<u32, Problem> {
        let read = |value: &str| {
            let digits = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
            let at_least_one = digits && value.bytes().any(|byte| byte != b'0');
            // What has more digits than fit is above any maximum.
            at_least_one.then(|| value.parse::<u32>().unwrap_or(u32::MAX).min(most))
        };
        Ok(self.parsed("limit", "must be a whole number of at least 1", read)?.unwrap_or(usual))
    }

    /// A UUID in its usual form of 36 characters.
    pub fn uuid(&self, name: &str) -> Result<Option<Uuid>, Problem> {
        self.parsed(name, "must be a UUID", uuid)
    }

    /// A calendar date.
    pub fn date(&self, name: &str) -> Result<Option<Date>, Problem> {
        self.parsed(name, "must be a date like 2020-11-05", |value| {
            (value.len() == 10).then(|| value.parse().ok()).flatten()
        })
    }

    /// An instant in RFC 3339 with an offset. A space where the `+` stood is taken as that `+`, since
    /// clients often send it unescaped.
    pub fn timestamp(&self, name: &str) -> Result<Option<Timestamp>, Problem> {
        self.parsed(name, "must be a time with an offset like 2020-11-05T19:00:00+08:00", timestamp)
    }

    /// One of a closed set; `find` maps a word to its meaning and `words` lists those that exist.
    pub fn one_of<T>(
        &self,
        name: &str,
        words: &[&str],
        find: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, Problem> {
        self.parsed(name, &format!("must be one of {}", words.join(", ")), find)
    }
}

/// A UUID in its usual form, or nothing.
pub fn uuid(text: &str) -> Option<Uuid> {
    (text.len() == 36).then(|| Uuid::try_parse(text).ok()).flatten()
}

/// An instant in RFC 3339 with an offset, or nothing. What our parser takes beyond it (bracketed zone names,
/// offsets of a day and more) is refused.
fn timestamp(text: &str) -> Option<Timestamp> {
    let mut text = text.to_owned();
    if text.len() > 40 || text.contains('[') || !matches!(text.as_bytes().get(10), Some(b'T' | b't' | b' ')) {
        return None;
    }
    if !text.ends_with(['Z', 'z']) {
        let zone = text.len().checked_sub(6)?;
        if text.as_bytes()[zone] == b' ' {
            text.replace_range(zone..=zone, "+");
        }
        let hours: u8 = text.get(zone + 1..zone + 3)?.parse().ok()?;
        if hours > 23 || text.as_bytes()[zone + 3] != b':' {
            return None;
        }
    }
    text.parse().ok()
}

fn clean(raw: &str) -> Option<String> {
    percent_decoded(raw, Plus::Space).filter(|text| !text.contains('\0'))
}

/// `raw` with its percent signs resolved; nothing when one is malformed or the bytes are not UTF-8.
pub fn percent_decoded(raw: &str, plus: Plus) -> Option<String> {
    let mut bytes = Vec::with_capacity(raw.len());
    let mut rest = raw.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => (hex(rest.next()?)? << 4) | hex(rest.next()?)?,
            b'+' if plus == Plus::Space => b' ',
            other => other,
        });
    }
    String::from_utf8(bytes).ok()
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

fn unreadable_name() -> Problem {
    Problem::new(&kind::BAD_PARAMETER, "The name of a parameter cannot be read.")
}

/// A name out of a request as it may stand in an answer: short and plain.
fn shown(name: &str) -> String {
    name.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-')).take(40).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn query(raw: &str) -> Query {
        Query::parse(raw).unwrap()
    }

    #[test]
    fn what_cannot_be_read_is_a_400_naming_the_parameter() {
        for (raw, name) in [
            ("area=%ff%fe", "area"),
            ("area=%00", "area"),
            ("a=1&area=x&area=y", "area"),
            ("area=%zz", "area"),
        ] {
            let problem = Query::parse(raw).unwrap_err();
            assert_eq!(problem.kind, &kind::BAD_PARAMETER, "{raw}");
            assert!(problem.detail.contains(name), "{raw}: {}", problem.detail);
        }
        assert!(Query::parse("%ff=1").is_err());
        assert!(Query::parse("=1").is_err());
        assert!(Query::parse(&format!("a={}", "x".repeat(3_000))).is_err());
    }

    #[test]
    fn values_are_decoded_as_forms_send_them() {
        let it = query("area=%E5%8C%97&note=a+b%2Bc&&empty=&flag");
        assert_eq!(it.text("area"), Some("北"));
        assert_eq!(it.text("note"), Some("a b+c"));
        assert_eq!(
            (it.text("empty"), it.given("empty"), it.given("flag"), it.text("none")),
            (None, Some(""), Some(""), None)
        );
        assert_eq!(query("a=%27%20OR%201%3D1--").text("a"), Some("' OR 1=1--"));
    }

    #[test]
    fn a_limit_is_at_least_one_and_lowered_to_the_most() {
        let table = [
            ("", Some(50)),
            ("limit=7", Some(7)),
            ("limit=99999999999", Some(500)),
            ("limit=501", Some(500)),
            ("limit=0", None),
            ("limit=-1", None),
            ("limit=x", None),
            ("limit=1.5", None),
            ("limit=+5", None),
            ("limit=007", Some(7)),
        ];
        for (raw, want) in table {
            assert_eq!(query(raw).limit(50, 500).ok(), want, "{raw}");
        }
    }

    #[test]
    fn times_need_an_offset_and_may_have_lost_their_plus() {
        let want: Timestamp = "2020-11-05T11:00:00Z".parse().unwrap();
        for raw in
            ["at=2020-11-05T19:00:00%2B08:00", "at=2020-11-05T19:00:00+08:00", "at=2020-11-05T11:00:00Z"]
        {
            assert_eq!(query(raw).timestamp("at").unwrap(), Some(want), "{raw}");
        }
        for raw in [
            "at=2020-11-05T19:00:00",
            "at=2020-11-05",
            "at=now",
            "at=1604000000",
            "at=2020-11-05T19:00:00%2B25:00",
            "at=Z",
            "at=2020-11-05T19:00:00%2B08:00[Asia/Shanghai]",
        ] {
            assert!(query(raw).timestamp("at").is_err(), "{raw}");
        }
    }

    #[test]
    fn dates_and_uuids_have_one_form() {
        assert_eq!(query("on=2020-11-05").date("on").unwrap(), Some(Date::constant(2020, 11, 5)));
        for raw in ["on=2020-11-31", "on=20201105", "on=2020-11-05T00:00", "on=tomorrow"] {
            assert!(query(raw).date("on").is_err(), "{raw}");
        }
        assert!(query("id=00000000-0000-0000-0000-000000000001").uuid("id").unwrap().is_some());
        for raw in
            ["id=7", "id=00000000000000000000000000000001", "id={00000000-0000-0000-0000-000000000001}"]
        {
            assert!(query(raw).uuid("id").is_err(), "{raw}");
        }
    }

    #[test]
    fn a_word_outside_the_set_is_answered_with_the_set() {
        let words = ["area", "day"];
        let find = |word: &str| words.iter().position(|known| *known == word);
        assert_eq!(query("by=day").one_of("by", &words, find).unwrap(), Some(1));
        let problem = query("by=moon").one_of("by", &words, find).unwrap_err();
        assert!(problem.detail.contains("area, day") && !problem.detail.contains("moon"));
    }

    proptest! {
        #[test]
        fn any_string_is_read_or_refused_and_never_echoed(raw in ".{0,200}") {
            if let Err(problem) = Query::parse(&raw) {
                prop_assert!(problem.detail.len() < 120);
            }
        }

        #[test]
        fn what_is_encoded_comes_back(text in ".{0,60}") {
            let encoded = text.bytes().fold(String::new(), |all, byte| format!("{all}%{byte:02X}"));
            prop_assert_eq!(percent_decoded(&encoded, Plus::Space), Some(text));
        }
    }
}
