//! A filled-in form arrives with its files, in one request or several.

use std::collections::{BTreeMap, HashSet};
use std::convert::Infallible;

use bytes::Bytes;
use futures_util::stream;
use http::header::{CONTENT_TYPE, DATE};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use jiff::{SignedDuration, Timestamp};
use multer::Multipart;
use uuid::Uuid;

use super::answer::{self, message};
use super::key::{caller, unknown};
use crate::app::{App, pictures};
use crate::domain::{CaseId, Language};
use crate::forms::submission::{Envelope, Filled, Refused, Why, part_id, read_xml};
use crate::ingest::accept::FormSent;
use crate::ingest::reason::Reason;
use crate::ingest::receipt::Receipt;
use crate::net::answer::{Response, to_the_end};
use crate::net::body;
use crate::net::kind;
use crate::net::problem::Problem;
use crate::net::request::Request;
use crate::store::access::Caller;
use crate::visits::door::place;

/// What Collect is told that one request may hold, so that it sends many files in several.
const ACCEPT_LENGTH: &str = "10000000";
/// Bytes of one request.
const MOST: usize = 64 << 20;
/// Bytes of one file.
const MOST_FILE: usize = 20 << 20;
/// Part with the filled-in form.
const XML_PART: &str = "xml_submission_file";
const ACCEPT: HeaderName = HeaderName::from_static("x-openrosa-accept-content-length");

/// `HEAD` and `GET /odk/{key}/submission`: how large a request may be.
pub async fn look(app: App, request: Request) -> Result<Response, Problem> {
    caller(&app, &request).await?;
    let mut response = answer::empty(StatusCode::NO_CONTENT);
    response.headers_mut().insert(ACCEPT, HeaderValue::from_static(ACCEPT_LENGTH));
    Ok(response)
}

/// What came of a request.
#[derive(Default)]
struct Sent {
    xml: Option<Bytes>,
    /// Files by name, the first of each.
    files: BTreeMap<String, Bytes>,
    /// A file is larger than is taken.
    too_large: Option<String>,
    /// The whole of it came.
    is_whole: bool,
}

/// `POST /odk/{key}/submission`.
pub async fn post(app: App, mut request: Request) -> Result<Response, Problem> {
    let caller = caller(&app, &request).await?;
    let device = caller.device.ok_or_else(Problem::not_found)?;
    let survey = app.survey(&caller).await?;
    let language = answer::language(&request.headers, survey.rules.policy.forms.language());
    let say = Say(language);
    let Some(boundary) = boundary(&request.headers) else {
        return Ok(say.refuses(
            StatusCode::BAD_REQUEST,
            "this is no form with files (multipart/form-data)",
            "请求不是 multipart/form-data",
        ));
    };
    if app.room.as_ref().is_some_and(|room| !room.is_left()) {
        return Err(Problem::plain(&kind::NO_ROOM));
    }
    let offset = clock_offset(&request.headers, app.now());
    if let Some(client) = request.query()?.text("deviceID").filter(|id| id.len() <= 200) {
        app.store().note_client_id(caller.key, device, client).await?;
    }
    request.turn.take();
    to_the_end(async move {
        let mut share = app.pictures.share(device);
        let arrived = body::read_what_comes(&mut request, MOST, &mut share).await?;
        let is_cut = arrived.broke.is_some();
        let sent = taken_apart(arrived.bytes, boundary, !is_cut).await;
        if let Some(name) = &sent.too_large {
            let (en, zh) =
                (format!("the file {name} is larger than 20 MiB"), format!("文件 {name} 超过 20 MiB"));
            return Ok(say.refuses(StatusCode::PAYLOAD_TOO_LARGE, &en, &zh));
        }
        // The key is looked at again where the form is stored: it may have been withdrawn while the files came.
        let now_valid = app.store().is_device_open(caller.key, device).await?;
        if !now_valid {
            return Err(unknown());
        }
        let answer = take(&app, &caller, (device, offset), sent, say).await;
        drop(share);
        match arrived.broke {
            Some(problem) => Err(problem),
            None => answer,
        }
    })
    .await
}

fn boundary(headers: &HeaderMap) -> Option<String> {
    multer::parse_boundary(headers.get(CONTENT_TYPE)?.to_str().ok()?).ok()
}

/// The parts of a request; of one that was cut short those that came whole.
async fn taken_apart(body: Bytes, boundary: String, came_whole: bool) -> Sent {
    let mut form = Multipart::new(stream::iter([Ok::<_, Infallible>(body)]), boundary);
    let mut sent = Sent { is_whole: came_whole, ..Sent::default() };
    loop {
        let field = match form.next_field().await {
            Ok(Some(field)) => field,
            Ok(None) => break,
            Err(_) => {
                sent.is_whole = false;
                break;
            }
        };
        let part = field.name().unwrap_or_default().to_owned();
        let file = field.file_name().map(str::to_owned);
        let Ok(bytes) = field.bytes().await else {
            sent.is_whole = false;
            break;
        };
        if part == XML_PART {
            sent.xml.get_or_insert(bytes);
            continue;
        }
        let name = file.unwrap_or(part);
        if bytes.len() > MOST_FILE {
            sent.too_large.get_or_insert(name);
        } else if is_name(&name) {
            sent.files.entry(name).or_insert(bytes);
        }
    }
    sent
}

/// Whether a file of a form may be called so.
fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 255
        && !name.contains(['/', '\\'])
        && !name.chars().any(char::is_control)
}

async fn take(
    app: &App,
    caller: &Caller,
    (device, offset): (Uuid, SignedDuration),
    sent: Sent,
    say: Say,
) -> Result<Response, Problem> {
    let bad = |en: &str, zh: &str| Ok(say.refuses(StatusCode::BAD_REQUEST, en, zh));
    let Some(xml) = sent.xml.clone() else {
        return bad(
            "it holds no filled-in form (part xml_submission_file)",
            "缺少表单（xml_submission_file）",
        );
    };
    let Ok(text) = std::str::from_utf8(&xml) else {
        return bad("its XML is not UTF-8", "XML 不是 UTF-8 编码");
    };
    let envelope = match read_xml(text) {
        Ok(envelope) => envelope,
        Err(refused) => return Ok(say.refuses_form(&refused)),
    };
    if !sent.is_whole {
        // What came whole of a request that broke off waits for the next one.
        keep_files(app, caller, device, (envelope.instance, &envelope), sent.files, Named::NotYet).await?;
        return bad("it did not come whole", "请求不完整");
    }
    let form = FormSent { text: text.to_owned(), envelope: envelope.clone(), clock_offset: offset };
    let receipt = app.ingest.for_batches().accept_form(caller, form, app.now()).await?;
    let is_stored = !receipt.parts.is_empty() || receipt.status != "refused";
    if is_stored && !sent.files.is_empty() {
        let known = app.store().submission(caller.key, envelope.instance).await?;
        let root = known.map_or(envelope.instance, |row| row.root);
        keep_files(app, caller, device, (root, &envelope), sent.files, Named::Yes).await?;
    }
    said(app, caller, &receipt, is_stored, say).await
}

/// Whether the form that names the files is stored.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Named {
    Yes,
    NotYet,
}

/// Keeps the files that the form names; what nobody named is dropped.
async fn keep_files(
    app: &App,
    caller: &Caller,
    device: Uuid,
    (root, envelope): (Uuid, &Envelope),
    files: BTreeMap<String, Bytes>,
    named: Named,
) -> Result<(), Problem> {
    let mut texts = HashSet::new();
    texts_of(&envelope.data, &mut texts);
    for (name, bytes) in files.into_iter().filter(|(name, _)| texts.contains(name.as_str())) {
        let id = part_id(root, &name);
        let kept = pictures::keep_whole(app, caller, device, id, bytes).await?;
        if let Some(row) = kept.filter(|row| row.complete_at.is_some()) {
            let is_expected = named == Named::Yes;
            app.store().file_arrived(caller.key, (root, &name), row.id, is_expected, app.now()).await?;
        }
    }
    Ok(())
}

fn texts_of<'a>(data: &'a Filled, found: &mut HashSet<&'a str>) {
    found.extend(data.text.as_deref().map(str::trim));
    data.children.iter().for_each(|child| texts_of(child, found));
}

/// How far the phone's clock is ahead of ours, by its header: Collect writes 12 hours of the day, so 12 hours more or less say
/// nothing; and more than three are no clock that is off.
fn clock_offset(headers: &HeaderMap, now: Timestamp) -> SignedDuration {
    const HALF_DAY: i64 = 12 * 3600;
    let read = || {
        let text = headers.get(DATE)?.to_str().ok()?;
        jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok()
    };
    let Some(theirs) = read() else { return SignedDuration::ZERO };
    let apart = (theirs.as_second() - now.as_second()).rem_euclid(HALF_DAY);
    let apart = if apart > HALF_DAY / 2 { apart - HALF_DAY } else { apart };
    if apart.abs() > 3 * 3600 { SignedDuration::ZERO } else { SignedDuration::from_secs(apart) }
}

/// What became of it, for the person at the phone.
async fn said(
    app: &App,
    caller: &Caller,
    receipt: &Receipt,
    is_stored: bool,
    say: Say,
) -> Result<Response, Problem> {
    let reason = receipt.reason.as_deref().and_then(Reason::from_slug);
    let words = reason.map_or_else(String::new, |reason| say.reason(reason));
    if !is_stored {
        let status = match reason {
            Some(Reason::IdReused) => StatusCode::CONFLICT,
            Some(Reason::RecordTooLarge | Reason::TooDeep | Reason::TextTooLong) => {
                StatusCode::PAYLOAD_TOO_LARGE
            }
            Some(_) | None => StatusCode::BAD_REQUEST,
        };
        return Ok(say.refuses(status, &words, &words));
    }
    let door = match receipt.case.as_ref().map(|case| case.id) {
        Some(id) => door(app, caller, id).await?,
        None => None,
    };
    let text = match (receipt.status.as_ref(), &receipt.case) {
        ("accepted", Some(case)) => {
            let state = case.state.label(say.0);
            let visits = case.visits;
            let door = door.unwrap_or_default();
            say.of(
                &format!("Received: {door}, {state}, visits: {visits}"),
                &format!("已收到：{door}，{state}（到访 {visits} 次）"),
            )
        }
        ("accepted", None) => say.of("Received", "已收到"),
        ("held", _) => say.of(&format!("Received, waits: {words}"), &format!("已收到，待核：{words}")),
        (_, _) => say.of(
            &format!("Received, but cannot be used: {words} (correct it under Sent)"),
            &format!("已收到，但不能使用：{words}（可在“已发送”中更正）"),
        ),
    };
    Ok(message(StatusCode::CREATED, &text))
}

async fn door(app: &App, caller: &Caller, id: CaseId) -> Result<Option<String>, Problem> {
    let rows = app.store().cases(caller.key, &[id]).await?;
    Ok(rows.first().filter(|row| caller.reach().knows(*row)).map(place))
}

/// Words in the language of the phone.
#[derive(Clone, Copy)]
struct Say(Language);

impl Say {
    fn of(self, en: &str, zh: &str) -> String {
        if self.0 == Language::En { en.to_owned() } else { zh.to_owned() }
    }

    fn reason(self, reason: Reason) -> String {
        self.of(reason.sentence(), reason.sentence_zh())
    }

    fn refuses(self, status: StatusCode, en: &str, zh: &str) -> Response {
        message(status, &self.of(&format!("Not taken: {en}"), &format!("无法接收：{zh}")))
    }

    /// A form that cannot be read; the node at fault is named.
    fn refuses_form(self, refused: &Refused) -> Response {
        let status = match refused.why {
            Why::TooLarge | Why::TooDeep | Why::TextTooLong => StatusCode::PAYLOAD_TOO_LARGE,
            Why::NotAForm | Why::NoBinding => StatusCode::BAD_REQUEST,
        };
        let place = refused.path.as_deref().unwrap_or_default();
        let zh = match refused.why {
            Why::NotAForm => "无法识别为已填写的表单",
            Why::TooLarge => "表单过大",
            Why::TooDeep => "嵌套超过 64 层",
            Why::TextTooLong => "有答案超过 20000 个字符",
            Why::NoBinding => "没有可用内容",
        };
        self.refuses(status, format!("{} {place}", refused.detail).trim(), format!("{zh} {place}").trim())
    }
}
