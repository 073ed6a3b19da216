//! What each node of a form means, for whoever reads an export years later.

use crate::forms::model::{FormModel, Labels, Node};

/// A table of texts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Codebook {
    /// `path, type, label::zh, …, choices::zh, …, versions, binding`.
    pub header: Vec<String>,
    /// One row a node, in the order of the newest version, then of older ones.
    pub rows: Vec<Vec<String>>,
}

/// The codebook of a form; its versions are given newest first.
pub fn codebook(versions: &[&FormModel]) -> Codebook {
    let mut languages: Vec<&str> = Vec::new();
    for code in versions.iter().flat_map(|model| &model.languages) {
        if !languages.contains(&code.as_str()) {
            languages.push(code);
        }
    }
    let mut header = vec!["path".to_owned(), "type".to_owned()];
    header.extend(languages.iter().map(|code| format!("label::{code}")));
    header.extend(languages.iter().map(|code| format!("choices::{code}")));
    header.extend(["versions".to_owned(), "binding".to_owned()]);
    let mut rows = Vec::new();
    let mut seen = std::collections::BTreeSet::new();
    for model in versions {
        let root = format!("/{}/", model.root);
        for node in model.walk() {
            let path = node.path.strip_prefix(&root).unwrap_or(&node.path);
            if seen.insert(path.to_owned()) {
                let has = |other: &&&FormModel| other.node(&format!("/{}/{path}", other.root)).is_some();
                let standing: Vec<&str> = versions.iter().filter(has).map(|m| m.version.as_str()).collect();
                rows.push(row(node, path, &languages, &standing.join(" ")));
            }
        }
    }
    Codebook { header, rows }
}

fn row(node: &Node, path: &str, languages: &[&str], versions: &str) -> Vec<String> {
    let said = |labels: &Labels, code: &str| labels.get(code).cloned().unwrap_or_default();
    let mut row = vec![path.to_owned(), node.kind.slug().to_owned()];
    row.extend(languages.iter().map(|code| said(&node.labels, code)));
    row.extend(languages.iter().map(|code| {
        let choices = node.choices.iter().map(|c| format!("{}={}", c.name, said(&c.labels, code)));
        choices.collect::<Vec<_>>().join(" | ")
    }));
    row.push(versions.to_owned());
    row.push(node.binding.clone().unwrap_or_default());
    row
}
