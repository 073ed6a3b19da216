//! The rules of forms and their versions, inside a transaction: what is stored, who gives way to whom, who is told.

use std::collections::BTreeSet;

use uuid::Uuid;

use super::prepare::Prepared;
use crate::domain::rates::MOST_FORMS;
use crate::forms::FormRole;
use crate::forms::binding::role_faults;
use crate::forms::role::{self, Offered};
use crate::ingest::Error;
use crate::ingest::refold::At;
use crate::store::Tx;
use crate::store::feed::{self, ChangeKind, Mark};
use crate::store::form::{self, Form, FormRow, NewVersion, VersionRow};
use crate::surveys::Survey;

/// Who gives a form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// Somebody, by the API, a page or a command.
    Person,
    /// A set-up: what it names as main form takes the place of another.
    Setup,
    /// The program itself.
    BuiltIn,
}

/// A form that is to be stored.
pub(super) struct Asked<'a> {
    pub prepared: &'a Prepared,
    /// Its role, where somebody says so.
    pub role: Option<FormRole>,
    /// Whether Collect is offered it, where somebody says so.
    pub collect: Option<bool>,
    pub publish: bool,
    /// Who gives it; empty for the program and the operator.
    pub by: &'a str,
    pub origin: Origin,
}

/// The forms of a survey while a transaction changes them.
pub(super) struct Work<'a> {
    tx: &'a Tx,
    at: At,
    survey: &'a Survey,
    forms: Vec<Form>,
    /// Forms that devices have to hear of.
    touched: BTreeSet<String>,
    /// The survey's main or extra forms are others now.
    has_other_sheets: bool,
}

impl<'a> Work<'a> {
    /// Reads the forms, and keeps others from changing them until the transaction ends.
    pub async fn begin(tx: &'a Tx, at: At, survey: &'a Survey) -> Result<Self, Error> {
        form::lock(tx, at.key).await?;
        let forms = form::forms(tx, at.key, None).await?;
        Ok(Self { tx, at, survey, forms, touched: BTreeSet::new(), has_other_sheets: false })
    }

    /// The form of that id.
    pub fn find(&self, id: &str) -> Option<&Form> {
        self.forms.iter().find(|form| form.row.id == id)
    }

    /// Every form.
    pub fn forms(&self) -> &[Form] {
        &self.forms
    }

    /// Stores a version; whether anything was changed. Errors: [`Error::FormFaults`], [`Error::FormVersionExists`],
    /// [`Error::FormInUse`].
    pub async fn put(&mut self, asked: &Asked<'_>) -> Result<bool, Error> {
        let (model, tx, key) = (&asked.prepared.model, self.tx, self.at.key);
        let role = self.role(asked);
        let is_offered = self.offer(asked, role);
        let faults = role_faults(model, role, is_offered);
        if !faults.is_empty() {
            return Err(Error::FormFaults(faults));
        }
        let known = self.find(&model.id).and_then(|form| form.version(&model.version));
        let (is_same, is_published) =
            known.map_or((false, false), |v| (asked.prepared.is_same(v), v.published_at.is_some()));
        let is_settled = known.is_some_and(|v| (v.role, v.is_offered) == (role, is_offered));
        let is_current =
            self.find(&model.id).and_then(Form::current).map(|v| &v.version) == Some(&model.version);
        let is_there = known.is_some();
        match (is_published, is_same) {
            (true, false) => return Err(Error::FormVersionExists),
            (true, true) if is_current => {
                return self.settle_role(&model.id, role, is_offered, asked.origin).await;
            }
            (true, true) => return Ok(false),
            (false, true) if is_settled && !asked.publish => return Ok(false),
            (false, _) => {}
        }
        if is_there {
            form::drop_draft(tx, key, &model.id, &model.version).await?;
        }
        self.add_draft(asked, role, is_offered).await?;
        if asked.publish {
            self.publish(&model.id, &model.version, asked.origin).await?;
        }
        Ok(true)
    }

    /// As said, else as `survey.toml` says, else as before, else as its bindings suggest.
    fn role(&self, asked: &Asked<'_>) -> FormRole {
        let model = &asked.prepared.model;
        let before = || self.find(&model.id).map(|form| form.row.role);
        let by_survey = || role::said(&self.survey.rules.policy.forms, &model.id);
        asked.role.or_else(by_survey).or_else(before).unwrap_or_else(|| role::guessed(model))
    }

    /// As said, else as `survey.toml` says, else as before, else as its role suggests.
    fn offer(&self, asked: &Asked<'_>, role: FormRole) -> bool {
        let (policy, id) = (&self.survey.rules.policy.forms, asked.prepared.model.id.as_str());
        let before = self.find(id).filter(|f| policy.collect.is_none() && f.row.role == role);
        let is_built_in = asked.origin == Origin::BuiltIn;
        let offered = Offered { id, role, is_built_in, has_own_main: self.has_own_main() };
        asked
            .collect
            .or_else(|| before.map(|form| form.row.is_offered))
            .unwrap_or_else(|| role::is_offered(policy, offered))
    }

    fn has_own_main(&self) -> bool {
        let is_own = |form: &&Form| form.row.role == FormRole::Main && !form.row.is_built_in;
        self.forms.iter().filter(is_own).any(Form::is_in_use)
    }

    /// Inserts a draft, and the form where it is new.
    async fn add_draft(&mut self, asked: &Asked<'_>, role: FormRole, is_offered: bool) -> Result<(), Error> {
        let (prepared, now) = (asked.prepared, self.at.now);
        let model = &prepared.model;
        if self.find(&model.id).is_none() {
            let (title, title_zh) = model.titles();
            let row = FormRow {
                id: model.id.clone(),
                role,
                place: 0,
                title,
                title_zh,
                is_open: false,
                is_offered,
                is_built_in: asked.origin == Origin::BuiltIn,
                created_at: now,
            };
            if !asked.publish {
                form::put_form(self.tx, self.at.key, &row).await?;
            }
            self.forms.push(Form { row, versions: Vec::new() });
        }
        let seq = self.find(&model.id).map_or(0, |form| form.versions.len());
        let new = NewVersion {
            form: &model.id,
            version: &model.version,
            seq: i32::try_from(seq).unwrap_or(i32::MAX),
            hash: &prepared.hash,
            xform: &prepared.xform,
            source: prepared.source.as_deref(),
            source_name: prepared.source_name.as_deref(),
            model,
            warnings: &prepared.warnings,
            role,
            is_offered,
            made_by: asked.by,
            made_at: now,
        };
        form::add_version(self.tx, self.at.key, &new, &prepared.files).await?;
        let row = as_stored(&new, prepared);
        if let Some(form) = self.forms.iter_mut().find(|form| form.row.id == model.id) {
            form.versions.retain(|known| known.version != row.version);
            form.versions.insert(0, row);
        }
        Ok(())
    }

    /// Makes a draft the current version; whether it was one. Errors: [`Error::NotFound`], [`Error::FormInUse`].
    pub async fn publish(&mut self, id: &str, version: &str, origin: Origin) -> Result<bool, Error> {
        let form = self.find(id).ok_or(Error::NotFound)?;
        let draft = form.version(version).ok_or(Error::NotFound)?;
        if draft.published_at.is_some() {
            return Ok(false);
        }
        let (role, is_offered, is_first) = (draft.role, draft.is_offered, form.current().is_none());
        let seq = form.current().map_or(1, |current| current.seq + 1);
        let row = FormRow {
            is_open: form.row.is_open || (is_first && !self.gives_way(role, origin)),
            is_built_in: origin == Origin::BuiltIn,
            ..form.row.clone()
        };
        let titles = self.titles(id, version).await?;
        self.save_role(row, titles, (role, is_offered), origin).await?;
        form::publish(self.tx, self.at.key, id, version, (seq, self.at.now)).await?;
        if let Some(form) = self.forms.iter_mut().find(|form| form.row.id == id) {
            for known in form.versions.iter_mut().filter(|known| known.version == version) {
                (known.seq, known.published_at) = (seq, Some(self.at.now));
            }
            form.versions.sort_by_key(|known| (known.published_at.is_some(), -known.seq));
        }
        Ok(true)
    }

    async fn titles(&self, id: &str, version: &str) -> Result<Option<(String, String)>, Error> {
        let model = form::model(self.tx, self.at.key, id, version).await?;
        Ok(model.map(|model| model.titles()))
    }

    /// Whether a main form of the program stays closed beside one of the survey's own.
    fn gives_way(&self, role: FormRole, origin: Origin) -> bool {
        origin == Origin::BuiltIn && role == FormRole::Main && self.has_own_main()
    }

    /// Gives the form in force another role or offer, where they differ; whether they did.
    pub async fn settle_role(
        &mut self,
        id: &str,
        role: FormRole,
        is_offered: bool,
        origin: Origin,
    ) -> Result<bool, Error> {
        let form = self.find(id).ok_or(Error::NotFound)?;
        if (form.row.role, form.row.is_offered) == (role, is_offered) {
            return Ok(false);
        }
        let row = form.row.clone();
        self.save_role(row, None, (role, is_offered), origin).await?;
        Ok(true)
    }

    /// Writes the row of a form that gets a role: rivals give way or stand against it.
    async fn save_role(
        &mut self,
        mut row: FormRow,
        titles: Option<(String, String)>,
        (role, is_offered): (FormRole, bool),
        origin: Origin,
    ) -> Result<(), Error> {
        let was = self.find(&row.id).filter(|form| form.current().is_some()).map(|form| form.row.role);
        if was == Some(FormRole::Extra) && role != FormRole::Extra {
            return Err(Error::in_use(
                "the form is asked as an extra form; it keeps that role",
                "该表单是附加表单，角色不能更改",
            ));
        }
        if was != Some(role) {
            row.place = self.next_place(role)?;
        }
        if row.is_open && role == FormRole::Main {
            self.clear_main(&row.id, origin).await?;
        }
        (row.role, row.is_offered) = (role, is_offered);
        if let Some(titles) = titles {
            (row.title, row.title_zh) = titles;
        }
        self.has_other_sheets |= role.is_sheet() || was.is_some_and(FormRole::is_sheet);
        self.save(row).await
    }

    fn next_place(&self, role: FormRole) -> Result<i16, Error> {
        let of_role = |form: &&Form| form.row.role == role && form.current().is_some();
        let last = self.forms.iter().filter(of_role).map(|form| form.row.place).max();
        let place = last.map_or(0, |last| last + 1);
        if role == FormRole::Extra && usize::try_from(place).is_ok_and(|place| place >= MOST_FORMS) {
            return Err(Error::in_use(
                "a survey asks at most 8 extra forms, closed ones included",
                "一项调查最多有 8 个附加表单（含已关闭的）",
            ));
        }
        Ok(place)
    }

    /// Closes other main forms: those of the program always, one of the survey's own for a set-up.
    async fn clear_main(&mut self, id: &str, origin: Origin) -> Result<(), Error> {
        let is_rival =
            |form: &&Form| form.row.role == FormRole::Main && form.row.id != id && form.row.is_open;
        let rivals: Vec<FormRow> = self.forms.iter().filter(is_rival).map(|form| form.row.clone()).collect();
        let is_in_the_way = |row: &FormRow| !row.is_built_in && origin != Origin::Setup;
        if rivals.iter().any(is_in_the_way) {
            return Err(Error::in_use(
                "the survey has a main form of its own; close that one first",
                "该调查已有自己的主表，请先将其关闭",
            ));
        }
        for row in rivals {
            self.save(FormRow { is_open: false, ..row }).await?;
        }
        Ok(())
    }

    /// Opens or closes a form; whether it was not so before. Errors: [`Error::NotFound`], [`Error::Unfit`], [`Error::FormInUse`].
    pub async fn set_open(&mut self, id: &str, is_open: bool, is_forced: bool) -> Result<bool, Error> {
        let form = self.find(id).ok_or(Error::NotFound)?;
        if form.current().is_none() {
            return Err(Error::Unfit("no version of the form is published; publish one first"));
        }
        if form.row.is_open == is_open {
            return Ok(false);
        }
        let row = FormRow { is_open, ..form.row.clone() };
        let is_main = row.role == FormRole::Main;
        if is_main && !is_open && !is_forced && form::has_open_cases(self.tx, self.at.key).await? {
            return Err(Error::in_use(
                "the form is the survey's main form and doors are still open; close it with force if that is meant",
                "该表单是主表，且仍有未完成的住户；如确要关闭，请强制（force）关闭",
            ));
        }
        if is_main && is_open {
            self.clear_main(id, Origin::Person).await?;
        }
        self.has_other_sheets |= row.role.is_sheet();
        self.save(row).await?;
        Ok(true)
    }

    /// Opens the main form that a set-up names anew; the one before is closed.
    pub async fn put_in_force(&mut self, id: &str) -> Result<(), Error> {
        let form = self.find(id).ok_or(Error::NotFound)?;
        if form.row.is_open {
            return Ok(());
        }
        let row = FormRow { is_open: true, ..form.row.clone() };
        self.clear_main(id, Origin::Setup).await?;
        self.save(row).await
    }

    /// Writes the row of a form that devices hear of.
    async fn save(&mut self, row: FormRow) -> Result<(), Error> {
        form::put_form(self.tx, self.at.key, &row).await?;
        self.touched.insert(row.id.clone());
        self.has_other_sheets |= row.role == FormRole::Main;
        if let Some(form) = self.forms.iter_mut().find(|form| form.row.id == row.id) {
            form.row = row;
        }
        Ok(())
    }

    /// Offers Collect what the main form in force asks for, tells the devices, and takes what waited; whether devices hear of
    /// anything.
    pub async fn finish(mut self) -> Result<bool, Error> {
        let has_own_main = self.has_own_main();
        let policy = &self.survey.rules.policy.forms;
        for form in self.forms.iter_mut().filter(|form| form.row.is_built_in) {
            let offered = Offered { id: &form.row.id, role: form.row.role, is_built_in: true, has_own_main };
            let is_offered = role::is_offered(policy, offered);
            if form.row.is_offered != is_offered {
                form.row.is_offered = is_offered;
                form::put_form(self.tx, self.at.key, &form.row).await?;
            }
        }
        let mark = |id: Uuid| Mark { id, ..Mark::default() };
        let marks: Vec<Mark> = self
            .forms
            .iter()
            .filter(|f| self.touched.contains(&f.row.id))
            .map(|f| mark(f.change_id()))
            .collect();
        feed::mark(self.tx, self.at.key, self.at.tag, ChangeKind::Form, &marks).await?;
        if self.has_other_sheets {
            feed::mark(self.tx, self.at.key, self.at.tag, ChangeKind::Survey, &[mark(Uuid::nil())]).await?;
        }
        Ok(!marks.is_empty() || self.has_other_sheets)
    }
}

/// The row of a version as it is read back.
fn as_stored(new: &NewVersion<'_>, prepared: &Prepared) -> VersionRow {
    let media = prepared.files.iter().map(|file| form::MediaRow {
        name: file.name.clone(),
        media_type: file.media_type.clone(),
        md5: file.md5.clone(),
        length: i32::try_from(file.bytes.len()).unwrap_or(i32::MAX),
    });
    VersionRow {
        version: new.version.to_owned(),
        seq: new.seq,
        hash: new.hash.to_owned(),
        source_name: new.source_name.map(str::to_owned),
        warnings: new.warnings.to_vec(),
        role: new.role,
        is_offered: new.is_offered,
        questions: i32::try_from(new.model.questions()).unwrap_or(i32::MAX),
        languages: new.model.languages.clone(),
        made_by: new.made_by.to_owned(),
        made_at: new.made_at,
        published_at: None,
        media: media.collect(),
    }
}
