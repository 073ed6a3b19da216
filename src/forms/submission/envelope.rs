//! What a submission says about itself, and the tree of what was filled in.

use roxmltree::Node as Element;
use uuid::Uuid;

use super::{Refused, Why};
use crate::forms::limits;
use crate::forms::xml::{self, Limits, XmlFault, attribute, child, text_of};

/// A submission that could be read, whatever form it is of.
#[derive(Clone, Debug, PartialEq)]
pub struct Envelope {
    /// The form it is of; empty if it does not say.
    pub form_id: String,
    /// Its version; empty if it does not say.
    pub version: String,
    /// The instance's id.
    pub instance: Uuid,
    /// The instance that this one replaces.
    pub deprecated: Option<Uuid>,
    /// What it does to an entity list.
    pub entity: Option<Entity>,
    /// What was filled in.
    pub data: Filled,
}

/// The entity block of a submission.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the words are those of the entities' standard")]
pub struct Entity {
    pub dataset: String,
    pub id: Option<Uuid>,
    pub creates: bool,
    pub updates: bool,
    pub base_version: Option<String>,
    pub trunk_version: Option<String>,
    pub branch_id: Option<String>,
    pub label: Option<String>,
}

/// One element as filled in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filled {
    /// The name without its prefix.
    pub name: String,
    /// Its text; `None` where it holds other elements.
    pub text: Option<String>,
    /// What it holds.
    pub children: Vec<Filled>,
}

impl Filled {
    /// The children of a name.
    pub fn named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Filled> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// Whether nothing inside has an answer.
    pub fn is_empty(&self) -> bool {
        let is_silent = self.text.as_deref().is_none_or(crate::domain::blank::is_blank);
        is_silent && self.children.iter().all(Filled::is_empty)
    }
}

/// The id that an instance's text means: a UUID with or without `uuid:`, else one made of form and text.
pub fn instance_id(text: &str, form_id: &str) -> Uuid {
    let bare = text.strip_prefix("uuid:").unwrap_or(text);
    match Uuid::parse_str(bare) {
        Ok(id) if bare.len() == 36 && !id.is_nil() => id,
        Ok(_) | Err(_) => Uuid::new_v5(&Uuid::NAMESPACE_URL, format!("{form_id}/{text}").as_bytes()),
    }
}

/// Reads the XML of a submission.
pub fn read_xml(text: &str) -> Result<Envelope, Refused> {
    if text.len() > limits::SUBMISSION_BYTES {
        return Err(Refused::new(Why::TooLarge, "the XML has more than 1 MiB"));
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let most = Limits { levels: limits::LEVELS, nodes: limits::SUBMISSION_NODES };
    let document = xml::parse(text, most).map_err(|fault| refused(&fault))?;
    let root = document.root_element();
    let not_a_form = |detail| Refused::new(Why::NotAForm, detail);
    let form_id = root.attribute("id").unwrap_or_default().trim().to_owned();
    if form_id.is_empty() {
        return Err(not_a_form("its first element names no form (attribute id)"));
    }
    let mut metas = root.children().filter(|n| n.is_element() && n.tag_name().name() == "meta");
    let meta = metas.next().ok_or_else(|| not_a_form("it has no meta block with an instanceID"))?;
    if metas.next().is_some() {
        return Err(not_a_form("it has two meta blocks"));
    }
    let instance = one(meta, "instanceID")?.ok_or_else(|| not_a_form("it has no instanceID"))?;
    let deprecated = one(meta, "deprecatedID")?.map(|text| instance_id(&text, &form_id));
    let data = fill(root, "")?;
    Ok(Envelope {
        version: root.attribute("version").unwrap_or_default().to_owned(),
        instance: instance_id(&instance, &form_id),
        deprecated,
        entity: child(meta, "entity").map(read_entity),
        data,
        form_id,
    })
}

fn refused(fault: &XmlFault) -> Refused {
    match fault {
        XmlFault::Dtd => {
            Refused::new(Why::NotAForm, "it has a document type declaration, which is not allowed")
        }
        XmlFault::TooDeep => Refused::new(Why::TooDeep, "it has more than 64 levels"),
        XmlFault::TooMany => Refused::new(Why::TooLarge, "it has more than 20,000 elements"),
        XmlFault::Unreadable(line, column) => {
            Refused::new(Why::NotAForm, &format!("it is not well-formed XML at line {line}, column {column}"))
        }
    }
}

/// The text of a child that may stand there once; `None` where it is missing or blank.
fn one(meta: Element<'_, '_>, name: &str) -> Result<Option<String>, Refused> {
    let mut found = meta.children().filter(|n| n.is_element() && n.tag_name().name() == name);
    let first = found.next().map(|n| text_of(n).trim().to_owned());
    if found.next().is_some() {
        return Err(Refused::new(Why::NotAForm, &format!("it has two elements {name}")));
    }
    if first.as_ref().is_some_and(|text| text.len() > 255) {
        return Err(Refused::new(Why::NotAForm, &format!("its {name} is longer than 255 characters")));
    }
    Ok(first.filter(|text| !text.is_empty()))
}

fn read_entity(entity: Element<'_, '_>) -> Entity {
    let said =
        |name| attribute(entity, name).map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
    let is_on = |name| said(name).is_some_and(|text| matches!(text.as_str(), "1" | "true"));
    Entity {
        dataset: said("dataset").unwrap_or_default(),
        id: said("id").and_then(|id| Uuid::parse_str(&id).ok()).filter(|id| !id.is_nil()),
        creates: is_on("create"),
        updates: is_on("update"),
        base_version: said("baseVersion"),
        trunk_version: said("trunkVersion"),
        branch_id: said("branchId"),
        label: child(entity, "label")
            .map(text_of)
            .map(|text| text.trim().to_owned())
            .filter(|t| !t.is_empty()),
    }
}

fn fill(element: Element<'_, '_>, above: &str) -> Result<Filled, Refused> {
    let name = element.tag_name().name().to_owned();
    let path = format!("{above}/{name}");
    let mut children = Vec::new();
    for inner in element.children().filter(Element::is_element) {
        let is_template = inner.attributes().any(|a| a.name() == "template" && a.namespace().is_some());
        if !is_template {
            children.push(fill(inner, &path)?);
        }
    }
    if element.children().any(|n| n.is_element()) {
        return Ok(Filled { name, text: None, children });
    }
    let text = text_of(element);
    check_length(&text, &path)?;
    Ok(Filled { name, text: Some(text), children })
}

/// An answer has a limit.
pub fn check_length(text: &str, path: &str) -> Result<(), Refused> {
    if text.len() > limits::TEXT_CHARS && text.chars().count() > limits::TEXT_CHARS {
        let detail = "an answer has more than 20,000 characters".to_owned();
        return Err(Refused { why: Why::TextTooLong, path: Some(path.to_owned()), detail });
    }
    Ok(())
}
