//! Reads an `XForm` that anybody may have made into a model, and gathers what has to be judged beside it.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

use roxmltree::{Document, Node as Element};

use super::body::{Control, read_body};
use super::texts::Texts;
use crate::forms::limits;
use crate::forms::model::{Choice, EntityUse, FormModel, Kind, Labels, Node};
use crate::forms::xml::{attribute, child};

/// What was read of an `XForm`.
#[derive(Debug, Default)]
pub struct Seen {
    /// The model; id and version are empty where they are missing.
    pub model: FormModel,
    /// Path, attribute and text of every expression.
    pub expressions: Vec<(String, String, String)>,
    /// Paths that binds name.
    pub bound_paths: Vec<String>,
    /// Entity lists it writes to.
    pub lists: Vec<String>,
    /// Submissions are to be encrypted.
    pub is_encrypted: bool,
    /// Submissions are to be sent elsewhere.
    pub is_sent_elsewhere: bool,
    /// Path and word of what only Collect can ask.
    pub only_collect: Vec<(String, String)>,
    /// Its questions have more choices than allowed; some are missing in the model.
    pub has_too_many_choices: bool,
    /// Languages as the form names them, with their codes.
    pub languages: Vec<(String, String)>,
}

/// One `bind`.
#[derive(Debug, Default)]
struct Bind {
    kind: String,
    is_required: bool,
    is_readonly: bool,
    is_calculated: bool,
    preload: Option<String>,
    message: Option<String>,
    relevant: Option<String>,
    constraint: Option<String>,
    field: Option<String>,
}

/// A file that an instance names, or the choices it holds.
enum Secondary {
    File(String),
    Items(Vec<Choice>),
}

struct Reader<'a> {
    binds: BTreeMap<String, Bind>,
    controls: BTreeMap<String, Control>,
    sections: BTreeMap<String, Labels>,
    repeats: BTreeSet<String>,
    counts: BTreeSet<String>,
    secondary: BTreeMap<String, Secondary>,
    /// Choices that questions may still have.
    choices_left: Cell<Option<usize>>,
    texts: &'a Texts,
}

/// Reads a form; `None` where the document has no model with an instance.
pub fn read(document: &Document<'_>, names: &BTreeMap<String, String>) -> Option<Seen> {
    let root = document.root_element();
    let model = root.descendants().find(|n| n.is_element() && n.tag_name().name() == "model")?;
    let instances: Vec<Element<'_, '_>> = elements(model, "instance").collect();
    let data = instances.first()?.children().find(Element::is_element)?;
    let texts = Texts::read(model, names);
    let mut seen = Seen { languages: texts.languages.clone(), ..Seen::default() };
    let binds = read_binds(model, &mut seen);
    let body = root.descendants().find(|n| n.is_element() && n.tag_name().name() == "body");
    let ids = bind_ids(model);
    let body = body.map(|body| read_body(body, &texts, &ids, &mut seen)).unwrap_or_default();
    let mut files = BTreeSet::new();
    let secondary = read_secondary(&instances[1..], &texts, &mut files);
    let reader = Reader {
        binds,
        controls: body.controls,
        sections: body.sections,
        repeats: body.repeats,
        counts: body.counts,
        secondary,
        choices_left: Cell::new(Some(limits::ASKED_CHOICES)),
        texts: &texts,
    };
    let path = format!("/{}", data.tag_name().name());
    let nodes = reader.nodes(data, &path, true, &mut seen.only_collect);
    seen.has_too_many_choices = reader.choices_left.get().is_none();
    files.extend(texts.files.iter().cloned());
    files.extend(body.files);
    read_submission(model, &mut seen);
    let entity = read_entity(data, &mut seen);
    let title = root.descendants().find(|n| n.is_element() && n.tag_name().name() == "title");
    seen.model = FormModel {
        id: data.attribute("id").unwrap_or_default().trim().to_owned(),
        version: data.attribute("version").unwrap_or_default().to_owned(),
        title: title.and_then(|t| t.text()).unwrap_or_default().trim().to_owned(),
        languages: texts.languages.iter().map(|(_, code)| code.clone()).collect(),
        nodes,
        root: data.tag_name().name().to_owned(),
        entity,
        files: files.into_iter().collect(),
    };
    seen.model.languages.dedup();
    Some(seen)
}

fn elements<'a, 'i: 'a>(node: Element<'a, 'i>, name: &'a str) -> impl Iterator<Item = Element<'a, 'i>> {
    node.children().filter(move |n| n.is_element() && n.tag_name().name() == name)
}

fn bind_ids(model: Element<'_, '_>) -> BTreeMap<String, String> {
    let pair = |bind: Element<'_, '_>| {
        Some((bind.attribute("id")?.to_owned(), bind.attribute("nodeset")?.to_owned()))
    };
    elements(model, "bind").filter_map(pair).collect()
}

fn read_binds(model: Element<'_, '_>, seen: &mut Seen) -> BTreeMap<String, Bind> {
    let mut binds = BTreeMap::new();
    for element in elements(model, "bind") {
        let Some(path) = element.attribute("nodeset") else { continue };
        seen.bound_paths.push(path.to_owned());
        for name in ["relevant", "constraint", "calculate", "required", "readonly"] {
            if let Some(text) = element.attribute(name) {
                seen.expressions.push((path.to_owned(), name.to_owned(), text.to_owned()));
            }
        }
        let is_true = |name| element.attribute(name).is_some_and(|v| v.trim() == "true()");
        let kind = element.attribute("type").unwrap_or("string");
        let kind = kind.rsplit(':').next().unwrap_or(kind);
        if kind == "barcode" {
            seen.only_collect.push((path.to_owned(), "barcode".to_owned()));
        }
        let preload = attribute(element, "preload").zip(attribute(element, "preloadParams"));
        let preload = preload.map(|(kind, which)| if kind == "uid" { "uid" } else { which }.to_owned());
        let bind = Bind {
            kind: kind.to_owned(),
            is_required: is_true("required"),
            is_readonly: is_true("readonly"),
            is_calculated: element.attribute("calculate").is_some(),
            preload,
            message: attribute(element, "constraintMsg").map(str::to_owned),
            relevant: element.attribute("relevant").map(str::to_owned),
            constraint: element.attribute("constraint").map(str::to_owned),
            field: attribute(element, "field").map(|text| text.trim().to_owned()).filter(|t| !t.is_empty()),
        };
        binds.entry(path.to_owned()).or_insert(bind);
    }
    for name in ["setvalue", "setgeopoint", "recordaudio"] {
        for element in elements(model, name) {
            let path = element.attribute("ref").unwrap_or_default();
            if let Some(value) = element.attribute("value") {
                seen.expressions.push((path.to_owned(), "default".to_owned(), value.to_owned()));
            }
            if name == "recordaudio" {
                seen.only_collect.push((path.to_owned(), "background-audio".to_owned()));
            }
        }
    }
    binds
}

fn read_secondary(
    instances: &[Element<'_, '_>],
    texts: &Texts,
    files: &mut BTreeSet<String>,
) -> BTreeMap<String, Secondary> {
    let mut found = BTreeMap::new();
    for instance in instances {
        let Some(id) = instance.attribute("id") else { continue };
        let what = match instance.attribute("src") {
            Some(src) if src.starts_with("jr://instance/") => continue,
            Some(src) => {
                let name = src.rsplit('/').next().unwrap_or(src).to_owned();
                files.insert(name.clone());
                Secondary::File(name)
            }
            None => Secondary::Items(read_items(*instance, texts)),
        };
        found.insert(id.to_owned(), what);
    }
    found
}

fn read_items(instance: Element<'_, '_>, texts: &Texts) -> Vec<Choice> {
    let items = instance.descendants().filter(|n| n.is_element() && n.tag_name().name() == "item");
    let part = |item, name| child(item, name).and_then(|n| n.text()).map(|text| text.trim().to_owned());
    items
        .filter_map(|item| {
            let name = part(item, "name")?;
            let labels = match (part(item, "itextId"), part(item, "label")) {
                (Some(id), _) => texts.labels(&id),
                (None, Some(label)) => texts.plain(&label),
                (None, None) => Labels::new(),
            };
            Some(Choice { name, labels })
        })
        .collect()
}

fn read_submission(model: Element<'_, '_>, seen: &mut Seen) {
    for element in elements(model, "submission") {
        let says = |name| attribute(element, name).is_some_and(|value| !value.trim().is_empty());
        seen.is_encrypted |= says("base64RsaPublicKey");
        seen.is_sent_elsewhere |= says("action");
    }
}

fn read_entity(data: Element<'_, '_>, seen: &mut Seen) -> Option<EntityUse> {
    let entities = data.descendants().filter(|n| n.is_element() && n.tag_name().name() == "entity");
    let mut first = None;
    for entity in entities {
        let Some(list) = entity.attribute("dataset") else { continue };
        seen.lists.push(list.to_owned());
        let has = |name| entity.attribute(name).is_some();
        first.get_or_insert(EntityUse {
            list: list.to_owned(),
            creates: has("create"),
            updates: has("update"),
        });
    }
    first
}

impl Reader<'_> {
    fn nodes(
        &self,
        parent: Element<'_, '_>,
        path: &str,
        is_top: bool,
        odd: &mut Vec<(String, String)>,
    ) -> Vec<Node> {
        let mut seen = BTreeSet::new();
        let mut nodes = Vec::new();
        for element in parent.children().filter(Element::is_element) {
            let name = element.tag_name().name();
            if is_top && name == "meta" {
                if child(element, "audit").is_some() {
                    odd.push((format!("{path}/meta/audit"), "audit".to_owned()));
                }
                continue;
            }
            // A repeat stands there twice: as a template and as its first instance.
            if seen.insert(name.to_owned()) {
                nodes.push(self.node(element, format!("{path}/{name}"), odd));
            }
        }
        nodes
    }

    fn node(&self, element: Element<'_, '_>, path: String, odd: &mut Vec<(String, String)>) -> Node {
        let nodes = self.nodes(element, &path, false, odd);
        let bind = self.binds.get(&path);
        let control = self.controls.get(&path);
        let kind = self.kind(&path, bind, control, !nodes.is_empty());
        let (choices, choices_from) = self.choices(control);
        let labels = match control {
            Some(control) => control.labels.clone(),
            None => self.sections.get(&path).cloned().unwrap_or_default(),
        };
        let is_calculated = bind.is_some_and(|bind| bind.is_calculated);
        let is_count = is_calculated && control.is_none() && self.counts.contains(&path);
        Node {
            name: path.rsplit('/').next().unwrap_or_default().to_owned(),
            labels,
            binding: bind.and_then(|bind| bind.field.clone()),
            choices: if kind.is_select() { choices } else { Vec::new() },
            choices_from: choices_from.filter(|_| kind.is_select()),
            appearance: control.and_then(|control| control.appearance.clone()),
            required: bind.is_some_and(|bind| bind.is_required),
            relevant: bind.and_then(|bind| bind.relevant.clone()),
            constraint: bind.and_then(|bind| bind.constraint.clone()),
            constraint_message: bind
                .and_then(|bind| bind.message.as_deref())
                .map(|message| self.texts.named_or_plain(message))
                .unwrap_or_default(),
            asked: control.is_some()
                && !kind.is_section()
                && kind != Kind::Note
                && !(is_calculated && bind.is_some_and(|bind| bind.is_readonly)),
            calculated: is_calculated,
            meta: bind.and_then(|bind| bind.preload.clone()).or_else(|| is_count.then(|| "count".to_owned())),
            kind,
            nodes,
            path,
        }
    }

    fn kind(&self, path: &str, bind: Option<&Bind>, control: Option<&Control>, has_nodes: bool) -> Kind {
        if self.repeats.contains(path) {
            return Kind::Repeat;
        }
        if has_nodes || (control.is_none() && self.sections.contains_key(path)) {
            return Kind::Group;
        }
        let tag = control.map(|control| control.tag.as_str());
        let is_note = tag == Some("input") && bind.is_some_and(|b| b.is_readonly && !b.is_calculated);
        match (tag, bind.map_or("string", |bind| bind.kind.as_str())) {
            (Some("select1"), _) => Kind::SelectOne,
            (Some("select"), _) => Kind::SelectMultiple,
            (Some("rank"), _) => Kind::Rank,
            (Some("trigger"), _) => Kind::Acknowledge,
            (Some("upload"), _) => match control.and_then(|control| control.media.as_deref()) {
                Some(media) if media.starts_with("image") => Kind::Image,
                Some(media) if media.starts_with("audio") => Kind::Audio,
                Some(media) if media.starts_with("video") => Kind::Video,
                Some(_) | None => Kind::File,
            },
            (_, "int" | "integer") => Kind::Int,
            (_, "decimal") => Kind::Decimal,
            (_, "date") => Kind::Date,
            (_, "time") => Kind::Time,
            (_, "dateTime") => Kind::DateTime,
            (_, "geopoint") => Kind::Geopoint,
            (_, "geotrace") => Kind::Geotrace,
            (_, "geoshape") => Kind::Geoshape,
            (_, "binary") => Kind::File,
            (_, "select1") => Kind::SelectOne,
            (_, "select") => Kind::SelectMultiple,
            (_, "string") if is_note => Kind::Note,
            _ => Kind::String,
        }
    }

    fn choices(&self, control: Option<&Control>) -> (Vec<Choice>, Option<String>) {
        let Some(control) = control else { return (Vec::new(), None) };
        match control.instance.as_ref().map(|id| (id, self.secondary.get(id))) {
            Some((_, Some(Secondary::Items(items)))) => {
                let left = self.choices_left.get().and_then(|left| left.checked_sub(items.len()));
                self.choices_left.set(left);
                (left.map(|_| items.clone()).unwrap_or_default(), None)
            }
            Some((_, Some(Secondary::File(name)))) => (Vec::new(), Some(name.clone())),
            Some((id, None)) => (Vec::new(), Some(id.clone())),
            None => (control.items.clone(), control.from_file.clone()),
        }
    }
}
