//! The list of forms, the forms themselves, and their files.

use std::sync::Arc;

use super::answer::{document, tagged};
use super::key::{base, caller};
use super::lists;
use crate::app::App;
use crate::forms::xml_text;
use crate::net::answer::Response;
use crate::net::problem::Problem;
use crate::net::request::Request;
use crate::store::access::Caller;
use crate::store::form::{Form, VersionRow};

/// `GET /odk/{key}/formList?formID=`: the current version of each open form that Collect is offered.
pub async fn list(app: App, request: Request) -> Result<Response, Problem> {
    let caller = caller(&app, &request).await?;
    let query = request.query()?;
    let (base, only) = (base(&request), query.text("formID").map(str::to_owned));
    let mut rows = String::new();
    for form in app.store().forms(caller.key).await? {
        let Some(version) = form.current().filter(|_| form.is_in_use() && form.row.is_offered) else {
            continue;
        };
        if only.as_ref().is_none_or(|id| *id == form.row.id) {
            let has_files = !files_of(&app, &caller, &form, version).await?.is_empty();
            rows.push_str(&row(&base, &form, version, has_files));
        }
    }
    Ok(document(format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<xforms xmlns=\"http://openrosa.org/xforms/xformsList\">{rows}</xforms>\n"
    )))
}

fn row(base: &str, form: &Form, version: &VersionRow, has_files: bool) -> String {
    let place = format!("{base}/forms/{}/{}", encoded(&form.row.id), encoded(&version.version));
    let title = if form.row.title_zh.is_empty() { &form.row.title } else { &form.row.title_zh };
    let name = if title.is_empty() { &form.row.id } else { title };
    let manifest = if has_files {
        format!("<manifestUrl>{}</manifestUrl>", xml_text(&format!("{place}/manifest")))
    } else {
        String::new()
    };
    format!(
        "<xform><formID>{}</formID><name>{}</name><version>{}</version><hash>md5:{}</hash><downloadUrl>{}</downloadUrl>{manifest}</xform>",
        xml_text(&form.row.id),
        xml_text(name),
        xml_text(&version.version),
        version.hash,
        xml_text(&format!("{place}.xml")),
    )
}

/// A part of an address.
fn encoded(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC)
        .to_string()
        .replace("%2D", "-")
        .replace("%2E", ".")
        .replace("%5F", "_")
}

/// Names of the files that a version uses: its own and the lists of this service.
async fn files_of(
    app: &App,
    caller: &Caller,
    form: &Form,
    version: &VersionRow,
) -> Result<Arc<[String]>, Problem> {
    if let Some(files) = app.odk.files(&version.hash) {
        return Ok(files);
    }
    let model = app.store().form_model(caller.key, &form.row.id, &version.version).await?;
    let mut names: Vec<String> = version.media.iter().map(|file| file.name.clone()).collect();
    let of_model = model.map(|model| model.files).unwrap_or_default();
    names.extend(of_model.into_iter().filter(|name| lists::is_own(name)));
    names.sort_unstable();
    names.dedup();
    let files: Arc<[String]> = names.into();
    app.odk.keep_files(&version.hash, Arc::clone(&files));
    Ok(files)
}

/// A published version of a form that is offered. Outside that nothing is there.
async fn version_of(
    app: &App,
    caller: &Caller,
    id: &str,
    version: &str,
) -> Result<(Form, VersionRow), Problem> {
    let form = app.store().form(caller.key, id).await?.filter(|form| form.row.is_offered);
    let form = form.ok_or_else(Problem::not_found)?;
    let found = form.version(version).filter(|v| v.published_at.is_some()).cloned();
    Ok((form, found.ok_or_else(Problem::not_found)?))
}

/// `GET /odk/{key}/forms/{id}/{version}.xml`: the `XForm`, the same bytes for everybody.
pub async fn xform(app: App, request: Request) -> Result<Response, Problem> {
    let caller = caller(&app, &request).await?;
    let version = request.param("file").strip_suffix(".xml").ok_or_else(Problem::not_found)?;
    let (form, version) = version_of(&app, &caller, request.param("id"), version).await?;
    let found = app.store().xform(caller.key, &form.row.id, &version.version).await?;
    let found = found.ok_or_else(Problem::not_found)?;
    tagged(&request, &found.hash, "text/xml; charset=utf-8", found.text)
}

/// `GET /odk/{key}/forms/{id}/{version}/manifest`: the files of a form with their hashes.
pub async fn manifest(app: App, request: Request) -> Result<Response, Problem> {
    let caller = caller(&app, &request).await?;
    let (form, version) = version_of(&app, &caller, request.param("id"), request.param("version")).await?;
    let base = base(&request);
    let mut rows = String::new();
    for name in files_of(&app, &caller, &form, &version).await?.iter() {
        rows.push_str(&file(&app, &caller, (&form, &version), &base, name).await?);
    }
    Ok(document(format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<manifest xmlns=\"http://openrosa.org/xforms/xformsManifest\">{rows}</manifest>\n"
    )))
}

async fn file(
    app: &App,
    caller: &Caller,
    (form, version): (&Form, &VersionRow),
    base: &str,
    name: &str,
) -> Result<String, Problem> {
    let own = version.media.iter().find(|file| file.name == name);
    let (kind, md5, url, check) = if let Some(file) = own {
        let place =
            format!("media/{}/{}/{}", encoded(&form.row.id), encoded(&version.version), encoded(name));
        ("", file.md5.clone(), format!("{base}/{place}"), String::new())
    } else {
        let made = lists::made(app, caller, name).await?.ok_or_else(Problem::not_found)?;
        let is_doors = name == lists::DOORS;
        let check =
            format!("<integrityUrl>{}</integrityUrl>", xml_text(&format!("{base}/lists/doors/integrity")));
        let kind = if is_doors { " type=\"entityList\"" } else { "" };
        (kind, made.1, format!("{base}/lists/{name}"), if is_doors { check } else { String::new() })
    };
    Ok(format!(
        "<mediaFile{kind}><filename>{}</filename><hash>md5:{md5}</hash><downloadUrl>{}</downloadUrl>{check}</mediaFile>",
        xml_text(name),
        xml_text(&url)
    ))
}

/// `GET /odk/{key}/media/{id}/{version}/{name}`: a file that came with the form.
pub async fn media(app: App, request: Request) -> Result<Response, Problem> {
    let caller = caller(&app, &request).await?;
    let (form, version) = version_of(&app, &caller, request.param("id"), request.param("version")).await?;
    let place = (form.row.id.as_str(), version.version.as_str());
    let found = app.store().form_media(caller.key, place, request.param("name")).await?;
    let found = found.ok_or_else(Problem::not_found)?;
    tagged(&request, &found.md5, &found.media_type, found.bytes)
}
