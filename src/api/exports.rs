//! Exports, streamed.

use futures_util::stream;
use http::HeaderValue;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use tokio::sync::mpsc;

use crate::app::App;
use crate::app::{auth, reach};
use crate::export::{Export, Format, Kind};
use crate::net::answer::{self, Response};
use crate::net::problem::Problem;
use crate::net::request::Request;
use crate::store::Disclosure;

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
    let mut export = Export::new(witness, app.store().clone(), survey, area.range, kind, format);
    // The first piece is made before the head goes out, so that a database that is away is a proper answer.
    let first = export.next().await?.unwrap_or_default();
    // A task of its own reads ahead by one piece; it ends when the reader has gone.
    let (sender, receiver) = mpsc::channel::<std::io::Result<String>>(1);
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
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(format.media_type()));
    headers.insert(
        CONTENT_DISPOSITION,
        HeaderValue::try_from(file).map_err(|_| Problem::plain(&crate::net::kind::INTERNAL))?,
    );
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
        ]
    }
}
