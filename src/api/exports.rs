//! Exports, streamed.

use bytes::Bytes;
use futures_util::stream;
use http::HeaderValue;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use tokio::sync::mpsc;

use crate::app::App;
use crate::app::{auth, forms, reach};
use crate::export::forms::{FormExport, How, Source, What};
use crate::export::{Export, Format, Kind};
use crate::net::answer::{self, Response};
use crate::net::kind;
use crate::net::problem::Problem;
use crate::net::query::Query;
use crate::net::request::Request;
use crate::store::{Disclosure, Error};
use crate::surveys::Survey;

/// `GET /v1/export/{kind}.{csv|geojson}?area=`: cases, visits, households or persons of an area, streamed.
/// Problems: `not-found`, `wrong-role`.
pub async fn get(app: App, request: Request) -> Result<Response, Problem> {
    let caller = auth::supervisor(&app, &request).await?;
    let (name, ending) = request.param("file").split_once('.').ok_or_else(Problem::not_found)?;
    let (kind, format) = (Kind::of(name), Format::of(ending));
    let (Some(kind), Some(format)) = (kind, format) else {
        return Err(Problem::not_found());
    };
    let query = request.query()?;
    let area = reach::area(&app, &caller, &query).await?;
    let survey = app.survey(&caller).await?;
    let read =
        Disclosure::Export { kind: kind.word(), format: format.ending(), area: Some(area.code.clone()) };
    let witness = auth::witness(&app, &caller, read).await?;
    let file = format!("attachment; filename=\"{}-{name}.{ending}\"", survey.slug);
    let export = Export::new(witness, app.store().clone(), survey, area.range, kind, format);
    streamed(export, format.media_type(), &file).await
}

/// `GET /v1/export/forms/{id}.{csv|jsonl|zip}?area=&split=&values=&lang=`: answers to a form, streamed. Problems: `not-found`,
/// `wrong-role`.
pub async fn answers(app: App, request: Request) -> Result<Response, Problem> {
    let (id, ending) = request.param("file").rsplit_once('.').ok_or_else(Problem::not_found)?;
    let what = What::of(ending).ok_or_else(Problem::not_found)?;
    let id = id.to_owned();
    form(app, request, id, what).await
}

/// `GET /v1/export/forms/{id}/{repeat}.csv`: the answers in a repeat of a form. Problems: as [`answers`].
pub async fn repeat(app: App, request: Request) -> Result<Response, Problem> {
    let repeat = request.param("file").strip_suffix(".csv").ok_or_else(Problem::not_found)?;
    let what = What::Table(Some(repeat.to_owned()));
    let id = request.param("id").to_owned();
    form(app, request, id, what).await
}

async fn form(app: App, request: Request, id: String, what: What) -> Result<Response, Problem> {
    let caller = auth::supervisor(&app, &request).await?;
    let query = request.query()?;
    let survey = app.survey(&caller).await?;
    let how = how(&query, &survey)?;
    let area = reach::area(&app, &caller, &query).await?;
    forms::form(&app, &caller, &id).await?;
    let read = Disclosure::Answers { form: id.clone(), format: what.ending(), area: Some(area.code.clone()) };
    let witness = auth::witness(&app, &caller, read).await?;
    let file = match &what {
        What::Table(Some(repeat)) => format!("{}-{id}-{repeat}.csv", survey.slug),
        What::Table(None) | What::Lines | What::Archive => format!("{}-{id}.{}", survey.slug, what.ending()),
    };
    let source = Source { witness, store: app.store().clone(), survey, range: area.range, form: id };
    let export = FormExport::begin(source, &what, how).await?.ok_or_else(Problem::not_found)?;
    let plain = |c: char| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '_' };
    let file = file.chars().map(plain).collect::<String>();
    streamed(export, what.media_type(), &format!("attachment; filename=\"{file}\"")).await
}

/// How cells are written; labels in the language asked for, else the survey's.
fn how(query: &Query, survey: &Survey) -> Result<How, Problem> {
    let labels = query.one_of("values", &["names", "labels"], |word| match word {
        "names" => Some(false),
        "labels" => Some(true),
        _ => None,
    })?;
    let language = query.text("lang").unwrap_or(&survey.rules.policy.forms.language).to_owned();
    let split = query.one_of("split", &["0", "1"], |word| match word {
        "0" => Some(false),
        "1" => Some(true),
        _ => None,
    })?;
    Ok(How { labels: labels.unwrap_or_default().then_some(language), is_split: split.unwrap_or_default() })
}

/// An export that is written piece by piece.
trait Pieces: Send + 'static {
    /// A piece.
    type Piece: Into<Bytes> + Default + Send + Sync + 'static;
    /// The next one; `None` at the end.
    fn next(&mut self) -> impl Future<Output = Result<Option<Self::Piece>, Error>> + Send;
}

impl Pieces for Export {
    type Piece = String;

    async fn next(&mut self) -> Result<Option<String>, Error> {
        Export::next(self).await
    }
}

impl Pieces for FormExport {
    type Piece = Vec<u8>;

    async fn next(&mut self) -> Result<Option<Vec<u8>>, Error> {
        FormExport::next(self).await
    }
}

async fn streamed<P: Pieces>(
    mut export: P,
    media_type: &str,
    disposition: &str,
) -> Result<Response, Problem> {
    // The first piece is made before the head goes out, so that a database that is away is a proper answer.
    let first = export.next().await?.unwrap_or_default();
    // A task of its own reads ahead by one piece; it ends when the reader has gone.
    let (sender, receiver) = mpsc::channel::<std::io::Result<P::Piece>>(1);
    tokio::spawn(async move {
        let mut ready = Some(first);
        loop {
            let piece = match ready.take() {
                Some(piece) => Ok(Some(piece)),
                None => export.next().await,
            };
            let sent = match piece {
                Ok(Some(piece)) => sender.send(Ok(piece)).await,
                Ok(None) => break,
                Err(error) => {
                    tracing::error!(%error, "an export broke off");
                    sender.send(Err(std::io::Error::other("the export broke off"))).await
                }
            };
            if sent.is_err() {
                break;
            }
        }
    });
    let pieces = stream::unfold(receiver, |mut receiver| async move {
        receiver.recv().await.map(|piece| (piece, receiver))
    });
    let mut response = answer::stream(pieces);
    let value = |text: &str| HeaderValue::from_str(text).map_err(|_| Problem::plain(&kind::INTERNAL));
    response.headers_mut().insert(CONTENT_TYPE, value(media_type)?);
    response.headers_mut().insert(CONTENT_DISPOSITION, value(disposition)?);
    Ok(response)
}

/// What the `OpenAPI` document says of this file.
pub(super) mod described {
    use crate::api::openapi::prelude::*;

    /// The calls of this file.
    pub fn calls() -> Vec<Call> {
        vec![
            get("/v1/export/{file}", "export", "Data out, streamed")
                .about("For supervisors.")
                .who(Who::Reader)
                .part(
                    "file",
                    "Kind and format.",
                    words([
                        "cases.csv",
                        "cases.geojson",
                        "visits.csv",
                        "visits.geojson",
                        "households.csv",
                        "households.geojson",
                        "persons.csv",
                        "persons.geojson",
                    ]),
                )
                .shared(&["area"])
                .gives_as(
                    "UTF-8. CSV cells a spreadsheet would run are quoted safely. No citizen ID in any form.",
                    [
                        ("text/csv", text()),
                        (
                            "application/geo+json",
                            object([("type", only("FeatureCollection")), ("features", list(of("object")))]),
                        ),
                    ],
                ),
            answers(get("/v1/export/forms/{file}", "exportAnswers", "Answers to a form, streamed"))
                .part("file", "The form's id with `.csv`, `.jsonl` or `.zip` behind it.", text())
                .gives_as(
                    "One row for each submission in force; a zip holds the tables of repeats, a codebook and the forms too.",
                    [("text/csv", text()), ("application/jsonl", text()), ("application/zip", bytes())],
                ),
            answers(get("/v1/export/forms/{id}/{file}", "exportRepeat", "Answers in a repeat of a form, streamed"))
                .part("id", "The form's id.", text())
                .part("file", "The repeat's name with `.csv` behind it; its path with `-` where names repeat.", text())
                .gives_as("One row for each time it was repeated.", [("text/csv", text())]),
        ]
    }

    fn answers(call: Call) -> Call {
        call.about("For supervisors.")
            .who(Who::Reader)
            .shared(&["area"])
            .query(
                "split?",
                "A further column for each choice where several may be chosen.",
                words(["0", "1"]),
            )
            .query("values?", "Choices by their names or as people read them.", words(["names", "labels"]))
            .query("lang?", "Language of labels; the survey's when left out.", text().filled(40))
    }
}
