//! Forms as somebody sends them, and who sees which: shared by the API and the pages.

use bytes::Bytes;
use http::HeaderMap;
use http::header::CONTENT_TYPE;

use super::App;
use crate::domain::Role;
use crate::forms::{Given, limits};
use crate::ingest::forms::Upload;
use crate::net::body::too_large;
use crate::net::kind;
use crate::net::multipart::{Part, parts};
use crate::net::problem::{FieldError, Problem};
use crate::store::access::Caller;
use crate::store::form::{Form, VersionRow};
use crate::surveys::Survey;

/// Largest body with a form and its files: all of them and what stands between.
pub const UPLOAD_LIMIT: usize = limits::FILE_BYTES + limits::MEDIA_BYTES_ALL + (1 << 20);
/// Most parts: the form, its files, fields of a page.
pub const MOST_PARTS: usize = limits::MEDIA_FILES + 10;
/// Media types under which a form is sent by itself.
const TYPES: [&str; 5] = [
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/vnd.oasis.opendocument.spreadsheet",
    "application/vnd.ms-excel",
    "application/xml",
    "text/xml",
];

/// How a form is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sending {
    /// The file is the body.
    Alone,
    /// A part `form`; all others are files that belong to it.
    WithMedia,
}

impl Sending {
    /// As the content type says. Problems: `unsupported-type`.
    pub fn of(headers: &HeaderMap) -> Result<Self, Problem> {
        let sent = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let plain = sent.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        match plain.as_str() {
            "multipart/form-data" => Ok(Self::WithMedia),
            plain if TYPES.contains(&plain) => Ok(Self::Alone),
            _ => Err(Problem::new(
                &kind::UNSUPPORTED_TYPE,
                "A form is sent as xlsx, ods, xls or XML by its media type, or as multipart/form-data.",
            )
            .in_chinese("表单须以 xlsx、ods、xls 或 XML 的媒体类型发送，或使用 multipart/form-data。")),
        }
    }

    /// Largest body, bytes.
    pub const fn limit(self) -> usize {
        match self {
            Self::Alone => limits::FILE_BYTES,
            Self::WithMedia => UPLOAD_LIMIT,
        }
    }
}

/// The form in a body. Problems: `body-not-valid`, `body-too-large`.
pub async fn sent(
    sending: Sending,
    headers: &HeaderMap,
    body: Bytes,
    survey: &Survey,
) -> Result<Upload, Problem> {
    match sending {
        Sending::Alone => Ok(upload(&body, None, Vec::new(), survey)),
        Sending::WithMedia => {
            let not_parts = || {
                Problem::not_valid(vec![FieldError::at(
                    "",
                    "must be whole parts of multipart/form-data, at most 60",
                )])
            };
            of_parts(parts(headers, &body, MOST_PARTS).await.ok_or_else(not_parts)?, survey)
        }
    }
}

/// The form among parts: the part `form`, and every other one with a file's name as its media.
pub fn of_parts(all: Vec<Part>, survey: &Survey) -> Result<Upload, Problem> {
    let (mut forms, media): (Vec<Part>, Vec<Part>) = all.into_iter().partition(|part| part.name == "form");
    let form = forms.pop().filter(|_| forms.is_empty()).ok_or_else(|| {
        Problem::not_valid(vec![FieldError::at("/form", "must be there once: the spreadsheet or XForm")])
    })?;
    if form.bytes.len() > limits::FILE_BYTES {
        return Err(too_large(limits::FILE_BYTES));
    }
    if media.iter().any(|part| part.bytes.len() > limits::MEDIA_BYTES) {
        return Err(too_large(limits::MEDIA_BYTES));
    }
    let named = |part: Part| {
        let file = part.file.filter(|file| !file.is_empty());
        (file.unwrap_or(part.name), part.bytes.to_vec())
    };
    Ok(upload(&form.bytes, form.file.clone(), media.into_iter().map(named).collect(), survey))
}

fn upload(bytes: &[u8], name: Option<String>, media: Vec<(String, Vec<u8>)>, survey: &Survey) -> Upload {
    let languages = survey.rules.policy.forms.languages.clone();
    let given = Given { bytes: bytes.into(), languages, ..Given::default() };
    Upload { given, name, media }
}

/// Which forms a caller sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sees {
    /// What is published and open: what can be filled in.
    InUse,
    /// Closed ones too.
    Published,
    /// Drafts too.
    Everything,
}

impl Sees {
    /// What a caller sees.
    pub fn of(caller: &Caller) -> Self {
        match (caller.device, caller.role) {
            (None, Role::Admin) => Self::Everything,
            (None, Role::Supervisor) => Self::Published,
            (_, _) => Self::InUse,
        }
    }

    /// The version in which a form is shown, if it is seen at all.
    pub fn shown(self, form: &Form) -> Option<&VersionRow> {
        match self {
            Self::InUse => form.current().filter(|_| form.is_in_use()),
            Self::Published => form.current(),
            Self::Everything => form.current().or_else(|| form.draft()),
        }
    }

    /// Whether one version of a form is seen. Devices see closed forms by their version: they may hold drafts of answers.
    pub fn has(self, is_published: bool) -> bool {
        is_published || self == Self::Everything
    }
}

/// A form that the caller sees. Problems: `not-found`.
pub async fn form(app: &App, caller: &Caller, id: &str) -> Result<Form, Problem> {
    let form = app.store().form(caller.key, id).await?;
    let is_seen = |form: &Form| match Sees::of(caller) {
        Sees::Everything => Sees::Everything.shown(form).is_some(),
        Sees::InUse | Sees::Published => form.current().is_some(),
    };
    form.filter(is_seen).ok_or_else(Problem::not_found)
}
