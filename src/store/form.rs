//! Forms, their versions and their files. What may become of them is said by `ingest::forms`.

use jiff::Timestamp;
use serde_json::Value;
use tokio_postgres::Row;
use uuid::Uuid;

use super::sql_types::ReadRow;
use super::tx::{Error, Tx, statements};
use super::{Store, SurveyKey};
use crate::domain::ids::form_change_id;
use crate::forms::{Fault, FormModel, FormRole};

statements! {
    /// $1 number. One change of a survey's forms at a time.
    LOCK = "-- lock_forms
        select pg_advisory_xact_lock($1)";
    /// $1 district, $2 survey, $3 form or null.
    FORMS = "-- forms
        select form_id, role, place, title, title_zh, is_open, is_offered, is_built_in, created_at from form
        where district_id = $1 and survey_no = $2 and ($3::text is null or form_id = $3) order by form_id";
    /// $1 district, $2 survey.
    EXTRA_PLACES = "-- extra_form_places
        select place, form_id from form where district_id = $1 and survey_no = $2 and role = 'extra' order by place";
    /// $1 district, $2 survey, $3 form or null. Newest first, drafts before all.
    VERSIONS = "-- form_versions
        select form_id, version, seq, hash, source_name, warnings, role, is_offered, questions, languages, made_by, made_at, published_at
        from form_version
        where district_id = $1 and survey_no = $2 and ($3::text is null or form_id = $3)
        order by form_id, published_at is not null, seq desc";
    /// $1 district, $2 survey, $3 form or null.
    FILES = "-- form_files
        select form_id, version, name, media_type, md5, length from form_file
        where district_id = $1 and survey_no = $2 and ($3::text is null or form_id = $3) order by form_id, version, name";
    /// $1 district, $2 survey, $3 form, $4 version.
    XFORM = "-- form_xform
        select hash, xform, published_at from form_version
        where district_id = $1 and survey_no = $2 and form_id = $3 and version = $4";
    /// $1 district, $2 survey, $3 form, $4 version.
    MODEL = "-- read_form_model
        select model from form_version where district_id = $1 and survey_no = $2 and form_id = $3 and version = $4";
    /// $1 district, $2 survey, $3 form. Of every published version, newest first.
    MODELS = "-- form_models
        select version, model from form_version
        where district_id = $1 and survey_no = $2 and form_id = $3 and published_at is not null order by seq desc";
    /// $1 district, $2 survey, $3 form, $4 version, $5 name.
    FILE = "-- form_file
        select media_type, md5, bytes from form_file
        where district_id = $1 and survey_no = $2 and form_id = $3 and version = $4 and name = $5";
    /// Columns of form.
    PUT_FORM = "-- put_form
        insert into form (district_id, survey_no, form_id, role, place, title, title_zh, is_open, is_offered, is_built_in, created_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
        on conflict on constraint form_pk do update set role = excluded.role, place = excluded.place, title = excluded.title,
            title_zh = excluded.title_zh, is_open = excluded.is_open, is_offered = excluded.is_offered, is_built_in = excluded.is_built_in";
    /// Columns of `form_version`.
    ADD_VERSION = "-- add_form_version
        insert into form_version (district_id, survey_no, form_id, version, seq, hash, xform, source, source_name, model, warnings,
            role, is_offered, questions, languages, made_by, made_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)";
    /// Columns of `form_file`.
    ADD_FILE = "-- add_form_file
        insert into form_file (district_id, survey_no, form_id, version, name, media_type, md5, length, bytes)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    /// $1 district, $2 survey, $3 form, $4 version. A draft only.
    DROP_FILES = "-- drop_draft_files
        delete from form_file f using form_version v
        where f.district_id = $1 and f.survey_no = $2 and f.form_id = $3 and f.version = $4
          and v.district_id = $1 and v.survey_no = $2 and v.form_id = $3 and v.version = $4 and v.published_at is null";
    /// $1 district, $2 survey, $3 form, $4 version. A draft only.
    DROP_DRAFT = "-- drop_draft
        delete from form_version
        where district_id = $1 and survey_no = $2 and form_id = $3 and version = $4 and published_at is null";
    /// $1 district, $2 survey, $3 form, $4 version, $5 place in the order of publishing, $6 now.
    PUBLISH = "-- publish_form_version
        update form_version set seq = $5, published_at = $6
        where district_id = $1 and survey_no = $2 and form_id = $3 and version = $4 and published_at is null";
    /// $1 district, $2 survey, $3 states.
    HAS_CASES = "-- has_cases_in_states
        select exists (select 1 from survey_case where district_id = $1 and survey_no = $2 and state = any($3)) as has";
}

/// A form, with all its versions.
#[derive(Clone, Debug)]
pub struct Form {
    /// Its own row.
    pub row: FormRow,
    /// Its versions: drafts, then published ones, each newest first.
    pub versions: Vec<VersionRow>,
}

/// A row of `form`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormRow {
    /// Its id.
    pub id: String,
    /// What a complete submission of it is.
    pub role: FormRole,
    /// Order within the role; of an extra form its bit on the case.
    pub place: i16,
    /// Title in English.
    pub title: String,
    /// Title in Chinese.
    pub title_zh: String,
    /// Whether submissions are taken.
    pub is_open: bool,
    /// Whether Collect is offered it.
    pub is_offered: bool,
    /// Whether it came with the program.
    pub is_built_in: bool,
    /// When its first version came.
    pub created_at: Timestamp,
}

/// A row of `form_version` without the form itself.
#[derive(Clone, Debug)]
pub struct VersionRow {
    /// The author's version.
    pub version: String,
    /// Order of publishing.
    pub seq: i32,
    /// MD5 of the `XForm`, 32 hexadecimal digits.
    pub hash: String,
    /// Name of the file it was made from.
    pub source_name: Option<String>,
    /// What its author should know.
    pub warnings: Vec<Fault>,
    /// The form's role once it is published.
    pub role: FormRole,
    /// Whether Collect is offered the form then.
    pub is_offered: bool,
    /// How many questions are asked.
    pub questions: i32,
    /// Languages, the default first.
    pub languages: Vec<String>,
    /// Who made it; empty for the program and the operator.
    pub made_by: String,
    /// When it came.
    pub made_at: Timestamp,
    /// When it was published; `None` while it is a draft.
    pub published_at: Option<Timestamp>,
    /// Its files, by name.
    pub media: Vec<MediaRow>,
}

/// A row of `form_file` without its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MediaRow {
    /// Name as the form says it.
    pub name: String,
    /// What it is served as.
    pub media_type: String,
    /// MD5 of the bytes, 32 hexadecimal digits.
    pub md5: String,
    /// Bytes.
    pub length: i32,
}

/// A version to be stored.
#[derive(Clone, Debug)]
pub struct NewVersion<'a> {
    /// The form.
    pub form: &'a str,
    /// The version.
    pub version: &'a str,
    /// Order of coming.
    pub seq: i32,
    /// MD5 of the `XForm`.
    pub hash: &'a str,
    /// The `XForm`, zstd.
    pub xform: &'a [u8],
    /// The file it was made from, zstd.
    pub source: Option<&'a [u8]>,
    /// Name of that file.
    pub source_name: Option<&'a str>,
    /// The form as the program understands it.
    pub model: &'a FormModel,
    /// What its author should know.
    pub warnings: &'a [Fault],
    /// The form's role from its publishing on.
    pub role: FormRole,
    /// Whether Collect is offered the form then.
    pub is_offered: bool,
    /// Who made it.
    pub made_by: &'a str,
    /// When.
    pub made_at: Timestamp,
}

/// A file to be stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewFile {
    /// Name as the form says it.
    pub name: String,
    /// What it is served as.
    pub media_type: String,
    /// MD5 of the bytes, 32 hexadecimal digits.
    pub md5: String,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// An `XForm` as clients fetch it.
#[derive(Clone, Debug)]
pub struct XForm {
    /// MD5 of the text.
    pub hash: String,
    /// The text.
    pub text: Vec<u8>,
    /// Whether it is published.
    pub is_published: bool,
}

/// A file of a form as clients fetch it.
#[derive(Clone, Debug)]
pub struct Media {
    /// What it is served as.
    pub media_type: String,
    /// MD5 of the bytes.
    pub md5: String,
    /// The bytes.
    pub bytes: Vec<u8>,
}

impl Form {
    /// The version that clients fetch: the last published one.
    pub fn current(&self) -> Option<&VersionRow> {
        self.published().next()
    }

    /// The published versions, newest first.
    pub fn published(&self) -> impl Iterator<Item = &VersionRow> {
        self.versions.iter().filter(|version| version.published_at.is_some())
    }

    /// The draft that came last.
    pub fn draft(&self) -> Option<&VersionRow> {
        self.versions.first().filter(|version| version.published_at.is_none())
    }

    /// The version of that name.
    pub fn version(&self, version: &str) -> Option<&VersionRow> {
        self.versions.iter().find(|known| known.version == version)
    }

    /// Whether clients may fetch it and send submissions of it.
    pub fn is_in_use(&self) -> bool {
        self.row.is_open && self.current().is_some()
    }

    /// Its id in the feed.
    pub fn change_id(&self) -> Uuid {
        form_change_id(&self.row.id)
    }
}

fn form_row(r: &Row) -> Result<FormRow, Error> {
    Ok(FormRow {
        id: r.get("form_id"),
        role: r.read("form", "role")?,
        place: r.get("place"),
        title: r.get("title"),
        title_zh: r.get("title_zh"),
        is_open: r.get("is_open"),
        is_offered: r.get("is_offered"),
        is_built_in: r.get("is_built_in"),
        created_at: r.get("created_at"),
    })
}

fn version_row(r: &Row) -> Result<VersionRow, Error> {
    let warnings: Value = r.get("warnings");
    Ok(VersionRow {
        version: r.get("version"),
        seq: r.get("seq"),
        hash: r.get("hash"),
        source_name: r.get("source_name"),
        warnings: serde_json::from_value(warnings).map_err(|_| Error::Corrupt("form warning"))?,
        role: r.read("form_version", "role")?,
        is_offered: r.get("is_offered"),
        questions: r.get("questions"),
        languages: r.get("languages"),
        made_by: r.get("made_by"),
        made_at: r.get("made_at"),
        published_at: r.get("published_at"),
        media: Vec::new(),
    })
}

fn media_row(r: &Row) -> MediaRow {
    MediaRow {
        name: r.get("name"),
        media_type: r.get("media_type"),
        md5: r.get("md5"),
        length: r.get("length"),
    }
}

fn model_of(r: &Row) -> Result<FormModel, Error> {
    serde_json::from_value(r.get("model")).map_err(|_| Error::Corrupt("form model"))
}

fn packed_text(packed: &[u8]) -> Result<Vec<u8>, Error> {
    zstd::decode_all(packed).map_err(|_| Error::Corrupt("form"))
}

/// Lets one transaction at a time change the forms of a survey.
pub async fn lock(tx: &Tx, key: SurveyKey) -> Result<(), Error> {
    let number = (0x666f_726d_i64 << 32) | i64::from(key.no);
    tx.query(&LOCK, &[&number]).await?;
    Ok(())
}

/// The extra forms of a survey, each with its place among the bits of a case.
pub async fn extra_places(tx: &Tx, key: SurveyKey) -> Result<Vec<(i16, String)>, Error> {
    let rows = tx.query(&EXTRA_PLACES, &[&key.district, &key.no]).await?;
    Ok(rows.iter().map(|row| (row.get("place"), row.get("form_id"))).collect())
}

/// The forms of a survey by id; with `only` that one.
pub async fn forms(tx: &Tx, key: SurveyKey, only: Option<&str>) -> Result<Vec<Form>, Error> {
    let rows = tx.query(&FORMS, &[&key.district, &key.no, &only]).await?;
    let mut all = Vec::with_capacity(rows.len());
    for row in &rows {
        all.push(Form { row: form_row(row)?, versions: Vec::new() });
    }
    for row in &tx.query(&VERSIONS, &[&key.district, &key.no, &only]).await? {
        let id: &str = row.get("form_id");
        if let Some(form) = all.iter_mut().find(|form| form.row.id == id) {
            form.versions.push(version_row(row)?);
        }
    }
    for row in &tx.query(&FILES, &[&key.district, &key.no, &only]).await? {
        let (id, version): (&str, &str) = (row.get("form_id"), row.get("version"));
        let form = all.iter_mut().find(|form| form.row.id == id);
        let of = form.and_then(|form| form.versions.iter_mut().find(|known| known.version == version));
        if let Some(of) = of {
            of.media.push(media_row(row));
        }
    }
    Ok(all)
}

/// The form of that id.
pub async fn form(tx: &Tx, key: SurveyKey, id: &str) -> Result<Option<Form>, Error> {
    Ok(forms(tx, key, Some(id)).await?.into_iter().next())
}

/// The form as one version describes it.
pub async fn model(tx: &Tx, key: SurveyKey, id: &str, version: &str) -> Result<Option<FormModel>, Error> {
    let row = tx.query_opt(&MODEL, &[&key.district, &key.no, &id, &version]).await?;
    row.as_ref().map(model_of).transpose()
}

/// Writes the row of a form.
pub async fn put_form(tx: &Tx, key: SurveyKey, form: &FormRow) -> Result<(), Error> {
    tx.execute(
        &PUT_FORM,
        &[
            &key.district,
            &key.no,
            &form.id,
            &form.role,
            &form.place,
            &form.title,
            &form.title_zh,
            &form.is_open,
            &form.is_offered,
            &form.is_built_in,
            &form.created_at,
        ],
    )
    .await?;
    Ok(())
}

/// Adds a draft with its files.
pub async fn add_version(
    tx: &Tx,
    key: SurveyKey,
    new: &NewVersion<'_>,
    files: &[NewFile],
) -> Result<(), Error> {
    let json = |value: serde_json::Result<Value>| value.map_err(|_| Error::Corrupt("form model"));
    let model = json(serde_json::to_value(new.model))?;
    let warnings = json(serde_json::to_value(new.warnings))?;
    let questions = i32::try_from(new.model.questions()).unwrap_or(i32::MAX);
    tx.execute(
        &ADD_VERSION,
        &[
            &key.district,
            &key.no,
            &new.form,
            &new.version,
            &new.seq,
            &new.hash,
            &new.xform,
            &new.source,
            &new.source_name,
            &model,
            &warnings,
            &new.role,
            &new.is_offered,
            &questions,
            &new.model.languages,
            &new.made_by,
            &new.made_at,
        ],
    )
    .await?;
    for file in files {
        let length = i32::try_from(file.bytes.len()).unwrap_or(i32::MAX);
        tx.execute(
            &ADD_FILE,
            &[
                &key.district,
                &key.no,
                &new.form,
                &new.version,
                &file.name,
                &file.media_type,
                &file.md5,
                &length,
                &file.bytes,
            ],
        )
        .await?;
    }
    Ok(())
}

/// Removes a draft with its files; a published version stays.
pub async fn drop_draft(tx: &Tx, key: SurveyKey, id: &str, version: &str) -> Result<(), Error> {
    tx.execute(&DROP_FILES, &[&key.district, &key.no, &id, &version]).await?;
    tx.execute(&DROP_DRAFT, &[&key.district, &key.no, &id, &version]).await?;
    Ok(())
}

/// Makes a draft the current version.
pub async fn publish(
    tx: &Tx,
    key: SurveyKey,
    id: &str,
    version: &str,
    (seq, now): (i32, Timestamp),
) -> Result<(), Error> {
    tx.execute(&PUBLISH, &[&key.district, &key.no, &id, &version, &seq, &now]).await?;
    Ok(())
}

/// Whether the survey has a case that is still work to be done.
pub async fn has_open_cases(tx: &Tx, key: SurveyKey) -> Result<bool, Error> {
    use crate::domain::State;
    let open: Vec<State> = State::ALL.iter().filter(|state| state.is_open()).copied().collect();
    Ok(tx.query_one(&HAS_CASES, &[&key.district, &key.no, &open]).await?.get("has"))
}

impl Store {
    /// The forms of a survey by id.
    pub async fn forms(&self, key: SurveyKey) -> Result<Vec<Form>, Error> {
        self.reading("forms", move |tx| Box::pin(forms(tx, key, None))).await
    }

    /// The form of that id.
    pub async fn form(&self, key: SurveyKey, id: &str) -> Result<Option<Form>, Error> {
        let id = id.to_owned();
        self.reading("form", move |tx| {
            let id = id.clone();
            Box::pin(async move { form(tx, key, &id).await })
        })
        .await
    }

    /// The `XForm` of a version.
    pub async fn xform(&self, key: SurveyKey, id: &str, version: &str) -> Result<Option<XForm>, Error> {
        let row = self.row(&XFORM, &[&key.district, &key.no, &id, &version]).await?;
        row.map(|r| {
            Ok(XForm {
                hash: r.get("hash"),
                text: packed_text(r.get("xform"))?,
                is_published: r.get::<_, Option<Timestamp>>("published_at").is_some(),
            })
        })
        .transpose()
    }

    /// The form as one version describes it.
    pub async fn form_model(
        &self,
        key: SurveyKey,
        id: &str,
        version: &str,
    ) -> Result<Option<FormModel>, Error> {
        let row = self.row(&MODEL, &[&key.district, &key.no, &id, &version]).await?;
        row.as_ref().map(model_of).transpose()
    }

    /// Every published version of a form with what it describes, newest first.
    pub async fn form_models(&self, key: SurveyKey, id: &str) -> Result<Vec<FormModel>, Error> {
        self.rows(&MODELS, &[&key.district, &key.no, &id]).await?.iter().map(model_of).collect()
    }

    /// A file of a version.
    pub async fn form_media(
        &self,
        key: SurveyKey,
        (id, version): (&str, &str),
        name: &str,
    ) -> Result<Option<Media>, Error> {
        let row = self.row(&FILE, &[&key.district, &key.no, &id, &version, &name]).await?;
        Ok(row.map(|r| Media { media_type: r.get("media_type"), md5: r.get("md5"), bytes: r.get("bytes") }))
    }
}
