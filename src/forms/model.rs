//! A form as this program understands it: the tree of its nodes with types, labels, choices and bindings.
//!
//! The model is read from the `XForm`, never from the spreadsheet, so that a form made by any program is treated alike. It holds
//! no expressions: those are the clients' matter.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use crate::domain::FormRole;

/// A text in several languages, by BCP 47 code.
pub type Labels = BTreeMap<String, String>;

/// One version of a form.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FormModel {
    /// The form's id, `[A-Za-z_][A-Za-z0-9_.-]{0,63}`.
    pub id: String,
    /// The author's version.
    pub version: String,
    /// The title, in whatever language the author wrote it.
    pub title: String,
    /// Its languages as BCP 47 codes where they could be told, the default first.
    pub languages: Vec<String>,
    /// The nodes below the root in the order of the form, without `meta`.
    pub nodes: Vec<Node>,
    /// Name of the root element of a submission.
    #[serde(default)]
    pub root: String,
    /// The entity list that a submission writes to.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub entity: Option<EntityUse>,
    /// Names of files that the form uses, those that the service makes itself among them.
    #[serde(default)]
    pub files: Vec<String>,
}

/// What a form does to an entity list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntityUse {
    /// Name of the list.
    pub list: String,
    /// It may add to the list.
    pub creates: bool,
    /// It may change one of the list.
    pub updates: bool,
}

/// What a node holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the words are those of the forms' standard")]
pub enum Kind {
    #[default]
    String,
    Int,
    Decimal,
    Date,
    Time,
    #[serde(rename = "dateTime")]
    DateTime,
    SelectOne,
    SelectMultiple,
    Rank,
    Geopoint,
    Geotrace,
    Geoshape,
    Acknowledge,
    Image,
    Audio,
    Video,
    File,
    Group,
    Repeat,
    Note,
}

impl Kind {
    /// The word of the wire.
    pub const fn slug(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Int => "int",
            Self::Decimal => "decimal",
            Self::Date => "date",
            Self::Time => "time",
            Self::DateTime => "dateTime",
            Self::SelectOne => "select_one",
            Self::SelectMultiple => "select_multiple",
            Self::Rank => "rank",
            Self::Geopoint => "geopoint",
            Self::Geotrace => "geotrace",
            Self::Geoshape => "geoshape",
            Self::Acknowledge => "acknowledge",
            Self::Image => "image",
            Self::Audio => "audio",
            Self::Video => "video",
            Self::File => "file",
            Self::Group => "group",
            Self::Repeat => "repeat",
            Self::Note => "note",
        }
    }

    /// Whether it holds other nodes.
    pub const fn is_section(self) -> bool {
        matches!(self, Self::Group | Self::Repeat)
    }

    /// Whether an answer names a file.
    pub const fn is_file(self) -> bool {
        matches!(self, Self::Image | Self::Audio | Self::Video | Self::File)
    }

    /// Whether an answer is one or several of a list of choices.
    pub const fn is_select(self) -> bool {
        matches!(self, Self::SelectOne | Self::SelectMultiple | Self::Rank)
    }
}

/// A question, a group, a repeat, a calculation or a piece of metadata.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Node {
    /// From the root, as `/data/group/name`.
    pub path: String,
    /// The last part of the path.
    pub name: String,
    /// What it holds.
    #[serde(rename = "type")]
    pub kind: Kind,
    /// The question as people read it.
    #[serde(skip_serializing_if = "Labels::is_empty", default)]
    pub labels: Labels,
    /// The cell of the column `doorknock`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub binding: Option<String>,
    /// The choices, where the form itself lists them.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub choices: Vec<Choice>,
    /// The file that lists the choices, else.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub choices_from: Option<String>,
    /// How clients show it, in the words of the forms' standard.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub appearance: Option<String>,
    /// It must always be answered. One required under a condition is not.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub required: bool,
    /// When it is asked, an expression; known only of a form that has just been read.
    #[serde(skip)]
    pub relevant: Option<String>,
    /// What may be answered, an expression; known only of a form that has just been read.
    #[serde(skip)]
    pub constraint: Option<String>,
    /// What is said when an answer is not allowed.
    #[serde(skip_serializing_if = "Labels::is_empty", default)]
    pub constraint_message: Labels,
    /// Somebody is asked; not so for groups, notes, calculations and metadata.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub asked: bool,
    /// The client computes it.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub calculated: bool,
    /// Which metadata it holds: `start`, `end`, `today`, `deviceid` and the like; `count` if it only says how often a repeat is
    /// repeated.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub meta: Option<String>,
    /// What a group or a repeat holds.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub nodes: Vec<Node>,
}

/// One answer that may be chosen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// What is stored.
    pub name: String,
    /// What people read.
    #[serde(skip_serializing_if = "Labels::is_empty", default)]
    pub labels: Labels,
}

impl FormModel {
    /// The title in English and in Chinese. An author has one line for both: `电梯 Lift` is taken apart, any other title stands
    /// for both.
    pub fn titles(&self) -> (String, String) {
        let is_chinese = |text: &str| text.chars().any(|c| ('\u{2e80}'..='\u{9fff}').contains(&c));
        let title = self.title.trim();
        let both = (title.to_owned(), title.to_owned());
        let parts = title.split_once(' ').filter(|(zh, _)| is_chinese(zh));
        match parts {
            Some((zh, en)) if !is_chinese(en) && !en.trim().is_empty() => {
                (en.trim().to_owned(), zh.to_owned())
            }
            Some(_) | None => both,
        }
    }

    /// Every node in the order of the form, parents before their children.
    pub fn walk(&self) -> Vec<&Node> {
        let mut all = Vec::new();
        gather(&self.nodes, &mut all);
        all
    }

    /// The node at a path.
    pub fn node(&self, path: &str) -> Option<&Node> {
        self.walk().into_iter().find(|node| node.path == path)
    }

    /// The node that a path of a submission means, which has positions of repeats: `/data/person[2]/sex`.
    pub fn node_of(&self, path: &str) -> Option<&Node> {
        let parts: Vec<&str> = path.split('/').map(|part| part.split('[').next().unwrap_or(part)).collect();
        self.node(&parts.join("/"))
    }

    /// The node with a binding; the first where several have it.
    pub fn bound(&self, binding: &str) -> Option<&Node> {
        self.walk().into_iter().find(|node| node.binding.as_deref() == Some(binding))
    }

    /// Whether a binding, or any that begins with it where it ends in a point, stands in the form.
    pub fn binds(&self, binding: &str) -> bool {
        self.walk()
            .iter()
            .filter_map(|node| node.binding.as_deref())
            .any(|found| found == binding || (binding.ends_with('.') && found.starts_with(binding)))
    }

    /// How many questions are asked.
    pub fn questions(&self) -> usize {
        self.walk().iter().filter(|node| node.asked).count()
    }

    /// A text in a language: that one, else the form's default, else the first there is.
    pub fn text<'a>(&self, labels: &'a Labels, language: &str) -> Option<&'a str> {
        let default = self.languages.first().map(String::as_str);
        let found = labels.get(language).or_else(|| labels.get(default?));
        found.or_else(|| labels.values().next()).map(String::as_str)
    }
}

fn gather<'a>(nodes: &'a [Node], all: &mut Vec<&'a Node>) {
    for node in nodes {
        all.push(node);
        gather(&node.nodes, all);
    }
}
