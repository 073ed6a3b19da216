//! A filled-in form as sent: what can be read of it without knowing the form.

use uuid::Uuid;

use super::Refusal;
use super::fields::Fields;
use crate::forms::submission::{Envelope, Refused, Why, read_xml};
use crate::ingest::digest::{ContentDigest, Keys};
use crate::ingest::json::{self, Json};
use crate::ingest::reason::Reason;

/// Bytes of a form's id or version.
const LONGEST_NAME: usize = 256;

/// A filled-in form; whether the form is known is not judged.
#[derive(Clone, Debug, PartialEq)]
pub struct SubmissionRecord {
    /// The instance.
    pub id: Uuid,
    /// The form's id.
    pub form: String,
    /// The form's version; empty where it has none.
    pub version: String,
    /// What was filled in.
    pub body: Body,
    /// The instance that this one replaces.
    pub deprecated: Option<Uuid>,
    /// The case named beside the form.
    pub case: Option<Uuid>,
    /// The visit named beside the form.
    pub visit: Option<Uuid>,
    /// Seconds for which filling it in was interrupted.
    pub paused_s: Option<f64>,
    /// Empty questions for citizen IDs keep what the revision before said.
    pub keep_ids: bool,
}

/// What was filled in.
#[derive(Clone, Debug, PartialEq)]
pub enum Body {
    /// The XML of an instance, and what it says.
    Xml(String, Box<Envelope>),
    /// Answers as the JSON text of an object: what they mean is known with the form.
    Answers(String),
}

impl Body {
    /// The text that is kept, with citizen IDs still in it.
    pub fn text(&self) -> &str {
        match self {
            Self::Xml(text, _) | Self::Answers(text) => text,
        }
    }
}

impl SubmissionRecord {
    /// A submission that came as XML by itself.
    pub fn of_xml(text: &str, envelope: Envelope) -> Self {
        Self {
            id: envelope.instance,
            form: envelope.form_id.clone(),
            version: envelope.version.clone(),
            deprecated: envelope.deprecated,
            body: Body::Xml(text.to_owned(), Box::new(envelope)),
            case: None,
            visit: None,
            paused_s: None,
            keep_ids: false,
        }
    }

    /// The digest by which the same submission is known again: of the XML's bytes, or of the answers as values.
    pub fn digest(&self, keys: &Keys) -> ContentDigest {
        match &self.body {
            Body::Xml(text, _) => keys.text_digest(text),
            Body::Answers(text) => match json::parse_with(text, text.len()) {
                Ok(tree) => keys.content_digest(&tree),
                Err(_) => keys.text_digest(text),
            },
        }
    }
}

pub(super) fn read(fields: &Fields<'_, '_>) -> Result<SubmissionRecord, Refusal> {
    let id = fields.needed_uuid("id")?;
    let form = fields.object("form")?.ok_or_else(|| fields.missing("form"))?;
    let form_id = form.text("id", LONGEST_NAME)?.ok_or_else(|| form.missing("id"))?;
    let version = form.text("version", LONGEST_NAME)?.unwrap_or_default();
    let named = fields.uuid("deprecated_id")?;
    let (body, deprecated) = match fields.as_sent("xml").filter(|value| !value.is_null()) {
        Some(value) => {
            let text = value.text();
            let text = text.ok_or_else(|| fields.refuse(Reason::BadField, "xml", "must be a text"))?;
            let envelope = read_xml(text).map_err(|refused| refusal(fields, "xml", &refused))?;
            check(fields, &envelope, id, (&form_id, &version))?;
            let deprecated = envelope.deprecated;
            (Body::Xml(text.to_owned(), Box::new(envelope)), deprecated)
        }
        None => (read_answers(fields)?, named),
    };
    Ok(SubmissionRecord {
        id,
        form: form_id,
        version,
        body,
        deprecated,
        case: fields.uuid("case_id")?,
        visit: fields.uuid("visit_id")?,
        paused_s: fields.seconds("paused_s")?,
        keep_ids: fields.bool("keep_ids")?.unwrap_or_default(),
    })
}

/// The record must say of its XML what the XML says.
fn check(
    fields: &Fields<'_, '_>,
    envelope: &Envelope,
    id: Uuid,
    (form, version): (&str, &str),
) -> Result<(), Refusal> {
    if envelope.instance != id {
        return Err(fields.refuse(Reason::BadId, "id", "is not the instanceID of the XML"));
    }
    if envelope.form_id != form {
        return Err(fields.refuse(Reason::BadField, "form/id", "is not the id of the XML's first element"));
    }
    if envelope.version != version {
        let says = "is not the version of the XML's first element";
        return Err(fields.refuse(Reason::BadField, "form/version", says));
    }
    Ok(())
}

fn read_answers(fields: &Fields<'_, '_>) -> Result<Body, Refusal> {
    match fields.raw("answers") {
        None => Err(fields.missing("xml")),
        Some(value @ Json::Obj(_)) => Ok(Body::Answers(value.to_text())),
        Some(_) => Err(fields.refuse(Reason::BadField, "answers", "must be an object")),
    }
}

/// The reason on the wire for what cannot be used as a whole.
pub(in crate::ingest) const fn reason_of(why: Why) -> Reason {
    match why {
        Why::NotAForm => Reason::NotAForm,
        Why::TooLarge => Reason::RecordTooLarge,
        Why::TooDeep => Reason::TooDeep,
        Why::TextTooLong => Reason::TextTooLong,
        Why::NoBinding => Reason::NoBinding,
    }
}

fn refusal(fields: &Fields<'_, '_>, key: &str, refused: &Refused) -> Refusal {
    Refusal {
        reason: reason_of(refused.why),
        pointer: refused.path.clone().unwrap_or_else(|| fields.pointer(key)),
        detail: refused.detail.clone(),
    }
}
